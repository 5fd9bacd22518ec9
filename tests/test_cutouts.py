"""Cut-outs: labels to nouns, the layout, twins, scenes, masks, the source; and Debian's stamps, where they are installed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from lettvin.cli import main
from lettvin.targets.errors import BadInput
from lettvin.targets.picture import Scene, Thing
from lettvin.tests.stamps import folder_of_stamps
from lettvin.tools.cutouts import DEFAULT_FOLDER, library, noun_of, random_cutouts
from lettvin.tools.sketch.paint import paint
from lettvin.tools.sketch.placing import extent
from lettvin.tools.sources.cutouts import CutoutSource, with_folders, words_of
from lettvin.tools.sources.open_source import open_source
from lettvin.tools.sources.source import Unreadable

HUES = {"tiger": (255, 165, 0), "teapot": (0, 0, 255), "apple": (255, 0, 0)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_of_stamps(tmp_path / "stamps")


@pytest.mark.parametrize(
    ("label", "noun"),
    [
        ("A tiger.", "tiger"),
        ("An emperor tamarin.", "emperor tamarin"),
        ("A baby sheep (a lamb).", "baby sheep"),
        ("A pair of pliers.", "pliers"),
        ("A “Fuji” apple.", "fuji apple"),
        ("A brown hen.", "chicken"),
        ("A headstone.", "gravestone"),
        ("A ripe, red tomato!", "tomato"),
        ("A Jack-o-lantern.", "jack o lantern"),
        ("An orange.", "orange fruit"),
        ("Two flowers.", None),
        ("Because a brain is a terrible thing to waste…", None),
        ("Boom!!!", None),
        ("", None),
    ],
)
def test_a_label_becomes_a_noun_or_is_left_out(label: str, noun: str | None) -> None:
    assert noun_of(label) == noun


def test_the_layout_is_read_synonyms_merged_and_twins_and_symbols_left_out(folder: Path) -> None:
    found = library(folder)
    assert {c.file: c.noun for c in found.cutouts} == {
        "animals/cats/tiger.png": "tiger", "animals/pig.png": "pig", "things/pig2.png": "pig",
        "things/teapot.png": "teapot", "things/apple.png": "apple", "things/polarbear.png": "polar bear",
    }  # fmt: skip
    assert found.left_out == {
        "symbols and drawings": 1, "mirrored twins": 1, "without transparency": 1, "labels that are no noun": 1,
        "without a label or broken": 1, "words that mean something else": 1,
    }  # fmt: skip


def test_a_twin_is_known_by_what_it_shows_whatever_it_is_called(folder: Path) -> None:
    things = folder / "things"
    pig = Image.open(folder / "animals" / "pig.png")
    lopsided = Image.new("RGBA", pig.size)
    lopsided.paste(pig, (0, 0))
    ImageDraw.Draw(lopsided).rectangle((2, 2, 12, 12), fill="black")
    for name, image in {"one": lopsided, "again": lopsided, "faces_right": ImageOps.mirror(lopsided)}.items():
        image.save(things / f"{name}.png")
        (things / f"{name}.txt").write_text("A pig.")
    ImageOps.flip(lopsided).save(things / "upside_down.png")  # another picture
    (things / "upside_down.txt").write_text("A pig.")
    found = library(folder)
    assert found.left_out["twins"] == 2
    assert [c.file for c in found.cutouts if c.noun == "pig"] == [
        "animals/pig.png", "things/again.png", "things/pig2.png", "things/upside_down.png",
    ]  # fmt: skip


def test_the_key_is_of_the_contents_and_their_nouns(folder: Path, tmp_path: Path) -> None:
    first = library(folder).key
    assert library(folder_of_stamps(tmp_path / "elsewhere")).key == first
    (tmp_path / "elsewhere" / "things" / "apple.txt").write_text("A pear.")
    assert library(tmp_path / "elsewhere").key == first  # read once a process, as the pictures are
    assert library(folder_of_stamps(tmp_path / "third", apple="A pear.")).key != first


def test_masks_come_from_alpha_and_the_picture_shows_what_the_scene_says(folder: Path) -> None:
    found = library(folder)
    words = found.words()
    for index in range(12):
        scene = replace(random_cutouts(found, words, 3, index), light="normal")
        painting = paint(scene)
        assert len(painting.masks) == len(scene.things) >= 1
        assert np.sum(painting.masks, axis=0).max() <= 1
        for thing, mask, footprint in zip(scene.things, painting.masks, painting.footprints, strict=True):
            assert thing.photo is not None
            assert not (mask & ~footprint).any()
            if mask.sum() > 400 and thing.noun in HUES:
                middle = np.median(painting.pixels[mask].astype(float), axis=0)
                assert np.abs(middle - HUES[thing.noun]).max() < 70
        alone = Scene("plain", scene.things[:1], seed=scene.seed)
        (mask,) = paint(alone).masks
        width, height = extent(alone.things[0])  # an ellipse fills pi / 4 of its box
        assert mask.sum() / (width * height * 224**2) == pytest.approx(np.pi / 4, abs=0.09)


def test_edges_are_soft_and_bring_no_colour_of_the_paper(tmp_path: Path) -> None:
    """A red disc cut from green paper: clear pixels are green beneath, and none of it may show."""
    paper = np.zeros((80, 80, 4), dtype=np.uint8)
    paper[..., 1] = 255
    inside = np.hypot(*(np.mgrid[0:80, 0:80] - 39.5)) < 36
    paper[inside] = (255, 0, 0, 255)
    paper[np.hypot(*(np.mgrid[0:80, 0:80] - 39.5)) < 36.8, 3] = np.maximum(paper[..., 3], 128)[
        np.hypot(*(np.mgrid[0:80, 0:80] - 39.5)) < 36.8
    ]
    Image.fromarray(paper).save(tmp_path / "disc.png")
    (tmp_path / "disc.txt").write_text("A disc.")
    words = words_of(tmp_path, None)
    thing = Thing("disc", "", size="large", scale=0.6, photo=words.photo("disc", 0))
    painting = paint(Scene("plain", (thing,)))
    mask = painting.masks[0]
    rim = mask & ~np.roll(mask, 3, 0) | mask & ~np.roll(mask, -3, 1)
    red, green, blue = (painting.pixels[..., i].astype(int) for i in range(3))
    assert (green - np.maximum(red, blue))[rim].max() < 12
    assert len(np.unique(red[:, 112])) > 4


def test_the_source_is_named_reproducible_and_exact(folder: Path, tmp_path: Path) -> None:
    name = f"cutouts:6@4 from {folder}"
    source, again = open_source(name), CutoutSource(with_folders("cutouts:9@4", folder, None))
    assert source.name == name
    assert len(source) == 6
    assert source.picture(3).id == again.picture(3).id
    assert source.key != again.key
    assert source.picture(3).caption == source.about(3).caption
    scene = source.picture(3).scene
    assert scene is not None
    assert scene == source.about(3).scene
    assert {thing.noun for thing in scene.things} <= set(again.words.nouns)
    with pytest.raises(IndexError):
        source.picture(6)
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.new("RGB", (90, 70), (10, 200, 30)).save(photos / "green.jpg")
    on = CutoutSource(with_folders("cutouts:40@4", folder, photos))
    lit = next(i for i in range(40) if " in " not in str(on.about(i).caption) and " at " not in str(on.about(i).caption))
    assert np.abs(np.median(on.picture(lit).pixels.reshape(-1, 3), axis=0) - (10, 200, 30)).max() < 40
    assert "on a photograph" in str(on.about(lit).caption)
    assert on.key != CutoutSource(with_folders("cutouts:40@4", folder, None)).key


def test_a_broken_file_costs_the_pictures_that_would_show_it(folder: Path) -> None:
    (folder / "things" / "teapot.png").write_bytes((folder / "things" / "teapot.png").read_bytes()[:90])
    broken = CutoutSource(f"cutouts:40@4 from {folder}")
    unread = [i for i in range(40) if broken.about(i).scene is None]
    assert 3 < len(unread) < 37
    for index in unread[:3]:
        with pytest.raises(Unreadable, match="teapot"):
            broken.picture(index)


def test_a_file_that_changes_under_a_scene_is_not_painted_as_if_it_had_not(folder: Path) -> None:
    once = folder / "things" / "apple.png"
    Image.new("RGBA", (31, 17), (1, 2, 3, 255)).save(once)  # no other test shows these bytes, which might be kept
    words = words_of(folder, None)
    thing = Thing("apple", "", photo=words.photo("apple", 0))
    Image.new("RGBA", (30, 30), "black").save(once)
    with pytest.raises(BadInput, match=r"apple\.png' has changed"):
        paint(Scene("grass", (thing,)))
    unmet = replace(thing, photo=replace(words.photo("tiger", 0), sha256="0" * 64))
    with pytest.raises(BadInput, match=r"tiger.* is in no folder that was opened"):
        paint(Scene("grass", (unmet,)))


def test_every_category_and_noun_takes_its_turn(folder: Path) -> None:
    found = library(folder)
    words = found.words()
    scenes = [random_cutouts(found, words, 1, i) for i in range(200)]
    seen = Counter(thing.noun for scene in scenes for thing in {t.noun: t for t in scene.things}.values())
    assert set(seen) == set(words.nouns)
    assert max(seen.values()) < 1.8 * min(seen.values())
    groups = sum(max(Counter(t.noun for t in scene.things).values()) > 1 for scene in scenes)
    assert groups >= 40
    assert {scene.light for scene in scenes} == {"normal", "bright", "dark", "night"}


@pytest.mark.parametrize("text", ["cutouts:0", "cutouts:", "cutouts:3@", "cutouts:many", "cutouts:4 from /nowhere/at/all"])
def test_a_wrong_name_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput, match=r"cutouts:|/nowhere"):
        open_source(text)


def test_the_options_say_what_they_go_with(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(BadInput, match="sketch:5"):
        with_folders("sketch:5", folder, None)
    assert main(["dissect", "efficientnet-lite0", "--cutouts", str(folder)]) == 2
    assert "--cutouts goes with" in capsys.readouterr().err
    assert main(["sketch", "a dog", "-o", str(tmp_path / "x.png"), "--backgrounds", str(folder)]) == 2
    assert "goes with --cutouts" in capsys.readouterr().err
    assert main(["sketch", "--coverage", "3", "--cutouts", str(folder)]) == 2
    assert "goes with a PROMPT" in capsys.readouterr().err
    bare = tmp_path / "bare"
    bare.mkdir()
    with pytest.raises(BadInput, match="holds no cut-outs"):
        library(bare)


def test_a_prompt_on_the_command_line_draws_the_folders_photographs(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "two.png"
    prompt = "a large teapot to the left of two small polar bears on snow"
    assert main(["sketch", prompt, "--cutouts", str(folder), "-n", "2", "-o", str(out)]) == 0
    told = capsys.readouterr().out
    assert "1 teapot: large, cut out of a photograph; 2 polar bears: small" in told
    blue = np.asarray(Image.open(out)).astype(int)
    assert ((blue[..., 2] > 150) & (blue[..., 0] < 60)).sum() > 1000
    assert main(["sketch", "--vocabulary", "--cutouts", str(folder)]) == 0
    assert "apple, pig, polar bear, teapot, tiger" in capsys.readouterr().out
    assert main(["sketch", "a teapot", "-o", str(out)]) == 2  # nothing is left over from the calls before
    assert "'teapot'" in capsys.readouterr().err


needs_stamps = pytest.mark.skipif(not DEFAULT_FOLDER.is_dir(), reason="tuxpaint-stamps-default is not installed")


@needs_stamps
def test_debians_photographs_are_there_and_their_drawings_are_not() -> None:
    found = library()
    nouns = set(found.words().nouns)
    assert len(found.cutouts) > 300
    assert len(nouns) > 200
    assert {"tiger", "elephant", "banana", "violin", "zebra", "great blue heron", "orange fruit"} <= nouns
    assert not [c.file for c in found.cutouts if "cartoon" in c.file or "symbols" in c.file or "mirror" in c.file]
    assert len(found.categories) >= 8


@needs_stamps
def test_debians_photographs_are_composed() -> None:
    source = CutoutSource("cutouts:8@5")
    for index in range(8):
        picture = source.picture(index)
        assert picture.pixels.shape == (224, 224, 3)
        assert picture.pixels.std() > 8
