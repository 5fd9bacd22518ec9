"""How much lower each subgroup of a class really scores, on fresh pairs that no training and no hunt has seen.

Covered: pairs of subgroups that a hunt tried, in scenes like its own; what a network makes of them, in shares of the way from
no such thing (0) to one (1); its accuracy. Not covered: the networks (`networks.py`), the hunt (`agent/bias`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ...agent.bias.events import Subgroup
from ...agent.bias.steps import Size
from ...agent.bias.subgroups import class_scene, pair_of, without_class
from ...agent.ledger import LEAST_PAIRS
from ...targets.picture import FromConcept, Picture, Scene
from ...targets.target import Target
from ...tools.sketch.cutout_nouns import NONE
from ...tools.sketch.paint import paint

TRIES = 3  # scenes looked at for each pair: a thing may be too large to stand in one half


TRIES = 3  # scenes looked at for each pair: a thing may be too large to stand in one half


@dataclass(frozen=True)
class Truth:
    """A network on fresh pictures. `drops`: of each subgroup of which enough pairs could be drawn, by name.

    `rest`, `full`: the class's median score without and with it; `accuracy`: of telling the one from the other.
    """

    drops: dict[str, float]
    rest: float
    full: float
    accuracy: float


def truth_of(
    target: Target, noun: str, groups: Sequence[Subgroup], company: Sequence[str], seed: int, size: Size, pairs: int
) -> Truth:
    """What the network makes of fresh pictures: `pairs` of each subgroup, and as many with and without the class.

    `company`: what stood beside the class in the hunt; unit 0 of the target's only layer is the class's probability.
    """

    def scores(pictures: Sequence[Picture]) -> np.ndarray:
        return target.peaks(pictures, target.layers[0].name, [0])[:, 0]

    with_it, without = (scores(some) for some in _with_and_without(noun, tuple(company), seed, size, 2 * pairs))
    rest, full = float(np.median(without)), float(np.median(with_it))
    drops = {}
    for group in groups:
        inside, outside = _pairs(noun, group, tuple(company), seed, size, pairs)
        if len(inside) >= min(pairs, LEAST_PAIRS):
            drops[group.name] = round(float((scores(outside) - scores(inside)).mean() / (full - rest)), 4)
    right = (float((with_it > 0.5).mean()) + float((without < 0.5).mean())) / 2
    return Truth(drops, round(rest, 4), round(full, 4), round(right, 4))


@lru_cache(maxsize=32)  # both networks of a seed look at the same
def _pairs(
    noun: str, group: Subgroup, company: tuple[str, ...], seed: int, size: Size, n: int
) -> tuple[list[Picture], list[Picture]]:
    rng = np.random.default_rng([seed, 5, *group.name.encode()])
    drawn: list[tuple[Scene, Scene]] = []
    for _ in range(TRIES * n):
        if len(drawn) == n:
            break
        pair = pair_of(class_scene(noun, company, rng, NONE, size.side, size.things), noun, group, company, rng, NONE)
        drawn += [] if pair is None else [pair]
    return _painted([inside for inside, _ in drawn]), _painted([outside for _, outside in drawn])


@lru_cache(maxsize=1)
def _with_and_without(
    noun: str, company: tuple[str, ...], seed: int, size: Size, n: int
) -> tuple[list[Picture], list[Picture]]:
    rng = np.random.default_rng([seed, 6])
    scenes = [class_scene(noun, company, rng, NONE, size.side, size.things) for _ in range(n)]
    return _painted(scenes), _painted([without_class(scene, noun, rng, NONE) for scene in scenes])


def _painted(scenes: Sequence[Scene]) -> list[Picture]:
    made = ((i, scene, paint(scene).pixels) for i, scene in enumerate(scenes))
    return [Picture.of(pixels, FromConcept("sketch", "truth", True, i), scene=scene) for i, scene, pixels in made]
