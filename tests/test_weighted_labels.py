"""Which labels add to a unit's peak: those that pay, of either sign, and none where there is nothing.

Held against fits made anew for every candidate, and against sums whose weights are known. Not covered: runs that tell
them (`test_graded_units.py`), what they predict of real units (`lettvin bench predictive`).
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lettvin.agent.weighted_labels import MOST, PRICE, added

N = 600


def shown(m: int, seed: int, share: float = 0.25) -> np.ndarray:
    return (np.random.default_rng(seed).random((N, m)) < share).astype(float)


def by_refits(columns: np.ndarray, peaks: np.ndarray) -> list[int]:
    """The same choice made the plain way: every candidate fitted beside those chosen."""
    chosen: list[int] = []

    def left(places: list[int]) -> float:
        design = np.column_stack([np.ones(len(peaks)), columns[:, places]])
        return float(((peaks - design @ np.linalg.lstsq(design, peaks, rcond=None)[0]) ** 2).sum())

    while len(chosen) < min(MOST, columns.shape[1]):
        now = left(chosen)
        options = {place: left([*chosen, place]) for place in range(columns.shape[1]) if place not in chosen}
        best = min(options, key=lambda place: options[place])
        if len(peaks) * np.log(now / options[best]) < PRICE * np.log(len(peaks)):
            break
        chosen.append(best)
    return chosen


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_labels_are_those_that_fits_made_anew_would_choose(seed: int) -> None:
    columns = shown(15, seed)
    weights = np.random.default_rng(seed + 1).normal(0, 1, 15) * (np.arange(15) < 6)
    peaks = columns @ weights + np.random.default_rng(seed + 2).normal(0, 0.5, N)
    joined, _, _ = added(columns, peaks, 15, np.random.default_rng(0))
    refits = by_refits(columns, peaks)
    assert joined == [place for place in refits if place in joined]  # less what is not told from 0
    assert len(joined) >= len(refits) - 2


def test_what_lowers_the_peak_has_a_weight_below_zero() -> None:
    columns = shown(8, 1)
    peaks = 4 + 2 * columns[:, 2] - 3 * columns[:, 5] + np.random.default_rng(2).normal(0, 0.5, N)
    joined, weights, reach = added(columns, peaks, 8, np.random.default_rng(0))
    assert joined == [5, 2]
    assert weights == pytest.approx([4, -3, 2], abs=0.15)
    assert (weights[1:] + reach)[0] < 0 < (weights[1:] - reach)[1]


def test_one_that_lowers_stands_for_seven_that_lift() -> None:
    """A picture has one background of eight: "not on plain" is one label, not seven."""
    place = np.random.default_rng(3).integers(0, 8, N)
    columns = (place[:, None] == np.arange(8)).astype(float)
    peaks = 5.0 * (place != 0) + np.random.default_rng(4).normal(0, 0.3, N)
    joined, weights, _ = added(columns, peaks, 8, np.random.default_rng(0))
    assert joined == [0]
    assert weights[1] == pytest.approx(-5, abs=0.2)


def test_intervals_hold_the_true_weights_about_as_often_as_they_say() -> None:
    held = []
    for seed in range(60):
        columns = shown(3, seed)
        peaks = columns @ [2.0, -1.5, 1.0] + np.random.default_rng(seed + 1000).normal(0, 1, N)
        joined, weights, reach = added(columns, peaks, 3, np.random.default_rng(seed))
        true = np.array([2.0, -1.5, 1.0])[joined]
        held += (np.abs(weights[1:] - true) <= reach).tolist()
    assert 0.88 < np.mean(held) <= 1


def test_scatter_has_labels_hardly_ever() -> None:
    """200 labels, none of which is anything, in each of 40 units: what is told is corrected for all of them."""
    columns = shown(200, 7)
    told = [added(columns, np.random.default_rng(seed).normal(0, 1, N), 200, np.random.default_rng(0))[0] for seed in range(40)]
    assert sum(map(bool, told)) <= 6


def test_a_column_that_repeats_others_joins_nothing() -> None:
    columns = shown(4, 9)
    columns = np.column_stack([columns, columns[:, 0], 1 - columns[:, 1]])
    peaks = 3 * columns[:, 0] + 2 * columns[:, 1]
    joined, weights, _ = added(columns, peaks, 6, np.random.default_rng(0))
    assert sorted(joined) in ([0, 1], [0, 5])
    assert np.isfinite(weights).all()


def test_nothing_shown_is_no_label() -> None:
    joined, weights, reach = added(np.empty((N, 0)), np.arange(N, dtype=float), 0, np.random.default_rng(0))
    assert (joined, len(weights), len(reach)) == ([], 1, 0)
