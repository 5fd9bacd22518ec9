"""`captioner:ID_OR_DIR`: a describer that is an image-captioning model of transformers, such as GIT, BLIP or ViT-GPT2.

Covered: a folder, or a model of the hub; safetensors only, and no code that comes with a model; pictures whole, or the square
around a region; many in one call, each caption as it would be alone. Not covered: models that converse (`local:`), and
checkpoints that hold nothing but pickles.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..targets.errors import BadInput, ModelFailed, ToolError, one_line
from ..targets.hub import check_model_files, folder_key, model_folder
from ..targets.picture import Picture
from .region import cropped_to

DEFAULT = "microsoft/git-base-coco"
EXTRA = "pip install 'lettvin[local]'"
FILES = ("*.json", "*.txt", "*.model", "*.safetensors")
WORDS = 32  # tokens of a caption, at most
BATCH = {"cpu": 8, "cuda": 32}
VERSION = 1  # of what is done with the model


class Captioner:
    """Made with what stands after ``captioner:``. Raises `BadInput` where there is no such model."""

    def __init__(self, rest: str = "") -> None:
        where = rest or DEFAULT
        self.name = f"captioner:{where}"
        if importlib.util.find_spec("transformers") is None:
            raise BadInput(f"{self.name} needs transformers: {EXTRA}")
        self._folder = model_folder(self.name, where, FILES, EXTRA, ()).resolve()
        self._processor, self._model = _loaded(self.name, self._folder)
        self.device = str(self._model.device)
        self._batch = BATCH["cuda" if self.device.startswith("cuda") else "cpu"]

    @cached_property
    def key(self) -> str:
        """What decides its words: the model's files, the library, where it computes, and how much it may say."""
        from importlib.metadata import version

        device = self.device.partition(":")[0]
        return f"captioner {VERSION} {version('transformers')} {folder_key(self._folder)} {device} {self._model.dtype} {WORDS}"

    def describe(self, picture: Picture, region: np.ndarray | None = None) -> str:
        """What the model says of the picture, in one line; of a region (bool, height x width), of the square around it."""
        return self.describe_many([picture], [region])[0]

    def describe_many(self, pictures: Sequence[Picture], regions: Sequence[np.ndarray | None]) -> list[str]:
        """A line for each picture. Raises `ToolError` where the model says nothing, and `ModelFailed` where it fails."""
        shown = [p if r is None else cropped_to(p, r) for p, r in zip(pictures, regions, strict=True)]
        seen = [p for p in shown if p is not None]
        said: list[str] = []
        while len(said) < len(seen):
            said += self._said(seen[len(said) : len(said) + self._batch])
        lines = iter(said)
        return ["nothing: the unit fires nowhere above its threshold" if p is None else next(lines) for p in shown]

    def _said(self, pictures: Sequence[Picture]) -> list[str]:
        import torch

        try:
            inputs = self._processor(images=[p.image for p in pictures], return_tensors="pt")
            pixels = inputs["pixel_values"].to(self._model.device, self._model.dtype)
            with torch.inference_mode():
                written = self._model.generate(pixel_values=pixels, max_new_tokens=WORDS, do_sample=False, num_beams=1)
        except Exception as error:  # a model's own code raises nearly anything, out of memory too
            raise ModelFailed(f"{self.name} failed on {self.device}: {one_line(error)[:300]}") from error
        words = _tokenizer(self._processor).batch_decode(written, skip_special_tokens=True)
        lines = [" ".join(line.split()) for line in words]
        silent = next((p for p, line in zip(pictures, lines, strict=True) if not line), None)
        if silent is not None:
            raise ToolError(f"{self.name} said nothing of picture {silent.id[:12]!r}")
        return lines


def _tokenizer(processor: Any) -> Any:
    return getattr(processor, "tokenizer", processor)


@lru_cache(maxsize=1)  # several units that are asked one after the other load it once
def _loaded(name: str, folder: Path) -> tuple[Any, Any]:
    """The processor and the model, ready to be asked."""
    check_model_files(name, folder)
    import torch
    import transformers

    library: Any = transformers  # not typed throughout
    library.utils.logging.disable_progress_bar()
    library.utils.logging.set_verbosity_error()
    try:
        processor = library.AutoProcessor.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model = library.AutoModelForImageTextToText.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype="auto", trust_remote_code=False
        )
        model = model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
    except Exception as error:  # a folder may hold anything
        raise BadInput(f"{name} is no captioner that transformers loads: {one_line(error)[:300]}") from error
    if getattr(processor, "chat_template", None) is not None:
        raise BadInput(f"{name} converses, and says nothing unasked: write local: in place of captioner:")
    return processor, model
