"""One pass over a source for every unit of the chosen layers: peaks to disk, everything else to small statistics.

Covered: the pass, batches counted behind while the network computes, checkpoints, and going on after an interruption with
results equal to the bit. Not covered: reading pictures ahead (`reading.py`), what is read of a map (`positions.py`), what a
dissection is of (`make.py`), and reading the results (`record.py`).
Not detected: a value of minus infinity at a position that is neither its map's maximum nor in the sample.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from ...targets.errors import BadInput, TargetFailed
from ...targets.picture import Picture
from ...targets.target import Layer, Prepares, Target, Unit
from ..broken_entries import Broken, tell_broken
from ..sources.source import Source
from ..writing import write_whole
from .digests import array_digest, column_digests, sealed, unsealed
from .histogram import Histograms
from .positions import peaks_of, places, positions_for, values_at
from .reading import read_ahead
from .record import SPARSE_SHARE, Skipped, state_of

if TYPE_CHECKING:
    import torch

VERSION = "2"  # raised whenever a change here changes a number or a file
CONSTANT = 1e-6

Watch = Callable[[int, int], None]


@dataclass(frozen=True)
class Track:
    """What is recorded of one layer: all its units, or (`unit` given) the maps of one group or direction."""

    layer: Layer
    unit: Unit | None = None

    @property
    def name(self) -> str:
        return self.layer.name if self.unit is None else self.unit.address

    @property
    def units(self) -> int:
        return self.layer.units if self.unit is None else 1

    @property
    def identity(self) -> list[object]:
        unit = self.unit
        if unit is None:
            return [self.layer.name, self.units]
        more = [] if (unit.offset, unit.threshold) == (0.0, None) else [unit.offset, unit.threshold]
        return [self.layer.name, unit.channels, unit.direction, *more]


@dataclass
class _Batch:
    """Some pictures of the source, and what was read of their maps, a row or an array for each track."""

    start: int
    pictures: dict[int, Picture] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    peaks: list[np.ndarray] = field(default_factory=list)
    values: list[np.ndarray] = field(default_factory=list)


class Pass:
    """The state of one pass: how far it is, what was skipped, and a histogram and a file of peaks for each track."""

    def __init__(
        self,
        target: Target,
        source: Source,
        tracks: list[Track],
        place: Path,
        key: str,
        batch: int,
        checkpoint_seconds: float,
    ) -> None:
        self.target, self.source, self.tracks = target, source, tracks
        self.place, self.key, self.batch, self.checkpoint_seconds = place, key, batch, checkpoint_seconds
        self.n = len(source)
        self.sampled = positions_for(self.n)
        self.done = 0
        self.skipped: list[Skipped] = []
        self.written = [hashlib.sha256() for _ in tracks]  # of all that went to each file of peaks
        self.histograms = [Histograms(track.units) for track in tracks]
        self.low = [np.full(track.units, np.inf, dtype=np.float32) for track in tracks]  # of the peaks
        self.high = [np.full(track.units, -np.inf, dtype=np.float32) for track in tracks]

    def run(self, watch: Watch | None) -> None:
        """Go through the source from where the last pass stopped, and finish the files.

        While the network computes on one batch, the next is read (`reading.py`) and the one before is counted in a thread.
        """
        self._go_on()
        files = [self._open(number) for number in range(len(self.tracks))]
        saved, counting = time.monotonic(), _Counting(self)
        try:
            for read in read_ahead(self.target, self.source, self.done, self.batch):
                batch = _Batch(read.start, read.pictures, read.skipped)
                self._measure(batch, read.ready)
                counting.wait()
                self._passed(counting, files, watch)
                if time.monotonic() - saved >= self.checkpoint_seconds and self.done < self.n:
                    self._save(files)
                    saved = time.monotonic()
                counting.begin(batch)
            counting.wait()
            self._passed(counting, files, watch)
            if len(self.skipped) == self.n:
                first = self.skipped[0]
                raise BadInput(
                    f"data source {self.source.name!r} has no readable picture among {self.n}; "
                    f"the first: {first.name!r}: {first.reason}"
                )
            self._finish(files)
        except BaseException:
            if counting.sound():  # not in the middle of a batch: what is done is kept
                self._passed(counting, files, None)
                if 0 < self.done < self.n:
                    self._save(files)
            raise
        finally:
            counting.close()
            for file in files:
                with suppress(OSError):  # flushed above, or the disk is full: then what went wrong is on its way already
                    file.close()

    def _passed(self, counting: _Counting, files: Sequence[BinaryIO], watch: Watch | None) -> None:
        """A batch that was counted goes to the files."""
        batch = counting.take()
        if batch is None:
            return
        counting.broken = True  # until files and state agree again
        stop = min(batch.start + self.batch, self.n)
        for file, written, track, peaks in zip(files, self.written, self.tracks, batch.peaks, strict=True):
            block = np.full((stop - batch.start, track.units), np.nan, dtype=np.float32)
            block[[index - batch.start for index in batch.pictures]] = peaks
            file.write(block.data)
            written.update(block.data)
        self.skipped.extend(batch.skipped)
        self.done, counting.broken = stop, False
        if watch is not None:
            watch(self.done, self.n)

    # ---- measuring ------------------------------------------------------------------------------------------------

    def _measure(self, batch: _Batch, ready: torch.Tensor | None) -> None:
        """Fill in the batch's peaks and sampled values for every track: n x units, and (n * sampled) x units."""
        peaks: list[list[np.ndarray]] = [[] for _ in self.tracks]
        values: list[list[np.ndarray]] = [[] for _ in self.tracks]
        seen_of: dict[str, int] = {}
        where = places(list(batch.pictures), self.sampled)

        def see(name: str, maps: torch.Tensor) -> None:
            offset = seen_of.get(name, 0)
            seen_of[name] = offset + maps.shape[0]
            for number, track in enumerate(self.tracks):
                if track.layer.name == name:
                    own = maps if track.unit is None else track.unit.read(maps)[:, None]
                    flat = own.permute(0, 2, 3, 1).flatten(1, 2)  # n x positions x units; no copy of channels-last maps
                    peaks[number].append(peaks_of(flat))
                    values[number].append(values_at(flat, where[offset : offset + maps.shape[0]]))

        if batch.pictures:
            names = list(dict.fromkeys(track.layer.name for track in self.tracks))
            if isinstance(self.target, Prepares) and ready is not None:
                self.target.forward(ready, names, see)
            else:
                self.target.watch(list(batch.pictures.values()), names, see)
        for track, row, some in zip(self.tracks, peaks, values, strict=True):
            nothing = np.empty((0, track.units), dtype=np.float32)
            batch.peaks.append(np.concatenate(row) if row else nothing)
            batch.values.append(np.concatenate(some) if len(some) != 1 and some else some[0] if some else nothing)
            self._check(track, batch.peaks[-1], batch.pictures)

    def _check(self, track: Track, peaks: np.ndarray, pictures: dict[int, Picture]) -> None:
        if len(peaks) != len(pictures):
            raise TargetFailed(f"{self.target.name} gave {len(peaks)} maps at {track.name!r} for {len(pictures)}")
        finite = np.isfinite(peaks).all(1)
        if not finite.all():
            where = list(pictures.values())[int(np.argmin(finite))].id[:12]
            raise TargetFailed(f"{self.target.name} answered NaN or infinity at {track.name!r} on {where}")

    def count(self, batch: _Batch) -> None:
        """Add a batch's values to the statistics. Nothing is counted before all of it is known to be finite."""
        if not batch.pictures:
            return
        for track, values in zip(self.tracks, batch.values, strict=True):
            if not np.isfinite(values.min()):  # a NaN or +infinity would have shown in the peaks
                raise TargetFailed(f"{self.target.name} answered minus infinity at {track.name!r}")
        for number, peaks in enumerate(batch.peaks):
            self.low[number] = np.minimum(self.low[number], peaks.min(0))
            self.high[number] = np.maximum(self.high[number], peaks.max(0))
            self.histograms[number].add(batch.values[number], peaks.max(0))

    # ---- files ----------------------------------------------------------------------------------------------------

    def _open(self, number: int) -> BinaryIO:
        """The file of peaks of a track, cut to what the checkpoint counted."""
        path = self.place / f"peaks-{number}.f32"
        path.touch()
        file = path.open("r+b")
        file.truncate(self.done * self.tracks[number].units * 4)
        file.seek(0, os.SEEK_END)
        return file

    def _go_on(self) -> None:
        """Take up the last checkpoint if there is one, whole and sound, else begin anew."""
        state = self.place / "checkpoint.npz"
        if state.is_file():
            try:
                return self._take_up(state)
            except Broken as broken:
                tell_broken(f"a broken part of a dissection ({broken})", set(), "checkpoint")
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir(parents=True)

    def _take_up(self, state: Path) -> None:
        """Go on from a checkpoint. Raises `Broken` where it, or what it counted, is not what was written."""
        try:
            with state.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            about = unsealed(str(arrays.pop("about")), state.name)
        except Broken:
            raise
        except Exception as error:  # a broken archive makes its reader raise nearly anything
            raise Broken(f"{state.name} cannot be read") from error
        check_arrays(arrays, about["arrays"], state.name)
        for number, track in enumerate(self.tracks):
            path, left = self.place / f"peaks-{number}.f32", about["done"] * track.units * 4
            with suppress(OSError), path.open("rb") as file:
                while left and (block := file.read(min(left, 2**20))):
                    self.written[number].update(block)
                    left -= len(block)
            if self.written[number].hexdigest() != about["files"][number]:
                self.written = [hashlib.sha256() for _ in self.tracks]
                raise Broken(f"{path.name} is not what was written")
        # the batch in which bins were first laid out decides them: go on as the pass began
        self.done, self.batch = about["done"], about["batch"]
        self.skipped = [Skipped(*row) for row in about["skipped"]]
        for number in range(len(self.tracks)):
            self.histograms[number] = Histograms.of(state_of(arrays, number))
            self.low[number], self.high[number] = arrays[f"{number}.low"], arrays[f"{number}.high"]

    def _about(self) -> dict[str, object]:
        skipped = [[row.index, row.name, row.reason] for row in self.skipped]
        return {"done": self.done, "batch": self.batch, "skipped": skipped}

    def _arrays(self) -> dict[str, np.ndarray]:
        arrays: dict[str, np.ndarray] = {}
        for number, histograms in enumerate(self.histograms):
            arrays |= {f"{number}.histogram.{name}": value for name, value in histograms.state().items()}
            arrays |= {f"{number}.low": self.low[number], f"{number}.high": self.high[number]}
        return arrays

    def _save(self, files: Sequence[BinaryIO]) -> None:
        for file in files:
            file.flush()
            os.fsync(file.fileno())
        arrays = self._arrays()
        about = self._about() | {
            "arrays": {name: array_digest(array) for name, array in arrays.items()},
            "files": [written.hexdigest() for written in self.written],
        }
        _write_arrays(self.place / "checkpoint.npz", arrays | {"about": np.array(json.dumps(sealed(about)))})

    def _finish(self, files: Sequence[BinaryIO]) -> None:
        for file in files:
            file.flush()
        arrays = self._arrays()
        for number, histograms in enumerate(self.histograms):
            low = np.minimum(self.low[number], histograms.low).astype(np.float64)
            high = np.maximum(self.high[number], histograms.high).astype(np.float64)
            dead = high - low <= CONSTANT * np.maximum(np.abs(low), np.abs(high))
            share = histograms.positive() / max(histograms.n, 1)
            active = (self.high[number] > 0) & ~dead
            arrays |= {f"{number}.dead": dead, f"{number}.sparse": active & (share < SPARSE_SHARE)}
            columns = column_digests(self.place / f"peaks-{number}.f32", self.n, self.tracks[number].units)
            arrays |= {f"{number}.columns": columns}
        _write_arrays(self.place / "statistics.npz", arrays)
        about = {
            "version": VERSION,
            "key": self.key,
            "target": self.target.name,
            "source": self.source.name,
            "n": self.n,
            "sampled": self.sampled,
            "layers": [{"name": t.name, "units": t.units, "kind": t.layer.kind} for t in self.tracks],
            "skipped": self._about()["skipped"],
            "arrays": {name: array_digest(array) for name, array in arrays.items()},
        }
        # last: its presence says that all the rest is there
        write_whole(self.place / "dissection.json", json.dumps(sealed(about), indent=1).encode())
        (self.place / "checkpoint.npz").unlink(missing_ok=True)


