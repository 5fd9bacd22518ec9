"""`diffusers:ID_OR_DIR`: a generator that is any text-to-image pipeline of diffusers.

Covered: several prompts in one call, each picture by a seed of its own; pictures kept by model digest, settings, prompt and
seed. Settings follow the model after commas (`settings.py`). Not covered: loading (`loading.py`), batches and what goes wrong
in them (`running.py`), prompts for concepts (`../prompted_generator.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from ...targets.errors import BadInput
from ...targets.picture import Pixels
from ..generator import Wanted
from ..prompted_generator import PromptedGenerator, Refused
from ..store import Store
from .loading import Loaded, load
from .running import run
from .settings import read_settings

DEFAULT = "stabilityai/sd-turbo"


class DiffusersGenerator(PromptedGenerator):
    """Made with a store and what stands after ``diffusers:``. Raises `BadInput` where there is no such pipeline."""

    def __init__(self, store: Store, rest: str = "") -> None:
        super().__init__(store, f"diffusers:{rest}" if rest else "diffusers")
        self.settings = read_settings(rest, DEFAULT)
        self.loaded: Loaded = load(self.settings, "generator")
        check_takes_a_prompt_alone(self.loaded)

    @cached_property
    def _kept_by(self) -> str:
        from importlib.metadata import version

        return f"diffusers {version('diffusers')} {self.loaded.key} {self.settings.numbers()}"

    def recipe(self, wanted: Wanted) -> str:
        return f"{self._kept_by} {wanted.prompt!r} {wanted.seed}"

    def batches(self, wanted: Sequence[Wanted]) -> Iterator[list[tuple[Wanted, Pixels | Refused]]]:
        return run(self.loaded, wanted, self._asked, lambda one: (one.prompt, one.seed))

    def _asked(self, some: Sequence[Wanted]) -> dict[str, Any]:
        s = self.settings
        told = {"num_inference_steps": s.steps, "guidance_scale": s.guidance, "height": s.side, "width": s.side}
        given = {name: value for name, value in told.items() if value is not None and name in self.loaded.takes}
        return {"prompt": [one.prompt for one in some], **given}


def check_takes_a_prompt_alone(loaded: Loaded) -> None:
    """Whether the pipeline makes a picture of a prompt and nothing else. Raises `BadInput` saying what it is instead."""
    wants = [name for name in ("mask_image", "image", "video", "audio_length_in_s", "num_frames") if name in loaded.takes]
    kind = type(loaded.pipeline).__name__
    if "prompt" not in loaded.takes or (wants and not _optional(loaded, wants)):
        editor = f"write --editor {loaded.name}" if {"prompt", "image"} <= loaded.takes else "take a text-to-image pipeline"
        raise BadInput(f"{loaded.name} is a {kind}, which makes no picture of a prompt alone: {editor}")


def _optional(loaded: Loaded, wants: Sequence[str]) -> bool:
    """Whether the pipeline is known to make pictures from text, and only may be shown others."""
    from diffusers.pipelines import auto_pipeline

    return type(loaded.pipeline) in auto_pipeline.AUTO_TEXT2IMAGE_PIPELINES_MAPPING.values() and "mask_image" not in wants
