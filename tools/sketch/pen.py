"""The pen that objects are drawn with: flat shapes in unit coordinates, recorded, posed, then filled in one go.

Covered: shapes (polygons, smooth outlines, ovals, boxes, strokes), inks, named parts, variation, and the image of ink
numbers that `paint` colours. Not covered: colours, patterns, shading, and the objects themselves (`shapes_*.py`).
The unit square is -1..1 in x and y, y down; a figure fills it along its longer side, facing left unless flipped.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

Points = Sequence[tuple[float, float]]

CLEAR = 0  # nothing: cuts a hole in what was drawn before
_BODY = 8  # ink numbers 2..14 are the thing's own colour from dark to light
DARK, COAL, METAL, SILVER, LIGHT, GLASS, WOOD, SHELL, STALK, BLUSH = range(16, 26)
NEUTRALS: dict[int, tuple[int, int, int]] = {
    DARK: (34, 34, 37),
    COAL: (72, 72, 76),
    METAL: (126, 128, 132),
    SILVER: (178, 180, 184),
    LIGHT: (238, 237, 232),
    GLASS: (176, 190, 200),
    WOOD: (126, 108, 92),
    SHELL: (222, 210, 194),
    STALK: (88, 98, 78),
    BLUSH: (206, 178, 172),
}
"""Inks of secondary parts (tyres, glass, eyes, stems): near neutral, so that a colour word is true of the body only."""
INKS = 32  # an index is ink + INKS * part
BODY = "body"
"""What of a figure belongs to no part."""
_STEPS = 6  # points on a smooth outline between two control points


def tone(light: float = 0.0) -> int:
    """The ink of the thing's own colour, `light` steps of tenths lighter (up to .6) or darker (down to -.6)."""
    return _BODY + max(-6, min(6, round(light * 10)))


def tone_of(ink: int) -> float | None:
    """How much lighter than the thing's own colour a body ink is; None for the other inks."""
    return (ink - _BODY) / 10 if 2 <= ink <= 14 else None


def _catmull_rom() -> np.ndarray:
    t = np.arange(_STEPS) / _STEPS
    return 0.5 * np.stack(
        [-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3], axis=1
    )


_BASIS = _catmull_rom()


@lru_cache(maxsize=4096)
def _closed(points: tuple[tuple[float, float], ...]) -> np.ndarray:
    p = np.asarray(points)
    around = np.stack([np.roll(p, 1, 0), p, np.roll(p, -1, 0), np.roll(p, -2, 0)], axis=1)
    return np.asarray(np.einsum("sk,nkd->nsd", _BASIS, around).reshape(-1, 2))


@lru_cache(maxsize=4096)
def _open(points: tuple[tuple[float, float], ...]) -> np.ndarray:
    p = np.asarray(points)
    p = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    runs = np.stack([p[:-3], p[1:-2], p[2:-1], p[3:]], axis=1)
    return np.concatenate([np.einsum("sk,nkd->nsd", _BASIS, runs).reshape(-1, 2), p[-2:-1]])


@lru_cache(maxsize=4096)
def _tapering(points: tuple[tuple[float, float], ...], widths: tuple[float, ...]) -> np.ndarray:
    path = _open(points)
    half = np.interp(np.linspace(0, 1, len(path)), np.linspace(0, 1, len(widths)), widths)[:, None] / 2
    along = np.empty_like(path)
    along[1:-1] = path[2:] - path[:-2]
    along[0], along[-1] = path[1] - path[0], path[-1] - path[-2]
    normal = along[:, ::-1] * (-1, 1) / np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]
    return np.concatenate([path + normal * half, (path - normal * half)[::-1]])


