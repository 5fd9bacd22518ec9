"""Edits of pixels: each against its definition; in words; and by the instrument's and the generator's own door."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lettvin.targets.errors import BadInput
from lettvin.targets.picture import FromData, FromEdit, Picture
from lettvin.tools import pixel_edits as px
from lettvin.tools.instrument import catalogue
from lettvin.tools.sketch.paint import paint
from lettvin.tools.sketch.prompt import imagine, parse
from lettvin.tools.sketch_generator import SketchGenerator
from lettvin.tools.store import Store

PICTURE = np.random.default_rng(1).integers(0, 256, (40, 60, 3), dtype=np.uint8)
SQUARE = np.random.default_rng(2).integers(0, 256, (48, 48, 3), dtype=np.uint8)


def test_grayscale_is_the_luminance() -> None:
    grey = px.grayscale(PICTURE)
    assert np.ptp(grey.astype(int), axis=2).max() == 0
    assert np.abs(grey[..., 0] - PICTURE @ np.array([0.299, 0.587, 0.114])).max() <= 1


def test_blur_spares_a_flat_picture_and_lowers_contrast() -> None:
    flat = np.full((20, 20, 3), 90, dtype=np.uint8)
    assert np.array_equal(px.blur(flat, 3), flat)
    assert px.blur(PICTURE, 2).std() < 0.3 * PICTURE.std()
    impulse = np.zeros((41, 41, 3), dtype=np.uint8)
    impulse[20, 20] = 255
    row = px.blur(impulse, 2).astype(float)[20, :, 0]
    assert row.argmax() == 20
    assert np.array_equal(row, row[::-1])


def test_crop_occlude_and_keep_divide_the_picture_between_them() -> None:
    box = (10, 5, 30, 35)
    inside = np.zeros((40, 60), dtype=bool)
    inside[5:35, 10:30] = True
    assert np.array_equal(px.crop(PICTURE, box), PICTURE[5:35, 10:30])
    hidden, kept = px.occlude(PICTURE, box), px.keep(PICTURE, box)
    assert np.array_equal(hidden[~inside], PICTURE[~inside])
    assert np.array_equal(kept[inside], PICTURE[inside])
    assert np.array_equal(hidden[inside], np.tile(np.rint(PICTURE[~inside].mean(axis=0)).astype(np.uint8), (600, 1)))
    assert len(np.unique(kept[~inside], axis=0)) == 1
    assert np.array_equal(px.occlude(PICTURE, inside), hidden)


def test_hue_turns_red_to_green_and_spares_greys() -> None:
    red = np.full((4, 4, 3), (200, 40, 40), dtype=np.uint8)
    r, g, b = px.hue(red, 120)[0, 0].tolist()
    assert abs(g - 200) <= 4
    assert abs(r - 40) <= 4
    assert abs(b - 40) <= 4
    grey = np.full((4, 4, 3), 77, dtype=np.uint8)
    assert np.array_equal(px.hue(grey, 200), grey)


def test_inverting_twice_and_turning_four_times_change_nothing() -> None:
    assert np.array_equal(px.invert(px.invert(PICTURE)), PICTURE)
    turned = SQUARE
    for _ in range(4):
        turned = px.rotate(turned, 90)
    assert np.array_equal(turned, SQUARE)
    assert np.array_equal(px.rotate(SQUARE, 90), np.rot90(SQUARE, -1))
    assert px.rotate(PICTURE, 90).shape == px.rotate(PICTURE, 33).shape == PICTURE.shape


@given(patches=st.integers(2, 8), seed=st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_shuffling_moves_every_patch_and_loses_none(patches: int, seed: int) -> None:
    moved = px.shuffle(SQUARE, patches, seed)
    side = 48 // patches
    start = (48 - side * patches) // 2

    def cut(pixels: np.ndarray) -> list[bytes]:
        at = [start + side * i for i in range(patches)]
        return [pixels[y : y + side, x : x + side].tobytes() for y in at for x in at]

    assert sorted(cut(moved)) == sorted(cut(SQUARE))
    assert all(a != b for a, b in zip(cut(moved), cut(SQUARE), strict=True))


def test_noise_has_the_deviation_asked_for_and_depends_on_the_seed() -> None:
    grey = np.full((64, 64, 3), 128, dtype=np.uint8)
    noisy = px.noise(grey, 12, seed=1)
    assert abs(noisy.astype(float).std() - 12) < 0.5
    assert np.array_equal(noisy, px.noise(grey, 12, seed=1))
    assert not np.array_equal(noisy, px.noise(grey, 12, seed=2))


def test_paste_changes_the_pasted_place_only() -> None:
    small = np.zeros((5, 7, 3), dtype=np.uint8)
    pasted = px.paste(PICTURE, small, 20, 10)
    assert np.array_equal(pasted[10:15, 20:27], small)
    changed = (pasted != PICTURE).any(axis=2)
    changed[10:15, 20:27] = False
    assert not changed.any()


EVERY = ["grayscale", "blur 2", "crop 1 2 30 20", "occlude 1 2 30 20", "keep 1 2 30 20", "hue 45", "invert", "shuffle 4",
         "rotate 30", "noise 9", "paste 3 3"]  # fmt: skip


@pytest.mark.parametrize("words", EVERY)
def test_every_edit_can_be_said_and_leaves_its_picture_as_it_was(words: str) -> None:
    before = PICTURE.copy()
    changed = px.apply(PICTURE, words, 3, SQUARE[:9, :9])
    assert changed.dtype == np.uint8
    assert changed.ndim == 3
    assert changed.shape != PICTURE.shape or not np.array_equal(changed, PICTURE)
    assert np.array_equal(PICTURE, before)
    assert np.array_equal(changed, px.apply(PICTURE, words, 3, SQUARE[:9, :9]))
    assert {word.split()[0] for word in EVERY} == set(px.EDITS)


@pytest.mark.parametrize(
    ("words", "named"),
    [("blur", "blur RADIUS"), ("blur x", "blur RADIUS"), ("blur 0", "0.0"), ("blur 99", "99.0"), ("blur nan", "blur RADIUS"),
     ("crop 0 0 61 5", "60 wide"), ("crop 5 5 5 9", "no box"), ("occlude -1 0 5 5", "no box"), ("shuffle 1", "1.0"),
     ("noise 900", "900"), ("paste 0 0", "nothing to lay on"), ("grayscal", "'grayscale'"), ("", "empty"),
     ("invert 4", "invert")],
)  # fmt: skip
def test_an_edit_of_pixels_that_cannot_be_done_says_why(words: str, named: str) -> None:
    with pytest.raises(BadInput, match=named):
        px.apply(PICTURE, words)


def test_the_generator_edits_in_words_and_exactly_by_mask(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        generator = SketchGenerator(store)
        drawn = generator.draw("a large red dog and a small blue car on grass", 3)
        cat = generator.edit_words(drawn, "replace the dog with a cat")
        assert cat.scene is not None
        assert [t.noun for t in cat.scene.things] == ["cat", "car"]
        assert cat.provenance == FromEdit(drawn.id, "replace the dog with a cat")
        hidden = generator.edit_words(drawn, "occlude the dog")
        assert drawn.scene is not None
        mask = paint(drawn.scene).masks[0]
        assert np.array_equal(hidden.pixels[~mask], drawn.pixels[~mask])
        assert len(np.unique(hidden.pixels[mask], axis=0)) == 1
        assert hidden.scene is None
        assert hidden.caption is None
        photo = Picture.of(PICTURE, FromData("folder", 0))
        assert np.array_equal(generator.edit_words(photo, "invert").pixels, 255 - PICTURE)
        assert np.array_equal(generator.edit_words(photo, "paste 0 0", other=photo).pixels, PICTURE)
        for words, why in (("remove the dog", "was not drawn"), ("keep the dog", "was not drawn")):
            with pytest.raises(BadInput, match=why):
                generator.edit_words(photo, words)


def test_the_instrument_offers_both_kinds_of_edits() -> None:
    schema = catalogue()["edit"].schema["properties"]
    assert {"pictures", "factor", "value", "which", "words", "paste", "where"} == set(schema)


@pytest.mark.parametrize("prompt", ["a dog on grass", "two red cars in a city at night"])
def test_occluding_everything_drawn_leaves_the_background(tmp_path: Path, prompt: str) -> None:
    with Store(tmp_path) as store:
        generator = SketchGenerator(store)
        picture = generator.draw(prompt, 2)
        masks = paint(imagine(parse(prompt), 2)).masks
        changed = (generator.edit_words(picture, "occlude everything").pixels != picture.pixels).any(axis=2)
        assert not (changed & ~np.any(masks, axis=0)).any()
