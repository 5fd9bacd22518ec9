"""Scenes made for a concept: it holds in examples, just fails in near misses, and parts two concepts in disagreements."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lettvin.targets.picture import Scene, Thing
from lettvin.tests.concepts import concepts
from lettvin.tools.sketch import vocabulary as v
from lettvin.tools.sketch.concept import Concept, disjuncts, holds, parse
from lettvin.tools.sketch.concept_scenes import disagreements, examples, near_miss, near_misses

SIMPLE = (
    "red", "car", "striped", "large", "vertical grating", "fine grating", "vertical", "red car", "large striped dog", "on snow",
    "at night", "car and on grass", "car and not red", "dog or vertical grating", "red or on snow", "car and at night",
    "red and car and not on sand", "spot", "red and (car or dog)", "red and (at night or in dark light)",
    "at least two dogs", "at least four small cars", "at least two red dogs and on snow", "dog left of cat",
    "red dog above cat", "cat on table", "ball inside cup" , "dog right of dog", "dog left of cat or at least two cars",
    "at least two dogs and not at least three dogs", "dog and not dog left of cat",
    "(red and (on snow or on sand)) or blue dog", "car and not (red or on snow)", "black grating and not fine",
)  # fmt: skip
IMPOSSIBLE = (
    "striped grating", "vertical car", "fine spot", "vertical striped", "on snow and on sand", "at night and in dark light",
)  # fmt: skip
DRAWN = ("x", "y", "scale", "angle", "flip", "shade", "pose", "missing")  # how a thing is drawn, beside what it is


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def words(thing: Thing) -> dict[str, object]:
    return {f.name: getattr(thing, f.name) for f in fields(thing) if f.name not in DRAWN}


def factors_apart(one: Scene, other: Scene) -> set[str]:
    """In what two scenes differ: factors of scene and things; what a new noun forces on a thing counts as the noun."""
    whole = ("background", "light", "treatment", "seed", "side")
    apart = {name for name in whole if getattr(one, name) != getattr(other, name)}
    if len(one.things) != len(other.things):
        more, fewer = sorted((one.things, other.things), key=len, reverse=True)
        assert all(thing in more for thing in fewer), "things came or went, and others changed"
        return apart | {"things"}
    for a, b in zip(one.things, other.things, strict=True):
        mine = {name for name, value in words(a).items() if words(b)[name] != value}
        if "noun" in mine:  # a stimulus has no pattern, a spot no orientation
            mine -= {"pattern", "orientation", "frequency"}
        assert (a.angle, a.flip, a.shade, a.pose) == (b.angle, b.flip, b.shade, b.pose)
        mine |= {"place"} if (a.x, a.y) != (b.x, b.y) else set()
        if a.scale != b.scale:
            assert mine & {"size", "noun"}
        apart |= mine
    return apart


# ---- examples ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("formula", SIMPLE)
def test_the_concept_holds_in_every_example_and_all_are_different(formula: str) -> None:
    concept = parse(formula)
    made = examples(concept, 12, rng())
    assert len(made) == 12
    assert all(holds(concept, scene) for scene in made)
    assert len(set(made)) == 12


@settings(max_examples=60, deadline=None)
@given(concepts, st.integers(0, 9))
def test_for_any_concept_an_example_holds_and_a_near_miss_does_not(concept: Concept, seed: int) -> None:
    draw = rng(seed)
    for scene in examples(concept, 2, draw):
        assert holds(concept, scene)
        for missed in near_misses(concept, scene, draw):
            assert not holds(concept, missed)
            assert len(factors_apart(scene, missed)) == 1


@pytest.mark.parametrize("formula", IMPOSSIBLE)
def test_what_cannot_be_is_an_empty_list_and_no_error(formula: str) -> None:
    concept = parse(formula)
    assert examples(concept, 4, rng()) == []
    assert disagreements(concept, parse("red"), 4, rng()) != []  # red holds, and the other never does
    scene = examples(parse("car"), 1, rng())[0]
    assert near_misses(parse(f"car and not ({formula})"), scene, rng()) != []


def test_the_ways_of_being_true_take_turns_and_none_hides_behind_another() -> None:
    concept = parse("dog or vertical grating or on snow")
    made = examples(concept, 12, rng())
    true = [[holds(way, scene) for way in disjuncts(concept)] for scene in made]
    assert np.sum(true, axis=0).tolist() == [4, 4, 4]
    assert all(sum(row) == 1 for row in true)


def test_examples_asked_for_one_at_a_time_are_of_every_way_too() -> None:
    """As experiments and conclusions ask: a way that is never drawn would be concluded without being tested."""
    concept = parse("dog or vertical grating")
    draw = rng()
    made = [scene for _ in range(40) for scene in examples(concept, 1, draw)]
    dogs = sum(holds(parse("dog"), scene) for scene in made)
    assert 10 <= dogs <= 30


def test_the_rest_of_an_example_is_random() -> None:
    made = examples(parse("red car"), 60, rng())
    assert {scene.background for scene in made} == set(v.BACKGROUNDS)
    assert {len(scene.things) for scene in made} == {1, 2, 3}
    others = [thing for scene in made for thing in scene.things if thing.noun != "car"]
    assert len({thing.noun for thing in others}) > 20
    assert {scene.light for scene in made} == {"normal"}


def test_the_same_stream_makes_the_same_scenes() -> None:
    for make in (
        lambda draw: examples(parse("red or dog"), 5, draw),
        lambda draw: disagreements(parse("red"), parse("dog"), 5, draw),
        lambda draw: near_misses(parse("red car"), examples(parse("red car"), 1, draw)[0], draw),
    ):
        assert make(rng(3)) == make(rng(3))
        assert make(rng(3)) != make(rng(4))


# ---- near misses -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("formula", SIMPLE)
def test_a_near_miss_fails_and_is_one_factor_away(formula: str) -> None:
    concept, draw = parse(formula), rng(1)
    for scene in examples(concept, 8, draw):
        missed = near_miss(concept, scene, draw)
        assert missed is not None, scene
        assert not holds(concept, missed)
        assert len(factors_apart(scene, missed)) == 1


def test_near_misses_come_by_every_factor_that_the_concept_names() -> None:
    concept, draw = parse("large striped red car and on snow and not at night"), rng()
    apart = [factors_apart(s, m) for s in examples(concept, 10, draw) for m in near_misses(concept, s, draw)]
    assert {"noun", "colour", "pattern", "size", "background", "light"} <= set().union(*apart)
    first = [factors_apart(s, m) for s in examples(concept, 40, draw) if (m := near_miss(concept, s, draw)) is not None]
    assert len({tuple(factors) for factors in first}) > 3  # and the one that is taken is drawn among them


def test_all_things_that_make_it_true_are_changed() -> None:
    scene = Scene("grass", (Thing("car", "red"), Thing("dog", "blue", x=0.2), Thing("car", "red", x=0.8)))
    for missed in near_misses(parse("red car"), scene, rng()):
        assert not any(t.noun == "car" and t.colour == "red" for t in missed.things)
        assert scene.things[1] in missed.things


def test_a_veto_is_missed_by_bringing_in_what_is_vetoed() -> None:
    scene = Scene("grass", (Thing("car", "blue"),))
    missed = near_misses(parse("car and not dog"), scene, rng())
    brought = [m for m in missed if len(m.things) == 2]
    assert brought
    assert all(m.things[0] == scene.things[0] and m.things[1].noun == "dog" for m in brought)


@pytest.mark.parametrize("formula", ["rising or falling", "red or blue or green", "small dog or large dog"])
def test_ways_that_differ_in_one_factor_are_missed_too(formula: str) -> None:
    """Changed into each other they miss nothing: another value is tried."""
    concept, draw = parse(formula), rng(8)
    made = examples(concept, 40, draw)
    assert sum(near_miss(concept, scene, draw) is not None for scene in made) >= 38


def test_a_count_is_missed_by_one_and_a_relation_by_changing_sides() -> None:
    draw = rng(3)
    for scene in examples(parse("at least three dogs"), 10, draw):
        counts = {sum(t.noun == "dog" for t in m.things) for m in near_misses(parse("at least three dogs"), scene, draw)}
        assert counts == {2}
    for scene in examples(parse("dog left of cat"), 10, draw):
        missed = near_misses(parse("dog left of cat"), scene, draw)
        assert any(holds(parse("cat left of dog"), m) for m in missed)
        assert any(not holds(parse("dog and cat"), m) for m in missed)


def test_where_nothing_can_be_changed_there_is_no_near_miss() -> None:
    assert near_miss(parse("dog"), Scene("grass", (Thing("car", "red"),)), rng()) is None


# ---- disagreements -----------------------------------------------------------------------------------------------

APART = (
    ("red", "car"), ("red car", "red"), ("red car", "blue car"), ("dog", "dog or cat"), ("vertical grating", "grating"),
    ("on snow", "dog"), ("red or on snow", "red"), ("striped", "striped or red"), ("car and not red", "car"),
    ("red and car", "red car"), ("at least two dogs", "dog"), ("at least three dogs", "at least two dogs"),
    ("dog left of cat", "cat left of dog"), ("dog left of cat", "dog and cat"), ("cat on table", "cat above table"),
)  # fmt: skip


@pytest.mark.parametrize(("one", "other"), APART)
def test_in_a_disagreement_exactly_one_concept_holds(one: str, other: str) -> None:
    a, b = parse(one), parse(other)
    made = disagreements(a, b, 16, rng())
    assert len(made) == 16
    assert all(holds(a, scene) != holds(b, scene) for scene in made)
    assert len(set(made)) == 16


@pytest.mark.parametrize(("one", "other"), APART)
@pytest.mark.parametrize("n", [1, 7, 16])
def test_disagreements_balance_and_take_turns_where_both_kinds_exist(one: str, other: str, n: int) -> None:
    a, b = parse(one), parse(other)
    ways = [holds(a, scene) for scene in disagreements(a, b, n, rng(2))]
    kinds = {holds(a, s) for s in disagreements(a, b, 64, rng(5))}
    if len(kinds) == 2:
        assert abs(2 * sum(ways) - n) <= 1
        assert all(before != after for before, after in pairwise(ways))
    else:
        assert set(ways) == kinds


def test_what_cannot_disagree_gives_no_scene() -> None:
    assert disagreements(parse("red"), parse("red"), 8, rng()) == []
    assert disagreements(parse("red or dog"), parse("dog or red"), 8, rng()) == []


@settings(max_examples=25, deadline=None)
@given(concepts, concepts)
def test_for_any_two_concepts_disagreements_disagree(a: Concept, b: Concept) -> None:
    for scene in disagreements(a, b, 3, rng()):
        assert holds(a, scene) != holds(b, scene)


def test_factors_apart_sees_what_it_should() -> None:
    """The measure used above, so that no test here passes for its blindness."""
    scene = Scene("grass", (Thing("car", "red"), Thing("dog", "blue")))
    assert factors_apart(scene, scene) == set()
    two = replace(scene, background="snow", things=(replace(scene.things[0], colour="blue"), scene.things[1]))
    assert factors_apart(scene, two) == {"background", "colour"}
    assert factors_apart(scene, replace(scene, things=(replace(scene.things[0], x=0.1), scene.things[1]))) == {"place"}
    with pytest.raises(AssertionError):
        factors_apart(scene, replace(scene, things=(replace(scene.things[0], pose=7), scene.things[1])))
