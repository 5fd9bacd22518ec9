"""What an endpoint sent back, read as a reply: everything in it is checked, and nothing is taken on trust.

Covered: the object that the `openai` package returns, which may hold anything (a string, a list, fields of None), to a
`Reply`; refusals and empty replies are replies. Not covered: what is done about an answer that is none (`failures.py`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from .failures import Failed, of_status, unreadable, words
from .model import Reply, ToolCall, Usage

MOST_CALLS = 256
MOST_TEXT = 2_000_000  # characters of one reply


def read_completion(answer: object) -> Reply:
    """The reply in what `chat.completions.create` returned. Raises `Failed`, which says why there is none."""
    data = plain(answer)
    if isinstance(data, str):
        raise Failed(unreadable(f"it is text, not JSON: {words(data)!r}" if data.strip() else "it is empty"))
    if not isinstance(data, Mapping):
        raise Failed(unreadable(f"it is a JSON {type(data).__name__}, not an object"))
    if data.get("error"):
        raise Failed(of_status(_status(data["error"]), data["error"], {}))
    choices = data.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        raise Failed(unreadable(f"it holds no choices, but {_short(choices)}"))
    message = choices[0].get("message")
    if not isinstance(message, Mapping):
        raise Failed(unreadable(f"its message is {_short(message)}"))
    finish = choices[0].get("finish_reason")
    text, refusal = _text(message.get("content")), message.get("refusal")
    if isinstance(refusal, str) and refusal and not text:
        text, finish = refusal, "refusal"
    if len(text) > MOST_TEXT:
        raise Failed(unreadable(f"it is {len(text)} characters long"))
    return Reply(
        text=text,
        calls=_calls(message.get("tool_calls")),
        finish=finish if isinstance(finish, str) else None,
        usage=_usage(data.get("usage")),
        model=data["model"] if isinstance(data.get("model"), str) else None,
    )


def plain(answer: object) -> object:
    """The object as plain data: what the package made of the JSON is undone."""
    dump = getattr(answer, "model_dump", None)
    if dump is None:
        return answer
    try:
        return dump(mode="python", warnings=False)
    except Exception as error:  # fields of a form that no dump expects
        raise Failed(unreadable(f"{type(error).__name__} in its fields")) from None


def _status(error: object) -> int:
    """The status that an error within a 200 stands for: its own code where it has one, else one that is tried again."""
    code = error.get("code") if isinstance(error, Mapping) else None
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) == 3:
        code = int(code)
    return code if type(code) is int and 400 <= code <= 599 else 500


def _text(content: object) -> str:
    """The reply's words: a string, or the text parts of a list."""
    if content is None:
        return ""
    if isinstance(content, str):
        return _sound(content)
    if isinstance(content, list):
        parts = [part.get("text") if isinstance(part, Mapping) else part for part in content]
        return _sound("".join(part for part in parts if isinstance(part, str)))
    raise Failed(unreadable(f"its content is {_short(content)}"))


def _calls(calls: object) -> tuple[ToolCall, ...]:
    if calls is None:
        return ()
    if not isinstance(calls, list) or len(calls) > MOST_CALLS:
        raise Failed(unreadable(f"its tool calls are {_short(calls)}"))
    read: list[ToolCall] = []
    taken: set[str] = set()
    for number, call in enumerate(calls, 1):
        function = call.get("function") if isinstance(call, Mapping) else None
        if not isinstance(function, Mapping) or not isinstance(function.get("name"), str) or not function["name"]:
            raise Failed(unreadable(f"a tool call is {_short(call)}"))
        given, arguments = call.get("id"), function.get("arguments")
        identity = _sound(given) if isinstance(given, str) and given else f"call_{number}"
        while identity in taken:  # answers are matched by id
            identity += f"_{number}"
        taken.add(identity)
        if not isinstance(arguments, str):
            arguments = json.dumps({} if arguments is None else arguments, default=repr)
        read.append(ToolCall(id=identity, name=_sound(function["name"]), arguments=_sound(arguments)))
    return tuple(read)


def _usage(usage: object) -> Usage:
    if not isinstance(usage, Mapping):
        return Usage()
    return Usage(input_tokens=count(usage.get("prompt_tokens")), output_tokens=count(usage.get("completion_tokens")))


def count(value: Any) -> int | None:
    """A number of tokens that an endpoint told; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        return None
    return int(value) if value < 1e12 else None


def _sound(text: str) -> str:
    """The text without half characters (lone surrogates), which no file can be written with."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _short(value: object) -> str:
    text = words(repr(value))
    return text if len(text) <= 80 else f"{text[:77]}..."
