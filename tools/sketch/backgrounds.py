"""The nine backgrounds, painted with depth: a textured ground that runs to a horizon, and what stands behind it.

Covered: `backdrop`. Not covered: things, their shadows, and the light they are seen in. Only `plain` is without
texture: a neutral grey studio wall. Everything random comes from the scene's seed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from .scenes import stream
from .textures import SIZE, cloud, fibres, ripples

RGB = tuple[float, float, float]
Maker = Callable[[int, list[float]], np.ndarray]

_SKIES: tuple[tuple[RGB, RGB], ...] = (  # overhead, at the horizon
    ((108, 164, 222), (206, 224, 238)),
    ((140, 176, 214), (226, 230, 232)),
    ((168, 184, 200), (224, 226, 226)),
    ((120, 150, 200), (240, 222, 204)),
)
_HORIZONS = 12
_DEPTHS = 96


def backdrop(background: str, side: int, seed: int) -> np.ndarray:
    """The background alone: uint8 side x side x 3, the caller's to paint on."""
    return _MAKERS[background](side, stream(seed, 7).random(48).tolist())


@lru_cache(maxsize=64)
def _ground_index(side: int, horizon: int, stretch: float) -> tuple[np.ndarray, np.ndarray]:
    """Each ground pixel's place in a flattened texture laid on the ground, and each row's nearness."""
    rows = side - horizon
    near = (np.arange(rows, dtype=np.float64) + 1.5) / (rows + 0.5)
    z = 1 / (near * 0.85 + 0.15 * near**2)
    v = (150 * stretch * z).astype(np.int64) % SIZE
    u = np.round((np.arange(side)[None, :] / side - 0.5) * 230 * z[:, None]).astype(np.int64) % SIZE
    return (v[:, None] * SIZE + u).astype(np.int32), near.astype(np.float32)


@lru_cache(maxsize=64)
def _ramp(colours: tuple[RGB, ...]) -> np.ndarray:
    """256 x 3 float32: the colours, evenly spaced, mixed between."""
    at = np.linspace(0, 1, len(colours))
    table = [np.interp(np.linspace(0, 1, 256), at, [colour[i] for colour in colours]) for i in range(3)]
    return np.stack(table, axis=1).astype(np.float32)


@lru_cache(maxsize=256)
def _ground_colours(ramp: tuple[RGB, ...], haze: RGB, soft: float, gain: float) -> np.ndarray:
    """The ground's colour by nearness (`_DEPTHS` steps) and level of its texture, RGBA packed in uint32, flat."""
    near = np.linspace(0, 1, _DEPTHS, dtype=np.float32)
    clear = (1 - (1 - near) ** soft)[:, None, None]
    table = np.zeros((_DEPTHS, 256, 4), dtype=np.uint8)
    table[:, :, :3] = np.clip(_ramp(ramp) * clear * np.float32(gain) + (1 - clear) * _rgb(haze), 0, 255)
    return table.view(np.uint32).ravel()


def _rgb(colour: RGB) -> np.ndarray:
    return np.asarray(colour, dtype=np.float32)


def _above(side: int, luck: float, drift: float) -> np.ndarray:
    """A sky from overhead to the horizon: float32 side x 1 x 3."""
    over, low = _SKIES[int(luck * len(_SKIES))]
    t = np.linspace(0, 1, side, dtype=np.float32)[:, None, None] ** (0.6 + 0.5 * drift)
    return np.asarray(_rgb(over) + t * (_rgb(low) - _rgb(over)))


def _land(
    side: int,
    luck: list[float],
    texture: np.ndarray,
    ramp: tuple[RGB, ...],
    haze: RGB,
    stretch: float,
    horizon: tuple[float, float] = (0.14, 0.4),
    soft: float = 2.2,
) -> tuple[np.ndarray, int]:
    """Ground from a horizon down, under a sky; the row of the horizon. The far ground fades into `haze`."""
    step = int(luck[0] * _HORIZONS) / (_HORIZONS - 1)
    row = round(side * (horizon[0] + step * (horizon[1] - horizon[0])))
    index, near = _ground_index(side, row, stretch)
    shift = int(luck[1] * SIZE) * SIZE + int(luck[2] * SIZE)
    level = np.take(texture.ravel(), (index + shift) & (SIZE * SIZE - 1))
    table = _ground_colours(ramp, haze, soft, round(0.86 + 0.26 * luck[3], 2))
    depth = (near * (_DEPTHS - 1)).astype(np.int32) * 256
    colour = np.take(table, level + depth[:, None]).view(np.uint8).reshape(side - row, side, 4)
    canvas = np.empty((side, side, 3), dtype=np.uint8)
    canvas[:row] = np.broadcast_to(_above(row, luck[4], luck[5]), (row, side, 3)) if row else 0
    canvas[row:] = colour[:, :, :3]
    return canvas, row


