"""The picture store and the activation cache: each picture and each number kept once, shared by processes.

Covered: pictures as PNG files named by id, an index from recipes (what a picture was made from) to ids, and the peak,
mean and map of (target, unit, picture). Files are written whole and renamed into place; the index is SQLite in WAL mode,
so two processes can share a store. Not covered: a size limit and eviction (a later issue).
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..targets.errors import BadInput
from ..targets.picture import Picture, Pixels, Provenance, Scene, picture_id

SCHEMA = """
CREATE TABLE IF NOT EXISTS made (recipe BLOB PRIMARY KEY, picture TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS activations (target TEXT, unit TEXT, picture TEXT, peak REAL, mean REAL, map BLOB, h INT, w INT,
    PRIMARY KEY (target, unit, picture)) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Activation:
    """A unit's answer to one picture: spatial maximum, spatial mean and, where it was kept, the map (float32, h x w)."""

    peak: float
    mean: float
    map: np.ndarray | None = None


def cache_folder() -> Path:
    """Where everything is cached: $LETTVIN_CACHE, else the user's cache folder. Raises `BadInput` where it cannot be."""
    from platformdirs import user_cache_path

    named = os.environ.get("LETTVIN_CACHE")
    folder = Path(named).expanduser() if named else user_cache_path("lettvin")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"the cache folder {str(folder)!r} cannot be made ({error.strerror}); set LETTVIN_CACHE"
        ) from None
    return folder


class Store:
    """Pictures and activations under one folder. Use it as a context manager, or `close` it. Raises `BadInput`."""

    def __init__(self, folder: Path) -> None:
        from filelock import FileLock

        self.folder = folder
        try:
            (folder / "pictures").mkdir(parents=True, exist_ok=True)
            # Turning WAL on is the one thing for which SQLite does not wait its turn: two processes that open a new
            # store at once take it in order.
            with FileLock(folder / "index.lock", timeout=60):
                self._index = _open_index(folder / "index.sqlite")
        except (OSError, sqlite3.Error) as error:
            raise BadInput(
                f"the cache in {str(folder)!r} cannot be opened ({error}): delete it, or set LETTVIN_CACHE to another folder"
            ) from None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the index's file back."""
        self._index.close()

    # Pictures

    def path(self, identity: str) -> Path:
        """Where the picture of that id lies, or would."""
        return self.folder / "pictures" / identity[:2] / f"{identity}.png"

    def keep(self, picture: Picture) -> Path:
        """Write the picture once, as PNG; its path."""
        path = self.path(picture.id)
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            buffer = io.BytesIO()
            picture.image.save(buffer, "PNG", compress_level=1)
            write_whole(path, buffer.getvalue())
        return path

    def read(self, identity: str) -> Pixels:
        """The pixels of a kept picture. Raises `BadInput` where the file is missing or holds another picture."""
        from PIL import Image

        path = self.path(identity)
        try:
            with Image.open(path) as image:
                pixels = np.asarray(image.convert("RGB"))
        except FileNotFoundError:
            raise BadInput(f"picture {identity[:12]} is missing from {str(self.folder)!r}") from None
        except Exception as error:  # a broken file makes a decoder raise nearly anything
            raise BadInput(f"the file of picture {identity[:12]} is broken, delete it: {str(path)!r} ({error})") from None
        if picture_id(pixels) != identity:
            raise BadInput(f"the file of picture {identity[:12]} holds other pixels, delete it: {str(path)!r}")
        return pixels

    def make(
        self,
        recipe: str,
        paint: Callable[[], Pixels],
        provenance: Provenance,
        caption: str | None = None,
        scene: Scene | None = None,
    ) -> Picture:
        """The picture a recipe stands for: read if it was ever made here, else painted and kept."""
        digest = hashlib.sha256(recipe.encode()).digest()
        row = self._index.execute("SELECT picture FROM made WHERE recipe = ?", (digest,)).fetchone()
        if row is not None and self.path(row[0]).exists():
            identity = str(row[0])
            return Picture(identity, provenance, caption, scene, load=lambda: self.read(identity))
        picture = Picture.of(paint(), provenance, caption, scene)
        self.keep(picture)
        self._index.execute("INSERT OR REPLACE INTO made VALUES (?, ?)", (digest, picture.id))
        return picture

    # Activations

    def activations(self, target: str, unit: str, pictures: Iterable[str]) -> dict[str, Activation]:
        """Those of the pictures' activations that are known, by picture id."""
        known: dict[str, Activation] = {}
        for identity in pictures:
            row = self._index.execute(
                "SELECT peak, mean, map, h, w FROM activations WHERE target = ? AND unit = ? AND picture = ?",
                (target, unit, identity),
            ).fetchone()
            if row is not None:
                kept = None if row[2] is None else np.frombuffer(row[2], np.float32).reshape(row[3], row[4])
                known[identity] = Activation(row[0], row[1], kept)
        return known

    def remember(self, target: str, unit: str, rows: Sequence[tuple[str, Activation]]) -> None:
        """Keep the activations of one unit on these pictures (ids), all or none."""
        values = [
            (target, unit, identity, a.peak, a.mean, None if a.map is None else np.asarray(a.map, np.float32).tobytes())
            + ((None, None) if a.map is None else a.map.shape)
            for identity, a in rows
        ]
        with self._index:
            self._index.execute("BEGIN IMMEDIATE")
            self._index.executemany("INSERT OR REPLACE INTO activations VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)


def _open_index(path: Path) -> sqlite3.Connection:
    index = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
    try:
        index.execute("PRAGMA journal_mode=WAL")
        index.execute("PRAGMA synchronous=NORMAL")
        index.executescript(SCHEMA)
    except BaseException:
        index.close()
        raise
    return index


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that another process sees all of it or nothing; it is readable as any new file of the user's is."""
    temporary = path.with_name(f".part-{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