class _Counting:
    """One batch at a time counted in a thread of its own, and whether what the pass holds is still sound."""

    def __init__(self, whole: Pass) -> None:
        self._whole, self._thread = whole, ThreadPoolExecutor(1, thread_name_prefix="dissection-counter")
        self._batch: _Batch | None = None
        self._future: Future[None] | None = None
        self.broken = False

    def begin(self, batch: _Batch) -> None:
        self._batch, self._future = batch, self._thread.submit(self._whole.count, batch)

    def wait(self) -> None:
        """Until the batch is counted. Raises what counting raised."""
        if self._future is not None:
            self._future.result()

    def take(self) -> _Batch | None:
        """The batch that was counted, once."""
        batch, self._batch, self._future = self._batch, None, None
        return batch

    def sound(self) -> bool:
        """Whether everything begun was counted to its end."""
        return not self.broken and (self._future is None or self._future.exception() is None)

    def close(self) -> None:
        self._thread.shutdown()


def _write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    temporary = path.with_suffix(".part")
    try:
        with temporary.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:  # a full disk, say: what was written of it must not fill it any longer
        temporary.unlink(missing_ok=True)
        raise


def check_arrays(arrays: Mapping[str, np.ndarray], digests: Mapping[str, str], name: str) -> None:
    """Raises `Broken` where these arrays of the file `name` are not those whose hashes are given."""
    if arrays.keys() != digests.keys() or any(array_digest(array) != digests[key] for key, array in arrays.items()):
        raise Broken(f"{name} is not what was written")
