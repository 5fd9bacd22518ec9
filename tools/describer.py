"""What puts pictures into words, blind to the hypotheses: the face of a describer, and the exact one.

Covered: the exact describer, which reads a drawn picture's scene and masks, and a photograph's caption as it is. Not
covered: describers that look at pixels (`captioner.py`, `conse.py`, and a language model, `agent/model_describer.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from ..targets.picture import Picture
from .sketch.caption import caption, kind, phrase
from .sketch.paint import paint

COVERS = 0.08  # share of the highlighted region that a thing must make up to be named


class Describer(Protocol):
    """What puts a picture into words, blind to the hypotheses."""

    name: str

    def describe(self, picture: Picture, region: np.ndarray | None = None) -> str:
        """What the picture shows; with a region (bool, height x width), what is inside it."""
        ...


@runtime_checkable
class DescribesMany(Protocol):
    """A describer by pixels alone that puts many pictures into words sooner together; each as `describe` would."""

    name: str

    def describe_many(self, pictures: Sequence[Picture], regions: Sequence[np.ndarray | None]) -> list[str]:
        """A line for each picture, or for what is inside its region."""
        ...


class ExactDescriber:
    """Reads what is known: the scene and its masks, else the caption; says so where nothing is known."""

    name = "exact"

    def describe(self, picture: Picture, region: np.ndarray | None = None) -> str:
        if picture.scene is None:
            return picture.caption or "(nothing is known of this picture)"
        if region is None:
            return caption(picture.scene)
        if not region.any():
            return "nothing: the unit fires nowhere above its threshold"
        shares = [float((seen & region).sum() / region.sum()) for seen in paint(picture.scene).masks]
        named = [
            f"{phrase(kind(thing))} ({share:.0%})"
            for share, thing in sorted(zip(shares, picture.scene.things, strict=True), key=lambda pair: -pair[0])
            if share >= COVERS
        ]
        rest = 1 - sum(shares)
        return ", ".join(named + ([f"{picture.scene.background} background ({rest:.0%})"] if rest >= COVERS else []))
