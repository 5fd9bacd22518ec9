"""What a description predicts, and the scores of it: they fall where labels are missing, and where some are made up."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lettvin.benchmarks.predictive.description import (
    Description,
    Part,
    by_words,
    concept_of,
    of_concept,
    of_weights,
    of_words,
    predicted,
    readable,
)
from lettvin.benchmarks.predictive.fit import STRONG, fit, strongest
from lettvin.targets.errors import BadInput
from lettvin.tools.corpus import Corpus
from lettvin.tools.sketch.caption import caption
from lettvin.tools.sketch.concept import parse
from lettvin.tools.sketch.scenes import random_scene
from lettvin.tools.sources.source import About
from lettvin.tools.statistics import superiority

N = 600


@cache
def corpus() -> Corpus:
    return Corpus([About(caption(scene), scene) for scene in (random_scene(91, i) for i in range(N))])


@cache
def in_captions() -> Corpus:
    return Corpus([About("a small otter in a river"), About("two otters and a boat"), About("a boat"), About(None)])


# ---- the scores -------------------------------------------------------------------------------------------------------


def unit(seed: int = 0, rate: float = 0.1, noise: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """What a unit fires for, in 4,000 pictures, and its peaks."""
    rng = np.random.default_rng(seed)
    true = rng.random(4000) < rate
    return true, true + rng.normal(0, noise, 4000)


@pytest.mark.parametrize("rate", [0.03, 0.1, 0.3])
def test_labels_that_are_missing_cost(rate: float) -> None:
    """Half of the pictures that hold the concept are said not to. AUC hardly sees it."""
    true, peaks = unit(1, rate)
    missing = true & (np.random.default_rng(2).random(4000) < 0.5)
    whole, half = fit(true.astype(float), peaks), fit(missing.astype(float), peaks)
    assert whole.pearson is not None
    assert half.pearson is not None
    assert half.pearson < 0.85 * whole.pearson
    assert half.above_chance < 0.8 * whole.above_chance
    assert superiority(peaks[missing], peaks[~missing]) > 0.75
    if rate <= 0.1:  # beyond it, half of them are still more than the strongest twentieth, and none the less precise
        assert whole.auprc is not None
        assert half.auprc is not None
        assert half.auprc < whole.auprc


@pytest.mark.parametrize("rate", [0.03, 0.1, 0.3])
def test_labels_that_are_made_up_cost(rate: float) -> None:
    """As many pictures again are said to hold the concept, at random."""
    true, peaks = unit(3, rate)
    extra = true | (np.random.default_rng(4).random(4000) < rate)
    whole, more = fit(true.astype(float), peaks), fit(extra.astype(float), peaks)
    assert whole.pearson is not None
    assert more.pearson is not None
    assert whole.auprc is not None
    assert more.auprc is not None
    assert more.pearson < 0.85 * whole.pearson
    assert more.auprc < 0.85 * whole.auprc
    assert more.above_chance < 0.8 * whole.above_chance


def test_chance_is_the_same_for_common_and_rare_descriptions() -> None:
    peaks = np.random.default_rng(5).normal(size=20_000)
    for rate in (0.01, 0.2, 0.9):
        found = fit((np.random.default_rng(6).random(20_000) < rate).astype(float), peaks)
        assert found.auprc == pytest.approx(STRONG, abs=0.01)
        assert found.pearson == pytest.approx(0, abs=0.02)
        assert found.above_chance == pytest.approx(0, abs=0.02)


def test_the_unit_itself_would_be_the_best_prediction() -> None:
    _, peaks = unit(7)
    found = fit(peaks * 3 + 2, peaks)
    assert (found.pearson, found.auprc) == (1, 1)
    assert found.named is None  # neither true nor false of a picture


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.1, 100), st.floats(-50, 50))
def test_neither_size_nor_level_of_a_prediction_counts(seed: int, size: float, level: float) -> None:
    rng = np.random.default_rng(seed)
    prediction, peaks = rng.integers(0, 4, 200).astype(float), rng.normal(size=200)
    one, other = fit(prediction, peaks), fit(prediction * size + level, peaks)
    assert one.pearson == pytest.approx(other.pearson, abs=2e-4)
    assert one.auprc == other.auprc


@pytest.mark.parametrize("prediction", [None, np.zeros(50), np.ones(50)])
def test_what_says_nothing_of_any_picture_predicts_nothing(prediction: np.ndarray | None) -> None:
    found = fit(prediction, np.arange(50.0))
    assert (found.pearson, found.auprc, found.named, found.above_chance) == (None, None, None, 0)


def test_a_dead_unit_is_predicted_by_nothing() -> None:
    assert fit(np.arange(50.0), np.ones(50)).pearson is None


@pytest.mark.parametrize(("n", "count"), [(100, 5), (2000, 100), (7, 1)])
def test_the_strongest_are_a_twentieth_even_where_peaks_are_equal(n: int, count: int) -> None:
    assert strongest(np.zeros(n)).sum() == count
    assert strongest(np.arange(n, dtype=float))[-count:].all()


# ---- what a description predicts ---------------------------------------------------------------------------------------


def test_a_formula_predicts_where_it_holds() -> None:
    said = of_concept(parse("dog or on snow"))
    found = predicted(said, corpus())
    assert found is not None
    assert (found == corpus().truths(parse("dog or on snow"))).all()


def test_weights_add_up_in_a_picture_that_shows_several() -> None:
    said = of_weights([(parse("on snow"), 0.5), (parse("dog"), 2.0), (parse("cat"), 0.0)])
    assert said is not None
    assert said.text == "2 dog + 0.5 on snow"
    found = predicted(said, corpus())
    assert found is not None
    dog, snow = (corpus().truths(parse(text)) for text in ("dog", "on snow"))
    assert found == pytest.approx(2.0 * dog + 0.5 * snow)
    assert said.formula is None


def test_words_that_say_a_formula_are_read_as_one() -> None:
    assert of_words("It fires for red cars on the snow.").formula == "red car and on snow"


def test_other_words_are_held_against_captions_and_rare_ones_weigh_more() -> None:
    found = by_words("This seems to like otters, or a boat.", in_captions())
    assert found is not None
    assert found.tolist() == pytest.approx([0.5, 1.0, 0.5, 0.0])
    found = by_words("a river with a boat", in_captions())
    assert found is not None
    assert found[0] > found[2] > 0


def test_words_of_no_caption_predict_nothing() -> None:
    assert predicted(of_words("curvature of the second kind"), in_captions()) is None
    assert predicted(Description(text=""), corpus()) is None
    assert predicted(None, corpus()) is None


def test_a_concept_of_words_that_the_held_out_pictures_lack_predicts_nothing_there() -> None:
    said = Description(text="", parts=(Part(concept="otter", weight=2.0), Part(concept="dog", weight=1.0)))
    with pytest.raises(BadInput, match="otter"):
        predicted(said, corpus())
    assert [part.concept for part in readable(said, corpus()).parts] == ["dog"]


def test_a_generator_is_asked_for_the_largest_weights() -> None:
    said = of_weights([(parse(noun), weight) for noun, weight in (("dog", 0.1), ("cat", 3.0), ("car", 2.0))])
    assert said is not None
    assert str(concept_of(said, corpus(), most=2)) == "cat or car"
    assert concept_of(Description(text="words"), corpus()) is None
