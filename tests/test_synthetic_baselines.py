"""The baselines: each finds what it can find, and no more is credited to it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from lettvin.benchmarks.synthetic.baselines import BASELINES, Seen, exemplars, milan, one_shot
from lettvin.synthetic_neurons.scene_neuron import noise_free
from lettvin.tools.corpus import Corpus
from lettvin.tools.sketch.caption import caption
from lettvin.tools.sketch.concept import Concept, normal, parse
from lettvin.tools.sketch.scenes import random_scene
from lettvin.tools.sources.source import About

N = 1200


@cache
def corpus() -> Corpus:
    return Corpus([About(caption(scene), scene) for scene in (random_scene(77, i) for i in range(N))])


def seen(truth: str | None, noise: float = 0.05) -> Seen:
    rng = np.random.default_rng(3)
    peaks = rng.normal(size=N) * noise
    if truth is not None:
        peaks += [noise_free(parse(truth), about.scene) for about in corpus().abouts if about.scene is not None]
    return Seen(corpus(), peaks, rng)


def same(found: Concept | None, truth: str) -> bool:
    return found is not None and normal(found) == normal(parse(truth))


@pytest.mark.parametrize("truth", ["dog", "on snow", "at least two dogs"])
def test_one_shot_reads_what_the_data_show_plainly(truth: str) -> None:
    assert same(one_shot(seen(truth)), truth)


def test_one_shot_abstains_where_nothing_drives_the_unit() -> None:
    assert one_shot(seen(None, noise=1.0)) is None


@pytest.mark.parametrize("truth", ["dog", "on snow"])
def test_the_top_15_name_a_single_thing(truth: str) -> None:
    assert same(milan(seen(truth)), truth)
    found = exemplars(seen(truth))
    assert found is not None
    assert truth in str(found)


def test_the_top_15_say_something_about_anything() -> None:
    """Which is why their answers are no evidence."""
    assert exemplars(seen(None, noise=1.0)) is not None
    assert milan(seen(None, noise=1.0)) is not None


@pytest.mark.parametrize("name", list(BASELINES))
def test_what_a_baseline_says_can_be_read_back(name: str) -> None:
    found = BASELINES[name](seen("dog or red car"))
    assert found is not None
    assert parse(str(found)) == found
