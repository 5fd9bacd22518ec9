"""What a picture's contents could mean: the concepts that are true of it, and each concept with one part left out.

Covered: single attributes, things with two of them, counts, and pairs, as candidates for what makes a picture fire the unit;
and for a candidate the variants in which exactly one part is missing, with what would be enough if the variant fired.
Formulas only; nothing is measured here. Not covered: which of them are tested (`sufficient.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations

from ...tools.sketch import vocabulary as v
from ...tools.sketch.concept import MOST, And, AtLeast, Concept, Not, Phrase, Related, absorbed, both, normal
from .candidates import one_thing

LEADING = 8  # single terms of a picture that take part in pairs
COUNTED_UP = 3  # how many of a thing are shown at once, to see whether more of it does more


def unique(concepts: Iterable[Concept]) -> list[Concept]:
    """Each meaning once, as it is first written."""
    found: dict[Concept, Concept] = {}
    for concept in concepts:
        found.setdefault(normal(concept), concept)
    return list(found.values())


def singles(things: Sequence[Phrase], others: Sequence[Concept]) -> list[Concept]:
    """Every attribute of every thing by itself, how many of a noun there are, the place and the light."""
    counts = Counter(thing.noun for thing in things if thing.noun)
    found: list[Concept] = [Phrase(**{name: value}) for thing in things for name, value in thing.named().items()]
    found += [AtLeast(n, Phrase(noun=noun)) for noun, there in counts.items() for n in range(2, min(there, MOST) + 1)]
    return unique([*found, *others])


def whole(things: Sequence[Phrase], others: Sequence[Concept]) -> list[Concept]:
    """All that is seen in a picture: every thing (those that are alike together), the place and the light."""
    counts = Counter(things)
    return [*(AtLeast(min(n, MOST), thing) if n > 1 and thing.noun else thing for thing, n in counts.items()), *others]


def bound(things: Sequence[Phrase]) -> list[Concept]:
    """Every two attributes of one thing; and how many of a noun there are of one colour, pattern or size."""
    found: list[Concept] = []
    for thing in things:
        found += [Phrase(**dict(two)) for two in combinations(thing.named().items(), 2)]
    alike = Counter(
        Phrase(**{"noun": thing.noun, name: value})
        for thing in things
        for name, value in thing.named().items()
        if thing.noun and name != "noun"
    )
    found += [AtLeast(n, phrase) for phrase, there in alike.items() for n in range(2, min(there, MOST) + 1)]
    return unique(found)


def pairs(terms: Sequence[Concept]) -> list[Concept]:
    """Every two of the terms together, where neither says the other."""
    found = [both(two) for two in combinations(terms, 2)]
    return unique(pair for pair in found if absorbed(pair) == pair)


def shown_by(concept: Concept) -> list[Concept]:
    """What is drawn to see whether the concept is enough.

    Of parts that one thing could have, another thing has each: "red and car" without a red car. Of a noun also several.
    """
    match concept:
        case And(parts):
            one = one_thing(concept)
            return [both([*parts, Not(whole)]) for whole in one] or [concept]
        case Phrase(noun=str()) if concept.noun in v.NOUNS:
            return [concept, AtLeast(COUNTED_UP, concept)]
        case _:
            return [concept]


def without_one_part(concept: Concept) -> list[tuple[Concept, Concept]]:
    """Variants: what is drawn, with exactly one part missing, and the concept that is enough if that fires."""
    found: dict[Concept, tuple[Concept, Concept]] = {}

    def variant(drawn: Sequence[Concept], enough: Concept) -> None:
        shown = both([*drawn, Not(concept)])
        found.setdefault(normal(shown), (shown, enough))

    match concept:
        case Phrase() if len(concept.named()) > 1:
            for name, value in concept.named().items():
                rest = less(concept, name)
                variant([rest], rest)
                variant([Phrase(**{name: value}), rest], both([Phrase(**{name: value}), rest]))
        case AtLeast(n, phrase):
            fewer: Concept = AtLeast(n - 1, phrase) if n > 2 else phrase
            variant([fewer], fewer)
            for name in phrase.named():
                if name != "noun":
                    variant([AtLeast(n, less(phrase, name))], AtLeast(n, less(phrase, name)))
        case Related(one, how, other):
            variant([one, other], both([one, other]))
            for name in one.named():
                if name != "noun":
                    variant([Related(less(one, name), how, other)], Related(less(one, name), how, other))
            for name in other.named():
                if name != "noun":
                    variant([Related(one, how, less(other, name))], Related(one, how, less(other, name)))
        case And(parts):
            for left in parts:
                rest_of = [part for part in parts if part != left]
                if not isinstance(left, Not) and any(not isinstance(part, Not) for part in rest_of):
                    shown = both([*rest_of, Not(left)])
                    found.setdefault(normal(shown), (shown, both(rest_of)))
        case _:
            pass
    return list(found.values())


def related(one: Phrase, other: Phrase) -> list[Concept]:
    """Every way in which two things can stand to each other, each once."""
    return unique(Related(a, how, b) for a, b in ((one, other), (other, one)) for how in v.RELATIONS)


def narrowed(concept: Concept, things: Sequence[Phrase], terms: Sequence[Concept]) -> list[Concept]:
    """The concept with one part more of what the picture shows: of the same thing, or beside it."""
    found: list[Concept] = []
    if isinstance(concept, Phrase):
        for thing in things:
            if concept.named().items() <= thing.named().items():
                extra = [item for item in thing.named().items() if item[0] not in concept.named()]
                found += [Phrase(**concept.named(), **{name: value}) for name, value in extra]
    if isinstance(concept, AtLeast) and concept.n < MOST:
        found.append(AtLeast(concept.n + 1, concept.phrase))
    found += [both([concept, term]) for term in terms]
    return unique(option for option in found if absorbed(option) == option and normal(option) != normal(concept))


def less(phrase: Phrase, name: str) -> Phrase:
    """The phrase with one attribute left out."""
    return Phrase(**{k: x for k, x in phrase.named().items() if k != name})
