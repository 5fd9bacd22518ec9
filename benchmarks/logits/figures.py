"""Rates over many output units, what `--json` prints, and the table's rows.

Covered: how often the class is named exactly, by name or kind, or among others; false discoveries; what the answers predict;
the same for the controls; the paired difference to the first mind; every share with Wilson's interval. Not covered: single
scores (`asking.py`, `class_nouns.py`), the form in which shares are told (`synthetic/published.py`, `synthetic/told.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..synthetic.figures import paired_difference, share
from ..synthetic.published import BASE, published
from ..synthetic.told import difference_in_words, share_in_words
from .benchmark import Result
from .outcome import CONTROLS, Asked, Fit

PROGRESS = ("mind", "answered", "named exactly", "named or by kind", "supported", "shuffled: supported")
SHARES = {
    "named exactly, where a noun does": "exact",
    "named, or by its kind": "right",
    "named or by kind, where the name predicts": "right_where_shown",
    "named among others": "among_others",
    "supported": "supported",
    "false discoveries": "false_discovery",
    "best account names it or its kind": "best_account",
    "strongest label names it or its kind": "strongest_label",
    "shuffled: supported": "shuffled_supported",
    "random weights: supported": "random_supported",
    "random weights: named, or by its kind": "random_right",
}
SHOWN = 0.2  # AUPRC above chance of the class's own name, from which on the stamps of it do drive the unit
MEANS = {"AUPRC above chance": "auprc_above_chance", "Pearson": "pearson"}


def figures(answers: Sequence[Asked]) -> dict[str, Any]:
    """All figures of one mind.

    `right_where_shown`: of the units that the class's own name predicts on held-out cut-outs: not every stamp fires the unit of
    its class. `false_discovery`: of supported answers about the network's units, those that name neither the class nor its
    kind in any way. `best_account`: of all units, whatever the verdict. `predicted`: means over all units, where silence
    predicts nothing. `strongest_label`: of all units, whatever the verdict, those whose heaviest label names the class or its
    kind (the formula where nothing was weighed).
    """
    real, shuffled, random = ([a for a in answers if a.condition == control] for control in CONTROLS)
    return {
        "units": len(real),
        "exact": share([a.exact for a in real if a.told_exactly]),
        "right": share([a.right for a in real]),
        "right_where_shown": share([a.right for a in real if _above_chance(a.own_name) >= SHOWN]),
        "among_others": share([a.supported and a.named == "among others" for a in real]),
        "supported": share([a.supported for a in real]),
        "false_discovery": share([a.named == "wrong" for a in real if a.supported]),
        "best_account": share([a.named in ("exact", "hypernym") for a in real]),
        "strongest_label": share([(a.first_named or a.named) in ("exact", "hypernym") for a in real]),
        "weights_pearson": _mean([a.weights_pearson or 0.0 for a in real if a.weights]),
        "shuffled_supported": share([a.supported for a in shuffled]),
        "random_supported": share([a.supported for a in random]),
        "random_right": share([a.right for a in random]),
        "predicted": {"network": predicted(real), "shuffled": predicted(shuffled), "random weights": predicted(random)},
        "median_pictures": _median([a.pictures for a in real]),
        "median_seconds": _median([a.seconds for a in real]),
    }


def predicted(answers: Sequence[Asked]) -> dict[str, float | int | None]:
    """Mean AUPRC and Pearson on held-out cut-outs of what was answered, whatever the verdict; silence counts as 0.

    AUPRC above chance is (AUPRC - base) / (1 - base): a concept that is often true has a high one whatever the unit does.
    """
    fits = [a.fit for a in answers]
    return {
        "auprc_above_chance": _mean([_above_chance(fit) for fit in fits]),
        "pearson": _mean([(f.pearson or 0.0) if f is not None else 0.0 for f in fits]),
        "answered": sum(f is not None for f in fits),
        "units": len(fits),
    }


def as_object(result: Result) -> dict[str, Any]:
    """``{name, network, data, seed, figures {MIND: ...}, differences {of, minus}, units [...], folder, command}``."""
    return {
        "name": "logits",
        "network": result.network,
        "data": result.data,
        "seed": result.seed,
        "figures": {mind: published(figures(answers)) for mind, answers in result.answers.items()},
        "differences": differences(result.answers),
        "units": [answer.model_dump(mode="json") for answers in result.answers.values() for answer in answers],
        "folder": str(result.folder),
        "command": result.command,
    }


def differences(answers: dict[str, list[Asked]]) -> dict[str, Any]:
    """The empiricist (else the first mind) minus each other, unit by unit, over the network's own units."""
    base = BASE if BASE in answers else next(iter(answers))
    own = {mind: [a for a in some if a.condition == "network"] for mind, some in answers.items()}
    return {
        "of": base,
        "minus": {
            mind: {
                "right": paired_difference(own[base], theirs, lambda a: float(a.right)),
                "pearson": paired_difference(own[base], theirs, lambda a: (a.fit.pearson or 0.0) if a.fit else 0.0),
            }
            for mind, theirs in own.items()
            if mind != base
        },
    }


def progress(answers: Sequence[Asked]) -> list[tuple[str, ...]]:
    """What is known so far of each mind, in rows under `PROGRESS`."""
    rows: list[tuple[str, ...]] = []
    for mind in dict.fromkeys(a.mind for a in answers):
        mine = [a for a in answers if a.mind == mind]
        real = [a for a in mine if a.condition == "network"]
        null = sum(a.supported for a in mine if a.condition == "shuffled")
        counts = (len(mine), sum(a.exact for a in real), sum(a.right for a in real), sum(a.supported for a in real), null)
        rows.append((mind, *map(str, counts)))
    return rows


def columns(told: dict[str, Any]) -> tuple[str, ...]:
    """The table's head: the figure, then every mind. `told`: as `as_object` has it."""
    return ("figure", *told["figures"])


def rows(told: dict[str, Any]) -> list[tuple[str, ...]]:
    """The table's rows: names, controls, each with its interval; then what the answers predict, and differences."""
    by_mind = list(told["figures"].values())
    found = [(name, *(share_in_words(some, (key,)) for some in by_mind)) for name, key in SHARES.items()]
    for control in CONTROLS:
        for name, key in MEANS.items():
            means = (some["predicted"][control][key] for some in by_mind)
            found.append((f"{control}: {name} on held-out cut-outs", *("-" if m is None else f"{m:.2f}" for m in means)))
    for name, key in (("median pictures", "median_pictures"), ("median seconds", "median_seconds")):
        found.append((name, *("-" if some[key] is None else f"{some[key]:.0f}" for some in by_mind)))
    base, minus = told["differences"]["of"], told["differences"]["minus"]
    for name, key in (("minus, named or by kind", "right"), ("minus, Pearson", "pearson")) if minus else ():
        found.append((f"{base} {name}", *(difference_in_words(minus.get(mind, {}).get(key)) for mind in told["figures"])))
    return found


def _above_chance(fit: Fit | None) -> float:
    return 0.0 if fit is None or fit.auprc is None else (fit.auprc - fit.base) / (1 - fit.base)


def _mean(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None


def _median(values: Sequence[float]) -> float | None:
    return float(np.median(values)) if values else None
