"""Pictures of a source read ahead of the network: decoded and prepared in a thread, or in processes beside it.

Covered: batches in order, with what is unreadable named; one batch ahead in a thread where the network computes on the same
cores; worker processes, two batches ahead each, where it computes elsewhere and would wait. $LETTVIN_READERS sets their
number (0: the thread), else all cores but one, as shared memory allows, where the target is on cuda. Both read the same, to
the bit. Not covered: systems that cannot fork (there it is the thread), targets that prepare no tensors (they are shown
pictures), and how a file becomes pixels (`../sources/decoding.py`).
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import shutil
import signal
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ...targets.errors import BadInput, TargetFailed, one_line
from ...targets.picture import FromData, Picture
from ...targets.target import Prepares, Target
from ..sources.source import Source, Unreadable
from .record import Skipped

if TYPE_CHECKING:
    import torch

LOG = logging.getLogger("lettvin")
VARIABLE = "LETTVIN_READERS"
AHEAD = 2  # batches that each process has ready
MOST = 16  # processes
FEWEST = 8  # batches: for fewer no process is worth its start
SHARED = Path("/dev/shm")


@dataclass
class Read:
    """A batch that was read: its pictures by index, what could not be read, and the target's input of them."""

    start: int
    pictures: dict[int, Picture] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    ready: torch.Tensor | None = None


def read_ahead(target: Target, source: Source, start: int, batch: int, readers: int | None = None) -> Iterator[Read]:
    """The source's pictures from `start` on, in batches. `readers`: processes; None: as many as fit the target.

    Raises `TargetFailed` where the target's preprocessing raises.
    """
    starts = range(start, len(source), batch)
    many = readers_for(target, len(starts), batch) if readers is None else readers
    if many and isinstance(target, Prepares) and "fork" in multiprocessing.get_all_start_methods():
        done = 0
        try:
            for read in _in_processes(target, source, starts, batch, many):
                done += 1
                yield read
            return
        except _Died as died:
            LOG.warning("lettvin: a process that read pictures has died (%s); going on in this one", died)
            starts = starts[done:]
    yield from _in_thread(target, source, starts, batch)


def readers_for(target: Target, batches: int, batch: int) -> int:
    """How many processes read for a target: 0 where the thread does. Raises `BadInput` where $LETTVIN_READERS is no number."""
    told = os.environ.get(VARIABLE)
    if told:
        if not told.isdecimal():
            raise BadInput(f"${VARIABLE} {told!r} is no number of processes: write 0 or more")
        return min(int(told), MOST)
    if not str(getattr(target, "device", "cpu")).startswith("cuda") or batches < FEWEST:
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    side = target.sight(224, 224).side or (224, 224)
    bytes_each = AHEAD * batch * 3 * side[0] * side[1] * 4
    room = shutil.disk_usage(SHARED).free // 2 // bytes_each if SHARED.is_dir() else MOST
    return max(0, min(cores - 1, MOST, room))


def read(target: Target, source: Source, start: int, stop: int) -> Read:
    """Pictures `start` to `stop` of the source, decoded and prepared now."""
    found = Read(start)
    for index in range(start, stop):
        try:
            picture = source.picture(index)
            picture.pixels  # noqa: B018  (read or painted here, not where the network waits)
            found.pictures[index] = picture
        except Unreadable as error:
            found.skipped.append(Skipped(index, error.name or f"#{index}", str(error)))
    if found.pictures and isinstance(target, Prepares):
        found.ready = target.prepare(list(found.pictures.values()))
    return found


def _in_thread(target: Target, source: Source, starts: Sequence[int], batch: int) -> Iterator[Read]:
    """Batches, the next one read while the caller works on this one."""
    n = len(source)
    with ThreadPoolExecutor(1, thread_name_prefix="dissection-reader") as reader:
        ahead: Future[Read] | None = None
        for place, start in enumerate(starts):
            future = ahead or reader.submit(read, target, source, start, min(start + batch, n))
            following = starts[place + 1] if place + 1 < len(starts) else None
            stop = None if following is None else min(following + batch, n)
            ahead = None if following is None or stop is None else reader.submit(read, target, source, following, stop)
            yield future.result()


# ---- in processes -----------------------------------------------------------------------------------------------------


class _Died(Exception):
    """A reading process is gone."""


_reads: list[Callable[[int], Read]] = []  # what a reading process was forked with: what reads the batch from an index on
Crossing = tuple[dict[int, str], list[Skipped], "torch.Tensor | None"]


def _in_processes(target: Target, source: Source, starts: Sequence[int], batch: int, readers: int) -> Iterator[Read]:
    """Batches, in order; each process has two more to do. Tensors cross in shared memory."""
    n = len(source)
    whole = partial(_one, target, source, batch, n)
    context = multiprocessing.get_context("fork")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside threads: the readers use none of their locks
        pool = ProcessPoolExecutor(min(readers, len(starts)), context, initializer=_begin, initargs=(whole,))
        ahead: deque[Future[Crossing | str]] = deque(pool.submit(_crossing, start) for start in starts[: AHEAD * readers])
    try:
        for place, start in enumerate(starts):
            found = ahead.popleft().result()
            if isinstance(found, str):
                raise TargetFailed(found)
            following = place + AHEAD * readers
            if following < len(starts):
                ahead.append(pool.submit(_crossing, starts[following]))
            identities, skipped, ready = found
            yield Read(start, {i: _lazily(source, i, identity) for i, identity in identities.items()}, skipped, ready)
    except BrokenProcessPool as error:
        raise _Died(one_line(error)) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _one(target: Target, source: Source, batch: int, n: int, start: int) -> Read:
    return read(target, source, start, min(start + batch, n))


def _begin(whole: Callable[[int], Read]) -> None:
    """What a reading process does first: one thread, no Ctrl-C of its own, and no life beyond the network's process."""
    import ctypes

    import torch

    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    _reads[:] = [whole]


def _crossing(start: int) -> Crossing | str:
    """A batch as it crosses to the network's process; the line of `TargetFailed` where the preprocessing raised."""
    try:
        found = _reads[0](start)
    except TargetFailed as failed:
        return str(failed)
    return {index: picture.id for index, picture in found.pictures.items()}, found.skipped, found.ready


def _lazily(source: Source, index: int, identity: str) -> Picture:
    return Picture(identity, FromData(source.name, index), load=lambda: source.picture(index).pixels)
