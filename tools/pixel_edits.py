"""Edits of pixels, on any picture: grayscale, blur, crop, occlude, keep, hue, invert, shuffle, rotate, noise, paste.

Covered: each as a pure function from pixels to pixels (uint8, H x W x 3), and `apply`, which reads them in words such as
"blur 4", "occlude 10 10 60 60" or "hue 90". Boxes are left, top, right, bottom in pixels. The same words and seed give
the same pixels; what cannot be done is `BadInput`, with the reason. Not covered: edits of drawn scenes (`sketch/edit*`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ..targets.errors import BadInput, nearest
from ..targets.picture import Pixels

Box = tuple[int, int, int, int]

EDITS: dict[str, str] = {
    "grayscale": "grayscale",
    "blur": "blur RADIUS",
    "crop": "crop LEFT TOP RIGHT BOTTOM",
    "occlude": "occlude LEFT TOP RIGHT BOTTOM",
    "keep": "keep LEFT TOP RIGHT BOTTOM",
    "hue": "hue DEGREES",
    "invert": "invert",
    "shuffle": "shuffle PATCHES",
    "rotate": "rotate DEGREES",
    "noise": "noise STANDARD_DEVIATION",
    "paste": "paste LEFT TOP",
}
"""Every pixel edit and how it is written; `paste` takes another picture beside."""


def box_of(pixels: Pixels, box: Sequence[float]) -> Box:
    """The box in whole pixels. Raises `BadInput` where it is empty or not wholly inside the picture."""
    h, w = pixels.shape[:2]
    left, top, right, bottom = (round(value) for value in box)
    if not (0 <= left < right <= w and 0 <= top < bottom <= h):
        told = (left, top, right, bottom)
        raise BadInput(f"{told!r} is no box in a picture {w} wide and {h} high: write left, top, right, bottom")
    return left, top, right, bottom


def grayscale(pixels: Pixels) -> Pixels:
    """The luminance (ITU-R 601) in all three channels."""
    from PIL import Image

    return np.array(Image.fromarray(pixels).convert("L").convert("RGB"))


def blur(pixels: Pixels, radius: float) -> Pixels:
    """Gaussian blur; `radius` is its standard deviation in pixels, above 0 and at most half the longer side."""
    from PIL import Image, ImageFilter

    if not 0 < radius <= max(pixels.shape[:2]) / 2:
        raise BadInput(f"a blur of {radius!r} pixels cannot be: more than 0, at most half of the longer side")
    return np.array(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


def crop(pixels: Pixels, box: Sequence[float]) -> Pixels:
    """What lies in the box, at its own size."""
    left, top, right, bottom = box_of(pixels, box)
    return pixels[top:bottom, left:right].copy()


def occlude(pixels: Pixels, box: Sequence[float] | np.ndarray) -> Pixels:
    """The picture with the box, or the region (bool, H x W), in the mean colour of what is left."""
    inside = _region(pixels, box)
    return _filled(pixels, inside)


def keep(pixels: Pixels, box: Sequence[float] | np.ndarray) -> Pixels:
    """The box, or the region (bool, H x W), as it is; all else in the mean colour of what is taken away."""
    return _filled(pixels, ~_region(pixels, box))


def _region(pixels: Pixels, box: Sequence[float] | np.ndarray) -> np.ndarray:
    if isinstance(box, np.ndarray) and box.dtype == np.bool_:
        if box.shape != pixels.shape[:2]:
            raise BadInput(f"a region of shape {box.shape!r} does not fit a picture of {pixels.shape[:2]!r}")
        if not box.any():
            raise BadInput(f"the region holds {int(box.sum())!r} pixels: nothing would be left, or nothing changed")
        return box
    left, top, right, bottom = box_of(pixels, list(box))
    inside = np.zeros(pixels.shape[:2], dtype=bool)
    inside[top:bottom, left:right] = True
    return inside


def _filled(pixels: Pixels, where: np.ndarray) -> Pixels:
    """The picture with one flat colour there: the mean of the rest, or of the whole where there is no rest."""
    rest = pixels[~where] if (~where).any() else pixels.reshape(-1, 3)
    changed = pixels.copy()
    changed[where] = np.rint(rest.mean(axis=0)).astype(np.uint8)
    return changed


def hue(pixels: Pixels, degrees: float) -> Pixels:
    """Every colour turned on the colour wheel (HSV), lightness and saturation kept to within rounding."""
    from PIL import Image

    hsv = np.array(Image.fromarray(pixels).convert("HSV"))
    hsv[..., 0] = (hsv[..., 0].astype(int) + round(degrees * 256 / 360)) % 256
    return np.array(Image.fromarray(hsv, "HSV").convert("RGB"))


def invert(pixels: Pixels) -> Pixels:
    """The negative: 255 minus every value."""
    return np.asarray(255 - pixels)


def shuffle(pixels: Pixels, patches: float, seed: int = 0) -> Pixels:
    """The picture cut into `patches` x `patches` equal patches (the middle of it, if it does not divide), in another order.

    No patch stays where it was. `patches`: 2 to 64.
    """
    n = round(patches)
    h, w = pixels.shape[0] // max(n, 1), pixels.shape[1] // max(n, 1)
    if not 2 <= n <= 64 or not h or not w:
        raise BadInput(f"{patches!r} patches a side cannot be shuffled: 2 to 64, and no more than there are pixels")
    rng = np.random.default_rng([seed % 2**32, 5])
    order = rng.permutation(n * n)
    moved = np.roll(order, 1)  # a cycle through all patches: none stays
    y0, x0 = (pixels.shape[0] - h * n) // 2, (pixels.shape[1] - w * n) // 2
    changed = pixels.copy()
    for to, start in zip(order.tolist(), moved.tolist(), strict=True):
        (ty, tx), (sy, sx) = divmod(to, n), divmod(start, n)
        source = pixels[y0 + sy * h : y0 + (sy + 1) * h, x0 + sx * w : x0 + (sx + 1) * w]
        changed[y0 + ty * h : y0 + (ty + 1) * h, x0 + tx * w : x0 + (tx + 1) * w] = source
    return changed


def rotate(pixels: Pixels, degrees: float) -> Pixels:
    """Turned about its middle, clockwise, at its own size; corners that come in take the mean colour of the border.

    Square pictures turned by multiples of 90 degrees are exact.
    """
    from PIL import Image

    if degrees % 90 == 0 and (degrees % 180 == 0 or pixels.shape[0] == pixels.shape[1]):
        return np.ascontiguousarray(np.rot90(pixels, -round(degrees / 90)))
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]).mean(axis=0)
    fill = tuple(round(float(value)) for value in border)
    turned = Image.fromarray(pixels).rotate(-degrees, Image.Resampling.BICUBIC, fillcolor=fill)
    return np.array(turned)


def noise(pixels: Pixels, deviation: float, seed: int = 0) -> Pixels:
    """Independent Gaussian noise on every value; `deviation` in grey levels, above 0 and at most 255."""
    if not 0 < deviation <= 255:
        raise BadInput(f"noise of {deviation!r} grey levels cannot be: more than 0, at most 255")
    rng = np.random.default_rng([seed % 2**32, 6])
    return np.clip(np.rint(pixels + rng.normal(0, deviation, pixels.shape)), 0, 255).astype(np.uint8)


def paste(pixels: Pixels, other: Pixels, left: float, top: float, mask: np.ndarray | None = None) -> Pixels:
    """The other picture laid over this one at (left, top), where its `mask` (bool) is True, or all of it."""
    x, y, (h, w) = round(left), round(top), other.shape[:2]
    if not (x >= 0 and y >= 0 and x + w <= pixels.shape[1] and y + h <= pixels.shape[0]):
        wide, high = pixels.shape[1], pixels.shape[0]
        raise BadInput(f"a picture of {w} x {h} pixels at {(x, y)!r} does not lie inside one of {wide} x {high}")
    changed = pixels.copy()
    there = np.ones((h, w), dtype=bool) if mask is None else mask
    changed[y : y + h, x : x + w][there] = other[there]
    return changed


def is_pixel_edit(words: str) -> bool:
    """Whether the words begin as a pixel edit does."""
    return words.split()[:1] != [] and words.split()[0].lower() in EDITS


def apply(pixels: Pixels, words: str, seed: int = 0, other: Pixels | None = None) -> Pixels:
    """The pixels after edits in words, one after the other, divided by ";": "grayscale; rotate 90".

    `other`: the picture that "paste" lays on. Raises `BadInput` on unknown edits, wrong numbers, and what cannot be done.
    """
    steps = [step.strip() for step in words.lower().split(";") if step.strip()]
    if not steps:
        raise BadInput(f"the edit {words!r} is empty: write one of {', '.join(EDITS.values())}")
    for number, step in enumerate(steps):
        name, *rest = re.split(r"[\s,]+", step)
        if name not in EDITS:
            raise BadInput(f"{name!r} is no edit of pixels; nearest: {nearest(name, EDITS)}")
        wanted = len(EDITS[name].split()) - 1
        try:
            values = [float(value) for value in rest]
        except ValueError:
            values = [float("nan")]
        if len(rest) != wanted or not np.isfinite(values).all():
            raise BadInput(f"{step!r} cannot be read: write {EDITS[name]!r}, with numbers")
        pixels = _one(pixels, name, values, seed + number, other)
    return pixels


def _one(pixels: Pixels, name: str, values: list[float], seed: int, other: Pixels | None) -> Pixels:
    if name == "grayscale":
        return grayscale(pixels)
    if name == "invert":
        return invert(pixels)
    if name == "paste":
        if other is None:
            raise BadInput("'paste' has nothing to lay on: name another picture")
        return paste(pixels, other, values[0], values[1])
    if name in ("crop", "occlude", "keep"):
        return {"crop": crop, "occlude": occlude, "keep": keep}[name](pixels, values)
    if name == "shuffle":
        return shuffle(pixels, values[0], seed)
    if name == "noise":
        return noise(pixels, values[0], seed)
    return {"blur": blur, "hue": hue, "rotate": rotate}[name](pixels, values[0])
