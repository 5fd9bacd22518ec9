"""The instrument `generate`: pictures from prompts.

Covered: prompts and how many of each, every picture with a seed of its own. Not covered: what draws them (`generator.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from ..targets.errors import BadInput, ModelFailed
from ..targets.picture import Picture
from .generator import DrawsMany, Wanted, draw_many
from .instrument import Result, ToolError, tool
from .lab import Lab

AT_ONCE = 16  # pictures asked of a generator together, between two looks at the clock


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
    wanted = [Wanted(prompt, int(seeds.integers(2**31))) for prompt in prompts * n]
    try:
        return made(lab.know(drawn(lab, wanted)))
    except ModelFailed:
        raise
    except BadInput as error:
        raise ToolError(f"generate: {error}") from None


def drawn(lab: Lab, wanted: Sequence[Wanted]) -> list[Picture]:
    """The pictures, in order, some at a time, so that the run's limit of time holds. Raises `BadInput` or `LimitReached`."""
    pictures: list[Picture] = []
    step = AT_ONCE if isinstance(lab.generator, DrawsMany) else 1
    for start in range(0, len(wanted), step):
        lab.check_time()
        lab.progress("generating", start, len(wanted))
        pictures += draw_many(lab.generator, wanted[start : start + step])
    return pictures
