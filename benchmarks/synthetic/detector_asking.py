"""One neuron of a detector's suite asked by one mind, and its answer scored.

Covered: the suite for a data set, of formulas that what the detector sees there makes a question; what is shown; and the
score: an answer is right where it is true of the same things as the formula that the detector was asked for, in every
combination of the things that either names; what it predicts of the noise-free response is measured on pictures that no run
explores (of cut-outs; of other data, on the data themselves), beside what the formula itself predicts there: the detector
errs, and so the oracle does. Not covered: neurons that read scenes (`asking.py`), how often a detector is right
(`benchmarks/detector_accuracy.py`).
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from ...agent.ask import ask, profile_unit
from ...agent.run_keys import code_key
from ...synthetic_neurons.detector import Detector, open_detector
from ...synthetic_neurons.detector_neuron import FIRES, DetectorNeurons
from ...synthetic_neurons.detector_suites import detector_suite
from ...synthetic_neurons.scene_neuron import REST, Neuron, R
from ...synthetic_neurons.sightings import Sightings
from ...synthetic_neurons.suite import Suite, SuiteNeuron
from ...synthetic_neurons.suite_target import SuiteTarget
from ...targets.errors import BadInput
from ...targets.picture import Picture
from ...tools.corpus import Corpus
from ...tools.dissection import dissect
from ...tools.profile import Profile
from ...tools.sketch import vocabulary as v
from ...tools.sketch.concept import And, AtLeast, Concept, Not, Or, Phrase, Related, normal, parse
from ...tools.sources.cutouts import CutoutSource
from ...tools.sources.open_source import open_source
from ...tools.sources.source import Source, Unreadable
from ...tools.statistics import auprc, pearson
from ...tools.store import cache_folder
from ..answer_rows import of_look, of_run
from .asking import FURTHER_SEED, MOST_PICTURES, ORACLE, in_full_runs
from .baselines import BASELINES, Seen
from .outcome import Outcome
from .scoring import UNUSED_SEED, Score, f1

DATA = "cutouts:1000"
ATTRIBUTES = frozenset({*v.COLOURS, *v.PATTERNS, *v.SIZES, *v.ORIENTATIONS, *v.FREQUENCIES, *v.BACKGROUNDS, *v.LIGHTS})
HELD_OUT, POOL, POOL_SEED = 600, 200, 918_273_645  # pictures, and a seed that no data set has
MOST_ATOMS, MOST_WORLDS = 12, 4096
Watch = Callable[[int, int], None]


def minds() -> tuple[str, ...]:
    """All that can be compared without naming a backbone of one's own. No drawing is what a detector was made for."""
    return ("empiricist", *BASELINES, ORACLE)


def suite_for(name: str, detector: str, data: str, watch: Watch | None = None) -> Suite:
    """The suite `name` of a detector's neurons, of formulas that the data make a question. Raises `BadInput`.

    `watch(done, total)`: called as the detector looks at the data's pictures, the first time.
    """
    seeing = open_detector(detector, "cpu")
    nouns = sorted(_shown(data, seeing.nouns))
    if not nouns:
        raise BadInput(f"--data {data!r} tells of nothing that the detector {detector!r} knows: give captions that name things")
    return detector_suite(name, detector, sightings(seeing, data, nouns, watch))


def sightings(seeing: Detector, data: str, nouns: Sequence[str], watch: Watch | None = None) -> Sightings:
    """What the detector scores for each noun in each readable picture: a dissection of one neuron a noun, kept as any is."""
    looks = DetectorNeurons([Neuron(noun, noise=0.0) for noun in nouns], seeing, nouns, f"{seeing.name}, by noun", maps=False)
    found = dissect(looks, _source(data), folder=cache_folder() / "dissections", watch=watch)
    scores = (np.asarray(found.peaks(looks.layers[0].name), np.float64) - REST) / R
    shown = np.stack([_corpus(data).truths(Phrase(noun=noun)) for noun in nouns], axis=1)
    readable = np.isfinite(scores).all(axis=1)
    return Sightings(tuple(nouns), scores[readable], shown[readable])


def prepare(suite: Suite, data: str) -> None:
    """Dissect the suite over the data, so that workers need not wait for each other."""
    _profile(suite, data, 0)


