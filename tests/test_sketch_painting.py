"""What is painted is what the scene says: determinism, masks, colours, stimuli, and edits that touch nothing else."""

from __future__ import annotations

import colorsys
import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lettvin.targets.errors import BadInput
from lettvin.targets.picture import Scene, Thing
from lettvin.tools.sketch.edit import add, remove, swap
from lettvin.tools.sketch.figures import record
from lettvin.tools.sketch.paint import Painting, paint
from lettvin.tools.sketch.palette import SHADES, shade_of
from lettvin.tools.sketch.scenes import compose, random_scene, random_thing, stream
from lettvin.tools.sketch.sheet import sheet, strip
from lettvin.tools.sketch.vocabulary import BACKGROUNDS, COLOURS, LIGHTS, NOUNS, PATTERNS, STIMULI, TREATMENTS, values


def alone(noun: str, background: str = "plain", seed: int = 0, **fixed: object) -> Scene:
    given: dict = {"noun": noun, "size": "large", "pattern": "plain", **fixed}
    return compose([random_thing(stream(seed), **given)], background, stream(seed, 1), side=112)


def test_the_same_scene_gives_the_same_bytes_in_another_process() -> None:
    code = (
        "import hashlib; from lettvin.tools.sketch.paint import paint;"
        "from lettvin.tools.sketch.scenes import random_scene;"
        "print(hashlib.sha256(b''.join(paint(random_scene(2, i)).pixels.tobytes() for i in (9, 3, 5))).hexdigest())"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    here = b"".join(paint(random_scene(2, i)).pixels.tobytes() for i in (9, 3, 5))
    assert said == hashlib.sha256(here).hexdigest()


@given(index=st.integers(0, 10**6), side=st.sampled_from([64, 130, 224]))
@settings(max_examples=25, deadline=None)
def test_masks_are_disjoint_visible_pixels_inside_their_footprints(index: int, side: int) -> None:
    scene = replace(random_scene(8, index), side=side)
    painting = paint(scene)
    assert painting.pixels.shape == (side, side, 3)
    assert painting.pixels.dtype == np.uint8
    assert len(painting.masks) == len(painting.footprints) == len(scene.things)
    assert np.sum(painting.masks, axis=0).max() <= 1
    for mask, footprint in zip(painting.masks, painting.footprints, strict=True):
        assert mask.any()
        assert not (mask & ~footprint).any()


def test_masks_agree_with_a_slow_renderer_that_paints_every_thing_alone() -> None:
    for index in range(12):
        scene = random_scene(21, index)
        owner = np.full((scene.side, scene.side), -1)
        for at, thing in enumerate(scene.things):
            owner[paint(replace(scene, things=(thing,))).masks[0]] = at
        for at, mask in enumerate(paint(scene).masks):
            assert np.array_equal(mask, owner == at)


def _changed(a: Painting, b: Painting) -> np.ndarray:
    return np.asarray((a.pixels != b.pixels).any(axis=2))


@given(
    index=st.integers(0, 10**6),
    which=st.integers(0, 6),
    factor=st.sampled_from(["noun", "colour", "pattern", "size"]),
    pick=st.integers(0, 200),
    treatment=st.sampled_from(TREATMENTS),
)
@settings(max_examples=60, deadline=None)
def test_an_edit_changes_no_pixel_outside_the_footprints_of_the_edited_thing(
    index: int, which: int, factor: str, pick: int, treatment: str
) -> None:
    scene = replace(random_scene(13, index), side=112, treatment=treatment)
    which %= len(scene.things)
    if factor == "pattern" and scene.things[which].noun in STIMULI:
        factor = "colour"
    value = values(factor)[pick % len(values(factor))]
    after = swap(scene, factor, value, which)
    assert getattr(after.things[which], factor) == value
    a, b = paint(scene), paint(after)
    assert not (_changed(a, b) & ~(a.footprints[which] | b.footprints[which])).any()


@given(index=st.integers(0, 10**6), which=st.integers(0, 6))
@settings(max_examples=25, deadline=None)
def test_what_is_removed_and_added_again_in_front_leaves_no_trace_elsewhere(index: int, which: int) -> None:
    scene = replace(random_scene(14, index), side=112)
    which %= len(scene.things)
    whole, less = paint(scene), paint(remove(scene, which))
    assert not (_changed(whole, less) & ~whole.footprints[which]).any()
    back = add(remove(scene, which), scene.things[which])
    assert back.things[-1] == scene.things[which]
    if which == len(scene.things) - 1:
        assert back == scene


def test_a_new_background_or_light_leaves_the_masks_as_they_were() -> None:
    scene = random_scene(0, 4)
    for factor, some in (("background", BACKGROUNDS), ("light", LIGHTS)):
        for value in some:
            after = paint(swap(scene, factor, value))
            for old, new in zip(paint(scene).masks, after.masks, strict=True):
                assert np.array_equal(old, new)


def test_a_new_background_leaves_the_inside_of_things_as_it_was() -> None:
    scene = alone("ball", "grass", colour="red")
    a, b = paint(scene), paint(swap(scene, "background", "city"))
    inside = np.asarray(Image.fromarray(a.masks[0]).convert("L").resize((112, 112))) > 0
    y, x = np.nonzero(inside)
    deep = np.hypot(x - x.mean(), y - y.mean()) < 0.3 * np.ptp(x)
    assert deep.sum() > 100
    assert np.array_equal(a.pixels[y[deep], x[deep]], b.pixels[y[deep], x[deep]])


@pytest.mark.parametrize(
    ("factor", "value", "which", "named"),
    [
        ("colour", "crimson", None, "'crimson'"),
        ("mood", "sad", None, "'mood'"),
        ("noun", "cat", 5, "thing 5"),
        ("noun", "cat", -1, "thing -1"),
        ("orientation", "vertical", 0, "no orientation"),
        ("frequency", "fine", None, "'frequency'"),
        ("background", "snow", 0, "'background'"),
    ],
)
def test_an_edit_that_cannot_be_done_says_why(factor: str, value: str, which: int | None, named: str) -> None:
    with pytest.raises(BadInput, match=named):
        swap(alone("dog"), factor, value, which)
    with pytest.raises(BadInput, match="no things"):
        remove(Scene("grass"), 0)


def test_an_object_becomes_a_stimulus_and_back() -> None:
    scene = alone("dog", pattern="striped")
    bar = swap(scene, "noun", "bar", 0)
    assert bar.things[0].pattern == "plain"
    assert bar.things[0].orientation in ("vertical", "horizontal", "rising", "falling")
    dog = swap(bar, "noun", "dog", 0).things[0]
    assert (dog.orientation, dog.frequency) == (None, None)
    paint(bar)


def _name(rgb: np.ndarray) -> str:
    """A colour word for a shade, by hue, saturation and lightness: boundaries written down independently."""
    h, s, v = colorsys.rgb_to_hsv(*(rgb / 255))
    h *= 360
    if s < 0.12:
        return "black" if v < 0.25 else "white" if v > 0.85 else "grey"
    if (h < 12 or h > 345) and s > 0.6:
        return "red"
    if h > 320 and s < 0.6:
        return "pink"
    if 12 <= h < 40:
        return "brown" if v < 0.62 else "orange"
    if 40 <= h < 62:
        return "yellow"
    if 90 <= h < 160:
        return "green"
    if 200 <= h < 250:
        return "blue"
    if 265 <= h < 300:
        return "purple"
    return "none"


@pytest.mark.parametrize("colour", COLOURS)
def test_every_shade_of_a_colour_is_that_colour_and_no_other(colour: str) -> None:
    assert set(SHADES) == set(COLOURS)
    for shade in np.linspace(-1, 1, 9):
        assert _name(shade_of(colour, shade)) == colour


@pytest.mark.parametrize("colour", COLOURS)
def test_the_middle_of_a_painted_thing_has_its_colour(colour: str) -> None:
    right = 0
    for seed in range(12):
        painting = paint(alone("ball", colour=colour, seed=seed))
        right += _name(np.median(painting.pixels[painting.masks[0]].astype(float), axis=0)) == colour
    assert right >= 11


@pytest.mark.parametrize("noun", NOUNS)
def test_every_noun_is_painted_where_and_as_large_as_the_scene_says(noun: str) -> None:
    reach, asked, shape = [], [], []
    for seed in range(6):
        scene = alone(noun, seed=seed, angle=0.0)
        mask = paint(scene).masks[0]
        y, x = np.nonzero(mask)
        wide, high = np.ptp(x) + 1, np.ptp(y) + 1
        reach.append(max(wide, high) / 112)
        asked.append(scene.things[0].scale)
        shape.append(wide / high)
        assert abs((x.min() + x.max()) / 224 - scene.things[0].x) < 0.09
    assert 0.85 < np.mean(reach) / np.mean(asked) < 1.15
    assert 0.8 < np.mean(shape) / NOUNS[noun].aspect < 1.25


@pytest.mark.parametrize("noun", NOUNS)
def test_every_noun_shows_its_colour_and_has_the_parts_it_lists(noun: str) -> None:
    red, blue = (paint(alone(noun, colour=c, seed=3)) for c in ("red", "blue"))
    mask = red.masks[0]
    assert np.array_equal(mask, blue.masks[0])
    assert _changed(red, blue)[mask].mean() > 0.1
    drawn = record(noun, [0.5] * 24)
    assert set(drawn.parts) == set(NOUNS[noun].parts)


def test_poses_of_one_noun_differ() -> None:
    scene = alone("dog")
    masks = [paint(replace(scene, things=(replace(scene.things[0], pose=pose),))).masks[0] for pose in range(6)]
    assert all((a != b).mean() > 0.005 for i, a in enumerate(masks) for b in masks[:i])


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_shows_and_keeps_the_outline(pattern: str) -> None:
    plain = alone("shirt", colour="blue", size="medium")
    a, b = paint(plain), paint(swap(plain, "pattern", pattern))
    assert np.array_equal(a.masks[0], b.masks[0])
    assert _changed(a, b)[a.masks[0]].mean() > 0.08
    differences = np.abs(a.pixels.astype(int) - b.pixels).max(axis=2)[a.masks[0]]
    assert 0.05 < (differences > 60).mean() < 0.75


def _energy(pixels: np.ndarray, dx: int, dy: int) -> float:
    grey = pixels.astype(float).mean(axis=2)
    return float(np.abs(grey - np.roll(grey, (dy, dx), (0, 1)))[8:-8, 8:-8].mean())


@pytest.mark.parametrize("noun", [s.name for s in STIMULI.values() if s.oriented])
def test_oriented_stimuli_run_the_way_they_are_named(noun: str) -> None:
    along = {"vertical": (0, 4), "horizontal": (4, 0), "rising": (3, -3), "falling": (3, 3)}
    for seed in range(4):
        for orientation in along:
            pixels = paint(alone(noun, colour="black", seed=seed, orientation=orientation)).pixels
            steps = {name: _energy(pixels, *step) for name, step in along.items()}
            assert min(steps, key=lambda name: steps[name]) == orientation


def test_finer_gratings_have_more_periods() -> None:
    crossings = []
    for frequency in ("coarse", "moderate", "fine"):
        pixels = paint(alone("grating", colour="black", orientation="vertical", frequency=frequency, angle=0.0)).pixels
        row = pixels[56].mean(axis=1) > 128
        crossings.append(int((row[1:] != row[:-1]).sum()))
    assert crossings[0] * 1.6 < crossings[1]
    assert crossings[1] * 1.6 < crossings[2]


@pytest.mark.parametrize("noun", ["spot", "ring", "curve", "corner", "cross"])
def test_figures_of_no_one_orientation_have_soft_outlines_so_that_edge_detectors_prefer_edges(noun: str) -> None:
    def steepest(name: str, orientation: str | None = None) -> float:
        scene = replace(alone(name, colour="black", angle=0.0, orientation=orientation), side=224)
        return float(np.abs(np.diff(paint(scene).pixels.astype(float).mean(axis=2), axis=1)).max())

    assert steepest(noun) < 0.5 * steepest("bar", orientation="vertical")


@pytest.mark.parametrize("noun", [name for name, s in STIMULI.items() if s.oriented])
def test_black_and_white_oriented_stimuli_have_nearly_full_contrast_and_crisp_edges(noun: str) -> None:
    for colour in ("black", "white"):
        scene = replace(alone(noun, colour=colour, angle=0.0), side=224)
        grey = paint(scene).pixels.astype(float).mean(axis=2)
        dark, light = np.percentile(grey, [2, 98])
        assert (light - dark) / (light + dark) > 0.7
        middling = (grey > dark + 0.2 * (light - dark)) & (grey < light - 0.2 * (light - dark))
        assert middling.mean() < 0.12


def test_a_plain_background_is_neutral_grey_in_every_seed() -> None:
    for seed in range(20):
        pixels = paint(Scene("plain", seed=seed, side=64)).pixels.astype(int)
        assert np.ptp(pixels, axis=2).max() == 0
        assert 60 < pixels.mean() < 200


def test_backgrounds_differ_from_each_other_and_from_seed_to_seed() -> None:
    means = {b: [paint(Scene(b, seed=seed, side=64)).pixels for seed in range(3)] for b in BACKGROUNDS}
    for some in means.values():
        assert not np.array_equal(some[0], some[1])
    assert len({some[0].tobytes() for some in means.values()}) == len(BACKGROUNDS)


def test_lights_order_by_brightness_and_grayscale_has_no_colour() -> None:
    scene = alone("car", "grass")
    level = {light: paint(swap(scene, "light", light)).pixels.mean() for light in LIGHTS}
    assert level["bright"] > level["normal"] > level["dark"] > 0.3 * level["normal"]
    assert level["night"] < level["normal"] * 0.6
    for treatment in ("grayscale", "outline"):
        assert np.ptp(paint(swap(scene, "treatment", treatment)).pixels.astype(int), axis=2).max() == 0
    blurred = paint(swap(scene, "treatment", "blurred")).pixels
    assert _energy(blurred, 1, 0) < 0.6 * _energy(paint(scene).pixels, 1, 0)


@pytest.mark.parametrize(
    "scene",
    [
        Scene("beach"),
        Scene("grass", light="dim"),
        Scene("grass", side=4),
        Scene("grass", (Thing("unicorn", "red"),)),
        Scene("grass", (Thing("grating", "red"),)),
    ],
)
def test_a_scene_outside_the_vocabulary_is_bad_input(scene: Scene) -> None:
    with pytest.raises(BadInput):
        paint(scene)


def test_the_sheet_shows_the_whole_vocabulary(tmp_path: Path) -> None:
    sheet(tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as image:
        assert image.width > 1500
        assert image.height > 1500
    with pytest.raises(BadInput, match="nowhere"):
        sheet(tmp_path / "nowhere" / "sheet.png")
    with pytest.raises(BadInput, match="0 pictures"):
        strip([])
