"""Fenced text: the Python block in a model's reply, and data fenced in so that nothing in it reads as anything else.

Covered: fences as Markdown has them (three or more backticks or tildes), a block that was never closed, text that came from
pictures, captions, file names or a block's own output. Not covered: what is done with a block (`code_mode.py`).
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*([^\n`]*)$")
PYTHON = ("python", "py", "python3", "tool_code", "")
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Written:
    """The first block of a reply that is closed, and how many more there are; `open`: one was begun and never closed."""

    code: str | None
    more: int = 0
    open: bool = False


def written_block(text: str) -> Written:
    """The first Python block of a reply. A fence with no language counts; one of another language does not."""
    blocks: list[str] = []
    fence, lines, python = "", list[str](), False
    for line in text.replace("\r\n", "\n").split("\n"):
        found = _FENCE.match(line)
        if not fence:
            if found:
                fence, lines = found[1], []
                language = found[2].strip().split(maxsplit=1)
                python = (language[0].lower() if language else "") in PYTHON
        elif found and found[1][0] == fence[0] and len(found[1]) >= len(fence) and not found[2].strip():
            if python:
                blocks.append(textwrap.dedent("\n".join(lines)))
            fence = ""
        else:
            lines.append(line)
    blocks = [block for block in blocks if block.strip()]
    return Written(blocks[0] if blocks else None, max(0, len(blocks) - 1), bool(fence) and python)


def fenced(text: str, name: str = "data") -> str:
    """Text as data: within a fence longer than any in it, and without characters that cannot be seen."""
    seen = _UNSEEN.sub("�", text)
    longest = max((len(run) for run in re.findall(r"`+", seen)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{name}\n{seen}\n{fence}"


def inline(text: str, most: int = 200) -> str:
    """Short data within a line of ours: one line, quoted."""
    seen = " ".join(_UNSEEN.sub("�", text).split())
    return repr(seen if len(seen) <= most else seen[: most - 3] + "...")
