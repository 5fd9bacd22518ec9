"""One neuron of a suite asked by one mind, and its answer scored.

Covered: the minds (backbones in full runs; the empiricist on random pictures; the baselines that look once; the oracle),
the pictures that each may spend, how often the truth occurs in the data. Not covered: many neurons (`benchmark.py`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import numpy as np

from ...agent.ask import ask, profile_unit
from ...synthetic_neurons.off_language import OffLanguage
from ...synthetic_neurons.responses import Truth, noise_free, true_of
from ...synthetic_neurons.suite import Suite, SuiteNeuron
from ...synthetic_neurons.suite_target import SuiteTarget
from ...targets.picture import FromPrompt, Picture
from ...tools.corpus import Corpus
from ...tools.sketch.concept import Concept, parse
from ...tools.sketch.scenes import random_scene
from ...tools.sketch_generator import SketchGenerator
from ...tools.sources.open_source import open_source
from ...tools.sources.source import About
from ...tools.store import Store, cache_folder
from .baselines import BASELINES, Seen
from .outcome import Outcome
from .scoring import Score, score

ORACLE, RANDOM_QUERIES = "oracle", "random-queries"
MOST_PICTURES = 400  # beyond the data set, for whoever asks
FURTHER_SEED = 515_151_515  # of the random scenes that baselines see beside the data


def minds() -> tuple[str, ...]:
    """All that can be compared without naming a backbone of one's own."""
    return ("empiricist", RANDOM_QUERIES, *BASELINES, ORACLE)


def ask_one(suite: Suite, index: int, mind: str, data: str, seed: int, runs: Path | None) -> Outcome:
    """Ask neuron `index` and score what is answered. `runs`: where full runs are kept; None: nowhere that lasts."""
    target, neuron = _target(suite), suite.neurons[index]
    began = time.monotonic()
    if mind in BASELINES or mind == ORACLE:
        answer = _truth_of(neuron) if mind == ORACLE else _at_a_look(target, index, mind, data, seed)
        formula = None if answer is None else str(answer)
        row: dict[str, object] = {
            "description": "no concept found" if formula is None else f"fires for {formula}",
            "formula": formula,
            "verdict": "inconclusive" if formula is None else "supported",
            "confidence": None,
            "pictures": 0 if mind == ORACLE else MOST_PICTURES,
            "run": None,
        }
    else:
        row = _in_a_run(target, index, mind, data, seed, runs)
    seconds = round(time.monotonic() - began, 2)
    found = _score(neuron, None if row["formula"] is None else parse(str(row["formula"])), str(row["verdict"]))
    return Outcome.model_validate(
        {
            **row,
            "mind": mind,
            "name": neuron.name,
            "kind": neuron.kind,
            "behaviour": neuron.behaviour,
            "noise": neuron.noise,
            "fires_for": neuron.fires_for,
            "fires": _fires(neuron, data),
            "seconds": seconds,
            **asdict(found),
        }
    )


def prepare(suite: Suite, data: str) -> None:
    """Dissect the suite over the data, so that workers need not wait for each other."""
    target = _target(suite)
    folder = cache_folder() / "dissections"
    for layer in dict.fromkeys(target.unit(str(i)).layer.name for i in range(len(suite.neurons))):
        unit = next(u for u in (target.unit(str(i)) for i in range(len(suite.neurons))) if u.layer.name == layer)
        profile_unit(unit, open_source(data), None, folder, lambda stage, done, total: None)


def _in_a_run(
    target: SuiteTarget, index: int, mind: str, data: str, seed: int, runs: Path | None
) -> dict[str, object]:
    """A full run of a backbone; of the empiricist on random pictures for "random-queries"."""
    import tempfile

    generator = RANDOM_QUERIES if mind == RANDOM_QUERIES else "sketch"
    with tempfile.TemporaryDirectory() as nowhere:
        answer = ask(
            target.unit(str(index)),
            backbone="empiricist" if mind == RANDOM_QUERIES else mind,
            generator=generator,
            data=data,
            seed=seed,
            runs=runs or nowhere,
            max_images=MOST_PICTURES,
            page=runs is not None,
        )
    return {
        "description": answer.description,
        "formula": answer.formula,
        "verdict": answer.verdict,
        "confidence": answer.confidence,
        "pictures": answer.images,
        "run": None if runs is None else Path(answer.run).name,
    }


def _at_a_look(target: SuiteTarget, index: int, mind: str, data: str, seed: int) -> Concept | None:
    """What a baseline says, from the data set and 400 further random scenes."""
    unit, source = target.unit(str(index)), open_source(data)
    profile = profile_unit(unit, source, None, cache_folder() / "dissections", lambda stage, done, total: None)
    further = _further(seed)
    peaks = [float(found.max()) for found in target.maps(further, unit)]
    rng = np.random.default_rng([seed, index])
    return BASELINES[mind](Seen(_corpus(data, seed), np.concatenate([profile.peaks.astype(float), peaks]), rng))


@lru_cache(maxsize=2)
def _further(seed: int) -> Sequence[Picture]:
    with Store(cache_folder()) as store:
        generator = SketchGenerator(store)
        scenes = [random_scene(FURTHER_SEED + seed, i) for i in range(MOST_PICTURES)]
        found = [generator.paint(scene, FromPrompt("sketch", "a random scene", i)) for i, scene in enumerate(scenes)]
        for picture in found:
            picture.pixels  # noqa: B018  # read while the store is open
        return found


@lru_cache(maxsize=2)
def _data_corpus(data: str) -> Corpus:
    source = open_source(data)
    return Corpus([source.about(i) for i in range(len(source))])


@lru_cache(maxsize=2)
def _corpus(data: str, seed: int) -> Corpus:
    return Corpus([*_data_corpus(data).abouts, *(About(picture.caption, picture.scene) for picture in _further(seed))])


@lru_cache(maxsize=2)
def _target(suite: Suite) -> SuiteTarget:
    return SuiteTarget(suite, f"synthetic:{suite.name}", maps=False, device="cpu")


# ---- the truth, which only the score sees ----------------------------------------------------------------------------


def _truth_of(neuron: SuiteNeuron) -> Concept | None:
    truth = neuron.truth()
    return None if truth is None or isinstance(truth, OffLanguage) else truth


def _fires(neuron: SuiteNeuron, data: str) -> int | None:
    truth = neuron.truth()
    if truth is None:
        return None
    if isinstance(truth, OffLanguage):
        return sum(true_of(truth, about.scene) for about in _data_corpus(data).abouts if about.scene is not None)
    return int(_data_corpus(data).truths(truth).sum())


def _score(neuron: SuiteNeuron, answer: Concept | None, verdict: str) -> Score:
    truth = neuron.truth()
    if truth is None:
        return Score(False, None, None, None, None, None, None)
    known: Truth = truth
    by = neuron.by if neuron.by in ("area", "match", "count") else "area"
    planted = neuron.behaviour == "planted"
    return score(
        _truth_of(neuron),
        answer,
        verdict,
        lambda scene: true_of(known, scene),
        None if planted else lambda scene: noise_free(known, scene, "graded", by, neuron.weights),  # type: ignore[arg-type]
    )
