"""How fast pictures are made: a generator and an editor against bare calls of the same pipeline.

Covered, each as one figure:
generate_over_bare   pictures/s of `draw_many`, from prompts to pictures kept in a store, over those of the bare pipeline,
                     called on the same prompts and seeds in batches of the same size
edit_over_bare       the same of `edit_many`, an instruction editor
repeat_over_bare     `draw_many` where all pictures are kept already
Seconds are the wall's on a GPU and the process's own on a CPU, where what runs beside the pipeline is thus counted, not
hidden. Weights are random, which costs what trained ones do; `--size real` has sd-turbo's dimensions, for a GPU; `--size small`
a CPU can run. Ratios are medians over interleaved pairs. Not covered: loading, and what the pictures show.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..targets.picture import FromData, Picture
from ..tools.diffusion.editor import DiffusersEditor
from ..tools.diffusion.generator import DiffusersGenerator
from ..tools.diffusion.loading import Loaded
from ..tools.editor import Edit
from ..tools.generator import Wanted
from ..tools.store import Store
from .diffusion_sizes import write_pipeline

RESULTS = Path(__file__).parent / "results"
STEPS = {"small": 4, "real": 1}
EDIT_STEPS = {"small": 4, "real": 10}


def run(size: str = "small", pictures: int = 16, batch: int = 8, pairs: int = 5) -> dict[str, Any]:
    """Measure: ``{name, figures, command, device}``. `pictures`: made in each measurement."""
    real = size == "real"
    figures: dict[str, Any] = {"size": size, "pictures": pictures, "batch": batch, "pairs": pairs}
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "store") as store:
        root = Path(folder)
        drawing = write_pipeline(root / "generator", real)
        made = DiffusersGenerator(store, f"{drawing},steps={STEPS[size]},guidance=0,batch={batch}")
        figures |= _compared("generate", *_generating(made, pictures), pictures, pairs)
        again = [Wanted("a photo of a red car", seed) for seed in range(pictures)]
        repeat = _again(made, again)
        figures["repeat_over_bare"] = round(repeat / figures["generate_bare_pictures_per_second"], 1)
        editing = write_pipeline(root / "editor", real, channels=8)
        editor = DiffusersEditor(store, f"{editing},steps={EDIT_STEPS[size]},batch={batch}")
        figures |= _compared("edit", *_editing(editor, pictures), pictures, pairs)
        device = _device(editor.loaded)
    command = f"python -m lettvin.benchmarks.picture_making --size {size} --pictures {pictures} --batch {batch} --pairs {pairs}"
    return {"name": "picture making", "figures": figures, "command": command, "device": device}


def _generating(made: DiffusersGenerator, n: int) -> tuple[Callable[[int], None], Callable[[int], None]]:
    steps = made.settings.steps

    def ours(turn: int) -> None:
        made.draw_many([Wanted(f"a photo of a red car, number {i}", 1000 * turn + i) for i in range(n)])

    def bare(turn: int) -> None:
        for start in range(0, n, made.loaded.batch):
            some = range(start, min(n, start + made.loaded.batch))
            prompts = [f"a photo of a red car, number {i}" for i in some]
            _call(made.loaded, turn, some, prompt=prompts, guidance_scale=0.0, num_inference_steps=steps)

    return ours, bare


def _editing(editor: DiffusersEditor, n: int) -> tuple[Callable[[int], None], Callable[[int], None]]:
    shown = [_photograph(seed, editor.side) for seed in range(n)]
    steps = editor.settings.steps

    def ours(turn: int) -> None:
        editor.edit_many([Edit(picture, "make it snow", 1000 * turn + i) for i, picture in enumerate(shown)])

    def bare(turn: int) -> None:
        for start in range(0, n, editor.loaded.batch):
            some = range(start, min(n, start + editor.loaded.batch))
            images = [shown[i].image for i in some]
            _call(editor.loaded, turn, some, prompt=["make it snow"] * len(images), image=images, num_inference_steps=steps)

    return ours, bare


def _call(loaded: Loaded, turn: int, seeds: Sequence[int], **arguments: Any) -> None:
    import torch

    noise = [torch.Generator("cpu").manual_seed(1000 * turn + seed) for seed in seeds]
    with torch.inference_mode():
        loaded.pipeline(**arguments, generator=noise, output_type="np")


def _compared(
    what: str, ours: Callable[[int], None], bare: Callable[[int], None], n: int, pairs: int
) -> dict[str, float]:
    """Pictures/s of both, and the ratio of the two in interleaved pairs; the first call of each only lays things out."""
    ours(0)
    bare(0)
    seconds = [(_seconds(ours, turn), _seconds(bare, turn)) for turn in range(1, pairs + 1)]
    ratios = [theirs / mine for mine, theirs in seconds]
    return {
        f"{what}_over_bare": round(statistics.median(ratios), 3),
        f"{what}_over_bare_least": round(min(ratios), 3),
        f"{what}_over_bare_most": round(max(ratios), 3),
        f"{what}_pictures_per_second": round(n / statistics.median(mine for mine, _ in seconds), 2),
        f"{what}_bare_pictures_per_second": round(n / statistics.median(theirs for _, theirs in seconds), 2),
    }


def _again(made: DiffusersGenerator, wanted: Sequence[Wanted]) -> float:
    """Pictures/s where all are kept already."""
    made.draw_many(wanted)

    def repeated(_: int) -> None:
        made.draw_many(wanted)

    return len(wanted) / statistics.median(_seconds(repeated, turn) for turn in range(3))


def _seconds(call: Callable[[int], None], turn: int) -> float:
    """Wall seconds on a GPU; on a CPU the process's own, which other work on the machine does not lengthen."""
    import torch

    clock = time.perf_counter if torch.cuda.is_available() else time.process_time
    began = clock()
    call(turn)
    return clock() - began


def _photograph(seed: int, side: int) -> Picture:
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    return Picture.of(pixels, FromData("noise", seed))


def _device(loaded: Loaded) -> str:
    import torch

    if loaded.device.startswith("cuda"):
        return str(torch.cuda.get_device_name(loaded.device))
    return f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads"


def main() -> None:
    """Measure as the command line says, and keep the result under benchmarks/results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--size", choices=list(STEPS), default="small")
    parser.add_argument("--pictures", type=int, default=16)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--pairs", type=int, default=5)
    given = parser.parse_args()
    result = run(given.size, given.pictures, given.batch, given.pairs)
    slug = re.sub(r"[^a-z0-9]+", "-", f"{given.size}-{result['device']}".lower()).strip("-")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"picture-making-{slug}.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
