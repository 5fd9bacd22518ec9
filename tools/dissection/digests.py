"""Hashes of a dissection's files, so that a number is verified when it is read, at the cost of what is read.

Covered: a sha256 (its first 16 bytes) for each column of a file of peaks, for each stored array, and for what
`dissection.json` and a checkpoint say. Not covered: what is done about a broken file (`make.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..broken_entries import Broken

SIZE = 16  # bytes of a sha256 that are kept: 2^-128 that a broken column passes
_AT_ONCE = 2**22  # bytes of a file of peaks in memory


def column_digests(file: Path, n: int, units: int) -> np.ndarray:
    """The hash of each column of a file of float32, n x units: uint8, units x 16. Raises `Broken` where it is shorter."""
    digests = [hashlib.sha256() for _ in range(units)]
    rows = max(1, _AT_ONCE // (4 * units))
    with file.open("rb") as opened:
        for start in range(0, n, rows):
            wanted = min(rows, n - start)
            block = np.fromfile(opened, dtype=np.float32, count=wanted * units)
            if len(block) != wanted * units:
                raise Broken(f"{file.name} is cut off")
            for digest, column in zip(digests, np.ascontiguousarray(block.reshape(wanted, units).T), strict=True):
                digest.update(column.data)
    return np.array([list(digest.digest()[:SIZE]) for digest in digests], dtype=np.uint8).reshape(units, SIZE)


def column_digest(column: np.ndarray) -> bytes:
    """The hash of one column, float32."""
    return hashlib.sha256(np.ascontiguousarray(column).data).digest()[:SIZE]


def array_digest(array: np.ndarray) -> str:
    """The hash of an array, its type and shape included, in hex."""
    kept = np.ascontiguousarray(array)
    digest = hashlib.sha256(f"{kept.dtype.str} {array.shape} ".encode())
    digest.update(kept.data)
    return digest.hexdigest()[: 2 * SIZE]


def sealed(about: Mapping[str, Any]) -> dict[str, Any]:
    """What a JSON file says, with the hash of it."""
    return {**about, "sha256": _digest_of(about)}


def unsealed(text: str, name: str) -> dict[str, Any]:
    """What a `sealed` JSON text says. Raises `Broken` where it is not what was written."""
    try:
        about = dict(json.loads(text))
        said = about.pop("sha256")
    except (ValueError, TypeError, KeyError) as error:
        raise Broken(f"{name} cannot be read") from error
    if said != _digest_of(about):
        raise Broken(f"{name} is not what was written")
    return about


def _digest_of(about: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(about, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[: 2 * SIZE]
