"""What the nouns of the stamps are among ImageNet's classes, and how an answer is scored by that.

Covered: what an answer's nouns say of a class, by the table of facts (`synthetic_neurons/imagenet_nouns.py`). Not covered:
what the stamps look like: a fact is about the words, so that "chicken" is right for "hen" whatever hen is shown.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

from ...synthetic_neurons.imagenet_nouns import Facts, ImageNetNouns, imagenet_nouns
from ...tools.sketch.concept import And, AtLeast, Concept, Or, Phrase, Related, disjuncts, normal
from ...tools.sketch.concept_terms import either

__all__ = ["ClassNouns", "Facts", "Named", "class_nouns", "wanted"]

Named = Literal["exact", "hypernym", "among others", "wrong"]


class ClassNouns(ImageNetNouns):
    """The table of facts, and how what is said of a class scores by it."""

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
    return ClassNouns(**dict(imagenet_nouns()))
