"""The face that every generator shows: what makes new pictures.

A generator draws for a prompt and a seed, and for a concept: pictures in which it holds, near misses, disagreements,
redraws. Not covered: the generators themselves (`sketch_generator.py`; diffusion models in a later issue).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ..targets.picture import Picture
from .sketch.concept import Concept


class Generator(Protocol):
    """What makes new pictures. The same arguments (and state of `rng`) give the same pictures."""

    name: str

    def draw(self, prompt: str, seed: int) -> Picture:
        """One picture of what the prompt says. Raises `BadInput` on a prompt that it cannot draw."""
        ...

    def examples(self, concept: Concept, n: int, rng: np.random.Generator) -> list[Picture]:
        """Up to n pictures in which the concept holds; empty where it cannot draw the concept."""
        ...

    def near_miss(self, concept: Concept, picture: Picture, rng: np.random.Generator) -> Picture | None:
        """The picture with one factor changed so that the concept no longer holds; None where that cannot be done."""
        ...

    def disagreements(self, a: Concept, b: Concept, n: int, rng: np.random.Generator) -> list[Picture]:
        """Up to n pictures of which one concept is true and the other false."""
        ...

    def redraw(self, picture: Picture, seed: int) -> Picture | None:
        """Another picture of the same contents, as they stand to each other; None where the picture cannot be redrawn."""
        ...

    def edit(self, picture: Picture, factor: str, value: str, which: int | None = None) -> Picture:
        """The picture with one factor set to a value. Raises `BadInput` where that cannot be done, and why."""
        ...

    def edit_words(self, picture: Picture, words: str, seed: int = 0, other: Picture | None = None) -> Picture:
        """The picture after an edit in words, of what it shows or of its pixels; `other` is what "paste" lays on it.

        Raises `BadInput` where that cannot be done, and why.
        """
        ...
