"""Units without two levels: how strongly each of several things fires them, with weights that add up.

The target sums what a scene shows, each thing with a weight, and what else there is decides whether it fires it fully
or hardly. What its labels and weights are is known. Not covered: units of two levels (`test_sufficient.py`).
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
import torch

from lettvin.agent.answer import Answer
from lettvin.agent.ask import ask
from lettvin.agent.run_folder import read_events
from lettvin.agent.transcript import AnyEvent, Decided, Judged, WeightedLabel
from lettvin.targets.picture import Picture
from lettvin.targets.target import Layer, See, Target
from lettvin.tests.scene_runs import of
from lettvin.tools.sketch.concept import holds, parse
from lettvin.tools.sources.open_source import open_source

SUMS: tuple[dict[str, float], ...] = ({"on snow": 6.0, "red": 5.0, "dog": 1.5}, {"on water": 3.0, "striped": 2.0}, {})
REST = -1.0
DATA = "sketch:1200"


class Sums(Target):
    """Each unit adds up what a scene shows; a part or a multiple of it, as all its contents have it, and noise."""

    def __init__(self) -> None:
        code = inspect.getsource(answer) + repr(SUMS)  # what is cached of it goes with it
        self.name, self.key = "sums", hashlib.sha256(code.encode()).hexdigest()
        self.layers, self.default_layers = (Layer("sums", len(SUMS), "conv"),), ("sums",)

    def watch(self, pictures: Sequence[Picture], layers: Sequence[str], see: See) -> None:
        peaks = [[answer(picture, unit) for unit in range(len(SUMS))] for picture in pictures]
        see("sums", torch.tensor(peaks, dtype=torch.float32)[:, :, None, None])


def answer(picture: Picture, unit: int) -> float:
    scene = picture.scene
    assert scene is not None
    contents = (scene.background, scene.light, sorted((str(t.noun), str(t.size), str(t.colour)) for t in scene.things), unit)
    by_contents = np.random.default_rng(int(hashlib.sha256(repr(contents).encode()).hexdigest()[:12], 16))
    whole = sum(weight for label, weight in SUMS[unit].items() if holds(parse(label), scene))
    by_picture = np.random.default_rng(int(picture.id[:12], 16) + unit)
    return float(REST + whole * by_contents.lognormal(-0.15, 0.55) + by_picture.normal(0, 0.3))


@cache
def run(unit: int) -> tuple[Answer, list[AnyEvent]]:
    import tempfile
    from pathlib import Path

    given = ask(Sums().unit(str(unit)), data=DATA, runs=tempfile.mkdtemp(prefix="lettvin-sums-"), page=False)
    return given, read_events(Path(given.run))


def weights(unit: int) -> dict[str, WeightedLabel]:
    weighted = run(unit)[0].weighted
    assert weighted is not None
    return {label.label: label for label in weighted.labels}


def test_the_strongest_things_are_found_and_what_is_a_quarter_as_strong_is_no_way_of_firing() -> None:
    formula = run(0)[0].formula
    assert formula is not None
    assert {*formula.split(" or ")} == {"on snow", "red"}


@pytest.mark.parametrize("unit", [0])
def test_every_true_weight_lies_in_its_interval_widened_by_a_half(unit: int) -> None:
    """The fit is linear and joined greedily, so a label that was left out may lend another some of its weight."""
    found = weights(unit)
    for label, weight in SUMS[unit].items():
        if label not in found:
            assert weight < 2, f"{label} is strong"
            continue
        low, high = found[label].interval
        reach = 0.5 * (high - low)
        assert low - reach <= weight <= high + reach, (label, found[label])


def test_labels_come_strongest_first_and_none_of_them_may_be_nothing() -> None:
    weighted = run(0)[0].weighted
    assert weighted is not None
    assert [label.weight for label in weighted.labels] == sorted((label.weight for label in weighted.labels), reverse=True)
    assert all(label.interval[0] > 0 or label.interval[1] < 0 for label in weighted.labels)


def test_the_labels_explain_nearly_what_the_true_ones_would() -> None:
    """The true labels, fitted to the whole data: what is left to explain is how the rest of a picture scales the answer."""
    source = open_source(DATA)
    pictures = [source.picture(i) for i in range(len(source))]
    scenes = [picture.scene for picture in pictures if picture.scene is not None]
    design = np.array([[1.0, *(holds(parse(label), scene) for label in SUMS[0])] for scene in scenes])
    peaks = np.array([answer(picture, 0) for picture in pictures])
    left = peaks - design @ np.linalg.lstsq(design, peaks, rcond=None)[0]
    best = 1 - float((left**2).mean() / peaks.var())
    weighted = run(0)[0].weighted
    assert weighted is not None
    assert weighted.explained is not None
    assert 0.6 * best < weighted.explained < 1.4 * best


def test_halving_draws_ever_fewer_concepts() -> None:
    conditions = [len(judged.measured) for judged in of(Judged, run(0)[1])][:4]
    assert conditions == sorted(conditions, reverse=True)
    assert conditions[0] > 2 * conditions[3]


def test_a_unit_of_scatter_alone_has_no_labels() -> None:
    given, _ = run(2)
    assert given.verdict == "no-concept"
    assert given.weighted is None


def test_the_lab_draws_as_many_pictures_as_the_conclusion_asked_for() -> None:
    first = of(Decided, run(0)[1])[0]
    assert [len(block.readings) for block in first.blocks[:2]] == [24, 24]
