"""A conversation longer than the model's context: pictures leave it, then its oldest turns, and the run goes on or says why.

The model is scripted and refuses what is too long for it, as an endpoint does; all else is real.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from lettvin.agent.ask import ask
from lettvin.agent.backbones.conversation import LEFT_OUT, Conversation, assistant, user
from lettvin.agent.backbones.failures import ContextOverflow
from lettvin.agent.backbones.model import OVERFLOW, Message, Offered, Reply, Shown
from lettvin.agent.backbones.review import TOO_LONG, review
from lettvin.agent.backbones.vision_language import VisionLanguage
from lettvin.agent.resume import resume
from lettvin.agent.run_folder import read_events
from lettvin.agent.transcript import AnyEvent, Raised, Replied, Stopped
from lettvin.tests.scene_runs import of, only, unit
from lettvin.tests.scripted_model import block, words

LOOKING = block("top = exemplars(k=3)\nshow([e.picture for e in top.shown], 'the top')")
SCRIPT = [LOOKING, *(block(f"print({i})") for i in range(6)), block("conclude(None)")]


class Narrow:
    """Plays the script, each reply after the one that stands last in the conversation; refuses what does not fit."""

    name = "narrow"

    def __init__(self, fits: Callable[[Sequence[Message]], bool]) -> None:
        self._fits = fits
        self.sent: list[tuple[Message, ...]] = []

    def reply(self, messages: Sequence[Message], tools: Sequence[Offered] = ()) -> Reply:
        self.sent.append(tuple(messages))
        if not self._fits(messages):
            raise ContextOverflow("narrow: status 400: this is too long for me")
        said = [words(message) for message in messages if message.role == "assistant"]
        return Reply(text=SCRIPT[SCRIPT.index(said[-1]) + 1 if said else 0])


def pictures(messages: Sequence[Message]) -> int:
    return sum(isinstance(part, Shown) for message in messages for part in message.parts)


def run(model: Narrow, runs: Path) -> list[AnyEvent]:
    answer = ask(unit("red"), backbone=VisionLanguage(model), data="sketch:80", describer="exact", runs=runs, page=False)
    return read_events(Path(answer.run))


def blind(messages: Sequence[Message]) -> bool:
    return not pictures(messages)


def short(messages: Sequence[Message]) -> bool:
    return not pictures(messages) and len(messages) <= 8


def test_pictures_leave_first_and_the_run_goes_on(tmp_path: Path) -> None:
    model = Narrow(blind)
    events = run(model, tmp_path)
    refused = [event for event in of(Replied, events) if event.reply.finish == OVERFLOW]
    assert len(refused) == 1
    assert pictures(model.sent[1]) == 3
    assert "[picture" in words(model.sent[2][-1])
    assert of(Stopped, events) == []


def test_then_the_older_half_of_the_turns_is_left_out_and_said_to_be(tmp_path: Path) -> None:
    model = Narrow(short)
    events = run(model, tmp_path)
    assert of(Stopped, events) == []
    assert any(words(message) == LEFT_OUT for messages in model.sent for message in messages[2:3])
    for messages in model.sent:
        assert [message.role for message in messages[:2]] == ["system", "user"], "the task stays"
        assert messages[:2] == model.sent[0][:2]


def test_a_context_too_short_for_the_task_ends_the_run_honestly(tmp_path: Path) -> None:
    model = Narrow(lambda messages: False)
    assert only(Stopped, run(model, tmp_path)).by == "the model's context"
    assert len(model.sent) == 1


@pytest.mark.parametrize("fits", [blind, short])
def test_killed_after_any_reply_the_run_asks_nothing_twice(fits: Callable[[Sequence[Message]], bool], tmp_path: Path) -> None:
    events = run(Narrow(fits), tmp_path / "whole")
    (path,) = (tmp_path / "whole").iterdir()
    lines = (path / "events.jsonl").read_bytes().splitlines(keepends=True)
    for cut in [place + 1 for place, event in enumerate(events) if isinstance(event, Replied)][::2]:
        again = tmp_path / str(cut) / path.name
        shutil.copytree(path, again)
        (again / "events.jsonl").write_bytes(b"".join(lines[:cut]))
        model = Narrow(fits)
        resume(again, unit=unit("red"), backbone=VisionLanguage(model))
        assert len(model.sent) == len(of(Replied, events[cut:]))
        assert plain(read_events(again)) == plain(events)


def plain(events: Sequence[AnyEvent]) -> list[dict[str, Any]]:
    return [event.model_dump(exclude={"at", "seconds"}) for event in events]


def test_a_review_that_does_not_fit_is_said_to_be_missing(tmp_path: Path) -> None:
    class Overflowing:
        name = "narrow"

        def __init__(self) -> None:
            self.pictures: list[int] = []

        def reply(self, messages: Sequence[Message], tools: Sequence[Offered] = ()) -> Reply:
            self.pictures.append(pictures(messages))
            return Reply(text="too long", finish=OVERFLOW)

    judge = Overflowing()
    raised = Raised(id="H1", statement="red", formula="red", level="colour", because="")
    assert review(judge, [*run(Narrow(blind), tmp_path), raised], raised) == [TOO_LONG]
    assert judge.pictures[-1] == 0


def test_a_conversation_is_cut_before_a_reply_so_that_no_result_stands_without_its_call() -> None:
    talk = Conversation("system")
    talk.add([user("task")])
    for i in range(4):
        talk.add([assistant(f"call {i}"), Message(role="tool", answers="x"), Message(role="tool", answers="y")])
    shortened = 0
    while talk.shorten():
        shortened += 1
        roles = [message.role for message in talk.messages]
        assert roles[:4] == ["system", "user", "user", "assistant"]
        assert words(talk.messages[-3]) == "call 3"
    assert shortened == 2
