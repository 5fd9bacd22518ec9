"""The generator `random-queries`: random scenes where another would design them.

With it the empiricist asks as many pictures as ever, but none is made for its question: examples, near misses and
disagreements are whatever of 400 random scenes happens to be one, each given out once. What designed experiments gain must
show against this. Covered: the face of a generator. Redraws stay what they are: they are the lab's control, not a question.
Not covered: edits, which are designs and are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from ...targets.errors import BadInput
from ...targets.picture import FromPrompt, Picture, Scene
from ...tools.sketch.concept import Concept, holds
from ...tools.sketch.scenes import random_scene
from ...tools.sketch_generator import SketchGenerator
from ...tools.store import Store

POOL = 400
POOL_SEED = 771_177_711  # no data set and no score draws from it


class RandomQueries:
    """Gives out each scene of a random pool once; knows of a concept only which of them it is true of."""

    name = "random-queries"

    def __init__(self, store: Store) -> None:
        self._drawn = SketchGenerator(store)
        self._given: set[int] = set()

    @cached_property
    def _pool(self) -> list[Scene]:
        return [random_scene(POOL_SEED, index) for index in range(POOL)]

    def examples(self, concept: Concept, n: int, rng: np.random.Generator) -> list[Picture]:
        return self._of(lambda scene: holds(concept, scene), n)

    def near_miss(self, concept: Concept, picture: Picture, rng: np.random.Generator) -> Picture | None:
        found = self._of(lambda scene: not holds(concept, scene), 1)
        return found[0] if found else None

    def disagreements(self, a: Concept, b: Concept, n: int, rng: np.random.Generator) -> list[Picture]:
        return self._of(lambda scene: holds(a, scene) != holds(b, scene), n)

    def redraw(self, picture: Picture, seed: int) -> Picture | None:
        return self._drawn.redraw(picture, seed)

    def draw(self, prompt: str, seed: int) -> Picture:
        raise BadInput(f"random-queries draws nothing to order, not {prompt!r}")

    def edit(self, picture: Picture, factor: str, value: str, which: int | None = None) -> Picture:
        raise BadInput(f"random-queries edits nothing, not {factor!r} to {value!r}")

    def edit_words(self, picture: Picture, words: str, seed: int = 0, other: Picture | None = None) -> Picture:
        raise BadInput(f"random-queries edits nothing: {words!r}")

    def _of(self, wanted: Callable[[Scene], bool], n: int) -> list[Picture]:
        chosen = [i for i, scene in enumerate(self._pool) if i not in self._given and wanted(scene)][:n]
        self._given |= set(chosen)
        return [self._drawn.paint(self._pool[i], FromPrompt(self.name, "a random scene", i)) for i in chosen]
