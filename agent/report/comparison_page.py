"""The page of a comparison: both units side by side, each claim with its pictures and numbers, and the studies behind them.

Covered: `report.html` and the two studies' own pages (`one.html`, `other.html`), drawn from the run folder alone. Not covered:
what is concluded (`agent/comparison`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...targets.difference import Scaled
from ..comparison.events import (
    SIDES,
    Agreed,
    Apart,
    Claimed,
    Compared,
    Levelled,
    Narrowed,
    Side,
    Weighed,
)
from ..comparison.telling import SAID, unit_names
from ..run_folder import read_about, read_events
from ..transcript import Answered, AnyEvent, PictureKept, Started, Stopped
from .kept_pictures import KeptPictures
from .maps import read_maps
from .page import write_page
from .pictures import Pictures, in_run
from .plots import Row, strips
from .protocol_page import Shot, captions, write_protocol_page
from .wording import share

MAPS: dict[Side, str] = {"one": "maps-one.npz", "other": "maps-other.npz"}
STUDIES: dict[Side, str] = {"one": "one.html", "other": "other.html"}
MEANS = {
    "different": "At least one claim about what separates them stood its test on fresh pictures.",
    "no-difference": "They were held against each other, and answered alike.",
    "inconclusive": "Neither a difference that can be named nor their being alike was established.",
}


def write_comparison(run: Path, kept: Path | None = None) -> Path:
    """Write the pages of a comparison; the same folder gives the same bytes. Raises `BadInput` on any other folder."""
    events, about = read_events(run), read_about(run)
    studies = _studies(events)
    for side, study in studies.items():
        if any(isinstance(event, Answered) for event in study):
            write_page(run, kept, [*(e for e in events if isinstance(e, PictureKept)), *study], STUDIES[side])
    shown = _exemplars(run, events, kept)
    return write_protocol_page(
        run,
        kept,
        "compare.html.j2",
        lambda most: _told(about, events, studies, shown, most),
        lambda told: [shot.id for claim in told["claims"] for column in claim["columns"] for shot in column],
    )


def _told(
    about: Mapping[str, Any],
    events: Sequence[AnyEvent],
    studies: Mapping[Side, Sequence[AnyEvent]],
    shown: list[dict[str, Any]],
    most: int,
) -> dict[str, Any]:
    ended = next((e for e in events if isinstance(e, Compared)), None)
    names = unit_names(about["target"], about["unit"], about["other_target"], about["other_unit"])
    levelled = {e.side: e for e in events if isinstance(e, Levelled)}
    agreed = next((e for e in events if isinstance(e, Agreed)), None)
    stopped = next((e.by for e in events if isinstance(e, Stopped) and not e.of_itself), None)
    claims = _claims(events, names, levelled, ended, most)
    supported = sum(c.verdict == "supported" for c in ended.claims) if ended else 0
    correlation = share(agreed.correlation) if agreed else "–"
    return {
        "about": about,
        "ended": ended,
        "limit": stopped,
        "eyebrow": f"{about['target']} · {names['one']} and {names['other']}",
        "good": bool(ended and ended.verdict != "inconclusive"),
        "verdict_said": SAID[ended.verdict] if ended else "unfinished",
        "verdict_means": MEANS[ended.verdict] if ended else "",
        "facts": [
            ("Claims that stood", f"{supported} of {len(claims)}", "each on fresh pictures with controls"),
            ("Correlation", correlation, "of both levels over all data pictures"),
            ("Pictures measured", f"{ended.images:,}" if ended else "–", "beyond the data set’s own"),
        ],
        "names": names,
        "exemplars": shown,
        "heated": any(heat for e in shown for heat in e["heats"]),
        "claims": claims,
        "studies": [_study(side, study) for side, study in studies.items()],
        "aparts": [e for e in events if isinstance(e, Apart)],
        "narrowed": [e for e in events if isinstance(e, Narrowed)],
        "levelled": [levelled[side] for side in SIDES if side in levelled],
        "agreed": agreed,
    }


def _claims(
    events: Sequence[AnyEvent],
    names: Mapping[Side, str],
    levelled: Mapping[Side, Levelled],
    ended: Compared | None,
    most: int,
) -> list[dict[str, Any]]:
    weighed = {e.claim: e for e in events if isinstance(e, Weighed)}
    found = {c.claim: c for c in ended.claims} if ended else {}
    shows = captions(events)
    told = []
    for claimed in (e for e in events if isinstance(e, Claimed)):
        weight = weighed.get(claimed.claim)
        columns: list[list[Shot]] = []
        plot, left_out = None, 0
        if weight is not None and weight.void is None:
            columns, left_out = _columns(claimed, weight, names, levelled, shows, most)
            plot = _plot(claimed, weight, names, levelled, shows)
        other: Side = "other" if claimed.side == "one" else "one"
        predicts = claimed.predicts.replace(f"the {claimed.side} unit", names[claimed.side])
        predicts = predicts.replace(f"above the {other},", f"above {names[other]},")
        told.append(
            {
                "claimed": claimed,
                "weighed": weight,
                "found": found.get(claimed.claim),
                "predicts": predicts,
                "columns": columns,
                "left_out": left_out,
                "plot": plot,
            }
        )
    return told


def _levels(weight: Weighed, levelled: Mapping[Side, Levelled], what: str) -> dict[Side, np.ndarray]:
    """Both units' levels on a claim's pictures, or on its controls."""
    some = weight.shown if what == "shown" else weight.near
    return {side: _scaled(levelled[side], [r.peak for r in some[side]]) for side in SIDES}


def _scaled(level: Levelled, peaks: Sequence[float]) -> np.ndarray:
    return Scaled.between(level.rest, level.full, np.array(peaks, np.float64))


def _columns(
    claimed: Claimed,
    weight: Weighed,
    names: Mapping[Side, str],
    levelled: Mapping[Side, Levelled],
    shows: Mapping[str, str],
    most: int,
) -> tuple[list[list[Shot]], int]:
    """Each picture above its control, strongest difference first."""
    rows = []
    for what, some in (("shown", weight.shown), ("near", weight.near)):
        levels = _levels(weight, levelled, what)
        notes = [
            f"{names['one']} {share(float(a))} · {names['other']} {share(float(b))}"
            for a, b in zip(levels["one"], levels["other"], strict=True)
        ]
        rows.append([Shot(r.picture, shows.get(r.picture, ""), note) for r, note in zip(some["one"], notes, strict=True)])
    levels = _levels(weight, levelled, "shown")
    apart = levels["one"] - levels["other"] if claimed.side == "one" else levels["other"] - levels["one"]
    order = np.argsort(-apart, kind="stable")
    return [[rows[0][i], rows[1][i]] for i in order[:most]], max(0, len(order) - most)


def _plot(
    claimed: Claimed, weight: Weighed, names: Mapping[Side, str], levelled: Mapping[Side, Levelled], shows: Mapping[str, str]
) -> Any:
    rows: list[Row] = []
    for what, said in (("shown", "pictures of it"), ("near", "one factor changed")):
        levels = _levels(weight, levelled, what)
        tips = [shows.get(r.picture, "") for r in (weight.shown if what == "shown" else weight.near)["one"]]
        for side in SIDES:
            kind = "high" if side == claimed.side and what == "shown" else "low"
            pairs = len(rows) - 1 if side == "other" else None
            rows.append(Row(f"{names[side]}: {said}", [float(x) for x in levels[side]], kind, tips, pairs))
    return strips(rows, what="level, from rest (0) to full response (1)")


def _studies(events: Sequence[AnyEvent]) -> dict[Side, list[AnyEvent]]:
    """The events of each study, in the order in which they were made."""
    found: dict[Side, list[AnyEvent]] = {}
    inside: Side | None = None
    for event in events:
        if isinstance(event, Started):
            inside = SIDES[int(event.unit.rpartition(":")[2])]  # the unit of the difference
            found[inside] = []
        if inside is not None and not isinstance(event, PictureKept):
            found[inside].append(event)
        if isinstance(event, Answered):
            inside = None
    return found


def _study(side: Side, study: Sequence[AnyEvent]) -> dict[str, str]:
    started, answered = study[0], study[-1]
    assert isinstance(started, Started)
    done = isinstance(answered, Answered)
    return {
        "question": started.question,
        "page": STUDIES[side] if done else "#found",
        "said": answered.description if isinstance(answered, Answered) else "cut off before it ended",
        "verdict": answered.verdict if isinstance(answered, Answered) else "abandoned",
    }


def _exemplars(run: Path, events: Sequence[AnyEvent], kept: Path | None) -> list[dict[str, Any]]:
    ended = next((e for e in events if isinstance(e, Compared)), None)
    if ended is None:
        return []
    before = KeptPictures(kept) if kept is not None else None
    shows = captions(events)
    sides = {side: Pictures(in_run(run), read_maps(run, MAPS[side]), before, large=192) for side in SIDES}
    for pictures in sides.values():
        pictures.prepare_exemplars([one.picture for one in ended.shown])
    told = [
        {
            "src": sides["one"].whole(one.picture),
            "heats": [sides[side].heat(one.picture) for side in SIDES],
            "caption": shows.get(one.picture, ""),
            "one": one.one,
            "other": one.other,
        }
        for one in ended.shown
    ]
    for pictures in sides.values():
        pictures.keep()
    return told
