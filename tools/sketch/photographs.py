"""Photographs in pictures: cut-outs as things and whole ones to stand them on, known by their content.

Covered: opening a file as a `Photo` (its sha256, and the shape of what can be seen), the layer of a cut-out in a picture
(soft edge, no colour of the paper it was cut from, a little of the ground's colour), and the square of a photograph that
makes a background. Not covered: what the photographs show (`cutout_nouns`), shadows and order (`paint`).
A `Photo` names its content, never a place: `_PLACES` only says where this process met that content, and what is read
there is checked against the sha256, so that a scene has one meaning wherever it is painted.
"""

from __future__ import annotations

import hashlib
import io
import os
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from ...targets.errors import BadInput
from ...targets.picture import Photo, Thing

LONGEST = 256  # pixels of the longer side of a cut-out in memory
_WIDEST = 1024  # pixels of the longer side of a background in memory
_MOST_PIXELS = 80_000_000  # more is taken for a decompression bomb
_INSIDE = 200  # alpha from which a pixel's colour is the thing's own
_PLACES: dict[str, Path] = {}


def opened(path: Path, name: str, cut_out: bool) -> Photo:
    """The photograph in a file; a cut-out's shape is that of its pixels of alpha 128 or more. Raises `BadInput`."""
    try:
        stat = os.stat(path)
    except OSError as error:
        raise BadInput(f"the photograph {name!r} cannot be read: {error.strerror}") from None
    return _opened(path, name, cut_out, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=65536)
def _opened(path: Path, name: str, cut_out: bool, size: int, changed: int) -> Photo:
    data = _bytes(path, name)
    found = hashlib.sha256(data).hexdigest()
    _PLACES[found] = path
    width, height = _cropped(data, name).size if cut_out else _whole(data, name).size
    return Photo(found, name, round(width / height, 4))


def _bytes(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"the photograph {name!r} cannot be read: {error.strerror}") from None


def _found(photo: Photo) -> bytes:
    """The photograph's bytes. Raises `BadInput` where this process never met them, or their file holds others now."""
    path = _PLACES.get(photo.sha256)
    if path is None:
        raise BadInput(f"the photograph {photo.name!r} is in no folder that was opened: name its folder with --cutouts")
    data = _bytes(path, photo.name)
    if hashlib.sha256(data).hexdigest() != photo.sha256:
        raise BadInput(f"the photograph {photo.name!r} has changed since it was opened: {str(path)!r}")
    return data


def _decoded(data: bytes, name: str, mode: str) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise BadInput(f"the photograph {name!r} has over {_MOST_PIXELS:,} pixels: {image.width} x {image.height}")
            image.draft(None, (_WIDEST, _WIDEST))  # JPEGs are decoded no larger than needed
            return ImageOps.exif_transpose(image).convert(mode)
    except BadInput:
        raise
    except Exception as error:  # a broken file makes a decoder raise nearly anything
        raise BadInput(f"the photograph {name!r} cannot be read: {error}") from None


def _cropped(data: bytes, name: str) -> Image.Image:
    """A cut-out, RGBA, cropped to what can be seen of it."""
    image = _decoded(data, name, "RGBA")
    box = image.getchannel("A").point([0] * 128 + [255] * 128).getbbox()
    if box is None:
        raise BadInput(f"the cut-out {name!r} is wholly transparent")
    return image.crop(box)


def _whole(data: bytes, name: str) -> Image.Image:
    image = _decoded(data, name, "RGB")
    image.thumbnail((_WIDEST, _WIDEST), Image.Resampling.BICUBIC, reducing_gap=3.0)
    return image


@lru_cache(maxsize=512)
def _sprite(photo: Photo) -> Image.Image:
    """The cut-out ready to be scaled: premultiplied (RGBa), its rim in the colour of the nearest inside."""
    image = _cropped(_found(photo), photo.name)
    if max(image.size) > LONGEST:
        image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS, reducing_gap=3.0)
    rgba = np.asarray(image)
    inside = rgba[:, :, 3] > _INSIDE
    own = Image.fromarray(rgba[:, :, :3] * inside[:, :, None])
    solid = Image.fromarray(inside.astype(np.uint8) * np.uint8(255))
    weight = np.asarray(solid.filter(ImageFilter.BoxBlur(3)), dtype=np.float32)
    near = np.asarray(own.filter(ImageFilter.BoxBlur(3)), dtype=np.float32) * (255 / np.maximum(weight, 1))[:, :, None]
    rim = ~inside & (weight >= 8)
    colours = np.where(rim[:, :, None], np.clip(near, 0, 255), rgba[:, :, :3]).astype(np.uint8)
    return Image.fromarray(np.dstack([colours, rgba[:, :, 3]])).convert("RGBa")


def cut_out(thing: Thing, side: int, ground: np.ndarray) -> tuple[int, int, np.ndarray, np.ndarray]:
    """The cut-out that shows the thing: left, top, colour (float32 h x w x 3, premultiplied) and coverage (0..1).

    `ground`: the mean colour, float RGB, of what all stand on; a little of it falls on the thing. Raises `BadInput`.
    """
    assert thing.photo is not None  # the caller's question
    sprite = _sprite(thing.photo)
    longest = max(6.0, thing.scale * side)
    w, h = (max(3, round(size * longest / max(sprite.size))) for size in sprite.size)
    small = sprite.resize((w, h), Image.Resampling.BICUBIC, reducing_gap=3.0)
    if thing.flip:
        small = small.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    edged = Image.new("RGBa", (w + 4, h + 4))
    edged.paste(small, (2, 2))
    soft = np.asarray(edged.filter(ImageFilter.BoxBlur(0.5)))  # the edge only: what is within stays as sharp as it was
    values = np.where(soft[:, :, 3:] == 255, np.asarray(edged), soft).astype(np.float32)
    cover = values[:, :, 3] * np.float32(1 / 255)
    gain = (0.88 + 0.12 * ground / max(float(ground.mean()), 1.0)) * (1 + 0.06 * thing.shade)
    colour = np.minimum(values[:, :, :3] * gain.astype(np.float32), values[:, :, 3:])
    return round(thing.x * side - w / 2) - 2, round(thing.y * side - h / 2) - 2, colour, cover


@lru_cache(maxsize=32)
def _background(photo: Photo) -> Image.Image:
    return _whole(_found(photo), photo.name)


def square(photo: Photo, side: int, seed: int) -> np.ndarray:
    """The largest square of a photograph that fits, at a place that the seed decides: uint8 side x side x 3."""
    image = _background(photo)
    short = min(image.size)
    rng = np.random.Generator(np.random.PCG64([seed % 2**64, 35]))
    left, top = (int(rng.integers(size - short + 1)) for size in image.size)
    part = image.resize((side, side), Image.Resampling.BICUBIC, (left, top, left + short, top + short), reducing_gap=3.0)
    return np.array(part)
