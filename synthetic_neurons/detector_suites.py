"""The suites that lettvin draws of a detector's neurons: `core`, 20 a kind and 30 nulls, and `smoke`, one a kind and 5 nulls.

Covered: formulas of the nouns that a detector sees in a data set, each a question there (`sightings.py`), no two alike, in an
order and under names that tell nothing, with how many were refused and why; the same nouns, sightings and seed give the same
suite. A kind of which the data hold no such formula has fewer neurons, or none. Not covered: kinds of which a detector says
nothing (colours, places, counts, relations).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ..targets.errors import BadInput
from ..tools.sketch.concept import Concept
from .drawn_suites import NOISES, SEEDS
from .responses import read_truth
from .sightings import APART, FEWEST, Sightings
from .suite import Drawn, Suite, SuiteNeuron

SIZES = {"core": (20, 6), "smoke": (1, 1)}  # neurons a kind, and nulls of each sort
NULLS = ("noise", "heavy", "shuffled", "constant", "dead")
FEWEST_NOUNS = 4  # with fewer the kinds cannot be told apart
TRIES = 200
NOUNS = "nouns"  # what of them was taken, beside the kinds
SELDOM_SEEN = f"seen in fewer than {FEWEST} pictures that show it"

Nouns = Sequence[str]
_FORMS: dict[str, tuple[int, Callable[[Nouns], str]]] = {  # of how many nouns, and how they stand to each other
    "single object": (1, lambda n: n[0]),
    "OR": (2, lambda n: f"{n[0]} or {n[1]}"),
    "AND": (2, lambda n: f"{n[0]} and {n[1]}"),
    "AND NOT": (2, lambda n: f"{n[0]} and not {n[1]}"),
    "three-way OR": (3, lambda n: f"{n[0]} or {n[1]} or {n[2]}"),
    "OR of ANDs": (4, lambda n: f"{n[0]} and {n[1]} or {n[2]} and {n[3]}"),
    "weighted OR": (2, lambda n: f"{n[0]} or {n[1]}"),
}
KINDS = tuple(_FORMS)
OF_PAIRS = ("AND", "AND NOT", "OR of ANDs")  # whose nouns must be seen together


def detector_suite(name: str, detector: str, sightings: Sightings, seed: int | None = None) -> Suite:
    """`core` or `smoke` of a detector's neurons. Raises `BadInput` where it sees fewer than 4 nouns often enough.

    Raises KeyError on any other name.
    """
    seed = SEEDS[name] if seed is None else seed
    if len(sightings.often) < FEWEST_NOUNS:
        told = ", ".join(map(repr, sightings.often)) or "none"
        what = f"{len(sightings.often)} things often enough, and none too often, in the {len(sightings.scores)} pictures"
        raise BadInput(f"the detector {detector!r} finds {what} of the data ({told}), and a suite needs {FEWEST_NOUNS}")
    each, nulls = SIZES[name]
    drawn: list[dict[str, object]] = []
    told_of: list[Drawn] = [_told_of_nouns(sightings)]
    for place, kind in enumerate(_FORMS):
        made, told_kind = _of_kind(kind, sightings, each, np.random.default_rng([seed, place]))
        drawn += made
        told_of.append(told_kind)
    real = len(drawn)
    drawn += [{"behaviour": behaviour} for behaviour in NULLS for _ in range(nulls)]
    order = np.random.default_rng([seed, len(_FORMS)]).permutation(len(drawn))
    neurons = [{"name": f"neuron-{place:03d}", **drawn[i]} for place, i in enumerate(order)]
    names = [str(one["name"]) for one, i in zip(neurons, order, strict=True) if i < real]
    pick = np.random.default_rng([seed, len(_FORMS) + 1])
    for one in neurons:
        if one["behaviour"] == "shuffled":
            one["of"] = names[int(pick.integers(len(names)))]
    return Suite(
        name=f"{name}-{detector.partition('@')[0]}",
        seed=seed,
        neurons=tuple(SuiteNeuron.model_validate(one) for one in neurons),
        detector=detector,
        nouns=sightings.often,
        drawn=tuple(told_of),
    )


def _told_of_nouns(sightings: Sightings) -> Drawn:
    """How many nouns can be drawn, of all that the detector was asked for."""
    seldom = int(((sightings.seen & sightings.shown).sum(axis=0) < FEWEST).sum())
    often, total = len(sightings.often), len(sightings.nouns)
    refused = {SELDOM_SEEN: seldom, "seen in nearly all pictures": total - often - seldom}
    return Drawn(kind=NOUNS, wanted=total, made=often, refused=tuple((why, n) for why, n in refused.items() if n))


def _of_kind(kind: str, sightings: Sightings, n: int, rng: np.random.Generator) -> tuple[list[dict[str, object]], Drawn]:
    """Up to `n` neurons of a kind, no two of the same nouns; fewer where the data hold no more. And what was refused."""
    count, form = _FORMS[kind]
    nouns = frozenset(sightings.often)
    made: list[dict[str, object]] = []
    refused: Counter[str] = Counter()
    if kind in OF_PAIRS:
        refused[APART] = math.comb(len(sightings.often), 2) - len(sightings.together)
    for chosen in _proposed(kind, count, sightings, TRIES * n, rng):
        if len(made) == n:
            break
        concept: Concept = read_truth(form(chosen), nouns)  # type: ignore[assignment]  # nouns say nothing off the language
        if why := sightings.why_not(concept):
            refused[why] += 1
            continue
        one: dict[str, object] = {
            "fires_for": form(chosen),
            "behaviour": "graded" if rng.random() < 0.6 or kind == "weighted OR" else "binary",
            "noise": NOISES[int(rng.integers(len(NOISES)))],
        }
        if kind == "weighted OR":  # graded: half a score seldom reaches that of a binary neuron
            one["weights"] = (1.0, 0.5) if rng.random() < 0.5 else (0.5, 1.0)
        made.append(one)
    return made, Drawn(kind=kind, wanted=n, made=len(made), refused=tuple((why, n) for why, n in refused.items() if n))


def _proposed(kind: str, count: int, sightings: Sightings, most: int, rng: np.random.Generator) -> Iterator[tuple[str, ...]]:
    """Up to `most` choices of nouns in random order, no two of the same; for `OF_PAIRS` of those seen together alone."""
    often, pairs = sightings.often, sightings.together
    if kind == "single object":
        yield from ((often[int(i)],) for i in rng.permutation(len(often))[:most])
        return
    if kind in ("AND", "AND NOT"):
        turned = [(pairs[int(i)], rng.random() < 0.5) for i in rng.permutation(len(pairs))[:most]]
        for again in (False, True) if kind == "AND NOT" else (False,):  # either may be vetoed; each pair once first
            yield from ((b, a) if turn != again else (a, b) for (a, b), turn in turned)
        return
    known: set[frozenset[str]] = set()
    for _ in range(most if kind != "OR of ANDs" or len(pairs) > 1 else 0):
        chosen: tuple[str, ...]
        if kind == "OR of ANDs":
            chosen = tuple(noun for i in rng.choice(len(pairs), 2, replace=False) for noun in pairs[int(i)])
        else:
            chosen = tuple(often[int(i)] for i in rng.choice(len(often), count, replace=False))
        if len(set(chosen)) == count and frozenset(chosen) not in known:
            known.add(frozenset(chosen))
            yield chosen
