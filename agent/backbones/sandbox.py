"""Where a model's code runs: a `pydantic-monty` interpreter in a process of its own, which has no files and no network.

Covered: one block at a time, suspended at each call of a function of ours so that the caller carries it out in its own
loop; the check before it runs; limits on time, memory, calls and output; a block as a transaction: after any error the
session is what it was before. Random numbers begin at a fixed seed, the clock stands still, sleeping takes no time, so that
the same blocks with the same results do the same again. Not covered: what the functions do (`vision_language.py`), and
finding a block in a reply (`code_mode.py`).
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from .block_check import GIVEN, Found, as_checked, bound_names, sort_out

if TYPE_CHECKING:
    from pydantic_monty import Monty, MontySession

SECONDS = 5.0  # of the block's own work; what it waits for is not counted
MEMORY = 32 << 20  # bytes
CALLS = 200  # of functions of ours in one block, those that fail too
STOPS = 10_000  # of one block for anything else: names that are nowhere, files that it may not have
DEPTH = 300
OUTPUT = 6_000  # characters kept, from the beginning
LARGEST = 200_000  # bytes of JSON that one call's arguments may be
DEEPEST = 20  # lists and dicts in one another, in arguments
CLOCK = datetime.datetime(2000, 1, 1)
How = Literal["done", "refused", "failed", "time", "memory", "calls", "crashed"]


@dataclass(frozen=True)
class HostCall:
    """A block calls one of our functions, with arguments by name as plain values."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Value:
    """What a call returned, as plain values and named tuples."""

    value: Any


@dataclass(frozen=True)
class Mistake:
    """Why a call could not be carried out; in the block it is a ValueError."""

    text: str


@dataclass(frozen=True)
class Ended:
    """How a block ended. `line`: where, from 1; `notes`: what the check found beside; `calls`: functions of ours called.

    Whatever `how` is but "done": the session is as it was before the block.
    """

    how: How
    output: str = ""
    error: str = ""
    line: int | None = None
    notes: tuple[str, ...] = ()
    calls: int = 0


Block = Generator[HostCall, Value | Mistake, Ended]


