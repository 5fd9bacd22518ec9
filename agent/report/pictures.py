"""Pictures on the page: thumbnails, heat maps, patches and mask outlines, all inlined.

Covered: WebP data URLs downscaled to the side asked for, heat maps on one scale for all exemplars, the outline of the
mask as an SVG path, the patch the unit sees. Not covered: which pictures are shown (`story.py`, `exemplar_strip.py`).
A picture whose file is missing is `None` here, and the page says so. What is encoded is kept between pages where a cache
is given (`kept_pictures.py`); the bytes are the same with and without.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...targets.target import Sight
from ...tools.region import mask, patch_box, upsample
from .kept_pictures import KeptPictures
from .maps import Maps

if TYPE_CHECKING:
    from PIL import Image

RAMP = ((40, 14, 84), (98, 22, 116), (163, 44, 96), (224, 92, 56), (250, 168, 40), (252, 240, 140))
"""Dark violet to pale yellow: its brightness only rises, so that it reads the same without colour."""
GRID = 112  # side of the grid on which a mask's outline is traced
THREADS = 2  # decoding and encoding let other threads run; more would take cores from other runs
SAMPLE = 48  # thumbnails made to tell how many bytes all of them will take


@dataclass
class Pictures:
    """Pictures, inlined at longer sides of `large` (exemplars) and `small` (thumbnails) pixels, each made once.

    `file`: where the picture of an id lies.
    """

    file: Callable[[str], Path]
    maps: Maps
    kept: KeptPictures | None = None
    large: int = 224
    small: int = 128
    _encoded: dict[str, bytes] = field(default_factory=dict)
    _new: dict[str, bytes] = field(default_factory=dict)
    _there: dict[str, bool] = field(default_factory=dict)

    def prepare(self, identities: Iterable[str]) -> None:
        """Get or make the thumbnails of these pictures."""
        wanted = [identity for identity in dict.fromkeys(identities) if self.there(identity)]
        missing = self._fetch({_at(identity, self.small): identity for identity in wanted})
        _on_threads(self.thumbnail, missing)

    def prepare_exemplars(self, identities: Iterable[str]) -> None:
        """Get or make all that is shown of an exemplar: the picture, its heat map, its patch."""
        wanted = [identity for identity in dict.fromkeys(identities) if self.there(identity)]
        for name, make in ((self._large_name, self.whole), (self._heat_name, self.heat), (self._patch_name, self.patch)):
            names = {name(identity): identity for identity in wanted}
            _on_threads(make, self._fetch({shows: identity for shows, identity in names.items() if shows is not None}))

    def weight(self, identities: Iterable[str]) -> float:
        """Bytes of a thumbnail as it stands in the page, the mean of some of these pictures; 0 where there are none."""
        some = [identity for identity in dict.fromkeys(identities) if self.there(identity)]
        some = some[:: max(1, len(some) // SAMPLE)]
        self.prepare(some)
        return float(np.mean([len(self.thumbnail(x) or "") for x in some])) if some else 0.0

    def keep(self) -> None:
        """Let what was encoded now be found again by the next page."""
        if self.kept is not None:
            self.kept.write(self._new)

    def there(self, identity: str) -> bool:
        """Whether the picture's file is there."""
        if identity not in self._there:
            self._there[identity] = identity.isalnum() and self.file(identity).is_file()
        return self._there[identity]

    def thumbnail(self, identity: str) -> str | None:
        return self._whole(identity, self.small)

    def whole(self, identity: str) -> str | None:
        return self._whole(identity, self.large)

    def heat(self, identity: str) -> str | None:
        """The picture in grey under its heat map; None without a map that has places."""
        found, shows = self._map(identity), self._heat_name(identity)
        if found is None or shows is None:
            return None
        low, high = self.scale

        def make(whole: Image.Image) -> Image.Image:
            image = _fitted(whole, self.large)
            sight = self._sight(identity, image.width / whole.width, image.height / whole.height)
            part = np.clip((upsample(found, image.height, image.width, sight) - low) / max(high - low, 1e-12), 0, 1)
            grey = np.asarray(image.convert("L"), np.float32)
            cover = 0.95 * part[..., None]
            heated = (70 + 0.6 * grey)[..., None] * (1 - cover) + _COLOURS[(part * 255).astype(np.uint8)] * cover
            return _image(heated.astype(np.uint8))

        return self._inlined(identity, shows, make)

    def patch(self, identity: str) -> str | None:
        """What the unit sees at its peak; None where that is the whole picture, or where there is no map."""
        box, shows = self.box(identity), self._patch_name(identity)
        if box is None or shows is None:
            return None
        return self._inlined(identity, shows, lambda image: _fitted(image.crop(box), self.large))

    def box(self, identity: str) -> tuple[int, int, int, int] | None:
        """The patch's left, top, right and bottom in the picture's own pixels; None where it is all of it."""
        found = self._map(identity)
        if found is None or self.maps.patch is None or not self.there(identity):
            return None
        width, height = self.side(identity)
        box = patch_box(found, self.maps.patch, height, width, self.maps.sights.get(identity))
        return None if box == (0, 0, width, height) else box

    def side(self, identity: str) -> tuple[int, int]:
        """The picture's own width and height, read without decoding it; 1 x 1 where it cannot be read."""
        from PIL import Image

        try:
            with Image.open(self.file(identity)) as image:
                return image.size
        except (OSError, SyntaxError, ValueError):
            return 1, 1

    def outline(self, identity: str) -> str | None:
        """Where the unit fires above its threshold, as an SVG path in the picture's own pixels; None where nowhere."""
        found = self._map(identity)
        if found is None or not np.isfinite(self.maps.threshold) or not self.there(identity):
            return None
        across, down = self.side(identity)
        step = max(across, down) / GRID
        height, width = (max(2, round(side / step)) for side in (down, across))
        where = mask(found, self.maps.threshold, height, width, self._sight(identity, width / across, height / down))
        return traced(where, across / width, down / height) or None

    def _sight(self, identity: str, across: float, down: float) -> Sight | None:
        """What of the picture reached the network, with the picture drawn so many times as wide and high as it is."""
        sight = self.maps.sights.get(identity)
        if sight is None:
            return None
        left, top, right, bottom = sight.box
        box = round(left * across), round(top * down), round(right * across), round(bottom * down)
        return Sight(box, sight.side)

    @cached_property
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

    def _large_name(self, identity: str) -> str | None:
        return _at(identity, self.large)

    def _heat_name(self, identity: str) -> str | None:
        found = self._map(identity)
        if found is None:
            return None
        drawn = hashlib.sha256(np.ascontiguousarray(found, np.float32).tobytes()).hexdigest()[:24]
        seen = self.maps.sights.get(identity)
        return f"{identity} heat {drawn} {found.shape} {self.scale} {seen and seen.box} at {self.large}"

    def _patch_name(self, identity: str) -> str | None:
        box = self.box(identity)
        return None if box is None else f"{identity} patch {box} at {self.large}"

    def _read(self, identity: str) -> Image.Image | None:
        from PIL import Image

        try:
            with Image.open(self.file(identity)) as image:
                return image.convert("RGB")
        except (OSError, SyntaxError, ValueError):  # what a broken file makes PIL raise
            self._there[identity] = False
            return None

    def _whole(self, identity: str, side: int) -> str | None:
        return self._inlined(identity, _at(identity, side), lambda image: _fitted(image, side))

    def _inlined(self, identity: str, shows: str, make: Callable[[Image.Image], Image.Image]) -> str | None:
        """The data URL of what is shown, encoded at most once; None where the picture's file is missing or broken."""
        if not self.there(identity):
            return None
        if shows not in self._encoded:
            image = self._read(identity)
            if image is None:
                return None
            self._encoded[shows] = self._new[shows] = _webp(make(image))
        return "data:image/webp;base64," + base64.b64encode(self._encoded[shows]).decode()

    def _fetch(self, wanted: dict[str, str]) -> list[str]:
        """Take what is kept of the wanted (what is shown, and of which picture); the pictures of the rest."""
        if self.kept is not None:
            self._encoded |= self.kept.read(shows for shows in wanted if shows not in self._encoded)
        return [identity for shows, identity in wanted.items() if shows not in self._encoded]


