"""Leases: what running processes need of a cache folder now, so that nothing takes it from them.

Covered: a lease is two files in ``leases/``: one that its process holds locked, and the names of the entries that it
needs, appended as they come. The system drops the lock when the process dies, of `kill -9` too, and the lease with it.
Not covered: what a name stands for (`store.py`, `dissection/`), and what is taken where nobody needs it (`eviction.py`).
"""

from __future__ import annotations

import os
import secrets
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import FileLock

_YOUNG = 60.0  # seconds: a lease's file is made a moment before it is locked, and must not be swept away in between


class Lease:
    """One holder's lease on a folder's entries, until `release` or the end of its process. Raises OSError."""

    def __init__(self, folder: Path) -> None:
        from filelock import FileLock

        self.name = secrets.token_hex(8)
        place = folder / "leases"
        place.mkdir(parents=True, exist_ok=True)
        lock = FileLock(place / f"{self.name}.lock", thread_local=False)
        lock.acquire(timeout=10)
        self._held: set[str] = set()
        try:
            self._file = os.open(place / f"{self.name}.held", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o666)
        except OSError:
            lock.release()
            raise
        self._release = weakref.finalize(self, _released, lock, self._file, place / self.name, os.getpid())

    def hold(self, name: str) -> None:
        """Need the entry of that name from now on."""
        if name not in self._held:
            os.write(self._file, f"{name}\n".encode())  # one append of one line: never mixed with another thread's
            self._held.add(name)

    def release(self) -> None:
        """Need nothing any longer."""
        self._release()


def _released(lock: FileLock, file: int, place: Path, process: int) -> None:
    os.close(file)
    if os.getpid() == process:  # a forked child leaves its parent's lease alone
        place.with_suffix(".held").unlink(missing_ok=True)  # first the names: a lock without them is a lease on nothing
        lock.release()
        place.with_suffix(".lock").unlink(missing_ok=True)


def alive(folder: Path, name: str) -> bool:
    """Whether the process that took the lease of that name still has it."""
    from filelock import FileLock, Timeout

    path = folder / "leases" / f"{name}.lock"
    if not path.exists():
        return False
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:
        return path.exists()  # another user's: nothing here may be sure that it is dead
    lock.release()
    return False


def leased(folder: Path) -> tuple[int, set[str]]:
    """How many processes hold a lease on the folder now, and the names of all that they need; forgets the dead."""
    names: set[str] = set()
    holders = 0
    for path in sorted((folder / "leases").glob("*.lock")):
        held = path.with_suffix(".held")
        try:
            if alive(folder, path.stem):
                holders += 1
                names.update(held.read_text().splitlines())
            elif time.time() - path.stat().st_mtime > _YOUNG:
                held.unlink(missing_ok=True)
                path.unlink(missing_ok=True)
        except OSError:  # released while this was looking
            continue
    return holders, names
