"""What modules give, laid out as maps: N x units x height x width, whatever the module's own layout.

Covered: convolutional maps with channels first or last, tokens (class and register tokens dropped, the rest laid back on
their grid), vectors (as 1 x 1 maps), and these inside tuples, dicts and model outputs. Where a family knows its token grids
(`TokenGrids`) nothing else is taken for one. Not covered: windows and crops, whose rows are no pictures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .target import LayerKind

if TYPE_CHECKING:
    import torch

MOST_PREFIX_TOKENS = 16  # more than any vision transformer's class and register tokens: beyond it, no grid

Form = Literal["NCHW", "NHWC", "NTC", "NCT", "NC"]


@dataclass(frozen=True, slots=True)
class TokenGrids:
    """What a family knows of its tokens: how many stand before the grid, and every grid (height, width) that there is."""

    prefix: int
    grids: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a module lays out its maps. `form`: its axes. `grid`: of tokens, height and width."""

    kind: LayerKind
    form: Form
    units: int
    grid: tuple[int, int] = (1, 1)


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


def layout_of(
    tensor: torch.Tensor, n: int, form: Form | None, size: tuple[int, int], known: TokenGrids | None = None
) -> Layout | None:
    """How a tensor for `n` pictures of `size` (height, width) is laid out, or None where it holds no maps.

    form: its axes, where they are known. known: the family's token grids; without it, a grid with the proportions of the
    picture and at most 16 tokens before it.
    """
    if not tensor.is_floating_point() or tensor.ndim < 2 or tensor.shape[0] != n or 0 in tensor.shape:
        return None
    shape = tuple(tensor.shape)
    if tensor.ndim == 2:
        return Layout("vector", "NC", shape[1])
    if tensor.ndim == 4:
        return Layout("conv", "NHWC", shape[3]) if form == "NHWC" else Layout("conv", "NCHW", shape[1])
    if tensor.ndim != 3:
        return None
    axes: Form = "NCT" if form == "NCT" else "NTC"
    tokens, units = (shape[2], shape[1]) if axes == "NCT" else (shape[1], shape[2])
    if tokens == 1:  # a pooled map, or the one token that reads all others
        return Layout("vector", axes, units)
    grid = _known_grid(tokens, known) if known is not None else _likely_grid(tokens, size)
    return None if grid is None else Layout("tokens", axes, units, grid)


def maps_of(tensor: torch.Tensor, layout: Layout) -> torch.Tensor:
    """The tensor as maps, N x units x h x w, without copying where its strides allow."""
    if layout.form == "NCHW":
        return tensor
    if layout.form == "NHWC":
        return tensor.permute(0, 3, 1, 2)
    if layout.form == "NC":
        return tensor[:, :, None, None]
    if layout.form == "NCT":
        tensor = tensor.transpose(1, 2)
    height, width = layout.grid
    n, tokens, units = tensor.shape
    return tensor[:, tokens - height * width :].reshape(n, height, width, units).permute(0, 3, 1, 2)


def _known_grid(tokens: int, known: TokenGrids) -> tuple[int, int] | None:
    """The family's grid of so many tokens, with or without the tokens before it."""
    return next((grid for grid in known.grids if tokens - grid[0] * grid[1] in (0, known.prefix)), None)


def _likely_grid(tokens: int, size: tuple[int, int]) -> tuple[int, int] | None:
    """The largest grid with the proportions of the picture that leaves at most 16 tokens before it."""
    common = math.gcd(*size)
    ratio = (size[0] // common, size[1] // common)
    times = math.isqrt(tokens // (ratio[0] * ratio[1]))
    grid = (times * ratio[0], times * ratio[1])
    return grid if times and tokens - grid[0] * grid[1] <= MOST_PREFIX_TOKENS else None
