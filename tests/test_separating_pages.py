"""The pages on comparing units and on biased classes are true: their commands and snippets run, and say what the pages say."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from lettvin.agent.bias.telling import BiasReport
from lettvin.agent.comparison.telling import Comparison
from lettvin.cli import main

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = ("compare", "bias")


def text_of(page: str) -> str:
    return (DOCS / f"{page}.md").read_text(encoding="utf-8")


def blocks(page: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", text_of(page), flags=re.M | re.S)


@pytest.mark.parametrize("page", PAGES)
def test_the_command_says_what_the_page_says(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every line of the output that the page shows, up to an ellipsis, is in what the command prints."""
    monkeypatch.chdir(tmp_path)
    (command,) = blocks(page, "sh")
    told = blocks(page, "text")[0]
    assert main(shlex.split(command)[1:]) == 0
    said = " ".join(capsys.readouterr().out.split())
    for piece in told.split("..."):
        assert " ".join(piece.split()) in said, said


@pytest.mark.parametrize("page", PAGES)
def test_the_example_of_a_real_network_is_as_it_was_printed(page: str) -> None:
    """It takes minutes: the command and the output are held against what the run printed as JSON, which is kept."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text_of(page), flags=re.M | re.S)
    command, told = (text.strip() for kind, text in fenced if not kind)
    kept = (DOCS / page / "example.json").read_text(encoding="utf-8")
    found = Comparison.model_validate_json(kept) if page == "compare" else BiasReport.model_validate_json(kept)
    words = shlex.split(command)
    units = [found.unit, found.other_unit] if isinstance(found, Comparison) else [found.unit, "--shows", found.shows]
    assert words[: 3 + len(units)] == ["lettvin", page, found.target, *units]
    said = " ".join(found.text().split())
    for piece in told.split("..."):
        assert " ".join(piece.split()) in said, said
    assert (DOCS / page / "page.png").stat().st_size < 200_000


def test_the_snippet_runs_and_prints_its_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (snippet,) = blocks("compare", "python")
    exec(compile(snippet, "compare.md", "exec"), {"__name__": "__page__"})
    assert capsys.readouterr().out.strip() == "no-difference"
    assert "# no-difference" in snippet


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text_of(page)):
        assert (DOCS / link).is_file(), link
