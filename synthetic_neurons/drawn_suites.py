"""The suites that lettvin brings, drawn from a seed: `core`, 40 neurons a kind and 100 nulls, and `smoke`, one a kind.

Covered: concepts of every kind drawn from the whole vocabulary, no two neurons of a kind alike, in an order and under names
that tell nothing. The same seed gives the same suite; another seed gives another, to fit on. Not covered: how often the
concepts occur in a data set, which the benchmark records.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..tools.sketch import vocabulary as v
from .off_language import CATEGORIES, FACES, HALVES
from .planted_units import wanted_units
from .scene_neuron import Neuron
from .suite import KINDS, Suite, SuiteNeuron

SEEDS = {"core": 20_250, "smoke": 20_251}
NULL_SHARES = {"noise": 0.3, "heavy": 0.3, "shuffled": 0.2, "constant": 0.1, "dead": 0.1}
NOISES = (0.05, 0.05, 0.1, 0.15)
NOUNS, COLOURS = tuple(v.NOUNS), tuple(v.COLOURS)
PLACES = tuple(background for background in v.BACKGROUNDS if background != "plain")
RELATIONS = ("left of", "right of", "above", "below", "on", "inside")
PARTS = ("wheels", "windows", "legs", "wings", "eye", "door", "leaves")
TRIES = 400

Words = Callable[[np.random.Generator], str]


def drawn_suite(name: str, seed: int | None = None) -> Suite:
    """`core` or `smoke`, drawn from its own seed or another. Raises KeyError on any other name."""
    seed = SEEDS[name] if seed is None else seed
    each, nulls = {"core": (40, 100), "smoke": (1, 5)}[name]
    drawn: list[dict[str, object]] = []
    for place, kind in enumerate(KINDS):
        if kind == "null":
            drawn += _nulls(nulls)
        elif kind == "planted filters":
            drawn += _planted(each, seed, np.random.default_rng([seed, place]))
        else:
            drawn += _of_kind(kind, each, np.random.default_rng([seed, place]))
    order = np.random.default_rng([seed, len(KINDS)]).permutation(len(drawn))
    told = [{"name": f"neuron-{place:03d}", **drawn[i]} for place, i in enumerate(order)]
    real = [str(one["name"]) for one in told if one["behaviour"] in ("graded", "binary")]
    pick = np.random.default_rng([seed, len(KINDS) + 1])
    for one in told:
        if one["behaviour"] == "shuffled":
            one["of"] = real[int(pick.integers(len(real)))]
    return Suite(name=name, seed=seed, neurons=tuple(SuiteNeuron.model_validate(one) for one in told))


def distractors(n: int, seed: int, besides: str) -> list[Neuron]:
    """`n` neurons to stand beside one that is asked: objects, colours, patterns, places; none fires for `besides`."""
    rng = np.random.default_rng([seed, 7])
    words: dict[str, None] = {}
    while len(words) < n:
        text = _any_part(rng)
        if text != besides:
            words[text] = None
    return [Neuron(text, "graded" if i % 2 else "binary", 0.05, seed) for i, text in enumerate(words)]


def _nulls(n: int) -> list[dict[str, object]]:
    """Nulls of every sort, one at least of each."""
    counts = {behaviour: max(1, int(n * share)) for behaviour, share in NULL_SHARES.items()}
    return [{"behaviour": behaviour} for behaviour, count in counts.items() for _ in range(count)]


def _planted(n: int, seed: int, rng: np.random.Generator) -> list[dict[str, object]]:
    """Wanted units of the network of that seed, three of four with words that come near."""
    units = wanted_units(seed)
    shuffled = [units[int(i)] for i in rng.permutation(len(units))]
    told, untold = ([u for u in shuffled if (u.fires_for is None) == none] for none in (False, True))
    chosen = [*told[: n - n // 4], *untold[: n // 4]]
    return [{"behaviour": "planted", "unit": unit.address, "fires_for": unit.fires_for} for unit in chosen]


def _of_kind(kind: str, n: int, rng: np.random.Generator) -> list[dict[str, object]]:
    """Neurons of one kind, no two alike; no two for the same words as long as there are others."""
    made: dict[str, dict[str, object]] = {}
    said: set[str] = set()
    for attempt in range(TRIES * n):
        if len(made) == n:
            break
        words = _OFF_LANGUAGE[attempt % len(_OFF_LANGUAGE)](rng) if kind == "off-language" else _WORDS[kind](rng)
        one = _behaving(words, kind, rng)
        if (words in said and words != "luminance" and attempt < TRIES * n // 4) or repr(one) in made:
            continue
        said.add(words)
        made[repr(one)] = one
    assert len(made) == n, f"{len(made)} of {n} neurons of kind {kind!r}"
    return list(made.values())


def _behaving(words: str, kind: str, rng: np.random.Generator) -> dict[str, object]:
    noise = NOISES[int(rng.integers(len(NOISES)))]
    if words == "luminance":
        return {"behaviour": "luminance", "noise": noise}
    one: dict[str, object] = {"fires_for": words, "behaviour": "graded" if rng.random() < 0.6 else "binary", "noise": noise}
    if one["behaviour"] == "graded" and kind != "background":
        one["by"] = ("area", "area", "area", "match", "count")[int(rng.integers(5))]
    if kind == "weighted OR":
        one["weights"] = (1.0, 0.5) if rng.random() < 0.5 else (0.5, 1.0)
    return one


# ---- words of each kind -----------------------------------------------------------------------------------------------


def _pick(options: Sequence[str], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]


def _two(options: Sequence[str], rng: np.random.Generator) -> tuple[str, str]:
    first, second = (int(i) for i in rng.choice(len(options), 2, replace=False))
    return options[first], options[second]


def _any_part(rng: np.random.Generator) -> str:
    """Something that may stand beside an `or`: an object, a colour, a pattern, a place or a coloured object."""
    draw = rng.random()
    if draw < 0.4:
        return _pick(NOUNS, rng)
    if draw < 0.55:
        return _pick(COLOURS, rng)
    if draw < 0.7:
        return _pick(v.PATTERNS, rng)
    if draw < 0.85:
        return f"on {_pick(PLACES, rng)}"
    return f"{_pick(COLOURS, rng)} {_pick(NOUNS, rng)}"


def _or(ways: int, rng: np.random.Generator) -> str:
    """Parts none of which says another's: no word is in two of them."""
    parts: list[str] = []
    while len(parts) < ways:
        part = _any_part(rng)
        if not set(part.split()) & {word for other in parts for word in other.split() if word != "on"} - {"on"}:
            parts.append(part)
    return " or ".join(parts)


