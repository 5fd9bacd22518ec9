"""One output unit asked by one mind, and its answer scored by the class's name and on held-out cut-outs.

Covered: backbones in full runs, the baselines of the synthetic benchmark, which look at the data and at 400 further scenes,
and the class's own name beside them; the controls; what an answer predicts on scenes that no run explores (the photographs
in them are those that the runs cut out: most nouns have one). Not covered: many units (`benchmark.py`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from ...agent.ask import ask, profile_unit
from ...agent.run_keys import code_key
from ...targets.target import Unit
from ...tools.corpus import Corpus
from ...tools.sketch.concept import Concept, parse
from ...tools.sources.cutouts import CutoutSource
from ...tools.statistics import auprc, pearson
from ...tools.store import cache_folder
from ..answer_rows import of_look, of_run
from ..synthetic.asking import FURTHER_SEED, MOST_PICTURES
from ..synthetic.baselines import BASELINES, Seen
from ..synthetic.scoring import UNUSED_SEED
from ..unseen_pictures import HELD_OUT, like
from .class_nouns import class_nouns
from .outcome import Asked, Control, Fit
from .output_units import OutputUnits

OWN_NAME = "class name"


@dataclass(frozen=True)
class Setting:
    """What is the same for every answer: the network, the data (``cutouts:N@SEED ...``), the seed, where runs are kept."""

    network: str
    data: str
    seed: int
    runs: Path | None


def minds() -> tuple[str, ...]:
    """All that can be compared without naming a backbone of one's own."""
    return ("empiricist", *BASELINES, OWN_NAME)


def in_full_runs(mind: str) -> bool:
    """Whether a mind asks in runs of its own, and does not only look."""
    return mind not in BASELINES and mind != OWN_NAME


def ask_one(setting: Setting, mind: str, index: int, condition: Control) -> Asked:
    """Ask the output unit of class `index`, or its control, and score what is answered."""
    unit = unit_of(setting, index, condition)
    facts, began = class_nouns(), time.monotonic()
    nouns = frozenset(cutouts(setting.data).words.nouns) | facts.nouns.keys()
    row: dict[str, object]
    weighed: dict[str, float] = {}
    if in_full_runs(mind):
        row, weighed = _in_a_run(setting, unit, mind)
    else:
        found = facts.own_name(index) if mind == OWN_NAME else _at_a_look(setting, unit, mind, index)
        row = of_look(found, 0 if mind == OWN_NAME else MOST_PICTURES)
    answer = None if row["formula"] is None else parse(str(row["formula"]), nouns=nouns)
    weights = {parse(label, nouns=nouns): weight for label, weight in weighed.items()}
    first = next((label for label, weight in weights.items() if weight > 0), None)
    return Asked.model_validate(
        {
            **row,
            "mind": mind,
            "condition": condition,
            "index": index,
            "name": facts.classes[index],
            "told_exactly": "exactly" in facts.nouns_for(index).values(),
            "unit": unit.address,
            "named": None if answer is None else facts.named(index, answer),
            "fit": None if answer is None else fit(setting, unit, answer),
            "weights": {str(label): weight for label, weight in weights.items()},
            "first_named": None if first is None else facts.named(index, first),
            "weights_pearson": _pearson_of(setting, unit, weights) if weights else None,
            "own_name": fit(setting, unit, facts.own_name(index)),
            "seconds": round(time.monotonic() - began, 2),
            "code": code_key()[:8],
        }
    )


def unit_of(setting: Setting, index: int, condition: Control) -> Unit:
    """The unit that stands for a class in the network, or in a control."""
    network = f"{setting.network}-random@{setting.seed}" if condition == "random weights" else setting.network
    return _target(network, setting.seed).unit_of(index, shuffled=condition == "shuffled")


def fit(setting: Setting, unit: Unit, answer: Concept) -> Fit:
    """What an answer predicts of the unit on the held-out cut-outs."""
    held_out = like(setting.data, HELD_OUT, UNUSED_SEED)
    true, peaks = corpus(held_out).truths(answer), peaks_of(unit, held_out)
    seen = np.isfinite(peaks)
    true, peaks = true[seen], peaks[seen]
    found, r = auprc(true, peaks), pearson(true.astype(float), peaks)
    return Fit(
        auprc=None if found is None else round(found, 4), pearson=None if r is None else round(r, 4), base=round(true.mean(), 4)
    )


def _pearson_of(setting: Setting, unit: Unit, weights: Mapping[Concept, float]) -> float | None:
    """How the sum of the labels' weights goes with the unit on the held-out cut-outs."""
    held_out = like(setting.data, HELD_OUT, UNUSED_SEED)
    peaks = peaks_of(unit, held_out)
    seen = np.isfinite(peaks)
    lift = sum(weight * corpus(held_out).truths(label) for label, weight in weights.items())
    r = pearson(np.asarray(lift, dtype=float)[seen], peaks[seen])
    return None if r is None else round(r, 4)


def peaks_of(unit: Unit, data: str) -> np.ndarray:
    """The unit's peaks over a source: float64; a source is shown to a network once, for all units."""
    folder = cache_folder() / "dissections"
    return profile_unit(unit, cutouts(data), None, folder, lambda stage, done, total: None).peaks.astype(np.float64)


@lru_cache(maxsize=4)
def cutouts(data: str) -> CutoutSource:
    """The source of that name, opened once. Raises `BadInput`."""
    return CutoutSource(data)


@lru_cache(maxsize=4)
def corpus(*data: str) -> Corpus:
    """What the pictures of some sources show, one source after the other."""
    return Corpus([source.about(i) for source in map(cutouts, data) for i in range(len(source))])


def _in_a_run(setting: Setting, unit: Unit, mind: str) -> tuple[dict[str, object], dict[str, float]]:
    import tempfile

    with tempfile.TemporaryDirectory() as nowhere:
        answer = ask(
            unit,
            backbone=mind,
            data=cutouts(setting.data),
            seed=setting.seed,
            runs=setting.runs or nowhere,
            max_images=MOST_PICTURES,
            page=setting.runs is not None,
        )
    weighed = answer.weighted.labels if answer.weighted is not None else []
    return of_run(answer, kept=setting.runs is not None), {one.label: one.weight for one in weighed}


def _at_a_look(setting: Setting, unit: Unit, mind: str, index: int) -> Concept | None:
    """What a baseline says, from the data set and 400 further scenes."""
    further = like(setting.data, MOST_PICTURES, FURTHER_SEED + setting.seed)
    peaks = np.concatenate([peaks_of(unit, setting.data), peaks_of(unit, further)])
    assert np.isfinite(peaks).all(), "a broken stamp"
    return BASELINES[mind](Seen(corpus(setting.data, further), peaks, np.random.default_rng([setting.seed, index])))


@lru_cache(maxsize=2)
def _target(network: str, seed: int) -> OutputUnits:
    return OutputUnits(network, seed)
