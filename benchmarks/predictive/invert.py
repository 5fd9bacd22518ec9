"""INVERT's search: the formula of concepts by which a unit's activation is told apart best, by AUC alone.

Covered: AND, OR and AND NOT of simple concepts, at most three: every one and every two, and a third joined to the best of
these, scored by the area under the ROC curve over all pictures (after Bykov et al., 2023). Formulas true of fewer than 10% or
of more than half of the pictures are not told. The rank test is corrected over every formula of three concepts, for the best of
a search is as good as the best of all that it could have come upon. Not covered: any price on length, which INVERT has not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...tools.sketch.concept import Concept, Not, absorbed, both, either
from ..synthetic.baselines import Seen

BEAM = 10
LEAST, MOST = 0.1, 0.5  # share of pictures; the least was chosen on units of other layers than those reported
ALPHA = 0.05
JOINS = ("and", "or", "and not")


@dataclass(frozen=True)
class Found:
    """A formula, its AUC, the p of its rank test, and how many formulas of its length there are."""

    concept: Concept
    auc: float
    p: float
    among: int

    @property
    def significant(self) -> bool:
        """Whether chance gives no such AUC to the best of as many formulas, one time in twenty."""
        return self.p * self.among <= ALPHA


Row = tuple[float, str, Concept, np.ndarray]  # AUC, the formula, the concept, of which pictures it is true


def search(seen: Seen) -> Found | None:
    """The formula with the highest AUC that the search comes upon; None where none is common enough."""
    from scipy.stats import norm, rankdata

    terms = seen.terms
    if not terms:
        return None
    truths, ranks = np.array([seen.corpus.truths(term) for term in terms]), rankdata(seen.peaks)
    alone = [(float(a), str(t), t, row) for a, t, row in zip(areas(truths, ranks), terms, truths, strict=True) if a > 0]
    beam = _best([*alone, *_pairs(terms, truths, ranks)])
    for _, _, base, row in list(beam):
        for join in JOINS:
            rows = _truths(join, row, truths)
            found = areas(rows, ranks)
            for place in np.argsort(-found, kind="stable")[:BEAM]:
                if found[place] > 0:
                    concept = _joined(base, join, terms[place])
                    beam.append((float(found[place]), str(concept), concept, rows[place]))
    beam = _best(beam)
    if not beam:
        return None
    auc, _, concept, row = beam[0]
    m, n = int(row.sum()), int((~row).sum())
    p = float(norm.sf((auc - 0.5) / np.sqrt((m + n + 1) / (12 * m * n))))
    return Found(concept, auc, p, len(terms) * (1 + len(JOINS) * len(terms)) * (1 + len(JOINS) * len(terms)))


def areas(truths: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """The area under the ROC curve of each row of truths; 0 for rows that are true too rarely or too often."""
    return _areas(truths.sum(axis=1).astype(np.float64), truths @ ranks, len(ranks))


def _areas(n: np.ndarray, sums: np.ndarray, of: int) -> np.ndarray:
    """The same from how often each is true, and the sum of the ranks there; any shape."""
    usable = (n >= LEAST * of) & (n <= MOST * of)
    m = np.where(usable, n, 1)
    return np.where(usable, (sums - m * (m + 1) / 2) / (m * (of - m)), 0.0)


def _pairs(terms: list[Concept], truths: np.ndarray, ranks: np.ndarray) -> list[Row]:
    """The best of all joins of two concepts: of each join several times the beam, for some say no more than one of the two."""
    shown = truths.astype(np.float64)
    n, sums = shown.sum(axis=1), shown @ ranks
    both_n, both_sums = shown @ shown.T, (shown * ranks) @ shown.T
    counted = {
        "and": (both_n, both_sums),
        "or": (n[:, None] + n - both_n, sums[:, None] + sums - both_sums),
        "and not": (n[:, None] - both_n, sums[:, None] - both_sums),
    }
    rows: list[Row] = []
    for join, (count, total) in counted.items():
        found = _areas(count, total, len(ranks))
        found[np.tril_indices(len(terms)) if join != "and not" else np.diag_indices(len(terms))] = 0
        for flat in np.argsort(-found, axis=None, kind="stable")[: 5 * BEAM]:
            i, j = divmod(int(flat), len(terms))
            if found[i, j] > 0:
                concept = _joined(terms[i], join, terms[j])
                rows.append((float(found[i, j]), str(concept), concept, _truths(join, truths[i], truths[j])))
    return rows


def _truths(join: str, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    found: np.ndarray = one | other if join == "or" else one & (other if join == "and" else ~other)
    return found


def _joined(base: Concept, join: str, term: Concept) -> Concept:
    if join == "or":
        return either([base, term])
    return both([base, term if join == "and" else Not(term)])


def _best(rows: list[Row]) -> list[Row]:
    """The best of the beam, each formula once, without those that a shorter one says too; of equals the shorter first."""
    ranked = sorted({row[1]: row for row in rows}.values(), key=lambda row: (-round(row[0], 9), len(row[1]), row[1]))
    kept: list[Row] = []
    for row in ranked:
        if len(kept) < BEAM and absorbed(row[2]) == row[2]:
            kept.append(row)
    return kept
