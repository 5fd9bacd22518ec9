"""The cache's size and its limit: what it holds by kind, and taking away what was used longest ago.

Covered: $LETTVIN_CACHE_LIMIT; sizes and last uses of pictures, of a unit's activations and of dissections; eviction down
to nine tenths of the limit, least recently used first, never what a running process holds a lease on; emptying the cache.
What is taken is made again, the same, where it is asked for again. Only files that lettvin's own names fit are ever
touched. Not covered: when it runs (`Store` opens and closes), and how entries are made (`store.py`, `dissection/`).
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ..targets.errors import BadInput, DiskFull
from .lease import alive, leased
from .store_index import Index, picture_files, picture_path
from .writing import GOING, PART, remove_whole

VARIABLE = "LETTVIN_CACHE_LIMIT"
DEFAULT = "20GB"
ROOM = 0.9  # of the limit is left after an eviction, so that the next run does not need one
KINDS = ("pictures", "activations", "dissections", "captions", "fetched", "thumbnails")
FOLDERS = ("dissections", "captions", "fetched")  # each of their entries is a folder, named by its key (captions:
# `caption_store.py`, fetched: `sources/hub_datasets.py`)
THUMBNAILS = "page-pictures-*.sqlite"  # encoded pictures of pages (agent/report/kept_pictures.py), which limit themselves
_SIZES = {"": 1, "B": 1} | {
    f"{letter}{ending}": base**power
    for power, letter in enumerate("KMGT", 1)
    for ending, base in (("", 1000), ("B", 1000), ("IB", 1024))
}
_KEY = re.compile(r"[0-9a-f]{64}")
_STALE = 3600.0  # seconds after which a file that was never finished is nobody's


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that can be taken away: its kind, the name a lease holds it by, bytes, last use (seconds since 1970)."""

    kind: str
    name: str
    bytes: int
    used: float
    take: Callable[[], bool] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Taken:
    """What an eviction did: entries and bytes taken, and the bytes that had to stay because running processes need them."""

    entries: int
    bytes: int
    held: int


def cache_limit(text: str | None = None) -> int:
    """The bytes of a size such as '20GB', '500 MiB' or '1000000'; of $LETTVIN_CACHE_LIMIT where none is given.

    Raises `BadInput` on what is no size, or none above 0.
    """
    given = text if text is not None else os.environ.get(VARIABLE) or DEFAULT
    match = re.fullmatch(r"\s*(\d{1,12}(?:\.\d{1,6})?)\s*([A-Za-z]*)\s*", given)
    size = None if match is None else _SIZES.get(match[2].upper())
    if match is None or size is None or float(match[1]) * size < 1:
        named = "the cache limit" if text is not None else f"${VARIABLE}"
        raise BadInput(f"{named} {given!r} is no size above 0: write a number of bytes, or one such as '20GB' or '500MiB'")
    return int(float(match[1]) * size)


def size_text(size: float) -> str:
    """Bytes as a person reads them: '1.2 GB'."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def tidy(folder: Path, index: Index) -> None:
    """Make room where the cache is over its limit; costs a few milliseconds where it is not. Raises `BadInput`."""
    from filelock import FileLock, Timeout

    limit = cache_limit()
    if quick_size(folder, index) > limit:
        with suppress(Timeout), FileLock(folder / "eviction.lock", timeout=0):  # where another is at it, that will do
            _evict(folder, index, limit, ROOM)


def quick_size(folder: Path, index: Index) -> int:
    """Bytes that the cache takes, by its index; without a look at every picture's file."""
    ((pictures,),) = index.rows("SELECT TOTAL(size) FROM pictures")
    thumbnails = sum(stat.st_size for stat in map(_stat, folder.glob(THUMBNAILS)) if stat is not None)
    return int(pictures) + index.bytes() + sum(size for kind in FOLDERS for _, size, _ in _keyed(folder / kind)) + thumbnails


def evict(folder: Path, index: Index, limit: int, room: float = ROOM) -> Taken:
    """Take the least recently used away until the cache is within `room` of the limit (bytes).

    One process at a time: raises `BadInput` where another has been at it for a minute.
    """
    from filelock import FileLock, Timeout

    try:
        with FileLock(folder / "eviction.lock", timeout=60):
            return _evict(folder, index, limit, room)
    except Timeout:
        raise BadInput(f"another process is making room in the cache {str(folder)!r}: wait for it, or end it") from None


def _evict(folder: Path, index: Index, limit: int, room: float) -> Taken:
    with suppress(DiskFull):  # what is taken makes room, and then it is done
        _mend(folder, index)
    found = sorted(entries(folder, index), key=lambda entry: entry.used)
    size = sum(entry.bytes for entry in found if entry.kind != "activations") + index.bytes()
    taken = gone = held = 0
    for entry in found if size > limit else ():
        if size - gone <= room * limit:
            break
        # looked at anew for each: a run may have begun, or taken up something old, a moment ago
        if entry.name in needed(folder) or not entry.take():
            held += entry.bytes
        else:
            taken, gone = taken + 1, gone + entry.bytes
    if taken:
        _mend(folder, index)
        index.shrink()
    return Taken(taken, gone, held)


