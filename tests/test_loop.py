"""One run under a script: what stands before what, what a cheat gets, what a limit leaves."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from lettvin.agent.backbones.backbone import Act, Call, Conclude
from lettvin.agent.transcript import (
    Answered,
    AnyEvent,
    Decided,
    Judged,
    PictureKept,
    Profiled,
    Proposed,
    Raised,
    Redrawn,
    Registered,
    Returned,
    Started,
    Stopped,
)
from lettvin.targets.errors import TargetFailed
from lettvin.targets.picture import FromData, Picture, Pixels
from lettvin.tests.scene_runs import (
    TARGET,
    Step,
    against,
    concluding,
    experiment,
    lab,
    of,
    only,
    pairs,
    raising,
    scripted,
    study,
)
from lettvin.tools.lab import HELD_BACK
from lettvin.tools.store import Store, cache_folder

RAISED: list[Step] = [raising("red"), raising("dog"), raising("on snow")]


def mistakes(events: Sequence[AnyEvent]) -> list[str]:
    return [event.text for event in of(Returned, events) if event.mistake]


# ---- order --------------------------------------------------------------------------------------------------------


def test_a_run_begins_with_what_is_known_and_a_control_and_ends_with_an_answer() -> None:
    _, events = study("red")
    assert [type(e) for e in events if not isinstance(e, PictureKept)][:3] == [Started, Profiled, Redrawn]
    assert isinstance(events[-1], Answered)
    assert [event.seq for event in events] == list(range(len(events)))
    assert all(a.at <= b.at for a, b in pairwise(events))


@pytest.mark.parametrize("behaviour", ["red", "dog or fish"])
def test_a_prediction_stands_before_anything_of_its_experiment_is_measured(behaviour: str) -> None:
    _, events = study(behaviour)
    plans = of(Registered, events)
    assert plans
    for plan in plans:
        judged = only(Judged, [e for e in events if isinstance(e, Judged) and e.experiment == plan.experiment])
        assert plan.seq < judged.seq
        before = "\n".join(event.model_dump_json() for event in events[: plan.seq + 1])
        shown = {r.picture for condition in judged.measured for r in condition.readings}
        assert len(shown) > judged.n  # those predicted low too
        assert not {identity for identity in shown if identity in before}, "seen before its prediction stood"
        assert all(len(condition.readings) <= plan.n for condition in judged.measured)


def test_every_hypothesis_stands_before_its_tests_and_every_proposal_before_its_decision() -> None:
    _, events = study("red")
    raised = {event.id: event.seq for event in of(Raised, events)}
    assert all(raised[plan.hypothesis] < plan.seq for plan in of(Registered, events))
    for proposed, decided in zip(of(Proposed, events), of(Decided, events), strict=True):
        assert (proposed.attempt, proposed.formula, proposed.rival) == (decided.attempt, decided.formula, decided.rival)
        assert proposed.seq < decided.seq


def test_every_picture_of_the_controls_experiments_and_conclusions_is_in_the_run() -> None:
    answer, events = study("red")
    shown: set[str] = set()
    for event in events:
        match event:
            case Redrawn():
                shown |= {r.picture for part in ("top", "chosen", "fresh", "ordinary", "random") for r in getattr(event, part)}
            case Judged():
                shown |= {r.picture for condition in event.measured for r in condition.readings}
            case Decided():
                shown |= {r.picture for block in event.blocks for r in block.readings}
    kept = {event.id for event in of(PictureKept, events)}
    assert shown <= kept
    assert {path.stem for path in (Path(answer.run) / "images").glob("*.png")} == kept


def test_exploration_never_looks_at_a_picture_held_back() -> None:
    """Before the first proposal, no data picture that anything names is one of those held back, 4 in 10 of them all."""
    with Store(cache_folder()) as store:
        here = lab("red", store)
        held_back = {here.source.picture(int(i)).id for i in here.held_back}
        assert len(held_back) == HELD_BACK * len(here.peaks)
    _, events = study("red")
    proposed = of(Proposed, events)[0].seq
    said = "\n".join(event.model_dump_json() for event in events[:proposed])
    assert not [identity for identity in held_back if identity in said]
    decided = of(Decided, events)[0]
    assert {r.picture for block in decided.blocks if block.name == "held-back" for r in block.readings} <= held_back


# ---- cheats -------------------------------------------------------------------------------------------------------


def test_an_experiment_without_a_raised_hypothesis_is_refused_and_nothing_is_measured(tmp_path: Path) -> None:
    _, before = scripted("red", [], tmp_path)
    answer, events = scripted("red", [pairs("H1", "red")], tmp_path)
    assert mistakes(events) == ["no hypothesis 'H1'; known: none: raise one first"]
    assert not of(Registered, events)
    assert not of(Judged, events)
    assert answer.images == only(Answered, before).images, "no more than the redraw test's"


def test_what_cannot_be_registered_goes_back_and_nothing_is_measured(tmp_path: Path) -> None:
    shown, broken = {"name": "a", "concept": "red"}, {"name": "b", "edit_of": "a", "breaks": "red"}
    other = {"name": "b", "concept": "blue"}
    unclear = Call(tool="experiment", arguments={"hypothesis": "H1", "conditions": [shown, other], "n": 12})
    wrong = [
        pairs("H7", "red"),
        experiment("H1", [shown, broken], ["a"], ["b"], n=9),
        experiment("H1", [shown, other], ["a"], ["b"], n=3),
        experiment("H1", [shown, other], ["a"], ["c"], n=12),
        experiment("H1", [shown, other], ["a"], ["a"], n=12),
        experiment("H1", [shown], ["a"], ["b"], n=12),
        unclear,  # no prediction
        Call(tool="experimentt", arguments={}),
        Call(tool="probe", arguments={"pictures": ["0123456789abcdef"]}),
        raising("reddish"),
        raising("red", parent="H9"),
        concluding("H9"),
    ]
    _, events = scripted("red", [raising("red"), *wrong], tmp_path)
    said = mistakes(events)
    assert len(said) == len(wrong)
    assert not of(Registered, events)
    assert not of(Proposed, events)
    assert [raised.formula for raised in of(Raised, events)] == ["red"]
    named = ["'H7'", "10 to 64 here, not 9", "4 to 64 here, not 3", "'c'", "both high and low", "different names"]
    named += ["prediction", "'experimentt'", "'0123456789abcdef'", "'reddish'", "'H9'", "'H9'"]
    assert [word for word, text in zip(named, said, strict=True) if word not in text] == []


def test_to_conclude_at_once_gets_nothing(tmp_path: Path) -> None:
    script: list[Step] = [concluding("H1"), raising("red"), raising("dog"), concluding("H1")]
    script += [raising("dog"), raising("red"), concluding("H1")]
    answer, events = scripted("red", script, tmp_path)
    assert not of(Proposed, events)
    assert not of(Decided, events)
    few = "a conclusion needs at least 2 rivals raised, not 1"
    assert mistakes(events) == [
        "no hypothesis 'H1'; known: none",
        few,
        few,  # the same concepts raised again are no new rivals
    ]
    assert (answer.verdict, answer.formula, answer.confidence) == ("inconclusive", None, None)


def test_the_rival_is_the_best_that_was_raised_whoever_proposes(tmp_path: Path) -> None:
    """Raised last among weak ones, and named by nobody: what fits the run's measurements best is what must be beaten."""
    weak: list[Step] = [raising(formula) for formula in ("red", "dog", "on snow", "blue", "striped")]
    _, events = scripted("red car", [*weak, raising("red car"), concluding("H1")], tmp_path)
    assert only(Proposed, events).rival == "red car"
    assert only(Decided, events).verdict != "supported"
    _, events = scripted("dog or fish", [*weak, raising("dog or fish"), concluding("H2")], tmp_path)
    assert only(Proposed, events).rival == "dog or fish"
    assert only(Decided, events).verdict == "refuted", "where only fish are, the unit fires, and the answer says it does not"


