"""The plot of the planted-bias benchmark: the true drop of the planted subgroup in every network, and whether it was found.

Covered: one function from outcomes on record to `Markup`, in the style of the synthetic benchmark's plots. Not covered: the
page (`write_docs.py`).
"""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from ...agent.report.plots import GOLDEN, Axis
from ..synthetic.plots import WIDTH, drawing, line, mark, text

ROW = 46.0


def planted_drops(told: dict[str, Any]) -> Markup:
    """A row of networks with the bias and one without; a network is a disc where the subgroup was found, else a ring."""
    networks: list[dict[str, Any]] = told["networks"]
    drops = [o["drops"][o["planted"]] for o in networks]
    axis = Axis(min([0.0, *drops]) - 0.02, max([1.0, *drops]), 84.0, WIDTH - 14)
    top, said = 46.0, []
    bottom = top + 2 * ROW
    parts = [
        mark(14, 10, "disc", True, "found") + text(24, 14, "found", "", "start"),
        mark(72, 10, "ring", False, "not found") + text(82, 14, "not found", "", "start"),
    ]
    for tick in axis.ticks():
        parts.append(line(axis(tick), top - 8, axis(tick), bottom, "base"))
        parts.append(text(axis(tick), bottom + 13, f"{tick:g}", "tick", "middle"))
    parts.append(line(axis(told["margin"]), top - 8, axis(told["margin"]), bottom, "ref"))
    parts.append(text(axis(told["margin"]), top - 12, f"margin {told['margin']:g}", "tick", "middle"))
    for row, (name, biased) in enumerate((("planted", True), ("not planted", False))):
        y, mine = top + ROW * (row + 0.5), [o for o in networks if o["biased"] == biased]
        parts.append(text(76, y + 4, name, "", "end"))
        found = sum(o["planted"] in o["confirmed"] for o in mine)
        for place, o in enumerate(mine):
            drop, hit = o["drops"][o["planted"]], o["planted"] in o["confirmed"]
            tip = f"seed {o['seed']}, {o['planted']}: true drop {drop:.2f}, {'found' if hit else 'not found'}"
            parts.append(mark(axis(drop), y + 26 * (place * GOLDEN % 1 - 0.5), "disc" if hit else "ring", hit, tip))
        said.append(f"{name}: found in {found} of {len(mine)} networks")
    parts.append(text(axis.right, bottom + 28, "true drop, of the way from no such thing to one", "tick", "end"))
    return drawing(parts, bottom + 36, "; ".join(said))
