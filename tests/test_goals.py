"""The empiricist's goals, read on Wilson's interval."""

from __future__ import annotations

from pathlib import Path

import pytest

from lettvin.benchmarks.synthetic.goals import CURVE, Reached, goals, main
from lettvin.benchmarks.synthetic.outcome import Outcome


def answer(kind: str, recovered: bool, pictures: int = 150, verdict: str = "supported", noise: float = 0.05) -> Outcome:
    return Outcome.model_validate(
        {
            **{"recovered": recovered, "disagreement": 0.0, "f1": 1.0, "pearson": None, "auprc": None},
            **{"oracle_pearson": None, "oracle_auprc": None, "mind": "empiricist", "name": "a", "kind": kind, "noise": noise},
            **{"behaviour": "graded", "fires_for": "dog", "fires": 9, "description": "", "formula": "dog", "verdict": verdict},
            **{"confidence": None, "pictures": pictures, "seconds": 2.0, "run": None},
        }
    )


@pytest.mark.parametrize(
    ("hits", "n", "goal", "most", "read"),
    [
        (100, 100, 0.9, False, "met"),
        (60, 100, 0.9, False, "missed"),
        (18, 20, 0.9, False, "undecided"),
        (0, 200, 0.05, True, "met"),
        (0, 10, 0.05, True, "undecided"),
        (30, 100, 0.05, True, "missed"),
        (0, 0, 0.9, False, "not asked"),
    ],
)
def test_a_goal_is_met_only_where_the_whole_interval_is(hits: int, n: int, goal: float, most: bool, read: str) -> None:
    assert Reached("any", hits, n, goal, most).row().endswith(f"| {read} |")


def test_fewer_pictures_never_recover_more() -> None:
    told = goals([answer("OR", True, pictures) for pictures in (90, 150, 250, 390)] + [answer("OR", False, 400)])
    line = told.splitlines()[told.splitlines().index(f"| {' | '.join(map(str, CURVE))} |") + 2]
    shares = [float(cell) for cell in line.strip("| ").split(" | ")]
    assert shares == sorted(shares)
    assert shares[-1] == 0.8


def test_a_wrong_claim_is_a_false_discovery_and_an_open_answer_is_none() -> None:
    told = goals([answer("OR", False), answer("OR", False, verdict="inconclusive"), answer("OR", True)])
    assert "| false discoveries | 0.50" in told
    assert told.count("| OR | 0.05 | dog (graded)") == 2  # both are laid open


def test_what_is_no_benchmarks_folder_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("lettvin: ")
    assert said.count("\n") == 1


def test_with_more_pictures_only_what_was_lost_is_asked_again() -> None:
    first = [answer("OR", True, 150), answer("OR", False, 400), answer("OR", False, 400)]
    told = goals(first, more=[answer("OR", True, 640), answer("OR", False, 800)]).splitlines()
    line = told[told.index(f"| {' | '.join(map(str, (*CURVE, 800)))} |") + 2]
    assert [float(cell) for cell in line.strip("| ").split(" | ")][-2:] == [0.33, 0.67]


def test_at_the_loudest_noise_an_open_answer_is_abstention_and_a_wrong_claim_a_false_discovery() -> None:
    loud = [answer("OR", True, noise=0.3), answer("OR", False, noise=0.3)]
    loud += [answer("OR", False, verdict="inconclusive", noise=0.3) for _ in range(2)]
    assert "| false discoveries, noise .30 (0.50 abstain, 0.25 recovered) | 0.50" in goals([answer("OR", True)], loudest=loud)
