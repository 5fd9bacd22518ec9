"""Pictures that a store makes from recipes: what processes of `test_cache.py` ask for too, quick to import."""

from __future__ import annotations

import numpy as np

from lettvin.targets.picture import FromData, Picture
from lettvin.tools.store import Store


def pixels(seed: int, side: int = 32) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


def never() -> np.ndarray:
    raise AssertionError("painted again")


def made(store: Store, seed: int, paint: bool = True) -> Picture:
    """The picture of the recipe of that number; painted only where it may be."""
    return store.make(f"recipe {seed}", (lambda: pixels(seed)) if paint else never, FromData("tests", seed))
