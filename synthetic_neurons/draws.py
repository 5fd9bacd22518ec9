"""What a neuron draws by picture: noise, and the answers of nulls, each fixed by the picture's id and the neuron.

Asking twice gives the same, a redraw gives another. Covered: Gaussian and heavy-tailed draws, a place in the picture, and
draws from a real unit's own distribution over 600 drawn scenes that no data set holds. Not covered: what is added to what
(`scene_neuron.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from ..targets.picture import Scene
from ..tools.sketch.scenes import random_scene

HEAVY_DEGREES = 2.5  # of freedom of Student's t: variance 5, no fourth moment, and one draw in 40 beyond 4
POOL_SEED, POOL = 918_273_645, 600  # scenes that a shuffled unit's distribution is taken over; no data set has this seed


def stream(identity: str, seed: int, index: int, what: str = "") -> np.random.Generator:
    """The random stream of one picture and one neuron; another for each `what`."""
    told = f"{identity} {seed} {index}" + (f" {what}" if what else "")
    return np.random.default_rng(int.from_bytes(hashlib.sha256(told.encode()).digest()[:8], "big"))


def gaussian(identity: str, seed: int, index: int) -> float:
    """Standard normal."""
    return float(stream(identity, seed, index).normal())


def heavy(identity: str, seed: int, index: int) -> float:
    """Student's t with 2.5 degrees of freedom."""
    return float(stream(identity, seed, index).standard_t(HEAVY_DEGREES))


def from_pool(pool: np.ndarray, identity: str, seed: int, index: int) -> float:
    """One of the pool's values."""
    return float(pool[int(stream(identity, seed, index).integers(len(pool)))])


def pool_of(answer: Callable[[str, Scene], float]) -> np.ndarray:
    """What a unit answers to the scenes of the pool; `answer(identity, scene)`. float64, (600,)."""
    return np.array([answer(f"pool {i}", scene) for i, scene in enumerate(_pool_scenes())])


@lru_cache(maxsize=1)
def _pool_scenes() -> tuple[Scene, ...]:
    return tuple(random_scene(POOL_SEED, i) for i in range(POOL))
