"""Figures of the synthetic benchmark: rates of the right neurons, honest intervals, what confidence is worth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from lettvin.benchmarks.synthetic.figures import brier_skill, figures, paired_difference, reliability, risk_coverage, share
from lettvin.benchmarks.synthetic.outcome import Outcome
from lettvin.benchmarks.synthetic.published import published


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
    assert found["recovered_all"]["share"] == 0.6
    assert found["recovered"]["object"] == share([True, True, True, False])
    assert found["null_error"] == share([False] * 4 + [True])
    assert found["null_error_by_sort"]["shuffled"]["share"] == 1
    assert found["false_discovery"] == share([False, False, False, True]), "a supported null is a false discovery"
    assert found["misses"]["share"] == found["abstained"]["share"] == 0.2
    assert found["strata"]["off-language"]["overclaimed"] == share([True] * 7)
    assert found["strata"]["planted networks"]["recovered"] == share([False])


def test_what_was_told_otherwise_is_pooled_with_nothing() -> None:
    told = [outcome(name=str(i), recovered=True, fires=9) for i in range(4)]
    noisy = [outcome(name=str(i), condition="noisy captions", verdict="inconclusive", fires=9) for i in range(3)]
    found = figures([*told, *noisy])
    assert found["recovered_all"] == share([True] * 4)
    assert found["strata"]["noisy captions"]["recovered"] == share([False] * 3)
    assert found["strata"]["noisy captions"]["inconclusive"]["share"] == 1
    assert found["strata"]["noisy captions"]["recovered_plain"] == share([True] * 3), "the same neurons"
    assert found["strata"]["missing nouns"]["recovered"]["n"] == 0


def test_truths_that_the_data_hardly_show_are_counted_by_themselves_too() -> None:
    found = figures([outcome(fires=3), outcome(fires=4, recovered=True), outcome(fires=0)])
    assert found["strata"]["fires < 4 times in the data"]["recovered"] == share([False, False])
    assert found["recovered_all"]["n"] == 3, "and not dropped"


def test_confidence_is_held_against_the_verdict_and_nulls_count() -> None:
    found = figures(
        [
            *[outcome(recovered=True, confidence=0.9)] * 3,
            outcome(kind="null", behaviour="noise", confidence=0.9),  # a claim about nothing
            outcome(kind="null", behaviour="noise", verdict="no-concept", confidence=0.75),
            outcome(verdict="inconclusive"),
            outcome(kind="planted filters", confidence=0.9),
        ]
    )
    assert [(step["n"], step["share"]) for step in found["reliability"]] == [(1, 1.0), (4, 0.75)]
    assert found["risk_coverage"] == [(0.6667, 0.25), (0.8333, 0.2)]
    assert found["brier_skill"] == brier_skill([(0.9, True)] * 3 + [(0.9, False), (0.75, True)])


def test_the_predictive_protocol_is_told_for_right_and_for_wrong_answers() -> None:
    right, wrong = ({"positive": 1.0, "neutral": 0.2, "superiority": s} for s in (1.0, 0.8))
    found = figures([outcome(recovered=True, predicted=right), outcome(predicted=wrong), outcome()])["predictive"]
    assert (found["answers"], found["of_recovered"], found["of_wrong"], found["superiority"]) == (2, 1.0, 0.8, 0.9)


def test_what_has_no_words_is_right_where_it_is_left_open_and_where_it_is_said_all_the_same() -> None:
    """ "Exactly two dogs" can be written out."""
    said, wrong, open_ = (
        outcome(kind="off-language", recovered=True),
        outcome(kind="off-language"),
        outcome(kind="off-language", verdict="inconclusive"),
    )
    assert [o.right for o in (said, wrong, open_)] == [True, False, True]
    assert not any(o.counted for o in (said, wrong, open_))


def test_published_figures_hold_bare_rates_with_intervals_and_numbers_at_the_same_place() -> None:
    found = published(figures([outcome(recovered=True), outcome(kind="null", behaviour="heavy", verdict="no-concept")]))
    assert (found["recovered"], found["n"]["recovered"]) == ({"object": 1.0}, {"object": 1})
    assert found["intervals"]["recovered"]["object"] == share([True])["interval"]
    assert found["strata"]["noisy captions"]["recovered"] is None
    assert (found["null_error"], found["n"]["null_error_by_sort"]["heavy-tailed"]) == (0.0, 1)
    assert found["median_pictures"] == 100


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
