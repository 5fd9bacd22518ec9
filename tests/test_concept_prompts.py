"""Prompts for concepts: what is made for a concept holds in its words, what is made against it does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lettvin.targets.errors import BadInput
from lettvin.tests.concepts import concepts
from lettvin.tools import concept_prompts as made
from lettvin.tools.sketch.concept import Concept, parse


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(concepts, st.integers(0, 99))
@settings(max_examples=120, deadline=None)
def test_examples_hold_and_near_misses_do_not(concept: Concept, seed: int) -> None:
    for prompt in made.examples(concept, 3, rng(seed)):
        assert prompt.startswith("a photo of ")
        assert made.holds(concept, prompt), prompt
        missed = made.near_miss(concept, prompt, rng(seed))
        assert missed is None or not made.holds(concept, missed), missed


@given(concepts, concepts, st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_of_a_disagreement_one_is_true(a: Concept, b: Concept, seed: int) -> None:
    for prompt in made.disagreements(a, b, 4, rng(seed)):
        assert made.holds(a, prompt) != made.holds(b, prompt), prompt


@pytest.mark.parametrize(
    "formula",
    ["red", "car", "red car", "dog or fish", "car and on snow", "striped", "at least three dogs", "dog left of cat", "at night",
     "car and not on snow", "vertical grating", "at least two balls", "small yellow hat and dog"],
)  # fmt: skip
def test_what_people_ask_for_has_examples_and_near_misses(formula: str) -> None:
    concept = parse(formula)
    prompts = made.examples(concept, 8, rng())
    assert len(prompts) == 8
    missed = [made.near_miss(concept, prompt, rng(i)) for i, prompt in enumerate(prompts)]
    assert all(missed)
    kept = [len(set(a.split()) & set(b.split())) / len(set(a.split())) for a, b in zip(prompts, missed, strict=True) if b]
    assert min(kept) >= 0.5, "a near miss says most of what it is a near miss of"


def test_words_of_the_data_can_be_asked_for_too() -> None:
    concept = parse("zebra and not grass", frozenset({"zebra", "grass"}))
    prompts = made.examples(concept, 4, rng())
    assert len(prompts) == 4
    assert all("zebra" in prompt for prompt in prompts)
    missed = made.near_miss(concept, "a photo of a zebra on sand", rng())
    assert missed is not None
    assert "zebra" not in missed or "grass" in missed


def test_every_way_of_a_disjunction_takes_its_turn() -> None:
    prompts = made.examples(parse("dog or fish or red car"), 9, rng())
    assert [sum(word in prompt for prompt in prompts) for word in ("dog", "fish", "car")] == [3, 3, 3]


def test_articles_go_with_what_follows_them() -> None:
    missed = {made.near_miss(parse("red car"), "a photo of a red car", rng(i)) for i in range(40)}
    assert "a photo of an orange car" in missed
    assert not any(" a orange" in str(prompt) or " an blue" in str(prompt) for prompt in missed)


@pytest.mark.parametrize(
    ("factor", "value", "prompt"),
    [
        ("colour", "orange", "a photo of an orange car and two dogs on snow"),
        ("noun", "owl", "a photo of a red owl and two owls on snow"),
        ("background", "water", "a photo of a red car and two dogs on water"),
        ("light", "night", "a photo of a red car and two dogs on snow at night"),
        ("size", "large", "a photo of a red large car and two large dogs on snow"),
    ],
)
def test_one_factor_is_set(factor: str, value: str, prompt: str) -> None:
    assert made.with_factor("a photo of a red car and two dogs on snow", factor, value) == prompt


def test_one_thing_alone_can_be_changed() -> None:
    told = made.with_factor("a photo of a red car and a red hat", "colour", "blue", which=1)
    assert told == "a photo of a red car and a blue hat"


@pytest.mark.parametrize(
    ("factor", "value", "text"),
    [("colur", "red", "nearest: 'colour'"), ("colour", "rad", "nearest: 'red'"), ("background", "snwo", "'snow'"),
     ("orientation", "vertical", "names 0 things with a orientation")],
)  # fmt: skip
def test_a_factor_that_cannot_be_set_is_one_line(factor: str, value: str, text: str) -> None:
    with pytest.raises(BadInput, match=text) as error:
        made.with_factor("a photo of a zebra", factor, value)
    assert "\n" not in str(error.value)
