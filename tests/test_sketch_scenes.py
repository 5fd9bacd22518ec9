"""Random scenes, redrawing, placing, and the data source made of them."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lettvin.targets.errors import BadInput
from lettvin.targets.picture import FromData
from lettvin.tools.sketch.caption import kind
from lettvin.tools.sketch.paint import paint
from lettvin.tools.sketch.placing import extent
from lettvin.tools.sketch.scenes import compose, random_scene, random_thing, redraw, stream
from lettvin.tools.sketch.vocabulary import (
    BACKGROUNDS,
    COLOURS,
    LIGHTS,
    NOUNS,
    PATTERNS,
    SIZES,
    STIMULI,
    scale_range,
)
from lettvin.tools.sources.drawn import SketchSource, parse_sketch

SCENES = [random_scene(0, index) for index in range(2000)]
STIMULUS_SCENES = [s for s in SCENES if s.things[0].noun in STIMULI]
OBJECT_SCENES = [s for s in SCENES if s.things[0].noun in NOUNS]


def test_a_fifth_of_scenes_hold_one_stimulus_that_fills_most_of_the_picture() -> None:
    assert 0.17 < len(STIMULUS_SCENES) / len(SCENES) < 0.23
    for scene in STIMULUS_SCENES:
        assert len(scene.things) == 1
        assert scene.things[0].scale > 0.5
    assert all(thing.noun in NOUNS for scene in OBJECT_SCENES for thing in scene.things)


def test_half_of_the_others_hold_few_things_and_half_many_and_a_quarter_a_group() -> None:
    counts = Counter(len(scene.things) for scene in OBJECT_SCENES)
    assert set(counts) == {1, 2, 3, 4, 5, 6, 7}
    assert 0.45 < sum(counts[n] for n in (1, 2, 3)) / len(OBJECT_SCENES) < 0.55
    largest = [Counter(t.noun for t in scene.things).most_common(1)[0][1] for scene in OBJECT_SCENES]
    assert np.mean([n >= 2 for n in largest]) == 0.25
    assert set(largest) == {1, 2, 3, 4, 5}


def test_every_word_comes_often_enough_to_be_measured() -> None:
    objects = [(i, t) for i, scene in enumerate(OBJECT_SCENES) for t in scene.things]
    for words, factor in ((NOUNS, "noun"), (COLOURS, "colour"), (PATTERNS, "pattern"), (SIZES, "size")):
        seen = Counter(word for word, _ in {(getattr(t, factor), i) for i, t in objects})
        assert min(seen[word] for word in words) >= 40, factor
    together = Counter(pair for pair, _ in {((t.noun, t.colour), i) for i, t in objects})
    assert min(together[noun, colour] for noun in NOUNS for colour in COLOURS) >= 3
    assert min(Counter(s.background for s in OBJECT_SCENES)[b] for b in BACKGROUNDS) >= 100
    assert min(Counter(s.light for s in OBJECT_SCENES)[light] for light in LIGHTS) >= 100
    meetings = Counter(p for s in OBJECT_SCENES for p in combinations(sorted({t.noun for t in s.things}), 2))
    assert min(meetings[pair] for pair in combinations(sorted(NOUNS), 2)) >= 4
    stimuli = Counter((s.things[0].noun, s.things[0].orientation) for s in STIMULUS_SCENES)
    assert min(stimuli.values()) >= 12
    assert {noun for noun, _ in stimuli} == set(STIMULI)


def test_a_scene_depends_on_seed_and_index_alone() -> None:
    code = "from lettvin.tools.sketch.scenes import random_scene; print(random_scene(5, 1234), random_scene(5, 7))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert said == f"{random_scene(5, 1234)} {random_scene(5, 7)}"
    assert random_scene(5, 7) != random_scene(6, 7) != random_scene(6, 8)


@given(seed=st.integers(0, 2**40), index=st.integers(0, 5000))
@settings(max_examples=40, deadline=None)
def test_redrawing_keeps_the_contents_and_changes_all_else(seed: int, index: int) -> None:
    scene = random_scene(3, index)
    anew = redraw(scene, seed)
    assert [kind(t) for t in anew.things] == [kind(t) for t in scene.things]
    assert (anew.background, anew.light, anew.treatment) == (scene.background, scene.light, scene.treatment)
    assert anew.seed != scene.seed
    for old, new in zip(scene.things, anew.things, strict=True):
        assert (old.pose, old.shade, old.angle) != (new.pose, new.shade, new.angle)
    assert redraw(scene, seed) == anew != redraw(scene, seed + 1)


def test_fixed_fields_of_a_random_thing_stay_and_the_others_vary() -> None:
    rng = stream(1)
    things = [random_thing(rng, noun="car", colour="red", flip=True) for _ in range(200)]
    assert {(t.noun, t.colour, t.flip) for t in things} == {("car", "red", True)}
    assert {t.pattern for t in things} == {"plain", *PATTERNS}
    assert all(scale_range(t.noun, t.size)[0] <= t.scale <= scale_range(t.noun, t.size)[1] for t in things)


@pytest.mark.parametrize(
    ("fixed", "named"),
    [
        ({"noun": "unicorn"}, "'unicorn'"),
        ({"colour": "crimson"}, "'crimson'"),
        ({"weight": 3}, "'weight'"),
        ({"noun": "bar", "pattern": "striped"}, "'striped'"),
        ({"noun": "spot", "orientation": "vertical"}, "'vertical'"),
        ({"noun": "bar", "frequency": "fine"}, "'fine'"),
        ({"noun": "dog", "orientation": "vertical"}, "orientation"),
    ],
)
def test_a_thing_that_cannot_be_is_bad_input(fixed: dict, named: str) -> None:
    with pytest.raises(BadInput, match=named):
        random_thing(stream(0), **fixed)


@given(seed=st.integers(0, 2**31), count=st.integers(1, 9), background=st.sampled_from(BACKGROUNDS))
@example(seed=11543, count=1, background="grass")  # a large star, tilted: its box was larger than the picture
@settings(max_examples=60, deadline=None)
def test_composed_things_lie_inside_the_frame(seed: int, count: int, background: str) -> None:
    rng = stream(seed)
    for thing in compose([random_thing(rng) for _ in range(count)], background, rng).things:
        width, height = extent(thing)
        assert thing.x - width / 2 >= -0.002
        assert thing.x + width / 2 <= 1.002
        assert thing.y - height / 2 >= -0.002
        assert thing.y + height / 2 <= 1.002


def test_composed_things_stay_visible() -> None:
    shares = []
    for seed in range(40):
        rng = stream(seed, 77)
        scene = compose([random_thing(rng) for _ in range(3 + seed % 5)], BACKGROUNDS[seed % 9], rng)
        seen = paint(scene).masks
        for at, thing in enumerate(scene.things):
            alone = paint(type(scene)(scene.background, (thing,), seed=scene.seed)).masks[0]
            shares.append(seen[at].sum() / alone.sum())
    assert min(shares) >= 0.6


@pytest.mark.parametrize(
    ("text", "meant"), [("sketch:20", (20, 0)), ("sketch:20@7", (20, 7)), (" sketch:1@0 ", (1, 0))]
)
def test_a_drawn_data_set_is_named_by_count_and_seed(text: str, meant: tuple[int, int]) -> None:
    assert parse_sketch(text) == meant
    assert SketchSource(text).name == f"sketch:{meant[0]}@{meant[1]}"


@pytest.mark.parametrize("text", ["sketch:0", "sketch:", "sketch:-3", "sketch:2k", "sketch:5@", "drawn:5", ""])
def test_a_wrong_name_of_a_drawn_data_set_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput, match="sketch:"):
        SketchSource(text)


def test_the_source_paints_the_random_scene_of_its_index() -> None:
    source = SketchSource("sketch:9@4")
    picture = source.picture(3)
    assert len(source) == 9
    assert picture.scene == source.about(3).scene == random_scene(4, 3)
    assert picture.caption == source.about(3).caption
    assert picture.provenance == FromData("sketch:9@4", 3)
    assert np.array_equal(picture.pixels, paint(random_scene(4, 3)).pixels)
    assert picture.id == SketchSource("sketch:5@4").picture(3).id
    with pytest.raises(IndexError):
        source.picture(9)


def test_looking_a_picture_up_does_not_paint_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(scene: object) -> None:
        raise AssertionError("painted")

    monkeypatch.setattr("lettvin.tools.sketch.paint.paint", refuse)
    assert SketchSource("sketch:5").about(2).scene == random_scene(0, 2)


def test_keys_tell_data_sets_apart() -> None:
    keys = {SketchSource(text).key for text in ("sketch:5", "sketch:6", "sketch:5@1", "sketch:5@0")}
    assert len(keys) == 3
