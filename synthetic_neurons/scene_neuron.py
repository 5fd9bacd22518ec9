"""Scene neurons: units whose behaviour is known because they read the scene, as targets like any other.

With R = full response - rest: scenes that satisfy what a neuron fires for lie in rest + [.6, 1]R, others at most at
rest + .3R (`responses.py`, with gradings and weights). The noise's sd is a fraction of R and is fixed by (picture id, neuron
seed, place in the layer), so that asking twice tells nothing and a redraw does. Nulls: dead (0), constant, Gaussian and
heavy-tailed draws by picture, and copies of a real unit's answers shuffled over pictures; "luminance" follows the mean
brightness of the pixels. A layer is 1 x 1 by default, or has maps whose peak lies where what satisfies the concept is.
An edited picture is read by its own scene; a picture without one is refused, by every unit of a layer alike.
Not covered: networks that work from pixels (`planted.py`), files of neurons (`suite.py`).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from ..targets.errors import BadInput, Unanswerable, nearest
from ..targets.picture import Picture, Scene
from ..targets.target import Layer, See, Target, Unit
from ..tools.sketch.concept import disjuncts
from . import draws
from .off_language import OffLanguage
from .regions import GRID, cover, exact_mask, laid_out
from .responses import Graded, Truth, noise_free, read_truth

if TYPE_CHECKING:
    import torch

__all__ = ["FULL", "NULLS", "REST", "Behaviour", "Neuron", "SceneNeurons", "noise_free"]

REST, FULL = 0.2, 1.2
R = FULL - REST
Behaviour = Literal["graded", "binary", "dead", "constant", "noise", "heavy", "luminance", "shuffled"]
NULLS: tuple[Behaviour, ...] = ("dead", "constant", "noise", "heavy", "shuffled")
LEAST_DEPTH = 0.1  # of R: how far below its peak a map lies where nothing drives it, at least
_LUMINANCE = np.array([0.299, 0.587, 0.114]) / 255


@dataclass(frozen=True)
class Neuron:
    """What one neuron does.

    `fires_for`: a formula, or a sentence of `off_language.py`; None for nulls and "luminance". `noise`: sd as a share of R.
    `name`, `of`: "shuffled" draws from the answers of the neuron in its layer that is named `of`. `by`: what "graded" grades
    by, area, match or count. `weights`: of the ways of an `or`, in the order written, above 0 and at most 1.
    """

    fires_for: str | None
    behaviour: Behaviour = "graded"
    noise: float = 0.05
    seed: int = 0
    name: str = ""
    of: str | None = None
    by: Graded = "area"
    weights: tuple[float, ...] | None = None


@dataclass(frozen=True)
class _Read:
    """A neuron with what its fields name: the truth, and for a shuffled one the place of the neuron it draws from."""

    neuron: Neuron
    truth: Truth | None
    of: int | None = field(default=None)


class SceneNeurons(Target):
    """A layer of scene neurons, `neurons`, one unit each. `maps`: whether they have maps (14 x 14), or are 1 x 1.

    `nouns`: those of cut-outs that the neurons' truths may name beside the drawn world's.

    Raises `BadInput` on a neuron that cannot be, and `Unanswerable` on a picture that has no scene.
    """

    def __init__(
        self, neurons: Sequence[Neuron], name: str = "synthetic", maps: bool = False, nouns: frozenset[str] = frozenset()
    ) -> None:
        self.name, self.neurons, self.has_maps = name, tuple(neurons), maps
        if not self.neurons:
            raise BadInput("a layer of no scene neurons; give at least one")
        self._read = tuple(checked(neuron, self.neurons, nouns) for neuron in self.neurons)
        self.key = hashlib.sha256(f"scene neurons 2 {self.neurons!r} {maps}".encode()).hexdigest()
        self.layers = (Layer("neurons", len(self.neurons), "conv" if maps else "vector"),)
        self.default_layers = ("neurons",)

    @property
    def alias(self) -> str:
        """What a backbone is told in place of a name that may hold the answer."""
        return f"synthetic-{hashlib.sha256(f'{self.name} {self.key}'.encode()).hexdigest()[:8]}"

    def watch(self, pictures: Sequence[Picture], layers: Sequence[str], see: See) -> None:
        import torch

        for name in layers:
            self.layer(name)
        see("neurons", torch.from_numpy(np.stack([self._maps(picture, range(len(self.neurons))) for picture in pictures])))

    def maps(self, pictures: Sequence[Picture], unit: Unit) -> list[np.ndarray]:
        """The unit's map on each picture: float32, h x w; no other neuron of the layer is asked."""
        import torch

        if unit.index is None:
            return super().maps(pictures, unit)
        found: torch.Tensor = torch.from_numpy(np.stack([self._maps(picture, [unit.index]) for picture in pictures]))
        return [row.numpy() for row in found[:, 0]]

    def peaks(self, pictures: Sequence[Picture], layer: str, channels: Sequence[int]) -> np.ndarray:
        """The peaks of some neurons: float32, pictures x neurons; no other is asked, and no map made."""
        self.layer(layer)
        return np.array([[self.answer(index, picture) for index in channels] for picture in pictures], np.float32)

    def answer(self, index: int, picture: Picture) -> float:
        """The neuron's activation on a picture, noise included: the peak of its map."""
        if picture.scene is None:
            raise Unanswerable(
                f"this target reads scenes, and picture {picture.id[:12]} has none: not drawn, or its pixels were changed"
            )
        return self._answer(index, picture.id, picture.scene, picture)

    def true_of(self, index: int, scene: Scene) -> bool | None:
        """Whether what the neuron fires for holds in the scene, treated ones as they are seen; None for a null."""
        truth = self._read[index].truth
        return None if truth is None else noise_free(truth, scene, "binary") > 0

    def mask(self, index: int, scene: Scene) -> np.ndarray | None:
        """Exactly the pixels that the neuron's response comes from: bool, side x side; None for a null."""
        truth = self._read[index].truth
        return None if truth is None else exact_mask(truth, scene)

    # ---- one neuron, one picture ----------------------------------------------------------------------------------------

    def _answer(self, index: int, identity: str, scene: Scene, picture: Picture | None) -> float:
        read = self._read[index]
        neuron, seed = read.neuron, read.neuron.seed
        match neuron.behaviour:
            case "dead":
                return 0.0
            case "constant":
                return REST
            case "heavy":
                return float(REST + draws.heavy(identity, seed, index) * R)
            case "shuffled":
                assert read.of is not None  # checked when the layer was made
                return draws.from_pool(_pool(self, read.of), identity, seed, index)
        drawn = draws.gaussian(identity, seed, index)
        if neuron.behaviour == "luminance":
            assert picture is not None  # no shuffled neuron draws from one that needs pixels
            return float(REST + R * (_brightness(picture) + neuron.noise * drawn))
        if read.truth is None:
            return float(REST + drawn * R)
        response = noise_free(read.truth, scene, neuron.behaviour, neuron.by, neuron.weights)
        return float(REST + R * (response + neuron.noise * drawn))

    def _maps(self, picture: Picture, indices: Sequence[int]) -> np.ndarray:
        """Maps of some neurons on one picture: float32, neurons x h x w."""
        answers = [self.answer(index, picture) for index in indices]
        if not self.has_maps:
            return np.array(answers, np.float32)[:, None, None]
        rows = [self._map(index, picture, answer) for index, answer in zip(indices, answers, strict=True)]
        return np.stack(rows).astype(np.float32)

    def _map(self, index: int, picture: Picture, answer: float) -> np.ndarray:
        """The map with that peak: where the response comes from, or at a place drawn by picture where it comes from nothing."""
        read = self._read[index]
        if read.neuron.behaviour in ("dead", "constant"):
            return np.full((GRID, GRID), answer)
        assert picture.scene is not None  # answered above
        covered = cover(read.truth, picture.scene) if read.truth is not None else np.zeros((GRID, GRID))
        if not covered.any():
            place = draws.stream(picture.id, read.neuron.seed, index, "place").integers(GRID * GRID)
            covered = covered.copy()
            covered.flat[int(place)] = 1.0
        return laid_out(answer, max(answer - REST, LEAST_DEPTH * R), covered)