def ask_one(suite: Suite, index: int, mind: str, data: str, seed: int, runs: Path | None) -> Outcome:
    """Ask neuron `index` and score what is answered. `runs`: where full runs are kept; None: nowhere that lasts."""
    neuron, began = suite.neurons[index], time.monotonic()
    truth: Concept | None = neuron.truth()  # type: ignore[assignment]  # a detector's neurons fire for nothing off the language
    if in_full_runs(mind):
        row = _in_a_run(suite, index, mind, data, seed, runs)
    else:
        found = truth if mind == ORACLE else _at_a_look(suite, index, mind, data, seed)
        row = of_look(found, 0 if mind == ORACLE else _further(data, seed)[0])
    seconds = round(time.monotonic() - began, 2)
    words = _corpus(data)
    answer = None if row["formula"] is None else parse(str(row["formula"]), words.words, words.nouns | set(suite.nouns))
    return Outcome.model_validate(
        {
            **row,
            "mind": mind,
            "name": neuron.name,
            "kind": neuron.kind,
            "behaviour": neuron.behaviour,
            "noise": neuron.noise,
            "fires_for": neuron.fires_for,
            "fires": None if truth is None else _fires(suite, index, data),
            "formula": None if answer is None else str(answer),
            "seconds": seconds,
            "code": code_key()[:8],
            **(Score() if truth is None else _score(suite, index, data, truth, answer, str(row["verdict"]))).model_dump(),
        }
    )


def agree(one: Concept, other: Concept) -> tuple[float, float]:
    """The share of the combinations of what either names in which they differ, and the F1 of the other for the one."""
    atoms = list(dict.fromkeys(atom for concept in (one, other) for atom in _atoms(concept)))
    if len(atoms) > MOST_ATOMS:
        rng = np.random.default_rng(len(atoms))
        worlds = (rng.random((MOST_WORLDS, len(atoms))) < 0.5).tolist()
    else:
        worlds = [list(world) for world in itertools.product((False, True), repeat=len(atoms))]
    possible = [dict(zip(atoms, world, strict=True)) for world in worlds]
    possible = [world for world in possible if all(world[b] for a in atoms if world[a] for b in atoms if _implies(a, b))]
    true, said = (np.array([_true(concept, world) for world in possible]) for concept in (one, other))
    return float((true != said).mean()), f1(true, said)


def _atoms(concept: Concept) -> list[Concept]:
    if isinstance(concept, Not):
        return _atoms(concept.part)
    return [atom for part in concept.parts for atom in _atoms(part)] if isinstance(concept, And | Or) else [concept]


def _implies(one: Concept, other: Concept) -> bool:
    """Whether what holds the one holds the other too: "large dog" is a dog, and so are two."""
    if isinstance(one, AtLeast | Related) and isinstance(other, Phrase):
        parts = [one.phrase] if isinstance(one, AtLeast) else [one.one, one.other]
        return any(other.named().items() <= part.named().items() for part in parts)
    return isinstance(one, Phrase) and isinstance(other, Phrase) and other.named().items() <= one.named().items()


def _true(concept: Concept, world: dict[Concept, bool]) -> bool:
    if isinstance(concept, Not):
        return not _true(concept.part, world)
    if isinstance(concept, And | Or):
        every = (_true(part, world) for part in concept.parts)
        return all(every) if isinstance(concept, And) else any(every)
    return world[concept]


def _score(suite: Suite, index: int, data: str, truth: Concept, answer: Concept | None, verdict: str) -> Score:
    corpus, response = _held_out(suite, data, index)
    oracle_pearson, oracle_auprc = _fit(corpus.truths(truth), response)
    if answer is None:
        return Score(oracle_pearson=oracle_pearson, oracle_auprc=oracle_auprc)
    apart, harmonic = agree(truth, answer)
    same = normal(truth) == normal(answer) or apart == 0.0
    fit_pearson, fit_auprc = _fit(corpus.truths(answer), response)
    return Score(
        recovered=verdict == "supported" and same,
        disagreement=round(apart, 5),
        f1=round(harmonic, 4),
        pearson=fit_pearson,
        auprc=fit_auprc,
        oracle_pearson=oracle_pearson,
        oracle_auprc=oracle_auprc,
    )


def _fit(said: np.ndarray, response: np.ndarray) -> tuple[float | None, float | None]:
    found = pearson(said.astype(float), response), auprc(said, response)
    return tuple(None if value is None else round(value, 4) for value in found)  # type: ignore[return-value]


# ---- asking -----------------------------------------------------------------------------------------------------------


def _in_a_run(suite: Suite, index: int, mind: str, data: str, seed: int, runs: Path | None) -> dict[str, object]:
    import tempfile

    with tempfile.TemporaryDirectory() as nowhere:
        answer = ask(
            _target(suite, data).unit(str(index)),
            backbone=mind,
            data=_source(data),
            seed=seed,
            runs=runs or nowhere,
            max_images=MOST_PICTURES,
            page=runs is not None,
        )
    return of_run(answer, kept=runs is not None)


