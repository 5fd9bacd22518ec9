"""The instrument `probe`: the unit's answer to pictures.

Covered: peak, mean, percentile among the data's peaks, and where on the picture the peak is. Not covered: what may be
concluded from it; probing is exploration.
"""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel

from .instrument import Result, tool
from .lab import Lab, Reading


class Probed(BaseModel):
    """A reading, and the peak's place as fractions of the picture's width and height (None for a 1 x 1 map)."""

    reading: Reading
    at: tuple[float, float] | None


class Probes(Result):
    """Readings in the order asked."""

    readings: list[Probed]

    def text(self) -> str:
        rows = ((p.reading, f" at ({p.at[0]:.2f}, {p.at[1]:.2f})" if p.at else "") for p in self.readings)
        return "\n".join(f"{r.picture[:12]}: peak {r.peak:.4g}, percentile {r.percentile:g}{at}" for r, at in rows)


@tool
def probe(lab: Lab, *, pictures: list[str]) -> Probes:
    """Show pictures to the unit: its peak, mean, percentile among the data's peaks, and where the peak is.

    Args:
        pictures: ids of pictures of this run.
    """
    shown = [lab.find(identity) for identity in pictures]
    readings = lab.measure(shown)
    maps = lab.activations(shown, lab.unit, maps=True)
    return Probes(readings=[Probed(reading=r, at=_place(maps[r.picture].map)) for r in readings])


def _place(found: np.ndarray | None) -> tuple[float, float] | None:
    if found is None or found.size == 1:
        return None
    row, column = np.unravel_index(int(found.argmax()), found.shape)
    return round((column + 0.5) / found.shape[1], 3), round((row + 0.5) / found.shape[0], 3)
