"""One neuron asked by one mind: what it was, what was answered, and how the answer scored.

Covered: the record, as it is kept on disk, and what of it `--json` tells first. Not covered: how it comes about
(`asking.py`), rates (`figures.py`).
"""

from __future__ import annotations

from typing import Any, Literal

from .predictive import Predicted
from .scoring import Score

Verdict = Literal["supported", "inconclusive", "no-concept"]
Condition = Literal["plain", "noisy captions", "missing nouns"]
NULL, OFF_LANGUAGE, PLANTED = "null", "off-language", "planted filters"
PLAIN: Condition = "plain"
TOLD_FIRST = (
    *("mind", "condition", "name", "kind", "fires_for", "description", "formula", "verdict", "confidence", "recovered"),
    *("disagreement", "f1", "pearson", "auprc", "pictures", "seconds"),
)


class Outcome(Score):
    """The answer to one neuron. `kind`, `behaviour`: as in its suite.

    `condition`: what the mind was told of the data's pictures. `fires`: data pictures that the truth is true of. `formula`: the
    answer's own, or (`read_from_words`) what its description says. `predicted`: the predictive protocol's figures, None where
    nothing that can be drawn was answered. `code`: the beginning of the digest of lettvin's own code that answered.
    """

    mind: str
    condition: Condition = PLAIN
    name: str
    kind: str
    behaviour: str
    noise: float
    fires_for: str | None
    fires: int | None
    description: str
    formula: str | None
    read_from_words: bool = False
    verdict: Verdict
    confidence: float | None
    predicted: Predicted | None = None
    pictures: int
    seconds: float
    run: str | None
    code: str = ""

    @property
    def null(self) -> bool:
        """Whether nothing in a picture drives the neuron."""
        return self.kind == NULL

    @property
    def main(self) -> bool:
        """Whether it is of the kinds that the language says, and asked of data described as they are."""
        return self.condition == PLAIN and self.kind not in (NULL, OFF_LANGUAGE, PLANTED)

    @property
    def counted(self) -> bool:
        """Whether confidence and false discoveries are counted over it: the kinds that the language says, and nulls."""
        return self.main or (self.null and self.condition == PLAIN)

    @property
    def right(self) -> bool:
        """Whether the verdict is right: a null is no concept, a concept is recovered, what cannot be said is left open."""
        if self.null:
            return self.verdict == "no-concept"
        return self.recovered or (self.kind == OFF_LANGUAGE and self.verdict != "supported")

    def as_object(self) -> dict[str, Any]:
        """What was answered and how it scored, what is asked for most first."""
        told = self.model_dump(mode="json", exclude={"differing"})
        return {name: told[name] for name in (*TOLD_FIRST, *(name for name in told if name not in TOLD_FIRST))}
