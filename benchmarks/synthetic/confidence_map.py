"""The map from a conclusion's margins to the probability that it is right, fitted on a finished benchmark of another suite.

    python -m lettvin.benchmarks.synthetic.confidence_map FOLDER [--to agent/confidence.json]

Covered: the empiricist's answers in a folder that `lettvin bench synthetic --suite core@7` has written, the features of each
conclusion read from its run, penalised logistic regression for supported answers, smoothed shares for no-concept, and a
record in the map of the suite it was fitted on. A suite whose figures are reported (`core`, `smoke`) is refused, by its
seed. Not covered: applying the map (`agent/confidence.py`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...agent import confidence
from ...agent.run_folder import read_events
from ...agent.transcript import Decided
from ...synthetic_neurons.drawn_suites import SEEDS
from ...targets.errors import BadInput
from .outcome import Outcome
from .published import BASE
from .result import Result, read_result

LEAST = 10  # supported answers, below which slopes would be noise


@dataclass(frozen=True)
class FittedOn:
    """The suite that the map in use was fitted on."""

    suite: str
    seed: int

    @property
    def text(self) -> str:
        return f"the suite {self.suite}, seed {self.seed}"


def fitted_on() -> FittedOn | None:
    """What the map in use was fitted on; None where that was no suite."""
    told = confidence.known_map().get("suite")
    return None if told is None else FittedOn(str(told["name"]), int(told["seed"]))


def map_from(result: Result) -> dict[str, Any]:
    """The map fitted on a benchmark's answers. Raises `BadInput` on a reported suite, or where there is too little."""
    reported = {seed: name for name, seed in SEEDS.items()}
    if result.suite.seed in reported:
        name = reported[result.suite.seed]
        raise BadInput(
            f"suite {result.suite.name!r} has the seed {result.suite.seed!r} of {name!r}, whose figures are reported: "
            f"ask another draw, such as --suite {name}@7"
        )
    answers = [o for o in result.answers.get(BASE, []) if o.counted]
    supported = [(_features(o, result.folder), o.right) for o in answers if o.verdict == "supported"]
    rows = [(found, right) for found, right in supported if found is not None]
    if len(rows) < LEAST:
        raise BadInput(f"{str(result.folder)!r} holds {len(rows)!r} supported answers of {BASE!r} with their runs, not {LEAST}")
    constant = [o.right for o in answers if o.verdict == "no-concept" and o.behaviour in ("dead", "constant")]
    none = [o.right for o in answers if o.verdict == "no-concept" and o.behaviour not in ("dead", "constant")]
    return fit(rows, none, constant) | {"suite": {"name": result.suite.name, "seed": result.suite.seed, "data": result.data}}


def fit(supported: Sequence[tuple[dict[str, float], bool]], none: Sequence[bool], constant: Sequence[bool]) -> dict[str, Any]:
    """The map: penalised logistic regression for supported, smoothed shares for no-concept.

    `supported`: features of each conclusion, and whether it was right. The penalty (ridge, 1, on the slopes alone) keeps the
    slopes at 0 where the outcomes do not show them.
    """
    from scipy.optimize import minimize

    names = list(supported[0][0])
    x = np.array([[found[name] for name in names] for found, _ in supported])
    y = np.array([right for _, right in supported], float)
    y = y * (1 - 2 / (len(y) + 4)) + 1 / (len(y) + 4)  # two right and two wrong added, spread over the rows

    def loss(weights: np.ndarray) -> float:
        score = weights[0] + x @ weights[1:]
        return float((np.logaddexp(0, score) - y * score).sum() + 0.5 * (weights[1:] ** 2).sum())

    found = minimize(loss, np.zeros(1 + len(names))).x
    slopes = {name: round(float(w), 4) + 0.0 for name, w in zip(names, found[1:], strict=True)}
    return {
        "supported": {"bias": round(float(found[0]), 4)} | slopes,
        "no-concept": _smoothed(none),
        "constant": _smoothed(constant),
        "fitted_on": {"supported": len(supported), "no-concept": len(none), "constant": len(constant)},
    }


def _smoothed(right: Sequence[bool]) -> float:
    return round((sum(right) + 1) / (len(right) + 2), 4)


def _features(outcome: Outcome, folder: Path) -> dict[str, float] | None:
    """The features of the conclusion that was admitted, from the run's record; None where the run is gone."""
    if outcome.run is None:
        return None
    try:
        events = read_events(folder / "runs" / outcome.mind / outcome.run)
    except BadInput:
        return None
    admitted = next((event for event in events if isinstance(event, Decided) and event.verdict == "supported"), None)
    return None if admitted is None else confidence.features(admitted)


def main(words: Sequence[str]) -> int:
    """The command line: prints the map, and with ``--to FILE`` writes it there."""
    import sys

    if len(words) not in (1, 3) or (len(words) == 3 and words[1] != "--to"):
        print(f"lettvin: write FOLDER, or FOLDER --to FILE, not {' '.join(words)!r}", file=sys.stderr)
        return 2
    try:
        found = json.dumps(map_from(read_result(words[0])), indent=1) + "\n"
    except BadInput as error:
        print(f"lettvin: {error}", file=sys.stderr)
        return 2
    print(found, end="")
    if len(words) == 3:
        Path(words[2]).write_text(found)
    return 0


if __name__ == "__main__":
    import sys

    sys.exit(main(sys.argv[1:]))
