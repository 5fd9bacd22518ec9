"""What concepts are made of: phrases, counts, relations, backgrounds, lights, and their joining by not, and, or.

Covered: the types, how each is written, and how parts are joined and taken apart. Not covered: reading a text and what a
concept is true of (`concept.py`), captions (`concept_words.py`), the normal form (`concept_normal.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache

from ...targets.picture import Thing
from .caption import NUMBERS
from .vocabulary import plural


@dataclass(frozen=True, slots=True)
class Phrase:
    """Some one thing has every attribute named; None leaves an attribute free."""

    noun: str | None = None
    colour: str | None = None
    pattern: str | None = None
    size: str | None = None
    orientation: str | None = None
    frequency: str | None = None

    def __str__(self) -> str:
        words = (self.size, self.frequency, self.orientation, self.colour, self.pattern, self.noun)
        return " ".join(word for word in words if word)

    def named(self) -> dict[str, str]:
        """The attributes that are named."""
        return dict(_named(self))

    def fits(self, thing: Thing) -> bool:
        """Whether the thing has every attribute named."""
        return all(getattr(thing, name) == value for name, value in _named(self))

    def fitting(self, things: Sequence[Thing]) -> list[int]:
        """Indices of the things that have every attribute named."""
        return [i for i, thing in enumerate(things) if self.fits(thing)]


@lru_cache(maxsize=65536)
def _named(phrase: Phrase) -> tuple[tuple[str, str], ...]:
    """A phrase's named attributes: asked for again and again, of every thing in every scene."""
    every = ((f.name, getattr(phrase, f.name)) for f in fields(phrase))
    return tuple((name, value) for name, value in every if value is not None)


@dataclass(frozen=True, slots=True)
class AtLeast:
    """At least so many things (2 or more) have every attribute of the phrase, which names a noun."""

    n: int
    phrase: Phrase

    def __str__(self) -> str:
        words = str(self.phrase).removesuffix(self.phrase.noun or "")
        return f"at least {NUMBERS[self.n]} {words}{plural(self.phrase.noun or '')}"


@dataclass(frozen=True, slots=True)
class Related:
    """Some thing that the first phrase names stands in the relation to another that the second names."""

    one: Phrase
    relation: str
    other: Phrase

    def __str__(self) -> str:
        return f"{self.one} {self.relation} {self.other}"


@dataclass(frozen=True, slots=True)
class On:
    """The scene has this background."""

    background: str

    def __str__(self) -> str:
        return f"on {self.background}"


@dataclass(frozen=True, slots=True)
class Light:
    """The scene has this light."""

    light: str

    def __str__(self) -> str:
        return "at night" if self.light == "night" else f"in {self.light} light"


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a caption that the drawn world does not know; true of no scene."""

    word: str

    def __str__(self) -> str:
        return self.word


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold; stands only inside `And`."""

    part: Concept

    def __str__(self) -> str:
        return f"not {_inside(self.part)}"


@dataclass(frozen=True, slots=True)
class And:
    """Every part holds."""

    parts: tuple[Concept, ...]

    def __str__(self) -> str:
        return " and ".join(_inside(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part holds."""

    parts: tuple[Concept, ...]

    def __str__(self) -> str:
        return " or ".join(str(part) for part in self.parts)


Term = Phrase | AtLeast | Related | On | Light | Word
Concept = Term | Not | And | Or


def _inside(part: Concept) -> str:
    return f"({part})" if isinstance(part, Or | And) else str(part)


def either(parts: Sequence[Concept]) -> Concept:
    """The disjunction of the parts: flat, each once, in the order given."""
    flat = _flatten(parts, Or)
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def both(parts: Sequence[Concept]) -> Concept:
    """The conjunction of the parts: flat, each once, in the order given."""
    flat = _flatten(parts, And)
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def _flatten(parts: Sequence[Concept], kind: type[And] | type[Or]) -> list[Concept]:
    flat: dict[Concept, None] = {}
    for part in parts:
        for piece in part.parts if isinstance(part, kind) else (part,):
            flat[piece] = None
    return list(flat)


def disjuncts(concept: Concept) -> tuple[Concept, ...]:
    """The ways in which the concept can be true, outermost `or` first."""
    return concept.parts if isinstance(concept, Or) else (concept,)


def conjuncts(concept: Concept) -> tuple[Concept, ...]:
    """What must be true together, outermost `and` first."""
    return concept.parts if isinstance(concept, And) else (concept,)


def terms(concept: Concept) -> tuple[Term, ...]:
    """Every phrase, count, relation, background, light and word in the concept, left to right, each once."""
    match concept:
        case Not(part):
            return terms(part)
        case And(parts) | Or(parts):
            return tuple(dict.fromkeys(term for part in parts for term in terms(part)))
        case _:
            return (concept,)