def _and(rng: np.random.Generator) -> str:
    draw = rng.random()
    if draw < 0.5:
        return " and ".join(_two(NOUNS, rng))
    if draw < 0.8:
        return f"{_pick(NOUNS, rng)} and on {_pick(PLACES, rng)}"
    return f"{_pick(COLOURS, rng)} and {_pick(NOUNS, rng)}"


def _and_not(rng: np.random.Generator) -> str:
    draw = rng.random()
    if draw < 0.4:
        return f"{_pick(NOUNS, rng)} and not {_pick(COLOURS, rng)}"
    if draw < 0.7:
        return " and not ".join(_two(NOUNS, rng))
    return f"{_pick(COLOURS, rng)} and not on {_pick(PLACES, rng)}"


def _ands(rng: np.random.Generator) -> str:
    nouns = [NOUNS[int(i)] for i in rng.choice(len(NOUNS), 3, replace=False)]
    other = nouns[2] if rng.random() < 0.5 else f"on {_pick(PLACES, rng)}"
    one, two = nouns[0], nouns[1]
    return f"{one} and {_pick(COLOURS, rng)} or {two} and {other}"


def _relation(rng: np.random.Generator) -> str:
    one, other = _two(NOUNS, rng)
    return f"{one} {_pick(RELATIONS, rng)} {other}"


def _count(rng: np.random.Generator) -> str:
    noun = v.plural(_pick(NOUNS, rng))
    counted = f"{_pick(COLOURS, rng)} {noun}" if rng.random() < 0.25 else noun
    return f"at least {'two' if rng.random() < 0.7 else 'three'} {counted}"


def _size(rng: np.random.Generator) -> str:
    return _pick(v.SIZES, rng) + (f" {_pick(NOUNS, rng)}" if rng.random() < 0.85 else "")


def _pattern(rng: np.random.Generator) -> str:
    return _pick(v.PATTERNS, rng) + (f" {_pick(NOUNS, rng)}" if rng.random() < 0.3 else "")


_WORDS: dict[str, Words] = {
    "single object": lambda rng: _pick(NOUNS, rng),
    "OR": lambda rng: _or(2, rng),
    "AND": _and,
    "AND NOT": _and_not,
    "coloured object": lambda rng: f"{_pick(COLOURS, rng)} {_pick(NOUNS, rng)}",
    "colour": lambda rng: _pick(COLOURS, rng),
    "pattern": _pattern,
    "background": lambda rng: f"on {_pick(PLACES, rng)}",
    "size": _size,
    "count": _count,
    "relation": _relation,
    "three-way OR": lambda rng: _or(3, rng),
    "OR of ANDs": _ands,
    "weighted OR": lambda rng: _or(2, rng),
}
_OFF_LANGUAGE: tuple[Words, ...] = (
    lambda rng: f"{_pick(FACES, rng)} facing {_pick(('left', 'right'), rng)}",
    lambda rng: f"{_pick(NOUNS, rng)} in the {_pick(tuple(HALVES), rng)} half",
    lambda rng: f"exactly two {v.plural(_pick(NOUNS, rng))}",
    lambda rng: " xor ".join(_two(NOUNS, rng)),
    lambda rng: f"any {_pick(CATEGORIES, rng)}",
    lambda rng: f"something with {_pick(PARTS, rng)}",
    lambda rng: "luminance",
)
