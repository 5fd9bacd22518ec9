"""Where in a picture a scene neuron's response comes from: exact masks, and maps whose peak lies there.

Covered: the mask at the picture's own size, from the painter's masks of the things that satisfy the truth (of a background,
what no thing hides; of a light, everything), and a coarse map that is largest where the mask covers most. Not covered:
how large the response is (`responses.py`): the map's peak is given, to the bit.
"""

from __future__ import annotations

import dataclasses
from functools import lru_cache

import numpy as np

from ..targets.picture import Scene
from ..tools.sketch.paint import paint
from .responses import Truth, concerned

GRID = 14  # cells on a side of a map
_PAINTED = 8 * GRID  # side at which masks are painted for a map: 64 pixels a cell


def exact_mask(truth: Truth, scene: Scene) -> np.ndarray:
    """Exactly the visible pixels that the response comes from: bool, side x side; empty where nothing is alike."""
    things, background, light = concerned(truth, scene)
    everywhere = np.ones((scene.side, scene.side), dtype=bool)
    if light:
        return everywhere
    masks = paint(scene).masks
    chosen = ~everywhere
    for i in things:
        chosen |= masks[i]
    if background:
        chosen |= ~np.any(masks, axis=0) if masks else everywhere
    return chosen


def cover(truth: Truth, scene: Scene) -> np.ndarray:
    """The share of each cell that the response comes from, the largest made 1: float64, GRID x GRID; zeros if nothing."""
    things, background, light = concerned(truth, scene)
    if light:
        return np.ones((GRID, GRID))
    cells = _cells(dataclasses.replace(scene, side=_PAINTED))
    chosen = cells[things].sum(axis=0)  # visible pixels belong to one thing each: shares add up
    if background:
        chosen = chosen + (1 - cells.sum(axis=0))
    most = chosen.max()
    return np.asarray(chosen / most if most > 0 else chosen)


def laid_out(answer: float, depth: float, covered: np.ndarray) -> np.ndarray:
    """A map of that shape with its maximum, exactly `answer`, where `covered` is 1, and `answer - depth` where it is 0."""
    return np.asarray(answer - depth * (1.0 - covered))


@lru_cache(maxsize=256)
def _cells(scene: Scene) -> np.ndarray:
    """The share of each cell that each thing takes up: things x GRID x GRID."""
    masks = paint(scene).masks
    if not masks:
        return np.zeros((0, GRID, GRID))
    each = _PAINTED // GRID
    return np.asarray(np.stack(masks).reshape(len(masks), GRID, each, GRID, each).mean(axis=(2, 4)))
