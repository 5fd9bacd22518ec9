"""``hf:DATASET_OR_DIR[:SPLIT]``: pictures in a table, read by the `datasets` library.

    hf:DIR   hf:DIR:test   hf:pictures.parquet caption=text   hf:OWNER/NAME:train image=photo first=5000 config=small

Covered: a folder (parquet, arrow, a folder of pictures with metadata, or what `save_to_disk` wrote) or one parquet or arrow
file; it wins over a hub id of that name. `datasets` keeps tables in its own cache as memory-mapped arrow, and of folders of
pictures the paths, so that any row is read by itself, by several processes at once. Which columns are read:
`picture_columns.py`. Not covered: data sets of the hub, whose first pictures are fetched (`hub_datasets.py`).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...targets.errors import BadInput, DiskFull, nearest, one_line
from ...targets.picture import FromData, Picture
from .decoding import LONGEST_SIDE, read_pixels
from .picture_columns import columns_of
from .source import About, Source, Unreadable
from .source_options import count_of, with_options

CODE_VERSION = "1"
OPTIONS = ("image", "caption", "config", "first")
DEFAULT_SPLIT = "train"
EXTRA = "pip install 'lettvin[data]'"
FILES = {".parquet": "parquet", ".arrow": "arrow"}


def open_hugging_face(text: str) -> Source:
    """The source that ``hf:...`` names: of a folder or file here, else of the hub. Raises `BadInput`."""
    name, options = with_options(text.strip().removeprefix("hf:"), OPTIONS)
    count_of(options, text)
    if not name:
        raise BadInput(f"data source {text!r} names no data set: write hf:DIR, or hf:OWNER/NAME:SPLIT first=N")
    try:
        import datasets  # noqa: F401
    except ImportError:
        raise BadInput(f"data source {text!r} needs the datasets library: {EXTRA}") from None
    where, _, split = name.rpartition(":") if not Path(name).expanduser().exists() and ":" in name else (name, "", "")
    place = Path(where).expanduser()
    if place.exists():
        return LocalDataset(text, place, split or None, options)
    if where.startswith((".", "/", "~")) or where.count("/") > 1 or "\\" in where:
        raise BadInput(f"data source {text!r}: {where!r} is not there; write a folder, or hf:OWNER/NAME of the hub")
    from .hub_datasets import open_fetched

    return open_fetched(text, where, split or None, options)


class LocalDataset:
    """The rows of one split of a table here. Raises `BadInput` where it cannot be read, or lacks the split or a column."""

    def __init__(self, text: str, place: Path, split: str | None, options: dict[str, str]) -> None:
        self.name = text.strip()
        with reading(text):
            table = _split_of(text, place, split, options.get("config"))
            self._columns = columns_of(table.features, options, text)
            columns = [self._columns.image, *([self._columns.caption] if self._columns.caption is not None else [])]
            table = table.select_columns(columns)
            table = as_stored(table, self._columns.image)
        count = count_of(options, text)
        self._table = table if count is None else table.select(range(min(count, len(table))))
        if not len(self._table):
            raise BadInput(f"data source {text!r} holds no pictures")
        caption = self._columns.caption
        said = [None] * len(self._table) if caption is None else self._table[caption]
        self._captions = [self._columns.said(value) for value in said]
        told = f"table {CODE_VERSION} {LONGEST_SIDE} {split} {sorted(options.items())} {self._columns}"
        self.key = hashlib.sha256(told.encode() + _stamps(place)).hexdigest()

    def __len__(self) -> int:
        return len(self._table)

    def firsts(self) -> Sequence[int]:
        """For each picture the index of the first with the same bytes; those of a size that no other has are not read."""
        firsts, sizes = list(range(len(self))), [self._size(index) for index in range(len(self))]
        alike: dict[int, list[int]] = {}
        for index, size in enumerate(sizes):
            if size:
                alike.setdefault(size, []).append(index)
        for indices in alike.values():
            seen: dict[bytes, int] = {}
            for index in indices if len(indices) > 1 else ():
                with contextlib.suppress(Unreadable, OSError):
                    firsts[index] = seen.setdefault(_digest(self._columns.encoded(self._table[index])), index)
        return firsts

    def picture(self, index: int) -> Picture:
        """Row `index`, decoded now. Raises `Unreadable`, and IndexError outside 0 .. N-1."""
        if not 0 <= index < len(self):
            raise IndexError(f"{self.name} has pictures 0 to {len(self) - 1}, not {index}")
        try:
            pixels = read_pixels(self._columns.encoded(self._table[index]))
        except Unreadable as error:
            raise Unreadable(str(error), f"row {index}") from error
        return Picture.of(pixels, FromData(self.name, index), self._captions[index])

    def about(self, index: int) -> About:
        """The caption of row `index`, or the name of its label."""
        return About(self._captions[index])

    def _size(self, index: int) -> int:
        """Bytes of a row's picture; 0 where there is none."""
        try:
            found = self._columns.encoded(self._table[index])
            return len(found) if isinstance(found, bytes) else found.stat().st_size
        except (Unreadable, OSError):
            return 0


