"""Detector neurons: units that fire for what a detector sees in the pixels, as targets like any other.

A formula of nouns scores as MAIA's synthetic neurons were meant to: a noun by its best place, `or` is the larger, `and` the
smaller, `and not` is a(1 - b). With R = full response - rest, the response is rest + R x score ("graded"), or rest or rest + R
as the score is below .5 or not ("binary"), plus noise that is fixed by (picture id, neuron seed, place in the layer). So a
neuron's truth is the detector, not the picture: where the detector errs, so does the neuron. Nothing is kept from one picture
to the next but what was seen of it. Nulls: dead, constant, noise, heavy, and "shuffled", whose answers are those of another
neuron on the pictures of a pool. Not covered: colours, places, counts and relations, of which a detector says nothing.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..targets.errors import BadInput, nearest
from ..targets.picture import Picture
from ..targets.target import Layer, See, Sight, Target, Unit
from ..tools.sketch.concept import And, Concept, Not, Or, Phrase, conjuncts, disjuncts
from . import draws
from .detector import Detector
from .regions import laid_out
from .responses import read_truth
from .scene_neuron import LEAST_DEPTH, NULLS, REST, Neuron, R

if TYPE_CHECKING:
    import torch

__all__ = ["FIRES", "DetectorNeurons", "checked", "labels_of", "scored"]

FIRES = 0.5  # score from which on a neuron counts as firing
BEHAVIOURS = ("graded", "binary", *NULLS)
BATCH, KEPT = 16, 4096  # pictures that are looked at together; pictures of which it is remembered what was seen
Seen = Mapping[str, np.ndarray]


class DetectorNeurons(Target):
    """A layer of detector neurons, `neurons`, one unit each. `nouns`: words of the formulas that are not drawn things' names.

    `maps`: whether they have maps, of the detector's size, or are 1 x 1. `pool`: the pictures that shuffled ones draw from.
    Raises `BadInput` on a neuron that cannot be.
    """

    def __init__(
        self,
        neurons: Sequence[Neuron],
        detector: Detector,
        nouns: Sequence[str] = (),
        name: str = "synthetic",
        maps: bool = True,
        pool: Sequence[Picture] = (),
    ) -> None:
        self.name, self.neurons, self.detector, self.has_maps, self._pool = name, tuple(neurons), detector, maps, tuple(pool)
        if not self.neurons:
            raise BadInput("a layer of no detector neurons; give at least one")
        known = frozenset(nouns) | (detector.nouns or frozenset())
        self._truths = [checked(neuron, self.neurons, detector, known) for neuron in self.neurons]
        if any(neuron.behaviour == "shuffled" for neuron in self.neurons) and not self._pool:
            raise BadInput("a 'shuffled' detector neuron draws from a pool of pictures, and there is none")
        self._labels = tuple(dict.fromkeys(label for truth in self._truths if truth is not None for label in labels_of(truth)))
        self._seen: OrderedDict[str, Seen] = OrderedDict()
        told = f"detector neurons 1 {self.neurons!r} {detector.key} {maps} {[picture.id for picture in self._pool]}"
        self.key, self.device = hashlib.sha256(told.encode()).hexdigest(), detector.device
        self.layers = (Layer("neurons", len(self.neurons), "conv" if maps else "vector"),)
        self.default_layers = ("neurons",)

    @property
    def alias(self) -> str:
        """What a backbone is told in place of a name that may hold the answer."""
        return f"synthetic-{hashlib.sha256(f'{self.name} {self.key}'.encode()).hexdigest()[:8]}"

    def sight(self, height: int, width: int) -> Sight:
        return self.detector.sight(height, width)

    def watch(self, pictures: Sequence[Picture], layers: Sequence[str], see: See) -> None:
        import torch

        for name in layers:
            self.layer(name)
        every = range(len(self.neurons))
        for start in range(0, len(pictures), BATCH):
            some = pictures[start : start + BATCH]
            rows = [self._maps(picture, seen, every) for picture, seen in zip(some, self._look(some), strict=True)]
            found: torch.Tensor = torch.from_numpy(np.stack(rows))
            see("neurons", found)

    def maps(self, pictures: Sequence[Picture], unit: Unit) -> list[np.ndarray]:
        """The unit's map on each picture: float32, h x w."""
        if unit.index is None:
            return super().maps(pictures, unit)
        rows: list[np.ndarray] = []
        for start in range(0, len(pictures), BATCH):
            some = pictures[start : start + BATCH]
            rows += [self._maps(p, seen, [unit.index])[0] for p, seen in zip(some, self._look(some), strict=True)]
        return rows

    def score(self, index: int, pictures: Sequence[Picture]) -> np.ndarray:
        """What the neuron's formula scores on pictures, without noise: float64 in [0, 1]. Raises `BadInput` for a null."""
        truth = self._truths[index]
        if truth is None:
            raise BadInput(f"neuron {index!r} is a {self.neurons[index].behaviour!r} one: it fires for nothing")
        found: list[float] = []
        for start in range(0, len(pictures), BATCH):
            seen = self._look(pictures[start : start + BATCH])
            found += [float(scored(truth, one, self.neurons[index].weights).max()) for one in seen]
        return np.array(found)

    def response(self, index: int, pictures: Sequence[Picture]) -> np.ndarray:
        """The neuron's activation on pictures, without noise: float64. Raises `BadInput` for a null."""
        return REST + R * _told(self.neurons[index], self.score(index, pictures))

    # ---- one neuron, one picture ----------------------------------------------------------------------------------------

    def _look(self, pictures: Sequence[Picture]) -> list[Seen]:
        """What the detector sees of the pictures, remembered by the picture's pixels."""
        if not self._labels:
            return [{} for _ in pictures]
        new = list({p.id: p for p in pictures if p.id not in self._seen}.values())
        found = {picture.id: self._seen[picture.id] for picture in pictures if picture.id in self._seen}
        if new:
            looked = self.detector.look(new, self._labels)
            found |= {picture.id: seen for picture, seen in zip(new, looked, strict=True)}
        for identity, seen in found.items():
            self._seen[identity] = seen
            self._seen.move_to_end(identity)
        while len(self._seen) > KEPT:
            self._seen.popitem(last=False)
        return [found[picture.id] for picture in pictures]

    def _maps(self, picture: Picture, seen: Seen, indices: Sequence[int]) -> np.ndarray:
        """Maps of some neurons on one picture: float32, neurons x h x w."""
        return np.stack([self._map(index, picture, seen) for index in indices]).astype(np.float32)

    def _map(self, index: int, picture: Picture, seen: Seen) -> np.ndarray:
        neuron, truth, identity = self.neurons[index], self._truths[index], picture.id
        side = next(iter(seen.values())).shape if seen else (1, 1)
        drawn = draws.gaussian(identity, neuron.seed, index)
        if truth is not None:
            where = scored(truth, seen, neuron.weights)
            answer = REST + R * (float(_told(neuron, where.max())) + neuron.noise * drawn)
        else:
            where = np.zeros(side)
            where.flat[int(draws.stream(identity, neuron.seed, index, "place").integers(where.size))] = 1.0
            answer = self._null(index, identity, drawn)
        if not self.has_maps:
            return np.full((1, 1), answer)
        if neuron.behaviour in ("dead", "constant"):
            return np.full(side, answer)
        most = float(where.max())
        return laid_out(answer, max(answer - REST, LEAST_DEPTH * R), where / most if most > 0 else np.ones(side))

    def _null(self, index: int, identity: str, drawn: float) -> float:
        neuron = self.neurons[index]
        match neuron.behaviour:
            case "dead":
                return 0.0
            case "constant":
                return REST
            case "heavy":
                return REST + draws.heavy(identity, neuron.seed, index) * R
            case "shuffled":
                names = [other.name for other in self.neurons]
                return draws.from_pool(self._pools[names.index(neuron.of or "")], identity, neuron.seed, index)
        return REST + drawn * R

    @cached_property
    def _pools(self) -> dict[int, np.ndarray]:
        """What the neurons that shuffled ones draw from answer to the pool's pictures: float64."""
        names = [neuron.name for neuron in self.neurons]
        found = {}
        for place in {names.index(neuron.of or "") for neuron in self.neurons if neuron.behaviour == "shuffled"}:
            real = self.neurons[place]
            noise = np.array([draws.gaussian(f"pool {i}", real.seed, place) for i in range(len(self._pool))])
            found[place] = self.response(place, self._pool) + R * real.noise * noise
        return found


