"""A language model in a run: what it was asked and answered is on record, and is not asked again when the run is resumed.

Covered: the hash of a whole request, the event `Replied` for each reply, replies taken from the record while a resumed run
plays it, whole requests rebuilt from the events, and where two requests differ. Not covered: how a model is reached, what
may be spent (`spending.py`), answering a new run from an old one (`replay.py`).
"""

from __future__ import annotations

import difflib
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from ..run_folder import Diverged
from ..transcript import AnyEvent, Replied
from .failures import ContextOverflow
from .model import OVERFLOW, Message, Model, Offered, Reply, Usage
from .spending import Spending

Request = tuple[tuple[Message, ...], tuple[Offered, ...]]


class Record(Protocol):
    """Where a run's events go, or are held against those on record (`RunFolder`)."""

    @property
    def replaying(self) -> bool: ...

    @property
    def following(self) -> AnyEvent | None: ...

    def append(self, event: AnyEvent) -> AnyEvent: ...


class Recorded:
    """A model whose replies go into the run's record, or come from it, and are counted against the run's limits.

    Replies from the record count too, so that limits hold over the whole run. Until `keep_in` says where the record is,
    nothing can be asked.
    """

    def __init__(
        self,
        model: Model,
        role: str = "backbone",
        spending: Spending | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name, self.role, self.asked = model.name, role, 0
        self.spending = Spending() if spending is None else spending
        self._model, self._clock = model, clock
        self._record: Record | None = None
        self._before: Request = ((), ())

    def keep_in(self, record: Record) -> None:
        """From now on replies go into this record, or come from it."""
        self._record = record

    def reply(self, messages: Sequence[Message], tools: Sequence[Offered] = ()) -> Reply:
        """The reply on record where there is one, else the model's, which is on record before this returns.

        One that ends by `OVERFLOW` says that the conversation is too long; a shorter one can be asked. Raises `Diverged`
        where another request is on record, and what the model raises.
        """
        record = self._record
        if record is None:
            raise RuntimeError(f"{self.name} was asked before its run had a record")
        now: Request = (tuple(messages), tuple(tools))
        if record.replaying:
            event = self._on_record(record.following, now)
            self.spending.requests += event.reply.requests
        else:
            began, before = self._clock(), self._set_aside(now)
            reply = self._live(now) if before is None else before
            event = told(self.role, self._before, now, reply, round(self._clock() - began, 3))
        self.spending.charge(getattr(self._model, "price", None), messages, event.reply)
        record.append(event)
        self._before = now
        self.asked += 1
        return event.reply

    def last_reply(self, messages: Sequence[Message], tools: Sequence[Offered] = ()) -> Reply:
        """One reply more, for the answer, after a limit was reached: the only one in a run that limits do not hold for.

        Raises `LimitReached` where there was one already, or where the one request for it brought no reply.
        """
        self.spending.one_more()
        return self.reply(messages, tools)

    def _live(self, now: Request) -> Reply:
        """What the model says now. Too long a conversation is on record too: what is asked instead hangs on it."""
        sent = self.spending.requests
        if not getattr(self._model, "counts_requests", False):
            self.spending.before_request()
        try:
            return self._model.reply(*now)
        except ContextOverflow as error:
            none = Usage(input_tokens=0, output_tokens=0)
            return Reply(text=str(error), finish=OVERFLOW, usage=none, requests=self.spending.requests - sent)

    def _set_aside(self, now: Request) -> Reply | None:
        """What was answered to the same request in an end of the run that was set aside: it is not sent again."""
        ends = [e for e in getattr(self._record, "set_aside", ()) if isinstance(e, Replied) and e.role == self.role]
        same = digest(*now) if ends else ""
        return next((end.reply for end in ends if end.request == same), None)

    def _on_record(self, following: AnyEvent | None, now: Request) -> Replied:
        if not isinstance(following, Replied):
            kind = "nothing" if following is None else f"an event {following.kind!r}"
            raise Diverged(f"on record {kind} follows, and now the {self.role} asks {self.name}")
        if following.role != self.role:
            raise Diverged(f"on record the {following.role} asks a model, and now the {self.role}")
        if following.request != digest(*now):
            before = rebuilt(self._before, following)
            raise Diverged(f"request {self.asked + 1} of the {self.role}: {first_difference(before, now)}")
        return following


def digest(messages: Sequence[Message], tools: Sequence[Offered] = ()) -> str:
    """sha256, in hex, of the whole request as canonical JSON."""
    return hashlib.sha256(_canonical((tuple(messages), tuple(tools))).encode()).hexdigest()


def told(role: str, before: Request, now: Request, reply: Reply, seconds: float) -> Replied:
    """The event of a reply to the request `now`, with only what is not in the role's request before it."""
    messages, tools = now
    kept = 0
    for one, other in zip(before[0], messages, strict=False):
        if one != other:
            break
        kept += 1
    offered = None if tools == before[1] else list(tools)
    return Replied(
        role=role,
        request=digest(messages, tools),
        kept=kept,
        appended=list(messages[kept:]),
        offered=offered,
        reply=reply,
        seconds=seconds,
    )


def rebuilt(before: Request, event: Replied) -> Request:
    """The whole request that an event tells of, from the role's request before it."""
    tools = before[1] if event.offered is None else tuple(event.offered)
    return (*before[0][: event.kept], *event.appended), tools


def requests(events: Iterable[AnyEvent]) -> Iterator[tuple[Replied, Request]]:
    """Every reply on record with the whole request that it answers, in order."""
    before: dict[str, Request] = {}
    for event in events:
        if isinstance(event, Replied):
            before[event.role] = rebuilt(before.get(event.role, ((), ())), event)
            yield event, before[event.role]


def first_difference(before: Request, now: Request) -> str:
    """The first thing in which two requests differ, in one line."""
    for number, (one, other) in enumerate(zip(before[0], now[0], strict=False), 1):
        if one != other:
            old, new = _lines([one]), _lines([other])
            place = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
            return (
                f"message {number} ({other.role}) was {_short(''.join(old[place : place + 1]))} on record, "
                f"and is {_short(''.join(new[place : place + 1]))} now"
            )
    if len(before[0]) != len(now[0]):
        return f"{len(before[0])} messages were sent on record, and {len(now[0])} are now"
    return "other tools were offered on record" if before[1] != now[1] else "nothing differs"


def difference(before: Request, now: Request) -> str:
    """The whole difference between two requests, as lines to be read: what was on record (-), and what is now (+)."""
    old, new = ([*_lines(request[0]), *(f"tool {_canonical(tool)}" for tool in request[1])] for request in (before, now))
    return "\n".join(difflib.unified_diff(old, new, "on record", "now", lineterm="", n=2))


def _lines(messages: Sequence[Message]) -> list[str]:
    """Messages as lines: each begins with its role, pictures go by label and id."""
    lines = []
    for message in messages:
        lines.append(f"[{message.role}]" + (f" answers {message.answers}" if message.answers else ""))
        for part in message.parts:
            if part.kind == "text":
                lines += part.text.splitlines() or [""]
            else:
                lines.append(f"picture {part.picture}: {part.label}")
        lines += [f"calls {call.name} ({call.id}) {call.arguments}" for call in message.calls]
    return lines


def _canonical(thing: Request | Offered) -> str:
    plain = (
        [[one.model_dump(mode="json") for one in part] for part in thing]
        if isinstance(thing, tuple)
        else thing.model_dump(mode="json")
    )
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}...")
