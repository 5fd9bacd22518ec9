"""Runs whose steps are fixed beforehand (a comparison, a hunt for bias), in a folder like any other run's.

Covered: making the folder, playing the protocol in it, its end at a limit or Ctrl-C, its page, and going on with one that was
cut off, as `resume.py` does for a question: it happens again from its seed, each event is held against the one on record and
each activation is taken from the run's own readings. Not covered: the protocols (`comparison/comparing.py`,
`bias/hunting.py`).
"""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ..targets.errors import BadInput, DiskFull, LimitReached
from ..targets.target import Unit
from ..tools.lab import Limits
from ..tools.store import Store, write_whole
from .bias.events import HuntBegun, Hunted
from .comparison.events import Compared, ComparisonBegun
from .line_file import mend
from .resume import SAME, limits_now, set_aside, where_it_began
from .run_folder import EVENTS, RECORD, RunFolder, check_writable, new_run, owned, read_about, read_events, recording
from .run_keys import versions
from .transcript import AnyEvent, Stopped
from .watcher import Watcher

Begun = ComparisonBegun | HuntBegun
Ended = Compared | Hunted
End = TypeVar("End", Compared, Hunted)
KINDS = {"comparison-begun": "compare", "hunt-begun": "bias"}  # by the first event: the command
PAGE = "report.html"


class FixedProtocol(Protocol):
    """What is played: opened with its labs, then played to its last event; `limit_to` sets what all labs may spend."""

    @property
    def begun(self) -> Begun: ...

    def begin_as(self, begun: Begun) -> None:
        """Take the beginning that is on record for its own."""
        ...

    def command(self) -> list[str]:
        """The command line that asks this again."""
        ...

    def opened(self, path: Callable[[], Path], limits: Limits, began: float, watcher: Watcher) -> AbstractContextManager[Store]:
        """The labs; `path`: where the run lies, once it does."""
        ...

    def limit_to(self, limits: Limits) -> None: ...

    def play(self, folder: RunFolder) -> Ended: ...

    def write_page(self, path: Path, kept: Path) -> None: ...


def settings_of(unit: Unit, limits: Limits, page: bool) -> dict[str, Any]:
    """What run.json keeps of how a protocol is run."""
    device = getattr(unit.target, "device", None)
    return {
        "max_images": limits.images,
        "max_seconds": limits.seconds,
        "device": None if device is None else str(device),
        "page": page,
    }


def kind_of(run: Path) -> str | None:
    """The command that began a run, "compare" or "bias"; None of any other run. Raises `BadInput` where it is no run."""
    return KINDS.get(str(read_about(run).get("kind")))


class StoppedWithin(Exception):
    """A study within the run was stopped, and has written that down; `by` says by what."""

    def __init__(self, by: str) -> None:
        super().__init__(by)
        self.by = by


def played(folder: RunFolder, steps: Callable[[], End], stopped: Callable[[str], End]) -> End:
    """The protocol's last event; where a limit or Ctrl-C came, what `stopped` makes of what is known so far.

    Ctrl-C while a resumed run happens again leaves it as it was.
    """
    try:
        return steps()
    except StoppedWithin as stop:
        return stopped(stop.by)
    except (LimitReached, KeyboardInterrupt) as stop:
        if folder.replaying:
            raise
        by = stop.limit if isinstance(stop, LimitReached) else "Ctrl-C"
        folder.append(Stopped(by=by))
        return stopped(by)


def begin(
    asked: FixedProtocol, name: str, runs: Path, limits: Limits, watcher: Watcher, page: bool
) -> tuple[Ended, str, float]:
    """A new run, played: its last event, its folder, and how long it took in seconds. Raises `BadInput`, `DiskFull`."""
    check_writable(runs)
    began = time.monotonic()
    made: list[Path] = []
    with asked.opened(lambda: made[0], limits, began, watcher) as store:
        made.append(new_run(runs, name, _about(asked)))
        with owned(made[0]):
            ended = _carry_through(asked, store, made[0], str(made[0]), began, watcher, page)
    return ended, str(made[0]), time.monotonic() - began


