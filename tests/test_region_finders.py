"""A thing of a photograph as a region to edit: whoever `--detector` names says where, and whoever cannot say it says why.

The Grounding DINO is tiny, with random weights: that it finds what a label says cannot be seen here; that its best box is the
region can.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lettvin.agent import by_name
from lettvin.agent.ask import ask
from lettvin.agent.run_folder import read_about
from lettvin.synthetic_neurons.cam_detector import CamDetector
from lettvin.synthetic_neurons.detector import open_detector
from lettvin.synthetic_neurons.found_regions import FoundRegions
from lettvin.targets import plug_ins
from lettvin.targets.errors import BadInput, ToolError
from lettvin.targets.patch import noise_pictures
from lettvin.targets.picture import FromData, FromEdit, Picture
from lettvin.tests.labs import Pixels, make_lab
from lettvin.tests.test_detectors import grounded  # noqa: F401  # the fixture: folders of a tiny Grounding DINO and SAM
from lettvin.tools.editor import Edit, WithEditor, given_back
from lettvin.tools.instrument import catalogue
from lettvin.tools.lab import Lab
from lettvin.tools.sketch.paint import paint
from lettvin.tools.sketch_generator import SketchGenerator
from lettvin.tools.sources.cutouts import CutoutSource
from lettvin.tools.store import Store

ROOT = Path(__file__).resolve().parents[1]
STAMPS = Path("/usr/share/tuxpaint/stamps")


class Inverts:
    """An editor that inverts the region, whatever it is told."""

    name = "inverts"

    def edit_many(self, edits: Sequence[Edit]) -> list[Picture]:
        return [Picture.of(given_back(e, 255 - e.picture.pixels), FromEdit(e.picture.id, e.words)) for e in edits]


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What pyproject.toml registers, as an installer leaves it."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["lettvin.detectors"]
    points = tuple(EntryPoint(name, value, "lettvin.detectors") for name, value in told.items())
    monkeypatch.setattr(plug_ins, "_entry_points", lambda: points)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Store(tmp_path / "store") as store:
        lab = make_lab(store, Pixels())
        lab.generator = WithEditor(SketchGenerator(store), Inverts())
        yield lab


def changed(lab: Lab, picture: Picture, where: str) -> np.ndarray:
    """Where the edit changed the picture: bool, height x width."""
    lab.know([picture])
    result: Any = catalogue()["edit"].call(lab, {"pictures": [picture.id], "words": "a cat", "where": where})
    found: np.ndarray = (lab.find(result.pictures[0]).pixels != picture.pixels).any(axis=2)
    return found


def as_photograph(picture: Picture) -> Picture:
    """The same pixels but for a level of one, so that it is another picture, and nobody vouches for what it shows."""
    pixels = picture.pixels.copy()
    pixels[0, 0, 0] ^= 1
    return Picture.of(pixels, FromData("photographs", 0))


@pytest.mark.usefixtures("registered")
@pytest.mark.skipif(not STAMPS.is_dir(), reason="needs Debian's tuxpaint-stamps-default")
def test_cam_finds_a_cutout_thing_to_edit_and_nothing_else_changes(lab: Lab) -> None:
    """Of the things that it sees in scenes of cut-outs, where it says is where they are more than chance."""
    make, plug_in = by_name.detector("cam")
    assert plug_in is not None
    assert plug_in.kind == "detector"
    finder = lab.finder = make()
    assert isinstance(finder, FoundRegions)
    source, precise, chance = CutoutSource("cutouts:20@5"), [], []
    for index in range(20):
        scene = source.picture(index)
        assert scene.scene is not None
        shown, masks = as_photograph(scene), paint(scene.scene).masks
        known = finder.detector.nouns or frozenset()
        nouns = sorted({thing.noun for thing in scene.scene.things} & known)
        seen = finder.detector.look([shown], nouns)[0] if nouns else {}
        for thing, there in zip(scene.scene.things, masks, strict=True):
            if thing.noun not in known or not there.any():
                continue
            if seen[thing.noun].max() < finder.fires:
                with pytest.raises(ToolError, match=f"'cam' sees no '{thing.noun}' in picture .*: its best place scores 0"):
                    changed(lab, shown, f"the {thing.noun}")
                continue
            region = finder.find([shown], f"a {thing.noun}")[0]
            assert np.array_equal(changed(lab, shown, f"the {thing.noun}"), region)
            precise.append(float(there[region].mean()))
            chance.append(float(there.mean()))
    assert len(precise) >= 3
    assert np.mean(precise) > 1.2 * np.mean(chance)  # 1.44 when this was written: 7 x 7 cells are coarse


@pytest.mark.usefixtures("registered")
def test_grounding_dinos_best_box_is_the_region_and_sams_mask_in_it(lab: Lab, grounded: Any) -> None:  # noqa: F811
    one = Picture.of(noise_pictures(1, 90)[0].pixels[:60], FromData("photographs", 0))
    make, _ = by_name.detector(f"grounding-dino@{grounded.dino}")
    finder = make()
    assert isinstance(finder, FoundRegions)
    bare: Any = open_detector(f"grounding-dino@{grounded.dino}")
    boxes, scores = bare.boxes(one, "red dog")
    finder.fires = 0.0  # random weights are sure of nothing
    lab.finder = finder
    left, top, right, bottom = (round(float(edge)) for edge in boxes[scores.argmax()])
    expected = np.zeros((60, 90), bool)
    expected[top:bottom, left:right] = True
    assert np.array_equal(changed(lab, one, "a red dog"), expected)
    finder.fires = float(scores.max()) + 0.01
    with pytest.raises(ToolError, match=rf"sees no 'red dog' in picture .*scores {scores.max():.2f}, less than"):
        changed(lab, one, "a red dog")
    with_sam, _ = by_name.detector(f"grounding-dino@{grounded.dino}+{grounded.sam}")
    masked: Any = with_sam()
    masked.fires = 0.0
    assert np.array_equal(masked.find([one], "red dog")[0], masked.detector._mask(one, boxes[scores.argmax()]))


def test_a_drawn_thing_is_exact_whatever_a_detector_says(lab: Lab) -> None:
    class Everywhere:
        name = "everywhere"

        def find(self, pictures: Sequence[Picture], label: str) -> list[np.ndarray]:
            return [np.ones(picture.pixels.shape[:2], bool) for picture in pictures]

    dog = lab.generator.draw("a large brown dog on grass", 5)
    exact = changed(lab, dog, "the dog")
    lab.finder = Everywhere()
    assert np.array_equal(changed(lab, dog, "the dog"), exact)
    assert changed(lab, as_photograph(dog), "the dog").mean() > 0.99 > exact.mean()


def test_without_a_detector_one_line_says_how_to_name_one(lab: Lab) -> None:
    with pytest.raises(ToolError, match=r"nobody knows where 'a dog' is in picture \w+, .* by --detector, such as cam$"):
        changed(lab, as_photograph(noise_pictures(1, 40)[0]), "a dog")


def test_a_word_that_is_no_noun_of_the_detectors_is_refused_with_the_nearest() -> None:
    finder = FoundRegions(CamDetector("cpu"))
    with pytest.raises(BadInput, match="'cam' cannot look for 'a violn'; nearest: 'violin'"):
        finder.find(noise_pictures(1, 40), "a violn")


@pytest.mark.usefixtures("registered")
def test_a_detector_that_nobody_knows_is_told_with_the_nearest() -> None:
    with pytest.raises(BadInput, match=r"unknown detector 'camm'; nearest: 'cam', or FILE\.py:Class"):
        by_name.detector("camm")


@pytest.mark.usefixtures("registered")
def test_a_run_records_its_detector_and_the_command_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LETTVIN_CACHE", str(tmp_path / "cache"))
    answer = ask(Pixels().unit("0"), data="sketch:60", detector="cam", runs=tmp_path / "runs", max_images=1, page=False)
    about = read_about(Path(answer.run))
    assert about["settings"]["detector"] == "cam"
    assert "--detector cam" in " ".join(about["command"])
    assert [row["kind"] for row in about["settings"]["plug_ins"]] == ["detector"]
