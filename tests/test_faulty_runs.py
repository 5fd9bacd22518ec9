"""A whole run at an endpoint that goes wrong: an answer, an honest "inconclusive", or one clear line; and nothing is lost.

By the command line, as a person asks: exit code, one line, no traceback. Where the endpoint failed, `lettvin resume` then
ends the same run, and what was answered before is not asked again.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from lettvin.cli import main
from lettvin.tests.endpoint_server import Answer, EndpointServer, Step, completion, good, refused, said
from lettvin.tests.scripted_model import block
from lettvin.tests.test_errors_page import NETWORK

WHOLE = good().body
LOOK = good(block("print(screen().fits[0].concept)"))
HONEST = ("inconclusive", "no-concept")  # nothing was concluded; which of the two is the redraw test's to say
END = good(block("conclude(None)"))


@pytest.fixture(scope="module")
def server() -> Iterator[EndpointServer]:
    with EndpointServer([good()]) as running:
        yield running


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small network in it."""
    (tmp_path / "my_net.py").write_text(NETWORK)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ask(server: EndpointServer, *more: str) -> int:
    asked = ["ask", "my_net.py:net", "0", "What fires it?", "--data", "sketch:20", "--json", "--backbone", "openai:m"]
    return main([*asked, "--base-url", server.url, "--request-seconds", "1", *more])


FAULTS: dict[str, Step] = {
    "429 with Retry-After": refused(429, "slow down", retry_after="30"),
    "500s": refused(500, "oops"),
    "quota": refused(429, "You exceeded your current quota", "insufficient_quota"),
    "a wrong key": refused(401, "Incorrect API key provided"),
    "no such model": refused(404, "The model 'm' does not exist"),
    "a body that is too slow": Answer(WHOLE, way="slow", seconds=1.5),
    "a body that drips for ever": Answer(way="drip"),
    "a dropped connection": Answer(WHOLE, way="drop"),
    "no answer at all": Answer(way="hang up"),
    "HTML": Answer(b"<html><body>Welcome</body></html>", form="text/html"),
    "a JSON list": said([1, 2, 3]),
    "an error with 200": said({"error": {"message": "upstream failed", "code": 502}}),
    "null choices": said(completion(choices=None)),
    "an empty body": Answer(b""),
    "truncated JSON": Answer(WHOLE[: len(WHOLE) // 2]),
    "400 for images in tool messages": refused(400, "Image URLs are only allowed for messages with role 'user'"),
    "pictures not supported": refused(500, "image input is not supported - hint: provide the mmproj"),
}


@pytest.mark.parametrize("fault", FAULTS, ids=list(FAULTS))
def test_a_fault_that_lasts_is_one_line_and_the_run_goes_on_later(
    fault: str, server: EndpointServer, capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    server.again([LOOK, FAULTS[fault]])
    assert ask(server) == 2
    told = capsys.readouterr()
    lines = [line for line in told.err.splitlines() if line.startswith("lettvin: ")]
    (path,) = (here / "runs").iterdir()
    assert len(lines) == 1
    assert lines[0].startswith("lettvin: openai:m at http://127.0.0.1:")
    assert lines[0].endswith(f"; `lettvin resume runs/{path.name}` goes on")
    assert told.out == ""
    server.again([END])
    assert main(["resume", f"runs/{path.name}", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["verdict"] in HONEST
    (request,) = server.requests
    assert [message["role"] for message in request["messages"]][-2:] == ["assistant", "user"], "it goes on after the first"


ENDS: dict[str, tuple[Step, int]] = {
    "null usage": (good(block("conclude(None)"), usage=None), 0),
    "a slow body": (Answer(END.body, way="slow", seconds=0.3), 0),
    "refusals": (good(message={"role": "assistant", "content": None, "refusal": "I cannot help with that."}), 3),
    "empty replies": (good(""), 3),
    "words alone": (good("I think that it likes red."), 3),
    "a context that is too short": (refused(400, "maximum context length is 10 tokens", "context_length_exceeded"), 3),
}


@pytest.mark.parametrize("kind", ENDS, ids=list(ENDS))
def test_what_is_no_fault_of_the_endpoint_ends_in_an_answer(
    kind: str, server: EndpointServer, capsys: pytest.CaptureFixture[str]
) -> None:
    step, code = ENDS[kind]
    server.again([step])
    assert ask(server) == code
    told = capsys.readouterr()
    assert json.loads(told.out)["verdict"] in HONEST
    assert "models: " in told.err
    assert "Traceback" not in told.err


def test_a_fault_that_passes_is_not_noticed(server: EndpointServer, capsys: pytest.CaptureFixture[str]) -> None:
    plan: list[Step] = [refused(429, "slow down", retry_after_ms="1"), LOOK, Answer(WHOLE, way="drop"), END]
    server.again(plan)
    assert ask(server, "--request-seconds", "20") == 0
    assert len(server.requests) == 4
    assert "models: 4 requests, 200 tokens in and 20 out" in capsys.readouterr().err


def test_at_a_limit_one_more_request_is_sent_for_the_answer(
    server: EndpointServer, capsys: pytest.CaptureFixture[str]
) -> None:
    raising = good(block("raise_hypothesis('red', 'fires for red', 'colour', 'it may')"))

    def last(request: Mapping[str, Any]) -> Answer:
        asked = str(request["messages"][-1]["content"])
        assert "--max-requests 1" in asked
        return good('{"hypothesis": null}')

    server.again([raising, last])
    assert ask(server, "--max-requests", "1") == 3
    assert len(server.requests) == 2
    told = capsys.readouterr()
    assert "stopped by --max-requests 1" in told.err
    assert json.loads(told.out)["verdict"] in HONEST


def test_the_words_of_an_endpoint_cannot_draw_on_the_terminal(
    server: EndpointServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.again([refused(400, "\x1b[2J\x1b[31mgone\r\nlettvin: all is well")])
    assert ask(server) == 2
    told = capsys.readouterr().err
    assert "\x1b" not in told
    assert len([line for line in told.splitlines() if line.startswith("lettvin: ")]) == 1


def test_ctrl_c_breaks_a_request_off_and_the_run_says_what_it_has(
    server: EndpointServer, capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    def interrupted(request: Mapping[str, Any]) -> Answer:
        os.kill(os.getpid(), signal.SIGINT)
        return Answer(way="silent")

    server.again([LOOK, interrupted])
    began = time.monotonic()
    assert ask(server, "--request-seconds", "50") == 130
    assert time.monotonic() - began < 30
    assert json.loads(capsys.readouterr().out)["verdict"] in HONEST
    (path,) = (here / "runs").iterdir()
    server.again([END])
    assert main(["resume", f"runs/{path.name}", "--json"]) == 0
    assert len(server.requests) == 1
