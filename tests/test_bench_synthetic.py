"""`lettvin bench synthetic`: asked from the command line, gone on with, told as one object, as a table and as a page."""

from __future__ import annotations

import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from lettvin.benchmarks.synthetic import benchmark, page
from lettvin.benchmarks.synthetic.asking import ask_one, withheld
from lettvin.benchmarks.synthetic.benchmark import run, to_ask
from lettvin.benchmarks.synthetic.confidence_map import fit
from lettvin.benchmarks.synthetic.confidence_map import main as fit_map
from lettvin.benchmarks.synthetic.outcome import TOLD_FIRST, Outcome
from lettvin.benchmarks.synthetic.published import as_object
from lettvin.benchmarks.synthetic.result import Result, read_result
from lettvin.benchmarks.synthetic.told import PROGRESS, columns, progress, rows
from lettvin.benchmarks.synthetic.write_docs import BEGINS, ENDS, write_docs
from lettvin.cli import main
from lettvin.synthetic_neurons.drawn_suites import SEEDS
from lettvin.synthetic_neurons.suite import suite_of
from lettvin.targets.errors import BadInput
from lettvin.tests.benchmark_record import made

NEURONS: list[dict[str, Any]] = [
    {"name": "a", "fires_for": "red"},
    {"name": "b", "fires_for": "dog or on snow", "behaviour": "binary"},
    {"name": "c", "behaviour": "noise", "noise": 0.3},
    {"name": "d", "fires_for": "exactly two dogs"},
    {"name": "e", "behaviour": "shuffled", "of": "a"},
]
DATA = "sketch:300"
LOOKS = ["oracle", "milan", "one-shot"]


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("suite") / "five.json"
    path.write_text(json.dumps({"name": "five", "seed": 3, "neurons": NEURONS}))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("answers")


@pytest.fixture(scope="module")
def asked(suite: Path, folder: Path) -> Result:
    """All looks at once, in every condition, and the empiricist on the first three neurons beside them."""
    run(str(suite), ["empiricist"], neurons=3, workers=1, data=DATA, folder=folder, conditions=["plain"])
    return run(str(suite), LOOKS, workers=1, data=DATA, folder=folder)


@pytest.fixture(scope="module")
def result(asked: Result) -> dict[str, Any]:
    return as_object(asked)


def row(result: dict[str, Any], mind: str, name: str, condition: str = "plain") -> dict[str, Any]:
    (found,) = [o for o in result["neurons"] if (o["mind"], o["name"], o["condition"]) == (mind, name, condition)]
    return dict(found)


def test_the_oracle_is_the_ceiling(result: dict[str, Any]) -> None:
    figures = result["figures"]["oracle"]
    assert (figures["recovered_all"], figures["n"]["recovered_all"]) == (1, 2)
    for name in ("a", "b"):
        found = row(result, "oracle", name)
        assert (found["f1"], found["disagreement"]) == (1, 0)
        assert found["pearson"] == found["oracle_pearson"]


def test_every_figure_is_a_bare_rate_with_its_interval_beside(result: dict[str, Any]) -> None:
    for figures in result["figures"].values():
        assert set(figures["recovered"]) == {"colour", "OR"} == set(figures["f1"])
        assert {"null_error", "false_discovery", "misses", "brier_skill", "median_pictures", "median_seconds"} <= set(figures)
        for kind, rate in figures["recovered"].items():
            low, high = figures["intervals"]["recovered"][kind]
            assert low <= rate <= high
    assert list(result["neurons"][0])[: len(TOLD_FIRST)] == list(TOLD_FIRST)
    assert "differing" not in result["neurons"][0], "scenes are for the page"


def test_nulls_and_what_has_no_words_are_reported_apart(result: dict[str, Any]) -> None:
    figures = result["figures"]["milan"]
    assert (figures["null_error"], figures["n"]["null_error"]) == (1, 2), "the top 15 always share something"
    off = figures["strata"]["off-language"]
    assert (off["recovered"], off["overclaimed"], figures["n"]["strata"]["off-language"]["recovered"]) == (0, 1, 1)


def test_what_was_told_otherwise_is_reported_apart_and_beside_the_same_neurons(result: dict[str, Any]) -> None:
    for condition in ("noisy captions", "missing nouns"):
        n = result["figures"]["one-shot"]["n"]["strata"][condition]
        asked_of = {o["name"] for o in result["neurons"] if o["condition"] == condition}
        assert asked_of == ({"a", "b"} if condition == "noisy captions" else {"b"})
        assert n["recovered"] == n["recovered_plain"] == len(asked_of)
    assert row(result, "one-shot", "b")["recovered"]
    missing = row(result, "one-shot", "b", "missing nouns")
    assert "dog" not in missing["formula"]
    assert not missing["recovered"]