def test_the_same_experiment_again_is_another_test_on_other_pictures(tmp_path: Path) -> None:
    script: list[Step] = [raising("dog"), *[pairs("H1", "dog")] * 3]
    answer, events = scripted("red", script, tmp_path)
    trials = of(Judged, events)
    assert [plan.experiment for plan in of(Registered, events)] == ["E1", "E2", "E3"]
    shown = [{r.picture for c in trial.measured for r in c.readings} for trial in trials]
    assert not shown[0] & shown[1]
    assert not shown[0] & shown[2]
    assert not shown[1] & shown[2]
    assert all(trial.q is not None and trial.p is not None and trial.q >= trial.p * 0.999 for trial in trials)
    assert len(answer.evidence) == 3, "none of them can be left out"


def test_pictures_looked_at_first_are_not_the_ones_that_are_tested(tmp_path: Path) -> None:
    """Predicting after the fact: generate, probe, and then register the same prompts."""

    def probing(events: Sequence[AnyEvent]) -> Act:
        data = of(Returned, events)[-1].data
        assert data is not None
        return Call(tool="probe", arguments={"pictures": data["pictures"]})

    prompts = ["a red car on snow", "a red dog"]
    conditions = [{"name": "a", "prompts": prompts}, {"name": "b", "prompts": ["a blue car on snow", "a blue dog"]}]
    script: list[Step] = [
        Call(tool="generate", arguments={"prompts": prompts, "n": 6}),
        probing,
        raising("red"),
        experiment("H1", conditions, ["a"], ["b"], 12),
    ]
    _, events = scripted("red", script, tmp_path)
    looked_at = {r["reading"]["picture"] for r in (of(Returned, events)[1].data or {})["readings"]}
    trial = only(Judged, events)
    assert len(looked_at) == 12
    assert not looked_at & {r.picture for c in trial.measured for r in c.readings}
    assert (trial.verdict, trial.void) == ("supported", None)


