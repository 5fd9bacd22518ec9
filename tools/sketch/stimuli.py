"""The stimuli of early vision, painted: crisp figures of high contrast, in one colour on black or white.

Covered: bar, edge, grating, spot, ring, curve, corner, cross as layers, and the ground they stand on. A stimulus that
comes first in a scene on the plain background brings its own ground, black or white, over the whole picture; others
are laid on what is there. Bars, edges and gratings run through the frame, or fade out in a soft round window, so that
they have one orientation only.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ...targets.picture import Thing
from .figures import Layer
from .palette import shade_of
from .scenes import stream

_ANGLES = {"vertical": 90.0, "horizontal": 0.0, "rising": -45.0, "falling": 45.0}  # of the line, y down
PERIODS = {"coarse": (0.26, 0.36), "moderate": (0.115, 0.155), "fine": (0.045, 0.062)}
"""Period of a grating as a fraction of the picture's side, by frequency word."""

_SOFT = {"spot": 0.06, "ring": 0.05, "curve": 0.05, "corner": 0.05, "cross": 0.05}
"""Width of the outline of a figure that has no one orientation, as a fraction of the picture's side. A sharp one holds
edges of many orientations, and a unit tuned to one of them would answer circles as it does gratings."""

Field = Callable[[np.ndarray, np.ndarray, float, list[float]], np.ndarray]


def ground(thing: Thing) -> np.ndarray:
    """The colour, float RGB, of the ground that shows a stimulus best: near black or near white."""
    luck = stream(thing.pose, 1).random(2)
    ink = shade_of(thing.colour, thing.shade) @ (0.299, 0.587, 0.114)
    white = ink < 105 or (ink < 150 and luck[0] < 0.5)
    return np.full(3, 255 - 14 * luck[1] if white else 14 * luck[1])


def stimulus(thing: Thing, side: int) -> Layer:
    """The stimulus as a layer of a picture `side` pixels wide. Its colour is the thing's, at high contrast."""
    luck = stream(thing.pose).random(8).tolist()
    fills = thing.noun in ("edge", "grating")
    whole = thing.scale >= 0.95
    centre_x, centre_y = thing.x * side, thing.y * side
    if whole:
        left = top = 0
        right = bottom = side
    else:
        reach = thing.scale * side / 2 + 2
        left, top = max(0, math.floor(centre_x - reach)), max(0, math.floor(centre_y - reach))
        right, bottom = min(side, math.ceil(centre_x + reach)), min(side, math.ceil(centre_y + reach))
    x = (np.arange(left, right, dtype=np.float64) + 0.5 - centre_x)[None, :]
    y = (np.arange(top, bottom, dtype=np.float64) + 0.5 - centre_y)[:, None]
    turn = math.radians(thing.angle + _ANGLES.get(thing.orientation or "", 0.0))
    along = x * math.cos(turn) + y * math.sin(turn)
    across = -x * math.sin(turn) + y * math.cos(turn)
    size = thing.scale * side / 2
    if thing.noun == "grating":
        low, high = PERIODS[thing.frequency or "moderate"]
        inside = _grating(across, (low + luck[0] * (high - low)) * side, luck[1])
    else:
        width = max(1.0, _SOFT.get(thing.noun, 0.0) * side)
        inside = np.clip(0.5 - _DISTANCES[thing.noun](along, across, size, luck) / width, 0, 1)
    if thing.noun == "bar" and not whole:
        inside = inside * _soft_window(np.hypot(x, y) / size)
    if thing.noun == "corner" and not whole:  # a wedge runs on to the frame, or to a round end
        inside = inside * np.clip(size - np.hypot(x, y) + 0.5, 0, 1)
    colour = shade_of(thing.colour, thing.shade)
    if not fills:
        cover = inside.astype(np.float32)
        return Layer(left, top, cover[:, :, None] * colour.astype(np.float32), cover)
    window = np.ones_like(inside) if whole else _soft_window(np.hypot(x, y) / size)
    other = ground(thing)
    mixed = other + inside[:, :, None] * (colour - other)
    cover = window.astype(np.float32)
    return Layer(left, top, (mixed * window[:, :, None]).astype(np.float32), cover)


def _soft_window(radius: np.ndarray) -> np.ndarray:
    """1 in the middle, falling smoothly to 0 at radius 1: oriented stimuli bring no edges of other orientations."""
    inward = np.clip((1 - radius) / 0.45, 0, 1)
    return np.asarray(inward * inward * (3 - 2 * inward))


def _grating(across: np.ndarray, period: float, phase: float) -> np.ndarray:
    """A square wave with edges one pixel wide, 0..1."""
    to_edge = np.abs((across / period + phase) % 1 - 0.5) - 0.25
    return np.clip(0.5 - to_edge * period, 0, 1)


def _bar(along: np.ndarray, across: np.ndarray, size: float, luck: list[float]) -> np.ndarray:
    """Endless: it runs through the frame, or fades out with its window, so that its ends are not edges across it."""
    width = (0.1 + 0.12 * luck[0]) * size
    return np.asarray(np.abs(across + (luck[1] - 0.5) * 0.3 * size) - width)


def _edge(along: np.ndarray, across: np.ndarray, size: float, luck: list[float]) -> np.ndarray:
    return (across + (luck[0] - 0.5) * 0.6 * size) * (1 if luck[1] < 0.5 else -1)


def _spot(along: np.ndarray, across: np.ndarray, size: float, luck: list[float]) -> np.ndarray:
    return np.asarray(np.hypot(along, across) - (0.5 + 0.4 * luck[0]) * size)


def _ring(along: np.ndarray, across: np.ndarray, size: float, luck: list[float]) -> np.ndarray:
    width = (0.08 + 0.08 * luck[0]) * size
    return np.asarray(np.abs(np.hypot(along, across) - 0.9 * size + width - 0.25 * luck[1] * size) - width)


def _curve(along: np.ndarray, across: np.ndarray, size: float, luck: list[float]) -> np.ndarray:
    """An arc of a third to a half of a circle."""
    radius, width, half = (0.75 + 0.5 * luck[0]) * size, (0.07 + 0.07 * luck[1]) * size, 0.85 + 0.45 * luck[2]
    below = across + 0.45 * radius
    turn = np.arctan2(along, below)
    on_arc = np.abs(np.hypot(along, below) - radius) - width
    end_x, end_y = radius * math.sin(half), radius * math.cos(half)
    at_end = np.hypot(np.abs(along) - end_x, below - end_y) - width
    return np.asarray(np.where(np.abs(turn) <= half, on_arc, at_end))


def _corner(along: np.ndarray, across: np.ndarray, size: float, luck: list[float]) -> np.ndarray:
    """The tip of a wedge of 60 to 110 degrees."""
    half = math.radians(30 + 25 * luck[0])
    tip = (0.35 + 0.3 * luck[1]) * size
    wedge = np.abs(across) * math.cos(half) - (along + tip) * math.sin(half)
    return np.asarray(wedge)


def _cross(along: np.ndarray, across: np.ndarray, size: float, luck: list[float]) -> np.ndarray:
    width, reach = (0.08 + 0.08 * luck[0]) * size, (0.7 + 0.22 * luck[1]) * size
    a, b = np.abs(along), np.abs(across)
    return np.asarray(np.minimum(np.maximum(a - width, b - reach), np.maximum(b - width, a - reach)))


_DISTANCES: dict[str, Field] = {
    "bar": _bar,
    "edge": _edge,
    "spot": _spot,
    "ring": _ring,
    "curve": _curve,
    "corner": _corner,
    "cross": _cross,
}
