"""Scene neurons: units that fire for a concept by reading the scene, as targets like any other.

With R = full response - rest: scenes that satisfy the concept lie in rest + [.6, 1]R, graded by how large what satisfies
it is drawn; others at most at rest + .3R, the more parts of the concept they show. The noise's sd is a fraction of R and
is fixed by (picture id, neuron seed, place in the layer), so that asking twice tells nothing and a redraw does. Nulls: a
constant, and a hash of the picture. Not covered: counts, relations and planted networks (a later issue).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from ..targets.errors import BadInput, TargetFailed, nearest
from ..targets.picture import Picture, Scene
from ..targets.target import Layer, See, Target
from ..tools.sketch.concept import Concept, Phrase, conjuncts, disjuncts, holds, parse

if TYPE_CHECKING:
    import torch

REST, FULL = 0.2, 1.2
Behaviour = Literal["graded", "binary", "constant", "noise"]


@dataclass(frozen=True)
class Neuron:
    """What one neuron does: `fires_for` a formula (None for nulls), its behaviour, noise (sd as a share of R) and seed."""

    fires_for: str | None
    behaviour: Behaviour = "graded"
    noise: float = 0.05
    seed: int = 0


class SceneNeurons(Target):
    """A layer of scene neurons, `neurons`, one unit each.

    Raises `BadInput` on a neuron that cannot be, and `TargetFailed` on a picture that has no scene.
    """

    def __init__(self, neurons: Sequence[Neuron], name: str = "synthetic") -> None:
        self.name, self.neurons = name, tuple(neurons)
        self._concepts = [None if n.fires_for is None else parse(n.fires_for) for n in self.neurons]
        for neuron, concept in zip(self.neurons, self._concepts, strict=True):
            if (concept is None) != (neuron.behaviour in ("constant", "noise")):
                raise BadInput(f"a {neuron.behaviour!r} neuron cannot fire for {neuron.fires_for!r}")
            if neuron.behaviour not in get_args(Behaviour):
                raise BadInput(f"no behaviour {neuron.behaviour!r}; nearest: {nearest(neuron.behaviour, get_args(Behaviour))}")
            if not 0 <= neuron.noise < math.inf:
                raise BadInput(f"noise {neuron.noise!r} is no standard deviation: give a share of R, 0 or above")
        if not self.neurons:
            raise BadInput("a layer of no scene neurons; give at least one")
        self.key = hashlib.sha256(f"scene neurons 1 {self.neurons!r}".encode()).hexdigest()
        self.layers = (Layer("neurons", len(self.neurons), "vector"),)
        self.default_layers = ("neurons",)

    def watch(self, pictures: Sequence[Picture], layers: Sequence[str], see: See) -> None:
        import torch

        for name in layers:
            self.layer(name)
        values: torch.Tensor = torch.tensor([[self.answer(i, p) for i in range(len(self.neurons))] for p in pictures])
        see("neurons", values.reshape(len(pictures), len(self.neurons), 1, 1))

    def answer(self, index: int, picture: Picture) -> float:
        """The neuron's activation on a picture, noise included."""
        neuron, concept = self.neurons[index], self._concepts[index]
        if neuron.behaviour == "constant":
            return REST
        digest = hashlib.sha256(f"{picture.id} {neuron.seed} {index}".encode()).digest()
        drawn = np.random.default_rng(int.from_bytes(digest[:8], "big")).normal()
        if concept is None:
            return float(REST + drawn * (FULL - REST))
        if picture.scene is None:
            raise TargetFailed(f"{self.name} reads scenes, and picture {picture.id[:12]} has none: use drawn pictures")
        return float(
            REST + (FULL - REST) * (noise_free(concept, picture.scene, neuron.behaviour) + neuron.noise * drawn)
        )


def noise_free(concept: Concept, scene: Scene, behaviour: Behaviour = "graded") -> float:
    """The response above rest as a share of R: [.6, 1] where the concept holds, [0, .3] where it does not."""
    if holds(concept, scene):
        return (
            1.0
            if behaviour == "binary"
            else 0.6 + 0.4 * max(_extent(way, scene) for way in disjuncts(concept) if holds(way, scene))
        )
    if behaviour == "binary":
        return 0.0
    return 0.3 * max(_shown(way, scene) for way in disjuncts(concept))


def _extent(way: Concept, scene: Scene) -> float:
    """How large, in [0, 1], the largest thing is that a phrase of the way fits; 1 where it names no thing."""
    scales = [t.scale for part in conjuncts(way) if isinstance(part, Phrase) for t in scene.things if part.fits(t)]
    return min(1.0, max(scales)) if scales else 1.0


def _shown(way: Concept, scene: Scene) -> float:
    """The share of the way's attributes and parts that the scene shows, below 1: how alike it looks."""
    shares = []
    for part in conjuncts(way):
        if isinstance(part, Phrase):
            named = part.named()
            best = max((sum(getattr(t, k) == x for k, x in named.items()) for t in scene.things), default=0)
            shares.append(best / len(named))
        else:
            shares.append(float(holds(part, scene)))
    return min(1.0, float(np.mean(shares)))