@contextlib.contextmanager
def reading(text: str) -> Iterator[None]:
    """No progress bars, and whatever a broken table makes its reader raise is one line of bad input."""
    import datasets

    shown = not datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    before = datasets.logging.get_verbosity()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)
    try:
        yield
    except (BadInput, DiskFull):
        raise
    except Exception as error:
        raise BadInput(f"data source {text!r} cannot be read: {one_line(error.__cause__ or error)[:300]}") from error
    finally:
        datasets.logging.set_verbosity(before)
        if shown:
            datasets.enable_progress_bars()


def as_stored(table: Any, image: str) -> Any:
    """The table with its pictures as they are stored, not decoded."""
    import datasets

    if not isinstance(table.features[image], datasets.Image):
        return table
    return table.cast_column(image, datasets.Image(decode=False))


def split_in(text: str, known: Sequence[str], split: str | None) -> str:
    """The split that is meant: the one named, else "train", else the only one. Raises `BadInput`."""
    if split is not None and split not in known:
        raise BadInput(f"data source {text!r} has no split {split!r}; nearest: {nearest(split, known)}")
    if split is None and DEFAULT_SPLIT not in known and len(known) != 1:
        raise BadInput(f"data source {text!r} has the splits {', '.join(map(repr, known))}: name one after a colon")
    return split or (DEFAULT_SPLIT if DEFAULT_SPLIT in known else known[0])


def _split_of(text: str, place: Path, split: str | None, config: str | None) -> Any:
    import datasets

    if place.is_file():
        if place.suffix.lower() not in FILES:
            raise BadInput(f"data source {text!r} is no table: name a folder, or a file ending in parquet or arrow")
        found: Any = datasets.load_dataset(FILES[place.suffix.lower()], data_files={split or DEFAULT_SPLIT: str(place)})
    elif (place / "state.json").is_file() or (place / "dataset_dict.json").is_file():
        found = datasets.load_from_disk(str(place))
    else:
        found = datasets.load_dataset(str(place), config)
    if isinstance(found, datasets.Dataset):  # saved without splits
        return found if split is None else {str(found.split): found}[split_in(text, [str(found.split)], split)]
    return found[split_in(text, list(found), split)]


def _stamps(place: Path) -> bytes:
    """Path, size and time of change of all files of the data set."""
    told = []
    for folder, inner, files in os.walk(place) if place.is_dir() else [(str(place.parent), [], [place.name])]:
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in sorted(files):
            path = Path(folder) / name
            with contextlib.suppress(OSError):
                stat = path.stat()
                told.append(f"\0{os.path.relpath(path, place)}\0{stat.st_size}\0{stat.st_mtime_ns}")
    return "".join(told).encode("utf-8", "surrogateescape")


def _digest(encoded: bytes | Path) -> bytes:
    return hashlib.sha256(encoded if isinstance(encoded, bytes) else encoded.read_bytes()).digest()
