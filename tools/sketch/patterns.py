"""The patterns on things, each drawn once a process on a large tile, then laid over a thing turned and scaled.

A tile is a binary image that covers -2..2 of the thing's own units, several periods to a unit; 1 is where the second
colour goes. Not covered: which colours (`palette`), and how a tile meets the thing (`figures`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

TILE = 640  # pixels a side
UNIT = TILE / 4  # pixels a unit of the thing's coordinates
_PERIOD = 0.36 * UNIT


@lru_cache(maxsize=32)
def tile(pattern: str) -> Image.Image:
    """The tile of a pattern, mode L, 0 or 255."""
    return Image.fromarray((_MAKERS[pattern]() * np.uint8(255)).astype(np.uint8))


def _grid() -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[0:TILE, 0:TILE].astype(np.float32)
    return x / _PERIOD, y / _PERIOD


def _striped() -> np.ndarray:
    x, _ = _grid()
    return x % 1 < 0.45


def _zigzag() -> np.ndarray:
    x, y = _grid()
    return (y * 1.05 + 0.85 * np.abs((x * 0.95) % 1 - 0.5)) % 1 < 0.45


def _wavy() -> np.ndarray:
    x, y = _grid()
    return (y * 1.1 + 0.26 * np.sin(2 * math.pi * x * 0.62)) % 1 < 0.42


def _checkered() -> np.ndarray:
    x, y = _grid()
    return np.asarray((np.floor(x * 1.45) + np.floor(y * 1.45)) % 2 == 0)


def _plaid() -> np.ndarray:
    x, y = _grid()
    bands = []
    for v in (x * 0.72, y * 0.72):
        phase = v % 1
        bands.append((phase < 0.3) | ((phase > 0.56) & (phase < 0.64)) | ((phase > 0.74) & (phase < 0.82)))
    weave = (np.floor(x * 14) + np.floor(y * 14)) % 2 == 0
    return np.asarray((bands[0] & bands[1]) | ((bands[0] ^ bands[1]) & weave))


def _netted() -> np.ndarray:
    x, y = _grid()
    return np.asarray((((x + y) * 0.85) % 1 < 0.17) | (((x - y) * 0.85) % 1 < 0.17))


def _spotted() -> np.ndarray:
    x, y = _grid()
    row = np.floor(y * 1.1)
    u, v = (x * 0.95 + 0.5 * (row % 2)) % 1 - 0.5, (y * 1.1) % 1 - 0.5
    return u * u + v * v < 0.29**2


def _scaly() -> np.ndarray:
    """Overlapping round scales: only their rims are in the second colour."""
    x, y = _grid()
    x, y = x * 1.05, y * 1.9
    rim = np.zeros(x.shape, dtype=bool)
    for shift in (1, 0):  # the upper row lies over the lower
        row = np.floor(y) - shift
        u = (x + 0.5 * (row % 2)) % 1 - 0.5
        v = (y - row) / 1.9
        d = np.hypot(u, v * 1.05)
        inside = d < 0.62
        rim = np.where(inside, d > 0.46, rim)
    return rim


def _ringed() -> np.ndarray:
    x, y = _grid()
    r = np.hypot(x - x.mean(), y - y.mean())
    return np.asarray((r * 1.05) % 1 < 0.45)


def _drawn(draw_one: str, seed: int, count: int, low: float, high: float) -> np.ndarray:
    """Figures strewn at random, none near another."""
    rng = np.random.Generator(np.random.PCG64([seed]))
    image = Image.new("L", (TILE, TILE))
    draw = ImageDraw.Draw(image)
    kept, n = np.empty((count * 12, 3)), 0  # x, y and radius of the figures so far
    for x, y, luck, turn in rng.random((count * 12, 4)).tolist():
        x, y, r = x * TILE, y * TILE, (low + luck * (high - low)) * _PERIOD
        a, b, c = kept[:n].T
        if np.all((x - a) ** 2 + (y - b) ** 2 > (1.35 * (r + c)) ** 2):
            kept[n], n = (x, y, r), n + 1
            if draw_one == "dot":
                draw.ellipse((x - r, y - r, x + r, y + r), fill=255)
            else:
                corners = [(r if i % 2 == 0 else 0.42 * r, math.pi * (i / 5 + 2 * turn)) for i in range(10)]
                draw.polygon([(x + q * math.cos(t), y + q * math.sin(t)) for q, t in corners], fill=255)
    return np.asarray(image) > 0


_MAKERS: dict[str, Callable[[], np.ndarray]] = {
    "striped": _striped,
    "spotted": _spotted,
    "checkered": _checkered,
    "zigzag": _zigzag,
    "wavy": _wavy,
    "plaid": _plaid,
    "netted": _netted,
    "speckled": lambda: _drawn("dot", 5, 900, 0.05, 0.11),
    "scaly": _scaly,
    "ringed": _ringed,
    "starry": lambda: _drawn("star", 7, 260, 0.3, 0.42),
}
