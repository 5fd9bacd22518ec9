"""`diffusers:ID_OR_DIR`: an editor that is an instruction-following or an inpainting pipeline of diffusers.

Covered: pictures of any size, edited at the model's own and given back at theirs; a region, outside which every pixel stays
as it was, whichever pipeline it is; several edits in one call, each by a seed of its own; kept by model digest, settings,
picture, words, region and seed. Not covered: where a region comes from (`../edit.py`), loading, and what goes wrong in
batches (`loading.py`, `running.py`).
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ...targets.errors import BadInput
from ...targets.picture import FromEdit, Picture, Pixels
from ..editor import Edit, given_back
from ..prompted_generator import Refused, one_ahead
from ..store import Store
from .loading import Loaded, load
from .running import run
from .settings import EDIT_STEPS, read_settings

DEFAULT = "timbrooks/instruct-pix2pix"


class DiffusersEditor:
    """Made with a store and what stands after ``diffusers:``. Raises `BadInput` where there is no such pipeline."""

    def __init__(self, store: Store, rest: str = "") -> None:
        self.store, self.name = store, f"diffusers:{rest}" if rest else "diffusers"
        settings = read_settings(rest, DEFAULT)
        self.settings = settings if settings.steps is not None else dataclasses.replace(settings, steps=EDIT_STEPS)
        self.loaded: Loaded = load(self.settings, "editor")
        if not {"prompt", "image"} <= self.loaded.takes:
            kind = type(self.loaded.pipeline).__name__
            told = "which edits no picture by words: take an instruction or inpainting one"
            raise BadInput(f"{self.loaded.name} is a {kind}, {told}")
        self.paints_in = "mask_image" in self.loaded.takes
        self.side = self.settings.side or native_side(self.loaded)

    def edit_many(self, edits: Sequence[Edit]) -> list[Picture]:
        """The edited pictures, in order. Raises `BadInput` where the model wants a region or refuses one of them."""
        for edit in edits:
            self._check(edit)
        missing = {r: e for e in edits if not self.store.has(r := self.recipe(e))}
        for batch in one_ahead(self._batches(list(missing.values()))) if missing else ():
            for edit, pixels in batch:
                if isinstance(pixels, Refused):
                    raise BadInput(f"{self.name} refused {edit.words!r} of picture {edit.picture.id[:12]}: {pixels.why}")
                self._kept(edit, pixels)
        return [self._kept(edit) for edit in edits]

    def recipe(self, edit: Edit) -> str:
        """What decides the edited picture."""
        where = "" if edit.where is None else hashlib.sha256(np.packbits(edit.where).tobytes()).hexdigest()
        return f"{self._kept_by} {edit.picture.id} {edit.words!r} {edit.seed} {where}"

    @cached_property
    def _kept_by(self) -> str:
        from importlib.metadata import version

        return f"diffusers edit {version('diffusers')} {self.loaded.key} {self.settings.numbers()}"

    def _check(self, edit: Edit) -> None:
        if edit.where is None:
            if self.paints_in:
                raise BadInput(f"{self.name} paints in a region: say which, by where='unit', a box or a thing")
            return
        height, width = edit.picture.pixels.shape[:2]
        if edit.where.shape != (height, width) or edit.where.dtype != np.bool_ or not edit.where.any():
            told = f"{int(edit.where.sum())} pixels of {edit.where.shape!r}"
            raise BadInput(f"no region of picture {edit.picture.id[:12]} ({width} wide, {height} high): {told}")

    def _kept(self, edit: Edit, pixels: Pixels | None = None) -> Picture:
        made = lambda: self._alone(edit) if pixels is None else given_back(edit, pixels)  # noqa: E731
        return self.store.make(self.recipe(edit), made, FromEdit(edit.picture.id, edit.words))

    def _alone(self, edit: Edit) -> Pixels:
        [[(_, pixels)]] = self._batches([edit])
        if isinstance(pixels, Refused):
            raise BadInput(f"{self.name} refused {edit.words!r}: {pixels.why}")
        return given_back(edit, pixels)

    def _batches(self, edits: Sequence[Edit]) -> Any:
        return run(self.loaded, edits, self._asked, lambda edit: (edit.words, edit.seed))

    def _asked(self, some: Sequence[Edit]) -> dict[str, Any]:
        from PIL import Image

        size, s = (self.side, self.side), self.settings
        told = {
            "num_inference_steps": s.steps,
            "guidance_scale": s.guidance,
            "image_guidance_scale": s.image_guidance,
            "height": self.side,
            "width": self.side,
        }
        given: dict[str, Any] = {name: value for name, value in told.items() if value is not None and name in self.loaded.takes}
        given["image"] = [edit.picture.image.resize(size, Image.Resampling.BICUBIC) for edit in some]
        if self.paints_in:
            given["mask_image"] = [Image.fromarray(_region(edit)).resize(size, Image.Resampling.NEAREST) for edit in some]
        return {"prompt": [edit.words for edit in some], **given}


def native_side(loaded: Loaded) -> int:
    """The side of the square pictures that a pipeline was made for, in pixels."""
    pipeline = loaded.pipeline
    network = getattr(pipeline, "unet", None)
    known = getattr(pipeline, "default_sample_size", None)
    side = known if network is None else getattr(network.config, "sample_size", None)
    return int(side if isinstance(side, int) else 64) * int(getattr(pipeline, "vae_scale_factor", 8))


def _region(edit: Edit) -> np.ndarray:
    """The region as an inpainting pipeline takes it: uint8, 255 where something is to be painted."""
    assert edit.where is not None  # checked before
    return edit.where.astype(np.uint8) * 255
