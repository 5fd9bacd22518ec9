"""The best rival of an answer: of all other concepts raised in the run, the one that fits its measurements best.

The lab chooses it, so that no backbone can look good beside a weak one. Fit is the correlation of "the concept is true"
with the peak: once over the open data, where chance binds factors together, and once over the pictures designed in this
run (experiments, refused conclusions), where they are apart and which therefore weigh double. Not covered: how the rival
is then tested (`admission.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ..tools.lab import Lab, Reading
from ..tools.sketch.concept import Concept, normal
from ..tools.statistics import pearson
from .admission import LEAST, disagreements
from .transcript import Decided, Judged

DESIGNED_WEIGHT = 2.0


def others(answer: Concept, raised: Iterable[Concept]) -> list[Concept]:
    """The concepts raised that are not the answer in other words, each once, in the order they were raised."""
    found = {normal(concept): concept for concept in raised if normal(concept) != normal(answer)}
    return list(found.values())


def best_rival(lab: Lab, answer: Concept, rivals: Sequence[Concept], designed: Sequence[Reading], attempt: int) -> Concept:
    """The best-fitting of `rivals` (not empty) that can be told apart from the answer; the best-fitting where none can.

    Told apart: at least as many pictures as a block needs can be had on which one is true and the other false. Nothing is
    measured for it. Ties go by the formula.
    """
    ranked = sorted(rivals, key=lambda rival: (-fit(lab, rival, designed), str(rival)))
    for rival in ranked:
        if len(disagreements(lab, answer, rival, lab.stream("rivals", str(attempt), str(rival)))) >= LEAST:
            return rival
    return ranked[0]


def fit(lab: Lab, concept: Concept, designed: Sequence[Reading]) -> float:
    """How well a concept goes with the unit's peak, -1 to 1: on the open data and, weighing double, on `designed`."""
    on_data = _correlation(lab.corpus.truths(concept)[lab.open], lab.peaks[lab.open])
    if not designed:
        return on_data
    true = np.array([lab.holds(concept, lab.find(reading.picture)) for reading in designed])
    on_designed = _correlation(true, np.array([reading.peak for reading in designed]))
    return (on_data + DESIGNED_WEIGHT * on_designed) / (1 + DESIGNED_WEIGHT)


def designed_readings(judged: Iterable[Judged], decided: Iterable[Decided]) -> list[Reading]:
    """What the run measured on pictures of its own making, each picture once."""
    found = {r.picture: r for event in judged for condition in event.measured for r in condition.readings}
    found |= {r.picture: r for d in decided for block in d.blocks if block.name != "held-back" for r in block.readings}
    return list(found.values())


def _correlation(true: np.ndarray, peaks: np.ndarray) -> float:
    return pearson(true.astype(float), peaks.astype(float)) or 0.0
