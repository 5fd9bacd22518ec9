"""Plots as inline SVG: histogram, strip plots with effect and interval, a row of controls.

Covered: small typed functions from numbers to `Markup`; every text is escaped, colours come from the page's style sheet
by class, and each plot says in words (`aria-label`) what it shows. Widths are in units of a 360-wide drawing, which the
page scales. Not covered: what is drawn (`story.py`) and how it is coloured (`page.css`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

from .wording import number, share, shortened

WIDTH = 360.0
LEFT, RIGHT = 8.0, 352.0
GOLDEN = 0.6180339887498949


@dataclass(frozen=True)
class Row:
    """One line of a strip plot. `kind`: "high" or "low" as predicted, "" where nothing was. `tips`: one word a point.

    `pairs`: this row's points belong, one for one, to those of that other row.
    """

    name: str
    values: Sequence[float]
    kind: str = ""
    tips: Sequence[str] = ()
    pairs: int | None = None


@dataclass(frozen=True)
class Axis:
    """A linear scale from `low`..`high` to `left`..`right` on the drawing; values beyond its ends are drawn at them."""

    low: float
    high: float
    left: float = LEFT
    right: float = RIGHT

    def __call__(self, value: float) -> float:
        part = (value - self.low) / (self.high - self.low)
        return round(self.left + min(1.0, max(0.0, part)) * (self.right - self.left), 2)

    def ticks(self, about: int = 5) -> list[float]:
        """Round numbers within the axis, about so many."""
        raw = (self.high - self.low) / about
        unit = 10.0 ** math.floor(math.log10(raw))
        step = next(m * unit for m in (1, 2, 2.5, 5, 10) if m * unit >= raw * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        return [i * step for i in range(first, math.floor(self.high / step + 1e-9) + 1)]


def axis_over(values: Sequence[float], left: float = LEFT, right: float = RIGHT) -> Axis:
    """The scale that shows all these values, with a little room; around a single value where they are all the same."""
    finite = [v for v in values if math.isfinite(v)] or [0.0]
    low, high = min(finite), max(finite)
    room = (high - low) * 0.04 or max(abs(high) * 0.1, 1e-6)
    return Axis(low - room, high + room, left, right)


def strips(
    rows: Sequence[Row],
    references: Sequence[tuple[float, str]] = (),
    effect: float | None = None,
    interval: tuple[float, float] | None = None,
    effect_of: str = "",
    what: str = "peak activation",
) -> Markup:
    """Every peak of every row as a point, its median as a line; below, the effect (0 to 1) with its interval.

    Every row has values. `references`: places on the peaks' scale worth a line, named (the data's quantiles).
    """
    axis = axis_over([v for row in rows for v in row.values])
    parts: list[Markup] = []
    top = 16.0
    bottom = top + 42 * len(rows)
    taken = -99.0
    for value, name in references:
        if axis.low <= value <= axis.high:
            x = axis(value)
            parts.append(_line(x, top - 2, x, bottom, "ref"))
            if x - taken > 6.2 * len(name):
                parts.append(_text(min(x, RIGHT - 2.7 * len(name)), 9, name, "tick", "middle"))
                taken = x
    places: list[list[tuple[float, float]]] = []
    for i, row in enumerate(rows):
        middle = top + 42 * i + 27
        median = float(np.median(np.asarray(row.values)))
        label = shortened(row.name, 42)
        parts.append(_text(LEFT, middle - 15, label, f"label {row.kind}", "start", row.name))
        parts.append(_text(RIGHT, middle - 15, f"median {number(median)} · n {len(row.values)}", "tick", "end"))
        parts.append(_line(LEFT, middle, RIGHT, middle, "base"))
        places.append([(axis(v), round(middle + 14 * ((k * GOLDEN) % 1 - 0.5), 2)) for k, v in enumerate(row.values)])
        if row.pairs is not None and len(places[row.pairs]) == len(places[i]):
            ends = zip(places[row.pairs], places[i], strict=True)
            parts += [_line(x1, y1, x2, y2, "pair") for (x1, y1), (x2, y2) in ends]
        for k, (x, y) in enumerate(places[i]):
            tip = row.tips[k] if k < len(row.tips) else ""
            parts.append(point(x, y, row.kind, f"{number(row.values[k])} {tip}".strip()))
        x = axis(median)
        parts.append(_line(x, middle - 10, x, middle + 10, "median"))
    parts.append(_scale(axis, bottom + 2))
    parts.append(_text(RIGHT, bottom + 27, what, "tick", "end"))
    height = bottom + 32
    said = [
        f"{row.name}: median {number(float(np.median(np.asarray(row.values))))}, n {len(row.values)}" for row in rows
    ]
    if effect is not None and interval is not None:
        parts.append(_effect(effect, interval, effect_of, height + 14))
        height += 62
        said.append(f"{effect_of} {share(effect)}, interval {share(interval[0])} to {share(interval[1])}")
    return _svg(parts, height, "Strip plot of peaks. " + "; ".join(said))


def _effect(effect: float, interval: tuple[float, float], of: str, y: float) -> Markup:
    axis = Axis(0.0, 1.0)
    low, high = axis(interval[0]), axis(interval[1])
    return Markup("").join(
        [
            _text(LEFT, y, shortened(of, 44), "label", "start", of),
            _text(RIGHT, y, f"{share(effect)} [{share(interval[0])}, {share(interval[1])}]", "value", "end"),
            _line(axis(0.5), y + 6, axis(0.5), y + 26, "ref"),
            _line(LEFT, y + 16, RIGHT, y + 16, "base"),
            _line(low, y + 16, high, y + 16, "interval"),
            _line(low, y + 12, low, y + 20, "end"),
            _line(high, y + 12, high, y + 20, "end"),
            Markup('<circle class="effect" cx="{}" cy="{}" r="4.5"/>').format(axis(effect), y + 16),
            _text(LEFT, y + 37, "0", "tick", "start"),
            _text(axis(0.5), y + 37, "0.5 = no effect", "tick", "middle"),
            _text(RIGHT, y + 37, "1", "tick", "end"),
        ]
    )


def histogram(
    edges: Sequence[float],
    counts: Sequence[int],
    quantiles: Sequence[tuple[float, float]],
    exemplars: Sequence[tuple[float, str]],
    threshold: float,
) -> Markup:
    """The data's peaks: bars, quantile lines, a mark for every exemplar, the mask threshold where it is in range."""
    axis = axis_over([*edges, *(value for value, _ in exemplars)])
    top, floor = 30.0, 150.0
    most = max(counts, default=0) or 1
    parts: list[Markup] = []
    for i, count in enumerate(counts):
        if count:
            left, right = axis(edges[i]), axis(edges[i + 1])
            height = max(0.8, (floor - top) * count / most)
            said = f"{count} pictures from {number(edges[i])} to {number(edges[i + 1])}"
            parts.append(
                Markup('<rect class="bar" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>').format(
                    round(left, 2),
                    round(floor - height, 2),
                    round(max(0.8, right - left - 0.6), 2),
                    round(height, 2),
                    said,
                )
            )
    taken = [-99.0, -99.0]
    for q, value in quantiles:
        x, name = axis(value), f"{100 * q:g}%"
        row = next((r for r in (0, 1) if x - taken[r] > 5.4 * len(name)), None)
        parts.append(_line(x, 14 if row == 0 else 24, x, floor, "ref"))
        if row is not None:
            parts.append(_text(max(LEFT + 8, min(x, RIGHT - 12)), 10 + 10 * row, name, "tick", "middle"))
            taken[row] = x
    if math.isfinite(threshold) and axis.low <= threshold <= axis.high:
        x = axis(threshold)
        parts.append(_line(x, top, x, floor, "threshold"))
        side = "end" if x > 260 else "start"
        parts.append(_text(x - 4 if side == "end" else x + 4, top + 12, "mask threshold", "tick", side))
    parts.append(_scale(axis, floor))
    for value, name in exemplars:
        x = axis(value)
        parts.append(
            Markup('<path class="mark" d="M{} {}l-3.6 7h7.2z"><title>{}</title></path>').format(x, floor + 20, name)
        )
    parts.append(_text(LEFT, floor + 40, f"▲ exemplars below · tallest bar: {most:,} pictures", "tick", "start"))
    parts.append(_text(RIGHT, floor + 40, "peak activation", "tick", "end"))
    said = ", ".join(f"{100 * q:g}% at {number(value)}" for q, value in quantiles)
    return _svg(
        parts, floor + 46, f"Histogram of the peaks of {sum(counts):,} pictures. Quantiles: {said or 'unknown'}."
    )


