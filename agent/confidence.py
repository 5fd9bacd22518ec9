"""Confidence: the probability that a verdict is right, by a map fitted on drawn neurons.

Covered: reading the map (`confidence.json`, from `benchmarks/synthetic/confidence_map.py` or `benchmarks/calibration.py`) and
applying it. A supported answer's features are the lower bounds of its two checks; no-concept has one value; inconclusive
has none. Not covered: fitting.
"""

from __future__ import annotations

import json
import math
from functools import lru_cache
from importlib.resources import files
from typing import Any

from .transcript import Decided, Redrawn


def confidence(verdict: str, admitted: Decided | None, redrawn: Redrawn | None, dead: bool) -> float | None:
    """Probability in (0, 1) that the verdict is right; None for inconclusive."""
    if verdict == "supported" and admitted is not None:
        return round(_logistic(known_map()["supported"], features(admitted)), 3)
    if verdict == "no-concept":
        return round(float(known_map()["constant" if dead else "no-concept"]), 3)
    return None


def features(admitted: Decided) -> dict[str, float]:
    """What the map reads: lower bounds of high against near misses, and of answer against rival, each above its floor."""
    against, rival = admitted.checks[0], admitted.checks[1]
    return {
        "near": (against.interval[0] if against.interval else 0.5) - 0.75,
        "rival": (rival.interval[0] if rival.interval else 0.5) - 0.5,
        "attempt": float(admitted.attempt - 1),
    }


def _logistic(weights: dict[str, float], values: dict[str, float]) -> float:
    score = weights["bias"] + sum(weights[name] * value for name, value in values.items())
    return 1 / (1 + math.exp(-score))


@lru_cache(maxsize=1)
def known_map() -> dict[str, Any]:
    """The map in use, with what it was fitted on."""
    return dict(json.loads((files(__package__) / "confidence.json").read_text()))
