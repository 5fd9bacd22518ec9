"""A run that a language model decides, killed after any event: resumed, it asks nothing twice and comes to the same answer.

A kill after an event was flushed leaves the record cut after that event, so that every such kill is tried by cutting; one is
a real one, of a process of its own. Replayed offline from its record, a run is the same but for its times.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from lettvin.agent import admission, redraw_test
from lettvin.agent.answer import Answer
from lettvin.agent.ask import ask
from lettvin.agent.backbones.model import Message, Offered, Reply
from lettvin.agent.backbones.replay import Replay
from lettvin.agent.backbones.vision_language import VisionLanguage, Ways
from lettvin.agent.resume import resume
from lettvin.agent.run_folder import EVENTS, read_events
from lettvin.agent.transcript import Acted, AnyEvent, Decided, Ran, Replied, Stopped
from lettvin.tests.scene_runs import of, short_runs, unit
from lettvin.tests.scripted_model import block, calling
from lettvin.tests.test_vision_language import RAISING, TESTING

DATA = "sketch:80"
LOOKING = "top = exemplars(k=3, view='highlighted')\nshow([e.view for e in top.shown])\nprint(screen().fits[0].concept)"
BLOCKS: list[str | Reply] = [
    block(LOOKING),
    block("import random\nprint(random.random(), 1 / 0)"),
    "No block here.",
    block(RAISING + "print(undefined)"),
    block(RAISING),
    block(TESTING.replace("},\n", "}, ", 1) + "probe(['0' * 64])"),
    block("print(conclude('H1').verdict, len(ids))"),
    block("print(conclude('H1').verdict)"),
]
HYPOTHESES = [{"formula": w, "statement": w, "level": "x", "because": "y"} for w in ("red", "dog", "on snow")]
CALLS: list[str | Reply] = [
    calling(("exemplars", {"k": 3}), ("show", {"pictures": ["0" * 64]}), ("screen", {})),
    "No call here.",
    calling(("raise_hypotheses", {"hypotheses": HYPOTHESES}), ("compare", {"high": [1], "low": [0]})),
    calling(("conclude", {"hypothesis": "H1"})),
    calling(("conclude", {"hypothesis": "H1"})),
]
OBJECTING = '{"objections": [{"why": "pink was never shown"}]}'


class ByPlace:
    """A model that answers by how far a conversation has come, and so keeps nothing; it counts what it was asked."""

    def __init__(self, script: Sequence[str | Reply], name: str = "by place") -> None:
        self.name, self.script, self.asked = name, script, Counter[int]()

    def reply(self, messages: Sequence[Message], tools: Sequence[Offered] = ()) -> Reply:
        place = sum(message.role == "assistant" for message in messages)
        self.asked[place] += 1
        line = self.script[place] if place < len(self.script) else "No."
        return line if isinstance(line, Reply) else Reply(text=line)


@dataclass(frozen=True)
class Whole:
    """A run that nothing came between."""

    mode: Ways
    script: Sequence[str | Reply]
    folder: Path
    answer: Answer
    events: list[AnyEvent]
    lines: list[bytes]

    def cut(self, to: Path, count: int, torn: bytes = b"") -> Path:
        """The run as a kill after `count` events leaves it, or in the middle of the next line."""
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(self.folder, to, ignore=shutil.ignore_patterns("report.html"))
        (to / EVENTS).write_bytes(b"".join(self.lines[:count]) + torn)
        return to

    def backbone(self) -> VisionLanguage:
        return VisionLanguage(ByPlace(self.script), judge=ByPlace([OBJECTING], "judge"), mode=self.mode)


AS_IT_IS = [(redraw_test, name, getattr(redraw_test, name)) for name in ("TOP", "DRAWS", "EACH_DECILE")]
AS_IT_IS += [(admission, name, getattr(admission, name)) for name in ("SIZE", "EACH_DECILE")]


@pytest.fixture(autouse=True, scope="module")
def few_pictures() -> Iterator[None]:
    """A run is short."""
    yield from short_runs()


@pytest.fixture(scope="module", params=["code", "calls"])
def whole(request: pytest.FixtureRequest, few_pictures: None, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """The run that the others are held against."""
    mode: Ways = request.param
    script = BLOCKS if mode == "code" else CALLS
    backbone = VisionLanguage(ByPlace(script), judge=ByPlace([OBJECTING], "judge"), mode=mode)
    runs = tmp_path_factory.mktemp("whole")
    answer = ask(unit("red"), data=DATA, backbone=backbone, runs=runs, page=False)
    folder = Path(answer.run)
    lines = (folder / EVENTS).read_bytes().splitlines(keepends=True)
    return Whole(mode, script, folder, answer, read_events(folder), lines)


def told(events: Sequence[AnyEvent]) -> list[str]:
    """Events but for their times."""
    timeless = [json.loads(event.model_copy(update={"at": 0.0}).model_dump_json()) for event in events]
    return [json.dumps({**event, "seconds": 0}) for event in timeless]


def same(one: Answer, other: Answer) -> bool:
    return one.model_dump(exclude={"seconds", "run"}) == other.model_dump(exclude={"seconds", "run"})


def requests(events: Sequence[AnyEvent], role: str) -> int:
    return sum(event.role == role for event in of(Replied, events))


def test_the_run_has_all_that_can_be_cut(whole: Whole) -> None:
    assert whole.answer.formula == "red"
    assert of(Decided, whole.events)
    assert requests(whole.events, "judge") == 1
    assert requests(whole.events, "backbone") == len(whole.script)
    if whole.mode == "code":
        assert {event.how for event in of(Ran, whole.events)} == {"done", "failed", "refused"}


def test_killed_after_any_event_a_run_asks_nothing_twice_and_ends_the_same(whole: Whole, tmp_path: Path) -> None:
    """Every second cut leaves half of the next line, too. Between two pictures cuts are alike: those are tried once each."""
    places = [n for n in range(len(whole.lines)) if whole.events[n].kind != "picture" or whole.events[n - 1].kind != "picture"]
    assert len(places) > 20
    for count in places:
        torn = whole.lines[count][: len(whole.lines[count]) // 2] if count % 2 else b""
        run = whole.cut(tmp_path / "run", count, torn)
        backbone = whole.backbone()
        model, judge = backbone.model, backbone.judge
        answer = resume(run, unit=unit("red"), backbone=backbone)
        assert same(answer, whole.answer), count
        assert told(read_events(run)) == told(whole.events), count
        for role, asked in (("backbone", model.asked), ("judge", judge.asked)):  # type: ignore[attr-defined]
            left = requests(whole.events, role) - requests(whole.events[:count], role)
            assert sum(asked.values()) == left, f"after {count} events"
            assert not asked or max(asked.values()) == 1


def test_replayed_offline_the_events_are_the_same_but_for_times(whole: Whole, tmp_path: Path) -> None:
    replay = VisionLanguage(Replay(whole.folder), judge=Replay(whole.folder), mode=whole.mode)
    answer = ask(unit("red"), data=DATA, backbone=replay, runs=tmp_path, page=False)
    assert told(read_events(Path(answer.run)))[1:] == told(whole.events)[1:]


def test_a_block_that_was_stopped_for_time_is_stopped_again_where_it_was(tmp_path: Path) -> None:
    """On another machine it might have ended in time, or run into the limit elsewhere."""
    from lettvin.agent.backbones import sandbox

    endless = block("x = screen()\nkept = 4\nwhile True:\n    pass")
    script: list[str | Reply] = [block("kept = 3"), endless, block("print(kept)")]
    script.append(block("conclude(None)"))
    backbone = VisionLanguage(ByPlace(script))
    answer = ask(unit("red"), data=DATA, backbone=backbone, runs=tmp_path, page=False)
    events = read_events(Path(answer.run))
    assert [event.how for event in of(Ran, events)] == ["done", "time", "done"]
    run = Path(answer.run)
    lines = (run / EVENTS).read_bytes().splitlines(keepends=True)
    (run / EVENTS).write_bytes(b"".join(lines[:-1]))
    began = time.monotonic()
    again = resume(run, unit=unit("red"), backbone=VisionLanguage(ByPlace(script)))
    assert same(again, answer)
    assert told(read_events(run)) == told(events)
    assert time.monotonic() - began < sandbox.SECONDS, "the endless block was not run again"


def test_at_a_limit_a_run_is_resumed_to_the_same_end(tmp_path: Path) -> None:
    """The last request is on record too; a kill after it does not ask for it again where the limit still holds."""
    script = [block(RAISING), "No.", "No.", "No.", "No.", '{"hypothesis": "H1"}']
    answer = ask(unit("red"), data=DATA, backbone=VisionLanguage(ByPlace(script)), runs=tmp_path, page=False)
    events = read_events(Path(answer.run))
    assert of(Stopped, events)
    assert of(Decided, events)
    assert of(Acted, events)[-1].act.act == "conclude"
    stop = next(place for place, event in enumerate(events) if isinstance(event, Stopped))
    lines = (Path(answer.run) / EVENTS).read_bytes().splitlines(keepends=True)
    for count in [n for n in range(stop - 1, len(lines)) if events[n].kind != "picture" or events[n - 1].kind != "picture"]:
        run = tmp_path / "cut"
        shutil.rmtree(run, ignore_errors=True)
        shutil.copytree(answer.run, run)
        (run / EVENTS).write_bytes(b"".join(lines[:count]))
        model = ByPlace(script)
        again = resume(run, unit=unit("red"), backbone=VisionLanguage(model))
        assert same(again, answer), count
        assert told(read_events(run)) == told(events), count
        assert sum(model.asked.values()) == requests(events, "backbone") - requests(events[:count], "backbone"), count


KILLED = """
import os, signal, sys
from pathlib import Path
from lettvin.agent.ask import ask
from lettvin.agent.backbones.vision_language import VisionLanguage
from lettvin.tests.scene_runs import unit
from lettvin.tests.test_model_run_resumed import BLOCKS, DATA, OBJECTING, ByPlace

