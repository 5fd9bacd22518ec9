"""A network whose every unit is shuffled: it gives a picture what the real unit gave to another picture.

Covered: the target. Each unit's answers are distributed as the real unit's are over a data source, and drawn by the picture's
pixels: the same picture gets the same, and nothing in a picture drives any unit. Not covered: where in the picture: a map has
one place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ...synthetic_neurons.draws import stream
from ...targets.picture import Picture
from ...targets.target import Layer, See, Target
from ...tools.dissection import dissect
from ...tools.sources.source import Source
from ...tools.store import cache_folder

if TYPE_CHECKING:
    import torch

BATCH = 64


class Shuffled(Target):
    """The shuffled units of `layers` of a network; their answers are drawn from those to the pictures of `pool`.

    Raises `BadInput` for an unknown layer.
    """

    def __init__(self, target: Target, pool: Source, layers: Sequence[str], seed: int = 0) -> None:
        self.target, self.pool, self.seed = target, pool, seed
        self.name = f"shuffled:{target.name}"
        self.layers = tuple(Layer(name, target.layer(name).units, "vector") for name in layers)
        self.default_layers = tuple(layers)
        told = f"shuffled 1 {target.key} {pool.key} {seed} {[(layer.name, layer.units) for layer in self.layers]}"
        self.key = hashlib.sha256(told.encode()).hexdigest()
        self._pool = cache(self._read_pool)

    @property
    def alias(self) -> str:
        """What a backbone is told in place of a name that says that nothing drives the units."""
        return f"network-{self.key[:8]}"

    def watch(self, pictures: Sequence[Picture], layers: Sequence[str], see: See) -> None:
        import torch

        wanted = [layer for layer in self.layers if layer.name in {self.layer(name).name for name in layers}]
        for start in range(0, len(pictures), BATCH):
            some = pictures[start : start + BATCH]
            for layer in wanted:
                found: torch.Tensor = torch.from_numpy(np.stack([self._drawn(layer, picture) for picture in some]))
                see(layer.name, found[:, :, None, None])

    def _drawn(self, layer: Layer, picture: Picture) -> np.ndarray:
        """What the units of a layer give a picture: each what its real unit gave to one picture of the pool. float32, units."""
        pool = self._pool(layer.name)
        rows = stream(picture.id, self.seed, 0, f"shuffled {layer.name}").integers(len(pool), size=layer.units)
        return np.asarray(pool[rows, np.arange(layer.units)])

    def _read_pool(self, layer: str) -> np.ndarray:
        chosen = self.target.default_layers if layer in self.target.default_layers else (layer,)
        found = dissect(self.target, self.pool, chosen, folder=cache_folder() / "dissections").peaks(layer)
        return np.asarray(found[~np.isnan(found).any(axis=1)])