def test_a_true_test_of_something_else_supports_nothing(tmp_path: Path) -> None:
    """Red against blue drives the red unit, and does not make "dog" the answer."""
    answer, events = scripted("red", [raising("dog"), against("H1", "red", "blue")], tmp_path)
    trial = only(Judged, events)
    assert trial.effect > 0.9
    assert (trial.verdict, trial.p) == ("inconclusive", 1.0)
    assert "could not count" in of(Returned, events)[-1].text
    assert answer.formula is None
    assert [line.verdict for line in answer.evidence] == ["inconclusive"]


def test_the_top_15_alone_conclude_nothing(tmp_path: Path) -> None:
    """What the strongest pictures share is no evidence: raised without a test, and false of the unit, it is not admitted."""
    top = Call(tool="exemplars", arguments={"which": "top", "k": 15})
    def summarize(events: Sequence[AnyEvent]) -> Act:
        data = of(Returned, events)[-1].data
        assert data is not None
        return Call(tool="summarize", arguments={"pictures": [e["picture"] for e in data["shown"]]})

    script: list[Step] = [top, summarize, raising("red car"), raising("dog"), raising("on snow"), concluding("H1")]
    answer, events = scripted("red", script, tmp_path)
    assert mistakes(events) == []
    assert [decided.verdict for decided in of(Decided, events)] == ["inconclusive"]
    assert (answer.verdict, answer.labels) == ("inconclusive", [])


def test_a_conclusion_may_be_tried_three_times_each_with_pictures_of_its_own(tmp_path: Path) -> None:
    """The third refusal ends the run: the script is over, and nobody is asked for a fourth act."""
    script: list[Step] = [*RAISED, *[concluding("H2")] * 3]
    answer, events = scripted("red", script, tmp_path)
    decided = of(Decided, events)
    assert [proposed.alpha for proposed in of(Proposed, events)] == [0.025, 0.0125, 0.00625]
    assert [d.verdict for d in decided].count("supported") == 0
    assert isinstance(events[-1], Answered)
    assert not of(Stopped, events)
    control = only(Redrawn, events)
    parts = (control.top, control.chosen, control.fresh, control.ordinary, control.random)
    seen = {reading.picture for part in parts for reading in part}
    for attempt in decided:
        shown = [r.picture for block in attempt.blocks for r in block.readings]
        assert len(shown) == len(set(shown)) == 16 + 16 + 16 + 40
        assert not seen & set(shown)
        seen |= set(shown)
    assert answer.verdict == "inconclusive"


# ---- the same again -----------------------------------------------------------------------------------------------


