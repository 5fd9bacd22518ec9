"""Random textures that painting draws on, made once a process from fixed seeds: fractal noise, fibres, grain.

All are uint8, 512 x 512, seamless, mean about 128. Not covered: patterns on things (`patterns`).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image

SIZE = 512


@lru_cache(maxsize=16)
def cloud(octave: int = 2, seed: int = 0, fall: float = 0.55) -> np.ndarray:
    """Fractal noise whose largest blobs are 512 / 2^octave pixels wide; each octave counts `fall` of the one before."""
    return _fractal(octave, octave, seed, fall)


@lru_cache(maxsize=4)
def fibres(seed: int = 0) -> np.ndarray:
    """Noise drawn out along y: fur, grass, bark, brushed cloth."""
    return _fractal(6, 3, seed, 0.7)


@lru_cache(maxsize=4)
def ripples(seed: int = 0) -> np.ndarray:
    """Noise drawn out along x: water, sand, wood laid flat."""
    return _fractal(2, 5, seed, 0.62)


@lru_cache(maxsize=2)
def grain(seed: int = 0) -> np.ndarray:
    """Fine grey noise as a camera's sensor adds it: int16 512 x 512 x 3, mean 0, standard deviation 1.6 levels."""
    rng = np.random.Generator(np.random.PCG64([seed, 99]))
    return np.repeat(np.round(rng.normal(0, 1.6, (SIZE, SIZE, 1))).astype(np.int16), 3, axis=2)


def _fractal(across: int, down: int, seed: int, fall: float) -> np.ndarray:
    rng = np.random.Generator(np.random.PCG64([seed, across, down]))
    total = np.zeros((SIZE, SIZE), dtype=np.float32)
    weight = 1.0
    while max(across, down) <= 8:
        cells = rng.random((2**down, 2**across), dtype=np.float32)
        wrapped = np.pad(cells, 4, mode="wrap")
        cell_w, cell_h = SIZE // 2**across, SIZE // 2**down
        image = Image.fromarray(wrapped).resize(
            (wrapped.shape[1] * cell_w, wrapped.shape[0] * cell_h), Image.Resampling.BICUBIC
        )
        total += weight * np.asarray(image)[4 * cell_h : 4 * cell_h + SIZE, 4 * cell_w : 4 * cell_w + SIZE]
        weight *= fall
        across, down = across + 1, down + 1
    spread = (total - total.mean()) / total.std()
    return np.asarray(np.clip(128 + 52 * spread, 0, 255).astype(np.uint8))
