"""Edits of a scene: one factor swapped, a thing removed or added, and everything else as it was.

Covered: edits of scenes; painted, they change no pixel outside the footprints of the edited things, before and after.
Not covered: edits in words, and edits of pixels.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from ...targets.errors import BadInput, nearest
from ...targets.picture import Scene, Thing
from .cutout_nouns import FACTORS as FACTORS_OF_CUTOUTS
from .cutout_nouns import NONE, Cutouts
from .vocabulary import COLOURS, FACTORS, FREQUENCIES, NATURAL, ORIENTATIONS, STIMULI, check, scale_range


def swap(scene: Scene, factor: str, value: str, which: int | None = None, cutouts: Cutouts = NONE) -> Scene:
    """The scene with one factor at another value; places, poses, shades and seeds stay.

    `factor`: noun, colour, pattern, size, orientation, frequency (of thing `which`, or of all things that have it),
    background, light or treatment (of the scene; `which` must then be None). An object that becomes a stimulus takes
    what orientation and frequency its pose decides, and loses its pattern. Raises `BadInput` on an unknown factor or
    value, on a thing that is not there, and where no thing has the factor. A noun that has cut-outs is shown by one; where
    a cut-out becomes a drawn thing, its pose decides its colour. A new background takes a photograph's place.
    """
    if factor not in FACTORS:
        raise BadInput(f"{factor!r} is no factor of a scene; nearest: {nearest(factor, FACTORS)}")
    if factor != "noun" or value not in cutouts:
        check(factor, value)
    if factor in ("background", "light", "treatment"):
        if which is not None:
            raise BadInput(f"{factor!r} belongs to the scene, not to thing {which!r}")
        changed: dict[str, Any] = {factor: value}
        if factor == "background":
            changed["photo"] = None
        return dataclasses.replace(scene, **changed)
    if which is not None:
        chosen = [_index(scene, which)]
        if not _has(scene.things[which], factor):
            if scene.things[which].photo is not None:
                raise BadInput(photographed(scene.things[which], factor))
            raise BadInput(f"thing {which!r} is a {scene.things[which].noun}, which has no {factor}")
    else:
        chosen = [i for i, thing in enumerate(scene.things) if _has(thing, factor)]
        if not chosen:
            raise BadInput(f"no thing in the scene has the factor {factor!r}")
    things = list(scene.things)
    for i in chosen:
        things[i] = _changed(things[i], factor, value, cutouts)
    return dataclasses.replace(scene, things=tuple(things))


def remove(scene: Scene, which: int) -> Scene:
    """The scene without thing `which`. Raises `BadInput` where there is no such thing."""
    gone = _index(scene, which)
    return dataclasses.replace(scene, things=scene.things[:gone] + scene.things[gone + 1 :])


def add(scene: Scene, thing: Thing) -> Scene:
    """The scene with one more thing, in front of all others, where `thing.x` and `thing.y` say."""
    return dataclasses.replace(scene, things=(*scene.things, thing))


def _index(scene: Scene, which: int) -> int:
    if not 0 <= which < len(scene.things):
        have = f"things 0 to {len(scene.things) - 1}" if scene.things else "no things"
        raise BadInput(f"the scene has {have}, not thing {which!r}")
    return which


def photographed(thing: Thing, factor: str) -> str:
    """Why a factor of a cut-out cannot be set."""
    if factor == "colour":
        return (f"the {thing.noun} is a photograph and has its own colours, which no one word names: replace it, or turn the "
                "colours of the whole picture, as in 'hue 90'")  # fmt: skip
    return f"the {thing.noun} is a photograph, which has no {factor} to change"


def _has(thing: Thing, factor: str) -> bool:
    if thing.photo is not None:
        return factor in FACTORS_OF_CUTOUTS
    stimulus = STIMULI.get(thing.noun)
    if factor == "pattern":
        return stimulus is None
    if factor == "orientation":
        return stimulus is not None and stimulus.oriented
    if factor == "frequency":
        return stimulus is not None and stimulus.periodic
    return True


def _changed(thing: Thing, factor: str, value: str, cutouts: Cutouts) -> Thing:
    if factor == "size":
        return dataclasses.replace(thing, size=value, scale=_rescaled(thing, thing.noun, value))
    if factor != "noun":
        changed: dict[str, Any] = {factor: value}
        return dataclasses.replace(thing, **changed)
    if value in cutouts:
        blank = dataclasses.replace(
            thing, noun=value, colour="", pattern="plain", missing=(), angle=0.0, orientation=None, frequency=None
        )
        scale = _rescaled(thing, value, thing.size) if thing.noun in STIMULI else thing.scale
        return dataclasses.replace(blank, scale=scale, photo=cutouts.photo(value, thing.pose))
    if thing.photo is not None:
        own = NATURAL.get(value, tuple(COLOURS))
        thing = dataclasses.replace(thing, colour=own[thing.pose % len(own)], photo=None)
    stimulus = STIMULI.get(value)
    orientation = (thing.orientation or ORIENTATIONS[thing.pose % 4]) if stimulus and stimulus.oriented else None
    frequency = (thing.frequency or FREQUENCIES[thing.pose % 3]) if stimulus and stimulus.periodic else None
    return dataclasses.replace(
        thing,
        noun=value,
        missing=(),
        pattern="plain" if stimulus else thing.pattern,
        orientation=orientation,
        frequency=frequency,
        scale=_rescaled(thing, value, thing.size) if (stimulus is None) != (thing.noun not in STIMULI) else thing.scale,
    )


def _rescaled(thing: Thing, noun: str, size: str) -> float:
    """The scale that lies where the thing's lies in its own size's range, in the range of the new noun and size."""
    low, high = scale_range(thing.noun, thing.size)
    at = min(max((thing.scale - low) / (high - low), 0.0), 1.0) if high > low else 0.5
    new_low, new_high = scale_range(noun, size)
    return round(new_low + at * (new_high - new_low), 4)
