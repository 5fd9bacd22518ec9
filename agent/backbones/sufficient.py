"""Ways of firing, one at a time: what is enough to fire the unit, and of which no part can be left out.

Valiant's way to learn a formula in disjunctive form (1984): take a picture that fires the unit and that no way found so far
explains; find in its contents what is enough, by drawing it among other contents; leave out what is not needed, by drawing
it without each part in turn; then look for the next picture. Which contents are tried first is read off the whole range.
Covered: objects, attributes, binding, conjunctions, counts, relations, by the same steps. Not covered: what silences a way
(`vetoes.py`), and pictures known by captions alone, of which only words can be tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from ...tools.exceptions import Exception_
from ...tools.lab import Reading
from ...tools.screen import Fit
from ...tools.sketch import vocabulary as v
from ...tools.sketch.concept import And, AtLeast, Concept, Not, Phrase, Word, absorbed, both, conjuncts, either
from .candidates import parts_of
from .lab_book import Acts, LabBook
from .levels import Levels
from .parts import LEADING, bound, less, narrowed, pairs, related, shown_by, singles, unique, whole, without_one_part

N = 4  # pictures of each condition; doubtful conditions are shown as many again, twice at most
AGAIN = 2
MOST_WAYS = 4
CANDIDATES = 4  # tried for one picture
MOST_FAILURES = 2  # pictures of which every candidate failed, after which the search ends
MOST_PICTURES = 8  # looked at in all
DEEPEST = 4  # steps from a candidate to what is left of it
PROMISING = 0.28  # share of full response that a further way must have in the data
AGAIN_AS_STRONG = 0.6  # of full response: what several pictures share must reach it
ABOVE_ALL = 0.95  # superiority: of two pictures, both are among the strongest
ALONE = 0.3  # what the correlation of a candidate's parts counts beside how fully its pictures fire
MORE = 2.0  # times the response that another variant must give to be the real thing
STRONGER = 1.25  # times what either of two ways gives alone that both must give, to be looked at as one
TOGETHER = 1.5  # times the sum of its parts' responses that a conjunction must give; of that, a relation


Key = TypeVar("Key")


@dataclass
class Ways:
    """What was found: ways that are each enough, the levels as they are now known, and what was tried on the way."""

    levels: Levels
    found: list[Concept] = field(default_factory=list)
    tried: set[str] = field(default_factory=set)
    strongest: float = 0.0  # response of drawn pictures of the strongest way, above rest

    def settle(self, strength: float) -> None:
        """Let full response be what pictures drawn for the strongest way give, above rest; data's extremes are no measure."""
        self.strongest = max(self.strongest, strength)
        self.levels = replace(self.levels, full=self.levels.rest + self.strongest)

    @property
    def formula(self) -> Concept | None:
        """All ways together; None where none is known."""
        return either(self.found) if self.found else None


@dataclass(frozen=True)
class Contents:
    """A picture to be explained, as concepts. `terms`: its single contents, those that go with the peak best first."""

    things: tuple[Phrase, ...]
    terms: tuple[Concept, ...]
    overall: tuple[Concept, ...]  # what goes with the peak best over all pictures left
    others: tuple[Concept, ...] = ()  # place and light


def find_ways(book: LabBook, ways: Ways) -> Acts[None]:
    """Add ways until nothing in the open data fires without one of them, or nothing explains what does."""
    failures = 0
    seen: set[int] = set()
    while len(ways.found) < MOST_WAYS and failures < MOST_FAILURES and len(seen) < MOST_PICTURES:
        left = yield from book.exceptions(ways.levels.bar, ways.formula, k=16)
        missed = [] if left is None else [e for e in left.missed if e.index not in seen]
        if not missed:
            return
        picture = _clearest(missed, ways.levels)
        seen.add(picture.index)
        before = len(ways.tried)
        way = yield from _explain(book, ways, picture)
        if way is None:
            failures += len(ways.tried) > before  # to see that nothing in it is promising costs no pictures
        elif not (yield from _together(book, ways, way)):
            ways.found.append(way)


def without_needless(book: LabBook, ways: Ways) -> Acts[None]:
    """Leave out ways without which as much of the open data is explained: a later, wider one took their place."""
    for way in list(ways.found):
        rest = [other for other in ways.found if other != way]
        if not rest:
            return
        everything = yield from book.exceptions(ways.levels.bar, ways.formula, k=1)
        less_of_it = yield from book.exceptions(ways.levels.bar, either(rest), k=1)
        if everything is not None and less_of_it is not None and less_of_it.misses <= everything.misses:
            ways.found = rest


