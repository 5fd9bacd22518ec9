"""What happens to a whole picture after its things are painted: the light it is seen in, and treatments.

Covered: normal, bright, dark and night light; outline, grayscale and blurred. A light changes every pixel by itself;
outline and blur also look at neighbours, `REACH` pixels of 224 away.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageFilter

from .textures import SIZE, grain

_GAINS: dict[str, tuple[tuple[float, float, float], float, float]] = {  # gain of R, G, B; lift; gamma
    "normal": ((1.0, 1.0, 1.0), 0.0, 1.0),
    "bright": ((1.1, 1.09, 1.07), 12.0, 0.84),
    "dark": ((0.44, 0.43, 0.42), 0.0, 1.08),
    "night": ((0.28, 0.34, 0.56), 3.0, 1.08),
}
REACH: dict[str, float] = {"none": 0.0, "grayscale": 0.0, "outline": 3.0, "blurred": 12.0}
"""How far a treatment carries a pixel's influence, in pixels of a picture 224 wide."""


@lru_cache(maxsize=16)
def _curve(light: str) -> list[int]:
    gains, lift, gamma = _GAINS[light]
    level = (np.arange(256) / 255) ** gamma * 255
    table = np.concatenate([np.clip(level * gain + lift, 0, 255) for gain in gains])
    return [round(value) for value in table.tolist()]


def seen(canvas: np.ndarray, light: str, treatment: str, seed: int) -> np.ndarray:
    """The picture (uint8 side x side x 3) in its light, with a camera's grain, treated."""
    side = canvas.shape[0]
    if light != "normal":
        canvas = np.asarray(Image.fromarray(canvas).point(_curve(light)))
    x, y = seed % 211, seed // 211 % 223
    noise = grain()
    if side > SIZE - 224:
        times = -(-(side + 224) // SIZE)
        noise = np.tile(noise, (times, times, 1))
    grainy = canvas + noise[y : y + side, x : x + side]
    np.clip(grainy, 0, 255, out=grainy)
    canvas = grainy.astype(np.uint8)
    if treatment == "none":
        return canvas
    image = Image.fromarray(canvas)
    if treatment == "grayscale":
        return np.asarray(image.convert("L").convert("RGB"))
    if treatment == "blurred":
        return np.asarray(image.filter(ImageFilter.GaussianBlur(side / 224 * 3.4)))
    soft = image.convert("L").filter(ImageFilter.GaussianBlur(side / 224 * 0.8))
    level = np.asarray(soft).astype(np.float32)
    steep = np.zeros_like(level)
    steep[1:-1, 1:-1] = np.hypot(level[1:-1, 2:] - level[1:-1, :-2], level[2:, 1:-1] - level[:-2, 1:-1])
    ink = 255 - np.clip((steep - 10) * 5, 0, 255)
    return np.repeat(ink.astype(np.uint8)[:, :, None], 3, axis=2)
