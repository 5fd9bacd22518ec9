"""Tables as data: folders of parquet, of pictures, saved data sets, the hub's stream; columns by name, corrupt rows told."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest

from lettvin.targets.errors import BadInput
from lettvin.tests.encoded_pictures import BLUE, BROKEN, EXPECTED, REASONS, RED, SOUND, encoded, flat
from lettvin.tools.sources.open_source import open_source
from lettvin.tools.sources.source import Unreadable

datasets = pytest.importorskip("datasets")


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """`datasets` keeps its arrow files in a folder of the test's."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path_factory.mktemp("arrow")))


def table(**columns):
    """Five rows by default: a picture, a text and a label each."""
    label = datasets.ClassLabel(names=["tabby_cat", "dog"])
    features = {"image": datasets.Image(), "text": datasets.Value("string"), "label": label}
    rows = {"image": [encoded(flat((40 * i, 0, 0))) for i in range(5)]}
    rows |= {"text": ["a", "two\nlines", None, " ", "e"], "label": [0, 1, 0, 1, 1]} | columns
    rows = {name: values for name, values in rows.items() if values is not None}
    rows["image"] = [x if x is None else {"bytes": x, "path": None} for x in rows["image"]] if "image" in rows else []
    rows = {name: values for name, values in rows.items() if values}
    return datasets.Dataset.from_dict(rows, features=datasets.Features({name: features[name] for name in rows}))


def parquet(place: Path, split: str = "train", **columns) -> Path:
    (place / "data").mkdir(parents=True, exist_ok=True)
    table(**columns).to_parquet(str(place / "data" / f"{split}-00000-of-00001.parquet"))
    return place


def test_a_folder_of_parquet_is_read_by_row_with_its_captions(tmp_path):
    parquet(tmp_path / "p")
    source = open_source(f"hf:{tmp_path / 'p'}")
    assert len(source) == 5
    assert [source.about(i).caption for i in range(5)] == ["a", "two", None, None, "e"]
    for index in (4, 0, 3):
        assert source.picture(index).pixels[0, 0].tolist() == [40 * index, 0, 0]
    assert source.picture(1).caption == "two"
    assert source.picture(1).provenance.source == source.name == f"hf:{tmp_path / 'p'}"
    with pytest.raises(IndexError):
        source.picture(5)


def test_labels_are_named_and_columns_are_chosen_by_name(tmp_path):
    parquet(tmp_path / "p")
    labelled = open_source(f"hf:{tmp_path / 'p'} caption=label first=3")
    assert [labelled.about(i).caption for i in range(len(labelled))] == ["tabby cat", "dog", "tabby cat"]
    parquet(tmp_path / "q", text=None)
    assert open_source(f"hf:{tmp_path / 'q'}").about(1).caption == "dog"
    keys = {open_source(f"hf:{tmp_path / 'p'}{more}").key for more in ("", " caption=label", " first=3")}
    assert len(keys) == 3


def test_splits_are_chosen_by_name(tmp_path):
    parquet(tmp_path / "p")
    parquet(tmp_path / "p", "test", image=[encoded(flat(BLUE))], text=["blue"], label=[0])
    assert len(open_source(f"hf:{tmp_path / 'p'}")) == 5
    source = open_source(f"hf:{tmp_path / 'p'}:test")
    assert (len(source), source.about(0).caption) == (1, "blue")
    with pytest.raises(BadInput, match="has no split 'tets'; nearest: 'test'"):
        open_source(f"hf:{tmp_path / 'p'}:tets")


def test_one_file_a_saved_data_set_and_a_folder_of_pictures_are_tables_too(tmp_path):
    parquet(tmp_path / "p")
    file = next((tmp_path / "p").rglob("*.parquet"))
    assert len(open_source(f"hf:{file} first=2")) == 2
    table().save_to_disk(str(tmp_path / "saved"))
    assert open_source(f"hf:{tmp_path / 'saved'}").about(4).caption == "e"
    place = tmp_path / "pictures"
    place.mkdir()
    (place / "a.png").write_bytes(encoded(flat(BLUE)))
    (place / "metadata.jsonl").write_text(json.dumps({"file_name": "a.png", "text": "something blue"}) + "\n")
    source = open_source(f"hf:{place}")
    assert source.about(0).caption == "something blue"
    assert source.picture(0).pixels[0, 0].tolist() == list(BLUE)


