"""A folder of pictures as a data source: ImageFolder classes, or captions beside the pictures.

Covered: every picture file below the folder, in the order of its relative path; the caption is the first line of
``x.txt`` beside ``x.jpg``, else the name of the first subfolder on the way to the picture (its class), else none.
Not covered: how files become pixels and which are `Unreadable` (`decoding.py`); archives, files with other endings, and links
to folders, which are not followed; copies are known by their bytes, not by their looks.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from ...targets.errors import BadInput
from ...targets.picture import FromData, Picture
from .decoding import ENDINGS, LONGEST_SIDE, read_pixels
from .source import About, Unreadable

__all__ = ["ENDINGS", "LONGEST_SIDE", "FolderSource", "read_pixels"]

CODE_VERSION = "1"


class FolderSource:
    """The pictures below a folder. Raises `BadInput` where it is missing, cannot be listed or holds none."""

    def __init__(self, text: str) -> None:
        self.root = Path(text).expanduser()
        self.name = str(self.root)
        if not self.root.is_dir():
            what = "is a file, not a folder" if self.root.exists() else "is not there"
            raise BadInput(f"data folder {text!r} {what}; write a folder of pictures, or 'sketch:N'")
        self._files = _pictures_below(self.root)
        if not self._files:
            known = ", ".join(sorted(ending[1:] for ending in ENDINGS))
            raise BadInput(f"data folder {text!r} holds no pictures (files ending in {known})")
        self.key = _digest(self.root, self._files)

    def __len__(self) -> int:
        return len(self._files)

    def firsts(self) -> Sequence[int]:
        """For each file the index of the first with the same bytes; files of a size that no other has are not read."""
        sizes: dict[int, list[int]] = {}
        for index, name in enumerate(self._files):
            with contextlib.suppress(OSError):
                sizes.setdefault((self.root / name).stat().st_size, []).append(index)
        firsts = list(range(len(self._files)))
        for alike in sizes.values():
            seen: dict[bytes, int] = {}
            for index in alike if len(alike) > 1 else ():
                with contextlib.suppress(OSError), (self.root / self._files[index]).open("rb") as file:
                    firsts[index] = seen.setdefault(hashlib.file_digest(file, "sha256").digest(), index)
        return firsts

    def file(self, index: int) -> str:
        """The relative path of picture `index`, with forward slashes. Raises IndexError outside 0 .. N-1."""
        if not 0 <= index < len(self._files):
            raise IndexError(f"{self.name} has pictures 0 to {len(self._files) - 1}, not {index}")
        return self._files[index]

    def picture(self, index: int) -> Picture:
        """Picture `index`, decoded now. Raises `Unreadable`, and IndexError outside 0 .. N-1."""
        name = self.file(index)
        try:
            pixels = read_pixels(self.root / name)
        except Unreadable as error:
            raise Unreadable(str(error), name) from error
        return Picture.of(pixels, FromData(self.name, index), self.about(index).caption)

    def about(self, index: int) -> About:
        """The caption of picture `index`, from the text beside it or its class."""
        name = self.file(index)
        try:
            text = (self.root / name).with_suffix(".txt").read_text(encoding="utf-8-sig", errors="replace")
        except OSError:
            text = ""
        line = next((line.strip() for line in text.splitlines() if line.strip()), "")
        parts = name.split("/")
        return About(line or (parts[0].replace("_", " ") if len(parts) > 1 else None))


def _pictures_below(root: Path) -> Sequence[str]:
    def unlisted(error: OSError) -> None:
        raise BadInput(f"data folder {str(root)!r}: {error.filename!r} cannot be listed: {error.strerror}")

    found = []
    for folder, inner, files in os.walk(root, onerror=unlisted):
        inner[:] = [name for name in inner if not name.startswith(".")]
        for name in files:
            if os.path.splitext(name)[1].lower() in ENDINGS and not name.startswith("."):
                found.append(os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/"))
    return sorted(found)


def _digest(root: Path, files: Sequence[str]) -> str:
    digest = hashlib.sha256(f"folder {CODE_VERSION} {LONGEST_SIDE}".encode())
    for name in files:
        try:
            stat = os.stat(root / name)
            size, changed = stat.st_size, stat.st_mtime_ns
        except OSError:  # a broken link, say: it will be counted as unreadable
            size, changed = -1, -1
        digest.update(f"\0{name}\0{size}\0{changed}".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
