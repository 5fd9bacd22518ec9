"""The benchmark's plots as inline SVG: recovery by kind, reliability of confidence, risk against coverage.

Covered: small functions from figures to `Markup`, coloured by the page's style sheet by class, each saying in words what it
shows; and the same as files of their own, with a style inside, for the documentation. Not covered: the page (`page.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup, escape

from ...agent.report.plots import Axis

WIDTH = 460.0
MARKS = ("disc", "diamond", "triangle", "square", "ring", "cross", "bar", "star", "dash", "hat")
"""A shape for each mind, in their order, so that none is told apart by colour alone."""
HOLLOW = ("ring", "cross", "bar", "star", "dash", "hat")

STYLE = """
svg { font-family: system-ui, sans-serif; background: #fff; color: #1c1e22; --soft: #5b5f67; --rule: #dedbd3; --high: #0b62a4; }
@media (prefers-color-scheme: dark) {
  svg { background: #15171a; color: #e7e5df; --soft: #a4a8b0; --rule: #34383e; --high: #74b9f0; }
}
text { font-size: 11px; fill: currentColor; } .tick { font-size: 10px; fill: var(--soft); }
line { stroke: var(--soft); } .base { stroke: var(--rule); } .ref { stroke: var(--soft); stroke-dasharray: 2 3; }
.interval { stroke: var(--high); stroke-width: 1.6; } .interval.other { stroke: var(--soft); stroke-width: 1; opacity: .7; }
.mind { fill: var(--soft); stroke: none; } .mind.hollow { fill: none; stroke: var(--soft); stroke-width: 1.4; }
.mind.base-mind { fill: var(--high); } .curve { fill: none; stroke: var(--soft); stroke-width: 1.5; stroke-dasharray: 4 3; }
.curve.base-mind { stroke: var(--high); stroke-width: 2; stroke-dasharray: none; }
"""


def recovered_by_kind(figures: dict[str, Any], base: str) -> Markup:
    """Each kind's recovery by each mind: a row a kind; the base mind's with its interval. `figures`: as published."""
    minds = list(figures)
    kinds = list(dict.fromkeys(kind for found in figures.values() for kind in found["recovered"]))
    axis = Axis(0.0, 1.0, 120.0, WIDTH - 14)
    top, parts, said = 34.0 + 15 * ((len(minds) - 1) // 4), [legend(minds, base)], []
    bottom = top + 24 * len(kinds)
    for tick in (0, 0.25, 0.5, 0.75, 1):
        parts.append(line(axis(tick), top - 8, axis(tick), bottom, "base"))
        parts.append(text(axis(tick), bottom + 13, f"{tick:g}", "tick", "middle"))
    for row, kind in enumerate(kinds):
        y = top + 24 * row + 6
        parts.append(text(112, y + 4, kind, "", "end"))
        for place, mind in enumerate(reversed(minds)):
            rate = figures[mind]["recovered"].get(kind)
            if rate is None:
                continue
            low, high = figures[mind]["intervals"]["recovered"][kind]
            own = mind == base
            if own:
                parts.append(line(axis(low), y, axis(high), y, "interval"))
            shift = 0.0 if own else (4.0 if place % 2 else -4.0)
            tip = f"{mind}, {kind}: {rate:.2f} [{low:.2f}, {high:.2f}]"
            parts.append(mark(axis(rate), y + shift, shape(minds, mind), own, tip))
            if own:
                said.append(f"{kind} {rate:.2f}")
    parts.append(text(axis(1), bottom + 28, "share recovered", "tick", "end"))
    return drawing(parts, bottom + 36, f"Share recovered by kind. {base}: {', '.join(said)}.")


def reliability(figures: dict[str, Any], base: str) -> Markup:
    """What confidence was stated against how often it was right, for every mind that states any, with intervals."""
    across, down = Axis(0.0, 1.0, 44.0, 300.0), Axis(0.0, 1.0, 300.0, 30.0)
    parts = _square(across, down, "stated confidence", "share right")
    parts.append(line(across(0), down(0), across(1), down(1), "ref"))
    said = []
    minds = [mind for mind, found in figures.items() if found["reliability"]]
    for mind in reversed(minds):
        own = mind == base
        for step in figures[mind]["reliability"]:
            x, (low, high) = across(step["confidence"]), step["interval"]
            tip = f"{mind}: stated {step['confidence']:.2f}, right {step['share']:.2f} [{low:.2f}, {high:.2f}] of {step['n']}"
            parts.append(line(x, down(low), x, down(high), "interval" if own else "interval other"))
            parts.append(mark(x, down(step["share"]), shape(list(figures), mind), own, tip))
            said.append(tip)
    parts.append(_column(list(figures), minds, base))
    return drawing(parts, 344, "Reliability of confidence. " + "; ".join(said))


def risk_coverage(figures: dict[str, Any], base: str) -> Markup:
    """The share of wrong answers among the surest against how much of all neurons they are, for minds that state confidence."""
    across, down = Axis(0.0, 1.0, 44.0, 300.0), Axis(0.0, 1.0, 300.0, 30.0)
    parts = _square(across, down, "coverage: share of neurons answered", "risk: share wrong")
    said = []
    minds = [mind for mind, found in figures.items() if found["risk_coverage"]]
    for mind in reversed(minds):
        own, curve = mind == base, figures[mind]["risk_coverage"]
        drawn = " ".join(f"{across(c):g},{down(r):g}" for c, r in curve)
        parts.append(Markup('<polyline class="curve{}" points="{}"/>').format(" base-mind" if own else "", drawn))
        for coverage, risk in curve:
            tip = f"{mind}: {risk:.2f} wrong of the surest {coverage:.2f}"
            parts.append(mark(across(coverage), down(risk), shape(list(figures), mind), own, tip, 2.2))
        said.append(f"{mind}: {curve[-1][1]:.2f} wrong of the {curve[-1][0]:.2f} answered")
    parts.append(_column(list(figures), minds, base))
    return drawing(parts, 344, "Risk against coverage. " + "; ".join(said))


def as_file(plot: Markup) -> str:
    """The plot as an SVG file of its own, in the reader's theme."""
    opening, _, rest = str(plot).partition(">")
    return f'{opening} xmlns="http://www.w3.org/2000/svg"><style>{STYLE}</style>{rest}\n'


def _square(across: Axis, down: Axis, x: str, y: str) -> list[Markup]:
    parts: list[Markup] = []
    for tick in (0, 0.25, 0.5, 0.75, 1):
        parts.append(line(across(0), down(tick), across(1), down(tick), "base"))
        parts.append(text(across(0) - 6, down(tick) + 3, f"{tick:g}", "tick", "end"))
        parts.append(text(across(tick), down(0) + 14, f"{tick:g}", "tick", "middle"))
    parts.append(text(across(1), down(0) + 30, x, "tick", "end"))
    parts.append(text(across(0) - 6, 14, y, "tick", "start"))
    return parts


def _column(every: Sequence[str], minds: Sequence[str], base: str) -> Markup:
    """The legend at the right of a square plot."""
    rows = [
        mark(318, 38 + 17 * i, shape(every, mind), mind == base, mind) + text(327, 42 + 17 * i, mind, "", "start")
        for i, mind in enumerate(minds)
    ]
    return Markup("").join(rows)


def legend(minds: Sequence[str], base: str) -> Markup:
    """The minds above a plot, four a line."""
    parts = []
    for i, mind in enumerate(minds):
        x, y = 12 + 113 * (i % 4), 8 + 15 * (i // 4)
        parts.append(mark(x, y, shape(minds, mind), mind == base, mind) + text(x + 8, y + 4, mind, "", "start"))
    return Markup("").join(parts)


def shape(minds: Sequence[str], mind: str) -> str:
    """The shape of a mind's points."""
    return MARKS[list(minds).index(mind) % len(MARKS)]


def mark(x: float, y: float, shape: str, own: bool, tip: str, r: float = 3.6) -> Markup:
    """One mind's point."""
    x, y, r = round(x, 2), round(y, 2), r + 0.8 if own else r
    name = f"mind{' base-mind' if own else ''}{' hollow' if shape in HOLLOW and not own else ''}"
    title = f"<title>{escape(tip)}</title>"
    d = {
        "diamond": f"M{x} {y - r}l{r} {r}l{-r} {r}l{-r} {-r}z",
        "triangle": f"M{x} {y - r}l{r} {1.8 * r:g}h{-2 * r}z",
        "square": f"M{x - r + 0.6:g} {y - r + 0.6:g}h{2 * r - 1.2:g}v{2 * r - 1.2:g}h{1.2 - 2 * r:g}z",
        "cross": f"M{x - r} {y - r}l{2 * r} {2 * r}M{x - r} {y + r}l{2 * r} {-2 * r}",
        "bar": f"M{x} {y - r}v{2 * r}",
        "dash": f"M{x - r} {y}h{2 * r}",
        "hat": f"M{x - r} {y + 0.7 * r:g}l{r} {-1.4 * r:g}l{r} {1.4 * r:g}",
        "star": f"M{x} {y - r}v{2 * r}M{x - r} {y}h{2 * r}M{x - r} {y - r}l{2 * r} {2 * r}M{x - r} {y + r}l{2 * r} {-2 * r}",
    }.get(shape)
    if d is None:
        return Markup(f'<circle class="{name}" cx="{x}" cy="{y}" r="{r}">{title}</circle>')
    return Markup(f'<path class="{name}" d="{d}">{title}</path>')


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    """A line of a class of the style sheet."""
    return Markup(f'<line class="{kind}" x1="{x1:.2f}" y1="{y1:.2f}" x2="{x2:.2f}" y2="{y2:.2f}"/>')


def text(x: float, y: float, said: str, kind: str, anchor: str) -> Markup:
    """A text that begins, ends or stands in the middle at a place."""
    form = Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>')
    return form.format(kind, round(x, 2), round(y, 2), anchor, said)


def drawing(parts: Sequence[Markup], height: float, said: str) -> Markup:
    """A whole plot, and what it shows in words."""
    return Markup('<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        f"{WIDTH:g}", f"{height:g}", said, Markup("").join(parts)
    )