def shrink(folder: Path, limit: int) -> Taken:
    """Take the least recently used away until the cache is within `limit` bytes. Raises `BadInput`."""
    index = Index(folder)
    try:
        return evict(folder, index, limit, room=1.0)
    finally:
        index.close()


def clear(folder: Path) -> Taken:
    """Take away everything that no running process needs; works where the disk is full. Raises `BadInput`."""
    before = Taken(0, 0, 0)
    try:
        index = Index(folder)
    except DiskFull:  # the index cannot even be opened: files first
        held = needed(folder)
        files = [e for e in _files(folder) if e.name not in held and e.take()]
        before = Taken(len(files), sum(e.bytes for e in files), 0)
        index = Index(folder)
    try:
        after = evict(folder, index, 0)
    finally:
        index.close()
    return Taken(before.entries + after.entries, before.bytes + after.bytes, after.held)


def running(folder: Path) -> int:
    """How many open stores, each of a run, hold a lease on the cache now."""
    return leased(folder)[0]


def needed(folder: Path) -> set[str]:
    """The names of all entries that running processes hold a lease on."""
    return leased(folder)[1].union(*(leased(folder / kind)[1] for kind in FOLDERS))


# ---- what there is --------------------------------------------------------------------------------------------------


def entries(folder: Path, index: Index) -> Iterator[Entry]:
    """Everything that can be taken away, in no order. Activations are those of a (target, unit) together."""
    from .store import unit_lease

    yield from _files(folder)
    for number, target, unit, used, size in index.rows("SELECT id, target, unit, used, bytes FROM units"):
        name = unit_lease(str(target), str(unit))
        yield Entry("activations", name, _number(size), _number(used), partial(_forgotten, index, number))


def _files(folder: Path) -> Iterator[Entry]:
    for path, size, used in picture_files(folder):
        yield Entry("pictures", path.stem, size, used, partial(_unlinked, path))
    for kind in FOLDERS:
        for path, size, used in _keyed(folder / kind):
            yield Entry(kind, path.name, size, used, partial(_removed, path))
    for path in folder.glob(THUMBNAILS):
        if (stat := _stat(path)) is not None:
            yield Entry("thumbnails", path.name, stat.st_size, stat.st_mtime, partial(_unlinked, path))


def _number(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0  # a broken row: then it is the first to go


def _keyed(folder: Path) -> Iterator[tuple[Path, int, float]]:
    """Every entry of a folder of folders, finished or begun: its own folder, bytes, last use."""
    with suppress(OSError):
        for path in sorted(folder.iterdir()):
            if _KEY.fullmatch(path.name):
                files = [s for s in map(_stat, path.iterdir()) if s is not None] if path.is_dir() else []
                if files:
                    yield path, sum(s.st_size for s in files), max(s.st_mtime for s in files)


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except OSError:
        return None


# ---- taking it away -------------------------------------------------------------------------------------------------


def _unlinked(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        return True
    except OSError:  # in use, where a system forbids it, or another user's
        return False
    return True


def _forgotten(index: Index, number: int) -> bool:
    def change(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM activations WHERE unit = ?", (number,))
        connection.execute("DELETE FROM units WHERE id = ?", (number,))

    try:
        index.write(change)
    except DiskFull:  # to forget takes a little room too: files may make it
        return False
    return True


def _removed(path: Path) -> bool:
    """Take a folder away, whole, unless somebody makes it or has just opened it."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(path.with_name(f"{path.name}.lock"), timeout=0):
            if path.name in leased(path.parent)[1]:
                return False
            remove_whole(path)
    except (Timeout, OSError):
        return False
    return True


def _mend(folder: Path, index: Index) -> None:
    """Let the index know the pictures that lie there and no others, and sweep up what killed processes left."""
    there = {path.stem: size for path, size, _ in picture_files(folder)}

    def change(connection: sqlite3.Connection) -> None:
        known = {str(row[0]) for row in connection.execute("SELECT picture FROM pictures")}
        gone = [(picture,) for picture in known - there.keys() if not (folder / picture_path(picture)).exists()]
        connection.executemany("DELETE FROM pictures WHERE picture = ?", gone)
        found = [(picture, size) for picture, size in there.items() if picture not in known]
        connection.executemany("INSERT OR IGNORE INTO pictures VALUES (?, ?, NULL)", found)
        connection.execute("DELETE FROM made WHERE picture NOT IN (SELECT picture FROM pictures)")
        holders = [str(row[0]) for row in connection.execute("SELECT DISTINCT holder FROM claims")]
        dead = [(holder,) for holder in holders if not alive(folder, holder)]
        connection.executemany("DELETE FROM claims WHERE holder = ?", dead)

    index.write(change)
    going = [(folder / kind).glob(f"{GOING}*") for kind in FOLDERS]
    for parts in ((folder / "pictures").glob(f"*/{PART}*"), *going):
        for path in parts:
            stat = _stat(path)
            if stat is not None and time.time() - stat.st_mtime > _STALE:
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else _unlinked(path)
