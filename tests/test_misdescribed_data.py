"""Data told otherwise than they are: how much of what is said is false, and that the neurons see the pictures all the same."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from lettvin.agent.acts import Act
from lettvin.agent.ask import ask
from lettvin.agent.backbones.empiricist import Empiricist
from lettvin.agent.transcript import AnyEvent
from lettvin.benchmarks.synthetic.descriptions import Misdescribed, SeeingSuite, noisy, noisy_scene, nouns_of, without_nouns
from lettvin.synthetic_neurons.suite import Suite, suite_of
from lettvin.synthetic_neurons.suite_target import SuiteTarget
from lettvin.targets.errors import BadInput
from lettvin.targets.picture import FromConcept, FromData, Picture, Scene
from lettvin.tools.dissection.contents import contents
from lettvin.tools.sketch.concept import parse
from lettvin.tools.sketch.paint import paint
from lettvin.tools.sketch.scenes import random_scene
from lettvin.tools.sources.drawn import SketchSource
from lettvin.tools.sources.folder import FolderSource

N = 400


@cache
def scenes() -> list[Scene]:
    return [random_scene(5, i) for i in range(N)]


def changed(share: float) -> list[tuple[Scene, Scene]]:
    return [(scene, noisy_scene(scene, share, np.random.default_rng([1, i]))) for i, scene in enumerate(scenes())]


def test_about_as_many_things_are_dropped_or_false_as_was_asked() -> None:
    things = sum(len(scene.things) for scene in scenes())
    dropped = sum(len(scene.things) - len(told.things) for scene, told in changed(0.15))
    kept = sum(sum(thing in scene.things for thing in told.things) for scene, told in changed(0.15))
    false = things - dropped - kept
    assert 0.05 < dropped / things < 0.10
    assert 0.05 < false / things < 0.10


def test_a_false_word_is_one_word() -> None:
    names = ("noun", "colour", "pattern", "size", "orientation", "frequency")
    for scene, told in changed(0.15):
        if len(told.things) == len(scene.things):
            for one, other in zip(scene.things, told.things, strict=True):
                # an object that becomes another keeps its other words; a stimulus may gain or lose what goes with its kind
                differ = [name for name in names if getattr(one, name) != getattr(other, name)]
                assert len(differ) <= 1 or differ[0] == "noun"


def test_nothing_is_false_where_none_of_it_shall_be_and_something_is_always_told() -> None:
    assert all(told == scene for scene, told in changed(0.0))
    assert all(told.things for scene, told in changed(1.0) if scene.things)


def test_the_same_picture_is_told_the_same_every_time() -> None:
    one, other = (noisy(SketchSource("sketch:50@3")) for _ in range(2))
    assert [one.about(i) for i in range(50)] == [other.about(i) for i in range(50)]


def test_a_missing_noun_is_told_nowhere() -> None:
    inner = SketchSource(f"sketch:{N}@3")
    source = without_nouns(inner, ("dog", "car"))
    told = [source.about(i) for i in range(N)]
    assert any(thing.noun == "dog" for i in range(N) for thing in source.truth(i).things)
    assert not any(thing.noun in ("dog", "car") for about in told if about.scene for thing in about.scene.things)
    assert not any("dog" in (about.caption or "").split() for about in told)
    same = [i for i in range(N) if not {thing.noun for thing in source.truth(i).things} & {"dog", "car"}]
    assert all(source.about(i) == inner.about(i) for i in same)


class Watching(Empiricist):
    """The empiricist, keeping all that it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = ""

    def act(self, transcript: Sequence[AnyEvent]) -> Act:
        self.shown = "\n".join(event.model_dump_json() for event in transcript)
        return super().act(transcript)


@pytest.mark.parametrize("how", ["noisy", "missing"])
def test_a_backbone_is_not_told_that_the_data_are_told_otherwise(how: str, tmp_path: Path) -> None:
    inner, gone = SketchSource("sketch:60@3"), ("umbrella", "scissors", "volcano")
    source = noisy(inner) if how == "noisy" else without_nouns(inner, gone)
    watching = Watching()
    ask(SeeingSuite(suite(), "x", source).unit("0"), backbone=watching, data=source, runs=tmp_path, page=False, max_images=150)
    assert source.name in watching.shown
    for secret in (source.retold, "dropped", *(", ".join(pair) for pair in pairwise(sorted(gone)))):
        assert secret not in watching.shown


def test_photographs_are_refused(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(BadInput, match="is not drawn"):
        noisy(FolderSource(str(tmp_path)))


# ---- who sees what -------------------------------------------------------------------------------------------------


def suite() -> Suite:
    return suite_of({"name": "x", "seed": 0, "neurons": [{"name": "a", "fires_for": "dog", "noise": 0.0}]})


def as_told(source: Misdescribed, index: int) -> Picture:
    """As a run has it: the picture's pixels, with what was said of it."""
    about = source.about(index)
    pixels = source.picture(index).pixels
    return Picture.of(pixels, FromData(source.name, index), about.caption, about.scene)


def test_neurons_see_the_data_as_they_are_and_drawn_pictures_as_they_were_drawn() -> None:
    source = without_nouns(SketchSource(f"sketch:{N}@3"), ("dog",))
    seeing, blind = SeeingSuite(suite(), "x", source), SuiteTarget(suite(), "x", maps=False)
    dogs = [i for i in range(N) if any(thing.noun == "dog" for thing in source.truth(i).things)][:5]
    told = [as_told(source, i) for i in dogs]
    unit = seeing.unit("0")
    assert all(found.max() > 0.7 for found in seeing.maps(told, unit))
    assert (seeing.peaks(told, unit.layer.name, [0]) > 0.7).all()
    assert all(found.max() <= 0.5 for found in blind.maps(told, blind.unit("0"))), "else the test would prove nothing"
    scene = told[0].scene
    assert scene is not None
    drawn = Picture.of(paint(scene).pixels, FromConcept("sketch", "x", True, 0), "", scene)
    assert seeing.maps([drawn], unit)[0].max() <= 0.5


def test_one_dissection_serves_all_that_is_told_and_keeps_none_of_it(tmp_path: Path) -> None:
    """What is told of the pictures is not read from what another run kept beside the dissection."""
    inner = SketchSource("sketch:40@3")
    source = noisy(inner, share=1.0)
    assert source.key == inner.key
    assert contents(tmp_path, inner) == [inner.about(i) for i in range(40)]
    assert contents(tmp_path, source) == [source.about(i) for i in range(40)]
    assert contents(tmp_path, inner) == [inner.about(i) for i in range(40)]


def test_every_noun_of_a_concept_is_found() -> None:
    assert nouns_of(parse("red dog or cat left of car and not at least two owls or on snow")) == ["dog", "cat", "car", "owl"]
