"""The concept language: what a unit may be said to fire for, as something that is true or false of a scene.

    concept  := both ("or" both)*            both := part (("and" | "and not") part)*
    part     := "(" concept ")" | phrase | count | relation | "on" background | "at night" | "in bright light"
                | "in dark light"
    phrase   := [size] [frequency] [orientation] [colour] [pattern] [noun | stimulus]      (one word at least)
    count    := "at least" number phrase     (two to six; the phrase names a noun, singular or plural)
    relation := phrase ("left of" | "right of" | "above" | "below" | "on" | "inside") phrase  (both name nouns)

`and` binds tighter than `or`. A phrase holds where one thing has all it names: "red car" is one red car, "red and car"
is something red and a car, perhaps another. A relation holds where one such thing stands so to another such thing, by
their boxes (`relations.py`). Words with two uses: "orange" is the colour; "on" before a background is the place, and
between two nouns the relation ("dog on table", "dog and on snow"). Colours, patterns and sizes are things': the green of
grass is not "green". Captions without a scene are read word by word (`concept_words.py`).
Covered: reading a concept, and whether it is true of a scene. What a concept is made of: `concept_terms.py`; when two are
the same: `concept_normal.py`. All of it can be had from here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from ...targets.errors import BadInput, nearest
from ...targets.picture import Scene
from . import vocabulary as v
from .caption import NUMBERS
from .concept_normal import absorbed, normal
from .concept_terms import (
    And,
    AtLeast,
    Concept,
    Light,
    Not,
    On,
    Or,
    Phrase,
    Related,
    Term,
    Word,
    both,
    conjuncts,
    disjuncts,
    either,
    terms,
)
from .concept_words import caption_words, holds_in_words, plurals, singular
from .relations import holds as stands

__all__ = [
    "And",
    "AtLeast",
    "Concept",
    "Light",
    "Not",
    "On",
    "Or",
    "Phrase",
    "Related",
    "Term",
    "Word",
    "absorbed",
    "both",
    "caption_words",
    "conjuncts",
    "differ",
    "disjuncts",
    "either",
    "holds",
    "holds_in_words",
    "normal",
    "pairs",
    "parse",
    "singular",
    "terms",
]

DEEPEST = 100  # brackets in one concept: beyond it, reading one would run out of stack
MOST = 6  # the largest number that can be counted


def holds(concept: Concept, scene: Scene) -> bool:
    """Whether the concept is true of the scene."""
    match concept:
        case Phrase():
            return any(concept.fits(thing) for thing in scene.things)
        case AtLeast(n, phrase):
            return len(phrase.fitting(scene.things)) >= n
        case Related():
            return next(pairs(concept, scene), None) is not None
        case On(background):
            return scene.background == background
        case Light(light):
            return scene.light == light
        case Word():
            return False
        case Not(part):
            return not holds(part, scene)
        case And(parts):
            return all(holds(part, scene) for part in parts)
        case Or(parts):
            return any(holds(part, scene) for part in parts)


def pairs(part: Related, scene: Scene) -> Iterator[tuple[int, int]]:
    """Indices of the pairs of things that stand in the relation, the one before the other."""
    things, others = scene.things, part.other.fitting(scene.things)
    for i in part.one.fitting(things):
        yield from ((i, j) for j in others if i != j and stands(part.relation, things[i], things[j]))


def differ(one: Concept, other: Concept, scenes: Iterable[Scene]) -> list[Scene]:
    """The scenes of which one concept is true and the other is not."""
    return [scene for scene in scenes if holds(one, scene) != holds(other, scene)]


def parse(text: str, extra_words: frozenset[str] = frozenset(), nouns: frozenset[str] = frozenset()) -> Concept:
    """The concept that the text names; words in `extra_words` (a data set's own) are taken as they are.

    `nouns`: those of things that are not drawn, of up to three words, as cut-outs bring them.

    Raises `BadInput` on an empty concept, a word that is not known (with the nearest) or a form that is not.
    """
    tokens = re.findall(r"[()]|[^\s()]+", text.lower())
    if not tokens:
        raise BadInput("an empty concept; write for example 'red car or vertical grating'")
    reader = _Reader(tokens, text, extra_words, nouns)
    if tokens.count("(") > DEEPEST:
        raise BadInput(f"concept {text[:40]!r} ...: {tokens.count('(')} brackets are more than {DEEPEST}")
    concept = reader.either()
    if reader.here is not None:
        raise BadInput(f"concept {text!r}: {reader.here!r} was not expected there; join parts by 'and' or 'or'")
    return concept


@lru_cache(maxsize=1)
def _slots() -> dict[str, tuple[str, ...]]:
    """The words of each attribute of a phrase."""
    return {
        "size": v.SIZES,
        "frequency": v.FREQUENCIES,
        "orientation": v.ORIENTATIONS,
        "colour": tuple(v.COLOURS),
        "pattern": v.PATTERNS,
        "noun": (*v.NOUNS, *v.STIMULI),
    }


class _Reader:
    """Reads a concept left to right, one token of look-ahead."""

    def __init__(self, tokens: list[str], text: str, extra_words: frozenset[str], nouns: frozenset[str]) -> None:
        self.tokens, self.text, self.extra, self.at = tokens, text, extra_words, 0
        self.nouns = {form: noun for noun in nouns for form in (noun, v.plural(noun))}

    @property
    def here(self) -> str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self, *wanted: str) -> bool:
        if self.here in wanted:
            self.at += 1
            return True
        return False

    def either(self) -> Concept:
        parts = [self.both()]
        while self.take("or"):
            parts.append(self.both())
        return either(parts)

    def both(self) -> Concept:
        parts = [self.part()]
        while self.take("and"):
            parts.append(Not(self.part()) if self.take("not") else self.part())
        return both(parts)

    def part(self) -> Concept:
        if self.take("("):
            inner = self.either()
            if not self.take(")"):
                raise BadInput(f"concept {self.text!r}: a bracket is not closed")
            return inner
        if self.take("on"):
            self.take("the", "a", "an")
            return On(self.word(v.BACKGROUNDS, "background"))
        if self.take("at"):
            if self.take("least"):
                return self.at_least()
            return Light(self.word(("night",), "light"))
        if self.take("in"):
            light = Light(self.word(tuple(x for x in v.LIGHTS if x not in ("normal", "night")), "light"))
            self.take("light")
            return light
        phrase = self.phrase()
        if not isinstance(phrase, Phrase) or not phrase.noun or (relation := self.relation()) is None:
            return phrase
        return Related(phrase, relation, self.noun_phrase(f"{phrase} {relation}"))

    def at_least(self) -> Concept:
        """What follows "at least": a number from one to six, and what is counted."""
        told, self.at = self.here or "", self.at + 1
        number = NUMBERS.index(told) if told in NUMBERS else int(told) if re.fullmatch(r"\d{1,3}", told) else 0
        if not 1 <= number <= MOST:
            known = f"one to {NUMBERS[MOST]}, as in 'at least two dogs'"
            raise BadInput(f"concept {self.text!r}: {told!r} is no number from {known}")
        counted = self.noun_phrase(f"at least {told}")
        return AtLeast(number, counted) if number > 1 else counted

    def relation(self) -> str | None:
        """The relation that stands here, if one does; "on" before a background is none."""
        ahead = self.tokens[self.at : self.at + 5]
        for words in (["to", "the", "left", "of"], ["to", "the", "right", "of"], *(r.split() for r in v.RELATIONS)):
            if ahead[: len(words)] == words:
                after = [word for word in ahead[len(words) :] if word not in ("a", "an", "the")]
                if words == ["on"] and (not after or after[0] in v.BACKGROUNDS):
                    return None
                self.at += len(words)
                return " ".join(words[-2:]) if len(words) > 1 else words[0]
        return None

    def begins_relation(self) -> bool:
        """Whether a relation stands here, without taking it."""
        here = self.at
        found = self.relation() is not None
        self.at = here
        return found

    def noun_phrase(self, before: str) -> Phrase:
        """A phrase that names a noun: what can be counted, and what stands to something."""
        found = self.phrase()
        if not isinstance(found, Phrase) or not found.noun:
            raise BadInput(f"concept {self.text!r}: {before!r} wants a noun after it, not {str(found)!r}")
        return found

    def word(self, known: tuple[str, ...], what: str) -> str:
        word, self.at = self.here, self.at + 1
        if word is None:
            raise BadInput(f"concept {self.text!r}: a {what} is missing at the end; known: {nearest('', known)}")
        if word not in known:
            raise BadInput(f"concept {self.text!r}: {word!r} is no {what}; nearest: {nearest(word, known)}")
        return word

    def phrase(self) -> Concept:
        named: dict[str, str] = {}
        self.take("a", "an", "the")
        while (word := self.here) is not None and word not in ("or", "and", "not", "(", ")"):
            slot, value, length = self.attribute() or ("", word, 1)
            if not slot and "noun" in named and self.begins_relation():
                break
            if not slot or slot in named:
                if word in self.extra and not named:
                    self.at += 1
                    return Word(word)
                if slot:
                    raise BadInput(f"concept {self.text!r} names two of {slot}: {named[slot]!r} and {value!r}")
                if word in ("on", "at", "in", *self.extra) and named:
                    part = {"on": "on snow", "at": "at night", "in": "in dark light"}.get(word, word)
                    joined = f"{Phrase(**named)} and {part}"
                    raise BadInput(f"concept {self.text!r}: parts are joined by 'and' or 'or': write for example {joined!r}")
                known = [w for words in _slots().values() for w in words] + sorted({*self.extra, *self.nouns})
                raise BadInput(f"concept {self.text!r}: unknown word {word!r}; nearest: {nearest(word, known)}")
            named[slot] = value
            self.at += length
        if not named:
            raise BadInput(f"concept {self.text!r}: something is missing before {self.here or 'the end'!r}")
        return Phrase(**named)

    def attribute(self) -> tuple[str, str, int] | None:
        """The attribute of a phrase that stands here, its value, and of how many words it is."""
        for length in (3, 2, 1):
            told = " ".join(self.tokens[self.at : self.at + length])
            if told in self.nouns:
                return "noun", self.nouns[told], length
            if found := _attribute(told, length) if length < 3 else None:
                return found
        return None


def _attribute(word: str, length: int) -> tuple[str, str, int] | None:
    for slot, words in _slots().items():
        if word in words:
            return slot, word, length
    return ("noun", plurals()[word], length) if word in plurals() else None
