"""One object, painted: drawn flat at several times the size, patterned, reduced, then given volume and texture.

Covered: from a `Thing` that is an object to a `Layer` (premultiplied colour and coverage) and its shadow. Not covered:
stimuli (`stimuli`), what lies behind and the order of layers (`paint`), the outlines themselves (`shapes_*.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import repeat

import numpy as np
from PIL import Image, ImageFilter

from ...targets.picture import Thing
from .palette import second, shade_of, toned
from .patterns import TILE, UNIT, tile
from .pen import INKS, NEUTRALS, Drawing, Pen, Recording, fill, tone_of
from .scenes import stream
from .shapes import SHAPES
from .textures import SIZE, cloud, fibres
from .vocabulary import NOUNS

_LUCK = 40  # random numbers a pose has: 24 for the figure, the rest below
_SURFACES: dict[str, tuple[Callable[[], np.ndarray], float]] = {  # texture, strength
    "animal": (partial(cloud, 4), 0.0035), "plant": (partial(cloud, 4), 0.002), "food": (partial(cloud, 4), 0.002),
    "clothing": (fibres, 0.0008),
}  # fmt: skip
_RELIEF = 0.42  # strength of the volume shading
_STRETCH, _SHEAR, _WARP = 0.07, 0.06, 0.06  # how far poses vary


@dataclass(frozen=True, slots=True)
class Layer:
    """What a thing adds to a picture, at (`left`, `top`), which may lie outside the frame.

    `colour`: float32 h x w x 3, 0..255, premultiplied by coverage; None for black. `cover`: float32 h x w, 0..1.
    """

    left: int
    top: int
    colour: np.ndarray | None
    cover: np.ndarray


def figure(thing: Thing, side: int, light_x: float) -> Layer:
    """The object as a layer of a picture `side` pixels wide; `light_x` in [-1, 1] is where the light comes from."""
    luck = stream(thing.pose).random(_LUCK).tolist()
    cell = 2 if thing.scale * side > 40 else 3
    drawing = _drawn(thing, side * cell, luck, cell)
    indexed = np.asarray(drawing.inks)
    base = shade_of(thing.colour, thing.shade)
    colours = np.take(_inks(base), indexed)
    if thing.pattern != "plain":
        on = _inks(second(thing.colour, base, luck[39]))
        colours = np.where(_patterned(thing, drawing, side * cell, luck), np.take(on, indexed), colours)
    h, w = indexed.shape[0] // cell, indexed.shape[1] // cell
    flat = Image.frombuffer("CMYK", (w * cell, h * cell), colours.tobytes(), "raw", "CMYK", 0, 1)
    small = np.asarray(flat.reduce(cell)).astype(np.uint16)
    # A pixel is the mean of four reduced ones: with the box of `reduce`, a tent two pixels wide, as a lens has it.
    tall = small[1:] + small[:-1]
    mean = (tall[:, 1:] + tall[:, :-1]).astype(np.float32) * np.float32(0.25)
    cover = mean[:, :, 3] / np.float32(255)
    colour = _lit(mean[:, :, :3], cover, thing, side, light_x, luck)
    return Layer(drawing.left // cell, drawing.top // cell, colour, cover)


def _drawn(thing: Thing, side: int, luck: list[float], cell: int) -> Drawing:
    asked = _asked(thing.noun)
    # In eighths, so that a figure with few variations of its own is recorded once for each and kept.
    own = tuple(round(x * 8) / 8 for x in luck[:asked])
    recording = _kept(thing.noun, own) if asked <= 2 else record(thing.noun, own)
    spread = [2 * x - 1 for x in luck[24:32]]
    stretch = np.array([[1 + _STRETCH * spread[0], _SHEAR * spread[1]], [0.0, 1 - _STRETCH * spread[0]]])
    if thing.flip:
        stretch[0] *= -1
    warp = (_WARP * spread[2], _WARP * spread[3], _WARP * spread[4])
    half = cell / 2  # the tent's means lie half a pixel to the lower right of what they are taken of
    at = (thing.x * side + half, thing.y * side + half)
    return fill(recording, thing.scale * side / 2, thing.angle, stretch, warp, at, cell, thing.missing)


def record(noun: str, luck: Iterable[float]) -> Recording:
    """The shapes of an object, not yet posed; `luck`: numbers in [0, 1] for its own variations, 24 at most."""
    pen = Pen(luck)
    SHAPES[noun](pen)
    return pen.recorded()


@lru_cache(maxsize=1024)
def _kept(noun: str, luck: tuple[float, ...]) -> Recording:
    return record(noun, luck)


@lru_cache(maxsize=256)
def _asked(noun: str) -> int:
    return record(noun, repeat(0.5)).asked


def _neutral_table() -> np.ndarray:
    table = np.zeros((INKS, 4), dtype=np.uint8)
    for ink, colour in NEUTRALS.items():
        table[ink] = (*colour, 255)
    return table


_NEUTRAL = _neutral_table()
_BODY_INKS = [ink for ink in range(INKS) if tone_of(ink) is not None]
_BODY_TONES = np.array([tone_of(ink) for ink in _BODY_INKS], dtype=np.float64)[:, None]


def _inks(base: np.ndarray) -> np.ndarray:
    """RGBA of every index, packed in uint32: the body's tones of `base`, the neutral inks, and nothing for 0."""
    table = _NEUTRAL.copy()
    table[_BODY_INKS, :3] = toned(base, _BODY_TONES)
    table[_BODY_INKS, 3] = 255
    return np.tile(table.view(np.uint32).ravel(), 256 // INKS)


def _patterned(thing: Thing, drawing: Drawing, side: int, luck: list[float]) -> np.ndarray:
    """Where the pattern's second colour goes: bool, the size of the drawing."""
    unit = thing.scale * side / 2
    small = min(1.35, max(1.0, 0.2 / thing.scale))  # figures of a pattern are larger on small things, to be seen
    zoom = UNIT / unit / ((0.85 + 0.35 * luck[33]) * small)
    turn = math.radians(thing.angle + 24 * (luck[34] - 0.5))
    c, s = math.cos(turn) * zoom, math.sin(turn) * zoom
    mid_x = TILE / 2 + (luck[35] - 0.5) * 40
    mid_y = TILE / 2 + (luck[36] - 0.5) * 40
    dx, dy = drawing.left - thing.x * side, drawing.top - thing.y * side
    affine = (c, s, mid_x + c * dx + s * dy, -s, c, mid_y - s * dx + c * dy)
    laid = tile(thing.pattern).transform(
        drawing.inks.size, Image.Transform.AFFINE, affine, resample=Image.Resampling.NEAREST
    )
    return np.asarray(laid) > 0


def _lit(flat: np.ndarray, cover: np.ndarray, thing: Thing, side: int, light_x: float, luck: list[float]) -> np.ndarray:
    """Premultiplied colours with volume (a relief of the blurred silhouette), light from above, and texture."""
    h, w = cover.shape
    shade = _relief(cover, max(2.0, 0.085 * thing.scale * side), light_x)
    surface = _surface(NOUNS[thing.noun].category)
    x0, y0 = int(luck[37] * (SIZE - w)) if w < SIZE else 0, int(luck[38] * (SIZE - h)) if h < SIZE else 0
    if w > SIZE or h > SIZE:
        surface = np.tile(surface, (-(-h // SIZE), -(-w // SIZE)))
    shade += surface[y0 : y0 + h, x0 : x0 + w]
    lighter = np.maximum(shade, 0) * np.float32(0.75)  # mixed with white; what is darker is mixed with black
    # What is nearly black, as eyes are, stays so.
    lighter *= np.minimum((flat[:, :, 0] + flat[:, :, 1] + flat[:, :, 2]) * np.float32(1 / 150), 1)
    lit = flat * (1 + np.minimum(shade, 0) - lighter)[:, :, None]
    lit += (cover * lighter * np.float32(255))[:, :, None]
    return np.asarray(lit)


@lru_cache(maxsize=16)
def _surface(category: str) -> np.ndarray:
    """What a surface's roughness adds to its lightness: float32, 512 x 512.

    Animals have a mottled hide: EfficientNet-Lite0 takes a smooth one, or one with hairs drawn out, for a toy's.
    """
    texture, depth = _SURFACES.get(category, (partial(cloud, 4), 0.0006))
    return np.asarray((texture().astype(np.float32) - 128) * np.float32(depth))


def _relief(cover: np.ndarray, reach: float, light_x: float) -> np.ndarray:
    """How much lighter each pixel is for facing the light: the slope of the blurred silhouette, at a third the size."""
    h, w = cover.shape
    third = 3 if reach > 5 else 1
    rim = math.ceil(2.6 * reach / third) + 1
    small = Image.fromarray((cover * 255).astype(np.uint8))
    if third > 1:
        small = small.resize((-(-w // third), -(-h // third)), Image.Resampling.BOX)
    wide = Image.new("L", (small.width + 2 * rim, small.height + 2 * rim))
    wide.paste(small, (rim, rim))
    soft = np.asarray(wide.filter(ImageFilter.GaussianBlur(0.8 * reach / third))).astype(np.float32)
    step = max(1, round(0.9 * reach / third))
    across = soft[step:-step, 2 * step :] - soft[step:-step, : -2 * step]
    down = soft[2 * step :, step:-step] - soft[: -2 * step, step:-step]
    slope = across * np.float32(-0.62 * light_x) + down * np.float32(0.78)
    inner = slope[rim - step : rim - step + small.height, rim - step : rim - step + small.width]
    if third > 1:
        inner = np.asarray(Image.fromarray(inner).resize((w, h), Image.Resampling.BILINEAR))
    return inner * np.float32(_RELIEF / 255)


@lru_cache(maxsize=1)
def _pool() -> Image.Image:
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    return Image.fromarray((np.clip(1 - np.hypot(x, y), 0, 1) ** 1.1 * 255).astype(np.uint8))


def shadow(thing: Thing, layer: Layer, side: int, strength: float) -> Layer | None:
    """The soft shadow under a thing that stands or lies on the ground; None for one that flies."""
    if (thing.noun in NOUNS and NOUNS[thing.noun].stance == "flies") or strength <= 0:
        return None
    solid = layer.cover > 0.5
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    if not len(rows):
        return None
    left, right, foot = int(columns[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    width = right - left
    grow, height = width // 8 + 1, max(4, min(width, round(thing.scale * side)) // 4)
    size = (width + 2 * grow, height)
    pool = np.asarray(_pool().resize(size, Image.Resampling.BILINEAR)).astype(np.float32) * np.float32(strength / 255)
    top = layer.top + foot - round(height * 0.58)
    return Layer(layer.left + left - grow, top, None, pool)
