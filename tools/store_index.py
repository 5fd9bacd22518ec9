"""The store's index: one SQLite file that processes share, and what becomes of it when it is old, full or broken.

Covered: which picture a recipe made, each picture file's size and sha256, which recipes are being painted now, and the
activations of (target, unit, picture), each row with the hash of what it says. WAL mode, whole transactions. An index of
an older version is made over: recipes and pictures are taken, activations are measured anew. A broken one is dropped.
Not covered: what the rows mean to a run (`store.py`), and which of them are taken when the cache is full (`eviction.py`).
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ..targets.errors import BadInput
from .broken_entries import LOG
from .writing import cache_full

NAME = "index-2.sqlite"  # another name for another schema: a lettvin of another version keeps its own
OLD = "index.sqlite"
VERSION = 2
WAIT = 60.0  # seconds that a process waits for another's transaction
SCHEMA = """
CREATE TABLE IF NOT EXISTS made (recipe BLOB PRIMARY KEY, picture TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pictures (picture TEXT PRIMARY KEY, size INT NOT NULL, digest BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS claims (recipe BLOB PRIMARY KEY, holder TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS units (id INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT NOT NULL, unit TEXT NOT NULL,
    used REAL NOT NULL, bytes INT NOT NULL, UNIQUE (target, unit));
CREATE TABLE IF NOT EXISTS activations (unit INT, picture TEXT, peak REAL, mean REAL, map BLOB, h INT, w INT,
    digest BLOB, UNIQUE (unit, picture)); -- with a rowid: rows of a kilobyte would not fit a page of a tree without
"""
_UNUSABLE = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM)
_COLUMNS = (
    "recipe, picture FROM made",
    "picture, size, digest FROM pictures",
    "recipe, holder FROM claims",
    "id, target, unit, used, bytes FROM units",
    "unit, picture, peak, mean, map, h, w, digest FROM activations",
)
# our statements are right: one that SQLite takes for wrong, or that meets what cannot be there, met a broken file
_BROKEN = (
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_TOOBIG,
    sqlite3.SQLITE_MISMATCH,
)
PICTURE_FILE = re.compile(r"[0-9a-f]{64}\.png")

T = TypeVar("T")


class Index:
    """The open index of a store's folder. Raises `BadInput` where it cannot be used, `DiskFull` where it cannot grow."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._connection = self._opened()

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows that a query finds."""
        return self._sure(lambda: self._connection.execute(query, values).fetchall())

    def write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Carry out a change in one transaction: all of it, or none where it raises."""

        def whole() -> T:
            with self._connection as connection:  # commits, or rolls back
                connection.execute("BEGIN IMMEDIATE")
                return change(connection)

        return self._sure(whole)

    def shrink(self) -> None:
        """Give the room of deleted rows back to the file system."""
        with contextlib.suppress(sqlite3.Error):  # a reader may be in the way: then the next one does
            self._connection.executescript("PRAGMA incremental_vacuum")  # as a script it is run to its end
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def bytes(self) -> int:
        """What the index takes on disk, bytes."""
        return sum(_size(self.folder / f"{NAME}{ending}") for ending in ("", "-wal", "-shm"))

    # ---- when it does not do as asked -----------------------------------------------------------------------------

    def _sure(self, act: Callable[[], T]) -> T:
        for again in (False, True):
            try:
                return act()
            except sqlite3.Error as error:
                if not _is_broken(error):
                    raise self._named(error) from None
                self._replace(unless_sound=not again)
        try:
            return act()
        except sqlite3.Error as error:
            raise self._named(error) from None

    def _opened(self) -> sqlite3.Connection:
        from filelock import FileLock

        try:
            # Turning WAL on is the one thing for which SQLite does not wait its turn: two processes that open a new
            # store at once take it in order. So do those that make an old index over.
            with FileLock(self.folder / "index.lock", timeout=WAIT):
                try:
                    return _open(self.folder)
                except sqlite3.Error as error:
                    if not _is_broken(error):
                        raise
                    _drop(self.folder)
                    return _open(self.folder)
        except sqlite3.Error as error:
            raise self._named(error) from None

    def _replace(self, unless_sound: bool) -> None:
        """Another index in place of the broken one; not where it is sound: another process has seen to it already."""
        from filelock import FileLock

        self._connection.close()
        with FileLock(self.folder / "index.lock", timeout=WAIT):
            try:
                self._connection = _open(self.folder)
                if unless_sound and _is_sound(self._connection):
                    return
                self._connection.close()
            except sqlite3.Error:
                self._connection.close()
            try:
                _drop(self.folder)
                self._connection = _open(self.folder)
            except sqlite3.Error as error:
                raise self._named(error) from None

    def _named(self, error: sqlite3.Error) -> Exception:
        """What a person can do about an error of SQLite's; the error itself where that is nothing: then it is a defect."""
        code = _code(error)
        where = repr(str(self.folder))
        if code == sqlite3.SQLITE_FULL:
            return cache_full(self.folder)
        if code == sqlite3.SQLITE_IOERR and _no_room(self.folder):  # shared memory that cannot grow says no more
            return cache_full(self.folder)
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return BadInput(f"another process has kept the cache in {where} for {WAIT:g} s: wait for it, or end it")
        if code in _UNUSABLE or _is_broken(error):  # broken still: it could not be dropped
            return BadInput(
                f"the cache in {where} cannot be opened ({error}): delete it, or set LETTVIN_CACHE to another folder"
            )
        return error


def unit_row(connection: sqlite3.Connection, target: str, unit: str, now: float) -> int:
    """The number of a (target, unit), made where it had none."""
    found = connection.execute("SELECT id FROM units WHERE target = ? AND unit = ?", (target, unit)).fetchone()
    if found is None:
        made = connection.execute(
            "INSERT INTO units (target, unit, used, bytes) VALUES (?, ?, ?, 0)", (target, unit, now)
        )
        return int(made.lastrowid or 0)
    return int(found[0])


def _open(folder: Path) -> sqlite3.Connection:
    path = folder / NAME
    connection = sqlite3.connect(path, timeout=WAIT, isolation_level=None, check_same_thread=False)
    connection.text_factory = lambda text: text.decode(errors="replace")  # a broken text is no error, but another text
    try:
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")  # counts before the first table is made, never later
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
            connection.executescript(SCHEMA)
            _take_over(connection, folder)
            connection.execute(f"PRAGMA user_version={VERSION}")  # last: where this was cut short it is done again
            _unlink(folder, OLD)
    except BaseException:
        connection.close()
        raise
    return connection


def _take_over(connection: sqlite3.Connection, folder: Path) -> None:
    """What is known already: the pictures that lie there, and which recipes made them, by the index of an older version.

    Its activations are not taken: their rows carry no hash.
    """
    if (folder / OLD).is_file():
        with contextlib.suppress(sqlite3.Error):  # no index, or a broken one: then pictures are painted anew
            connection.execute("ATTACH ? AS old", (str(folder / OLD),))
            try:
                connection.execute("INSERT OR IGNORE INTO made SELECT recipe, picture FROM old.made")
            finally:
                connection.execute("DETACH old")
    connection.execute("BEGIN IMMEDIATE")
    rows = ((path.stem, size) for path, size, _ in picture_files(folder))
    connection.executemany("INSERT OR IGNORE INTO pictures VALUES (?, ?, NULL)", rows)
    connection.execute("COMMIT")


def picture_path(identity: str) -> Path:
    """Where in a store's folder the picture of that id lies, or would."""
    return Path("pictures") / identity[:2] / f"{identity}.png"


def picture_files(folder: Path) -> Iterator[tuple[Path, int, float]]:
    """Every picture file of a store's folder: path, bytes, and when it was last used (seconds since 1970)."""
    for group in _entries(folder / "pictures"):
        if group.is_dir(follow_symlinks=False) and len(group.name) == 2:
            for entry in _entries(Path(group.path)):
                if PICTURE_FILE.fullmatch(entry.name):
                    with contextlib.suppress(OSError):  # gone since it was listed
                        stat = entry.stat(follow_symlinks=False)
                        yield Path(entry.path), stat.st_size, stat.st_mtime


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


def _drop(folder: Path) -> None:
    LOG.warning("lettvin: the cache's index in %r was broken; it is made anew, from the pictures", str(folder))
    _unlink(folder, NAME)


def _unlink(folder: Path, name: str) -> None:
    for ending in ("-wal", "-shm", ""):
        with contextlib.suppress(OSError):
            (folder / f"{name}{ending}").unlink(missing_ok=True)


def _code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF  # without what SQLite adds in detail


def _is_broken(error: sqlite3.Error) -> bool:
    return _code(error) in _BROKEN


def _is_sound(connection: sqlite3.Connection) -> bool:
    for columns in _COLUMNS:
        connection.execute(f"SELECT {columns} LIMIT 0")  # raises where a table is not as it was made
    return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))


def _no_room(folder: Path) -> bool:
    return shutil.disk_usage(folder).free < 2**16


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
