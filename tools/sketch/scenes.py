"""Scenes without painting them: random ones with a known mix, the same contents drawn anew, and things at random.

Covered: `random_scene`, `redraw`, `random_thing`; `compose` (from `placing`) and the mix of `sketch:N` (from `mixing`)
by name. Not covered: what the scenes look like (`paint`), or scenes that were asked for in words (`prompt`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...targets.errors import BadInput, nearest
from ...targets.picture import Scene, Thing
from .cutout_nouns import NONE, Cutouts, able
from .mixing import MIX, Mix, plan
from .placing import compose
from .relations import arrange
from .vocabulary import (
    COLOURS,
    FREQUENCIES,
    NOUNS,
    ORIENTATIONS,
    PATTERNS,
    SIZES,
    STIMULI,
    check,
    scale_range,
)

__all__ = ["MIX", "Mix", "chosen", "compose", "random_scene", "random_thing", "redraw", "stream"]

_TILT = {"stands": 6.0, "flies": 16.0, "loose": 28.0}


def stream(*seeds: int) -> np.random.Generator:
    """A random stream of its own for this sequence of integers, negative ones too."""
    return np.random.Generator(np.random.PCG64([seed % 2**64 for seed in seeds]))


def _pick(rng: np.random.Generator, weights: Mapping[str, float]) -> str:
    return chosen(float(rng.random()), weights)


def chosen(luck: float, weights: Mapping[str, float]) -> str:
    """The word at `luck` in [0, 1) of the weights laid end to end."""
    at = luck * sum(weights.values())
    for word, weight in weights.items():
        at -= weight
        if at < 0:
            return word
    return next(reversed(list(weights)))


def random_thing(rng: np.random.Generator, cutouts: Cutouts = NONE, /, **fixed: Any) -> Thing:
    """A thing with every field of `Thing` that is not fixed drawn at random, e.g. ``random_thing(rng, noun="car")``.

    Without a noun it is an object, never a stimulus. A pattern that is not fixed is absent half the time. A noun that
    has cut-outs is shown by one of them, which the pose decides. Raises `BadInput` on an unknown field or word, and where
    a stimulus or a cut-out is given what it cannot have.
    """
    for name, value in fixed.items():
        if name not in Thing.__dataclass_fields__:
            raise BadInput(f"{name!r} is no field of a thing; nearest: {nearest(name, Thing.__dataclass_fields__)}")
        if name == "noun" and value in cutouts:
            continue
        if name in ("noun", "colour", "pattern", "size", "orientation", "frequency") and value is not None:
            check(name, value)
    draw = rng.random(8)
    words = rng.integers(0, 2**31, size=6)
    known = able(cutouts, [name for name, value in fixed.items() if value])
    noun = fixed.get("noun") or known[int(words[0]) % len(known)]
    if noun in cutouts:
        return _cut_out(noun, draw, int(words[5]), cutouts, fixed)
    stimulus = STIMULI.get(noun)
    sizes = MIX.sizes_stimulus if stimulus else MIX.sizes_few
    size = fixed.get("size") or _pick(rng, dict(zip(SIZES, sizes, strict=True)))
    low, high = scale_range(noun, size)
    if stimulus:
        if fixed.get("pattern") not in (None, "plain"):
            raise BadInput(f"a {noun} is a stimulus and has no pattern, not {fixed['pattern']!r}")
        if fixed.get("orientation") and not stimulus.oriented:
            raise BadInput(f"a {noun} has no orientation, not {fixed['orientation']!r}")
        if fixed.get("frequency") and not stimulus.periodic:
            raise BadInput(f"a {noun} has no frequency, not {fixed['frequency']!r}")
        pattern, tilt = "plain", 3.0 if stimulus.oriented else 180.0
        orientation = ORIENTATIONS[int(words[3]) % 4] if stimulus.oriented else None
        frequency = FREQUENCIES[int(words[4]) % 3] if stimulus.periodic else None
    else:
        if fixed.get("orientation") or fixed.get("frequency"):
            raise BadInput(f"a {noun} has no orientation or frequency: only a stimulus does")
        pattern = "plain" if draw[0] < MIX.plain else PATTERNS[int(words[2]) % len(PATTERNS)]
        tilt, orientation, frequency = _TILT[NOUNS[noun].stance], None, None
    drawn: dict[str, Any] = {
        "noun": noun,
        "colour": list(COLOURS)[int(words[1]) % len(COLOURS)],
        "pattern": pattern,
        "size": size,
        "orientation": orientation,
        "frequency": frequency,
        "scale": round(float(low + draw[1] * (high - low)), 4),
        "angle": round(float((2 * draw[2] - 1) * tilt), 2),
        "flip": bool(draw[3] < 0.5),
        "shade": round(float(2 * draw[4] - 1), 3),
        "pose": int(words[5]),
    }
    given = {name: value for name, value in fixed.items() if value is not None}
    return Thing(**(drawn | given))


def _cut_out(noun: str, draw: np.ndarray, pose: int, cutouts: Cutouts, fixed: Mapping[str, Any]) -> Thing:
    for name in ("colour", "pattern", "orientation", "frequency", "missing", "angle"):
        if fixed.get(name) and fixed[name] != "plain":
            raise BadInput(f"a {noun} is a photograph here, with its own look: it cannot be given {name} {fixed[name]!r}")
    size = fixed.get("size") or chosen(float(draw[6]), dict(zip(SIZES, MIX.sizes_few, strict=True)))
    low, high = scale_range(noun, size)
    drawn: dict[str, Any] = {
        "size": size,
        "scale": round(float(low + draw[1] * (high - low)), 4),
        "flip": bool(draw[3] < 0.5),
        "shade": round(float(2 * draw[4] - 1), 3),
        "pose": pose,
    }
    given = {name: fixed[name] for name in (*drawn, "x", "y") if fixed.get(name) is not None}
    drawn |= given
    return Thing(noun=noun, colour="", photo=cutouts.photo(noun, drawn["pose"]), **drawn)


def random_scene(seed: int, index: int) -> Scene:
    """Scene `index` of the endless data set `seed`, mixed as `MIX` says; it depends on nothing else."""
    planned = plan(seed, index // MIX.epoch)[index % MIX.epoch]
    rng = stream(seed, index)
    if planned.stimulus is not None:
        noun, orientation = planned.stimulus
        colour = ("black", "white")[int(rng.integers(2))] if rng.random() < MIX.black_or_white else None
        return compose([random_thing(rng, noun=noun, orientation=orientation, colour=colour)], "plain", rng)
    sizes = dict(zip(SIZES, MIX.sizes_many if planned.crowded else MIX.sizes_few, strict=True))
    firsts = {first: rng.random() < MIX.alike for first in (0, *planned.groups[:1])}  # where a group begins: all alike?
    within = {len(planned.things) - 1: "small", len(planned.things) - 2: "large"} if planned.inside else {}
    things: list[Thing] = []
    for place, (noun, colour) in enumerate(planned.things):
        fixed: dict[str, Any] = {"noun": noun, "colour": colour, "size": within.get(place) or _pick(rng, sizes)}
        if place < sum(planned.groups) and place not in firsts:
            first = max(at for at in firsts if at < place)
            fixed["size"] = things[first].size
            if firsts[first]:
                fixed["colour"], fixed["pattern"] = things[first].colour, things[first].pattern
        things.append(random_thing(rng, **fixed))
    light = _pick(rng, MIX.lights)
    if planned.inside:
        last = len(things) - 1
        return arrange(things, [(last, "inside", last - 1)], planned.background, rng, light)
    order = rng.permutation(len(things))
    return compose([things[i] for i in order], planned.background, rng, light)


def redraw(scene: Scene, seed: int, cutouts: Cutouts = NONE) -> Scene:
    """The same contents drawn anew: nouns, colours, patterns, sizes, orientations, frequencies, background, light and
    treatment stay; places, poses, angles, shades and textures are other ones, decided by `seed` and the scene's own.
    A cut-out becomes any of its noun's, a photograph behind is kept and cut elsewhere. Raises `BadInput` where a cut-out's
    noun is not among `cutouts`.
    """
    rng = stream(seed, scene.seed, 4)
    keep = ("noun", "colour", "pattern", "size", "orientation", "frequency", "missing")
    things: list[Thing] = []
    for thing in scene.things:
        if thing.photo is None:
            things.append(random_thing(rng, **{name: getattr(thing, name) for name in keep}))
        elif thing.noun in cutouts:
            things.append(random_thing(rng, cutouts, noun=thing.noun, size=thing.size))
        else:
            raise BadInput(f"there is no other photograph of a {thing.noun!r} here: name its folder with --cutouts")
    ground = "grass" if scene.photo is not None else scene.background  # on which things stand, as on a photograph
    composed = compose(things, ground, rng, scene.light, scene.treatment, scene.side)
    return dataclasses.replace(composed, background=scene.background, photo=scene.photo)
