"""`index.html`: the runs of a folder in one list that can be sorted and filtered without a server.

Covered: what each run asked and answered, a few of its exemplars, the link to its page (relative, so that the folder can
be moved); runs that were cut off or cannot be read, each with one line that says so. Not covered: a run's own page
(`page.py`). Only runs that lie directly in the folder are listed.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from markupsafe import Markup
from pydantic import ValidationError

from ...targets.errors import BadInput
from ...tools.store import write_whole
from ..bias.events import Hunted
from ..comparison.events import Compared
from ..run_folder import read_about
from ..transcript import EVENT, Answered
from . import wording
from .kept_pictures import KeptPictures
from .maps import Maps
from .page import MOST_BYTES, part, policy
from .pictures import Pictures, in_run

if TYPE_CHECKING:
    from jinja2 import Template

FILE = "index.html"
SIDE = 64  # pixels, of an exemplar
EXEMPLARS = (6, 3, 1, 0)
"""Exemplars shown of each run: the first number at which the page is small enough is taken."""


@dataclass(frozen=True)
class Listed:
    """One run of the folder. `page`: its page, relative to the folder, as a URL; None where it has none.

    `state`: the answer's verdict, "unfinished" without an answer, "broken" where the run cannot be read; `note` then says
    more. `began`: seconds since 1970. `exemplars`: data URLs, strongest first.
    """

    name: str
    began: float
    state: str
    note: str = ""
    target: str = ""
    unit: str = ""
    question: str = ""
    answer: str = ""
    labels: tuple[str, ...] = ()
    confidence: float | None = None
    page: str | None = None
    exemplar_ids: tuple[str, ...] = ()
    exemplars: tuple[str, ...] = ()

    @property
    def date(self) -> str:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(self.began))

    @property
    def words(self) -> str:
        """What the filter looks through, in lower case."""
        said = (self.name, self.target, self.unit, self.question, self.answer, *self.labels, self.state, self.note)
        return " ".join(said).lower()


def is_run(folder: Path) -> bool:
    """Whether the folder is that of a run, whole or not."""
    return any((folder / name).is_file() for name in ("run.json", "events.jsonl"))


def write_index(folder: Path, kept: Path | None = None) -> Path:
    """Write the folder's index.html, newest run first. Raises `BadInput` where it holds no run, or cannot be written.

    `kept`: the cache's folder, where encoded pictures of earlier pages are looked for first.
    """
    found = runs_of(folder)
    if not found:
        raise BadInput(f"{str(folder)!r} holds no run: give a run's folder, or the folder that --runs named, such as 'runs'")
    page = b""
    for most in EXEMPLARS:
        page = _rendered(folder, [_with_exemplars(folder, run, most, kept) for run in found]).encode("utf-8", "replace")
        if len(page) <= MOST_BYTES:
            break
    try:
        write_whole(folder / FILE, page)
    except OSError as error:
        raise BadInput(f"{str(folder / FILE)!r} cannot be written ({error.strerror})") from None
    return folder / FILE


def runs_of(folder: Path) -> list[Listed]:
    """The runs that lie in the folder, newest first. Raises `BadInput` where it cannot be read."""
    try:
        inside = sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError as error:
        raise BadInput(f"{str(folder)!r} is neither a run nor a folder of runs ({error.strerror})") from None
    listed = [_listed(path) for path in inside if is_run(path) or (_stamp(path) is not None and (path / "images").is_dir())]
    return sorted(listed, key=lambda run: (-run.began, run.name))


def _listed(path: Path) -> Listed:
    began = _stamp(path) or path.stat().st_mtime
    page = f"{quote(os.fsencode(path.name))}/report.html" if (path / "report.html").is_file() else None
    try:
        about, (answered, events) = read_about(path), answer_of(path)
    except BadInput as error:
        return Listed(path.name, began, "broken", str(error).replace(f"{path.parent}/", ""), page=page)
    target, unit, question = (str(about.get(key, "")) for key in ("target", "unit", "question"))
    asked = Listed(path.name, began, "unfinished", "", target, unit, question, page=page)
    if answered is None:
        return replace(asked, note=_unended(events))
    if isinstance(answered, Compared | Hunted):
        asked = replace(asked, unit=str(about.get("unit", "")) + _against(about))
        note = f"stopped by {answered.limit}" if answered.limit else ""
        shown = tuple(answered.exemplars)
        return replace(asked, state=answered.verdict, note=note, answer=answered.text, exemplar_ids=shown)
    return replace(
        asked,
        state=answered.verdict,
        note=f"stopped by {answered.limit}" if answered.limit else "",
        answer=answered.description,
        labels=tuple(answered.labels),
        confidence=answered.confidence,
        exemplar_ids=tuple(answered.exemplars),
    )


def _unended(events: int) -> str:
    return f"no answer: cut off after {wording.counted(events, 'event')}, or still running; lettvin resume ends it"


def _against(about: dict[str, Any]) -> str:
    """The other unit of a comparison, after the one."""
    return f" | {about['other_unit']}" if "other_unit" in about else ""


def answer_of(path: Path) -> tuple[Answered | Compared | Hunted | None, int]:
    """The run's answer and how many events it has; other events are counted, not read. Raises `BadInput`.

    Of a comparison or a hunt its own last event; the answers of the studies within a comparison are not the run's.
    """
    first = read_about(path).get("kind") if (path / "run.json").exists() else None
    wanted = {"comparison-begun": "compared", "hunt-begun": "hunted"}.get(str(first), "answered")
    try:
        lines = (path / "events.jsonl").read_bytes().split(b"\n")
    except OSError as error:
        raise BadInput(f"{path.name!r} has no readable events.jsonl ({error.strerror})") from None
    answered: Answered | Compared | Hunted | None = None
    for number, line in enumerate(lines, 1):
        if f'"kind":"{wanted}"'.encode() in line.replace(b'"kind": "', b'"kind":"'):
            try:
                event = EVENT.validate_json(line)
            except ValidationError as error:
                if number == len(lines):  # torn
                    break
                raise BadInput(f"its answer is none of this version ({error.errors()[0]['msg']})") from None
            answered = event if isinstance(event, Answered | Compared | Hunted) else answered
    return answered, sum(line.endswith(b"}") for line in lines)


def _with_exemplars(folder: Path, run: Listed, most: int, kept: Path | None) -> Listed:
    before = KeptPictures(kept) if kept is not None else None
    pictures = Pictures(in_run(folder / run.name), Maps(), before, small=SIDE)
    shown = run.exemplar_ids[:most]
    pictures.prepare(shown)
    pictures.keep()
    return replace(run, exemplars=tuple(x for x in map(pictures.thumbnail, shown) if x is not None))


def _rendered(folder: Path, runs: list[Listed]) -> str:
    script = part("index.js")
    counts = {state: sum(run.state == state for run in runs) for state in (*wording.MARKS, "unfinished", "broken")}
    return _template().render(
        name=folder.resolve().name or str(folder),
        runs=runs,
        counts={state: n for state, n in counts.items() if n},
        words=wording,
        style=Markup(part("page.css") + part("index.css")),
        script=Markup(script),
        policy=policy(script),
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    for name in ("share", "counted", "shortened"):
        environment.filters[name] = getattr(wording, name)
    return environment.from_string(part("index.html.j2"))


def _stamp(path: Path) -> float | None:
    """When the run began, by its folder's name; None where that does not say."""
    try:
        return time.mktime(time.strptime(path.name[:15], "%Y%m%d-%H%M%S"))
    except (ValueError, OverflowError):
        return None
