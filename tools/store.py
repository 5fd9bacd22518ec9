"""The picture store and the activation cache: each picture and each number kept once, shared by processes.

Covered: pictures as PNG files named by id, an index from recipes (what a picture was made from) to ids, and the peak,
mean and map of (target, unit, picture). Files are written whole and renamed into place; the index is SQLite in WAL mode.
Two processes that want the same picture paint it once: the second waits. Whatever is read is verified: a picture by its
id or its file's sha256, a number by its row's hash; what is broken is dropped and made again. While a store is open it
holds a lease on all that it gave out. Not covered: the index's file (`store_index.py`), and eviction (`eviction.py`),
which runs when a store is opened and when it is closed.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import sqlite3
import struct
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ..targets.errors import BadInput, DiskFull
from ..targets.picture import Picture, Pixels, Provenance, Scene, picture_id
from .broken_entries import tell_broken
from .last_use import HOUR, used
from .lease import Lease, alive
from .sources.source import Unreadable
from .store_index import Index, picture_path, unit_row
from .writing import caching, write_whole

__all__ = ["Activation", "Store", "cache_folder", "write_whole"]

PATIENCE = 600.0  # seconds that a process waits for another to paint a picture, before it paints it too
_ROW = 64  # bytes of an activation's row beside its map, about


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
        with caching(folder):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"the cache folder {str(folder)!r} cannot be made ({error.strerror}); set LETTVIN_CACHE"
        ) from None
    return folder


class Store:
    """Pictures and activations under one folder. Use it as a context manager, or `close` it.

    Every method raises `BadInput` where the folder cannot be used, and `DiskFull` where nothing more can be written.
    """

    def __init__(self, folder: Path) -> None:
        from .eviction import tidy

        self.folder = folder
        self._sound: set[str] = set()  # pictures whose files this store verified, or wrote
        self._told: set[str] = set()
        try:
            with caching(folder):
                (folder / "pictures").mkdir(parents=True, exist_ok=True)
                self.lease = Lease(folder)
                self._index = Index(folder)
        except OSError as error:
            raise BadInput(
                f"the cache in {str(folder)!r} cannot be opened ({error}): delete it, or set LETTVIN_CACHE to another folder"
            ) from None
        try:
            tidy(folder, self._index)
        except BaseException:
            self.lease.release()
            self._index.close()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the lease and the index's file back, and make room where the cache is over its limit."""
        from .eviction import tidy

        try:
            self.lease.release()
            with contextlib.suppress(BadInput, DiskFull, OSError):  # what the run found is safe: room can wait
                tidy(self.folder, self._index)
        finally:
            self._index.close()

    # ---- pictures -------------------------------------------------------------------------------------------------

    def path(self, identity: str) -> Path:
        """Where the picture of that id lies, or would."""
        return self.folder / picture_path(identity)

    def keep(self, picture: Picture) -> Path:
        """Write the picture once, as PNG; its path. A file that is there already is verified, once in this store."""
        path = self.path(picture.id)
        with caching(self.folder):
            self.lease.hold(picture.id)
            if picture.id in self._sound and used(path):
                return path
            if used(path) and self._verified(picture.id, path):
                self._sound.add(picture.id)
            else:
                self._write(picture.id, picture.pixels, path)
        return path

    def read(self, identity: str) -> Pixels:
        """The pixels of a kept picture. Raises `BadInput` where the file is missing or holds another picture."""
        path = self.path(identity)
        try:
            pixels = _decoded(path)
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
        """The picture a recipe stands for: read if it was ever made here, else painted and kept.

        It is painted once, by one process, and again only where its file is gone or broken.
        """
        digest = hashlib.sha256(recipe.encode()).digest()
        with caching(self.folder):
            identity = self._made(digest) or self._claimed(digest)
            if identity is not None:
                found = identity
                return Picture(found, provenance, caption, scene, load=lambda: self._load(found, digest, paint))
            try:
                picture = Picture.of(paint(), provenance, caption, scene)
                self.keep(picture)
            except BaseException:
                with contextlib.suppress(Exception):  # what went wrong is told, not this
                    self._index.write(partial(_unclaim, recipe=digest))
                raise
            self._index.write(partial(_note_made, recipe=digest, picture=picture.id))
        return picture

    def has(self, recipe: str) -> bool:
        """Whether the picture that a recipe stands for was made here and is still there; if so it stays while this is open."""
        with caching(self.folder):
            return self._made(hashlib.sha256(recipe.encode()).digest()) is not None

    def _made(self, recipe: bytes) -> str | None:
        """The id of the picture that the recipe made, where its file is there."""
        rows = self._index.rows("SELECT picture FROM made WHERE recipe = ?", (recipe,))
        if not rows or not re.fullmatch("[0-9a-f]{64}", str(rows[0][0])):
            return None
        identity = str(rows[0][0])
        self.lease.hold(identity)  # first the lease, then the look: who takes pictures away looks at leases last
        return identity if used(self.path(identity)) else None

    def _claimed(self, recipe: bytes) -> str | None:
        """None where this store is to paint the recipe now; else the picture that another process painted meanwhile."""
        began, mine = time.monotonic(), self.lease.name
        dead: str | None = None
        while True:
            holder = self._index.write(partial(_claim, recipe=recipe, holder=mine, dead=dead))
            identity = self._made(recipe)  # looked for after the claim: the last one to hold it may just have painted it
            if identity is not None and holder == mine:
                self._index.write(partial(_unclaim, recipe=recipe))
            if identity is not None or holder == mine or time.monotonic() - began > PATIENCE:
                return identity
            dead = None if alive(self.folder, holder) else holder
            if dead is None:
                time.sleep(0.03)

    def _load(self, identity: str, recipe: bytes, paint: Callable[[], Pixels]) -> Pixels:
        """The pixels of a picture made before; painted again where its file was taken away, or is broken."""
        path = self.path(identity)
        try:
            pixels = self.read(identity)
        except BadInput:
            if path.exists():
                tell_broken(f"a broken picture ({identity[:12]})", self._told, "picture")
        else:
            self._sound.add(identity)
            return pixels
        try:
            painted = paint()
        except Unreadable as error:
            gone = f"picture {identity[:12]} is gone from {str(self.folder)!r}, and so is its source"
            raise BadInput(f"{gone}: {error}") from None
        if picture_id(painted) != identity:
            self._index.write(lambda c: c.execute("DELETE FROM made WHERE recipe = ?", (recipe,)))
            raise BadInput(
                f"picture {identity[:12]} is gone from {str(self.folder)!r}, and what made it now makes another: ask again"
            )
        with caching(self.folder):
            self._write(identity, painted, path)
        return painted

    def _verified(self, identity: str, path: Path) -> bool:
        """Whether the file holds what was written, by its sha256; where that is unknown or other, by its pixels."""
        try:
            data = path.read_bytes()
        except OSError:
            return False
        digest = hashlib.sha256(data).digest()
        rows = self._index.rows("SELECT digest FROM pictures WHERE picture = ?", (identity,))
        if rows and rows[0][0] == digest:
            return True
        try:
            same = picture_id(_decoded(path)) == identity
        except Exception:  # a broken file makes a decoder raise nearly anything
            same = False
        if same:
            self._note_file(identity, len(data), digest)
        else:
            tell_broken(f"a broken picture ({identity[:12]})", self._told, "picture")
        return same

    def _write(self, identity: str, pixels: Pixels, path: Path) -> None:
        from PIL import Image

        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
        data = buffer.getvalue()
        # first the row, then the file: a file without a row would count for nothing towards the limit
        self._note_file(identity, len(data), hashlib.sha256(data).digest())
        path.parent.mkdir(exist_ok=True)
        write_whole(path, data)
        self._sound.add(identity)

    def _note_file(self, identity: str, size: int, digest: bytes) -> None:
        row = (identity, size, digest)
        self._index.write(lambda c: c.execute("INSERT OR REPLACE INTO pictures VALUES (?, ?, ?)", row))

    # ---- activations ----------------------------------------------------------------------------------------------

    def activations(self, target: str, unit: str, pictures: Iterable[str]) -> dict[str, Activation]:
        """Those of the pictures' activations that are known, by picture id."""
        known: dict[str, Activation] = {}
        with caching(self.folder):
            self.lease.hold(unit_lease(target, unit))
            units = self._index.rows("SELECT id, used FROM units WHERE target = ? AND unit = ?", (target, unit))
            if not units:
                return known
            number, noted = units[0]
            now = time.time()
            if not isinstance(noted, float) or abs(now - noted) > HOUR:
                self._index.write(lambda c: c.execute("UPDATE units SET used = ? WHERE id = ?", (now, number)))
            broken = []
            for identity in pictures:
                rows = self._index.rows(
                    "SELECT peak, mean, map, h, w, digest FROM activations WHERE unit = ? AND picture = ?",
                    (number, identity),
                )
                if rows:
                    found = _activation(target, unit, identity, *rows[0])
                    if found is None:
                        broken.append((number, identity))
                    else:
                        known[identity] = found
            if broken:
                tell_broken(f"a broken activation (of {unit} on {broken[0][1][:12]})", self._told, "activation")
                drop = "DELETE FROM activations WHERE unit = ? AND picture = ?"
                self._index.write(lambda c: c.executemany(drop, broken))
        return known

    def remember(self, target: str, unit: str, rows: Sequence[tuple[str, Activation]]) -> None:
        """Keep the activations of one unit on these pictures (ids), all or none.

        What is known already stays, so that every process reads the same number; a map that was missing is added.
        """
        values = [_row(target, unit, identity, found) for identity, found in rows]
        size = sum(_ROW + len(identity) + (0 if found.map is None else 4 * found.map.size) for identity, found in rows)

        def change(connection: sqlite3.Connection) -> None:
            number = unit_row(connection, target, unit, time.time())
            connection.executemany(
                "INSERT INTO activations (unit, picture, peak, mean, map, h, w, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (unit, picture) DO UPDATE SET peak = excluded.peak, mean = excluded.mean, map = excluded.map, "
                "h = excluded.h, w = excluded.w, digest = excluded.digest "
                "WHERE activations.map IS NULL AND excluded.map IS NOT NULL",
                [(number, *value) for value in values],
            )
            connection.execute("UPDATE units SET bytes = bytes + ? WHERE id = ?", (size, number))

        with caching(self.folder):
            self.lease.hold(unit_lease(target, unit))
            self._index.write(change)