def _together(book: LabBook, ways: Ways, way: Concept) -> Acts[bool]:
    """Whether a new way and one found before are parts of one: together they do far more than either; then that is found.

    Only where responses are so weak that the data may never have shown the unit what it fires for.
    """
    for place, other in enumerate(ways.found if not ways.levels.clear else ()):
        both_of_them = both([other, way])
        if absorbed(both_of_them) != both_of_them or isinstance(other, And) or isinstance(way, And):
            continue
        identity = yield from book.raise_once(both_of_them, "each does a little: do both together do more?")
        if identity is None:
            continue
        readings = yield from book.experiment(identity, [both_of_them], [both([way, Not(other)])], N)
        peaks = [reading.peak for reading in readings.get(both_of_them, [])]
        if not peaks or float(np.mean(peaks)) - ways.levels.rest < STRONGER * ways.strongest:
            continue
        found = yield from examine(book, ways, both_of_them, Contents((), (), ()))
        if found is not None:
            ways.found[place] = found
            return True
    return False


def _clearest(missed: Sequence[Exception_], levels: Levels) -> Exception_:
    """Of the pictures that fire about as strongly as the strongest, the one that shows least."""
    strongest = levels.share(missed[0].peak)
    strong = [e for e in missed if levels.share(e.peak) >= 0.75 * strongest]
    return min(strong, key=lambda e: (len(e.things), -e.peak))


def _explain(book: LabBook, ways: Ways, picture: Exception_) -> Acts[Concept | None]:
    """What of the picture's contents is enough, and needed; None where nothing tried is."""
    ranked = yield from book.screen(without=ways.formula)
    r = {book.key(book.read(fit.concept)): fit.r for fit in ranked}
    contents = _contents(book, picture, r, [book.read(fit.concept) for fit in ranked if fit.r > 0][:4])
    options = [*contents.terms, *bound(contents.things), *pairs(contents.terms[:LEADING])]
    options += [*contents.overall, *pairs(contents.overall), *_merged(contents.overall)]
    fits = yield from book.screen(unique(options), without=ways.formula)
    scored = sorted(((_worth(fit, ways.levels, r, book), fit) for fit in fits), key=lambda one: (-one[0], one[1].concept))
    fires_again = any(
        fit.n > 1 and fit.superiority >= ABOVE_ALL and ways.levels.share(fit.high) >= AGAIN_AS_STRONG for _, fit in scored
    )
    if not fires_again and ways.levels.clear and ways.levels.share(picture.peak) >= AGAIN_AS_STRONG:
        way = yield from take_apart(book, ways, contents)  # one picture alone: what goes with what cannot be seen
        if way is not None:
            return way
    least = PROMISING if ways.found else 0.0
    tried = 0
    for worth, fit in scored:
        concept = book.read(fit.concept)
        if tried == CANDIDATES or worth < least:
            break
        if book.key(concept) in ways.tried:
            continue
        tried += 1
        way = yield from examine(book, ways, concept, contents)
        if way is not None:
            return way
    return None


def _contents(book: LabBook, picture: Exception_, r: dict[str, float], overall: list[Concept]) -> Contents:
    things = [phrase for phrase in map(book.read, picture.things) if isinstance(phrase, Phrase)]
    others = [book.read(other) for other in picture.others if other in book.words or " " in other]
    terms = sorted(singles(things, others), key=lambda term: -r.get(book.key(_base(term)), 0.0))
    return Contents(tuple(things), tuple(terms), tuple(overall), tuple(others))


def _base(term: Concept) -> Concept:
    return term.phrase if isinstance(term, AtLeast) else term


def _merged(terms: Sequence[Concept]) -> list[Concept]:
    """Two attributes among the terms, of one thing."""
    phrases = [term for term in terms if isinstance(term, Phrase)]
    found = [a.named() | b.named() for a in phrases for b in phrases if not a.named().keys() & b.named().keys()]
    return unique(Phrase(**named) for named in found)


def _worth(fit: Fit, levels: Levels, r: dict[str, float], book: LabBook) -> float:
    """How fully the pictures fire that show it, less what luck may add; correlation decides among equals."""
    concept = book.read(fit.concept)
    alone = float(np.mean([r.get(book.key(_base(part)), 0.0) for part in conjuncts(concept)]))
    return levels.sure_share(fit.high, fit.n) + ALONE * alone - 0.01 * parts_of(concept) if fit.n else -1.0


# ---- one candidate ----------------------------------------------------------------------------------------------------


