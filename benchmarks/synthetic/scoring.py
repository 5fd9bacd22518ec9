"""The score of an answer: what it says the neuron does, against what the neuron does, scene by scene.

Covered: the sample S (2,000 scenes from a seed that no run draws from: a quarter as the data are, the rest shared among
the terms of truth *and* answer, half of each satisfying the term and half one factor away), disagreement, F1, Pearson and
AUPRC against the noise-free activation beside the oracle's, and when a concept counts as recovered. Everything is read
from scenes: nothing is painted, and no thresholded activation is ever the truth. Not covered: how neurons are asked
(`asking.py`), rates over many (`figures.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from pydantic import BaseModel, ConfigDict

from ...targets.picture import Scene
from ...tools.sketch.concept import And, Concept, Not, both, conjuncts, disjuncts, holds, normal
from ...tools.sketch.concept_scenes import examples
from ...tools.sketch.scenes import random_scene
from ...tools.statistics import auprc, pearson
from .variations import one_factor_away

SCENES = 2000
DATA_LIKE = 500
UNUSED_SEED = 987_654_321  # of the scenes that score; no run draws from it
SHOWN = 4  # scenes that are kept of those on which truth and answer disagree
RECOVERED = 0.005  # share of S on which a recovered concept may differ from the truth


class Score(BaseModel):
    """How an answer does on S; None where nothing was answered, or there is no truth to hold it against.

    `recovered` holds only of a supported answer; the oracle's figures are the truth's own. `differing`: a few scenes of S of
    which truth and answer disagree, where the answer is not the truth: of those where only the one holds, and only the other.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    recovered: bool = False
    disagreement: float | None = None
    f1: float | None = None
    pearson: float | None = None
    auprc: float | None = None
    oracle_pearson: float | None = None
    oracle_auprc: float | None = None
    differing: tuple[Scene, ...] = ()


def score(
    truth: Concept | None,
    answer: Concept | None,
    verdict: str,
    true_of: Callable[[Scene], bool],
    activation: Callable[[Scene], float] | None = None,
    seed: int = UNUSED_SEED,
    scenes: int = SCENES,
) -> Score:
    """The score of one answer.

    `truth`: the concept, None where the language has none; `true_of`: what the neuron fires for, scene by scene.
    `activation`: its noise-free response to a scene, None where that is not known without painting.
    """
    shown = sample(truth, answer, seed, scenes)
    true = np.array([true_of(scene) for scene in shown])
    response = None if activation is None else np.array([activation(scene) for scene in shown], dtype=np.float64)
    oracle_pearson, oracle_auprc = _fit(true, response)
    if answer is None:
        return Score(oracle_pearson=oracle_pearson, oracle_auprc=oracle_auprc)
    said = np.array([holds(answer, scene) for scene in shown])
    apart = float((said != true).mean())
    same = (truth is not None and normal(answer) == normal(truth)) or apart <= RECOVERED
    fit_pearson, fit_auprc = _fit(said, response)
    return Score(
        recovered=verdict == "supported" and same,
        disagreement=round(apart, 5),
        f1=round(f1(true, said), 4),
        pearson=fit_pearson,
        auprc=fit_auprc,
        oracle_pearson=oracle_pearson,
        oracle_auprc=oracle_auprc,
        differing=() if same else _some([s for s, t, a in zip(shown, true, said, strict=True) if t != a], true_of),
    )


def _some(scenes: Sequence[Scene], true_of: Callable[[Scene], bool]) -> tuple[Scene, ...]:
    """Up to `SHOWN` of the scenes: as many of which the truth holds as of which it does not, where there are both."""
    missed = [scene for scene in scenes if true_of(scene)]
    added = [scene for scene in scenes if not true_of(scene)]
    few = max(SHOWN // 2, SHOWN - len(added))
    return (*missed[:few], *added[: SHOWN - len(missed[:few])])


def _fit(said: np.ndarray, response: np.ndarray | None) -> tuple[float | None, float | None]:
    if response is None:
        return None, None
    return _rounded(pearson(said.astype(float), response)), _rounded(auprc(said, response))


def sample(
    truth: Concept | None, answer: Concept | None, seed: int = UNUSED_SEED, scenes: int = SCENES
) -> list[Scene]:
    """S for a truth and an answer: the same for the same two concepts, whoever answered.

    What S holds for a term of the truth are the first so many of the same scenes, whatever the answer is.
    """
    shared = list(dict.fromkeys(term for concept in (truth, answer) if concept is not None for term in scored_terms(concept)))
    n = DATA_LIKE * scenes // SCENES if shared else scenes
    data_like = [_data_like(seed, index) for index in range(n)]
    made: list[Scene] = []
    for place, term in enumerate(shared):
        wanted = (scenes - n) // len(shared) + (place < (scenes - n) % len(shared))
        satisfying, away = _made_for(term, (wanted + 1) // 2, seed)
        found = [*satisfying, *away][:wanted]
        # where few scenes or none can be that, data-like ones must tell
        made += found + [_data_like(seed, DATA_LIKE + len(made) + i) for i in range(wanted - len(found))]
    return data_like + made


def _made_for(term: Concept, n: int, seed: int) -> tuple[list[Scene], list[Scene]]:
    """The first scenes that satisfy a term, of `n` tries, and for each the same one factor away."""
    known = _known_for(term, seed)
    for index in range(len(known), n):
        rng = np.random.default_rng([seed, index, *str(term).encode()])
        found = examples(term, 1, rng)
        known.append((found[0], one_factor_away(term, found[0], rng)) if found else None)
    pairs = [pair for pair in known[:n] if pair is not None]
    return [satisfying for satisfying, _ in pairs], [away for _, away in pairs]


@lru_cache(maxsize=32)
def _known_for(term: Concept, seed: int) -> list[tuple[Scene, Scene] | None]:
    """What was made for a term so far: several minds are scored on the same truth, one after the other."""
    return []


def scored_terms(concept: Concept) -> list[Concept]:
    """What S is shared among: each way of being true, and each way with one of its vetoes brought in."""
    found: dict[Concept, None] = {}
    for way in disjuncts(concept):
        found[way] = None
        parts = conjuncts(way) if isinstance(way, And) else ()
        positive = [part for part in parts if not isinstance(part, Not)]
        for veto in parts:
            if isinstance(veto, Not):
                found[both([*positive, veto.part])] = None
    return list(found)


def f1(true: np.ndarray, said: np.ndarray) -> float:
    """The harmonic mean of precision and recall; 1 where nothing is true and nothing said."""
    hits = float((true & said).sum())
    return 2 * hits / float(true.sum() + said.sum()) if (true | said).any() else 1.0


@lru_cache(maxsize=4096)
def _data_like(seed: int, index: int) -> Scene:
    return random_scene(seed, index)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
