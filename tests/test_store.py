"""The store: each picture and each number kept once, by processes that share it, and never a torn file."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lettvin.targets.errors import BadInput
from lettvin.targets.picture import FromData, FromPrompt, Picture
from lettvin.tools import store_index
from lettvin.tools.store import Activation, Store, cache_folder, write_whole


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store") as opened:
        yield opened


def picture(seed: int = 0, side: int = 24) -> Picture:
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side + 3, 3), dtype=np.uint8)
    return Picture.of(pixels, FromData("tests", seed))


def files(store: Store) -> list[Path]:
    return [path for path in (store.folder / "pictures").rglob("*") if path.is_file()]


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


# ---- pictures ----------------------------------------------------------------------------------------------------


def test_a_picture_is_kept_once_and_read_back_to_the_pixel(store: Store) -> None:
    kept = picture()
    path = store.keep(kept)
    written = path.stat().st_mtime_ns
    assert store.keep(picture()) == path
    assert path.stat().st_mtime_ns == written
    assert files(store) == [path]
    assert np.array_equal(store.read(kept.id), kept.pixels)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(height=st.integers(1, 40), width=st.integers(1, 40), seed=st.integers(0, 99))
def test_pictures_of_any_size_come_back_as_they_were(store: Store, height: int, width: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    kept = Picture.of(pixels, FromData("tests", 0))
    store.keep(kept)
    assert np.array_equal(store.read(kept.id), pixels)


def test_what_was_made_from_a_recipe_is_painted_once_and_by_the_next_process_not_at_all(tmp_path: Path) -> None:
    painted = []

    def paint() -> np.ndarray:
        painted.append(1)
        return picture(7).pixels

    def never() -> np.ndarray:
        raise AssertionError("painted again")

    where = FromPrompt("tests", "a car", 1)
    with Store(tmp_path) as first:
        one = first.make("a recipe", paint, where)
        two = first.make("a recipe", paint, where)
    with Store(tmp_path) as second:
        three = second.make("a recipe", never, where, caption="a car")
        assert np.array_equal(three.pixels, picture(7).pixels)
    assert len(painted) == 1
    assert one == two == three
    assert three.caption == "a car"


def test_two_recipes_of_the_same_pixels_are_one_picture(store: Store) -> None:
    where = FromPrompt("tests", "a car", 1)
    made = [store.make(recipe, lambda: picture(1).pixels, where) for recipe in ("one", "another")]
    assert made[0].id == made[1].id
    assert len(files(store)) == 1


def test_a_picture_deleted_from_the_store_is_painted_anew(store: Store) -> None:
    where = FromPrompt("tests", "a car", 1)
    made = store.make("a recipe", lambda: picture(1).pixels, where)
    store.path(made.id).unlink()
    assert store.make("a recipe", lambda: picture(1).pixels, where) == made
    assert np.array_equal(store.read(made.id), made.pixels)


# ---- broken files ------------------------------------------------------------------------------------------------


def test_a_missing_picture_is_named(store: Store) -> None:
    with pytest.raises(BadInput, match=f"{picture().id[:12]} is missing"):
        store.read(picture().id)


def test_a_file_with_other_pixels_is_named_and_not_believed(store: Store) -> None:
    path = store.keep(picture(1))
    path.write_bytes(store.keep(picture(2)).read_bytes())
    with pytest.raises(BadInput, match="holds other pixels, delete it") as refused:
        store.read(picture(1).id)
    assert str(path) in str(refused.value)


def test_whatever_is_done_to_a_file_it_is_read_right_or_named(store: Store) -> None:
    kept = picture(3)
    path = store.keep(kept)
    good = path.read_bytes()
    broken = [good[:n] for n in range(0, len(good), 23)]
    broken += [good[:i] + bytes([good[i] ^ 0xFF]) + good[i + 1 :] for i in [*range(60), *range(60, len(good), 17)]]
    named = []
    for data in broken:
        path.write_bytes(data)
        try:
            assert np.array_equal(store.read(kept.id), kept.pixels)
        except BadInput as refused:
            named.append(str(refused))
    assert len(named) > 0.9 * len(broken)
    assert all(str(path) in line and "\n" not in line for line in named)


def test_an_index_that_is_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / store_index.NAME).mkdir()
    with pytest.raises(BadInput, match="cannot be opened") as refused:
        Store(tmp_path)
    assert repr(str(tmp_path)) in str(refused.value)


def test_a_cache_that_cannot_be_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a file"
    file.write_text("in the way")
    monkeypatch.setenv("LETTVIN_CACHE", str(file / "below"))
    with pytest.raises(BadInput, match="LETTVIN_CACHE"):
        cache_folder()
    with pytest.raises(BadInput, match="cannot be opened"):
        Store(file)


# ---- activations -------------------------------------------------------------------------------------------------


def test_activations_are_remembered_with_their_maps_by_target_unit_and_picture(tmp_path: Path) -> None:
    found = np.random.default_rng(0).normal(size=(5, 7)).astype(np.float32)
    with Store(tmp_path) as store:
        store.remember("t", "layer:1", [("a", Activation(1.5, 0.5, found)), ("b", Activation(-2.0, -3.0))])
    with Store(tmp_path) as again:
        known = again.activations("t", "layer:1", ["a", "b", "c"])
        assert set(known) == {"a", "b"}
        assert (known["a"].peak, known["a"].mean) == (1.5, 0.5)
        assert known["a"].map is not None
        assert known["a"].map.dtype == np.float32
        assert np.array_equal(known["a"].map, found)
        assert known["b"] == Activation(-2.0, -3.0, None)
        assert again.activations("t", "layer:2", ["a"]) == {}
        assert again.activations("u", "layer:1", ["a"]) == {}


def test_maps_are_kept_as_float32_whatever_they_came_as(store: Store) -> None:
    turned = np.arange(6, dtype=np.float64).reshape(2, 3).T  # float64, and not contiguous
    store.remember("t", "u", [("a", Activation(5.0, 2.5, turned))])
    assert np.array_equal(np.asarray(store.activations("t", "u", ["a"])["a"].map), turned)


def test_rows_are_remembered_all_or_none(store: Store) -> None:
    rows = [("a", Activation(1.0, 1.0)), ("b", Activation("no number", object()))]  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        store.remember("t", "u", rows)
    assert store.activations("t", "u", ["a", "b"]) == {}
    store.remember("t", "u", rows[:1])  # and the store goes on
    assert set(store.activations("t", "u", ["a"])) == {"a"}


# ---- processes ---------------------------------------------------------------------------------------------------

SHARER = """
import sys, time
from pathlib import Path
import numpy as np
from lettvin.targets.picture import FromData
from lettvin.tools.store import Activation, Store
folder, begin, who = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
while time.time() < begin:
    pass
