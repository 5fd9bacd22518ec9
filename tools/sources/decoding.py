"""Encoded pictures to pixels: whatever a data set's files, shards or columns hold, as upright RGB.

Covered: rotation by EXIF, transparency on white, CMYK, palettes, grey of 8, 16 or 32 bits, and the first frame of animations,
from a file or from bytes. What is empty, cut off, no picture or absurdly large is `Unreadable`, with the reason. Pictures
longer than 1,024 px on a side are reduced to that, so that a batch of photographs fits in memory. Not covered: where the
bytes come from (the sources).
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...targets.picture import Pixels
from .source import Unreadable

if TYPE_CHECKING:
    from PIL import Image

ENDINGS = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".pgm", ".tif", ".tiff", ".webp"})
LONGEST_SIDE = 1024
MOST_PIXELS = 80_000_000  # more is taken for a decompression bomb


def read_pixels(encoded: Path | bytes) -> Pixels:
    """The picture in a file, or in its bytes: uint8, H x W x 3, RGB, upright, at most 1,024 px on a side.

    Raises `Unreadable`.
    """
    from PIL import Image, ImageOps

    try:
        if not (len(encoded) if isinstance(encoded, bytes) else encoded.stat().st_size):
            raise Unreadable("the file is empty")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit here is lower than Pillow's
            opened = Image.open(io.BytesIO(encoded) if isinstance(encoded, bytes) else encoded)
        with opened as image:
            if image.width * image.height > MOST_PIXELS:
                raise Unreadable(f"{image.width} x {image.height} pixels are more than {MOST_PIXELS:,}")
            image.draft(None, (LONGEST_SIDE, LONGEST_SIDE))  # JPEGs are decoded no larger than needed
            image.load()
            upright = ImageOps.exif_transpose(image)
            rgb = _rgb(upright)
    except Unreadable:
        raise
    except Exception as error:  # whatever a broken file makes a decoder do, it is one picture fewer
        reason = next(iter(str(error).splitlines()), "")
        if isinstance(encoded, Path):
            reason = reason.replace(str(encoded), encoded.name)
        elif "cannot identify image file" in reason:  # it would name an object in memory
            reason = "cannot identify image file"
        raise Unreadable(f"{type(error).__name__}: {reason}" if reason else type(error).__name__) from error
    longest = max(rgb.size)
    if longest > LONGEST_SIDE:
        size = tuple(max(1, round(side * LONGEST_SIDE / longest)) for side in rgb.size)
        rgb = rgb.resize((size[0], size[1]), Image.Resampling.BICUBIC, reducing_gap=3.0)
    return np.array(rgb)


def _rgb(image: Image.Image) -> Image.Image:
    """Any mode to RGB: transparency on white, deep greys scaled to 8 bits instead of cut off at 255."""
    from PIL import Image

    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith(("I", "F")):
        return Image.fromarray(_eight_bits(np.asarray(image, dtype=np.float64), image.mode)).convert("RGB")
    if "A" in image.getbands() or image.mode in ("La", "RGBa") or "transparency" in image.info:
        over = image.convert("RGBA")
        white = Image.new("RGBA", over.size, "white")
        return Image.alpha_composite(white, over).convert("RGB")
    return image.convert("RGB")


def _eight_bits(values: np.ndarray, mode: str) -> np.ndarray:
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    highest = values.max()
    if mode.startswith("I;16"):
        white = 65535.0
    else:  # 32-bit integers and floats carry no scale of their own: the smallest usual one that holds them
        white = next((usual for usual in (1.0, 255.0, 65535.0) if highest <= usual), highest)
        white = 255.0 if mode == "I" and white == 1.0 else white
    return np.clip(np.rint(values * (255.0 / white)), 0, 255).astype(np.uint8)
