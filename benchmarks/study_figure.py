"""The figure of docs/empiricist.md: what one run of the empiricist drew, experiment by experiment, and what the unit said.

    python -m lettvin.benchmarks.study_figure RUN FIGURE.svg

Covered: every condition of a run's experiments and of its first conclusion as a row of points, as an SVG in the reader's
theme. Not covered: asking (`lettvin ask`), and the run's own page.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from ..agent.report.plots import Axis, axis_over
from ..agent.run_folder import read_events
from ..agent.transcript import AnyEvent, Decided, Judged, Registered

WIDTH, LEFT = 720, 300
ROW, HEAD = 17, 26
STYLE = """
svg { font-family: system-ui, sans-serif; background: #fff; color: #1c1e22; --soft: #5b5f67; --rule: #dedbd3; --high: #0b62a4; }
@media (prefers-color-scheme: dark) {
  svg { background: #15171a; color: #e7e5df; --soft: #a4a8b0; --rule: #34383e; --high: #74b9f0; }
}
text { font-size: 11px; fill: currentColor; } .head { font-weight: 600; } .soft { fill: var(--soft); font-size: 10px; }
line { stroke: var(--rule); } circle { fill: none; stroke: var(--soft); stroke-width: 1.3; }
.high circle { fill: var(--high); stroke: none; }
"""


def study_figure(events: Sequence[AnyEvent]) -> Markup:
    """The SVG. Rows: conditions predicted high are filled, low ones hollow; then the blocks of the first conclusion."""
    groups = _groups(events)
    axis = axis_over([peak for _, rows in groups for _, peaks, _ in rows for peak in peaks], LEFT, WIDTH - 12)
    parts: list[Markup] = []
    y = 8
    for head, rows in groups:
        y += HEAD
        parts.append(Markup('<text class="head" x="8" y="{}">{}</text>').format(y - 8, head))
        for name, peaks, high in rows:
            parts.append(_row(axis, name, peaks, high, y))
            y += ROW
    parts += [
        Markup('<text class="soft" x="{}" y="{}" text-anchor="middle">{}</text>').format(axis(tick), y + 12, f"{tick:g}")
        for tick in axis.ticks()
    ]
    parts.append(Markup('<text class="soft" x="{}" y="{}" text-anchor="end">peak activation</text>').format(WIDTH - 12, y + 26))
    said = "; ".join(f"{head}: " + ", ".join(name for name, _, _ in rows) for head, rows in groups)
    size = Markup('viewBox="0 0 {0} {1}" width="{0}" height="{1}"').format(WIDTH, y + 34)
    style = Markup(f"<style>{STYLE}</style>")
    return Markup('<svg xmlns="http://www.w3.org/2000/svg" {} role="img" aria-label="{}">{}{}</svg>\n').format(
        size, said, style, Markup("").join(parts)
    )


def _groups(events: Sequence[AnyEvent]) -> list[tuple[str, list[tuple[str, list[float], bool]]]]:
    plans = {event.experiment: event for event in events if isinstance(event, Registered)}
    groups = []
    for event in events:
        if isinstance(event, Judged):
            high = plans[event.experiment].prediction.high
            rows = [(one.name, [r.peak for r in one.readings], one.name in high) for one in event.measured]
            groups.append((f"{event.experiment}: {event.verdict}", rows))
    decided = next((event for event in events if isinstance(event, Decided)), None)
    if decided is not None:
        rows = [(b.name, [r.peak for r in b.readings], b.name == "high") for b in decided.blocks if b.name != "held-back"]
        groups.append((f"The lab tries to refute “{decided.formula}” against “{decided.rival}”: {decided.verdict}", rows))
    return groups


def _row(axis: Axis, name: str, peaks: Sequence[float], high: bool, y: float) -> Markup:
    middle = y + 4
    points = Markup("").join(Markup('<circle cx="{}" cy="{}" r="3.4"/>').format(axis(peak), middle) for peak in peaks)
    words = Markup('<text x="20" y="{}">{}</text>').format(y + 8, name if len(name) <= 46 else name[:45] + "…")
    rule = Markup('<line x1="{}" x2="{}" y1="{}" y2="{}"/>').format(axis.left, axis.right, middle, middle)
    return Markup('<g class="{}">{}{}{}</g>').format("high" if high else "low", words, rule, points)


def main(arguments: Sequence[str]) -> int:
    """Write the figure of the run named first into the file named second."""
    if len(arguments) != 2 or not (Path(arguments[0]) / "events.jsonl").is_file():
        print("usage: python -m lettvin.benchmarks.study_figure RUN FIGURE.svg, RUN a run's folder", file=sys.stderr)
        return 2
    Path(arguments[1]).write_text(str(study_figure(read_events(Path(arguments[0])))), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
