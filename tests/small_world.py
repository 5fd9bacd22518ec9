"""A small world for tests of comparisons and hunts: few nouns and colours, small pictures, scene neurons that read scenes.

Covered: the data source, targets of drawn neurons, and painting at a quarter of the usual side (what these neurons answer is
decided by the scene; pictures only have to differ). Not covered: any test.
"""

from __future__ import annotations

import dataclasses
import hashlib

import pytest

from lettvin.synthetic_neurons.scene_neuron import Neuron, SceneNeurons
from lettvin.targets.picture import FromData, Picture, Scene
from lettvin.targets.target import Unit
from lettvin.tools import sketch_generator
from lettvin.tools.sketch.caption import caption
from lettvin.tools.sketch.paint import KEY, Painting, paint
from lettvin.tools.sketch.scenes import compose, random_thing, stream
from lettvin.tools.sources.source import About

NOUNS = ("car", "dog", "fish", "tree", "house")
COLOURS = ("red", "blue", "green", "yellow")
PLACES = ("grass", "snow", "plain")
SIDE = 48


class SmallWorld:
    """Scenes of one to three things of few nouns and colours, painted small."""

    def __init__(self, count: int = 300) -> None:
        self.count, self.name = count, f"small-world:{count}"
        self.key = hashlib.sha256(self.name.encode()).hexdigest()

    def __len__(self) -> int:
        return self.count

    def _scene(self, index: int) -> Scene:
        rng = stream(77, index)
        things = [
            random_thing(rng, noun=NOUNS[int(rng.integers(5))], colour=COLOURS[int(rng.integers(4))])
            for _ in range(int(rng.integers(1, 4)))
        ]
        return compose(things, PLACES[int(rng.integers(3))], rng, side=SIDE)

    def picture(self, index: int) -> Picture:
        scene = self._scene(index)
        return Picture.of(paint(scene).pixels, FromData(self.name, index), caption(scene), scene)

    def about(self, index: int) -> About:
        scene = self._scene(index)
        return About(caption(scene), scene)


WORLD = SmallWorld()


def unit_of(formula: str | None, behaviour: str = "graded", seed: int = 1) -> Unit:
    """A drawn neuron of a network of its own."""
    neuron = Neuron(formula, behaviour, seed=seed)  # type: ignore[arg-type]
    return SceneNeurons([neuron], name=f"drawn {formula or behaviour} {seed}").unit("0")


def units_of(*formulas: str) -> list[Unit]:
    """Drawn neurons of one network."""
    target = SceneNeurons([Neuron(formula, seed=7) for formula in formulas], name="drawn " + ", ".join(formulas))
    return [target.unit(str(index)) for index in range(len(formulas))]


@pytest.fixture
def small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the generator draws is painted small."""
    paint_small(monkeypatch)


def paint_small(patch: pytest.MonkeyPatch) -> None:
    """Let what the generator draws be painted small, for as long as the patch lasts."""

    def small(scene: Scene) -> Painting:
        return paint(dataclasses.replace(scene, side=SIDE))

    patch.setattr(sketch_generator, "paint", small)
    patch.setattr(sketch_generator, "KEY", f"{KEY} at {SIDE}")
