"""One output unit asked by one mind: which class it is, what was answered, and how the answer scored.

Covered: the record of one answer, and the folder of them that a benchmark goes on from. Not covered: how an answer comes
about (`asking.py`), rates (`figures.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from ..answer_lines import KeptAnswers
from ..synthetic.outcome import Verdict
from .class_nouns import Named

Control = Literal["network", "shuffled", "random weights"]
CONTROLS: tuple[Control, ...] = ("network", "shuffled", "random weights")
Key = tuple[str, Control, int]  # mind, what was asked, the class
VERSION = 1  # of the record and the score: answers scored otherwise are not gone on from


class Fit(BaseModel):
    """What an answer predicts on cut-outs that the run did not explore; None where it is true of none of them, or of all.

    `auprc`: average precision of finding by the unit's activation the pictures that the answer is true of. `pearson`: of the
    answer's truth with the activation. `base`: the share of pictures that it is true of, which is the AUPRC of chance.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    auprc: float | None
    pearson: float | None
    base: float


class Asked(BaseModel):
    """The answer about one output unit.

    `condition`: the network's own unit, the shuffled one beside it, or the unit of the same network with random weights.
    `told_exactly`: whether some stamp's noun is the class's own name. `named`: what the formula says of the class, whatever
    the verdict; None without a formula. `fit`: of the formula; `own_name`: of the best that the nouns can say of the class.
    `weights`: what each label lifts the unit by (below 0: lowers), strongest first, where a run weighed them;
    `first_named`: what the strongest that lifts says of the class; `weights_pearson`: of their sum with the unit on the
    held-out cut-outs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mind: str
    condition: Control
    index: int
    name: str
    told_exactly: bool
    unit: str
    description: str
    formula: str | None
    verdict: Verdict
    confidence: float | None
    named: Named | None
    fit: Fit | None
    own_name: Fit
    weights: dict[str, float] = {}
    first_named: Named | None = None
    weights_pearson: float | None = None
    pictures: int
    seconds: float
    run: str | None
    code: str

    @property
    def supported(self) -> bool:
        """Whether something was claimed."""
        return self.verdict == "supported" and self.formula is not None

    @property
    def exact(self) -> bool:
        """Whether the class's own name was claimed."""
        return self.supported and self.named == "exact"

    @property
    def right(self) -> bool:
        """Whether the class's own name, or what is a kind of it or it a kind of, was claimed."""
        return self.supported and self.named in ("exact", "hypernym")


def kept_in(folder: Path, about: dict[str, Any]) -> KeptAnswers[Key, Asked]:
    """The answers of one benchmark on disk. Raises `BadInput` where none can be."""
    return KeptAnswers(folder, "logits", {"version": VERSION, **about}, Asked, key_of)


def key_of(answer: Asked) -> Key:
    """What tells an answer from every other of the same benchmark."""
    return answer.mind, answer.condition, answer.index