def examine(book: LabBook, ways: Ways, concept: Concept, contents: Contents, depth: int = 0) -> Acts[Concept | None]:
    """What is left of a candidate when all that is not needed is left out; None where it is not enough."""
    ways.tried.add(book.key(concept))
    if depth > DEEPEST:
        return None
    identity = yield from book.raise_once(concept, "true of what fires the unit; is it enough, and is all of it needed?")
    if identity is None:
        return None
    high = shown_by(concept)
    variants = without_one_part(concept)
    low = [shown for shown, _ in variants] or _control(concept, contents)
    measured = yield from _measure(book, ways, identity, high, low)
    if not measured:
        return None
    levels = ways.levels
    own, more = high[0], high[1:]
    level = float(np.mean(measured[own])) - levels.rest
    for lifted in more:
        if lifted in measured and np.mean(measured[lifted]) - levels.rest > MORE * max(level, 1e-9):
            return (yield from examine(book, ways, lifted, contents, depth + 1))
    said = levels.read(measured[own])
    if said == "silent":
        return None
    if said == "fires":  # not by the luck of four: once more, beside the variant that does best without the part
        rest = sorted((c for c in low if c in measured), key=lambda c: -float(np.mean(measured[c])))[:1]
        again = yield from book.experiment(identity, [own], rest, N)
        for shown, readings in again.items():
            measured[shown] = [*measured[shown], *(reading.peak for reading in readings)]
        said = levels.read(measured[own]) if levels.even(measured[own]) else "mixed"
        level = float(np.mean(measured[own])) - levels.rest
    if said != "fires" or _a_mere_sum(concept, measured, own, low, levels):
        return (yield from _more_is_needed(book, ways, identity, concept, contents, depth))
    enough = [
        (float(np.mean(measured[shown])), instead)
        for shown, instead in variants
        if shown in measured and levels.read(measured[shown]) == "fires"
    ]
    if not enough:
        ways.settle(level)
        return concept
    strength, simpler = min(enough, key=lambda one: (parts_of(one[1]), -one[0]))
    ways.tried.add(book.key(simpler))
    if parts_of(simpler) == 1 or (isinstance(concept, Phrase) and isinstance(simpler, And)):
        yield from book.raise_once(simpler, f"enough without the rest of {concept}", identity)
        ways.settle(strength - levels.rest)
        return simpler
    return (yield from examine(book, ways, simpler, contents, depth + 1))


def _measure(
    book: LabBook, ways: Ways, identity: str, high: Sequence[Concept], low: Sequence[Concept]
) -> Acts[dict[Concept, list[float]]]:
    """Peaks by condition; those that leave it unclear whether the unit fires are measured again. Raises what is full."""
    peaks: dict[Concept, list[float]] = {}
    sides = (list(high), list(low))
    for turn in range(1 + AGAIN):
        readings = yield from book.experiment(identity, *sides, N)
        for concept, some in readings.items():
            peaks.setdefault(concept, []).extend(reading.peak for reading in some)
        if turn == 0 and high[0] not in peaks:
            return {}
        for concept in high:
            ways.levels = ways.levels.raised(peaks.get(concept, []))
        doubtful = [concept for concept, some in peaks.items() if ways.levels.read(some) == "unclear"]
        if not doubtful:
            break
        sides = ([c for c in high if c in doubtful] or [high[0]], [c for c in low if c in doubtful])
        if not sides[1]:
            sides = (sides[0], [c for c in low if c in peaks][:1])
    return peaks


def _control(concept: Concept, contents: Contents) -> list[Concept]:
    """For a concept of one part: what else the picture shows that goes with the peak, without it."""
    others = [term for term in (*contents.terms, *contents.overall) if not isinstance(term, AtLeast | Word)]
    kind = type(concept)
    possible = [term for term in others if term != concept and (kind is Phrase or not isinstance(term, kind))]
    noun = concept.noun if isinstance(concept, Phrase) else None
    stimulus = noun in v.STIMULI
    fitting = [term for term in possible if not (stimulus and isinstance(term, Phrase) and term.noun is not None)]
    return [both([term, Not(concept)]) for term in fitting[:1]]


def _a_mere_sum(
    concept: Concept, measured: dict[Concept, list[float]], own: Concept, low: Sequence[Concept], levels: Levels
) -> bool:
    """Whether two things together fire the unit hardly more than each alone adds up to: part of something else."""
    if not isinstance(concept, And) or len(_nouns(concept)) != 2 or len(concept.parts) != 2:
        return False
    alone = [float(np.mean(measured[shown])) - levels.rest for shown in low if shown in measured]
    return float(np.mean(measured[own])) - levels.rest < TOGETHER * sum(max(0.0, each) for each in alone)


