"""Running a pipeline over many pictures: in batches, each picture by a seed of its own, and what may come back.

Covered: halves the batch where memory runs out, and says so; the safety checker's refusals; black pictures and numbers that
are none, which are an error and never a picture; prompts longer than the model reads. A picture's noise is drawn on the CPU
by its own seed, so that it is the same alone, in any batch and on any device, to within a grey level. Not covered: what is
asked of the pipeline, which the generator and the editor say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from ...targets.errors import BadInput, ModelFailed, one_line
from ...targets.picture import Pixels
from ..prompted_generator import Refused
from .loading import Loaded, free_memory

Job = TypeVar("Job")


def run(
    loaded: Loaded,
    jobs: Sequence[Job],
    ask: Callable[[Sequence[Job]], dict[str, Any]],
    say: Callable[[Job], tuple[str, int]],
) -> Iterator[list[tuple[Job, Pixels | Refused]]]:
    """The jobs' pictures, a batch at a time: uint8, side x side x 3. Raises `BadInput`, and `ModelFailed` where none can come.

    `ask`: the arguments of a pipeline's call for some of the jobs, but for the seeds; `say`: a job's prompt and seed.
    """
    for job in jobs:
        check_length(loaded, say(job)[0])
    at = 0
    try:
        while at < len(jobs):
            some = jobs[at : at + loaded.batch]
            made = _once(loaded, ask(some), [say(job)[1] for job in some])
            if made is None:
                _halve(loaded, len(some), say(some[0])[0])
                continue
            at += len(some)
            each = zip(some, made, strict=True)
            yield [(job, _checked(loaded, pixels, flagged, *say(job))) for job, (pixels, flagged) in each]
    finally:
        loaded.leave()


def _once(loaded: Loaded, arguments: dict[str, Any], seeds: Sequence[int]) -> list[tuple[np.ndarray, bool]] | None:
    """One call: pictures (float, 0 to 1) and whether the safety checker took each away; None where memory ran out."""
    import torch

    noise = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
    try:
        with torch.inference_mode(), loaded.on_device():
            made = loaded.pipeline(**arguments, generator=noise, output_type="np")
    except Exception as error:  # a pipeline's own code raises nearly anything
        if _no_memory(error):
            return None
        raise ModelFailed(f"{loaded.name} failed on {loaded.device}: {one_line(error)[:300]}") from error
    pictures = np.asarray(made.images)
    if pictures.ndim != 4 or len(pictures) != len(seeds) or pictures.shape[3] != 3:
        raise ModelFailed(f"{loaded.name} made {pictures.shape!r} where {len(seeds)} pictures of 3 colours were asked for")
    flags = getattr(made, "nsfw_content_detected", None) or [False] * len(seeds)
    return [(picture, bool(flag)) for picture, flag in zip(pictures, flags, strict=True)]


def _no_memory(error: BaseException) -> bool:
    import torch

    words = str(error).lower()
    told = "out of memory" in words or "can't allocate memory" in words
    return told or isinstance(error, torch.OutOfMemoryError | MemoryError)


def _halve(loaded: Loaded, size: int, prompt: str) -> None:
    """Fewer pictures at once from now on. Raises `ModelFailed` where it was one."""
    free_memory(loaded.device)
    if size == 1:
        raise ModelFailed(
            f"{loaded.name}: no memory on {loaded.device} for one picture of {prompt!r}: "
            "write a smaller side=N, precision=float16, or device=cpu after a comma"
        )
    loaded.batch = size // 2
    loaded.say(f"no memory on {loaded.device} for {size} pictures at once: {loaded.batch} from now on")


def _checked(loaded: Loaded, picture: np.ndarray, flagged: bool, prompt: str, seed: int) -> Pixels | Refused:
    if flagged:
        return Refused(prompt, seed, "its safety checker took the picture away")
    if not np.isfinite(picture).all():
        what = "numbers that are none (NaN)"
    elif picture.max() * 255 < 0.5:
        what = "a black picture"
    else:
        pixels: Pixels = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
        return pixels
    raise ModelFailed(
        f"{loaded.name} returned {what} for {prompt!r}, seed {seed}: in half precision its numbers may overflow; "
        "write precision=float32 or precision=bfloat16 after a comma"
    )


def check_length(loaded: Loaded, prompt: str) -> None:
    """Whether the model reads the whole prompt, and there is one. Raises `BadInput`."""
    if not prompt.strip():
        raise BadInput(f"the prompt {prompt!r} is empty: say what the picture is to show")
    rooms = []
    for name in ("tokenizer", "tokenizer_2", "tokenizer_3"):
        tokenizer = getattr(loaded.pipeline, name, None)
        most = getattr(tokenizer, "model_max_length", None)
        if tokenizer is not None and isinstance(most, int):
            rooms.append((most, len(tokenizer(prompt).input_ids)))
    if rooms and all(long > most for most, long in rooms):
        most, long = max(rooms)
        raise BadInput(f"the prompt {prompt[:60]!r} ... is {long} tokens long, and {loaded.name} reads {most}: say it shorter")
