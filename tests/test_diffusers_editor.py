"""`diffusers:` as an editor: what is told in words is changed, where it is told, and everything else is as it was.

The pipelines are InstructPix2Pix and inpainting, tiny, with random weights: that they follow words cannot be seen here; that
they are given the right picture, region, words and seed can.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("diffusers", reason="the extra 'diffusers' is not installed")

from PIL import Image

from lettvin.agent import by_name
from lettvin.agent.command_line.doctor import plug_ins as doctors_rows
from lettvin.targets.errors import BadInput, ToolError
from lettvin.targets.picture import FromData, FromEdit, Picture
from lettvin.tests.labs import Pixels, make_lab
from lettvin.tests.tiny_pipelines import tiny_sd3, tiny_sdxl, tiny_stable_diffusion
from lettvin.tools.diffusion.editor import DiffusersEditor
from lettvin.tools.editor import Edit, WithEditor, edit_many
from lettvin.tools.instrument import catalogue
from lettvin.tools.lab import Lab
from lettvin.tools.region import mask
from lettvin.tools.sketch_generator import SketchGenerator
from lettvin.tools.store import Store

KINDS = {"words": "StableDiffusionInstructPix2PixPipeline", "region": "StableDiffusionInpaintPipeline"}
XL = {"words of xl": ("StableDiffusionXLInstructPix2PixPipeline", 8), "region of xl": ("StableDiffusionXLInpaintPipeline", 9)}
EVERY = (*KINDS, *XL, "region of 3")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("editors")
    made = {name: tiny_stable_diffusion(root / name, kind) for name, kind in KINDS.items()}
    made |= {name: tiny_sdxl(root / name, *kind) for name, kind in XL.items()}
    return made | {"region of 3": tiny_sd3(root / "region of 3", "StableDiffusion3InpaintPipeline")}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store") as opened:
        yield opened


def editor(store: Store, folder: Path, *more: str) -> DiffusersEditor:
    return DiffusersEditor(store, ",".join([str(folder), "steps=2", *more]))


def photograph(seed: int = 1, height: int = 24, width: int = 40) -> Picture:
    """A picture of which nobody knows what it holds: smooth, so that the model's own size keeps it."""
    coarse = np.random.default_rng(seed).integers(0, 256, (3, 5, 3), dtype=np.uint8)
    pixels = np.array(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
    return Picture.of(pixels, FromData("photographs", seed))


def box(picture: Picture, left: int, top: int, right: int, bottom: int) -> np.ndarray:
    where = np.zeros(picture.pixels.shape[:2], bool)
    where[top:bottom, left:right] = True
    return where


def difference(a: Picture, b: Picture) -> np.ndarray:
    found: np.ndarray = np.abs(a.pixels.astype(int) - b.pixels).max(axis=2)
    return found


@pytest.mark.parametrize("name", EVERY)
def test_an_edited_picture_has_its_own_size_and_says_where_it_comes_from(
    store: Store, folders: dict[str, Path], name: str
) -> None:
    picture = photograph()
    where = box(picture, 4, 4, 20, 16) if name.startswith("region") else None
    [changed] = editor(store, folders[name]).edit_many([Edit(picture, "make it snow", 3, where)])
    assert changed.pixels.shape == (24, 40, 3)
    assert changed.pixels.dtype == np.uint8
    assert changed.provenance == FromEdit(picture.id, "make it snow")
    assert (changed.caption, changed.scene) == (None, None)
    assert difference(changed, picture).max() > 10


@pytest.mark.parametrize("name", EVERY)
def test_outside_the_region_not_a_pixel_changes(store: Store, folders: dict[str, Path], name: str) -> None:
    picture = photograph()
    where = box(picture, 4, 4, 20, 16)
    [changed] = editor(store, folders[name]).edit_many([Edit(picture, "a cat", 0, where)])
    assert difference(changed, picture)[~where].max() == 0
    assert (difference(changed, picture)[where] > 0).mean() > 0.5


@pytest.mark.parametrize("name", EVERY)
def test_an_edit_is_the_same_alone_and_among_others(tmp_path: Path, folders: dict[str, Path], name: str) -> None:
    """Pictures of several sizes, with words, seeds and regions of their own, go through one call."""
    pictures = [photograph(seed, height, 40) for seed, height in ((1, 24), (2, 40), (3, 16))]
    edits = [
        Edit(p, f"a {word}", seed, box(p, 2 * seed, 2, 30, 12))
        for seed, (p, word) in enumerate(zip(pictures, ("cat", "dog", "car"), strict=True))
    ]
    with Store(tmp_path / "one") as one, Store(tmp_path / "other") as other:
        together = editor(one, folders[name], "batch=3").edit_many(edits)
        alone = [editor(other, folders[name], "batch=1").edit_many([edit])[0] for edit in edits]
    assert max(difference(a, b).max() for a, b in zip(together, alone, strict=True)) <= 1
    assert len({p.id for p in together}) == 3


def test_words_seed_region_and_picture_all_decide_and_each_is_kept(store: Store, folders: dict[str, Path]) -> None:
    made, picture, other = editor(store, folders["words"], "guidance=7.5"), photograph(1), photograph(2)
    base = Edit(picture, "make it snow", 0, None)
    edits = [base, base._replace(words="make it rain"), base._replace(seed=1), base._replace(picture=other),
             base._replace(where=box(picture, 0, 0, 20, 20))]  # fmt: skip
    calls: list[int] = []
    hook = made.loaded.pipeline.unet.register_forward_pre_hook(lambda _, given: calls.append(len(given[0])))
    first = made.edit_many(edits)
    asked = len(calls)
    assert len({made.recipe(edit) for edit in edits}) == 5
    assert len({p.id for p in first}) == 5
    assert [p.id for p in made.edit_many(edits[::-1])] == [p.id for p in first[::-1]]
    assert len(calls) == asked, "made once"
    hook.remove()


def test_the_picture_is_what_the_pipeline_is_shown(store: Store, folders: dict[str, Path]) -> None:
    """The bare pipeline, called by hand with the picture at its own size, makes the same."""
    import torch

    picture, made = photograph(1, 16, 16), editor(store, folders["words"])
    bare = made.loaded.pipeline(
        "make it snow", image=picture.image, generator=torch.Generator().manual_seed(5), num_inference_steps=2
    ).images[0]
    [changed] = made.edit_many([Edit(picture, "make it snow", 5)])
    assert np.abs(np.asarray(bare).astype(int) - changed.pixels).max() <= 1


def test_a_painter_wants_a_region(store: Store, folders: dict[str, Path]) -> None:
    made, picture = editor(store, folders["region"]), photograph()
    with pytest.raises(BadInput, match="paints in a region: say which, by where='unit', a box or a thing"):
        made.edit_many([Edit(picture, "a cat")])
    with pytest.raises(BadInput, match=r"no region of picture .* \(40 wide, 24 high\): 0 pixels"):
        made.edit_many([Edit(picture, "a cat", 0, np.zeros((24, 40), bool))])
    with pytest.raises(BadInput, match="no region of picture"):
        made.edit_many([Edit(picture, "a cat", 0, np.ones((40, 24), bool))])


def test_a_generator_is_no_editor(tmp_path: Path, store: Store) -> None:
    folder = tiny_stable_diffusion(tmp_path / "sd")
    make, _ = by_name.editor(f"diffusers:{folder}")
    with pytest.raises(BadInput, match="is a StableDiffusionPipeline, which edits no picture by words"):
        make(store)


@pytest.mark.parametrize("name", ["diffuser:x", "sketch", "exact"])
def test_an_editor_that_nobody_knows_is_told_with_the_nearest(name: str) -> None:
    with pytest.raises(BadInput, match=r"unknown editor '.*'; nearest: .*'diffusers'"):
        by_name.editor(name)


def test_an_editor_of_ones_own_comes_by_the_same_door(tmp_path: Path, store: Store) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "class Inverts:\n    name = 'inverts'\n    def __init__(self, store): self.store = store\n"
        "    def edit_many(self, edits):\n        from lettvin import Picture\n"
        "        return [Picture.of(255 - e.picture.pixels, e.picture.provenance) for e in edits]\n"
    )
    make, plug_in = by_name.editor(f"{file}:Inverts")
    assert plug_in is not None
    assert plug_in.kind == "editor"
    [changed] = make(store).edit_many([Edit(picture := photograph(), "whatever")])
    assert np.array_equal(changed.pixels, 255 - picture.pixels)
    assert not any("LEFT OUT" in fact for _, fact in doctors_rows())


