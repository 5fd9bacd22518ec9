"""The whole path, not only its wire: a policy that has nothing but text and code finds what the empiricist finds.

It is the empiricist that speaks (`policy_scientist.py`), so that its answers must be the empiricist's: what is lost or bent
between the lab and a model, in prompts, blocks, their check, the sandbox or results in words, shows as another answer. Once it
sits behind a real HTTP server, as any model does. The suite `smoke` is asked by
`lettvin bench synthetic --suite smoke --condition plain --backbone tests/policy_scientist.py:InCode`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lettvin.agent.ask import ask
from lettvin.agent.backbones.model import Message, Shown, Text
from lettvin.agent.backbones.model_settings import ModelSettings
from lettvin.agent.backbones.vision_language import VisionLanguage
from lettvin.agent.run_folder import read_events
from lettvin.agent.transcript import AnyEvent, Decided, Judged, Raised, Ran, Replied, Returned
from lettvin.tests.endpoint_server import Answer, EndpointServer, good
from lettvin.tests.policy_scientist import PolicyModel
from lettvin.tests.scene_runs import DATA, of, study, unit


def found(events: list[AnyEvent]) -> list[str]:
    """What was raised, measured and decided, in order, by its numbers."""
    told = []
    for event in events:
        if isinstance(event, Raised):
            told.append(f"{event.id} {event.formula}")
        elif isinstance(event, Judged):
            told.append(f"{event.experiment} {event.verdict} {event.effect} {event.p}")
        elif isinstance(event, Decided):
            told.append(f"{event.formula} against {event.rival}: {event.verdict}")
    return told


@pytest.mark.parametrize("behaviour", ["red", "dog or fish", "vertical grating", "noise", "constant"])
def test_in_words_and_code_it_finds_what_the_empiricist_finds(behaviour: str, tmp_path: Path) -> None:
    expected, by_empiricist = study(behaviour)
    answer = ask(unit(behaviour), data=DATA, backbone=VisionLanguage(PolicyModel()), runs=tmp_path, page=False)
    events = read_events(Path(answer.run))
    assert (answer.formula, answer.verdict, answer.images) == (expected.formula, expected.verdict, expected.images)
    assert found(events) == found(by_empiricist)
    assert {event.how for event in of(Ran, events)} <= {"done"}
    assert [event.text for event in of(Returned, events) if event.mistake] == []


@pytest.mark.parametrize("behaviour", ["dog or fish", "vertical grating", "noise"])
def test_by_tool_calls_it_finds_the_same_concept(behaviour: str, tmp_path: Path) -> None:
    """It screens in pieces, which are corrected each by itself, so that its way there may be another."""
    expected, _ = study(behaviour)
    answer = ask(unit(behaviour), data=DATA, backbone=VisionLanguage(PolicyModel(), mode="calls"), runs=tmp_path, page=False)
    assert (answer.formula, answer.verdict) == (expected.formula, expected.verdict)


def test_behind_a_real_server_it_finds_the_same(tmp_path: Path) -> None:
    """The policy hears what the server got over HTTP, and its reply goes back over it."""
    policies: dict[str, PolicyModel] = {}
    pictures: list[int] = []

    def answer(request: Mapping[str, Any]) -> Answer:
        messages = [_message(message) for message in request["messages"]]
        pictures.append(sum(isinstance(part, Shown) for message in messages for part in message.parts))
        opening = messages[0].model_dump_json()
        return good(policies.setdefault(opening, PolicyModel()).reply(messages).text)

    expected, by_empiricist = study("dog or fish")
    with EndpointServer([answer]) as server:
        settings = ModelSettings(base_url=server.url, mode="code")
        more: dict[str, Any] = {"describer": "exact", "models": settings, "page": False}
        got = ask(unit("dog or fish"), data=DATA, backbone="openai:policy", runs=tmp_path, **more)
        asked = len(server.requests)
    events = read_events(Path(got.run))
    assert (got.formula, got.verdict, got.images) == (expected.formula, expected.verdict, expected.images)
    assert found(events) == found(by_empiricist)
    assert asked == len(of(Replied, events))
    assert max(pictures) >= 8, "the reviewer was sent pictures"


def _message(sent: Mapping[str, Any]) -> Message:
    """A message as it went over the wire."""
    content = sent["content"]
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
    made = [Text(text=p["text"]) if p["type"] == "text" else Shown(picture="0" * 64, label="sent") for p in parts]
    return Message(role=sent["role"], parts=tuple(made))


def test_a_long_run_keeps_its_early_pictures_in_words_alone(tmp_path: Path) -> None:
    """And what a request holds grows with words, not with pictures."""
    from lettvin.agent.backbones.conversation import MOST
    from lettvin.tests.scripted_model import ScriptedModel, block

    looking = "show([e.picture for e in exemplars(which='quantile', k=6, low={low}, high=1.0).shown])"
    model = ScriptedModel([*(block(looking.format(low=n / 10)) for n in range(9)), block("conclude(None)")])
    ask(unit("red"), data="sketch:80", backbone=VisionLanguage(model), runs=tmp_path, page=False)
    seen = [[part for message in request for part in message.parts if isinstance(part, Shown)] for request in model.requests]
    assert max(map(len, seen)) <= MOST
    words = json.dumps([part.text for m in model.requests[-1] for part in m.parts if isinstance(part, Text)])
    for picture in {part.picture for some in seen for part in some}:
        assert picture[:12] in words or any(part.picture == picture for part in seen[-1])
