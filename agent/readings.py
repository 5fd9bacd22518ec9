"""What a run measured, kept in the run itself: `readings.jsonl`, one line an activation.

Covered: every activation that the run asked for, with its map where that is small or was asked for; written before anything
is said of it, and handed back when the run is resumed, so that nothing is measured twice though the cache was moved or
cleared. Not covered: the cache, which all runs share (`tools/store.py`).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from ..targets.errors import BadInput
from ..tools.store import Activation
from .line_file import LineFile, mend
from .run_folder import recording

FILE = "readings.jsonl"
SMALL = 1024  # positions of a map that is written whether it was asked for or not: 6 kB a line


class Readings:
    """The activations of one run, by unit key and picture id; of one network a `file`, as keys do not name it.

    Raises `BadInput` on a file that is not such, and `DiskFull` where nothing more can be written.
    """

    def __init__(self, run: Path, file: str = FILE) -> None:
        self._run, path = run, run / file
        with recording(run):
            mend(path)
            self._known = _read(path) if path.exists() else {}
            self._lines = LineFile(path)
        self._mapped = {key for key, activation in self._known.items() if activation.map is not None}

    def __len__(self) -> int:
        return len(self._known)

    def known(self, unit: str, pictures: Iterable[str]) -> dict[str, Activation]:
        """Those of the pictures' activations that the run has measured."""
        return {p: self._known[unit, p] for p in pictures if (unit, p) in self._known}

    def note(self, unit: str, found: Mapping[str, Activation], maps: bool) -> None:
        """Write down what is new of these activations, with maps that are small or were asked for.

        Other maps are kept in memory alone: they are large, and few are ever asked for.
        """
        new = {}
        for picture, activation in found.items():
            key, here = (unit, picture), activation.map
            kept = here is not None and (maps or here.size <= SMALL)
            if key not in self._known or (kept and key not in self._mapped):
                new[key] = activation if kept else Activation(activation.peak, activation.mean)
        with recording(self._run):
            self._lines.append(_line(*key, activation) for key, activation in new.items())
        self._known |= {(unit, picture): activation for picture, activation in found.items()}
        self._mapped |= {key for key, activation in new.items() if activation.map is not None}

    def close(self) -> None:
        self._lines.close()


def _line(unit: str, picture: str, found: Activation) -> str:
    row: dict[str, object] = {"unit": unit, "picture": picture, "peak": found.peak, "mean": found.mean}
    if found.map is not None:
        values = np.ascontiguousarray(found.map, np.float32)
        row |= {"shape": values.shape, "map": base64.b64encode(values.astype("<f4").tobytes()).decode()}
    return json.dumps(row)


def _read(path: Path) -> dict[tuple[str, str], Activation]:
    known: dict[tuple[str, str], Activation] = {}
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            row = json.loads(line)
            found = None
            if "map" in row:
                values = np.frombuffer(base64.b64decode(row["map"], validate=True), "<f4")
                found = values.astype(np.float32).reshape(row["shape"])
            known[str(row["unit"]), str(row["picture"])] = Activation(float(row["peak"]), float(row["mean"]), found)
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(f"{path}, line {number} is no reading ({error!r}): delete the file to measure anew") from None
    return known
