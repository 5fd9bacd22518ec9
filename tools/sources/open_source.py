"""The text after ``--data`` to a source: ``sketch:N[@seed]``, ``cutouts:N[@seed]``, or a folder of pictures."""

from __future__ import annotations

from ...targets.errors import BadInput
from .source import Source


def open_source(text: str) -> Source:
    """The data source that `text` names. Raises `BadInput` where it names none, or one that holds no pictures."""
    wanted = text.strip()
    if not wanted:
        raise BadInput(f"no data source in {text!r}: write 'sketch:N', 'cutouts:N' or a folder of pictures")
    if wanted.startswith("sketch:"):
        from .drawn import SketchSource

        return SketchSource(wanted)
    if wanted.startswith("cutouts:"):
        from .cutouts import CutoutSource

        return CutoutSource(wanted)
    from .folder import FolderSource

    return FolderSource(wanted)
