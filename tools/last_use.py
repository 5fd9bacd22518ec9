"""When a file of the cache was last used: its time of change, moved at most once an hour, so that a read costs no write.

Not covered: the last use of activations, which the index keeps by the hour too.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

HOUR = 3600.0


def used(path: Path) -> bool:
    """Whether the file is there; if it is, that it was used now is noted."""
    try:
        noted = path.stat().st_mtime
    except OSError:
        return False
    if abs(time.time() - noted) > HOUR:
        with contextlib.suppress(OSError):  # another user's file, or one that is just being taken away
            os.utime(path)
    return True
