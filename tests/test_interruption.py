"""Ctrl-C and a full disk, at every moment: one line or an answer, a record of whole lines, and a run that can be resumed.

A full disk is a small tmpfs where the tests may mount one, and elsewhere a limit on the size of files.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lettvin.agent.answer import Answer
from lettvin.agent.ask import ask
from lettvin.agent.backbones.scripted import Scripted
from lettvin.agent.interruption import uninterrupted
from lettvin.agent.line_file import LineFile, mend
from lettvin.agent.resume import resume
from lettvin.agent.run_folder import EVENTS, read_about, read_events
from lettvin.agent.transcript import Answered, AnyEvent, Judged, Proposed, Registered, Stopped
from lettvin.agent.watcher import Silent
from lettvin.cli import main
from lettvin.targets.errors import DiskFull
from lettvin.tests.scene_runs import DATA, Step, concluding, of, only, pairs, raising, unit

SCRIPT: list[Step] = [raising("red"), raising("dog"), raising("on snow"), pairs("H1", "red"), concluding("H1")]


def asked(runs: Path, **more: Any) -> Answer:
    return ask(unit("red"), data=DATA, backbone=Scripted(SCRIPT), runs=runs, **{"page": False, **more})


def gone_on(run: str | Path, **more: Any) -> Answer:
    return resume(run, unit=unit("red"), backbone=Scripted(SCRIPT), **more)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Answer, list[AnyEvent]]:
    """The answer and the events of a run that nothing came between."""
    answer = asked(tmp_path_factory.mktemp("whole"))
    return answer, read_events(Path(answer.run))


def told(events: list[AnyEvent]) -> list[str]:
    """All but the times, and the first event, in which limits stand."""
    return [event.model_copy(update={"at": 0.0}).model_dump_json() for event in events[1:]]


def same(one: Answer, other: Answer) -> bool:
    return one.model_dump(exclude={"seconds", "run"}) == other.model_dump(exclude={"seconds", "run"})


def check_resumed(run: str | Path, whole: tuple[Answer, list[AnyEvent]]) -> None:
    assert same(gone_on(run), whole[0])
    assert told(read_events(Path(run))) == told(whole[1])


# ---- Ctrl-C -------------------------------------------------------------------------------------------------------


class Interrupting(Silent):
    """Ctrl-C once, in the first stage of that name after an event of that kind."""

    def __init__(self, after: type[AnyEvent], stage: str) -> None:
        self.after, self.stage, self.armed, self.done = after, stage, False, False

    def event(self, event: AnyEvent) -> None:
        self.armed |= isinstance(event, self.after)

    def progress(self, stage: str, done: int, total: int) -> None:
        if self.armed and not self.done and stage == self.stage:
            self.done = True
            raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("after", "stage"),
    [(Registered, "generating"), (Registered, "measuring"), (Proposed, "generating"), (Proposed, "measuring")],
)
def test_ctrl_c_in_an_experiment_or_a_conclusion_leaves_the_best_answer_so_far_and_resume_the_whole(
    after: type[AnyEvent], stage: str, whole: tuple[Answer, list[AnyEvent]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lettvin.tools.store.Store.activations", lambda *_: {})  # so that there is something to measure
    answer = asked(tmp_path, watcher=Interrupting(after, stage))
    events = read_events(Path(answer.run))
    assert (answer.limit, answer.verdict) == ("Ctrl-C", "inconclusive")
    assert answer.formula == ("red" if after is Proposed else None)
    assert "Stopped by Ctrl-C" in answer.text()
    assert only(Stopped, events).by == "Ctrl-C"
    assert isinstance(events[-1], Answered)
    assert len(of(Judged, events)) == (after is Proposed), "what was cut off is no test that counts"
    check_resumed(answer.run, whole)


def raising_once(function: Callable[..., Any]) -> Callable[..., Any]:
    calls = iter([True])

    def called(*arguments: Any, **named: Any) -> Any:
        if next(calls, False):
            raise KeyboardInterrupt
        return function(*arguments, **named)

    return called


def test_ctrl_c_while_the_page_is_written_leaves_the_whole_answer_and_resume_the_page(
    whole: tuple[Answer, list[AnyEvent]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lettvin.agent.report import page

    monkeypatch.setattr(page, "write_page", raising_once(page.write_page))
    answer = asked(tmp_path, page=True)
    assert (answer.interrupted, answer.limit, answer.verdict) == (True, None, whole[0].verdict)
    assert "Page: not written; `lettvin resume" in answer.text()
    assert not answer.page.exists()
    assert "interrupted" not in answer.as_json()
    events = (Path(answer.run) / EVENTS).read_bytes()
    again = gone_on(answer.run)
    assert again.page.is_file()
    assert not again.interrupted
    assert same(again.model_copy(update={"interrupted": True}), answer)
    assert (Path(answer.run) / EVENTS).read_bytes() == events


@pytest.mark.parametrize("where", ["lettvin.agent.loop.compose", "lettvin.agent.loop.Stopped"])
def test_a_second_ctrl_c_while_the_answer_is_composed_leaves_a_run_that_can_be_resumed(
    where: str, whole: tuple[Answer, list[AnyEvent]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pkgutil

    with monkeypatch.context() as patch:
        patch.setattr("lettvin.tools.store.Store.activations", lambda *_: {})
        patch.setattr(where, raising_once(pkgutil.resolve_name(where)))
        with pytest.raises(KeyboardInterrupt):
            asked(tmp_path, watcher=Interrupting(Registered, "measuring"))
    (run,) = tmp_path.iterdir()
    events = read_events(run)
    assert of(Answered, events) == []
    assert [event.seq for event in events] == list(range(len(events)))
    check_resumed(run, whole)


def test_ctrl_c_while_a_run_is_resumed_leaves_it_as_it_was(
    whole: tuple[Answer, list[AnyEvent]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = shutil.copytree(whole[0].run, tmp_path / "run")
    lines = (run / EVENTS).read_bytes().splitlines(keepends=True)
    (run / EVENTS).write_bytes(b"".join(lines[:-1]))
    with monkeypatch.context() as patch:
        patch.setattr("lettvin.agent.loop.redraw_test", raising_once(lambda lab: None))
        with pytest.raises(KeyboardInterrupt):
            gone_on(run)
    assert (run / EVENTS).read_bytes() == b"".join(lines[:-1])
    check_resumed(run, whole)


def test_ctrl_c_waits_for_what_must_happen_whole() -> None:
    happened: list[str] = []

    def work() -> None:
        with uninterrupted():
            with uninterrupted():
                os.kill(os.getpid(), signal.SIGINT)
                happened.append("inner")
            happened.append("outer")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert happened == ["inner", "outer"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_must_happen_whole_may_fail_and_stand_in_a_thread() -> None:
    with pytest.raises(ValueError, match="a defect"), uninterrupted():
        raise ValueError("a defect")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    happened: list[int] = []

    def work() -> None:
        with uninterrupted():
            happened.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    assert happened == [1]


# ---- lines --------------------------------------------------------------------------------------------------------


def test_a_last_line_torn_at_any_byte_is_cut_off_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    whole = '{"a": "née"}\n{"b": "\u2028"}\n'.encode()
    first = whole.index(b"\n") + 1
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        kept = whole[: len(whole) if cut == len(whole) else first if cut >= first else 0]
        assert mend(path) is (kept != whole[:cut])
        assert path.read_bytes() == kept
    path.write_bytes(whole + b"\0\0\0\n")
    assert mend(path)
    assert path.read_bytes() == whole
    assert not mend(tmp_path / "nothing")


def test_lines_are_appended_to_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    for lines in (["a"], ["b", "c"], []):
        file = LineFile(path)
        file.append(lines)
        file.close()
    assert path.read_bytes() == b"a\nb\nc\n"


# ---- a full disk ----------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """A file system of so many KiB; called again, the same one with more room."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = False

    def sized(kib: int) -> Path:
        nonlocal mounted
        how = ["-o", f"remount,size={kib}k"] if mounted else ["-t", "tmpfs", "-o", f"size={kib}k", "tmpfs"]
        words = ["mount", *how, str(place)]
        if subprocess.run(words, capture_output=True).returncode:
            pytest.skip("no file system may be mounted here")
        mounted = True
        return place

    yield sized
    if mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("kib", [32, 400, 1500])
