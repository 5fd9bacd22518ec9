"""The page of a run: complete, self-contained, safe with hostile words, small, and the same bytes from the same folder.

The runs are real: a network of one convolution, whose unit 0 is red minus the other channels and whose unit 1 is dead,
asked over drawn pictures. Other endings are made by changing single events of the real run.
"""

from __future__ import annotations

import atexit
import base64
import io
import json
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lettvin.agent.ask import ask
from lettvin.agent.backbones.backbone import Backbone
from lettvin.agent.backbones.scripted import Scripted
from lettvin.agent.report.kept_pictures import FILE, KeptPictures
from lettvin.agent.report.maps import keep_maps, read_maps
from lettvin.agent.report.page import MOST_BYTES, command, write_page
from lettvin.agent.report.pictures import traced
from lettvin.agent.report.plots import Row, axis_over, histogram, strips
from lettvin.agent.report.wording import chance, number
from lettvin.agent.run_folder import read_events
from lettvin.agent.transcript import Answered, Decided, Judged, Raised, Registered
from lettvin.targets.errors import BadInput
from lettvin.targets.loaders import load_target
from lettvin.targets.target import Sight
from lettvin.tests.scene_runs import against, concluding, pairs, raising
from lettvin.tools.store import cache_folder

NETWORK = """
import numpy as np
import torch

def red():
    conv = torch.nn.Conv2d(3, 2, 8, stride=8, bias=False)
    with torch.no_grad():
        conv.weight[:] = 0
        conv.weight[0, 0], conv.weight[0, 1:] = 1 / 64, -0.5 / 64
    def preprocess(image):
        return torch.from_numpy(np.asarray(image.resize((112, 112)), np.float32) / 255).permute(2, 0, 1)
    return torch.nn.Sequential(conv), preprocess
"""
SCRIPT = [
    *(raising("red"), raising("blue"), raising("red car", parent="H1")),
    *(pairs("H1", "red"), against("H2", "blue", "red", n=10), concluding("H1")),
]
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7 * 7 }}"
FREE_WORDS = {"question", "answering", "target", "unit", "description", "labels", "formula", "rival", "caption", "text"}
FREE_WORDS |= {"statement", "because", "level", "refuted_if", "untested", "skipped", "reasons", "claim"}
VOID = {"meta", "img", "br", "link", "input", "hr"}
Event = dict[str, Any]


