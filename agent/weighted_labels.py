"""Weighted labels: by how much each of several things lifts the unit's peak, and what all together explain.

For units of many causes, of which no one formula is the answer (as Linear Explanations, Oikarinen and Weng 2024). What may
become a label: the ways of all hypotheses raised, whatever became of those, and the simple terms that go best with the peak.
They are joined one at a time, the one that takes most from what is left of the peaks of the open data and of all drawn
pictures, as long as that pays for it (BIC, three times its price); each weight is that of a non-negative least-squares fit,
with a bootstrap interval over pictures; what is not above 0 with an interval corrected over all that could have been joined
is left out. How much they explain is read off held-back pictures that no backbone saw. It is a measurement, not a claim: no
verdict hangs on it. Not covered: the formula and its verdict (`admission.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..tools.lab import Lab, Reading
from ..tools.sketch.concept import Concept, Not, absorbed, both, conjuncts, disjuncts, normal
from ..tools.statistics import pearson
from .transcript import WeightedLabel

MOST = 8  # labels
RESAMPLES = 400
PRICE = 3.0  # times the logarithm of the number of pictures that a label costs
LEADING = 12  # simple terms beside what was raised
LONGEST = 2  # parts of a label
LEAST = 5  # pictures that must show a label
FEWEST = 60  # pictures; with fewer nothing is weighed


def weigh(
    lab: Lab, raised: Sequence[Concept], designed: Sequence[Reading], rows: np.ndarray
) -> tuple[list[WeightedLabel], float | None]:
    """The labels, strongest first, and the r2 that they reach on the held-back pictures `rows` (None where there is none).

    `designed`: what the run measured on pictures of its own making. Weights are in units of the peak.
    """
    drawn = [lab.find(reading.picture) for reading in designed]
    peaks = np.array([*lab.peaks[lab.open], *(reading.peak for reading in designed)], dtype=float)
    sound = np.isfinite(peaks)
    peaks = peaks[sound]
    if len(peaks) < FEWEST or peaks.std() == 0:
        return [], None
    simple = lab.corpus.terms(lab.open)
    truths: dict[Concept, np.ndarray] = {}
    for way in _ways([*raised, *_leading(lab, simple)]):
        true = np.array([*lab.corpus.truths(way)[lab.open], *(lab.holds(way, p) for p in drawn)], dtype=float)[sound]
        if LEAST <= true.sum() <= len(peaks) - LEAST:
            truths[way] = true
    joined = _joined(truths, peaks)
    rng = lab.stream("weights")
    weights, spread = _fitted(joined, truths, peaks, rng)
    above = weights[1:] > _deviations(0.05 / (len(truths) + len(simple))) * spread
    joined = [way for way, sure in zip(joined, above, strict=True) if sure]
    if not joined:
        return [], None
    weights, spread = _fitted(joined, truths, peaks, rng)
    reach = _deviations(0.05) * spread
    found = [
        WeightedLabel(label=str(way), weight=_short(weight), interval=(_short(weight - far), _short(weight + far)))
        for way, weight, far in zip(joined, weights[1:], reach, strict=True)
    ]
    design = np.column_stack([np.ones(len(rows)), *(lab.corpus.truths(way)[rows] for way in joined)]).astype(float)
    return sorted(found, key=lambda label: -label.weight), _r2(lab.peaks[rows].astype(float), design @ weights)


def _ways(raised: Sequence[Concept]) -> list[Concept]:
    """Every way of firing that was raised, each once, without what must not be there: a label says what is in a picture."""
    found: dict[Concept, Concept] = {}
    for way in (way for concept in raised for way in disjuncts(concept)):
        there = [part for part in conjuncts(way) if not isinstance(part, Not)]
        if 0 < len(there) <= LONGEST:
            label = absorbed(both(there))
            found.setdefault(normal(label), label)
    return list(found.values())


def _leading(lab: Lab, terms: Sequence[Concept]) -> list[Concept]:
    """The simple terms that go best with the peak over the open data."""
    peaks = lab.peaks[lab.open].astype(float)
    r = {term: pearson(lab.corpus.truths(term)[lab.open].astype(float), peaks) or 0.0 for term in terms}
    return sorted(terms, key=lambda term: (-r[term], str(term)))[:LEADING]


def _joined(truths: Mapping[Concept, np.ndarray], peaks: np.ndarray) -> list[Concept]:
    """The labels that pay for themselves, in the order they were joined."""
    chosen: list[Concept] = []
    left = _left([], peaks)
    while len(chosen) < min(MOST, len(truths)):
        options = {way: _left([truths[c] for c in (*chosen, way)], peaks) for way in truths if way not in chosen}
        best = min(options, key=lambda way: (options[way], str(way)))
        if len(peaks) * np.log(left / max(options[best], 1e-12)) < PRICE * np.log(len(peaks)):
            break
        chosen.append(best)
        left = options[best]
    return chosen


def _left(truths: Sequence[np.ndarray], peaks: np.ndarray) -> float:
    """Sum of squares that labels leave."""
    design = np.column_stack([np.ones(len(peaks)), *truths])
    return float(((peaks - design @ _fit(truths, peaks)) ** 2).sum())


def _fit(truths: Sequence[np.ndarray], peaks: np.ndarray) -> np.ndarray:
    """Rest (of either sign), then a weight of at least 0 for each label."""
    from scipy.optimize import lsq_linear

    design = np.column_stack([np.ones(len(peaks)), *truths])
    solved = np.asarray(np.linalg.lstsq(design, peaks, rcond=None)[0])
    if (solved[1:] >= 0).all():
        return solved
    return np.asarray(lsq_linear(design, peaks, bounds=([-np.inf] + [0.0] * len(truths), np.inf)).x)


def _fitted(
    joined: Sequence[Concept], truths: Mapping[Concept, np.ndarray], peaks: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Rest and weights, and each weight's standard deviation over resamples of the pictures."""
    columns = [truths[way] for way in joined]
    drawn = rng.integers(0, len(peaks), (RESAMPLES, len(peaks)))
    again = np.array([_fit([true[rows] for true in columns], peaks[rows])[1:] for rows in drawn])
    return _fit(columns, peaks), again.std(axis=0)


def _deviations(alpha: float) -> float:
    """How many standard deviations a normal variable stays within with probability 1 - alpha."""
    from scipy.stats import norm

    return float(norm.ppf(1 - alpha / 2))


def _r2(peaks: np.ndarray, predicted: np.ndarray) -> float | None:
    sound = np.isfinite(peaks)
    peaks, predicted = peaks[sound], predicted[sound]
    spread = float(((peaks - peaks.mean()) ** 2).sum()) if len(peaks) else 0.0
    return None if spread == 0 else 1 - float(((peaks - predicted) ** 2).sum()) / spread


def _short(value: float) -> float:
    return float(f"{value:.4g}")
