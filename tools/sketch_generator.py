"""The generator `sketch`: the drawn world behind the face of a generator, each picture painted once.

Covered: prompts, concepts, edits and redraws as scenes, painted through the store. Not covered: what can be drawn
(`sketch/`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..targets.errors import BadInput
from ..targets.picture import FromConcept, FromEdit, FromPrompt, Picture, Provenance, Scene
from .sketch.caption import caption
from .sketch.concept import Concept
from .sketch.concept_scenes import disagreements, examples, near_miss
from .sketch.edit import swap
from .sketch.paint import KEY, paint
from .sketch.prompt import imagine, parse
from .sketch.scenes import redraw
from .store import Store


class SketchGenerator:
    """Draws by code: knows what it drew, and knows no network."""

    name = "sketch"

    def __init__(self, store: Store) -> None:
        self.store = store

    def paint(self, scene: Scene, provenance: Provenance) -> Picture:
        """The scene's picture, painted once for all runs."""
        return self.store.make(
            f"sketch {KEY} {scene!r}", lambda: paint(scene).pixels, provenance, caption(scene), scene
        )

    def draw(self, prompt: str, seed: int) -> Picture:
        return self.paint(imagine(parse(prompt), seed), FromPrompt(self.name, prompt, seed))

    def examples(self, concept: Concept, n: int, rng: np.random.Generator) -> list[Picture]:
        return self._drawn(examples(concept, n, rng), concept, True)

    def near_miss(self, concept: Concept, picture: Picture, rng: np.random.Generator) -> Picture | None:
        found = near_miss(concept, picture.scene, rng) if picture.scene is not None else None
        return None if found is None else self.paint(found, FromEdit(picture.id, f"one factor away from: {concept}"))

    def disagreements(self, a: Concept, b: Concept, n: int, rng: np.random.Generator) -> list[Picture]:
        return [
            self.paint(scene, FromConcept(self.name, f"{a} against {b}", True, i))
            for i, scene in enumerate(disagreements(a, b, n, rng))
        ]

    def redraw(self, picture: Picture, seed: int) -> Picture | None:
        if picture.scene is None:
            return None
        return self.paint(redraw(picture.scene, seed), FromEdit(picture.id, f"redraw {seed}"))

    def edit(self, picture: Picture, factor: str, value: str, which: int | None = None) -> Picture:
        if picture.scene is None:
            raise BadInput(f"picture {picture.id[:12]} was not drawn: its scene cannot be edited")
        changed = swap(picture.scene, factor, value, which=which)
        return self.paint(
            changed, FromEdit(picture.id, f"{factor} = {value}" + ("" if which is None else f" (thing {which})"))
        )

    def _drawn(self, scenes: Sequence[Scene], concept: Concept, truth: bool) -> list[Picture]:
        return [self.paint(s, FromConcept(self.name, str(concept), truth, i)) for i, s in enumerate(scenes)]
