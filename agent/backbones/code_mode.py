"""Code mode: a model acts by writing a Python block, which calls the instruments as functions.

Covered: the block of a reply, run in the sandbox; what is said of how it ended; the event that keeps that, so that a resumed
run says the same again. Not covered: the sandbox (`sandbox.py`), the conversation (`vision_language.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from ..transcript import Ran
from .acting import Feedback, Turn
from .fences import fenced, written_block
from .model import Message, Offered, Reply, Text
from .named_results import as_named
from .recorded import Record
from .sandbox import Block, Ended, Sandbox, Value
from .tool_api import Function, result_models, stubs

AGAIN = 4.0  # times the limit on time in a resumed run: what ended in time before must do so again
UNSURE = ("time", "memory", "crashed")  # ends that another machine, or a busier one, may not come to
_BACK = "The variables and functions of this block are gone, and those of earlier blocks are as they were before it; what "
_BACK += "the instruments did in it (hypotheses raised, pictures made, experiments measured) stays."
_WHAT = {
    "refused": "The block was not run",
    "failed": "The block stopped with an error",
    "time": "The block was stopped: it ran too long",
    "memory": "The block was stopped: it took too much memory",
    "calls": "The block was stopped",
    "crashed": "The block was stopped",
}


class CodeMode:
    """One session of blocks. `offered` is empty: it works with endpoints that know no tool calling."""

    name = "code"
    offered: tuple[Offered, ...] = ()

    def __init__(self, known: Mapping[str, Function], record: Record | None = None) -> None:
        parameters = {name: tuple(function.arguments.model_fields) for name, function in known.items()}
        self.sandbox = Sandbox(parameters, stubs(known))
        self._fields = {model.__name__: list(model.model_fields) for model in result_models(known.values())}
        self._record, self._blocks = record, 0
        if record is not None and record.replaying:
            self.sandbox.seconds *= AGAIN

    def turn(self, reply: Reply) -> Turn:
        """What a reply does: yields its calls, is sent what came of them, and returns what is said back."""
        found = written_block(reply.text)
        if found.code is None:
            return Feedback((_user(_nothing(found.open, reply.finish)),), did="nothing")
        self._blocks += 1
        code = found.code.encode(errors="replace").decode()  # half a character is none
        ended = yield from self._run(code)
        did: Literal["something", "failed"] = "something" if ended.how == "done" or ended.calls else "failed"
        return Feedback((_user(_said(code, ended, found.more) + self._hint(ended.error)),), did)

    def _hint(self, error: str) -> str:
        """What a result has, where an error says that it has not something else."""
        lacking = re.search(r"AttributeError: '(\w+)' object has no attribute", error)
        fields = self._fields.get(lacking[1]) if lacking else None
        return "" if not lacking or not fields else f"\n\n{lacking[1]} has: {', '.join(fields)}."

    def close(self) -> None:
        """End the session."""
        self.sandbox.close()

    def _run(self, code: str) -> Block:
        before = self._on_record()
        if before is not None and before.how in UNSURE:
            return self._noted(before)
        block = self.sandbox.block(code)
        try:
            call = next(block)
            while True:
                answer = yield call
                before = self._on_record()
                if before is not None and before.how in UNSURE:  # as it was on record: nothing more came of it
                    block.close()
                    return self._noted(before)
                call = block.send(Value(as_named(answer.value)) if isinstance(answer, Value) else answer)
        except StopIteration as done:
            return self._noted(done.value)

    def _on_record(self) -> Ended | None:
        """How the block ended on record, where that is what comes next."""
        following = None if self._record is None else self._record.following
        return _ended(following) if isinstance(following, Ran) else None

    def _noted(self, ended: Ended) -> Ended:
        """How the block ended, in the record; as the record has it where it is there already."""
        if self._record is None:
            return ended
        ended = self._on_record() or ended
        self._record.append(
            Ran(
                block=self._blocks,
                how=ended.how,
                output=ended.output,
                error=ended.error,
                line=ended.line,
                notes=list(ended.notes),
                calls=ended.calls,
            )
        )
        return ended


def _ended(ran: Ran) -> Ended:
    return Ended(ran.how, ran.output, ran.error, ran.line, tuple(ran.notes), ran.calls)


def _user(text: str) -> Message:
    return Message(role="user", parts=(Text(text=text),))


def _nothing(begun: bool, finish: str | None) -> str:
    if begun:
        cut = " (the reply was cut off: write less before the block)" if finish == "length" else ""
        return f"Your block has no closing fence, and was not run{cut}. Write it again, whole."
    return (
        "There was no Python block in that, so nothing was done. To act, write one block fenced by ```python and ```; to end, "
        "call conclude(...) in it. If you think that nothing can be found out, call conclude(None)."
    )


def _said(code: str, ended: Ended, more: int) -> str:
    parts = []
    if ended.how == "done":
        printed = ended.output.strip("\n")
        parts.append(f"Output:\n{fenced(printed, 'output')}" if printed else "The block ran, and printed nothing.")
    else:
        lines = code.split("\n")
        at = "" if ended.line is None or not 1 <= ended.line <= len(lines) else f" in line {ended.line}"
        parts.append(f"{_WHAT[ended.how]}{at if ended.how != 'refused' else ''}:")
        shown = f"\n{ended.line:>4} | {lines[ended.line - 1]}" if at and ended.line else ""
        parts.append(fenced(ended.error + shown, "error"))
        if ended.output.strip():
            parts.append(f"Printed before that:\n{fenced(ended.output.strip(chr(10)), 'output')}")
        if ended.how != "refused":
            parts.append(_BACK)
    if ended.notes:
        parts.append("A check of the block also noted (it may be wrong):\n" + fenced("\n".join(ended.notes), "notes"))
    if more:
        parts.append(f"Only the first of your {more + 1} blocks was run: write one a reply.")
    return "\n\n".join(parts)
