"""Dissections by what they are of: made in one pass where they are not on disk yet, opened where they are.

Covered: which layers or unit, the key, one process at a time (the others wait, and then open what it made), a lease for
as long as a dissection is in use, and making a broken one again. Not covered: the pass (`one_pass.py`), reading its
results and verifying them (`record.py`), and when one is taken away (`../eviction.py`).
"""

from __future__ import annotations

import hashlib
import json
import os
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ...targets.errors import BadInput
from ...targets.target import Target, Unit
from ..broken_entries import LOG, Broken, tell_broken
from ..last_use import used
from ..lease import Lease
from ..sources.source import Source
from ..writing import caching, remove_whole
from .one_pass import VERSION, Pass, Track, Watch
from .record import Dissection

if TYPE_CHECKING:
    from filelock import BaseFileLock


def dissect(
    target: Target,
    source: Source,
    layers: Sequence[str] | None = None,
    *,
    folder: Path,
    batch: int = 32,
    watch: Watch | None = None,
    waiting: Watch | None = None,
    checkpoint_seconds: float = 10.0,
) -> Dissection:
    """The dissection of `layers` (the target's default ones) over a source, from disk where it was made before.

    `folder`: where dissections are kept, each in a folder of its key. `watch(done, total)`: called as pictures are
    done; `waiting(done, total)`: instead of it, while another process is making the same dissection, which is then
    opened. Interrupted, it goes on where its last checkpoint was, and the results are the same to the bit.
    Raises `BadInput` for an unknown layer or a source with no readable picture, `TargetFailed` where the target
    raises or answers NaN or infinity, `DiskFull` where it cannot be written.
    """
    return _dissect(_Wanted(target, source, _layer_tracks(target, layers), folder, batch, checkpoint_seconds), watch, waiting)


def dissect_unit(
    target: Target,
    source: Source,
    unit: Unit,
    *,
    folder: Path,
    batch: int = 32,
    watch: Watch | None = None,
    waiting: Watch | None = None,
    checkpoint_seconds: float = 10.0,
) -> Dissection:
    """The dissection of one group or direction, as a single column: its layer is `unit.address`, its index 0.

    The peak of a mean of maps is not the mean of their peaks, so a group needs its own pass.
    """
    return _dissect(_Wanted(target, source, [Track(unit.layer, unit)], folder, batch, checkpoint_seconds), watch, waiting)


def open_dissection(
    target: Target, source: Source, layers: Sequence[str] | None = None, *, folder: Path
) -> Dissection | None:
    """The finished dissection of `layers` over a source, or None where there is none yet."""
    wanted = _Wanted(target, source, _layer_tracks(target, layers), folder)
    if not (wanted.place / "dissection.json").is_file():
        return None
    with _turn(wanted, None, None):
        return _opened(wanted, None)


def _layer_tracks(target: Target, layers: Sequence[str] | None) -> list[Track]:
    names = target.default_layers if layers is None else dict.fromkeys(layers)
    if not names:
        raise BadInput("no layer to dissect")
    return [Track(target.layer(name)) for name in names]


def _key(target: Target, source: Source, tracks: Sequence[Track]) -> str:
    parts = [VERSION, target.key, source.key, [track.identity for track in tracks]]
    return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True)
class _Wanted:
    """What is to be dissected, where it is kept, and how."""

    target: Target
    source: Source
    tracks: list[Track]
    folder: Path
    batch: int = 32
    checkpoint_seconds: float = 10.0

    @cached_property
    def key(self) -> str:
        return _key(self.target, self.source, self.tracks)

    @property
    def place(self) -> Path:
        return self.folder / self.key


def _dissect(wanted: _Wanted, watch: Watch | None, waiting: Watch | None) -> Dissection:
    if wanted.batch < 1:
        raise BadInput(f"a batch holds at least 1 picture, not {wanted.batch!r}")
    if not len(wanted.source):
        raise BadInput(f"data source {wanted.source.name!r} holds no pictures")
    with _turn(wanted, watch, waiting):
        found = _opened(wanted, watch)
        if found is not None:
            if watch is not None:
                watch(found.n, found.n)
            return found
        _make(wanted, watch)
        return _with_lease(wanted, watch)


def _opened(wanted: _Wanted, watch: Watch | None) -> Dissection | None:
    """The dissection that lies there, if it is finished; one whose first file is broken is taken away."""
    if not used(wanted.place / "dissection.json"):
        return None
    try:
        return _with_lease(wanted, watch)
    except Broken as broken:
        _tell(broken)
        remove_whole(wanted.place)
        return None


def _with_lease(wanted: _Wanted, watch: Watch | None) -> Dissection:
    """The dissection, which nobody takes away while the object lives."""
    remake = _Remake(wanted, watch)
    with suppress(PermissionError):  # a cache that one may only read: nobody takes anything from it as this user
        lease = Lease(wanted.folder)
        lease.hold(wanted.key)
        found = Dissection(wanted.place, remake)
        weakref.finalize(found, lease.release)
        return found
    return Dissection(wanted.place, remake)


def _make(wanted: _Wanted, watch: Watch | None) -> None:
    place, key = wanted.place, wanted.key
    Pass(wanted.target, wanted.source, wanted.tracks, place, key, wanted.batch, wanted.checkpoint_seconds).run(watch)


@dataclass(frozen=True)
class _Remake:
    """Makes a dissection again that turned out to be broken when it was read, once for all processes that notice."""

    wanted: _Wanted
    watch: Watch | None

    def __call__(self, why: str) -> None:
        with _turn(self.wanted, self.watch, None):
            with suppress(Broken):
                Dissection(self.wanted.place).verify()
                return  # another process noticed too, and has made it again
            _tell(why)
            with suppress(FileNotFoundError):
                remove_whole(self.wanted.place)
            _make(self.wanted, self.watch)


def _tell(why: object) -> None:
    tell_broken(f"a broken dissection ({why})", set(), "dissection")


@contextmanager
def _turn(wanted: _Wanted, watch: Watch | None, waiting: Watch | None) -> Iterator[None]:
    """This process's turn at the dissection: nobody else makes it, or takes it away, meanwhile.

    The system ends a turn with its process. Where another's is on, `waiting`, or else `watch`, is told how far it is.
    """
    from filelock import FileLock, Timeout

    with caching(wanted.folder):
        wanted.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(wanted.folder / f"{wanted.key}.lock", thread_local=False)
        try:
            lock.acquire(timeout=0.5)  # to look whether it is there takes others no longer: then nothing is told
        except PermissionError:
            if os.access(wanted.folder, os.W_OK):
                raise
            yield  # a cache that one may only read: nobody writes there as this user
            return
        except Timeout:
            _wait(wanted, lambda: _tried(lock), waiting or watch)
        try:
            yield
        finally:
            lock.release()


def _tried(lock: BaseFileLock) -> bool:
    from filelock import Timeout

    try:
        lock.acquire(timeout=0.2)
    except Timeout:
        return False
    return True


def _wait(wanted: _Wanted, tried: Callable[[], bool], tell: Watch | None) -> None:
    LOG.info("lettvin: waiting for another process that makes the same dissection")
    first, n = wanted.tracks[0].units, len(wanted.source)
    while True:
        if tell is not None:
            try:
                size = (wanted.place / "peaks-0.f32").stat().st_size
            except OSError:
                size = 0
            tell(min(size // (4 * first), n), n)
        if tried():
            return
