"""`report.html`: one self-contained page a person reads, drawn from the run folder alone.

Covered: reading the folder, rendering the template, keeping the page small, forbidding by its own policy whatever is
not in it. Not covered: the parts (`exemplar_strip.py`, `story.py`, `attempts.py`), the plots (`plots.py`). jinja2
escapes every string; the only markup that passes is made by `plots.py`, which escapes its own.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ...tools.store import write_whole
from ..run_folder import read_about, read_events
from . import wording
from .attempts import attempts, redraw
from .exemplar_strip import distribution, exemplars, heat_legend
from .groups import Teller
from .happenings import Happenings, gather
from .maps import read_maps
from .pictures import Pictures
from .plots import interval_bar
from .story import Node, tree, trials

MOST_BYTES = 4_900_000
LADDER = ((224, 128, 64), (224, 96, 64), (192, 72, 40), (160, 56, 24), (128, 48, 12), (96, 40, 6), (64, 32, 2))
"""Sides of exemplars and thumbnails, most thumbnails a group: the first at which the page is small enough is taken."""
MOST_TEXT = 4000  # characters of an instrument's answer shown in the record; events.jsonl has all of it


def write_page(run: Path) -> Path:
    """Write the run's report.html; the same folder gives the same bytes. Raises `BadInput` on any other folder."""
    about, seen, maps = read_about(run), gather(read_events(run)), read_maps(run)
    for large, small, most in LADDER:
        page = _render(about, seen, Pictures(run, maps, large, small), most).encode()
        if len(page) <= MOST_BYTES:
            break
    write_whole(run / "report.html", page)
    return run / "report.html"


def _render(about: Mapping[str, Any], seen: Happenings, pictures: Pictures, most: int) -> str:
    from jinja2 import Environment, StrictUndefined

    style, script = _part("page.css"), _part("page.js")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    for name in ("number", "share", "chance", "interval", "confidence", "fit", "counted", "shortened"):
        environment.filters[name] = getattr(wording, name)
    pictures.prepare(seen.pictures.keys() & seen.readings.keys())
    teller = Teller(seen, pictures, most)
    tried, attempted = trials(teller), attempts(teller)
    shown = exemplars(seen, pictures)
    hypotheses = tree(seen, tried, attempted)
    return environment.from_string(_part("page.html.j2")).render(
        about=about,
        seen=seen,
        verdict=seen.answered.verdict if seen.answered else "unfinished",
        exemplars=shown,
        heat=heat_legend(pictures) if any(e.heat for e in shown) else None,
        distribution=distribution(seen, shown),
        hypotheses=hypotheses,
        tally=tally(hypotheses),
        trials=tried,
        attempts=attempted,
        redraw=redraw(teller, seen.redrawn) if seen.redrawn else None,
        command=command(about),
        settings=json.dumps(about.get("settings", {}), indent=1, sort_keys=True, ensure_ascii=False, default=str),
        most_text=MOST_TEXT,
        bar=interval_bar,
        words=wording,
        style=Markup(style),
        script=Markup(script),
        policy=f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'",
    )


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


def _part(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """The script's hash as a content security policy names it: no other script runs, not even one that slipped in."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
