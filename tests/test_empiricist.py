"""The empiricist's method, read off the record of its runs. What it finds is tried in `test_known_answers.py`."""

from __future__ import annotations

import pytest

from lettvin.agent.transcript import Called, Decided, Judged, Proposed, Raised, Redrawn, Registered, Returned
from lettvin.tests.scene_runs import FIRING, of, only, study
from lettvin.tools.sketch.concept import conjuncts, disjuncts, holds, normal, parse


@pytest.mark.parametrize("behaviour", FIRING)
def test_it_makes_no_mistakes(behaviour: str) -> None:
    _, events = study(behaviour)
    assert [event.text for event in of(Returned, events) if event.mistake] == []


def test_it_looks_over_the_whole_range_before_it_raises_anything() -> None:
    _, events = study("red")
    first = of(Raised, events)[0].seq
    looked = [event for event in of(Called, events) if event.seq < first]
    assert {"top", "bottom", "random", "quantile"} <= {event.arguments.get("which") for event in looked}
    assert "screen" in {event.tool for event in looked}


@pytest.mark.parametrize("behaviour", FIRING)
def test_it_raises_rivals_at_more_than_one_level_before_it_concludes(behaviour: str) -> None:
    _, events = study(behaviour)
    first = of(Proposed, events)[0]
    raised = [event for event in of(Raised, events) if event.seq < first.seq]
    assert len({str(normal(parse(event.formula))) for event in raised}) >= 3
    assert len({event.level for event in raised}) >= 2
    assert all(event.because for event in raised)


@pytest.mark.parametrize("behaviour", FIRING)
def test_what_it_concludes_stood_its_own_test_first(behaviour: str) -> None:
    _, events = study(behaviour)
    for proposed in of(Proposed, events):
        named = {event.id: str(normal(parse(event.formula))) for event in of(Raised, events)}
        tested = {named[e.hypothesis] for e in of(Judged, events) if e.seq < proposed.seq}
        shown = {c.concept for e in of(Registered, events) if e.seq < proposed.seq for c in e.conditions if c.concept}
        ways = disjuncts(normal(parse(proposed.formula)))  # each by a test of its own, or as what was enough in another's
        assert named[proposed.hypothesis] in tested or all(
            str(way) in tested or any(way in conjuncts(parse(formula)) for formula in shown) for way in ways
        )


def test_its_first_test_shows_the_concept_beside_the_same_without_a_part() -> None:
    _, events = study("red")
    plan = of(Registered, events)[0]
    judged = next(event for event in of(Judged, events) if event.experiment == plan.experiment)
    assert not plan.exploratory
    formula = next(event.formula for event in of(Raised, events) if event.id == plan.hypothesis)
    scenes = {event.id: event.scene for event in events if event.kind == "picture"}
    for condition in judged.measured:
        shown = [scenes[r.picture] for r in condition.readings]
        assert all(s is not None and holds(parse(formula), s) == (condition.name in plan.prediction.high) for s in shown)


@pytest.mark.parametrize("behaviour", FIRING)
def test_its_predictions_follow_from_their_hypotheses(behaviour: str) -> None:
    """No test of its own is void: what is predicted high is what the formula is true of, and nothing else is."""
    _, events = study(behaviour)
    assert [event.void for event in of(Judged, events) if event.void is not None] == []


@pytest.mark.parametrize("behaviour", FIRING)
def test_the_same_concept_is_never_proposed_twice(behaviour: str) -> None:
    _, events = study(behaviour)
    proposed = [str(normal(parse(event.formula))) for event in of(Proposed, events)]
    assert len(set(proposed)) == len(proposed) == len(of(Decided, events))


def test_where_nothing_drives_the_unit_nothing_is_raised() -> None:
    _, events = study("noise")
    assert not only(Redrawn, events).driven
    assert not of(Raised, events)
    assert not of(Registered, events)
    assert not of(Proposed, events)
