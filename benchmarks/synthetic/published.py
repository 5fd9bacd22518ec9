"""What `--json` prints: one object with every figure, its interval and its number beside it, and every neuron.

Covered: the form. In `figures` each share stands as a bare rate where a program looks for it, and under `intervals` and `n`,
at the same place, its 95% interval and how many it is of. Not covered: how figures come about (`figures.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .figures import figures, paired_difference
from .outcome import Outcome
from .result import Result

BASE = "empiricist"  # whom the others are compared with, where it was asked


def as_object(result: Result) -> dict[str, Any]:
    """``{name, suite, detector, drawn [...], data, seed, figures {MIND: ...}, differences {of, minus}, neurons [...], page,
    command}``; of a detector's suite `drawn` tells, by kind, how many formulas were refused and why."""
    return {
        "name": "synthetic",
        "suite": result.suite.name,
        "suite_seed": result.suite.seed,
        "detector": result.suite.detector,
        "drawn": [{**drawn.model_dump(mode="json"), "refused": dict(drawn.refused)} for drawn in result.suite.drawn],
        "data": result.data,
        "seed": result.seed,
        "conditions": list(result.conditions),
        "codes": result.codes,
        "figures": {mind: published(figures(outcomes)) for mind, outcomes in result.answers.items()},
        "differences": differences(result.answers),
        "neurons": [o.as_object() for outcomes in result.answers.values() for o in outcomes],
        "page": str(result.page),
        "command": result.command,
    }


def published(found: dict[str, Any]) -> dict[str, Any]:
    """One mind's figures with bare rates, and `intervals` and `n` beside."""
    return _each(found, lambda share: share["share"]) | {
        "intervals": _only(found, "interval"),
        "n": _only(found, "n"),
    }


def differences(answers: dict[str, list[Outcome]]) -> dict[str, Any]:
    """The empiricist (else the first mind) minus each other, neuron by neuron, over the kinds that the language says."""
    base = BASE if BASE in answers else next(iter(answers))
    mine = main(answers[base])
    return {
        "of": base,
        "minus": {
            mind: {
                "recovered": paired_difference(mine, main(theirs), lambda o: float(o.recovered)),
                "f1": paired_difference(mine, main(theirs), lambda o: o.f1 or 0.0),
            }
            for mind, theirs in answers.items()
            if mind != base
        },
    }


def main(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The answers to neurons of the kinds that the language says, asked of data described as they are."""
    return [o for o in outcomes if o.main]


def _is_share(found: Any) -> bool:
    return isinstance(found, dict) and found.keys() == {"share", "n", "interval"}


def _each(found: dict[str, Any], of: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    return {
        name: of(value) if _is_share(value) else _each(value, of) if isinstance(value, dict) else value
        for name, value in found.items()
    }


def _only(found: dict[str, Any], field: str) -> dict[str, Any]:
    """The tree of the figures that are shares, with that field in each one's place."""
    kept: dict[str, Any] = {}
    for name, value in found.items():
        if _is_share(value):
            kept[name] = value[field]
        elif isinstance(value, dict) and (inner := _only(value, field)):
            kept[name] = inner
    return kept
