"""Edits in words of the parts of things: off, back on, and alone: "take the wheels off the car".

Covered: which things have the parts that are named, and which parts go with them. Not covered: how they are drawn
(`figures`); a photograph has no parts that could be told apart.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from ...targets.errors import BadInput, nearest
from ...targets.picture import Scene, Thing
from .caption import listed
from .edit_named import Means, find, matches
from .edit_places import with_thing
from .pen import BODY
from .vocabulary import NOUNS, part_of, part_words


def parts_named(text: str) -> list[str] | None:
    """The part words of "the wheels and windows"; None where it names anything else."""
    words = [word for word in re.findall(r"\w+", text) if word not in ("the", "its", "and", "all", "a")]
    return words if words and all(word in part_words() for word in words) else None


def _owners(scene: Scene, means: Means, parts: Sequence[str], owner: str | None) -> list[int]:
    if owner is not None and owner not in ("it", "them"):
        found = find(scene, owner, means.cutouts)
        for i in found:
            if scene.things[i].photo is not None:
                raise BadInput(f"the {scene.things[i].noun} is a photograph: its parts cannot be told apart")
        return found

    def has(thing: Thing) -> bool:
        try:
            return thing.photo is None and thing.noun in NOUNS and bool([part_of(thing.noun, part) for part in parts])
        except BadInput:
            return False

    found = [i for i, thing in enumerate(scene.things) if has(thing)]
    if not found:
        raise BadInput(f"nothing in the scene has {listed(list(parts))!r} that could be told apart")
    return found


def parts_off(scene: Scene, means: Means, what: str, owner: str | None = None) -> Scene:
    """ "take the wheels off the car"."""
    parts = parts_named(what)
    if parts is None:
        raise BadInput(f"{what!r} is no part of a thing; nearest: {nearest(what.removeprefix('the '), sorted(part_words()))}")
    for i in _owners(scene, means, parts, owner):
        thing = scene.things[i]
        gone = {part_of(thing.noun, word) for word in parts}
        gone |= {inner for part in gone for inner in _CARRIED.get(part, ()) if inner in NOUNS[thing.noun].parts}
        scene = _missing(scene, i, {*thing.missing, *gone})
    return scene


def parts_on(scene: Scene, means: Means, what: str, owner: str | None = None) -> Scene:
    """ "put the wheels back on the car"."""
    parts = parts_named(what)
    if parts is None:
        raise BadInput(f"{what!r} is no part of a thing; nearest: {nearest(what.removeprefix('the '), sorted(part_words()))}")
    for i in _owners(scene, means, parts, owner):
        thing = scene.things[i]
        back = {part_of(thing.noun, word) for word in parts}
        back |= {inner for part in back for inner in _CARRIED.get(part, ())}
        scene = _missing(scene, i, {*thing.missing} - back)
    return scene


def only(scene: Scene, means: Means, what: str) -> Scene:
    """ "show only the wheels of the car", "show only the dogs"."""
    if owner := re.fullmatch(r"(.+?) of (.+)", what):
        parts, who = parts_named(owner[1]), owner[2]
    else:
        parts, who = (None, None) if matches(scene, what, means.cutouts) else (parts_named(what), None)
    if parts is None:
        kept = find(scene, what, means.cutouts)
        return dataclasses.replace(scene, things=tuple(scene.things[i] for i in kept))
    for i in _owners(scene, means, parts, who):
        thing = scene.things[i]
        shown = {part_of(thing.noun, word) for word in parts}
        scene = _missing(scene, i, {BODY, *NOUNS[thing.noun].parts} - shown)
    return scene


def _missing(scene: Scene, which: int, gone: set[str]) -> Scene:
    thing = scene.things[which]
    ordered = tuple(part for part in (BODY, *NOUNS[thing.noun].parts) if part in gone)
    return with_thing(scene, which, dataclasses.replace(thing, missing=ordered))


_CARRIED: dict[str, tuple[str, ...]] = {
    "head": ("eye", "snout", "beak", "trunk", "tusk", "ears", "tongue"),
    "face": ("hands",),
    "cab": ("light",),
    "mast": ("sail",),
}
"""Parts that hang on another one, and go where it goes."""
