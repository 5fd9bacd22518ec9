"""`hf:ID_OR_DIR`: a vision network of transformers as a target, from a folder, the hub's cache or the hub.

Covered: every transformers model that takes pixel values (ResNet, ConvNeXt, ViT, DINOv2 with and without registers, Swin,
the vision towers of CLIP and SigLIP, also out of a folder with the whole model), its own image processor, its token grids,
class logits and any inner module. ``hf:DIR+bfloat16`` and ``+float16`` compute in half precision: float32 as
it is written is the default; ``+compiled`` compiles it. Weights are read from safetensors or by torch's weights-only
unpickler; no code that comes with a model is run. Not covered: models that take patches of any size (SigLIP 2
NaFlex), video and depth.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import BadInput, TargetFailed, nearest, one_line
from .hub import EXTRA, model_folder
from .image_processor import load_processor
from .layout import TokenGrids
from .module import Half, ModuleTarget, within
from .patch import noise_pictures
from .written_path import is_folder

if TYPE_CHECKING:
    from torch import nn

EXAMPLE = "hf:google/vit-base-patch16-224"
OPTIONS = ("bfloat16", "float16", "compiled")
# tokens before the grid, by the kind of model: class tokens, and one for distillation; registers come on top
PREFIX = {
    "beit": 1,
    "clip_vision_model": 1,
    "data2vec-vision": 1,
    "deit": 2,
    "dinov2": 1,
    "dinov2_with_registers": 1,
    "dinov3_vit": 1,
    "ijepa": 0,
    "siglip_vision_model": 0,
    "swin": 0,
    "swinv2": 0,
    "vit": 1,
    "vit_msn": 1,
}


def load_hugging_face(name: str, device: str = "auto") -> ModuleTarget:
    """The target ``hf:ID_OR_DIR[+bfloat16|+float16][+compiled]``.

    Raises `BadInput`, one line, where transformers is not installed, the folder or hub id holds no vision network, weights are
    missing or are code, or the image processor lacks or disagrees with the network.
    """
    where, options = _options(name)
    folder = model_folder(name, where)
    library = _transformers(name)
    with _quiet(library):
        module, unread = _loaded(name, folder, library)
        preprocess = load_processor(name, folder)
    made = preprocess.batch([noise_pictures(1)[0].pixels])
    size = (int(made.shape[2]), int(made.shape[3]))
    half: Half | None = "float16" if "float16" in options else "bfloat16" if "bfloat16" in options else None
    try:
        target = ModuleTarget(
            name,
            module,
            preprocess,
            device=device,
            preprocess_batch=preprocess.batch,
            identity=f"transformers {library.__version__}",
            tokens=_token_grids(module.config, size),
            half=half,
            without=unread,
            compiled="compiled" in options,
        )
    except TargetFailed as error:
        wanted = _wanted_size(module.config)
        if wanted is None or wanted == size:
            raise
        made_size, its = f"{size[0]}x{size[1]}", f"{wanted[0]}x{wanted[1]}"
        raise BadInput(
            f"{name}: its image processor makes pictures of {made_size}, and the network takes {its}: "
            f"set 'size' (and 'crop_size') to that in {str(folder / 'preprocessor_config.json')!r}"
        ) from error
    default, listed = outline(module, [layer.name for layer in target.layers])
    target.layers = tuple(layer for layer in target.layers if layer.name in listed)
    target.default_layers = tuple(default)
    return target


def outline(module: nn.Module, known: Sequence[str]) -> tuple[list[str], list[str]]:
    """Which layers to dissect, and which to list, of `known` (in forward order).

    Dissected: the stages or blocks of the trunk (members of its outermost lists), and what comes after the last of them
    beside the trunk (norms, heads, logits). Listed: these, and the blocks within stages.
    """
    from torch import nn

    stages: list[str] = []
    inner: list[str] = []
    for name, found in module.named_modules():
        if isinstance(found, nn.ModuleList) and not within(name, stages):
            stages += [f"{name}.{member}" for member in found._modules]
    for stage in stages:
        for name, found in module.get_submodule(stage).named_children():
            if isinstance(found, nn.ModuleList | nn.Sequential) and name in ("blocks", "layers"):
                inner += [f"{stage}.{name}.{member}" for member in found._modules]
    if not stages:
        return list(known), list(known)
    beside = {stage.rpartition(".")[0].rpartition(".")[0] for stage in stages}
    trunk = {path for start in beside for path in _and_above(start)}
    last = max((index for index, name in enumerate(known) if name in stages), default=-1)
    after = [name for name in known[last + 1 :] if name not in trunk and name.rpartition(".")[0] in trunk]
    default = [name for name in known if name in {*stages, *after}]
    return default, [name for name in known if name in {*stages, *inner, *after}]


def _and_above(path: str) -> Iterator[str]:
    """The path of a module and of all that hold it, the network itself ("") last."""
    while path:
        yield path
        path = path.rpartition(".")[0]
    yield ""


# ---- loading --------------------------------------------------------------------------------------------------------


def _options(name: str) -> tuple[str, list[str]]:
    """The folder or hub id in a name, and its options; a folder whose name holds a plus is that folder."""
    where = name.partition(":")[2]
    if not where:
        raise BadInput(f"{name!r} names no network: write hf:DIR, or hf:OWNER/NAME such as {EXAMPLE!r}")
    if is_folder(where):
        return where, []
    where, *options = where.split("+")
    for option in options:
        if option not in OPTIONS:
            raise BadInput(f"{name!r}: unknown option {option!r}; nearest: {nearest(option, OPTIONS)}")
    if len(set(options)) < len(options) or {"bfloat16", "float16"} <= set(options):
        raise BadInput(f"{name!r}: one type of number at most, and each option once")
    return where, options


def _transformers(name: str) -> Any:
    try:
        import transformers
    except ImportError:
        raise BadInput(f"{name!r} needs transformers: {EXTRA}") from None
    return transformers


def _loaded(name: str, folder: Path, library: Any) -> tuple[Any, list[str]]:
    """The network with its weights, in float32, and the names of modules that have none (poolers that nobody trained)."""
    import torch

    if not (folder / "config.json").is_file():
        raise BadInput(f"{name}: {str(folder)!r} holds no network: it has no config.json")
    try:
        config = library.AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        network, config = _network_of(name, config, library)
        module, told = network.from_pretrained(
            folder, config=config, local_files_only=True, trust_remote_code=False, dtype=torch.float32, output_loading_info=True
        )
    except BadInput:
        raise
    except Exception as error:  # a folder may hold anything
        if type(error).__name__ == "UnpicklingError":
            raise BadInput(
                f"{name}: its weights are a pickle with code in it, which is not run: {_blocked(error)}; "
                "take a version of it in safetensors"
            ) from None
        if "ignore_mismatched_sizes" in str(error):
            raise BadInput(f"{name}: weights in {str(folder)!r} have other shapes than its config.json says") from error
        raise BadInput(f"{name} is no vision network that transformers loads: {one_line(error)[:300]}") from error
    unread = sorted({key.rpartition(".")[0] for key in told["missing_keys"]})
    wrong = [key for key in unread if "pooler" not in key.split(".")]
    if wrong:
        raise BadInput(
            f"{name}: {str(folder)!r} holds no weights for {len(wrong)} of the network's modules, such as {wrong[0]!r}: "
            "with random ones it would be another network"
        )
    if unread:
        print(f"lettvin: left out {unread[0].partition('.dense')[0]!r} of {name}: it comes without weights", file=sys.stderr)
    for inner in unread:  # else drawn at random anew at each loading, and the network would have another key each time
        for parameter in module.get_submodule(inner).parameters():
            parameter.data.zero_()
    module.config._name_or_path = ""
    for inner in module.modules():  # where it lay, and under which names its weights: neither decides a number
        if hasattr(inner, "name_or_path"):
            inner.name_or_path = ""
        vars(inner).pop("_weight_conversions", None)
    return module, [key.removesuffix(".dense") for key in unread]


def _network_of(name: str, config: Any, library: Any) -> tuple[Any, Any]:
    """The class and configuration of a folder's network; of one with pictures and text, its vision tower's."""
    said = (getattr(config, "architectures", None) or [None])[0]
    found = getattr(library, said, None) if said else library.MODEL_MAPPING.get(type(config))
    if found is None:
        raise BadInput(f"{name}: transformers {library.__version__} has no class {said or type(config).__name__!r}")
    vision = getattr(config, "vision_config", None)
    if vision is not None:
        stem = re.sub(r"(Model|For\w+)$", "", found.__name__)
        named = (f"{stem}VisionModelWithProjection", f"{stem}VisionModel")
        tower = next((tower for each in named if (tower := getattr(library, each, None)) is not None), None)
        if tower is not None and tower.config_class is type(vision):
            if hasattr(config, "projection_dim"):
                vision.projection_dim = config.projection_dim  # the whole network's counts
            found, config = tower, vision
    if getattr(found, "main_input_name", None) != "pixel_values" or getattr(config, "is_encoder_decoder", False):
        raise BadInput(f"{name}: {found.__name__} takes no pictures alone: take a vision network, or the vision tower of one")
    return found, config


def _blocked(error: Exception) -> str:
    found = re.search(r"(?:GLOBAL|global) ([\w.]+)", str(error))
    return f"it names {found[1]!r}" if found else one_line(error)[:120]


def _token_grids(config: Any, size: tuple[int, int]) -> TokenGrids | None:
    """The grids of a family's tokens for inputs of that size (height, width); None where the family is not known."""
    prefix, patch = PREFIX.get(config.model_type), getattr(config, "patch_size", None)
    if prefix is None or patch is None:
        return None
    tall, wide = patch if isinstance(patch, list | tuple) else (patch, patch)
    hierarchical = config.model_type in ("swin", "swinv2")
    if not hierarchical:
        return TokenGrids(prefix + int(getattr(config, "num_register_tokens", 0) or 0), ((size[0] // tall, size[1] // wide),))
    grid = (-(-size[0] // tall), -(-size[1] // wide))  # its patches are padded, and so is every merging of them
    grids = [grid]
    for _ in config.depths[1:]:
        grid = (-(-grid[0] // 2), -(-grid[1] // 2))
        grids.append(grid)
    return TokenGrids(prefix, tuple(grids))


def _wanted_size(config: Any) -> tuple[int, int] | None:
    size = getattr(config, "image_size", None)
    if isinstance(size, int):
        return size, size
    return (int(size[0]), int(size[1])) if isinstance(size, list | tuple) and len(size) == 2 else None


@contextlib.contextmanager
def _quiet(library: Any) -> Iterator[None]:
    """Without what transformers says of keys and progress while it loads; what matters of it is said by us."""
    logs = library.utils.logging
    before, bars = logs.get_verbosity(), logs.is_progress_bar_enabled()
    logs.set_verbosity(logs.CRITICAL)
    logs.disable_progress_bar()
    try:
        yield
    finally:
        logs.set_verbosity(before)
        if bars:
            logs.enable_progress_bar()
