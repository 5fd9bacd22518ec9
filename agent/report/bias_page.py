"""The page of a hunt for bias: every subgroup tried, and for those tested the pairs and their numbers.

Covered: `report.html`, drawn from the run folder alone. Not covered: what is concluded (`agent/bias`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...tools.lab import Reading
from ..bias.events import ClassShown, Confirmed, Hunted, Listed, Suspected
from ..bias.subgroups import a
from ..bias.telling import SAID
from ..run_folder import read_about, read_events
from ..transcript import AnyEvent, Stopped
from .plots import Row, signed_bar, strips
from .protocol_page import Shot, captions, write_protocol_page
from .wording import number

MEANS = {
    "found": "At least one subgroup scores lower on fresh pairs, corrected over all that were tried.",
    "none-found": "No subgroup that was tried was confirmed to score lower.",
    "inconclusive": "The hunt could not be ended.",
}


def write_bias(run: Path, kept: Path | None = None) -> Path:
    """Write the page of a hunt; the same folder gives the same bytes. Raises `BadInput` on any other folder."""
    events, about = read_events(run), read_about(run)
    return write_protocol_page(
        run,
        kept,
        "bias.html.j2",
        lambda most: _told(about, events, most),
        lambda told: [
            shot.id for some in (told["class_columns"], *(c["columns"] for c in told["claims"])) for col in some for shot in col
        ],
    )


def _told(about: Mapping[str, Any], events: Sequence[AnyEvent], most: int) -> dict[str, Any]:
    ended = next((e for e in events if isinstance(e, Hunted)), None)
    told = next((e for e in events if isinstance(e, ClassShown)), None)
    listed = next((e for e in events if isinstance(e, Listed)), None)
    findings = ended.findings if ended else []
    lower = sum(f.verdict == "lower" for f in findings)
    ends = [end for finding in findings for end in finding.interval or ()]
    shows = captions(events)
    of_class = (told.of_class, told.others) if told is not None else ([], [])
    rows = [("with it", of_class[0]), ("another thing in its place", of_class[1])]
    return {
        "about": about,
        "shows": a(about["shows"]),
        "ended": ended,
        "limit": next((e.by for e in events if isinstance(e, Stopped)), None),
        "eyebrow": f"{about['target']} · {about['unit']}",
        "good": bool(ended and ended.verdict != "inconclusive"),
        "verdict_said": SAID[ended.verdict] if ended else "unfinished",
        "verdict_means": MEANS[ended.verdict] if ended else "",
        "facts": [
            ("Confirmed", f"{lower} of {len(listed.subgroups) if listed else 0}", "subgroups tried"),
            ("Screened on", f"{listed.screened_on if listed else 0:,}", "random pictures of the class"),
            ("Pictures measured", f"{ended.images:,}" if ended else "–", "beyond the data set’s own"),
        ],
        "findings": findings,
        "margin": listed.margin if listed else 0.0,
        "bar": partial(signed_bar, low=min([-1.2, *ends]), high=max([0.6, *ends])),
        "claims": _claims(events, ended, shows, most),
        "told": told,
        "class_columns": _columns(*of_class, shows, most)[0],
        "class_plot": None if told is None else _plot(rows, shows),
    }


def _claims(events: Sequence[AnyEvent], ended: Hunted | None, shows: Mapping[str, str], most: int) -> list[dict[str, Any]]:
    confirmed = {e.claim: e for e in events if isinstance(e, Confirmed)}
    findings = {f.claim: f for f in ended.findings if f.claim} if ended else {}
    told = []
    for suspected in (e for e in events if isinstance(e, Suspected)):
        measured = confirmed.get(suspected.claim)
        columns: list[list[Shot]] = []
        left_out, plot = 0, None
        if measured is not None and measured.inside:
            columns, left_out = _columns(measured.inside, measured.outside, shows, most)
            plot = _plot([("in the subgroup", measured.inside), ("out of it", measured.outside)], shows)
        told.append(
            {
                "suspected": suspected,
                "confirmed": measured,
                "finding": findings.get(suspected.claim),
                "columns": columns,
                "left_out": left_out,
                "plot": plot,
            }
        )
    return told


def _columns(
    inside: Sequence[Reading], outside: Sequence[Reading], shows: Mapping[str, str], most: int
) -> tuple[list[list[Shot]], int]:
    """Each pair as a column, largest drop first."""
    order = np.argsort([a.peak - b.peak for a, b in zip(inside, outside, strict=True)], kind="stable")
    columns = [[_shot(inside[i], shows), _shot(outside[i], shows)] for i in order[:most]]
    return columns, max(0, len(order) - most)


def _shot(reading: Reading, shows: Mapping[str, str]) -> Shot:
    return Shot(reading.picture, shows.get(reading.picture, ""), f"score {number(reading.peak)}")


def _plot(rows: Sequence[tuple[str, Sequence[Reading]]], shows: Mapping[str, str]) -> Any:
    kinds = ("low", "high") if rows[0][0] == "in the subgroup" else ("high", "low")
    return strips(
        [
            Row(name, [r.peak for r in some], kind, [shows.get(r.picture, "") for r in some], place - 1 if place else None)
            for place, ((name, some), kind) in enumerate(zip(rows, kinds, strict=True))
        ],
        what="score of the class",
    )
