"""A finished dissection, opened lazily: what every unit of the chosen layers did on every picture of a source.

Covered: peaks (N x units on disk, read where asked), quantiles of the raw map values, the mask threshold, extremes,
moments, dead and sparse units, and samples of pictures by activation. Not covered: how it is made (`one_pass.py`).

A folder holds `dissection.json`, one `peaks-L.f32` a layer (rows are pictures, float32, NaN where a picture was
unreadable) and `statistics.npz`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...targets.errors import BadInput, nearest
from ...targets.target import Layer
from .histogram import Histograms

MASK_QUANTILE = 0.99
SPARSE_SHARE = 0.01
_ROWS_AT_ONCE = 8192


@dataclass(frozen=True, slots=True)
class Skipped:
    """A picture of the source that could not be read: its index, its name where it has one, and why."""

    index: int
    name: str
    reason: str


class Dissection:
    """What every unit of `layers` did on the `n` pictures of a source. Raises `BadInput` for an unknown layer or unit.

    `key`: of target, source, layers and version together. `skipped`: pictures that could not be read.
    `sampled`: positions of each map that the quantiles and moments rest on (all where the map has no more).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        about = json.loads((folder / "dissection.json").read_text())
        self.n: int = about["n"]
        self.key: str = about["key"]
        self.target: str = about["target"]
        self.source: str = about["source"]
        self.sampled: int = about["sampled"]
        self.skipped: tuple[Skipped, ...] = tuple(Skipped(*row) for row in about["skipped"])
        self._layers = {row["name"]: Layer(row["name"], row["units"], row["kind"]) for row in about["layers"]}
        self._histograms: dict[str, Histograms] = {}  # read where first asked for, a layer at a time
        self._flagged: dict[str, np.ndarray] = {}

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers dissected; of a group or direction, its one address."""
        return tuple(self._layers)

    def layer(self, name: str) -> Layer:
        """The dissected layer of that name."""
        if name not in self._layers:
            raise BadInput(f"layer {name!r} was not dissected; nearest: {nearest(name, self._layers)}")
        return self._layers[name]

    def peaks(self, layer: str) -> np.ndarray:
        """Spatial maxima, n x units, float32, read from disk where indexed; rows of unreadable pictures are NaN."""
        shape = (self.n, self.layer(layer).units)
        return np.memmap(self._peaks_file(layer), dtype=np.float32, mode="r", shape=shape)

    def column(self, layer: str, index: int) -> np.ndarray:
        """One unit's peak on every picture: float32, n; NaN where unreadable. Read in blocks of bounded size."""
        self._check(layer, index)
        units = self.layer(layer).units
        column = np.empty(self.n, dtype=np.float32)
        with self._peaks_file(layer).open("rb") as file:
            for start in range(0, self.n, _ROWS_AT_ONCE):
                rows = min(_ROWS_AT_ONCE, self.n - start)
                block = np.fromfile(file, dtype=np.float32, count=rows * units).reshape(rows, units)
                column[start : start + rows] = block[:, index]
        return column

    def quantiles(self, layer: str, index: int, qs: np.ndarray | list[float]) -> np.ndarray:
        """Quantiles, shares in [0, 1], of the unit's raw map values over positions and pictures (not of its peaks)."""
        self._check(layer, index)
        shares = np.atleast_1d(np.asarray(qs, dtype=np.float64))
        if not ((shares >= 0) & (shares <= 1)).all():
            raise ValueError(f"quantiles are shares in [0, 1], not {shares.tolist()}")
        return self._statistics(layer).quantiles(index, shares)

    def threshold(self, layer: str, index: int) -> float:
        """The mask threshold: the .99 quantile of the raw map values; 0 for a sparse unit (MILAN's rule)."""
        if self.sparse(layer)[index]:
            return 0.0
        return float(self.quantiles(layer, index, [MASK_QUANTILE])[0])

    def moments(self, layer: str) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of each unit's raw map values: float64, units."""
        return self._statistics(layer).moments()

    def dead(self, layer: str) -> np.ndarray:
        """Which units are constant over the data, to a millionth of their size: bool, units."""
        return self._flags(layer, "dead")

    def sparse(self, layer: str) -> np.ndarray:
        """Which units are active (above 0) on some, but fewer than 1%, of the positions: bool, units."""
        return self._flags(layer, "sparse")

    def top(self, layer: str, index: int, k: int = 15) -> np.ndarray:
        """Indices of the k pictures with the highest peaks, highest first, earlier pictures first where equal."""
        return self._ordered(layer, index)[::-1][:k] if k > 0 else np.empty(0, dtype=np.int64)

    def bottom(self, layer: str, index: int, k: int = 15) -> np.ndarray:
        """Indices of the k pictures with the lowest peaks, lowest first."""
        return self._ordered(layer, index)[:k] if k > 0 else np.empty(0, dtype=np.int64)

    def random(self, k: int = 15, seed: int = 0) -> np.ndarray:
        """Indices of k readable pictures, drawn without regard to any unit."""
        gone = {row.index for row in self.skipped}
        readable = np.array([i for i in range(self.n) if i not in gone], dtype=np.int64)
        return np.random.default_rng(seed).permutation(readable)[:k]

    def by_quantile(self, layer: str, index: int, groups: int = 10, each: int = 3, seed: int = 0) -> list[np.ndarray]:
        """Indices of `each` pictures from each of `groups` equal shares of the unit's peaks, lowest share first."""
        rng = np.random.default_rng(seed)
        return [rng.permutation(share)[:each] for share in np.array_split(self._ordered(layer, index), groups)]

    # ---- how it is read -------------------------------------------------------------------------------------------

    def _ordered(self, layer: str, index: int) -> np.ndarray:
        """Readable pictures from the lowest peak to the highest; of equals the later first, so that `top` is early."""
        column = self.column(layer, index)
        readable = np.flatnonzero(~np.isnan(column))[::-1]
        return readable[np.argsort(column[readable], kind="stable")]

    def _check(self, layer: str, index: int) -> None:
        units = self.layer(layer).units
        if not 0 <= index < units:
            raise BadInput(f"layer {layer!r} has units 0 to {units - 1}, not {index}")

    def _number(self, layer: str) -> int:
        self.layer(layer)
        return self.layers.index(layer)

    def _peaks_file(self, layer: str) -> Path:
        return self.folder / f"peaks-{self._number(layer)}.f32"

    def _statistics(self, layer: str) -> Histograms:
        number = self._number(layer)
        if layer not in self._histograms:
            with np.load(self.folder / "statistics.npz", allow_pickle=False) as arrays:
                self._histograms[layer] = Histograms.of(state_of(arrays, number))
        return self._histograms[layer]

    def _flags(self, layer: str, which: str) -> np.ndarray:
        name = f"{self._number(layer)}.{which}"
        if name not in self._flagged:
            with np.load(self.folder / "statistics.npz", allow_pickle=False) as arrays:
                self._flagged[name] = np.asarray(arrays[name], dtype=bool)
        return self._flagged[name].copy()


def state_of(arrays: Mapping[str, np.ndarray], number: int) -> dict[str, np.ndarray]:
    """The part of stored arrays that belongs to the histograms of layer `number`."""
    prefix = f"{number}.histogram."
    return {name.removeprefix(prefix): arrays[name] for name in arrays if name.startswith(prefix)}
