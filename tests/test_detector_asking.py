"""The benchmark of a detector's neurons: when an answer is right, and a folder of captioned pictures asked from end to end."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lettvin.benchmarks import detector_accuracy
from lettvin.benchmarks.synthetic import detector_asking
from lettvin.benchmarks.synthetic.benchmark import run
from lettvin.benchmarks.synthetic.detector_asking import agree
from lettvin.benchmarks.synthetic.published import as_object
from lettvin.benchmarks.synthetic.result import read_result
from lettvin.synthetic_neurons import suite_target
from lettvin.synthetic_neurons.detector_suites import KINDS
from lettvin.targets.errors import BadInput
from lettvin.targets.target import Sight
from lettvin.tools.sketch.concept import parse

CORNERS = ("dog", "cat", "violin", "car", "camera", "parachute", "teapot", "sombrero")
NOUNS = frozenset(CORNERS)


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
    """A detector that sees a noun where its colour is."""

    name, key, device, nouns = "squares", "squares-1", "cpu", NOUNS
    colours = {noun: tuple(20 + 200 * (place >> bit & 1) for bit in range(3)) for place, noun in enumerate(CORNERS)}  # noqa: RUF012

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
        shown = [names[int(k)] for k in rng.choice(len(names), 1 + i % 3, replace=False)]
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
    page = whole.page.read_text()
    assert "sees in the pixels" in page
    assert "What answers predict" in page
    assert "How the neurons were drawn" in page
    for of_drawn_suites in ("2,000 scenes", "share one grammar", "Predictive protocol", "Planted networks", "Ten pictures"):
        assert of_drawn_suites not in page
    assert {one.kind: one.made for one in whole.suite.drawn} == {"nouns": 8, **dict.fromkeys(KINDS, 1)}
    told = as_object(again)
    assert told["detector"] == "cam"
    assert [one["kind"] for one in told["drawn"]] == ["nouns", *KINDS]
    fit = told["figures"]["oracle"]["fit"]
    assert fit["answers"] == 7
    assert fit["auprc"] == fit["oracle_auprc"] > 0.8


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


KILLED = """
import os, signal, sys
from lettvin.benchmarks.synthetic import detector_asking
from lettvin.benchmarks.synthetic.benchmark import run
from lettvin.synthetic_neurons import suite_target
from lettvin.synthetic_neurons.detector_suites import KINDS
from lettvin.tests.test_detector_asking import Squares

for module in (detector_asking, suite_target):
    module.open_detector = lambda name, device: Squares()
plain, asked = detector_asking.of_run, []


def dies(answer, kept):
    asked.append(answer)
    if len(asked) == 2:  # the second run is in its folder, and not on record
        os.kill(os.getpid(), signal.SIGKILL)
    return plain(answer, kept)


detector_asking.of_run = dies
run("smoke", ["exemplars", "empiricist"], detector="cam", data=sys.argv[1], folder=sys.argv[2], workers=1, neurons=2)
"""


def test_a_benchmark_that_was_killed_ends_with_the_answers_of_one_that_was_not(pictures, tmp_path):
    settings = {"detector": "cam", "data": str(pictures), "workers": 1, "neurons": 2}
    asked = ["exemplars", "empiricist"]
    done = subprocess.run([sys.executable, "-c", KILLED, str(pictures), str(tmp_path / "killed")], capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()[-2000:]
    (record,) = (tmp_path / "killed").glob("*/answers.jsonl")
    assert len(record.read_text().splitlines()) == 1
    with record.open("a") as file:
        file.write(record.read_text()[:200])  # and the line that was being written is torn
    new: list[str] = []
    killed = run("smoke", asked, folder=tmp_path / "killed", watch=lambda what, *_: new.append(what), **settings)
    whole = run("smoke", asked, folder=tmp_path / "whole", **settings)
    assert new.count("asking") == 3, "the first answer is kept"
    assert killed.suite == whole.suite

    def told(result):
        said = {mind: [o.model_dump(exclude={"seconds", "run"}) for o in found] for mind, found in result.answers.items()}
        assert all(len(found) == 2 for found in said.values())
        return said

    assert told(killed) == told(whole)
    assert (killed.folder / "report.html").is_file()
    for outcome in killed.answers["empiricist"]:
        assert outcome.run is not None
        assert (killed.folder / "runs" / "empiricist" / outcome.run / "report.html").is_file()
