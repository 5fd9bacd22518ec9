"""The run folder: `run.json`, `events.jsonl`, `images/` and `report.html`, written as the run goes.

Covered: making it, appending events (flushed one by one), copying pictures in, reading it back. Not covered: resuming a
run (a later issue), and the page (`report/`).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..targets.errors import BadInput
from ..targets.picture import Picture
from ..tools.store import Store, write_whole
from .transcript import EVENT, AnyEvent, PictureKept


class RunFolder:
    """A run being written. `append` gives each event its number and time, writes it and tells the listeners."""

    def __init__(self, path: Path, store: Store, listen: Callable[[AnyEvent], None] = lambda event: None) -> None:
        self.path, self.store, self.listen = path, store, listen
        self.events: list[AnyEvent] = []
        self._began = time.monotonic()
        self._shown: set[str] = set()
        self._file = open(path / "events.jsonl", "a", encoding="utf-8")  # noqa: SIM115 - open for the run's length

    def append(self, event: AnyEvent) -> AnyEvent:
        """Write one event, flushed before this returns."""
        stamped = event.model_copy(update={"seq": len(self.events), "at": round(time.monotonic() - self._began, 3)})
        self._file.write(stamped.model_dump_json() + "\n")
        self._file.flush()
        self.events.append(stamped)
        self.listen(stamped)
        return stamped

    def show(self, picture: Picture) -> None:
        """Put a picture into the run, once: its file, and an event that says what it is."""
        if picture.id in self._shown:
            return
        self._shown.add(picture.id)
        copy_in(self.store.keep(picture), self.path / "images" / f"{picture.id}.png")
        self.append(
            PictureKept(id=picture.id, caption=picture.caption, provenance=picture.provenance, scene=picture.scene)
        )

    def close(self) -> None:
        self._file.close()


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


def _unwritable(runs: Path, error: OSError) -> BadInput:
    return BadInput(f"the run folder {str(runs)!r} cannot be written ({error.strerror}): give another by --runs")


def new_run(runs: Path, name: str, about: dict[str, Any]) -> Path:
    """A new folder under `runs`, named by the time and the unit, with run.json in it. Raises `BadInput`."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    safe = "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip("-.")[:60]
    try:
        runs.mkdir(parents=True, exist_ok=True)
        for serial in range(1, 1000):
            path = runs / (f"{stamp}-{safe}" + (f"-{serial}" if serial > 1 else ""))
            try:
                path.mkdir()
                break
            except FileExistsError:
                continue
        (path / "images").mkdir()
        write_whole(path / "run.json", (json.dumps(about, indent=1, sort_keys=True) + "\n").encode())
    except OSError as error:
        raise _unwritable(runs, error) from None
    return path


def copy_in(source: Path, to: Path) -> None:
    """Copy a file, by a hard link where the file system lets one."""
    try:
        os.link(source, to)
    except FileExistsError:
        return
    except OSError:
        shutil.copyfile(source, to)


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
        lines = (run / "events.jsonl").read_bytes().split(b"\n")  # bytes: a torn line may end inside a character
    except OSError:
        raise BadInput(f"{str(run)!r} is not a run folder: it has no events.jsonl") from None
    events = []
    for number, line in enumerate(lines, 1):
        try:
            events.append(EVENT.validate_json(line))
        except ValidationError as error:
            if number == len(lines):  # after the last line's end stands nothing, or a line that was cut off
                break
            raise BadInput(
                f"{run / 'events.jsonl'}, line {number} is no event of this version: {error.errors()[0]['msg']}"
            ) from None
    return events


def page_of(run: str | Path) -> Path:
    """The run's page. Raises `BadInput` where the folder is no run or the run has no page yet."""
    folder = Path(run)
    read_about(folder)
    page = folder / "report.html"
    if not page.is_file():
        raise BadInput(f"{str(folder)!r} has no report.html: the run did not end")
    return page