@dataclass
class Sandbox:
    """The session of one run. `parameters`: the names of each function's arguments, in order; `stubs`: all of it typed."""

    parameters: Mapping[str, tuple[str, ...]]
    stubs: str
    seconds: float = SECONDS
    memory: int = MEMORY
    calls: int = CALLS
    _pool: Monty | None = None
    _session: MontySession | None = None
    _checker: MontySession | None = None  # runs nothing
    _kept: bytes | None = None  # the session after the last block that was done
    _names: set[str] = field(default_factory=set)  # bound by the blocks that were done
    _begun: bool = False  # a block that has not come to its end

    def block(self, code: str) -> Block:
        """Run a block: yields each call of a function of ours, is sent what it gave, and returns how the block ended."""
        from pydantic_monty import FunctionSnapshot, MontyComplete, MontyError, NameLookupSnapshot

        printed = _Head(OUTPUT)
        notes: tuple[str, ...] = ()
        made = stops = 0
        if self._begun:  # one before was left where it stood
            self._leave()
        self._begun = True
        try:
            found = self._check(code)
            notes = found.notes
            if found.stops:
                self._begun = False
                return Ended("refused", error="\n".join(found.stops), line=found.line)
            step = self._opened().feed_start(code, print_callback=printed.take)
            while not isinstance(step, MontyComplete):
                stops += 1
                if stops > STOPS:
                    self._leave()
                    return Ended("calls", printed.text, f"more than {STOPS} stops in one block", None, notes, made)
                if isinstance(step, NameLookupSnapshot):
                    known = step.variable_name in self.parameters and step.object_id is None
                    step = step.resume(value=_stand_in(step.variable_name)) if known else step.resume()
                elif not isinstance(step, FunctionSnapshot):
                    self._leave()
                    return Ended("failed", printed.text, "nothing here is awaited", notes=notes, calls=made)
                elif step.is_os_function:
                    step = step.resume_not_handled()
                else:
                    made += 1
                    if made > self.calls:
                        self._leave()
                        text = f"more than {self.calls} calls in one block"
                        return Ended("calls", printed.text, text, _line(code, step.position.start), notes, self.calls)
                    call = self._call(str(step.function_name), step.args, step.kwargs)
                    answer = call if isinstance(call, Mistake | _Unknown) else (yield call)
                    step = step.resume(_answer(answer))
        except MontyError as error:
            how, text, line = _told(error)
            self._leave()
            return Ended(how, printed.text, text, line, notes, made)
        except BaseException:  # the run is over, or its worker: nothing of a half-done block may stay
            self._leave()
            raise
        self._keep(bound_names(code))
        return Ended("done", printed.text, notes=notes, calls=made)

    def close(self) -> None:
        """End the processes. Another block would begin with nothing."""
        self._leave()
        if self._checker is not None:
            self._checker.__exit__(None, None, None)
            self._checker = None
        if self._pool is not None:
            self._pool.__exit__(None, None, None)
            self._pool = None
        self._kept, self._names = None, set()

    # ---- one block ------------------------------------------------------------------------------------------------

    def _check(self, code: str) -> Found:
        """What a type checker says of the block: it is checked in a session of its own, which runs nothing of it."""
        from pydantic_monty import FunctionSnapshot, MontyError, MontyTypingError

        if self._checker is None:
            stubs = f"{self.stubs}\ndef {GIVEN}() -> Any: ...\n"
            checkout = self._pool_of().checkout(type_check=True, type_check_stubs=stubs, type_check_format="json")
            self._checker = checkout.__enter__()
        written = as_checked(code, self._names - self.parameters.keys())
        try:
            step = self._checker.feed_start(written.text)
            while isinstance(step, FunctionSnapshot) and step.is_os_function:
                step = step.resume_not_handled()  # it asks what a module holds that we know nothing of
            if isinstance(step, FunctionSnapshot):
                step.resume({"exc_type": "RuntimeError", "message": "nothing is run here"})
        except MontyTypingError as error:
            return sort_out(json.loads(error.display()), code, self.parameters.keys(), written.lines)
        except MontyError as error:
            if not str(error).startswith("RuntimeError: nothing is run here"):
                checker, self._checker = self._checker, None
                checker.__exit__(None, None, None)
        return Found()

    def _call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> HostCall | Mistake | _Unknown:
        if name not in self.parameters:
            return _Unknown(name)
        order = self.parameters[name]
        if len(args) > len(order):
            return Mistake(f"{name}: takes {len(order)} arguments at most, not {len(args)}")
        by_place = dict(zip(order, args, strict=False))
        twice = next((given for given in by_place if given in kwargs), None)
        if twice is not None:
            return Mistake(f"{name}: {twice!r} is given twice")
        return given(name, by_place | kwargs)

    # ---- the session ----------------------------------------------------------------------------------------------

    def _opened(self) -> MontySession:
        if self._session is None:
            self._session = self._pool_of().checkout(
                limits={
                    "max_feed_duration_secs": self.seconds,
                    "max_memory": self.memory,
                    "max_recursion_depth": DEPTH,
                    "max_suspensions": 1_000_000_000,  # counted a block, by us
                },
                os_policy={"datetime": CLOCK, "sleep": "zero", "random_start": {"seed": 0}},
            ).__enter__()
            if self._kept is not None:
                self._session.load_session(self._kept)
        return self._session

    def _pool_of(self) -> Monty:
        from pydantic_monty import Monty

        if self._pool is None:
            self._pool = Monty(max_processes=2, request_timeout=self.seconds * 4 + 10, checkout_timeout=60.0).__enter__()
        return self._pool

    def _keep(self, names: set[str]) -> None:
        assert self._session is not None
        self._kept = self._session.dump()
        self._names |= names
        self._begun = False

    def _leave(self) -> None:
        """Leave the session and what became of it; the next block finds what the last one that was done left."""
        self._begun = False
        session, self._session = self._session, None
        if session is not None:
            session.__exit__(None, None, None)