def _told(neuron: Neuron, score: np.ndarray | float) -> np.ndarray:
    """The response above rest as a share of R: the score, or for a binary neuron whether it fires."""
    if neuron.behaviour != "binary":
        return np.asarray(score)
    most = max(neuron.weights or (1.0,))
    return np.where(np.asarray(score) >= FIRES * most, most, 0.0)


# ---- a formula of nouns -----------------------------------------------------------------------------------------------


def scored(concept: Concept, seen: Seen, weights: Sequence[float] | None = None) -> np.ndarray:
    """Where a formula is satisfied, float64 h x w in [0, 1]: its maximum is the score.

    `or`: the larger in each place; `and`: the smaller of the scores, wherever either is; `and not`: times 1 - the other's.
    """
    if isinstance(concept, Or):
        worth = weights if weights is not None else [1.0] * len(concept.parts)
        return np.asarray(np.maximum.reduce([w * scored(part, seen) for part, w in zip(concept.parts, worth, strict=True)]))
    if isinstance(concept, And):
        wanted = [scored(part, seen) for part in concept.parts if not isinstance(part, Not)]
        score = min(float(part.max()) for part in wanted)
        for part in concept.parts:
            if isinstance(part, Not):
                score *= 1.0 - float(scored(part.part, seen).max())
        shapes = [part / part.max() for part in wanted if part.max() > 0] or [np.ones_like(wanted[0])]
        return np.asarray(score * np.maximum.reduce(shapes))
    return np.asarray(seen[str(concept)], np.float64)


