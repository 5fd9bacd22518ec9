"""A language model as a backbone sees it: messages in, one reply out.

Covered: the messages of a conversation, the tools that a model may be offered, its reply, and the face of a model.
Pictures go by id; what carries their pixels is each model's own matter. Not covered: how a model is reached (one file
each beside this one), what is said to it (`../../prompts`), what it may do (`../acts.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

OVERFLOW = "context overflow"  # why a reply ended that was none: the conversation is longer than the model's context


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(_Said):
    """Words."""

    kind: Literal["text"] = "text"
    text: str


class Shown(_Said):
    """A picture of the run, by its id (sha256 of its pixels); `label` stands before it."""

    kind: Literal["picture"] = "picture"
    picture: str
    label: str


class ToolCall(_Said):
    """A tool called by a model. `arguments`: the JSON text as it was sent, not yet validated."""

    id: str
    name: str
    arguments: str


class Message(_Said):
    """One turn of a conversation. `calls`: of an assistant's; `answers`: of a tool's, the id of the call it answers."""

    role: Literal["system", "user", "assistant", "tool"]
    parts: tuple[Annotated[Text | Shown, Field(discriminator="kind")], ...] = ()
    calls: tuple[ToolCall, ...] = ()
    answers: str | None = None


class Offered(_Said):
    """A tool offered for call mode: its name, what it does, and the JSON schema of its arguments."""

    name: str
    doc: str
    schema_: dict[str, Any]


class Usage(_Said):
    """What a reply cost, in tokens; None where the endpoint does not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None


class Reply(_Said):
    """What a model answered. `finish`: why it ended, in the endpoint's word; `requests`: made for it, retries counted."""

    text: str
    calls: tuple[ToolCall, ...] = ()
    finish: str | None = None
    usage: Usage = Usage()
    model: str | None = None
    requests: int = 1


class Model(Protocol):
    """Answers a conversation. Raises `LimitReached` at a limit and `BadInput` where it cannot be used at all."""

    name: str

    def reply(self, messages: Sequence[Message], tools: Sequence[Offered] = ()) -> Reply:
        """One reply to the whole conversation; `tools` are offered where there are any."""
        ...
