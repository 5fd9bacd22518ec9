"""Planted networks: torch modules whose analytic weights do a known job from the pixels of any picture.

Layer 1 has luminance and the halves of two colour axes. Layer 2 has oriented energies (quadrature pairs of Gabors, squared,
summed, rooted) in three bands, tents around colours, opponent colours, centre and surround in luminance and colour. Layer 3
has gratings (energy spread over an area, other orientations and bands subtracted) and arcs (five tangents at their places,
AND by threshold). Layer 4 combines over the whole picture: OR by a sum that is clipped, AND by a threshold, AND NOT by
subtraction. Among them stand distractors. The seed decides distractors, combinations and where each unit stands.
Covered: the module, and the target, an ordinary `ModuleTarget`. Not covered: the numbers (`planted_filters.py`) and the
units (`planted_units.py`). What a unit answers to a drawn picture is not decided by its formula: it looks at pixels.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from ..targets.module import ModuleTarget
from ..tools.sketch.vocabulary import COLOURS
from .planted_filters import (
    AXES,
    BANDS,
    CELL,
    ORIENTATIONS,
    ORIENTED,
    RADII,
    SIDE,
    TENT,
    arc_weights,
    centre_surround,
    colour_point,
    gabor_pair,
    tent_weights,
)
from .planted_units import (
    CHROMATIC,
    DIRECTIONS,
    RANDOM_FILTERS,
    RANDOM_SUMS,
    PlantedUnit,
    catalogued,
    find_planted,
    planted_units,
    wanted_units,
)

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["PlantedNetwork", "PlantedUnit", "find_planted", "planted_target", "planted_units", "wanted_units"]

LAYERS = ("layer1", "layer2", "layer3", "layer4")
SURE = {"grating": 0.35, "colour": 0.4, "arc": 0.3}  # of a unit's answer: a combination takes it for whole from there on
EDGE = 2  # cells at the picture's border without tangents: repeated edge pixels bend there whatever is oblique
TANGENT = 0.15  # of an oriented energy: from there on a tangent counts as whole


class Picked(nn.Module):
    """Channels in the order that the seed gave them."""

    def __init__(self, units: list[PlantedUnit]) -> None:
        super().__init__()
        place = torch.empty(len(units), dtype=torch.long)
        place[torch.tensor([unit.index for unit in units])] = torch.arange(len(units))
        self.register_buffer("place", place)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.index_select(1, self.place)  # type: ignore[arg-type]


class Filters(nn.Module):
    """Fixed filters on the picture averaged over `pooled` pixels, its edge pixels repeated outside."""

    def __init__(self, weights: np.ndarray, pooled: int) -> None:
        super().__init__()
        out, into, k, _ = weights.shape
        self.pooled = pooled
        self.conv = nn.Conv2d(into, out, k, padding=k // 2, padding_mode="replicate", bias=False)
        self.conv.weight.data = torch.from_numpy(np.ascontiguousarray(weights, np.float32))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.conv(F.avg_pool2d(x, self.pooled) if self.pooled > 1 else x)
        return found


class Energies(nn.Module):
    """Oriented energy of one band: N x 1 x 224 x 224 luminance to N x 8 x 28 x 28, each cell's average."""

    def __init__(self, period: float, pooled: int) -> None:
        super().__init__()
        pairs = np.concatenate([gabor_pair(angle, period, pooled) for angle in ORIENTATIONS])[:, None]
        self.pairs, self.cell = Filters(pairs, pooled), CELL // pooled

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        even_odd = self.pairs(x)
        energy = (even_odd[:, 0::2].square() + even_odd[:, 1::2].square() + 1e-6).sqrt() - 1e-3
        return F.avg_pool2d(energy, self.cell) if self.cell > 1 else energy


