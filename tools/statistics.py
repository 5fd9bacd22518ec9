"""Effects, intervals, tests and corrections: the arithmetic behind every verdict.

Covered: probability of superiority with an interval (unpaired: Mann-Whitney's, interval by Newcombe's method 5, 2006;
paired: share of pairs, interval by Wilson), permutation and sign-flip tests, Benjamini-Hochberg and Holm, what a test could
have seen, and the fit of a prediction to activations. Not covered: which tests a verdict needs (`agent/ledger.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 9999


@dataclass(frozen=True, slots=True)
class Effect:
    """A probability of superiority in [0, 1] (0.5 = none) with its two-sided interval."""

    superiority: float
    low: float
    high: float


def superiority(high: np.ndarray, low: np.ndarray) -> float:
    """P(a value of `high` exceeds one of `low`), ties counting half: the area under the ROC curve."""
    from scipy.stats import rankdata

    if len(high) == 0 or len(low) == 0:
        raise ValueError("superiority needs values on both sides")
    ranks = rankdata(np.concatenate([high, low]))
    u = ranks[: len(high)].sum() - len(high) * (len(high) + 1) / 2
    return float(u / (len(high) * len(low)))


def superiority_effect(high: np.ndarray, low: np.ndarray, alpha: float = 0.05) -> Effect:
    """Superiority of independent samples with a two-sided 1 - alpha interval by Newcombe's method 5.

    The bounds solve |theta - estimate| = z * sqrt(V(theta)), with V the variance of Hanley and McNeil at theta and both
    sizes replaced by their mean in its bracket; it stays sensible at estimates of 0 and 1.
    """
    from scipy.optimize import brentq

    estimate = superiority(high, low)
    m, n = len(high), len(low)
    z = _z(alpha)
    star = (m + n) / 2 - 1

    def gap(theta: float) -> float:
        bracket = 1 + star * ((1 - theta) / (2 - theta) + theta / (1 + theta))
        return (theta - estimate) ** 2 - z * z * theta * (1 - theta) * bracket / (m * n)

    inside = min(max(estimate, 1e-9), 1 - 1e-9)  # where the gap is below 0, also for estimates of 0 and 1
    lower = float(brentq(gap, 0.0, inside)) if estimate > 0 else 0.0
    upper = float(brentq(gap, inside, 1.0)) if estimate < 1 else 1.0
    return Effect(estimate, lower, upper)


def share_effect(successes: float, n: int, alpha: float = 0.05) -> Effect:
    """A share with Wilson's two-sided 1 - alpha interval; `successes` may hold halves for ties."""
    z = _z(alpha)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Effect(share, max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half)))  # rounding kept out


def paired_effect(high: np.ndarray, low: np.ndarray, alpha: float = 0.05) -> Effect:
    """Share of pairs in which the first exceeds the second, ties half, with Wilson's interval."""
    wins = float((high > low).sum() + 0.5 * (high == low).sum())
    return share_effect(wins, len(high), alpha)


def sign_flip_p(differences: np.ndarray, rng: np.random.Generator, resamples: int = RESAMPLES) -> float:
    """One-sided p that the mean difference is above 0, by flipping the signs of pairs (exact up to 13 pairs).

    `resamples`: flips drawn where there are more pairs; p is no smaller than one in so many.
    """
    from scipy.stats import permutation_test

    if np.all(differences == 0):
        return 1.0
    if len(differences) == 1:  # which scipy refuses: one flip of two is as large
        return 0.5 if differences[0] > 0 else 1.0
    result = permutation_test(
        (differences,),
        lambda d, axis: np.mean(d, axis=axis),
        permutation_type="samples",
        alternative="greater",
        n_resamples=resamples,
        batch=RESAMPLES + 1,
        vectorized=True,
        rng=rng,
    )
    return float(result.pvalue)


def rank_permutation_p(
    high: np.ndarray, low: np.ndarray, rng: np.random.Generator, resamples: int = RESAMPLES
) -> float:
    """One-sided p that `high` lies above `low`: permutation of the labels, mean rank as the statistic.

    `resamples`: permutations drawn; p is no smaller than one in so many.
    """
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([high, low]))
    seen = ranks[: len(high)].sum()
    as_high = 0
    for start in range(0, resamples, RESAMPLES):  # in parts, so that memory does not grow with them
        some = min(RESAMPLES, resamples - start)
        shuffled = rng.permuted(np.broadcast_to(ranks, (some, len(ranks))), axis=1)[:, : len(high)].sum(axis=1)
        as_high += int((shuffled >= seen - 1e-9).sum())
    return float((1 + as_high) / (1 + resamples))


def benjamini_hochberg(ps: Sequence[float]) -> list[float]:
    """Adjusted p-values (q), in the order given; every registered test belongs in, abandoned ones as p = 1."""
    from scipy.stats import false_discovery_control

    return [float(q) for q in false_discovery_control(np.asarray(ps, float))] if len(ps) else []


def holm(ps: Sequence[float]) -> list[float]:
    """Adjusted p-values by Holm's step-down (1979), in the order given: the chance of any false claim stays under alpha.

    Every registered test belongs in, abandoned ones as p = 1.
    """
    values = np.asarray(ps, float)
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(1.0, stepped)
    return [float(q) for q in adjusted]


def detectable_superiority(m: int, n: int, alpha: float = 0.05, power: float = 0.8) -> float:
    """The superiority that a one-sided rank test of these sizes sees with the given power (Noether, 1987)."""
    from scipy.stats import norm

    total, share = m + n, m / (m + n)
    z = float(norm.ppf(1 - alpha) + norm.ppf(power))
    return min(1.0, 0.5 + z / math.sqrt(12 * total * share * (1 - share)))


def pearson(x: np.ndarray, y: np.ndarray) -> float | None:
    """Pearson's correlation; None where either side is constant."""
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    return float(np.corrcoef(x, y)[0, 1])


def auprc(holds: np.ndarray, activations: np.ndarray) -> float | None:
    """Average precision of finding the pictures of which the concept holds by their activation; None without both kinds."""
    holds = np.asarray(holds, bool)
    if not holds.any() or holds.all():
        return None
    order = np.argsort(-activations, kind="stable")
    ranked, values = holds[order], activations[order]
    last_of_tie = np.append(values[1:] != values[:-1], True)
    hits = np.cumsum(ranked)[last_of_tie]
    precision = hits / (np.flatnonzero(last_of_tie) + 1)
    return float((np.diff(np.concatenate([[0], hits])) * precision).sum() / ranked.sum())


def _z(alpha: float) -> float:
    from scipy.stats import norm

    return float(norm.ppf(1 - alpha / 2))
