"""`timm:NAME_OR_DIR` and `torchvision:NAME[@WEIGHTS]`: the networks of these two libraries, where they are installed.

Covered: timm's models by their names (``resnet50.a1_in1k``) or out of a folder with config.json and weights, torchvision's by
theirs with their weights' own transforms, the box that these keep of a picture, and token grids where the network tells them.
Weights are numbers alone (safetensors, or torch's weights-only unpickler). Without a network what is in the caches of both
is found. ``+compiled`` at a name's end compiles the forward. Not covered: untrained networks, detection and segmentation.
"""

from __future__ import annotations

import importlib
import math
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .compiled import split_compiled
from .errors import BadInput, TargetFailed, nearest, one_line
from .hub import LOOK_UP_SECONDS, in_time, model_folder
from .layout import TokenGrids
from .module import ModuleTarget
from .written_path import is_folder

if TYPE_CHECKING:
    import torch
    from PIL import Image

TIMM_FILES = ("config.json", "model.safetensors")
TIMM_EXAMPLE, TORCHVISION_EXAMPLE = "timm:resnet50.a1_in1k", "torchvision:resnet50"


class CentreOf:
    """A library's transform of a picture that resizes the shorter side to `edge` and keeps `crop` (height, width) of the
    middle, with the box that it keeps."""

    def __init__(self, transform: Callable[[Any], Any], edge: int, crop: tuple[int, int]) -> None:
        self.transform, self.edge, self.crop = transform, edge, crop

    def __call__(self, image: Image.Image) -> torch.Tensor:
        """One PIL RGB image to a float tensor 3 x H x W."""
        tensor: torch.Tensor = self.transform(image)
        return tensor

    def window(self, height: int, width: int) -> tuple[int, int, int, int]:
        """The box (left, top, right, bottom) of a picture of that size that is kept, to whole pixels."""
        scale = min(height, width) / self.edge
        tall, wide = min(height, self.crop[0] * scale), min(width, self.crop[1] * scale)
        top, left = (height - tall) / 2, (width - wide) / 2
        return math.floor(left), math.floor(top), math.ceil(left + wide), math.ceil(top + tall)


def load_timm(name: str, device: str = "auto") -> ModuleTarget:
    """The target ``timm:NAME[+compiled]`` or ``timm:DIR[+compiled]``. Raises `BadInput`, one line, for whatever it lacks."""
    where, compiled = split_compiled(name.partition(":")[2])
    if not where:
        raise BadInput(f"{name!r} names no network: write timm:DIR, or timm:NAME such as {TIMM_EXAMPLE!r}")
    library = _library(name, "timm")
    folder = _timm_folder(name, where, library)
    try:
        module = library.create_model(f"local-dir:{folder}", pretrained=True)
        data = importlib.import_module("timm.data")
        settings = data.resolve_model_data_config(module)
        transform = data.create_transform(**settings, is_training=False)
    except Exception as error:  # a folder may hold anything
        raise _unloadable(name, error) from error
    height, width = settings["input_size"][1:]
    share = float(settings.get("crop_pct") or 1.0)
    centred = settings.get("crop_mode", "center") == "center" and height == width
    edge = math.floor(height / share)
    preprocess = CentreOf(transform, edge, (height, width)) if centred else transform
    prefix = getattr(module, "num_prefix_tokens", None)
    grid = getattr(getattr(module, "patch_embed", None), "grid_size", None)
    grids = None if prefix is None or grid is None else TokenGrids(int(prefix), ((int(grid[0]), int(grid[1])),))
    return _target(name, module, preprocess, device, f"timm {library.__version__} {settings}", grids, compiled)


