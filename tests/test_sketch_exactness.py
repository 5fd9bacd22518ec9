"""Masks, captions and regions of random scenes, against a slow and obvious renderer and against each other."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lettvin.targets.picture import Scene
from lettvin.tests.stamps import folder_of_stamps
from lettvin.tools.cutouts import library, random_cutouts
from lettvin.tools.sketch.backgrounds import backdrop
from lettvin.tools.sketch.caption import caption
from lettvin.tools.sketch.figures import Layer, figure, shadow
from lettvin.tools.sketch.light import seen
from lettvin.tools.sketch.paint import _SHADOWS, paint
from lettvin.tools.sketch.photographs import cut_out
from lettvin.tools.sketch.prompt import imagine, parse
from lettvin.tools.sketch.relations import holds
from lettvin.tools.sketch.scenes import random_scene
from lettvin.tools.sketch.stimuli import ground, stimulus
from lettvin.tools.sketch.vocabulary import STIMULI


def slowly(scene: Scene) -> tuple[np.ndarray, list[np.ndarray]]:
    """The picture and masks, pixel by pixel in plain Python over the same layers: nothing cut, shared or in place."""
    side, light_x = scene.side, -0.8 if scene.seed % 2 else 0.8
    canvas = [[list(map(float, pixel)) for pixel in row] for row in backdrop(scene.background, side, scene.seed).tolist()]
    owner = [[-1] * side for _ in range(side)]
    for at, thing in enumerate(scene.things):
        if thing.noun in STIMULI:
            if at == 0 and scene.background == "plain":
                flat = [float(round(value)) for value in ground(thing).tolist()]
                canvas = [[list(flat) for _ in range(side)] for _ in range(side)]
            layers = [stimulus(thing, side)]
        else:
            back = backdrop(scene.background, side, scene.seed)[4::8, 4::8].mean(axis=(0, 1))
            own = figure(thing, side, light_x) if thing.photo is None else Layer(*cut_out(thing, side, back))
            under = shadow(thing, own, side, _SHADOWS[scene.background])
            layers = [own] if under is None else [under, own]
        for layer in layers:
            for y in range(layer.cover.shape[0]):
                for x in range(layer.cover.shape[1]):
                    row, column = layer.top + y, layer.left + x
                    if not (0 <= row < side and 0 <= column < side):
                        continue
                    cover = float(layer.cover[y, x])
                    for channel in range(3):
                        added = 0.0 if layer.colour is None else float(layer.colour[y, x, channel])
                        canvas[row][column][channel] = float(int(canvas[row][column][channel] * (1 - cover) + added + 0.5))
                    if layer is layers[-1] and cover >= 0.5:
                        owner[row][column] = at
    pixels = seen(np.array(canvas).astype(np.uint8), scene.light, scene.treatment, scene.seed)
    owners = np.array(owner)
    return pixels, [owners == at for at in range(len(scene.things))]


@pytest.mark.parametrize("index", range(14))
def test_the_painter_agrees_with_a_slow_and_obvious_one(index: int) -> None:
    scene = random_scene(8, index)
    scene = Scene(scene.background, scene.things, scene.light, scene.treatment, scene.seed, side=64)
    fast, (pixels, masks) = paint(scene), slowly(scene)
    for quick, slow in zip(fast.masks, masks, strict=True):
        assert np.array_equal(quick, slow)
    difference = np.abs(fast.pixels.astype(int) - pixels.astype(int))
    assert difference.max() <= 2  # float32 there, float64 here: a value may round to its neighbour
    assert (difference > 0).mean() < 0.02


@pytest.mark.parametrize("index", range(6))
def test_the_painter_of_cut_outs_agrees_with_a_slow_and_obvious_one(index: int, tmp_path: Path) -> None:
    found = library(folder_of_stamps(tmp_path))
    scene = random_cutouts(found, found.words(), 8, index, side=64)
    fast, (pixels, masks) = paint(scene), slowly(scene)
    for quick, slow in zip(fast.masks, masks, strict=True):
        assert np.array_equal(quick, slow)
    difference = np.abs(fast.pixels.astype(int) - pixels.astype(int))
    assert difference.max() <= 2
    assert (difference > 0).mean() < 0.02


@given(seed=st.integers(0, 2**31), index=st.integers(0, 1999))
@settings(max_examples=30, deadline=None)
def test_captions_counts_and_relations_are_those_of_scene_and_masks(seed: int, index: int) -> None:
    scene = random_scene(seed % 7, index)
    painting = paint(scene)
    said = parse(caption(scene))
    counted: Counter[str] = Counter()
    for wanted in said.things:
        counted[str(wanted.noun)] += wanted.count or 0
    assert counted == Counter(thing.noun for thing in scene.things)
    assert parse(caption(imagine(said, seed))) == said
    visible = [mask.any() for mask in painting.masks]
    assert len(visible) == len(scene.things)
    assert np.mean(visible) == 1  # as many things are to be seen as the scene counts
    for mask, footprint in zip(painting.masks, painting.footprints, strict=True):
        assert not (mask & ~footprint).any()
    assert np.sum(painting.masks, axis=0).max() <= 1
    alone = [paint(Scene(scene.background, (thing,), scene.light, "none", scene.seed)).masks[0] for thing in scene.things]
    centres = [np.argwhere(mask).mean(axis=0) / scene.side for mask in alone]
    for i, a in enumerate(scene.things):
        for j, b in enumerate(scene.things):
            if i == j or a.noun in STIMULI:
                continue
            (ya, xa), (yb, xb) = centres[i], centres[j]
            slack = 0.12 * max(a.scale, b.scale)  # a mask's middle is not quite its box's
            assert not holds("left of", a, b) or xa < xb + slack
            assert not holds("above", a, b) or ya < yb + slack
            if holds("inside", a, b):
                (y0, x0), (y1, x1) = np.argwhere(alone[j]).min(axis=0), np.argwhere(alone[j]).max(axis=0)
                rim = 0.12 * b.scale * scene.side
                assert y0 - rim <= ya * scene.side <= y1 + rim
                assert x0 - rim <= xa * scene.side <= x1 + rim
