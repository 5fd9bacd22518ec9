"""A model's own image processor as a preprocessing: the same numbers, made faster where its steps are the plain ones.

Covered: transformers' processors that work on PIL images (no torchvision). Where resizing, cropping and a table of what
each byte becomes give the processor's numbers to the bit, on pictures of several proportions, they are used in its stead;
else the processor itself is called. Not covered: processors that pad, or that give sizes that depend on the picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import BadInput, one_line
from .picture import Pixels

if TYPE_CHECKING:
    import torch
    from PIL import Image

TORCHVISION = "pip install 'lettvin[torchvision]'"
_PROPORTIONS = ((48, 80), (80, 48), (97, 97), (301, 200))  # a quick way must be right on all of them


@dataclass(frozen=True, slots=True)
class Steps:
    """The plain steps: `size` (height, width) that pictures are stretched to, or `edge` that their shorter side gets;
    `crop` (height, width) of the middle that is kept; `filter`: PIL's resampling filter."""

    size: tuple[int, int] | None
    edge: int | None
    crop: tuple[int, int] | None
    filter: int

    def resized(self, height: int, width: int) -> tuple[int, int]:
        """Height and width after resizing, before cropping."""
        if self.size is not None:
            return self.size
        if self.edge is None:
            return height, width
        if height <= width:
            return self.edge, int(self.edge * width / height)
        return int(self.edge * height / width), self.edge

    def apply(self, pixels: Pixels) -> Pixels:
        """The picture resized and cropped: uint8 H x W x 3."""
        from PIL import Image

        height, width = self.resized(*pixels.shape[:2])
        if (height, width) != pixels.shape[:2]:
            pixels = np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling(self.filter)))
        if self.crop is None:
            return pixels
        top, left = (height - self.crop[0]) // 2, (width - self.crop[1]) // 2
        return pixels[max(top, 0) : top + self.crop[0], max(left, 0) : left + self.crop[1]]

    def window(self, height: int, width: int) -> tuple[int, int, int, int]:
        """The box (left, top, right, bottom) of a picture of that size that is kept, to whole pixels."""
        if self.crop is None:
            return 0, 0, width, height
        tall, wide = self.resized(height, width)
        top, left = (tall - self.crop[0]) // 2 * height / tall, (wide - self.crop[1]) // 2 * width / wide
        bottom, right = top + self.crop[0] * height / tall, left + self.crop[1] * width / wide
        return math.floor(left), math.floor(top), min(math.ceil(right), width), min(math.ceil(bottom), height)


class ProcessorPreprocess:
    """What an image processor does, as ModuleTarget's preprocessing; `steps` and `table` where there is a quick way."""

    def __init__(self, processor: Any) -> None:
        self.processor = processor
        self.steps, self.table = _quick_way(processor)

    def __call__(self, image: Image.Image) -> torch.Tensor:
        """One PIL RGB image to a float tensor 3 x H x W."""
        return self.batch([np.asarray(image)])[0]

    def window(self, height: int, width: int) -> tuple[int, int, int, int]:
        """The box (left, top, right, bottom) of a picture of that size that it keeps; all, where that is not known."""
        return (0, 0, width, height) if self.steps is None else self.steps.window(height, width)

    def batch(self, pictures: Sequence[Pixels]) -> torch.Tensor:
        """Pictures, uint8 H x W x 3 each, to a float tensor N x 3 x H x W. Raises `BadInput` where their sizes differ."""
        import torch

        if self.steps is None or self.table is None:
            rows = [_processed(self.processor, pixels) for pixels in pictures]
            sizes = sorted({row.shape[1:] for row in rows})
            if len(sizes) > 1:
                (a, b), (c, d) = sizes[:2]
                raise BadInput(
                    f"the image processor makes pictures of {a}x{b} and of {c}x{d}, and a network under study wants one size: "
                    "set 'size' and 'crop_size' in its preprocessor_config.json"
                )
            return torch.from_numpy(np.stack(rows))
        shown = [self.steps.apply(pixels) for pixels in pictures]
        out = np.empty((len(shown), *shown[0].shape), dtype=np.float32)
        for row, pixels in zip(out, shown, strict=True):
            for channel in range(3):
                row[..., channel] = self.table[channel][pixels[..., channel]]
        return torch.from_numpy(out).permute(0, 3, 1, 2)  # channels-last costs nothing here, and no copy later


