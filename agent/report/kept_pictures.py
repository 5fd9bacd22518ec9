"""Encoded pictures of pages, kept in the cache, so that the page of a question asked again decodes and encodes nothing.

Covered: one SQLite file of WebP bytes by what they show (a picture's id, the side, what was drawn over it), each with the
hash of what was written, and its own limit. It only saves time: whatever cannot be read is made again, and what cannot be
written is not kept. Not covered: the encoding itself (`pictures.py`), and the store of whole pictures (`tools/store.py`).
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

FILE = "page-pictures-1.sqlite"  # another number for another encoding: these bytes end in pages
MOST_BYTES = 64_000_000
SCHEMA = "CREATE TABLE IF NOT EXISTS kept (shows TEXT PRIMARY KEY, data BLOB NOT NULL, hash BLOB NOT NULL)"


@dataclass(frozen=True)
class KeptPictures:
    """Encoded pictures under the cache's folder. `most`: bytes that they may take; past it the oldest half go."""

    folder: Path
    most: int = MOST_BYTES

    def read(self, wanted: Iterable[str]) -> dict[str, bytes]:
        """Those of the wanted that are kept and whole."""
        found: dict[str, bytes] = {}
        with contextlib.suppress(sqlite3.Error, OSError), self._open() as index:
            for shows in wanted:
                row = index.execute("SELECT data, hash FROM kept WHERE shows = ?", (shows,)).fetchone()
                if row is not None and _hash(shows, row[0]) == row[1]:
                    found[shows] = row[0]
        return found

    def write(self, made: Mapping[str, bytes]) -> None:
        """Keep these too."""
        if not made:
            return
        with contextlib.suppress(sqlite3.Error, OSError), self._open() as index, index:
            rows = [(shows, data, _hash(shows, data)) for shows, data in made.items()]
            index.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", rows)
            if index.execute("SELECT sum(length(data)) FROM kept").fetchone()[0] > self.most:
                # rows are numbered as they come: the oldest are those with the lowest numbers
                index.execute("DELETE FROM kept WHERE rowid <= (SELECT (min(rowid) + max(rowid)) / 2 FROM kept)")

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        index = sqlite3.connect(self.folder / FILE, timeout=2)
        try:
            index.execute("PRAGMA synchronous=OFF")  # a row that a crash tears is seen by its hash and made again
            index.execute(SCHEMA)
            yield index
        finally:
            index.close()


def _hash(shows: str, data: object) -> bytes | None:
    if not isinstance(data, bytes):
        return None
    return hashlib.blake2b(shows.encode() + b"\0" + data, digest_size=16).digest()
