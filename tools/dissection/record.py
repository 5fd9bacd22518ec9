"""A finished dissection, opened lazily: what every unit of the chosen layers did on every picture of a source.

Covered: peaks (N x units on disk, read where asked), quantiles of the raw map values, the mask threshold, extremes,
moments, dead and sparse units, and samples of pictures by activation; whatever is read is verified by its hash, and a
dissection that turns out to be broken is made again. Not covered: how it is made (`one_pass.py`, `make.py`).

A folder holds `dissection.json`, one `peaks-L.f32` a layer (rows are pictures, float32, NaN where a picture was
unreadable) and `statistics.npz`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from ...targets.errors import BadInput, nearest
from ...targets.target import Layer
from ..broken_entries import Broken
from .digests import array_digest, column_digest, column_digests, unsealed
from .histogram import Histograms

MASK_QUANTILE = 0.99
SPARSE_SHARE = 0.01
_ROWS_AT_ONCE = 8192

T = TypeVar("T")


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
    `remake(why)`: called where a file turns out to be broken or gone; makes them all again. Without it that is `BadInput`.
    """

    def __init__(self, folder: Path, remake: Callable[[str], None] | None = None) -> None:
        self.folder, self._remake = folder, remake
        try:
            text = (folder / "dissection.json").read_text(errors="replace")
        except OSError as error:
            raise Broken(f"dissection.json cannot be read: {error.strerror}") from error
        about = unsealed(text, "dissection.json")
        self.n: int = about["n"]
        self.key: str = about["key"]
        self.target: str = about["target"]
        self.source: str = about["source"]
        self.sampled: int = about["sampled"]
        self.skipped: tuple[Skipped, ...] = tuple(Skipped(*row) for row in about["skipped"])
        self._layers = {row["name"]: Layer(row["name"], row["units"], row["kind"]) for row in about["layers"]}
        self._digests: dict[str, str] = about["arrays"]
        self._histograms: dict[str, Histograms] = {}  # read where first asked for, a layer at a time
        self._arrays: dict[str, np.ndarray] = {}  # those that are small
        self._whole: set[str] = set()  # layers whose every column was verified

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
        self.layer(layer)
        return self._sure(lambda: self._all_columns(layer))

    def column(self, layer: str, index: int) -> np.ndarray:
        """One unit's peak on every picture: float32, n; NaN where unreadable. Read in blocks of bounded size."""
        self._check(layer, index)
        return self._sure(lambda: self._column(layer, index))

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
        if layer not in self._histograms:
            self._histograms[layer] = self._sure(lambda: self._read_histograms(layer))
        return self._histograms[layer]

    def _flags(self, layer: str, which: str) -> np.ndarray:
        name = f"{self._number(layer)}.{which}"
        return self._sure(lambda: self._array(name)).copy()

    # ---- and verified ---------------------------------------------------------------------------------------------

    def verify(self) -> None:
        """Read and verify everything. Raises `Broken`."""
        self._read(lambda name: True)
        for layer in self.layers:
            self._all_columns(layer)

    def _sure(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except Broken as broken:
            why = str(broken)
        if self._remake is not None:
            self._remake(why)
            again = Dissection(self.folder)  # equal to the bit on the same machine; elsewhere not to the last bit
            self._digests, self._arrays, self._whole = again._digests, {}, set()
            try:
                return read()
            except Broken as broken:
                why = f"{broken}, made again and again broken"
        raise BadInput(f"the dissection in {str(self.folder)!r} is broken ({why}): delete that folder")

    def _column(self, layer: str, index: int) -> np.ndarray:
        units = self.layer(layer).units
        column = np.empty(self.n, dtype=np.float32)
        path = self._peaks_file(layer)
        try:
            with path.open("rb") as file:
                for start in range(0, self.n, _ROWS_AT_ONCE):
                    rows = min(_ROWS_AT_ONCE, self.n - start)
                    block = np.fromfile(file, dtype=np.float32, count=rows * units).reshape(rows, units)
                    column[start : start + rows] = block[:, index]
        except (OSError, ValueError) as error:
            raise Broken(f"{path.name} is cut off or gone") from error
        if column_digest(column) != self._array(f"{self._number(layer)}.columns")[index].tobytes():
            raise Broken(f"{path.name}, column {index}, is not what was written")
        return column

    def _all_columns(self, layer: str) -> np.ndarray:
        path, shape = self._peaks_file(layer), (self.n, self.layer(layer).units)
        try:
            if layer not in self._whole:
                if (column_digests(path, *shape) != self._array(f"{self._number(layer)}.columns")).any():
                    raise Broken(f"{path.name} is not what was written")
                self._whole.add(layer)
            return np.memmap(path, dtype=np.float32, mode="r", shape=shape)
        except (OSError, ValueError) as error:
            raise Broken(f"{path.name} is cut off or gone") from error

    def _read_histograms(self, layer: str) -> Histograms:
        number = self._number(layer)
        return Histograms.of(state_of(self._read(lambda name: name.startswith(f"{number}.histogram.")), number))

    def _array(self, name: str) -> np.ndarray:
        if name not in self._arrays:
            self._arrays |= self._read(lambda stored: stored == name)
        return self._arrays[name]

    def _read(self, wanted: Callable[[str], bool]) -> dict[str, np.ndarray]:
        """The stored arrays of these names, verified. Raises `Broken`."""
        path = self.folder / "statistics.npz"
        names = [name for name in self._digests if wanted(name)]
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in names}
        except Exception as error:  # a broken archive makes its reader raise nearly anything
            raise Broken(f"{path.name} cannot be read") from error
        for name, array in arrays.items():
            if array_digest(array) != self._digests[name]:
                raise Broken(f"{path.name}, {name}, is not what was written")
        return arrays


def state_of(arrays: Mapping[str, np.ndarray], number: int) -> dict[str, np.ndarray]:
    """The part of stored arrays that belongs to the histograms of layer `number`."""
    prefix = f"{number}.histogram."
    return {name.removeprefix(prefix): arrays[name] for name in arrays if name.startswith(prefix)}