def test_what_is_written_anew_is_read_anew(tmp_path):
    place = parquet(tmp_path / "p")
    before = open_source(f"hf:{place}")
    parquet(place, image=[encoded(flat(BLUE))] * 5, text=["z"] * 5)
    after = open_source(f"hf:{place}")
    assert after.key != before.key
    assert after.about(0).caption == "z"
    assert after.picture(0).pixels[0, 0].tolist() == list(BLUE)


def test_copies_are_known_by_their_bytes(tmp_path):
    red, blue = encoded(flat(RED)), encoded(flat(BLUE))
    parquet(tmp_path / "p", image=[red, blue, red, None, blue])
    assert list(open_source(f"hf:{tmp_path / 'p'}").firsts()) == [0, 1, 0, 3, 1]


def test_every_awkward_kind_of_picture_is_read_and_broken_ones_are_counted(tmp_path):
    import torch

    from lettvin.targets.module import ModuleTarget
    from lettvin.tools.dissection import dissect

    names = [*SOUND, *BROKEN, "none"]
    rows = [make() for make in (*SOUND.values(), *BROKEN.values())] + [None]
    parquet(tmp_path / "p", image=rows, text=names, label=[0] * len(rows))
    source = open_source(f"hf:{tmp_path / 'p'}")
    for index, name in enumerate(SOUND):
        size, colour = EXPECTED[name]
        pixels = source.picture(index).pixels
        assert pixels.shape == (*size, 3), name
        assert np.abs(pixels[0, 0].astype(int) - colour).max() <= 12, name
    target = ModuleTarget(
        "net", torch.nn.Conv2d(3, 2, 1), lambda im: torch.from_numpy(np.array(im.resize((8, 8)))).permute(2, 0, 1) / 255
    )
    found = dissect(target, source, folder=tmp_path / "cache")
    assert [row.name for row in found.skipped] == [f"row {len(SOUND) + i}" for i in range(len(BROKEN) + 1)]
    for row, name in zip(found.skipped, BROKEN, strict=False):
        assert REASONS[name].lower() in row.reason.lower()
    assert found.skipped[-1].reason == "no picture in column 'image'"


@pytest.mark.parametrize(("told", "says"), [
    ("{0}/p caption=txet", "has no column 'txet'; nearest: 'text'"),
    ("{0}/p image=img", "has no column 'img'; nearest: 'image'"),
    ("{0}/p image=text", "column 'text' holds string, not pictures; nearest: 'image'"),
    ("{0}/p caption=image", "column 'image' holds pictures, not captions"),
    ("{0}/blind", "has no column of pictures; its columns: text \\(string\\), label \\(int64\\)"),
    ("{0}/p column=text", "has no option 'column'"), ("{0}/p first=x", "first='x' is not a whole number"),
    ("{0}/nowhere", "'.*nowhere' is not there"), ("{0}/empty", "cannot be read: EmptyDatasetError"),
    ("{0}/broken", "cannot be read: Arrow"), ("", "names no data set"), ("{0}/notes.txt", "is no table"),
])  # fmt: skip
def test_what_names_no_pictures_is_bad_input_in_one_line(tmp_path, told, says, capfd):
    parquet(tmp_path / "p")
    parquet(tmp_path / "blind", image=None)
    (tmp_path / "empty").mkdir()
    next(parquet(tmp_path / "broken").rglob("*.parquet")).write_bytes(b"PAR1 and no more")
    (tmp_path / "notes.txt").write_text("notes")
    capfd.readouterr()
    with pytest.raises(BadInput, match=says) as caught:
        open_source("hf:" + told.format(tmp_path))
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().out == ""


# ---- the hub ----------------------------------------------------------------------------------------------------------


