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

    def add(self, values: np.ndarray) -> None:
        """Count values, n x units. On one core: it runs beside a forward, which has the others."""
        if not len(values):
            return
        low, high = values.min(0), values.max(0)
        self._widen(low, high)
        self.low, self.high = np.minimum(self.low, low), np.maximum(self.high, high)
        self.n += len(values)
        if np.count_nonzero(values) < values.size:
            self.zeros += (values == 0).sum(0)
        # exact in float32: scaling by powers of two (in factors that float32 holds), floor, and integers below 2^25
        scale, bins = -self.exponent, values
        while scale.any():
            part = np.clip(scale, -120, 120)
            bins = bins * np.ldexp(np.float32(1), part)
            scale = scale - part
        flat = np.floor(bins).astype(np.int64)
        flat += np.arange(self.units) * BINS - self.first
        found = np.bincount(flat.ravel(), minlength=self.counts.size).reshape(self.counts.shape)
        np.add(self.counts, found, out=self.counts, casting="unsafe")  # both are small: no int64 copy of all bins

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
        for unit in np.flatnonzero(self.exponent < finest):
            self._merge(int(unit), int(finest[unit] - self.exponent[unit]))
        while True:
            below = np.floor(np.ldexp(lowest, -self.exponent)).astype(np.int64)
            above = np.floor(np.ldexp(highest, -self.exponent)).astype(np.int64)
            narrow = np.flatnonzero(above - below >= BINS)
            if not len(narrow):
                break
            for unit in narrow:
                self._merge(int(unit), 1)
        # the range is wide enough: slide it (whole bins, all of them empty) where it does not lie over the values
        for unit in np.flatnonzero((below < self.first) | (above >= self.first + BINS)):
            first = below[unit] if below[unit] < self.first[unit] else above[unit] - BINS + 1
            self.counts[unit] = np.roll(self.counts[unit], int(self.first[unit] - first) % BINS)
            self.first[unit] = first

    def _merge(self, unit: int, doublings: int) -> None:
        """Bins 2^doublings times as wide: neighbours are added, and room appears above them."""
        shift = min(doublings, 62)  # of an int64; beyond it nothing but the sign is left
        merged = ((self.first[unit] + np.arange(BINS)) >> shift) - (self.first[unit] >> shift)
        self.counts[unit] = np.bincount(merged, self.counts[unit], minlength=BINS).astype(np.int32)
        self.first[unit] >>= shift
        self.exponent[unit] += doublings

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
