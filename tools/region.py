"""Where on a picture a unit fires: mask, patch and highlighted view, from its map.

Masks follow NetDissect and MILAN: the map, upsampled bilinearly (corners aligned), above the unit's 0.99 quantile over
the data. The patch is a box of the size that the unit sees, centred on its peak. Both lie where the network's input came
from in the picture (`Sight`), which may be a crop of it at another size. Highlighted views are for eyes and
describers; they are never measured in place of the picture.
"""

from __future__ import annotations

import numpy as np

from ..targets.picture import FromEdit, Picture
from ..targets.target import Sight

DARKENED = 0.3  # brightness outside the highlighted region


def upsample(found: np.ndarray, height: int, width: int, sight: Sight | None = None) -> np.ndarray:
    """The map at the picture's size: float32 (height, width), bilinear, corners aligned; its minimum where nothing is seen."""
    left, top, right, bottom = (0, 0, width, height) if sight is None else sight.box
    seen = _hats(bottom - top, found.shape[0]) @ np.asarray(found, np.float64) @ _hats(right - left, found.shape[1]).T
    whole = np.full((height, width), found.min(), np.float32)
    whole[top:bottom, left:right] = seen
    return whole


def _hats(n: int, of: int) -> np.ndarray:
    """Weights of `of` values for `n` places between the first and the last, ends included: float64, n x of, rows sum to 1."""
    at = np.linspace(0, of - 1, n) if n > 1 else np.zeros(1)
    return np.maximum(0.0, 1.0 - np.abs(at[:, None] - np.arange(of)[None, :]))


def mask(found: np.ndarray, threshold: float, height: int, width: int, sight: Sight | None = None) -> np.ndarray:
    """Where the unit fires above the threshold: bool (height, width)."""
    left, top, right, bottom = (0, 0, width, height) if sight is None else sight.box
    where = np.zeros((height, width), bool)
    where[top:bottom, left:right] = upsample(found, bottom - top, right - left) > threshold
    return where


def patch_box(
    found: np.ndarray, patch: tuple[int, int] | None, height: int, width: int, sight: Sight | None = None
) -> tuple[int, int, int, int]:
    """The box (left, top, right, bottom), in the picture's pixels, that the unit sees at its peak; all that reaches the
    network where it sees all. `patch`: in pixels of the network's input."""
    box = (0, 0, width, height) if sight is None else sight.box
    if patch is None or found.size == 1:
        return box
    left, top, right, bottom = box
    high, wide = bottom - top, right - left
    side = sight.side if sight is not None and sight.side is not None else (high, wide)
    h = max(1, min(round(patch[0] * high / side[0]), high))
    w = max(1, min(round(patch[1] * wide / side[1]), wide))
    row, column = np.unravel_index(int(found.argmax()), found.shape)
    y, x = top + (row + 0.5) * high / found.shape[0], left + (column + 0.5) * wide / found.shape[1]
    y0, x0 = int(np.clip(y - h / 2, top, bottom - h)), int(np.clip(x - w / 2, left, right - w))
    return x0, y0, x0 + w, y0 + h


def highlighted(picture: Picture, where: np.ndarray) -> Picture:
    """The picture darkened outside the region; a picture of its own, with its parent named."""
    shade = np.where(where[..., None], 1.0, DARKENED)
    return Picture.of(
        (picture.pixels * shade).astype(np.uint8), FromEdit(picture.id, "highlighted where the unit fires")
    )


def cropped(picture: Picture, box: tuple[int, int, int, int]) -> Picture:
    """The part of the picture inside the box; a picture of its own, with its parent named."""
    left, top, right, bottom = box
    return Picture.of(picture.pixels[top:bottom, left:right].copy(), FromEdit(picture.id, f"cropped to {box}"))


def cropped_to(picture: Picture, where: np.ndarray) -> Picture | None:
    """The smallest square around a region (bool, height x width), as far as the picture reaches; None where it is empty."""
    rows, columns = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
    if not len(rows):
        return None
    (top, bottom), (left, right) = (rows[0], rows[-1] + 1), (columns[0], columns[-1] + 1)
    side = max(bottom - top, right - left)
    y, x = (top + bottom - side) // 2, (left + right - side) // 2
    height, width = where.shape
    return cropped(picture, (max(0, int(x)), max(0, int(y)), min(width, int(x + side)), min(height, int(y + side))))
