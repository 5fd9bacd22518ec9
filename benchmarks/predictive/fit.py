"""How well a prediction does on pictures that only the score sees.

Covered: Pearson's correlation over the whole range; AUPRC of finding the unit's strongest twentieth by the prediction, whose
chance is the same for every description of every unit; and, for a description that is true or false, AUPRC of finding what it
is true of by the unit's activation, as the logit benchmark has it. These fall where labels are missing and where labels are
added at random (`test_predictive_scores.py`), which AUC, MAD and recall do not. Not covered: drawn pictures (`drawn.py`).
"""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict

from ...tools.statistics import auprc, pearson

STRONG = 0.05  # share of pictures that are to be found; what AUPRC is by chance


class Fit(BaseModel):
    """`pearson`, `auprc`: None where the prediction, or the unit, is constant over the pictures.

    `named`: AUPRC of finding by the activation what the description is true of; `base`: the share that it is true of, which is
    what `named` is by chance. Both None where it is not true or false, or true of none or of all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pearson: float | None
    auprc: float | None
    named: float | None = None
    base: float | None = None

    @property
    def above_chance(self) -> float:
        """`named` above chance: 0 by chance, 1 at best."""
        return 0.0 if self.named is None or self.base is None else (self.named - self.base) / (1 - self.base)


def fit(prediction: np.ndarray | None, peaks: np.ndarray) -> Fit:
    """How a prediction does against a unit's peaks on the same pictures; None predicts nothing."""
    if prediction is None or np.ptp(prediction) == 0 or np.ptp(peaks) == 0:
        return Fit(pearson=None, auprc=None)
    levels = np.unique(prediction)
    true = prediction == levels[-1]
    told = len(levels) == 2
    return Fit(
        pearson=_rounded(pearson(prediction, peaks)),
        auprc=_rounded(auprc(strongest(peaks), prediction)),
        named=_rounded(auprc(true, peaks)) if told else None,
        base=round(float(true.mean()), 4) if told else None,
    )


def strongest(peaks: np.ndarray) -> np.ndarray:
    """The strongest twentieth of the pictures, one at least; of equals the earlier ones: bool, (N,)."""
    found = np.zeros(len(peaks), bool)
    found[np.argsort(-peaks, kind="stable")[: max(1, round(STRONG * len(peaks)))]] = True
    return found


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
