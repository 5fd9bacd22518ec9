"""The concept language: what a unit may be said to fire for, as something that is true or false of a scene.

    concept := both ("or" both)*            both := part (("and" | "and not") part)*
    part    := "(" concept ")" | phrase | "on" background | "at night" | "in bright light" | "in dark light"
    phrase  := [size] [frequency] [orientation] [colour] [pattern] [noun | stimulus]      (one word at least)

`and` binds tighter than `or`. A phrase holds where one thing has all it names: "red car" is one red car, "red and car"
is something red and a car, perhaps another. Colours, patterns and sizes are things': the green of grass is not "green".
"orange" is the colour. Captions without a scene are read word by word: a phrase holds where all its words are there.
Not covered yet: counts and relations; `normal` sorts and flattens but does not distribute.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from functools import lru_cache

from ...targets.errors import BadInput, nearest
from ...targets.picture import Scene, Thing
from . import vocabulary as v


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
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) is not None}

    def fits(self, thing: Thing) -> bool:
        """Whether the thing has every attribute named."""
        return all(getattr(thing, name) == value for name, value in self.named().items())


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


Term = Phrase | On | Light | Word
Concept = Phrase | On | Light | Word | Not | And | Or
DEEPEST = 100  # brackets in one concept: beyond it, reading one would run out of stack


def _inside(part: Concept) -> str:
    return f"({part})" if isinstance(part, Or | And) else str(part)


def holds(concept: Concept, scene: Scene) -> bool:
    """Whether the concept is true of the scene."""
    match concept:
        case Phrase():
            return any(concept.fits(thing) for thing in scene.things)
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


def holds_in_words(concept: Concept, words: frozenset[str]) -> bool:
    """Whether the concept is true of a caption given as its words (see `caption_words`)."""
    match concept:
        case Not(part):
            return not holds_in_words(part, words)
        case And(parts):
            return all(holds_in_words(part, words) for part in parts)
        case Or(parts):
            return any(holds_in_words(part, words) for part in parts)
        case _:
            return all(word in words for word in str(concept).split() if word not in ("on", "at", "in", "light"))


@lru_cache(maxsize=65536)
def caption_words(caption: str) -> frozenset[str]:
    """The words of a caption, lower case, with the singular of each word that has a known or regular one beside it."""
    words = re.findall(r"\w+(?:'\w+)*", caption.lower().replace("_", " ").replace("\u2019", "'"))
    words += [word.removesuffix("'s") for word in words if word.endswith("'s")]
    return frozenset(words) | frozenset(singular(word) for word in words)


def singular(word: str) -> str:
    """The singular of an English noun: known plurals exactly, others by the regular rule."""
    known = _plurals().get(word)
    if known:
        return known
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is", "'s")):
        if word.endswith(("sses", "shes", "ches", "xes", "zzes")):
            return word[:-2]
        return word[:-3] + "y" if word.endswith("ies") else word[:-1]
    return word


@lru_cache(maxsize=1)
def _plurals() -> dict[str, str]:
    table = {noun.plural: noun.name for noun in v.NOUNS.values()}
    return table | {stimulus.plural: stimulus.name for stimulus in v.STIMULI.values()}


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


def parse(text: str, extra_words: frozenset[str] = frozenset()) -> Concept:
    """The concept that the text names; words in `extra_words` (a data set's own) are taken as they are.

    Raises `BadInput` on an empty concept, a word that is not known (with the nearest) or a form that is not.
    """
    tokens = re.findall(r"[()]|[^\s()]+", text.lower())
    if not tokens:
        raise BadInput("an empty concept; write for example 'red car or vertical grating'")
    reader = _Reader(tokens, text, extra_words)
    if tokens.count("(") > DEEPEST:
        raise BadInput(f"concept {text[:40]!r} ...: {tokens.count('(')} brackets are more than {DEEPEST}")
    concept = reader.either()
    if reader.here is not None:
        raise BadInput(f"concept {text!r}: {reader.here!r} was not expected there; join parts by 'and' or 'or'")
    return concept


class _Reader:
    """Reads a concept left to right, one token of look-ahead."""

    def __init__(self, tokens: list[str], text: str, extra_words: frozenset[str]) -> None:
        self.tokens, self.text, self.extra, self.at = tokens, text, extra_words, 0

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
            return Light(self.word(("night",), "light"))
        if self.take("in"):
            light = Light(self.word(tuple(x for x in v.LIGHTS if x not in ("normal", "night")), "light"))
            self.take("light")
            return light
        return self.phrase()

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
            two = " ".join(self.tokens[self.at : self.at + 2])
            slot, value, length = _attribute(two, 2) or _attribute(word, 1) or ("", word, 1)
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
                known = [w for words in _slots().values() for w in words] + sorted(self.extra)
                raise BadInput(f"concept {self.text!r}: unknown word {word!r}; nearest: {nearest(word, known)}")
            named[slot] = value
            self.at += length
        if not named:
            raise BadInput(f"concept {self.text!r}: something is missing before {self.here or 'the end'!r}")
        return Phrase(**named)


def _attribute(word: str, length: int) -> tuple[str, str, int] | None:
    for slot, words in _slots().items():
        if word in words:
            return slot, word, length
    return ("noun", _plurals()[word], length) if word in _plurals() else None


def either(parts: list[Concept]) -> Concept:
    """The disjunction of the parts: flat, each once, in the order given."""
    flat = _flatten(parts, Or)
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def both(parts: list[Concept]) -> Concept:
    """The conjunction of the parts: flat, each once, in the order given."""
    flat = _flatten(parts, And)
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def _flatten(parts: list[Concept], kind: type[And] | type[Or]) -> list[Concept]:
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
    """Every phrase, background, light and word in the concept, left to right, each once."""
    match concept:
        case Not(part):
            return terms(part)
        case And(parts) | Or(parts):
            return tuple(dict.fromkeys(term for part in parts for term in terms(part)))
        case _:
            return (concept,)


def absorbed(concept: Concept) -> Concept:
    """The same concept without phrases that say nothing: in "red or red car" the car, in "red and red car" the red."""
    match concept:
        case Or(parts):
            return either([p for p in map(absorbed, parts) if not any(_within(p, q) for q in parts)])
        case And(parts):
            return both([p for p in map(absorbed, parts) if not any(_within(q, p) for q in parts)])
        case _:
            return concept


def _within(narrow: Concept, wide: Concept) -> bool:
    """Whether one phrase names all that the other names, and more."""
    if not isinstance(narrow, Phrase) or not isinstance(wide, Phrase):
        return False
    return narrow != wide and wide.named().items() <= narrow.named().items()


def normal(concept: Concept) -> Concept:
    """The same concept with its parts sorted, so that equal ones compare equal."""
    match concept:
        case Not(part):
            return Not(normal(part))
        case And(parts):
            return both(sorted((normal(part) for part in parts), key=lambda part: (isinstance(part, Not), str(part))))
        case Or(parts):
            return either(sorted((normal(part) for part in parts), key=str))
        case _:
            return concept
