"""Streaming quantiles of many units at once: one histogram a unit, whose range doubles as wider values come.

Covered: 2,048 bins a unit, with widths that are powers of two, so that widening merges whole bins in pairs and never
moves a value across an edge; quantiles by interpolation within a bin; exact extremes, exact counts of zeros and of
positive values; moments to within a bin (the range over 1,024 at worst).
Not covered: which values are added (`one_pass.py` takes a sample of positions of every map).
Memory is 8 KiB a unit, whatever the number of values: at most 2^31 in one bin.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

BINS = 2048
_FINEST = 24  # a bin is never finer than 2^-24 of the value it holds: float32 cannot tell such values apart
_STATE = ("counts", "exponent", "first", "low", "high", "zeros")


class Histograms:
    """A histogram for each of `units` units. Values come as float32 arrays, n x units, all finite."""

    def __init__(self, units: int) -> None:
        self.units = units
        self.counts = np.zeros((units, BINS), dtype=np.int32)
        self.exponent = np.zeros(units, dtype=np.int64)  # bins are 2^exponent wide
        self.first = np.zeros(units, dtype=np.int64)  # bin j holds [first + j, first + j + 1) * 2^exponent
        self.low = np.full(units, np.inf, dtype=np.float32)
        self.high = np.full(units, -np.inf, dtype=np.float32)
        self.zeros = np.zeros(units, dtype=np.int64)
        self.n = 0

    def add(self, values: np.ndarray, highest: np.ndarray | None = None) -> None:
        """Count values, n x units. `highest`: the unit's maximum where it is known, no lower than its values.

        On one core: it runs beside a forward, which has the others.
        """
        if not len(values):
            return
        low, high = values.min(0), values.max(0) if highest is None else highest
        self._widen(low, high)
        self.low, self.high = np.minimum(self.low, low), np.maximum(self.high, high)
        self.n += len(values)
        zero = values == 0
        if zero.any():
            self.zeros += zero.sum(0)
        # exact in float32: scaling by powers of two (in factors that float32 holds), floor, and integers below 2^25
        scale, bins = -self.exponent, values
        while scale.any():
            part = np.clip(scale, -120, 120)
            bins = bins * np.ldexp(np.float32(1), part)
            scale = scale - part
        bins = np.floor(bins)
        offsets = np.arange(self.units) * BINS - self.first
        if max(np.abs(offsets).max(), self.units * BINS) < 2**23:  # the sum is exact in float32 too, and sooner there
            flat = np.add(bins, offsets.astype(np.float32), out=bins).astype(np.int64)
        else:
            flat = bins.astype(np.int64) + offsets
        found = np.bincount(flat.ravel(), minlength=self.counts.size)
        self.counts += found.astype(np.int32).reshape(self.counts.shape)

    def _widen(self, low: np.ndarray, high: np.ndarray) -> None:
        """Let every unit's bins hold [low, high] too: the finest power of two that does, keeping the counts."""
        lowest = np.minimum(low, self.low).astype(np.float64)
        highest = np.maximum(high, self.high).astype(np.float64)
        size = np.maximum(np.maximum(np.abs(lowest), np.abs(highest)), 2.0**-126)
        finest = np.floor(np.log2(size)).astype(np.int64) - _FINEST
        if self.n == 0:
            spread = np.maximum((highest - lowest) / BINS, 2.0**-150)
            self.exponent = np.maximum(np.floor(np.log2(spread)).astype(np.int64), finest)
            self.first = np.floor(np.ldexp(lowest, -self.exponent)).astype(np.int64)
        narrow = np.flatnonzero(self.exponent < finest)
        self._merge(narrow, (finest - self.exponent)[narrow])
        while True:
            below = np.floor(np.ldexp(lowest, -self.exponent)).astype(np.int64)
            above = np.floor(np.ldexp(highest, -self.exponent)).astype(np.int64)
            narrow = np.flatnonzero(above - below >= BINS)
            if not len(narrow):
                break
            self._merge(narrow, np.ones(len(narrow), dtype=np.int64))
        # the range is wide enough: where it does not lie over the values it slides to lie evenly about them
        off = np.flatnonzero((below < self.first) | (above >= self.first + BINS))
        if len(off):
            first = below[off] - (BINS - 1 - (above - below)[off]) // 2
            self._rebin(off, np.arange(BINS) + (self.first[off] - first)[:, None])
            self.first[off] = first

    def _merge(self, units: np.ndarray, doublings: np.ndarray) -> None:
        """Bins 2^doublings times as wide: neighbours are added, and room appears above them."""
        if not len(units):
            return
        shift = np.minimum(doublings, 62)  # of an int64; beyond it nothing but the sign is left
        first = self.first[units]
        self._rebin(units, ((first[:, None] + np.arange(BINS)) >> shift[:, None]) - (first >> shift)[:, None])
        self.first[units] = first >> shift
        self.exponent[units] += doublings

    def _rebin(self, units: np.ndarray, to: np.ndarray) -> None:
        """Move the counts of bins j of these units to bins to[:, j]; only empty bins may fall outside."""
        held = self.counts[units]
        full = np.flatnonzero(held)
        at = (to + np.arange(len(units))[:, None] * BINS).ravel()[full]
        moved = np.bincount(at, held.ravel()[full], minlength=held.size)  # float64 weights: exact below 2^53
        self.counts[units] = moved.astype(np.int32).reshape(held.shape)

    def quantiles(self, unit: int, qs: np.ndarray) -> np.ndarray:
        """Values below which the shares `qs` of the unit's values lie: float64; NaN where nothing was added.

        Values are taken as spread evenly over their bin, but for exact zeros (of rectified units), counted apart.
        """
        if self.n == 0:
            return np.full(len(qs), np.nan)
        counts, first = self.counts[unit], int(self.first[unit])
        below = np.cumsum(counts)
        wanted = np.asarray(qs, dtype=np.float64) * self.n
        bins = np.minimum(np.searchsorted(below, wanted, side="left"), BINS - 1)
        rank = wanted - (below[bins] - counts[bins])
        zeros = np.where(first + bins == 0, self.zeros[unit], 0)
        inside = (rank - zeros) / np.maximum(counts[bins] - zeros, 1)
        values = np.ldexp(first + bins + np.clip(inside, 0, 1), int(self.exponent[unit]))
        clipped: np.ndarray = np.clip(values, self.low[unit], self.high[unit])
        return clipped

    def positive(self) -> np.ndarray:
        """How many of each unit's values are above zero (zero is always the edge of a bin)."""
        above = self.first[:, None] + np.arange(BINS) >= 0
        count: np.ndarray = np.where(above, self.counts, 0).sum(1, dtype=np.int64) - self.zeros
        return count

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of each unit's values, taken at the middle of their bins, zeros at zero."""
        bins = self.first[:, None] + np.arange(BINS)
        counts = self.counts - np.where(bins == 0, self.zeros[:, None], 0)
        middles = np.ldexp(bins + 0.5, self.exponent[:, None])
        n = max(self.n, 1)
        mean = (counts * middles).sum(1) / n
        squares = (counts * (middles - mean[:, None]) ** 2).sum(1) + self.zeros * mean**2
        return mean, np.sqrt(squares / n)

    def state(self) -> dict[str, np.ndarray]:
        """All that is known, as arrays; `of` takes it back."""
        return {"n": np.array(self.n)} | {name: getattr(self, name) for name in _STATE}

    @classmethod
    def of(cls, state: Mapping[str, np.ndarray]) -> Histograms:
        """The histograms whose `state` that was."""
        histograms = cls(len(state["low"]))
        histograms.n = int(state["n"])
        for name in _STATE:
            setattr(histograms, name, np.array(state[name]))
        return histograms
