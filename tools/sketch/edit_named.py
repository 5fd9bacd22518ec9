"""What an edit in words speaks of: the things of a scene that a phrase such as "the red car" or "all the dogs" means.

Covered: reading a phrase, finding what fits it, and what edits work with besides (`Means`). Not covered: the edits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...targets.errors import BadInput, nearest
from ...targets.picture import Scene, Thing
from .caption import kind, listed, phrase
from .cutout_nouns import NONE, Cutouts
from .prompt import SAME, Reader, known_words, read_thing
from .vocabulary import plural
from .wanted import WantedThing


@dataclass(frozen=True, slots=True)
class Means:
    """What an edit may use: a random stream for what the words leave open, and the nouns that cut-outs add."""

    rng: np.random.Generator
    cutouts: Cutouts = NONE


def reader_of(text: str, cutouts: Cutouts) -> Reader:
    """The words of a part of an edit, to be read. Raises `BadInput` on an unknown one, naming the nearest."""
    words = re.findall(r"[^\W_]+(?:'[^\W_]+)?|,", text)
    known = known_words(cutouts) | {"all", "every", "both", "one"}
    for word in words:
        if word not in known and not word.isdigit():
            raise BadInput(f"unknown word {word!r} in the edit; nearest: {nearest(word, sorted(known - {','}))}")
    return Reader([SAME.get(word, word) for word in words], cutouts=cutouts)


def named_thing(text: str, cutouts: Cutouts) -> tuple[WantedThing, list[str]]:
    """The thing a phrase names, and the words it was named with."""
    reader = reader_of(text, cutouts)
    wanted = read_thing(reader)
    if reader.peek():
        raise BadInput(f"{' '.join(reader.words[reader.at :])!r} is too much after {text!r}: name one thing")
    return wanted, reader.words


def fits(thing: Thing, wanted: WantedThing, words: Sequence[str]) -> bool:
    """Whether a thing is what is wanted; a pattern's absence counts only where `words` say it."""
    for factor in ("noun", "colour", "pattern", "size", "orientation", "frequency"):
        asked = getattr(wanted, factor)
        if factor == "pattern" and "plain" not in words and asked == "plain":
            continue  # only where it was said
        if asked is not None and getattr(thing, factor) != asked:
            return False
    return True


def find(scene: Scene, text: str, cutouts: Cutouts = NONE) -> list[int]:
    """Which things a phrase means: "the red car" (it must be the only one), "all cars", "the cars", "two cars".

    Raises `BadInput` where there is none, or where "the" could mean several.
    """
    text = text.strip()
    every = re.match(r"(?:all|every|both)(?: of)?(?: the)? ", text + " ")
    one = re.match(r"(?:one|any) of the ", text)
    bare = text[every.end() :] if every else text[one.end() :] if one else text
    if not bare.strip() or bare.strip() in ("them", "things", "objects") or text == "everything":
        if not scene.things:
            raise BadInput(f"{text!r}: the scene holds nothing")
        return list(range(len(scene.things)))
    if text == "it":
        if len(scene.things) != 1:
            raise BadInput(f"'it' could be any of {len(scene.things)} things: name it")
        return [0]
    wanted, words = named_thing(bare, cutouts)
    found = [i for i, thing in enumerate(scene.things) if fits(thing, wanted, words)]
    if not found:
        there = listed([phrase(kind(thing)) for thing in scene.things]) if scene.things else "nothing"
        raise BadInput(f"there is no {bare.removeprefix('the ')!r} in the scene, which holds {there}")
    if one:
        return found[-1:]
    head = words[-1]
    own = plural(wanted.noun or "thing").split()
    many = bool(every) or ((words[-len(own) :] == own or head == "objects") and own != (wanted.noun or "").split())
    if many and wanted.count not in (None, 1) and wanted.count != len(found):
        raise BadInput(f"{text!r}: there are {len(found)}, not {wanted.count}")
    if len(found) > 1 and not many:
        raise BadInput(f"{text!r} could be any of {len(found)}: add what tells it apart, or write 'all the …'")
    return found


def the_one(scene: Scene, text: str, cutouts: Cutouts) -> int:
    """The one thing that a phrase means. Raises `BadInput` where it means none or several."""
    found = find(scene, text, cutouts)
    if len(found) != 1:
        raise BadInput(f"{text!r} means {len(found)} things: name one")
    return found[0]


def matches(scene: Scene, text: str, cutouts: Cutouts) -> list[int]:
    """Which things a phrase means, or none where it means nothing that can be found."""
    try:
        return find(scene, text, cutouts)
    except BadInput:
        return []
