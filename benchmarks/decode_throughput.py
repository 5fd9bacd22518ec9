"""How fast pictures of a data set are decoded and prepared, and how long a network waits for them.

    python -m lettvin.benchmarks.decode_throughput [--processor] [--write]

Covered: JPEGs of 500 x 375 as files, in a shard and in a parquet table (where `datasets` is installed): the processor's
milliseconds a picture, decoded, and prepared for EfficientNet-Lite0, on one core; and the share of its time that a network
waits which computes elsewhere, at several speeds, with the reading thread and with processes, interleaved. Where there is
cuda the network is EfficientNet-Lite0 on it, against its bare forward; else it stands in: it sleeps as long as it would
compute. `--processor`: the processor's milliseconds alone, which other work on the machine leaves as they are. Not covered:
disks and networks slower than the decoding; `throughput.py` has the network on the processor.
"""

from __future__ import annotations

import io
import json
import os
import statistics
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..targets.efficientnet_lite import LitePreprocess
from ..targets.picture import Picture
from ..targets.target import Layer, See, Target
from ..tools.dissection.reading import read_ahead
from ..tools.sources.open_source import open_source
from ..tools.sources.source import Source
from .throughput import device_name

RESULTS = Path(__file__).parent / "results" / "decode_throughput.json"
COMMAND = "python -m lettvin.benchmarks.decode_throughput"
SIZE, PICTURES, BATCH, ROUNDS = (500, 375), 256, 32, 3
RATES = (50, 100, 200, 400)  # pictures a second of the network that stands in


class Elsewhere(Target):
    """A network that computes elsewhere: it prepares pictures as EfficientNet-Lite0 does, and its forward only takes time."""

    name, key, device = "elsewhere", "elsewhere-1", "cuda"
    layers, default_layers = (Layer("x", 1, "vector"),), ("x",)
    _preprocess = LitePreprocess(224)

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def prepare(self, pictures: Sequence[Picture]) -> Any:
        """The network's input."""
        return self._preprocess.batch([picture.pixels for picture in pictures])

    def forward(self, tensor: Any, layers: Sequence[str], see: See) -> None:
        """Nothing, for as long as the forward would take."""
        time.sleep(len(tensor) / self.rate)

    def watch(self, pictures: Sequence[Picture], layers: Sequence[str], see: See) -> None:
        """As `forward`."""
        self.forward(self.prepare(pictures), layers, see)


def write_pictures(place: Path, count: int) -> list[bytes]:
    """JPEGs with the detail of photographs (noise at five scales), as files in `place`; their bytes."""
    from PIL import Image

    place.mkdir()
    found: list[bytes] = []
    for index in range(count):
        rng, width, height = np.random.default_rng(index), *SIZE
        pixels = np.zeros((height, width, 3))
        for octave in range(5):
            coarse = rng.normal(size=(4 << octave, 5 << octave, 3)).clip(-2, 2) * 32 + 128
            layer = Image.fromarray(coarse.astype(np.uint8)).resize(SIZE, Image.Resampling.BICUBIC)
            pixels += (np.asarray(layer, np.float64) - 128) / (1 + octave / 2)
        buffer = io.BytesIO()
        Image.fromarray((pixels + 128).clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=92)
        found.append(buffer.getvalue())
        (place / f"{index:04d}.jpg").write_bytes(found[-1])
    return found


def sources(place: Path, count: int) -> dict[str, Source]:
    """The same pictures as a folder, a shard and, where `datasets` is installed, a table."""
    encoded = write_pictures(place / "folder", count)
    with tarfile.open(place / "pictures.tar", "w") as tar:
        for index, data in enumerate(encoded):
            member = tarfile.TarInfo(f"{index:04d}.jpg")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    found = {"folder": open_source(str(place / "folder")), "webdataset": open_source(f"webdataset:{place / 'pictures.tar'}")}
    try:
        import datasets
    except ImportError:
        return found
    rows = datasets.Dataset.from_dict({"image": [{"bytes": data, "path": None} for data in encoded]})
    rows.cast_column("image", datasets.Image()).to_parquet(str(place / "train.parquet"))
    return found | {"hf": open_source(f"hf:{place / 'train.parquet'}")}