def _nouns(concept: Concept) -> list[Phrase]:
    return [part for part in conjuncts(concept) if isinstance(part, Phrase) and part.noun is not None]


def _more_is_needed(
    book: LabBook,
    ways: Ways,
    identity: str,
    concept: Concept,
    contents: Contents,
    depth: int,
) -> Acts[Concept | None]:
    """Some pictures of the concept fire and some do not: how its things stand to each other, or a part more."""
    if isinstance(concept, And) and len(_nouns(concept)) == len(concept.parts) == 2:
        way = yield from _by_place(book, ways, identity, concept, contents, depth)
        if way is not None:
            return way
    if depth or not ways.levels.clear:  # among so much noise any part more would seem to help
        return None
    options = [o for o in narrowed(concept, contents.things, contents.terms) if book.key(o) not in ways.tried]
    fits = yield from book.screen(options, without=ways.formula)
    ranked = sorted(fits, key=lambda fit: (-_worth(fit, ways.levels, {}, book), fit.concept))
    for fit in ranked[:2]:
        way = yield from examine(book, ways, book.read(fit.concept), contents, depth + 1)
        if way is not None:
            return way
    return None


def _by_place(
    book: LabBook, ways: Ways, identity: str, concept: And, contents: Contents, depth: int
) -> Acts[Concept | None]:
    """Both things in every relation, and the relation examined that goes with the peak best, if it does more than the rest."""
    one, other = _nouns(concept)
    options = related(one, other)
    half = len(options) // 2
    readings = yield from book.experiment(identity, options[:half], options[half:], N, exploratory=True)
    shown: list[Reading] = [reading for some in readings.values() for reading in some]
    if not shown:
        return None
    for some in readings.values():
        ways.levels = ways.levels.raised([reading.peak for reading in some])
    fits = yield from book.screen(options, pictures=[reading.picture for reading in shown])
    rest = ways.levels.rest
    best = max((fit for fit in fits if fit.n >= N), key=lambda fit: fit.r, default=None)
    if best is None or best.r <= 0 or best.high - rest < TOGETHER * (best.low - rest):
        return None
    return (yield from examine(book, ways, book.read(best.concept), contents, depth + 1))


# ---- one picture ------------------------------------------------------------------------------------------------------


def take_apart(book: LabBook, ways: Ways, contents: Contents) -> Acts[Concept | None]:
    """What is needed of a picture's contents, where it is the only one that fires: all of them are drawn, less each in turn.

    First without each thing, the place, the light; then, of the things that are needed, without each attribute.
    """
    parts = whole(contents.things, contents.others)
    needed = yield from _needed(book, ways, parts, [(part, [p for p in parts if p != part]) for part in parts])
    if not needed:
        return None
    slots = [(part, name) for part in needed if isinstance(part, Phrase) for name in part.named()]
    variants = [
        ((part, name), [p for p in needed if p != part] + ([less(part, name)] if len(part.named()) > 1 else []))
        for part, name in slots
    ]
    kept = yield from _needed(book, ways, needed, variants)
    if kept is None:
        return None
    left: list[Concept] = [part for part in needed if not isinstance(part, Phrase)]
    for part in needed:
        if isinstance(part, Phrase):
            named = {name: value for name, value in part.named().items() if (part, name) in kept}
            left.append(Phrase(**named) if named else part)
    return (yield from examine(book, ways, both(left), contents))


def _needed(
    book: LabBook, ways: Ways, parts: Sequence[Concept], variants: Sequence[tuple[Key, Sequence[Concept]]]
) -> Acts[list[Key] | None]:
    """Of variants of the parts together, those that leave the unit silent; None where even all parts do not fire it."""
    everything = both(list(parts))
    drawn = {key: both([*rest, Not(everything)]) for key, rest in variants if rest}
    if not drawn:
        return [key for key, _ in variants]
    identity = yield from book.raise_once(everything, "all that is seen in a picture that fires: which of it is needed?")
    if identity is None:
        return None
    readings = yield from book.experiment(identity, [everything], list(drawn.values()), N)
    peaks = {concept: [reading.peak for reading in some] for concept, some in readings.items()}
    if ways.levels.read(peaks.get(everything, [])) != "fires":
        return None
    return [key for key, _ in variants if key not in drawn or ways.levels.read(peaks.get(drawn[key], [])) != "fires"]
