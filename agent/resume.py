"""`resume`: a run that was killed, stopped or cut short is gone on with, in the same folder, to the same answer.

Covered: reading what is on record, mending a torn last line, what has to be the same for that (`run_keys.py`), a run that
had stopped at a limit, and one that is finished. How it goes on: the run happens again from its seed, its inputs and the
acts on record; every event is held against the one on record and every activation is taken from `readings.jsonl`, so that
nothing is measured twice; where the record ends it goes on live. Not covered: playing and recording (`loop.py`,
`run_folder.py`).
"""

from __future__ import annotations

import contextlib
import json
import logging
import shlex
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from ..targets.errors import BadInput
from ..targets.target import Unit
from ..tools.lab import Lab, Limits
from ..tools.sources.source import Source
from ..tools.store import write_whole
from .answer import Answer
from .backbones.backbone import Backbone
from .backbones.model_settings import ModelSettings
from .conduct import Asked, answer_of, carry_through, command, opened, prepare
from .known_target import open_target
from .line_file import mend
from .run_folder import EVENTS, RECORD, owned, read_about, read_events
from .run_keys import changes, check_same, versions
from .transcript import Answered, AnyEvent, Started, Stopped
from .watcher import Silent, Watcher

LOG = logging.getLogger("lettvin")
SAME = (
    "nothing that is known of has changed since the run was begun; another machine, device or number of threads can do "
    "that, and an instrument that does not return the same again"
)


def resume(
    run: str | Path,
    *,
    unit: Unit | None = None,
    backbone: Backbone | None = None,
    data: Source | None = None,
    max_images: int | None = None,
    max_seconds: float | None = None,
    max_requests: int | None = None,
    max_tokens: int | None = None,
    max_usd: Decimal | None = None,
    watcher: Watcher | None = None,
) -> Answer:
    """Go on with a run to its answer, without measuring or asking anything twice; a finished one only says its answer again.

    `unit`, `backbone`, `data`: where these were made in Python and have no name that opens them. `max_images` and the
    others: other limits from now on, counted over the whole run. Raises `BadInput` where the run cannot be gone on with,
    naming why, and `DiskFull` where nothing more can be written.
    """
    watcher = watcher or Silent()
    began = time.monotonic()
    path = Path(run).absolute()
    told = _about(path)
    begun = Started.model_validate({name: value for name, value in told.items() if name in Started.model_fields})
    with owned(path):
        if mend(path / EVENTS):
            LOG.warning("lettvin: the last line of %s was torn, and is cut off: what it told of is done again", path / EVENTS)
        events = read_events(path) if (path / EVENTS).exists() else []
        begun = events[0] if events and isinstance(events[0], Started) else begun
        limits, raised = limits_now(told, max_images, max_seconds)
        models, more = _model_limits(told, {"max_requests": max_requests, "max_tokens": max_tokens, "max_usd": max_usd})
        raised |= more
        stop = next((place for place, event in enumerate(events) if isinstance(event, Stopped)), None)
        ended = _ended(path, begun, events, stop, raised, watcher)
        if ended is not None:
            return answer_of(ended, ended.at, str(run))
        record = events if stop is None else events[:stop]
        try:
            with where_it_began(told):
                asked = _asked(begun, unit, backbone, data, limits, models)
                check_same(begun, asked.started)
                changed = changes(begun, asked.started)
                asked = replace(asked, started=begun)
                spent = events[-1].at if events else 0.0
                with opened(asked, limits if not record else Limits(), began - spent, watcher) as lab:

                    def live() -> None:
                        _go_on(path, told, events, stop, lab, limits, models, spent)
                        watcher.said(f"{len(record)} events are on record; going on from there")

                    return carry_through(
                        asked,
                        lab,
                        path,
                        watcher,
                        record=record,
                        live=live,
                        why="; ".join(changed) + " since the run was begun" if changed else SAME,
                        shown_as=str(run),
                        set_aside=() if stop is None else events[stop:],
                    )
        finally:
            watcher.close()


def _about(path: Path) -> dict[str, Any]:
    """run.json, of a run that can be resumed."""
    told = read_about(path)
    form = told.get("record")
    if form != RECORD:
        why = "an older lettvin, which kept no acts" if not isinstance(form, int) or form < RECORD else "a newer lettvin"
        words = told.get("command")
        again = f": ask again with {shlex.join(map(str, words))!r}" if isinstance(words, list) else ": ask again"
        raise BadInput(f"the run in {str(path)!r} was made by {why}, and cannot be resumed by this one{again}")
    try:
        Started.model_validate({name: value for name, value in told.items() if name in Started.model_fields})
    except ValueError as error:
        raise BadInput(f"{str(path / 'run.json')!r} is not as it was written: {' '.join(str(error).split())[:200]}") from None
    return told


