"""From a conversation to what is sent: the messages and tools of an OpenAI-compatible request, as plain data.

Covered: one pure function. Tool messages are plain strings right after their calls, pictures are data URLs in the user
message after them, each behind its label. Not covered: the parameters (`dialects.py`), and sending (`endpoint.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .model import Message, Offered
from .ordered_turns import Turn, View, turns


def wire(messages: Sequence[Message], url: Callable[[View], str], most: int | None = None) -> list[dict[str, Any]]:
    """The request's messages. `url`: a view's data URL; `most`: views that one request may hold (`ordered_turns.py`)."""
    return [_message(turn, url) for turn in turns(messages, most)]


def wire_tools(tools: Sequence[Offered]) -> list[dict[str, Any]]:
    """The request's tools."""
    return [
        {"type": "function", "function": {"name": tool.name, "description": tool.doc, "parameters": tool.schema_}}
        for tool in tools
    ]


def _message(turn: Turn, url: Callable[[View], str]) -> dict[str, Any]:
    if turn.views:
        parts: list[dict[str, Any]] = []
        for piece in turn.pieces:
            if isinstance(piece, View):
                parts.append({"type": "image_url", "image_url": {"url": url(piece)}})
            elif parts and parts[-1]["type"] == "text":
                parts[-1]["text"] += f"\n{piece}"
            else:
                parts.append({"type": "text", "text": piece})
        return {"role": turn.role, "content": parts}
    message: dict[str, Any] = {"role": turn.role, "content": turn.text}
    if turn.calls:
        message["content"] = turn.text or None  # an empty text is refused by some
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in turn.calls
        ]
    if turn.answers is not None:
        message["tool_call_id"] = turn.answers
    return message
