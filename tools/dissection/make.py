"""Dissections by what they are of: made in one pass where they are not on disk yet, opened where they are.

Covered: which layers or unit, the key, and one process at a time. Not covered: the pass (`one_pass.py`), and reading
its results (`record.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from ...targets.errors import BadInput
from ...targets.target import Target, Unit
from ..sources.source import Source
from .one_pass import VERSION, Pass, Track, Watch
from .record import Dissection


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
                Pass(target, source, tracks, place, key, batch, checkpoint_seconds).run(watch)
                return Dissection(place)
    if watch is not None:
        watch(len(source), len(source))
    return Dissection(place)
