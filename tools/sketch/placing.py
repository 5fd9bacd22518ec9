"""Where things go: a layout in which every thing stays visible, inside the frame, the near ones lower and in front.

Covered: `compose`. Not covered: which things a scene holds (`scenes`), relations that were asked for (`prompt`).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from ...targets.picture import Scene, Thing
from .vocabulary import NOUNS, STIMULI, check

_LAYOUTS = 48  # candidate layouts looked at together
_COVERED = 0.3  # share of a thing's box that those in front may cover; figures fill less than their boxes
_FILL = 0.92  # a figure's silhouette lies inside its box: overlaps are judged on boxes shrunk to this
_FLOATING = ("sky", "plain", "water")


def extent(thing: Thing) -> tuple[float, float]:
    """Width and height of the upright box around a thing, as fractions of the picture's side."""
    drawn = NOUNS[thing.noun].aspect if thing.noun in NOUNS else 1.0
    aspect = drawn if thing.photo is None else thing.photo.aspect
    width, height = thing.scale * min(1.0, aspect), thing.scale * min(1.0, 1.0 / aspect)
    if thing.noun in STIMULI:
        return width, height
    c, s = abs(math.cos(math.radians(thing.angle))), abs(math.sin(math.radians(thing.angle)))
    return width * c + height * s, width * s + height * c


def compose(
    things: Sequence[Thing],
    background: str,
    rng: np.random.Generator,
    light: str = "normal",
    treatment: str = "none",
    side: int = 224,
    near_last: bool = True,
) -> Scene:
    """The scene of these things, in this order (the last in front), each at a new place where it stays visible.

    At least about 60% of each thing's area is left unoccluded, and all of it lies inside the frame; where that cannot
    be done at the things' scales they are all shrunk until it can. `near_last`: later things tend to stand lower, as
    what is near does; else heights are drawn without regard to order. Raises `BadInput` on an unknown background, light
    or treatment.
    """
    check("background", background)
    check("light", light)
    check("treatment", treatment)
    seed = int(rng.integers(2**31))
    placed = [_within_frame(thing) for thing in things]
    ground = background not in _FLOATING
    for _ in range(12):
        boxes = np.array([extent(thing) for thing in placed]).reshape(-1, 2)
        places, covered = _best_layout(boxes, ground, near_last, rng)
        if covered <= _COVERED:
            break
        placed = [dataclasses.replace(t, scale=t.scale * 0.9) for t in placed]
    placed = [
        dataclasses.replace(t, x=round(float(x), 4), y=round(float(y), 4))
        for t, (x, y) in zip(placed, places, strict=True)
    ]
    return Scene(background, tuple(placed), light, treatment, seed, side)


def _within_frame(thing: Thing) -> Thing:
    """The thing, smaller where its box, tilted as it is, would be larger than the picture."""
    largest = max(extent(thing))
    return thing if largest <= 1 else dataclasses.replace(thing, scale=round(thing.scale / largest - 5e-5, 4))


def _best_layout(
    boxes: np.ndarray, ground: bool, near_last: bool, rng: np.random.Generator
) -> tuple[np.ndarray, float]:
    """The layout, n x 2, of least covering among many random ones, and the largest covered share in it."""
    n = len(boxes)
    if n == 0:
        return np.zeros((0, 2)), 0.0
    half = np.minimum(boxes, 1.0) / 2
    lowest = 1 - half[:, 1] - 0.01
    highest = half[:, 1] + 0.01
    if ground:  # feet below the horizon, as far as the crowd leaves room
        highest = np.maximum(highest, (0.62 if n <= 3 else 0.42) - half[:, 1])
    highest = np.minimum(highest, lowest)
    u = rng.random((_LAYOUTS, n, 2))
    if n > 1:
        columns = math.ceil(math.sqrt(n))
        rows = math.ceil(n / columns)
        cells = np.argsort(rng.random((_LAYOUTS // 2, rows * columns)), axis=1)[:, :n]
        if near_last:
            cells.sort(axis=1)
        u[: _LAYOUTS // 2, :, 0] = (cells % columns + 0.25 + 0.5 * u[: _LAYOUTS // 2, :, 0]) / columns
        u[: _LAYOUTS // 2, :, 1] = (cells // columns + 0.25 + 0.5 * u[: _LAYOUTS // 2, :, 1]) / rows
        if near_last:
            u[_LAYOUTS // 2 :, :, 1].sort(axis=1)
    x = np.clip(half[:, 0] + 0.01 + u[:, :, 0] * (0.98 - 2 * half[:, 0]), half[:, 0], 1 - half[:, 0])
    y = highest + u[:, :, 1] * (lowest - highest)
    centre = np.stack([x, y], axis=2)
    reach = half * _FILL
    gap = np.abs(centre[:, :, None] - centre[:, None, :])
    overlap = np.clip(reach[:, None] + reach[None, :] - gap, 0, 2 * np.minimum(reach[:, None], reach[None, :]))
    area = overlap.prod(axis=3) * np.triu(np.ones((n, n)), 1)
    covered = (area.sum(axis=2) / (4 * reach.prod(axis=1))).max(axis=1)
    fine = np.flatnonzero(covered <= _COVERED)
    best = int(fine[rng.integers(len(fine))]) if len(fine) else int(covered.argmin())
    return centre[best], float(covered[best])
