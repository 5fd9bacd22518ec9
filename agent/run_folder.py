"""The run folder: `run.json`, `events.jsonl`, `readings.jsonl`, `images/` and `report.html`, written as the run goes.

Covered: making it, one process at a time in it, appending events (flushed one by one) or holding them against those on
record, copying pictures in, reading it back. Not covered: what is done to resume a run (`resume.py`), the readings
(`readings.py`), and the page (`report/`).
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..targets.errors import BadInput, DiskFull
from ..targets.picture import Picture, picture_id
from ..tools.store import Store, write_whole
from ..tools.writing import FULL
from .interruption import uninterrupted
from .line_file import LineFile
from .transcript import EVENT, AnyEvent, PictureKept

EVENTS = "events.jsonl"
RECORD = 2  # the form of a run's record: 2 has acts and readings, without which a run cannot be resumed


class Diverged(BadInput):
    """A resumed run came to another event than the one on record."""


class RunFolder:
    """A run being written. `append` gives each event its number and time, writes it and tells the listeners.

    `began`: when the run began, by `time.monotonic`. `record`: the events on record, where the run is resumed: as many are
    only compared (all but their times) and the run is `replaying`; then `live` is called, once, and the rest is written.
    `why`: what a difference may come from, in words. `set_aside`: an earlier end of the run, which is no part of it any more;
    what language models said in it need not be asked again.
    """

    def __init__(
        self,
        path: Path,
        store: Store,
        listen: Callable[[AnyEvent], None] = lambda event: None,
        *,
        began: float | None = None,
        record: Sequence[AnyEvent] = (),
        live: Callable[[], None] = lambda: None,
        why: str = "",
        set_aside: Sequence[AnyEvent] = (),
    ) -> None:
        self.path, self.store, self.listen, self.set_aside = path, store, listen, set_aside
        self.events: list[AnyEvent] = []
        self.mended = 0  # pictures on record whose file was gone or broken
        self._began = time.monotonic() if began is None else began
        self._record, self._live, self._why = list(record), live, why
        self._shown: set[str] = set()
        self._lines: LineFile | None = None
        if not self._record:
            self._go_live()

    @property
    def replaying(self) -> bool:
        """Whether what happens now has happened before."""
        return self._lines is None

    @property
    def following(self) -> AnyEvent | None:
        """The event on record that comes next; None where the record ends."""
        return self._record[len(self.events)] if self.replaying else None

    def append(self, event: AnyEvent) -> AnyEvent:
        """Write one event, with the system before this returns. Raises `Diverged` where another is on record."""
        with uninterrupted():
            if self._lines is None:
                return self._compared(event)
            at = round(time.monotonic() - self._began, 3)
            stamped = event.model_copy(update={"seq": len(self.events), "at": at})
            with recording(self.path):
                self._lines.append([stamped.model_dump_json()])
            self.events.append(stamped)
        self.listen(stamped)
        return stamped

    def show(self, picture: Picture) -> None:
        """Put a picture into the run, once: its file, and an event that says what it is."""
        if picture.id in self._shown:
            return
        with uninterrupted():
            self._put(picture)
            self.append(
                PictureKept(id=picture.id, caption=picture.caption, provenance=picture.provenance, scene=picture.scene)
            )
            self._shown.add(picture.id)

    def close(self) -> None:
        if self._lines is not None:
            self._lines.close()

    def _go_live(self) -> None:
        with recording(self.path):
            self._live()
            self._lines = LineFile(self.path / EVENTS)

    def _compared(self, event: AnyEvent) -> AnyEvent:
        recorded = self._record[len(self.events)]
        stamped = event.model_copy(update={"seq": recorded.seq, "at": recorded.at})
        if stamped.model_dump_json() != recorded.model_dump_json():
            where = f"{self.path / EVENTS}, line {len(self.events) + 1}"
            raise Diverged(f"{where}: {_difference(recorded, stamped)}" + (f"; {self._why}" if self._why else ""))
        self.events.append(recorded)
        if len(self.events) == len(self._record):
            self._go_live()
        return recorded

    def _put(self, picture: Picture) -> None:
        path = self.path / "images" / f"{picture.id}.png"
        kept = self.store.keep(picture)
        with recording(self.path):
            if path.exists():
                if path.samefile(kept) or path.read_bytes() == kept.read_bytes() or _holds(path, picture.id):
                    return
                path.unlink()
            self.mended += self.replaying
            path.parent.mkdir(exist_ok=True)
            copy_in(kept, path)


class PartOfRun:
    """A run folder as a study within a larger run sees it: its own events alone, written among the others."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder, self._first = folder, len(folder.events)

    @property
    def events(self) -> list[AnyEvent]:
        """What happened since the study began."""
        return self._folder.events[self._first :]

    @property
    def replaying(self) -> bool:
        return self._folder.replaying

    @property
    def following(self) -> AnyEvent | None:
        return self._folder.following

    def append(self, event: AnyEvent) -> AnyEvent:
        return self._folder.append(event)

    def show(self, picture: Picture) -> None:
        self._folder.show(picture)


