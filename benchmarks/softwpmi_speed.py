"""How long softWPMI takes for a unit: 5,000 pictures x 20,000 concepts on one thread, beside the plain way to compute it.

Covered: seconds of the processor for one unit's scores, whole and in turns with the plain way (one logarithm a number), and
whether both name the same concept. Concept scores and activations are drawn: what they are makes no difference to the time.
Run as `python -m lettvin.benchmarks.softwpmi_speed [--write]`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from .predictive.softwpmi import LEAST, STRONGEST, concept_shares, likelihood, probabilities, softwpmi

PICTURES, CONCEPTS, UNITS, TURNS = 5000, 20_000, 8, 7
GOAL = 23.0  # milliseconds a unit
TO = Path(__file__).parent / "results" / "softwpmi.json"


def plainly(shares: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    """D of one unit, a logarithm for every number."""
    top = np.argsort(-peaks, kind="stable")[:STRONGEST]
    told: np.ndarray = np.log(1 + probabilities(len(top))[:, None] * shares[top] + np.float32(LEAST)).sum(axis=0)
    return told


def measure(pictures: int = PICTURES, concepts: int = CONCEPTS, units: int = UNITS, turns: int = TURNS) -> dict[str, Any]:
    """Milliseconds of the processor a unit: medians over turns that go by turns."""
    rng = np.random.default_rng(0)
    shares = concept_shares(rng.normal(0.2, 0.05, (pictures, concepts)).astype(np.float32))
    peaks = rng.normal(size=(pictures, units)).astype(np.float32)
    mine, plain, same = [], [], []
    for _ in range(turns):
        began = time.process_time()
        found = softwpmi(shares, peaks)
        between = time.process_time()
        slow = np.stack([plainly(shares, peaks[:, unit]) for unit in range(units)])
        mine.append((between - began) / units)
        plain.append((time.process_time() - between) / units)
        fast = np.stack([likelihood(shares, peaks[:, unit]) for unit in range(units)])
        same.append(bool((slow.argmax(axis=1) == fast.argmax(axis=1)).all()) and found.shape == slow.shape)
    return {
        "pictures": pictures,
        "concepts": concepts,
        "milliseconds_a_unit": round(1000 * float(np.median(mine)), 2),
        "plainly": round(1000 * float(np.median(plain)), 2),
        "times_faster": round(float(np.median(plain) / np.median(mine)), 2),
        "same_concepts": all(same),
        "goal": GOAL,
    }


def main(words: list[str]) -> dict[str, Any]:
    """Measure, and with --write keep what was found."""
    told = {"name": "softwpmi", "command": "python -m lettvin.benchmarks.softwpmi_speed --write", "figures": measure()}
    if words == ["--write"]:
        TO.write_text(json.dumps(told, indent=1) + "\n")
    return told


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:]), indent=1))
