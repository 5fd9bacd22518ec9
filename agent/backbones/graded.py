"""Study of a graded unit: how strongly each of several things fires it, found by successive halving over the vocabulary.

A unit inside a real network has no two levels: the same thing fires it fully or hardly, as the rest of the picture has it, and
a few pictures of a condition say little. So many concepts are drawn a few times each, the better half is drawn again, and so
on (Karnin, Koren and Somekh, *Almost optimal exploration in multi-armed bandits*, 2013); what is left is measured well. The
answer is every way that fires the unit at least half as strongly as the strongest does; what only some pictures of the
strongest show is taken in where the others of them stay silent.
Not covered: counts and relations, and units of two levels (`sufficient.py`). What each label adds is the lab's to say
(`../weighted_labels.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ...tools.screen import Fit
from ...tools.sketch.concept import Concept, Not, Word, absorbed, both, conjuncts, either, normal
from ..admission import FIRES
from ..transcript import Decided, Judged
from .backbone import Conclude
from .candidates import broader, narrower, parts_of
from .lab_book import Acts, LabBook

FIRST = 14  # concepts that are drawn at all
ROUNDS = ((14, 4), (7, 4), (4, 6), (2, 8))  # the best so many are drawn so many times more
FEW = 3.0  # pictures of luck: what an effect on n pictures is worth is n / (n + 3) of it
SHARE = 0.6  # of the strongest way's response that a further way must give
WAYS = 4
TESTED = 8  # pictures a side, to see whether the leader needs a part more
TELLING = 0.35  # correlation with response, among the leader's own pictures, that makes a part worth a test
PICTURES = 24  # a block of the lab's attempt to refute: responses scatter
ATTEMPTS = 2  # conclusions: pictures do not last for more


@dataclass
class Strengths:
    """Peaks of drawn pictures by concept; `rest`: the unit's median answer to the data."""

    rest: float
    peaks: dict[Concept, list[float]] = field(default_factory=dict)

    def add(self, readings: dict[Concept, list[float]]) -> None:
        """More pictures of some concepts."""
        for concept, peaks in readings.items():
            self.peaks.setdefault(concept, []).extend(peaks)

    def of(self, concept: Concept) -> float:
        """Mean response above rest, luck taken off where pictures are few."""
        peaks = self.peaks.get(concept, [])
        return (float(np.mean(peaks)) - self.rest) * len(peaks) / (len(peaks) + 1) if peaks else 0.0

    def ranked(self) -> list[Concept]:
        """All that was drawn, strongest first."""
        return sorted(self.peaks, key=lambda concept: (-self.of(concept), str(concept)))


def study_graded(book: LabBook, rest: float, terms: Sequence[Fit]) -> Acts[None]:
    """The whole study: halving, the leader's parts, the other ways, conclusions, until one is supported."""
    strengths = Strengths(rest)
    yield from _halve(book, strengths, _options(book, terms))
    refused: set[str] = set()
    proposed: Concept | None = None
    for _ in range(ATTEMPTS):
        leader = next((c for c in strengths.ranked() if book.key(c) not in refused and strengths.of(c) > 0), None)
        if leader is None:
            return
        answer = proposed or either(_ways(strengths, (yield from _with_what_it_needs(book, strengths, leader))))
        if book.key(answer) in refused:
            return
        identity = yield from book.raise_once(answer, "every way that fires the unit half as strongly as the strongest")
        if identity is None:
            return
        for rival in _rivals(strengths, answer):
            yield from book.raise_once(rival, "what may be all that matters, or what else may", identity)
        before = book.last(Decided)
        yield Conclude(hypothesis=identity, n=PICTURES)
        decided = book.last(Decided)
        if decided is None or decided is before:
            return
        refused.add(book.key(answer))
        proposed = yield from _after_refusal(book, strengths, decided, refused)


def _after_refusal(book: LabBook, strengths: Strengths, decided: Decided, refused: set[str]) -> Acts[Concept | None]:
    """The rival, where it was not beaten; else None, after a look for what fires the unit without the answer."""
    failed = {check.name for check in decided.checks if not check.passed}
    rival = book.read(decided.rival)
    if "answer against rival" in failed and book.key(rival) not in refused:
        return rival
    fits = yield from book.screen(without=book.read(decided.formula))
    yield from _halve(book, strengths, [book.read(fit.concept) for fit in sorted(fits, key=worth, reverse=True)[:4]])
    return None


