"""Answers in words: the formula that is read from them, and the pictures that are drawn from them."""

from __future__ import annotations

import numpy as np
import pytest

from lettvin.benchmarks.synthetic.in_words import formula_in
from lettvin.benchmarks.synthetic.predictive import PICTURES, neutral_scenes, predict, predicted_scenes, prompt_for
from lettvin.synthetic_neurons.drawn_suites import drawn_suite
from lettvin.synthetic_neurons.off_language import OffLanguage
from lettvin.synthetic_neurons.responses import noise_free
from lettvin.tools.sketch.concept import Concept, Not, Or, conjuncts, disjuncts, holds, normal, parse


@pytest.mark.parametrize(
    ("words", "formula"),
    [
        ("The neuron fires for red cars.", "red car"),
        ("fires for dog or red car", "dog or red car"),
        ("dogs, cats and birds", "dog or cat or bird"),
        ("a dog wearing a hat", "dog and hat"),
        ("Strong responses to a dog, but not to cats", "dog and not cat"),
        ("dogs without any hat", "dog and not hat"),
        ("several red dogs at night", "at least two red dogs and at night"),
        ("a dog to the left of a cat", "dog left of cat"),
        ("dogs on the snow", "dog and on snow"),
        ("It is active when vertical gratings appear", "vertical grating"),
        ("gray things", "grey"),
    ],
)
def test_a_description_is_read_by_its_words(words: str, formula: str) -> None:
    found = formula_in(words)
    assert found is not None
    assert normal(found) == normal(parse(formula))


@pytest.mark.parametrize("words", ["", "nothing that I could name", "without", "and or, or and"])
def test_what_says_nothing_reads_as_nothing(words: str) -> None:
    assert formula_in(words) is None


def truths() -> list[Concept]:
    found = [neuron.truth() for neuron in drawn_suite("core").neurons]
    return [truth for truth in found if truth is not None and not isinstance(truth, OffLanguage)]


def test_every_formula_of_the_suite_is_read_back_from_a_sentence() -> None:
    """But for brackets, which no sentence has."""
    for truth in truths():
        if "(" not in str(truth):
            found = formula_in(f"fires for {truth}")
            assert found is not None
            assert normal(found) == normal(truth)


def test_what_is_drawn_from_a_description_is_what_it_says() -> None:
    for truth in truths()[::7]:
        if any(isinstance(part, Not) for way in disjuncts(truth) for part in conjuncts(way)):
            continue  # no prompt asks for an absence
        drawn = predicted_scenes(truth, PICTURES)
        assert len(drawn) == PICTURES
        assert np.mean([holds(truth, scene) for scene in drawn]) >= 0.9, str(truth)


def test_each_way_has_its_pictures() -> None:
    concept = parse("dog or striped or on snow")
    drawn = predicted_scenes(concept, PICTURES)
    assert all(any(holds(way, scene) for scene in drawn) for way in disjuncts(concept))
    assert isinstance(concept, Or)


@pytest.mark.parametrize(
    ("way", "prompt"),
    [
        ("red", "a red thing"),
        ("vertical", "a vertical grating"),
        ("on snow", "a thing on snow"),
        ("at least two red dogs", "two red dogs"),
        ("dog left of cat", "a dog left of a cat"),
        ("dog and not cat", "a dog"),
        ("red car and dog and on snow and at night", "a red car and a dog on snow at night"),
    ],
)
def test_prompts_are_what_one_would_write(way: str, prompt: str) -> None:
    assert prompt_for(parse(way)) == prompt


def test_the_protocol_tells_what_fires_from_what_does_not_and_no_more() -> None:
    """A broader answer does as well as the truth: why it is no score."""

    def figure(truth: str, answer: str) -> float:
        found = predict(parse(answer), lambda scenes: [noise_free(parse(truth), scene) for scene in scenes])
        assert found is not None
        return found.superiority

    assert figure("dog", "dog") > 0.9
    assert figure("dog", "banana") < 0.6
    assert figure("dog or banana or on snow", "dog") > 0.85
    assert predict(parse("dog or zebu", extra_words=frozenset({"zebu"})), lambda scenes: [0.0] * len(scenes)) is not None


def test_neutral_pictures_are_the_same_for_everyone() -> None:
    assert len(neutral_scenes()) == PICTURES
    assert neutral_scenes() == neutral_scenes()
