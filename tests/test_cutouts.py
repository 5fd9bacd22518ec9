"""Cut-outs: labels to nouns, the layout, composing, the source; and Debian's stamps, where they are installed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lettvin.cli import main
from lettvin.targets.errors import BadInput
from lettvin.tools.cutouts import DEFAULT_FOLDER, composed, library, noun_of, pixels_of, random_cutouts
from lettvin.tools.sketch.vocabulary import BACKGROUNDS
from lettvin.tools.sources.cutouts import CutoutSource, with_folders
from lettvin.tools.sources.open_source import open_source
from lettvin.tools.sources.source import Unreadable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Discs and boxes of flat colour as cut-outs, with what is to be left out among them."""
    colours = {"tiger": "orange", "tiger_mirror": "orange", "pig": "pink", "pig2": "red", "teapot": "blue", "wise": "white",
               "letter": "black", "opaque": "green", "apple": "red", "nolabel": "grey"}  # fmt: skip
    labels = {"tiger": "A tiger.\nUn tigre.", "tiger_mirror": "A tiger.", "pig": "A pig.", "pig2": "A Tamworth pig.",
              "teapot": "A teapot.", "wise": "Because a brain is a terrible thing to waste!", "letter": "The letter A.",
              "opaque": "A green wall.", "apple": "A red apple."}  # fmt: skip
    places = {"letter": "symbols/alphabets", "tiger": "animals/cats", "tiger_mirror": "animals/cats", "pig": "animals"}
    for name, colour in colours.items():
        where = tmp_path / "stamps" / places.get(name, "things")
        where.mkdir(parents=True, exist_ok=True)
        image = Image.new("RGB" if name == "opaque" else "RGBA", (60, 40))
        ImageDraw.Draw(image).ellipse((5, 5, 54, 34), fill=colour)
        image.save(where / f"{name}.png")
        if name in labels:
            (where / f"{name}.txt").write_text(labels[name] + "\n", encoding="utf-8")
    return tmp_path / "stamps"


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
        "things/teapot.png": "teapot", "things/apple.png": "apple",
    }  # fmt: skip
    assert found.left_out == {
        "symbols and drawings": 1, "mirrored twins": 1, "without transparency": 1, "labels that are no noun": 1,
        "without a label or broken": 1,
    }  # fmt: skip


def test_masks_come_from_alpha_and_the_picture_shows_what_the_scene_says(folder: Path) -> None:
    found = library(folder)
    hues = {"tiger": (255, 165, 0), "teapot": (0, 0, 255), "apple": (255, 0, 0)}
    for index in range(12):
        scene = random_cutouts(found, BACKGROUNDS, 3, index)
        pixels, masks = composed(scene, found.folder)
        assert pixels.shape == (224, 224, 3)
        assert len(masks) == len(scene.things) >= 1
        assert np.sum(masks, axis=0).max() <= 1
        for thing, mask in zip(scene.things, masks, strict=True):
            if mask.sum() > 400 and thing.cutout.noun in hues:
                middle = np.median(pixels[mask].astype(float), axis=0)
                assert np.abs(middle - hues[thing.cutout.noun]).max() < 70
        alone = random_cutouts(found, ["plain"], 3, index)
        first = type(alone)("plain", alone.things[:1], alone.seed)
        _, (mask,) = composed(first, found.folder)
        width, height = pixels_of(found.folder, first.things[0].cutout.file).shape[1::-1]
        long = first.things[0].scale * 224
        assert mask.sum() / (long * long * min(width, height) / max(width, height)) == pytest.approx(np.pi / 4, abs=0.08)


