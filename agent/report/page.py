"""`report.html`: one self-contained page a person reads, drawn from the run folder alone.

Covered: reading the folder, rendering the template, keeping the page small, forbidding by its own policy whatever is
not in it. Not covered: the parts (`exemplar_strip.py`, `story.py`, `attempts.py`), the plots (`plots.py`). jinja2
escapes every string; the only markup that passes is made by `plots.py`, which escapes its own.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ...targets import plug_ins
from ...targets.loaders import target_names
from ...tools.store import write_whole
from ..run_folder import read_about, read_events
from ..transcript import AnyEvent
from . import wording
from .attempts import attempts, redraw
from .exemplar_strip import distribution, exemplars, heat_legend
from .groups import Teller
from .happenings import Happenings, gather
from .kept_pictures import KeptPictures
from .maps import read_maps
from .pictures import Pictures, in_run
from .plots import interval_bar
from .story import Node, tree, trials

if TYPE_CHECKING:
    from jinja2 import Template

FILE = "report.html"
MOST_BYTES = 4_900_000
MOST_TEXT = 4000  # characters of an instrument's answer shown in the record; events.jsonl has all of it


@dataclass(frozen=True)
class Fit:
    """How much a page shows. `large`, `small`: longer sides of exemplars and thumbnails, in pixels; `most`: thumbnails a line.

    `tables`: whether every reading is also told in numbers, and every instrument call. `full`: how many experiments are
    told with their pictures and plots; `listed`: how many hypotheses and experiments are named at all (None: every one).
    """

    large: int = 224
    small: int = 128
    most: int = 64
    tables: bool = True
    full: int | None = None
    listed: int | None = None


LADDER = (
    *(Fit(), Fit(small=96), Fit(192, 72, 40), Fit(160, 56, 24)),
    *(Fit(160, 64, 16, False), Fit(160, 56, 8, False), Fit(128, 48, 4, False), Fit(128, 40, 2, False)),
    *(Fit(160, 56, 6, False, full, 400) for full in (120, 60, 24, 8)),
    Fit(128, 48, 4, False, 4, 100),
)
"""The first at which the page is small enough is taken; the last one for a run of any length."""


def write_page(
    run: Path, kept: Path | None = None, events: Sequence[AnyEvent] | None = None, file: str = FILE
) -> Path:
    """Write the run's report.html; the same folder gives the same bytes. Raises `BadInput` on any other folder.

    `kept`: the cache's folder, where encoded pictures of earlier pages are looked for first. `events`, `file`: of a study
    within the run, its own, and where its page goes.
    """
    about, maps = read_about(run), read_maps(run)
    seen = gather(read_events(run) if events is None else events)
    before = KeptPictures(kept) if kept is not None else None
    page, plots = b"", dict[str, Markup]()
    texts: dict[tuple[object, ...], float] = {}  # how much of the page is not pictures, by what it tells
    for fit in LADDER:
        tells = (fit.tables, fit.full, fit.listed)
        if texts.get(tells, 0) > MOST_BYTES:
            continue
        teller, pictures = Teller(seen, fit.most, plots), Pictures(in_run(run), maps, before, fit.large, fit.small)
        told = _told(about, teller, fit)
        weight = len(teller.shown) * pictures.weight(teller.shown)
        if fit is not LADDER[-1] and weight + texts.get(tells, 0) > MOST_BYTES:
            continue  # seen without making them all: there would be too much
        pictures.prepare(teller.shown)
        page = _rendered(told, pictures, seen).encode("utf-8", "replace")
        pictures.keep()
        if len(page) <= MOST_BYTES:
            break
        texts[tells] = len(page) - weight
    write_whole(run / file, page)
    return run / file


def _told(about: Mapping[str, Any], teller: Teller, fit: Fit) -> dict[str, Any]:
    """All that the page tells but for its pictures."""
    seen = teller.seen
    tried, attempted = trials(teller, fit.full, fit.listed), attempts(teller)
    hypotheses = tree(seen, tried, attempted, fit.listed)
    return {
        "about": about,
        "seen": seen,
        "verdict": seen.answered.verdict if seen.answered else "unfinished",
        "hypotheses": hypotheses,
        "tally": tally(hypotheses),
        "trials": tried,
        "attempts": attempted,
        "redraw": redraw(teller, seen.redrawn) if seen.redrawn else None,
        "command": command(about),
        "by_name": by_name(about),
        "settings": json.dumps(about.get("settings", {}), indent=1, sort_keys=True, ensure_ascii=False, default=str),
        "most_text": MOST_TEXT,
        "tables": fit.tables,
        "left_out": left_out(fit, seen, sum(trial.judged is not None for trial in tried if trial.told)),
        "bar": interval_bar,
        "words": wording,
    }


def left_out(fit: Fit, seen: Happenings, told: int) -> list[str]:
    """What a long run's page leaves out to stay small, in words; nothing where all of it is shown."""
    if fit == LADDER[0]:
        return []
    lines = [f"thumbnails are at most {fit.small} pixels wide or high, and at most {fit.most} of a line are shown"]
    if not fit.tables:
        lines.append("the readings are drawn and not also listed, and neither are the calls of instruments")
    if told < len(seen.judged):
        lines.append(
            f"{wording.counted(told, 'experiment is', 'experiments are')} told with pictures and plots, "
            f"those on what was concluded first; the other {len(seen.judged) - told:,} only by their outcome"
        )
    if fit.listed is not None and max(len(seen.raised), len(seen.registered)) > fit.listed:
        lines.append(
            f"at most {fit.listed} of {len(seen.raised):,} hypotheses and of {len(seen.registered):,} experiments are named"
        )
    return lines


def _rendered(told: Mapping[str, Any], pictures: Pictures, seen: Happenings) -> str:
    shown, style, script = exemplars(seen, pictures), part("page.css"), part("page.js")
    return _template().render(
        told,
        exemplars=shown,
        heat=heat_legend(pictures) if any(e.heat for e in shown) else None,
        distribution=distribution(seen, shown),
        picture=pictures.thumbnail,
        style=Markup(style),
        script=Markup(script),
        policy=policy(script),
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    for name in ("number", "share", "chance", "interval", "confidence", "fit", "counted", "shortened"):
        environment.filters[name] = getattr(wording, name)
    return environment.from_string(part("page.html.j2"))


def tally(hypotheses: list[Node]) -> dict[str, int]:
    """How many hypotheses ended with each status, those below others included."""
    counts: dict[str, int] = {}
    waiting = list(hypotheses)
    while waiting:
        node = waiting.pop()
        counts[node.status] = counts.get(node.status, 0) + 1
        waiting += node.children
    return {status: counts[status] for status in (*wording.MARKS, "untested") if status in counts}


def command(about: Mapping[str, Any]) -> str:
    """The one command that makes this run again: as it was given, else put together from what run.json says."""
    given = about.get("command")
    if given:
        return str(given) if isinstance(given, str) else shlex.join(str(word) for word in given)
    words = ["lettvin", "ask", *(str(about.get(key, "?")) for key in ("target", "unit", "question"))]
    return shlex.join([*words, "--seed", str(about.get("seed", 0))])


def by_name(about: Mapping[str, Any]) -> bool:
    """Whether a command line can name the run's target; one that was made in Python, it cannot."""
    target = str(about.get("target", ""))
    return plug_ins.is_file(target) or re.split("[:@]", target)[0] in target_names()


def part(name: str) -> str:
    """A file that pages are made of: a template, the style sheet, a script."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def policy(script: str) -> str:
    """The page's content security policy: nothing is loaded, and no script runs but this one, by its hash."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