def _at_a_look(suite: Suite, index: int, mind: str, data: str, seed: int) -> Concept | None:
    """What a baseline says, from the data and, of cut-outs, 400 further scenes."""
    count, further = _further(data, seed)
    peaks = [_profile(suite, data, index).peaks.astype(float)]
    abouts = list(_corpus(data).abouts)
    if count:
        peaks.append(_profile(suite, further, index, data).peaks.astype(float))
        abouts += _corpus(further).abouts
    seen = np.concatenate(peaks)
    sound = np.isfinite(seen)
    corpus = Corpus([about for about, fine in zip(abouts, sound, strict=True) if fine])
    return BASELINES[mind](Seen(corpus, seen[sound], np.random.default_rng([seed, index])))


def _further(data: str, seed: int) -> tuple[int, str]:
    """How many pictures beside the data a baseline looks at, and their source."""
    if not data.startswith("cutouts:"):
        return 0, ""
    return MOST_PICTURES, _like(data, MOST_PICTURES, FURTHER_SEED + seed)


def _like(data: str, count: int, seed: int) -> str:
    return re.sub(r"^cutouts:\d+(?:@\d+)?", f"cutouts:{count}@{seed}", data)


@lru_cache(maxsize=8)
def _source(data: str) -> Source:
    source = open_source(data)
    if isinstance(source, CutoutSource) and source.seed in (UNUSED_SEED, POOL_SEED):
        raise BadInput(f"--data {data!r}: the seed {source.seed} is that of scenes that no run explores")
    return source


@lru_cache(maxsize=8)
def _corpus(data: str) -> Corpus:
    source = open_source(data)
    return Corpus([source.about(i) for i in range(len(source))])


def _shown(data: str, known: frozenset[str] | None) -> set[str]:
    """The things that the data may show, of those `known` (None: of any): its cut-outs' nouns, or what its captions name."""
    source, words = _source(data), _corpus(data).words
    if isinstance(source, CutoutSource):
        return {noun for noun in source.words.nouns if known is None or noun in known}
    if known is None:
        return {word for word in words if word not in ATTRIBUTES and len(word) > 2 and _names_a_thing(word)}
    return {noun for noun in known if words.issuperset(noun.split())}


def _names_a_thing(word: str) -> bool:
    """Whether a word of a caption can stand alone in a formula, as a thing's name."""
    try:
        return parse(word, nouns=frozenset({word})) == Phrase(noun=word)
    except BadInput:  # a word of the grammar, such as "below"
        return False


def _readable(source: Source, index: int) -> Picture | None:
    try:
        return source.picture(index)
    except Unreadable:
        return None


@lru_cache(maxsize=2)
def _target(suite: Suite, data: str) -> SuiteTarget:
    drawn = _like(data, POOL, POOL_SEED) if data.startswith("cutouts:") else data
    source = open_source(drawn)
    step = max(1, len(source) // POOL)
    pool = [picture for i in range(0, len(source), step) if (picture := _readable(source, i)) is not None][:POOL]
    return SuiteTarget(suite, f"synthetic:{suite.name}", device="cpu", pool=pool)


def _profile(suite: Suite, data: str, index: int, of: str | None = None) -> Profile:
    """The neuron over a source. `of`: the data that the suite is asked on, where that is another."""
    unit = _target(suite, of or data).unit(str(index))
    return profile_unit(unit, open_source(data), None, cache_folder() / "dissections", lambda stage, done, total: None)


def _fires(suite: Suite, index: int, data: str) -> int:
    """Pictures of the data that the neuron fires for, as the detector sees them, by what was measured, noise included."""
    least = min(suite.neurons[index].weights or (1.0,))
    return int((_profile(suite, data, index).peaks > REST + R * FIRES * least).sum())


@lru_cache(maxsize=256)
def _held_out(suite: Suite, data: str, index: int) -> tuple[Corpus, np.ndarray]:
    """What held-out pictures show, and the neuron's noise-free response to them."""
    pictures, corpus = _held_out_pictures(data)
    scene = _target(suite, data).scene
    assert isinstance(scene, DetectorNeurons)  # the suite has a detector
    return corpus, scene.response(_place(suite.neurons, index), pictures)


@lru_cache(maxsize=2)
def _held_out_pictures(data: str) -> tuple[list[Picture], Corpus]:
    """Up to 600 pictures: of cut-outs other scenes, of other data its own."""
    source = open_source(_like(data, HELD_OUT, UNUSED_SEED) if data.startswith("cutouts:") else data)
    rows = [(i, picture) for i in range(min(HELD_OUT, len(source))) if (picture := _readable(source, i)) is not None]
    return [picture for _, picture in rows], Corpus([source.about(i) for i, _ in rows])


def _place(neurons: Sequence[SuiteNeuron], index: int) -> int:
    return sum(neuron.behaviour != "planted" for neuron in neurons[:index])
