"""Means over many units, what `--json` prints, and the table's rows.

Covered: Pearson and AUPRC on held-out pictures, by layer too; CoSy's AUC and MAD, MAIA's positive above neutral; the same for
the controls; how often something was claimed; the paired difference of two methods on the same units. Every mean has a
bootstrap 95% interval over units. Not covered: single scores (`fit.py`, `drawn.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..synthetic.figures import RESAMPLES, paired_difference, share
from ..synthetic.told import difference_in_words
from .benchmark import Result
from .fit import STRONG
from .outcome import CONDITIONS, Told

BASE = "empiricist"  # whom the others are compared with, where it was asked
PROGRESS = ("method", "answered", "Pearson", "AUPRC", "shuffled: Pearson", "shuffled: claimed")
SCORES: dict[str, Callable[[Told], float | None]] = {
    "Pearson": lambda t: t.pearson,
    "AUPRC": lambda t: t.auprc(STRONG),
    "AUPRC of what it names, above chance": lambda t: t.fit.above_chance if t.fit.named is not None else None,
    "CoSy's AUC": lambda t: None if t.drawn is None else t.drawn.auc,
    "CoSy's MAD": lambda t: None if t.drawn is None else t.drawn.mad,
    "MAIA: positive above neutral": lambda t: None if t.drawn is None else t.drawn.apart,
}
"""The first two over all units, where silence is worth nothing; the others over those of which there is a figure."""
DECIDING = ("Pearson", "AUPRC")


def figures(answers: Sequence[Told]) -> dict[str, Any]:
    """All figures of one method: under each condition, for all layers and for each."""
    layers = list(dict.fromkeys(t.layer for t in answers))
    return {
        condition: over(mine) | {"layers": {layer: over([t for t in mine if t.layer == layer]) for layer in layers}}
        for condition in CONDITIONS
        if (mine := [t for t in answers if t.condition == condition])
    } | {
        "median_seconds": float(np.median([t.seconds for t in answers])),
        "median_pictures": float(np.median([t.pictures for t in answers])),
    }


def over(answers: Sequence[Told]) -> dict[str, Any]:
    """``{units, claimed, SCORE: {mean, n, interval}}`` of some answers."""
    return {"units": len(answers), "claimed": share([t.claimed for t in answers])} | {
        name: mean([value for t in answers if (value := of(t)) is not None]) for name, of in SCORES.items()
    }


def mean(values: Sequence[float], seed: int = 0) -> dict[str, Any]:
    """``{mean, n, interval}``, with the bootstrap 95% interval; None where there is nothing."""
    if not values:
        return {"mean": None, "n": 0, "interval": None}
    found = np.asarray(values, dtype=np.float64)
    draws = found[np.random.default_rng(seed).integers(0, len(found), (RESAMPLES, len(found)))].mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return {"mean": round(float(found.mean()), 4), "n": len(found), "interval": [round(float(low), 4), round(float(high), 4)]}


def differences(answers: dict[str, list[Told]]) -> dict[str, Any]:
    """The method that others are compared with minus each of them, unit by unit, over the network's own units; by layer too."""
    base = compared_with(answers)
    own = {method: [t for t in some if t.condition == "network"] for method, some in answers.items()}
    layers = list(dict.fromkeys(t.layer for t in own[base]))

    def minus(theirs: Sequence[Told], mine: Sequence[Told]) -> dict[str, Any]:
        return {name: paired_difference(mine, theirs, score(name)) for name in DECIDING}

    return {
        "of": base,
        "minus": {
            method: minus(theirs, own[base])
            | {"layers": {layer: minus(theirs, [t for t in own[base] if t.layer == layer]) for layer in layers}}
            for method, theirs in own.items()
            if method != base and theirs
        },
    }


def compared_with(answers: dict[str, list[Told]]) -> str:
    """The empiricist, where it was asked of half as many units at least as any other; else the first of those asked of most."""
    counts = {method: sum(t.condition == "network" for t in some) for method, some in answers.items()}
    most = max(counts.values())
    return BASE if 2 * counts.get(BASE, 0) >= most else next(method for method, n in counts.items() if n == most)


def score(name: str) -> Callable[[Told], float]:
    """One of `SCORES` as a number for every answer; what there is no figure of counts 0."""
    return lambda told: float(SCORES[name](told) or 0.0)


def as_object(result: Result) -> dict[str, Any]:
    """``{name, about, figures {METHOD: ...}, differences {of, minus}, units [...], folder, command}``."""
    asked = {method: answers for method, answers in result.answers.items() if answers}
    return {
        "name": "predictive",
        "about": result.about,
        "codes": sorted({t.code for answers in asked.values() for t in answers}),
        "figures": {method: figures(answers) for method, answers in asked.items()},
        "differences": differences(asked),
        "units": [told.model_dump(mode="json") for answers in asked.values() for told in answers],
        "folder": str(result.folder),
        "command": result.command,
    }


def progress(answers: Sequence[Told]) -> list[tuple[str, ...]]:
    """What is known so far of each method, in rows under `PROGRESS`."""
    rows: list[tuple[str, ...]] = []
    for method in dict.fromkeys(t.method for t in answers):
        mine = [t for t in answers if t.method == method]
        own, null = ([t for t in mine if t.condition == c] for c in ("network", "shuffled"))
        means = (in_words(mean([score(name)(t) for t in some])) for name, some in
                 (("Pearson", own), ("AUPRC", own), ("Pearson", null)))  # fmt: skip
        rows.append((method, str(len(mine)), *means, f"{sum(t.claimed for t in null)} of {len(null)}"))
    return rows


def columns(told: dict[str, Any]) -> tuple[str, ...]:
    """The table's head: the figure, then every method. `told`: as `as_object` has it."""
    return ("figure", *told["figures"])


def rows(told: dict[str, Any]) -> list[tuple[str, ...]]:
    """The table's rows: the network's units over all layers and in each, the controls, what is claimed, and differences."""
    by_method = list(told["figures"].values())
    layers = told["about"]["layers"]

    def row(name: str, *path: str) -> tuple[str, ...]:
        return (name, *(in_words(_at(some, path)) for some in by_method))

    found = [("units", *(str(_at(some, ("network", "units")) or 0) for some in by_method))]
    for name in SCORES:
        found.append(row(name, "network", name))
        found += [row(f"{layer}: {name}", "network", "layers", layer, name) for layer in layers if name in DECIDING]
    for condition in CONDITIONS[1:]:
        found += [row(f"{condition}: {name}", condition, name) for name in DECIDING]
    for condition in CONDITIONS:
        shares = (_at(some, (condition, "claimed")) for some in by_method)
        found.append((f"{condition}: claimed", *(_share(some) for some in shares)))
    found.append(("median seconds", *(f"{some['median_seconds']:.2f}" for some in by_method)))
    base, minus = told["differences"]["of"], told["differences"]["minus"]
    for name in DECIDING if minus else ():
        found.append(
            (f"{base} minus: {name}", *(difference_in_words(minus.get(method, {}).get(name)) for method in told["figures"]))
        )
    return [line for line in found if any(cell != "-" for cell in line[1:])]


def in_words(found: dict[str, Any] | None) -> str:
    """A mean and its interval, in one line; a dash where there is none."""
    if found is None or found["mean"] is None:
        return "-"
    low, high = found["interval"]
    return f"{found['mean']:.3f} [{low:.3f}, {high:.3f}]"


def _share(found: dict[str, Any] | None) -> str:
    return "-" if found is None or found["share"] is None else f"{found['share']:.2f} of {found['n']}"


def _at(tree: Any, path: Sequence[str]) -> Any:
    for name in path:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree
