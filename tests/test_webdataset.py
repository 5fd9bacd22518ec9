"""Shards as data: items by their keys, captions by member, pictures by their places, and broken ones that are told."""

from __future__ import annotations

import io
import json
import re
import tarfile
from pathlib import Path

import numpy as np
import pytest

from lettvin.targets.errors import BadInput
from lettvin.tests.encoded_pictures import BLUE, BROKEN, EXPECTED, REASONS, RED, SOUND, encoded, flat
from lettvin.tools.sources.open_source import open_source
from lettvin.tools.sources.source import Unreadable
from lettvin.tools.sources.webdataset import WebDataset, shards_of

PNG = encoded(flat())


def shard(path: Path, members: dict[str, bytes | str], compressed: bool = False) -> Path:
    """A tar file of these members, in this order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz" if compressed else "w") as tar:
        for name, told in members.items():
            data = told.encode() if isinstance(told, str) else told
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def test_members_that_share_the_path_up_to_the_first_dot_are_one_item(tmp_path):
    shard(tmp_path / "s.tar", {
        "a/0.png": PNG, "a/0.txt": "\n a red brick \nsecond", "a/1.depth.png": encoded(flat(BLUE)), "a/1.cls": "7",
        "a/2.jpg": encoded(flat(BLUE), "JPEG"), "a/2.json": json.dumps({"caption": "blue", "score": 2}),
        "notes": "x", "a/3.webp": encoded(flat(), "WEBP"),
    })  # fmt: skip
    source = open_source(f"webdataset:{tmp_path / 's.tar'}")
    assert len(source) == 4
    assert [source.about(i).caption for i in range(4)] == ["a red brick", "7", "blue", None]
    assert source.picture(0).caption == "a red brick"
    assert source.picture(1).pixels[0, 0].tolist() == list(BLUE)
    assert source.picture(3).provenance.index == 3


def test_a_picture_is_read_alone_in_any_order_from_any_shard(tmp_path):
    colours = [(10 * i, 0, 0) for i in range(12)]
    for number in range(3):
        shard(tmp_path / f"train-{number:03d}.tar", {f"{i:04d}.png": encoded(flat(colours[number * 4 + i])) for i in range(4)})
    source = WebDataset(f"webdataset:{tmp_path}/train-{{000..002}}.tar")
    for index in (11, 0, 7, 3):
        assert source.picture(index).pixels[0, 0].tolist() == list(colours[index])
    whole = WebDataset(f"webdataset:{tmp_path}")
    assert [whole.picture(i).id for i in range(12)] == [source.picture(i).id for i in range(12)]
    assert len(WebDataset(f"webdataset:{tmp_path}/*.tar first=5")) == 5
    assert shards_of(f"{tmp_path}/train-{{000,002}}.tar") == [tmp_path / "train-000.tar", tmp_path / "train-002.tar"]
    with pytest.raises(IndexError):
        source.picture(12)


def test_copies_are_known_by_their_bytes(tmp_path):
    shard(tmp_path / "s.tar", {"0.png": PNG, "1.png": encoded(flat(BLUE)), "2.png": PNG, "3.txt": "none"})
    assert list(WebDataset(f"webdataset:{tmp_path}").firsts()) == [0, 1, 0, 3]


@pytest.mark.parametrize("name", SOUND)
def test_every_awkward_kind_of_picture_is_read(tmp_path, name):
    shard(tmp_path / "s.tar", {f"{name}.png": SOUND[name]()})
    size, colour = EXPECTED[name]
    pixels = WebDataset(f"webdataset:{tmp_path}").picture(0).pixels
    assert pixels.shape == (*size, 3)
    assert np.abs(pixels[0, 0].astype(int) - colour).max() <= 12  # JPEG


def test_corrupt_items_are_named_counted_and_never_fatal(tmp_path):
    import torch

    from lettvin.targets.module import ModuleTarget
    from lettvin.tools.dissection import dissect

    members = {f"{name}.jpg": make() for name, make in BROKEN.items()} | {"whole.png": PNG, "alone.txt": "no picture"}
    path = shard(tmp_path / "s.tar", members)
    shard(tmp_path / "t.tar", {"0.png": PNG, "1.png": PNG})
    cut = (tmp_path / "t.tar").read_bytes()
    (tmp_path / "t.tar").write_bytes(cut[: 1024 + 512 + 20])  # within the second picture, and no end
    target = ModuleTarget(
        "net", torch.nn.Conv2d(3, 2, 1), lambda im: torch.from_numpy(np.array(im.resize((8, 8)))).permute(2, 0, 1) / 255
    )
    found = dissect(target, WebDataset(f"webdataset:{tmp_path}"), folder=tmp_path / "cache")
    reasons = {row.name: row.reason for row in found.skipped}
    for name, reason in REASONS.items():
        assert reason.lower() in reasons[f"s.tar/{name}.jpg"].lower()
    assert reasons["s.tar/alone"] == "no picture with it (txt)"
    assert reasons["t.tar/1.png"] == "t.tar is cut off"
    assert "t.tar is cut off or no tar file after 2 items" in reasons["t.tar"]
    assert np.isfinite(found.column("output", 0)).sum() == found.n - len(reasons) >= 2
    assert all("\n" not in reason for reason in reasons.values())
    assert path.exists()


def test_nothing_of_a_shard_is_unpacked_and_links_lead_nowhere(tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(PNG)
    place = tmp_path / "shards"
    place.mkdir()
    with tarfile.open(place / "s.tar", "w:") as tar:
        for name, kind in (("link.png", tarfile.SYMTYPE), ("hard.png", tarfile.LNKTYPE), ("device.png", tarfile.CHRTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, str(secret)
            tar.addfile(info)
        info = tarfile.TarInfo("../../outside.png")
        info.size = len(PNG)
        tar.addfile(info, io.BytesIO(PNG))
    source = WebDataset(f"webdataset:{place}")
    assert len(source) == 1
    assert source.picture(0).pixels[0, 0].tolist() == list(RED)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["s.tar", "secret.png", "shards"]


def test_a_header_that_claims_more_than_there_is_is_told(tmp_path):
    with tarfile.open(tmp_path / "s.tar", "w:") as tar:
        info = tarfile.TarInfo("0.png")
        info.size = len(PNG)
        tar.addfile(info, io.BytesIO(PNG))
        huge = tarfile.TarInfo("1.png")
        huge.size = 2**40
        tar.fileobj.write(huge.tobuf())
    source = WebDataset(f"webdataset:{tmp_path}")
    assert source.picture(0).pixels.shape == (10, 20, 3)
    with pytest.raises(Unreadable, match="more than 200,000,000"):
        source.picture(1)


def test_what_was_cut_off_since_it_was_opened_is_unreadable(tmp_path):
    path = shard(tmp_path / "s.tar", {"0.png": PNG})
    source = WebDataset(f"webdataset:{path}")
    path.write_bytes(path.read_bytes()[:520])
    with pytest.raises(Unreadable, match=r"s\.tar is cut off"):
        source.picture(0)


def test_the_key_changes_with_the_shards_and_with_what_is_asked_of_them(tmp_path):
    path = shard(tmp_path / "s.tar", {"0.png": PNG, "0.txt": "a"})
    name = f"webdataset:{path}"
    keys = {WebDataset(name).key, WebDataset(f"{name} caption=txt").key, WebDataset(f"{name} first=1").key}
    shard(path, {"0.png": PNG, "0.txt": "abc"})
    keys.add(WebDataset(name).key)
    assert len(keys) == 4
    assert WebDataset(name).key == WebDataset(name).key


@pytest.mark.parametrize(("told", "says"), [
    ("{0}/s.tar caption=text", "no item has a caption 'text'; nearest: 'txt'"),
    ("{0}/s.tar caption=json.capt", "no json has a field 'capt'; nearest: 'caption'"),
    ("{0}/s.tar image=jpg", "no item has a member 'jpg'; nearest: 'png'"),
    ("{0}/s.tar captoin=txt", "has no option 'captoin'; nearest: 'caption'"),
    ("{0}/s.tar first=0", "first='0' is not a whole number from 1 up"),
    ("{0}/s.tar first=1 first=2", "sets 'first' twice"),
    ("{0}/nowhere", "no shard"), ("{0}/*.zip", "no shard"), ("{0}/empty", "holds no shards"),
    ("{0}/z.tar.gz", "is compressed \\(gzip\\): unpack it"), ("https://example.org/s.tar", "is no file: download"),
    ("pipe:curl x", "is no file: download"), ("{0}/none.tar", "no item in 1 shard"),
    ("{0}/texts.tar", "has no picture: texts.tar/0: no picture with it \\(txt\\)"),
    ("{0}/rubbish.tar", "has no picture: rubbish.tar: rubbish.tar is cut off or no tar file"),
])  # fmt: skip
def test_what_names_no_shards_is_bad_input(tmp_path, told, says):
    shard(tmp_path / "s.tar", {"0.png": PNG, "0.txt": "a", "0.json": '{"caption": "b"}'})
    shard(tmp_path / "z.tar.gz", {"0.png": PNG}, compressed=True)
    shard(tmp_path / "none.tar", {})
    shard(tmp_path / "texts.tar", {"0.txt": "a"})
    (tmp_path / "rubbish.tar").write_bytes(b"no tar file at all" * 100)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match=says) as caught:
        open_source("webdataset:" + told.format(tmp_path))
    assert "\n" not in str(caught.value)
    assert not re.search(r"\{\{", str(caught.value))
