"""Pictures of which nothing is told, told of by a describer: a folder of photographs without captions can be asked about.

Covered: every picture's caption in the describer's words, made in batches when the first is asked for; the pictures, their
name and key stay the source's own, so that one dissection serves whoever tells of them. Not covered: sources that tell of
their pictures themselves, which are left as they are, and keeping captions (`../caption_store.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from ...targets.picture import Picture
from ..describer import DescribesMany
from .source import About, MayRepeat, Source, Unreadable

BATCH = 32


class Described:
    """The source `inner` with captions by `describer`."""

    def __init__(self, inner: Source, describer: DescribesMany) -> None:
        self.inner, self.describer = inner, describer
        self.name, self.key, self.retold = inner.name, inner.key, f"captions by {describer.name}"

    def __len__(self) -> int:
        return len(self.inner)

    def picture(self, index: int) -> Picture:
        """Picture `index`, as it is. Raises `Unreadable`."""
        return self.inner.picture(index)

    def about(self, index: int) -> About:
        """What the describer says of picture `index`; nothing where it cannot be read."""
        return About(self._captions[index])

    def firsts(self) -> Sequence[int]:
        """For each picture the index of the first that is the same, as far as the source knows."""
        return self.inner.firsts() if isinstance(self.inner, MayRepeat) else range(len(self.inner))

    @cached_property
    def _captions(self) -> list[str | None]:
        said: list[str | None] = [None] * len(self.inner)
        for start in range(0, len(said), BATCH):
            batch: dict[int, Picture] = {}
            for index in range(start, min(start + BATCH, len(said))):
                try:
                    batch[index] = self.inner.picture(index)
                except Unreadable:  # counted where pictures are looked at
                    continue
            words = self.describer.describe_many(list(batch.values()), [None] * len(batch))
            for index, line in zip(batch, words, strict=True):
                said[index] = line
        return said


def told_of(source: Source) -> bool:
    """Whether the source tells anything of any of its pictures."""
    return any(about.caption or about.scene for about in map(source.about, range(len(source))))
