"""Rates over many answers, each with its interval, and what confidence is worth.

Covered: recovery and F1 by kind, null error, false discoveries, misses, abstention, overclaiming, Brier skill, the
reliability of confidence, risk against coverage, and the paired difference between two minds on the same neurons. Shares
have Wilson's interval. Nulls, off-language neurons and planted networks are never pooled with the kinds that the language says.
Not covered: single scores (`scoring.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...tools.statistics import share_effect
from .outcome import OFF_LANGUAGE, PLANTED, Outcome

NULLS = {  # by what they do
    "gaussian": ("noise",),
    "heavy-tailed": ("heavy",),
    "shuffled": ("shuffled",),
    "dead or constant": ("dead", "constant"),
}
APART = (OFF_LANGUAGE, PLANTED)  # reported by themselves: success on the others shows consistency, these are evidence
RARE = 4  # concepts that fire on fewer pictures of the data are a stratum of their own
BINS = 10
RESAMPLES = 4000

Share = dict[str, float | int | list[float] | None]


def figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """All figures of one mind."""
    real = [o for o in outcomes if not o.null and o.kind not in APART]
    planted = [o for o in outcomes if o.kind == PLANTED]
    supported = [o for o in real if o.verdict == "supported"]
    nulls = [o for o in outcomes if o.null]
    off = [o for o in outcomes if o.kind == OFF_LANGUAGE]
    claimed = [o for o in outcomes if o.verdict == "supported" and o.kind not in APART]
    scored = [o.f1 for o in real if o.f1 is not None]
    return {
        "neurons": len(outcomes),
        "recovered": {kind: share([o.recovered for o in real if o.kind == kind]) for kind in _kinds(real)}
        | {"pooled": share([o.recovered for o in real])},
        "recovered_rare": share([o.recovered for o in real if o.fires is not None and o.fires < RARE]),
        "f1": {kind: _mean([o.f1 or 0.0 for o in real if o.kind == kind]) for kind in _kinds(real)},
        "f1_answered": _mean(scored),
        "planted": share([o.recovered for o in planted]),
        "null_error": {
            kind: share([o.verdict == "supported" for o in nulls if o.behaviour in behaviours])
            for kind, behaviours in NULLS.items()
        }
        | {"pooled": share([o.verdict == "supported" for o in nulls])},
        "false_discovery": share([not o.recovered for o in claimed]),
        "misses": share([o.verdict == "no-concept" for o in real]),
        "abstained": share([o.verdict == "inconclusive" for o in real]),
        "overclaimed": share([o.verdict == "supported" for o in off]),
        "brier_skill": brier_skill([(o.confidence, o.recovered) for o in supported if o.confidence is not None]),
        "median_pictures": _median([o.pictures for o in real]),
        "median_seconds": _median([o.seconds for o in real]),
    }


def share(hits: Sequence[bool]) -> Share:
    """``{share, n, interval}`` of a share, with Wilson's 95% interval; the share of nothing is None."""
    if not hits:
        return {"share": None, "n": 0, "interval": None}
    found = share_effect(sum(hits), len(hits))
    return {"share": round(found.superiority, 4), "n": len(hits), "interval": [round(found.low, 4), round(found.high, 4)]}


def brier_skill(said: Sequence[tuple[float, bool]]) -> float | None:
    """1 - Brier score over that of always saying the base rate; 0 is worth nothing. None where all came out alike."""
    if not said:
        return None
    confidence, came = np.array([c for c, _ in said]), np.array([float(r) for _, r in said])
    by_base_rate = float(((came - came.mean()) ** 2).mean())
    return round(1 - float(((confidence - came) ** 2).mean()) / by_base_rate, 4) if by_base_rate > 0 else None


def reliability(said: Sequence[tuple[float, bool]]) -> list[dict[str, Any]]:
    """For each tenth of confidence that was said: its mean, how often it was right with interval, and how many."""
    bins: list[dict[str, Any]] = []
    for at in range(BINS):
        mine = [(c, r) for c, r in said if min(int(c * BINS), BINS - 1) == at]
        if mine:
            bins.append({"confidence": round(float(np.mean([c for c, _ in mine])), 4)} | share([r for _, r in mine]))
    return bins


def risk_coverage(said: Sequence[tuple[float, bool]], of: int) -> list[tuple[float, float]]:
    """(coverage, risk) when only answers above a confidence are kept, from the surest on; coverage is of `of` neurons."""
    ranked = sorted(said, key=lambda row: -row[0])
    wrong = np.cumsum([not right for _, right in ranked])
    last = [i for i in range(len(ranked)) if i + 1 == len(ranked) or ranked[i + 1][0] < ranked[i][0]]
    return [(round((i + 1) / of, 4), round(float(wrong[i]) / (i + 1), 4)) for i in last]


def paired_difference(
    mine: Sequence[Outcome], theirs: Sequence[Outcome], of: Callable[[Outcome], float], seed: int = 0
) -> dict[str, Any]:
    """Mean difference over the neurons that both were asked, with a bootstrap 95% interval over neurons."""
    other = {(o.name, o.noise): of(o) for o in theirs}
    differences = np.array([of(o) - other[o.name, o.noise] for o in mine if (o.name, o.noise) in other])
    if not len(differences):
        return {"difference": None, "n": 0, "interval": None}
    rng = np.random.default_rng(seed)
    means = differences[rng.integers(0, len(differences), (RESAMPLES, len(differences)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return {
        "difference": round(float(differences.mean()), 4),
        "n": len(differences),
        "interval": [round(float(low), 4), round(float(high), 4)],
    }


def _kinds(outcomes: Sequence[Outcome]) -> list[str]:
    return list(dict.fromkeys(o.kind for o in outcomes))


def _mean(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None


def _median(values: Sequence[float]) -> float | None:
    return float(np.median(values)) if values else None
