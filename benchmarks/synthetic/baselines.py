"""What can be said without an experiment: the baselines, each given the data set and further random scenes.

Covered:
exemplars   the terms that most captions of the 15 strongest pictures share
milan       the term with the largest pointwise mutual information with the 15 strongest, common terms discounted
            (MILAN's decision rule with captions for its decoder: argmax of log p(t | top) - .2 log p(t))
one-shot    beam search over the whole grammar for the concept that correlates best over the whole range, on half of the
            pictures; it abstains where the other half does not bear it out
random      a concept drawn by lot: what agreement is worth
Each says a concept or None; none of them has a test to pass, so what is said counts as supported. `oracle` (the truth)
and `random-queries` (the empiricist on random pictures) are not here: `asking.py`, `random_queries.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from ...agent.backbones.candidates import joined, narrower, parts_of
from ...tools.corpus import Corpus
from ...tools.sketch import vocabulary as v
from ...tools.sketch.concept import AtLeast, Concept, Phrase, Related, absorbed, both, normal
from ...tools.statistics import pearson

TOP = 15
SHARED = 10  # of the top 15 whose captions must name a term
DISCOUNT = 0.2  # MILAN's lambda
BEAM, DEPTH = 12, 4
LEADING = 24  # terms that may be joined to a beam's concept
RELATED = 5  # leading nouns whose relations are tried
WORTH = 0.02  # correlation that a further part must earn (Linear Explanations' stopping rule)
ALPHA = 0.05


@dataclass(frozen=True)
class Seen:
    """What a baseline may look at: what pictures show and the unit's peaks on them, and a stream of its own."""

    corpus: Corpus
    peaks: np.ndarray
    rng: np.random.Generator

    @property
    def terms(self) -> list[Concept]:
        """The simple concepts that some of the pictures show and some do not."""
        return self.corpus.terms(np.arange(len(self.corpus)))

    @property
    def top(self) -> np.ndarray:
        """Indices of the 15 strongest pictures."""
        return np.argsort(-self.peaks, kind="stable")[:TOP]


def exemplars(seen: Seen) -> Concept | None:
    """The terms that at least 10 of the 15 strongest pictures share, together; else the one that most of them do."""
    counts = [(int(seen.corpus.truths(term)[seen.top].sum()), term) for term in seen.terms]
    shared = [term for n, term in sorted(counts, key=lambda row: (-row[0], str(row[1]))) if n >= SHARED]
    if shared:
        return absorbed(both(shared[:3]))
    return max(counts, key=lambda row: (row[0], str(row[1])))[1] if counts else None


def milan(seen: Seen) -> Concept | None:
    """The term most told by being among the strongest, with the discount for common terms."""

    def told(term: Concept) -> float:
        true = seen.corpus.truths(term)
        within = (true[seen.top].sum() + 0.5) / (TOP + 1)
        return float(math.log(within) - DISCOUNT * math.log((true.sum() + 0.5) / (len(true) + 1)))

    return max(seen.terms, key=lambda term: (told(term), str(term)), default=None)


def one_shot(seen: Seen) -> Concept | None:
    """The concept that correlates best with the peak, found by beam search; None where the other half shows no such thing."""
    half = seen.rng.permutation(len(seen.peaks)) < len(seen.peaks) // 2
    fits: dict[str, float] = {}
    above = seen.peaks[half] - seen.peaks[half].mean()
    size = float(np.sqrt((above**2).sum() * len(above)))

    def fit(concept: Concept) -> float:
        """Pearson's correlation: thousands are tried, so that what is the same for all is worked out once."""
        key = str(normal(concept))
        if key not in fits:
            true = seen.corpus.truths(concept)[half]
            n = int(true.sum())
            some = 3 <= n < len(true) and size > 0
            fits[key] = float(above[true].sum()) / size / math.sqrt(n / len(true) * (1 - n / len(true))) if some else 0.0
        return fits[key]

    def worth(concept: Concept) -> float:
        return fit(concept) - WORTH * parts_of(concept)

    beam = _search(seen, fit, worth)
    if not beam:
        return None
    true = seen.corpus.truths(beam[0])[~half]
    return beam[0] if _is_no_luck(pearson(true.astype(float), seen.peaks[~half]) or 0.0, len(true)) else None


def _search(seen: Seen, fit: Callable[[Concept], float], worth: Callable[[Concept], float]) -> list[Concept]:
    """The beam after its last step, best first."""
    simple = sorted(seen.terms, key=fit, reverse=True)
    nouns = [t for t in simple if isinstance(t, Phrase) and list(t.named()) == ["noun"] and t.noun in v.NOUNS]
    counted: list[Concept] = [AtLeast(n, noun) for noun in nouns for n in range(2, 5)]
    related = [Related(a, how, b) for a, b in permutations(nouns[:RELATED], 2) for how in v.RELATIONS]
    leading = sorted([*simple, *counted, *related], key=fit, reverse=True)[:LEADING]
    vetoes = simple[-6:]
    beam = leading[:BEAM]
    for _ in range(DEPTH - 1):
        grown = [option for base in beam for option in (*joined(base, leading, leading, vetoes), *narrower(base))]
        kept = {str(normal(option)): option for option in [*beam, *(x for x in grown if absorbed(x) == x)]}
        found = sorted(kept.values(), key=lambda option: (-worth(option), str(option)))[:BEAM]
        if found == beam:
            break
        beam = found
    return beam


def drawn_by_lot(seen: Seen) -> Concept | None:
    """One of the terms, any."""
    return seen.terms[int(seen.rng.integers(len(seen.terms)))] if seen.terms else None


def _is_no_luck(r: float, n: int) -> bool:
    """Whether a correlation on fresh pictures is above what chance gives one time in twenty (Fisher's z)."""
    from scipy.stats import norm

    return bool(norm.sf(math.atanh(min(r, 1 - 1e-9)) * math.sqrt(max(1, n - 3))) <= ALPHA)


BASELINES: dict[str, Callable[[Seen], Concept | None]] = {
    "exemplars": exemplars,
    "milan": milan,
    "one-shot": one_shot,
    "random": drawn_by_lot,
}


