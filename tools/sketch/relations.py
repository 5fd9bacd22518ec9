"""How things stand to each other: whether a relation holds, and scenes in which wanted relations do.

Covered: left of, right of, above, below, on, inside, judged by the things' boxes. Not covered: the words (`prompt`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from ...targets.errors import BadInput
from ...targets.picture import Scene, Thing
from .placing import compose, extent
from .vocabulary import RELATIONS

Wish = tuple[int, str, int]  # thing `a` stands in this relation to thing `b`

_TRIES = 24
_SUNK = 0.12  # how far, in its own height, what stands on a thing overlaps it


def holds(relation: str, a: Thing, b: Thing) -> bool:
    """Whether `a` is left of, right of, above, below, on or inside `b`.

    Sideways and vertical: the centres lie apart by a quarter of both extents. On: `a` ends at the top of `b`, within
    its width. Inside: the box of `a` lies within that of `b`. Raises `BadInput` on an unknown relation.
    """
    (wa, ha), (wb, hb) = extent(a), extent(b)
    if relation == "left of":
        return b.x - a.x >= (wa + wb) / 4
    if relation == "right of":
        return a.x - b.x >= (wa + wb) / 4
    if relation == "above":
        return b.y - a.y >= (ha + hb) / 4
    if relation == "below":
        return a.y - b.y >= (ha + hb) / 4
    if relation == "on":
        gap = (b.y - hb / 2) - (a.y + ha / 2)
        return -0.3 * ha <= gap <= 0.05 * ha and abs(a.x - b.x) <= wb / 2
    if relation == "inside":
        slack = 1e-6
        return abs(a.x - b.x) + wa / 2 <= wb / 2 + slack and abs(a.y - b.y) + ha / 2 <= hb / 2 + slack
    raise BadInput(f"{relation!r} is no relation; there are {', '.join(map(repr, RELATIONS))}")


def arrange(
    things: Sequence[Thing],
    wishes: Sequence[Wish],
    background: str,
    rng: np.random.Generator,
    light: str = "normal",
    treatment: str = "none",
    side: int = 224,
) -> Scene:
    """`compose`, but so that every wish holds; things shrink where there is no room. `BadInput` if nothing works."""
    scene = compose(things, background, rng, light, treatment, side)
    if not wishes:
        return scene
    placed = list(scene.things)
    for attempt in range(10 * _TRIES):
        if attempt:
            again = compose(placed, background, rng, light, treatment, side, near_last=attempt % 2 == 0)
            placed = list(again.things)
        for a, relation, b in wishes:
            if relation in ("on", "inside"):
                placed[a], placed[b] = _joined(relation, placed[a], placed[b])
        if all(holds(relation, placed[a], placed[b]) for a, relation, b in wishes):
            return dataclasses.replace(scene, things=tuple(placed))
        if attempt % _TRIES == _TRIES - 1:
            placed = [dataclasses.replace(thing, scale=round(thing.scale * 0.85, 4)) for thing in placed]
    told = "; ".join(f"{things[a].noun} {relation} {things[b].noun}" for a, relation, b in wishes)
    raise BadInput(f"no arrangement fulfils {told!r}")


def _joined(relation: str, a: Thing, b: Thing) -> tuple[Thing, Thing]:
    """`a` moved onto or into `b`, and small enough for it; `b` moved down where `a` would leave the frame."""
    (wa, ha), (wb, hb) = extent(a), extent(b)
    if relation == "inside":
        fit = min(1.0, 0.55 * wb / wa, 0.55 * hb / ha)
        return dataclasses.replace(a, scale=round(a.scale * fit, 4), x=b.x, y=b.y), b
    fit = min(1.0, 0.9 * wb / wa, 0.55 / ha)
    shrink = min(1.0, 0.95 / (ha * fit * (1 - _SUNK) + hb))
    ha, hb = ha * fit * shrink, hb * shrink
    floor = max(b.y + hb / 2, ha * (1 - _SUNK) + hb + 0.01)
    b = dataclasses.replace(b, scale=round(b.scale * shrink, 4), y=round(floor - hb / 2, 4))
    a_y = floor - hb - ha / 2 + _SUNK * ha
    return dataclasses.replace(a, scale=round(a.scale * fit * shrink, 4), x=b.x, y=round(a_y, 4)), b
