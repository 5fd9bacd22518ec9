"""The synthetic score: a wrong answer shows, however much is right beside it, and a lucky one is no recovery."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from lettvin.benchmarks.synthetic.scoring import SCENES, Score, f1, sample, score, scored_terms
from lettvin.benchmarks.synthetic.variations import look_alikes, one_factor_away
from lettvin.synthetic_neurons.scene_neuron import noise_free
from lettvin.targets.picture import Scene
from lettvin.tools.sketch.concept import Concept, either, holds, parse
from lettvin.tools.sketch.concept_scenes import examples

RIGHT = "castle or banana or umbrella or on snow or horizontal bar"  # five parts that dilute a wrong one

WRONG = [
    ("car", "car or fish"),  # an invented way
    ("dog", "dog and not hat"),  # a veto that is none
    ("dog and not hat", "dog"),  # a veto missed
    ("dog or fish", "dog"),  # a way missed
    ("red car", "red and car"),  # attributes not bound
    ("red and car", "red car"),
    ("red car", "car"),  # an attribute missed
    ("red car", "red"),
    ("red", "red car"),
    ("at least three dogs", "at least two dogs"),  # a count one off
    ("at least two dogs", "at least three dogs"),
    ("at least two dogs", "dog"),
    ("dog left of cat", "dog and cat"),  # a relation lost
    ("dog left of cat", "cat left of dog"),
    ("dog left of cat", "dog above cat"),
    ("dog and on grass", "dog"),
    ("vertical grating", "grating"),
    ("vertical grating", "vertical"),
    ("large dog", "dog"),
    ("dog", "cat"),
    ("dog and cat", "dog or cat"),
]


@cache
def scored(truth: str, answer: str, verdict: str = "supported") -> Score:
    concept = parse(truth)
    return asked(concept, parse(answer), verdict)


def asked(truth: Concept, answer: Concept | None, verdict: str) -> Score:
    return score(truth, answer, verdict, lambda s: holds(truth, s), lambda s: noise_free(truth, s), scenes=800)


@pytest.mark.parametrize(("truth", "answer"), WRONG)
def test_a_wrong_answer_is_not_recovered(truth: str, answer: str) -> None:
    assert not scored(truth, answer).recovered


@pytest.mark.parametrize(("truth", "answer"), WRONG)
def test_five_right_parts_beside_it_do_not_hide_it(truth: str, answer: str) -> None:
    assert not scored(f"{RIGHT} or {truth}", f"{RIGHT} or {answer}").recovered


@pytest.mark.parametrize(
    ("truth", "answer"),
    [
        ("red car", "red car"),
        ("dog or fish", "fish or dog"),
        ("dog and (red or on snow)", "dog and red or dog and on snow"),
        ("dog left of cat", "cat right of dog"),
        ("car", "car or red car"),
        ("at least two dogs", "at least two dogs and dog"),
    ],
)
def test_another_wording_of_the_truth_is_recovered(truth: str, answer: str) -> None:
    found = scored(truth, answer)
    assert (found.recovered, found.disagreement, found.f1) == (True, 0, 1)
    assert (found.pearson, found.auprc) == (found.oracle_pearson, found.oracle_auprc)


def test_only_a_supported_answer_is_recovered() -> None:
    assert not scored("dog", "dog", "inconclusive").recovered
    nothing = asked(parse("dog"), None, "no-concept")
    assert (nothing.recovered, nothing.f1, nothing.disagreement) == (False, None, None)


def below(one: float | None, other: float | None) -> bool:
    assert one is not None
    assert other is not None
    return one < other


# ---- the metric itself -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("truth", ["dog or cat or fish or on snow", "red or striped", "red car or at least two dogs"])
def test_halving_the_truth_lowers_every_figure(truth: str) -> None:
    ways = truth.split(" or ")
    half = scored(truth, " or ".join(ways[: len(ways) // 2]))
    whole = scored(truth, truth)
    assert below(half.f1, whole.f1)
    assert below(half.pearson, whole.pearson)
    assert below(whole.disagreement, half.disagreement)


@pytest.mark.parametrize("truth", ["dog", "red or striped", "red car and on snow"])
def test_more_that_is_false_lowers_every_figure(truth: str) -> None:
    figures = [scored(truth, " or ".join([truth, *more])) for more in ([], ["banana"], ["banana", "owl", "on sand"])]
    for better, worse in pairwise(figures):
        assert below(worse.f1, better.f1)
        assert below(worse.pearson, better.pearson)


def test_answers_drawn_by_lot_are_worth_nothing() -> None:
    rng = np.random.default_rng(0)
    true = np.array([holds(parse("dog"), s) for s in sample(parse("dog"), None)])
    assert f1(true, rng.random(len(true)) < true.mean()) < 0.75 * f1(true, true)
    assert f1(true, ~true) == 0


def test_what_no_formula_names_is_scored_by_what_it_is_true_of() -> None:
    """Exactly two dogs have no word of their own, and can be said all the same."""

    def two(s: Scene) -> bool:
        return sum(thing.noun == "dog" for thing in s.things) == 2

    right = score(None, parse("at least two dogs and not at least three dogs"), "supported", two, scenes=800)
    wrong = score(None, parse("at least two dogs"), "supported", two, scenes=800)
    assert right.recovered
    assert not wrong.recovered
    assert (right.pearson, right.oracle_pearson) == (None, None)


# ---- the sample --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("truth", ["dog", RIGHT, "dog and not hat and not on snow", "at least three red dogs"])
def test_the_sample_is_of_its_size_and_of_both_kinds(truth: str) -> None:
    concept = parse(truth)
    shown = sample(concept, parse("cat or on grass"))
    assert len(shown) == SCENES
    assert shown == sample(concept, parse("cat or on grass"))
    share = np.mean([holds(concept, scene) for scene in shown])
    assert 0.05 < share < 0.8


def test_every_way_and_every_veto_has_its_own_share() -> None:
    said = [str(term) for term in scored_terms(parse("dog and not hat and not on snow or red car"))]
    assert said == ["dog and not hat and not on snow", "dog and hat", "dog and on snow", "red car"]


@pytest.mark.parametrize(
    "text", ["red car", "dog and cat", "at least two dogs", "dog left of cat", "dog and not hat", "on snow", "vertical grating"]
)
def test_most_scenes_one_factor_away_fail(text: str) -> None:
    concept, rng = parse(text), np.random.default_rng(2)
    made: list[Scene] = examples(concept, 60, rng)
    missed = [one_factor_away(concept, scene, rng) for scene in made]
    assert np.mean([not holds(concept, scene) for scene in missed]) > 0.9
    assert sum(scene in made for scene in missed) <= 3


def test_look_alikes_are_of_a_kind() -> None:
    assert "cat" in look_alikes("dog")
    assert "dog" not in look_alikes("dog")
    assert "car" not in look_alikes("dog")
    assert set(look_alikes("car")) & {"bus", "truck"}


def test_the_sample_does_not_depend_on_the_order_of_parts() -> None:
    a: Concept = parse("dog or cat")
    assert set(sample(a, parse("fish"))) == set(sample(either([parse("cat"), parse("dog")]), parse("fish")))