def test_who_is_asked_in_which_condition_is_told_by_the_suite() -> None:
    named = [{"name": str(i), "fires_for": x} for i, x in enumerate(["red", "cat", "dog or cat", "any animal", "on snow"])]
    suite = suite_of({"name": "x", "seed": 0, "neurons": [*named, {"name": "n", "behaviour": "dead"}]})
    assert withheld(suite) == ("cat", "dog"), "single objects first"
    assert to_ask(suite, "plain", 6) == [0, 1, 2, 3, 4, 5]
    assert to_ask(suite, "noisy captions", 6) == [0, 1, 2, 4]
    assert to_ask(suite, "missing nouns", 6) == [1, 2]
    assert to_ask(suite, "missing nouns", 2) == [1]


def test_the_predictive_protocol_stands_beside_every_answer(result: dict[str, Any]) -> None:
    for name in ("a", "b"):
        found = row(result, "oracle", name)["predicted"]
        assert found["positive"] > found["neutral"]
        assert found["superiority"] > 0.75
    assert row(result, "oracle", "c")["predicted"] is None, "nothing was answered"
    assert result["figures"]["oracle"]["predictive"]["answers"] == 2


def test_an_answer_in_a_run_is_scored_like_any_other(suite: Path, folder: Path, asked: Result) -> None:
    again = run(str(suite), ["empiricist"], neurons=3, workers=1, data=DATA, folder=folder, conditions=["plain"])
    found = {o.name: o for o in again.answers["empiricist"]}
    assert found["a"].formula == "red"
    assert found["a"].recovered
    assert found["c"].verdict == "no-concept"
    assert all(o.pictures <= 400 for o in found.values())
    assert found["a"].run is not None
    assert (again.folder / "runs" / "empiricist" / found["a"].run / "report.html").is_file()


def test_a_benchmark_that_was_cut_off_is_gone_on_with(suite: Path, tmp_path: Path) -> None:
    """What is on record is not asked again; a line that was torn is."""

    def asked_again() -> tuple[list[tuple[str, int, int, int]], Result]:
        told: list[tuple[str, int, int, int]] = []
        found = run(
            str(suite), ["milan"], workers=1, data=DATA, folder=tmp_path, conditions=["plain"],
            watch=lambda what, done, total, known: told.append((what, done, total, len(known()))),
        )  # fmt: skip
        return told, found

    _, first = asked_again()
    path = first.folder / "answers.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:3], lines[3][:40]]))
    told, again = asked_again()
    assert told == [("dissecting", 3, 5, 3), ("asking", 4, 5, 4), ("asking", 5, 5, 5)]
    still = [[o.model_copy(update={"seconds": 0}) for o in found.answers["milan"]] for found in (first, again)]
    assert still[0] == still[1]


