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


def unet(channels: int, **more: Any) -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=8,
        in_channels=channels,
        out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(8, WIDTH),
        layers_per_block=1,
        attention_head_dim=2,
        norm_num_groups=2,
        **({"cross_attention_dim": WIDTH} | more),
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


def tiny_sdxl(folder: Path, kind: str = "StableDiffusionXLPipeline", channels: int = 4) -> Path:
    """Stable Diffusion XL: two text encoders, and a network that is told the picture's size; `kind`: one of its editors."""
    import diffusers
    import torch

    torch.manual_seed(0)
    sizes = 8  # of the embedding of each of six numbers
    more = {"addition_embed_type": "text_time", "addition_time_embed_dim": sizes, "transformer_layers_per_block": (1, 2)}
    more |= {"projection_class_embeddings_input_dim": 6 * sizes + WIDTH, "use_linear_projection": True}
    getattr(diffusers, kind)(
        vae=vae(),
        text_encoder=clip_text(),
        text_encoder_2=clip_text(projected=True),
        tokenizer=clip_tokenizer(),
        tokenizer_2=clip_tokenizer(),
        unet=unet(channels, cross_attention_dim=2 * WIDTH, **more),
        scheduler=diffusers.EulerDiscreteScheduler(timestep_spacing="leading", steps_offset=1),
    ).save_pretrained(folder)
    return folder


def tiny_sd3(folder: Path, kind: str = "StableDiffusion3Pipeline") -> Path:
    """Stable Diffusion 3: a transformer over patches of latents, two CLIP encoders and a T5; `kind`: one of its editors."""
    import diffusers
    import torch

    torch.manual_seed(0)
    transformer = diffusers.SD3Transformer2DModel(
        sample_size=8,
        patch_size=1,
        in_channels=16,
        out_channels=16,
        num_layers=1,
        attention_head_dim=8,
        num_attention_heads=4,
        joint_attention_dim=2 * WIDTH,
        caption_projection_dim=2 * WIDTH,
        pooled_projection_dim=2 * WIDTH,
    )
    t5, t5_tokenizer = t5_text()
    getattr(diffusers, kind)(
        transformer=transformer,
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=vae(16, use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.06, scaling_factor=1.5),
        text_encoder=clip_text(projected=True),
        tokenizer=clip_tokenizer(),
        text_encoder_2=clip_text(projected=True),
        tokenizer_2=clip_tokenizer(),
        text_encoder_3=t5,
        tokenizer_3=t5_tokenizer,
    ).save_pretrained(folder)
    return folder


def t5_text() -> tuple[Any, Any]:
    """A T5 encoder of width 32, and a tokenizer of single bytes that reads 256 of them."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, T5Config, T5EncoderModel

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = Tokenizer(models.BPE({word: i for i, word in enumerate(["<pad>", "</s>", *letters])}, []))
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    config = T5Config(vocab_size=len(letters) + 2, d_model=2 * WIDTH, d_kv=8, d_ff=37, num_layers=1, num_heads=4)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", eos_token="</s>", model_max_length=256
    )
    return T5EncoderModel(config), tokenizer


def tiny_flux(folder: Path) -> Path:
    """Flux: a transformer that takes patches of latents, a CLIP and a T5 encoder."""
    import torch
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel

    torch.manual_seed(0)
    transformer = FluxTransformer2DModel(
        patch_size=1,
        in_channels=4,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=2 * WIDTH,
        pooled_projection_dim=WIDTH,
        axes_dims_rope=(4, 4, 8),
        guidance_embeds=False,
    )
    t5, t5_tokenizer = t5_text()
    pipeline: Any = FluxPipeline
    pipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=vae(1, use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.0, scaling_factor=1.0),
        text_encoder=clip_text(),
        tokenizer=clip_tokenizer(),
        text_encoder_2=t5,
        tokenizer_2=t5_tokenizer,
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
