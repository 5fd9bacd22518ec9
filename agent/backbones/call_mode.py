"""Call mode: a model acts by tool calls, whose arguments are JSON.

Covered: calls answered in the order they stand, each with a message of its own; arguments that are no JSON, that are too
many, or of a tool that there is none of; several hypotheses in one call. Not covered: what fits an instrument (it says so
itself), and how tool calls are sent (one file for each kind of endpoint).
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from ...targets.errors import nearest
from ...tools.instrument import Result
from .acting import Feedback, Turn
from .fences import fenced
from .model import Message, Offered, Reply, Text, ToolCall
from .sandbox import HostCall, Mistake, Value, given
from .tool_api import RAISE, RAISE_ALL, Function, batch, offered

CALLS = 32  # carried out of one reply
LONGEST = 12_000  # characters of one answer

NOTHING = (
    "There was no tool call in that, so nothing was done. To act, call a tool; to end, call conclude. If you think that "
    "nothing can be found out, call conclude with null."
)


class CallMode:
    """Tools by name, offered with every request."""

    name = "calls"

    def __init__(self, known: Mapping[str, Function]) -> None:
        self.offered: tuple[Offered, ...] = offered(known)
        self._names = [tool.name for tool in self.offered]

    def turn(self, reply: Reply) -> Turn:
        """What a reply does: yields its calls in order, is sent what came of them, and returns their answers."""
        if not reply.calls:
            return Feedback((Message(role="user", parts=(Text(text=NOTHING),)),), did="nothing")
        answers = []
        carried_out = False
        for number, call in enumerate(reply.calls):
            if number >= CALLS:
                answers.append(_answered(call, f"not carried out: more than {CALLS} calls in one reply"))
                continue
            asked = self._asked(call)
            if isinstance(asked, Mistake):
                answers.append(_answered(call, f"not carried out: {asked.text}"))
                continue
            carried_out = True
            answers.append(_answered(call, (yield from _carried_out(asked))))
        return Feedback(tuple(answers), "something" if carried_out else "failed")

    def close(self) -> None:
        """Nothing is kept running."""

    def _asked(self, call: ToolCall) -> HostCall | Mistake:
        if call.name not in self._names:
            return Mistake(f"no tool {call.name[:80]!r}; nearest: {nearest(call.name[:80], self._names)}")
        try:
            arguments = json.loads(call.arguments or "{}")
        except (ValueError, RecursionError) as error:
            return Mistake(f"its arguments are no JSON: {' '.join(str(error).split())[:200]}")
        if not isinstance(arguments, dict):
            return Mistake(f"its arguments are a JSON {type(arguments).__name__}, and must be an object")
        return given(call.name, arguments)


def _carried_out(asked: HostCall) -> Generator[HostCall, Value | Mistake, str]:
    """A call, or each call of a batch, one after the other; what is said of it."""
    if asked.name != RAISE_ALL:
        return _told((yield asked))
    try:
        hypotheses = batch().model_validate(asked.arguments).model_dump()["hypotheses"]
    except ValidationError as error:
        return f"not carried out: {complaint(error)}"
    ids = []
    for hypothesis in hypotheses:
        ids.append(_told((yield HostCall(RAISE, hypothesis))))
    return "\n".join(ids)


def complaint(error: ValidationError) -> str:
    """What does not fit, in one line."""
    lines = [f"{'.'.join(map(str, one['loc'])) or 'arguments'}: {one['msg']}" for one in error.errors()[:5]]
    return "; ".join(lines)[:500]


def _told(answer: Value | Mistake) -> str:
    if isinstance(answer, Mistake):
        return f"mistake: {answer.text}"
    value: Any = answer.value
    if not isinstance(value, BaseModel):
        return json.dumps(value, ensure_ascii=False)
    whole = value.model_dump_json()
    if len(whole) <= LONGEST:
        return whole
    short = value.text() if isinstance(value, Result) else whole
    return fenced(short[:LONGEST]) + ("\n[cut off]" if len(short) > LONGEST else "")


def _answered(call: ToolCall, text: str) -> Message:
    return Message(role="tool", parts=(Text(text=text),), answers=call.id)