def go_on(
    run: Path,
    make: Callable[[dict[str, Any]], FixedProtocol],
    watcher: Watcher,
    max_images: int | None = None,
    max_seconds: float | None = None,
) -> tuple[Ended, str, float]:
    """An old run, gone on with to its end, or its end said again. `make`: the protocol of what its run.json says."""
    began = time.monotonic()
    path = run.absolute()
    told = read_about(path)
    if told.get("record") != RECORD:
        raise BadInput(f"the run in {str(run)!r} was made by another lettvin, and cannot be resumed by this one: ask again")
    with owned(path):
        mend(path / EVENTS)
        events = read_events(path) if (path / EVENTS).exists() else []
        limits, raised = limits_now(told, max_images, max_seconds)
        page = bool(told["settings"]["page"])
        stop = next((place for place, event in enumerate(events) if isinstance(event, Stopped) and not event.of_itself), None)
        last = events[-1] if events else None
        whole = (path / PAGE).exists() or not page
        if isinstance(last, Compared | Hunted) and whole and not _may_go_on(events, stop, raised, watcher):
            return last, str(run), last.at
        record = events if stop is None else events[:stop]
        with where_it_began(told):
            asked = make(told)
            _check_same(told, asked.begun)
            if events and isinstance(events[0], ComparisonBegun | HuntBegun):
                asked.begin_as(events[0])
            spent = events[-1].at if events else 0.0
            with asked.opened(lambda: path, limits if not record else Limits(), began - spent, watcher) as store:

                def live() -> None:
                    asked.limit_to(limits)
                    if stop is not None:
                        set_aside(path, stop)
                    settings = told["settings"] | {"max_images": limits.images, "max_seconds": limits.seconds}
                    again = {"events": len(record), "seconds": spent, "versions": versions()}
                    now = told | {"settings": settings, "command": asked.command()}
                    now["resumed"] = [*told.get("resumed", []), again]
                    write_whole(path / "run.json", (json.dumps(now, indent=1) + "\n").encode())
                    watcher.said(f"{len(record)} events are on record; going on from there")

                ended = _carry_through(asked, store, path, str(run), began - spent, watcher, page, record, live)
    return ended, str(run), time.monotonic() - began + spent


def _may_go_on(events: Sequence[AnyEvent], stop: int | None, raised: set[str], watcher: Watcher) -> bool:
    """Whether a run that has an end may be gone on with all the same: after Ctrl-C, or with a higher limit."""
    if stop is None:
        watcher.said("the run is finished; this is its answer")
        return False
    stopped = events[stop]
    assert isinstance(stopped, Stopped)
    limit = stopped.by.split()[0]
    if stopped.by == "Ctrl-C" or limit in raised:
        return True
    watcher.said(f"the run was stopped by {stopped.by}; give a higher {limit} to go on")
    return False


def _check_same(told: dict[str, Any], now: Begun) -> None:
    """That networks and data are those that the run was begun with. Raises `BadInput`."""
    before = told.get("keys", {})
    for name in sorted(before.keys() | now.keys.keys()):
        if name != "code" and before.get(name) != now.keys.get(name):
            raise BadInput(f"the {name} is not what this run was begun with: it has changed since; ask again")


def _carry_through(
    asked: FixedProtocol,
    store: Store,
    path: Path,
    shown_as: str,
    began: float,
    watcher: Watcher,
    page: bool,
    record: Sequence[AnyEvent] = (),
    live: Callable[[], None] = lambda: None,
) -> Ended:
    try:
        folder = RunFolder(path, store, watcher.event, began=began, record=record, live=live, why=SAME)
        try:
            ended = asked.play(folder)
        finally:
            folder.close()
        if page:
            with recording(path):
                asked.write_page(path, store.folder)
        return ended
    except DiskFull as full:
        raise DiskFull(f"{full}; then `lettvin resume {shlex.quote(shown_as)}` goes on") from None


def _about(asked: FixedProtocol) -> dict[str, Any]:
    """run.json: what is needed to ask again, or to go on."""
    told = asked.begun.model_dump(mode="json", exclude={"seq", "at"})
    return told | {"command": asked.command(), "record": RECORD, "folder": str(Path.cwd())}
