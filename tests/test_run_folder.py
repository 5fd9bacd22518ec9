"""The run folder: begun only when the run begins, flushed line by line, read back whole, torn or broken."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from lettvin.agent.ask import ask
from lettvin.agent.backbones.scripted import Scripted
from lettvin.agent.run_folder import RunFolder, check_writable, new_run, read_about, read_events
from lettvin.agent.transcript import AnyEvent, Raised, Stopped
from lettvin.targets.errors import BadInput
from lettvin.tests.scene_runs import DATA, TARGET, study, unit
from lettvin.tools.store import Store

EVENTS: list[AnyEvent] = [
    Raised(id="H1", statement="fires for \u2028 Grün\x85, at\x0bnight", formula="green", level="colour", because="née"),
    Stopped(by="Ctrl-C"),
]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of two events, the first with every character that some reader takes for the end of a line."""
    path = new_run(tmp_path / "runs", "lite0-_blocks.5:3", {"question": "Why?"})
    with Store(tmp_path / "store") as store:
        folder = RunFolder(path, store)
        for event in EVENTS:
            folder.append(event)
        folder.close()
    return path


# ---- reading ------------------------------------------------------------------------------------------------------


def test_events_come_back_as_they_were_written_in_order(run: Path) -> None:
    found = read_events(run)
    assert [e.model_copy(update={"at": 0.0, "seq": 0}) for e in found] == EVENTS
    assert [e.seq for e in found] == [0, 1]
    assert (run / "events.jsonl").read_bytes().count(b"\n") == 2


def test_every_event_is_on_disk_before_anyone_is_told_of_it(tmp_path: Path) -> None:
    path = new_run(tmp_path, "a", {})
    with Store(tmp_path / "store") as store:
        on_disk: list[int] = []
        folder = RunFolder(path, store, lambda event: on_disk.append(len(read_events(path))))
        for event in EVENTS:
            folder.append(event)
        folder.close()
    assert on_disk == [1, 2]


def test_a_last_line_torn_anywhere_is_dropped(run: Path) -> None:
    """Inside a character too; only the whole line, cut before its end, is read."""
    path = run / "events.jsonl"
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for cut in range(first):
        path.write_bytes(whole[:cut])
        assert len(read_events(run)) == (cut == first - 1)
    path.write_bytes(whole[: first + 7])
    assert [event.kind for event in read_events(run)] == ["raised"]


@pytest.mark.parametrize("broken", [b"{", b"", b"[]", b'{"kind": "raisd"}', b'{"kind": "raised"}', b"\xff\xfe"])
def test_a_broken_line_in_the_middle_is_named(run: Path, broken: bytes) -> None:
    path = run / "events.jsonl"
    first, second = path.read_bytes().removesuffix(b"\n").split(b"\n")
    path.write_bytes(b"\n".join([first, broken, second, b""]))
    with pytest.raises(BadInput, match=r"events\.jsonl, line 2 is no event"):
        read_events(run)


@pytest.mark.parametrize("content", [None, "", "{", "[1]", "3", "null"])
def test_a_folder_that_is_no_run_is_named(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    with pytest.raises(BadInput, match=r"no readable run\.json"):
        read_about(tmp_path)
    with pytest.raises(BadInput, match=r"no events\.jsonl"):
        read_events(tmp_path)


# ---- making -------------------------------------------------------------------------------------------------------


def test_two_runs_of_one_second_have_folders_of_their_own(tmp_path: Path) -> None:
    made = [new_run(tmp_path, "../a b/c:3", {"n": n}) for n in range(3)]
    assert len(set(made)) == 3
    assert [read_about(path)["n"] for path in made] == [0, 1, 2]
    assert {path.parent for path in made} == {tmp_path}, "a unit's name leads nowhere else"


def test_whether_runs_can_be_written_is_found_out_without_a_trace(tmp_path: Path) -> None:
    check_writable(tmp_path / "some" / "runs")
    check_writable(tmp_path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("in the way")
    for runs in (tmp_path / "file", tmp_path / "file" / "runs"):
        with pytest.raises(BadInput, match="cannot be written"):
            check_writable(runs)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.fixture
def undissected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would be dissected, instead of dissecting it; and then Ctrl-C."""
    begun: list[str] = []

    def dissect(target: Any, source: Any, *rest: Any, **named: Any) -> None:
        begun.append(source.name)
        raise KeyboardInterrupt

    monkeypatch.setattr("lettvin.agent.unit_profile.dissect", dissect)
    return begun


def test_an_unwritable_folder_is_found_before_the_dissection(tmp_path: Path, undissected: list[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadInput, match="cannot be written"):
        ask(unit("red"), data=DATA, runs=tmp_path / "file" / "runs")
    assert undissected == []


def test_ctrl_c_in_the_dissection_leaves_nothing(tmp_path: Path, undissected: list[str]) -> None:
    with pytest.raises(KeyboardInterrupt):
        ask(unit("red"), data=DATA, runs=tmp_path / "runs")
    assert undissected == ["sketch:400@0"]
    assert list(tmp_path.iterdir()) == []


BAD: dict[str, dict[str, Any]] = {
    "layers": {"layers": ["neurns"]},
    "data": {"data": "sketch:0"},
    "too little data": {"data": "sketch:1"},
    "question": {"question": " "},
    "backbone": {"backbone": "empircist"},
    "generator": {"generator": "skech"},
    "images": {"max_images": 0},
    "seconds": {"max_seconds": float("nan")},
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_asked_leaves_no_folder_behind(case: str, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"data": DATA, "runs": tmp_path / "runs"} | BAD[case]
    with pytest.raises(BadInput):
        ask(unit("red"), **settings)
    assert list(tmp_path.iterdir()) == []


def test_run_json_says_how_to_ask_again(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"max_images": 7, "max_seconds": 60, "seed": 3}
    answer = ask(unit("constant"), backbone=Scripted([]), data=DATA, runs=tmp_path, page=False, **settings)
    about = read_about(Path(answer.run))
    command = ["lettvin", "ask", "hidden", unit("constant").address, "What makes this unit fire?", "--backbone", "scripted"]
    command += ["--data", "sketch:400@0", "--seed", "3", "--max-images", "7", "--max-seconds", "60"]
    assert about["command"] == command
    assert {"python", "lettvin", "torch", "numpy", "scipy"} <= about["versions"].keys()


def test_a_whole_run_is_four_things() -> None:
    answer, _ = study("constant")
    visible = sorted(name for name in os.listdir(answer.run) if not name.startswith("."))
    assert visible == ["events.jsonl", "images", "readings.jsonl", "run.json"], "and report.html where it is wanted"
    assert json.loads((Path(answer.run) / "run.json").read_text())["target"] == TARGET.name
