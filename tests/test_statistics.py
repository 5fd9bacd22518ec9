"""The arithmetic behind verdicts, against scipy, published values, closed forms, enumeration and simulation."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, mannwhitneyu, norm

from lettvin.tools.statistics import (
    auprc,
    benjamini_hochberg,
    detectable_superiority,
    paired_effect,
    pearson,
    rank_permutation_p,
    share_effect,
    sign_flip_p,
    superiority,
    superiority_effect,
)

few = st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=12).map(np.array)  # many ties


# ---- superiority -------------------------------------------------------------------------------------------------


@given(few, few)
def test_superiority_is_mann_whitneys_u_over_all_pairs_and_counts_ties_half(high: np.ndarray, low: np.ndarray) -> None:
    by_pairs = np.mean([(x > y) + 0.5 * (x == y) for x in high for y in low])
    by_scipy = mannwhitneyu(high, low).statistic / (len(high) * len(low))
    assert superiority(high, low) == pytest.approx(by_pairs, abs=1e-12)
    assert superiority(high, low) == pytest.approx(by_scipy, abs=1e-12)


def test_superiority_without_values_on_a_side_is_an_error_not_a_number() -> None:
    with pytest.raises(ValueError, match="both sides"):
        superiority(np.array([]), np.array([1.0]))


def newcombe_5(estimate: float, m: int, n: int, z: float) -> tuple[float, float]:
    """Newcombe's method 5 by the roots of its quartic, an independent way to the same bounds.

    mn (t - e)^2 (2 - t)(1 + t) = z^2 t (1 - t) [(2 - t)(1 + t) + N ((1 - t)(1 + t) + t (2 - t))], N = (m + n) / 2 - 1.
    """
    t = np.polynomial.Polynomial([0, 1])
    both = (2 - t) * (1 + t)
    left = m * n * (t - estimate) ** 2 * both
    right = z * z * t * (1 - t) * (both + ((m + n) / 2 - 1) * ((1 - t) * (1 + t) + t * (2 - t)))
    roots = [complex(root) for root in (left - right).roots()]
    real = [float(root.real) for root in roots if abs(root.imag) < 1e-6 and -1e-9 <= root.real <= 1 + 1e-9]
    return min([r for r in real if r <= estimate + 1e-9]), max([r for r in real if r >= estimate - 1e-9])


@pytest.mark.parametrize(("m", "n"), [(16, 16), (12, 30), (4, 4), (1, 7), (64, 64)])
@pytest.mark.parametrize("alpha", [0.05, 0.025, 0.0125])
def test_the_interval_of_superiority_is_newcombes_method_5(m: int, n: int, alpha: float) -> None:
    rng = np.random.default_rng(m * n)
    for shift in (0.0, 0.5, 1.5, -2.0, 50.0, -50.0):  # the last two: complete separation
        found = superiority_effect(rng.normal(shift, 1, m), rng.normal(0, 1, n), alpha)
        low, high = newcombe_5(found.superiority, m, n, float(norm.ppf(1 - alpha / 2)))
        assert (found.low, found.high) == pytest.approx((low, high), abs=1e-6)


def test_golden_bounds_of_method_5() -> None:
    """Solved once by hand for complete separation of 16 against 16: 256 (1 - t) = z^2 t [1 + 15 ((1-t)/(2-t) + t/(1+t))]."""
    found = superiority_effect(np.arange(16) + 100.0, np.arange(16.0))
    t = found.low
    assert found.high == 1.0
    assert 256 * (1 - t) == pytest.approx(1.959964**2 * t * (1 + 15 * ((1 - t) / (2 - t) + t / (1 + t))), rel=1e-5)
    assert 0.83 < t < 0.9  # so that clean separation passes a lower bound of .75


@given(few, few, st.sampled_from([0.05, 0.0125]))
def test_swapping_the_sides_mirrors_effect_and_interval(high: np.ndarray, low: np.ndarray, alpha: float) -> None:
    a, b = superiority_effect(high, low, alpha), superiority_effect(low, high, alpha)
    assert 0 <= a.low <= a.superiority <= a.high <= 1
    assert (a.superiority, a.low, a.high) == pytest.approx((1 - b.superiority, 1 - b.high, 1 - b.low), abs=1e-6)


@pytest.mark.parametrize("true", [0.5, 0.75, 0.95])
def test_the_interval_of_superiority_covers_what_it_promises(true: float) -> None:
    rng = np.random.default_rng(5)
    shift = np.sqrt(2) * norm.ppf(true)  # P(N(shift, 1) > N(0, 1)) = true
    found = [superiority_effect(rng.normal(shift, 1, 16), rng.normal(0, 1, 16)) for _ in range(600)]
    covered = np.mean([effect.low <= true <= effect.high for effect in found])
    assert 0.925 <= covered <= 0.99  # nominally .95, with 600 draws' own noise of .009


# ---- shares and pairs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_is_that_of_newcombes_table_of_1998(successes: int, n: int, low: float, high: float) -> None:
    found = share_effect(successes, n)
    assert (found.superiority, found.low, found.high) == pytest.approx((successes / n, low, high), abs=6e-5)


def test_an_interval_holds_its_own_share_for_every_count() -> None:
    for n in range(1, 80):
        for halves in range(2 * n + 1):
            found = share_effect(halves / 2, n)
            assert 0 <= found.low <= found.superiority <= found.high <= 1, (halves / 2, n)


def test_paired_effect_counts_pairs_and_halves_ties() -> None:
    found = paired_effect(np.array([3.0, 2.0, 5.0, 1.0]), np.array([1.0, 2.0, 6.0, 0.0]))
    assert found == share_effect(2.5, 4)
    assert found.superiority == 0.625


# ---- tests -------------------------------------------------------------------------------------------------------


def sign_flip_by_enumeration(differences: np.ndarray) -> float:
    means = np.array([np.mean(differences * signs) for signs in product((1, -1), repeat=len(differences))])
    return float(np.mean(means >= differences.mean() - 1e-12))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-9, 9), min_size=1, max_size=10).filter(any))
def test_sign_flips_of_few_pairs_are_exact(differences: list[int]) -> None:
    d = np.array(differences, float)
    assert sign_flip_p(d, np.random.default_rng(0)) == pytest.approx(sign_flip_by_enumeration(d), abs=1e-12)


def test_sign_flips_are_exact_up_to_13_pairs_and_never_0() -> None:
    every_pair_won = np.linspace(1, 2, 13)
    assert sign_flip_p(every_pair_won, np.random.default_rng(0)) == pytest.approx(1 / 2**13)
    assert sign_flip_p(np.linspace(1, 2, 40), np.random.default_rng(0)) == pytest.approx(1e-4)  # 1 / (1 + resamples)
    assert sign_flip_p(-every_pair_won, np.random.default_rng(0)) == 1.0
    assert sign_flip_p(np.zeros(16), np.random.default_rng(0)) == 1.0


def test_ten_pairs_can_reach_the_strictest_level_and_four_cannot() -> None:
    """Why pairs need n >= 10: the third attempt spends .00625, and 2 ** -7 is still above it."""
    assert sign_flip_p(np.ones(10), np.random.default_rng(0)) < 0.05 / 2**3
    assert sign_flip_p(np.ones(4), np.random.default_rng(0)) > 0.05


def test_the_permutation_test_agrees_with_enumeration() -> None:
    high, low = np.array([1.2, 0.4, 2.0, 1.1]), np.array([0.1, 0.9, 0.3, 0.6, 0.2])
    values = np.concatenate([high, low])
    ranks = values.argsort().argsort() + 1
    sums = [ranks[list(chosen)].sum() for chosen in combinations(range(9), 4)]
    exact = np.mean(np.array(sums) >= ranks[:4].sum())
    assert rank_permutation_p(high, low, np.random.default_rng(1)) == pytest.approx(exact, abs=0.006)


def test_the_permutation_test_agrees_with_mann_whitneys_exact_p() -> None:
    rng = np.random.default_rng(2)
    for shift in (0.0, 0.5, 1.0):
        high, low = rng.normal(shift, 1, 16), rng.normal(0, 1, 14)
        exact = mannwhitneyu(high, low, alternative="greater", method="exact").pvalue
        assert rank_permutation_p(high, low, rng) == pytest.approx(exact, abs=0.015)


@pytest.mark.parametrize("paired", [False, True])
def test_p_is_uniform_where_nothing_is_to_be_found(paired: bool) -> None:
    rng = np.random.default_rng(3)
    pairs = [(rng.normal(0, 1, 12), rng.normal(0, 1, 12)) for _ in range(100)]
    ps = np.array([sign_flip_p(a - b, rng) if paired else rank_permutation_p(a, b, rng) for a, b in pairs])
    assert kstest(ps, "uniform").pvalue > 0.01
    assert np.mean(ps <= 0.05) <= 0.11  # .05 + 3 standard errors of 100 draws


def test_a_test_is_one_sided_and_the_same_for_the_same_stream() -> None:
    high, low = np.arange(12) + 100.0, np.arange(12.0)
    assert rank_permutation_p(high, low, np.random.default_rng(0)) == pytest.approx(1e-4)
    assert rank_permutation_p(low, high, np.random.default_rng(0)) == 1.0
    noise = np.random.default_rng(9).normal(size=(2, 20))
    first, second = (rank_permutation_p(noise[0], noise[1], np.random.default_rng(4)) for _ in range(2))
    assert first == second


def test_constant_values_are_no_evidence() -> None:
    assert rank_permutation_p(np.ones(16), np.ones(16), np.random.default_rng(0)) == 1.0
    found = superiority_effect(np.ones(16), np.ones(16))
    assert found.superiority == 0.5
    assert found.low < 0.5 < found.high


# ---- correction and power ----------------------------------------------------------------------------------------


def test_benjamini_hochberg_by_hand() -> None:
    """Five tests: p(i) * 5 / i from the largest down, never rising: .20, .05 * 5/4, .04 * 5/3, .01 * 5/2, .001 * 5/1."""
    assert benjamini_hochberg([0.01, 0.2, 0.001, 0.05, 0.04]) == pytest.approx([0.025, 0.2, 0.005, 0.0625, 0.0625])
    assert benjamini_hochberg([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_an_abandoned_test_makes_no_other_test_easier(ps: list[float]) -> None:
    alone, with_abandoned = benjamini_hochberg(ps), benjamini_hochberg([*ps, 1.0])
    assert all(q >= p - 1e-12 for p, q in zip(ps, alone, strict=True))
    assert all(after >= before - 1e-12 for before, after in zip(alone, with_abandoned[:-1], strict=True))


def test_detectable_superiority_is_seen_with_the_power_it_says() -> None:
    at = detectable_superiority(40, 40)
    assert at == pytest.approx(0.5 + (1.644854 + 0.841621) / np.sqrt(12 * 80 * 0.25), abs=1e-6)  # Noether, 1987
    rng = np.random.default_rng(6)
    shift = np.sqrt(2) * norm.ppf(at)
    seen = [
        mannwhitneyu(rng.normal(shift, 1, 40), rng.normal(0, 1, 40), alternative="greater").pvalue <= 0.05
        for _ in range(400)
    ]
    assert 0.74 <= np.mean(seen) <= 0.9
    assert detectable_superiority(1, 1) == 1.0


# ---- fits --------------------------------------------------------------------------------------------------------


def average_precision_slowly(holds: list[bool], values: list[float]) -> float:
    """Over every threshold that is a value, from the highest: (new true found) x precision there, over all true."""
    total, found_before = 0.0, 0
    for threshold in sorted(set(values), reverse=True):
        called = [h for h, x in zip(holds, values, strict=True) if x >= threshold]
        total += (sum(called) - found_before) * sum(called) / len(called)
        found_before = sum(called)
    return total / sum(holds)


@given(st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=1, max_size=30))
def test_auprc_is_average_precision_whatever_the_order_of_ties(rows: list[tuple[bool, int]]) -> None:
    holds, values = [h for h, _ in rows], [float(x) for _, x in rows]
    found = auprc(np.array(holds), np.array(values))
    if all(holds) or not any(holds):
        assert found is None
    else:
        assert found == pytest.approx(average_precision_slowly(holds, values), abs=1e-12)
        assert auprc(np.array(holds[::-1]), np.array(values[::-1])) == pytest.approx(found, abs=1e-12)


def test_auprc_by_hand() -> None:
    assert auprc(np.array([True, False, True, False]), np.array([4.0, 3.0, 2.0, 1.0])) == pytest.approx((1 + 2 / 3) / 2)
    assert auprc(np.array([True, False, False, False]), np.ones(4)) == pytest.approx(0.25)  # chance, not 1


def test_pearson_of_a_constant_side_is_none_not_nan() -> None:
    assert pearson(np.ones(5), np.arange(5.0)) is None
    assert pearson(np.array([1.0]), np.array([1.0])) is None
    assert pearson(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 7.0])) == pytest.approx(0.9933993)
