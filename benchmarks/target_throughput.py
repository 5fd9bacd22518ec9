"""How fast each family of targets is dissected, against its own bare forward, and what half precision changes.

Covered, for each family, in real architectures' sizes with random weights (a smaller one of the family where there are
several) saved in a folder and loaded as a user would, ``hf:DIR``:
dissect_over_bare   images/s of `dissect` (the layers dissected by default, from pictures in memory to files on disk) over
                    those of the network called by itself on batches prepared beforehand, with nothing read
dissect_over_bare_wall   the same by the clock on the wall
bfloat16_over_float32, bfloat16_top15   images/s of ``hf:DIR+bfloat16`` over those of ``hf:DIR``, both bare; share of each
                    unit's top pictures (15, or a quarter of all) that both have in common
On a processor, seconds are those that it worked for the process, all threads together: what else the machine does counts
little then, and reading ahead on another core counts in full. On a GPU they are the clock's. Ratios are medians over
interleaved pairs. Not covered: trained weights, whose time is the same; networks of timm and
torchvision; painting and decoding of pictures (`throughput.py`).
"""

from __future__ import annotations

import json
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..targets.hugging_face import load_hugging_face
from ..targets.picture import Picture
from .throughput import BATCH, RESULTS, InMemory, device_name, drawn_pictures

if TYPE_CHECKING:
    from ..targets.module import ModuleTarget

