"""The scripted backbone plays a list of acts, the scripted model a list of replies: for tests and demonstrations.

Covered: acts and replies in order, a record of what was shown and asked, and `assert_complete`. Not covered: deciding
anything; neither looks at what it is given, unless a step of the script does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..transcript import AnyEvent
from .backbone import Act, Conclude
from .model import Message, Offered, Reply

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


class ScriptedModel:
    """A model that gives `replies` in order; a text stands for a reply of it, a callable is given the request.

    An exception in the script is raised in its turn. Where the script is over, AssertionError.
    """

    def __init__(
        self, replies: Sequence[str | Reply | Exception | Callable[[Sequence[Message]], str | Reply]], name: str = "scripted"
    ) -> None:
        self.name = name
        self._replies = list(replies)
        self.calls: list[tuple[tuple[Message, ...], tuple[Offered, ...]]] = []

    def reply(self, messages: Sequence[Message], tools: Sequence[Offered] = ()) -> Reply:
        self.calls.append((tuple(messages), tuple(tools)))
        if len(self.calls) > len(self._replies):
            raise AssertionError(f"request {len(self.calls)} of a script of {len(self._replies)} replies")
        step = self._replies[len(self.calls) - 1]
        said = step(messages) if callable(step) else step
        if isinstance(said, Exception):
            raise said
        return Reply(text=said) if isinstance(said, str) else said

    def assert_complete(self) -> None:
        """Raises AssertionError unless every reply of the script was asked for."""
        left = len(self._replies) - len(self.calls)
        if left > 0:
            raise AssertionError(f"{left} of {len(self._replies)} scripted replies were never asked for")
