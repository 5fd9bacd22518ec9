"""One pass over a source for every unit of the chosen layers: peaks to disk, everything else to small statistics.

Covered: the pass itself, batches read ahead while the network computes, checkpoints, going on after an interruption
with results equal to the bit, and one process at a time. Not covered: reading the results (`record.py`).

Quantiles and moments rest on a sample of positions: of every map of every picture `sampled` positions, one at random
within each of as many equal stretches of the map, drawn from (picture index) alone. `sampled` is chosen so that a run
sees at least 40,000 values a unit (and 8 a map): a rank error of sqrt(q (1 - q) / 40000) = 5e-4 at q = .99, before
the gain from stratifying. Maps with no more positions than that are counted whole.
Not detected: a value of minus infinity at a position that is neither its map's maximum nor in the sample.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...targets.errors import BadInput, TargetFailed
from ...targets.module import ModuleTarget
from ...targets.picture import Picture
from ...targets.target import Layer, Target, Unit
from ..sources.source import Source, Unreadable
from .histogram import Histograms
from .record import SPARSE_SHARE, Dissection, Skipped, state_of

if TYPE_CHECKING:
    import torch

VERSION = "1"  # raised whenever a change here changes a number or a file
SAMPLED_IN_ALL = 40_000
SAMPLED_AT_LEAST = 8
CONSTANT = 1e-6
_BLOCK = 32  # pictures that share a random generator: places depend on the picture's index, never on the batch

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
        return [self.layer.name, self.units] if unit is None else [self.layer.name, unit.channels, unit.direction]


def dissect(
    target: Target,
    source: Source,
    layers: Sequence[str] | None = None,
    *,
    folder: Path,
    batch: int = 32,
    watch: Watch | None = None,
    checkpoint_seconds: float = 10.0,
) -> Dissection:
    """The dissection of `layers` (the target's default ones) over a source, from disk where it was made before.

    `folder`: where dissections are kept, each in a folder of its key. `watch(done, total)`: called as pictures are
    done. Interrupted, it goes on where its last checkpoint was, and the results are the same to the bit.
    Raises `BadInput` for an unknown layer or a source with no readable picture, `TargetFailed` where the target
    raises or answers NaN or infinity.
    """
    return _dissect(target, source, _layer_tracks(target, layers), folder, batch, watch, checkpoint_seconds)


def dissect_unit(
    target: Target,
    source: Source,
    unit: Unit,
    *,
    folder: Path,
    batch: int = 32,
    watch: Watch | None = None,
    checkpoint_seconds: float = 10.0,
) -> Dissection:
    """The dissection of one group or direction, as a single column: its layer is `unit.address`, its index 0.

    The peak of a mean of maps is not the mean of their peaks, so a group needs its own pass.
    """
    return _dissect(target, source, [Track(unit.layer, unit)], folder, batch, watch, checkpoint_seconds)


def open_dissection(
    target: Target, source: Source, layers: Sequence[str] | None = None, *, folder: Path
) -> Dissection | None:
    """The finished dissection of `layers` over a source, or None where there is none yet."""
    place = folder / _key(target, source, _layer_tracks(target, layers))
    return Dissection(place) if (place / "dissection.json").is_file() else None


def _layer_tracks(target: Target, layers: Sequence[str] | None) -> list[Track]:
    names = target.default_layers if layers is None else dict.fromkeys(layers)
    if not names:
        raise BadInput("no layer to dissect")
    return [Track(target.layer(name)) for name in names]


def _key(target: Target, source: Source, tracks: Sequence[Track]) -> str:
    parts = [VERSION, target.key, source.key, [track.identity for track in tracks]]
    return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()


def _dissect(
    target: Target,
    source: Source,
    tracks: list[Track],
    folder: Path,
    batch: int,
    watch: Watch | None,
    checkpoint_seconds: float,
) -> Dissection:
    from filelock import FileLock

    if batch < 1:
        raise BadInput(f"a batch holds at least 1 picture, not {batch!r}")
    if not len(source):
        raise BadInput(f"data source {source.name!r} holds no pictures")
    key = _key(target, source, tracks)
    place = folder / key
    if not (place / "dissection.json").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f"{key}.lock"):
            if not (place / "dissection.json").is_file():  # another process may have made it while this one waited
                _Pass(target, source, tracks, place, key, batch, checkpoint_seconds).run(watch)
                return Dissection(place)
    if watch is not None:
        watch(len(source), len(source))
    return Dissection(place)


class _Pass:
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
        self.sampled = max(SAMPLED_AT_LEAST, -(-SAMPLED_IN_ALL // self.n))
        self.done = 0
        self.skipped: list[Skipped] = []
        self.histograms = [Histograms(track.units) for track in tracks]
        self.low = [np.full(track.units, np.inf, dtype=np.float32) for track in tracks]  # of the peaks
        self.high = [np.full(track.units, -np.inf, dtype=np.float32) for track in tracks]

    def run(self, watch: Watch | None) -> None:
        self._go_on()
        files = [self._open(number) for number in range(len(self.tracks))]
        saved, whole = time.monotonic(), True
        try:
            for start, pictures, skipped, ready in self._batches():
                whole, stop = False, min(start + self.batch, self.n)
                rows = self._measure(pictures, ready)
                for number, peaks in enumerate(rows):
                    block = np.full((stop - start, self.tracks[number].units), np.nan, dtype=np.float32)
                    block[[index - start for index in pictures]] = peaks
                    files[number].write(block.data)
                self.skipped.extend(skipped)
                self.done, whole = stop, True
                if watch is not None:
                    watch(self.done, self.n)
                if time.monotonic() - saved >= self.checkpoint_seconds and self.done < self.n:
                    self._save(files)
                    saved = time.monotonic()
            if len(self.skipped) == self.n:
                first = self.skipped[0]
                raise BadInput(
                    f"data source {self.source.name!r} has no readable picture among {self.n}; "
                    f"the first: {first.name!r}: {first.reason}"
                )
            self._finish(files)
        except BaseException:
            if whole and 0 < self.done < self.n:  # not in the middle of counting a batch: nothing done is lost
                self._save(files)
            raise
        finally:
            for file in files:
                file.close()

    # ---- pictures -------------------------------------------------------------------------------------------------

    def _batches(self) -> Iterator[tuple[int, dict[int, Picture], list[Skipped], torch.Tensor | None]]:
        """Batches from where the pass stands; the next one is read and prepared while the caller works on this one."""
        with ThreadPoolExecutor(1, thread_name_prefix="dissection-reader") as reader:
            ahead: Future | None = None
            for start in range(self.done, self.n, self.batch):
                future = ahead or reader.submit(self._read, start)
                following = start + self.batch
                ahead = reader.submit(self._read, following) if following < self.n else None
                yield future.result()

    def _read(self, start: int) -> tuple[int, dict[int, Picture], list[Skipped], torch.Tensor | None]:
        pictures: dict[int, Picture] = {}
        skipped: list[Skipped] = []
        for index in range(start, min(start + self.batch, self.n)):
            try:
                picture = self.source.picture(index)
                picture.pixels  # noqa: B018  (read or painted here, in the reading thread)
                pictures[index] = picture
            except Unreadable as error:
                skipped.append(Skipped(index, error.name or f"#{index}", str(error)))
        ready = None
        if pictures and isinstance(self.target, ModuleTarget):
            ready = self.target.prepare(list(pictures.values()))
        return start, pictures, skipped, ready

    # ---- measuring ------------------------------------------------------------------------------------------------

    def _measure(self, pictures: dict[int, Picture], ready: torch.Tensor | None) -> list[np.ndarray]:
        """Peaks of every track on these pictures, each n x units; a sample of their values goes to the histograms."""
        indices = list(pictures)
        peaks: list[list[np.ndarray]] = [[] for _ in self.tracks]
        samples: list[list[np.ndarray]] = [[] for _ in self.tracks]
        seen_of: dict[str, int] = {}
        places = self._places(indices)

        def see(name: str, maps: torch.Tensor) -> None:
            offset = seen_of.get(name, 0)
            seen_of[name] = offset + maps.shape[0]
            for number, track in enumerate(self.tracks):
                if track.layer.name != name:
                    continue
                own = maps if track.unit is None else track.unit.read(maps)[:, None]
                flat = own.permute(0, 2, 3, 1).flatten(1, 2)  # n x positions x units: a view where channels lie last
                peaks[number].append(_peaks(flat).float().cpu().numpy())
                samples[number].append(_sample(flat, places[offset : offset + maps.shape[0]]))

        if indices:
            names = list(dict.fromkeys(track.layer.name for track in self.tracks))
            if isinstance(self.target, ModuleTarget) and ready is not None:
                self.target.forward(ready, names, see)
            else:
                self.target.watch(list(pictures.values()), names, see)
        rows, values = [], []
        for number, track in enumerate(self.tracks):
            row = np.concatenate(peaks[number]) if peaks[number] else np.empty((0, track.units), dtype=np.float32)
            if len(row) != len(indices):
                raise TargetFailed(f"{self.target.name} gave {len(row)} maps at {track.name!r} for {len(indices)}")
            finite = np.isfinite(row).all(1)
            if not finite.all():
                where = pictures[indices[int(np.argmin(finite))]].id[:12]
                raise TargetFailed(f"{self.target.name} answered NaN or infinity at {track.name!r} on {where}")
            rows.append(row)
            values.append(np.concatenate(samples[number]) if samples[number] else row)
            if not np.isfinite(values[-1].min(initial=0)):
                raise TargetFailed(f"{self.target.name} answered minus infinity at {track.name!r}")
        if indices:  # nothing is counted before all is known to be sound
            for number, row in enumerate(rows):
                self.low[number] = np.minimum(self.low[number], row.min(0))
                self.high[number] = np.maximum(self.high[number], row.max(0))
                self.histograms[number].add(values[number])
        return rows

    def _places(self, indices: list[int]) -> np.ndarray:
        """Where to look in each picture's maps: shares in [0, 1), n x sampled, one in each of `sampled` stretches."""
        rows = np.empty((len(indices), self.sampled))
        for block in sorted({index // _BLOCK for index in indices}):
            drawn = np.random.Generator(np.random.Philox(key=block)).random((_BLOCK, self.sampled))
            for row, index in enumerate(indices):
                if index // _BLOCK == block:
                    rows[row] = drawn[index % _BLOCK]
        return (rows + np.arange(self.sampled)) / self.sampled

    # ---- files ----------------------------------------------------------------------------------------------------

    def _open(self, number: int):  # type: ignore[no-untyped-def]  # a binary file, cut to what the checkpoint counted
        path = self.place / f"peaks-{number}.f32"
        path.touch()
        file = path.open("r+b")
        file.truncate(self.done * self.tracks[number].units * 4)
        file.seek(0, os.SEEK_END)
        return file

    def _go_on(self) -> None:
        """Take up the last checkpoint if there is one, else begin anew."""
        state = self.place / "checkpoint.npz"
        if not state.is_file():
            shutil.rmtree(self.place, ignore_errors=True)
            self.place.mkdir(parents=True)
            return
        with np.load(state, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        about = json.loads(str(arrays["about"]))
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

    def _save(self, files: Sequence) -> None:
        for file in files:
            file.flush()
            os.fsync(file.fileno())
        arrays = self._arrays() | {"about": np.array(json.dumps(self._about()))}
        _write_arrays(self.place / "checkpoint.npz", arrays)

    def _finish(self, files: Sequence) -> None:
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
        }
        temporary = self.place / "dissection.json.part"
        temporary.write_text(json.dumps(about, indent=1))
        os.replace(temporary, self.place / "dissection.json")  # last: its presence says that all the rest is there
        (self.place / "checkpoint.npz").unlink(missing_ok=True)


def _peaks(flat: torch.Tensor) -> torch.Tensor:
    """Maxima over positions, n x units, of n x positions x units.

    Taken in two steps where units are few and lie next to each other: over rows wide enough for the vector unit first.
    """
    n, positions, units = flat.shape
    if flat.is_contiguous():
        for together in (16, 8, 4):
            if positions % together == 0 and units * together <= 1024:
                return flat.view(n, positions // together, together * units).amax(1).view(n, together, units).amax(1)
    return flat.amax(1)


def _sample(flat: torch.Tensor, places: np.ndarray) -> np.ndarray:
    """Values at some positions of each map, (n * sampled) x units, from n x positions x units."""
    import torch

    n, positions, units = flat.shape
    if positions <= places.shape[1]:
        return flat.reshape(-1, units).float().cpu().numpy().copy()
    rows = (places * positions).astype(np.int64) + np.arange(n)[:, None] * positions
    at = torch.from_numpy(rows.ravel()).to(flat.device)
    return flat.reshape(-1, units).index_select(0, at).float().cpu().numpy()


def _write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
