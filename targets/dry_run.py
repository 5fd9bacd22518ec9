"""Which modules of a network give maps, and how each lays them out: found by one forward on two noise pictures.

Two, because a module whose output does not have one row a picture (windows, tables of positions) shows then. Where the
channels stand is read from what a module is (a convolution, a linear layer, a layer norm over its last axis), and carried
along from a module to the one that takes its output; only where neither says so and the network is known to put channels
last somewhere, shapes decide. What an attention's heads hold for each token is no map. Not covered: a reordering of axes
that leaves every shape what it was.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from .layout import Form, Layout, TokenGrids, layout_of, tensor_of

if TYPE_CHECKING:
    import torch
    from torch import nn


class Finder:
    """Collects the layouts of a network's modules while it runs; `hook(name)` is what is registered on each.

    n: pictures in the batch. size: of the input, height and width. known: the family's token grids, where it has any.
    """

    def __init__(self, n: int, size: tuple[int, int], known: TokenGrids | None = None) -> None:
        self.found: dict[str, Layout] = {}
        self._n, self._size, self._known = n, size, known
        self._called: set[str] = set()
        self._forms: dict[int, tuple[weakref.ref[Any], Form]] = {}  # of tensors that are alive, by their ids
        self._last_somewhere = False
        self._token_counts: set[int] = set()
        self._unsaid: dict[str, torch.Size] = {}  # shapes of maps whose axes nothing told

    def hook(self, name: str) -> Callable[[nn.Module, object, object], None]:
        """What notes the first output of the module of that name."""

        def seen(module: nn.Module, inputs: object, output: object) -> None:
            tensor = tensor_of(output)
            if tensor is None:
                return
            form = self._form(module, tensor_of(inputs), tensor)
            if form == "heads":
                return
            if form is not None:
                self._forms[id(tensor)] = (weakref.ref(tensor), form)
                self._last_somewhere |= form == "NHWC"
            if name in self._called:
                return
            self._called.add(name)
            layout = layout_of(tensor, self._n, form, self._size, self._known)
            if layout is not None:
                self.found[name] = layout
                if form is None and tensor.ndim == 4:
                    self._unsaid[name] = tensor.shape
                if layout.kind == "tokens":
                    self._token_counts.add(tensor.shape[1 if layout.form == "NTC" else 2])

        return seen

    def layouts(self) -> dict[str, Layout]:
        """The layouts of all modules that give maps, in forward order, once the whole network has run."""
        for name, shape in self._unsaid.items():  # a permutation before the first layer that showed channels last
            if self._last_somewhere and self._is_grid(shape[1:3]) and not self._is_grid(shape[2:]):
                self.found[name] = Layout("conv", "NHWC", shape[3])
        return self.found

    def _form(self, module: nn.Module, given: torch.Tensor | None, tensor: torch.Tensor) -> Form | Literal["heads"] | None:
        """The axes of a module's output; None where nothing says; "heads" where it is heads x tokens x anything: queries,
        keys, or who attends to whom, which are no maps."""
        if tensor.ndim not in (3, 4):
            return None
        if tensor.ndim == 4 and tensor.shape[2] in self._token_counts:
            return "heads"
        own = _by_class(module, tensor) or self._remembered(tensor)
        if own is not None:
            return own
        before = None if given is None or given.ndim != tensor.ndim else self._remembered(given)
        if before is not None and given is not None and given.shape == tensor.shape and not _has_children(module):
            return before  # an activation or a dropout
        if tensor.ndim == 4:
            first, last = self._is_grid(tensor.shape[2:]), self._is_grid(tensor.shape[1:3])
            if first != last:
                return ("NHWC" if last else "NCHW") if self._last_somewhere else None
        return before

    def _remembered(self, tensor: torch.Tensor) -> Form | None:
        reference, form = self._forms.get(id(tensor), (None, None))
        return form if reference is not None and reference() is tensor else None

    def _is_grid(self, shape: torch.Size) -> bool:
        """Whether two axes have the proportions of the picture."""
        (height, width), (h, w) = self._size, shape
        return bool(h == w if height == width else abs(h * width - w * height) < max(height, width))


def _by_class(module: nn.Module, tensor: torch.Tensor) -> Form | None:
    """The axes that a module's class gives its output, where it says so."""
    from torch import nn

    if isinstance(module, nn.Linear | nn.MultiheadAttention):
        return "NHWC" if tensor.ndim == 4 else "NTC"
    if isinstance(module, nn.LayerNorm):
        said = getattr(module, "data_format", None)  # ConvNeXt's own norm, and its kin
        if said in ("channels_first", "channels_last"):
            return _last(tensor) if said == "channels_last" else _first(tensor)
        wide = module.normalized_shape[-1]
        if type(module) is nn.LayerNorm or tensor.shape[1] != wide:
            return _last(tensor) if len(module.normalized_shape) == 1 and tensor.shape[-1] == wide else None
        return _first(tensor) if tensor.shape[-1] != wide else None
    spatial = (
        nn.modules.conv._ConvNd,
        nn.modules.batchnorm._BatchNorm,
        nn.modules.instancenorm._InstanceNorm,
        nn.GroupNorm,
        nn.modules.pooling._MaxPoolNd,
        nn.modules.pooling._AvgPoolNd,
        nn.modules.pooling._AdaptiveAvgPoolNd,
        nn.modules.pooling._AdaptiveMaxPoolNd,
        nn.Upsample,
    )
    if isinstance(module, spatial) and (tensor.ndim == 4 or not isinstance(module, nn.GroupNorm)):
        return _first(tensor)
    return None


def _first(tensor: torch.Tensor) -> Form:
    return "NCHW" if tensor.ndim == 4 else "NCT"


def _last(tensor: torch.Tensor) -> Form:
    return "NHWC" if tensor.ndim == 4 else "NTC"


def _has_children(module: nn.Module) -> bool:
    return any(True for _ in module.children())