@contextlib.contextmanager
def recording(run: Path) -> Iterator[None]:
    """Turn the system's word for a full disk or quota into `DiskFull` naming the run."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise DiskFull(f"no space left for the run in {str(run)!r}: free some") from None


@contextlib.contextmanager
def owned(run: Path) -> Iterator[None]:
    """One process at a time in a run: for as long as the block lasts, or the process. Raises `BadInput` where it is taken."""
    from filelock import FileLock, Timeout

    lock = FileLock(run / ".lock", thread_local=False)
    try:
        with recording(run):
            lock.acquire(timeout=0)
    except Timeout:
        raise BadInput(f"the run in {str(run)!r} is going on in another process: wait for it, or end it") from None
    except OSError as error:
        raise _unwritable(run, error) from None
    try:
        yield
    finally:
        lock.release()


def check_writable(runs: Path) -> None:
    """Whether runs can be written there, found out before anything long is begun; leaves nothing behind.

    Raises `BadInput` where they cannot.
    """
    missing = [folder for folder in (runs, *runs.parents) if not folder.exists()]
    try:
        runs.mkdir(parents=True, exist_ok=True)
        Path(tempfile.mkdtemp(dir=runs, prefix=".part-")).rmdir()
    except OSError as error:
        raise _unwritable(runs, error) from None
    finally:
        with contextlib.suppress(OSError):  # another process may have begun a run there: then the folder stays
            for folder in missing:
                folder.rmdir()


def _unwritable(runs: Path, error: OSError) -> BadInput | DiskFull:
    if error.errno in FULL:
        return DiskFull(f"no space left for a run in {str(runs)!r}: free some, or give another folder by --runs")
    return BadInput(f"the run folder {str(runs)!r} cannot be written ({error.strerror}): give another by --runs")


def new_run(runs: Path, name: str, about: dict[str, Any]) -> Path:
    """A new folder under `runs`, named by the time and the unit, with run.json in it. Raises `BadInput` or `DiskFull`."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    safe = "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip("-.")[:60]
    made: Path | None = None
    try:
        runs.mkdir(parents=True, exist_ok=True)
        for serial in itertools.count(1):
            path = runs / (f"{stamp}-{safe}" + (f"-{serial}" if serial > 1 else ""))
            with contextlib.suppress(FileExistsError):
                path.mkdir()
                made = path
                break
        (path / "images").mkdir()
        write_whole(path / "run.json", (json.dumps(about, indent=1) + "\n").encode())
    except OSError as error:
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)
        raise _unwritable(runs, error) from None
    return path


def copy_in(source: Path, to: Path) -> None:
    """Copy a file, by a hard link where the file system lets one; nobody ever sees a part of it."""
    try:
        os.link(source, to)
    except FileExistsError:
        return
    except OSError:
        write_whole(to, source.read_bytes())


def _holds(path: Path, identity: str) -> bool:
    """Whether the file is the picture of that id."""
    import numpy as np
    from PIL import Image

    try:
        with Image.open(path) as image:
            return picture_id(np.asarray(image.convert("RGB"))) == identity
    except Exception:  # a broken file makes a decoder raise nearly anything
        return False


def _difference(recorded: AnyEvent, now: AnyEvent) -> str:
    """The first thing in which an event differs from the one on record, in words."""
    if recorded.kind != now.kind:
        return f"on record an event {recorded.kind!r} follows, and now {now.kind!r}"
    place, before, after = _first_difference(recorded.model_dump(mode="json"), now.model_dump(mode="json"), recorded.kind)
    return f"{place} was {_short(before)} on record, and is {_short(after)} now"


def _first_difference(before: Any, after: Any, place: str) -> tuple[str, Any, Any]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in [*before, *(name for name in after if name not in before)]:
            if before.get(name) != after.get(name):
                return _first_difference(before.get(name), after.get(name), f"{place}.{name}")
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            if one != other:
                return _first_difference(one, other, f"{place}[{number}]")
    return place, before, after


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."


def read_about(run: Path) -> dict[str, Any]:
    """The run's run.json. Raises `BadInput` where there is none."""
    try:
        about = dict(json.loads((run / "run.json").read_text()))
    except (OSError, ValueError, TypeError):
        raise BadInput(f"{str(run)!r} is not a run folder: it has no readable run.json") from None
    return about


def read_events(run: Path) -> list[AnyEvent]:
    """The run's events; a torn last line is left out. Raises `BadInput` on a line that is no event."""
    try:
        lines = (run / EVENTS).read_bytes().split(b"\n")  # bytes: a torn line may end inside a character
    except OSError:
        raise BadInput(f"{str(run)!r} is not a run folder: it has no {EVENTS}") from None
    events = []
    for number, line in enumerate(lines, 1):
        try:
            events.append(EVENT.validate_json(line))
        except ValidationError as error:
            if number == len(lines):  # after the last line's end stands nothing, or a line that was cut off
                break
            raise BadInput(
                f"{run / EVENTS}, line {number} is no event of this version: {error.errors()[0]['msg']}"
            ) from None
    return events
