"""One neuron of a suite asked by one mind, and its answer scored.

Covered: the minds (backbones in full runs; the empiricist on random pictures; the baselines that look once; the oracle),
the pictures that each may spend, what each is told of the data's pictures (as they are; partly false; without some nouns),
how often the truth occurs in the data. Not covered: many neurons (`benchmark.py`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from ...agent.ask import ask, profile_unit
from ...agent.run_keys import code_key
from ...synthetic_neurons.off_language import OffLanguage
from ...synthetic_neurons.responses import Graded, Truth, noise_free, true_of
from ...synthetic_neurons.scene_neuron import REST, R
from ...synthetic_neurons.suite import Suite, SuiteNeuron
from ...synthetic_neurons.suite_target import SuiteTarget
from ...targets.picture import FromPrompt, Picture, Scene
from ...tools.corpus import Corpus
from ...tools.sketch.caption import caption
from ...tools.sketch.concept import Concept, parse
from ...tools.sketch.scenes import random_scene
from ...tools.sketch_generator import SketchGenerator
from ...tools.sources.open_source import open_source
from ...tools.sources.source import About, Source
from ...tools.store import Store, cache_folder
from ..answer_rows import of_look, of_run
from .baselines import BASELINES, Seen
from .descriptions import Misdescribed, SeeingSuite, noisy, without_nouns
from .descriptions import withheld as nouns_to_withhold
from .in_words import formula_in
from .outcome import PLAIN, Condition, Outcome
from .predictive import Predicted, predict
from .scoring import Score, score

ORACLE, RANDOM_QUERIES = "oracle", "random-queries"
MOST_PICTURES = 400  # beyond the data set, for whoever asks
FURTHER_SEED = 515_151_515  # of the random scenes that baselines see beside the data


def minds() -> tuple[str, ...]:
    """All that can be compared without naming a backbone of one's own."""
    return ("empiricist", RANDOM_QUERIES, *BASELINES, ORACLE)


def in_full_runs(mind: str) -> bool:
    """Whether a mind asks in runs of its own, and does not only look."""
    return mind not in BASELINES and mind != ORACLE


def ask_one(
    suite: Suite, index: int, mind: str, data: str, seed: int, runs: Path | None, condition: Condition = PLAIN,
    most: int = MOST_PICTURES,
) -> Outcome:
    """Ask neuron `index` and score what is answered. `runs`: where full runs are kept; None: nowhere that lasts.

    `most`: pictures that a full run may spend.
    """
    neuron = suite.neurons[index]
    began = time.monotonic()
    if in_full_runs(mind):
        row = _in_a_run(suite, index, mind, data, seed, runs, condition, most)
    else:
        found = _truth_of(neuron) if mind == ORACLE else _at_a_look(suite, index, mind, data, seed, condition)
        row = of_look(found, 0 if mind == ORACLE else MOST_PICTURES)
    seconds = round(time.monotonic() - began, 2)
    read = formula_in(str(row["description"])) if row["formula"] is None and row["verdict"] == "supported" else None
    answer = read if row["formula"] is None else parse(str(row["formula"]))
    return Outcome.model_validate(
        {
            **row,
            "mind": mind,
            "condition": condition,
            "name": neuron.name,
            "kind": neuron.kind,
            "behaviour": neuron.behaviour,
            "noise": neuron.noise,
            "fires_for": neuron.fires_for,
            "fires": _fires(neuron, data),
            "formula": None if answer is None else str(answer),
            "read_from_words": read is not None,
            "predicted": None if answer is None else _predicted(suite, index, answer),
            "seconds": seconds,
            "code": code_key()[:8],
            **_score(neuron, answer, str(row["verdict"])).model_dump(exclude=set() if in_full_runs(mind) else {"differing"}),
        }
    )


def prepare(suite: Suite, data: str, condition: Condition = PLAIN) -> None:
    """Dissect the suite over the data, so that workers need not wait for each other."""
    target = _target(suite, data, condition)
    folder = cache_folder() / "dissections"
    units = [target.unit(str(i)) for i in range(len(suite.neurons))]
    for unit in {unit.layer.name: unit for unit in units}.values():
        profile_unit(unit, _source(suite, data, condition), None, folder, lambda stage, done, total: None)


def withheld(suite: Suite) -> tuple[str, ...]:
    """The nouns that descriptions lack where they are told without some."""
    known = (_truth_of(neuron) for neuron in suite.neurons)
    return nouns_to_withhold([truth for truth in known if truth is not None])


def _in_a_run(
    suite: Suite, index: int, mind: str, data: str, seed: int, runs: Path | None, condition: Condition, most: int
) -> dict[str, object]:
    """A full run of a backbone; of the empiricist on random pictures for "random-queries"."""
    import tempfile

    generator = RANDOM_QUERIES if mind == RANDOM_QUERIES else "sketch"
    with tempfile.TemporaryDirectory() as nowhere:
        answer = ask(
            _target(suite, data, condition).unit(str(index)),
            backbone="empiricist" if mind == RANDOM_QUERIES else mind,
            generator=generator,
            data=_source(suite, data, condition),
            seed=seed,
            runs=runs or nowhere,
            max_images=most,
            page=runs is not None,
        )
    return of_run(answer, kept=runs is not None)


