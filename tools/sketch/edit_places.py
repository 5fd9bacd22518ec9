"""Where things go in edits in words: room for a new one, a place in a relation, and moving what is there.

Covered: "move the dog to the left", "move the ball onto the table", "move the cat to the front". Not covered: which things
are meant (`edit_named`), all other edits (`edit_things`, `edit_parts`).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

import numpy as np

from ...targets.errors import BadInput
from ...targets.picture import Scene, Thing
from .edit_named import Means, find, the_one
from .placing import extent
from .relations import holds
from .vocabulary import RELATIONS, STIMULI

_DIRECTIONS = {"left": (-0.25, 0.0), "right": (0.25, 0.0), "up": (0.0, -0.25), "down": (0.0, 0.25)}
_TRIES = 400
_ROOM = 0.35  # share of a thing that a new or moved one may cover


def inside_frame(thing: Thing) -> Thing:
    """The thing moved, and shrunk where it must be, so that all of it lies in the picture."""
    width, height = extent(thing)
    if max(width, height) > 0.98:
        thing = dataclasses.replace(thing, scale=round(thing.scale * 0.98 / max(width, height), 4))
        width, height = extent(thing)
    x = min(max(thing.x, width / 2 + 0.005), 1 - width / 2 - 0.005)
    y = min(max(thing.y, height / 2 + 0.005), 1 - height / 2 - 0.005)
    return dataclasses.replace(thing, x=round(x, 4), y=round(y, 4))


def _covering(thing: Thing, others: Sequence[Thing]) -> float:
    """The largest share of another's box that the thing's would hide."""
    width, height = extent(thing)
    worst = 0.0
    for other in others:
        wide, high = extent(other)
        across = min(thing.x + width / 2, other.x + wide / 2) - max(thing.x - width / 2, other.x - wide / 2)
        down = min(thing.y + height / 2, other.y + high / 2) - max(thing.y - height / 2, other.y - high / 2)
        if across > 0 and down > 0:
            worst = max(worst, across * down / (wide * high))
    return worst


def placed(
    thing: Thing, others: Sequence[Thing], rng: np.random.Generator, relation: str | None = None, to: Thing | None = None
) -> Thing:
    """The thing where it stands in the relation and hides no other by much; smaller where there is no room as it is."""
    beside = [other for other in others if other is not to or relation not in ("on", "inside")]
    best: tuple[float, Thing] | None = None
    for attempt in range(_TRIES):
        shrunk = round(thing.scale * 0.8 ** (attempt // 80), 4)
        if relation in ("on", "inside") and to is not None:
            there = _joined(dataclasses.replace(thing, scale=shrunk), relation, to, rng)
        else:
            x, y = rng.random(2)
            if thing.noun not in STIMULI and relation is None:
                y = 0.45 + 0.55 * y  # on the ground, as other things
            there = inside_frame(dataclasses.replace(thing, scale=shrunk, x=float(x), y=float(y)))
        if relation is not None and to is not None and not holds(relation, there, to):
            continue
        covering = _covering(there, beside)
        if best is None or covering < best[0]:
            best = (covering, there)
        if covering <= _ROOM * 0.3 or (attempt % 80 == 79 and best[0] <= _ROOM):
            break
    if best is None or best[0] > 2 * _ROOM:
        told = f" {relation} the {to.noun}" if relation and to else ""
        raise BadInput(f"there is no room for the {thing.noun}{told}: remove something, or make something smaller")
    return best[1]


def _joined(thing: Thing, relation: str, to: Thing, rng: np.random.Generator) -> Thing:
    """The thing put on or into another, and small enough for it."""
    (wide, high), (width, height) = extent(to), extent(thing)
    if relation == "inside":
        fit = min(1.0, 0.6 * wide / width, 0.6 * high / height)
        thing = dataclasses.replace(thing, scale=round(thing.scale * fit, 4))
        width, height = extent(thing)
        x = to.x + (float(rng.random()) - 0.5) * (wide - width) * 0.5
        return dataclasses.replace(thing, x=round(x, 4), y=to.y)
    above = to.y - high / 2
    fit = min(1.0, 0.9 * wide / width, max(above, 0.0) / (0.9 * height))
    thing = dataclasses.replace(thing, scale=round(max(thing.scale * fit, 0.01), 4))
    width, height = extent(thing)
    x = to.x + (float(rng.random()) - 0.5) * max(0.0, wide - width) * 0.6
    return dataclasses.replace(thing, x=round(x, 4), y=round(above - 0.38 * height, 4))


def with_thing(scene: Scene, which: int, thing: Thing) -> Scene:
    """The scene with another thing in the place of thing `which`."""
    return dataclasses.replace(scene, things=(*scene.things[:which], thing, *scene.things[which + 1 :]))


def plain_words(text: str) -> str:
    """The text with "into" and "onto" as prompts have them."""
    return re.sub(r"\binto\b", "inside", re.sub(r"\bonto\b", "on", text))


def move_named(scene: Scene, means: Means, what: str, where: str) -> Scene:
    """"move the dog to the left", "… onto the table", "… to the front"."""
    which = find(scene, what, means.cutouts)
    where = plain_words(where)
    ways = "left|right|up|down|top|bottom|middle|centre|front|back"
    simple = re.fullmatch(rf"(?:a (?:little|bit) )?(?:to )?(?:the )?({ways})", where)
    if simple:
        return _moved(scene, which, simple[1], 0.4 if where.startswith("a ") else 1.0)
    beside = re.fullmatch(rf"(?:to |on )?(?:the )?({'|'.join(RELATIONS)}|in|on top of|over|under) (.+)", where)
    if beside is None:
        raise BadInput(f"{where!r} is no place: write such as 'to the left', 'on the table' or 'to the right of the car'")
    relation = {"in": "inside", "on top of": "on", "over": "above", "under": "below"}.get(beside[1], beside[1])
    to = the_one(scene, beside[2], means.cutouts)
    for i in which:
        if i == to:
            raise BadInput(f"the {scene.things[i].noun} cannot be {relation} itself")
        others = [thing for j, thing in enumerate(scene.things) if j != i]
        thing = scene.things[i]
        if holds(relation, thing, scene.things[to]):
            continue
        scene = with_thing(scene, i, placed(thing, others, means.rng, relation, scene.things[to]))
        if relation in ("on", "inside") and i < to:  # what lies on a thing is painted after it
            order = [*(j for j in range(to + 1) if j != i), i, *range(to + 1, len(scene.things))]
            scene = dataclasses.replace(scene, things=tuple(scene.things[j] for j in order))
            to, which = to - 1, [order.index(j) for j in which]
    return scene


def _moved(scene: Scene, which: Sequence[int], where: str, far: float) -> Scene:
    if where in ("front", "back"):
        rest = [thing for i, thing in enumerate(scene.things) if i not in which]
        those = [scene.things[i] for i in which]
        return dataclasses.replace(scene, things=tuple(rest + those if where == "front" else those + rest))
    for i in which:
        thing = scene.things[i]
        if where in _DIRECTIONS:
            dx, dy = _DIRECTIONS[where]
            there = dataclasses.replace(thing, x=thing.x + dx * far, y=thing.y + dy * far)
        else:
            y = {"top": 0.0, "bottom": 1.0}.get(where, 0.5)
            there = dataclasses.replace(thing, x=0.5 if where in ("middle", "centre") else thing.x, y=y)
        there = inside_frame(there)
        if abs(there.x - thing.x) + abs(there.y - thing.y) < 0.02:
            raise BadInput(f"the {thing.noun} cannot go further {where}: it is at the edge of the picture")
        scene = with_thing(scene, i, there)
    return scene
