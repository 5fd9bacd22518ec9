"""The synthetic benchmark's table: a row a figure, a column a mind.

Covered: the rows, for a terminal, the page and the documentation alike; what is known while it is asked. Not covered: the
figures themselves (`figures.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...synthetic_neurons.suite import Drawn
from .outcome import Outcome

STRATUM = {"recovered": "recovered", "overclaimed": "overclaimed", "inconclusive": "inconclusive", "no_concept": "no concept"}


PROGRESS = ("mind", "answered", "recovered", "wrong claims", "left open", "no concept")


def progress(outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    """What is known so far of each mind, in rows under `PROGRESS`."""
    by_mind: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_mind.setdefault(outcome.mind, []).append(outcome)
    return [
        (
            mind,
            str(len(found)),
            str(sum(o.recovered for o in found)),
            str(sum(o.verdict == "supported" and not o.recovered for o in found)),
            str(sum(o.verdict == "inconclusive" for o in found)),
            str(sum(o.verdict == "no-concept" for o in found)),
        )
        for mind, found in by_mind.items()
    ]


def refusals(drawn: Sequence[Drawn]) -> list[tuple[str, str, str]]:
    """How the neurons of a suite were drawn: a kind, how many of how many, and what was refused, with the reason."""
    return [
        (one.kind, f"{one.made} of {one.wanted}", "; ".join(f"{n:,} × {why}" for why, n in one.refused) or "none")
        for one in drawn
    ]


def columns(told: dict[str, Any]) -> tuple[str, ...]:
    """The table's head: the figure, then every mind. `told`: as `published.as_object` has it."""
    return ("figure", *told["figures"])


def rows(told: dict[str, Any]) -> list[tuple[str, ...]]:
    """The table's rows: recovery by kind, errors, strata, each with its interval; then what has none."""
    by_mind = list(told["figures"].values())
    found: list[tuple[str, ...]] = []
    for name, path in paths(by_mind):
        found.append((name, *(share_in_words(figures, path) for figures in by_mind)))
    means: list[tuple[str, tuple[str, ...]]] = [("F1", ("f1_all",))]
    if told.get("detector") is None:
        means.append(("predicted above neutral", ("predictive", "superiority")))
    else:  # its neurons are not shown what is drawn for an answer
        means += [("average precision", ("fit", "auprc")), ("the formula's, there", ("fit", "oracle_auprc"))]
    for name, place in means:
        found.append((name, *(_number(_at(figures, place)) for figures in by_mind)))
    found.append(("Brier skill", *(_number(figures["brier_skill"]) for figures in by_mind)))
    found.append(("median pictures", *(_number(figures["median_pictures"], 0) for figures in by_mind)))
    found.append(("median seconds", *(_number(figures["median_seconds"], 1) for figures in by_mind)))
    for name, figure in (("minus", "recovered"), ("minus, F1", "f1")):
        base, minus = told["differences"]["of"], told["differences"]["minus"]
        if minus:
            others = (minus.get(mind, {}).get(figure) for mind in told["figures"])
            found.append((f"{base} {name}", *(difference_in_words(other) for other in others)))
    return found


def paths(by_mind: list[dict[str, Any]]) -> list[tuple[str, tuple[str, ...]]]:
    """Every share that some mind has: what it is called, and where it stands among the figures."""
    kinds = dict.fromkeys(kind for figures in by_mind for kind in figures["recovered"])
    sorts = dict.fromkeys(sort for figures in by_mind for sort in figures["null_error_by_sort"])
    strata = dict.fromkeys(name for figures in by_mind for name in figures["strata"])
    found: list[tuple[str, tuple[str, ...]]] = [("recovered", ("recovered_all",))]
    found += [(f"recovered, {kind}", ("recovered", kind)) for kind in kinds]
    found += [("false discoveries", ("false_discovery",)), ("misses", ("misses",)), ("abstained", ("abstained",))]
    found += [("null error", ("null_error",))] + [(f"null error, {sort}", ("null_error_by_sort", sort)) for sort in sorts]
    found += [(f"{name}: {word}", ("strata", name, key)) for name in strata for key, word in STRATUM.items()]
    same = [(f"{name}: the same, told as they are", ("strata", name, "recovered_plain")) for name in strata]
    found += [(name, path) for name, path in same if any(_at(figures, path) is not None for figures in by_mind)]
    return [(name, path) for name, path in found if any(_at(figures["n"], path) for figures in by_mind)]


def share_in_words(figures: dict[str, Any], path: tuple[str, ...]) -> str:
    """A rate, its interval and how many it is of, in one line; a dash where there is none."""
    rate = _at(figures, path)
    if rate is None:
        return "-"
    low, high = _at(figures["intervals"], path)
    return f"{rate:.2f} [{low:.2f}, {high:.2f}] of {_at(figures['n'], path)}"


def number_once(row: tuple[str, ...]) -> tuple[str, ...]:
    """The row with the number that its shares are of beside its name, where it is the same for every mind."""
    numbers = {cell.rpartition(" of ")[2] for cell in row[1:] if " of " in cell}
    if len(numbers) != 1:
        return row
    (n,) = numbers
    return (f"{row[0]}, of {n}", *(cell.removesuffix(f" of {n}") for cell in row[1:]))


def difference_in_words(found: dict[str, Any] | None) -> str:
    """A paired difference with its interval."""
    if found is None or found["difference"] is None:
        return "-"
    low, high = found["interval"]
    return f"{found['difference']:+.2f} [{low:+.2f}, {high:+.2f}] of {found['n']}"


def _at(tree: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def _number(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
