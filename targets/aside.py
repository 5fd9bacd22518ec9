"""What a user's own code prints, kept off stdout, in whichever thread it runs.

Covered: several threads at once (a dissection prepares pictures in one and runs the network in another): stdout is given
back when the last of them is done, and never lost. Not covered: writes to the file descriptor past Python.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from typing import TextIO

_lock = threading.Lock()
_stdouts: list[TextIO] = []  # one for each thread that is aside now; the first is the one to give back


@contextlib.contextmanager
def said_aside() -> Iterator[None]:
    """While a user's own code runs, what is printed goes to stderr: stdout is for answers that programs read."""
    with _lock:
        _stdouts.append(sys.stdout)
        sys.stdout = sys.stderr
    try:
        yield
    finally:
        with _lock:
            if len(_stdouts) > 1:
                _stdouts.pop()
            else:
                sys.stdout = _stdouts.pop()
