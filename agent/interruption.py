"""Ctrl-C put off: what must happen whole, such as a verdict and its line in the record, is not torn apart by it.

Covered: a block in which the interruption waits for the end. Not covered: what an interruption then does (`loop.py`),
and threads other than the main one, where Python delivers none.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let the block come to its end before Ctrl-C has its effect; blocks may stand inside one another. Keep them short."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    waiting: list[tuple[int, Any]] = []

    def wait(number: int, frame: Any) -> None:
        waiting.append((number, frame))

    signal.signal(signal.SIGINT, wait)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if waiting:
            before(*waiting[0])
