"""Reading ahead: in processes or in a thread the same reaches the network, broken pictures are told, a dead process too."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from lettvin.targets.errors import BadInput, TargetFailed
from lettvin.targets.module import ModuleTarget
from lettvin.tests.encoded_pictures import BROKEN, SOUND, encoded, flat
from lettvin.tools.dissection import dissect
from lettvin.tools.dissection.reading import read_ahead, readers_for
from lettvin.tools.sources.folder import FolderSource

MAIN = os.getpid()


def prepared(image):
    return torch.from_numpy(np.array(image.resize((8, 8)))).permute(2, 0, 1) / 255


def net(preprocess=prepared) -> ModuleTarget:
    torch.manual_seed(0)
    return ModuleTarget("net", torch.nn.Conv2d(3, 4, 3), preprocess, device="cpu")


@pytest.fixture
def folder(tmp_path: Path) -> FolderSource:
    """Forty pictures, every awkward one and four that are broken."""
    place = tmp_path / "data"
    place.mkdir()
    for i in range(40):
        (place / f"{i:03d}.png").write_bytes(encoded(flat((6 * i, 255 - 6 * i, i))))
    for name, make in (SOUND | BROKEN).items():
        (place / f"{name}.jpg").write_bytes(make())
    return FolderSource(str(place))


def test_processes_and_the_thread_read_the_same_to_the_bit_in_order(folder, monkeypatch):
    target = net()
    own, ours = (list(read_ahead(target, folder, 0, 8, readers)) for readers in (0, 2))
    assert [r.start for r in ours] == [r.start for r in own] == list(range(0, len(folder), 8))
    for one, other in zip(own, ours, strict=True):
        assert list(one.pictures) == list(other.pictures)
        assert [p.id for p in one.pictures.values()] == [p.id for p in other.pictures.values()]
        assert one.skipped == other.skipped
        assert torch.equal(one.ready, other.ready)
    index, picture = next(iter(ours[1].pictures.items()))
    assert np.array_equal(picture.pixels, folder.picture(index).pixels)


def test_a_dissection_by_processes_is_that_of_the_thread(folder, tmp_path, monkeypatch):
    found = []
    for readers in ("0", "3"):
        monkeypatch.setenv("LETTVIN_READERS", readers)
        found.append(dissect(net(), folder, folder=tmp_path / readers, batch=8))
    own, ours = found
    assert np.array_equal(own.column("output", 2), ours.column("output", 2), equal_nan=True)
    assert own.skipped == ours.skipped
    assert sorted(row.name for row in ours.skipped) == sorted(f"{name}.jpg" for name in BROKEN)
    for name in ("statistics.npz", "peaks-0.f32"):
        assert (own.folder / name).read_bytes() == (ours.folder / name).read_bytes()


def test_reading_may_begin_in_the_middle(folder):
    assert [r.start for r in read_ahead(net(), folder, 24, 8, 2)] == [24, 32, 40, 48][: len(range(24, len(folder), 8))]


@pytest.mark.parametrize("readers", [0, 2])
def test_what_preprocessing_raises_is_one_line_from_either(folder, readers):
    def breaks(image):
        if image.size == (20, 10) and image.getpixel((0, 0)) == (60, 195, 10):
            raise ValueError("no such picture")
        return prepared(image)

    with pytest.raises(TargetFailed, match="preprocessing raised ValueError: no such picture") as caught:
        list(read_ahead(net(breaks), folder, 0, 4, readers))
    assert "\n" not in str(caught.value)


def test_a_process_that_dies_is_told_and_nothing_is_lost(folder, caplog):
    def kills(image):
        if os.getpid() != MAIN and image.size == (20, 10) and image.getpixel((0, 0)) == (120, 135, 20):
            os._exit(1)
        return prepared(image)

    with caplog.at_level(logging.WARNING, logger="lettvin"):
        found = list(read_ahead(net(kills), folder, 0, 4, 2))
    assert "a process that read pictures has died" in caplog.text
    assert [r.start for r in found] == list(range(0, len(folder), 4))
    own = list(read_ahead(net(), folder, 0, 4, 0))
    assert all(torch.equal(one.ready, other.ready) for one, other in zip(own, found, strict=True) if one.ready is not None)


def test_processes_read_where_the_network_computes_elsewhere(monkeypatch):
    target = net()
    monkeypatch.delenv("LETTVIN_READERS", raising=False)
    assert readers_for(target, 1000, 32) == 0
    monkeypatch.setattr(target, "device", torch.device("cuda"))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    assert 1 <= readers_for(target, 1000, 32) <= 16
    assert readers_for(target, 3, 32) == 0
    assert readers_for(target, 1000, 10**9) == 0, "no batch of that size fits into shared memory"
    monkeypatch.setenv("LETTVIN_READERS", "5")
    assert readers_for(target, 3, 32) == 5
    monkeypatch.setenv("LETTVIN_READERS", "some")
    with pytest.raises(BadInput, match="\\$LETTVIN_READERS 'some' is no number"):
        readers_for(target, 1000, 32)