def told(events: Sequence[AnyEvent]) -> list[str]:
    return [event.model_copy(update={"at": 0.0}).model_dump_json() for event in events]


def test_the_same_seed_gives_the_same_events_but_for_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a cache of its own, where everything is painted, dissected and measured anew; another seed gives others."""
    script: list[Step] = [*RAISED, pairs("H1", "red"), concluding("H1")]
    _, first = scripted("red", script, tmp_path, data="sketch:100")
    _, other = scripted("red", script, tmp_path, data="sketch:100", seed=1)
    monkeypatch.setenv("LETTVIN_CACHE", str(tmp_path / "cache"))
    _, again = scripted("red", script, tmp_path, data="sketch:100")
    assert told(again) == told(first)
    shown = [{r.picture for c in only(Judged, run).measured for r in c.readings} for run in (first, other)]
    assert not shown[0] & shown[1]


# ---- limits -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [1, 90, 150])
def test_no_more_pictures_are_measured_than_allowed(most: int, tmp_path: Path) -> None:
    """Stopped in the redraw test (80 pictures), in an experiment, in the conclusion: a valid run with an answer."""
    script: list[Step] = [*RAISED, pairs("H1", "red"), concluding("H1")]
    answer, events = scripted("red", script, tmp_path, max_images=most)
    limit = f"--max-images {most}"
    assert answer.images <= most
    assert only(Stopped, events).by == answer.limit == limit
    assert isinstance(events[-1], Answered)
    assert answer.verdict == "inconclusive"
    assert limit in answer.text()
    made = {e.id for e in of(PictureKept, events) if not isinstance(e.provenance, FromData)}
    assert len(made) <= most


def test_an_experiment_that_a_limit_cut_off_is_abandoned(tmp_path: Path) -> None:
    answer, events = scripted("red", [raising("red"), pairs("H1", "red")], tmp_path, max_images=90)
    assert len(of(Registered, events)) == 1
    assert of(Judged, events) == []
    assert [line.verdict for line in answer.evidence] == ["abandoned"]


def test_time_is_a_limit_too(tmp_path: Path) -> None:
    answer, events = scripted("red", [Conclude(hypothesis=None)], tmp_path, max_seconds=1e-6)
    assert only(Stopped, events).by == answer.limit == "--max-seconds 1e-06"
    assert isinstance(events[-1], Answered)


def test_ctrl_c_leaves_a_valid_run_with_an_answer(tmp_path: Path) -> None:
    def interrupt(events: Sequence[AnyEvent]) -> Act:
        raise KeyboardInterrupt

    script: list[Step] = [raising("red"), pairs("H1", "red"), interrupt, *RAISED]
    answer, events = scripted("red", script, tmp_path)
    assert (answer.limit, only(Stopped, events).by) == ("Ctrl-C", "Ctrl-C")
    assert isinstance(events[-1], Answered)
    assert (answer.verdict, answer.formula) == ("inconclusive", "red")


def test_a_target_that_fails_in_the_conclusion_ends_the_run_aloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no mistake of the backbone's, to be handed back to it as one."""

    def fail(*_: object) -> None:
        raise TargetFailed("the forward raised")

    def broken(events: Sequence[AnyEvent]) -> Act:
        monkeypatch.setattr("lettvin.tools.lab.Lab.measure", fail)
        return concluding("H1")

    with pytest.raises(TargetFailed, match="the forward raised"):
        scripted("red", [*RAISED, broken], tmp_path)


def test_readings_are_what_the_unit_answers(tmp_path: Path) -> None:
    """Every number of an experiment is the neuron's own answer to the scene that was kept with it."""
    _, events = scripted("red", [raising("red"), pairs("H1", "red")], tmp_path)
    kept = {event.id: event for event in of(PictureKept, events)}
    readings = [r for condition in only(Judged, events).measured for r in condition.readings]
    assert len(readings) == 24
    for reading in readings:
        event = kept[reading.picture]
        picture = Picture(event.id, event.provenance, event.caption, event.scene, load=unread)
        assert reading.peak == pytest.approx(TARGET.answer(0, picture), abs=1e-6)


def unread() -> Pixels:
    raise AssertionError("a scene neuron looks at no pixels")
