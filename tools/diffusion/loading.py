"""A diffusers pipeline in memory: from a folder or the hub, safetensors only, with no code of the model's own.

Covered: what the folder must hold, the model's digest, device and precision, where the weights wait while idle, and what
the pipeline takes, by its signature. Not covered: running it (`running.py`), and the hub (`targets/hub.py`).
"""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...targets.errors import BadInput, ModelFailed, one_line
from ...targets.hub import folder_key, model_folder
from ...targets.turns import turns_on
from .settings import PipelineSettings

EXTRA = "pip install 'lettvin[diffusers]'"
FILES = (
    "model_index.json",
    "*/*.json",
    "*/*.txt",
    "*/*.model",
    "*/model.safetensors",  # and none of the variants beside it
    "*/diffusion_pytorch_model.safetensors",
    "*/*-of-*.safetensors",
)
PICKLED = (".bin", ".ckpt", ".pt", ".pth", ".pkl")
BATCH = {"cpu": 4, "cuda": 8}  # pictures made at once where nobody says


@dataclass(eq=False)
class Loaded:
    """A pipeline, ready to be run. `key`: hex digest of its configuration and weights; `takes`: the names of its arguments.

    `batch`: pictures made at once, fewer once memory was short.
    """

    name: str
    pipeline: Any
    key: str
    takes: frozenset[str]
    device: str
    idle: str | None
    batch: int

    def __post_init__(self) -> None:
        if self.waits:
            assert self.idle is not None
            turns_on(self.device).add_guest(self, self.idle)

    def say(self, text: str) -> None:
        """One line on stderr."""
        print(f"lettvin: {self.name}: {text}", file=sys.stderr)

    def move(self, device: str) -> None:
        """Put the weights on a device."""
        import torch

        with torch.inference_mode(False):
            self.pipeline.to(device)

    @contextlib.contextmanager
    def on_device(self) -> Iterator[None]:
        """The weights on their device for as long as the block lasts: their turn, where they wait elsewhere while idle."""
        if not self.waits:
            yield
            return
        with turns_on(self.device).taken_by(self):
            yield

    def leave(self) -> None:
        """Go back to where the weights wait while idle, if they do."""
        if self.waits:
            turns_on(self.device).leave(self)

    @property
    def waits(self) -> bool:
        """Whether the weights wait on another device while nothing is made."""
        return self.idle is not None and self.idle != self.device


def load(settings: PipelineSettings, what: str) -> Loaded:
    """The pipeline of a folder or of the hub. Raises `BadInput`. `what`: what it is to be, such as "generator"."""
    name = f"diffusers:{settings.model}"
    if importlib.util.find_spec("diffusers") is None or importlib.util.find_spec("transformers") is None:
        raise BadInput(f"{name} needs diffusers and transformers: {EXTRA}")
    folder = model_folder(name, settings.model, FILES, EXTRA).resolve()
    check_folder(name, folder, what)
    device, precision = _device(name, settings.device), settings.precision
    pipeline, key = _pipeline(name, folder, device if settings.idle is None else settings.idle, device, precision)
    takes = frozenset(inspect.signature(pipeline.__call__).parameters)
    batch = settings.batch or BATCH[device.partition(":")[0]]
    return Loaded(name, pipeline, key, takes, device, settings.idle, batch)


def check_folder(name: str, folder: Path, what: str) -> None:
    """Whether a folder holds a pipeline of safetensors and no code. Raises `BadInput`."""
    index = folder / "model_index.json"
    try:
        told = json.loads(index.read_text(encoding="utf-8"))
        parts = {part: of for part, of in told.items() if isinstance(of, list) and not part.startswith("_")}
    except (OSError, ValueError, AttributeError):
        raise BadInput(f"{name}: {str(folder)!r} holds no diffusers pipeline: it has no readable model_index.json") from None
    own = [str(of) for of in (told.get("_class_name"), *parts.values()) if _brings_code(of)]
    if own or any(folder.rglob("*.py")):
        found = own[0] if own else "a .py file"
        raise BadInput(f"{name} brings code of its own ({found}), which is not run: take another {what}")
    for part in parts:
        files = [path for path in (folder / part).glob("*") if path.is_file()]
        pickled = [path.name for path in files if path.suffix in PICKLED]
        if pickled and not any(path.suffix == ".safetensors" for path in files):
            raise BadInput(
                f"{name}: '{part}/{pickled[0]}' is a pickle, which may run code when it is loaded: safetensors only; "
                "take a model that has them, or convert it where you trust it"
            )