def test_a_defect_in_one_is_told_when_all_others_were_asked(
    suite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of_the_second(*arguments: Any) -> Outcome:
        if arguments[1] == 1:
            raise ZeroDivisionError("a defect")
        return ask_one(*arguments)

    monkeypatch.setattr(benchmark, "ask_one", of_the_second)
    with pytest.raises(RuntimeError, match=r"1 of 3 could not.*'b' by 'milan', plain:(.|\n)*ZeroDivisionError: a defect"):
        run(str(suite), ["milan"], workers=1, neurons=3, data=DATA, folder=tmp_path, conditions=["plain"])
    assert [o.name for o in read_result(tmp_path).answers["milan"]] == ["a", "c"]
    assert "versions of lettvin" not in read_result(tmp_path).page.read_text()
    assert read_result(tmp_path).page.is_file()


def test_a_finished_folder_is_read_back_whole(asked: Result, folder: Path) -> None:
    found = read_result(folder)
    assert list(found.answers) == ["empiricist", "milan", "one-shot", "oracle"]
    assert {mind: found.answers[mind] for mind in LOOKS} == asked.answers
    assert (found.data, found.seed, found.suite) == (asked.data, asked.seed, asked.suite)
    with pytest.raises(BadInput, match="no benchmark"):
        read_result(folder.parent / "nowhere")


# ---- the page ----------------------------------------------------------------------------------------------------


class Reader(HTMLParser):
    """What a page refers to, and the words that a reader sees."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.sources: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.links += [str(found["href"])] if tag == "a" else []
        self.sources += [str(found["src"])] if "src" in found else []

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_page_tells_every_neuron_and_links_to_its_run(asked: Result) -> None:
    text = asked.page.read_text()
    shown = Reader(text)
    for neuron in NEURONS:
        assert re.search(rf'<details class="neuron" data-words="{neuron["name"]} ', text)
    links = [link for link in shown.links if not link.startswith("#")]
    assert len(links) == 3
    assert all((asked.folder / link).is_file() for link in links)
    assert all(source.startswith("data:image/webp;base64,") for source in shown.sources)
    assert "exactly two dogs" in shown.words
    assert "of 2 neurons that the language says" in " ".join(shown.words.split())


def test_the_page_loads_nothing_and_escapes_what_is_named(tmp_path: Path) -> None:
    path = tmp_path / "named.json"
    path.write_text(json.dumps({"name": "named", "seed": 3, "neurons": [{"name": "<img src=x>", "fires_for": "red"}]}))
    found = run(str(path), ["oracle"], workers=1, data=DATA, folder=tmp_path, conditions=["plain"])
    text = found.page.read_text()
    assert "<img src=x>" not in text
    assert "&lt;img src=x&gt;" in text
    assert "default-src 'none'" in html.unescape(text)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text)


def test_pictures_are_of_scenes_on_which_truth_and_answer_differ(folder: Path, asked: Result) -> None:
    from lettvin.synthetic_neurons.responses import read_truth, true_of
    from lettvin.tools.sketch.concept import holds, parse

    wrong = [o for o in read_result(folder).answers["empiricist"] if o.differing]
    for outcome in wrong:
        assert outcome.fires_for is not None
        assert outcome.formula is not None
        for scene in outcome.differing:
            assert true_of(read_truth(outcome.fires_for), scene) != holds(parse(outcome.formula), scene)
    assert not any(o.differing for o in asked.answers["milan"]), "painted for those alone who ask in runs"


def test_the_page_says_where_the_code_was_changed_in_between(tmp_path: Path) -> None:
    first = made(tmp_path)
    path = first.folder / "answers.jsonl"
    path.write_text(path.read_text().replace('"code":""', '"code":"1a2b3c4d"', 4))
    found = read_result(tmp_path)
    assert found.codes == {"": 20, "1a2b3c4d": 4}
    page.write_page(found)
    assert "4 answers of 1a2b3c4d" in " ".join(Reader(found.page.read_text()).words.split())


def test_wrong_claims_are_painted_first_and_kinds_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    from lettvin.benchmarks.synthetic.asking import _score
    from lettvin.synthetic_neurons.suite import SuiteNeuron
    from lettvin.tools.sketch.concept import parse

    differing = _score(SuiteNeuron(name="x", fires_for="red"), parse("blue"), "supported").differing
    assert len(differing) == 4
    told = {"fires": 1, "formula": "blue", "confidence": None, "pictures": 1, "seconds": 1, "run": None, "description": ""}
    told |= {"mind": "m", "behaviour": "graded", "noise": 0.1, "fires_for": "red", "differing": differing}

    def one(kind: str, verdict: str) -> Outcome:
        return Outcome.model_validate(told | {"name": "x", "kind": kind, "verdict": verdict})

    open_, first, second, other = one("a", "inconclusive"), one("a", "supported"), one("a", "supported"), one("b", "supported")
    monkeypatch.setattr(page, "PAINTED", 3)
    assert [id(o) for o in page.to_paint([open_, first, second, other])] == [id(first), id(other), id(second)]


def test_a_suite_of_nulls_alone_has_a_page_too(tmp_path: Path) -> None:
    """No kind, no confidence, no picture: nothing to draw, and nothing to stumble over."""
    path = tmp_path / "nulls.json"
    path.write_text(json.dumps({"name": "nulls", "seed": 3, "neurons": [{"name": "n", "behaviour": "constant"}]}))
    found = run(str(path), ["random", "oracle"], workers=1, data="sketch:60", folder=tmp_path)
    told = as_object(found)["figures"]["random"]
    assert (told["recovered"], told["recovered_all"], told["n"]["null_error"]) == ({}, None, 1)
    assert "nulls" in found.page.read_text()


# ---- confidence --------------------------------------------------------------------------------------------------


def test_the_map_is_fitted_on_another_suite_than_is_reported(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit_map([str(folder)]) == 2, "two conclusions are too few"
    assert "2 supported answers" in capsys.readouterr().err
    reported = tmp_path / "reported.json"
    reported.write_text(json.dumps({"name": "x", "seed": SEEDS["core"], "neurons": NEURONS}))
    run(str(reported), ["oracle"], workers=1, neurons=1, data=DATA, folder=tmp_path, conditions=["plain"])
    assert fit_map([str(tmp_path)]) == 2
    assert "whose figures are reported" in capsys.readouterr().err


def test_a_map_finds_what_goes_with_being_right_and_nothing_where_nothing_does() -> None:
    rng = np.random.default_rng(0)
    margins = [(float(x), float(y)) for x, y in rng.normal(0, 0.5, (400, 2))]
    told = [({"near": x, "rival": y}, bool(rng.random() < 1 / (1 + np.exp(-(1 + 8 * x))))) for x, y in margins]
    found = fit(told, [True] * 8 + [False] * 2, [True] * 4)
    assert found["supported"]["near"] > 3
    assert abs(found["supported"]["rival"]) < 1
    assert (found["no-concept"], found["constant"]) == (0.75, 0.8333)
    sure = fit([({"near": 0.1}, True)] * 30, [], [])
    assert 0.9 < 1 / (1 + np.exp(-sure["supported"]["bias"])) < 1, "never certain"


# ---- the documentation ------------------------------------------------------------------------------------------


def test_the_documentation_is_written_from_a_finished_folder(asked: Result, folder: Path, tmp_path: Path) -> None:
    result = read_result(folder)
    page_ = tmp_path / "docs" / "synthetic_neurons.md"
    page_.parent.mkdir()
    page_.write_text(f"before\n{BEGINS}\nwhat was there\n{ENDS}\nafter\n")
    for _ in range(2):
        written = write_docs(result, tmp_path)
    text = page_.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "what was there" not in text
    assert "| figure | empiricist | milan | one-shot | oracle |" in text
    assert re.search(r"\| recovered, of 2 \| .* \| 1.00 \[0.34, 1.00\] \|", text)
    plots = [path for path in written if path.suffix == ".svg"]
    assert len(plots) == 3
    for path in plots:
        assert f"({path.relative_to(page_.parent)})" in text
        assert ElementTree.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    (figures,) = [json.loads(path.read_text()) for path in written if path.suffix == ".json"]
    assert figures["figures"]["oracle"]["recovered_all"] == 1
    page_.write_text("no marks")
    with pytest.raises(BadInput, match="has not the marks"):
        write_docs(result, tmp_path)


def test_the_documentation_has_the_place_for_it() -> None:
    text = (Path(__file__).resolve().parent.parent / "docs" / "synthetic_neurons.md").read_text()
    assert 0 < text.index(BEGINS) < text.index(ENDS)


def test_what_is_known_so_far_is_told_by_mind(asked: Result) -> None:
    found = {row[0]: dict(zip(PROGRESS, row, strict=True)) for row in progress([o for x in asked.answers.values() for o in x])}
    assert list(found) == LOOKS
    oracle = found["oracle"]
    assert (oracle["answered"], oracle["recovered"], oracle["wrong claims"], oracle["left open"]) == ("8", "5", "0", "3")


# ---- the command line --------------------------------------------------------------------------------------------


def test_the_command_line_says_it_in_one_object_or_a_table(
    suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["bench", "synthetic", "--suite", str(suite), "--backbone", "oracle", "--backbone", "random", "--workers", "1"]
    words += ["--data", DATA, "--folder", str(tmp_path), "--neurons", "2", "--condition", "plain"]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["figures"]) == ["oracle", "random"]
    assert "--neurons 2" in found["command"]
    assert Path(found["page"]).is_file()
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert re.search(r"recovered +1.00 \[0.34, 1.00\] of 2", shown)
    assert found["command"] in shown
    assert found["page"] in shown
    assert columns(found)[0] == "figure"
    assert all(len(cells) == 3 for cells in rows(found))


@pytest.mark.parametrize(
    ("suite_name", "mind", "condition", "says"),
    [
        ("cure", "oracle", "plain", "'core'"),
        ("smoke", "oracel", "plain", "'oracle'"),
        ("nowhere.json", "oracle", "plain", "cannot be read"),
        ("smoke", "oracle", "missing noun", "'missing nouns'"),
    ],
)
def test_what_is_not_there_is_named(suite_name: str, mind: str, condition: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=says):
        run(suite_name, [mind], folder=tmp_path, conditions=[condition])
