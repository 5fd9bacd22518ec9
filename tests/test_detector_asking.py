"""The benchmark of a detector's neurons: when an answer is right, and a folder of captioned pictures asked from end to end."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lettvin.benchmarks import detector_accuracy
from lettvin.benchmarks.synthetic import detector_asking
from lettvin.benchmarks.synthetic.benchmark import run
from lettvin.benchmarks.synthetic.detector_asking import agree
from lettvin.benchmarks.synthetic.result import read_result
from lettvin.synthetic_neurons import suite_target
from lettvin.targets.errors import BadInput
from lettvin.targets.target import Sight
from lettvin.tools.sketch.concept import parse

NOUNS = frozenset({"dog", "cat", "violin", "car"})


@pytest.mark.parametrize(("truth", "answer", "apart"), [
    ("dog", "dog", 0), ("dog or cat", "cat or dog", 0), ("dog and not cat", "dog", 0.25), ("dog or cat", "dog", 0.25),
    ("dog and not cat or dog and cat", "dog", 0), ("dog", "cat", 0.5), ("dog", "large dog", 1 / 3),
    ("dog", "at least two dogs", 1 / 3),
    ("dog and cat", "dog and cat and violin", 1 / 8), ("dog", "dog and on snow", 0.25),
])  # fmt: skip
def test_an_answer_is_held_against_the_truth_in_every_combination_of_what_either_names(truth, answer, apart):
    one, other = parse(truth, nouns=NOUNS), parse(answer, nouns=NOUNS)
    assert agree(one, other)[0] == pytest.approx(apart)
    assert agree(other, one)[0] == pytest.approx(apart)
    assert (agree(one, other)[1] == 1) == (apart == 0)


class Squares:
    """A detector that sees a noun where its colour is, and errs on the last: it takes every fifth picture for a car."""

    name, key, device, nouns = "squares", "squares-1", "cpu", NOUNS
    colours = {"dog": (220, 20, 20), "cat": (20, 220, 20), "violin": (20, 20, 220), "car": (220, 220, 20)}  # noqa: RUF012

    def look(self, pictures, labels):
        return [{label: self._map(picture.pixels, label) for label in labels} for picture in pictures]

    def _map(self, pixels, label):
        near = np.abs(pixels[::8, ::8].astype(int) - self.colours[label]).max(2) < 60
        return np.where(near, 0.95, 0.02).astype(np.float32)

    def sight(self, height, width):
        return Sight((0, 0, width, height))


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hundred pictures of one to three squares, with captions that name what the colours stand for."""
    place = tmp_path / "pictures"
    place.mkdir()
    names = sorted(NOUNS)
    for i in range(100):
        rng = np.random.default_rng(i)
        pixels = rng.normal(128, 10, (64, 64, 3)).clip(0, 255).astype(np.uint8)
        shown = [names[int(k)] for k in rng.choice(4, 1 + i % 3, replace=False)]
        for slot, noun in enumerate(shown):
            pixels[slot * 20 : slot * 20 + 18, 16:48] = Squares.colours[noun]
        Image.fromarray(pixels).save(place / f"{i:03d}.png")
        (place / f"{i:03d}.txt").write_text("a " + " and a ".join(shown))
    monkeypatch.setattr(detector_asking, "open_detector", lambda name, device: Squares())
    monkeypatch.setattr(suite_target, "open_detector", lambda name, device: Squares())
    for cached in (detector_asking._source, detector_asking._corpus, detector_asking._target, detector_asking._held_out,
                   detector_asking._held_out_pictures):  # fmt: skip
        cached.cache_clear()
    return place


def test_a_detectors_suite_is_asked_over_captioned_pictures_and_gone_on_with(pictures, tmp_path):
    asked = ["exemplars", "oracle"]
    settings = {"detector": "cam", "data": str(pictures), "folder": tmp_path / "runs", "workers": 1}
    half = run("smoke", asked, neurons=4, **settings)
    assert all(len(found) == 4 for found in half.answers.values())
    done: list[str] = []
    whole = run("smoke", asked, watch=lambda what, n, total, known: done.append(what), **settings)
    assert done.count("asking") == 2 * (12 - 4), "what was asked is kept"
    oracle = {o.name: o for o in whole.answers["oracle"]}
    real = [o for o in oracle.values() if o.fires_for is not None]
    assert {o.kind for o in oracle.values()} >= {"single object", "OR", "AND NOT", "null"}
    assert all(o.recovered and o.disagreement == 0 for o in real)
    assert all(o.fires is not None and (o.oracle_auprc or 0) > 0.9 for o in real if o.kind in ("single object", "OR"))
    assert all(o.verdict == "inconclusive" and not o.recovered for o in oracle.values() if o.null)
    again = read_result(whole.folder)
    assert again.suite == whole.suite
    assert "--detector cam" in again.command == whole.command
    assert (whole.folder / "report.html").is_file()


@pytest.mark.parametrize(("settings", "says"), [
    ({"data": "sketch:500"}, "no detector was made for drawings"), ({"conditions": ["noisy captions"]}, "told as they are"),
    ({"asked": ["random-queries"]}, "no mind 'random-queries'"), ({"detector": "cm"}, "no detector 'cm'; nearest: 'cam'"),
])  # fmt: skip
def test_what_cannot_be_asked_of_a_detector_is_bad_input(pictures, tmp_path, settings, says, monkeypatch):
    if settings.get("detector") == "cm":
        from lettvin.synthetic_neurons.detector import open_detector

        monkeypatch.setattr(detector_asking, "open_detector", open_detector)
    given = {"detector": "cam", "data": str(pictures), "folder": tmp_path / "runs", "workers": 1} | settings
    with pytest.raises(BadInput, match=says):
        run("smoke", **given)


def test_captions_that_name_nothing_it_knows_are_bad_input(pictures, tmp_path):
    for path in pictures.glob("*.txt"):
        path.write_text("an untitled picture")
    with pytest.raises(BadInput, match="tells of nothing that the detector 'cam' knows"):
        run("smoke", detector="cam", data=str(pictures), folder=tmp_path / "runs", workers=1)


def test_how_often_a_detector_is_right_is_counted_by_pairs():
    found = np.array([[0.9, 0.1], [0.8, 0.7], [0.2, 0.9], [0.6, 0.1]])
    there = np.array([[True, False], [True, False], [True, True], [False, True]])
    told = detector_accuracy.figures(found, there, ["dog", "cat"])
    assert told["of what it sees, there"]["share"] == 0.6
    assert told["of what is there, seen"]["share"] == 0.6
    assert told["of all pairs, right"] == 0.5
    assert told["average precision, mean over nouns"] == pytest.approx(1 / 3 * (1 + 1 + 3 / 4), abs=1e-3)


def test_the_page_says_what_was_measured(repository):
    told = (repository / "docs" / "detectors.md").read_text(encoding="utf-8")
    result = json.loads(detector_accuracy.RESULTS.read_text())
    assert detector_accuracy.in_markdown(result) in told


@pytest.mark.skipif(not Path("/usr/share/tuxpaint/stamps").is_dir(), reason="needs Debian's tuxpaint-stamps-default")
def test_the_pages_command_runs(repository, tmp_path, monkeypatch):
    from lettvin.cli import main

    monkeypatch.chdir(tmp_path)
    text = (repository / "docs" / "detectors.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```sh\n(.*?)^```$", text, flags=re.M | re.S)
    for line in block.splitlines():
        assert main(shlex.split(line)[1:]) == 3, "stopped by --max-images, with the best answer so far"
    assert list(tmp_path.glob("runs/*/report.html"))
