"""The cache: within its limit, never at the cost of a running process, nothing made twice, nothing broken believed.

With real processes, killed ones too, and with real files, one broken byte after another. That files are written whole
is tested in `test_store.py`, going on after an interruption in `test_dissection.py`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lettvin.agent.report.kept_pictures import KeptPictures
from lettvin.cli import main
from lettvin.targets.errors import BadInput, DiskFull
from lettvin.targets.picture import FromData, Picture
from lettvin.tests.cached_pictures import made, pixels
from lettvin.tests.test_dissection import LAYERS, Grains, files_of, net_target
from lettvin.tools import store_index
from lettvin.tools.cache_report import cache_report
from lettvin.tools.dissection import dissect, open_dissection
from lettvin.tools.eviction import cache_limit, clear, quick_size, shrink
from lettvin.tools.lease import Lease, leased
from lettvin.tools.store import Activation, Store
from lettvin.tools.store_index import Index

DAY = 86400.0


def aged(path: Path, days: float) -> None:
    """As if last used so long ago."""
    then = time.time() - days * DAY
    os.utime(path, (then, then))


def python(code: str, *arguments: object, **environment: str) -> subprocess.Popen[str]:
    head = "import faulthandler, sys; faulthandler.dump_traceback_later(90, exit=True)\n"
    return subprocess.Popen(
        [sys.executable, "-c", head + textwrap.dedent(code), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    assert line, process.communicate(timeout=30)[1]
    return line


def killed(process: subprocess.Popen[str]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What a person is told by lines on stderr."""
    caplog.set_level(logging.WARNING, logger="lettvin")
    return caplog