def test_without_a_network_a_data_set_of_the_hub_is_refused_at_once_in_one_line():
    began = time.monotonic()
    with pytest.raises(BadInput, match=r"--repo-type dataset --local-dir DIR.*then write hf:DIR") as caught:
        open_source("hf:owner/pictures:train first=10")
    assert time.monotonic() - began < 5
    assert "\n" not in str(caught.value)


def test_a_folder_wins_over_a_hub_id_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parquet(tmp_path / "owner" / "pictures")
    assert len(open_source("hf:owner/pictures")) == 5


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The hub's answers, from a folder: its look-up, its splits, and its rows as `datasets` streams them."""
    import types

    import huggingface_hub

    streamed = []
    place = parquet(tmp_path / "p", image=[encoded(flat(RED)), None, encoded(flat(BLUE)), b"bad", encoded(flat())])
    real = datasets.load_dataset

    def load(name, config=None, **options):
        assert (name, options.pop("revision"), options["streaming"]) == ("owner/pictures", "abc", True)
        rows = real(str(place), **options)
        streamed.append(rows)
        return rows

    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", lambda self, name, timeout: types.SimpleNamespace(sha="abc"))
    monkeypatch.setattr(datasets, "get_dataset_split_names", lambda *_, **__: ["train"])
    monkeypatch.setattr(datasets, "load_dataset", load)
    monkeypatch.setenv("LETTVIN_CACHE", str(tmp_path / "cache"))
    return streamed


def test_the_hub_is_streamed_once_and_kept(hub, tmp_path, monkeypatch):
    source = open_source("hf:owner/pictures:train first=4 caption=label")
    assert (len(source), source.name) == (4, "hf:owner/pictures:train first=4 caption=label")
    assert [source.about(i).caption for i in range(4)] == ["tabby cat", "dog", "tabby cat", "dog"]
    assert source.picture(2).pixels[0, 0].tolist() == list(BLUE)
    assert source.picture(2).provenance.source == source.name
    for index, reason in ((1, "the file is empty"), (3, "cannot identify")):
        with pytest.raises(Unreadable, match=reason):
            source.picture(index)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    again = open_source("hf:owner/pictures:train first=4 caption=label")
    assert (again.key, len(hub)) == (source.key, 1)
    with pytest.raises(BadInput, match="HF_HUB_OFFLINE is set"):
        open_source("hf:owner/pictures:train first=3")


def test_how_much_is_fetched_is_asked_where_nobody_knows(hub):
    with pytest.raises(BadInput, match="say how many are fetched, such as first=10000"):
        open_source("hf:owner/pictures")


def test_what_was_fetched_stays_while_it_is_in_use_and_goes_when_it_is_not(hub, tmp_path):
    from lettvin.tools.cache_report import cache_report
    from lettvin.tools.eviction import clear

    source = open_source("hf:owner/pictures:train first=2")
    assert cache_report(tmp_path / "cache").kinds["fetched"].entries == 1
    clear(tmp_path / "cache")
    assert source.picture(0).pixels.shape == (10, 20, 3)
    source.lease.release()
    clear(tmp_path / "cache")
    assert cache_report(tmp_path / "cache").kinds["fetched"].entries == 0


def test_a_fetch_that_breaks_off_leaves_nothing_that_counts(hub, tmp_path, monkeypatch):
    from lettvin.tools.sources import hub_datasets

    real = hub_datasets._add
    calls = []

    def broken(tar, name, data):
        calls.append(name)
        if len(calls) == 3:
            raise ConnectionError("the line is dead")
        real(tar, name, data)

    monkeypatch.setattr(hub_datasets, "_add", broken)
    with pytest.raises(BadInput, match="cannot be read: ConnectionError: the line is dead"):
        open_source("hf:owner/pictures:train first=4")
    assert [p.name for p in (tmp_path / "cache" / "fetched").rglob("*") if p.suffix in (".tar", ".json")] == []
    monkeypatch.setattr(hub_datasets, "_add", real)
    assert len(open_source("hf:owner/pictures:train first=4")) == 4
    assert json.loads(next((tmp_path / "cache" / "fetched").glob("*/about.json")).read_text())["revision"] == "abc"