@lru_cache(maxsize=64)
def _pool(target: SceneNeurons, index: int) -> np.ndarray:
    return draws.pool_of(lambda identity, scene: target._answer(index, identity, scene, None))


def _brightness(picture: Picture) -> float:
    """Mean luminance of the pixels, 0 to 1."""
    return float(picture.pixels.mean(axis=(0, 1)) @ _LUMINANCE)


def checked(neuron: Neuron, layer: Sequence[Neuron], nouns: frozenset[str] = frozenset()) -> _Read:
    """The neuron with what its fields name. Raises `BadInput` where they do not fit together."""
    if neuron.behaviour not in get_args(Behaviour):
        raise BadInput(f"no behaviour {neuron.behaviour!r}; nearest: {nearest(neuron.behaviour, get_args(Behaviour))}")
    fires = neuron.behaviour in ("graded", "binary")
    if fires == (neuron.fires_for is None):
        raise BadInput(f"a {neuron.behaviour!r} neuron cannot fire for {neuron.fires_for!r}")
    if not 0 <= neuron.noise < math.inf:
        raise BadInput(f"noise {neuron.noise!r} is no standard deviation: give a share of R, 0 or above")
    if neuron.by not in get_args(Graded):
        raise BadInput(f"nothing is graded by {neuron.by!r}; nearest: {nearest(neuron.by, get_args(Graded))}")
    truth = None if neuron.fires_for is None else read_truth(neuron.fires_for, nouns)
    if neuron.weights is not None:
        _check_weights(neuron, truth)
    return _Read(neuron, truth, _place_of(neuron, layer))


def _check_weights(neuron: Neuron, truth: Truth | None) -> None:
    weights = neuron.weights or ()
    if truth is None or isinstance(truth, OffLanguage):
        raise BadInput(f"weights {list(weights)!r} belong to the ways of an 'or', which {neuron.fires_for!r} is not")
    ways = len(disjuncts(truth))
    if ways < 2 or len(weights) != ways:
        raise BadInput(f"weights {list(weights)!r} are not one for each of the {ways} ways of {neuron.fires_for!r}, 2 or more")
    for weight in weights:
        if not 0 < weight <= 1:
            raise BadInput(f"weight {weight!r} is not above 0 and at most 1")


def _place_of(neuron: Neuron, layer: Sequence[Neuron]) -> int | None:
    """Where the neuron that a shuffled one draws from stands in the layer."""
    if neuron.behaviour != "shuffled":
        if neuron.of is not None:
            raise BadInput(f"a {neuron.behaviour!r} neuron draws from no other, and has 'of' {neuron.of!r}")
        return None
    real = {n.name: i for i, n in enumerate(layer) if n.behaviour in ("graded", "binary") and n.name}
    if neuron.of is None or neuron.of not in real:
        known = f"nearest: {nearest(neuron.of or '', real)}" if real else "there is none"
        raise BadInput(f"'of' {neuron.of!r} names no graded or binary neuron of this layer to shuffle; {known}")
    return real[neuron.of]