def milliseconds(source: Source) -> tuple[float, float]:
    """The processor's milliseconds a picture: to decode it, and to prepare it; medians over batches."""
    decoding, preparing, target = list[float](), list[float](), Elsewhere(1.0)
    for start in range(0, len(source), BATCH):
        began = time.thread_time()
        pictures = [source.picture(i) for i in range(start, min(start + BATCH, len(source)))]
        decoded = time.thread_time()
        target.prepare(pictures)
        decoding.append((decoded - began) / len(pictures))
        preparing.append((time.thread_time() - decoded) / len(pictures))
    return 1000 * statistics.median(decoding), 1000 * statistics.median(preparing)


def waits(target: Elsewhere, source: Source, readers: int) -> float:
    """The share of the time, from the first batch on, that the network has nothing to compute."""
    rows = read_ahead(target, source, 0, BATCH, readers)
    next(rows)
    began, computing = time.monotonic(), 0.0
    for read in rows:
        assert read.ready is not None  # no picture here is broken
        start = time.monotonic()
        target.forward(read.ready, (), lambda name, maps: None)
        computing += time.monotonic() - start
    return 1 - computing / (time.monotonic() - began)


def on_cuda(source: Source, readers: int) -> dict[str, float]:
    """Pictures a second of EfficientNet-Lite0 on cuda: the bare forward of a batch, and the pass over the source."""
    import torch

    from ..targets.efficientnet_lite import load_efficientnet_lite

    target = load_efficientnet_lite("efficientnet-lite0", "cuda")
    layers = target.default_layers
    batch = target.prepare([source.picture(i) for i in range(BATCH)]).to("cuda")

    def nothing(name: str, maps: Any) -> None:
        return None

    def rate(work: Callable[[], None], pictures: int) -> float:
        torch.cuda.synchronize()
        began = time.monotonic()
        work()
        torch.cuda.synchronize()
        return pictures / (time.monotonic() - began)

    def passed() -> None:
        for read in read_ahead(target, source, 0, BATCH, readers):
            assert read.ready is not None  # no picture here is broken
            target.forward(read.ready, layers, nothing)

    passed()

    def forwards() -> None:
        for _ in range(20):
            target.forward(batch, layers, nothing)

    bare = statistics.median(rate(forwards, 20 * BATCH) for _ in range(ROUNDS))
    return {"bare": round(bare, 1), "pass": round(statistics.median(rate(passed, len(source)) for _ in range(ROUNDS)), 1)}


def run(write: bool = False, pictures: int = PICTURES, rates: Sequence[int] = RATES) -> dict[str, Any]:
    """Measure: ``{name, figures, device, cores, command}``; `write` keeps it under benchmarks/results."""
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        found = sources(Path(folder), pictures)
        for name, source in found.items():
            decoding, preparing = milliseconds(source)
            figures[f"{name}: ms to decode"], figures[f"{name}: ms to prepare"] = round(decoding, 2), round(preparing, 2)
            figures[f"{name}: pictures/s a core"] = round(1000 / (decoding + preparing), 1)
        for rate in rates:
            shares: dict[int, list[float]] = {0: [], cores: []}
            for _ in range(ROUNDS):
                for readers in shares:
                    shares[readers].append(waits(Elsewhere(rate), found["folder"], readers))
            told = {readers: round(statistics.median(some), 3) for readers, some in shares.items()}
            figures[f"network of {rate} pictures/s waits, thread"] = told[0]
            figures[f"network of {rate} pictures/s waits, {cores} processes"] = told[cores]
        if torch.cuda.is_available() and rates:
            for readers in (0, max(1, cores - 1)):
                figures |= {f"cuda, {readers} readers: {n} pictures/s": x for n, x in on_cuda(found["folder"], readers).items()}
    command = f"{COMMAND}{'' if rates else ' --processor'} --write"
    result = {"name": "decode_throughput", "figures": figures, "device": device_name(), "cores": cores, "command": command}
    if write:
        RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    return result


if __name__ == "__main__":
    told = run(write="--write" in sys.argv, rates=() if "--processor" in sys.argv else RATES)
    print(json.dumps(told, indent=1))