class Tents(nn.Module):
    """How near each pixel is to each colour, 1 to 0, a cell's average: N x 3 axes to N x 11 x 28 x 28. Distances by ReLUs."""

    def __init__(self) -> None:
        super().__init__()
        achromatic = [colour for colour in COLOURS if colour not in CHROMATIC]
        points = [colour_point(COLOURS[colour]) for colour in (*CHROMATIC, *achromatic)]
        n = len(points)
        self.apart = nn.Conv2d(3, 6 * n, 1)
        self.near = nn.Conv2d(6 * n, n, 1)
        away, shift, near = np.zeros((6 * n, 3)), np.zeros(6 * n), np.zeros((n, 6 * n))
        for i, point in enumerate(points):
            for axis in range(3):
                for side, sign in enumerate((1.0, -1.0)):
                    row = 6 * i + 2 * axis + side
                    away[row, axis], shift[row] = sign, -sign * point[axis]
                    near[i, row] = -tent_weights(point)[axis] / TENT
        _set(self.apart, away, shift)
        _set(self.near, near, np.ones(n))

    def forward(self, axes: torch.Tensor) -> torch.Tensor:
        pooled = F.avg_pool2d(axes, 2)
        return F.avg_pool2d(F.relu(self.near(F.relu(self.apart(pooled)))), CELL // 2)


class Layer1(nn.Module):
    """Luminance, red over green, green over red, blue over yellow, yellow over blue: N x 5 x 224 x 224."""

    def __init__(self) -> None:
        super().__init__()
        lum, rg, by = (np.array(axis) for axis in AXES.values())
        self.halves = nn.Conv2d(3, 5, 1)
        _set(self.halves, np.stack([lum, rg, -rg, by, -by]), np.zeros(5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.halves(x))


class Layer2(nn.Module):
    """Energies, colours, opponents, centre and surround, random filters: N x 61 x 28 x 28."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.energies = nn.ModuleList([Energies(*band) for band in BANDS.values()])
        self.tents = Tents()
        self.spots = nn.ModuleList([Filters(centre_surround(*size)[None, None], size[1]) for size in RADII.values()])
        self.doubles = Filters(centre_surround(*RADII["medium"])[None, None], RADII["medium"][1])
        rng = np.random.default_rng([seed, 2, 1])
        random = rng.normal(size=(RANDOM_FILTERS, 5, 9, 9))
        random -= random.mean((2, 3), keepdims=True)
        self.random = Filters(random / np.abs(random).sum((1, 2, 3), keepdims=True) * 4, 4)

    def forward(self, halves: torch.Tensor) -> torch.Tensor:
        luminance = halves[:, :1]
        rg, by = halves[:, 1:2] - halves[:, 2:3], halves[:, 3:4] - halves[:, 4:5]
        spots = [spot(luminance) for spot in self.spots]
        double = [self.doubles(axis) for axis in (rg, by)]
        parts = [
            *(band(luminance) for band in self.energies),
            self.tents(torch.cat([luminance, rg, by], 1)),
            F.avg_pool2d(halves[:, 1:], CELL),
            *(_peaks(F.relu(spot)) for spot in spots),
            *(_peaks(F.relu(-spot)) for spot in spots),
            *(_peaks(F.relu(sign * axis)) for axis in double for sign in (1, -1)),
            _peaks(F.relu(self.random(halves))),
        ]
        return torch.cat(parts, 1)


class Layer3(nn.Module):
    """Gratings, arcs, random sums: N x 32 x 28 x 28, from layer 2 in the order of its catalogue."""

    def __init__(self, seed: int, inputs: int) -> None:
        super().__init__()
        n = len(ORIENTATIONS)
        self.gratings = nn.Conv2d(3 * n, 3 * len(ORIENTED), 1)
        _set(self.gratings, _grating_weights(), np.full(3 * len(ORIENTED), -0.1))
        self.tangents = nn.Conv2d(n, n, 1)
        _set(self.tangents, (np.eye(n) - np.roll(np.eye(n), n // 2, 1)) / TANGENT, np.zeros(n))
        arcs = np.stack([arc_weights(direction) for direction in DIRECTIONS])
        self.arcs = Filters(arcs, 1)
        inside = torch.zeros(SIDE // CELL, SIDE // CELL)
        inside[EDGE:-EDGE, EDGE:-EDGE] = 1
        self.register_buffer("inside", inside)
        self.sums = nn.Conv2d(inputs, RANDOM_SUMS, 1)
        rng = np.random.default_rng([seed, 3, 1])
        weights = rng.normal(size=(RANDOM_SUMS, inputs)) * (rng.random((RANDOM_SUMS, inputs)) < 0.1)
        _set(self.sums, weights, np.full(RANDOM_SUMS, -0.1))

    def forward(self, second: torch.Tensor) -> torch.Tensor:
        n = len(ORIENTATIONS)
        spread = F.avg_pool2d(second[:, : 3 * n], 7, 1, 3, count_include_pad=False)
        whole = self.tangents(second[:, :n]).clamp(0, 1) * self.inside
        return torch.cat(
            [F.relu(self.gratings(spread)), F.relu(self.arcs(whole) - 4), F.relu(self.sums(second))], 1
        )


class Layer4(nn.Module):
    """Combinations over the whole picture: N x units, each 0 to 1."""

    def __init__(self, units: list[PlantedUnit], known: list[str]) -> None:
        super().__init__()
        sure = [next((x for name, x in SURE.items() if what.startswith(name)), 0.5) for what in known]
        self.sure: torch.Tensor
        self.register_buffer("sure", torch.tensor(sure))
        self.joined = nn.Linear(len(known), len(units))
        self.also = nn.Linear(len(known), len(units))
        first, bias, more = np.zeros((len(units), len(known))), np.zeros(len(units)), np.zeros((len(units), len(known)))
        for row, unit in enumerate(units):
            places = [known.index(part) for part in unit.parts]
            if unit.rule == "and any":  # the first, and any of the others: the others are clipped before they are added
                more[row, places[1:]], first[row, places[0]], bias[row] = 1, 1, -1
            else:
                first[row, places] = {"or": [1] * len(places), "and": [1, 1], "and not": [1, -1]}[unit.rule]
                bias[row] = -1 if unit.rule == "and" else 0
        _set(self.joined, first, bias)
        _set(self.also, more, np.zeros(len(units)))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        whole = (maps.amax((2, 3)) / self.sure).clamp(0, 1)
        found: torch.Tensor = (self.joined(whole) + self.also(whole).clamp(0, 1)).clamp(0, 1)
        return found


class PlantedNetwork(nn.Module):
    """The whole network: N x 3 x 224 x 224, values 0 to 1, to its combinations; `layer1` to `layer4` are its layers."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        units = {layer: catalogued(seed, layer) for layer in LAYERS}
        self.first, self.second = Layer1(), Layer2(seed)
        self.third = Layer3(seed, len(units["layer2"]))
        self.fourth = Layer4(units["layer4"], [u.what for layer in ("layer2", "layer3") for u in units[layer]])
        self.layer1, self.layer2, self.layer3, self.layer4 = (Picked(units[layer]) for layer in LAYERS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first = self.first(x)
        self.layer1(first)
        second = self.second(first)
        self.layer2(second)
        third = self.third(second)
        self.layer3(third)
        found: torch.Tensor = self.layer4(self.fourth(torch.cat([second, third], 1)))
        return found


def prepare(image: Image.Image) -> torch.Tensor:
    """A picture as the network takes it: 3 x 224 x 224, 0 to 1; of another size, resized."""
    from PIL import Image

    if image.size != (SIDE, SIDE):
        image = image.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.asarray(image, np.float32) / 255).permute(2, 0, 1)


def planted_target(seed: int, name: str | None = None, device: str = "auto") -> ModuleTarget:
    """The network of that seed as a target, called "synthetic:planted@SEED" unless said otherwise."""
    network = PlantedNetwork(seed)
    return PlantedTarget(
        name or f"synthetic:planted@{seed}",
        network,
        prepare,
        device=device,
        identity=f"planted {seed}",
        listed=LAYERS,
        default=LAYERS[1:],
    )


class PlantedTarget(ModuleTarget):
    """A module target that tells a backbone nothing by its name."""

    @property
    def alias(self) -> str:
        return f"synthetic-{hashlib.sha256(f'{self.name} {self.key}'.encode()).hexdigest()[:8]}"


def _grating_weights() -> np.ndarray:
    """Own band and orientation, less the coarser bands of the same orientation (whose edges are fine), less the rest."""
    n, names = len(ORIENTATIONS), list(ORIENTED.values())
    weights = np.zeros((3 * len(names), 3 * n))
    for band in range(3):
        for row, own in enumerate(names):
            at = weights[band * len(names) + row]
            for other in range(3):
                if other != band:
                    at[other * n + own] = -1.0 if other > band else -0.3  # bands run from fine to coarse
            for across in names:
                at[band * n + across] = 1.0 if across == own else -0.5
    return weights


def _peaks(x: torch.Tensor) -> torch.Tensor:
    """A map of 28 x 28, each cell's maximum."""
    return F.max_pool2d(x, x.shape[-1] * CELL // SIDE) if x.shape[-1] > SIDE // CELL else x


def _set(module: nn.Conv2d | nn.Linear, weights: np.ndarray, bias: np.ndarray) -> None:
    shaped = weights[:, :, None, None] if isinstance(module, nn.Conv2d) else weights
    module.weight.data = torch.from_numpy(np.ascontiguousarray(shaped, np.float32))
    assert module.bias is not None  # every one of these has
    module.bias.data = torch.from_numpy(np.ascontiguousarray(bias, np.float32))
