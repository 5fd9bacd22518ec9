"""Weighted labels: by how much each of several things lifts or lowers the unit's peak, and what all together explain.

For units of many causes, of which no one formula is the answer (after Linear Explanations, Oikarinen and Weng 2024; theirs
only lift). What may become a label: the ways of all hypotheses raised, whatever became of those, and the simple terms that go
best with the peak, or against it. They are joined one at a time, the one that takes most from what is left of the peaks of the
open data and of all drawn pictures, as long as that pays for it (BIC, twice its price); weights are those of least squares,
with a bootstrap interval over pictures; what is not told from 0 by an interval corrected over all that could have been joined
is left out. How much they explain is read off held-back pictures that no backbone saw. It is a measurement, not a claim: no
verdict hangs on it, and intervals do not count that labels were chosen on the same pictures. Not covered: the formula and its
verdict (`admission.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..tools.corpus import Corpus
from ..tools.lab import Lab, Reading
from ..tools.sketch.concept import Concept, Not, absorbed, both, conjuncts, disjuncts, normal
from ..tools.sources.source import About
from ..tools.statistics import pearson
from .transcript import WeightedLabel

MOST = 12  # labels
RESAMPLES = 400
PRICE = 2.0  # times the logarithm of the number of pictures that a label costs
LEADING = 200  # simple terms beside what was raised
LONGEST = 2  # parts of a label
LEAST = 5  # pictures that must show a label
FEWEST = 60  # pictures; with fewer nothing is weighed


def weigh(
    lab: Lab, raised: Sequence[Concept], designed: Sequence[Reading], rows: np.ndarray
) -> tuple[list[WeightedLabel], float | None]:
    """The labels, from what lifts most to what lowers most, and the r2 that they reach on the held-back pictures `rows`.

    `designed`: what the run measured on pictures of its own making. Weights are in units of the peak. r2 is None where there
    are no labels or nothing is held back.
    """
    peaks = np.array([*lab.peaks[lab.open], *(reading.peak for reading in designed)], dtype=float)
    sound = np.isfinite(peaks)
    peaks = peaks[sound]
    if len(peaks) < FEWEST or peaks.std() == 0:
        return [], None
    drawn = Corpus([About(picture.caption, picture.scene) for picture in (lab.find(r.picture) for r in designed)])

    def shown(way: Concept) -> np.ndarray:
        true = np.concatenate([lab.corpus.truths(way)[lab.open], drawn.truths(way)])
        return np.asarray(true[sound], dtype=float)

    simple = lab.corpus.terms(lab.open)
    leaders = leading(lab.corpus, lab.open, lab.peaks[lab.open].astype(float), simple)
    truths = {way: shown(way) for way in _ways([*raised, *leaders])}
    ways = [way for way, true in truths.items() if LEAST <= true.sum() <= len(peaks) - LEAST]
    columns = np.column_stack([truths[way] for way in ways]) if ways else np.empty((len(peaks), 0))
    joined, weights, reach = added(columns, peaks, len(ways) + len(simple), lab.stream("weights"))
    if not joined:
        return [], None
    found = [
        WeightedLabel(label=str(ways[place]), weight=_short(weight), interval=(_short(weight - far), _short(weight + far)))
        for place, weight, far in zip(joined, weights[1:], reach, strict=True)
    ]
    held_back = np.array([lab.corpus.truths(ways[place])[rows] for place in joined], dtype=float).T
    explained = _r2(lab.peaks[rows].astype(float), weights[0] + held_back @ weights[1:])
    return sorted(found, key=lambda label: -label.weight), explained


def added(
    columns: np.ndarray, peaks: np.ndarray, tried: int, rng: np.random.Generator
) -> tuple[list[int], np.ndarray, np.ndarray]:
    """Which columns add to the peaks; the rest and their weights; how far each weight's 95% interval reaches.

    `columns`: what pictures show, 0 or 1, pictures x labels. `tried`: of how many the best were taken; an interval corrected
    for them decides which stay.
    """
    joined = _joined(columns, peaks)
    weights, spread = _fitted(columns[:, joined], peaks, rng)
    told = np.abs(weights[1:]) > _deviations(0.05 / max(1, tried)) * spread
    joined = [place for place, sure in zip(joined, told, strict=True) if sure]
    weights, spread = _fitted(columns[:, joined], peaks, rng)
    return joined, weights, _deviations(0.05) * spread


def _ways(raised: Sequence[Concept]) -> list[Concept]:
    """Every way of firing that was raised, each once, without what must not be there: a label says what is in a picture."""
    found: dict[Concept, Concept] = {}
    for way in (way for concept in raised for way in disjuncts(concept)):
        there = [part for part in conjuncts(way) if not isinstance(part, Not)]
        if 0 < len(there) <= LONGEST:
            label = absorbed(both(there))
            found.setdefault(normal(label), label)
    return list(found.values())


def leading(corpus: Corpus, among: np.ndarray, peaks: np.ndarray, terms: Sequence[Concept]) -> list[Concept]:
    """The simple terms that go best with the peaks of the pictures `among` a corpus, or against them."""
    r = {term: abs(pearson(corpus.truths(term)[among].astype(float), peaks) or 0.0) for term in terms}
    return sorted(terms, key=lambda term: (-r[term], str(term)))[:LEADING]


def _joined(columns: np.ndarray, peaks: np.ndarray) -> list[int]:
    """The columns that pay for themselves, in the order they were joined.

    What is left of the peaks, and of every column, is kept free of those joined (Gram and Schmidt): the next one takes
    (column . left)^2 / |column|^2 from the sum of squares, of which no fit has to be made.
    """
    n = len(peaks)
    rest, left = columns - columns.mean(axis=0), peaks - peaks.mean()
    whole = (rest**2).sum(axis=0)
    chosen: list[int] = []
    while len(chosen) < min(MOST, columns.shape[1]):
        own = (rest**2).sum(axis=0)
        new = own > 1e-6 * whole  # else it says what those joined say already
        new[chosen] = False
        takes = np.where(new, (left @ rest) ** 2 / np.where(new, own, 1.0), 0.0)
        best, squares = int(takes.argmax()), float(left @ left)
        if takes[best] <= 0 or n * np.log(squares / max(squares - takes[best], 1e-12)) < PRICE * np.log(n):
            break
        chosen.append(best)
        axis = rest[:, best] / np.sqrt(own[best])
        left = left - axis * (axis @ left)
        rest = rest - np.outer(axis, axis @ rest)
    return chosen


def _fit(columns: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    """Rest, then a weight for each column, by least squares."""
    return np.asarray(np.linalg.lstsq(np.column_stack([np.ones(len(peaks)), columns]), peaks, rcond=None)[0])


def _fitted(columns: np.ndarray, peaks: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Rest and weights, and each weight's standard deviation over resamples of the pictures."""
    drawn = rng.integers(0, len(peaks), (RESAMPLES, len(peaks)))
    again = np.array([_fit(columns[rows], peaks[rows])[1:] for rows in drawn])
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
