"""Nouns that a folder of cut-outs adds to the drawn world, as one value that is passed to whatever reads or draws words.

Covered: which nouns have cut-outs and which cut-out shows a thing; the photographs that all may stand on. A noun that is
both drawn and cut out means its cut-outs where the value has it. `NONE` adds nothing. Not covered: reading the folder
(`tools/cutouts`), how a cut-out is laid in a picture (`photographs`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ...targets.picture import Photo
from .photographs import opened
from .vocabulary import NOUNS

FACTORS = ("noun", "size")
"""What a cut-out thing has words for: a photograph has its own colours, and no pattern that could be taken off it."""
_DRAWN_ONLY = ("colour", "pattern", "orientation", "frequency", "missing", "angle")


@dataclass(frozen=True, eq=False)
class Cutouts:
    """Cut-outs by noun. `root`: the folder; `files`: noun to files below it; `grounds`: photographs to stand on.

    `key`: sha256, in hex, of the contents and their nouns: what decides what a noun looks like; "" where there are none.
    """

    root: Path = Path()
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    grounds: tuple[Path, ...] = ()
    key: str = ""

    def __contains__(self, noun: object) -> bool:
        return noun in self.files

    @cached_property
    def nouns(self) -> tuple[str, ...]:
        """Every noun that has cut-outs, sorted."""
        return tuple(sorted(self.files))

    @property
    def subjects(self) -> tuple[str, ...]:
        """What a scene is filled with where nothing is asked for: cut-outs alone where there are any, else what is drawn."""
        return self.nouns or tuple(NOUNS)

    def photo(self, noun: str, pose: int) -> Photo:
        """The cut-out that shows a thing of that noun and pose. Raises `BadInput` where its file is broken."""
        files = self.files[noun]
        file = files[pose % len(files)]
        return opened(self.root / file, file, cut_out=True)

    def ground(self, luck: int) -> Photo | None:
        """One of the photographs to stand on; None where there are none. Raises `BadInput` where it is broken."""
        if not self.grounds:
            return None
        path = self.grounds[luck % len(self.grounds)]
        return opened(path, path.name, cut_out=False)


NONE = Cutouts()


def able(cutouts: Cutouts, factors: Sequence[str]) -> tuple[str, ...]:
    """The nouns of objects that can have these factors: cut-outs where there are any and they can, else drawn ones."""
    if not set(factors) & set(_DRAWN_ONLY):
        return cutouts.subjects
    return tuple(noun for noun in NOUNS if noun not in cutouts)
