"""Rates over many networks: how often the planted bias is found, and how often something that is not there.

Covered: the rates, each of networks with Wilson's interval; what `--json` prints; the table's rows. Rates of subgroups have no
interval: several of one network come and go together. Not covered: the plot (`plots.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ...agent.deciding_experiment import MARGIN
from ..synthetic.figures import Share, share
from .benchmark import SIZE, TRUTH, Outcome, Result
from .networks import RECIPE

PROGRESS = ("networks", "done", "planted found", "found something", "something false")
COLUMNS = ("rate", "counted", "95% interval")


def figures(outcomes: Sequence[Outcome]) -> dict[str, Share]:
    """Every rate by what it is called: `{share, n, interval}`."""
    biased, even = ([o for o in outcomes if o.biased == kind] for kind in (True, False))
    took = [o for o in biased if o.took]
    shares = {
        "biased: the planted subgroup truly scores lower": share([o.took for o in biased]),
        "biased: planted subgroup found": share([o.found for o in biased]),
        "biased, where it truly scores lower: found": share([o.found for o in took]),
        "biased, where it truly scores lower: overlooked by screening": share([o.planted not in o.suspected for o in took]),
        "even: the same subgroup found": share([o.found for o in even]),
        "even: nothing found": share([o.verdict == "none-found" for o in even]),
        "even: some suspect truly scores lower": share([bool(o.true) for o in even]),
        "biased: something false confirmed": share([bool(o.false) for o in biased]),
        "even: something false confirmed": share([bool(o.false) for o in even]),
    }
    for name, some in (("biased", biased), ("even", even)):
        shares[f"{name}: false, of subgroups confirmed"] = _of([x in o.false for o in some for x in o.confirmed])
        suspects = [x in o.confirmed for o in some for x in o.true if x in o.suspected]
        shares[f"{name}: confirmed, of suspects that truly score lower"] = _of(suspects)
    return shares


def _of(hits: Sequence[bool]) -> Share:
    """A share of subgroups: without an interval."""
    return {**share(hits), "interval": None}


def as_object(result: Result) -> dict[str, Any]:
    """``{name, margin, recipe, size, truth, seeds, figures {RATE: {share, n, interval}}, ..., networks [...], command}``."""
    outcomes = result.outcomes
    biased, even = ([o for o in outcomes if o.biased == kind] for kind in (True, False))
    return {
        "name": "planted-bias",
        "margin": MARGIN,
        "recipe": asdict(RECIPE),
        "size": asdict(SIZE),
        "truth": TRUTH,
        "seeds": len({o.seed for o in outcomes}),
        "figures": figures(outcomes),
        "median_planted_drop": {"biased": _median([o.drop for o in biased]), "even": _median([o.drop for o in even])},
        "least_planted_drop": {"biased": _least([o.drop for o in biased]), "even": _least([o.drop for o in even])},
        "largest_planted_drop": {"biased": _most([o.drop for o in biased]), "even": _most([o.drop for o in even])},
        "accuracy": {"biased": _mean([o.accuracy for o in biased]), "even": _mean([o.accuracy for o in even])},
        "median_pictures": _median([o.pictures for o in outcomes]),
        "median_cpu_seconds": _median([o.cpu_seconds for o in outcomes]),
        "networks": [o.model_dump() for o in outcomes],
        "folder": str(result.folder),
        "command": result.command,
    }


def rows(told: dict[str, Any]) -> list[tuple[str, ...]]:
    """The table's rows under `COLUMNS`. `told`: as `as_object` has it."""
    found: list[tuple[str, ...]] = []
    for name, rate in told["figures"].items():
        n, interval = rate["n"], rate["interval"]
        counted = f"{round(rate['share'] * n)} of {n}" if n else "none of 0"
        found.append((name, counted, f"{interval[0]:.2f} to {interval[1]:.2f}" if interval else "-"))
    for kind in ("biased", "even"):
        drop, least, most = (told[f"{which}_planted_drop"][kind] for which in ("median", "least", "largest"))
        if drop is not None:
            what = "planted subgroup" if kind == "biased" else "same subgroup"
            found.append((f"{kind}: median true drop of the {what}", f"{drop:.2f}", f"all within {least:.2f} to {most:.2f}"))
            found.append((f"{kind}: mean accuracy", f"{told['accuracy'][kind]:.3f}", "-"))
    return found


def progress(outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    """What is known so far, in rows under `PROGRESS`."""
    some = [("biased", [o for o in outcomes if o.biased]), ("even", [o for o in outcomes if not o.biased])]
    return [
        (name, *map(str, (len(x), sum(o.found for o in x), sum(bool(o.confirmed) for o in x), sum(bool(o.false) for o in x))))
        for name, x in some
    ]


def _least(values: Sequence[float]) -> float | None:
    return min(values, default=None)


def _most(values: Sequence[float]) -> float | None:
    return max(values, default=None)


def _median(values: Sequence[float]) -> float | None:
    return round(float(np.median(values)), 4) if values else None


def _mean(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None