# ---- beside a generator, and in the instrument -----------------------------------------------------------------------


@pytest.fixture
def lab(store: Store, folders: dict[str, Path]) -> Lab:
    lab = make_lab(store, Pixels())
    lab.generator = WithEditor(SketchGenerator(store), editor(store, folders["region"]))
    return lab


def edited(lab: Lab, *pictures: Picture, **arguments: Any) -> list[Picture]:
    lab.know(pictures)
    result: Any = catalogue()["edit"].call(lab, {"pictures": [p.id for p in pictures], **arguments})
    return [lab.find(identity) for identity in result.pictures]


def test_what_was_drawn_and_pixels_stay_the_generators(store: Store, folders: dict[str, Path], lab: Lab) -> None:
    drawn, photo = lab.data_picture(0), photograph()
    plain = SketchGenerator(store)
    assert edited(lab, drawn, words="grayscale") == [plain.edit_words(drawn, "grayscale")]
    assert edited(lab, photo, words="blur 2") == [plain.edit_words(photo, "blur 2")]
    assert edited(lab, drawn, factor="background", value="snow") == [plain.edit(drawn, "background", "snow")]
    words = WithEditor(plain, editor(store, folders["words"]))
    [changed] = edit_many(words, [Edit(photo, "make it snow")])
    assert changed.id == editor(store, folders["words"]).edit_many([Edit(photo, "make it snow")])[0].id


