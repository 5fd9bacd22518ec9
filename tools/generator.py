"""The face that every generator shows: what makes new pictures.

A generator draws for a prompt and a seed, and for a concept: pictures in which it holds, near misses, disagreements,
redraws. One that is quicker at many pictures than at each says so by `draw_many`, and where it changes them by
`near_misses` and `edits`. Not covered: the generators themselves
(`sketch_generator.py`; `prompted_generator.py` for those that draw by words alone), and editors (`editor.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from ..targets.picture import Picture
from .sketch.concept import Concept


class Wanted(NamedTuple):
    """A picture to be drawn: of what the prompt says, with a seed of its own."""

    prompt: str
    seed: int


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


@runtime_checkable
class DrawsMany(Protocol):
    """A generator that draws many pictures sooner together than one by one; each is as `draw` would have made it."""

    def draw_many(self, wanted: Sequence[Wanted]) -> list[Picture]:
        """The pictures, in order. Raises `BadInput` where one of them cannot be drawn."""
        ...


def draw_many(generator: Generator, wanted: Sequence[Wanted]) -> list[Picture]:
    """The pictures, in order: together where the generator can do that, else one by one."""
    if isinstance(generator, DrawsMany):
        return generator.draw_many(wanted)
    return [generator.draw(one.prompt, one.seed) for one in wanted]


@runtime_checkable
class ChangesMany(Protocol):
    """A generator that changes many pictures sooner together than one by one; each comes out as it would have alone."""

    def near_misses(self, concept: Concept, pictures: Sequence[Picture], rng: np.random.Generator) -> list[Picture | None]:
        """For each picture, in order, what `near_miss` gives."""
        ...

    def edits(self, pictures: Sequence[Picture], factor: str, value: str, which: int | None = None) -> list[Picture]:
        """For each picture, in order, what `edit` gives. Raises `BadInput` where one of them cannot be done."""
        ...


def near_misses(
    generator: Generator, concept: Concept, pictures: Sequence[Picture], rng: np.random.Generator
) -> list[Picture | None]:
    """Each picture with one factor changed so that the concept no longer holds; None where that cannot be done.

    The same pictures and state of `rng` give the same, together or one by one.
    """
    if isinstance(generator, ChangesMany):
        return generator.near_misses(concept, pictures, rng)
    return [generator.near_miss(concept, picture, rng) for picture in pictures]


def edits(
    generator: Generator, pictures: Sequence[Picture], factor: str, value: str, which: int | None = None
) -> list[Picture]:
    """Each picture with one factor set to a value. Raises `BadInput` where one of them cannot be done."""
    if isinstance(generator, ChangesMany):
        return generator.edits(pictures, factor, value, which)
    return [generator.edit(picture, factor, value, which) for picture in pictures]