def test_edges_are_soft_and_bring_no_colour_of_the_paper(tmp_path: Path) -> None:
    """A red disc cut from green paper: clear pixels are green beneath, and none of it may show."""
    paper = np.zeros((80, 80, 4), dtype=np.uint8)
    paper[..., 1] = 255
    inside = np.hypot(*(np.mgrid[0:80, 0:80] - 39.5)) < 36
    paper[inside] = (255, 0, 0, 255)
    Image.fromarray(paper).save(tmp_path / "disc.png")
    (tmp_path / "disc.txt").write_text("A disc.")
    scene = random_cutouts(library(tmp_path), ["plain"], 0, 0)
    scene = type(scene)("plain", scene.things[:1], 0)
    pixels, (mask,) = composed(scene, tmp_path)
    rim = mask & ~np.roll(mask, 3, 0) | mask & ~np.roll(mask, -3, 1)
    red, green, blue = (pixels[..., i].astype(int) for i in range(3))
    assert (green - np.maximum(red, blue))[rim].max() < 12
    assert len(np.unique(red[:, 112])) > 4


def test_the_source_is_named_reproducible_and_open_to_concepts(folder: Path, tmp_path: Path) -> None:
    name = f"cutouts:6@4 from {folder}"
    source, again = open_source(name), CutoutSource(with_folders("cutouts:9@4", folder, None))
    assert source.name == name
    assert len(source) == 6
    assert source.picture(3).id == again.picture(3).id
    assert source.key != again.key
    assert source.picture(3).caption == source.about(3).caption
    assert source.picture(3).scene is None
    assert {word for i in range(6) for word in str(source.about(i).caption).split()} & {"tiger", "pig", "teapot"}
    with pytest.raises(IndexError):
        source.picture(6)
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.new("RGB", (90, 70), (10, 200, 30)).save(photos / "green.jpg")
    on = CutoutSource(with_folders("cutouts:6@4", folder, photos))
    assert np.abs(np.median(on.picture(0).pixels.reshape(-1, 3), axis=0) - (10, 200, 30)).max() < 40
    assert " on " not in str(on.about(0).caption)
    (folder / "things" / "teapot.png").write_bytes((folder / "things" / "teapot.png").read_bytes()[:150])
    broken = CutoutSource(f"cutouts:40@4 from {folder}")
    pixels_of.cache_clear()
    shown = next(i for i in range(40) if "teapot" in str(broken.about(i).caption))
    with pytest.raises(Unreadable, match="teapot"):
        broken.picture(shown)


def test_every_category_and_noun_takes_its_turn(folder: Path) -> None:
    found = library(folder)
    seen = Counter(t.cutout.noun for i in range(200) for t in random_cutouts(found, ["plain"], 1, i).things)
    assert set(seen) == set(found.nouns)
    assert max(seen.values()) < 1.6 * min(seen.values())


@pytest.mark.parametrize("text", ["cutouts:0", "cutouts:", "cutouts:3@", "cutouts:many", "cutouts:4 from /nowhere/at/all"])
def test_a_wrong_name_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput, match=r"cutouts:|/nowhere"):
        open_source(text)


def test_the_options_say_what_they_go_with(folder: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(BadInput, match="sketch:5"):
        with_folders("sketch:5", folder, None)
    assert main(["dissect", "efficientnet-lite0", "--cutouts", str(folder)]) == 2
    assert "--cutouts goes with" in capsys.readouterr().err
    with pytest.raises(BadInput, match="holds no cut-outs"):
        library(_empty(folder))


def _empty(folder: Path) -> Path:
    bare = folder / "bare"
    bare.mkdir()
    return bare


needs_stamps = pytest.mark.skipif(not DEFAULT_FOLDER.is_dir(), reason="tuxpaint-stamps-default is not installed")


@needs_stamps
def test_debians_photographs_are_there_and_their_drawings_are_not() -> None:
    found = library()
    assert len(found.cutouts) > 300
    assert len(found.nouns) > 200
    assert {"tiger", "elephant", "banana", "violin", "zebra"} <= set(found.nouns)
    assert not [c.file for c in found.cutouts if "cartoon" in c.file or "symbols" in c.file or "mirror" in c.file]
    assert len(found.categories) >= 8


@needs_stamps
def test_debians_photographs_are_composed() -> None:
    source = CutoutSource("cutouts:8@5")
    for index in range(8):
        picture = source.picture(index)
        assert picture.pixels.shape == (224, 224, 3)
        assert picture.pixels.std() > 8
