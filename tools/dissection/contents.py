"""What the pictures of a drawn data set show, kept beside its dissection, so that asking again lays out no scene anew.

Covered: scenes and captions of a source all of whose pictures are drawn, in one file with its hash; a file that is broken,
gone or of other pictures is made again. Not covered: folders, whose captions may change while their pictures do not.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ...targets.errors import DiskFull
from ..sources.source import About, Retold, Source
from ..writing import write_whole

if TYPE_CHECKING:
    from pydantic import TypeAdapter

NAME = "contents.json"
MOST = 20_000  # pictures: beyond it the file would take longer to read than it is worth


def contents(folder: Path, source: Source) -> list[About]:
    """What each picture of the source shows, in order; read from `folder` where it was written there for this source."""
    if isinstance(source, Retold):  # the dissection is of the pictures, and others may tell of them otherwise
        return [source.about(index) for index in range(len(source))]
    path = folder / NAME
    found = _read(path, source)
    if found is None:
        found = [source.about(index) for index in range(len(source))]
        if len(found) <= MOST and all(about.scene is not None for about in found):
            body = _abouts().dump_json(found)
            with suppress(OSError, DiskFull):  # the next run lays the scenes out again
                write_whole(path, f"{_seal(source, body)}\n".encode() + body)
    return found


def _read(path: Path, source: Source) -> list[About] | None:
    try:
        seal, _, body = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    if seal.decode(errors="replace") != _seal(source, body):
        return None
    found = _abouts().validate_json(body)
    return found if len(found) == len(source) else None


def _seal(source: Source, body: bytes) -> str:
    return hashlib.sha256(f"contents 1 {source.key} ".encode() + body).hexdigest()


@lru_cache(maxsize=1)
def _abouts() -> TypeAdapter[list[About]]:
    from pydantic import TypeAdapter

    return TypeAdapter(list[About])
