"""Diffusion models and captioners by their sizes, without their weights: the networks that a name stands for, made here.

Covered: the dimensions of published models, written from their papers and configurations; their networks on any device, the
meta device too, where nothing is allocated; a small one for measuring on a CPU. Not covered: weights: none is fetched.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Network = Callable[[], Any]


def clip_text(width: int, layers: int, heads: int, projected: bool = False, **more: Any) -> Any:
    """A CLIP text encoder."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        projection_dim=width,
        **{"vocab_size": 49408, **more},
    )
    return (CLIPTextModelWithProjection if projected else CLIPTextModel)(config)


def vae(widths: tuple[int, ...] = (128, 256, 512, 512), latents: int = 4, **more: Any) -> Any:
    """The autoencoder of Stable Diffusion, or (16 latents) of Flux."""
    import diffusers

    network: Any = diffusers.AutoencoderKL
    return network(
        block_out_channels=widths,
        down_block_types=("DownEncoderBlock2D",) * len(widths),
        up_block_types=("UpDecoderBlock2D",) * len(widths),
        layers_per_block=2,
        latent_channels=latents,
        **more,
    )


def unet(channels: int = 4, cross: int = 768, heads: Any = 8, **more: Any) -> Any:
    """The denoiser of Stable Diffusion: 4 channels in, 8 of an instruction editor, 9 of an inpainter."""
    import diffusers

    network: Any = diffusers.UNet2DConditionModel
    given = {"sample_size": 64, "in_channels": channels, "cross_attention_dim": cross, "attention_head_dim": heads}
    return network(**{**given, **more})


def unet_xl() -> Any:
    """The denoiser of SDXL."""
    return unet(
        cross=2048,
        heads=(5, 10, 20),
        sample_size=128,
        block_out_channels=(320, 640, 1280),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 2, 10),
        addition_embed_type="text_time",
        addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=2816,
        use_linear_projection=True,
    )


def safety_checker() -> Any:
    """The safety checker of Stable Diffusion: a CLIP vision tower, ViT-L/14."""
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig

    tower = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16}
    return StableDiffusionSafetyChecker(CLIPConfig(vision_config=tower | {"patch_size": 14}, projection_dim=768))


def flux() -> Any:
    """The transformer of FLUX.1."""
    import diffusers

    network: Any = diffusers.FluxTransformer2DModel
    return network(num_layers=19, num_single_layers=38, guidance_embeds=False)


def t5_xxl() -> Any:
    """The encoder of T5 v1.1 XXL."""
    from transformers import T5Config, T5EncoderModel

    gated: dict[str, Any] = {"feed_forward_proj": "gated-gelu", "vocab_size": 32128}
    return T5EncoderModel(T5Config(d_model=4096, d_kv=64, d_ff=10240, num_layers=24, num_heads=64, **gated))


def git_base() -> Any:
    """GIT, base."""
    from transformers import GitConfig, GitForCausalLM

    return GitForCausalLM(GitConfig())


def _text_1() -> Any:
    return clip_text(768, 12, 12)


def _text_2() -> Any:
    return clip_text(1024, 23, 16)


MODELS: dict[str, tuple[str, dict[str, Network]]] = {
    "stabilityai/sd-turbo": (
        "generator",
        {"unet": lambda: unet(cross=1024, heads=(5, 10, 20, 20), use_linear_projection=True), "text": _text_2, "vae": vae},
    ),
    "stabilityai/sdxl-turbo": (
        "generator",
        {"unet": unet_xl, "text": _text_1, "text 2": lambda: clip_text(1280, 32, 20, projected=True), "vae": vae},
    ),
    "black-forest-labs/FLUX.1-schnell": (
        "generator",
        {"transformer": flux, "text": _text_1, "text 2": t5_xxl, "vae": lambda: vae(latents=16)},
    ),
    "timbrooks/instruct-pix2pix": (
        "editor",
        {"unet": lambda: unet(8), "text": _text_1, "vae": vae, "safety checker": safety_checker},
    ),
    "stable-diffusion-v1-5/stable-diffusion-inpainting": (
        "editor",
        {"unet": lambda: unet(9), "text": _text_1, "vae": vae, "safety checker": safety_checker},
    ),
    "microsoft/git-base-coco": ("describer", {"model": git_base}),
}
"""What each is for, and its networks; the first of each kind is what is taken where nobody names one."""


def write_pipeline(folder: Path, real: bool, channels: int = 4) -> Path:
    """A pipeline of random weights in a folder, of sd-turbo's size or a small one; 8 channels make it an instruction editor."""
    import diffusers
    import torch
    from tokenizers import pre_tokenizers
    from transformers import CLIPTokenizer

    torch.manual_seed(0)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    tokenizer = CLIPTokenizer(vocab={word: i for i, word in enumerate(words)}, merges=[], model_max_length=77)
    if real:
        denoiser = unet(channels, 1024, (5, 10, 20, 20), use_linear_projection=True)
        parts = {"unet": denoiser, "text_encoder": _text_2(), "vae": vae()}
    else:
        sizes = {"block_out_channels": (32, 64, 96, 96), "layers_per_block": 1, "norm_num_groups": 8, "sample_size": 16}
        parts = {
            "unet": unet(channels, 64, 8, **sizes),
            "text_encoder": clip_text(64, 4, 4, vocab_size=len(words), bos_token_id=0, eos_token_id=len(words) - 1),
            "vae": vae((32, 32, 64, 64), norm_num_groups=8),
        }
    kind = diffusers.StableDiffusionInstructPix2PixPipeline if channels == 8 else diffusers.StableDiffusionPipeline
    pipeline: Any = kind
    scheduler: Any = diffusers.EulerDiscreteScheduler
    made = pipeline(
        **parts,
        tokenizer=tokenizer,
        scheduler=scheduler(timestep_spacing="trailing", steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    (made.to(torch.float16) if real else made).save_pretrained(folder)
    return folder
