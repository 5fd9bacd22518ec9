"""What a detector sees in the pictures of a data set, and which formulas of its nouns can be asked about there at all.

A formula is a question where the pictures answer it either way: its neuron fires for at least `FEWEST` of them and for at most
three quarters, and each of its nouns decides: in at least `FEWEST` pictures that show it, by being seen, and in as many by
not being seen. So there is no question in what a detector takes for something else ("lemon and orange fruit", of one orange),
in nouns that are never seen together, in one that comes only with the other ("dog and dalmatian"), and in a veto of what is
never there. Covered: the counts and the reasons. Not covered: which formulas are drawn (`detector_suites.py`), how a detector
is shown a data set (the benchmark does that).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from ..tools.sketch.concept import And, Concept, Not, Or
from .detector_neuron import FIRES, labels_of

FEWEST = 4  # pictures: fewer, and the benchmark would set the neuron apart as one that the data hardly show
MOST = 0.75  # share of the pictures
SELDOM = f"fires for fewer than {FEWEST} pictures"
MOSTLY = "fires for more than three quarters of the pictures"
APART = f"two nouns that are seen together in fewer than {FEWEST} pictures"
UNDECIDED = f"a noun decides, by being seen where it is shown, or by not being seen, in fewer than {FEWEST} pictures"


@dataclass(frozen=True, eq=False)
class Sightings:
    """`scores`: what the detector scores for each noun in each picture, float, pictures x nouns, in [0, 1]. `shown`: whether
    the picture shows it, by all that is told of it, bool, pictures x nouns."""

    nouns: tuple[str, ...]
    scores: np.ndarray
    shown: np.ndarray

    @cached_property
    def seen(self) -> np.ndarray:
        """Which nouns are seen in which pictures: bool, pictures x nouns."""
        return np.asarray(self.scores >= FIRES)

    @cached_property
    def often(self) -> tuple[str, ...]:
        """The nouns that are a question by themselves: seen in enough of the pictures that show them, and in not too many."""
        seen, right = self.seen.sum(axis=0), (self.seen & self.shown).sum(axis=0)
        most = min(MOST * len(self.scores), len(self.scores) - FEWEST)
        return tuple(noun for i, noun in enumerate(self.nouns) if right[i] >= FEWEST and seen[i] <= most)

    @cached_property
    def together(self) -> tuple[tuple[str, str], ...]:
        """The pairs, of those nouns, that are seen together in enough of the pictures."""
        columns = self.seen[:, [self.nouns.index(noun) for noun in self.often]].astype(np.int64)
        counts = columns.T @ columns
        every = combinations(range(len(self.often)), 2)
        return tuple((self.often[a], self.often[b]) for a, b in every if counts[a, b] >= FEWEST)

    def score(self, concept: Concept) -> np.ndarray:
        """What a formula scores in each picture: float, (N,); for each what `detector_neuron.scored` has as its maximum."""
        if isinstance(concept, Or):
            return np.asarray(np.maximum.reduce([self.score(part) for part in concept.parts]))
        if isinstance(concept, And):
            found: np.ndarray = np.minimum.reduce([self.score(p) for p in concept.parts if not isinstance(p, Not)])
            for part in concept.parts:
                if isinstance(part, Not):
                    found = found * (1.0 - self.score(part.part))
            return found
        return np.asarray(self.scores[:, self.nouns.index(str(concept))], np.float64)

    def why_not(self, concept: Concept) -> str | None:
        """Why the formula is no question in these pictures; None where it is one."""
        fires = int((self.score(concept) >= FIRES).sum())
        if fires < FEWEST:
            return SELDOM
        if fires > MOST * len(self.scores):
            return MOSTLY
        return None if all(self._decides(concept, noun) for noun in labels_of(concept)) else UNDECIDED

    def _decides(self, concept: Concept, noun: str) -> bool:
        """Whether the noun decides in enough pictures in which it is shown and seen, and in enough in which it is not seen."""
        place = self.nouns.index(noun)
        there, gone = self.seen.copy(), self.seen.copy()
        there[:, place], gone[:, place] = True, False
        decided = _true(concept, self.nouns, there) != _true(concept, self.nouns, gone)
        seen = self.seen[:, place]
        return min(int((decided & seen & self.shown[:, place]).sum()), int((decided & ~seen).sum())) >= FEWEST


def _true(concept: Concept, nouns: Sequence[str], seen: np.ndarray) -> np.ndarray:
    """In which pictures the formula holds of what is seen there: bool, (N,)."""
    match concept:
        case Not(part):
            return ~_true(part, nouns, seen)
        case And(parts):
            return np.asarray(np.logical_and.reduce([_true(part, nouns, seen) for part in parts]))
        case Or(parts):
            return np.asarray(np.logical_or.reduce([_true(part, nouns, seen) for part in parts]))
    return np.asarray(seen[:, list(nouns).index(str(concept))])
