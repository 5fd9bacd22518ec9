"""What the pages of a comparison and of a hunt for bias share: the shell, the pictures in stacks, the policy, the size.

Covered: rendering a template that extends the shell, with thumbnails small enough that the page stays under its limit. Not
covered: what each page tells (`comparison_page.py`, `bias_page.py`).
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ...tools.store import write_whole
from ..transcript import AnyEvent, PictureKept
from . import wording
from .kept_pictures import KeptPictures
from .maps import Maps
from .page import FILE, MOST_BYTES, part, policy
from .pictures import Pictures, in_run

if TYPE_CHECKING:
    from jinja2 import Environment

SIZES = ((128, 40), (96, 24), (72, 16), (56, 8), (48, 4))
"""Side of a thumbnail in pixels, and columns of a stack: the first at which the page is small enough is taken."""
UNFINISHED = "The run did not end: it has no answer. “lettvin resume” with its folder ends it."


@dataclass(frozen=True)
class Shot:
    """A picture in one place of the page: its id, caption, and a note of what was measured."""

    id: str
    caption: str
    note: str


def captions(events: Sequence[AnyEvent]) -> dict[str, str]:
    """What each picture shows, by id."""
    kept = [event for event in events if isinstance(event, PictureKept)]
    return {event.id: event.caption or f"picture {event.id[:12]}, without a caption" for event in kept}


def write_protocol_page(
    run: Path,
    kept: Path | None,
    template: str,
    tell: Callable[[int], Mapping[str, Any]],
    shots: Callable[[Mapping[str, Any]], list[str]],
) -> Path:
    """Write the run's report.html. `tell(most)`: what the page tells with so many columns a stack; `shots`: ids it shows."""
    before = KeptPictures(kept) if kept is not None else None
    page = b""
    for small, most in SIZES:
        told = tell(most)
        pictures = Pictures(in_run(run), Maps(), before, small=small)
        pictures.prepare(shots(told))
        page = _rendered(template, told, pictures).encode("utf-8", "replace")
        pictures.keep()
        if len(page) <= MOST_BYTES:
            break
    write_whole(run / FILE, page)
    return run / FILE


def _rendered(template: str, told: Mapping[str, Any], pictures: Pictures) -> str:
    script = part("page.js")
    return (
        _environment()
        .get_template(template)
        .render(
            told,
            picture=pictures.thumbnail,
            style=Markup(part("page.css") + part("protocol.css")),
            script=Markup(script),
            policy=policy(script),
            command=shlex.join(str(word) for word in told["about"].get("command", [])),
            words=wording,
            unfinished=UNFINISHED,
        )
    )


@cache
def _environment() -> Environment:
    from jinja2 import DictLoader, Environment, StrictUndefined

    names = ("shell.html.j2", "macros.html.j2", "compare.html.j2", "bias.html.j2")
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=DictLoader({name: part(name) for name in names}),
    )
    for name in ("number", "share", "chance", "interval", "counted", "shortened"):
        environment.filters[name] = getattr(wording, name)
    return environment
