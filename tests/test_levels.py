"""When a unit counts as firing, read off a handful of peaks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lettvin.agent.backbones.levels import BAR, ENOUGH, Levels

LEVELS = Levels(rest=0.2, full=1.2, noise=0.05)


def test_half_as_strong_as_the_strongest_fires_and_a_look_alike_does_not() -> None:
    assert LEVELS.read([0.2 + 0.5] * 4) == "fires"
    assert LEVELS.read([0.2 + 0.3] * 4) == "silent"


@given(st.lists(st.floats(-1, 3), min_size=1, max_size=30), st.floats(0.1, 5), st.floats(-2, 2))
def test_what_is_said_does_not_depend_on_the_units_scale(peaks: list[float], by: float, shift: float) -> None:
    scaled = Levels(0.2 * by + shift, 1.2 * by + shift)
    near = min(abs(LEVELS.share(peak) - BAR) for peak in peaks)
    if near > 1e-6:  # at the bar itself, rounding decides
        assert scaled.read([peak * by + shift for peak in peaks]) == LEVELS.read(peaks)


def test_a_few_pictures_on_both_sides_are_unclear_and_many_are_mixed() -> None:
    half = [0.2, 1.2]
    assert LEVELS.read(half * 2) == "unclear"
    assert LEVELS.read(half * (ENOUGH // 2)) == "mixed"


def test_pictures_that_fire_at_two_levels_are_not_even() -> None:
    assert LEVELS.even([1.0, 0.9, 0.8, 1.1])
    assert LEVELS.even([0.55, 0.6, 0.5, 0.65])  # weak, but alike
    assert not LEVELS.even([1.1, 0.3, 1.0, 0.3])


@given(st.integers(1, 200), st.floats(0.2, 1.2))
def test_luck_is_taken_off_more_where_pictures_are_few(n: int, peak: float) -> None:
    noisy = Levels(0.2, 1.2, noise=0.3)
    assert noisy.sure_share(peak, n) <= noisy.sure_share(peak, n + 1) <= noisy.share(peak)


def test_full_only_rises_and_never_on_nothing() -> None:
    assert LEVELS.raised([]) == LEVELS
    assert LEVELS.raised([0.5]) == LEVELS
    assert LEVELS.raised([1.5, 1.7]).full == pytest.approx(1.6)
