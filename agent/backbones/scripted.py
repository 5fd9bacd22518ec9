"""The scripted backbone: plays a list of acts, for tests and demonstrations. It never looks at the transcript.

Covered: acts in order, a record of what it was shown, and `assert_complete`. Not covered: deciding anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..transcript import AnyEvent
from .backbone import Act, Conclude

Script = Sequence[Act | Callable[[Sequence[AnyEvent]], Act]]


class Scripted:
    """Plays `script`, one act a turn (a callable is given the transcript), then concludes without an answer."""

    name = "scripted"
    deterministic = True

    def __init__(self, script: Script) -> None:
        self._script = list(script)
        self.calls: list[list[AnyEvent]] = []

    def act(self, transcript: Sequence[AnyEvent]) -> Act:
        self.calls.append(list(transcript))
        if len(self.calls) > len(self._script):
            return Conclude(hypothesis=None)
        step = self._script[len(self.calls) - 1]
        return step(transcript) if callable(step) else step

    def assert_complete(self) -> None:
        """Raises AssertionError unless every act of the script was played."""
        left = len(self._script) - len(self.calls)
        if left > 0:
            raise AssertionError(f"{left} of {len(self._script)} scripted acts were never asked for")
