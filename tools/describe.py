"""The instrument `describe`: what pictures show, whole or only where the unit fires; and the face of a describer.

Covered: the exact describer, which reads a drawn picture's scene and masks, and a photograph's caption as it is.
A describer never sees hypotheses. Not covered: describers that look at pixels (a later issue).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ..targets.picture import Picture
from .instrument import Result, tool
from .lab import Lab
from .region import mask
from .sketch.caption import caption, kind, phrase
from .sketch.paint import paint

COVERS = 0.08  # share of the highlighted region that a thing must make up to be named


class Describer(Protocol):
    """What puts a picture into words, blind to the hypotheses."""

    name: str

    def describe(self, picture: Picture, region: np.ndarray | None = None) -> str:
        """What the picture shows; with a region (bool, height x width), what is inside it."""
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
        return [lab.describer.describe(p) for p in pictures]
    lab.measure(pictures)  # to ask where the unit fires is to measure: it counts, and stops at the limits
    maps = lab.activations(pictures, lab.unit, maps=True)
    words = []
    for picture in pictures:
        found = maps[picture.id].map
        assert found is not None  # asked for above
        words.append(lab.describer.describe(picture, mask(found, lab.profile.threshold, *picture.pixels.shape[:2])))
    return words
