"""What every benchmark writes down of an answer, in the same words, whoever gave it.

Covered: an answer of a full run, and a concept that was found by a look at pictures alone. Not covered: what a benchmark adds
of its own (`synthetic/outcome.py`, `logits/outcome.py`), and how rows are kept (`answer_lines.py`).
"""

from __future__ import annotations

from pathlib import Path

from ..agent.answer import Answer
from ..tools.sketch.concept import Concept


def of_run(answer: Answer, kept: bool) -> dict[str, object]:
    """What a full run answered. `kept`: whether its folder stays, so that it may be named."""
    return {
        "description": answer.description,
        "formula": answer.formula,
        "verdict": answer.verdict,
        "confidence": answer.confidence,
        "pictures": answer.images,
        "run": Path(answer.run).name if kept else None,
    }


def of_look(found: Concept | None, pictures: int) -> dict[str, object]:
    """What a look found. It has no test to pass, so that whatever it says counts as supported.

    `pictures`: those that were spent beyond the data.
    """
    return {
        "description": "no concept found" if found is None else f"fires for {found}",
        "formula": None if found is None else str(found),
        "verdict": "inconclusive" if found is None else "supported",
        "confidence": None,
        "pictures": pictures,
        "run": None,
    }
