"""Which columns of a table hold its pictures and what is said of them, and what is in a row.

Covered: columns of the `datasets` library's types: pictures as Image or as bytes; captions as text, lists of texts or numbers;
labels as names. `image=` and `caption=` name them; else the first column of pictures, and the first that is called caption,
text or the like, else the first of labels. Not covered: where tables come from (`hugging_face.py`, `hub_datasets.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...targets.errors import BadInput, nearest
from .source import Unreadable

CAPTIONS = ("caption", "captions", "text", "texts", "description", "sentence", "sentences", "prompt")
LABELS = ("label", "labels", "class", "category", "fine_label")


@dataclass(frozen=True)
class Columns:
    """The column of pictures, that of captions or labels (None: nothing is said), and the labels' names if any."""

    image: str
    caption: str | None
    names: tuple[str, ...] | None = None

    def encoded(self, row: Mapping[str, Any]) -> bytes | Path:
        """The row's picture as it is stored: bytes, or a file. Raises `Unreadable` where there is none."""
        value = row.get(self.image)
        if isinstance(value, Mapping):
            value = value.get("bytes") if value.get("bytes") is not None else value.get("path")
        if isinstance(value, bytes):
            return value
        if isinstance(value, str) and value:
            return Path(value)
        raise Unreadable(f"no picture in column {self.image!r}")

    def said(self, value: object) -> str | None:
        """The caption in a row's column: its first line, the name of a label, the first of several."""
        if isinstance(value, list | tuple):
            value = next(iter(value), None)
        if isinstance(value, int) and not isinstance(value, bool) and self.names is not None:
            return self.names[value] if 0 <= value < len(self.names) else None
        if not isinstance(value, str | int | float):
            return None
        return next((line.strip() for line in str(value).splitlines() if line.strip()), None)


def columns_of(features: Mapping[str, Any], options: Mapping[str, str], text: str) -> Columns:
    """The columns of a table with these `datasets` features. `text`: the source, for errors. Raises `BadInput`."""
    for option in ("image", "caption"):
        column = options.get(option)
        if column is not None and column not in features:
            raise BadInput(f"data source {text!r} has no column {column!r}; nearest: {nearest(column, features)}")
    pictures = [name for name, feature in features.items() if _holds_pictures(feature)]
    image = options.get("image", pictures[0] if pictures else None)
    if image is None:
        raise BadInput(f"data source {text!r} has no column of pictures; its columns: {_told(features)}")
    if image not in pictures:
        known = f"nearest: {nearest(image, pictures)}" if pictures else f"its columns: {_told(features)}"
        raise BadInput(f"data source {text!r}: column {image!r} holds {_kind(features[image])}, not pictures; {known}")
    caption = options.get("caption") or _caption_in(features, image)
    if caption in pictures:
        raise BadInput(f"data source {text!r}: column {caption!r} holds pictures, not captions; its columns: {_told(features)}")
    names = getattr(features[caption], "names", None) if caption is not None else None
    return Columns(image, caption, None if names is None else tuple(str(name).replace("_", " ") for name in names))


def _caption_in(features: Mapping[str, Any], image: str) -> str | None:
    for name in CAPTIONS:
        if name in features and name != image:
            return name
    labels = [name for name, feature in features.items() if type(feature).__name__ == "ClassLabel"]
    return next(iter([*labels, *(name for name in LABELS if name in features and name != image)]), None)


def _holds_pictures(feature: object) -> bool:
    return type(feature).__name__ == "Image" or getattr(feature, "dtype", None) in ("binary", "large_binary")


def _kind(feature: object) -> str:
    return str(getattr(feature, "dtype", None) or type(feature).__name__)


def _told(features: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} ({_kind(feature)})" for name, feature in features.items()) or "none"