def test_a_disk_that_fills_up_under_the_run_stops_it_in_one_line_and_it_is_resumed(
    kib: int, small_disk: Callable[[int], Path], whole: tuple[Answer, list[AnyEvent]]
) -> None:
    runs = small_disk(kib)
    with pytest.raises(DiskFull, match=r"no space left.*: free some; then `lettvin resume .*` goes on") as stopped:
        asked(runs)
    assert "\n" not in str(stopped.value)
    (run,) = runs.iterdir()
    assert (run / EVENTS).read_bytes().endswith(b"\n") or not (run / EVENTS).read_bytes()
    assert told(read_events(run)) == told(whole[1])[: len(read_events(run)) - 1]
    assert 0 < len(read_events(run)) < len(whole[1])
    with pytest.raises(DiskFull):
        gone_on(run)
    small_disk(100_000)
    check_resumed(run, whole)


def test_a_cache_that_fills_up_stops_the_run_in_one_line_and_it_is_resumed(
    small_disk: Callable[[int], Path], whole: tuple[Answer, list[AnyEvent]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dissection fits; the pictures of the run do not."""
    cache = small_disk(100_000)
    shutil.copytree(Path(os.environ["LETTVIN_CACHE"]) / "dissections", cache / "dissections")
    taken = sum(path.stat().st_size for path in cache.rglob("*") if path.is_file()) // 1024
    small_disk(taken + 1200)
    monkeypatch.setenv("LETTVIN_CACHE", str(cache))
    with pytest.raises(DiskFull, match=r"the disk is full.*then `lettvin resume .*` goes on"):
        asked(tmp_path / "runs")
    (run,) = (tmp_path / "runs").iterdir()
    assert told(read_events(run)) == told(whole[1])[: len(read_events(run)) - 1]
    small_disk(100_000)
    check_resumed(run, whole)


def short_files(runs: Path, most: int, out: Path) -> None:
    """In a process of its own: no file may grow longer than `most` bytes."""
    import resource  # not on every system; nor is `fork`

    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    with contextlib.redirect_stderr(out.open("w")), pytest.raises(DiskFull) as stopped:
        asked(runs)
    os.write(os.open(out.with_name("full"), os.O_WRONLY | os.O_CREAT), str(stopped.value).encode())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_record_that_can_grow_no_further_ends_in_a_whole_line(whole: tuple[Answer, list[AnyEvent]], tmp_path: Path) -> None:
    """A limit on the size of files stands for a quota: everything is in the cache, only events.jsonl is too long."""
    most = (Path(whole[0].run) / EVENTS).stat().st_size - 2000
    process = multiprocessing.get_context("fork").Process(
        target=short_files, args=(tmp_path / "runs", most, tmp_path / "told")
    )
    process.start()
    process.join(120)
    assert process.exitcode == 0
    (run,) = (tmp_path / "runs").iterdir()
    assert "no space left for the run" in (tmp_path / "full").read_text()
    written = (run / EVENTS).read_bytes()
    assert written.endswith(b"\n")
    assert len(written) <= most
    check_resumed(run, whole)


def test_a_full_disk_ends_a_command_with_3_and_one_line(
    small_disk: Callable[[int], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    runs = small_disk(64)
    words = ["ask", "efficientnet-lite0", "_blocks.1:3", "What makes this unit fire?", "--data", "sketch:40"]
    assert main([*words, "--layers", "_blocks.1", "--runs", str(runs)]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    last = err.splitlines()[-1]
    assert last.startswith("lettvin: no space left")
    assert "lettvin resume" in last
    assert "Traceback" not in err


def test_the_answer_s_page_is_part_of_the_run(tmp_path: Path) -> None:
    """What run.json says is enough for resume to know whether a page was wanted."""
    answer = asked(tmp_path)
    assert read_about(Path(answer.run))["settings"]["page"] is False
    assert not gone_on(answer.run).page.exists()