def test_where_the_unit_fires_is_the_region_of_its_own_map(lab: Lab) -> None:
    picture = lab.data_picture(int(np.nanargmax(lab.peaks)))
    [changed] = edited(lab, picture, words="a lawn", where="unit")
    found = lab.activations([picture], lab.unit, maps=True)[picture.id].map
    assert found is not None
    there = mask(found, lab.profile.threshold, 224, 224)
    assert 0 < there.mean() < 0.9
    assert difference(changed, picture)[~there].max() == 0
    assert (difference(changed, picture)[there] > 0).mean() > 0.5


def test_a_region_may_be_a_box_or_a_drawn_thing(lab: Lab) -> None:
    dog = lab.generator.draw("a large brown dog on grass", 5)
    [boxed] = edited(lab, dog, words="a cat", where="10 20 60 80")
    changed = difference(boxed, dog) > 0
    assert changed[20:80, 10:60].mean() > 0.5
    changed[20:80, 10:60] = False
    assert not changed.any()
    [named] = edited(lab, dog, words="a cat", where="the dog")
    assert 0.02 < (difference(named, dog) > 0).mean() < 0.6


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"words": "a cat", "where": "the zebra"}, "nobody knows where 'the zebra' is"),
        ({"words": "a cat", "where": "30 0 90 9"}, "is no box in a picture 40 wide and 24 high"),
        ({"words": "blur 2", "where": "unit"}, "where='unit' goes with words for an editor"),
        ({"words": "a cat"}, "paints in a region"),
    ],
)
def test_a_region_that_cannot_be_is_told(lab: Lab, arguments: dict[str, str], text: str) -> None:
    with pytest.raises(ToolError, match=text):
        edited(lab, photograph(), **arguments)


def test_without_an_editor_a_region_is_refused(store: Store) -> None:
    with pytest.raises(ToolError, match="sketch edits no region of a picture: name one that does by --editor"):
        edited(make_lab(store), photograph(), words="a cat", where="0 0 9 9")
