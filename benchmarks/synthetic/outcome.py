"""One neuron asked by one mind: what it was, what was answered, and how the answer scored.

Covered: the record, as it is kept on disk and in `--json`. Not covered: how it comes about (`asking.py`), rates
(`figures.py`).
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Verdict = Literal["supported", "inconclusive", "no-concept"]
NULL, OFF_LANGUAGE, PLANTED = "null", "off-language", "planted filters"


class Outcome(BaseModel):
    """The answer to one neuron. `kind`, `behaviour`: as in its suite. `fires`: data pictures that the truth is true of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mind: str
    name: str
    kind: str
    behaviour: str
    noise: float
    fires_for: str | None
    fires: int | None
    description: str
    formula: str | None
    verdict: Verdict
    confidence: float | None
    recovered: bool
    disagreement: float | None
    f1: float | None
    pearson: float | None
    auprc: float | None
    oracle_pearson: float | None
    oracle_auprc: float | None
    pictures: int
    seconds: float
    run: str | None

    @property
    def null(self) -> bool:
        """Whether nothing in a picture drives the neuron."""
        return self.kind == NULL

    @property
    def right(self) -> bool:
        """Whether the verdict is right: a null is no concept, a concept is recovered, what cannot be said is left open."""
        if self.null:
            return self.verdict == "no-concept"
        return self.verdict != "supported" if self.kind == OFF_LANGUAGE else self.recovered
