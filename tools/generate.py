"""The instrument `generate`: pictures from prompts.

Covered: prompts and how many of each, every picture with a seed of its own. Not covered: what draws them (`generator.py`).
"""

from __future__ import annotations

from ..targets.errors import BadInput
from ..targets.picture import Picture
from .instrument import Result, ToolError, tool
from .lab import Lab


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
