"""A run that was killed, at whatever moment, comes to the same events and the same answer, and measures nothing twice.

A kill after an event was flushed leaves the record cut after that event, so that every such kill is tried by cutting; some
are real ones, of a process of its own. What Ctrl-C and a full disk leave is in `test_interruption.py`.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import pkgutil
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lettvin.agent.acts import Act, Call, Conclude
from lettvin.agent.answer import Answer
from lettvin.agent.ask import ask
from lettvin.agent.backbones.scripted import Scripted
from lettvin.agent.readings import FILE as READINGS
from lettvin.agent.readings import Readings
from lettvin.agent.resume import resume
from lettvin.agent.run_folder import EVENTS, owned, read_about, read_events
from lettvin.agent.transcript import Acted, Answered, AnyEvent, PictureKept, Stopped
from lettvin.agent.watcher import Silent
from lettvin.cli import main
from lettvin.synthetic_neurons.scene_neuron import Neuron, SceneNeurons
from lettvin.targets.errors import BadInput
from lettvin.targets.picture import Picture
from lettvin.targets.target import See, Target
from lettvin.tests.scene_runs import Step, concluding, of, only, pairs, raising, short_runs
from lettvin.tools.lab import plainly
from lettvin.tools.store import Store

DATA = "sketch:80"
LOOKING = [
    Call(tool="exemplars", arguments={"which": "top", "k": 4, "view": "highlighted"}),
    Call(tool="generate", arguments={"prompts": ["a red car", "a dog on snow"], "n": 2}),
    Call(tool="no such tool"),
]
SCRIPT: list[Step] = [
    *LOOKING,
    *[raising("red"), raising("dog"), raising("no such word"), raising("on snow")],
    *[pairs("H1", "red", n=10), concluding("H1")],
]


class Counted(SceneNeurons):
    """One neuron that fires for red and counts what it is shown; another `key`, and nothing in the cache is known of it."""

    def __init__(self, key: str = "") -> None:
        super().__init__((Neuron("red"),), name="counted")
        self.key += key
        self.shown: Counter[str] = Counter()

    def watch(self, pictures: Sequence[Picture], layers: Sequence[str], see: See) -> None:
        self.shown.update(picture.id for picture in pictures)
        super().watch(pictures, layers, see)

    maps = Target.maps  # by way of `watch`, so that they are counted


class Forgetful:
    """Plays the script, but never says the same twice: to ask it for what is on record already is an error."""

    name = "forgetful"

    def __init__(self, script: Sequence[Step]) -> None:
        self.script = list(script)
        self.asked: list[int] = []

    def act(self, transcript: Sequence[AnyEvent]) -> Act:
        place = len(of(Acted, transcript))
        assert place not in self.asked
        self.asked.append(place)
        if place >= len(self.script):
            return Conclude(hypothesis=None)
        step = self.script[place]
        assert not callable(step)
        return step


@dataclass
class Begun(Silent):
    """Notes how long the readings were when each event stood."""

    run: Path | None = None
    sizes: list[int] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def event(self, event: AnyEvent) -> None:
        assert self.run is not None
        (folder,) = self.run.iterdir()
        self.sizes.append((folder / READINGS).stat().st_size)

    def said(self, text: str) -> None:
        self.lines.append(text)


@dataclass(frozen=True)
class Whole:
    """A run that nothing came between: its folder, answer, files, and how long the readings were at each event."""

    folder: Path
    answer: Answer
    events: list[AnyEvent]
    lines: list[bytes]
    readings: bytes
    about: bytes
    sizes: list[int]
    shown: Counter[str]

    def cut(self, to: Path, count: int, torn: bytes = b"") -> Path:
        """A folder as a kill after `count` events leaves it, `torn` being the beginning of the next."""
        (to / "images").mkdir(parents=True, exist_ok=True)
        (to / EVENTS).write_bytes(b"".join(self.lines[:count]) + torn)
        (to / READINGS).write_bytes(self.readings[: self.sizes[count - 1] if count else 0])
        (to / "run.json").write_bytes(self.about)
        kept = {event.id for event in of(PictureKept, self.events[:count])}
        for path in (to / "images").iterdir():
            if path.stem not in kept:
                path.unlink()
        for identity in kept:
            if not (to / "images" / f"{identity}.png").exists():
                os.link(self.folder / "images" / f"{identity}.png", to / "images" / f"{identity}.png")
        return to


@pytest.fixture(autouse=True, scope="module")
def few_pictures() -> Iterator[None]:
    """A run is short."""
    yield from short_runs()


@pytest.fixture
def nothing_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    """No number is found in the cache: what the run does not have itself is measured."""
    monkeypatch.setattr(Store, "activations", lambda *_: {})


def begun(runs: Path, script: Sequence[Step] = SCRIPT, **more: Any) -> Whole:
    target, watcher = Counted(), Begun(runs)
    answer = ask(target.unit("0"), data=DATA, backbone=Scripted(script), runs=runs, page=False, watcher=watcher, **more)
    folder = Path(answer.run)
    return Whole(
        folder,
        answer,
        read_events(folder),
        (folder / EVENTS).read_bytes().splitlines(keepends=True),
        (folder / READINGS).read_bytes(),
        (folder / "run.json").read_bytes(),
        watcher.sizes,
        target.shown,
    )


@pytest.fixture(scope="module")
def whole(few_pictures: None, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """The run that the others are held against; its data were dissected before, and are not counted."""
    begun(tmp_path_factory.mktemp("dissected"), [])
    patch = pytest.MonkeyPatch()
    patch.setattr(Store, "activations", lambda *_: {})
    run = begun(tmp_path_factory.mktemp("whole"))
    patch.undo()
    return run


def told(events: Sequence[AnyEvent]) -> list[str]:
    return [event.model_copy(update={"at": 0.0}).model_dump_json() for event in events]


def same(one: Answer, other: Answer) -> bool:
    return one.model_dump(exclude={"seconds", "run"}) == other.model_dump(exclude={"seconds", "run"})


def resumed(run: Path, target: Counted | None = None, script: Sequence[Step] = SCRIPT, **more: Any) -> Answer:
    return resume(run, unit=(target or Counted()).unit("0"), backbone=Scripted(script), **more)


# ---- killed -------------------------------------------------------------------------------------------------------


def test_killed_after_any_event_or_in_it_a_run_ends_the_same_and_measures_nothing_twice(
    whole: Whole, tmp_path: Path, nothing_cached: None
) -> None:
    """Every second cut leaves half of the next line, too. No number is cached: only the run's own keep it from forwards."""
    assert len(whole.events) > 80
    assert whole.answer.verdict == "supported"
    assert set(whole.shown.values()) == {1}
    for count in range(len(whole.lines)):
        torn = whole.lines[count][: len(whole.lines[count]) // 2] if count % 2 else b""
        run = whole.cut(tmp_path / "run", count, torn)
        known = {json.loads(line)["picture"] for line in (run / READINGS).read_bytes().splitlines()}
        target = Counted()
        answer = resumed(run, target)
        assert same(answer, whole.answer), count
        assert told(read_events(run)) == told(whole.events), count
        assert target.shown == Counter(whole.shown.keys() - known), f"after {count} events"
        assert {path.stem for path in (run / "images").iterdir()} == {e.id for e in of(PictureKept, whole.events)}


def test_readings_torn_or_lost_are_measured_again(whole: Whole, tmp_path: Path, nothing_cached: None) -> None:
    """A reading that was cut off is one forward more; the rest is taken from the run."""
    run = whole.cut(tmp_path / "run", len(whole.lines) - 5)
    kept = (run / READINGS).read_bytes()
    (run / READINGS).write_bytes(kept[:-20])
    target = Counted()
    assert same(resumed(run, target), whole.answer)
    last = json.loads(kept.splitlines()[-1])["picture"]
    assert target.shown[last] == 1
    shutil.rmtree(run)
    run = whole.cut(tmp_path / "run", len(whole.lines) - 5)
    (run / READINGS).unlink()
    target = Counted()
    assert same(resumed(run, target), whole.answer)
    assert target.shown == whole.shown


def kill_myself(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def at_call(number: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, but for its call of that number: that one kills the process."""
    calls = iter(range(number))

    def called(*arguments: Any, **named: Any) -> Any:
        if next(calls, None) is None:
            kill_myself()
        return function(*arguments, **named)

    return called


MOMENTS: dict[str, tuple[str, int]] = {  # what kills the process, and how many calls it lets pass
    "in the dissection": ("Counted.watch", 1),
    "before the first event": ("lettvin.agent.run_folder.RunFolder.append", 0),
    "in the redraw test": ("Counted.watch", 6),
    "while a picture is copied": ("lettvin.agent.run_folder.copy_in", 30),
    "in an experiment": ("lettvin.tools.experiment._pictures", 1),
    "when an experiment was measured": ("lettvin.agent.ledger.Ledger.judge", 0),
    "in the conclusion": ("lettvin.agent.admission._check_rival", 0),
    "when all is decided": ("lettvin.agent.loop.compose", 0),
    "before the page's maps are kept": ("lettvin.agent.report.maps.keep_maps", 0),
    "before the page is there": ("lettvin.agent.report.page.write_whole", 0),
}


def asked_and_killed(runs: Path, key: str, where: str, number: int) -> None:
    """In a process of its own: ask, until the moment comes."""
    import torch

    torch.set_num_threads(1)  # a forked process has none of its parent's threads
    target, (path, _, name) = Counted(key), where.rpartition(".")
    owner = Counted if path == "Counted" else pkgutil.resolve_name(path)
    setattr(owner, name, at_call(number, getattr(owner, name)))
    seen = Counted.watch

    def noted(self: Counted, pictures: Sequence[Picture], layers: Sequence[str], see: See) -> None:
        seen(self, pictures, layers, see)
        with (runs.parent / "forwards").open("a") as file:
            file.writelines(f"{picture.id}\n" for picture in pictures)

    Counted.watch = noted  # type: ignore[method-assign]
    ask(target.unit("0"), data=DATA, backbone=Scripted(SCRIPT), runs=runs)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process")
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_process_killed_at_that_moment_leaves_a_run_that_can_be_resumed(moment: str, whole: Whole, tmp_path: Path) -> None:
    where, number = MOMENTS[moment]
    process = multiprocessing.get_context("fork").Process(
        target=asked_and_killed, args=(tmp_path / "runs", moment, where, number)
    )
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    if moment == "in the dissection":
        assert not list(tmp_path.rglob("run.json")), "a run begins when its unit is dissected"
        return
    (run,) = (tmp_path / "runs").iterdir()
    target = Counted(moment)
    answer = resumed(run, target)
    assert same(answer, whole.answer)
    assert told(read_events(run))[1:] == told(whole.events)[1:]
    assert answer.page.is_file()
    forwards = Counter((tmp_path / "forwards").read_text().split())
    data = {e.id for e in of(PictureKept, whole.events) if e.provenance.kind == "data"}
    twice = {identity for identity, n in (forwards + target.shown).items() if n > 1}
    assert not twice - data, "what is not of the data is shown once, over both processes"
    assert all((forwards + target.shown)[identity] <= 2 for identity in data), "and the data's own, once beside the dissection"


# ---- asked again ----------------------------------------------------------------------------------------------------


def test_a_backbone_that_never_says_the_same_twice_is_not_asked_for_what_is_on_record(whole: Whole, tmp_path: Path) -> None:
    third = [place for place, event in enumerate(whole.events) if isinstance(event, Acted)][2]
    run = whole.cut(tmp_path / "run", third + 1)
    mind = Forgetful(SCRIPT)
    answer = resume(run, unit=Counted().unit("0"), backbone=mind)
    assert same(answer, whole.answer)
    assert mind.asked == list(range(3, len(SCRIPT)))
    assert told(read_events(run)) == told(whole.events)


def test_a_backbone_that_decides_otherwise_is_named(whole: Whole, tmp_path: Path) -> None:
    run = whole.cut(tmp_path / "run", len(whole.lines) - 1)
    with pytest.raises(BadInput, match=r"acted\.act\.formula was \"dog\" on record, and is \"cat\" now"):
        resumed(run, script=[*LOOKING, raising("red"), raising("cat")])
    assert (run / EVENTS).read_bytes() == b"".join(whole.lines[:-1]), "what is on record stays"


def test_a_finished_run_says_its_answer_again(whole: Whole, tmp_path: Path) -> None:
    run = shutil.copytree(whole.folder, tmp_path / "run")
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.is_file()}
    target, watcher = Counted(), Begun(tmp_path)
    answer = resumed(run, target, watcher=watcher)
    assert same(answer, whole.answer)
    assert not target.shown
    assert watcher.lines == ["the run is finished; this is its answer"]
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.is_file()} == before


def test_a_run_is_resumed_by_its_names_from_the_command_line_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A target in a file beside where it was asked for; by the empiricist, cut in the middle; JSON as `ask` gives it."""
    (tmp_path / "net.py").write_text(
        "import numpy as np, torch\n"
        "def red():\n"
        "    conv = torch.nn.Conv2d(3, 1, 8, stride=8, bias=False)\n"
        "    torch.nn.init.constant_(conv.weight, -1 / 64)\n"
        "    torch.nn.init.constant_(conv.weight[:, 0], 2 / 64)\n"
        "    def small(image):\n"
        "        return torch.from_numpy(np.array(image.resize((64, 64)), np.float32) / 255).permute(2, 0, 1)\n"
        "    return torch.nn.Sequential(conv), small\n"
    )
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    words = ("net.py:red", "0:0", "What makes this unit fire?", "--data", DATA, "--json", "--max-images", "400")
    code = main(["ask", *words])
    first = json.loads(capsys.readouterr().out)
    run = Path(first["run"]).absolute()
    events = read_events(run)
    lines = (run / EVENTS).read_bytes().splitlines(keepends=True)
    (run / EVENTS).write_bytes(b"".join(lines[: len(lines) // 2]))
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main(["resume", str(run), "--json"]) == code
    again = json.loads(capsys.readouterr().out)
    assert {**again, "seconds": 0, "run": ""} == {**first, "seconds": 0, "run": ""}
    assert told(read_events(run)) == told(events)
    assert main(["resume", str(run)]) == code
    assert first["description"] in capsys.readouterr().out


# ---- what has changed -----------------------------------------------------------------------------------------------


def complaint(run: Path, **more: Any) -> str:
    with pytest.raises(BadInput) as refused:
        resumed(run, **more)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def changed(run: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """run.json and the first event, changed alike."""
    about = read_about(run)
    change(about)
    (run / "run.json").write_text(json.dumps(about))
    lines = (run / EVENTS).read_bytes().splitlines(keepends=True)
    first = json.loads(lines[0])
    change(first)
    (run / EVENTS).write_bytes(b"".join([json.dumps(first).encode() + b"\n", *lines[1:]]))
    return run


def test_another_network_or_other_data_are_named_before_anything_is_run(whole: Whole, tmp_path: Path) -> None:
    run = whole.cut(tmp_path / "run", 40)
    assert "'counted' is not the network that this run asked" in complaint(run, target=Counted("other weights"))
    changed(run, lambda told: told["keys"].update(data="other"))
    assert f"the data '{DATA}@0' are not those" in complaint(run)


def test_a_record_of_an_older_or_newer_lettvin_is_named_with_how_to_ask_again(whole: Whole, tmp_path: Path) -> None:
    run = whole.cut(tmp_path / "run", 40)
    about = json.loads(whole.about)
    for form, who in ((None, "older"), (1, "older"), (99, "newer"), ("x", "older")):
        (run / "run.json").write_text(json.dumps(about | {"record": form}))
        line = complaint(run)
        assert f"made by a{'n' if who == 'older' else ''} {who} lettvin" in line
        assert "lettvin ask counted" in line


def test_where_events_differ_what_has_changed_is_named(whole: Whole, tmp_path: Path) -> None:
    run = whole.cut(tmp_path / "run", 40)
    lines = (run / EVENTS).read_bytes().splitlines(keepends=True)
    profiled = json.loads(lines[1])
    profiled["quantiles"][0][1] += 0.5
    (run / EVENTS).write_bytes(b"".join([lines[0], json.dumps(profiled).encode() + b"\n", *lines[2:]]))
    line = complaint(run)
    assert "events.jsonl, line 2: profiled.quantiles[0][1] was " in line
    assert "nothing that is known of has changed" in line
    changed(run, lambda told: told["versions"].update(torch="0.4"))
    assert "torch was 0.4 and is " in complaint(run)
    assert "since the run was begun" in complaint(run)


@pytest.mark.parametrize(("kind", "name"), [("proposed", "rival"), ("raised", "statement"), ("registered", "n")])
def test_a_difference_in_the_middle_of_an_act_is_no_mistake_of_the_backbone_s(
    kind: str, name: str, whole: Whole, tmp_path: Path
) -> None:
    run = whole.cut(tmp_path / "run", len(whole.lines) - 1)
    lines = (run / EVENTS).read_bytes().splitlines(keepends=True)
    place = next(i for i, event in enumerate(whole.events) if event.kind == kind)
    other = json.loads(lines[place])
    other[name] = other[name] * 2
    (run / EVENTS).write_bytes(b"".join([*lines[:place], json.dumps(other).encode() + b"\n", *lines[place + 1 :]]))
    assert f"events.jsonl, line {place + 1}: {kind}.{name} was {json.dumps(other[name])} on record" in complaint(run)


def test_a_version_that_makes_no_difference_makes_none(whole: Whole, tmp_path: Path) -> None:
    run = changed(whole.cut(tmp_path / "run", 40), lambda told: told["versions"].update(torch="0.4"))
    assert same(resumed(run), whole.answer)


def test_another_unit_is_not_the_run_s(whole: Whole, tmp_path: Path) -> None:
    run = whole.cut(tmp_path / "run", 40)
    two = SceneNeurons((Neuron("red"), Neuron("dog")))
    with pytest.raises(BadInput, match="the run is about unit 'neurons:0', not 'neurons:1'"):
        resume(run, unit=two.unit("1"), backbone=Scripted(SCRIPT))


def test_what_is_no_run_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resume", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert "is not a run folder" in told
    assert told.count("\n") == 1
    (tmp_path / "run.json").write_text('{"record": 2}')
    assert "is not as it was written" in complaint(tmp_path)


# ---- mended ---------------------------------------------------------------------------------------------------------


def test_missing_and_broken_pictures_are_made_again(whole: Whole, tmp_path: Path) -> None:
    run = whole.cut(tmp_path / "run", len(whole.lines) - 1)
    shown = sorted((run / "images").iterdir())
    shown[0].unlink()
    broken = shown[1].read_bytes()[:-50]
    shown[1].unlink()  # a hard link: the cache's own file stays as it was
    shown[1].write_bytes(broken)
    other = shown[3].read_bytes()
    shown[2].unlink()
    shown[2].write_bytes(other)
    watcher = Begun(tmp_path)
    assert same(resumed(run, watcher=watcher), whole.answer)
    for path in shown[:3]:
        assert path.read_bytes() == (whole.folder / "images" / path.name).read_bytes()
    assert "3 pictures of the run were missing or broken, and are made again" in watcher.lines


def test_a_cache_that_was_moved_or_cleared_is_made_again_and_no_picture_is_shown_twice(
    whole: Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dissected and painted anew, elsewhere; what the run had measured is not measured again."""
    monkeypatch.setenv("LETTVIN_CACHE", str(tmp_path / "cache"))
    run = whole.cut(tmp_path / "run", len(whole.lines) - 1)
    target = Counted()
    assert same(resumed(run, target), whole.answer)
    assert told(read_events(run)) == told(whole.events)
    assert target.shown.total() == 80, "the dissection"


def test_a_line_that_is_no_event_in_the_middle_is_named(whole: Whole, tmp_path: Path) -> None:
    run = whole.cut(tmp_path / "run", 40)
    lines = (run / EVENTS).read_bytes().splitlines(keepends=True)
    (run / EVENTS).write_bytes(b"".join([*lines[:20], b"{}\n", *lines[20:]]))
    assert "line 21 is no event" in complaint(run)


def test_readings_that_are_none_are_named(tmp_path: Path) -> None:
    for line in ("{}", "[]", '{"unit": "u", "picture": "p", "peak": 1, "mean": 0, "shape": [2, 2], "map": "AAAA"}'):
        (tmp_path / READINGS).write_text(f'{line}\n{{"unit": "u", "picture": "p", "peak": 1, "mean": 0}}\n')
        with pytest.raises(BadInput, match=r"readings\.jsonl, line 1 is no reading"):
            Readings(tmp_path)


# ---- one at a time --------------------------------------------------------------------------------------------------


def hold(run: Path, ready: Any, done: Any) -> None:
    with owned(run):
        ready.set()
        done.wait(60)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_two_processes_do_not_go_on_with_one_run(whole: Whole, tmp_path: Path) -> None:
    run = whole.cut(tmp_path / "run", 40)
    context = multiprocessing.get_context("fork")
    ready, done = context.Event(), context.Event()
    process = context.Process(target=hold, args=(run, ready, done))
    process.start()
    assert ready.wait(60)
    assert "is going on in another process" in complaint(run)
    done.set()
    process.join(60)
    assert same(resumed(run), whole.answer)


# ---- limits ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [10, 40, 60])
def test_a_run_that_a_limit_stopped_goes_on_under_a_higher_one(most: int, whole: Whole, tmp_path: Path) -> None:
    """Stopped in the redraw test, in the experiment, in the conclusion: then as if it had never stopped."""
    first = begun(tmp_path / "runs", max_images=most)
    assert first.answer.limit == f"--max-images {most}"
    assert isinstance(first.events[-1], Answered)
    run, watcher = first.folder, Begun(tmp_path)
    again = resumed(run, watcher=watcher)
    assert same(again, first.answer), "the limit still holds"
    assert watcher.lines == [f"the run was stopped by --max-images {most}; give a higher --max-images to go on"]
    answer = resumed(run, max_images=1000)
    assert same(answer, whole.answer)
    assert told(read_events(run))[1:] == told(whole.events)[1:]
    aside = [json.loads(line)["kind"] for line in (run / "stopped-1.jsonl").read_bytes().splitlines()]
    assert (aside[0], aside[-1]) == ("stopped", "answered")
    about = read_about(run)
    assert about["settings"]["max_images"] == 1000
    assert "--max-images 1000" in " ".join(about["command"])
    assert [row["max_images"] for row in about["resumed"]] == [1000]


def test_a_limit_that_is_higher_but_not_enough_stops_the_run_again(tmp_path: Path) -> None:
    first = begun(tmp_path / "runs", max_images=10)
    answer = resumed(first.folder, max_images=40)
    assert answer.limit == "--max-images 40"
    assert 10 < answer.images <= 40
    assert only(Stopped, read_events(first.folder)).by == "--max-images 40"


def test_seconds_count_over_the_whole_run(whole: Whole, tmp_path: Path) -> None:
    """What was spent before the kill is spent; what is on record is not taken back for want of time."""
    run = whole.cut(tmp_path / "run", 40)
    last = whole.events[39].at
    answer = resumed(run, max_seconds=last / 2)
    assert answer.limit == f"--max-seconds {plainly(last / 2)}"
    events = read_events(run)
    assert told(events[:40]) == told(whole.events[:40])
    assert all(event.at >= last for event in events[40:])
    assert answer.seconds >= last
    assert same(resumed(run, max_seconds=10_000), whole.answer)