@lru_cache(maxsize=64)
def _circle(sides: int) -> np.ndarray:
    turn = np.arange(sides) * (2 * math.pi / sides)
    return np.stack([np.cos(turn), np.sin(turn)], axis=1)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure as ink numbers: `inks` mode L, its top left corner at (`left`, `top`) in supersampled pixels."""

    inks: Image.Image
    left: int
    top: int


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """A figure before it is posed. `points`: float n x 2, in unit coordinates, of all shapes one after the other.

    `shapes`: (index, width of the stroke or 0, number of points). `parts`: in the order of their numbers (the first is
    1; 0 is the body). `asked`: how many variations the figure took.
    """

    points: np.ndarray
    shapes: tuple[tuple[int, float, int], ...]
    parts: tuple[str, ...]
    asked: int


class Pen:
    """Records shapes. `vary` hands out the figure's own variation, the same for the same pose."""

    def __init__(self, luck: Iterable[float]) -> None:
        self._luck = iter(luck)
        self._points: list[np.ndarray] = []
        self._shapes: list[tuple[int, float]] = []  # index, and width of a stroke (0: filled)
        self._parts: list[str] = []
        self._part = 0
        self._asked = 0

    def vary(self, low: float, high: float) -> float:
        """A number in [low, high] that differs from pose to pose. A figure may ask for 24."""
        self._asked += 1
        return low + next(self._luck) * (high - low)

    def part(self, name: str | None = None) -> None:
        """What is drawn from here on belongs to the part of that name, or to the body."""
        if name is None:
            self._part = 0
            return
        if name not in self._parts:
            self._parts.append(name)
        self._part = self._parts.index(name) + 1

    def _add(self, points: np.ndarray, ink: int, width: float = 0.0) -> None:
        self._points.append(points)
        self._shapes.append((ink + INKS * self._part if ink else CLEAR, width))

    def poly(self, points: Points, ink: int) -> None:
        """A polygon with straight sides."""
        self._add(np.asarray(points, dtype=float), ink)

    def smooth(self, points: Points, ink: int) -> None:
        """A closed smooth outline through the points (Catmull-Rom)."""
        self._add(_closed(tuple(points)), ink)

    def oval(self, x: float, y: float, rx: float, ry: float, ink: int, angle: float = 0.0) -> None:
        """An ellipse, turned by `angle` degrees."""
        ring = _circle(28 if max(rx, ry) > 0.2 else 16) * (rx, ry)
        if angle:
            c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
            ring = ring @ np.array([[c, s], [-s, c]])
        self._add(ring + np.array((x, y)), ink)

    def dot(self, x: float, y: float, r: float, ink: int) -> None:
        """A disc."""
        self._add(_circle(28 if r > 0.2 else 16) * r + np.array((x, y)), ink)

    def box(self, x0: float, y0: float, x1: float, y1: float, ink: int, round_: float = 0.0) -> None:
        """An upright rectangle, its corners cut by `round_`."""
        if not round_:
            self._add(np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]), ink)
            return
        quarter = _circle(16) * round_
        corners = [(x1 - round_, y1 - round_), (x0 + round_, y1 - round_), (x0 + round_, y0 + round_),
                   (x1 - round_, y0 + round_)]  # fmt: skip
        arcs = [quarter[np.arange(4 * i, 4 * i + 5) % 16] + corner for i, corner in enumerate(corners)]
        self._add(np.concatenate(arcs), ink)

    def line(self, points: Points, width: float, ink: int) -> None:
        """A stroke of straight pieces with round ends and joints."""
        path = np.asarray(points, dtype=float)
        self._add(path, ink, width)
        for x, y in points:
            self.dot(x, y, width / 2, ink)

    def curve(self, points: Points, width: float, ink: int) -> None:
        """A smooth stroke through the points, with round ends."""
        self._add(_open(tuple(points)), ink, width)
        for x, y in (points[0], points[-1]):
            self.dot(x, y, width / 2, ink)

    def limb(self, points: Points, widths: Sequence[float], ink: int) -> None:
        """A smooth tapering stroke: its width runs through `widths` from end to end; its ends are round."""
        self._add(_tapering(tuple(points), tuple(widths)), ink)
        for (x, y), width in ((points[0], widths[0]), (points[-1], widths[-1])):
            if width > 0.02:
                self.dot(x, y, width / 2, ink)

    def recorded(self) -> Recording:
        """Everything drawn so far, and how often `vary` was asked."""
        lengths = [len(points) for points in self._points]
        shapes = tuple((index, width, n) for (index, width), n in zip(self._shapes, lengths, strict=True))
        return Recording(np.concatenate(self._points), shapes, tuple(self._parts), self._asked)


def fill(
    recording: Recording,
    unit: float,
    angle: float,
    stretch: np.ndarray,
    warp: tuple[float, float, float],
    at: tuple[float, float],
    cell: int,
    missing: Sequence[str] = (),
) -> Drawing:
    """Everything recorded, filled in order, on an image whose corners lie on multiples of `cell` pixels.

    `missing`: parts that are left blank ("body": what belongs to no part); all else stays where it is.

    `warp`: taper along y, along x, and bend, each within about .15. `stretch`: 2 x 2 matrix of flip, stretch and shear.
    What comes of them is centred and made two units long, then turned by `angle` degrees, made `unit` pixels a unit,
    and put at `at`, in pixels. No sums by BLAS: their last bits differ from machine to machine.
    """
    x, y = recording.points[:, 0], recording.points[:, 1]
    taper_y, taper_x, bend = warp
    x, y = x * (1 + taper_y * y) + bend * (y * y - 0.4), y * (1 + taper_x * x)
    (a, b), (c, d) = stretch.tolist()
    x, y = a * x + b * y, c * x + d * y
    x0, x1, y0, y1 = float(x.min()), float(x.max()), float(y.min()), float(y.max())
    unit *= 2 / max(x1 - x0, y1 - y0)
    x, y = (x - (x0 + x1) / 2) * unit, (y - (y0 + y1) / 2) * unit
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    x, y = c * x - s * y + at[0], s * x + c * y + at[1]
    widest = max(width for _, width, _ in recording.shapes) * unit / 2 + 3 * cell
    left, top = (math.floor((float(v.min()) - widest) / cell) * cell for v in (x, y))
    right, bottom = (math.ceil((float(v.max()) + widest) / cell) * cell for v in (x, y))
    inks = Image.new("L", (right - left, bottom - top))
    draw = ImageDraw.Draw(inks)
    flat = np.stack([x - left, y - top], axis=1).ravel().tolist()
    start = 0
    left_out = {at for at, part in enumerate((BODY, *recording.parts)) if part in missing}
    for index, width, n in recording.shapes:
        stop = start + 2 * n
        if index != CLEAR and index // INKS in left_out:
            pass
        elif width:
            draw.line(flat[start:stop], fill=index, width=max(1, round(width * unit)))
        else:
            draw.polygon(flat[start:stop], fill=index)
        start = stop
    return Drawing(inks, left, top)
