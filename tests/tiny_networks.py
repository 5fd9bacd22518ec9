"""Tiny vision networks of transformers with random weights, made from configurations and saved with their processors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

VIT = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}


def _resnet(t: Any) -> Any:
    return t.ResNetForImageClassification(
        t.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 2], layer_type="basic", num_labels=5)
    )


def _convnext(t: Any) -> Any:
    config = t.ConvNextConfig(hidden_sizes=[16, 24], depths=[1, 2], num_stages=2, num_labels=5, image_size=64)
    return t.ConvNextForImageClassification(config)


def _vit(t: Any) -> Any:
    return t.ViTForImageClassification(t.ViTConfig(**VIT, image_size=32, patch_size=8, num_labels=5))


def _wide_vit(t: Any) -> Any:
    return t.ViTModel(t.ViTConfig(**VIT, image_size=[24, 56], patch_size=8), add_pooling_layer=False)


def _dinov2(t: Any) -> Any:
    config = t.Dinov2WithRegistersConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, image_size=98, patch_size=14, num_register_tokens=6
    )
    return t.Dinov2WithRegistersModel(config)


def _swin(t: Any) -> Any:
    config = t.SwinConfig(
        image_size=64, patch_size=4, embed_dim=8, depths=[2, 2], num_heads=[2, 2], window_size=4, num_labels=5
    )
    return t.SwinForImageClassification(config)


def _clip(t: Any) -> Any:
    text = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 50}
    text |= {"bos_token_id": 1, "eos_token_id": 2}
    vision = VIT | {"image_size": 32, "patch_size": 8}
    return t.CLIPModel(t.CLIPConfig(vision_config=vision, text_config=text, projection_dim=12))


def _siglip(t: Any) -> Any:
    text = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 50}
    text |= {"bos_token_id": 1, "eos_token_id": 2}
    return t.SiglipModel(t.SiglipConfig(vision_config=VIT | {"image_size": 32, "patch_size": 8}, text_config=text))


Maker = Callable[[Any], Any]
# a network, and the processor of its family with the size that it gets
NETWORKS: dict[str, tuple[Maker, str, dict[str, Any]]] = {
    "resnet": (_resnet, "ConvNextImageProcessorPil", {"size": {"shortest_edge": 64}, "crop_pct": 0.875}),
    "convnext": (_convnext, "ConvNextImageProcessorPil", {"size": {"shortest_edge": 64}, "crop_pct": 0.875}),
    "vit": (_vit, "ViTImageProcessorPil", {"size": {"height": 32, "width": 32}}),
    "wide-vit": (_wide_vit, "ViTImageProcessorPil", {"size": {"height": 24, "width": 56}}),
    "dinov2": (_dinov2, "BitImageProcessorPil", {"size": {"shortest_edge": 64}, "crop_size": {"height": 42, "width": 42}}),
    "swin": (_swin, "ViTImageProcessorPil", {"size": {"height": 64, "width": 64}}),
    "clip": (_clip, "CLIPImageProcessorPil", {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}),
    "siglip": (_siglip, "SiglipImageProcessorPil", {"size": {"height": 32, "width": 32}}),
}


def tiny_network(folder: Path, family: str, processor: dict[str, Any] | None = None, seed: int = 0) -> Path:
    """Write the network of a family, seeded, into a folder, with its image processor (changed as `processor` says)."""
    import torch
    import transformers

    make, processor_class, settings = NETWORKS[family]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = make(transformers)
        for norm in network.modules():  # an untrained norm's statistics: else all that follows vanishes
            if isinstance(norm, torch.nn.BatchNorm2d):
                norm.get_buffer("running_mean").normal_(0, 0.1)
                norm.get_buffer("running_var").uniform_(0.5, 1.5)
    network.save_pretrained(folder)
    classes: Any = transformers
    getattr(classes, processor_class)(**(settings | (processor or {}))).save_pretrained(folder)
    return folder