class Page(HTMLParser):
    """The page's elements: (tag, attributes), the text outside style and script, and whether all tags were closed."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text, self._open = "", [""]
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        assert self._open == [""]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1] not in ("style", "script"):
            self.text += data

    def all(self, tag: str) -> Iterator[dict[str, str | None]]:
        return (attributes for name, attributes in self.elements if name == tag)

    @property
    def ids(self) -> list[str]:
        return [a["id"] for _, a in self.elements if a.get("id")]  # type: ignore[misc]


@cache
def asked_once() -> dict[str, Path]:
    """Three real runs: to the end (by a script, so that it is short), over a dead unit, and stopped by a limit."""
    folder = Path(tempfile.mkdtemp(prefix="lettvin-pages-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "net.py").write_text(NETWORK)
    target = load_target(f"{folder / 'net.py'}:red", device="cpu")
    asked: dict[str, tuple[str, str | Backbone, int | None]] = {
        "whole": ("0:0", Scripted(SCRIPT), None),
        "dead": ("0:1", "empiricist", None),
        "stopped": ("0:0", "empiricist", 100),
    }
    return {
        name: Path(ask(target.unit(unit), backbone=mind, data="sketch:100", runs=folder / name, max_images=most).run)
        for name, (unit, mind, most) in asked.items()
    }


@pytest.fixture(scope="module")
def runs() -> dict[str, Path]:
    return asked_once()


@pytest.fixture
def changed(runs: dict[str, Path], tmp_path: Path) -> Callable[..., Path]:
    """A copy of a run with every event passed through a function (None: left out), and its page written anew."""

    def change(each: Callable[[Event], Event | None], name: str = "whole") -> Path:
        copy = tmp_path / "run"
        shutil.copytree(runs[name], copy)
        lines = (copy / "events.jsonl").read_text().splitlines()
        kept = [event for line in lines if (event := each(json.loads(line))) is not None]
        (copy / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in kept))
        write_page(copy, cache_folder())
        return copy

    return change


@pytest.mark.parametrize("name", ["whole", "dead", "stopped"])
def test_nothing_outside_the_page_is_loaded(runs: dict[str, Path], name: str) -> None:
    page = Page(runs[name] / "report.html")
    for _, attributes in page.elements:
        for key in ("src", "href", "xlink:href", "srcset", "action", "data", "poster", "background"):
            assert (attributes.get(key) or "#").startswith(("data:image/", "#"))
    assert not {"link", "iframe", "object", "embed", "base", "form"} & {tag for tag, _ in page.elements}
    assert "@import" not in page.source
    assert "url(" not in page.source
    policy = next(a["content"] or "" for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert len(re.findall("'unsafe-inline'", policy)) == 1  # for styles; the one script is named by its hash


@pytest.mark.parametrize("name", ["whole", "dead", "stopped"])
def test_links_lead_somewhere_and_ids_are_unique(runs: dict[str, Path], name: str) -> None:
    page = Page(runs[name] / "report.html")
    assert len(page.ids) == len(set(page.ids))
    assert {(a["href"] or "")[1:] for a in page.all("a")} <= set(page.ids)


@pytest.mark.parametrize("name", ["whole", "dead", "stopped"])
def test_pictures_and_plots_have_words_and_headings_do_not_skip(runs: dict[str, Path], name: str) -> None:
    page = Page(runs[name] / "report.html")
    assert all(a.get("alt") for a in page.all("img") if a.get("src"))
    assert all(a.get("aria-label") or a.get("aria-hidden") for a in page.all("svg"))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_hypothesis_experiment_and_check_is_on_the_page(runs: dict[str, Path]) -> None:
    page, events = Page(runs["whole"] / "report.html"), read_events(runs["whole"])
    raised = [e for e in events if isinstance(e, Raised)]
    registered = [e for e in events if isinstance(e, Registered)]
    decided = [e for e in events if isinstance(e, Decided)]
    assert len(raised) >= 3
    assert registered
    assert decided
    anchors = [*(e.id for e in raised), *(e.experiment for e in registered), *(f"attempt-{e.attempt}" for e in decided)]
    assert set(anchors) <= set(page.ids)
    for said in [*(e.statement for e in raised), *(e.prediction.refuted_if for e in registered)]:
        assert said in page.text
    for attempt in decided:
        assert all(check.name in page.text and check.text in page.text for check in attempt.checks)


def test_every_measured_peak_is_a_point_and_every_shown_picture_is_inlined(runs: dict[str, Path]) -> None:
    page, events = Page(runs["whole"] / "report.html"), read_events(runs["whole"])
    measured = sum(len(m.readings) for e in events if isinstance(e, Judged) for m in e.measured)
    blocks = sum(len(b.readings) for e in events if isinstance(e, Decided) for b in e.blocks)
    assert sum("point" in (a.get("class") or "").split() for _, a in page.elements) >= measured + blocks
    assert sum("shot" in (a.get("class") or "").split() for a in page.all("img")) >= measured + blocks
    assert "file missing" not in page.text


def test_exemplars_stand_in_order_with_heat_map_and_patch(runs: dict[str, Path]) -> None:
    page = Page(runs["whole"] / "report.html")
    told = re.findall(r"\d+ peak (\S+) percentile", page.text)
    peaks = [float(peak.replace("−", "-")) for peak in told]
    assert len(peaks) == len(next(e for e in read_events(runs["whole"]) if isinstance(e, Answered)).exemplars) > 10
    assert peaks == sorted(peaks, reverse=True)
    alts = [a.get("alt") or "" for a in page.all("img")]
    assert sum(alt.startswith("Heat map of") for alt in alts) >= 10  # not where the map is the same everywhere
    assert sum(alt.startswith("The patch that") for alt in alts) >= 10


def test_a_dead_unit_is_said_to_be_one_and_has_no_experiments(runs: dict[str, Path]) -> None:
    page = Page(runs["dead"] / "report.html")
    assert "A dead unit" in page.text
    assert "No concept" in page.text
    assert "experiments" not in page.ids


def test_a_stopped_run_says_by_what(runs: dict[str, Path]) -> None:
    assert "Stopped by --max-images 100." in Page(runs["stopped"] / "report.html").text


@pytest.mark.parametrize("verdict", ["supported", "inconclusive", "no-concept"])
def test_every_verdict_is_told_in_words_and_numbers(changed: Any, verdict: str) -> None:
    run = changed(lambda e: e | {"verdict": verdict, "confidence": 0.913} if e["kind"] == "answered" else e, "dead")
    text = Page(run / "report.html").text
    assert verdict.replace("-", " ").capitalize() in text
    assert "very likely: probability 0.91" in text


def test_a_run_that_was_cut_off_has_a_page_that_says_so(changed: Any) -> None:
    run = changed(lambda e: None if e["kind"] in ("answered", "decided", "judged") else e)
    text = Page(run / "report.html").text
    assert "The run did not end" in text
    assert "never measured" in text
    assert "Cut off before it was decided." in text


def test_a_test_that_could_not_count_says_why(changed: Any) -> None:
    def void(event: Event) -> Event:
        return event | {"p": 1.0, "effect": 0.9, "n": 9, "void": None} if event["kind"] == "judged" else event

    run = changed(void)
    tests = [e for e in read_events(run) if isinstance(e, Registered)]
    text = Page(run / "report.html").text
    assert text.count("only 9 pairs could be made, and 10 are needed") == sum(e.paired for e in tests) > 0
    assert text.count("it used pictures that the run had measured before") == sum(not e.paired for e in tests)


def test_the_question_that_was_answered_is_told_where_it_differs(changed: Any) -> None:
    run = changed(lambda e: e | {"question": "Why?"} if e["kind"] in ("answered", "started") else e, "dead")
    assert "The question that was answered: What makes this unit fire?" in Page(run / "report.html").text


def test_hostile_words_stay_words(changed: Any) -> None:
    def poison(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {k: poison(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [poison(v, key) for v in value]
        return HOSTILE if key in FREE_WORDS and isinstance(value, str) else value

    page = Page(changed(poison) / "report.html")
    assert page.text.count("<script>alert(1)</script>") > 20
    assert "{{ 7 * 7 }}" in page.text
    assert sum(tag == "script" for tag, _ in page.elements) == 1
    assert not [a for _, a in page.elements if any(key.startswith("on") for key in a)]
    assert all((a.get("src") or "data:").startswith("data:") for a in page.all("img"))


def test_the_page_stays_small_with_three_hundred_more_pictures_than_it_had(changed: Any) -> None:
    """Pictures of pure noise, which compress least, in the experiments of a real run: all are shown, only smaller."""
    rng = np.random.default_rng(0)
    waiting = [f"{i:064x}" for i in range(1, 301)]
    noise = list(waiting)

    def crowd(event: Event) -> Event:
        if event["kind"] == "judged" and waiting:
            first, event["measured"] = event["measured"][0] | {"pairs_with": None}, []
            for name in ("a", "b", "c"):
                shown, waiting[:] = waiting[:50], waiting[50:]
                many = [{"picture": x, "peak": float(i), "mean": 0.0, "percentile": 50.0} for i, x in enumerate(shown)]
                event["measured"].append(first | {"name": name, "readings": many})
        return event

    run = changed(crowd)
    assert not waiting
    for identity in noise:
        pixels = rng.integers(0, 256, (128, 128, 3), np.uint8)
        Image.fromarray(pixels).save(run / "images" / f"{identity}.png", compress_level=0)
    prompt = {"kind": "prompt", "generator": "g", "prompt": "p", "seed": 0}
    kept = {"kind": "picture", "caption": None, "provenance": prompt}
    with open(run / "events.jsonl", "a") as file:
        file.writelines(json.dumps(kept | {"id": identity}) + "\n" for identity in noise)
    page = Page(write_page(run))
    assert len(page.source.encode()) <= MOST_BYTES < 5_000_000
    shots = [a["src"] or "" for a in page.all("img") if (a.get("alt") or "").endswith(", without a caption")]
    assert len(shots) == 300
    assert Image.open(io.BytesIO(base64.b64decode(shots[0].split(",")[1]))).width < 128


def test_a_run_of_four_hundred_experiments_has_a_small_page_that_says_what_it_leaves_out(
    runs: dict[str, Path], tmp_path: Path
) -> None:
    """Each of the 400 hypotheses refines the one before, and each experiment shows 24 pictures of the real run."""
    run = tmp_path / "long"
    shutil.copytree(runs["whole"], run)
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    raised, plan, judged = (next(e for e in events if e["kind"] == kind) for kind in ("raised", "registered", "judged"))
    with open(run / "events.jsonl", "a") as file:
        for i in range(101, 501):
            mine = {"hypothesis": f"H{i}", "experiment": f"E{i}"}
            one = [raised | {"id": f"H{i}", "parent": f"H{i - 1}" if i > 101 else None}, plan | mine, judged | mine]
            file.writelines(json.dumps(event) + "\n" for event in one)
    page = Page(write_page(run, cache_folder()))
    assert len(page.source.encode()) <= MOST_BYTES
    assert "A long run, told in under 5 MB" in page.text
    (told,) = re.findall(r"(\d+) experiments are told with pictures and plots", page.text)
    assert sum(a.get("class") == "trial" for a in page.all("article")) == int(told) + 1  # the attempt at a conclusion
    assert len(page.ids) == len(set(page.ids))
    assert {(a["href"] or "")[1:] for a in page.all("a")} <= set(page.ids)
    assert page.text.count("refines H") > 300  # named all the same
    assert {"E1", "attempt-1"} <= {a.get("id") for a in page.all("article")}  # what was concluded is told in full


def test_writing_the_page_twice_gives_the_same_bytes(runs: dict[str, Path]) -> None:
    """With and without pictures that an earlier page has encoded."""
    before = (runs["whole"] / "report.html").read_bytes()
    assert write_page(runs["whole"]).read_bytes() == before
    assert write_page(runs["whole"], cache_folder()).read_bytes() == before


def test_a_broken_cache_of_encoded_pictures_changes_nothing(runs: dict[str, Path], tmp_path: Path) -> None:
    """Bytes that are not what was written are made again; a file that is no index is done without."""
    before = write_page(runs["dead"], tmp_path).read_bytes()
    with sqlite3.connect(tmp_path / FILE) as index:
        changed = index.execute("UPDATE kept SET data = x'00' || data WHERE rowid % 2").rowcount
    index.close()
    assert changed > 5
    assert write_page(runs["dead"], tmp_path).read_bytes() == before
    (tmp_path / FILE).write_bytes(b"nothing" * 1000)
    assert write_page(runs["dead"], tmp_path).read_bytes() == before


def test_the_cache_of_encoded_pictures_keeps_its_limit(tmp_path: Path) -> None:
    kept = KeptPictures(tmp_path, most=10_000)
    for i in range(50):
        kept.write({f"picture {i}": bytes([i]) * 1000})
        assert kept.read([f"picture {i}"]) == {f"picture {i}": bytes([i]) * 1000}
    names = [f"picture {i}" for i in range(50)]
    assert 4 <= len(kept.read(names)) <= 10
    assert list(kept.read(names))[-1] == "picture 49", "the oldest go"


def test_a_missing_picture_is_told_and_a_missing_map_file_is_no_fault(changed: Any) -> None:
    run = changed(lambda e: e)
    (run / "maps.npz").unlink()
    shown = next(e for e in read_events(run) if isinstance(e, Judged)).measured[0].readings[0].picture
    (run / "images" / f"{shown}.png").unlink()
    page = Page(write_page(run))
    assert "file missing" in page.text
    assert "No heat maps" in page.text


@pytest.mark.parametrize("kept", [0, 8, 60, 2000])
def test_a_torn_picture_is_told_like_a_missing_one(changed: Any, kept: int) -> None:
    run = changed(lambda e: e, "dead")
    torn = run / "images" / f"{next(e for e in read_events(run) if isinstance(e, Answered)).exemplars[0]}.png"
    data = torn.read_bytes()
    torn.unlink()  # it may be a link to the cache's own file
    torn.write_bytes(data[:kept])
    page = Page(write_page(run))
    assert page.text.count("file missing") == 1


def test_maps_come_back_as_they_were_kept(tmp_path: Path) -> None:
    found = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.ones((1, 1), np.float32)}
    seen = {"b": Sight((100, 0, 200, 100), (224, 224)), "a": Sight((0, 0, 5, 5))}
    keep_maps(tmp_path, found, 0.5, None, seen)
    back = read_maps(tmp_path)
    assert (back.threshold, back.patch, back.sights) == (0.5, None, seen)
    assert all(np.array_equal(back.by_picture[name], found[name]) for name in found)
    (tmp_path / "maps.npz").write_bytes(b"nothing")
    with pytest.raises(BadInput, match=r"maps\.npz"):
        read_maps(tmp_path)
    with pytest.raises(ValueError, match="h x w"):
        keep_maps(tmp_path, {"a": np.ones(3, np.float32)}, 0.5, None)


@pytest.mark.parametrize("target", ["efficientnet-lite0", "efficientnet-lite1-random@3", "my_net.py:net", "my net"])
def test_a_target_that_no_command_can_name_is_told(changed: Any, target: str) -> None:
    run = changed(lambda e: e, "dead")
    about = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(about | {"target": target}))
    assert ("No installed target has this name" in Page(write_page(run)).text) == (target == "my net")


def test_units_that_were_asked_together_are_told_to_share_their_chance_of_error(
    changed: Any, runs: dict[str, Path]
) -> None:
    def several(event: Event) -> Event:
        return event | {"settings": event["settings"] | {"among": 12}} if event["kind"] == "started" else event

    assert "12 units were asked together" in Page(changed(several) / "report.html").text
    assert "asked together" not in Page(runs["whole"] / "report.html").text


def test_the_command_is_quoted_for_a_shell() -> None:
    assert command({"command": ["lettvin", "ask", "x", "_blocks.4:7", "What's this?"]}) == (
        "lettvin ask x _blocks.4:7 'What'\"'\"'s this?'"
    )


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.text(max_size=60))
def test_strip_plots_stay_inside_their_drawing_and_escape_their_words(values: list[float], name: str) -> None:
    plot = strips([Row(name, values, "high", [name] * len(values))], [(values[0], name)], 0.7, (0.5, 0.9), name)
    places = [float(x) for x in re.findall(r'cx="([^"]+)"', plot)]
    assert len(places) == len(values) + 1
    assert all(0 <= x <= 360 for x in places)
    assert "<" not in re.sub(r"</?(svg|line|text|title|circle|path)\b[^<>]*>", "", plot)


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_axes_show_their_values_and_have_a_few_round_ticks(a: float, b: float) -> None:
    axis = axis_over([a, b])
    assert axis.low < min(a, b) <= max(a, b) < axis.high
    assert 1 <= len(axis.ticks()) <= 12
    slack = 1e-6 * (axis.high - axis.low)
    assert all(axis.low - slack <= tick <= axis.high + slack for tick in axis.ticks())


def test_a_histogram_of_one_value_is_drawn() -> None:
    drawn = histogram([2.0, 2.0], [5], [(0.5, 2.0)], [(2.0, "it")], float("nan"))
    assert "Histogram of the peaks of 5 pictures" in drawn


def test_an_outline_encloses_exactly_the_region() -> None:
    where = np.zeros((4, 5), bool)
    where[1:3, 1:4] = True
    assert sorted(traced(where, 1, 1).split("M")[1:]) == sorted(["1 1h3", "1 3h3", "1 1v2", "4 1v2"])
    assert traced(np.zeros((3, 3), bool), 1, 1) == ""


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0"),
        (1234.5, "1234"),
        (-0.00123, "−0.00123"),
        (2.5e-7, "2.50e−07"),
        (float("nan"), "–"),
        (99.93, "99.9"),
        (0.9999, "1"),
    ],
)
def test_numbers_are_short(value: float, said: str) -> None:
    assert number(value) == said


def test_chances_below_a_thousandth_are_not_told_apart() -> None:
    assert [chance(p) for p in (None, 1e-9, 0.0123)] == ["–", "< 0.001", "0.012"]
