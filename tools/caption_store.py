"""What describers said of pictures, kept by the describer's key and the picture's id: what was looked at once is read again.

Covered: describers that say what decides their words (`key`), such as captioning models and `conse`; pictures whole or a region
of them; a file of lines for each describer, read once in a process and appended to by many; lines that are torn or changed are
left out, and said anew. Not covered: describers without a key, and language models, whose replies a run keeps with its record.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np

from ..targets.picture import Picture
from .describer import Describer, DescribesMany
from .last_use import used
from .lease import Lease
from .store import cache_folder
from .writing import caching

KEPT, SAID = "captions", "said.jsonl"
VERSION = 1


class Keyed(Protocol):
    """A describer by pixels alone that says what decides its words: the same `key`, the same line of the same picture."""

    name: str

    @property
    def key(self) -> str: ...

    def describe(self, picture: Picture, region: np.ndarray | None = None) -> str: ...

    def describe_many(self, pictures: Sequence[Picture], regions: Sequence[np.ndarray | None]) -> list[str]: ...


def remembering(describer: Describer) -> Describer:
    """The describer, keeping what it says where it tells what decides that; else as it is."""
    told = inspect.getattr_static(describer, "key", None) is not None  # not read: to know it may take a look at all weights
    return Remembering(describer) if told and isinstance(describer, DescribesMany) else describer  # type: ignore[arg-type]


class Remembering:
    """A describer whose words are kept in the cache. Raises `DiskFull` where they cannot be."""

    def __init__(self, describer: Keyed) -> None:
        self.describer, self.name = describer, describer.name

    def describe(self, picture: Picture, region: np.ndarray | None = None) -> str:
        """What it says, or said, of the picture; with a region (bool, height x width), of what is inside it."""
        return self.describe_many([picture], [region])[0]

    def describe_many(self, pictures: Sequence[Picture], regions: Sequence[np.ndarray | None]) -> list[str]:
        """A line for each picture, or for what is inside its region."""
        asked = [(_name(picture, region), picture, region) for picture, region in zip(pictures, regions, strict=True)]
        new = {name: (picture, region) for name, picture, region in asked if name not in self._said}
        if new:
            lines = self.describer.describe_many([p for p, _ in new.values()], [r for _, r in new.values()])
            self._keep(dict(zip(new, lines, strict=True)))
        return [self._said[name] for name, _, _ in asked]

    # ---- on disk -----------------------------------------------------------------------------------------------------

    @cached_property
    def _key(self) -> str:
        return hashlib.sha256(f"captions {VERSION} {self.describer.key}".encode()).hexdigest()

    @cached_property
    def _file(self) -> Path:
        """The file of this describer's words, which nobody takes away while this is in use."""
        from filelock import FileLock

        folder = cache_folder() / KEPT
        with caching(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._lease = Lease(folder)
            self._lease.hold(self._key)
            with FileLock(folder / f"{self._key}.lock"):
                (folder / self._key).mkdir(exist_ok=True)
        return folder / self._key / SAID

    @cached_property
    def _said(self) -> dict[str, str]:
        """What is known, by picture and region; of two lines on one the first, which others may have read."""
        found: dict[str, str] = {}
        for line in self._file.read_bytes().splitlines() if used(self._file) else ():
            try:
                name, text, digest = json.loads(line)
            except (ValueError, TypeError):  # empty, cut off, or no such row
                continue
            if digest == self._digest(name, text):
                found.setdefault(name, text)
        return found

    def _keep(self, new: dict[str, str]) -> None:
        rows = "".join(json.dumps([name, text, self._digest(name, text)]) + "\n" for name, text in new.items())
        with caching(self._file.parent), self._file.open("ab", buffering=0) as file:
            file.write(f"\n{rows}".encode())  # one append; the first break ends a line that another left torn
        self._said.update(new)

    def _digest(self, name: object, text: object) -> str:
        return hashlib.sha256(f"{self._key}\0{name}\0{text}".encode()).hexdigest()[:16]


def _name(picture: Picture, region: np.ndarray | None) -> str:
    """A picture, or a region of one."""
    return picture.id if region is None else f"{picture.id} {hashlib.sha256(np.packbits(region).tobytes()).hexdigest()}"
