"""The instrument `describe`: what pictures show, whole or only where the unit fires.

Covered: the describer's words for each picture; it never sees hypotheses. Not covered: describers (`describer.py`).
"""

from __future__ import annotations

import numpy as np

from ..targets.picture import Picture
from .describer import DescribesMany
from .instrument import Result, tool
from .lab import Lab
from .region import mask


class Descriptions(Result):
    """One description a picture, in the order asked."""

    pictures: list[str]
    descriptions: list[str]

    def text(self) -> str:
        return "\n".join(f"{p[:12]}: {d}" for p, d in zip(self.pictures, self.descriptions, strict=True))


@tool
def describe(lab: Lab, *, pictures: list[str], region: bool = False) -> Descriptions:
    """Put pictures into words, without knowing any hypothesis.

    Args:
        pictures: ids of pictures of this run.
        region: describe only where the unit fires above its threshold.
    """
    shown = [lab.find(identity) for identity in pictures]
    return Descriptions(pictures=[p.id for p in shown], descriptions=descriptions(lab, shown, region))


def descriptions(lab: Lab, pictures: list[Picture], region: bool) -> list[str]:
    """The describer's words for each picture."""
    if not region:
        return _told(lab, pictures, [None] * len(pictures))
    lab.measure(pictures)  # to ask where the unit fires is to measure: it counts, and stops at the limits
    maps = lab.activations(pictures, lab.unit, maps=True)
    regions: list[np.ndarray | None] = []
    for picture in pictures:
        found = maps[picture.id].map
        assert found is not None  # asked for above
        height, width = picture.pixels.shape[:2]
        where = mask(found, lab.profile.threshold, height, width, lab.unit.target.sight(height, width))
        regions.append(where)
    return _told(lab, pictures, regions)


def _told(lab: Lab, pictures: list[Picture], regions: list[np.ndarray | None]) -> list[str]:
    if isinstance(lab.describer, DescribesMany):
        return lab.describer.describe_many(pictures, regions)
    return [
        lab.describer.describe(p) if where is None else lab.describer.describe(p, where)
        for p, where in zip(pictures, regions, strict=True)
    ]