def worth(fit: Fit) -> float:
    """How far, in standard deviations, peaks lie higher where the concept holds; luck taken off where pictures are few."""
    return fit.lift * fit.n / (fit.n + FEW)


def _options(book: LabBook, terms: Sequence[Fit]) -> list[Concept]:
    """The simple terms that promise most. What of them is needed is asked of the leader alone."""
    ranked = (book.read(fit.concept) for fit in sorted(terms, key=worth, reverse=True) if fit.r > 0)
    drawable: list[Concept] = [concept for concept in ranked if not isinstance(concept, Word)]
    return drawable[:FIRST]


def _halve(book: LabBook, strengths: Strengths, options: Sequence[Concept]) -> Acts[None]:
    """Draw all, then the better half, and so on; the leader is predicted high, the others low."""
    left = list(options)
    for most, n in ROUNDS:
        left = sorted(left, key=lambda concept: -strengths.of(concept))[:most]
        if len(left) < 2:
            return
        identity = yield from book.raise_once(left[0], "strongest so far of all that was drawn")
        if identity is None:
            return
        readings = yield from book.experiment(identity, left[:1], left[1:], n)
        strengths.add({concept: [r.peak for r in some] for concept, some in readings.items()})


def _with_what_it_needs(book: LabBook, strengths: Strengths, leader: Concept) -> Acts[Concept]:
    """The leader with the part that only some of its pictures show, where those without it stay silent."""
    shown = _pictures(book, leader)
    terms = [book.read(fit.concept) for fit in (yield from book.screen(pictures=shown))] if len(shown) >= TESTED else []
    parts = [*narrower(leader), *(both([leader, term]) for term in terms)]
    parts = [p for p in parts if absorbed(p) == p and normal(p) != normal(leader)]
    fits = (yield from book.screen(parts, pictures=shown)) if parts else []
    telling = [fit for fit in fits if fit.r >= TELLING and 2 <= fit.n <= len(shown) - 2]
    if not telling:
        return leader
    part = book.read(telling[0].concept)
    identity = yield from book.raise_once(part, f"fires it more than other pictures of {leader} do")
    without = both([leader, Not(part)])
    if identity is None:
        return leader
    readings = yield from book.experiment(identity, [part], [without], TESTED)
    strengths.add({part: [r.peak for r in readings.get(part, [])]})
    lacking = [r.peak for r in readings.get(without, [])]
    if not lacking or not strengths.peaks[part]:
        return leader
    needed = float(np.mean(lacking)) - strengths.rest < FIRES * (float(np.mean(strengths.peaks[part])) - strengths.rest)
    return part if needed else leader


def _pictures(book: LabBook, concept: Concept) -> list[str]:
    """Ids of all pictures that were drawn for the concept."""
    name = str(concept)
    shown = [one for event in book.events if isinstance(event, Judged) for one in event.measured if one.name == name]
    return list(dict.fromkeys(reading.picture for one in shown for reading in one.readings))


def _ways(strengths: Strengths, leader: Concept) -> list[Concept]:
    """The leader, and what else fires the unit at least `SHARE` as strongly; of two that overlap, the stronger."""
    found = [leader]
    for concept in strengths.ranked():
        strong = len(strengths.peaks[concept]) >= TESTED and strengths.of(concept) >= SHARE * strengths.of(leader)
        if strong and len(found) < WAYS and all(_apart(concept, way) for way in found):
            found.append(concept)
    return found


def _apart(one: Concept, other: Concept) -> bool:
    """Whether neither concept is part of the other."""
    a, b = ({normal(part) for part in (concept, *conjuncts(concept), *broader(concept))} for concept in (one, other))
    return not a & b


def _rivals(strengths: Strengths, answer: Concept) -> list[Concept]:
    """What is left of the answer without a part, and the strongest of what it leaves out."""
    rest = [concept for concept in strengths.ranked() if normal(concept) != normal(answer)]
    return [*broader(answer), *sorted(rest[:3], key=parts_of)][:5]