TOP = 15
Speeds = tuple[float, float]
COMMAND = "python -m lettvin.benchmarks.target_throughput"
# model class, configuration class and what differs from its defaults, image processor and what differs
FAMILIES: dict[str, tuple[str, str, dict[str, Any], str, dict[str, Any]]] = {
    "resnet-18": (
        "ResNetForImageClassification",
        "ResNetConfig",
        {"layer_type": "basic", "hidden_sizes": [64, 128, 256, 512], "depths": [2, 2, 2, 2], "num_labels": 1000},
        "ConvNextImageProcessorPil",
        {"size": {"shortest_edge": 224}, "crop_pct": 0.875},
    ),
    "convnext-tiny": (
        "ConvNextForImageClassification",
        "ConvNextConfig",
        {"num_labels": 1000},
        "ConvNextImageProcessorPil",
        {"size": {"shortest_edge": 224}, "crop_pct": 0.875},
    ),
    "vit-small/16": (
        "ViTForImageClassification",
        "ViTConfig",
        {"hidden_size": 384, "num_attention_heads": 6, "intermediate_size": 1536, "num_labels": 1000},
        "ViTImageProcessorPil",
        {},
    ),
    "dinov2-small/14, registers": (
        "Dinov2WithRegistersModel",
        "Dinov2WithRegistersConfig",
        {"hidden_size": 384, "num_attention_heads": 6, "image_size": 518, "patch_size": 14},
        "BitImageProcessorPil",
        {"size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224}},
    ),
    "swin-tiny": ("SwinForImageClassification", "SwinConfig", {"num_labels": 1000}, "ViTImageProcessorPil", {}),
    "clip-vit-base/32": ("CLIPVisionModelWithProjection", "CLIPVisionConfig", {}, "CLIPImageProcessorPil", {}),
    "siglip-base/16": ("SiglipVisionModel", "SiglipVisionConfig", {}, "SiglipImageProcessorPil", {}),
}


def run(families: Sequence[str] = (), pairs: int = 3, n: int = 256, write: bool = False) -> dict[str, Any]:
    """Measure the families (all of them): ``{name, device, figures}``, each family's figures with the command that made them.

    n: pictures in one timing; few of them weigh the files that every dissection writes. `write` keeps it under
    benchmarks/results, beside what is there of other families.
    """
    pictures = drawn_pictures(n)
    figures: dict[str, dict[str, Any]] = {}
    device = ""
    for family in families or FAMILIES:
        with tempfile.TemporaryDirectory() as folder:
            save_untrained(family, Path(folder))
            target = load_hugging_face(f"hf:{folder}")
            device = device_name(target)
            command = f"{COMMAND} '{family}' --pairs {pairs} --pictures {n}"
            found = measured(target, load_hugging_face(f"hf:{folder}+bfloat16"), pictures, pairs)
            figures[family] = {"command": command, **found}
            print(f"{family}: {json.dumps(figures[family])}", file=sys.stderr, flush=True)
    result = {"name": "target throughput", "device": device, "figures": figures}
    if write:
        slug = re.sub(r"[^a-z0-9]+", "-", device.lower()).strip("-")
        path = RESULTS / f"target-throughput-{slug}.json"
        known = json.loads(path.read_text())["figures"] if path.is_file() else {}
        path.write_text(json.dumps(result | {"figures": known | figures}, indent=1) + "\n")
    return result


def save_untrained(family: str, folder: Path) -> None:
    """Write a family's network, with seeded random weights, and its image processor into a folder."""
    import torch
    import transformers

    library: Any = transformers  # not typed throughout
    model, config, changes, processor, settings = FAMILIES[family]
    library.utils.logging.disable_progress_bar()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        getattr(library, model)(getattr(library, config)(**changes)).save_pretrained(folder)
    getattr(library, processor)(**settings).save_pretrained(folder)


def measured(target: ModuleTarget, half: ModuleTarget, pictures: Sequence[Picture], pairs: int) -> dict[str, Any]:
    """The figures of one family, over `pairs` rounds of the three timings in turn, every other round backwards."""
    n = len(pictures)
    batches = {which: _batches(which, pictures) for which in (target, half)}

    def bare(which: ModuleTarget) -> Speeds:
        return _speeds(which, n, lambda: _called(which, batches[which]))

    def dissected() -> Speeds:
        from ..tools.dissection import dissect

        with tempfile.TemporaryDirectory() as folder:
            source = InMemory(pictures, n)
            return _speeds(target, n, lambda: dissect(target, source, folder=Path(folder)))

    measures: dict[str, Callable[[], Speeds]] = {
        "bare": lambda: bare(target),
        "dissect": dissected,
        "bfloat16": lambda: bare(half),
    }
    speeds: dict[str, list[Speeds]] = {name: [] for name in measures}
    for turn in range(pairs + 1):
        for name in list(measures)[:: 1 if turn % 2 else -1]:
            speed = measures[name]()
            if turn:  # the first round warms up
                speeds[name].append(speed)
    return {
        "layers": len(target.default_layers),
        "units": sum(target.layer(name).units for name in target.default_layers),
        "bare_images_per_second": round(statistics.median(wall for _, wall in speeds["bare"]), 2),
        "dissect_over_bare": _ratio(speeds["dissect"], speeds["bare"]),
        "dissect_over_bare_each": [round(a[0] / b[0], 3) for a, b in zip(speeds["dissect"], speeds["bare"], strict=True)],
        "dissect_over_bare_wall": _ratio(speeds["dissect"], speeds["bare"], 1),
        "bfloat16_over_float32": _ratio(speeds["bfloat16"], speeds["bare"]),
        "bfloat16_top15": _overlap(target, half, pictures),
    }


def _overlap(one: ModuleTarget, other: ModuleTarget, pictures: Sequence[Picture]) -> float:
    """Mean share of each unit's top pictures that two targets have in common, over the layers dissected by default."""
    shared: list[float] = []
    found = [_peaks(target, pictures) for target in (one, other)]
    top = min(TOP, max(1, len(pictures) // 4))
    for layer in one.default_layers:
        first, second = (np.argsort(-peaks[layer], 0, kind="stable")[:top] for peaks in found)
        shared += [len(set(first[:, unit]) & set(second[:, unit])) / top for unit in range(first.shape[1])]
    return round(float(np.mean(shared)), 4)


def _peaks(target: ModuleTarget, pictures: Sequence[Picture]) -> dict[str, np.ndarray]:
    rows: dict[str, list[np.ndarray]] = {}
    target.watch(
        pictures, target.default_layers, lambda name, maps: rows.setdefault(name, []).append(maps.amax((2, 3)).cpu().numpy())
    )
    return {name: np.concatenate(found) for name, found in rows.items()}


def _batches(target: ModuleTarget, pictures: Sequence[Picture]) -> list[Any]:
    """The pictures as the network takes them, on its device, in its type and memory format."""
    import torch

    parameter = next(target.module.parameters())
    prepared = (target.prepare(pictures[start : start + BATCH]) for start in range(0, len(pictures), BATCH))
    return [
        batch.to(parameter.device, parameter.dtype).contiguous(memory_format=torch.channels_last) for batch in prepared
    ]


def _called(target: ModuleTarget, batches: Sequence[Any]) -> None:
    import torch

    with torch.inference_mode():
        for batch in batches:
            target.module(batch)


def _speeds(target: ModuleTarget, n: int, work: Callable[[], object]) -> Speeds:
    """Pictures a second, of the processor's (on a GPU the clock's) and of the clock's."""
    import torch

    began = time.process_time(), time.perf_counter()
    work()
    if target.device.type == "cuda":
        torch.cuda.synchronize()
    worked, passed = time.process_time() - began[0], time.perf_counter() - began[1]
    return n / (passed if target.device.type == "cuda" else worked), n / passed


def _ratio(ours: Sequence[Speeds], theirs: Sequence[Speeds], which: int = 0) -> float:
    return round(statistics.median(one[which] / other[which] for one, other in zip(ours, theirs, strict=True)), 3)


def _number(option: str, default: int) -> int:
    """The whole number after an option of the command line."""
    return int(sys.argv[sys.argv.index(option) + 1]) if option in sys.argv else default


if __name__ == "__main__":
    named = [argument for argument in sys.argv[1:] if argument in FAMILIES]
    chosen = run(named, _number("--pairs", 3), _number("--pictures", 256), write="--write" in sys.argv)
    print(json.dumps(chosen, indent=1))