# ---- the limit ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "size"),
    [("20GB", 20 * 10**9), ("500 MiB", 500 * 2**20), ("1.5gb", 15 * 10**8), ("123", 123), ("7k", 7000), (" 2 TB ", 2 * 10**12)],
)
def test_a_limit_is_a_number_of_bytes_or_a_size(text: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_limit(text) == size
    monkeypatch.setenv("LETTVIN_CACHE_LIMIT", text)
    assert cache_limit() == size


@pytest.mark.parametrize("text", ["0", "0GB", "-1", "-5GB", "GB", "5XB", "many", "1e9", "nan", "inf", "0.01", "1_000", "5 G B"])
def test_a_limit_that_is_no_size_is_named_before_anything_is_done(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LETTVIN_CACHE_LIMIT", text)
    with pytest.raises(BadInput, match="20GB") as refused:
        Store(tmp_path)
    assert repr(text) in str(refused.value)
    assert leased(tmp_path) == (0, set())


def test_within_the_limit_nothing_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(tmp_path) as store:
        paths = [store.path(made(store, i).id) for i in range(8)]
        for path in paths:
            aged(path, 900)
    index = Index(tmp_path)
    size = quick_size(tmp_path, index)
    index.close()
    monkeypatch.setenv("LETTVIN_CACHE_LIMIT", str(size + 50_000))
    Store(tmp_path).close()
    assert all(path.exists() for path in paths)


def test_over_the_limit_what_was_used_longest_ago_goes_until_a_tenth_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(tmp_path) as store:
        paths = [store.path(made(store, i).id) for i in range(60)]
        for age, path in enumerate(paths):
            aged(path, age + 1)
    before = cache_report(tmp_path)
    limit = before.bytes - 1
    monkeypatch.setenv("LETTVIN_CACHE_LIMIT", str(limit))
    Store(tmp_path).close()
    after = cache_report(tmp_path)
    left = [path.exists() for path in paths]
    assert left == sorted(left, reverse=True), "the older before the newer"
    assert not left[-1]
    assert after.bytes <= 0.9 * limit
    assert after.bytes > 0.9 * limit - 2 * max(path.stat().st_size for path in paths if path.exists()) - 8192


def test_the_limit_holds_after_a_run_that_made_more_than_it_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LETTVIN_CACHE_LIMIT", "200kB")
    with Store(tmp_path) as store:
        kept = [made(store, i) for i in range(120)]
        assert all(store.path(picture.id).exists() for picture in kept), "while it runs, nothing that it made goes"
        assert cache_report(tmp_path).bytes > 300_000
    assert cache_report(tmp_path).bytes <= 200_000


def test_a_read_is_a_use_noted_at_most_once_an_hour(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        old, recent = made(store, 0), made(store, 1)
        aged(store.path(old.id), 3)
        aged(store.path(recent.id), 0.5 / 24)
        was = store.path(recent.id).stat().st_mtime_ns
    with Store(tmp_path) as store:
        made(store, 0, paint=False), made(store, 1, paint=False)
        assert time.time() - store.path(old.id).stat().st_mtime < 60
        assert store.path(recent.id).stat().st_mtime_ns == was, "half an hour ago is recent enough"


def test_activations_go_by_the_unit_and_give_their_room_back(tmp_path: Path) -> None:
    maps = np.random.default_rng(0).normal(size=(300, 16, 16)).astype(np.float32)
    with Store(tmp_path) as store:
        for unit in ("old", "new"):
            store.remember("t", unit, [(f"{i}", Activation(1.0, 0.0, maps[i])) for i in range(300)])
        store._index.write(lambda c: c.execute("UPDATE units SET used = used - 9e5 WHERE unit = 'old'"))
    size = cache_report(tmp_path).bytes
    assert size > 600_000
    shrink(tmp_path, size - 100_000)
    after = cache_report(tmp_path)
    assert after.kinds["activations"].entries == 1
    assert after.bytes < 0.6 * size, "the file shrinks with what it holds"
    with Store(tmp_path) as store:
        assert store.activations("t", "old", ["3"]) == {}
        assert np.array_equal(np.asarray(store.activations("t", "new", ["3"])["3"].map), maps[3])


def test_only_what_is_lettvins_is_ever_touched(tmp_path: Path) -> None:
    """A cache folder that was set to a folder with other things in it."""
    foreign = [
        tmp_path / "thesis.tex",
        tmp_path / "pictures" / "ab" / "holiday.png",
        tmp_path / "pictures" / "cat.png",
        tmp_path / "dissections" / "frog" / "notes.txt",
    ]
    for path in foreign:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
        aged(path, 1000)
    with Store(tmp_path) as store:
        made(store, 0)
    dissect(net_target(), Grains(8), ["0"], folder=tmp_path / "dissections")
    assert clear(tmp_path).entries == 2
    assert all(path.read_text() == "mine" for path in foreign)
    assert holdings(tmp_path) == (0, 0, 0)


def test_what_is_taken_is_made_again_the_same(tmp_path: Path) -> None:
    target, source, folder = net_target(), Grains(70), tmp_path / "dissections"
    with Store(tmp_path) as store:
        one = made(store, 0)
    found = dissect(target, source, LAYERS, folder=folder)
    files, column = files_of(found.folder), found.column("1", 2)
    del found
    assert clear(tmp_path).entries == 2
    assert open_dissection(target, source, LAYERS, folder=folder) is None
    with Store(tmp_path) as store:
        again = made(store, 0)
        assert again == one
        assert np.array_equal(store.read(again.id), pixels(0))
    found = dissect(target, source, LAYERS, folder=folder)
    assert files_of(found.folder) == files
    assert np.array_equal(found.column("1", 2), column)


def test_a_picture_that_goes_while_a_run_refers_to_it_is_painted_again(tmp_path: Path) -> None:
    """Leases make it rare; a file can go all the same, by hand."""
    with Store(tmp_path) as store:
        made(store, 0)
    with Store(tmp_path) as store:
        picture = made(store, 0)
        store.path(picture.id).unlink()
        assert np.array_equal(picture.pixels, pixels(0))
        assert np.array_equal(store.read(picture.id), pixels(0))
        store.path(picture.id).unlink()
        assert store.keep(picture).exists()


def test_a_recipe_that_makes_another_picture_now_is_said_and_not_passed_off(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        made(store, 0)
    with Store(tmp_path) as store:
        picture = store.make("recipe 0", lambda: pixels(99), FromData("tests", 0))
        store.path(picture.id).unlink()
        with pytest.raises(BadInput, match=f"picture {picture.id[:12]} is gone"):
            _ = picture.pixels
        assert np.array_equal(store.make("recipe 0", lambda: pixels(99), FromData("tests", 0)).pixels, pixels(99))


# ---- leases ---------------------------------------------------------------------------------------------------------

HOLDER = """
    import time
    from pathlib import Path
    from lettvin.tests.cached_pictures import made
    from lettvin.tests.test_dissection import LAYERS, Grains, net_target
    from lettvin.tools.dissection import dissect
    from lettvin.tools.store import Store
    folder = Path(sys.argv[1])
    with Store(folder) as store:
        held = [made(store, i, paint=False) for i in range(3)]
        store.activations("t", "u", [])
        found = dissect(net_target(), Grains(8), ["0"], folder=folder / "dissections")
        print("ready", flush=True)
        time.sleep(120)
"""


def holdings(folder: Path) -> tuple[int, int, int]:
    """How many pictures, units' activations and dissections there are."""
    kinds = cache_report(folder).kinds
    return kinds["pictures"].entries, kinds["activations"].entries, kinds["dissections"].entries


def test_what_a_running_process_needs_stays_until_it_is_killed(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        for i in range(6):
            aged(store.path(made(store, i).id), 100 - i)
        store.remember("t", "u", [("a", Activation(1.0, 0.0))])
        store.remember("t", "v", [("a", Activation(1.0, 0.0))])
    for n in (8, 9):
        found = dissect(net_target(), Grains(n), ["0"], folder=tmp_path / "dissections")
        aged(found.folder / "dissection.json", 200)
    del found
    process = python(HOLDER, tmp_path)
    assert said(process) == "ready"
    for picture in (tmp_path / "pictures").glob("*/*.png"):
        aged(picture, 300)  # older than all the rest, and held all the same
    clear(tmp_path)
    assert holdings(tmp_path) == (3, 1, 1)
    report = cache_report(tmp_path)
    assert report.runs == 1
    assert report.kinds["pictures"].held == report.kinds["pictures"].bytes
    killed(process)
    clear(tmp_path)
    assert holdings(tmp_path) == (0, 0, 0)


def test_a_lease_ends_with_its_process_however_it_ends(tmp_path: Path) -> None:
    code = """
        import os, time
        from pathlib import Path
        from lettvin.tools.lease import Lease
        lease = Lease(Path(sys.argv[1]))
        lease.hold("it")
        print("ready", flush=True)
        if sys.argv[2] == "killed":
            time.sleep(60)
        if sys.argv[2] == "aborts":
            os.abort()
    """
    for how in ("ends", "aborts", "killed"):
        process = python(code, tmp_path, how)
        assert said(process) == "ready"
        if how == "killed":
            assert leased(tmp_path) == (1, {"it"})
            os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)
        assert leased(tmp_path) == (0, set()), how


def test_a_forked_child_does_not_end_its_parents_lease(tmp_path: Path) -> None:
    lease = Lease(tmp_path)
    lease.hold("it")
    code = "import os; lease.release(); os._exit(0)"
    child = os.fork()
    if child == 0:
        exec(code, {"lease": lease})
    os.waitpid(child, 0)
    assert leased(tmp_path) == (1, {"it"})
    lease.release()
    assert leased(tmp_path) == (0, set())


def test_files_of_dead_leases_and_of_cut_off_writes_are_swept_up(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        part = store.path(made(store, 0).id).parent / ".part-0123456789abcdef"
    part.write_bytes(b"cut off")
    code = "import os, pathlib; from lettvin.tools.lease import Lease; x = Lease(pathlib.Path(sys.argv[1])); os._exit(9)"
    python(code, tmp_path).communicate(timeout=30)
    assert len(list((tmp_path / "leases").iterdir())) == 2
    for path in [part, *(tmp_path / "leases").iterdir()]:
        aged(path, 1)
    clear(tmp_path)
    assert not part.exists()
    assert list((tmp_path / "leases").iterdir()) == []


# ---- processes that want the same -----------------------------------------------------------------------------------

PAINTER = """
    import os, time
    from pathlib import Path
    import numpy as np
    from lettvin.tests.cached_pictures import pixels
    from lettvin.targets.picture import FromData
    from lettvin.tools.store import Store
    folder, begin, slow = Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    painted = []
    def paint(i):
        painted.append(i)
        print("painting", i, flush=True)
        time.sleep(slow)
        return pixels(i)
    with Store(folder) as store:
        while time.time() < begin:
            time.sleep(0.001)
        for i in range(int(sys.argv[4])):
            picture = store.make(f"recipe {i}", lambda: paint(i), FromData("tests", i))
            assert np.array_equal(picture.pixels, pixels(i))
    print("painted", len(painted), flush=True)
"""


def test_processes_that_want_the_same_pictures_at_once_paint_each_once(tmp_path: Path) -> None:
    Store(tmp_path).close()
    begin = time.time() + 2.5
    workers = [python(PAINTER, tmp_path, begin, 0.05, 12) for _ in range(3)]
    counts = []
    for worker in workers:
        told, errors = worker.communicate(timeout=60)
        assert worker.returncode == 0, errors
        counts.append(int(told.split()[-1]))
    assert sum(counts) == 12


def test_a_picture_whose_painter_is_killed_is_painted_by_the_one_that_waits(tmp_path: Path) -> None:
    first = python(PAINTER, tmp_path, 0, 120, 1)
    assert said(first) == "painting 0"
    second = python(PAINTER, tmp_path, 0, 0, 1)
    time.sleep(1.0)
    assert second.poll() is None
    killed(first)
    told, errors = second.communicate(timeout=30)
    assert told.split()[-1] == "1", errors


DISSECTOR = """
    from pathlib import Path
    from lettvin.tests.test_dissection import LAYERS, Grains, net_target
    from lettvin.tools.dissection import dissect
    stop, out = int(sys.argv[2]), sys.stdout
    def watch(done, total):
        if done == stop:
            print("done", done, flush=True, file=out)  # beside a thread in which a network's prints go to stderr
            sys.stdin.readline()
    told = []
    def waiting(done, total):
        if not told:
            print("waiting", flush=True)
        told.append(done)
    source = Grains(150)
    dissect(net_target(), source, LAYERS, folder=Path(sys.argv[1]), watch=watch, waiting=waiting, checkpoint_seconds=0)
    print("read", min(source.read, default=150), len(source.read), *sorted(set(told)))
"""


def test_a_process_waits_for_anothers_dissection_says_so_and_opens_it(tmp_path: Path) -> None:
    first = python(DISSECTOR, tmp_path, 96)
    assert said(first) == "done 96"
    second = python(DISSECTOR, tmp_path, -1)
    assert said(second) == "waiting"
    first.communicate("go on\n", timeout=30)
    told, errors = second.communicate(timeout=30)
    assert told.split()[:3] == ["read", "150", "0"], f"it read no picture itself {errors}"
    assert int(told.split()[3]) in (32, 64, 96), "it told how far the other was"


def test_a_process_that_waits_goes_on_where_the_one_that_is_killed_was(tmp_path: Path) -> None:
    first = python(DISSECTOR, tmp_path, 96)
    assert said(first) == "done 96"
    second = python(DISSECTOR, tmp_path, -1)
    assert said(second) == "waiting"
    killed(first)
    told, errors = second.communicate(timeout=30)
    assert told.split()[:3] == ["read", "64", "86"], f"from the checkpoint on {errors}"
    whole = dissect(net_target(), Grains(150), LAYERS, folder=tmp_path / "another")
    assert files_of(tmp_path / whole.folder.name) == files_of(whole.folder)


def test_runs_and_evictions_at_the_same_time_disturb_each_other_in_nothing(tmp_path: Path) -> None:
    """Two processes paint and read under a limit that holds a tenth of it, while a third empties the cache over and over."""
    code = """
        import time
        from pathlib import Path
        import numpy as np
        from lettvin.tests.cached_pictures import made, pixels
        from lettvin.tools.store import Activation, Store
        rng, at_first = np.random.default_rng(int(sys.argv[2])), []
        for turn in range(4):
            with Store(Path(sys.argv[1])) as store:
                at_first.append(len(list(Path(sys.argv[1]).glob("pictures/*/*.png"))))
                for i in rng.integers(0, 40, 40):
                    picture = made(store, int(i))
                    assert np.array_equal(picture.pixels, pixels(int(i)))
                    assert store.keep(picture).exists()
                    store.remember("t", f"u{turn}", [(picture.id, Activation(float(i), 0.0))])
                    assert store.activations("t", f"u{turn}", [picture.id])[picture.id].peak == i
        print(*at_first)
    """
    workers = [python(code, tmp_path, seed, LETTVIN_CACHE_LIMIT="100kB") for seed in range(2)]
    began = time.monotonic()
    while any(worker.poll() is None for worker in workers) and time.monotonic() - began < 60:
        if (tmp_path / store_index.NAME).exists():
            clear(tmp_path)
        time.sleep(0.02)
    for worker in workers:
        told, errors = worker.communicate(timeout=60)
        assert worker.returncode == 0, errors
        assert errors == ""
        assert min(map(int, told.split()[1:])) < 40, f"something was taken in between {told}"


# ---- broken entries -------------------------------------------------------------------------------------------------


def flipped(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 0x5A]))


def test_a_broken_picture_is_painted_again_with_one_line_and_never_believed(
    tmp_path: Path, lines: pytest.LogCaptureFixture
) -> None:
    with Store(tmp_path) as store:
        path = store.path(made(store, 0).id)
        size = path.stat().st_size
    for at in range(0, size, 41):
        flipped(path, at)
        lines.clear()
        with Store(tmp_path) as store:
            picture = made(store, 0)
            assert np.array_equal(picture.pixels, pixels(0)), at
            assert np.array_equal(store.read(picture.id), pixels(0)), "and its file is whole again"
        assert len(lines.messages) <= 1
        if lines.messages:
            assert path.stem[:12] in lines.messages[0]


def test_a_broken_picture_is_never_handed_to_a_run_folder(tmp_path: Path, lines: pytest.LogCaptureFixture) -> None:
    """`keep` promises a file: of a picture that this process has not read, it verifies the file's hash."""
    with Store(tmp_path) as store:
        path = store.path(made(store, 0).id)
        good = path.read_bytes()
    for broken in (good[:-30], good[: len(good) // 2], b"", good[:100] + b"\xff" + good[101:]):
        path.write_bytes(broken)
        lines.clear()
        with Store(tmp_path) as store:
            assert store.keep(Picture.of(pixels(0), FromData("tests", 0))).read_bytes() == good
        assert len(lines.messages) == 1


def test_many_broken_pictures_are_one_line(tmp_path: Path, lines: pytest.LogCaptureFixture) -> None:
    with Store(tmp_path) as store:
        for i in range(9):
            store.path(made(store, i).id).write_bytes(b"broken")
    with Store(tmp_path) as store:
        for i in range(9):
            assert np.array_equal(made(store, i).pixels, pixels(i))
    assert len(lines.messages) == 1


def known_store(folder: Path) -> dict[str, Activation]:
    rng = np.random.default_rng(5)
    rows = {f"{i:064x}": Activation(float(rng.normal()), -0.0, rng.normal(size=(3, 4)).astype(np.float32)) for i in range(40)}
    with Store(folder) as store:
        for i in range(12):
            made(store, i)
        store.remember("t", "u", list(rows.items()))
    return rows


def test_whatever_byte_of_the_index_is_broken_no_number_is_wrong(tmp_path: Path, lines: pytest.LogCaptureFixture) -> None:
    rows = known_store(tmp_path / "whole")
    size = (tmp_path / "whole" / store_index.NAME).stat().st_size
    assert not (tmp_path / "whole" / f"{store_index.NAME}-wal").exists()
    rng = np.random.default_rng(0)
    complete = 0
    for at in [*range(0, 120, 13), *rng.integers(0, size, 60)]:
        folder = tmp_path / "broken"
        shutil.copytree(tmp_path / "whole", folder)
        flipped(folder / store_index.NAME, int(at))
        lines.clear()
        with Store(folder) as store:
            found = store.activations("t", "u", rows)
            for identity, activation in found.items():
                assert activation.peak == rows[identity].peak, at
                assert np.array_equal(np.asarray(activation.map), np.asarray(rows[identity].map)), at
            for i in range(12):
                assert np.array_equal(made(store, i).pixels, pixels(i)), at
            store.remember("t", "u", list(rows.items()))
            after = store.activations("t", "u", rows)
            assert after.keys() == rows.keys(), at
            assert all(after[identity].peak == rows[identity].peak for identity in rows), at
        complete += len(found) == len(rows)
        assert len(lines.messages) <= 2, (at, lines.messages)
        shutil.rmtree(folder)
    assert complete < 70, "some of these bytes mattered"


def test_a_broken_activation_is_dropped_with_a_line_and_only_that_one(
    tmp_path: Path, lines: pytest.LogCaptureFixture
) -> None:
    rows = known_store(tmp_path)
    spoiled = list(rows)[:3]
    with contextlib.closing(sqlite3.connect(tmp_path / store_index.NAME)) as index, index:
        index.execute("UPDATE activations SET peak = peak + 1e-9 WHERE picture = ?", spoiled[:1])
        index.execute("UPDATE activations SET map = zeroblob(48) WHERE picture = ?", spoiled[1:2])
        index.execute("UPDATE activations SET h = 4, w = 3 WHERE picture = ?", spoiled[2:3])
    with Store(tmp_path) as store:
        assert set(store.activations("t", "u", rows)) == set(rows) - set(spoiled)
        assert len(lines.messages) == 1
        assert set(store.activations("t", "u", rows)) == set(rows) - set(spoiled)
        store.remember("t", "u", [(identity, rows[identity]) for identity in spoiled])
        assert store.activations("t", "u", rows).keys() == rows.keys()
    assert len(lines.messages) == 1


def test_rows_of_one_unit_are_not_taken_for_anothers(tmp_path: Path) -> None:
    """As where two rows of an index change places: the hash holds what the row is of."""
    rows = known_store(tmp_path)
    one, other = list(rows)[:2]
    with contextlib.closing(sqlite3.connect(tmp_path / store_index.NAME)) as index, index:
        index.execute("DELETE FROM activations WHERE picture = ?", (other,))
        index.execute("UPDATE activations SET picture = ? WHERE picture = ?", (other, one))
        index.execute("UPDATE units SET unit = 'v'")
    with Store(tmp_path) as store:
        assert store.activations("t", "v", rows) == {}


@pytest.mark.parametrize("what", [b"not a database" * 400, b"", b"SQLite format 3\0" + b"\1" * 5000])
def test_an_index_that_is_none_is_made_anew_from_the_pictures(
    tmp_path: Path, what: bytes, lines: pytest.LogCaptureFixture
) -> None:
    known_store(tmp_path)
    (tmp_path / store_index.NAME).write_bytes(what)
    with Store(tmp_path) as store:
        assert np.array_equal(made(store, 0).pixels, pixels(0))
        assert cache_report(tmp_path).kinds["pictures"].entries == 12
    assert len(lines.messages) == (what != b"")


def test_a_broken_byte_in_a_dissection_is_noticed_where_it_is_read_and_everything_made_again(
    tmp_path: Path, lines: pytest.LogCaptureFixture
) -> None:
    target, source = net_target(), Grains(70)
    whole = dissect(target, source, LAYERS, folder=tmp_path)
    files, rng = files_of(whole.folder), np.random.default_rng(1)
    told = 0
    for name in sorted(files):
        size = (whole.folder / name).stat().st_size
        for at in {0, size - 1, *map(int, rng.integers(0, size, 3))}:
            flipped(whole.folder / name, at)
            lines.clear()
            found = dissect(target, source, LAYERS, folder=tmp_path)
            for layer in LAYERS:
                assert np.array_equal(found.column(layer, 1), whole_of(layer)[0]), (name, at)
                assert found.threshold(layer, 1) == whole_of(layer)[1], (name, at)
                assert np.array_equal(found.dead(layer), whole_of(layer)[2]), (name, at)
                found.peaks(layer)  # and all the columns that were not read
            assert len(lines.messages) <= 1
            told += len(lines.messages)
            if name != "statistics.npz":  # an archive holds bytes that say nothing
                assert len(lines.messages) == 1, (name, at)
                assert files_of(found.folder) == files
            elif not lines.messages:
                shutil.copy(found.folder / name, tmp_path / "kept")
                flipped(found.folder / name, at)
    assert told > 15


_whole: dict[str, tuple[np.ndarray, float, np.ndarray]] = {}


def whole_of(layer: str) -> tuple[np.ndarray, float, np.ndarray]:
    """Column, threshold and dead units of unit 1 in a dissection that nobody broke."""
    if not _whole:
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            found = dissect(net_target(), Grains(70), LAYERS, folder=Path(folder))
            for name in LAYERS:
                _whole[name] = found.column(name, 1), found.threshold(name, 1), found.dead(name)
    return _whole[layer]


@pytest.mark.parametrize("name", ["peaks-0.f32", "statistics.npz", "dissection.json"])
@pytest.mark.parametrize("how", ["cut off", "gone", "empty"])
def test_a_dissection_with_a_file_cut_off_or_gone_is_made_again(
    tmp_path: Path, name: str, how: str, lines: pytest.LogCaptureFixture
) -> None:
    target, source = net_target(), Grains(70)
    path = dissect(target, source, LAYERS, folder=tmp_path).folder / name
    path.unlink() if how == "gone" else path.write_bytes(path.read_bytes()[: -9 if how == "cut off" else 0])
    found = dissect(target, source, LAYERS, folder=tmp_path)
    assert np.array_equal(found.column("0", 1), whole_of("0")[0])
    assert found.threshold("0", 1) == whole_of("0")[1]
    assert len(lines.messages) == ((name, how) != ("dissection.json", "gone")), "without its last file it is only begun"


@pytest.mark.parametrize("name", ["peaks-1.f32", "checkpoint.npz"])
def test_an_interrupted_dissection_that_broke_is_begun_anew(
    tmp_path: Path, name: str, lines: pytest.LogCaptureFixture
) -> None:
    def stop(done: int, total: int) -> None:
        if done == 64:
            raise KeyboardInterrupt

    target, source = net_target(), Grains(70)
    with pytest.raises(KeyboardInterrupt):
        dissect(target, source, LAYERS, folder=tmp_path, watch=stop)
    (place,) = [path for path in tmp_path.iterdir() if path.is_dir() and len(path.name) == 64]
    flipped(place / name, (place / name).stat().st_size // 2)
    source.read.clear()
    found = dissect(target, source, LAYERS, folder=tmp_path)
    assert np.array_equal(found.column("1", 1), whole_of("1")[0])
    assert min(source.read) == 0
    assert len(lines.messages) == 1


def test_a_dissection_without_what_made_it_names_the_folder(tmp_path: Path) -> None:
    from lettvin.tools.dissection import Dissection

    folder = dissect(net_target(), Grains(8), ["0"], folder=tmp_path).folder
    flipped(folder / "peaks-0.f32", 5)  # in the second column
    assert Dissection(folder).column("0", 0).shape == (8,)
    with pytest.raises(BadInput, match="broken") as refused:
        Dissection(folder).column("0", 1)
    assert str(folder) in str(refused.value)


def test_verifying_costs_milliseconds(tmp_path: Path) -> None:
    """What a repeated question reads: a column and a layer's histograms, of 2,000 pictures and 1,280 units."""
    from lettvin.tools.dissection.digests import column_digest

    column = np.random.default_rng(0).normal(size=2000).astype(np.float32)
    began = time.perf_counter()
    for _ in range(100):
        column_digest(column)
    assert (time.perf_counter() - began) / 100 < 1e-3
    data = np.zeros((1280, 2048), np.int32)
    began = time.perf_counter()
    hashlib.sha256(data.data).digest()
    assert time.perf_counter() - began < 0.1


# ---- caches of older versions ---------------------------------------------------------------------------------------

OLD_SCHEMA = """
CREATE TABLE made (recipe BLOB PRIMARY KEY, picture TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE activations (target TEXT, unit TEXT, picture TEXT, peak REAL, mean REAL, map BLOB, h INT, w INT,
    PRIMARY KEY (target, unit, picture)) WITHOUT ROWID;
"""


def test_a_cache_of_the_version_before_is_taken_over_without_a_word(
    tmp_path: Path, lines: pytest.LogCaptureFixture
) -> None:
    with Store(tmp_path) as store:
        old = [made(store, i) for i in range(5)]
    (tmp_path / store_index.NAME).unlink()
    with contextlib.closing(sqlite3.connect(tmp_path / "index.sqlite")) as index, index:
        index.executescript("PRAGMA journal_mode=WAL;" + OLD_SCHEMA)
        for i, picture in enumerate(old):
            index.execute("INSERT INTO made VALUES (?, ?)", (hashlib.sha256(f"recipe {i}".encode()).digest(), picture.id))
            index.execute("INSERT INTO activations VALUES ('t', 'u', ?, 1.0, 0.5, NULL, NULL, NULL)", (picture.id,))
    with Store(tmp_path) as store:
        assert [made(store, i, paint=False) for i in range(5)] == old
        assert np.array_equal(store.read(old[0].id), pixels(0))
        assert store.activations("t", "u", [picture.id for picture in old]) == {}, "measured anew: nothing vouches for them"
    assert sorted(path.name for path in tmp_path.glob("index*.sqlite*")) == [store_index.NAME]
    assert cache_report(tmp_path).kinds["pictures"].entries == 5
    assert lines.messages == []


# ---- a full disk ----------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    asked = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(asked, capture_output=True).returncode:
        pytest.skip("no small file system can be mounted here: needs Linux and its root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path, leave: int) -> Path:
    """A file that leaves so many bytes of the disk free."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        file.write(b"\0" * max(0, shutil.disk_usage(disk).free - leave))
    return filler


def test_a_disk_full_of_pictures_is_said_and_nothing_is_torn(small_disk: Path) -> None:
    cache = small_disk / "cache"
    with Store(cache) as store:

        def fill_it() -> None:
            for i in range(1000):
                made(store, i)
                store.remember("t", "u", [(f"{i}", Activation(1.0, 0.0, np.ones((8, 8), np.float32)))])

        with pytest.raises(DiskFull, match="the disk is full") as refused:
            fill_it()
        assert repr(str(cache)) in str(refused.value)
    assert list(cache.glob("pictures/*/.part-*")) == []
    clear(cache)
    with Store(cache) as store:
        assert np.array_equal(made(store, 0).pixels, pixels(0))


@pytest.mark.parametrize("leave", [0, 5000, 40_000])
def test_a_disk_that_fills_during_a_dissection_is_said_and_it_goes_on_to_the_same(small_disk: Path, leave: int) -> None:
    target, source = net_target(), Grains(600)
    filler = fill(small_disk, leave)
    with pytest.raises(DiskFull, match="the disk is full"):
        dissect(target, source, LAYERS, folder=small_disk / "d", checkpoint_seconds=0)
    filler.unlink()
    found = dissect(target, source, LAYERS, folder=small_disk / "d")
    whole = dissect(target, source, LAYERS, folder=small_disk.parent / "d")
    assert files_of(found.folder) == files_of(whole.folder)


TINY = """
import numpy as np, torch

def net():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 5, stride=8))
    return net, lambda image: torch.from_numpy(np.array(image)).permute(2, 0, 1) / 255
"""


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    """A target of four units, in a file."""
    (tmp_path / "tiny.py").write_text(TINY)
    return f"{tmp_path / 'tiny.py'}:net"


def test_a_full_disk_is_one_line_and_the_cache_can_still_be_cleared(
    small_disk: Path, tiny: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LETTVIN_CACHE", str(small_disk / "cache"))
    words = ["dissect", tiny, "--data", "sketch:24"]
    with Store(small_disk / "cache") as store:
        for i in range(20):
            made(store, i)
    filler = fill(small_disk, 0)
    assert main(words) == 3
    told = capsys.readouterr()
    assert told.err.startswith("lettvin: the disk is full")
    assert told.err.count("\n") == 1
    assert main(["cache", "--clear"]) == 0
    assert "taken away: " in capsys.readouterr().out
    filler.unlink()
    assert main(words) == 0


# ---- the command ----------------------------------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with two pictures, one unit's activations and a dissection."""
    monkeypatch.setenv("LETTVIN_CACHE", str(tmp_path / "cache"))
    with Store(tmp_path / "cache") as store:
        made(store, 0), made(store, 1)
        store.remember("t", "u", [("a", Activation(1.0, 0.0))])
    dissect(net_target(), Grains(8), ["0"], folder=tmp_path / "cache" / "dissections")
    return tmp_path / "cache"


def test_the_command_says_what_the_cache_holds(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [row[:2] for row in rows[1:4]] == [["pictures", "2"], ["activations", "1"], ["dissections", "1"]]
    assert [row[:2] for row in rows[4:7]] == [["captions", "0"], ["fetched", "0"], ["thumbnails", "0"]]
    assert rows[7][0] == f"{cache}:"
    assert rows[7][-2:] == ["20.0", "GB"]


def test_the_command_speaks_json(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    files = [path for path in cache.rglob("*") if path.is_file()]
    assert told["bytes"] == pytest.approx(sum(path.stat().st_size for path in files), abs=70_000)
    assert told["limit"] == 20 * 10**9
    assert {kind: row["entries"] for kind, row in told["kinds"].items()} == {
        "pictures": 2, "activations": 1, "dissections": 1, "captions": 0, "fetched": 0, "thumbnails": 0,
    }  # fmt: skip


def test_the_command_clears_the_cache(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "--clear", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["taken"]["entries"] == 4
    assert holdings(cache) == (0, 0, 0)
    assert main(["cache", "--clear"]) == 0, "an empty one too"


def test_the_encoded_pictures_of_pages_count_and_are_cleared_too(
    cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    KeptPictures(cache).write({"a picture": bytes(50_000)})
    assert cache_report(cache).kinds["thumbnails"].bytes > 50_000
    assert main(["cache", "--clear"]) == 0
    assert cache_report(cache).kinds["thumbnails"].entries == 0
    assert KeptPictures(cache).read(["a picture"]) == {}
    KeptPictures(cache).write({"a picture": b"again"})
    assert KeptPictures(cache).read(["a picture"]) == {"a picture": b"again"}


def test_the_command_makes_room_until_a_size_is_left(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place,) = [path for path in (cache / "dissections").iterdir() if len(path.name) == 64]
    for file in place.iterdir():
        aged(file, 50)
    size = cache_report(cache).bytes
    assert main(["cache", "--limit", str(size - 1)]) == 0
    assert holdings(cache) == (2, 1, 0)
    assert "taken away: " in capsys.readouterr().out


@pytest.mark.parametrize("words", [("--limit", "0"), ("--limit", "5XB"), ("--limit", "-1"), ("--clear", "--limit", "5GB")])
def test_a_size_that_is_none_is_one_line(cache: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", *words]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert holdings(cache) == (2, 1, 1)


def test_the_commands_of_its_page_run(cache: Path, repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (repository / "docs" / "cache.md").read_text(encoding="utf-8")
    commands = [line.split()[1:] for line in page.splitlines() if line.startswith("lettvin ")]
    assert len(commands) == 4
    for words in commands:
        assert main(words) == 0
        assert "dissections" in capsys.readouterr().out
    assert holdings(cache) == (0, 0, 0), "the last one clears it"


def test_doctor_tells_size_and_limit(cache: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LETTVIN_CACHE_LIMIT", "3GiB")
    assert main(["doctor"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("cache ")]
    assert str(cache) in line
    assert "of at most 3.2 GB" in line


def test_a_limit_that_is_none_ends_a_question_with_one_line(
    cache: Path, tiny: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LETTVIN_CACHE_LIMIT", "plenty")
    words = ["ask", tiny, "0:3", "What makes this unit fire?", "--data", "sketch:24", "--runs", str(tmp_path / "runs")]
    assert main(words) == 2
    assert "'plenty'" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()
