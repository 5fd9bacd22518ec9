"""Targets: the networks under study, and the only face of them that the tools see.

Covered: layers, units (one channel, a group, a direction) and their addresses, and the one way to look inside:
`Target.watch`. Not covered: how a torch module becomes a target (`module.py`), or where targets come from
(`loaders.py`). A target is shown `Picture`s: a module makes tensors of their pixels, a scene neuron reads the scene.
"""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import numpy as np

from .directions import read_direction
from .errors import BadInput, TargetFailed, nearest
from .picture import Picture

if TYPE_CHECKING:
    import torch

LayerKind = Literal["conv", "tokens", "vector"]
See = Callable[[str, "torch.Tensor"], None]


@dataclass(frozen=True, slots=True)
class Layer:
    """A named layer: `units` channels or neurons; maps are h x w for conv, the token grid, or 1 x 1 for vectors."""

    name: str
    units: int
    kind: LayerKind


@dataclass(frozen=True)
class Unit:
    """What is asked about: one channel, the mean of a group's maps, or the projection on a direction, in one layer.

    `offset` is added to a direction's projection; with a `threshold` what is not above it is 0, as in a sparse autoencoder.
    """

    target: Target = field(repr=False)
    layer: Layer
    address: str
    channels: tuple[int, ...] = ()
    direction: tuple[float, ...] | None = field(default=None, repr=False)
    offset: float = field(default=0.0, repr=False)
    threshold: float | None = field(default=None, repr=False)

    @property
    def index(self) -> int | None:
        """The channel of a single unit; None for a group or a direction."""
        return self.channels[0] if self.direction is None and len(self.channels) == 1 else None

    @property
    def key(self) -> str:
        """What the activations of this unit are kept under: its address, a direction by its numbers."""
        if self.direction is None:
            return self.address
        more = (self.offset,) if self.threshold is None else (self.offset, self.threshold)
        numbers = self.direction if more == (0.0,) else (*self.direction, *more)
        digest = hashlib.sha256(np.asarray(numbers, np.float64).tobytes()).hexdigest()
        return f"{self.layer.name}:@{digest[:32]}"

    def read(self, maps: torch.Tensor) -> torch.Tensor:
        """The unit's own maps, N x h x w, from its layer's, N x units x h x w."""
        if self.direction is not None:
            weights = maps.new_tensor(self.direction)
            projected = (maps * weights[None, :, None, None]).sum(1) + self.offset
            return projected if self.threshold is None else projected.where(projected > self.threshold, 0.0)
        if len(self.channels) == 1:
            return maps[:, self.channels[0]]
        return maps[:, list(self.channels)].mean(1)


@runtime_checkable
class Prepares(Protocol):
    """A target whose pictures can be prepared ahead, while the one before is in the network."""

    def prepare(self, pictures: Sequence[Picture]) -> torch.Tensor:
        """The network's input for these pictures."""
        ...

    def forward(self, tensor: torch.Tensor, layers: Sequence[str], see: See) -> None:
        """One forward of a prepared batch; maps go to `see(name, maps)`."""
        ...


@dataclass(frozen=True, slots=True)
class Sight:
    """What of a picture reaches the network: the box (left, top, right, bottom), in the picture's pixels, and the size
    (height, width) that it has as the network's input. None: not resized."""

    box: tuple[int, int, int, int]
    side: tuple[int, int] | None = None


