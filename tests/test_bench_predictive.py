"""`lettvin bench predictive`: units put to methods, gone on with where it was cut off, and what is told of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lettvin.benchmarks import unseen_pictures
from lettvin.benchmarks.predictive import benchmark
from lettvin.benchmarks.predictive.asking import ask_one, in_full_runs
from lettvin.benchmarks.predictive.benchmark import evenly, read_result, run
from lettvin.benchmarks.predictive.figures import as_object, columns, differences, figures, mean, rows
from lettvin.benchmarks.predictive.outcome import CONDITIONS, Told
from lettvin.benchmarks.predictive.write_docs import BEGINS, ENDS, PAGE, write_docs
from lettvin.benchmarks.synthetic.plots import shape
from lettvin.cli import main
from lettvin.targets.errors import BadInput
from lettvin.targets.loaders import load_target

TARGET = "synthetic:on snow"
LOOKS = ["linear", "milan", "constant"]
SMALL: dict[str, Any] = {"units": 1, "controls": 1, "data": "sketch:150", "held_out": 60}


@pytest.fixture(autouse=True)
def few_further_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unseen_pictures, "MOST_PICTURES", 40)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The answers of one small benchmark, asked once for all tests that only read them."""
    at = tmp_path_factory.mktemp("predictive")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unseen_pictures, "MOST_PICTURES", 40)
        patch.setattr(benchmark, "in_turn", lambda study, layer: [0, 1])  # unit 0 is the one that fires for snow
        return run(TARGET, LOOKS, folder=at, **SMALL).folder


def test_a_method_that_can_see_it_predicts_the_unit_and_not_its_shuffled_twin(folder: Path) -> None:
    result = read_result(folder)
    for method in ("linear", "milan"):
        own, shuffled = ({t.condition: t for t in result.answers[method]}[c] for c in CONDITIONS[:2])
        assert own.said is not None
        assert own.said.formula == "on snow"
        assert own.pearson > 0.9
        assert own.auprc(0.05) > 0.3
        assert own.drawn is not None
        assert own.drawn.auc > 0.9
        assert own.drawn.superiority > 0.9
        assert abs(shuffled.pearson) < 0.4
    told = as_object(result)
    assert told["figures"]["linear"]["network"]["Pearson"]["mean"] > told["figures"]["constant"]["network"]["Pearson"]["mean"]


def test_no_random_weights_are_made_up_where_none_are_known(folder: Path) -> None:
    conditions = {t.condition for some in read_result(folder).answers.values() for t in some}
    assert conditions == {"network", "shuffled"}
    assert json.loads((folder / "about.json").read_text())["random"] is None