def _at(identity: str, side: int) -> str:
    return f"{identity} at {side}"


def _on_threads(make: Callable[[str], str | None], identities: list[str]) -> None:
    if identities:
        with ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as pool:
            list(pool.map(make, identities))


def in_run(run: Path) -> Callable[[str], Path]:
    """Where a run folder's pictures lie."""
    return lambda identity: run / "images" / f"{identity}.png"


def traced(where: np.ndarray, across: float, down: float) -> str:
    """The border of a region (bool, h x w) as an SVG path of straight runs; cells are `across` x `down`."""
    padded = np.pad(where, 1)
    parts = []
    for turned in (False, True):
        edges = (padded[1:] != padded[:-1]) if not turned else (padded[:, 1:] != padded[:, :-1]).T
        steps = np.diff(np.pad(edges, ((0, 0), (1, 1))).astype(np.int8), axis=1)
        lines, starts = np.nonzero(steps == 1)
        stops = np.nonzero(steps == -1)[1]  # each run's end comes after its start, line by line
        for line, start, stop in zip(lines.tolist(), starts.tolist(), stops.tolist(), strict=True):
            x, y = (line * across, (start - 1) * down) if turned else ((start - 1) * across, line * down)
            length = (stop - start) * (down if turned else across)
            parts.append(f"M{x:.4g} {y:.4g}{'v' if turned else 'h'}{length:.4g}")
    return "".join(parts)


def _colours() -> np.ndarray:
    at = np.linspace(0, len(RAMP) - 1, 256)
    ramp = [np.interp(at, range(len(RAMP)), [colour[k] for colour in RAMP]) for k in range(3)]
    return np.stack(ramp, axis=-1).astype(np.float32)


_COLOURS = _colours()


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


def _webp(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=80, method=2)
    return buffer.getvalue()
