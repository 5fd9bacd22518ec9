"""A suite as one target: unit i is its neuron i, whether that reads scenes or is planted in a network.

Covered: one layer of the scene neurons, or of those that see with a detector (`detector_neuron.py`), beside the layers of the
planted network where the suite has planted neurons; a bare index is a neuron of the suite. Not covered: what they do
(`scene_neuron.py`, `detector_neuron.py`, `planted.py`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..targets.errors import BadInput
from ..targets.picture import Picture
from ..targets.target import Layer, See, Sight, Target, Unit
from .detector import open_detector
from .detector_neuron import DetectorNeurons
from .scene_neuron import SceneNeurons
from .suite import Suite

if TYPE_CHECKING:
    from ..targets.module import ModuleTarget


class SuiteTarget(Target):
    """The neurons of a suite, in its order. `maps`: whether scene neurons have maps, 14 x 14, or are 1 x 1.

    `pool`: pictures that shuffled neurons of a detector draw from.
    """

    def __init__(
        self, suite: Suite, name: str, maps: bool = True, device: str = "auto", pool: Sequence[Picture] = ()
    ) -> None:
        self.name, self.suite = name, suite
        scene = suite.scene_neurons()
        self.scene: Target | None = None
        if scene and suite.detector is not None:
            seeing = open_detector(suite.detector, device)
            self.scene, self.device = DetectorNeurons(scene, seeing, suite.nouns, name, maps, pool), seeing.device
        elif scene:
            self.scene = SceneNeurons(scene, name, maps)
        self.planted: ModuleTarget | None = None
        if len(scene) < len(suite.neurons):
            from .planted import planted_target

            self.planted = planted_target(suite.seed, name, device)
        self._parts: list[Target] = [part for part in (self.scene, self.planted) if part is not None]
        self.key = hashlib.sha256(" ".join(["suite 1", *(part.key for part in self._parts)]).encode()).hexdigest()
        self.layers = tuple(layer for part in self._parts for layer in part.layers)
        self.default_layers = tuple(name for part in self._parts for name in part.default_layers)
        self._addresses = _addresses(suite)

    @property
    def alias(self) -> str:
        """What a backbone is told in place of a name that says what kind of target this is."""
        return f"synthetic-{hashlib.sha256(f'{self.name} {self.key}'.encode()).hexdigest()[:8]}"

    def layer(self, name: str) -> Layer:
        """The layer of that name. Raises `BadInput` naming the nearest."""
        if self.planted is not None and not any(layer.name == name for layer in self.layers):
            return self.planted.layer(name)
        return super().layer(name)

    def unit(self, address: str) -> Unit:
        """The suite's neuron of that index; or, with a layer before it, any unit as in `Target.unit`. Raises `BadInput`."""
        if re.fullmatch(r"\d+", address.strip()):
            index = int(address)
            if index >= len(self._addresses):
                raise BadInput(f"{self.suite.name} has neurons 0 to {len(self._addresses) - 1}, not {index}")
            address = self._addresses[index]
        return super().unit(address)

    def watch(self, pictures: Sequence[Picture], layers: Sequence[str], see: See) -> None:
        of_scene = [name for name in layers if self.scene is not None and name == self.scene.layers[0].name]
        of_network = [name for name in layers if name not in of_scene]
        for name in of_network:
            self.layer(name)
        if self.scene is not None and of_scene:
            self.scene.watch(pictures, of_scene, see)
        if self.planted is not None and of_network:
            self.planted.watch(pictures, of_network, see)

    def maps(self, pictures: Sequence[Picture], unit: Unit) -> list[np.ndarray]:
        """The unit's map on each picture: float32, h x w."""
        return self._home(unit.layer.name).maps(pictures, unit)

    def peaks(self, pictures: Sequence[Picture], layer: str, channels: Sequence[int]) -> np.ndarray:
        """The peaks of some units of a layer: float32, pictures x units."""
        return self._home(layer).peaks(pictures, layer, channels)

    def patch(self, layer: str) -> tuple[int, int] | None:
        """Height and width, in pixels, of what a unit of the layer sees; None if everything."""
        return self._home(layer).patch(layer)

    def sight(self, height: int, width: int) -> Sight:
        """What of a picture the suite's own neurons see."""
        return self._parts[0].sight(height, width)

    def _home(self, layer: str) -> Target:
        if self.scene is not None and layer == self.scene.layers[0].name:
            return self.scene
        return self._parts[-1]


def _addresses(suite: Suite) -> list[str]:
    """Where each neuron of the suite stands."""
    found, place = [], 0
    for neuron in suite.neurons:
        if neuron.behaviour == "planted":
            found.append(str(neuron.unit))
        else:
            found.append(f"neurons:{place}")
            place += 1
    return found
