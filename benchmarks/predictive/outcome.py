"""What one method said of one unit, and how that predicts the unit.

Covered: the record of one answer, and the folder of them that a benchmark goes on from. Not covered: how an answer comes about
(`asking.py`), means over many (`figures.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from ..answer_lines import KeptAnswers
from ..synthetic.outcome import Verdict
from .description import Description
from .drawn import Drawn
from .fit import Fit

Condition = Literal["network", "shuffled", "random weights"]
CONDITIONS: tuple[Condition, ...] = ("network", "shuffled", "random weights")
Key = tuple[str, Condition, str]  # method, what was asked, the unit
VERSION = 1  # of the record and the score: answers scored otherwise are not gone on from


class Told(BaseModel):
    """What a method said of a unit, and what that is worth on pictures that it has not seen.

    `condition`: the network's own unit, its shuffled twin, or the unit of the same place in the network with random weights.
    `said`: None where nothing was. `verdict`: a method that has no test claims whatever it says. `drawn`: None where nothing of
    it can be drawn. `pictures`: those spent beyond the data. `code`: the beginning of the digest of lettvin's code.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str
    condition: Condition
    layer: str
    index: int
    unit: str
    said: Description | None
    verdict: Verdict
    confidence: float | None
    fit: Fit
    drawn: Drawn | None
    pictures: int
    seconds: float
    run: str | None
    code: str

    @property
    def name(self) -> str:
        """The unit's address, by which two methods' answers are paired."""
        return self.unit

    @property
    def claimed(self) -> bool:
        """Whether something was claimed."""
        return self.verdict == "supported" and self.said is not None

    @property
    def pearson(self) -> float:
        """Pearson's correlation; silence predicts nothing."""
        return self.fit.pearson or 0.0

    def auprc(self, chance: float) -> float:
        """AUPRC of finding the unit's strongest pictures; silence is chance."""
        return chance if self.fit.auprc is None else self.fit.auprc


def kept_in(folder: Path, about: dict[str, Any]) -> KeptAnswers[Key, Told]:
    """The answers of one benchmark on disk. Raises `BadInput` where none can be."""
    return KeptAnswers(folder, "predictive", {"version": VERSION, **about}, Told, key_of)


def key_of(told: Told) -> Key:
    """What tells an answer from every other of the same benchmark."""
    return told.method, told.condition, told.unit
