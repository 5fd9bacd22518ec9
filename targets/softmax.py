"""``NAME+softmax``: a classifier with one layer more, ``softmax``: the probabilities that its logits come to.

Covered: every target whose last layer is a vector, of two units or more, that is taken for the logits. The layer is computed
from what that one gives, and the others are the target's own; it alone is dissected where nobody says which. Not covered:
classifiers whose last layer is no logits, which no target can tell, and those that have their softmax as a module (that is a
layer already).
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .errors import BadInput
from .picture import Picture
from .target import Layer, Prepares, See, Sight, Target
from .written_path import is_folder

if TYPE_CHECKING:
    import torch

LAYER = "softmax"
OPTION = f"+{LAYER}"


def split_softmax(name: str) -> tuple[str, bool]:
    """A name without ``+softmax`` at its end, and whether it had that; a folder whose name ends so is that folder."""
    folder = name.partition(":")[2]
    asked = name.endswith(OPTION) and not (folder and is_folder(folder))
    return (name.removesuffix(OPTION) if asked else name), asked


def opened(name: str, device: str, load: Callable[[str, str], Target]) -> Target | None:
    """The target ``NAME+softmax``, with NAME loaded by `load`; None of a name that does not ask for it. Raises `BadInput`."""
    base, asked = split_softmax(name.strip())
    return with_softmax(load(base, device)) if asked else None


def with_softmax(network: Target) -> Target:
    """The network with its layer of probabilities. Raises `BadInput` where its last layer cannot be logits."""
    last = network.layers[-1]
    if any(layer.name == LAYER for layer in network.layers):
        raise BadInput(f"{network.name} has a layer {LAYER!r} of its own: leave out {OPTION!r}")
    if last.kind != "vector" or last.units < 2:
        units = f"{last.units} unit{'' if last.units == 1 else 's'}"
        raise BadInput(f"{network.name}{OPTION}: the last layer {last.name!r} ({last.kind}, {units}) is no vector of logits")
    return PreparedWithSoftmax(network, last) if isinstance(network, Prepares) else WithSoftmax(network, last)


class WithSoftmax(Target):
    """A network and the probabilities that its layer `logits` comes to."""

    def __init__(self, network: Target, logits: Layer) -> None:
        self.network, self._logits = network, logits.name
        self.name = f"{network.name}{OPTION}"
        self.key = hashlib.sha256(f"softmax 1\n{network.key}\n{logits.name}".encode()).hexdigest()
        self._own = Layer(LAYER, logits.units, "vector")
        self.layers, self.default_layers = (*network.layers, self._own), (LAYER,)

    @property
    def alias(self) -> str:
        return self.name if self.network.alias == self.network.name else f"{self.network.alias}{OPTION}"

    @property
    def device(self) -> object:
        """Where the network computes; None where it says nothing."""
        return getattr(self.network, "device", None)

    def layer(self, name: str) -> Layer:
        if name == LAYER:
            return self._own
        try:
            return self.network.layer(name)
        except BadInput:
            if difflib.get_close_matches(name, [LAYER]):
                raise BadInput(f"{self.name} has no layer {name!r}; nearest: {LAYER!r}") from None
            raise

    def watch(self, pictures: Sequence[Picture], layers: Sequence[str], see: See) -> None:
        self.network.watch(pictures, self._needed(layers), self._telling(layers, see))

    def patch(self, layer: str) -> tuple[int, int] | None:
        return None if layer == LAYER else self.network.patch(layer)

    def sight(self, height: int, width: int) -> Sight:
        return self.network.sight(height, width)

    def _needed(self, layers: Sequence[str]) -> list[str]:
        """The network's own layers that give these."""
        return list(dict.fromkeys(self._logits if name == LAYER else name for name in layers))

    def _telling(self, layers: Sequence[str], see: See) -> See:
        """What tells of these layers alone, and of the softmax after the logits."""
        wanted = frozenset(layers)

        def seen(name: str, maps: torch.Tensor) -> None:
            if name in wanted:
                see(name, maps)
            if name == self._logits and LAYER in wanted:
                see(LAYER, maps.softmax(1))

        return seen


class PreparedWithSoftmax(WithSoftmax):
    """The same of a network whose pictures can be prepared ahead."""

    def prepare(self, pictures: Sequence[Picture]) -> torch.Tensor:
        """The network's input for these pictures."""
        assert isinstance(self.network, Prepares)
        return self.network.prepare(pictures)

    def forward(self, tensor: torch.Tensor, layers: Sequence[str], see: See) -> None:
        """One forward of a prepared batch."""
        assert isinstance(self.network, Prepares)
        self.network.forward(tensor, self._needed(layers), self._telling(layers, see))
