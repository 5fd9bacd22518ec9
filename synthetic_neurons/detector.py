"""Detectors: what says which things a picture shows, and where, by looking at its pixels.

Covered: the face of a detector and the names of the two that there are: `cam`, class-activation maps of EfficientNet-Lite0,
which works offline, and `grounding-dino[@DIR_OR_ID[+SAM_DIR_OR_ID]]`, Grounding DINO with SAM. Not covered: the detectors
themselves (`cam_detector.py`, `grounded_detector.py`), neurons that fire for what they see (`detector_neuron.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from ..targets.errors import BadInput, nearest
from ..targets.picture import Picture
from ..targets.target import Sight

KNOWN = ("cam", "grounding-dino")


class Detector(Protocol):
    """What finds things in pictures. `name`: as it is asked for. `key`: hex digest of what decides its scores.

    `nouns`: those that it can be asked for; None: any label in words. `device`: where it computes.
    """

    name: str
    key: str
    device: str
    nouns: frozenset[str] | None

    def look(self, pictures: Sequence[Picture], labels: Sequence[str]) -> list[Mapping[str, np.ndarray]]:
        """For each picture, by label: where it is, float32 h x w in [0, 1], whose maximum is the label's score."""
        ...

    def sight(self, height: int, width: int) -> Sight:
        """What of a picture of that size it sees."""
        ...


def open_detector(name: str, device: str = "auto") -> Detector:
    """The detector of that name. Raises `BadInput`."""
    family, at, where = name.strip().partition("@")
    if family == "cam" and not at:
        from .cam_detector import CamDetector

        return CamDetector(device)
    if family == "grounding-dino" and (where or not at):
        from .grounded_detector import DINO, SAM, GroundedDetector

        dino, plus, sam = where.partition("+")
        if not at:
            dino, sam, plus = DINO, SAM, "+"
        return GroundedDetector(name.strip(), dino, sam if plus else None, device)
    raise BadInput(f"no detector {name!r}; nearest: {nearest(family, KNOWN)}")
