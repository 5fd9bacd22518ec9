"""Pictures: what a target looks at, where each came from and, if it was drawn, exactly what it holds.

Covered: the picture with its identity (sha256 of its pixels), its provenance, and the scene of a drawn picture.
Not covered: how scenes are drawn, described or edited (`tools/sketch`), and where pictures are kept (`tools/store`).
Nothing here ever guesses whether a string is an image: pixels are arrays, identities are `Picture.id`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

Pixels = np.ndarray  # uint8, height x width x 3, RGB


@dataclass(frozen=True, slots=True)
class Photo:
    """A photograph that a picture is composed of, by its content.

    `sha256`: of the file's bytes, in hex. `name`: the file's, for people. `aspect`: width over height of what is shown.
    """

    sha256: str
    name: str
    aspect: float = 1.0


@dataclass(frozen=True, slots=True)
class Thing:
    """One object or stimulus in a scene: what it is (the factors a concept can name), and how this one is drawn.

    `x`, `y`: centre as fractions of the picture's side, y down. `scale`: longer side as a fraction of the picture's.
    `angle`: degrees. `shade`: brightness jitter in [-1, 1]. `pose`: seed of every variation not named here.
    `orientation` ("vertical" ...) and `frequency` ("fine" ...) are for stimuli that have them, else None.
    `missing`: names of parts that are left out; "body" is what belongs to no part. `photo`: the cut-out that shows it,
    where it is not drawn; such a thing has no colour word ("") and no pattern, parts or angle.
    """

    noun: str
    colour: str
    pattern: str = "plain"
    size: str = "medium"
    orientation: str | None = None
    frequency: str | None = None
    x: float = 0.5
    y: float = 0.5
    scale: float = 0.4
    angle: float = 0.0
    flip: bool = False
    shade: float = 0.0
    pose: int = 0
    missing: tuple[str, ...] = ()
    photo: Photo | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """What a drawn picture contains, exactly; `things` are painted in order, the last in front.

    `photo`: the photograph that all stand on, where the background is "photograph".
    """

    background: str
    things: tuple[Thing, ...] = ()
    light: str = "normal"
    treatment: str = "none"
    seed: int = 0
    side: int = 224
    photo: Photo | None = None


@dataclass(frozen=True, slots=True)
class FromData:
    """Picture `index` of a data source."""

    source: str
    index: int
    kind: Literal["data"] = "data"


@dataclass(frozen=True, slots=True)
class FromPrompt:
    """Drawn by a generator for a prompt; the same prompt and seed give the same pixels."""

    generator: str
    prompt: str
    seed: int
    kind: Literal["prompt"] = "prompt"


@dataclass(frozen=True, slots=True)
class FromConcept:
    """Drawn by a generator so that a concept holds, or (`holds` False) just fails to."""

    generator: str
    concept: str
    holds: bool
    seed: int
    kind: Literal["concept"] = "concept"


@dataclass(frozen=True, slots=True)
class FromEdit:
    """Made from the picture `parent` by one edit, in words."""

    parent: str
    edit: str
    kind: Literal["edit"] = "edit"


Provenance = FromData | FromPrompt | FromConcept | FromEdit


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture: `id` is the sha256 of its pixels; pixels are read or painted when first asked for.

    Two pictures are the same picture where their ids are. `pixels`: uint8, H x W x 3, RGB, read-only.
    """

    id: str
    provenance: Provenance
    caption: str | None = None
    scene: Scene | None = None
    load: Callable[[], Pixels] = field(repr=False, kw_only=True)

    @cached_property
    def pixels(self) -> Pixels:
        pixels = np.asarray(self.load())
        pixels.setflags(write=False)
        return pixels

    @property
    def image(self) -> Image.Image:
        """The picture as a PIL RGB image (a copy)."""
        from PIL import Image

        return Image.fromarray(self.pixels)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Picture) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    @classmethod
    def of(
        cls, pixels: Pixels, provenance: Provenance, caption: str | None = None, scene: Scene | None = None
    ) -> Picture:
        """The picture of these pixels (uint8, H x W x 3). Raises ValueError on any other shape or type."""
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
            raise ValueError(f"pixels are uint8 HxWx3, not {pixels.dtype} {pixels.shape}")
        kept = np.ascontiguousarray(pixels)
        return cls(picture_id(kept), provenance, caption, scene, load=lambda: kept)


def picture_id(pixels: Pixels) -> str:
    """sha256, in hex, of the picture's size and pixels."""
    digest = hashlib.sha256(f"{pixels.shape[0]}x{pixels.shape[1]}:".encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()
