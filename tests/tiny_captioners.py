"""Tiny captioning models with random weights, of the real classes, made from configurations: no network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

WIDTH, SIDE, PATCH = 16, 32, 8
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = [*SPECIAL, "a", "the", "red", "blue", "green", "dog", "cat", "car", "on", "snow", "grass", "sky", "tree", "two", "big"]
SMALL = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}


def bert_tokenizer() -> Any:
    """A BERT tokenizer of a few words."""
    from transformers import BertTokenizer

    return BertTokenizer(vocab={word: i for i, word in enumerate(WORDS)})


def pictures() -> dict[str, Any]:
    """What the picture processor of every model here does."""
    return {"size": {"height": SIDE, "width": SIDE}}


def tiny_blip(folder: Path, seed: int = 0) -> Path:
    """BLIP: a vision transformer that a BERT decoder looks at."""
    import torch
    from transformers import (
        BlipConfig,
        BlipForConditionalGeneration,
        BlipImageProcessor,
        BlipProcessor,
        BlipTextConfig,
        BlipVisionConfig,
    )

    torch.manual_seed(seed)
    small: dict[str, Any] = dict(SMALL)
    text = BlipTextConfig(
        vocab_size=len(WORDS), encoder_hidden_size=WIDTH, projection_dim=WIDTH, max_position_embeddings=64,
        bos_token_id=2, eos_token_id=3, sep_token_id=3, pad_token_id=0, initializer_range=0.5, **small,
    )  # fmt: skip
    vision = BlipVisionConfig(image_size=SIDE, patch_size=PATCH, initializer_range=0.5, projection_dim=WIDTH, **small)
    config = BlipConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=WIDTH)
    BlipForConditionalGeneration(config).save_pretrained(folder)
    BlipProcessor(BlipImageProcessor(**pictures()), bert_tokenizer()).save_pretrained(folder)
    return folder


def tiny_git(folder: Path, seed: int = 0) -> Path:
    """GIT: a CLIP vision tower whose patches stand before the words of one transformer."""
    import torch
    from transformers import CLIPImageProcessor, GitConfig, GitForCausalLM, GitProcessor

    torch.manual_seed(seed)
    small: dict[str, Any] = dict(SMALL)
    config = GitConfig(
        vision_config={**small, "image_size": SIDE, "patch_size": PATCH},
        vocab_size=len(WORDS), max_position_embeddings=128, bos_token_id=2, eos_token_id=3, pad_token_id=0,
        initializer_range=0.5, **small,
    )  # fmt: skip
    GitForCausalLM(config).save_pretrained(folder)
    size: dict[str, Any] = {"size": {"shortest_edge": SIDE}, "crop_size": {"height": SIDE, "width": SIDE}}
    GitProcessor(CLIPImageProcessor(**size), bert_tokenizer()).save_pretrained(folder)
    return folder
