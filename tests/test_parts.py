"""What contents could mean, and concepts with one part left out: checked against the evaluator on scenes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lettvin.agent.backbones.parts import bound, narrowed, pairs, related, shown_by, singles, without_one_part
from lettvin.tools.exceptions import _exception
from lettvin.tools.sketch.concept import Concept, Phrase, absorbed, holds, normal, parse
from lettvin.tools.sketch.concept_scenes import examples
from lettvin.tools.sketch.scenes import random_scene
from lettvin.tools.sources.source import About

CONCEPTS = (
    "red car",
    "large red car",
    "red and car",
    "dog and on snow",
    "dog and cat and on snow",
    "at least two dogs",
    "at least three red dogs",
    "dog left of cat",
    "red dog on table",
    "dog and cat and not red",
)
SCENES = [random_scene(5, index) for index in range(400)]


@given(st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_all_that_contents_could_mean_is_true_of_them(index: int) -> None:
    scene = random_scene(3, index)
    shown = _exception(0, 1.0, About(None, scene))
    things = [phrase for phrase in map(parse, shown.things) if isinstance(phrase, Phrase)]
    terms = singles(things, [parse(other) for other in shown.others])
    for concept in (*terms, *bound(things), *pairs(terms[:6])):
        assert holds(concept, scene), str(concept)


@pytest.mark.parametrize("formula", CONCEPTS)
def test_a_variant_lacks_the_concept_and_has_what_would_be_enough(formula: str) -> None:
    concept = parse(formula)
    variants = without_one_part(concept)
    assert variants
    rng = np.random.default_rng(1)
    for drawn, enough in variants:
        assert normal(enough) != normal(concept)
        for scene in (*examples(drawn, 3, rng), *(s for s in SCENES if holds(drawn, s))):
            assert not holds(concept, scene)
            assert holds(enough, scene), f"{drawn} without {enough}"


@pytest.mark.parametrize("formula", CONCEPTS)
def test_what_would_be_enough_is_wider_than_the_concept(formula: str) -> None:
    """Leaving a part out never makes a concept narrower."""
    concept = parse(formula)
    shown = [*examples(concept, 6, np.random.default_rng(2)), *(s for s in SCENES if holds(concept, s))]
    assert shown
    for _, enough in without_one_part(concept):
        assert all(holds(enough, scene) for scene in shown)


@pytest.mark.parametrize("formula", ["dog", "red car", "red and car", "at least two dogs", "on snow", "dog and cat"])
def test_what_is_drawn_for_a_concept_has_it(formula: str) -> None:
    concept = parse(formula)
    for drawn in shown_by(concept):
        for scene in examples(drawn, 4, np.random.default_rng(3)):
            assert holds(concept, scene)


def test_two_attributes_are_drawn_on_two_things() -> None:
    """A unit for red cars must not pass for one that wants something red and a car."""
    (drawn,) = shown_by(parse("red and car"))
    assert not any(holds(parse("red car"), scene) for scene in examples(drawn, 8, np.random.default_rng(4)))


def test_a_single_attribute_has_no_part_to_leave_out() -> None:
    assert without_one_part(parse("dog")) == []
    assert without_one_part(parse("on snow")) == []


def test_two_things_are_related_in_eight_ways() -> None:
    """Left and right, above and below are each other's mirror; on and inside are not."""
    found = related(Phrase(noun="dog"), Phrase(noun="cat"))
    assert len(found) == len({normal(concept) for concept in found}) == 8


def test_narrower_concepts_say_more() -> None:
    things = [Phrase(noun="dog", colour="red", size="small")]
    terms: list[Concept] = [parse("red"), parse("on snow")]
    found = narrowed(parse("dog"), things, terms)
    assert {str(concept) for concept in found} >= {"red dog", "small dog", "dog and on snow"}
    assert all(absorbed(concept) == concept for concept in found)
    assert "at least three dogs" in {str(c) for c in narrowed(parse("at least two dogs"), things, terms)}