with Store(folder) as store:
    for i in range(60):
        pixels = np.random.default_rng(i).integers(0, 256, (32, 32, 3), dtype=np.uint8)
        picture = store.make(f"recipe {i}", lambda: pixels, FromData("tests", i))
        assert np.array_equal(store.read(picture.id), pixels)
        store.remember("t", f"u{who}", [(picture.id, Activation(float(i), 0.0, np.full((2, 2), i, np.float32)))])
        store.remember("t", "both", [(picture.id, Activation(float(i), 0.0, np.full((2, 2), i, np.float32)))])
"""


def test_processes_that_begin_at_once_share_a_new_store(tmp_path: Path) -> None:
    begin = time.time() + 2.0
    workers = [python(SHARER, tmp_path, begin, who) for who in range(3)]
    for worker in workers:
        _, said = worker.communicate(timeout=90)
        assert worker.returncode == 0, said
    with Store(tmp_path) as store:
        kept = files(store)
        assert len(kept) == 60
        ids = [path.stem for path in kept]
        for unit in ("u0", "u1", "u2", "both"):
            known = store.activations("t", unit, ids)
            assert sorted(a.peak for a in known.values()) == list(range(60))
            assert all(a.map is not None and (a.map == a.peak).all() for a in known.values())


KILLED = """
import sys
from pathlib import Path
import numpy as np
from lettvin.targets.picture import FromData
from lettvin.tools.store import Activation, Store
with Store(Path(sys.argv[1])) as store:
    print("ready", flush=True)
    for i in range(100000):
        pixels = np.random.default_rng([int(sys.argv[2]), i]).integers(0, 256, (96, 96, 3), dtype=np.uint8)
        picture = store.make(f"recipe {sys.argv[2]} {i}", lambda: pixels, FromData("tests", i))
        one, other = Activation(float(i), 0.0, np.full((8, 8), i, np.float32)), Activation(float(i), 0.0)
        store.remember("t", "u", [(picture.id, one), (f"twin {picture.id}", other)])
"""


def test_nothing_is_torn_where_a_process_is_killed_while_it_writes(tmp_path: Path) -> None:
    for turn in range(3):
        worker = python(KILLED, tmp_path, turn)
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
        time.sleep(0.15 + 0.07 * turn)
        os.kill(worker.pid, signal.SIGKILL)
        worker.communicate(timeout=30)
    with Store(tmp_path) as store:
        kept = [path.stem for path in files(store) if path.suffix == ".png"]
        assert len(kept) > 3
        for identity in kept:
            store.read(identity)  # raises where a file is not whole, or not the picture of its name
        known = store.activations("t", "u", kept + [f"twin {identity}" for identity in kept])
        assert known
        for identity in kept:
            assert (identity in known) == (f"twin {identity}" in known)  # rows of one call: both or neither


def test_a_file_written_whole_is_all_there_or_as_it_was_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, b"first")
    write_whole(path, b"second")
    assert path.read_bytes() == b"second"
    with pytest.raises(TypeError):
        write_whole(path, "no bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"second"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_file_written_whole_is_as_readable_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    write_whole(tmp_path / "whole", b"")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "whole")}
    assert len(modes) == 1
