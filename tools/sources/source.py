"""Data sources: where the pictures of a data set come from, by index.

Covered: the face every source shows. Not covered: the sources themselves, one a file (`drawn.py`, `folder.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ...targets.picture import Picture, Scene


class Unreadable(Exception):
    """A picture of the source cannot be used; the text says which and why. It is counted and named, never fatal.

    `name`: of the picture within its source, where it has one (a file's relative path).
    """

    def __init__(self, text: str, name: str | None = None) -> None:
        super().__init__(text)
        self.name = name


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a picture without looking at it: its caption, and its scene if it is drawn."""

    caption: str | None
    scene: Scene | None = None


class Source(Protocol):
    """Pictures by index; the same index is the same picture for ever.

    `name`: as the user wrote it, canonical (``sketch:2000@0``). `key`: hex digest of what decides the pixels.
    """

    name: str
    key: str

    def __len__(self) -> int: ...

    def picture(self, index: int) -> Picture:
        """Picture `index`, with provenance `FromData`. Raises `Unreadable`."""
        ...

    def about(self, index: int) -> About:
        """Caption and scene of picture `index`, without reading or painting it."""
        ...


@runtime_checkable
class Retold(Protocol):
    """A source of another's pictures, with its key, of which something else is told: `retold` says what, in words."""

    retold: str


@runtime_checkable
class MayRepeat(Protocol):
    """A source that may hold the same picture more than once, and knows where."""

    def firsts(self) -> Sequence[int]:
        """For each picture the index of the first one that is the same; its own where there is none before it."""
        ...
