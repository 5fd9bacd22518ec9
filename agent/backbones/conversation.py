"""A conversation with a model, and what of it stays in view: words always, pictures for a while.

The policy: a request shows at most `MOST` pictures. When more have been shown, the oldest fall out of the context until
`AFTER` are left, and their places hold their labels and ids; nothing else changes. They fall out many at once, so that the
beginning of a request mostly stays what it was (endpoints cache it). Where a model's context is too short even so, it is
shortened until it fits. Not covered: how pictures are sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .model import Message, Shown, Text, ToolCall

MOST, AFTER = 24, 8
GONE = "(no longer in view; show it again by its id)"
TASK = 2  # messages that always stay: the instructions and the task
LEFT_OUT = "(Earlier turns are left out here: the conversation was too long. What was done in them stays done.)"


class Conversation:
    """Messages in order. `most` None: every picture stays in view for ever."""

    def __init__(self, system: str, most: int | None = MOST, after: int = AFTER) -> None:
        self._messages: list[Message] = [Message(role="system", parts=(Text(text=system),))]
        self._most, self._after = most, after

    @property
    def messages(self) -> Sequence[Message]:
        """What the next request holds."""
        return tuple(self._messages)

    def add(self, messages: Iterable[Message]) -> None:
        """Add to its end; pictures may fall out of view."""
        self._messages += messages
        if self._most is not None and sum(_pictures(message) for message in self._messages) > self._most:
            self._fade(self._after)

    def shorten(self) -> bool:
        """Make it shorter where a model's context is too short for it; False where nothing is left that could go.

        All pictures leave the view first; then, each time, the older half of what was said since the task.
        """
        if any(_pictures(message) for message in self._messages):
            self._fade(0)
            return True
        said = self._messages[TASK:]
        turns = [place for place, message in enumerate(said) if message.role == "assistant" and place]
        if len(turns) < 2:
            return False
        self._messages[TASK:] = [user(LEFT_OUT), *said[turns[len(turns) // 2] :]]
        return True

    def _fade(self, left: int) -> None:
        for place in range(len(self._messages) - 1, -1, -1):
            message = self._messages[place]
            count = _pictures(message)
            if count > left:
                self._messages[place] = _faded(message, count - left)
            left = max(0, left - count)


def user(text: str, pictures: Sequence[Shown] = ()) -> Message:
    """A message of the user's: words, then pictures."""
    return Message(role="user", parts=(Text(text=text), *pictures))


def assistant(text: str, calls: Sequence[ToolCall] = ()) -> Message:
    """A message of the model's own."""
    return Message(role="assistant", parts=(Text(text=text),) if text else (), calls=tuple(calls))


def _pictures(message: Message) -> int:
    return sum(isinstance(part, Shown) for part in message.parts)


def _faded(message: Message, count: int) -> Message:
    """The message with its first `count` pictures as words."""
    parts: list[Text | Shown] = []
    for part in message.parts:
        if isinstance(part, Shown) and count:
            parts.append(Text(text=f"[picture {part.picture[:12]}: {part.label}] {GONE}"))
            count -= 1
        else:
            parts.append(part)
    return message.model_copy(update={"parts": tuple(parts)})
