"""A call that asks something of a network, within a time: a name server that hangs counts too.

Covered: one call, and what it returns or raises. Not covered: what is asked (the hub's models and data sets).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

LOOK_UP_SECONDS = 3.0


def in_time(call: Callable[[], Any], seconds: float = LOOK_UP_SECONDS) -> Any:
    """What the call returns or raises. Raises TimeoutError after `seconds`, and leaves the call behind."""
    ended: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            ended.put((call(), None))
        except BaseException as error:
            ended.put((None, error))

    threading.Thread(target=run, daemon=True, name="lettvin look-up").start()
    try:
        made, error = ended.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    if error is not None:
        raise error
    return made
