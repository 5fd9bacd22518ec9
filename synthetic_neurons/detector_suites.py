"""The suites that lettvin draws of a detector's neurons: `core`, 20 a kind and 30 nulls, and `smoke`, one a kind and 4 nulls.

Covered: formulas of the nouns that a detector is asked for, no two alike, in an order and under names that tell nothing; the
same nouns and seed give the same suite. Not covered: which nouns a data set shows to a detector (the benchmark looks), kinds
of which a detector says nothing (colours, places, counts, relations).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..targets.errors import BadInput
from .drawn_suites import NOISES, SEEDS
from .suite import Suite, SuiteNeuron

SIZES = {"core": (20, 6), "smoke": (1, 1)}  # neurons a kind, and nulls of each sort
NULLS = ("noise", "heavy", "shuffled", "constant", "dead")
FEWEST = 4  # nouns; with fewer the kinds cannot be told apart
TRIES = 200

_FORMS: dict[str, Callable[[Sequence[str]], str]] = {
    "single object": lambda n: n[0],
    "OR": lambda n: f"{n[0]} or {n[1]}",
    "AND": lambda n: f"{n[0]} and {n[1]}",
    "AND NOT": lambda n: f"{n[0]} and not {n[1]}",
    "three-way OR": lambda n: f"{n[0]} or {n[1]} or {n[2]}",
    "OR of ANDs": lambda n: f"{n[0]} and {n[1]} or {n[2]} and {n[3]}",
    "weighted OR": lambda n: f"{n[0]} or {n[1]}",
}
KINDS = tuple(_FORMS)


def detector_suite(name: str, detector: str, nouns: Sequence[str], seed: int | None = None) -> Suite:
    """`core` or `smoke` of a detector's neurons. Raises `BadInput` on fewer than 4 nouns, KeyError on any other name."""
    known, seed = sorted(set(nouns)), SEEDS[name] if seed is None else seed
    if len(known) < FEWEST:
        told = ", ".join(map(repr, known)) or "none"
        raise BadInput(f"the detector {detector!r} finds {len(known)} things in the data ({told}), and a suite needs {FEWEST}")
    each, nulls = SIZES[name]
    drawn: list[dict[str, object]] = []
    for place, (kind, form) in enumerate(_FORMS.items()):
        drawn += _of_kind(kind, form, known, each, np.random.default_rng([seed, place]))
    real = len(drawn)
    drawn += [{"behaviour": behaviour} for behaviour in NULLS for _ in range(nulls)]
    order = np.random.default_rng([seed, len(_FORMS)]).permutation(len(drawn))
    told_ = [{"name": f"neuron-{place:03d}", **drawn[i]} for place, i in enumerate(order)]
    names = [str(one["name"]) for one, i in zip(told_, order, strict=True) if i < real]
    pick = np.random.default_rng([seed, len(_FORMS) + 1])
    for one in told_:
        if one["behaviour"] == "shuffled":
            one["of"] = names[int(pick.integers(len(names)))]
    neurons = tuple(SuiteNeuron.model_validate(one) for one in told_)
    return Suite(name=f"{name}-{detector.partition('@')[0]}", seed=seed, neurons=neurons, detector=detector, nouns=tuple(known))


def _of_kind(
    kind: str, form: Callable[[Sequence[str]], str], nouns: Sequence[str], n: int, rng: np.random.Generator
) -> list[dict[str, object]]:
    """Up to `n` neurons of a kind, no two of the same words; fewer where the nouns allow no more."""
    made: dict[str, dict[str, object]] = {}
    for _ in range(TRIES * n):
        if len(made) == n:
            break
        chosen = [nouns[int(i)] for i in rng.choice(len(nouns), FEWEST, replace=False)]
        one: dict[str, object] = {
            "fires_for": form(chosen),
            "behaviour": "graded" if rng.random() < 0.6 else "binary",
            "noise": NOISES[int(rng.integers(len(NOISES)))],
        }
        if kind == "weighted OR":
            one["weights"] = (1.0, 0.5) if rng.random() < 0.5 else (0.5, 1.0)
        made.setdefault(form(chosen), one)
    return list(made.values())