def controls(others: Sequence[float], own: float | None) -> Markup:
    """Superiority of block high over near misses: other units of the layer as rings, the unit itself as a disc."""
    axis = Axis(0.0, 1.0)
    parts = [_line(axis(0.5), 22, axis(0.5), 58, "ref"), _line(LEFT, 40, RIGHT, 40, "base")]
    for k, value in enumerate(others):
        parts.append(
            point(axis(value), round(40 + 24 * ((k * GOLDEN) % 1 - 0.5), 2), "", f"another unit: {share(value)}")
        )
    if own is not None:
        x = axis(own)
        parts.append(
            Markup('<circle class="effect" cx="{}" cy="40" r="5.5"><title>{}</title></circle>').format(x, share(own))
        )
        side = "end" if x > 200 else "start"
        parts.append(_text(x + (4 if side == "end" else -4), 16, f"this unit {share(own)}", "value", side))
    parts.append(_scale(axis, 62))
    parts.append(_text(RIGHT, 88, "probability that high exceeds near miss", "tick", "end"))
    said = f"Other units of the layer on the same pictures: {', '.join(share(v) for v in others)}."
    return _svg(parts, 94, said + (f" This unit: {share(own)}." if own is not None else ""))


def interval_bar(effect: float, interval: tuple[float, float]) -> Markup:
    """A line of a table: the effect and its interval between 0 and 1, with no words (the table holds the numbers)."""
    axis = Axis(0.0, 1.0, 4, 96)
    return Markup(
        '<svg class="bar-line" viewBox="0 0 100 14" aria-hidden="true">'
        '<line class="ref" x1="50" x2="50" y1="1" y2="13"/>'
        '<line class="base" x1="4" x2="96" y1="7" y2="7"/><line class="interval" x1="{}" x2="{}" y1="7" y2="7"/>'
        '<circle class="effect" cx="{}" cy="7" r="3.2"/></svg>'
    ).format(axis(interval[0]), axis(interval[1]), axis(effect))


