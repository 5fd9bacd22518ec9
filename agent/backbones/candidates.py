"""Candidate concepts for the empiricist: from simple terms that go with activation to compounds that go with it better.

Covered: what to try next (narrower phrases, and, and not, or), greedily, with a price on every part; what level a concept
is at. It writes formulas only; their fit is measured by the instrument `screen`. Not covered: experiments.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from ...tools.screen import Fit
from ...tools.sketch import vocabulary as v
from ...tools.sketch.concept import (
    And,
    AtLeast,
    Concept,
    Light,
    Not,
    On,
    Or,
    Phrase,
    Related,
    absorbed,
    both,
    either,
    normal,
    parse,
)

WORTH = 0.02  # a part must raise the correlation by this much (Linear Explanations' stopping rule)
LEADING = 10  # simple terms that take part in compounds
PARTS = 3
STRONG = 0.6  # how far above rest, beside the strongest way, another must fire to be one of the answer's ways
LEAST = 3  # pictures of the open data that must show a compound


def level(concept: Concept) -> str:
    """What kind of claim the concept makes: object, colour, pattern, stimulus ..., or "compound"."""
    match concept:
        case On():
            return "background"
        case Light():
            return "light"
        case Phrase():
            named = concept.named()
            if len(named) > 1:
                return "stimulus" if concept.noun in v.STIMULI else "attributed object"
            return "stimulus" if concept.noun in v.STIMULI else "object" if concept.noun else next(iter(named))
        case AtLeast():
            return "count"
        case Related():
            return "relation"
        case Or() | And() | Not():
            return "compound"
        case _:
            return "word"


def narrower(term: Concept) -> list[Concept]:
    """The phrase with one more attribute named, where one thing can have them all."""
    if not isinstance(term, Phrase):
        return []
    words: dict[str, Sequence[str]] = {
        "noun": (*v.NOUNS, *v.STIMULI),
        "colour": tuple(v.COLOURS),
        "pattern": v.PATTERNS,
        "size": v.SIZES,
        "orientation": v.ORIENTATIONS,
        "frequency": v.FREQUENCIES,
    }
    named = term.named()
    options = [Phrase(**{**named, name: word}) for name in words if name not in named for word in words[name]]
    return [option for option in options if _possible(option)]


def broader(concept: Concept) -> list[Concept]:
    """The concept with one part or attribute left out: what a rival could say is all that matters."""
    match concept:
        case Phrase() if len(concept.named()) > 1:
            return [Phrase(**{k: x for k, x in concept.named().items() if k != left}) for left in concept.named()]
        case And(parts):
            return [
                both(sorted((p for p in parts if p != left), key=lambda p: isinstance(p, Not)))  # no formula begins with "not"
                for left in parts
                if len(parts) > 1 and _positive(parts, left)
            ]
        case Or(parts):
            return list(parts)
        case AtLeast(n, phrase):
            return [phrase, *([AtLeast(n - 1, phrase)] if n > 2 else [])]
        case Related(one, _, other):
            return [both([one, other]), one, other]
        case _:
            return []


def _positive(parts: tuple[Concept, ...], left: Concept) -> bool:
    return any(not isinstance(p, Not) for p in parts if p != left)


def joined(
    base: Concept, ways: Sequence[Concept], others: Sequence[Concept], vetoes: Sequence[Concept]
) -> list[Concept]:
    """The concept joined with each way by `or`, with each other term by `and`, and with each veto by `and not`."""
    has = base.parts if isinstance(base, Or | And) else (base,)
    found: list[Concept] = [either([base, way]) for way in ways if way not in has]
    if not isinstance(base, Or):
        found += [both([base, other]) for other in others if other not in has]
        found += [both([base, Not(veto)]) for veto in vetoes if veto not in has]
    return found


@dataclass(frozen=True)
class Found:
    """`candidates`: best first. `levels`: of every level, the best fit of all that was tried; a compound must have won."""

    candidates: list[Fit]
    levels: dict[str, Fit]


def search(
    simple: Sequence[Fit], words: frozenset[str], nouns: frozenset[str] = frozenset()
) -> Generator[list[str], Sequence[Fit], Found]:
    """Simple terms and the compounds that beat their own parts by `WORTH` a part.

    Yields formulas to be screened and is sent their fits. Greedy: from each of the leading terms, narrower phrases and
    compounds of two; from the best of those, of three. Ways joined by `or` must be nearly as strong as each other.
    """

    def read(fit: Fit) -> Concept:
        return parse(fit.concept, words, nouns)

    leading = [fit for fit in simple if fit.r > 0][:LEADING]
    vetoes = [read(fit) for fit in reversed(simple) if fit.r < 0][:6]
    best = {str(normal(read(fit))): fit for fit in leading}
    levels: dict[str, Fit] = {}
    frontier = leading[:6]
    for _ in range(PARTS - 1):
        tried: dict[str, tuple[Concept, float]] = {}
        for fit in frontier:
            base = read(fit)
            strong = [read(other) for other in leading if as_strong(other, fit) and as_strong(fit, other)]
            for option in [*joined(base, strong, [read(other) for other in leading], vetoes), *finer(base)]:
                key = str(normal(option))
                if key not in best and absorbed(option) == option:
                    tried[key] = (option, max(fit.r, tried[key][1] if key in tried else 0.0))
        if not tried:
            break
        fits = {fit.concept: fit for fit in (yield [str(option) for option, _ in tried.values()])}
        better = []
        for key, (option, floor) in tried.items():
            fit = fits[str(option)]
            here = level(option)
            earned = fit.n >= LEAST and fit.r >= floor + WORTH
            if fit.n >= LEAST and (earned or here != "compound") and (here not in levels or fit.r > levels[here].r):
                levels[here] = fit
            if earned:
                best[key] = fit
                better.append(fit)
        frontier = sorted(better, key=lambda fit: -fit.r)[:6]
    for fit in leading:
        levels.setdefault(level(read(fit)), fit)
    ranked = sorted(best.values(), key=lambda fit: (-(fit.r - WORTH * parts_of(read(fit))), fit.concept))
    return Found(ranked, levels)


def as_strong(way: Fit, leader: Fit) -> bool:
    """Whether a way fires the unit at least `STRONG` as far above rest as the leader does (medians)."""
    return way.high - leader.low >= STRONG * (leader.high - leader.low)


def finer(base: Concept) -> list[Concept]:
    """The concept narrowed: a phrase by an attribute, a disjunction in one of its ways, two phrases to one thing."""
    if not isinstance(base, Or | And):
        return narrower(base)
    found: list[Concept] = []
    for part in base.parts if isinstance(base, Or) else ():
        found += [either([*(p for p in base.parts if p != part), option]) for option in narrower(part)]
    return found + one_thing(base)


def one_thing(concept: Concept) -> list[Concept]:
    """ "red car" for "red and car" and for "red or car": what binds the parts of a compound to one thing, if they fit."""
    phrases = [part for part in getattr(concept, "parts", ()) if isinstance(part, Phrase)]
    merged: dict[str, str] = {}
    for phrase in phrases:
        if merged.keys() & phrase.named().keys():
            return []
        merged |= phrase.named()
    return [Phrase(**merged)] if len(phrases) > 1 and _possible(Phrase(**merged)) else []


def _possible(phrase: Phrase) -> bool:
    """Whether one thing can have all that: stimuli have no pattern, objects neither orientation nor frequency."""
    if phrase.noun is None:
        return not (phrase.pattern and (phrase.orientation or phrase.frequency))
    stimulus = v.STIMULI.get(phrase.noun)
    if stimulus is None:
        return not (phrase.orientation or phrase.frequency)
    return not (
        phrase.pattern or (phrase.orientation and not stimulus.oriented) or (phrase.frequency and not stimulus.periodic)
    )


def parts_of(concept: Concept) -> int:
    """How many things the concept names: what it costs."""
    match concept:
        case Phrase():
            return len(concept.named())
        case AtLeast(_, phrase):
            return 1 + parts_of(phrase)
        case Related(one, _, other):
            return 1 + parts_of(one) + parts_of(other)
        case Not(part):
            return parts_of(part)
        case And(parts) | Or(parts):
            return sum(parts_of(part) for part in parts)
        case _:
            return 1
