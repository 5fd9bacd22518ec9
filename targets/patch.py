"""What of the input a unit effectively sees, by gradients on noise; and the noise.

Covered: the effective receptive field of a layer's centre position (Luo et al. 2016). Not covered: the theoretical
one, which is larger, and units that look far off their own position.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .layout import Layout, maps_of, tensor_of
from .picture import FromPrompt, Picture

if TYPE_CHECKING:
    import torch
    from torch import nn

HELD = 0.95
NEARLY_ALL = 0.9


class _Seen(BaseException):
    """Raised by the hook once the layer was seen."""


def effective_patch(
    module: nn.Module, inner: nn.Module, layer: Layout, tensor: torch.Tensor
) -> tuple[int, int] | None:
    """Height and width, in input pixels, of the box that holds 95% of the squared gradient of the centre position.

    module, inner: the network, and the module inside whose output is laid out as `layer` says. tensor: inputs to average
    over, N x 3 x H x W.
    Every picture counts alike; units are added with random signs, so that none hides another. None where the box is
    nearly the whole input, where the layer is a vector, and where there is no gradient.
    """
    import torch

    if layer.kind == "vector":
        return None
    tensor = tensor.detach().clone().requires_grad_(True)
    generator = torch.Generator().manual_seed(0)
    signs = torch.randint(0, 2, (tensor.shape[0], layer.units), generator=generator).mul(2).sub(1).to(tensor)
    centres: list[torch.Tensor] = []

    def seen(_module: nn.Module, _inputs: object, output: object) -> None:
        found = tensor_of(output)
        if found is not None:
            maps = maps_of(found, layer)
            centres.append((maps[:, :, maps.shape[2] // 2, maps.shape[3] // 2] * signs).sum())
            raise _Seen

    with torch.enable_grad():
        handle = inner.register_forward_hook(seen)
        try:
            module(tensor)
        except _Seen:
            pass
        finally:
            handle.remove()
        if not centres or not centres[0].requires_grad:
            return None
        (gradient,) = torch.autograd.grad(centres[0], tensor, allow_unused=True)
    if gradient is None:
        return None
    mass = gradient.double().square().sum(1).cpu().numpy()
    totals = mass.sum((1, 2))
    if not np.isfinite(totals).all() or not (totals > 0).any():
        return None
    mean = (mass[totals > 0] / totals[totals > 0][:, None, None]).mean(0)
    height, width = _holding(mean.sum(1)), _holding(mean.sum(0))
    if height >= NEARLY_ALL * mean.shape[0] and width >= NEARLY_ALL * mean.shape[1]:
        return None
    return height, width


def _holding(mass: np.ndarray, share: float = HELD**0.5) -> int:
    """How many neighbouring cells hold that share of the mass: the middle ones, leaving as much on either side.

    The share is the root of .95, so that height and width together hold about .95 of it.
    """
    below = np.cumsum(mass) / mass.sum()
    first = int(np.searchsorted(below, (1 - share) / 2, side="right"))
    last = int(np.searchsorted(below, (1 + share) / 2, side="left"))
    return min(last, mass.size - 1) - first + 1


def noise_pictures(n: int, side: int = 224, seed: int = 0) -> list[Picture]:
    """Pictures of coloured noise with power at every scale, the same for the same seed: `side` x `side`, uint8."""
    rng = np.random.Generator(np.random.Philox(key=seed))
    pictures = []
    for index in range(n):
        canvas = np.zeros((side, side, 3))
        scale = side
        while scale >= 1:
            cells = -(-side // scale)
            canvas += np.repeat(np.repeat(rng.normal(size=(cells, cells, 3)), scale, 0), scale, 1)[:side, :side]
            scale //= 2
        pixels = np.clip(127.5 + 40 * canvas / canvas.std(), 0, 255).astype(np.uint8)
        pictures.append(Picture.of(pixels, FromPrompt("noise", f"noise {side}", seed * 1_000_003 + index)))
    return pictures
