"""A call that ends when its time is over, whatever it waits for.

Covered: a call on a thread of its own, waited for no longer than is given; the caller says how it is broken off. Ctrl-C
breaks it off too. Not covered: ending a thread that waits for nothing that can be closed; it is left behind, and does not
keep the process from ending.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import TypeVar

Made = TypeVar("Made")


class TimeOver(Exception):
    """The call took longer than it may."""


def within(seconds: float, call: Callable[[], Made], break_off: Callable[[], None] = lambda: None) -> Made:
    """What the call returns or raises, if it does so in time. Raises `TimeOver`, after `break_off`, where it does not."""
    ended: queue.SimpleQueue[tuple[bool, Made | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            ended.put((True, call(), None))
        except BaseException as error:
            ended.put((False, None, error))

    threading.Thread(target=run, daemon=True, name="lettvin request").start()
    try:
        good, made, error = ended.get(timeout=max(0.0, seconds))
    except queue.Empty:
        _quietly(break_off)
        raise TimeOver from None
    except BaseException:
        _quietly(break_off)
        raise
    if error is not None:
        raise error
    assert good
    return made  # type: ignore[return-value]  # None is what it made, where it made that


def _quietly(break_off: Callable[[], None]) -> None:
    with contextlib.suppress(Exception):
        break_off()
