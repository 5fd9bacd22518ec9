"""Plug-ins for lettvin, one of a kind: copy the file, keep what you need, and name it in your pyproject.toml.

`colours`: a tool. `gabors`: a target. `Palette`: a describer. `ColoursFirst`: a backbone. A generator is a class too, with
the methods of `lettvin.Generator`; it is made with the run's picture store.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn

import lettvin

SHADES = {
    "black": (30, 30, 32), "white": (243, 242, 239), "grey": (132, 132, 133), "red": (208, 26, 32),
    "orange": (248, 132, 14), "yellow": (250, 216, 28), "green": (44, 152, 58), "blue": (32, 86, 206),
    "purple": (122, 44, 168), "pink": (249, 146, 186), "brown": (116, 69, 34),
}  # fmt: skip


# ---- a tool: a function of the lab; what it measures is cached, counted and recorded --------------------------------


class ColourAnswers(lettvin.Result):
    """By colour, the median percentile of the unit's answers among the data's peaks (0 to 100)."""

    noun: str
    n: int
    percentiles: dict[str, float]

    def text(self) -> str:
        ranked = sorted(self.percentiles.items(), key=lambda pair: -pair[1])
        return f"{self.noun}, {self.n} of each colour: " + ", ".join(f"{colour} {p:.0f}" for colour, p in ranked)


@lettvin.tool
def colours(lab: lettvin.Lab, *, noun: str = "ball", n: int = 4) -> ColourAnswers:
    """How strongly the unit answers one thing drawn in every colour. Exploration: it proves nothing by itself.

    Args:
        noun: what to draw, a noun that the generator knows.
        n: pictures of each colour, 1 to 16.
    """
    if not 1 <= n <= 16:
        raise lettvin.ToolError(f"colours: n is from 1 to 16, not {n}")  # goes back to the backbone, which can act on it
    seeds = lab.stream("colours", noun, str(lab.next_serial("colours")))  # the same run draws the same pictures
    found = {}
    for colour in SHADES:
        pictures = [lab.generator.draw(f"a {colour} {noun}", int(seeds.integers(2**31))) for _ in range(n)]
        found[colour] = float(np.median([reading.percentile for reading in lab.measure(pictures)]))
    return ColourAnswers(noun=noun, n=n, percentiles=found)


# ---- a target: a function of the name that the user wrote and the device ---------------------------------------------


def gabors(name: str, device: str) -> lettvin.Target:
    """``gabors``, ``gabors:N``: Gabor filters of N orientations (8), unit 0 for vertical ones. To hold an answer against."""
    number = name.partition(":")[2] or "8"
    if not number.isdecimal() or not 1 <= int(number) <= 64:
        raise lettvin.BadInput(f"target {name!r}: write gabors:N with N from 1 to 64")
    offsets = torch.arange(21) - 10.0
    y, x = torch.meshgrid(offsets, offsets, indexing="ij")
    kernels = []
    for turn in range(int(number)):
        angle = math.pi * turn / int(number)
        wave = torch.cos(2 * math.pi * (x * math.cos(angle) + y * math.sin(angle)) / 10)
        kernel = wave * torch.exp(-(x**2 + y**2) / 40)
        kernels.append(kernel - kernel.mean())  # an even grey gives 0
    bank = nn.Conv2d(3, len(kernels), 21, stride=4, bias=False)
    bank.weight.data = torch.stack(kernels)[:, None].repeat(1, 3, 1, 1) / 3
    module = nn.Sequential(OrderedDict(filters=bank, fires=nn.ReLU()))
    return lettvin.ModuleTarget(name, module, preprocess, device=device)


def preprocess(image: Image.Image) -> torch.Tensor:
    """A PIL RGB image as the module's input: float32, 3 x 112 x 112, 0 to 1."""
    small = np.array(image.resize((112, 112)), dtype=np.float32)
    return torch.from_numpy(small).permute(2, 0, 1) / 255


# ---- a describer: puts pictures into words, and never hears of a hypothesis ------------------------------------------


class Palette:
    """Names the colours that fill a picture, by its pixels: of any picture, photographs too."""

    name = "palette"

    def describe(self, picture: lettvin.Picture, region: np.ndarray | None = None) -> str:
        pixels = picture.pixels.reshape(-1, 3) if region is None else picture.pixels[region]
        if not len(pixels):
            return "nothing: the unit fires nowhere above its threshold"
        distances = np.abs(pixels[:, None].astype(int) - np.array(list(SHADES.values()))).sum(axis=2)
        shares = np.bincount(distances.argmin(axis=1), minlength=len(SHADES)) / len(pixels)
        ranked = sorted(zip(shares, SHADES, strict=True), reverse=True)
        return ", ".join(f"{colour} {share:.0%}" for share, colour in ranked if share >= 0.1)


# ---- a backbone: gets all that happened, and returns one act --------------------------------------------------------


class ColoursFirst:
    """Asks `colours`, then leaves the study to the empiricist. Which acts count as evidence, the lab decides."""

    name = "colours-first"
    deterministic = True  # so that a resumed run asks it again for what is on record, and what it keeps in mind is there

    def __init__(self) -> None:
        self._rest = lettvin.Empiricist()

    def act(self, transcript: Sequence[Any]) -> lettvin.Raise | lettvin.Call | lettvin.Conclude:
        if not any(event.kind == "called" and event.tool == "colours" for event in transcript):
            return lettvin.Call(tool="colours", arguments={"noun": "ball"})
        return self._rest.act(transcript)
