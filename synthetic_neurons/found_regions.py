"""Detectors as region finders: where in a photograph a thing is, for an editor that paints there.

Covered: `cam` and `grounding-dino[@DINO[+SAM]]` behind the face of `tools/region_finder.py`, by which pyproject.toml registers
them: the region is where a class-activation map is above half of its peak, or the mask of Grounding DINO's best box; a thing
whose score is below `FIRES` is not seen, and that is said. Not covered: several things of a name, which make one region (cam)
or of which the best is taken (Grounding DINO), and the detectors (`detector.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ..targets.errors import BadInput, nearest
from ..targets.picture import Picture
from ..tools.region import mask
from .detector import Detector, open_detector
from .detector_neuron import FIRES

PEAK_SHARE = 0.5  # share of a map's peak above which a cell belongs to the thing


class FoundRegions:
    """The regions that a detector finds; `fires`: the score from which on a thing counts as seen."""

    def __init__(self, detector: Detector, fires: float = FIRES) -> None:
        self.name, self.detector, self.fires = detector.name, detector, fires

    def find(self, pictures: Sequence[Picture], label: str) -> list[np.ndarray]:
        """Where in each picture the thing is: bool, height x width. Raises `BadInput` where it is not seen, or no noun."""
        noun = re.sub(r"^(an?|the)\s+", "", " ".join(label.lower().split()))
        known = self.detector.nouns
        if not noun or (known is not None and noun not in known):
            hint = f"; nearest: {nearest(noun, sorted(known))}" if known else ": name a thing, such as 'red car'"
            raise BadInput(f"the detector {self.name!r} cannot look for {label!r}{hint}")
        return [self._region(picture, noun) for picture in pictures]

    def _region(self, picture: Picture, noun: str) -> np.ndarray:
        from .grounded_detector import GroundedDetector

        if isinstance(self.detector, GroundedDetector):
            score, where = self.detector.best(picture, noun)
        else:
            height, width = picture.pixels.shape[:2]
            found = self.detector.look([picture], [noun])[0][noun]
            score = float(found.max())
            where = mask(found, PEAK_SHARE * score, height, width, self.detector.sight(height, width))
        if score < self.fires:
            raise BadInput(
                f"the detector {self.name!r} sees no {noun!r} in picture {picture.id[:12]}: its best place scores {score:.2f}, "
                f"less than {self.fires:g}; write 'unit' or 'LEFT TOP RIGHT BOTTOM'"
            )
        return where


def cam() -> FoundRegions:
    """`cam`, as the entry point gives it."""
    return FoundRegions(open_detector("cam"))


def grounding_dino(rest: str = "") -> FoundRegions:
    """`grounding-dino[@REST]`, as the entry point gives it. Raises `BadInput` where it cannot be loaded."""
    return FoundRegions(open_detector(f"grounding-dino@{rest}" if rest else "grounding-dino"))