def load_processor(name: str, folder: Path) -> ProcessorPreprocess:
    """The image processor that lies in a model's folder. Raises `BadInput`, one line, where it lacks or cannot be used."""
    import transformers

    auto: Any = transformers.AutoImageProcessor  # not typed throughout
    if not any((folder / file).is_file() for file in ("preprocessor_config.json", "processor_config.json")):
        raise BadInput(
            f"{name}: no preprocessor_config.json in {str(folder)!r}: "
            "what a network sees decides what it answers; save the model's own image processor beside its weights"
        )
    try:
        processor = auto.from_pretrained(folder, local_files_only=True, trust_remote_code=False, backend="pil")
        preprocess = ProcessorPreprocess(processor)
        sizes = sorted({tuple(_processed(processor, _noise(*shape)).shape[1:]) for shape in _PROPORTIONS})
    except BadInput:
        raise
    except ImportError as error:
        if "orchvision" in str(error):
            raise BadInput(f"{name}: its image processor needs torchvision: {TORCHVISION}") from None
        raise BadInput(f"{name}: its image processor does not load: {one_line(error)}") from error
    except Exception as error:  # a folder may hold anything
        raise BadInput(f"{name}: its image processor does not load: {one_line(error)}") from error
    if len(sizes) > 1:
        found = " or ".join(f"{height}x{width}" for height, width in sizes[:2])
        raise BadInput(
            f"{name}: its image processor makes pictures of {found}, as they come, and a network under study wants one size: "
            f"set 'size' and 'crop_size' in {str(folder / 'preprocessor_config.json')!r}"
        )
    return preprocess


def _processed(processor: Any, pixels: Pixels, **steps: bool) -> np.ndarray:
    """What the processor makes of one picture: float32, 3 x H x W."""
    from PIL import Image

    made = processor(images=Image.fromarray(pixels), return_tensors="np", **steps)["pixel_values"]
    return np.ascontiguousarray(made[0], dtype=np.float32)


def _quick_way(processor: Any) -> tuple[Steps | None, np.ndarray | None]:
    """The plain steps and the table of bytes (3 x 256) that give the processor's numbers to the bit; None without them."""
    try:
        steps = _steps(processor)
        if steps is None:
            return None, None
        every_byte = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, 2)
        table = _processed(processor, every_byte, do_resize=False, do_center_crop=False).reshape(3, 256)
        for shape in _PROPORTIONS:
            pixels = _noise(*shape)
            quick, own = steps.apply(pixels), _processed(processor, pixels)
            made = np.stack([table[channel][quick[..., channel]] for channel in range(3)])
            if made.shape != own.shape or not np.array_equal(made, own):
                return None, None
    except Exception:  # a processor that does not take these steps or pictures: what it says is said where it is called
        return None, None
    return steps, table


def _steps(processor: Any) -> Steps | None:
    size: dict[str, Any] = dict(getattr(processor, "size", None) or {})
    cropped: dict[str, Any] = dict(getattr(processor, "crop_size", None) or {})
    edge, height, width = (size.get(key) for key in ("shortest_edge", "height", "width"))
    crop = (int(cropped["height"]), int(cropped["width"])) if getattr(processor, "do_center_crop", None) else None
    exact = (int(height), int(width)) if height and width else None
    if not getattr(processor, "do_resize", None):
        edge = exact = None
    elif edge and getattr(processor, "crop_pct", None):  # ConvNeXt's: small sizes are cropped, larger ones stretched
        side = int(edge)
        if side < 384:
            edge, crop = int(side / processor.crop_pct), (side, side)
        else:
            edge, exact = None, (side, side)
    elif not edge and exact is None:
        return None
    resample = getattr(processor, "resample", None)
    return Steps(exact, None if exact or not edge else int(edge), crop, 2 if resample is None else int(resample))


def _noise(height: int, width: int) -> Pixels:
    return np.random.Generator(np.random.Philox(key=height * 1009 + width)).integers(0, 256, (height, width, 3), np.uint8)
