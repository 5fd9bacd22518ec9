"""Plain English within the vocabulary, read: "a large striped red car and two small dogs on snow".

Covered: things with articles, number words, plurals, size, pattern, colour, orientation and frequency; "thing" and
"object" for any noun; relations; background; light; treatment. `Wanted`, `imagine` and `explain` come from `wanted`.
An absence need not be said: no pattern, normal light, no treatment. Nouns that a folder of cut-outs adds are read where
they are handed over (`Cutouts`), of several words too. Not covered: words outside the vocabulary, which are `BadInput`, and
edits in words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache

from ...targets.errors import BadInput, nearest
from .caption import NUMBERS
from .cutout_nouns import NONE, Cutouts
from .pen import BODY
from .relations import Wish
from .vocabulary import (
    BACKGROUNDS,
    COLOURS,
    FREQUENCIES,
    NOUNS,
    ORIENTATIONS,
    PATTERNS,
    PHOTOGRAPH,
    SIZES,
    STIMULI,
    part_of,
    part_words,
    plural,
)
from .wanted import MOST, Wanted, WantedThing, explain, imagine

__all__ = ["MOST", "Wanted", "WantedThing", "explain", "imagine", "known_words", "parse"]

SAME = {"gray": "grey", "big": "large", "little": "small", "nighttime": "night"}
_ADJECTIVES: dict[str, tuple[str, str]] = {
    **{word: ("size", word) for word in SIZES},
    **{word: ("pattern", word) for word in ("plain", *PATTERNS)},
    **{word: ("colour", word) for word in COLOURS},
    **{word: ("orientation", word) for word in ORIENTATIONS},
    **{word: ("frequency", word) for word in FREQUENCIES},
}
_ANY = {"thing": None, "things": None, "object": None, "objects": None}
_HEADS: dict[str, str | None] = {
    **_ANY,
    **{word: noun for noun in (*NOUNS, *STIMULI) for word in (noun, plural(noun))},
}
_MANY = {plural(noun) for noun in (*NOUNS, *STIMULI)} - {*NOUNS, *STIMULI} | {"things", "objects"}
_COUNTS: dict[str, int | None] = {"a": 1, "an": 1, "the": 1, "some": None, **{w: n for n, w in enumerate(NUMBERS) if n}}
_RELATED: dict[tuple[str, ...], str] = {
    ("to", "the", "left", "of"): "left of",
    ("to", "the", "right", "of"): "right of",
    ("on", "the", "left", "of"): "left of",
    ("on", "the", "right", "of"): "right of",
    ("left", "of"): "left of",
    ("right", "of"): "right of",
    ("above",): "above",
    ("over",): "above",
    ("below",): "below",
    ("under",): "below",
    ("beneath",): "below",
    ("on", "top", "of"): "on",
    ("on",): "on",
    ("inside", "of"): "inside",
    ("inside",): "inside",
    ("in",): "inside",
}
_LIT: dict[tuple[str, ...], str] = {
    ("at", "night"): "night",
    ("by", "night"): "night",
    ("in", "the", "dark"): "dark",
    ("in", "the", "night"): "night",
    ("in", "night", "light"): "night",
    ("in", "dark", "light"): "dark",
    ("in", "bright", "light"): "bright",
    ("in", "normal", "light"): "normal",
}
_TREATED: dict[str, str] = {
    "outline": "outline",
    "outlined": "outline",
    "grayscale": "grayscale",
    "greyscale": "grayscale",
    "blurred": "blurred",
    "blurry": "blurred",
}
_LONGEST = 3  # words that a noun may have
_MEDIA = ("picture", "drawing", "image", "photo", "photograph", "scene")
_GLUE = ("and", "with", ",", "is", "are", "background", "nothing", "light", "night", "at", "by", "to",
         "of", "top", "left", "right", "against", "normal", "bright", "dark")
RESERVED: frozenset[str] = frozenset({*SAME, *_ADJECTIVES, *_ANY, *_COUNTS, *_TREATED, *_MEDIA, *_GLUE, *BACKGROUNDS, *STIMULI,
                                      "sized", "without", "on", "in", "over", "under", "or", "not"})  # fmt: skip
"""Words that mean something else than a noun, which no folder of cut-outs can make one of."""


@dataclass
class Reader:
    """The words of a prompt and how far they have been read."""

    words: list[str]
    at: int = 0
    found: dict[str, str] = field(default_factory=dict)
    cutouts: Cutouts = NONE

    def peek(self, ahead: int = 0) -> str:
        place = self.at + ahead
        return self.words[place] if place < len(self.words) else ""

    def take(self, phrases: dict[tuple[str, ...], str]) -> str | None:
        """What the longest of these phrases that comes next stands for, read."""
        for said in sorted(phrases, key=len, reverse=True):
            if tuple(self.words[self.at : self.at + len(said)]) == said:
                self.at += len(said)
                return phrases[said]
        return None

    def noun(self, ahead: int = 0) -> tuple[str | None, int, bool] | None:
        """The noun that comes next (None: any), of how many words it is, and whether it is a plural that has a singular."""
        forms = _forms(self.cutouts)
        for length in range(_LONGEST, 0, -1):
            told = tuple(self.words[self.at + ahead : self.at + ahead + length])
            if len(told) == length and told in forms:
                noun = forms[told]
                return noun, length, told != tuple(noun.split())
        head = self.peek(ahead)
        return (_HEADS[head], 1, head in _MANY) if head in _HEADS else None

    def note(self, factor: str, value: str) -> None:
        if self.found.get(factor, value) != value:
            raise BadInput(f"the prompt asks for two {factor}s, {self.found[factor]!r} and {value!r}")
        self.found[factor] = value


@lru_cache(maxsize=8)
def _forms(cutouts: Cutouts) -> dict[tuple[str, ...], str]:
    """Every singular and plural of the nouns that have cut-outs, as words."""
    return {tuple(form.split()): noun for noun in cutouts.nouns for form in (plural(noun), noun)}


def known_words(cutouts: Cutouts = NONE) -> set[str]:
    """Every word a prompt may hold."""
    words = {word for form in _forms(cutouts) for word in form}
    words |= {*SAME, *_ADJECTIVES, *_HEADS, *_COUNTS, *_TREATED, *_MEDIA, *_GLUE, *BACKGROUNDS, "sized", "without"}
    return words.union(part_words(), *_RELATED, *_LIT)


def parse(text: str, cutouts: Cutouts = NONE) -> Wanted:
    """What the prompt asks for; a noun that has cut-outs means them.

    Raises `BadInput` on an empty prompt, an unknown word (naming the nearest known ones), words that make no phrase,
    an attribute a thing cannot have, or more than `MOST` things.
    """
    words = re.findall(r"[^\W_]+(?:'[^\W_]+)?|,", text.lower())
    if not any(word != "," for word in words):
        raise BadInput(f"the prompt {text!r} is empty: say what to draw, such as 'a red car on grass'")
    known = known_words(cutouts)
    for word in words:
        if word not in known and not re.fullmatch(r"\d{1,3}", word):
            raise BadInput(f"unknown word {word!r} in the prompt; nearest: {nearest(word, sorted(known - {','}))}")
    words = [SAME.get(word, word) for word in words]
    words = [word for i, word in enumerate(words) if not (word == "sized" and i and words[i - 1] == "medium")]
    reader = Reader(words, cutouts=cutouts)
    _read_manner(reader)
    things: list[WantedThing] = []
    relations: list[Wish] = []
    while reader.peek():
        if reader.peek() in ("and", "with", ","):
            reader.at += 1
        elif light := reader.take(_LIT):
            reader.note("light", light)
        elif place := _read_place(reader):
            reader.note("background", place)
        elif reader.peek() == "nothing":
            reader.note("things", "nothing")
            reader.at += 1
        else:
            if reader.peek() in ("is", "are"):
                reader.at += 1
            start = reader.at
            relation = reader.take(_RELATED)
            if relation is not None:
                if not things or reader.found.get("things") == "nothing":
                    raise BadInput(f"{' '.join(reader.words[start:])!r} names a place, but no thing that is there")
                relations.append((len(things) - 1, relation, len(things)))
            things.append(read_thing(reader))
    return _whole(things, relations, reader.found)


def _read_manner(reader: Reader) -> None:
    """ "a blurred picture of", "an outline drawing of", "a photo of", if the prompt begins so."""
    start = reader.at
    if reader.peek() in ("a", "an", "the"):
        reader.at += 1
    treatment = _TREATED.get(reader.peek())
    if treatment:
        reader.at += 1
    if reader.peek() in _MEDIA and reader.peek(1) == "of":
        reader.at += 2
        reader.note("treatment", treatment or "none")
    elif treatment:
        raise BadInput(f"{reader.words[reader.at - 1]!r} is said of a picture: write 'a {treatment} picture of …'")
    else:
        reader.at = start


def _read_place(reader: Reader) -> str | None:
    """A background with or without its preposition and article; None, and nothing read, where none comes next."""
    ahead = 0
    if reader.peek() in ("on", "in", "over", "at", "against", "under"):
        ahead = 1
    if reader.peek(ahead) in ("a", "an", "the"):
        ahead += 1
    word = reader.peek(ahead)
    if word == PHOTOGRAPH and ahead:
        if not reader.cutouts.grounds:
            raise BadInput("there is no photograph to stand on: name a folder of them with --backgrounds")
        reader.at += ahead + 1
        return word
    named = reader.peek(ahead + 1) == "background"
    if word not in BACKGROUNDS or (word == "plain" and not named):
        return None
    reader.at += ahead + 1 + named
    return word


def read_thing(reader: Reader) -> WantedThing:
    """A noun phrase: count, adjectives, noun; "the wheels of" before it, or "without wheels" after it."""
    shown = _read_parts(reader)
    start, count, counted = reader.at, 1, False
    first = reader.peek()
    if first in _COUNTS or first.isdigit():
        said = int(first) if first.isdigit() else _COUNTS[first]
        counted, count = True, 0 if said is None else said
        if said is not None and not 1 <= said <= MOST:
            raise BadInput(f"{first!r} things cannot be drawn: ask for 1 to {MOST}")
        reader.at += 1
    seen: dict[str, str] = {}
    while reader.peek() in _ADJECTIVES:
        if (here := reader.noun()) is not None and here[1] > 1:
            break  # it begins a noun of several words, as in "black bear"
        factor, value = _ADJECTIVES[reader.peek()]
        if seen.get(factor, value) != value:
            raise BadInput(f"{' '.join(reader.words[start : reader.at + 1])!r} has two {factor}s: say one")
        seen[factor] = value
        reader.at += 1
    head, named = reader.peek(), reader.noun()
    if named is None:
        read = " ".join(reader.words[start : reader.at])
        where = f"after {read!r}" if read else f"where {head!r} stands" if head else "at the end"
        if head in part_words():
            raise BadInput(f"{head!r} is a part: write 'the {head} of a …', or 'a … without {head}'")
        raise BadInput(f"a noun is missing {where}: write a phrase such as 'a red car'")
    noun, length, plural_form = named
    reader.at += length
    many = None if plural_form and not counted else count or None
    wanted = WantedThing(noun, count=many, **seen)  # type: ignore[arg-type]
    _possible(wanted, reader.cutouts)
    missing: list[str] = []
    own = wanted.noun or "thing"
    if own in reader.cutouts and (shown or reader.peek() == "without"):
        raise BadInput(f"the {own} is a photograph here: its parts cannot be told apart")
    if shown:
        left = [part_of(own, word) for word in shown]
        missing = [BODY, *(part for part in NOUNS[own].parts if part not in left)]
    elif reader.peek() == "without":
        reader.at += 1
        while word := _next_part(reader, own, first=not missing):
            missing.append(word)
        missing = [part for part in NOUNS[own].parts if part in missing]
    return replace(wanted, missing=tuple(missing))


def _next_part(reader: Reader, noun: str, first: bool) -> str | None:
    """A part that comes next in "without legs, tail and head"; only the first must be one."""
    ahead = 0
    while reader.peek(ahead) in (("a", "an", "the", "its", "any") if first else (",", "and")):
        ahead += 1
    if not first:
        if not ahead:
            return None
        try:
            part = part_of(noun, reader.peek(ahead))
        except BadInput:
            return None
    else:
        part = part_of(noun, reader.peek(ahead))
    reader.at += ahead + 1
    return part


def _read_parts(reader: Reader) -> list[str]:
    """The parts in "the wheels and windows of" with all of it read, or none and nothing read."""
    known = part_words()
    parts: list[str] = []
    at = int(reader.peek() in ("a", "an", "the"))
    if (named := reader.noun(at)) is not None and named[1] > 1:
        return []
    while reader.peek(at) in known or (parts and reader.peek(at) in ("and", ",")):
        if reader.peek(at) in known:
            parts.append(reader.peek(at))
        at += 1
    if not parts or reader.peek(at) != "of":
        return []
    reader.at += at + 1
    return parts


def _possible(wanted: WantedThing, cutouts: Cutouts) -> None:
    """Raise `BadInput` where a thing is asked for that cannot be."""
    if wanted.noun in cutouts:
        for factor in ("colour", "pattern", "orientation", "frequency"):
            value = getattr(wanted, factor)
            if value not in (None, "plain"):
                raise BadInput(f"a {wanted.noun} is a photograph here, with its own look: it cannot be made {value!r}")
    stimulus = STIMULI.get(wanted.noun or "")
    name = wanted.noun or "thing"
    if stimulus is not None and wanted.pattern not in (None, "plain"):
        raise BadInput(f"a {name} is a stimulus and has no pattern, not {wanted.pattern!r}")
    if wanted.orientation and not (stimulus and stimulus.oriented):
        able = ", ".join(s.name for s in STIMULI.values() if s.oriented)
        raise BadInput(f"a {name} cannot be {wanted.orientation!r}: only a stimulus can ({able})")
    if wanted.frequency and not (stimulus and stimulus.periodic):
        raise BadInput(f"a {name} cannot be {wanted.frequency!r}: only a grating can")


def _whole(things: list[WantedThing], relations: list[Wish], found: dict[str, str]) -> Wanted:
    if found.get("things") == "nothing" and things:
        raise BadInput("the prompt asks for nothing and for something")
    total = sum(wanted.count or 2 for wanted in things)
    if total > MOST:
        raise BadInput(f"the prompt asks for {total!r} things; at most {MOST} fit a picture")
    for a, relation, b in relations:
        if relation in ("on", "inside") and (things[a].count, things[b].count) != (1, 1):
            raise BadInput(f"{relation!r} is said of one thing and another, not of several")
    light, treatment = found.get("light", "normal"), found.get("treatment", "none")
    return Wanted(tuple(things), found.get("background"), light, treatment, tuple(relations))
