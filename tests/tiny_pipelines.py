"""Tiny pipelines of diffusers with random weights, of the real classes, made from configurations: no network.

Each writes a folder as `save_pretrained` does. Pictures are 16 x 16 where nobody says otherwise, and mean nothing.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

WIDTH = 16


@cache
def clip_tokenizer() -> Any:
    """A CLIP tokenizer of single bytes."""
    from tokenizers import pre_tokenizers
    from transformers import CLIPTokenizer

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={word: i for i, word in enumerate(words)}, merges=[], model_max_length=77)


def clip_text(projected: bool = False) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    tokenizer = clip_tokenizer()
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=77,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        projection_dim=WIDTH,
    )
    return (CLIPTextModelWithProjection if projected else CLIPTextModel)(config)


def vae(latents: int = 4, **more: Any) -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(8, WIDTH),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=latents,
        norm_num_groups=2,
        sample_size=WIDTH,
        **more,
    )


def unet(channels: int) -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=8,
        in_channels=channels,
        out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(8, WIDTH),
        layers_per_block=1,
        cross_attention_dim=WIDTH,
        attention_head_dim=2,
        norm_num_groups=2,
    )


def tiny_stable_diffusion(
    folder: Path, kind: str = "StableDiffusionPipeline", checker: bool = False, seed: int = 0
) -> Path:
    """Stable Diffusion, or `kind`: InstructPix2Pix (8 channels in) or inpainting (9), with a safety checker or without."""
    import diffusers
    import torch
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPTextConfig, CLIPVisionConfig

    torch.manual_seed(seed)
    channels = {"StableDiffusionInstructPix2PixPipeline": 8, "StableDiffusionInpaintPipeline": 9}.get(kind, 4)
    parts: dict[str, Any] = {"safety_checker": None, "feature_extractor": None}
    if checker:
        from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker

        small: dict[str, Any] = {"hidden_size": WIDTH, "intermediate_size": 32, "num_attention_heads": 2}
        small["num_hidden_layers"] = 1
        vision = CLIPVisionConfig(**small, image_size=32, patch_size=8)
        config = CLIPConfig(vision_config=vision.to_dict(), text_config=CLIPTextConfig(**small).to_dict(), projection_dim=WIDTH)
        parts["safety_checker"] = StableDiffusionSafetyChecker(config)
        size: dict[str, Any] = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
        parts["feature_extractor"] = CLIPImageProcessor(**size)
    pipeline = getattr(diffusers, kind)(
        vae=vae(),
        text_encoder=clip_text(),
        tokenizer=clip_tokenizer(),
        unet=unet(channels),
        scheduler=diffusers.EulerDiscreteScheduler(timestep_spacing="trailing", steps_offset=1),
        requires_safety_checker=checker,
        **parts,
    )
    pipeline.save_pretrained(folder)
    return folder


def tiny_flux(folder: Path) -> Path:
    """Flux: a transformer that takes patches of latents, a CLIP and a T5 encoder."""
    import torch
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, T5Config, T5EncoderModel

    torch.manual_seed(0)
    transformer = FluxTransformer2DModel(
        patch_size=1,
        in_channels=4,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        pooled_projection_dim=WIDTH,
        axes_dims_rope=(4, 4, 8),
        guidance_embeds=False,
    )
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = Tokenizer(models.BPE({word: i for i, word in enumerate(["<pad>", "</s>", *letters])}, []))
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t5 = T5Config(vocab_size=len(letters) + 2, d_model=32, d_kv=8, d_ff=37, num_layers=1, num_heads=4)
    pipeline: Any = FluxPipeline
    pipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=vae(1, use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.0, scaling_factor=1.0),
        text_encoder=clip_text(),
        tokenizer=clip_tokenizer(),
        text_encoder_2=T5EncoderModel(t5),
        tokenizer_2=PreTrainedTokenizerFast(
            tokenizer_object=words, pad_token="<pad>", eos_token="</s>", model_max_length=256
        ),
        transformer=transformer,
    ).save_pretrained(folder)
    return folder


def with_decoder(folder: Path, bias: float) -> Path:
    """The same pipeline with a decoder whose every value is `bias`, -1 for black to 1 for white; NaN is no number at all."""
    import safetensors.torch

    file = folder / "vae" / "diffusion_pytorch_model.safetensors"
    tensors = safetensors.torch.load_file(file)
    tensors["decoder.conv_out.weight"] *= 0
    tensors["decoder.conv_out.bias"][:] = bias
    safetensors.torch.save_file(tensors, file)
    return folder


def index_of(folder: Path) -> dict[str, Any]:
    """What model_index.json says."""
    told: dict[str, Any] = json.loads((folder / "model_index.json").read_text())
    return told
