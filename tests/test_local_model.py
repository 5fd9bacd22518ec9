"""A model in this process: the same conversation as an endpoint gets, and one clear line for all that cannot be loaded.

The model is tiny and has random weights: what it says means nothing, but that it was shown the pictures can be seen.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("transformers", reason="the extra 'local' is not installed")

from lettvin.agent.acts import Call
from lettvin.agent.ask import ask
from lettvin.agent.backbones.failures import ContextOverflow
from lettvin.agent.backbones.local_model import LocalModel
from lettvin.agent.backbones.model import Message, Offered, Shown, Text
from lettvin.agent.backbones.model_settings import ModelSettings
from lettvin.agent.backbones.models_of_run import model_by_name
from lettvin.agent.backbones.scripted import Scripted
from lettvin.agent.backbones.spending import Allowed, Spending
from lettvin.agent.run_folder import read_events
from lettvin.agent.transcript import Redrawn, Replied, Returned
from lettvin.targets.errors import BadInput, LimitReached, ModelFailed
from lettvin.tests.scene_runs import only, unit
from lettvin.tests.tiny_models import NO_SYSTEM, tiny_llava

SAID = [
    Message(role="system", parts=(Text(text="Be brief."),)),
    Message(role="user", parts=(Text(text="What is this?"), Shown(picture="aa" * 32, label="A picture:"))),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_llava(tmp_path_factory.mktemp("models") / "tiny", context=2048)


def made(folder: Path, allowed: Allowed | None = None, tokens: int = 12, **fields: Any) -> LocalModel:
    model = LocalModel(str(folder), ModelSettings(reply_tokens=tokens, **fields), Spending(allowed or Allowed()))
    model.views.look = lambda identity: np.random.default_rng(int(identity[:2], 16)).integers(0, 255, (60, 50, 3), np.uint8)
    return model


@pytest.fixture(scope="module")
def model(folder: Path) -> LocalModel:
    return made(folder)


def test_the_same_request_has_the_same_reply_with_its_tokens(model: LocalModel) -> None:
    one, other = model.reply(SAID), model.reply(SAID)
    assert one == other
    assert one.text
    assert one.usage.input_tokens is not None
    assert one.usage.input_tokens > 16, "the picture's 16 tokens and the words'"
    assert (one.usage.output_tokens, one.finish) == (12, "length")


def test_it_sees_the_pictures_and_hears_the_words(model: LocalModel) -> None:
    def logits(picture: str, words: str) -> Any:
        said = [SAID[0], Message(role="user", parts=(Text(text=words), Shown(picture=picture * 32, label="A picture:")))]
        return model._model(**model._put(said)).logits[0, -1].detach().numpy()

    base = logits("aa", "What is this?")
    assert np.array_equal(base, logits("aa", "What is this?"))
    assert not np.array_equal(base, logits("ab", "What is this?"))
    assert not np.array_equal(base, logits("aa", "What is that?"))


def test_a_template_without_system_turns_gets_it_with_the_first_users(tmp_path: Path, folder: Path) -> None:
    (other := tmp_path / "other").mkdir()
    for file in folder.iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    (other / "chat_template.jinja").write_text(NO_SYSTEM)
    strict = made(other)
    ids = strict._put(SAID)["input_ids"][0]
    assert "<|user|>Be brief.What is this?" in strict._processor.decode(ids)


def test_pictures_may_go_on_one_sheet(folder: Path) -> None:
    sheet = made(folder, request_pictures=1)
    said = [Message(role="user", parts=tuple(Shown(picture=f"{i:02x}" * 32, label=f"p{i}") for i in range(4)))]
    ids = sheet._put(said)["input_ids"][0].tolist()
    assert ids.count(3) == 16, "one picture of 4 x 4 patches"


def test_a_conversation_longer_than_the_context_is_told_apart(model: LocalModel) -> None:
    with pytest.raises(ContextOverflow, match="and its context 2048"):
        model.reply([Message(role="user", parts=(Text(text="word " * 500),))])


def test_a_reply_ends_in_time(folder: Path) -> None:
    slow = made(folder, tokens=100_000, request_seconds=0.2)
    began = time.monotonic()
    slow.reply(SAID)
    assert time.monotonic() - began < 10


def test_limits_hold(folder: Path) -> None:
    limited = made(folder, Allowed(requests=1))
    limited.reply(SAID)
    with pytest.raises(LimitReached, match="--max-requests 1"):
        limited.reply(SAID)


def test_tools_are_refused(model: LocalModel) -> None:
    with pytest.raises(BadInput, match="takes no tool calls: let it act by code"):
        model.reply(SAID, [Offered(name="screen", doc="", schema_={})])


def test_a_model_that_fails_in_its_own_code_is_one_error(model: LocalModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**given: Any) -> None:
        raise RuntimeError("CUDA out of memory\nTried to allocate")

    monkeypatch.setattr(model._model, "generate", fails)
    with pytest.raises(ModelFailed, match=r"failed on cpu: RuntimeError: CUDA out of memory$"):
        model.reply(SAID)


def test_it_can_describe_the_pictures_of_a_run(folder: Path, tmp_path: Path) -> None:
    script = [lambda events: Call(tool="describe", arguments={"pictures": [only(Redrawn, events).top[0].picture]})]
    answer = ask(
        unit("red"),
        backbone=Scripted(script),
        data="sketch:80",
        describer=f"local:{folder}",
        models=ModelSettings(reply_tokens=8, max_usd=Decimal(1)),
        runs=tmp_path,
        page=False,
    )
    events = read_events(Path(answer.run))
    reply = only(Replied, events)
    assert reply.reply.usage.output_tokens == 8
    returned = only(Returned, events)
    assert returned.data is not None
    assert returned.data["descriptions"] == [" ".join(reply.reply.text.split())]


def test_a_run_that_its_context_is_too_short_for_ends_honestly(folder: Path, tmp_path: Path) -> None:
    answer = ask(unit("red"), backbone=f"local:{folder}", data="sketch:80", runs=tmp_path, page=False)
    assert (answer.verdict, answer.limit) == ("inconclusive", "the model's context")


def test_it_is_loaded_once_for_several_runs(folder: Path) -> None:
    assert made(folder)._model is made(folder)._model


# ---- what cannot be loaded --------------------------------------------------------------------------------------------


def test_a_folder_wins_over_the_hub(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    assert isinstance(model_by_name("local:tiny"), LocalModel)


@pytest.mark.parametrize("where", ["./nowhere", "/no/where", "~/no where", "a/b/c"])
def test_a_folder_that_is_not_there_is_told(where: str) -> None:
    with pytest.raises(BadInput, match=r"no folder '.*' with a model: write local:DIR, or a model of the hub"):
        model_by_name(f"local:{where}")


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"holds no model: it has no config\.json"):
        model_by_name(f"local:{tmp_path}")


@pytest.mark.parametrize(
    ("name", "text"),
    [("config.json", "{"), ("config.json", '{"model_type": "bert"}'), ("model.safetensors", "no"), ("tokenizer.json", "[]")],
)
def test_a_model_that_is_broken_or_another_kind_is_told_in_one_line(
    name: str, text: str, folder: Path, tmp_path: Path
) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInput, match="is no model of pictures and text that transformers loads") as caught:
        model_by_name(f"local:{tmp_path}")
    assert "\n" not in str(caught.value)


def test_a_model_without_a_chat_template_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has no chat template"):
        model_by_name(f"local:{tiny_llava(tmp_path, template=None)}")


def test_weights_that_are_not_safetensors_are_not_loaded(folder: Path, tmp_path: Path) -> None:
    import torch

    for file in folder.iterdir():
        if file.name != "model.safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(BadInput, match="is no model of pictures and text that transformers loads"):
        model_by_name(f"local:{tmp_path}")


ASKING = """
import json, socket, sys, time
from lettvin.targets.errors import BadInput
from lettvin.agent.backbones.models_of_run import model_by_name
if sys.argv[1] == "hangs":
    socket.getaddrinfo = lambda *given, **named: time.sleep(60)
else:
    def unknown(*given, **named):
        raise socket.gaierror(-3, "Temporary failure in name resolution")
    socket.getaddrinfo = unknown
began = time.monotonic()
try:
    model_by_name("local:nobody/no-such-model")
except BadInput as error:
    print(json.dumps([time.monotonic() - began, str(error)]))
"""


@pytest.mark.parametrize(
    ("network", "offline", "why"),
    [
        ("fails", "0", "the hub did not give it"),
        ("hangs", "0", "no answer of the hub within 3 s"),
        ("hangs", "1", "HF_HUB_OFFLINE is set"),
    ],
)
def test_without_a_network_a_look_up_on_the_hub_ends_soon_in_one_line(
    network: str, offline: str, why: str, tmp_path: Path
) -> None:
    env = {**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": offline}
    done = subprocess.run([sys.executable, "-c", ASKING, network], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    seconds, told = json.loads(done.stdout)
    assert seconds < 5
    assert told.startswith("'nobody/no-such-model' is neither a folder nor in the hub's cache")
    assert why in told
    assert "\n" not in told
