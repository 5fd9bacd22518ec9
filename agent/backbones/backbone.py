"""The face of a backbone: it gets the transcript and returns an act. What is true is not its to decide.

Covered: the protocol. Not covered: the acts (`acts.py`), and the backbones, one file each beside this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..acts import Act, Call, Conclude, Raise
from ..transcript import AnyEvent

__all__ = ["Act", "Backbone", "Call", "Conclude", "Raise", "decides_again"]


class Backbone(Protocol):
    """Decides the next act.

    One that, given the same transcript from the beginning on, decides the same again says so by `deterministic = True`:
    when a run is resumed it is asked again for every act on record, so that what it keeps in mind is there again, and held
    to them. Any other is never asked twice: it gets the transcript where the record ends.
    """

    name: str

    def act(self, transcript: Sequence[AnyEvent]) -> Act:
        """The next act, from everything that happened so far."""
        ...


def decides_again(backbone: Backbone) -> bool:
    """Whether the backbone says of itself that it decides the same again."""
    return bool(getattr(backbone, "deterministic", False))
