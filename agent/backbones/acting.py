"""One turn of a model, whichever way it acts: the calls that its reply makes, and what is said back.

Covered: the types that code mode and call mode share. Not covered: the modes (`code_mode.py`, `call_mode.py`).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal, Protocol

from .model import Message, Offered, Reply
from .sandbox import HostCall, Mistake, Value


@dataclass(frozen=True)
class Feedback:
    """What goes back to the model. `did`: something; nothing that could be carried out ("failed"); or nothing was asked."""

    messages: tuple[Message, ...]
    did: Literal["something", "failed", "nothing"]


Turn = Generator[HostCall, Value | Mistake, Feedback]


class Mode(Protocol):
    """A way to act. `offered`: the tools that every request offers."""

    name: str
    offered: tuple[Offered, ...]

    def turn(self, reply: Reply) -> Turn:
        """What a reply does: yields its calls, is sent what came of them, and returns what is said back."""
        ...

    def close(self) -> None:
        """End what the mode keeps running."""
        ...