class Target(ABC):
    """A network under study: forward, preprocessing and named layers.

    `name`: as the user wrote it. `key`: hex digest of all that decides its numbers (weights, preprocessing, code).
    `layers`: those listed to users, in forward order. `default_layers`: those dissected when nobody says which.
    """

    name: str
    key: str
    layers: tuple[Layer, ...]
    default_layers: tuple[str, ...]

    @property
    def alias(self) -> str:
        """What a backbone is told the target is called: its name, unless that would give the answer away."""
        return self.name

    @abstractmethod
    def watch(self, pictures: Sequence[Picture], layers: Sequence[str], see: See) -> None:
        """Show pictures to the network and hand each layer's maps to `see(name, maps)`, in forward order.

        maps: float tensor, N x units x h x w, on the target's device, valid only during the call. The forward stops
        after the last layer wanted. Pictures are batched by the target; `see` gets one call a layer a batch, batches
        in order. Raises `TargetFailed` where the forward raises.
        """

    def patch(self, layer: str) -> tuple[int, int] | None:
        """Height and width, in pixels of the target's input, of what a unit of `layer` sees; None if everything."""
        return None

    def sight(self, height: int, width: int) -> Sight:
        """What of a picture of that size reaches the network; all of it where nothing else is known."""
        return Sight((0, 0, width, height))

    def layer(self, name: str) -> Layer:
        """The layer of that name. Raises `BadInput` naming the nearest."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise BadInput(f"{self.name} has no layer {name!r}; nearest: {nearest(name, [x.name for x in self.layers])}")

    def unit(self, address: str) -> Unit:
        """The unit at ``[LAYER:]INDEX``, ``LAYER:3+17+40``, ``LAYER:@FILE.safetensors`` or ``LAYER:@FILE.safetensors#17``.

        The layer may be left out only where the target has one. Raises `BadInput`.
        """
        head, at, file = address.strip().partition(":@")  # a file's name may hold colons too
        layer_name, _, which = (head, "", f"@{file}") if at else address.strip().rpartition(":")
        if not layer_name:
            if len(self.layers) != 1:
                raise BadInput(
                    f"unit {address!r} names no layer and {self.name} has {len(self.layers)}: write LAYER:INDEX, "
                    f"such as '{self.layers[len(self.layers) // 2].name}:0'"
                )
            layer_name = self.layers[0].name
        layer = self.layer(layer_name)
        if which.startswith("@"):
            found = read_direction(which[1:], layer)
            every = tuple(range(layer.units))
            return Unit(self, layer, f"{layer.name}:{which}", every, found.weights, found.offset, found.threshold)
        if not re.fullmatch(r"\d+(\+\d+)*", which):
            raise BadInput(
                f"unit {address!r} is not an index: write [LAYER:]INDEX with INDEX from 0 to {layer.units - 1}"
            )
        channels = tuple(int(part) for part in which.split("+"))
        for channel in channels:
            if channel >= layer.units:
                raise BadInput(f"layer {layer.name!r} has units 0 to {layer.units - 1}, not {channel}")
        if len(set(channels)) < len(channels):
            raise BadInput(f"group {address!r} names a unit twice")
        return Unit(self, layer, f"{layer.name}:{which}", channels)

    def peaks(self, pictures: Sequence[Picture], layer: str, channels: Sequence[int]) -> np.ndarray:
        """The peaks of some channels of a layer: float32, pictures x channels."""
        rows: list[np.ndarray] = []

        def see(_: str, maps: torch.Tensor) -> None:
            rows.extend(maps[:, list(channels)].amax(dim=(2, 3)).float().cpu().numpy())

        self.watch(pictures, [layer], see)
        return np.stack(rows)

    def maps(self, pictures: Sequence[Picture], unit: Unit) -> list[np.ndarray]:
        """The unit's map on each picture: float32, h x w. Raises `TargetFailed` on NaN or infinity."""

        rows: list[np.ndarray] = []

        def see(_: str, maps: torch.Tensor) -> None:
            rows.extend(unit.read(maps).float().cpu().numpy().copy())  # a copy: a view would keep the whole layer's maps alive

        self.watch(pictures, [unit.layer.name], see)
        for picture, row in zip(pictures, rows, strict=True):
            if not np.isfinite(row).all():
                raise TargetFailed(
                    f"{self.name} answered NaN or infinity at {unit.address} on picture {picture.id[:12]}"
                )
        return rows
