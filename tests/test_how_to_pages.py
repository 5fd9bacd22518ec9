"""The pages on how to do something are true: their files are written, their commands and snippets run, in order.

Covered: the pages of `PAGES`, each in a folder of its own. A block whose first line names
a file is that file; `pip install` goes into a folder that is on the path for the test alone.
"""

from __future__ import annotations

import importlib
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lettvin.agent.run_folder import read_events
from lettvin.agent.transcript import Called
from lettvin.cli import main
from lettvin.targets import plug_ins
from lettvin.tools import instrument

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = ("your_own_model", "your_own_images", "write_a_tool", "your_own_generator", "offline")


def text_of(page: str) -> str:
    return (DOCS / f"{page}.md").read_text(encoding="utf-8")


def blocks(page: str) -> list[tuple[str, str]]:
    return re.findall(r"^```(\w+)\n(.*?)^```$", text_of(page), flags=re.M | re.S)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where a reader of the page stands: a folder of their own, with the repository's docs in it."""
    before = set(sys.modules)
    shutil.copytree(DOCS / "example_plugin", tmp_path / "docs" / "example_plugin")
    (tmp_path / "installed").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path / "installed"))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(instrument, "_catalogue", dict(instrument.catalogue()))
    plug_ins._entry_points.cache_clear()
    yield tmp_path
    plug_ins._entry_points.cache_clear()
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def run(line: str, folder: Path) -> None:
    words = shlex.split(line)
    if words[:2] == ["pip", "install"]:
        offline = ["-q", "--no-deps", "--no-index", "--no-build-isolation", "--target", str(folder / "installed")]
        subprocess.run([sys.executable, "-m", "pip", "install", *offline, *words[2:]], check=True)
        importlib.invalidate_caches()
        plug_ins._entry_points.cache_clear()
        return
    assert words[0] == "lettvin", line
    assert main(words[1:]) == (3 if "--max-images" in words else 0), line


@pytest.mark.parametrize("page", PAGES)
def test_everything_on_the_page_runs(
    page: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No command fails, none says that it leaves something out, and each that asks ends in an answer."""
    if page == "your_own_images":
        datasets = pytest.importorskip("datasets")
        monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(folder / "arrow"))
    for kind, text in blocks(page):
        named = re.match(r"# (\S+\.py)\n", text)
        if kind == "sh":
            for line in text.splitlines():
                run(line, folder)
                told = capsys.readouterr()
                assert "left out" not in told.err.lower()
                assert told.out or line.startswith("pip")
        elif named:
            (folder / named[1]).write_text(text)
        else:
            assert kind == "python"
            exec(compile(text, f"{page}.md", "exec"), {"__name__": "__page__"})
            assert capsys.readouterr().out
    asked = list((folder / "runs").glob("*/events.jsonl"))
    assert asked
    if page == "write_a_tool":
        called = [event for run in asked for event in read_events(run.parent) if isinstance(event, Called)]
        assert called[0].tool == "light", "the backbone of the page has called the tool of the page"


@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_one_page_and_its_links_lead_somewhere(page: str) -> None:
    assert len(text_of(page).splitlines()) < 165
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text_of(page)):
        assert (DOCS / link).is_file(), link


def test_what_the_table_says_lettvin_says_is_what_it_says() -> None:
    """Each quoted message, up to its first changing part, stands in the code."""
    code = "".join(path.read_text(encoding="utf-8") for path in sorted((DOCS.parent / "targets").glob("*.py")))
    code = re.sub(r'"\s*\n\s*f?"', "", code)  # texts over several lines as one
    rows = re.findall(r"^\| (`.+) \| .+ \|$", text_of("your_own_model"), flags=re.M)
    assert len(rows) == 11
    for row in rows:
        for quoted in re.findall(r"`([^`]+)`", row):
            fixed = re.sub(r"uint8 3x224x224|RuntimeError:|'layer5'|48x48|64x64", "\0", quoted).split("\0")
            assert all(part.strip() in code for part in fixed), quoted


def test_the_table_of_memory_is_what_the_command_counts() -> None:
    pytest.importorskip("diffusers", reason="the extra 'diffusers' is not installed")
    from lettvin.benchmarks.model_memory import parameters, table

    assert table() in text_of("your_own_generator")
    published = {"stabilityai/sdxl-turbo": 2_567_463_684, "timbrooks/instruct-pix2pix": 859_520_964 + 4 * 9 * 320}
    assert {model: parameters(model)["unet"] for model in published} == published