def _hills(canvas: np.ndarray, row: int, luck: list[float], colour: RGB, height: float) -> None:
    """A far ridge along the horizon, in `colour`, hazy."""
    side = canvas.shape[0]
    x = np.linspace(0, 1, side)
    ridge = sum(np.sin(x * f * (2 + 3 * luck[20 + i]) + 6.3 * luck[24 + i]) / f for i, f in enumerate((2.0, 5.0, 11.0)))
    tops = row - side * height * (0.55 + 0.5 * ridge)
    top = max(0, int(tops.min()))
    if top < row:
        behind = np.clip(np.arange(top, row)[:, None] - tops[None, :] + 0.5, 0, 1).astype(np.float32)[:, :, None]
        canvas[top:row] = (canvas[top:row] * (1 - behind) + _rgb(colour) * behind).astype(np.uint8)


def _grass(side: int, luck: list[float]) -> np.ndarray:
    dry = int(luck[6] * 8) * 3.3
    ramp = ((26 + dry, 62, 18), (62 + dry, 112, 34), (98 + dry, 148, 54), (150 + dry, 186, 92))
    canvas, row = _land(side, luck, fibres(1), ramp, (150, 178, 130), 1.6)
    if luck[7] < 0.75:
        _hills(canvas, row, luck, (112, 142, 116), 0.05 + 0.06 * luck[8])
    return canvas


def _sand(side: int, luck: list[float]) -> np.ndarray:
    ramp = ((176, 146, 104), (206, 176, 130), (224, 198, 154), (240, 220, 182))
    canvas, row = _land(side, luck, ripples(2), ramp, (226, 208, 176), 1.2)
    if luck[7] < 0.6:
        _hills(canvas, row, luck, (206, 182, 142), 0.05 + 0.07 * luck[8])
    return canvas


def _snow(side: int, luck: list[float]) -> np.ndarray:
    ramp = ((186, 200, 220), (216, 224, 236), (236, 240, 246), (252, 253, 255))
    canvas, row = _land(side, luck, cloud(3, 4, 0.5), ramp, (222, 228, 236), 0.8)
    if luck[7] < 0.8:
        _hills(canvas, row, luck, (176, 188, 204), 0.06 + 0.1 * luck[8])
    return canvas


def _water(side: int, luck: list[float]) -> np.ndarray:
    g = int(luck[6] * 8) * 4.0
    ramp = ((16, 62 + g, 104), (34, 92 + g, 140), (64, 128 + g, 170), (176, 214, 226))
    canvas, _ = _land(side, luck, ripples(5), ramp, (150, 186, 204), 2.6, (0.08, 0.34), 1.6)
    return canvas


def _crop(texture: np.ndarray, side: int, luck: list[float], zoom: float = 1.0) -> np.ndarray:
    """A window of a texture, side x side, float32 around 0 in units of about one standard deviation."""
    span = min(SIZE, max(8, round(side / zoom * min(1.0, 224 / side))))
    x, y = int(luck[1] * (SIZE - span)), int(luck[2] * (SIZE - span))
    window = texture[y : y + span, x : x + span]
    if span != side:
        window = np.asarray(Image.fromarray(window).resize((side, side), Image.Resampling.BICUBIC))
    return (window.astype(np.float32) - 128) / np.float32(52)


def _sky(side: int, luck: list[float]) -> np.ndarray:
    over, low = ((58, 118, 204), (164, 204, 238)) if luck[0] < 0.6 else ((96, 142, 200), (206, 222, 236))
    t = np.linspace(0, 1, side, dtype=np.float32)[:, None, None]
    blue = _rgb(over) + t * (_rgb(low) - _rgb(over))
    clouds = np.clip((_crop(cloud(1, 6, 0.55), side, luck, 0.8 + 0.8 * luck[3]) + luck[4] * 1.6 - 1.1) * 0.75, 0, 0.95)
    shade = np.clip(1.06 - 0.16 * clouds, 0, 1)[:, :, None] * np.float32(250)
    c = clouds[:, :, None]
    return np.asarray(np.clip(blue * (1 - c) + shade * c, 0, 255).astype(np.uint8))


