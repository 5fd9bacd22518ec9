"""Colour words as ranges of shades, and the second colour that a pattern puts on a thing of each colour.

The eleven words stay unmistakable: each range keeps away from its neighbours (orange from red and brown, pink from
red and purple), and second colours keep the hue, much lighter or much darker.
"""

from __future__ import annotations

import numpy as np

from .vocabulary import RGB

SHADES: dict[str, tuple[RGB, RGB]] = {
    "black": ((16, 16, 18), (44, 44, 48)),
    "white": ((232, 231, 227), (252, 252, 250)),
    "grey": ((108, 108, 110), (154, 154, 156)),
    "red": ((200, 10, 20), (236, 34, 38)),
    "orange": ((243, 136, 8), (253, 158, 32)),
    "yellow": ((242, 206, 16), (255, 228, 58)),
    "green": ((26, 126, 46), (66, 176, 72)),
    "blue": ((22, 64, 182), (46, 112, 230)),
    "purple": ((100, 34, 148), (146, 62, 190)),
    "pink": ((243, 130, 174), (254, 168, 202)),
    "brown": ((98, 57, 27), (134, 82, 42)),
}
_DARKER_ONLY = ("white", "yellow", "pink")  # a tint of these would hardly show
_LIGHTER_ONLY = ("black", "brown", "orange")  # a shade of these would not, or would be another colour


def shade_of(colour: str, shade: float) -> np.ndarray:
    """The colour at `shade` in [-1, 1], from its darkest to its lightest: float RGB, 0..255."""
    dark, light = (np.array(end, dtype=np.float64) for end in SHADES[colour])
    return dark + (light - dark) * (min(max(shade, -1.0), 1.0) + 1) / 2


def second(colour: str, base: np.ndarray, luck: float) -> np.ndarray:
    """The colour of a pattern's figures on `base`: a strong tint or shade of it; `luck` in [0, 1) chooses."""
    lighter = colour in _LIGHTER_ONLY or (colour not in _DARKER_ONLY and luck < 0.6)
    if lighter:
        white = np.array([255.0, 253.0, 248.0])
        return np.asarray(base + (white - base) * (0.62 if colour in ("black", "brown") else 0.78))
    return base * (0.42 if colour != "white" else 0.5)


def toned(base: np.ndarray, light: np.ndarray) -> np.ndarray:
    """`base` (RGB) lightened towards white or darkened towards black by each `light` (n x 1, -.6 to .6): n x 3."""
    return np.asarray(base * (1 + np.minimum(light, 0)) + (255 - base) * np.maximum(light, 0) * 0.9)
