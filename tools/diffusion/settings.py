"""What is written after ``diffusers:``: a model, and how it is run, such as ``stabilityai/sd-turbo,steps=2,device=cuda:1``.

Covered: reading and checking the text, and what few-step models want where nothing is said. Not covered: whether there is
such a model (`loading.py`).
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...targets.errors import BadInput, nearest

PRECISIONS = ("auto", "float32", "float16", "bfloat16")
FEW_STEPS = {"sd-turbo": 1, "sdxl-turbo": 1, "FLUX.1-schnell": 4}  # models distilled to few steps; they want no guidance
EDIT_STEPS = 20  # an instruction editor's, where the pipeline's own default is 100


@dataclass(frozen=True)
class PipelineSettings:
    """A model and how it is run; None leaves a number to the pipeline.

    `model`: a folder, or OWNER/NAME of the hub. `steps`: of denoising. `guidance`: by the prompt; `image_guidance`: by the
    picture that is edited. `side`: height and width, in pixels. `batch`: pictures made at once. `device`: auto, cpu, cuda or
    cuda:N. `idle`: where the weights wait while nothing is made; None = on the device. `precision`: one of `PRECISIONS`.
    """

    model: str
    steps: int | None = None
    guidance: float | None = None
    image_guidance: float | None = None
    side: int | None = None
    batch: int | None = None
    device: str = "auto"
    idle: str | None = None
    precision: str = "auto"

    def numbers(self) -> str:
        """What decides the pixels beside model, prompt and seed, as a text."""
        return f"{self.steps} {self.guidance} {self.image_guidance} {self.side} {self.precision}"


def read_settings(text: str, default: str) -> PipelineSettings:
    """The settings that a text says; `default` is the model where it names none. Raises `BadInput`."""
    model, _, rest = (text, "", "") if Path(text).expanduser().is_dir() else text.partition(",")
    if "=" in model and not Path(model).expanduser().is_dir():
        model, rest = "", text  # settings of the default
    given: dict[str, Any] = {}
    for word in rest.split(",") if rest else ():
        name, _, value = word.strip().partition("=")
        names = [field.name for field in dataclasses.fields(PipelineSettings) if field.name != "model"]
        if name not in names:
            raise BadInput(f"{word!r} in 'diffusers:{text}' is no setting; nearest: {nearest(name, names)}, as NAME=VALUE")
        given[name] = _value(name, value.strip(), text)
    known = FEW_STEPS.get(Path(model or default).name)
    if known is not None:
        given = {"steps": known, "guidance": 0.0} | given
    return PipelineSettings(model or default, **given)


def _value(name: str, value: str, text: str) -> int | float | str:
    whole = int(value) if re.fullmatch(r"\d{1,6}", value) else 0
    if name in ("steps", "batch") and whole:
        return whole
    if name == "side" and whole and whole % 8 == 0:
        return whole
    if name in ("guidance", "image_guidance") and re.fullmatch(r"\d{1,4}(\.\d+)?", value):
        return float(value)
    if name in ("device", "idle") and re.fullmatch(r"auto|cpu|cuda(:\d{1,2})?" if name == "device" else "cpu", value):
        return value
    if name == "precision" and value in PRECISIONS:
        return value
    wants = {
        "steps": "a whole number from 1 up",
        "batch": "a whole number from 1 up",
        "side": "a number of pixels that 8 divides, such as 512",
        "device": "auto, cpu, cuda or cuda:N",
        "idle": "cpu: the weights wait there while nothing is made",
        "precision": ", ".join(PRECISIONS),
    }.get(name, "a number from 0 up")
    raise BadInput(f"{name}={value!r} in 'diffusers:{text}' cannot be: it takes {wants}")