class Killing(ByPlace):
    def reply(self, messages, tools=()):
        if sum(self.asked.values()) == 5:
            Path(sys.argv[2]).write_text(str(backbone._mode.sandbox._session.worker_pid))
            os.kill(os.getpid(), signal.SIGKILL)
        return super().reply(messages, tools)

backbone = VisionLanguage(Killing(BLOCKS), judge=ByPlace([OBJECTING], "judge"))
ask(unit("red"), data=DATA, backbone=backbone, runs=sys.argv[1], page=False)
"""


def test_a_process_that_was_killed_leaves_no_worker_and_a_run_that_goes_on(tmp_path: Path) -> None:
    noted = tmp_path / "worker"
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "runs"), str(noted)], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    (run,) = (tmp_path / "runs").iterdir()
    worker = int(noted.read_text())
    for _ in range(100):
        if not Path(f"/proc/{worker}").exists() and not _alive(worker):
            break
        time.sleep(0.05)
    assert not _alive(worker)
    model = ByPlace(BLOCKS)
    with pytest.MonkeyPatch.context() as patch:  # as the killed process, which knew nothing of this module's fixture
        for module, name, value in AS_IT_IS:
            patch.setattr(module, name, value)
        answer = resume(run, unit=unit("red"), backbone=VisionLanguage(model, judge=ByPlace([OBJECTING], "judge")))
    assert answer.formula == "red"
    assert min(model.asked) == 5
    assert max(model.asked.values()) == 1


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z" if Path(f"/proc/{pid}/stat").exists() else True
