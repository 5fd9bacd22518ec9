"""The synthetic benchmark's table: a row a figure, a column a mind.

Covered: what a terminal shows. Not covered: the figures themselves (`figures.py`).
"""

from __future__ import annotations

from typing import Any

ROWS = ("planted", "false_discovery", "misses", "abstained", "overclaimed", "recovered_rare")


def columns(result: dict[str, Any]) -> tuple[str, ...]:
    """The table's head: the figure, then every mind."""
    return ("figure", *result["figures"])


def told(result: dict[str, Any]) -> list[tuple[str, ...]]:
    """The table's rows: recovery by kind, null error, and what else is a share, with its interval; then medians."""
    by_mind = list(result["figures"].values())
    rows: list[tuple[str, ...]] = []
    for group, word in (("recovered", "recovered"), ("null_error", "null error")):
        for kind in dict.fromkeys(kind for found in by_mind for kind in found[group]):
            rows.append((f"{word}, {kind}", *(_share(found[group].get(kind)) for found in by_mind)))
    rows += [(name.replace("_", " "), *(_share(found[name]) for found in by_mind)) for name in ROWS]
    for name in ("brier_skill", "median_pictures", "median_seconds"):
        rows.append((name.replace("_", " "), *(_number(found[name]) for found in by_mind)))
    return rows


def _share(found: dict[str, Any] | None) -> str:
    if found is None or found["share"] is None:
        return "-"
    low, high = found["interval"]
    return f"{found['share']:.2f} [{low:.2f}, {high:.2f}] of {found['n']}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
