"""``cutouts:N[@seed]``: N random scenes of labelled photographs of objects, cut out and composed, as a data source.

Covered: the source and its name, ``cutouts:N@SEED from FOLDER on BACKGROUNDS``: the folder of cut-outs (default: that of
Debian's tuxpaint-stamps-default) and a folder of photographs to stand them on (default: the drawn backgrounds), and the
nouns that they add to the drawn world (`words`), so that a generator can draw them too. Not covered: what the scenes hold
(`tools/cutouts`), painting (`sketch/`).
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ...targets.errors import BadInput
from ...targets.picture import FromData, Picture, Scene
from .source import About, Unreadable

if TYPE_CHECKING:
    from ..sketch.cutout_nouns import Cutouts


def with_folders(text: str, cutouts: Path | None, backgrounds: Path | None) -> str:
    """The source's name with the folders of `--cutouts` and `--backgrounds`. Raises `BadInput` where it takes none."""
    if cutouts is None and backgrounds is None:
        return text
    option = "--cutouts" if cutouts is not None else "--backgrounds"
    if not text.strip().startswith("cutouts:"):
        raise BadInput(f"{option} goes with --data cutouts:N, not with {text!r}")
    if " from " in text or " on " in text:
        raise BadInput(f"{option}: {text!r} names its folders already")
    text = text.strip() + (f" from {cutouts}" if cutouts is not None else "")
    return text + (f" on {backgrounds}" if backgrounds is not None else "")


def words_of(cutouts: Path | str | None, backgrounds: Path | str | None) -> Cutouts:
    """The nouns that a folder of cut-outs adds to the drawn world, with a folder's photographs to stand on.

    `cutouts`: None is the default folder. Raises `BadInput` where a folder is missing or holds none.
    """
    from ..cutouts import library

    return library(cutouts).words(_photographs(backgrounds)[0])


def _photographs(folder: Path | str | None) -> tuple[tuple[Path, ...], str]:
    """The photographs of a folder, and the key of which they are."""
    if folder is None:
        return (), ""
    from .folder import FolderSource

    found = FolderSource(str(folder))
    return tuple(found.root / found.file(i) for i in range(len(found))), found.key


class CutoutSource:
    """The first `count` composed scenes of `seed`, painted on demand. Index i is the same picture for every count."""

    def __init__(self, text: str) -> None:
        match = re.fullmatch(r"cutouts:(\d{1,9})(?:@(\d{1,18}))?(?: from (.+?))?(?: on (.+))?", text.strip())
        if match is None or int(match[1]) < 1:
            raise BadInput(f"{text!r} is no set of cut-outs: write 'cutouts:N' or 'cutouts:N@SEED', such as 'cutouts:2000'")
        from ..cutouts import CODE_VERSION, library
        from ..sketch.fingerprint import KEY

        self.count, self.seed = int(match[1]), int(match[2] or 0)
        self.library = library(match[3])
        grounds, standing = _photographs(match[4])
        self.words: Cutouts = self.library.words(grounds)
        self.name = f"cutouts:{self.count}@{self.seed}" + (f" from {match[3]}" if match[3] else "")
        self.name += f" on {match[4]}" if match[4] else ""
        key = f"{CODE_VERSION}:{KEY}:{self.library.key}:{standing}:{self.count}@{self.seed}"
        self.key = hashlib.sha256(key.encode()).hexdigest()

    def __len__(self) -> int:
        return self.count

    def picture(self, index: int) -> Picture:
        """Picture `index`, composed now. Raises `Unreadable` where a file is broken, IndexError outside 0 .. N-1."""
        from ..sketch.caption import caption
        from ..sketch.paint import paint

        try:
            scene = self._scene(index)
            pixels = paint(scene).pixels
        except BadInput as error:
            raise Unreadable(str(error)) from error
        return Picture.of(pixels, FromData(self.name, index), caption(scene), scene)

    def about(self, index: int) -> About:
        """Caption and scene of picture `index`, without painting it; neither where a file of it is broken.

        Raises IndexError outside 0 .. N-1.
        """
        from ..sketch.caption import caption

        try:
            scene = self._scene(index)
        except BadInput:
            return About(None)  # reading the picture says why
        return About(caption(scene), scene)

    def _scene(self, index: int) -> Scene:
        from ..cutouts import random_cutouts

        if not 0 <= index < self.count:
            raise IndexError(f"{self.name} has pictures 0 to {self.count - 1}, not {index}")
        return random_cutouts(self.library, self.words, self.seed, index)
