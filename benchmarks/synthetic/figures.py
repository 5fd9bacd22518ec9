"""Rates over many answers, each with its interval, and what confidence is worth.

Covered: recovery and F1 by kind, null error, false discoveries, misses, abstention, the strata that are reported apart (off
the language, planted networks, truths that the data hardly show, partly false descriptions, missing nouns), Brier skill, the
reliability of confidence, risk against coverage, the predictive protocol beside the score, what answers predict beside what
the truth does, and the paired difference between two minds on the same neurons. Shares have Wilson's interval. Nulls and what
is apart are never pooled with the kinds that the language says. Not covered: single scores (`scoring.py`), how figures are
published (`published.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from ...synthetic_neurons.suite import KINDS
from ...tools.statistics import share_effect
from .outcome import OFF_LANGUAGE, PLAIN, PLANTED, Condition, Outcome

NULLS = {  # by what they do
    "gaussian": ("noise",),
    "heavy-tailed": ("heavy",),
    "shuffled": ("shuffled",),
    "dead or constant": ("dead", "constant"),
}
APART: tuple[Condition, ...] = ("noisy captions", "missing nouns")
RARE = 4  # concepts that fire on fewer pictures of the data are a stratum of their own
BINS = 10
RESAMPLES = 4000

Share = dict[str, float | int | list[float] | None]


def figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """All figures of one mind."""
    plain = [o for o in outcomes if o.condition == PLAIN]
    real = [o for o in plain if o.main]
    nulls = [o for o in plain if o.null]
    counted = [o for o in plain if o.counted]
    said = [(o.confidence, o.right) for o in counted if o.confidence is not None]
    return {
        "neurons": len(plain),
        "recovered": {kind: share([o.recovered for o in real if o.kind == kind]) for kind in _kinds(real)},
        "recovered_all": share([o.recovered for o in real]),
        "f1": {kind: _mean([o.f1 or 0.0 for o in real if o.kind == kind]) for kind in _kinds(real)},
        "f1_all": _mean([o.f1 or 0.0 for o in real]),
        "null_error": share([o.verdict == "supported" for o in nulls]),
        "null_error_by_sort": {
            sort: share([o.verdict == "supported" for o in nulls if o.behaviour in behaviours])
            for sort, behaviours in NULLS.items()
        },
        "false_discovery": share([not o.recovered for o in counted if o.verdict == "supported"]),
        "misses": share([o.verdict == "no-concept" for o in real]),
        "abstained": share([o.verdict == "inconclusive" for o in real]),
        "strata": {
            "off-language": stratum([o for o in plain if o.kind == OFF_LANGUAGE]),
            "planted networks": stratum([o for o in plain if o.kind == PLANTED]),
            f"fires < {RARE} times in the data": stratum([o for o in real if o.fires is not None and o.fires < RARE]),
            **{condition: stratum([o for o in outcomes if o.condition == condition], plain) for condition in APART},
        },
        "brier_skill": brier_skill(said),
        "reliability": reliability(said),
        "risk_coverage": risk_coverage(said, len(counted)),
        "predictive": predictive(real),
        "fit": fit(real),
        "median_pictures": _median([o.pictures for o in real]),
        "median_seconds": _median([o.seconds for o in real]),
    }


def stratum(outcomes: Sequence[Outcome], beside: Sequence[Outcome] = ()) -> dict[str, Any]:
    """What became of neurons that are reported apart; `beside`: the same mind's answers, of which some are of these neurons.

    `overclaimed`: supported, and not what the neuron does. `recovered_plain`: of the same neurons, asked of data that are
    described as they are.
    """
    names = {o.name for o in outcomes}
    same = [o for o in beside if o.name in names]
    found: dict[str, Any] = {
        "recovered": share([o.recovered for o in outcomes]),
        "overclaimed": share([o.verdict == "supported" and not o.recovered for o in outcomes]),
        "inconclusive": share([o.verdict == "inconclusive" for o in outcomes]),
        "no_concept": share([o.verdict == "no-concept" for o in outcomes]),
        "f1": _mean([o.f1 or 0.0 for o in outcomes]),
    }
    return found | ({"recovered_plain": share([o.recovered for o in same])} if beside else {})


def predictive(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The predictive protocol over those that answered: how often a predicted picture fires more than a neutral one.

    `of_recovered`, `of_wrong`: the same among answers that are and are not what the neuron does. Where the two are near
    each other, the protocol cannot tell a right answer from a plausible one.
    """
    asked = [(o.predicted, o.recovered) for o in outcomes if o.predicted is not None]
    return {
        "superiority": _mean([p.superiority for p, _ in asked]),
        "of_recovered": _mean([p.superiority for p, right in asked if right]),
        "of_wrong": _mean([p.superiority for p, right in asked if not right]),
        "positive": _mean([p.positive for p, _ in asked]),
        "neutral": _mean([p.neutral for p, _ in asked]),
        "answers": len(asked),
    }


def fit(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """How well answers predict the noise-free response, beside the truth itself on the same neurons: means over `answers`."""
    said = [o for o in outcomes if o.auprc is not None and o.oracle_auprc is not None]
    return {
        "answers": len(said),
        "auprc": _mean([o.auprc or 0.0 for o in said]),
        "oracle_auprc": _mean([o.oracle_auprc or 0.0 for o in said]),
        "pearson": _mean([o.pearson or 0.0 for o in said]),
        "oracle_pearson": _mean([o.oracle_pearson or 0.0 for o in said]),
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


class Told(Protocol):
    """An answer that has a counterpart: of the same name, asked in the same condition."""

    @property
    def name(self) -> str: ...

    @property
    def condition(self) -> str: ...


A = TypeVar("A", bound=Told)


def paired_difference(
    mine: Sequence[A], theirs: Sequence[A], of: Callable[[A], float], seed: int = 0
) -> dict[str, Any]:
    """``{difference, n, interval}``: mean over the neurons that both were asked, bootstrap 95% interval over neurons."""
    other = {(o.name, o.condition): of(o) for o in theirs}
    differences = np.array([of(o) - other[o.name, o.condition] for o in mine if (o.name, o.condition) in other])
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
    """The kinds among the answers, in the order of `KINDS`; what is none of these comes last."""
    found = {o.kind for o in outcomes}
    return [*(kind for kind in KINDS if kind in found), *sorted(found - {*KINDS})]


def _mean(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None


def _median(values: Sequence[float]) -> float | None:
    return float(np.median(values)) if values else None
