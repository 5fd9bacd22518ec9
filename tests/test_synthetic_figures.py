"""Figures of the synthetic benchmark: rates of the right neurons, honest intervals, what confidence is worth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from lettvin.benchmarks.synthetic.figures import brier_skill, figures, paired_difference, reliability, risk_coverage, share
from lettvin.benchmarks.synthetic.outcome import Outcome


def outcome(name: str = "n", kind: str = "object", verdict: str = "supported", recovered: bool = False, **more: Any) -> Outcome:
    empty: dict[str, Any] = dict.fromkeys(
        ("fires_for", "fires", "formula", "confidence", "disagreement", "f1", "pearson", "auprc", "oracle_pearson",
         "oracle_auprc", "run")
    )  # fmt: skip
    row = {"mind": "m", "behaviour": "graded", "noise": 0.05, "description": "", "pictures": 100, "seconds": 1.0}
    return Outcome(**(empty | row | {"name": name, "kind": kind, "verdict": verdict, "recovered": recovered} | more))


def test_nulls_and_what_cannot_be_said_are_never_pooled_with_what_can() -> None:
    found = figures(
        [
            *[outcome(kind="object", recovered=True)] * 3,
            outcome(kind="object", verdict="no-concept"),
            outcome(kind="OR", verdict="inconclusive"),
            *[outcome(kind="null", behaviour="noise", verdict="no-concept")] * 4,
            outcome(kind="null", behaviour="shuffled"),
            outcome(kind="planted filters"),
            *[outcome(kind="off-language")] * 7,
        ]
    )
    assert found["recovered"]["pooled"]["share"] == 0.6
    assert found["recovered"]["object"] == share([True, True, True, False])
    assert found["null_error"]["pooled"] == share([False] * 4 + [True])
    assert found["null_error"]["shuffled"]["share"] == 1
    assert found["false_discovery"] == share([False, False, False, True]), "a supported null is a false discovery"
    assert found["misses"]["share"] == found["abstained"]["share"] == 0.2
    assert found["overclaimed"]["share"] == 1
    assert found["overclaimed"]["n"] == 7


@pytest.mark.parametrize(("hits", "n"), [(0, 40), (38, 40), (40, 40), (1, 1)])
def test_a_share_has_wilson_s_interval(hits: int, n: int) -> None:
    reference = binomtest(hits, n).proportion_ci(method="wilson")
    assert share([True] * hits + [False] * (n - hits))["interval"] == pytest.approx([reference.low, reference.high], abs=1e-4)


def test_the_share_of_nothing_is_not_a_number() -> None:
    assert share([]) == {"share": None, "n": 0, "interval": None}


def test_saying_the_base_rate_has_no_skill_and_knowing_has_all() -> None:
    came = [True] * 8 + [False] * 2
    assert brier_skill([(0.8, r) for r in came]) == pytest.approx(0)
    assert brier_skill([(float(r), r) for r in came]) == 1
    assert (brier_skill([(float(not r), r) for r in came]) or 0) < 0
    assert brier_skill([(0.9, True)] * 5) is None


def test_reliability_holds_what_was_said_against_what_came() -> None:
    rng = np.random.default_rng(0)
    said = [(float(c), bool(rng.random() < c)) for c in rng.random(4000)]
    for row in reliability(said):
        assert row["interval"][0] - 0.03 <= row["confidence"] <= row["interval"][1] + 0.03
    assert sum(row["n"] for row in reliability(said)) == 4000
    assert reliability([(1.0, True)])[0]["n"] == 1


def test_risk_rises_with_coverage_where_confidence_tells() -> None:
    curve = risk_coverage([(0.9, True), (0.8, True), (0.8, False), (0.3, False)], of=8)
    assert curve == [(0.125, 0.0), (0.375, 0.3333), (0.5, 0.5)]


def test_a_difference_is_taken_neuron_by_neuron() -> None:
    mine = [outcome(name=str(i), recovered=True) for i in range(20)]
    theirs = [outcome(name=str(i), recovered=i % 2 == 0) for i in range(15)]
    found = paired_difference(mine, theirs, lambda o: float(o.recovered))
    assert found["n"] == 15
    assert found["difference"] == pytest.approx(7 / 15, abs=1e-4)
    low, high = found["interval"]
    assert 0 < low < found["difference"] < high
    assert paired_difference(mine, [], lambda o: 1.0)["difference"] is None
