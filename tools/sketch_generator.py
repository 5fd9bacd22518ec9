"""The generator `sketch`: the drawn world behind the face of a generator, each picture painted once.

Covered: prompts, concepts, edits (of scenes and pixels) and redraws, painted through the store; with `Cutouts`, nouns that are
photographs too. Not covered: what can be drawn
(`sketch/`).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

import numpy as np

from ..targets.errors import BadInput
from ..targets.picture import FromConcept, FromEdit, FromPrompt, Picture, Pixels, Provenance, Scene, Thing
from .pixel_edits import EDITS, apply, is_pixel_edit, keep, occlude
from .sketch.caption import caption, kind
from .sketch.concept import Concept
from .sketch.concept_scenes import disagreements, examples, near_miss
from .sketch.cutout_nouns import NONE, Cutouts
from .sketch.edit import swap
from .sketch.edit_words import edited, find
from .sketch.paint import KEY, paint
from .sketch.prompt import imagine, parse
from .sketch.scenes import redraw
from .store import Store


class SketchGenerator:
    """Draws by code: knows what it drew, and knows no network. `cutouts`: nouns that photographs show instead."""

    name = "sketch"

    def __init__(self, store: Store, cutouts: Cutouts = NONE) -> None:
        self.store, self.cutouts = store, cutouts

    def paint(self, scene: Scene, provenance: Provenance) -> Picture:
        """The scene's picture, painted once for all runs."""
        return self.store.make(
            f"sketch {KEY} {scene!r}", lambda: paint(scene).pixels, provenance, caption(scene), scene
        )

    def draw(self, prompt: str, seed: int) -> Picture:
        scene = imagine(parse(prompt, self.cutouts), seed, cutouts=self.cutouts)
        return self.paint(scene, FromPrompt(self.name, prompt, seed))

    def examples(self, concept: Concept, n: int, rng: np.random.Generator) -> list[Picture]:
        return self._drawn(examples(concept, n, rng, self.cutouts), concept, True)

    def near_miss(self, concept: Concept, picture: Picture, rng: np.random.Generator) -> Picture | None:
        found = near_miss(concept, picture.scene, rng, self.cutouts) if picture.scene is not None else None
        return None if found is None else self.paint(found, FromEdit(picture.id, f"one factor away from: {concept}"))

    def disagreements(self, a: Concept, b: Concept, n: int, rng: np.random.Generator) -> list[Picture]:
        return [
            self.paint(scene, FromConcept(self.name, f"{a} against {b}", True, i))
            for i, scene in enumerate(disagreements(a, b, n, rng, self.cutouts))
        ]

    def redraw(self, picture: Picture, seed: int) -> Picture | None:
        if picture.scene is None:
            return None
        fresh = redraw(picture.scene, seed, self.cutouts)
        places: dict[object, list[Thing]] = {}
        for old in picture.scene.things:
            places.setdefault(kind(old), []).append(old)
        # how things stand to each other is content too; they may have been put into another order
        drawn = ((new, places[kind(new)].pop(0)) for new in fresh.things)
        things = tuple(dataclasses.replace(new, x=old.x, y=old.y, scale=old.scale) for new, old in drawn)
        return self.paint(dataclasses.replace(fresh, things=things), FromEdit(picture.id, f"redraw {seed}"))

    def edit(self, picture: Picture, factor: str, value: str, which: int | None = None) -> Picture:
        if picture.scene is None:
            raise BadInput(f"picture {picture.id[:12]} was not drawn: its scene cannot be edited")
        changed = swap(picture.scene, factor, value, which=which, cutouts=self.cutouts)
        return self.paint(
            changed, FromEdit(picture.id, f"{factor} = {value}" + ("" if which is None else f" (thing {which})"))
        )

    def edit_words(self, picture: Picture, words: str, seed: int = 0, other: Picture | None = None) -> Picture:
        """The picture after an edit in words: of its scene where it was drawn, or of its pixels (`pixel_edits`).

        "occlude" and "keep" take a thing of a drawn picture too, such as "keep the dog": exactly its visible pixels. An
        edit of pixels leaves neither scene nor caption: nobody vouches any longer for what is to be seen.
        """
        if not is_pixel_edit(words):
            if picture.scene is None:
                raise BadInput(
                    f"picture {picture.id[:12]} was not drawn: it takes only {', '.join(EDITS)}; not {words!r}"
                )
            return self.paint(edited(picture.scene, words, seed, self.cutouts), FromEdit(picture.id, words))
        region = re.fullmatch(r"\s*(occlude|keep)\s+([a-z].*)", words.lower())
        if region and picture.scene is None:
            raise BadInput(f"picture {picture.id[:12]} was not drawn: write {EDITS[region[1]]!r} for a region of it")

        def changed() -> Pixels:
            if region is None or picture.scene is None:
                return apply(picture.pixels, words, seed, None if other is None else other.pixels)
            masks = paint(picture.scene).masks
            there = np.any([masks[i] for i in find(picture.scene, region[2], self.cutouts)], axis=0)
            return {"occlude": occlude, "keep": keep}[region[1]](picture.pixels, there)

        recipe = f"pixels {KEY} {picture.id} {words!r} {seed} {other.id if other else ''}"
        return self.store.make(recipe, changed, FromEdit(picture.id, words))

    def _drawn(self, scenes: Sequence[Scene], concept: Concept, truth: bool) -> list[Picture]:
        return [self.paint(s, FromConcept(self.name, str(concept), truth, i)) for i, s in enumerate(scenes)]
