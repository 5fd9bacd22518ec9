"""Where on a picture a unit fires: mask, patch and highlighted view, from its map.

Masks follow NetDissect and MILAN: the map, upsampled bilinearly (corners aligned), above the unit's 0.99 quantile over
the data. The patch is a box of the size that the unit sees, centred on its peak. Highlighted views are for eyes and
describers; they are never measured in place of the picture.
"""

from __future__ import annotations

import numpy as np

from ..targets.picture import FromEdit, Picture

DARKENED = 0.3  # brightness outside the highlighted region


def upsample(found: np.ndarray, height: int, width: int) -> np.ndarray:
    """The map at the picture's size: float32 (height, width), bilinear, corners aligned."""
    import torch

    grid = torch.from_numpy(np.array(found, np.float32))[None, None]
    mode = {"mode": "bilinear", "align_corners": True} if found.size > 1 else {"mode": "nearest"}
    return np.asarray(torch.nn.functional.interpolate(grid, (height, width), **mode)[0, 0].numpy())


def mask(found: np.ndarray, threshold: float, height: int, width: int) -> np.ndarray:
    """Where the unit fires above the threshold: bool (height, width)."""
    return upsample(found, height, width) > threshold


def patch_box(found: np.ndarray, patch: tuple[int, int] | None, height: int, width: int) -> tuple[int, int, int, int]:
    """The box (left, top, right, bottom), in pixels, that the unit sees at its peak; the whole picture where it sees all."""
    if patch is None or found.size == 1:
        return 0, 0, width, height
    row, column = np.unravel_index(int(found.argmax()), found.shape)
    y, x = (row + 0.5) * height / found.shape[0], (column + 0.5) * width / found.shape[1]
    h, w = min(patch[0], height), min(patch[1], width)
    top, left = int(np.clip(y - h / 2, 0, height - h)), int(np.clip(x - w / 2, 0, width - w))
    return left, top, left + w, top + h


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