def _plain(side: int, luck: list[float]) -> np.ndarray:
    y = np.linspace(-1, 1, side, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, side, dtype=np.float32)[None, :]
    level = 128 + 44 * (luck[0] - 0.5) - 9 * ((x - luck[1] + 0.5) ** 2 + (y - luck[2] + 0.7) ** 2)
    return np.repeat(np.clip(level, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


@lru_cache(maxsize=1)
def _planks() -> np.ndarray:
    """Floor boards that run into the depth: a texture for the ground."""
    boards = np.array([112, 136, 120, 144, 126, 108, 138, 122] * 2, dtype=np.float32)
    level = np.repeat(boards, SIZE // 16)[None, :] + 0.16 * (fibres(3).astype(np.float32) - 128)
    level[:, :: SIZE // 16] = 70
    return np.clip(level, 0, 255).astype(np.uint8)


def _room(side: int, luck: list[float]) -> np.ndarray:
    warm = int(luck[6] * 5) / 4
    ramp = ((70, 54, 42), (134 + 20 * warm, 108, 84), (178 + 20 * warm, 152, 124), (214, 194, 168))
    canvas, row = _land(side, luck, _planks(), ramp, (168, 146, 122), 0.5, (0.46, 0.62))
    tint = _rgb(((214, 208, 196), (196, 204, 206), (222, 214, 202), (200, 206, 196))[int(luck[7] * 4)])
    fall = np.linspace(1.02, 0.9, row, dtype=np.float32)[:, None, None]
    across = np.linspace(1.04 - 0.12 * luck[8], 0.92 + 0.12 * luck[8], side, dtype=np.float32)[None, :, None]
    canvas[:row] = np.clip(tint * fall * across, 0, 255).astype(np.uint8)
    image = Image.fromarray(canvas)
    draw = ImageDraw.Draw(image)
    unit = side / 100
    draw.rectangle((0, row - 3.4 * unit, side, row - 0.4 * unit), fill=(236, 232, 224))
    draw.line((0, row - 3.4 * unit, side, row - 3.4 * unit), fill=(190, 186, 178))
    draw.line((0, row, side, row), fill=(96, 80, 66))
    left, wide = (6 + 52 * luck[9]) * unit, (22 + 12 * luck[10]) * unit
    top, bottom = 5 * unit, min(row - 10 * unit, (34 + 6 * luck[11]) * unit)
    if luck[12] < 0.6:  # a window
        rim = 2 * unit
        draw.rectangle((left - rim, top - rim, left + wide + rim, bottom + rim), fill=(240, 238, 232))
        draw.rectangle((left, top, left + wide, bottom), fill=(198, 216, 230))
        draw.polygon((left, bottom, left, (top + bottom) / 2, left + wide, bottom - 4 * unit, left + wide, bottom),
                     fill=(164, 184, 166))  # fmt: skip
        middle, centre, bar = (top + bottom) / 2, left + wide / 2, max(1, round(1.4 * unit))
        draw.line((centre, top, centre, bottom), fill=(240, 238, 232), width=bar)
        draw.line((left, middle, left + wide, middle), fill=(240, 238, 232), width=bar)
    else:  # a framed print
        draw.rectangle((left, top + 2 * unit, left + wide * 0.8, bottom - 4 * unit), fill=(86, 76, 68))
        draw.rectangle((left + 1.6 * unit, top + 3.6 * unit, left + wide * 0.8 - 1.6 * unit, bottom - 5.6 * unit),
                       fill=(222, 216, 204))  # fmt: skip
    return np.array(image)


@lru_cache(maxsize=1)
def _windows() -> np.ndarray:
    """Rows of windows: what they add to a wall, float32 512 x 512, -1..1."""
    lit = stream(11, 3).random((64, 64)).astype(np.float32) * 1.2 - 0.7
    tile = np.zeros((64, 8, 64, 8), dtype=np.float32)
    tile[:, 2:6, :, 2:6] = lit[:, None, :, None]
    return tile.reshape(SIZE, SIZE)


def _city(side: int, luck: list[float]) -> np.ndarray:
    row = round(side * (0.56 + 0.1 * luck[0]))
    canvas = np.empty((side, side, 3), dtype=np.uint8)
    canvas[:] = _above(side, luck[4], luck[5])
    for rank, (count, haze, low, high) in enumerate(((7, 0.45, 0.25, 0.6), (6, 0.05, 0.15, 0.42))):
        x = -round(side * 0.08 * luck[9 + rank])
        for i in range(count):
            a, b = luck[12 + (i * 5 + rank * 17) % 36], luck[12 + (i * 7 + rank * 11 + 3) % 36]
            wide = round(side * (0.13 + 0.14 * a))
            top = max(0, round(row - side * (low + (high - low) * b)))
            tone = _rgb(((126, 122, 120), (104, 110, 120), (146, 132, 120), (92, 92, 98))[int(a * 997) % 4])
            tone = tone * (1 - haze) + _rgb((196, 206, 214)) * haze
            x0, x1 = max(0, x), min(side, x + wide)
            if x1 > x0 and row > top:
                period = max(1, round(224 / side)) if side < 224 else 1
                shift = int(b * 400)
                panes = _windows()[shift : shift + SIZE][: (row - top) * period : period, : (x1 - x0) * period : period]
                panes = _fitted(panes, row - top, x1 - x0)
                walls = tone + panes[:, :, None] * _rgb((54, 52, 44)) * (1 - haze)
                canvas[top:row, x0:x1] = np.clip(walls, 0, 255).astype(np.uint8)
                canvas[top:row, x1 - 1] = (tone * 0.8).astype(np.uint8)
            x += wide + round(side * 0.02 * a)
            if x >= side:
                break
    index, near = _ground_index(side, row, 0.6)
    shift = int(luck[1] * SIZE * SIZE)
    road = np.take(cloud(5, 8, 0.8).ravel(), (index + shift) & (SIZE * SIZE - 1)).astype(np.float32)
    level = 96 + 26 * luck[3] + (road - 128) * 0.16 + 22 * (1 - near[:, None])
    canvas[row:] = np.clip(level, 0, 255).astype(np.uint8)[:, :, None]
    kerb = max(1, round(side * 0.022))
    canvas[row : row + kerb] = (176, 174, 170)
    lane = row + round(side * 0.17)
    dash = (np.arange(side) + int(luck[2] * 60)) % max(2, round(side * 0.26)) < side * 0.14
    canvas[lane : lane + max(1, round(side * 0.013))][:, dash] = (222, 220, 212)
    return canvas


def _fitted(panes: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """The window pattern cut, or repeated, to a wall of rows x columns pixels."""
    h, w = panes.shape
    if h < rows or w < columns:
        panes = np.tile(panes, (-(-rows // h), -(-columns // w)))
    return panes[:rows, :columns]


def _forest(side: int, luck: list[float]) -> np.ndarray:
    leaves = _crop(cloud(3, 9, 0.75), side, luck)
    ramp = ((22, 38, 20), (38, 66, 30), (66, 100, 46), (150, 178, 110))
    level = np.clip(110 + 58 * leaves + np.linspace(30, -34, side, dtype=np.float32)[:, None], 0, 255).astype(np.uint8)
    row = round(side * (0.5 + 0.14 * luck[0]))
    index, near = _ground_index(side, row, 1.4)
    shift = int(luck[3] * SIZE * SIZE)
    floor = np.take(cloud(5, 12, 0.8).ravel(), (index + shift) & (SIZE * SIZE - 1))
    canvas = np.take(_ramp(ramp), level, axis=0).astype(np.uint8)
    soil = ((44, 38, 24), (84, 74, 44), (108, 104, 58), (150, 144, 88))
    canvas[row:] = (np.take(_ramp(soil), floor, axis=0) * (0.7 + 0.34 * near[:, None, None])).astype(np.uint8)
    image = Image.fromarray(canvas)
    draw = ImageDraw.Draw(image)
    for i in range(9):  # trunks, the far ones first
        depth = i / 8
        x = side * ((i * 0.381966 + luck[8]) % 1 + 0.16 * (luck[10 + i] - 0.5))
        wide = side * (0.014 + 0.034 * depth) * (0.7 + 0.6 * luck[20 + i])
        foot = row + side * (0.01 + 0.13 * depth**2)
        lean = side * 0.06 * (luck[30 + i] - 0.5)
        dark = 92 - 52 * depth
        bark = (round(dark + 10), round(dark + 2), round(dark - 8))
        draw.polygon((x - wide, foot, x - wide * 0.7 + lean, 0, x + wide * 0.7 + lean, 0, x + wide, foot), fill=bark)
        edge = tuple(round(c * 1.35) for c in bark)
        draw.polygon((x - wide, foot, x - wide * 0.7 + lean, 0, x - wide * 0.3 + lean, 0, x - wide * 0.5, foot), edge)
    return np.array(image)


_MAKERS: dict[str, Maker] = {
    "grass": _grass,
    "sand": _sand,
    "snow": _snow,
    "water": _water,
    "sky": _sky,
    "city": _city,
    "forest": _forest,
    "room": _room,
    "plain": _plain,
}
