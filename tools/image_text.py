"""How well words fit a picture: `conse`, which works offline, or a model of transformers with two towers (CLIP, SigLIP).

Covered: pictures and lines of text as vectors of unit length in one space, whose dot products are the cosines; models in a
folder or of the hub, with safetensors only and no code that comes with a model; the model's own tokenizer and picture
processor. Not covered: what is done with the cosines (`benchmarks/predictive/looks.py`), models that write (`captioner.py`).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..targets.errors import BadInput, ModelFailed, one_line
from ..targets.hub import check_model_files, folder_key, model_folder
from ..targets.image_processor import load_processor
from ..targets.picture import Picture

EXTRA = "pip install 'lettvin[hf]'"
FILES = ("*.json", "*.txt", "*.model", "*.safetensors")
BATCH = {"cpu": 16, "cuda": 128}


class ImageText(Protocol):
    """Pictures and texts in one space. `key`: of all that decides the vectors."""

    name: str
    key: str

    def pictures(self, pictures: Sequence[Picture]) -> np.ndarray:
        """Vectors of unit length: float32, pictures x dimensions."""
        ...

    def texts(self, lines: Sequence[str]) -> np.ndarray:
        """Vectors of unit length: float32, lines x dimensions."""
        ...


def image_text(where: str) -> ImageText:
    """``conse``, else the model in a folder or of the hub. Raises `BadInput` where there is none, or it is not of that kind."""
    return _Conse() if where == "conse" else _TwoTowers(where)


class _Conse:
    """A classifier's likeliest classes as sentences; what no class of ImageNet comes near fits nothing."""

    name = "conse"

    def __init__(self) -> None:
        from .conse import Conse

        self._conse = Conse()
        self.key = self._conse.key

    def pictures(self, pictures: Sequence[Picture]) -> np.ndarray:
        return self._conse.picture_embeddings(pictures)

    def texts(self, lines: Sequence[str]) -> np.ndarray:
        from .sentence_embedding import embedded

        return embedded(lines)


class _TwoTowers:
    """A network for pictures and one for texts, trained to agree."""

    def __init__(self, where: str) -> None:
        self.name = where
        asked = f"clip-dissect:{where}"
        if importlib.util.find_spec("transformers") is None:
            raise BadInput(f"{asked} needs transformers: {EXTRA}")
        self._asked, self._folder = asked, model_folder(asked, where, FILES, EXTRA, ()).resolve()
        self._tokenizer, self._model = _loaded(asked, self._folder)
        self.key = folder_key(self._folder)
        self._batch = BATCH["cuda" if str(self._model.device).startswith("cuda") else "cpu"]

    @cached_property
    def _processor(self) -> Any:
        return load_processor(self._asked, self._folder)

    def pictures(self, pictures: Sequence[Picture]) -> np.ndarray:
        def some(start: int) -> Any:
            pixels = self._processor.batch([p.pixels for p in pictures[start : start + self._batch]])
            return self._model.get_image_features(pixel_values=pixels.to(self._model.device, self._model.dtype))

        return self._vectors(some, len(pictures))

    def texts(self, lines: Sequence[str]) -> np.ndarray:
        longest = int(self._model.config.text_config.max_position_embeddings)
        # SigLIP was trained on lines padded to their longest, without a mask
        siglip = str(self._model.config.model_type).startswith("siglip")
        taken = ("input_ids",) if siglip else ("input_ids", "attention_mask")

        def some(start: int) -> Any:
            tokens = self._tokenizer(
                list(lines[start : start + self._batch]),
                padding="max_length" if siglip else True, truncation=True, max_length=longest, return_tensors="pt",
            )  # fmt: skip
            inputs = {name: tokens[name].to(self._model.device) for name in taken if name in tokens}
            return self._model.get_text_features(**inputs)

        return self._vectors(some, len(lines))

    def _vectors(self, some: Any, n: int) -> np.ndarray:
        """Batches put together, each row of unit length. Raises `ModelFailed`."""
        import torch

        rows: list[np.ndarray] = []
        try:
            with torch.inference_mode():
                for start in range(0, n, self._batch):
                    found = some(start)
                    found = getattr(found, "pooler_output", found)
                    rows.append(torch.nn.functional.normalize(found.float(), dim=-1).cpu().numpy())
        except BadInput:
            raise
        except Exception as error:  # a model's own code raises nearly anything, out of memory too
            raise ModelFailed(f"{self._asked} failed on {self._model.device}: {one_line(error)[:300]}") from error
        return np.concatenate(rows) if rows else np.empty((0, 0), np.float32)


@lru_cache(maxsize=1)
def _loaded(asked: str, folder: Path) -> tuple[Any, Any]:
    """The tokenizer and the model, ready to be asked."""
    check_model_files(asked, folder)
    import torch
    import transformers

    library: Any = transformers  # not typed throughout
    library.utils.logging.disable_progress_bar()
    library.utils.logging.set_verbosity_error()
    try:
        tokenizer = library.AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model = library.AutoModel.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype="auto", trust_remote_code=False
        )
    except Exception as error:  # a folder may hold anything
        raise BadInput(f"{asked} is no model that transformers loads: {one_line(error)[:300]}") from error
    if not (hasattr(model, "get_image_features") and hasattr(model, "get_text_features")):
        kind = type(model).__name__
        raise BadInput(f"{asked}: {kind!r} does not put pictures and texts in one space, as a CLIPModel or SiglipModel does")
    return tokenizer, model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
