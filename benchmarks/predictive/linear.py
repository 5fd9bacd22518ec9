"""Linear explanations: a unit's activation as a sum of a few weighted concepts, over its whole range.

Covered: a non-negative elastic net over all simple concepts leaves some in; of these one after the other joins, each time the
one that lifts the correlation on pictures apart most, as long as it does by .02, ten at most (after Oikarinen and Weng, 2024).
Not covered: weights below zero, for what is said of a unit is what fires it.
"""

from __future__ import annotations

import numpy as np

from ...tools.sketch.concept import Concept
from ...tools.statistics import pearson
from ..synthetic.baselines import Seen

MOST = 10
WORTH = 0.02
POOL = 50  # concepts that the net may leave in
APART = 0.25  # share of pictures on which a further concept must earn its place
LASSO, RIDGE = 0.02, 0.02  # of the net, for columns and activation of unit variance
SWEEPS = 60


def explain(seen: Seen) -> list[tuple[Concept, float]]:
    """The concepts and their weights, in the unit's own activation; none where none earns its place."""
    terms = seen.terms
    if not terms or np.ptp(seen.peaks) == 0:
        return []
    shown = np.array([seen.corpus.truths(term) for term in terms], dtype=np.float64).T
    apart = seen.rng.permutation(len(seen.peaks)) < APART * len(seen.peaks)
    pool = np.argsort(-elastic_net(shown[~apart], seen.peaks[~apart]), kind="stable")[:POOL]
    chosen: list[int] = []
    weights, best = np.zeros(0), 0.0
    while len(chosen) < MOST:
        rest = [int(place) for place in pool if place not in chosen]
        tried = [(*_refit(shown, seen.peaks, apart, [*chosen, place]), place) for place in rest]
        if not tried:
            break
        r, fitted, place = max(tried, key=lambda row: (row[0], -row[2]))
        if r < best + WORTH:
            break
        chosen, weights, best = [*chosen, place], fitted, r
    return [(terms[place], float(weight)) for place, weight in zip(chosen, weights, strict=True) if weight > 0]


def elastic_net(shown: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    """Non-negative weights of the columns by coordinate descent, on columns and activation of unit variance: float64."""
    spread = shown.std(axis=0)
    spread[spread == 0] = 1
    columns = (shown - shown.mean(axis=0)) / spread
    aim = (peaks - peaks.mean()) / (peaks.std() or 1)
    gram, towards = columns.T @ columns / len(aim), columns.T @ aim / len(aim)
    weights = np.zeros(len(towards))
    reached = np.zeros(len(towards))  # gram @ weights
    for _ in range(SWEEPS):
        before = weights.copy()
        for place in range(len(weights)):
            pull = towards[place] - reached[place] + gram[place, place] * weights[place]
            new = max(0.0, pull - LASSO) / (gram[place, place] + RIDGE) if gram[place, place] > 0 else 0.0
            if new != weights[place]:
                reached += gram[:, place] * (new - weights[place])
                weights[place] = new
        if np.abs(weights - before).max() < 1e-4:
            break
    return weights


def _refit(shown: np.ndarray, peaks: np.ndarray, apart: np.ndarray, chosen: list[int]) -> tuple[float, np.ndarray]:
    """Correlation on the pictures apart of weights fitted on the others, and the weights."""
    from scipy.optimize import nnls

    columns = shown[:, chosen]
    middle, level = columns[~apart].mean(axis=0), peaks[~apart].mean()
    weights, _ = nnls(columns[~apart] - middle, peaks[~apart] - level)
    return pearson(columns[apart] @ weights, peaks[apart]) or 0.0, weights