# ---- what crosses the border ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Unknown:
    name: str


def given(name: str, arguments: Mapping[str, Any]) -> HostCall | Mistake:
    """A call with arguments that can be written down: text, finite numbers, lists and dicts, of some size at most."""
    try:
        plain = {str(key): _plain(value) for key, value in arguments.items()}
        size = len(json.dumps(plain, allow_nan=False, ensure_ascii=False).encode())
    except (TypeError, ValueError, RecursionError, OverflowError) as error:
        return Mistake(f"{name}: {' '.join(str(error).split())[:200]}")
    if size > LARGEST:
        return Mistake(f"{name}: its arguments are {size} bytes long, and {LARGEST} are the most")
    return HostCall(name, plain)


def _answer(answer: Value | Mistake | _Unknown) -> Any:
    if isinstance(answer, Value):
        return {"return_value": answer.value}
    if isinstance(answer, Mistake):
        return {"exc_type": "ValueError", "message": answer.text}
    return {"exc_type": "NameError", "message": f"name {answer.name!r} is not defined"}


def _plain(value: Any, deep: int = 0) -> Any:
    """A value of a block as JSON has it; named tuples by their fields. Raises TypeError naming what is none."""
    if deep > DEEPEST:
        raise TypeError(f"lists or dicts more than {DEEPEST} deep in one another")
    if value is None or isinstance(value, bool | int | float | str):
        if isinstance(value, int) and abs(value) > 2**63:
            raise TypeError("a number with more than 64 bits")
        return value
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: _plain(item, deep + 1) for name, item in zip(value._fields, value, strict=True)}
    if isinstance(value, list | tuple):
        return [_plain(item, deep + 1) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((_plain(item, deep + 1) for item in value), key=repr)
    if isinstance(value, dict):
        return {str(key): _plain(item, deep + 1) for key, item in value.items()}
    raise TypeError(f"a {type(value).__name__} is no argument: give text, numbers, lists or dicts")


def _stand_in(name: str) -> Any:
    """What a function of ours is where it is a value; it is never called here."""

    def function(*_: Any, **__: Any) -> None:
        raise RuntimeError(name)

    function.__name__ = name
    return function


class _Head:
    """What was printed, from its beginning, and how much it was in all."""

    def __init__(self, most: int) -> None:
        self._parts: list[str] = []
        self._left, self._cut = most, 0

    def take(self, stream: str, text: str) -> None:
        kept = text[: self._left]
        if kept:
            self._parts.append(kept)
        self._left -= len(kept)
        self._cut += len(text) - len(kept)

    @property
    def text(self) -> str:
        text = "".join(self._parts)
        return f"{text}\n[{self._cut} more characters are cut off]" if self._cut else text


def _told(error: Any) -> tuple[How, str, int | None]:
    """How, in words and where a block failed."""
    from pydantic_monty import MontyCrashedError

    if isinstance(error, MontyCrashedError):
        return ("time", "it took too long", None) if error.timed_out else ("crashed", "the block's process ended", None)
    text = " ".join(str(error).split())[:500]
    frames = error.traceback() if hasattr(error, "traceback") else []
    line = frames[-1].line if frames else None
    if text.startswith("TimeoutError: feed time limit"):
        return "time", "it took too long", None
    if text.startswith("MemoryError: ") and "memory limit" in text:
        return "memory", "it took too much memory", line
    return "failed", text, line


def _line(code: str, at: int) -> int:
    """The line of a place in bytes, from 1."""
    return code.encode()[:at].count(b"\n") + 1
