"""A unit's profile over a data set: what dissection knows of the one unit that a run asks about.

Covered: its peak on every picture, the mask threshold, quantiles of its map values, and whether it is dead or sparse.
Not covered: how they are found (`dissection/`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .sources.source import About


@dataclass(frozen=True)
class Profile:
    """`peaks`: float32 (N,), NaN where unreadable. `threshold`: the 0.99 quantile of map values, 0 for a sparse unit.

    `dead`: the unit's peak is the same on every picture. `sparse`: its maps are above 0 on under 1% of positions.
    `skipped`: pictures that could not be read, each named with the reason.
    `patch`: height and width in pixels of what the unit sees; None = the whole picture.
    `contents`: what the pictures show, where that is kept; None = the source is to be asked.
    """

    peaks: np.ndarray
    threshold: float
    dead: bool
    sparse: bool
    patch: tuple[int, int] | None = None
    skipped: tuple[str, ...] = field(default=())
    contents: Callable[[], list[About]] | None = None
