"""Regions of pictures by name: where the unit fires, a box, or a thing that a picture shows.

Covered: each as a mask of the picture's size. A thing is exact in a drawn picture; in any other the
run's detector says where it is. Not covered: the detectors (`region_finder.py`), and what is done in a region (`edit.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ..targets.errors import BadInput
from ..targets.picture import Picture
from .lab import Lab
from .pixel_edits import box_of
from .region import mask
from .sketch.edit_words import find
from .sketch.paint import paint


def regions(lab: Lab, pictures: Sequence[Picture], name: str) -> list[np.ndarray]:
    """The region of that name in each picture: bool, height x width. Raises `BadInput` where one has none.

    To ask where the unit fires is to measure: it counts, and stops at the limits.
    """
    if name.strip().lower() == "unit":
        return [_fires(lab, picture) for picture in pictures]
    numbers = re.split(r"[\s,]+", name.strip())
    if len(numbers) == 4 and all(re.fullmatch(r"-?\d{1,6}", number) for number in numbers):
        return [_box(picture, [int(number) for number in numbers]) for picture in pictures]
    return [_thing(lab, picture, name) for picture in pictures]


def _fires(lab: Lab, picture: Picture) -> np.ndarray:
    lab.measure([picture])
    found = lab.activations([picture], lab.unit, maps=True)[picture.id].map
    assert found is not None  # asked for above
    height, width = picture.pixels.shape[:2]
    where = mask(found, lab.profile.threshold, height, width, lab.unit.target.sight(height, width))
    if not where.any():
        raise BadInput(f"the unit fires nowhere in picture {picture.id[:12]} above its threshold: name a box, or a thing")
    return where


def _box(picture: Picture, box: Sequence[int]) -> np.ndarray:
    left, top, right, bottom = box_of(picture.pixels, box)
    where = np.zeros(picture.pixels.shape[:2], bool)
    where[top:bottom, left:right] = True
    return where


def _thing(lab: Lab, picture: Picture, name: str) -> np.ndarray:
    if picture.scene is None:
        if lab.finder is not None:
            return lab.finder.find([picture], name)[0]
        raise BadInput(
            f"nobody knows where {name!r} is in picture {picture.id[:12]}, which was not drawn: write 'unit' or "
            "'LEFT TOP RIGHT BOTTOM', or name who finds things by --detector, such as cam"
        )
    masks = paint(picture.scene).masks
    where: np.ndarray = np.any([masks[i] for i in find(picture.scene, name)], axis=0)
    return where
