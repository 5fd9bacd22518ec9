"""Streaming quantiles: near the exact ones, whatever the values, their order and their batches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lettvin.tools.dissection.histogram import BINS, Histograms

QS = np.array([0.0, 0.01, 0.25, 0.5, 0.9, 0.99, 1.0])
# beyond these, negative values that are nothing beside the range count as zero (float32 cannot hold their bin)
floats = st.floats(-(2.0**20), 2.0**20, width=32).filter(lambda value: value == 0 or abs(value) > 2.0**-60)



def filled(values: np.ndarray, cuts: list[int]) -> Histograms:
    histograms = Histograms(values.shape[1])
    for part in np.split(values, sorted(cuts)):
        histograms.add(part)
    return histograms


def rank_error(values: np.ndarray, found: np.ndarray) -> np.ndarray:
    """How far each share lies outside the shares that its value may stand for (ties make that an interval)."""
    below = np.array([(values < value).mean() for value in found])
    upto = np.array([(values <= value).mean() for value in found])
    return np.asarray(np.maximum(np.maximum(below - QS, QS - upto), 0))


@pytest.mark.parametrize("law", ["normal", "relu", "exponential", "offset", "heavy"])
def test_quantiles_of_streams_are_within_a_rank_of_a_few_in_ten_thousand(law):
    rng = np.random.default_rng(0)
    values = {
        "normal": rng.normal(size=(60_000, 3)) * [1, 1e-4, 1e4],
        "relu": np.maximum(rng.normal(size=(60_000, 3)) - [0, 1, 2], 0),
        "exponential": rng.exponential(size=(60_000, 3)),
        "offset": 1000 + 2 * rng.normal(size=(60_000, 3)),
        "heavy": rng.standard_t(3, size=(60_000, 3)),
    }[law].astype(np.float32)
    histograms = filled(values, list(range(0, 60_000, 1500)))
    for unit in range(3):
        assert rank_error(values[:, unit], histograms.quantiles(unit, QS)).max() < (2e-3 if law == "heavy" else 5e-4)


@settings(max_examples=60, deadline=None)
@given(values=arrays.arrays(np.float32, st.tuples(st.integers(1, 40), st.just(2)), elements=floats), data=st.data())
def test_no_value_is_lost_or_moved_across_a_bin_whatever_the_batches(values, data):
    cuts = data.draw(st.lists(st.integers(0, len(values)), max_size=4))
    histograms = filled(values, cuts)
    assert (histograms.counts.sum(1) == len(values)).all()
    for unit in range(2):
        width = 2.0 ** histograms.exponent[unit]
        exact = np.floor(values[:, unit].astype(np.float64) / width).astype(np.int64) - histograms.first[unit]
        assert np.array_equal(histograms.counts[unit], np.bincount(exact, minlength=BINS))
    assert np.array_equal(histograms.low, values.min(0))
    assert np.array_equal(histograms.high, values.max(0))
    assert np.array_equal(histograms.positive(), (values > 0).sum(0))
    assert np.array_equal(histograms.zeros, (values == 0).sum(0))


@settings(max_examples=40, deadline=None)
@given(values=arrays.arrays(np.float32, st.tuples(st.integers(1, 60), st.just(1)), elements=floats))
def test_quantiles_rise_and_stay_between_the_extremes(values):
    histograms = filled(values, [len(values) // 2])
    found = histograms.quantiles(0, np.linspace(0, 1, 21))
    assert (np.diff(found) >= 0).all()
    assert values.min() <= found[0] <= found[-1] <= values.max()


def test_moments_are_right_within_a_bin_even_far_from_zero():
    values = (1e4 + np.random.default_rng(1).normal(size=(5000, 2)) * [1, 10]).astype(np.float32)
    mean, sd = filled(values, [100, 2000]).moments()
    width = np.ptp(values, axis=0) / (BINS / 2)
    assert (np.abs(mean - values.mean(0, dtype=np.float64)) < width / 2).all()
    np.testing.assert_allclose(sd, values.std(0, dtype=np.float64), rtol=2e-3)


def test_zeros_of_rectified_units_count_as_zero_in_moments_and_quantiles():
    values = np.maximum(np.random.default_rng(3).normal(size=(4000, 1)) - 1, 0).astype(np.float32)
    histograms = filled(values, [1000])
    assert histograms.moments()[0][0] == pytest.approx(values.mean(), rel=1e-2)
    assert (histograms.quantiles(0, np.array([0.1, 0.5, 0.8])) == 0).all()
    assert histograms.quantiles(0, np.array([0.9]))[0] > 0


def test_a_constant_stream_has_its_constant_for_every_quantile():
    histograms = filled(np.full((50, 1), 0.1, np.float32), [10])
    assert (histograms.quantiles(0, QS) == np.float32(0.1)).all()
    assert histograms.moments()[1][0] == 0


def test_state_taken_back_goes_on_to_the_bit():
    values = np.random.default_rng(2).normal(size=(900, 4)).astype(np.float32) * 10.0 ** np.arange(4)
    whole = filled(values.astype(np.float32), [300, 600])
    half = filled(values[:300].astype(np.float32), [])
    again = Histograms.of(half.state())
    again.add(values[300:600].astype(np.float32))
    again.add(values[600:].astype(np.float32))
    for name, value in whole.state().items():
        assert np.array_equal(value, again.state()[name]), name


def test_an_empty_histogram_has_no_quantiles():
    assert np.isnan(Histograms(2).quantiles(1, QS)).all()
