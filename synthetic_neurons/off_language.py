"""What a neuron may fire for although the concept language has no words for it: what no formula of an answer should claim.

Covered: pose ("dog facing left"), place ("dog in the left half"), "exactly two dogs", one but not both ("dog xor car"),
and nouns that the language lacks: categories ("any animal") and parts ("something with wheels"). Each is read from one
sentence, is true or false of a scene, and says which things make it so. "exactly" and "xor" can be written out in the
language ("at least two dogs and not at least three dogs", "dog and not car or car and not dog"): such an answer is right,
any other overclaims. Not covered: mean luminance, which is read from pixels (`scene_neuron.py`, behaviour "luminance").
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from ..targets.errors import BadInput, nearest
from ..targets.picture import Scene, Thing
from ..tools.sketch import vocabulary as v
from ..tools.sketch.caption import NUMBERS
from ..tools.sketch.concept import Concept, Phrase, holds, parse

FACES = (
    *("dog", "horse", "elephant", "rabbit", "fish", "bird", "snail", "turtle", "duck", "snake", "whale"),
    *("giraffe", "pig", "airplane", "truck", "train", "helicopter"),
)
"""Nouns whose painting shows which way they face: left, and right where `Thing.flip` mirrors it."""

HALVES: dict[str, Callable[[Thing], bool]] = {
    "left": lambda thing: thing.x < 0.5,
    "right": lambda thing: thing.x >= 0.5,
    "upper": lambda thing: thing.y < 0.5,
    "lower": lambda thing: thing.y >= 0.5,
}
CATEGORIES = tuple(dict.fromkeys(noun.category for noun in v.NOUNS.values()))


@dataclass(frozen=True, slots=True)
class Facing:
    """Some thing of the phrase faces this way."""

    phrase: Phrase
    way: str

    def __str__(self) -> str:
        return f"{self.phrase} facing {self.way}"


@dataclass(frozen=True, slots=True)
class Placed:
    """Some thing of the phrase has its centre in this half of the picture."""

    phrase: Phrase
    half: str

    def __str__(self) -> str:
        return f"{self.phrase} in the {self.half} half"


@dataclass(frozen=True, slots=True)
class Exactly:
    """So many things of the phrase, no more and no fewer."""

    n: int
    phrase: Phrase

    def __str__(self) -> str:
        words = str(self.phrase).removesuffix(self.phrase.noun or "")
        return f"exactly {NUMBERS[self.n]} {words}{v.plural(self.phrase.noun or 'thing')}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of the two holds, and not the other."""

    one: Concept
    other: Concept

    def __str__(self) -> str:
        return f"{self.one} xor {self.other}"


@dataclass(frozen=True, slots=True)
class Category:
    """Something of a category that the language has no noun for."""

    category: str

    def __str__(self) -> str:
        return f"any {self.category}"


@dataclass(frozen=True, slots=True)
class WithPart:
    """Something with this part, which is not left out of it."""

    part: str

    def __str__(self) -> str:
        return f"something with {self.part}"


OffLanguage = Facing | Placed | Exactly | OneOf | Category | WithPart


@lru_cache(maxsize=4096)
def read_off_language(text: str) -> OffLanguage | None:
    """What a text names that the language cannot; None where it has none of the forms. Raises `BadInput` on a wrong word."""
    told = " ".join(text.lower().split())
    if found := re.fullmatch(r"(.+) xor (.+)", told):
        return OneOf(parse(found[1]), parse(found[2]))
    if found := re.fullmatch(r"(.+) facing (\S+)", told):
        phrase = _phrase(found[1], text)
        if phrase.noun not in FACES:
            known = nearest(phrase.noun or "", FACES)
            raise BadInput(f"{text!r}: which way a {phrase.noun!r} faces cannot be seen; nearest: {known}")
        return Facing(phrase, _one_of(found[2], ("left", "right"), "way to face", text))
    if found := re.fullmatch(r"(.+) in the (\S+) half", told):
        return Placed(_phrase(found[1], text), _one_of(found[2], tuple(HALVES), "half of a picture", text))
    if found := re.fullmatch(r"exactly (\S+) (.+)", told):
        return Exactly(NUMBERS.index(_one_of(found[1], NUMBERS[1:7], "number", text)), _phrase(found[2], text))
    if found := re.fullmatch(r"any (.+)", told):
        return Category(_one_of(found[1], CATEGORIES, "category", text))
    if found := re.fullmatch(r"something with (.+)", told):
        parts = tuple(dict.fromkeys(part for noun in v.NOUNS.values() for part in noun.parts))
        return WithPart(_one_of(found[1], parts, "part", text))
    return None


def _phrase(words: str, text: str) -> Phrase:
    found = parse(words)
    if not isinstance(found, Phrase) or found.noun is None:
        raise BadInput(f"{text!r}: {words!r} names no thing; write for example 'red dog'")
    return found


def _one_of(word: str, known: tuple[str, ...], what: str, text: str) -> str:
    if word not in known:
        raise BadInput(f"{text!r}: {word!r} is no {what}; nearest: {nearest(word, known)}")
    return word


def things_that_make_it_true(truth: OffLanguage, scene: Scene) -> list[int]:
    """Indices of the things that make it true, or would; for `OneOf`, which names concepts, none."""
    match truth:
        case Facing(phrase, way):
            return [i for i in phrase.fitting(scene.things) if scene.things[i].flip == (way == "right")]
        case Placed(phrase, half):
            return [i for i in phrase.fitting(scene.things) if HALVES[half](scene.things[i])]
        case Exactly(_, phrase):
            return phrase.fitting(scene.things)
        case Category(category):
            return [i for i, t in enumerate(scene.things) if t.noun in v.NOUNS and v.NOUNS[t.noun].category == category]
        case WithPart(part):
            return [
                i
                for i, t in enumerate(scene.things)
                if t.noun in v.NOUNS and part in v.NOUNS[t.noun].parts and part not in t.missing
            ]
        case OneOf():
            return []


def is_true(truth: OffLanguage, scene: Scene) -> bool:
    """Whether it is true of the scene."""
    match truth:
        case OneOf(one, other):
            return holds(one, scene) != holds(other, scene)
        case Exactly(n, _):
            return len(things_that_make_it_true(truth, scene)) == n
        case _:
            return bool(things_that_make_it_true(truth, scene))


def half_true(truth: OffLanguage, scene: Scene) -> float:
    """How alike a scene looks of which it is not true, in [0, 1]: the wrong pose, place or number of the right thing."""
    match truth:
        case Facing(phrase, _) | Placed(phrase, _):
            return 0.5 * bool(phrase.fitting(scene.things))
        case Exactly(n, _):
            return 1.0 - min(1.0, abs(len(things_that_make_it_true(truth, scene)) - n) / n)
        case OneOf(one, other):
            return 0.5 * (holds(one, scene) and holds(other, scene))
        case Category() | WithPart():
            return 0.0
