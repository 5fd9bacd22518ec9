"""Streaming quantiles of many units at once: one histogram a unit, whose range doubles as wider values come.

Covered: 2,048 bins a unit, with widths that are powers of two, so that widening merges whole bins in pairs and never
moves a value across an edge; quantiles by interpolation within a bin; exact extremes, mean and variance of what was
added. Not covered: which values are added (`one_pass.py` takes a sample of positions of every map).
Memory is 8 KiB a unit, whatever the number of values.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

BINS = 2048
_FINEST = 24  # a bin is never finer than 2^-24 of the value it holds: float32 cannot tell such values apart


class Histograms:
    """A histogram for each of `units` units. Values come as float32 arrays, n x units, all finite."""

    def __init__(self, units: int) -> None:
        self.units = units
        self.counts = np.zeros((units, BINS), dtype=np.int64)
        self.exponent = np.zeros(units, dtype=np.int64)  # bins are 2^exponent wide
        self.first = np.zeros(units, dtype=np.int64)  # bin j holds [first + j, first + j + 1) * 2^exponent
        self.low = np.full(units, np.inf, dtype=np.float32)
        self.high = np.full(units, -np.inf, dtype=np.float32)
        self.n = 0
        self.positive = np.zeros(units, dtype=np.int64)
        self.zeros = np.zeros(units, dtype=np.int64)
        self.total = np.zeros(units)  # of value - shift, where shift is the first batch's mean: no cancellation
        self.squares = np.zeros(units)
        self.shift = np.zeros(units)

    def add(self, values: np.ndarray) -> None:
        """Count values, n x units."""
        if not len(values):
            return
        low, high = values.min(0), values.max(0)
        if self.n == 0:
            self.shift = values.mean(0, dtype=np.float64)
        self._widen(low, high)
        self.low, self.high = np.minimum(self.low, low), np.maximum(self.high, high)
        self.n += len(values)
        self.positive += (values > 0).sum(0)
        self.zeros += (values == 0).sum(0)
        centred = values - self.shift
        self.total += centred.sum(0)
        self.squares += np.einsum("nu,nu->u", centred, centred)
        bins = np.floor(np.ldexp(values.astype(np.float64), -self.exponent)).astype(np.int64)
        bins += np.arange(self.units) * BINS - self.first
        self.counts += np.bincount(bins.ravel(), minlength=self.units * BINS).reshape(self.units, BINS)

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
            self._merge(unit, int(finest[unit] - self.exponent[unit]))
        while True:
            below = np.floor(np.ldexp(lowest, -self.exponent)).astype(np.int64)
            above = np.floor(np.ldexp(highest, -self.exponent)).astype(np.int64)
            narrow = np.flatnonzero(above - below >= BINS)
            if not len(narrow):
                break
            for unit in narrow:
                self._merge(unit, 1)
        # the range is wide enough: slide it (whole bins, all of them empty) where it does not lie over the values
        for unit in np.flatnonzero((below < self.first) | (above >= self.first + BINS)):
            first = below[unit] if below[unit] < self.first[unit] else above[unit] - BINS + 1
            self.counts[unit] = np.roll(self.counts[unit], int(self.first[unit] - first) % BINS)
            self.first[unit] = first

    def _merge(self, unit: int, doublings: int) -> None:
        """Bins 2^doublings times as wide: neighbours are added, and room appears above them."""
        shift = min(doublings, 62)  # of an int64; beyond it nothing but the sign is left
        merged = ((self.first[unit] + np.arange(BINS)) >> shift) - (self.first[unit] >> shift)
        self.counts[unit] = np.bincount(merged, self.counts[unit], minlength=BINS).astype(np.int64)
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

    def mean(self) -> np.ndarray:
        """The mean of each unit's values."""
        return self.shift + self.total / max(self.n, 1)

    def sd(self) -> np.ndarray:
        """The standard deviation of each unit's values."""
        n = max(self.n, 1)
        return np.sqrt(np.maximum(self.squares / n - (self.total / n) ** 2, 0.0))

    def state(self) -> dict[str, np.ndarray]:
        """All that is known, as arrays; `of` takes it back."""
        names = ("exponent", "first", "low", "high", "positive", "zeros", "total", "squares", "shift")
        counts = self.counts.astype(np.uint32) if self.counts.max(initial=0) < 2**32 else self.counts
        return {"counts": counts, "n": np.array(self.n), **{name: getattr(self, name) for name in names}}

    @classmethod
    def of(cls, state: Mapping[str, np.ndarray]) -> Histograms:
        """The histograms whose `state` that was."""
        histograms = cls(len(state["low"]))
        for name, value in state.items():
            setattr(histograms, name, int(value) if name == "n" else np.array(value))
        histograms.counts = histograms.counts.astype(np.int64)
        return histograms
