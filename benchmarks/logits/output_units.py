"""`logits:NETWORK/SEED`: the output units of a classifier as a target that does not say which class is which.

Covered: one layer that holds, in an order drawn by the seed, the output unit of every class in the table of facts and a
shuffled unit beside each: one that gives every picture what the real unit gave to another, drawn by the picture from 300
scenes of cut-outs; so its answers are distributed as the real unit's are, and nothing in a picture drives it. Index and
layer tell a reader of ImageNet's list nothing, and neither does the name that a backbone is told. Not covered: which units
are asked (`benchmark.py`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ...agent.known_target import open_target
from ...synthetic_neurons.draws import stream
from ...targets.errors import BadInput
from ...targets.picture import Picture
from ...targets.target import Layer, See, Sight, Target, Unit
from ...tools.dissection import dissect
from ...tools.sources.open_source import open_source
from ...tools.store import cache_folder
from .class_nouns import class_nouns

if TYPE_CHECKING:
    import torch

LAYER, CLASSIFIER = "outputs", "_fc"
POOL = "cutouts:300@918273645"  # what shuffled units draw from; no data set has this seed
VERSION = 1


class OutputUnits(Target):
    """The output units of `network`, and a shuffled one for each, in an order drawn by `seed`."""

    def __init__(self, network: str, seed: int, device: str = "auto") -> None:
        self.network, self.seed = open_target(network, device), seed
        self.name = f"logits:{network}/{seed}"
        self.device = getattr(self.network, "device", "cpu")
        self.classes = tuple(sorted(class_nouns().classes))
        n = len(self.classes)
        order = np.random.default_rng([seed, n]).permutation(2 * n)
        self._real_at, self._shuffled_at = order[:n], order[n:]
        told = f"logits {VERSION} {self.network.key} {seed} {self.classes} {open_source(POOL).key}"
        self.key = hashlib.sha256(told.encode()).hexdigest()
        self.layers, self.default_layers = (Layer(LAYER, 2 * n, "vector"),), (LAYER,)

    @property
    def alias(self) -> str:
        """What a backbone is told in place of a name that says what the units are."""
        return f"network-{self.key[:8]}"

    def unit_of(self, index: int, shuffled: bool = False) -> Unit:
        """The output unit of a class, or the shuffled one beside it. Raises `BadInput` where no fact is about the class."""
        if index not in self.classes:
            raise BadInput(f"no stamp shows class {index!r}; nearest: {min(self.classes, key=lambda c: abs(c - index))}")
        place = (self._shuffled_at if shuffled else self._real_at)[self.classes.index(index)]
        return self.unit(f"{LAYER}:{place}")

    def watch(self, pictures: Sequence[Picture], layers: Sequence[str], see: See) -> None:
        for name in layers:
            self.layer(name)
        pool, at = self._pool, 0

        def seen(_: str, maps: torch.Tensor) -> None:
            nonlocal at
            some, at = pictures[at : at + len(maps)], at + len(maps)
            drawn = np.stack([self._drawn(pool, picture) for picture in some])
            found = maps.new_empty((len(maps), 2 * len(self.classes), 1, 1))
            found[:, self._real_at] = maps[:, list(self.classes)]
            found[:, self._shuffled_at] = maps.new_tensor(drawn)[:, :, None, None]
            see(LAYER, found)

        self.network.watch(pictures, [CLASSIFIER], seen)

    def sight(self, height: int, width: int) -> Sight:
        return self.network.sight(height, width)

    def _drawn(self, pool: np.ndarray, picture: Picture) -> np.ndarray:
        """What the shuffled units give a picture: each what its real unit gave to one scene of the pool."""
        rows = stream(picture.id, self.seed, 0, "shuffled").integers(len(pool), size=len(self.classes))
        return np.asarray(pool[rows, np.arange(len(self.classes))])

    @cached_property
    def _pool(self) -> np.ndarray:
        """What the real units give to the pool's scenes: float32, scenes x classes."""
        found = dissect(self.network, open_source(POOL), [CLASSIFIER], folder=cache_folder() / "dissections")
        return np.stack([found.column(CLASSIFIER, index) for index in self.classes], axis=1)


def load(name: str, device: str = "auto") -> Target:
    """The target ``logits:NETWORK/SEED``. Raises `BadInput`."""
    match = re.fullmatch(r"logits:(efficientnet-lite\d(?:-random(?:@\d+)?)?)/(\d{1,9})", name.strip())
    if match is None:
        raise BadInput(f"{name!r} names no output units: write logits:NETWORK/SEED, such as 'logits:efficientnet-lite0/0'")
    return OutputUnits(match[1], int(match[2]), device)
