"""Open questions: what is read, what the deciding experiment says of neurons that are known, and when it cannot tell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lettvin.agent.backbones.backbone import Conclude
from lettvin.agent.backbones.scripted import Scripted
from lettvin.agent.open_question import Cares, MoreLike, read_question
from lettvin.agent.report.page import write_page
from lettvin.agent.resume import resume
from lettvin.agent.run_folder import read_events
from lettvin.agent.transcript import Posed, Settled
from lettvin.tests.scene_runs import Step, concluding, of, only, pairs, raising, scripted, unit

STOP = Conclude(hypothesis=None)


def concluded(formula: str) -> list[Step]:
    rivals = [raising("blue"), raising("cat")]
    return [raising(formula), *rivals, pairs("H1", formula), concluding("H1")]


@pytest.mark.parametrize(
    ("question", "read"),
    [
        ("Does it care about colour?", Cares(of="factor", what="colour")),
        ("does the color matter to this neuron?", Cares(of="factor", what="colour")),
        ("Does this unit care about the background at all?", Cares(of="factor", what="background")),
        ("does it care about red things?", Cares(of="concept", what="red")),
        ("Is it about cars?", Cares(of="concept", what="car")),
        ("does it depend on snow?", Cares(of="concept", what="on snow")),
        ("does it care about wheels?", Cares(of="part", what="wheels")),
        ("does it care about the kind of object?", Cares(of="factor", what="noun")),
        ("more about wheels or about cars?", MoreLike(one="wheels", other="car", part="one")),
        ("is it dogs or cats?", MoreLike(one="dog", other="cat")),
        ("Does it prefer red or blue?", MoreLike(one="red", other="blue")),
        ("is it more about dogs than about red cars?", MoreLike(one="dog", other="red car")),
    ],
)
def test_a_question_is_read_in_the_words_that_people_use(question: str, read: object) -> None:
    assert read_question(question) == read


@pytest.mark.parametrize(
    "question", ["What makes this unit fire?", "does it care about love?", "is it broken?", "which colour?", "dogs or dogs?"]
)
def test_any_other_is_not_read(question: str) -> None:
    assert read_question(question) is None


@pytest.mark.parametrize(
    ("behaviour", "question", "answer"),
    [  # the reply, not only a verdict: each is what the neuron's own formula makes true
        ("red", "Does it care about colour?", "yes"),
        ("dog", "Does it care about colour?", "no"),
        ("red", "Does it care about dogs?", "no"),
        ("red car", "Is it about cars?", "yes"),
        ("red car", "More about dogs or cars?", "more like car"),
        ("red", "More about dogs or about cars?", "neither"),
        ("dog", "More about wheels or about cars?", "neither"),
        ("dog or fish", "is it dogs or fish?", "both alike"),
    ],
)
def test_the_experiment_decides_as_is_known(behaviour: str, question: str, answer: str, tmp_path: Path) -> None:
    found, events = scripted(behaviour, concluded(behaviour), tmp_path, question=question)
    assert found.verdict == "supported"
    assert found.reply is not None
    assert found.reply.answer == answer, found.reply.text
    registered, settled = only(Posed, events), only(Settled, events)
    assert registered.seq < settled.seq
    shown = [reading.picture for measured in settled.measured for reading in measured.readings]
    assert shown == [identity for pictures in registered.conditions.values() for identity in pictures]
    assert found.text().startswith(f"Reply: {answer}")
    assert json.loads(found.as_json())["reply"]["interval"] == list(found.reply.interval or ())


def test_without_a_formula_the_strong_pictures_are_drawn_anew(tmp_path: Path) -> None:
    found, _ = scripted("red", [STOP], tmp_path, question="Does it care about colour?")
    assert found.reply is not None
    assert found.reply.answer == "yes", found.reply.text
    assert "drawn anew" in found.reply.text
    assert f"<b>Reply:</b> {found.reply.text}" in write_page(Path(found.run)).read_text()


@pytest.mark.parametrize(("behaviour", "answer"), [("noise", "cannot tell"), ("constant", "no")])
def test_of_a_unit_that_nothing_drives_there_is_no_experiment(behaviour: str, answer: str, tmp_path: Path) -> None:
    found, events = scripted(behaviour, [] if behaviour == "constant" else [STOP], tmp_path, question="Does colour matter?")
    assert found.reply is not None
    assert (found.reply.answer, found.reply.experiment) == (answer, None)
    assert not of(Posed, events)


def test_a_question_that_cannot_be_read_is_answered_as_the_literal_one_and_told_so(tmp_path: Path) -> None:
    found, events = scripted("red", [STOP], tmp_path, question="Does it care about love?")
    assert found.reply is None
    assert "(The question answered is: What makes this unit fire?)" in found.description
    assert "reply" not in json.loads(found.as_json())
    assert not of(Posed, events)


@pytest.mark.parametrize("last", ["posed", "settled"])
def test_a_resumed_run_gives_the_same_reply(last: str, tmp_path: Path) -> None:
    found, events = scripted("red", [STOP], tmp_path, question="Does it care about colour?")
    run = Path(found.run)
    lines = (run / "events.jsonl").read_text().splitlines(keepends=True)
    kept = next(i for i, event in enumerate(events) if event.kind == last) + 1
    (run / "events.jsonl").write_text("".join(lines[:kept]))
    again = resume(run, unit=unit("red"), backbone=Scripted([STOP]))
    assert again.reply == found.reply
    assert [e.model_copy(update={"at": 0}) for e in read_events(run)] == [e.model_copy(update={"at": 0}) for e in events]