def labels_of(concept: Concept) -> list[str]:
    """What a detector is asked for to score the formula."""
    if isinstance(concept, Not):
        return labels_of(concept.part)
    if isinstance(concept, And | Or):
        return list(dict.fromkeys(label for part in concept.parts for label in labels_of(part)))
    return [str(concept)]


def checked(neuron: Neuron, layer: Sequence[Neuron], detector: Detector, nouns: frozenset[str]) -> Concept | None:
    """The formula of a neuron; None for a null. Raises `BadInput` where the detector cannot be asked for it."""
    if neuron.behaviour not in BEHAVIOURS:
        known = nearest(neuron.behaviour, BEHAVIOURS)
        raise BadInput(f"no behaviour {neuron.behaviour!r} of a detector neuron; nearest: {known}")
    if (neuron.behaviour in ("graded", "binary")) == (neuron.fires_for is None):
        raise BadInput(f"a {neuron.behaviour!r} neuron cannot fire for {neuron.fires_for!r}")
    if not 0 <= neuron.noise < math.inf:
        raise BadInput(f"noise {neuron.noise!r} is no standard deviation: give a share of R, 0 or above")
    if neuron.by != "area":
        raise BadInput(f"a detector grades by its own score, not by {neuron.by!r}: leave 'by' out")
    real = [other.name for other in layer if other.behaviour in ("graded", "binary") and other.name]
    if neuron.behaviour == "shuffled" and neuron.of not in real:
        raise BadInput(f"'of' {neuron.of!r} names no graded or binary neuron of this layer to shuffle")
    if neuron.fires_for is None:
        return None
    truth = read_truth(neuron.fires_for, nouns)
    _check_formula(truth, neuron.fires_for, detector)
    ways, weights = len(disjuncts(truth)), neuron.weights  # type: ignore[arg-type]  # checked above
    if weights is not None and (ways < 2 or len(weights) != ways or not all(0 < weight <= 1 for weight in weights)):
        raise BadInput(f"weights {list(weights)!r} are not one above 0 and at most 1 for each way of {neuron.fires_for!r}")
    return truth  # type: ignore[return-value]  # no sentence off the language passes


def _check_formula(part: object, text: str, detector: Detector) -> None:
    match part:
        case And(parts) | Or(parts):
            if isinstance(part, And) and all(isinstance(one, Not) for one in conjuncts(part)):
                raise BadInput(f"{text!r} asks for nothing: name a thing to be seen")
            for one in parts:
                _check_formula(one, text, detector)
        case Not(inner):
            _check_formula(inner, text, detector)
        case Phrase() if detector.nouns is None and part.noun is not None:
            return
        case Phrase() if detector.nouns is not None and str(part) in detector.nouns:
            return
        case _:
            known = nearest(str(part), sorted(detector.nouns)) if detector.nouns is not None else "a noun, such as 'red car'"
            what = f"nouns joined by 'and', 'or' and 'and not'; nearest: {known}"
            raise BadInput(f"the detector {detector.name!r} cannot look for {str(part)!r} of {text!r}: {what}")
