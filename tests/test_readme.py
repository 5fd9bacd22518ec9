"""The README is true: every command and every Python snippet in it runs, and it stays short."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

README = Path(__file__).resolve().parent.parent / "README.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README.read_text(encoding="utf-8"), flags=re.M | re.S)
LINES = [line.strip() for kind, text in BLOCKS if kind == "sh" for line in text.splitlines() if line.strip()]
SNIPPETS = [text for kind, text in BLOCKS if kind == "python"]


def test_it_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) < 150


def test_it_holds_only_what_is_tested_here() -> None:
    assert {kind for kind, _ in BLOCKS} <= {"sh", "python", "text"}
    assert [line for line in LINES if line.split()[0] not in {"make", "lettvin"}] == []
    assert {"make ask", "make test"} <= set(LINES)
    assert SNIPPETS


def test_it_leads_to_every_page_of_the_docs_and_every_link_of_the_docs_leads_somewhere() -> None:
    docs = README.parent / "docs"
    linked = {docs / link.removeprefix("docs/") for link in re.findall(r"\bdocs/[\w./]+", README.read_text(encoding="utf-8"))}
    assert {page for page in docs.iterdir() if page.suffix in (".md", ".ipynb")} <= linked
    for page in (README, *docs.glob("*.md")):
        links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
        local = [link for link in links if not urlsplit(link).scheme]
        assert [link for link in local if not (page.parent / link).exists()] == [], page.name


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("make")])
def test_its_make_commands_exist(line: str, repository: Path) -> None:
    done = subprocess.run([*shlex.split(line), "-n"], cwd=repository, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert ".venv/bin/" in done.stdout


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("lettvin")])
def test_its_commands_run(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from lettvin.cli import main

    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(line)[1:]) == 0
    assert capsys.readouterr().out


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_its_snippets_run(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that a snippet opens is there, though no browser starts here."""
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.chdir(tmp_path)
    exec(compile(SNIPPETS[number], f"README.md, snippet {number + 1}", "exec"), {"__name__": "__readme__"})
    assert all(Path(unquote(urlsplit(url).path)).is_file() for url in opened)
