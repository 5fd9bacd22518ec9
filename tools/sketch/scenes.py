"""Scenes without painting them: random ones with a known mix, the same contents drawn anew, and things at random.

Covered: the mix of `sketch:N` as one frozen dataclass, `random_scene`, `redraw`, `random_thing`, `compose` (from
`placing`). Not covered: what the scenes look like (`paint`), or scenes that were asked for in words (`prompt`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from ...targets.errors import BadInput, nearest
from ...targets.picture import Scene, Thing
from .placing import compose
from .vocabulary import (
    BACKGROUNDS,
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

__all__ = ["MIX", "Mix", "compose", "random_scene", "random_thing", "redraw", "stream"]


@dataclass(frozen=True)
class Mix:
    """What random scenes hold, as probabilities; nouns x colours, backgrounds and stimuli are dealt from decks, evenly.

    `stimulus`: scenes of one stimulus, which fills most of the picture, on a plain ground in normal light; the others
    hold objects. `few`: object scenes of 1-3 things, the rest hold 4-7. `group`: object scenes that hold 2-5 of one
    noun (`alike` of them in one colour and pattern). `plain`: things without a pattern. `large`, `small`: sizes of
    things in scenes of few and of many. Treatments are never drawn: they would hide what the captions say.
    """

    stimulus: float = 0.2
    few: float = 0.5
    few_counts: tuple[int, int] = (1, 3)
    many_counts: tuple[int, int] = (4, 7)
    group: float = 0.25
    group_counts: tuple[int, int] = (2, 5)
    alike: float = 0.5
    plain: float = 0.5
    sizes_few: tuple[float, float, float] = (0.2, 0.4, 0.4)
    sizes_many: tuple[float, float, float] = (0.45, 0.47, 0.08)
    sizes_stimulus: tuple[float, float, float] = (0.0, 0.15, 0.85)
    lights: Mapping[str, float] = field(
        default_factory=lambda: {"normal": 0.64, "bright": 0.12, "dark": 0.12, "night": 0.12}
    )
    black_or_white: float = 0.6  # share of stimuli in black or white; the other colours share the rest


MIX = Mix()
_TILT = {"stands": 6.0, "flies": 16.0, "loose": 28.0}


def stream(*seeds: int) -> np.random.Generator:
    """A random stream of its own for this sequence of integers, negative ones too."""
    return np.random.Generator(np.random.PCG64([seed % 2**64 for seed in seeds]))


@lru_cache(maxsize=64)
def _deck(size: int, seed: int, kind: int, round_: int) -> tuple[int, ...]:
    return tuple(int(card) for card in stream(seed, kind, round_).permutation(size))


def _deal(size: int, seed: int, kind: int, turn: int) -> int:
    """Card `turn` of endless shuffled decks of `size` cards: every card once in every `size` turns."""
    return _deck(size, seed, kind, turn // size)[turn % size]


def _pick(rng: np.random.Generator, weights: Mapping[str, float]) -> str:
    at = rng.random() * sum(weights.values())
    for word, weight in weights.items():
        at -= weight
        if at < 0:
            return word
    return next(reversed(list(weights)))


def random_thing(rng: np.random.Generator, **fixed: Any) -> Thing:
    """A thing with every field of `Thing` that is not fixed drawn at random, e.g. ``random_thing(rng, noun="car")``.

    Without a noun it is an object, never a stimulus. A pattern that is not fixed is absent half the time. Raises
    `BadInput` on an unknown field or word, and where a stimulus is given a pattern.
    """
    for name, value in fixed.items():
        if name not in Thing.__dataclass_fields__:
            raise BadInput(f"{name!r} is no field of a thing; nearest: {nearest(name, Thing.__dataclass_fields__)}")
        if name in ("noun", "colour", "pattern", "size", "orientation", "frequency") and value is not None:
            check(name, value)
    draw = rng.random(8)
    words = rng.integers(0, 2**31, size=6)
    noun = fixed.get("noun") or list(NOUNS)[int(words[0]) % len(NOUNS)]
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


def random_scene(seed: int, index: int) -> Scene:
    """Scene `index` of the endless data set `seed`, mixed as `MIX` says; it depends on nothing else."""
    rng = stream(seed, index)
    if rng.random() < MIX.stimulus:
        return _stimulus_scene(seed, index, rng)
    few = rng.random() < MIX.few
    low, high = MIX.few_counts if few else MIX.many_counts
    count = int(rng.integers(low, high + 1))
    in_group = 0
    if rng.random() < MIX.group:
        in_group = int(rng.integers(MIX.group_counts[0], MIX.group_counts[1] + 1))
        # A group must fit the count that was drawn; a lone thing becomes the smallest group.
        count = max(count, MIX.group_counts[0])
        in_group = min(in_group, count)
    sizes = dict(zip(SIZES, MIX.sizes_few if few else MIX.sizes_many, strict=True))
    nouns, colours = list(NOUNS), list(COLOURS)
    things: list[Thing] = []
    alike = rng.random() < MIX.alike
    for place in range(count):
        card = _deal(len(nouns) * len(colours), seed, 1, index * MIX.many_counts[1] + place)
        fixed: dict[str, Any] = {"noun": nouns[card % len(nouns)], "colour": colours[card // len(nouns)]}
        fixed["size"] = _pick(rng, sizes)
        if 0 < place < in_group:
            fixed["noun"], fixed["size"] = things[0].noun, things[0].size
            if alike:
                fixed["colour"], fixed["pattern"] = things[0].colour, things[0].pattern
        things.append(random_thing(rng, **fixed))
    order = rng.permutation(count)
    background = BACKGROUNDS[_deal(len(BACKGROUNDS), seed, 2, index)]
    return compose([things[i] for i in order], background, rng, _pick(rng, MIX.lights))


def _stimulus_scene(seed: int, index: int, rng: np.random.Generator) -> Scene:
    kinds = [(s.name, o) for s in STIMULI.values() for o in (ORIENTATIONS if s.oriented else (None,))]
    noun, orientation = kinds[_deal(len(kinds), seed, 3, index)]
    fixed: dict[str, Any] = {"noun": noun, "orientation": orientation}
    if rng.random() < MIX.black_or_white:
        fixed["colour"] = ("black", "white")[int(rng.integers(2))]
    return compose([random_thing(rng, **fixed)], "plain", rng)


def redraw(scene: Scene, seed: int) -> Scene:
    """The same contents drawn anew: nouns, colours, patterns, sizes, orientations, frequencies, background, light and
    treatment stay; places, poses, angles, shades and textures are other ones, decided by `seed` and the scene's own.
    """
    rng = stream(seed, scene.seed, 4)
    keep = ("noun", "colour", "pattern", "size", "orientation", "frequency")
    things = [random_thing(rng, **{name: getattr(thing, name) for name in keep}) for thing in scene.things]
    return compose(things, scene.background, rng, scene.light, scene.treatment, scene.side)