def _at_a_look(suite: Suite, index: int, mind: str, data: str, seed: int, condition: Condition) -> Concept | None:
    """What a baseline says, from the data set and 400 further random scenes."""
    target, source = _target(suite, data, condition), _source(suite, data, condition)
    unit = target.unit(str(index))
    profile = profile_unit(unit, source, None, cache_folder() / "dissections", lambda stage, done, total: None)
    peaks = [profile.peaks.astype(float), _on_further(suite, index, seed)]
    rng = np.random.default_rng([seed, index])
    return BASELINES[mind](Seen(_corpus(suite, data, seed, condition), np.concatenate(peaks), rng))


def _on_further(suite: Suite, index: int, seed: int) -> np.ndarray:
    """The neuron's peaks on the further scenes: float64, (400,). A network is asked once for all units of a layer."""
    unit = _plain(suite).unit(str(index))
    if suite.neurons[index].behaviour == "planted":
        assert unit.index is not None  # no group is part of a suite
        return _of_layer(suite, unit.layer.name, seed)[:, unit.index]
    return np.array([float(found.max()) for found in unit.target.maps(_further(seed), unit)])


@lru_cache(maxsize=8)
def _of_layer(suite: Suite, layer: str, seed: int) -> np.ndarray:
    target = _plain(suite)
    return target.peaks(_further(seed), layer, range(target.layer(layer).units)).astype(np.float64)


@lru_cache(maxsize=2)
def _further(seed: int) -> Sequence[Picture]:
    return _painted([random_scene(FURTHER_SEED + seed, i) for i in range(MOST_PICTURES)], "a random scene")


def _painted(scenes: Sequence[Scene], what: str) -> list[Picture]:
    with Store(cache_folder()) as store:
        generator = SketchGenerator(store)
        found = [generator.paint(scene, FromPrompt("sketch", what, i)) for i, scene in enumerate(scenes)]
        for picture in found:
            picture.pixels  # noqa: B018  # read while the store is open
        return found


# ---- the data, and what is said of them -------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _source(suite: Suite, data: str, condition: Condition) -> Source:
    source = open_source(data)
    match condition:
        case "noisy captions":
            return noisy(source)
        case "missing nouns":
            return without_nouns(source, withheld(suite))
    return source


@lru_cache(maxsize=4)
def _target(suite: Suite, data: str, condition: Condition) -> SuiteTarget:
    source = _source(suite, data, condition)
    if isinstance(source, Misdescribed):
        return SeeingSuite(suite, f"synthetic:{suite.name}", source, device="cpu")
    return _plain(suite)


@lru_cache(maxsize=4)
def _corpus(suite: Suite, data: str, seed: int, condition: Condition) -> Corpus:
    """What is said of the data and of the further scenes: of both in the same manner."""
    source = _source(suite, data, condition)
    scenes = [picture.scene for picture in _further(seed) if picture.scene is not None]
    if isinstance(source, Misdescribed):
        scenes = [source.described(scene, len(source) + i) for i, scene in enumerate(scenes)]
    return Corpus([*(source.about(i) for i in range(len(source))), *(About(caption(scene), scene) for scene in scenes)])


@lru_cache(maxsize=2)
def _as_it_is(data: str) -> Corpus:
    """What the data show, whatever is said of them."""
    source = open_source(data)
    return Corpus([source.about(i) for i in range(len(source))])


# ---- the truth, which only the score sees ----------------------------------------------------------------------------


def _truth_of(neuron: SuiteNeuron) -> Concept | None:
    truth = neuron.truth()
    return None if truth is None or isinstance(truth, OffLanguage) else truth


def _fires(neuron: SuiteNeuron, data: str) -> int | None:
    truth = neuron.truth()
    if truth is None:
        return None
    if isinstance(truth, OffLanguage):
        return sum(true_of(truth, about.scene) for about in _as_it_is(data).abouts if about.scene is not None)
    return int(_as_it_is(data).truths(truth).sum())


def _score(neuron: SuiteNeuron, answer: Concept | None, verdict: str) -> Score:
    truth = neuron.truth()
    if truth is None:
        return Score()
    known: Truth = truth
    planted = neuron.behaviour == "planted"
    return score(
        _truth_of(neuron),
        answer,
        verdict,
        lambda scene: true_of(known, scene),
        None if planted else lambda scene: noise_free(known, scene, "graded", _by(neuron), neuron.weights),
    )


def _predicted(suite: Suite, index: int, answer: Concept) -> Predicted | None:
    """The predictive protocol: without noise where a scene tells the response, else on pictures that are painted."""
    neuron = suite.neurons[index]
    truth = neuron.truth()
    if truth is None or neuron.behaviour not in ("graded", "binary"):
        unit = _plain(suite).unit(str(index))
        return predict(
            answer,
            lambda scenes: [
                float(found.max()) for found in unit.target.maps(_painted(scenes, "a prompt of an answer"), unit)
            ],
        )
    known: Truth = truth
    return predict(
        answer,
        lambda scenes: [
            REST + R * noise_free(known, scene, neuron.behaviour, _by(neuron), neuron.weights) for scene in scenes
        ],
    )


@lru_cache(maxsize=2)
def _plain(suite: Suite) -> SuiteTarget:
    return SuiteTarget(suite, f"synthetic:{suite.name}", maps=False, device="cpu")


def _by(neuron: SuiteNeuron) -> Graded:
    return neuron.by if neuron.by in ("area", "match", "count") else "area"  # type: ignore[return-value]
