"""The face that every region finder shows: what says where in a picture that was not drawn a thing is.

Covered: the face. A finder is named by `--detector`, and comes by an entry point in ``lettvin.detectors`` or FILE.py:Class;
two are lettvin's own (`synthetic_neurons/found_regions.py`). Not covered: who asks (`named_regions.py`), drawn pictures, whose
regions are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ..targets.picture import Picture


class RegionFinder(Protocol):
    """What finds things in photographs. The same picture and label give the same region."""

    name: str

    def find(self, pictures: Sequence[Picture], label: str) -> list[np.ndarray]:
        """Where in each picture the thing is: bool, height x width, true somewhere. Raises `BadInput` where it sees none."""
        ...