def load_torchvision(name: str, device: str = "auto") -> ModuleTarget:
    """The target ``torchvision:NAME[@WEIGHTS][+compiled]``, with its default weights or those. Raises `BadInput`, one line."""
    told, compiled = split_compiled(name.partition(":")[2])
    asked, _, chosen = told.partition("@")
    if not asked:
        raise BadInput(f"{name!r} names no network: write torchvision:NAME such as {TORCHVISION_EXAMPLE!r}")
    library = _library(name, "torchvision")
    models = library.models
    known = models.list_models(module=models)
    if asked not in known:
        raise BadInput(f"torchvision {library.__version__} has no network {asked!r}; nearest: {nearest(asked, known)}")
    every = models.get_model_weights(asked)
    names = [member.name for member in every]
    if chosen and chosen not in every.__members__:
        raise BadInput(f"{name!r}: no weights {chosen!r}; nearest: {nearest(chosen, names)}")
    weights = every[chosen] if chosen else every.DEFAULT
    file = _torchvision_file(name, weights.url)
    try:
        import torch

        module = models.get_model(asked, weights=None, num_classes=len(weights.meta["categories"]))
        module.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
        transform = weights.transforms()
    except Exception as error:
        raise _unloadable(name, error) from error
    edge, crop = getattr(transform, "resize_size", None), getattr(transform, "crop_size", None)
    preprocess = CentreOf(transform, edge[0], (crop[0], crop[0])) if edge and crop else transform
    patch, grids = getattr(module, "patch_size", None), None
    if isinstance(patch, int) and hasattr(module, "class_token") and crop:
        grids = TokenGrids(1, ((crop[0] // patch, crop[0] // patch),))
    identity = f"torchvision {library.__version__} {asked} {weights} {transform}"
    return _target(name, module, preprocess, device, identity, grids, compiled)


def _target(
    name: str, module: Any, preprocess: Any, device: str, identity: str, grids: TokenGrids | None, compiled: bool
) -> ModuleTarget:
    try:
        return ModuleTarget(name, module, preprocess, device=device, identity=identity, tokens=grids, compiled=compiled)
    except TargetFailed as error:
        raise BadInput(f"{name}: {error}" if name not in str(error) else str(error)) from error


def _library(name: str, library: str) -> Any:
    """The library, imported. What a broken installation raises is one line too: torchvision's often fits another torch."""
    extra = f"pip install 'lettvin[{library}]'"
    try:
        return importlib.import_module(library)
    except ModuleNotFoundError:
        raise BadInput(f"{name!r} needs {library}: {extra}") from None
    except Exception as error:
        why = f"which is installed and does not import beside this torch ({one_line(error)[:120]})"
        raise BadInput(f"{name!r} needs {library}, {why}: {extra}") from error


def _timm_folder(name: str, where: str, library: Any) -> Path:
    """The folder with a timm network: the user's own, or the hub's for a name that timm knows."""
    if is_folder(where) or "/" in where or where.startswith((".", "~")):
        return model_folder(name, where, TIMM_FILES, "pip install 'lettvin[timm]'")
    if not library.is_model(where):
        known = [*library.list_models(), *library.list_pretrained()]
        raise BadInput(f"timm {library.__version__} has no network {where!r}; nearest: {nearest(where, known)}")
    settings = library.get_pretrained_cfg(where)
    hub = str(getattr(settings, "hf_hub_id", None) or "")
    if not hub:
        tagged = [found for found in library.list_pretrained() if found.partition(".")[0] == where.partition(".")[0]]
        hint = f"; nearest: {nearest(where, tagged)}" if tagged else ""
        raise BadInput(f"timm has no weights of {where!r} on the hub{hint}")
    tag = f".{settings.tag}" if settings.tag else ""
    return model_folder(name, f"{hub}{settings.architecture}{tag}" if hub.endswith("/") else hub, TIMM_FILES)


def _torchvision_file(name: str, url: str) -> Path:
    """The weights' file: in torch's cache, else fetched into it."""
    import torch

    folder = Path(torch.hub.get_dir()) / "checkpoints"
    file = folder / url.rpartition("/")[2]
    if file.is_file():
        return file
    try:
        in_time(lambda: urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=LOOK_UP_SECONDS).close())
        folder.mkdir(parents=True, exist_ok=True)
        digest = file.stem.rpartition("-")[2]  # torchvision's names end in the first digits of the file's sha256
        torch.hub.download_url_to_file(url, str(file), hash_prefix=digest, progress=False)
    except Exception as error:
        why = f"no answer within {LOOK_UP_SECONDS:g} s" if isinstance(error, TimeoutError) else one_line(error)[:120]
        raise BadInput(
            f"{name}: no weights in torch's cache, and {url!r} did not come ({why}): put it into {str(folder)!r}"
        ) from None
    return file


def _unloadable(name: str, error: Exception) -> BadInput:
    if type(error).__name__ == "UnpicklingError":
        return BadInput(f"{name}: its weights are a pickle with code in it, which is not run; take a version in safetensors")
    return BadInput(f"{name} does not load: {one_line(error)[:300]}")
