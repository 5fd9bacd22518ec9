"""What the nouns of the stamps are among ImageNet's classes, and how an answer is scored by that.

Covered: the table of facts (`class_nouns.json`: a class's index and name; for a noun the classes that it names exactly, those
that are a kind of it, and those of which it is a kind), and what an answer's nouns say of a class. The table was made by
looking at every noun that Debian's stamps offer; a noun that is no class's name or kind is not in it. Not covered: what the
stamps look like: a fact is about the words, so that "chicken" is right for "hen" whatever hen is shown.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ...tools.sketch.concept import And, AtLeast, Concept, Or, Phrase, Related, disjuncts, normal
from ...tools.sketch.concept_terms import either

TABLE = Path(__file__).with_name("class_nouns.json")
Named = Literal["exact", "hypernym", "among others", "wrong"]


class Facts(BaseModel):
    """Which classes a noun names `exactly`, which are a kind of it (`wider`), and of which it is a kind (`narrower`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    exactly: tuple[int, ...] = ()
    wider: tuple[int, ...] = ()
    narrower: tuple[int, ...] = ()

    @property
    def classes(self) -> tuple[int, ...]:
        """All classes that the noun says something about."""
        return self.exactly + self.wider + self.narrower


class ClassNouns(BaseModel):
    """The table: ImageNet's index and name of every class in it, and the facts of every noun."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    classes: dict[int, str]
    nouns: dict[str, Facts]

    def nouns_for(self, index: int) -> dict[str, str]:
        """The nouns that say something about a class, and what: "exactly", "wider" or "narrower"."""
        return {
            noun: how
            for noun, facts in self.nouns.items()
            for how, classes in (("exactly", facts.exactly), ("wider", facts.wider), ("narrower", facts.narrower))
            if index in classes
        }

    def own_name(self, index: int) -> Concept:
        """The best that the nouns can say of a class: its exact nouns, else kinds of it, else what it is a kind of."""
        told = self.nouns_for(index)
        for how in ("exactly", "narrower", "wider"):
            best = [Phrase(noun=noun) for noun, what in told.items() if what == how]
            if best:
                return either(best)
        raise KeyError(index)

    def named(self, index: int, answer: Concept) -> Named:
        """What an answer says of a class, by the nouns that it wants in the picture.

        "exact": in every way of firing, all of them are the class's name; "hypernym": all of them are that, a kind of the
        class, or what it is a kind of; "among others": so it is in some ways only; "wrong": in none. Sizes and places that
        are named beside a noun are not judged.
        """
        told = self.nouns_for(index)
        ways = [wanted(way) for way in disjuncts(normal(answer))]
        if all(nouns and all(told.get(noun) == "exactly" for noun in nouns) for nouns in ways):
            return "exact"
        right = [bool(nouns) and nouns <= told.keys() for nouns in ways]
        return "hypernym" if all(right) else "among others" if any(right) else "wrong"


def wanted(concept: Concept) -> frozenset[str]:
    """The nouns that a concept asks for; those of its vetoes are not."""
    match concept:
        case And(parts) | Or(parts):
            return frozenset[str]().union(*(wanted(part) for part in parts))
        case Related(one, _, other):
            return wanted(one) | wanted(other)
        case AtLeast(_, phrase):
            return wanted(phrase)
        case Phrase(noun=str(noun)):
            return frozenset({noun})
    return frozenset()


@cache
def class_nouns() -> ClassNouns:
    """The table, read once."""
    return ClassNouns.model_validate(json.loads(TABLE.read_text(encoding="utf-8")))
