"""Exemplars across the unit's whole range, and the distribution that they stand in.

Covered: each exemplar's picture with mask outline and patch box, its heat map, the patch the unit sees, caption, peak
and percentile; the histogram of the data's peaks. Not covered: which pictures are exemplars (the answer names them).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from .happenings import Happenings
from .pictures import RAMP, Pictures
from .plots import histogram
from .wording import number

SHOWN_QUANTILES = (0.01, 0.1, 0.5, 0.9, 0.99)


@dataclass(frozen=True)
class Exemplar:
    """One exemplar, strongest is number 1. Data URLs and outlines are None where there is nothing to show.

    `peak`, `percentile`: None where neither an event nor a map tells. `box`: left, top, width, height of the patch, and
    `width`, `height` of the picture, all in its own pixels.
    """

    number: int
    id: str
    src: str | None
    caption: str
    peak: float | None
    percentile: float | None
    heat: str | None
    patch: str | None
    outline: str | None
    box: tuple[int, int, int, int] | None
    width: int
    height: int


def exemplars(seen: Happenings, pictures: Pictures) -> list[Exemplar]:
    """The answer's exemplars, strongest first."""
    if seen.answered is None:
        return []
    known = {identity: _reading(seen, pictures, identity) for identity in dict.fromkeys(seen.answered.exemplars)}
    pictures.prepare_exemplars(known)
    ranked = sorted(known, key=lambda identity: (-_or_lowest(known[identity][0]), identity))
    told = []
    for place, identity in enumerate(ranked, 1):
        kept = seen.pictures.get(identity)
        told.append(drawn(place, identity, kept.caption if kept else None, *known[identity], pictures))
    return told


def drawn(
    place: int, identity: str, caption: str | None, peak: float | None, percentile: float | None, pictures: Pictures
) -> Exemplar:
    """One exemplar with all that is drawn of it."""
    box = pictures.box(identity)
    width, height = pictures.side(identity)
    return Exemplar(
        number=place,
        id=identity,
        src=pictures.whole(identity),
        caption=caption or f"picture {identity[:12]}, without a caption",
        peak=peak,
        percentile=percentile,
        heat=pictures.heat(identity),
        patch=pictures.patch(identity),
        outline=pictures.outline(identity),
        box=None if box is None else (box[0], box[1], box[2] - box[0], box[3] - box[1]),
        width=width,
        height=height,
    )


def _or_lowest(peak: float | None) -> float:
    return -np.inf if peak is None else peak


def _reading(seen: Happenings, pictures: Pictures, identity: str) -> tuple[float | None, float | None]:
    """Peak and percentile: from the events; else the peak from the map, and the percentile between known quantiles."""
    if identity in seen.readings:
        return seen.readings[identity].peak, seen.readings[identity].percentile
    found = pictures.maps.by_picture.get(identity)
    if found is None:
        return None, None
    peak = float(found.max())
    return peak, _between(seen, peak)


def _between(seen: Happenings, peak: float) -> float | None:
    """The percentile of a peak, read off the histogram of the data's peaks."""
    if seen.profiled is None or seen.profiled.dead or not sum(seen.profiled.counts):
        return None
    below = np.concatenate([[0], np.cumsum(seen.profiled.counts)]) / sum(seen.profiled.counts)
    return round(100 * float(np.interp(peak, seen.profiled.edges, below)), 1)


def distribution(seen: Happenings, shown: list[Exemplar]) -> Markup | None:
    """The histogram of the data's peaks with quantiles, exemplars and mask threshold; None where never profiled."""
    if seen.profiled is None:
        return None
    quantiles = [(q, value) for q, value in seen.profiled.quantiles if q in SHOWN_QUANTILES]
    marks = [(e.peak, f"exemplar {e.number}: {number(e.peak)}, {e.caption}") for e in shown if e.peak is not None]
    return histogram(seen.profiled.edges, seen.profiled.counts, quantiles, marks, seen.profiled.threshold)


def heat_legend(pictures: Pictures) -> tuple[str, str, str]:
    """The heat maps' low and high ends in words, and their colours as a CSS gradient."""
    low, high = pictures.scale
    return number(low), number(high), ", ".join(f"rgb({r} {g} {b})" for r, g, b in RAMP)
