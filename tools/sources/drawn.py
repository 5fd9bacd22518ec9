"""``sketch:N[@seed]``: N random scenes of the drawn world as a data source, painted when they are looked at.

Covered: the source and its name. Not covered: what the scenes hold (`tools/sketch/scenes`) and how they look.
"""

from __future__ import annotations

import hashlib
import re

from ...targets.errors import BadInput
from ...targets.picture import FromData, Picture
from ..sketch.caption import caption
from ..sketch.fingerprint import KEY
from ..sketch.scenes import random_scene
from .source import About


def parse_sketch(text: str) -> tuple[int, int]:
    """(N, seed) of ``sketch:N[@seed]``; the seed is 0 where none is given. Raises `BadInput`."""
    match = re.fullmatch(r"sketch:(\d{1,9})(?:@(\d{1,18}))?", text.strip())
    if match is None:
        raise BadInput(f"{text!r} is no drawn data set: write 'sketch:N' or 'sketch:N@SEED', such as 'sketch:2000@0'")
    count, seed = int(match[1]), int(match[2] or 0)
    if count < 1:
        raise BadInput(f"{text!r} holds no pictures: N is at least 1, such as 'sketch:2000'")
    return count, seed


class SketchSource:
    """The first `count` random scenes of `seed`, painted on demand. Index i is the same picture for every count."""

    def __init__(self, text: str) -> None:
        self.count, self.seed = parse_sketch(text)
        self.name = f"sketch:{self.count}@{self.seed}"
        self.key = hashlib.sha256(f"{KEY}:{self.name}".encode()).hexdigest()

    def __len__(self) -> int:
        return self.count

    def picture(self, index: int) -> Picture:
        """Picture `index`, painted now. Raises IndexError outside 0 .. N-1."""
        from ..sketch.paint import paint

        scene = random_scene(self.seed, self._inside(index))
        return Picture.of(paint(scene).pixels, FromData(self.name, index), caption(scene), scene)

    def about(self, index: int) -> About:
        """Caption and scene of picture `index`, without painting it. Raises IndexError outside 0 .. N-1."""
        scene = random_scene(self.seed, self._inside(index))
        return About(caption(scene), scene)

    def _inside(self, index: int) -> int:
        if not 0 <= index < self.count:
            raise IndexError(f"{self.name} has pictures 0 to {self.count - 1}, not {index}")
        return index
