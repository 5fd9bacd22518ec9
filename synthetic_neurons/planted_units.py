"""Which units a planted network holds, and where its seed puts each: those that are wanted, among distractors.

Covered: every unit's layer, what it does in words, the formula that comes nearest (None where none does), and its index,
which the seed draws, as it draws the distractors. Names of layers tell nothing. Not covered: the weights
(`planted_filters.py`) and the module (`planted.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..targets.errors import BadInput
from ..tools.sketch.vocabulary import COLOURS
from .planted_filters import BANDS, ORIENTATIONS, ORIENTED, RADII

RANDOM_FILTERS, RANDOM_SUMS, RANDOM_PAIRS = 12, 12, 16  # distractors of layers 2, 3 and 4
DIRECTIONS = tuple(45.0 * i for i in range(8))
BULGES = ("right", "down right", "down", "down left", "left", "up left", "up", "up right")
OPPONENTS = ("red over green", "green over red", "blue over yellow", "yellow over blue")
CHROMATIC = tuple(colour for colour in COLOURS if colour not in ("black", "white", "grey"))
DRAWN = 4  # combinations drawn of each sort
Parts = tuple[str, ...]


@dataclass(frozen=True)
class PlantedUnit:
    """One unit. `what`: what it does; `fires_for`: the formula that comes nearest; `parts`: the units that it combines."""

    layer: str
    index: int
    what: str
    fires_for: str | None = None
    wanted: bool = True
    parts: Parts = ()
    rule: str = ""

    @property
    def address(self) -> str:
        return f"{self.layer}:{self.index}"


@lru_cache(maxsize=8)
def planted_units(seed: int) -> tuple[PlantedUnit, ...]:
    """Every unit of the network of that seed, layer by layer in the order of their indices."""
    layers = {"layer1": _first(), "layer2": _second(), "layer3": _third(), "layer4": _fourth(seed)}
    placed: list[PlantedUnit] = []
    for number, (layer, units) in enumerate(layers.items()):
        order = np.random.default_rng([seed, number]).permutation(len(units))
        at = [PlantedUnit(layer, i, u.what, u.fires_for, u.wanted, u.parts, u.rule) for i, u in zip(order, units, strict=True)]
        placed += sorted(at, key=lambda unit: unit.index)
    return tuple(PlantedUnit(u.layer, int(u.index), u.what, u.fires_for, u.wanted, u.parts, u.rule) for u in placed)


def wanted_units(seed: int) -> tuple[PlantedUnit, ...]:
    """Those that are asked about: all but the distractors."""
    return tuple(unit for unit in planted_units(seed) if unit.wanted)


def find_planted(seed: int, address: str) -> PlantedUnit:
    """The unit at LAYER:INDEX of the network of that seed. Raises `BadInput`."""
    known = {unit.address: unit for unit in planted_units(seed)}
    if address in known:
        return known[address]
    found = re.fullmatch(r"(layer[1-4]):\d+", address)
    if found is None:
        raise BadInput(f"{address!r} is no unit of a planted network: write layer1:0 to layer4:0 and up")
    last = max(unit.index for unit in known.values() if unit.layer == found[1])
    raise BadInput(f"{address!r} is no unit of a planted network: {found[1]!r} has 0 to {last}")


def catalogued(seed: int, layer: str) -> list[PlantedUnit]:
    """The units of a layer in the order in which the module computes them, each with the index it is put at."""
    names = [u.what for u in {"layer1": _first, "layer2": _second, "layer3": _third}.get(layer, lambda: _fourth(seed))()]
    placed = {u.what: u for u in planted_units(seed) if u.layer == layer}
    return [placed[name] for name in names]


def _first() -> list[PlantedUnit]:
    """Luminance, and the halves of the colour axes, a picture wide: what later layers start from."""
    return [_distractor(what) for what in ("luminance", *OPPONENTS)]


def _second() -> list[PlantedUnit]:
    energies = [
        PlantedUnit("", 0, f"energy {band} {angle:g}", wanted=False) for band in BANDS for angle in ORIENTATIONS
    ]
    hues = [PlantedUnit("", 0, f"colour {colour}", colour) for colour in CHROMATIC]
    greys = [_distractor(f"colour {colour}") for colour in COLOURS if colour not in CHROMATIC]  # every shadow is one
    opponents = [PlantedUnit("", 0, f"opponent {name}") for name in OPPONENTS]
    spots = [PlantedUnit("", 0, f"{way} {size}") for way in ("on-centre", "off-centre") for size in RADII]
    doubles = [PlantedUnit("", 0, f"centre {name}") for name in OPPONENTS]
    random = [_distractor(f"random filter {i}") for i in range(RANDOM_FILTERS)]
    return [*energies, *hues, *greys, *opponents, *spots, *doubles, *random]


def _third() -> list[PlantedUnit]:
    gratings = [
        PlantedUnit("", 0, f"grating {band} {name}", f"{band} {name} grating") for band in BANDS for name in ORIENTED
    ]
    arcs = [PlantedUnit("", 0, f"arc bulging {bulge}") for bulge in BULGES]
    return [*gratings, *arcs, *(_distractor(f"random sum {i}") for i in range(RANDOM_SUMS))]


def _fourth(seed: int) -> list[PlantedUnit]:
    """Combinations over the whole picture; which colours and orientations meet is drawn."""
    rng = np.random.default_rng([seed, 4])
    names = list(ORIENTED)
    made = [
        _combined("or", [f"grating {band} {name}" for band in BANDS], f"{name} grating", f"grating of any width {name}")
        for name in names
    ]
    for first, second in _pairs(len(CHROMATIC), rng):
        one, other = CHROMATIC[first], CHROMATIC[second]
        made.append(_combined("or", [f"colour {one}", f"colour {other}"], f"{one} or {other}"))
    for place in rng.permutation(len(CHROMATIC) * len(names))[:DRAWN]:
        colour, name = CHROMATIC[int(place) // len(names)], names[int(place) % len(names)]
        parts = [f"colour {colour}", *(f"grating {band} {name}" for band in BANDS)]
        made.append(_combined("and any", parts, f"{colour} and {name} grating"))
    for first, second in _pairs(len(CHROMATIC), rng):
        one, other = CHROMATIC[first], CHROMATIC[second]
        made.append(_combined("and not", [f"colour {one}", f"colour {other}"], f"{one} and not {other}"))
    made.append(_combined("or", [f"arc bulging {bulge}" for bulge in BULGES], None, "an arc bulging anywhere"))
    known = [unit.what for unit in (*_second(), *_third())]
    for i in range(RANDOM_PAIRS):
        first, second = (int(j) for j in rng.choice(len(known), 2, replace=False))
        rule = ("or", "and", "and not")[int(rng.integers(3))]
        pair = (known[first], known[second])
        made.append(PlantedUnit("", 0, f"random pair {i}: {pair[0]} {rule} {pair[1]}", None, False, pair, rule))
    return made


def _pairs(n: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    every = [(i, j) for i in range(n) for j in range(n) if i < j]
    return [every[int(i)] for i in rng.permutation(len(every))[:DRAWN]]


def _combined(rule: str, parts: list[str], fires_for: str | None, what: str = "") -> PlantedUnit:
    return PlantedUnit("", 0, what or f"{fires_for}", fires_for, True, tuple(parts), rule)


def _distractor(what: str) -> PlantedUnit:
    return PlantedUnit("", 0, what, wanted=False)