def signed_bar(effect: float, interval: tuple[float, float], margin: float, low: float, high: float) -> Markup:
    """A line of a table: a difference and its interval from `low` to `high`, with 0 and the margin marked, and no words.

    All lines of a table have the same `low` and `high`, within which all of their intervals lie.
    """
    axis = Axis(low, high, 4, 96)
    return Markup(
        '<svg class="bar-line" viewBox="0 0 100 14" aria-hidden="true">'
        '<line class="ref" x1="{0}" x2="{0}" y1="1" y2="13"/><line class="ref" x1="{1}" x2="{1}" y1="1" y2="13"/>'
        '<line class="base" x1="4" x2="96" y1="7" y2="7"/><line class="interval" x1="{2}" x2="{3}" y1="7" y2="7"/>'
        '<circle class="effect" cx="{4}" cy="7" r="3.2"/></svg>'
    ).format(axis(0.0), axis(margin), axis(interval[0]), axis(interval[1]), axis(effect))


def point(x: float, y: float, kind: str, tip: str) -> Markup:
    """A point: a disc where high was predicted, a diamond where low was, a ring where nothing was."""
    title = f"<title>{escape(tip)}</title>"
    if kind == "low":
        return Markup(f'<path class="point low" d="M{x} {round(y - 3.4, 2)}l3.4 3.4l-3.4 3.4l-3.4 -3.4z">{title}</path>')
    return Markup(f'<circle class="point {escape(kind)}" cx="{x}" cy="{y}" r="2.8">{title}</circle>')


def _scale(axis: Axis, y: float) -> Markup:
    parts = [_line(axis.left, y, axis.right, y, "axis")]
    for tick in axis.ticks():
        x = axis(tick)
        parts += [_line(x, y, x, y + 3, "axis"), _text(x, y + 13, number(tick, 4), "tick", "middle")]
    return Markup("").join(parts)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    # not by Markup.format, which is ten times as slow: there are many of these, and nothing in them is a user's
    return Markup(
        f'<line class="{escape(kind)}" x1="{round(x1, 2)}" y1="{round(y1, 2)}" x2="{round(x2, 2)}" y2="{round(y2, 2)}"/>'
    )


def _text(x: float, y: float, said: str, kind: str, anchor: str, whole: str | None = None) -> Markup:
    tip = Markup("<title>{}</title>").format(whole) if whole is not None and whole != said else Markup("")
    return Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}{}</text>').format(
        kind, round(x, 2), round(y, 2), anchor, tip, said
    )


def _svg(parts: Sequence[Markup], height: float, said: str) -> Markup:
    return Markup('<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        f"{WIDTH:g}", f"{height:g}", escape(said), Markup("").join(parts)
    )
