"""The instrument `generate`: pictures from prompts; and the face that every generator shows.

A generator draws for a prompt and a seed, and for a concept: pictures in which it holds, near misses, disagreements,
redraws. Not covered: the generators themselves (`sketch_generator.py`; diffusion models in a later issue).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ..targets.errors import BadInput
from ..targets.picture import Picture
from .instrument import Result, ToolError, tool
from .lab import Lab
from .sketch.concept import Concept


class Generator(Protocol):
    """What makes new pictures. The same arguments (and state of `rng`) give the same pictures."""

    name: str

    def draw(self, prompt: str, seed: int) -> Picture:
        """One picture of what the prompt says. Raises `BadInput` on a prompt that it cannot draw."""
        ...

    def examples(self, concept: Concept, n: int, rng: np.random.Generator) -> list[Picture]:
        """Up to n pictures in which the concept holds; empty where it cannot draw the concept."""
        ...

    def near_miss(self, concept: Concept, picture: Picture, rng: np.random.Generator) -> Picture | None:
        """The picture with one factor changed so that the concept no longer holds; None where that cannot be done."""
        ...

    def disagreements(self, a: Concept, b: Concept, n: int, rng: np.random.Generator) -> list[Picture]:
        """Up to n pictures of which one concept is true and the other false."""
        ...

    def redraw(self, picture: Picture, seed: int) -> Picture | None:
        """Another picture of the same contents; None where the picture cannot be redrawn."""
        ...

    def edit(self, picture: Picture, factor: str, value: str, which: int | None = None) -> Picture:
        """The picture with one factor set to a value. Raises `BadInput` where that cannot be done, and why."""
        ...


class Made(Result):
    """Pictures made for a call, by id, each with its caption."""

    pictures: list[str]
    captions: list[str | None]

    def text(self) -> str:
        return "\n".join(f"{p[:12]}: {c or '(no caption)'}" for p, c in zip(self.pictures, self.captions, strict=True))


def made(pictures: list[Picture]) -> Made:
    """The result that names these pictures."""
    return Made(pictures=[p.id for p in pictures], captions=[p.caption for p in pictures])


@tool
def generate(lab: Lab, *, prompts: list[str], n: int = 1) -> Made:
    """Draw new pictures for prompts, n of each, every one with a seed of its own.

    Args:
        prompts: what each picture is to show, in the generator's words.
        n: pictures for each prompt, 1 to 64.
    """
    if not prompts or not 1 <= n <= 64:
        raise ToolError(f"generate: wants at least one prompt and n from 1 to 64, not {len(prompts)} and {n}")
    seeds = lab.stream("generate", *prompts, str(lab.next_serial("generate")))
    drawn = []
    for done, prompt in enumerate(prompts * n):
        lab.check_time()
        lab.progress("generating", done, len(prompts) * n)
        try:
            drawn.append(lab.generator.draw(prompt, int(seeds.integers(2**31))))
        except BadInput as error:
            raise ToolError(f"generate: {error}") from None
    return made(lab.know(drawn))