def limits_now(told: dict[str, Any], max_images: int | None, max_seconds: float | None) -> tuple[Limits, set[str]]:
    """The limits that hold from now on, and which of them are higher than they were."""
    before = Limits(told["settings"]["max_images"], told["settings"]["max_seconds"])
    raised = set()
    if max_images is not None and before.images is not None and max_images > before.images:
        raised.add("--max-images")
    if max_seconds is not None and before.seconds is not None and max_seconds > before.seconds:
        raised.add("--max-seconds")
    images = before.images if max_images is None else max_images
    return Limits(images, before.seconds if max_seconds is None else max_seconds), raised


def _model_limits(told: dict[str, Any], given: dict[str, Any]) -> tuple[ModelSettings, set[str]]:
    """What holds for the run's language models from now on, and which of their limits are higher than they were."""
    before = ModelSettings.model_validate(told["settings"].get("models") or {})
    now = ModelSettings.model_validate(before.model_dump() | {name: v for name, v in given.items() if v is not None}).checked()
    raised = set()
    for name, value in given.items():
        old = getattr(before, name)
        if value is not None and old is not None and value > old:
            raised.add(f"--{name.replace('_', '-')}")
    return now, raised


def _ended(
    path: Path, begun: Started, events: Sequence[AnyEvent], stop: int | None, raised: set[str], watcher: Watcher
) -> Answered | None:
    """The answer of a run that has nothing left to do: finished, or stopped by a limit that still holds."""
    last = events[-1] if events else None
    if not isinstance(last, Answered) or (begun.settings["page"] and not (path / "report.html").exists()):
        return None
    if stop is None:
        watcher.said("the run is finished; this is its answer")
        return last
    stopped = events[stop]
    assert isinstance(stopped, Stopped)
    limit = stopped.by.split()[0]
    if stopped.by == "Ctrl-C" or limit in raised:
        return None
    how = f"give a higher {limit} to go on" if limit.startswith("--") else "it has taken all that a run may"
    watcher.said(f"the run was stopped by {stopped.by}; {how}")
    return last


@contextlib.contextmanager
def where_it_began(told: dict[str, Any]) -> Iterator[None]:
    """In the folder in which the run was asked for, where it is still there: relative names start from it."""
    folder = Path(str(told.get("folder", ".")))
    with contextlib.chdir(folder) if folder.is_dir() else contextlib.nullcontext():
        yield


def _asked(
    begun: Started,
    unit: Unit | None,
    backbone: Backbone | None,
    data: Source | None,
    limits: Limits,
    models: ModelSettings,
) -> Asked:
    """What the run is made of, opened again by what its beginning says."""
    settings = begun.settings
    if unit is None:
        unit = open_target(begun.target, settings["device"] or "auto").unit(begun.unit)
    elif unit.address != begun.unit:
        raise BadInput(f"the run is about unit {begun.unit!r}, not {unit.address!r}")
    return prepare(
        unit,
        begun.question,
        backbone=backbone or begun.backbone,
        data=data or begun.data,
        generator=begun.generator,
        editor=settings.get("editor"),
        detector=settings.get("detector"),
        describer=begun.describer,
        judge=settings.get("judge"),
        models=models,
        tools=settings["tools"],
        layers=settings["layers"],
        seed=begun.seed,
        limits=limits,
        among=settings["among"],
        page=settings["page"],
    )


def _go_on(
    path: Path,
    told: dict[str, Any],
    events: Sequence[AnyEvent],
    stop: int | None,
    lab: Lab,
    limits: Limits,
    models: ModelSettings,
    spent: float,
) -> None:
    """The record is played: from here on the limits hold, an earlier end is set aside, and run.json tells of it."""
    lab.limits = limits
    if stop is not None:
        set_aside(path, stop)
    resumed = {
        "events": len(events) if stop is None else stop,
        "seconds": spent,
        "max_images": limits.images,
        "max_seconds": limits.seconds,
        "versions": versions(),
    }
    settings = told["settings"] | {"max_images": limits.images, "max_seconds": limits.seconds}
    if settings.get("models") is not None:
        settings["models"] = models.model_dump(mode="json")
    again = Started.model_validate({name: told[name] for name in Started.model_fields if name in told} | {"settings": settings})
    now = told | {"settings": settings, "command": command(again), "resumed": [*told.get("resumed", []), resumed]}
    write_whole(path / "run.json", (json.dumps(now, indent=1) + "\n").encode())


def set_aside(path: Path, stop: int) -> None:
    """Take the end that a limit or Ctrl-C had led to out of the record: to stopped-N.jsonl, and its page to stopped-N.html."""
    lines = (path / EVENTS).read_bytes().splitlines(keepends=True)
    tail = b"".join(lines[stop:])
    number = 1
    while (kept := path / f"stopped-{number}.jsonl").exists() and kept.read_bytes() != tail:
        number += 1
    write_whole(path / f"stopped-{number}.jsonl", tail)
    with contextlib.suppress(FileNotFoundError):
        (path / "report.html").replace(path / f"stopped-{number}.html")
    with (path / EVENTS).open("r+b") as file:
        file.truncate(sum(map(len, lines[:stop])))
