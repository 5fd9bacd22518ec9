"""The difference of two units as a target: how much more strongly the one answers a picture than the other does.

Covered: two units, of one network or of two, each on its own scale from rest (0) to full response (1), and a layer of two
units of the difference: unit 0 is how far the one lies above the other, unit 1 how far the other lies above the one; 0 where
it does not. What lies below rest counts as rest, what lies above full as full. Not covered: how the levels are found, and
what is made of the difference (`agent/comparison`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .errors import BadInput, TargetFailed
from .picture import Picture
from .target import Layer, Prepares, See, Target, Unit

if TYPE_CHECKING:
    import torch

LAYER = "difference"


@dataclass(frozen=True)
class Scaled:
    """A unit with its levels: `rest`, its answer to most pictures, and `full`, to the strongest, in activation.

    Where `full` is not above `rest` nothing fires the unit, and its level is 0 for every picture.
    """

    unit: Unit
    rest: float
    full: float

    def levels(self, peaks: np.ndarray) -> np.ndarray:
        """Where peaks lie from rest (0) to full (1), cut at both ends: float64, the peaks' shape; NaN stays NaN."""
        return self.between(self.rest, self.full, peaks)

    @staticmethod
    def between(rest: float, full: float, peaks: np.ndarray) -> np.ndarray:
        """The same for levels that are known without a unit."""
        if not full > rest:
            return np.where(np.isnan(peaks), np.nan, 0.0)
        return np.clip((np.asarray(peaks, np.float64) - rest) / (full - rest), 0.0, 1.0)


class DifferenceTarget(Target):
    """One layer, `difference`, of two units: the one above the other, and the other above the one; both in [0, 1].

    Raises `TargetFailed` where either network does, or answers NaN or infinity.
    """

    def __init__(self, one: Scaled, other: Scaled) -> None:
        self.one, self.other = one, other
        self.name = f"{told(one.unit)} - {told(other.unit)}"
        sides = [f"{s.unit.target.key} {s.unit.key} {s.rest!r} {s.full!r}" for s in (one, other)]
        self.key = hashlib.sha256("\n".join(["difference 1", *sides]).encode()).hexdigest()
        self.layers = (Layer(LAYER, 2, "vector"),)
        self.default_layers = (LAYER,)

    @property
    def alias(self) -> str:
        """What a backbone is told in place of names that may hold the answer."""
        hidden = any(side.unit.target.alias != side.unit.target.name for side in (self.one, self.other))
        return f"difference-{self.key[:8]}" if hidden else self.name

    @property
    def device(self) -> object:
        """Where the one unit's network computes; None where it says nothing."""
        return getattr(self.one.unit.target, "device", None)

    def between(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """The two units' answers from peaks of the one and of the other, float (N,): float64, N x 2."""
        apart = self.one.levels(one) - self.other.levels(other)
        return np.stack([np.maximum(apart, 0.0), np.maximum(-apart, 0.0)], axis=1)

    def watch(self, pictures: Sequence[Picture], layers: Sequence[str], see: See) -> None:
        import torch

        for name in layers:
            if name != LAYER:
                raise BadInput(f"{self.name} has no layer {name!r}; nearest: {LAYER!r}")
        if not layers:
            return
        peaks = self._peaks(pictures)
        see(LAYER, torch.from_numpy(self.between(peaks[:, 0], peaks[:, 1]).astype(np.float32))[:, :, None, None])

    def _peaks(self, pictures: Sequence[Picture]) -> np.ndarray:
        """Both units' peaks: float64, pictures x 2; in one forward where one network has both."""
        target = self.one.unit.target
        if target is self.other.unit.target and isinstance(target, Prepares):
            return self._in_one_forward(target, pictures)
        sides = [[float(m.max()) for m in side.unit.target.maps(pictures, side.unit)] for side in (self.one, self.other)]
        return np.array(sides, np.float64).T.reshape(-1, 2)

    def _in_one_forward(self, target: Target, pictures: Sequence[Picture]) -> np.ndarray:
        units = (self.one.unit, self.other.unit)
        found: dict[int, list[float]] = {0: [], 1: []}

        def see(name: str, maps: torch.Tensor) -> None:
            for place, unit in enumerate(units):
                if unit.layer.name == name:
                    found[place] += [float(peak) for peak in unit.read(maps).float().amax(dim=(1, 2)).cpu().numpy()]

        target.watch(pictures, list(dict.fromkeys(unit.layer.name for unit in units)), see)
        peaks = np.array([found[0], found[1]], np.float64).T.reshape(-1, 2)
        if not np.isfinite(peaks).all():
            place = int(np.flatnonzero(~np.isfinite(peaks).all(axis=1))[0])
            raise TargetFailed(f"{target.name} answered NaN or infinity on picture {pictures[place].id[:12]}")
        return peaks


def told(unit: Unit) -> str:
    """A unit by its network and address, as it was written."""
    return f"{unit.target.name} {unit.address}"
