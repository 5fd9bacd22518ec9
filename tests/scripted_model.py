"""A language model that plays a script, for tests of what drives one: replies in order, and every request kept.

Covered: replies as text, as tool calls, or made from the request by a function. Not covered: any test.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from lettvin.agent.backbones.model import Message, Offered, Reply, ToolCall

Line = str | Reply | Callable[[Sequence[Message]], "str | Reply"]


class ScriptedModel:
    """Plays `script`, one reply a request, then `last` for ever."""

    def __init__(self, script: Sequence[Line], last: Line = "I have nothing more to say.", name: str = "scripted") -> None:
        self.name, self._script, self._last = name, list(script), last
        self.requests: list[tuple[Message, ...]] = []
        self.offered: list[tuple[Offered, ...]] = []

    def reply(self, messages: Sequence[Message], tools: Sequence[Offered] = ()) -> Reply:
        line = self._script[len(self.requests)] if len(self.requests) < len(self._script) else self._last
        self.requests.append(tuple(messages))
        self.offered.append(tuple(tools))
        said = line(messages) if callable(line) else line
        return said if isinstance(said, Reply) else Reply(text=said)

    def heard(self, request: int = -1) -> str:
        """The words of the last message of a request."""
        return words(self.requests[request][-1])


def words(message: Message) -> str:
    """The text of a message."""
    return "\n".join(part.text for part in message.parts if part.kind == "text")


def block(code: str) -> str:
    """A reply that is one block."""
    return f"I think.\n\n```python\n{code}\n```\n"


def calling(*calls: tuple[str, dict[str, Any] | str]) -> Reply:
    """A reply that calls tools."""
    made = [
        ToolCall(id=f"c{n}", name=name, arguments=given if isinstance(given, str) else json.dumps(given))
        for n, (name, given) in enumerate(calls)
    ]
    return Reply(text="", calls=tuple(made), finish="tool_calls")
