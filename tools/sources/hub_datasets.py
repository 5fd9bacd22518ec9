"""Data sets of the Hugging Face hub: the first pictures of a split are streamed once, and kept.

Covered: looking a data set up (in under 5 s where there is no network), streaming its rows into a tar file in the cache,
pictures as they are stored and captions beside them, and opening what was fetched before without a network. Nothing else of
the data set is downloaded. A row without a picture is kept as an empty one, and counted as corrupt when it is read. Not
covered: reading the tar file (`webdataset.py`), tables that are here (`hugging_face.py`).
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import tarfile
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from ...targets.errors import BadInput, one_line
from ...targets.hub import LOOK_UP_SECONDS, in_time, is_offline
from ..last_use import used
from ..lease import Lease
from ..store import cache_folder
from ..writing import PART, caching, write_whole
from .hugging_face import as_stored, reading, split_in
from .picture_columns import Columns, columns_of
from .source import Unreadable
from .source_options import count_of
from .webdataset import WebDataset

LOG = logging.getLogger("lettvin")
MOST = 50_000  # pictures that are fetched where nobody says how many
KEPT, ABOUT, PICTURES = "fetched", "about.json", "pictures.tar"


def open_fetched(text: str, dataset: str, split: str | None, options: Mapping[str, str]) -> WebDataset:
    """The first pictures of a data set of the hub, fetched where they are not kept here. Raises `BadInput`, `DiskFull`."""
    from filelock import FileLock

    told = json.dumps([dataset, split, sorted(options.items())])
    key = hashlib.sha256(told.encode()).hexdigest()
    folder = cache_folder() / KEPT
    with caching(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lease = Lease(folder)
        lease.hold(key)
        with FileLock(folder / f"{key}.lock"):
            if not used(folder / key / ABOUT):
                revision, rows, columns = _streamed(text, dataset, split, dict(options))
                LOG.info("lettvin: fetching %s", text)
                with reading(text):
                    keep(rows, columns, folder / key, {"dataset": dataset, "revision": revision})
    source = WebDataset(f"webdataset:{folder / key / PICTURES} image=img")
    about = json.loads((folder / key / ABOUT).read_text())
    source.name, source.lease = text.strip(), lease
    source.key = hashlib.sha256(f"fetched {told} {about['revision']} {about['rows']}".encode()).hexdigest()
    return source


def keep(rows: Iterable[Mapping[str, Any]], columns: Columns, folder: Path, about: Mapping[str, Any]) -> None:
    """Write the pictures of rows into a tar file in `folder`, and last what they are. Raises `BadInput` where none is."""
    folder.mkdir(parents=True, exist_ok=True)
    part, count = folder / f"{PART}{os.getpid()}", 0
    try:
        with caching(folder), tarfile.open(part, "w:") as tar:
            for count, row in enumerate(rows, 1):
                _add(tar, f"{count - 1:08d}.img", _bytes(columns, row))
                said = columns.said(row.get(columns.caption)) if columns.caption is not None else None
                if said:
                    _add(tar, f"{count - 1:08d}.txt", said.encode())
        if not count:
            raise BadInput(f"the data set {about['dataset']!r} holds no rows there")
        os.replace(part, folder / PICTURES)
    finally:
        part.unlink(missing_ok=True)
    write_whole(folder / ABOUT, json.dumps({**about, "rows": count}).encode())


def _bytes(columns: Columns, row: Mapping[str, Any]) -> bytes:
    try:
        found = columns.encoded(row)
        return found if isinstance(found, bytes) else found.read_bytes()
    except (Unreadable, OSError):
        return b""


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def _streamed(text: str, dataset: str, split: str | None, options: dict[str, str]) -> tuple[str, Iterable[Any], Columns]:
    """The revision of a data set of the hub, its first rows, not fetched yet, and their columns."""
    import datasets
    from huggingface_hub import HfApi

    here = f"fetch it where there is a network (`hf download {dataset} --repo-type dataset --local-dir DIR`), then write hf:DIR"
    if is_offline():
        raise BadInput(f"data set {dataset!r} is neither a folder nor fetched before, and HF_HUB_OFFLINE is set: {here}")
    try:
        found = in_time(lambda: HfApi().dataset_info(dataset, timeout=LOOK_UP_SECONDS))
    except TimeoutError:
        raise BadInput(f"data set {dataset!r} is no folder, and the hub gave no answer within 3 s: {here}") from None
    except Exception as error:  # no network, no such data set, no right to it
        why = one_line(error)[:160]
        raise BadInput(f"data set {dataset!r} is no folder, and the hub did not give it ({why}): {here}") from None
    revision, config = str(found.sha), options.get("config")
    with reading(text):
        known = datasets.get_dataset_split_names(dataset, config, revision=revision)
        rows = datasets.load_dataset(dataset, config, split=split_in(text, known, split), streaming=True, revision=revision)
        rows = rows if rows.features is not None else rows._resolve_features()  # looks at the first rows
        columns = columns_of(rows.features, options, text)
    count = count_of(options, text)
    size = getattr((rows.info.splits or {}).get(rows.split), "num_examples", None)
    if count is None and (size is None or size > MOST):
        many = "nobody says how many" if size is None else f"{size:,}"
        raise BadInput(f"data source {text!r} has {many} pictures: say how many are fetched, such as first=10000")
    return revision, islice(as_stored(rows, columns.image), count), columns
