"""Labs for tests of the instruments: two small targets over 80 drawn pictures, put together without the researcher.

Covered: a target that reads pixels (a conv layer of two units, with maps) and scene neurons, both counting what they are
shown; their profiles; a lab with a store of its own. Not covered: any test.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import torch

from lettvin.synthetic_neurons.scene_neuron import Neuron, SceneNeurons
from lettvin.targets.picture import Picture
from lettvin.targets.target import Layer, See, Target, Unit
from lettvin.tools.describer import ExactDescriber
from lettvin.tools.lab import Lab
from lettvin.tools.profile import Profile
from lettvin.tools.sketch_generator import SketchGenerator
from lettvin.tools.sources.drawn import SketchSource
from lettvin.tools.store import Store

SOURCE = SketchSource("sketch:80@3")
NEURONS = (Neuron("red"), Neuron("dog or vertical grating", noise=0.1), Neuron(None, "noise"))


class CountedNeurons(SceneNeurons):
    """Scene neurons that count how often each picture was shown to them."""

    def __init__(self) -> None:
        super().__init__(NEURONS, name="counted")
        self.shown: Counter[str] = Counter()
        self.calls = 0

    def watch(self, pictures: Sequence[Picture], layers: Sequence[str], see: See) -> None:
        self._count(pictures)
        super().watch(pictures, layers, see)

    def maps(self, pictures: Sequence[Picture], unit: Unit) -> list[np.ndarray]:
        if unit.index is not None:  # one neuron is asked alone; a group by `watch`
            self._count(pictures)
        return super().maps(pictures, unit)

    def peaks(self, pictures: Sequence[Picture], layer: str, channels: Sequence[int]) -> np.ndarray:
        self._count(pictures)
        return super().peaks(pictures, layer, channels)

    def _count(self, pictures: Sequence[Picture]) -> None:
        self.calls += 1
        self.shown.update(picture.id for picture in pictures)


class Pixels(Target):
    """One conv layer of two units, 7 x 7: how red each part of the picture is, and how bright. Counts like the other."""

    def __init__(self) -> None:
        self.name, self.key = "pixels", hashlib.sha256(b"pixels").hexdigest()
        self.layers, self.default_layers = (Layer("parts", 2, "conv"),), ("parts",)
        self.shown: Counter[str] = Counter()
        self.calls = 0

    def watch(self, pictures: Sequence[Picture], layers: Sequence[str], see: See) -> None:
        self.calls += 1
        self.shown.update(picture.id for picture in pictures)
        rows = torch.stack([torch.from_numpy(picture.pixels.copy()).permute(2, 0, 1).float() / 255 for picture in pictures])
        red = rows[:, 0] - rows[:, 1:].amax(1)
        see("parts", torch.nn.functional.adaptive_avg_pool2d(torch.stack([red, rows.mean(1)], 1), (7, 7)))

    def patch(self, layer: str) -> tuple[int, int] | None:
        return 32, 32


@cache
def data_pictures() -> tuple[Picture, ...]:
    """Every picture of the source, painted once for all tests."""
    return tuple(SOURCE.picture(i) for i in range(len(SOURCE)))


@cache
def profile(kind: type[CountedNeurons] | type[Pixels], address: str) -> Profile:
    """What a dissection would know of the unit."""
    target = kind()
    maps = target.maps(data_pictures(), target.unit(address))
    peaks = np.array([found.max() for found in maps], np.float32)
    threshold = float(np.quantile(np.stack(maps), 0.99))
    return Profile(peaks, threshold, bool(np.ptp(peaks) == 0), False, target.patch(target.layers[0].name))


def make_lab(store: Store, target: CountedNeurons | Pixels | None = None, address: str = "0", **more: Any) -> Lab:
    """A lab of one unit, as `ask` puts it together: scene neurons, unit 0 (fires for "red"), unless said otherwise."""
    target = target or CountedNeurons()
    return Lab(
        unit=target.unit(address),
        source=SOURCE,
        profile=profile(type(target), address),
        store=store,
        generator=SketchGenerator(store),
        describer=ExactDescriber(),
        **more,
    )
