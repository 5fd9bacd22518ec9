"""What the cache holds, for `lettvin cache` and `lettvin doctor`: by kind, with sizes, last uses, and what runs need.

Covered: the report, as values and as lines. Not covered: finding it out and taking it away (`eviction.py`).
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path

from ..targets.errors import BadInput
from .eviction import KINDS, Taken, cache_limit, clear, entries, needed, quick_size, running, shrink, size_text
from .store_index import Index


@dataclass(frozen=True, slots=True)
class Kind:
    """Entries of one kind: how many, their bytes, the bytes running processes need, seconds since the oldest last use."""

    entries: int
    bytes: int
    held: int
    oldest: float | None


@dataclass(frozen=True, slots=True)
class CacheReport:
    """The cache at one moment. `bytes`: all of it, the index too; `runs`: open stores, each of a run, with a lease."""

    folder: str
    bytes: int
    limit: int
    runs: int
    kinds: dict[str, Kind]
    taken: Taken | None = None

    def as_values(self) -> dict[str, object]:
        """As JSON has it."""
        return asdict(self)

    @property
    def head(self) -> tuple[str, ...]:
        """The head of the table of `rows`."""
        return ("kind", "entries", "size", "needed by runs", "oldest use")

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """A row for each kind: its name, how many, size, what running processes need of it, oldest last use."""
        return [
            (name, f"{kind.entries:,}", size_text(kind.bytes), size_text(kind.held), _ago(kind.oldest))
            for name, kind in self.kinds.items()
        ]

    def lines(self) -> list[str]:
        """What the table of kinds does not say: what was taken, and the whole against the limit."""
        told = []
        if self.taken is not None:
            told.append(f"taken away: {size_text(self.taken.bytes)} in {self.taken.entries:,} entries")
        whole = f"{self.folder}: {size_text(self.bytes)} of at most {size_text(self.limit)}"
        return [*told, whole + (f"; {self.runs} open now" if self.runs else "")]


def make_room(folder: Path, everything: bool, limit: str | None) -> Taken | None:
    """Take away all that no running process needs, or what is over a size such as '5GB'; nothing where neither is wanted.

    Raises `BadInput`.
    """
    if everything and limit is not None:
        raise BadInput("cache takes one of --clear and --limit SIZE")
    if limit is not None:
        return shrink(folder, cache_limit(limit))
    return clear(folder) if everything else None


def cache_report(folder: Path, taken: Taken | None = None) -> CacheReport:
    """What the cache in a folder holds now; `taken`: what was just taken away. Raises `BadInput`."""
    limit, now = cache_limit(), time.time()
    index = Index(folder)
    try:
        held = needed(folder)
        found = list(entries(folder, index))
        size = sum(entry.bytes for entry in found if entry.kind != "activations") + index.bytes()
    finally:
        index.close()
    kinds = {}
    for name in KINDS:
        own = [entry for entry in found if entry.kind == name]
        oldest = max((now - entry.used for entry in own), default=None)
        kinds[name] = Kind(
            len(own),
            sum(entry.bytes for entry in own),
            sum(entry.bytes for entry in own if entry.name in held),
            None if oldest is None else round(max(0.0, oldest), 1),
        )
    return CacheReport(str(folder), size, limit, running(folder), kinds, taken)


def cache_line(folder: Path) -> str:
    """Where the cache is, its size and its limit, without a look at every file. Raises `BadInput`."""
    limit = cache_limit()
    index = Index(folder)
    try:
        return f"{folder}, {size_text(quick_size(folder, index))} of at most {size_text(limit)}"
    finally:
        index.close()


def _ago(seconds: float | None) -> str:
    if seconds is None:
        return ""
    for size, unit in ((86400, "day"), (3600, "hour")):
        if seconds >= size:
            n = round(seconds / size)
            return f"{n} {unit}{'' if n == 1 else 's'} ago"
    return "within the hour"