def test_what_was_asked_is_not_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def counted(study: Any, method: str, *rest: Any) -> Told:
        asked.append(method)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return ask_one(study, method, *rest)

    monkeypatch.setattr(benchmark, "ask_one", counted)
    with pytest.raises(KeyboardInterrupt):
        run(TARGET, LOOKS, folder=tmp_path, **SMALL)
    lines = next(tmp_path.glob("*/answers.jsonl"))
    before = lines.read_text()
    lines.write_text(before + before[: len(before) // 3])  # as where the machine failed while a line was written
    result = run(TARGET, LOOKS, folder=tmp_path, **SMALL)
    assert asked[3:] == ["constant", *LOOKS]
    assert lines.read_text().startswith(before)
    assert {method: len(some) for method, some in result.answers.items()} == dict.fromkeys(LOOKS, 2)
    assert len(run(TARGET, ["milan"], folder=tmp_path, **SMALL).answers["milan"]) == 2
    assert len(asked) == 7


def test_the_same_seed_asks_the_same_and_gets_the_same(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "in_turn", lambda study, layer: [0, 1])
    again = run(TARGET, LOOKS, folder=tmp_path, **SMALL)
    assert again.folder.name == folder.name
    timeless = [[t.model_copy(update={"seconds": 0}) for t in some] for some in again.answers.values()]
    assert timeless == [[t.model_copy(update={"seconds": 0}) for t in some] for some in read_result(folder).answers.values()]


def test_a_mind_is_asked_in_full_and_scored_by_its_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "in_turn", lambda study, layer: [0])
    result = run(TARGET, ["empiricist"], folder=tmp_path, **(SMALL | {"data": "sketch:400"}))
    own, shuffled = result.answers["empiricist"]
    assert in_full_runs("empiricist")
    assert not in_full_runs("linear")
    assert own.said is not None
    assert (own.verdict, own.said.formula) == ("supported", "on snow")
    assert own.pearson > 0.9
    assert own.run is not None
    assert (result.folder / "runs" / own.run / "events.jsonl").is_file()
    assert shuffled.verdict == "no-concept"
    assert shuffled.fit.pearson is None


def test_a_folder_of_pictures_is_split_and_read_by_its_captions(tmp_path: Path) -> None:
    from PIL import Image

    at = tmp_path / "pictures"
    for name, colour in (("red", (220, 20, 20)), ("blue", (20, 20, 220))):
        (at / name).mkdir(parents=True)
        for i in range(40):
            Image.new("RGB", (32, 32), tuple(max(0, c - i) for c in colour)).save(at / name / f"{i}.png")
    result = run("synthetic:planted", ["milan"], layers=["layer1"], units=4, controls=0, data=str(at), folder=tmp_path / "runs")
    own = result.answers["milan"]
    assert {t.said.text for t in own if t.said is not None} <= {"fires for red", "fires for blue"}
    assert max(t.pearson for t in own) > 0.9
    assert result.about["data"] == [f"{at}, explored by seed 0", f"{at}, held out by seed 0"]


# ---- figures ----------------------------------------------------------------------------------------------------------


def test_the_figures_are_of_the_answers(folder: Path) -> None:
    result = read_result(folder)
    found = figures(result.answers["linear"])
    own = [t for t in result.answers["linear"] if t.condition == "network"]
    assert found["network"]["Pearson"]["mean"] == pytest.approx(sum(t.pearson for t in own) / len(own), abs=1e-4)
    assert found["network"]["units"] == len(own)
    table = rows(as_object(result))
    assert all(len(row) == len(columns(as_object(result))) for row in table)
    assert "random weights: Pearson" not in {row[0] for row in table}  # asked of nothing, so not told


def test_a_mean_comes_with_an_interval_over_units() -> None:
    found = mean([0.0, 1.0] * 200)
    assert found["mean"] == 0.5
    assert found["interval"] == pytest.approx([0.45, 0.55], abs=0.01)
    assert mean([])["mean"] is None


def test_units_are_paired_where_both_were_asked(folder: Path) -> None:
    answers = dict(read_result(folder).answers)
    found = differences({"linear": answers["linear"], "constant": answers["constant"]})
    mine, theirs = (next(t for t in answers[m] if t.condition == "network") for m in ("linear", "constant"))
    assert found["of"] == "linear"
    assert found["minus"]["constant"]["Pearson"]["n"] == 1
    assert found["minus"]["constant"]["Pearson"]["difference"] == pytest.approx(mine.pearson - theirs.pearson, abs=1e-4)


def test_the_page_is_written_between_its_marks_and_nowhere_else(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    page = tmp_path / PAGE
    page.write_text(f"before\n{BEGINS}\nold\n{ENDS}\nafter\n")
    written = write_docs([read_result(folder)], tmp_path)
    told = page.read_text()
    assert told.startswith(f"before\n{BEGINS}\n")
    assert told.endswith(f"{ENDS}\nafter\n")
    assert "old" not in told
    assert "| Pearson | " in told
    assert all(path.stat().st_size > 100 for path in written)
    assert "best, each with its 8 strongest" in told
    page.write_text("no marks")
    with pytest.raises(BadInput, match="has not the marks"):
        write_docs([read_result(folder)], tmp_path)


# ---- the command line -------------------------------------------------------------------------------------------------


def test_the_command_prints_one_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr("lettvin.benchmarks.predictive.benchmark.HELD_OUT", 60)
    words = ["bench", "predictive", TARGET, "--method", "milan", "--units", "1", "--controls", "0", "--data", "sketch:150"]
    assert main([*words, "--folder", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["figures"]["milan"]["network"]["units"] == 1
    assert told["command"].startswith("lettvin bench predictive 'synthetic:on snow' --layers ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["synthetic:on snow", "--method", "mila"], "no mind 'mila' to compare"),
        (["synthetic:on snow", "--layers", "nothing"], "has no layer 'nothing'"),
        (["synthetic:on snow", "--random", "synthetic:nonesuch"], "nonesuch"),
        (["synthetic:on snow", "--data", "sketch:30@987654321"], "scenes that no run explores"),
        (["nosuchnetwork"], "unknown target 'nosuchnetwork'"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line(words: list[str], told: str, capsys: pytest.CaptureFixture) -> None:
    assert main(["bench", "predictive", *words]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1


def test_layers_are_spread_evenly_and_the_last_is_among_them() -> None:
    found = evenly(load_target("efficientnet-lite0"))
    assert found == ["_blocks.3", "_blocks.6", "_blocks.10", "_blocks.13", "_fc"]


def test_a_folder_without_answers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"about\.json"):
        read_result(tmp_path)


def test_every_method_has_a_mark_of_its_own() -> None:
    assert len({shape(benchmark.METHODS, method) for method in benchmark.METHODS}) == len(benchmark.METHODS)
