"""Folders with a model: one of the user's own, one in the hub's cache, or one fetched from the hub.

Covered: an existing folder wins over a hub id; what was fetched before is found without a network; a look-up without a
network ends in under 5 s with one line. Pickles are fetched only where the hub has no safetensors of a model. Any
look-up may be asked `in_time`, a data set's too. A folder's key says which model it holds. Not covered: what files mean
(`hugging_face.py`), how data sets are fetched.
"""

from __future__ import annotations

import hashlib
import os
import queue
import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from .errors import BadInput, one_line
from .written_path import is_folder, written_path

Made = TypeVar("Made")

LOOK_UP_SECONDS = 3.0
FILES = ("*.json", "*.safetensors")
PICKLES = ("pytorch_model*.bin",)
EXTRA = "pip install 'lettvin[hf]'"


class NotInReach(Exception):
    """No folder for a path or a hub id. `why`: what the hub said, or kept it from being asked; None where it is no hub id."""

    def __init__(self, why: str | None) -> None:
        super().__init__(why or "no folder")
        self.why = why


def model_folder(
    asked: str, where: str, files: Sequence[str] = FILES, extra: str = EXTRA, pickles: Sequence[str] = PICKLES
) -> Path:
    """The folder `where` (a path or a hub id OWNER/NAME) stands for; `asked` is the name it was asked for by.

    files, pickles: patterns of what is fetched, as in `folder_or_fetched`. extra: what to install where huggingface_hub is
    missing. Raises `BadInput`.
    """
    scheme = asked.partition(":")[0]
    try:
        return folder_or_fetched(where, files, pickles)
    except ImportError:
        raise BadInput(f"{asked!r} needs transformers: {extra}") from None
    except NotInReach as error:
        why = error.why
    if why is None:
        raise BadInput(f"no folder {where!r} with a model: write {scheme}:DIR, or a model of the hub as {scheme}:OWNER/NAME")
    raise BadInput(
        f"{where!r} is neither a folder nor in the hub's cache ({why}): "
        f"where there is a network, `hf download {where} --local-dir DIR`, then write {scheme}:DIR"
    )


def folder_or_fetched(where: str, files: Sequence[str], pickles: Sequence[str] = ()) -> Path:
    """The folder that a path or a hub id stands for: that folder, else the hub's cache, else what the hub gives.

    files: patterns of what is fetched; pickles: of what is besides where the hub has no safetensors of it. Raises
    `NotInReach`, within 5 s where there is no network, and ImportError without huggingface_hub.
    """
    if is_folder(where):
        return written_path(where)
    if not where or where.startswith((".", "/", "~")) or where.count("/") > 1 or "\\" in where:
        raise NotInReach(None)
    from huggingface_hub import HfApi, snapshot_download

    try:
        return Path(snapshot_download(where, local_files_only=True))
    except Exception:  # not in the cache, or no name of the hub's: the look-up says which
        offline = is_offline()
    if offline:
        raise NotInReach("HF_HUB_OFFLINE is set")
    try:
        known = in_time(lambda: HfApi().model_info(where, timeout=LOOK_UP_SECONDS))
        names = [file.rfilename for file in known.siblings or ()]
        pickled = () if any(name.endswith(".safetensors") for name in names) else pickles
        return Path(snapshot_download(where, allow_patterns=[*files, *pickled]))
    except TimeoutError:
        raise NotInReach(f"no answer of the hub within {LOOK_UP_SECONDS:g} s") from None
    except Exception as error:  # no network, no such model, no right to it
        raise NotInReach(f"the hub did not give it: {one_line(error)[:160]}") from error


def check_model_files(name: str, folder: Path) -> None:
    """Refuse, as `BadInput`, a folder without a configuration or without safetensors; a pickle there is named, and not read."""
    if not (folder / "config.json").is_file():
        raise BadInput(f"{name}: {str(folder)!r} holds no model: it has no config.json")
    if not any(folder.glob("*.safetensors")):
        endings = (".bin", ".pt", ".pth", ".ckpt")
        pickled = next((path.name for path in sorted(folder.iterdir()) if path.suffix in endings), None)
        told = "no safetensors" if pickled is None else f"no safetensors, but {pickled!r}, a pickle, which may run code"
        raise BadInput(f"{name}: {str(folder)!r} holds {told}: take a model that has them")


def folder_key(folder: Path) -> str:
    """sha256, in hex, of a model's configuration and weights; a file of the hub's cache is known by its name there."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in (".json", ".txt", ".model", ".safetensors"):
            blob = path.resolve().name
            digest.update(f"\0{path.relative_to(folder).as_posix()}\0".encode())
            if path.is_symlink() and re.fullmatch("[0-9a-f]{64}", blob):
                digest.update(blob.encode())
            else:
                with path.open("rb") as file:
                    digest.update(hashlib.file_digest(file, "sha256").hexdigest().encode())
    return digest.hexdigest()


def is_offline() -> bool:
    """Whether the environment says not to ask the hub."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON")


def in_time(call: Callable[[], Made]) -> Made:
    """What the call returns or raises within the time for a look-up; a name server that hangs counts too."""
    ended: queue.SimpleQueue[tuple[Made | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            ended.put((call(), None))
        except BaseException as error:
            ended.put((None, error))

    threading.Thread(target=run, daemon=True, name="lettvin look-up").start()  # left behind where it hangs
    try:
        made, error = ended.get(timeout=LOOK_UP_SECONDS)
    except queue.Empty:
        raise TimeoutError from None
    if error is not None:
        raise error
    return made  # type: ignore[return-value]  # None is what it made, where it made that
