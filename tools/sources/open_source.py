"""The text after ``--data`` to a source: ``sketch:N``, ``cutouts:N``, ``hf:DIR_OR_ID``, ``webdataset:SHARDS``, a folder."""

from __future__ import annotations

from ...targets.errors import BadInput
from .source import Source


def open_source(text: str) -> Source:
    """The data source that `text` names. Raises `BadInput` where it names none, or one that holds no pictures."""
    wanted = text.strip()
    if not wanted:
        known = "'sketch:N', 'cutouts:N', 'hf:DIR', 'webdataset:DIR' or a folder of pictures"
        raise BadInput(f"no data source in {text!r}: write {known}")
    if wanted.startswith("sketch:"):
        from .drawn import SketchSource

        return SketchSource(wanted)
    if wanted.startswith("cutouts:"):
        from .cutouts import CutoutSource

        return CutoutSource(wanted)
    if wanted.startswith("hf:"):
        from .hugging_face import open_hugging_face

        return open_hugging_face(wanted)
    if wanted.startswith("webdataset:"):
        from .webdataset import WebDataset

        return WebDataset(wanted)
    from .folder import FolderSource

    return FolderSource(wanted)
