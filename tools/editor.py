"""The face that every editor shows: what changes one thing in any picture, as told in words; and an editor beside a generator.

Covered: edits one by one and many at once, of a whole picture or of a region of it; which edits are the generator's own
(of what it drew, of pixels) and which the editor's. Not covered: the editors themselves (`diffusion/editor.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from ..targets.errors import BadInput
from ..targets.picture import Picture, Pixels
from .generator import Generator, Wanted, draw_many, edits, near_misses
from .pixel_edits import is_pixel_edit
from .sketch.concept import Concept


class Edit(NamedTuple):
    """What is to be changed in a picture, in words. `where`: bool, height x width of the picture; all else stays as it is."""

    picture: Picture
    words: str
    seed: int = 0
    where: np.ndarray | None = None


def given_back(edit: Edit, pixels: Pixels) -> Pixels:
    """What a model made of a picture, at the picture's own size; outside the region the picture's own pixels."""
    from PIL import Image

    height, width = edit.picture.pixels.shape[:2]
    changed = pixels
    if pixels.shape[:2] != (height, width):
        changed = np.array(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC))
    return changed if edit.where is None else np.where(edit.where[..., None], changed, edit.picture.pixels)


class Editor(Protocol):
    """What changes pictures as it is told. The same edit gives the same picture."""

    name: str

    def edit_many(self, edits: Sequence[Edit]) -> list[Picture]:
        """The edited pictures, in order, each of its picture's own size. Raises `BadInput` where one cannot be done."""
        ...


@runtime_checkable
class EditsMany(Protocol):
    """A generator that can edit many pictures at once, and a region of each."""

    def edit_many(self, edits: Sequence[Edit], other: Picture | None = None) -> list[Picture]:
        """The edited pictures, in order; `other` is what "paste" lays on. Raises `BadInput` where one cannot be done."""
        ...


def edit_many(generator: Generator, edits: Sequence[Edit], other: Picture | None = None) -> list[Picture]:
    """The edited pictures, in order: together where the generator can do that. Raises `BadInput`."""
    if isinstance(generator, EditsMany):
        return generator.edit_many(edits, other)
    if any(edit.where is not None for edit in edits):
        raise BadInput(f"{generator.name} edits no region of a picture: name one that does by --editor, such as diffusers:ID")
    return [generator.edit_words(edit.picture, edit.words, edit.seed, other) for edit in edits]


class WithEditor:
    """A generator with an editor beside it: what was drawn and pixels are the generator's to edit, all else the editor's."""

    def __init__(self, generator: Generator, editor: Editor) -> None:
        self.name, self.generator, self.editor = generator.name, generator, editor

    def draw(self, prompt: str, seed: int) -> Picture:
        return self.generator.draw(prompt, seed)

    def draw_many(self, wanted: Sequence[Wanted]) -> list[Picture]:
        return draw_many(self.generator, wanted)

    def examples(self, concept: Concept, n: int, rng: np.random.Generator) -> list[Picture]:
        return self.generator.examples(concept, n, rng)

    def near_miss(self, concept: Concept, picture: Picture, rng: np.random.Generator) -> Picture | None:
        return self.generator.near_miss(concept, picture, rng)

    def near_misses(self, concept: Concept, pictures: Sequence[Picture], rng: np.random.Generator) -> list[Picture | None]:
        return near_misses(self.generator, concept, pictures, rng)

    def disagreements(self, a: Concept, b: Concept, n: int, rng: np.random.Generator) -> list[Picture]:
        return self.generator.disagreements(a, b, n, rng)

    def redraw(self, picture: Picture, seed: int) -> Picture | None:
        return self.generator.redraw(picture, seed)

    def edit(self, picture: Picture, factor: str, value: str, which: int | None = None) -> Picture:
        return self.generator.edit(picture, factor, value, which)

    def edits(self, pictures: Sequence[Picture], factor: str, value: str, which: int | None = None) -> list[Picture]:
        return edits(self.generator, pictures, factor, value, which)

    def edit_words(self, picture: Picture, words: str, seed: int = 0, other: Picture | None = None) -> Picture:
        return self.edit_many([Edit(picture, words, seed)], other)[0]

    def edit_many(self, edits: Sequence[Edit], other: Picture | None = None) -> list[Picture]:
        """The edited pictures, in order. Raises `BadInput` where one cannot be done."""
        theirs = [edit for edit in edits if self._is_the_editors(edit)]
        changed = iter(self.editor.edit_many(theirs) if theirs else ())
        return [
            next(changed) if self._is_the_editors(edit)
            else self.generator.edit_words(edit.picture, edit.words, edit.seed, other)
            for edit in edits
        ]  # fmt: skip

    def _is_the_editors(self, edit: Edit) -> bool:
        if edit.where is not None:
            return True
        return edit.picture.scene is None and not is_pixel_edit(edit.words)
