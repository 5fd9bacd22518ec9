"""When a unit counts as firing: levels read off the whole range, and what a handful of readings says against them.

Covered: rest and full response, the bar between them, and the reading of one condition's peaks (fires, silent, mixed or not
yet clear). Not covered: tests and verdicts, which are the ledger's (`../ledger.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ..admission import FIRES

BAR = FIRES  # of the way from rest to full, as when a conclusion is held against a rival
SURE = 0.75  # share of a condition's pictures that must be on one side of the bar
CLEAR = 4.5  # standard deviations of noise between rest and full
LUCK = 2.5  # standard errors that the best of many candidates may owe to luck
FULLY = 0.6  # of full response: what the strongest quarter must reach, if some of the pictures are to count as firing
ENOUGH = 12  # pictures after which a condition that is still on both sides is mixed

Said = Literal["fires", "silent", "mixed", "unclear"]


@dataclass(frozen=True)
class Levels:
    """`rest`: the unit's answer to most pictures; `full`: to the strongest contents that can be had again.

    `noise`: how much two drawings of the same contents differ, as a standard deviation.
    """

    rest: float
    full: float
    noise: float = 0.0

    @property
    def bar(self) -> float:
        """The peak from which on the unit counts as firing."""
        return self.at(BAR)

    def at(self, share: float) -> float:
        """The peak that lies so far from rest (0) to full (1)."""
        return self.rest + share * (self.full - self.rest)

    def share(self, peak: float) -> float:
        """How far from rest (0) to full (1) a peak lies."""
        return (peak - self.rest) / max(1e-9, self.full - self.rest)

    @property
    def clear(self) -> bool:
        """Whether a single picture tells firing from rest, noise or not."""
        return self.full - self.rest > CLEAR * self.noise

    def sure_share(self, peak: float, n: int) -> float:
        """The share that the median of n pictures leaves when noise is taken off, and luck where they are few."""
        unsure = LUCK * self.noise / max(1e-9, self.full - self.rest) / np.sqrt(max(1, n))
        return float((min(1.0, self.share(peak)) - unsure) * n / (n + 1))

    def raised(self, peaks: Sequence[float]) -> Levels:
        """The levels after pictures that were meant to fire the unit: `full` is the highest mean seen so far."""
        return replace(self, full=max(self.full, float(np.mean(peaks)))) if len(peaks) else self

    def even(self, peaks: Sequence[float]) -> bool:
        """Whether pictures of one concept respond alike: three in four at least half as strongly as the stronger half does.

        Where they do not, the concept is true of some that fire the unit for something else in them.
        """
        ranked = np.sort(np.asarray(peaks)) - self.rest
        stronger = float(ranked[len(ranked) // 2 :].mean())
        return float(np.mean(ranked >= stronger / 2)) >= SURE

    def read(self, peaks: Sequence[float]) -> Said:
        """What the peaks of one condition say.

        "fires": three in four at least are above the bar; "silent": three in four below it, and none of them fully up;
        after `ENOUGH` pictures that are neither, "mixed" where some fire fully.
        """
        if not len(peaks):
            return "unclear"
        above = float(np.mean(np.asarray(peaks) >= self.bar))
        if above >= SURE:
            return "fires"
        strongest = np.sort(np.asarray(peaks))[-max(1, len(peaks) // 4) :]
        some_fire = self.share(float(strongest.mean())) >= FULLY  # else it is look-alikes and noise about the bar
        if above <= 1 - SURE and not some_fire:
            return "silent"
        if len(peaks) < ENOUGH:
            return "unclear"
        return "mixed" if some_fire else "silent"
