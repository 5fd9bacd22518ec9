"""Pictures on the page: thumbnails, heat maps, patches and mask outlines, all inlined.

Covered: WebP data URLs downscaled to the side asked for, heat maps on one scale for all exemplars, the outline of the
mask as an SVG path, the patch the unit sees. Not covered: which pictures are shown (`story.py`, `exemplars.py`).
A picture whose file is missing is `None` here, and the page says so.
"""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...tools.region import mask, patch_box, upsample
from .maps import Maps

if TYPE_CHECKING:
    from PIL import Image

RAMP = ((40, 14, 84), (98, 22, 116), (163, 44, 96), (224, 92, 56), (250, 168, 40), (252, 240, 140))
"""Dark violet to pale yellow: its brightness only rises, so that it reads the same without colour."""
GRID = 112  # side of the grid on which a mask's outline is traced


@dataclass
class Pictures:
    """A run's pictures, inlined at longer sides of `large` (exemplars) and `small` (thumbnails) pixels, each once."""

    run: Path
    maps: Maps
    large: int = 224
    small: int = 128
    _seen: dict[tuple[str, int], str | None] = field(default_factory=dict)

    def prepare(self, identities: Iterable[str]) -> None:
        """Make the thumbnails of these pictures on all cores: decoding and encoding let other threads run."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(self.thumbnail, identities))

    def thumbnail(self, identity: str) -> str | None:
        return self._inlined(identity, self.small)

    def whole(self, identity: str) -> str | None:
        return self._inlined(identity, self.large)

    def heat(self, identity: str) -> str | None:
        """The picture in grey under its heat map; None without a map that has places."""
        image, found = self._read(identity), self._map(identity)
        if image is None or found is None:
            return None
        image = _fitted(image, self.large)
        low, high = self.scale()
        part = np.clip((upsample(found, image.height, image.width) - low) / max(high - low, 1e-12), 0, 1)[..., None]
        at = part[..., 0] * (len(RAMP) - 1)
        colours = np.stack([np.interp(at, range(len(RAMP)), [c[k] for c in RAMP]) for k in range(3)], axis=-1)
        grey = 70 + 0.6 * np.asarray(image.convert("L"), np.float64)[..., None]
        cover = 0.95 * part
        return _data_url(_image((grey * (1 - cover) + colours * cover).astype(np.uint8)))

    def patch(self, identity: str) -> str | None:
        """What the unit sees at its peak; None where that is the whole picture, or where there is no map."""
        image, box = self._read(identity), self.box(identity)
        return None if image is None or box is None else _data_url(_fitted(image.crop(box), self.large))

    def box(self, identity: str) -> tuple[int, int, int, int] | None:
        """The patch's left, top, right and bottom in the picture's own pixels; None where it is all of it."""
        image, found = self._read(identity), self._map(identity)
        if image is None or found is None or self.maps.patch is None:
            return None
        box = patch_box(found, self.maps.patch, image.height, image.width)
        return None if box == (0, 0, image.width, image.height) else box

    def side(self, identity: str) -> tuple[int, int]:
        """The picture's own width and height."""
        image = self._read(identity)
        return (1, 1) if image is None else (image.width, image.height)

    def outline(self, identity: str) -> str | None:
        """Where the unit fires above its threshold, as an SVG path in the picture's own pixels; None where nowhere."""
        image, found = self._read(identity), self._map(identity)
        if image is None or found is None or not np.isfinite(self.maps.threshold):
            return None
        step = max(image.width, image.height) / GRID
        height, width = (max(2, round(side / step)) for side in (image.height, image.width))
        return (
            traced(mask(found, self.maps.threshold, height, width), image.width / width, image.height / height) or None
        )

    def scale(self) -> tuple[float, float]:
        """The heat maps' ends: the median and the maximum of all kept maps."""
        if not self.maps.by_picture:
            return 0.0, 0.0
        values = np.concatenate([found.ravel() for found in self.maps.by_picture.values()])
        return float(np.median(values)), float(values.max())

    def _map(self, identity: str) -> np.ndarray | None:
        """The picture's map, where it tells places apart: not of one value, nor the same everywhere."""
        found = self.maps.by_picture.get(identity)
        return None if found is None or np.ptp(found) == 0 else found

    def _read(self, identity: str) -> Image.Image | None:
        from PIL import Image

        path = self.run / "images" / f"{identity}.png"
        try:
            with Image.open(path) as image:
                return image.convert("RGB")
        except OSError:
            return None

    def _inlined(self, identity: str, side: int) -> str | None:
        if (identity, side) not in self._seen:
            image = self._read(identity) if identity else None
            self._seen[identity, side] = None if image is None else _data_url(_fitted(image, side))
        return self._seen[identity, side]


def traced(where: np.ndarray, across: float, down: float) -> str:
    """The border of a region (bool, h x w) as an SVG path of straight runs; cells are `across` x `down`."""
    padded = np.pad(where, 1)
    parts = []
    for turned in (False, True):
        edges = (padded[1:] != padded[:-1]) if not turned else (padded[:, 1:] != padded[:, :-1]).T
        for line, row in enumerate(edges):
            ends = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
            for start, stop in zip(ends[::2], ends[1::2], strict=True):
                x, y = (line * across, (start - 1) * down) if turned else ((start - 1) * across, line * down)
                length = (stop - start) * (down if turned else across)
                parts.append(f"M{x:.4g} {y:.4g}{'v' if turned else 'h'}{length:.4g}")
    return "".join(parts)


def _fitted(image: Image.Image, side: int) -> Image.Image:
    from PIL import Image

    if max(image.size) <= side:
        return image
    part = side / max(image.size)
    size = (max(1, round(image.width * part)), max(1, round(image.height * part)))
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)


def _image(pixels: np.ndarray) -> Image.Image:
    from PIL import Image

    return Image.fromarray(pixels)


def _data_url(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=80, method=2)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
