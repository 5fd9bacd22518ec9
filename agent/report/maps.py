"""The unit's maps of the exemplars, kept in the run folder so that its page can be drawn again from the folder alone.

Covered: `maps.npz` beside run.json, written whole and read without pickle. Not covered: how a map becomes a heat map
(`pictures.py`).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...targets.errors import BadInput
from ...targets.picture import Picture
from ...targets.target import Sight
from ...tools.lab import Lab
from ...tools.store import write_whole

FILE = "maps.npz"


@dataclass(frozen=True)
class Maps:
    """`by_picture`: the unit's raw map (float32, h x w) by picture id. `threshold`: where a mask begins, in map units.

    `patch`: height and width, in pixels of the input, of what the unit sees; None = everything. `sights`: what of each
    picture reached the network, by id; all of it where nothing is said.
    """

    by_picture: Mapping[str, np.ndarray] = field(default_factory=dict)
    threshold: float = float("nan")
    patch: tuple[int, int] | None = None
    sights: Mapping[str, Sight] = field(default_factory=dict)


def keep_maps(
    run: Path,
    maps: Mapping[str, np.ndarray],
    threshold: float,
    patch: tuple[int, int] | None,
    sights: Mapping[str, Sight] | None = None,
    file: str = FILE,
) -> Path:
    """Write the maps (float32, h x w, by picture id) into the run folder. Raises ValueError on any other shape."""
    for identity, found in maps.items():
        if found.ndim != 2 or found.size == 0:
            raise ValueError(f"the map of picture {identity!r} is h x w, not {found.shape}")
    ids = sorted(maps)
    arrays: dict[str, Any] = {f"map_{i}": np.ascontiguousarray(maps[x], np.float32) for i, x in enumerate(ids)}
    seen = {} if sights is None else {i: sights[x] for i, x in enumerate(ids) if x in sights}
    arrays |= {f"sight_{i}": np.array([*sight.box, *(sight.side or (0, 0))], np.int64) for i, sight in seen.items()}
    buffer = io.BytesIO()
    np.savez(
        buffer,
        ids=np.array(ids, dtype="U64"),
        threshold=np.float64(threshold),
        patch=np.array([0, 0] if patch is None else patch, np.int64),
        **arrays,
    )
    write_whole(run / file, buffer.getvalue())
    return run / file


def sights(lab: Lab, pictures: Sequence[Picture]) -> dict[str, Sight]:
    """What of each picture reaches the run's network, by picture id."""
    return {picture.id: lab.unit.target.sight(*picture.pixels.shape[:2]) for picture in pictures}


def read_maps(run: Path, file: str = FILE) -> Maps:
    """The run's maps; none where none were kept. Raises `BadInput` on a file that cannot be read."""
    path = run / file
    if not path.exists():
        return Maps()
    try:
        with np.load(path, allow_pickle=False) as kept:
            found = {str(identity): kept[f"map_{i}"] for i, identity in enumerate(kept["ids"])}
            height, width = (int(side) for side in kept["patch"])
            told = {str(x): kept[f"sight_{i}"].tolist() for i, x in enumerate(kept["ids"]) if f"sight_{i}" in kept.files}
            sights = {x: Sight((a, b, c, d), (h, w) if h else None) for x, (a, b, c, d, h, w) in told.items()}
            return Maps(found, float(kept["threshold"]), (height, width) if height else None, sights)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        raise BadInput(f"{str(path)!r} cannot be read: delete it to draw the page without heat maps") from None
