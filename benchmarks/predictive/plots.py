"""The predictive benchmark's plots: every method's score in every layer, and the paired differences to one of them.

Covered: functions from published figures to `Markup`, in the style of the synthetic benchmark's plots (`synthetic/plots.py`).
Not covered: the page (`write_docs.py`).
"""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from ...agent.report.plots import Axis
from ..synthetic.plots import WIDTH, drawing, legend, line, mark, shape, text

ROW = 26.0


def by_layer(told: dict[str, Any], name: str) -> Markup:
    """A score of each method in each layer: a row a layer; the method that others are compared with has its interval."""
    figures: dict[str, Any] = told["figures"]
    methods, layers, base = list(figures), told["about"]["layers"], told["differences"]["of"]
    means = {(m, x): figures[m].get("network", {}).get("layers", {}).get(x, {}).get(name) for m in methods for x in layers}
    known = {key: found for key, found in means.items() if found is not None and found["mean"] is not None}
    low = min([0.0, *(found["interval"][0] for found in known.values())])
    axis = Axis(low, max([0.1, *(found["interval"][1] for found in known.values())]), 84.0, WIDTH - 14)
    top, parts, said = 38.0 + 15 * ((len(methods) - 1) // 4), [legend(methods, base)], []
    bottom = top + ROW * len(layers)
    for tick in axis.ticks():
        parts.append(line(axis(tick), top - 8, axis(tick), bottom, "base"))
        parts.append(text(axis(tick), bottom + 13, f"{tick:g}", "tick", "middle"))
    for row, layer in enumerate(layers):
        y = top + ROW * row + 6
        parts.append(text(76, y + 4, layer, "", "end"))
        for place, method in enumerate(reversed(methods)):
            if (found := known.get((method, layer))) is None:
                continue
            (least, most), own = found["interval"], method == base
            if own:
                parts.append(line(axis(least), y, axis(most), y, "interval"))
            tip = f"{method}, {layer}: {found['mean']:.3f} [{least:.3f}, {most:.3f}] of {found['n']}"
            shift = 0.0 if own else (5.0 if place % 2 else -5.0)
            parts.append(mark(axis(found["mean"]), y + shift, shape(methods, method), own, tip))
            said.append(tip)
    parts.append(text(axis.right, bottom + 28, name, "tick", "end"))
    return drawing(parts, bottom + 36, f"{name} by layer. {'; '.join(reversed(said))}")


def differences(told: dict[str, Any], name: str) -> Markup:
    """What one method scores above each other on the same units, with the interval: right of 0 it is ahead."""
    base, minus = told["differences"]["of"], told["differences"]["minus"]
    rows = [(method, found[name]) for method, found in minus.items() if found[name]["difference"] is not None]
    reach = max([0.05, *(abs(end) for _, found in rows for end in found["interval"])])
    axis = Axis(-reach, reach, 120.0, WIDTH - 14)
    top, said = 14.0, []
    bottom = top + 22 * len(rows)
    parts = [line(axis(0), top - 6, axis(0), bottom, "ref")]
    for tick in axis.ticks():
        parts.append(text(axis(tick), bottom + 13, f"{tick:+.2g}" if tick else "0", "tick", "middle"))
    for row, (method, found) in enumerate(rows):
        y, (low, high) = top + 22 * row + 6, found["interval"]
        tip = f"{base} minus {method}: {found['difference']:+.3f} [{low:+.3f}, {high:+.3f}] of {found['n']}"
        parts += [text(112, y + 4, method, "", "end"), line(axis(low), y, axis(high), y, "interval")]
        parts.append(mark(axis(found["difference"]), y, "disc", True, tip))
        said.append(tip)
    parts.append(text(axis.right, bottom + 28, f"{name}: {base} minus the method", "tick", "end"))
    return drawing(parts, bottom + 36, "; ".join(said))
