"""``cutouts:N[@seed]``: N random scenes of labelled photographs of objects, cut out and composed, as a data source.

Covered: the source and its name, ``cutouts:N@SEED from FOLDER on BACKGROUNDS``: the folder of cut-outs (default: that of
Debian's tuxpaint-stamps-default) and a folder of photographs to stand them on (default: the drawn backgrounds). Not
covered: composing (`tools/cutouts`). Captions name what is there; there is no `Scene`, which is the drawn world's.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from ...targets.errors import BadInput
from ...targets.picture import FromData, Picture
from .source import About, Unreadable


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


class CutoutSource:
    """The first `count` composed scenes of `seed`, painted on demand. Index i is the same picture for every count."""

    def __init__(self, text: str) -> None:
        match = re.fullmatch(r"cutouts:(\d{1,9})(?:@(\d{1,18}))?(?: from (.+?))?(?: on (.+))?", text.strip())
        if match is None or int(match[1]) < 1:
            raise BadInput(f"{text!r} is no set of cut-outs: write 'cutouts:N' or 'cutouts:N@SEED', such as 'cutouts:2000'")
        from ..cutouts import CODE_VERSION, library
        from ..sketch.fingerprint import KEY
        from ..sketch.vocabulary import BACKGROUNDS

        self.count, self.seed = int(match[1]), int(match[2] or 0)
        self.library = library(match[3])
        self.grounds: tuple[str, ...] = BACKGROUNDS
        key = f"{CODE_VERSION}:{KEY}:{self.library.key}:{self.count}@{self.seed}"
        self.name = f"cutouts:{self.count}@{self.seed}" + (f" from {match[3]}" if match[3] else "")
        if match[4]:
            from .folder import FolderSource

            photographs = FolderSource(match[4])
            self.grounds = tuple(str(photographs.root / photographs.file(i)) for i in range(len(photographs)))
            self.name += f" on {match[4]}"
            key += photographs.key
        self.key = hashlib.sha256(key.encode()).hexdigest()

    def __len__(self) -> int:
        return self.count

    def picture(self, index: int) -> Picture:
        """Picture `index`, composed now. Raises `Unreadable` where a file is broken, IndexError outside 0 .. N-1."""
        from ..cutouts import composed, random_cutouts

        scene = random_cutouts(self.library, self.grounds, self.seed, self._inside(index))
        try:
            pixels, _ = composed(scene, self.library.folder)
        except BadInput as error:
            raise Unreadable(str(error)) from error
        return Picture.of(pixels, FromData(self.name, index), scene.caption)

    def about(self, index: int) -> About:
        """The caption of picture `index`, without composing it. Raises IndexError outside 0 .. N-1."""
        from ..cutouts import random_cutouts

        return About(random_cutouts(self.library, self.grounds, self.seed, self._inside(index)).caption)

    def _inside(self, index: int) -> int:
        if not 0 <= index < self.count:
            raise IndexError(f"{self.name} has pictures 0 to {self.count - 1}, not {index}")
        return index