def unit_lease(target: str, unit: str) -> str:
    """The name by which a lease holds the activations of a (target, unit)."""
    return "unit " + hashlib.sha256(f"{target}\0{unit}".encode()).hexdigest()


def _decoded(path: Path) -> Pixels:
    from PIL import Image

    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def _note_made(connection: sqlite3.Connection, recipe: bytes, picture: str) -> None:
    connection.execute("INSERT OR REPLACE INTO made VALUES (?, ?)", (recipe, picture))
    _unclaim(connection, recipe)


def _unclaim(connection: sqlite3.Connection, recipe: bytes) -> None:
    connection.execute("DELETE FROM claims WHERE recipe = ?", (recipe,))


def _claim(connection: sqlite3.Connection, recipe: bytes, holder: str, dead: str | None) -> str:
    """Who is to paint the recipe: `holder`, unless somebody else (but for `dead`) is at it."""
    connection.execute("INSERT OR IGNORE INTO claims VALUES (?, ?)", (recipe, holder))
    connection.execute("UPDATE claims SET holder = ? WHERE recipe = ? AND holder = ?", (holder, recipe, dead))
    return str(connection.execute("SELECT holder FROM claims WHERE recipe = ?", (recipe,)).fetchone()[0])


def _row(target: str, unit: str, identity: str, found: Activation) -> tuple[object, ...]:
    data = None if found.map is None else np.asarray(found.map, np.float32).tobytes()
    h, w = (None, None) if found.map is None else found.map.shape
    digest = _row_digest(target, unit, identity, found.peak, found.mean, data, h, w)
    return identity, found.peak, found.mean, data, h, w, digest


def _row_digest(
    target: str, unit: str, identity: str, peak: float, mean: float, data: bytes | None, h: int | None, w: int | None
) -> bytes:
    digest = hashlib.sha256(f"{target}\0{unit}\0{identity}\0{h}x{w}\0".encode())
    digest.update(struct.pack("<dd", peak + 0.0, mean + 0.0))  # SQLite keeps no -0.0
    digest.update(b"" if data is None else data)
    return digest.digest()[:16]


def _activation(
    target: str,
    unit: str,
    identity: str,
    peak: float,
    mean: float,
    data: bytes | None,
    h: int | None,
    w: int | None,
    digest: bytes,
) -> Activation | None:
    """The activation of a row of the index; None where it is not what was written."""
    try:
        if _row_digest(target, unit, identity, peak, mean, data, h, w) != digest:
            return None
    except (TypeError, struct.error):  # a broken row may hold anything anywhere
        return None
    if data is None or h is None or w is None:
        return Activation(peak, mean, None)
    return Activation(peak, mean, np.frombuffer(data, np.float32).reshape(h, w))
