"""What modules give, laid out as maps: N x units x height x width, whatever the module's own layout.

Covered: convolutional maps (N x C x H x W), tokens (N x T x C: class and register tokens dropped, the rest laid back
on their square grid), vectors (N x C, as 1 x 1 maps), and these inside tuples, dicts and model outputs.
Not covered: token grids that are not square, and 4-D maps whose shape has channels last (Swin's).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .target import LayerKind

if TYPE_CHECKING:
    import torch

MOST_PREFIX_TOKENS = 16  # more than any vision transformer's class and register tokens: beyond it, not a square grid


def tensor_of(output: object) -> torch.Tensor | None:
    """The tensor that stands for a module's output: itself, `last_hidden_state`, `logits`, or the first there is."""
    import torch

    if isinstance(output, torch.Tensor):
        return output
    if isinstance(output, Mapping):
        for name in ("last_hidden_state", "logits"):
            if isinstance(output.get(name), torch.Tensor):
                return tensor_of(output[name])
        output = tuple(output.values())
    if isinstance(output, tuple | list):
        return next((found for found in map(tensor_of, output) if found is not None), None)
    return None


def kind_of(tensor: torch.Tensor, n: int) -> LayerKind | None:
    """How a tensor for `n` pictures is laid out, or None where it holds no maps."""
    if not tensor.is_floating_point() or tensor.ndim < 2 or tensor.shape[0] != n or 0 in tensor.shape:
        return None
    if tensor.ndim == 4:
        return "conv"
    if tensor.ndim == 3:
        prefix = tensor.shape[1] - math.isqrt(tensor.shape[1]) ** 2
        return "tokens" if prefix <= MOST_PREFIX_TOKENS else None
    return "vector" if tensor.ndim == 2 else None


def maps_of(tensor: torch.Tensor, kind: LayerKind) -> torch.Tensor:
    """The tensor as maps, N x units x h x w, without copying where its strides allow."""
    if kind == "conv":
        return tensor
    if kind == "vector":
        return tensor[:, :, None, None]
    side = math.isqrt(tensor.shape[1])
    n, tokens, units = tensor.shape
    return tensor[:, tokens - side * side :].reshape(n, side, side, units).permute(0, 3, 1, 2)


def units_of(tensor: torch.Tensor, kind: LayerKind) -> int:
    """How many units a tensor of that layout holds for each picture."""
    return int(tensor.shape[2] if kind == "tokens" else tensor.shape[1])