def _brings_code(part: object) -> bool:
    """Whether an entry of model_index.json names a class of another library than these two."""
    if isinstance(part, str):
        return not part.isidentifier()
    first = part[0] if isinstance(part, list) and part else None
    return isinstance(part, list) and first is not None and first not in ("diffusers", "transformers", *_modules_of_diffusers())


@lru_cache(maxsize=1)
def _modules_of_diffusers() -> frozenset[str]:
    """Pipelines of diffusers may name their own modules, such as "stable_diffusion" of the safety checker."""
    spec = importlib.util.find_spec("diffusers")
    roots = [Path(place) / "pipelines" for place in (spec.submodule_search_locations or ())] if spec is not None else []
    return frozenset(path.name for root in roots for path in root.iterdir() if path.is_dir())


@lru_cache(maxsize=2)  # several units that are asked one after the other load it once; a generator and an editor both stay
def _pipeline(name: str, folder: Path, place: str, device: str, precision: str) -> tuple[Any, str]:
    import diffusers
    import torch
    import transformers

    pipelines: Any = diffusers  # not typed throughout
    for library in (pipelines.utils.logging, transformers.utils.logging):
        library.disable_progress_bar()
        library.set_verbosity_error()
    wanted = getattr(torch, precision) if precision != "auto" else _usual_precision(folder, device)
    try:
        pipeline = pipelines.DiffusionPipeline.from_pretrained(
            folder, use_safetensors=True, local_files_only=True, dtype=wanted
        )
    except Exception as error:  # a folder may hold anything
        raise BadInput(f"{name} is no pipeline that diffusers loads: {one_line(error)[:300]}") from error
    _in_precision(pipeline, wanted)
    pipeline.set_progress_bar_config(disable=True)
    try:
        pipeline = pipeline.to(place)
    except torch.OutOfMemoryError:
        raise ModelFailed(f"{name} does not fit on {place}: write idle=cpu, precision=float16, or another device") from None
    return pipeline, folder_key(folder)


def _in_precision(pipeline: Any, wanted: Any) -> None:
    """Bring whole networks that were loaded in single precision to the one that is wanted, as diffusers leaves SD3's.

    Those of which some was brought to it, or whose class keeps parts in single precision, stay as they were loaded.
    """
    from torch import nn

    for part in pipeline.components.values():
        kinds = {p.dtype for p in part.parameters() if p.is_floating_point()} if isinstance(part, nn.Module) else set()
        if kinds and wanted not in kinds and not getattr(part, "_keep_in_fp32_modules", None):
            part.to(dtype=wanted)


def _usual_precision(folder: Path, device: str) -> Any:
    """Half on a GPU, as the kind of network is trained for it; single elsewhere."""
    import torch

    if not device.startswith("cuda"):
        return torch.float32
    return torch.bfloat16 if (folder / "transformer").is_dir() else torch.float16


def _device(name: str, device: str) -> str:
    import torch

    there = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    if device == "auto":
        return there[0] if there else "cpu"
    if device == "cpu" or device in there:
        return device
    if device == "cuda" and there:
        return there[0]
    raise BadInput(f"{name}: no device {device!r} here; there are {', '.join(['cpu', *there])}")


def free_memory(device: str) -> None:
    """Give unused memory of a GPU back, so that others on it can have it."""
    if device.startswith("cuda"):
        import torch

        torch.cuda.empty_cache()
