"""Generators that draw by words alone: a text-to-image model, in this process or elsewhere, behind the face of a generator.

Covered: prompts for concepts (`concept_prompts.py`); a near miss is the same seed with one factor of the prompt changed, a
redraw another seed; each picture made once, by model, prompt and seed, and the next batch under way while one is written;
refusals, reported. The caption of such a picture is its prompt: nothing else vouches for what it shows. Pictures that were
drawn by code stay the drawn world's: `sketch` redraws and edits them. Not covered: the models themselves.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from ..targets.errors import BadInput
from ..targets.picture import FromEdit, FromPrompt, Picture, Pixels
from . import concept_prompts
from .generator import Wanted
from .pixel_edits import EDITS, apply, is_pixel_edit
from .sketch.concept import Concept
from .sketch_generator import SketchGenerator
from .store import Store

T = TypeVar("T")
PIXEL_EDITS = 1  # version of their recipe


@dataclass(frozen=True)
class Refused:
    """A picture that the model would not give. `why`: as a sentence without its full stop."""

    prompt: str
    seed: int
    why: str


class PromptedGenerator(ABC):
    """Draws by words. Of a subclass: what a picture is kept by, and how pictures are made, in batches."""

    def __init__(self, store: Store, name: str) -> None:
        self.store, self.name = store, name
        self._sketch = SketchGenerator(store)
        self._refused: dict[Wanted, Refused] = {}

    @abstractmethod
    def recipe(self, wanted: Wanted) -> str:
        """What decides the picture: model, settings, prompt and seed."""

    @abstractmethod
    def batches(self, wanted: Sequence[Wanted]) -> Iterator[list[tuple[Wanted, Pixels | Refused]]]:
        """The pictures, made now, a batch at a time."""

    # ---- drawing -----------------------------------------------------------------------------------------------------

    def draw(self, prompt: str, seed: int) -> Picture:
        return self.draw_many([Wanted(prompt, seed)])[0]

    def draw_many(self, wanted: Sequence[Wanted]) -> list[Picture]:
        """The pictures, in order. Raises `BadInput` where the model refuses one of them."""
        made = self._tried(wanted)
        refused = [one for one in made if isinstance(one, Refused)]
        if refused:
            first = refused[0]
            raise BadInput(
                f"{self.name} refused {len(refused)} of {len(wanted)} pictures, such as {first.prompt!r} with seed "
                f"{first.seed}: {first.why}"
            )
        return [one for one in made if isinstance(one, Picture)]

    def _tried(self, wanted: Sequence[Wanted]) -> list[Picture | Refused]:
        missing = [w for w in dict.fromkeys(wanted) if w not in self._refused and not self.store.has(self.recipe(w))]
        for batch in one_ahead(self.batches(missing)) if missing else ():
            for one, pixels in batch:
                if isinstance(pixels, Refused):
                    self._refused[one] = pixels
                else:
                    self._kept(one, pixels)
        return [self._refused[one] if one in self._refused else self._kept(one) for one in wanted]

    def _kept(self, wanted: Wanted, pixels: Pixels | None = None) -> Picture:
        """The picture, kept; without pixels one that was made before, or else is made again."""
        provenance = FromPrompt(self.name, wanted.prompt, wanted.seed)
        return self.store.make(
            self.recipe(wanted), lambda: self._alone(wanted) if pixels is None else pixels, provenance, wanted.prompt
        )

    def _alone(self, wanted: Wanted) -> Pixels:
        [[(_, pixels)]] = self.batches([wanted])
        if isinstance(pixels, Refused):
            raise BadInput(f"{self.name} refused {wanted.prompt!r}: {pixels.why}")
        return pixels

    # ---- for concepts ------------------------------------------------------------------------------------------------

    def examples(self, concept: Concept, n: int, rng: np.random.Generator) -> list[Picture]:
        return self._of(concept_prompts.examples(concept, n, rng), rng)

    def disagreements(self, a: Concept, b: Concept, n: int, rng: np.random.Generator) -> list[Picture]:
        return self._of(concept_prompts.disagreements(a, b, n, rng), rng)

    def near_miss(self, concept: Concept, picture: Picture, rng: np.random.Generator) -> Picture | None:
        return self.near_misses(concept, [picture], rng)[0]

    def near_misses(self, concept: Concept, pictures: Sequence[Picture], rng: np.random.Generator) -> list[Picture | None]:
        """For each picture what `near_miss` gives; what the model is to make is made together."""
        found: list[Picture | Wanted | None] = []
        for picture in pictures:  # one by one in order: `rng` is drawn from as if each were asked for alone
            known = self._drawn_by_words(picture)
            if picture.scene is not None:
                found.append(self._sketch.near_miss(concept, picture, rng))
            else:
                changed = None if known is None else concept_prompts.near_miss(concept, known.prompt, rng)
                found.append(None if known is None or changed is None else Wanted(changed, known.seed))
        made = iter(self._or_none([one for one in found if isinstance(one, Wanted)]))
        return [next(made) if isinstance(one, Wanted) else one for one in found]

    def redraw(self, picture: Picture, seed: int) -> Picture | None:
        if picture.scene is not None:
            return self._sketch.redraw(picture, seed)
        known = self._drawn_by_words(picture)
        return None if known is None else next(iter(self._given([Wanted(known.prompt, seed)])), None)

    def _of(self, prompts: Sequence[str], rng: np.random.Generator) -> list[Picture]:
        return self._given([Wanted(prompt, int(rng.integers(2**31))) for prompt in prompts])

    def _given(self, wanted: Sequence[Wanted]) -> list[Picture]:
        """The pictures that the model does not refuse; how many it does is told."""
        return [one for one in self._or_none(wanted) if one is not None]

    def _or_none(self, wanted: Sequence[Wanted]) -> list[Picture | None]:
        """The pictures, in order, None where the model refuses one; how many it does is told."""
        new = [one for one in wanted if one not in self._refused]
        made = self._tried(wanted)
        refused = [self._refused[one] for one in new if one in self._refused]
        if refused:
            told = f"{len(refused)} of {len(wanted)} pictures refused, such as {refused[0].prompt!r}: {refused[0].why}"
            print(f"lettvin: {self.name}: {told}", file=sys.stderr)
        return [one if isinstance(one, Picture) else None for one in made]

    def _drawn_by_words(self, picture: Picture) -> Wanted | None:
        told = picture.provenance
        return Wanted(told.prompt, told.seed) if isinstance(told, FromPrompt) and told.generator == self.name else None

    # ---- edits -------------------------------------------------------------------------------------------------------

    def edit(self, picture: Picture, factor: str, value: str, which: int | None = None) -> Picture:
        """The same seed with one factor of the prompt set to a value; of a drawn picture, of its scene."""
        return self.edits([picture], factor, value, which)[0]

    def edits(self, pictures: Sequence[Picture], factor: str, value: str, which: int | None = None) -> list[Picture]:
        """For each picture what `edit` gives; what the model is to make is made together."""
        found: list[Picture | Wanted] = []
        for picture in pictures:
            if picture.scene is not None:
                found.append(self._sketch.edit(picture, factor, value, which))
            elif (known := self._drawn_by_words(picture)) is not None:
                found.append(Wanted(concept_prompts.with_factor(known.prompt, factor, value, which), known.seed))
            else:
                raise BadInput(
                    f"picture {picture.id[:12]} was neither drawn nor made by {self.name}: its {factor} is not known; edit "
                    "it in words, by an --editor"
                )
        made = iter(self.draw_many([one for one in found if isinstance(one, Wanted)]))
        return [next(made) if isinstance(one, Wanted) else one for one in found]

    def edit_words(self, picture: Picture, words: str, seed: int = 0, other: Picture | None = None) -> Picture:
        """The picture after an edit in words: of its scene where it was drawn, else of its pixels (`pixel_edits`)."""
        if picture.scene is not None:
            return self._sketch.edit_words(picture, words, seed, other)
        return pixels_edited(self.store, picture, words, seed, other)


def pixels_edited(store: Store, picture: Picture, words: str, seed: int, other: Picture | None) -> Picture:
    """Any picture after edits of its pixels, in words. Raises `BadInput` where they are none, or cannot be done."""
    if not is_pixel_edit(words):
        raise BadInput(
            f"picture {picture.id[:12]} was not drawn: without an --editor it takes only {', '.join(EDITS)}; not {words!r}"
        )
    recipe = f"pixels of any {PIXEL_EDITS} {picture.id} {words!r} {seed} {other.id if other else ''}"
    paint = lambda: apply(picture.pixels, words, seed, None if other is None else other.pixels)  # noqa: E731
    return store.make(recipe, paint, FromEdit(picture.id, words))


def one_ahead(made: Iterator[T]) -> Iterator[T]:
    """The same, with the next one under way on a thread of its own while this one is used."""
    end: Any = object()
    with ThreadPoolExecutor(1, "lettvin pictures") as worker:
        coming = worker.submit(next, made, end)
        while (now := coming.result()) is not end:
            coming = worker.submit(next, made, end)
            yield now
