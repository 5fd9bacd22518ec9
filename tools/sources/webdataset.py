"""``webdataset:SHARDS``: pictures in tar files, as the webdataset format lays them out, read where they lie.

    webdataset:DIR   webdataset:train-000.tar   webdataset:train-{000..012}.tar   webdataset:DIR/*.tar caption=json.title

Covered: members that share the path up to the first dot are one item: its picture (jpg, png, webp ...; `image=ENDING` where
it has several), and its caption: txt, else `caption` or `text` in json, else cls, or what `caption=ENDING` or
`caption=json.FIELD` names. Opening reads the headers only; a picture is read by its place in the shard, so that they need no
order, and several processes read at once. Nothing is unpacked: links, devices and sparse members are passed over, and names
are names only. A shard that is cut off, and an item without a picture, are items that are `Unreadable`. Not covered: shards
that are compressed as a whole (a picture in them has no place of its own), and urls.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import itertools
import json
import re
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from ...targets.errors import BadInput, nearest
from ...targets.picture import FromData, Picture
from .decoding import ENDINGS, LONGEST_SIDE, read_pixels
from .source import About, Unreadable
from .source_options import count_of, with_options

CODE_VERSION = "1"
OPTIONS = ("image", "caption", "first")
MOST_BYTES = 200_000_000  # of one picture's file; a header may claim anything
MOST_TEXT = 1_000_000  # bytes of a caption's file
_TEXTS = ("txt", "json", "cls")
_BEGINS = {b"\x1f\x8b": "gzip", b"BZ": "bzip2", b"\xfd7": "xz", b"(\xb5": "zstd"}


@dataclass(slots=True)
class _Item:
    """What of a shard belongs together. `files`: ending to where its bytes begin and how many they are."""

    name: str
    files: dict[str, tuple[int, int]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    broken: str | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """One item of the data set: its name, shard, where in it the picture is, its caption; or why there is no picture."""

    name: str
    shard: Path
    offset: int
    size: int
    caption: str | None
    broken: str | None = None


class WebDataset:
    """The pictures of some shards, in their order. Raises `BadInput` where there are none, or not the member asked for.

    `lease`: what keeps the shards where they lie in the cache, as long as the source is in use.
    """

    lease: object = None

    def __init__(self, text: str) -> None:
        told = text.strip().removeprefix("webdataset:")
        pattern, options = with_options(told, OPTIONS)
        count = count_of(options, text)
        self.name = text.strip()
        shards = shards_of(pattern)
        items = [(shard, item) for shard in shards for item in _items(shard, *_stamp(shard))]
        if not items:
            raise BadInput(f"data source {text!r}: no item in {len(shards)} shard(s), such as {str(shards[0])!r}")
        _check_named(text, options, [item for _, item in items])
        self._places = [_place(shard, item, options) for shard, item in items][:count]
        if all(place.broken is not None for place in self._places):
            raise BadInput(f"data source {text!r} has no picture: {self._places[0].name}: {self._places[0].broken}")
        told = f"webdataset {CODE_VERSION} {LONGEST_SIDE} {sorted(options.items())}"
        stamps = "".join(f"\0{shard.name}\0{_stamp(shard)}" for shard in shards)
        self.key = hashlib.sha256((told + stamps).encode("utf-8", "surrogateescape")).hexdigest()

    def __len__(self) -> int:
        return len(self._places)

    def firsts(self) -> Sequence[int]:
        """For each picture the index of the first with the same bytes; those of a size that no other has are not read."""
        sizes: dict[int, list[int]] = {}
        for index, place in enumerate(self._places):
            if place.broken is None:
                sizes.setdefault(place.size, []).append(index)
        firsts = list(range(len(self._places)))
        for alike in sizes.values():
            seen: dict[bytes, int] = {}
            for index in alike if len(alike) > 1 else ():
                with contextlib.suppress(Unreadable):
                    firsts[index] = seen.setdefault(hashlib.sha256(self._bytes(index)).digest(), index)
        return firsts

    def picture(self, index: int) -> Picture:
        """Picture `index`, read and decoded now. Raises `Unreadable`, and IndexError outside 0 .. N-1."""
        place = self._place(index)
        try:
            pixels = read_pixels(self._bytes(index))
        except Unreadable as error:
            raise Unreadable(str(error), place.name) from error
        return Picture.of(pixels, FromData(self.name, index), place.caption)

    def about(self, index: int) -> About:
        """The caption of picture `index`."""
        return About(self._place(index).caption)

    def _place(self, index: int) -> _Place:
        if not 0 <= index < len(self._places):
            raise IndexError(f"{self.name} has pictures 0 to {len(self._places) - 1}, not {index}")
        return self._places[index]

    def _bytes(self, index: int) -> bytes:
        place = self._place(index)
        if place.broken is not None:
            raise Unreadable(place.broken, place.name)
        try:
            with place.shard.open("rb") as file:
                file.seek(place.offset)
                found = file.read(place.size)
        except OSError as error:
            raise Unreadable(f"{place.shard.name} cannot be read: {error.strerror}", place.name) from error
        if len(found) < place.size:
            raise Unreadable(f"{place.shard.name} is cut off", place.name)
        return found


# ---- which shards -----------------------------------------------------------------------------------------------------


def shards_of(pattern: str) -> list[Path]:
    """The tar files that a pattern names: a file, a folder of them, braces, wildcards. Raises `BadInput`."""
    if re.match(r"\w+:(//|\S+ )", pattern):
        raise BadInput(f"{pattern!r} is no file: download the shards, and name their folder")
    found: list[Path] = []
    for one in _braced(pattern):
        path = Path(one).expanduser()
        if path.is_dir():
            found += sorted(path.glob("*.tar"))
        elif path.is_file():
            found.append(path)
        else:
            more = sorted(Path(name) for name in glob.glob(str(path))) if set(one) & set("*?[") else []
            if not more:
                raise BadInput(f"no shard {one!r}: name a .tar file, a folder of them, or 'DIR/train-{{000..012}}.tar'")
            found += more
    if not found:
        raise BadInput(f"the folder {pattern!r} holds no shards (files ending in .tar)")
    for shard in found:
        _check_plain(shard)
    return found


def _braced(pattern: str) -> Iterator[str]:
    """The names that ``a-{000..012}.tar`` and ``{a,b}.tar`` stand for."""
    parts: list[list[str]] = []
    for text in re.split(r"(\{[^{}]*\})", pattern):
        span = re.fullmatch(r"\{(\d+)\.\.(\d+)\}", text)
        if span:
            first, last = int(span[1]), int(span[2])
            if not 0 <= last - first < 1_000_000:
                raise BadInput(f"the shards {text!r} of {pattern!r} do not count up")
            parts.append([f"{number:0{len(span[1])}d}" for number in range(first, last + 1)])
        else:
            parts.append(text[1:-1].split(",") if text.startswith("{") else [text])
    yield from ("".join(chosen) for chosen in itertools.product(*parts))


def _check_plain(shard: Path) -> None:
    try:
        with shard.open("rb") as file:
            begins = file.read(2)
    except OSError as error:
        raise BadInput(f"the shard {str(shard)!r} cannot be read: {error.strerror}") from None
    if begins in _BEGINS:
        raise BadInput(f"the shard {str(shard)!r} is compressed ({_BEGINS[begins]}): unpack it to a plain .tar, once")


def _stamp(shard: Path) -> tuple[int, int]:
    stat = shard.stat()
    return stat.st_size, stat.st_mtime_ns


# ---- what is in them --------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _items(shard: Path, size: int, changed: int) -> tuple[_Item, ...]:
    """The items of a shard, in the order of their first members; one more, broken, where it is cut off or no tar file."""
    items: dict[str, _Item] = {}
    try:
        with shard.open("rb") as raw, tarfile.open(fileobj=raw, mode="r:") as tar:
            while (member := tar.next()) is not None:
                tar.members.clear()  # type: ignore[attr-defined]  # else it would keep every header of the shard
                folder, _, base = member.name.rpartition("/")
                stem, dot, ending = base.partition(".")
                if not member.isreg() or member.issparse() or not dot or not stem:
                    continue
                key = f"{folder}/{stem}" if folder else stem
                item = items.setdefault(key, _Item(f"{shard.name}/{key}"))
                item.files[ending.lower()] = (member.offset_data, member.size)
                if ending.lower() in _TEXTS and member.size <= MOST_TEXT:
                    item.texts[ending.lower()] = _text(raw, member)
    except (tarfile.TarError, OSError, ValueError, OverflowError) as error:
        told = " ".join(str(error).split())
        items["\0"] = _Item(shard.name, broken=f"{shard.name} is cut off or no tar file after {len(items)} items ({told})")
    return tuple(items.values())


def _text(raw: IO[bytes], member: tarfile.TarInfo) -> str:
    here = raw.tell()
    raw.seek(member.offset_data)
    found = raw.read(member.size).decode("utf-8-sig", "replace")
    raw.seek(here)
    return found


def _place(shard: Path, item: _Item, options: dict[str, str]) -> _Place:
    if item.broken is not None:
        return _Place(item.name, shard, 0, 0, None, item.broken)
    wanted = options.get("image")
    endings = [wanted] if wanted is not None else [e for e in item.files if f".{e.rpartition('.')[2]}" in ENDINGS]
    ending = next((e for e in endings if e in item.files), None)
    if ending is None:
        has = ", ".join(sorted(item.files))
        return _Place(item.name, shard, 0, 0, None, f"no picture with it ({has})")
    offset, size = item.files[ending]
    told = f"{size:,} bytes are more than {MOST_BYTES:,}" if size > MOST_BYTES else None
    return _Place(f"{item.name}.{ending}", shard, offset, size, _caption(item, options.get("caption")), told)


def _caption(item: _Item, wanted: str | None) -> str | None:
    """The first line of what the item says of itself; None where it says nothing."""
    if wanted is None:
        told = [item.texts.get("txt"), _of_json(item, "caption"), _of_json(item, "text"), item.texts.get("cls")]
        found = next((text for text in told if text and text.strip()), None)
    else:
        ending, _, name = wanted.partition(".")
        found = _of_json(item, name) if name else item.texts.get(ending)
    return next((line.strip() for line in (found or "").splitlines() if line.strip()), None)


def _of_json(item: _Item, name: str) -> str | None:
    value = _fields(item).get(name)
    if isinstance(value, list):
        value = next(iter(value), None)
    return str(value) if isinstance(value, str | int | float) else None


def _fields(item: _Item) -> dict[str, Any]:
    try:
        found = json.loads(item.texts.get("json", "{}"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _check_named(text: str, options: dict[str, str], items: Sequence[_Item]) -> None:
    """That some item has the member, or the field of json, that an option names."""
    whole = [item for item in items if item.broken is None]
    image, caption = options.get("image"), options.get("caption")
    endings = sorted({ending for item in whole for ending in item.files})
    if image is not None and image not in endings:
        raise BadInput(f"data source {text!r}: no item has a member {image!r}; nearest: {nearest(image, endings)}")
    ending, _, name = (caption or "").partition(".")
    if (ending and ending not in endings) or (name and ending != "json"):
        raise BadInput(f"data source {text!r}: no item has a caption {caption!r}; nearest: {nearest(ending, endings)}")
    if name:
        fields = sorted({field for item in whole for field in _fields(item)})
        if name not in fields:
            known = f"nearest: {nearest(name, fields)}" if fields else "there is none"
            raise BadInput(f"data source {text!r}: no json has a field {name!r}; {known}")
