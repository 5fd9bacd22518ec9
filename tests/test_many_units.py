"""One command about many units: each has a run of its own, and all share one chance of error, which is said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lettvin.agent.admission import ATTEMPTS, LEAST_SUPERIORITY, SIZE, alpha_of, block_size
from lettvin.agent.answer import Answer, together
from lettvin.agent.ask import MOST_AMONG, ask, ask_each
from lettvin.agent.backbones.scripted import Scripted
from lettvin.agent.command_line.options import addresses
from lettvin.agent.run_folder import read_about, read_events
from lettvin.agent.transcript import AnyEvent, Decided, Proposed, Started
from lettvin.cli import main
from lettvin.targets.errors import BadInput
from lettvin.tests.scene_runs import DATA, TARGET, Step, concluding, of, only, raising, unit
from lettvin.tools.statistics import (
    RESAMPLES,
    rank_permutation_p,
    share_effect,
    sign_flip_p,
    superiority_effect,
)

QUESTION = "What makes this unit fire?"
SCRIPT: list[Step] = [raising("red"), raising("dog"), raising("on snow"), concluding("H1")]
FAMILIES = (1, 2, 3, 10, 100, MOST_AMONG)


# ---- one chance of error --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_all_attempts_of_all_units_together_spend_less_than_5_percent(family: int) -> None:
    assert family * sum(alpha_of(attempt, family) for attempt in range(1, ATTEMPTS + 1)) < 0.05


@pytest.mark.parametrize("family", FAMILIES)
def test_a_unit_that_is_right_can_pass_however_many_are_asked(family: int) -> None:
    """Blocks that separate wholly pass the first attempt of every family, where the rival is wider, narrower or neither."""
    size, alpha = block_size(family), alpha_of(1, family)
    low, high = np.arange(size) / size, 9 + np.arange(size) / size
    resamples = max(RESAMPLES, int(4 / alpha) + 1)
    assert sign_flip_p(high - low, np.random.default_rng(0), min(resamples, 50_000)) <= max(alpha, 1 / 50_000)
    assert superiority_effect(high, low).low >= LEAST_SUPERIORITY
    assert share_effect(size, size, alpha).low > 0.5
    half = size // 2
    assert superiority_effect(high[:half], low[:half], alpha).low > 0.5


def test_blocks_grow_slowly_with_the_family_and_not_for_one() -> None:
    sizes = [block_size(family) for family in FAMILIES]
    assert sizes[0] == SIZE
    assert sizes == sorted(sizes)
    assert sizes[-1] < 5 * SIZE


def test_more_resamples_see_smaller_chances() -> None:
    low, high = np.zeros(30) + np.arange(30) / 100, np.ones(30) + np.arange(30) / 100
    for resamples in (RESAMPLES, 25_000):
        seed = np.random.default_rng(0)
        assert sign_flip_p(high - low, seed, resamples) == pytest.approx(1 / (1 + resamples))
        assert rank_permutation_p(high, low, seed, resamples) == pytest.approx(1 / (1 + resamples))


def scripted(family: int, runs: Path) -> tuple[Answer, list[AnyEvent]]:
    answer = ask(unit("red"), data=DATA, backbone=Scripted(SCRIPT), runs=runs, page=False, among=family)
    return answer, read_events(Path(answer.run))


def test_a_conclusion_among_many_is_held_to_a_stricter_test_and_says_so(tmp_path: Path) -> None:
    _, alone = scripted(1, tmp_path)
    _, shared = scripted(8, tmp_path)
    assert only(Started, shared).settings["among"] == 8
    assert only(Proposed, shared).alpha == only(Proposed, alone).alpha / 8
    blocks = {block.name: len(block.readings) for block in only(Decided, shared).blocks}
    assert blocks["high"] == blocks["near-miss"] == block_size(8) > SIZE
    texts = [check.text for check in only(Decided, shared).checks]
    assert [("shared among 8 units" in text) for text in texts] == [True, True, False, False, False]
    assert not any("shared" in check.text for check in only(Decided, alone).checks)


def test_the_same_unit_among_as_many_is_the_same_run(tmp_path: Path) -> None:
    first, events = scripted(8, tmp_path)
    command = read_about(Path(first.run))["command"]
    assert command[command.index("--among") + 1] == "8"
    assert "--among" not in read_about(Path(scripted(1, tmp_path)[0].run))["command"]
    _, again = scripted(8, tmp_path)
    assert [e.model_copy(update={"at": 0.0}) for e in again] == [e.model_copy(update={"at": 0.0}) for e in events]


# ---- asking ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def scene_neurons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lettvin.targets.loaders.load_target", lambda name, device="auto": TARGET)


def test_units_are_asked_one_after_the_other_each_with_a_run_and_one_json_object_a_line(
    scene_neurons: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = [unit("red"), unit("constant"), unit("noise")]
    words = ["ask", "hidden", ",".join(one.address for one in wanted), QUESTION, "--data", DATA, "--runs", str(tmp_path)]
    assert main([*words, "--json"]) == 0
    told = capsys.readouterr()
    rows = [json.loads(line) for line in told.out.splitlines()]
    assert [row["unit"] for row in rows] == [one.address for one in wanted]
    assert rows[0].keys() == json.loads(ask(unit("constant"), data=DATA, runs=tmp_path, page=False).as_json()).keys()
    assert [row["verdict"] for row in rows] == ["supported", "no-concept", "no-concept"]
    assert len({row["run"] for row in rows}) == 3
    for row in rows:
        assert only(Started, read_events(Path(row["run"]))).settings["among"] == 3
        assert (Path(row["run"]) / "report.html").is_file()
    last = told.err.splitlines()[-1]
    assert last.startswith("1 of 3 units have a supported answer. Conclusions shared a chance of error of 5% among 3 units")


def test_one_unit_is_one_object_as_ever(scene_neurons: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["ask", "hidden", unit("constant").address, QUESTION, "--data", DATA, "--runs", str(tmp_path)]
    assert main([*words, "--json"]) == 0
    told = capsys.readouterr()
    row = json.loads(told.out)
    assert only(Started, read_events(Path(row["run"]))).settings["among"] == 1
    assert "units have" not in told.err
    assert main([*words, "--json", "--among", "5"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert only(Started, read_events(Path(row["run"]))).settings["among"] == 5


def test_for_a_person_each_answer_is_named_and_the_family_told_at_the_end(
    scene_neurons: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = f"{unit('constant').address}, {unit('noise').address}"
    assert main(["ask", "hidden", both, QUESTION, "--data", DATA, "--runs", str(tmp_path), "--max-images", "3"]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("Unit: ")] == ["Unit: neurons:8", "Unit: neurons:7"]
    assert lines[-1] == "0 of 2 units have a supported answer."
    assert "Stopped by --max-images 3: this is the best admissible answer so far" in lines


@pytest.mark.parametrize(
    ("units", "more", "named"),
    [
        ("0,99", (), "99"),
        ("0,1,0", (), "is asked twice"),
        ("0,,1", (), "'0,,1'"),
        ("0,x", (), "'0,x'"),
        ("0,1,2", ("--among", "2"), "--among 2 is less than the 3 units asked"),
        ("0", ("--among", "99999"), "--among 99999"),
        ("0", ("--among", "0"), "'0'"),
    ],
)
def test_what_cannot_be_asked_together_is_one_line_before_anything_is_run(
    units: str, more: tuple[str, ...], named: str, scene_neurons: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", "hidden", units, QUESTION, "--data", DATA, "--runs", str(tmp_path / "runs"), *more]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert named in told.err
    assert told.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_addresses_stand_between_commas_and_a_file_may_have_one() -> None:
    assert addresses("_blocks.4:19, _blocks.5:3") == ["_blocks.4:19", "_blocks.5:3"]
    assert addresses("conv:3+17,conv:@a.safetensors,7") == ["conv:3+17", "conv:@a.safetensors", "7"]
    assert addresses("conv:@a,b.safetensors") == ["conv:@a,b.safetensors"]
    assert addresses("conv:-1") == ["conv:-1"]


def test_ctrl_c_ends_the_command_after_the_answer_so_far(
    scene_neurons: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("lettvin.agent.loop.redraw_test", interrupt)
    assert main(["ask", "hidden", "0,1", QUESTION, "--data", DATA, "--runs", str(tmp_path), "--json"]) == 130
    told = capsys.readouterr()
    assert [json.loads(line)["unit"] for line in told.out.splitlines()] == ["neurons:0"]
    assert "0 of 1 units have a supported answer. 1 were not asked." in told.err
    assert told.err.splitlines()[-1] == "lettvin: interrupted"


def test_a_backbone_made_in_python_decides_in_one_run_only(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="one by one"):
        next(ask_each([unit("red"), unit("dog")], backbone=Scripted([]), data=DATA, runs=tmp_path))


def test_how_many_are_expected_wrong_is_what_their_confidences_leave(tmp_path: Path) -> None:
    answer = ask(unit("constant"), data=DATA, runs=tmp_path, page=False)
    right = answer.model_copy(update={"verdict": "supported", "confidence": 0.9})
    less = answer.model_copy(update={"verdict": "supported", "confidence": 0.6})
    text = together([answer, right, less], 4, 20)
    assert text.startswith("2 of 3 units have a supported answer. 1 were not asked.")
    assert "among 20 units" in text
    assert "0.5 of them are expected to be wrong" in text
    assert of(Decided, read_events(Path(answer.run))) == []
