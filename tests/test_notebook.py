"""The example notebook runs and holds its outputs, and answers and exemplars show themselves in notebooks.

The notebook's cells are run here in this process, over fewer pictures, as the notebook itself says; a kernel is not needed.
Its outputs are made anew by `jupyter execute --inplace docs/ask_a_unit.ipynb`, with nbclient and ipykernel installed.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import lettvin
from lettvin.agent.answer import Answer
from lettvin.targets.errors import BadInput
from lettvin.targets.loaders import load_target
from lettvin.targets.target import Target
from lettvin.tests.test_architecture import ROOT
from lettvin.tests.test_report import HOSTILE, NETWORK, Page

NOTEBOOK = ROOT / "docs" / "ask_a_unit.ipynb"
CELLS = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
CODE = [cell for cell in CELLS if cell["cell_type"] == "code"]


def outputs() -> Iterator[dict[str, Any]]:
    return (output for cell in CODE for output in cell["outputs"])


def test_it_was_run_from_top_to_bottom_without_a_fault() -> None:
    assert [cell["execution_count"] for cell in CODE] == list(range(1, len(CODE) + 1))
    assert {output["output_type"] for output in outputs()} == {"execute_result", "stream"}
    assert {output.get("name", "stdout") for output in outputs()} == {"stdout"}


def test_it_is_small_and_shows_pictures_that_it_holds_itself() -> None:
    shown = ["".join(output["data"]["text/html"]) for output in outputs() if "data" in output]
    assert len(shown) == 3
    assert all("data:image/webp;base64," in html for html in shown)
    assert not any('src="' in html.replace('src="data:', "") for html in shown)
    assert NOTEBOOK.stat().st_size < 1_500_000


def test_it_tells_nothing_of_the_machine_that_made_it() -> None:
    told = NOTEBOOK.read_text(encoding="utf-8")
    assert not [place for place in ("/home/", "/root/", "/tmp/", "/Users/", "file://") if place in told]


def test_its_links_lead_to_pages_of_the_docs() -> None:
    import re

    prose = "".join("".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "markdown")
    links = re.findall(r"\]\(([^)]+)\)", prose)
    assert links
    assert [link for link in links if not (NOTEBOOK.parent / link).is_file()] == []


def test_its_cells_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """As a notebook runs them: all in one namespace, and the value of a last expression is shown."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LETTVIN_NOTEBOOK_DATA", "sketch:60")
    monkeypatch.setenv("LETTVIN_NOTEBOOK_IMAGES", "20")
    names: dict[str, Any] = {"__name__": "__notebook__"}
    shown = []
    for number, cell in enumerate(CODE, 1):
        *body, last = ast.parse("".join(cell["source"])).body
        value = None
        if isinstance(last, ast.Expr):
            exec(compile(ast.Module(body, []), f"cell {number}", "exec"), names)
            value = eval(compile(ast.Expression(last.value), f"cell {number}", "eval"), names)
        else:
            exec(compile(ast.Module([*body, last], []), f"cell {number}", "exec"), names)
        if value is not None:
            shown.append(type(value).__name__)
            assert "data:image/webp" in value._repr_mimebundle_()["text/html"]
    assert shown == ["UnitExemplars", "Answer", "Answer"], "as in the outputs that the notebook holds"


# ---- what shows itself --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def red(tmp_path_factory: pytest.TempPathFactory) -> Target:
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "net.py").write_text(NETWORK)
    return load_target(f"{folder / 'net.py'}:red", device="cpu")


@pytest.fixture(scope="module")
def answer(red: Target, tmp_path_factory: pytest.TempPathFactory) -> Answer:
    """Of a dead unit, which takes a second."""
    return lettvin.ask(red.unit("0:1"), data="sketch:40", runs=tmp_path_factory.mktemp("runs"))


def elements(html: str, folder: Path) -> Page:
    (folder / "shown.html").write_text(html)
    return Page(folder / "shown.html")


@pytest.mark.parametrize("which", ["range", "top", "bottom", "random"])
def test_exemplars_are_the_open_pictures_that_were_asked_for_strongest_first(red: Target, which: Any) -> None:
    found = lettvin.exemplars(red.unit("0:0"), data="sketch:60", which=which, k=6)
    assert len(found) == 6
    peaks = [e.peak for e in found if e.peak is not None]
    assert peaks == sorted(peaks, reverse=True)
    percentiles = [e.percentile for e in found if e.percentile is not None]
    if which in ("top", "range"):
        assert percentiles[0] > 95
    if which in ("bottom", "range"):
        assert percentiles[-1] < 10  # the weakest of all may be kept back
    assert found.pictures == 36, "40% are kept back for conclusions, from eyes too"


def test_exemplars_show_picture_heat_map_and_patch_and_say_the_same_in_words(red: Target, tmp_path: Path) -> None:
    found = lettvin.exemplars(red.unit("0:0"), data="sketch:60", k=5)
    bundle = found._repr_mimebundle_()
    page = elements(bundle["text/html"], tmp_path)
    alts = [a.get("alt") or "" for a in page.all("img")]
    assert sum(alt.startswith("heat map of exemplar") for alt in alts) >= 4
    assert sum(alt.startswith("patch seen of exemplar") for alt in alts) >= 4
    assert all((a["src"] or "").startswith("data:image/webp;base64,") for a in page.all("img"))
    assert len(bundle["text/html"]) < 150_000
    assert bundle["text/plain"] == str(found)
    assert len(bundle["text/plain"].splitlines()) == 6
    assert all(e.caption in bundle["text/plain"] for e in found)


def test_what_exemplars_cannot_be_is_named(red: Target) -> None:
    with pytest.raises(BadInput, match=r"'topp'.*'top'"):
        lettvin.exemplars(red.unit("0:0"), data="sketch:60", which="topp")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="0 exemplars"):
        lettvin.exemplars(red.unit("0:0"), data="sketch:60", k=0)


def test_an_answer_shows_its_verdict_its_pictures_and_a_link_to_its_page(
    answer: Answer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(answer.run).parent)
    bundle = answer._repr_mimebundle_()
    page = elements(bundle["text/html"], tmp_path)
    for said in (answer.question, answer.description, "No concept.", "probability", answer.target):
        assert said in page.text
    assert len(list(page.all("img"))) == 8
    (link,) = page.all("a")
    assert link["href"] == f"{Path(answer.run).name}/report.html", "relative, as a notebook's server needs it"
    assert bundle["text/plain"] == answer.text()


def test_an_answer_whose_run_is_gone_shows_its_words(answer: Answer, tmp_path: Path) -> None:
    page = elements(answer.model_copy(update={"run": str(tmp_path / "gone")})._repr_html_(), tmp_path)
    assert answer.description in page.text
    assert not list(page.all("img"))
    assert not list(page.all("a"))


def test_hostile_words_stay_words(answer: Answer, red: Target, tmp_path: Path) -> None:
    words = ("question", "target", "unit", "description", "formula", "limit")
    hostile = answer.model_copy(update={name: HOSTILE for name in words} | {"labels": [HOSTILE]})
    page = elements(hostile._repr_html_(), tmp_path)
    assert page.text.count("<script>alert(1)</script>") == len(words) + 1
    assert not {"script"} & {tag for tag, _ in page.elements}
    assert not [a for _, a in page.elements if any(key.startswith("on") for key in a)]
