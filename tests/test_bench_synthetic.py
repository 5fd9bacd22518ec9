"""`lettvin bench synthetic`: asked from the command line, gone on with, told as one object and as a table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lettvin.benchmarks.synthetic.benchmark import run
from lettvin.benchmarks.synthetic.outcome import Outcome
from lettvin.benchmarks.synthetic.told import columns, told
from lettvin.cli import main
from lettvin.targets.errors import BadInput

NEURONS: list[dict[str, Any]] = [
    {"name": "a", "fires_for": "red"},
    {"name": "b", "fires_for": "dog or on snow", "behaviour": "binary"},
    {"name": "c", "behaviour": "noise", "noise": 0.3},
    {"name": "d", "fires_for": "exactly two dogs"},
    {"name": "e", "behaviour": "shuffled", "of": "a"},
]
DATA = "sketch:300"


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("suite") / "five.json"
    path.write_text(json.dumps({"name": "five", "seed": 3, "neurons": NEURONS}))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("answers")


@pytest.fixture(scope="module")
def result(suite: Path, folder: Path) -> dict[str, Any]:
    """All looks at once, and the empiricist on the first three neurons beside them."""
    asked = ["oracle", "milan", "one-shot"]
    run(str(suite), ["empiricist"], neurons=3, workers=1, data=DATA, folder=folder)
    return run(str(suite), asked, workers=1, data=DATA, folder=folder)


def row(result: dict[str, Any], mind: str, name: str) -> dict[str, Any]:
    (found,) = [o for o in result["neurons"] if (o["mind"], o["name"]) == (mind, name)]
    return dict(found)


def test_the_oracle_is_the_ceiling(result: dict[str, Any]) -> None:
    assert result["figures"]["oracle"]["recovered"]["pooled"]["share"] == 1
    for name in ("a", "b"):
        found = row(result, "oracle", name)
        assert (found["f1"], found["disagreement"]) == (1, 0)
        assert found["pearson"] == found["oracle_pearson"]


def test_nulls_and_what_has_no_words_are_reported_apart(result: dict[str, Any]) -> None:
    figures = result["figures"]["milan"]
    assert figures["recovered"]["pooled"]["n"] == 2
    assert figures["null_error"]["pooled"]["n"] == 2
    assert figures["null_error"]["pooled"]["share"] == 1, "the top 15 always share something"
    assert figures["overclaimed"]["n"] == 1


def test_an_answer_in_a_run_is_scored_like_any_other(suite: Path, folder: Path, result: dict[str, Any]) -> None:
    again = run(str(suite), ["empiricist"], neurons=3, workers=1, data=DATA, folder=folder)
    found = {o["name"]: o for o in again["neurons"]}
    assert found["a"]["formula"] == "red"
    assert found["a"]["recovered"]
    assert found["c"]["verdict"] == "no-concept"
    assert all(o["pictures"] <= 400 for o in again["neurons"])
    (kept,) = folder.glob("five-*/runs/empiricist")
    assert (kept / found["a"]["run"] / "report.html").is_file()


def test_a_benchmark_that_was_cut_off_is_gone_on_with(suite: Path, tmp_path: Path) -> None:
    """What is on record is not asked again; a line that was torn is."""
    first = run(str(suite), ["milan"], workers=1, data=DATA, folder=tmp_path)
    (path,) = tmp_path.glob("five-*/answers.jsonl")
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:3], lines[3][:40]]))
    told_: list[Outcome] = []
    again = run(
        str(suite), ["milan"], workers=1, data=DATA, folder=tmp_path,
        watch=lambda what, done, total, last: told_.append(last) if last else None,
    )  # fmt: skip
    assert [o.name for o in told_] == ["d", "e"]
    without = [{k: x for k, x in o.items() if k != "seconds"} for o in again["neurons"]]
    assert without == [{k: x for k, x in o.items() if k != "seconds"} for o in first["neurons"]]


def test_the_command_line_says_it_in_one_object_or_a_table(
    suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["bench", "synthetic", "--suite", str(suite), "--backbone", "oracle", "--backbone", "random", "--workers", "1"]
    words += ["--data", DATA, "--folder", str(tmp_path), "--neurons", "2"]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["figures"]) == ["oracle", "random"]
    assert "--neurons 2" in found["command"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "recovered, pooled" in shown
    assert "1.00 [0.34, 1.00] of 2" in shown
    assert found["command"] in shown
    assert columns(found)[0] == "figure"
    assert all(len(cells) == 3 for cells in told(found))


@pytest.mark.parametrize(
    ("suite_name", "mind", "says"),
    [("cure", "oracle", "'core'"), ("smoke", "oracel", "'oracle'"), ("nowhere.json", "oracle", "cannot be read")],
)
def test_what_is_not_there_is_named(suite_name: str, mind: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=says):
        run(suite_name, [mind], folder=tmp_path)
