"""The prompts as they are sent: Markdown files of `lettvin/prompts`, with their blanks filled in.

Covered: reading them from the installed package, and filling `${name}` in; a blank left open, or a word that no blank takes,
is an error. Not covered: what they say.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from .model import Message, Text

_BLANK = re.compile(r"\$\{(\w+)\}")


@cache
def raw(name: str) -> str:
    """The prompt's file as it is, less its title line's mark. Raises FileNotFoundError."""
    return files(__package__.partition(".")[0]).joinpath("prompts", f"{name}.md").read_text(encoding="utf-8").strip()


def prompt(name: str, **blanks: str) -> str:
    """The prompt with its blanks filled in, each by text as it is. Raises KeyError where they do not fit."""
    text = raw(name)
    wanted = set(_BLANK.findall(text))
    if wanted != blanks.keys():
        raise KeyError(f"prompt {name!r} has the blanks {sorted(wanted)}, not {sorted(blanks)}")
    return _BLANK.sub(lambda found: blanks[found[1]], text)


def system(text: str) -> Message:
    """A system message."""
    return Message(role="system", parts=(Text(text=text),))
