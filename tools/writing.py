"""Files written so that nobody ever sees a part of one, and a full disk told in one line.

Covered: a file whole or not at all, and what a system says of a disk or quota that is full, as `DiskFull`. Not covered:
what survives a loss of power: files of the cache are verified when they are read, and made again.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..targets.errors import DiskFull

PART = ".part-"  # how the name of a file begins that is being written; one that stays was left by a killed process
GOING = ".evicted-"  # how the name of a folder begins that is being taken away
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that another process sees all of it or nothing; it is readable as any new file of the user's is."""
    temporary = path.with_name(f"{PART}{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def remove_whole(folder: Path) -> None:
    """Take a folder away so that another process sees all of it or nothing. Raises OSError where it cannot be moved."""
    going = folder.with_name(f"{GOING}{secrets.token_hex(8)}")
    folder.rename(going)
    shutil.rmtree(going, ignore_errors=True)


def cache_full(folder: Path) -> DiskFull:
    """The error that says that the disk under a cache folder is full, and what would make room."""
    return DiskFull(
        f"the disk is full: nothing more can be cached in {str(folder)!r}; make room there (lettvin cache --clear), "
        "or set LETTVIN_CACHE to another disk"
    )


@contextmanager
def caching(folder: Path) -> Iterator[None]:
    """Turn the system's word for a full disk or quota into `DiskFull` naming the cache `folder`."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise cache_full(folder) from None
