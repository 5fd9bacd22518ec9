"""The list of a folder of runs, and what `lettvin show` opens: whole, cut off and broken runs, hostile names, moved folders.

The one real run is of a dead unit, which takes a second; other states are made by changing its files.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from lettvin.agent.ask import ask
from lettvin.agent.report.index_page import write_index
from lettvin.agent.report.page import MOST_BYTES
from lettvin.cli import main
from lettvin.targets.errors import BadInput
from lettvin.targets.loaders import load_target
from lettvin.tests.test_report import HOSTILE, NETWORK, Page
from lettvin.tools.store import cache_folder

Make = Callable[..., Path]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index")
    (folder / "net.py").write_text(NETWORK)
    target = load_target(f"{folder / 'net.py'}:red", device="cpu")
    return Path(ask(target.unit("0:1"), data="sketch:40", runs=folder / "runs").run)


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Make:
    """A copy of the run under another name, with its answer changed, or (None) without one."""

    def make(name: str, answer: dict[str, Any] | None = {}, about: dict[str, Any] = {}) -> Path:  # noqa: B006 - only read
        copy = tmp_path / "runs" / name
        shutil.copytree(whole, copy)
        events = [json.loads(line) for line in (copy / "events.jsonl").read_text().splitlines()]
        ended = [e | (answer or {}) if e["kind"] == "answered" else e for e in events]
        kept = [e for e in ended if answer is not None or e["kind"] != "answered"]
        (copy / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in kept))
        known = json.loads((copy / "run.json").read_text())
        (copy / "run.json").write_text(json.dumps(known | (answer or {}) | about))
        return copy

    return make


def rows(page: Path) -> list[dict[str, str | None]]:
    return [a for a in Page(page).all("tr") if a.get("data-words") is not None]


def test_every_run_is_a_row_newest_first_with_its_answer_and_a_link_to_its_page(run: Make, tmp_path: Path) -> None:
    run("20260101-000000-old", {"unit": "0:1", "description": "the older answer"})
    run("20260301-120000-new", {"unit": "0:7", "verdict": "supported", "confidence": 0.934, "labels": ["red car"]})
    written = write_index(tmp_path / "runs")
    page = Page(written)
    assert [row["data-unit"].split()[-1] for row in rows(written)] == ["0:7", "0:1"]  # type: ignore[union-attr]
    told = ("the older answer", "0.93", "red car", "2026-03-01 12:00", "1 supported, 1 no concept", "What makes this unit")
    assert [said for said in told if said not in page.text] == []
    links = [unquote(a["href"] or "") for a in page.all("a") if not (a["href"] or "").startswith("#")]
    assert links == ["20260301-120000-new/report.html", "20260101-000000-old/report.html"]
    assert all((written.parent / link).is_file() for link in links)
    pictures = [a["src"] or "" for a in page.all("img")]
    assert len(pictures) == 12
    assert all(src.startswith("data:image/webp") for src in pictures)


def test_a_folder_that_was_moved_still_leads_to_its_pages(run: Make, tmp_path: Path) -> None:
    """With a name that a URL must quote."""
    run("20260101-000000-a#b?c%20 d")
    write_index(tmp_path / "runs")
    moved = (tmp_path / "runs").rename(tmp_path / "else where")
    (link,) = [a["href"] or "" for a in Page(moved / "index.html").all("a") if not (a["href"] or "").startswith("#")]
    assert "#" not in link
    assert "?" not in link
    assert (moved / unquote(link)).is_file()


def test_runs_that_were_cut_off_or_are_broken_are_listed_with_one_line(run: Make, tmp_path: Path) -> None:
    run("20260101-000000-whole")
    cut = run("20260102-000000-cut", None)
    with open(cut / "events.jsonl", "a") as file:
        file.write('{"kind":"answ')  # torn
    (cut / "report.html").unlink()
    (run("20260103-000000-no-events") / "events.jsonl").unlink()
    (run("20260104-000000-no-json") / "run.json").write_text("{")
    (run("20260105-000000-binary") / "run.json").write_bytes(b"\xff\xfe\x00")
    foreign = run("20260106-000000-other-version")
    (foreign / "events.jsonl").write_text('{"kind":"answered","verdict":"supported"}\n{}\n')
    (tmp_path / "runs" / "20260107-000000-just-made" / "images").mkdir(parents=True)
    (tmp_path / "runs" / "not-a-run").mkdir()
    (tmp_path / "runs" / "a-file").write_text("no run")
    page = write_index(tmp_path / "runs")
    found = {(row["data-words"] or "").split()[0]: row["data-state"] for row in rows(page)}
    assert found == {
        "20260101-000000-whole": "no-concept",
        "20260102-000000-cut": "unfinished",
        "20260103-000000-no-events": "broken",
        "20260104-000000-no-json": "broken",
        "20260105-000000-binary": "broken",
        "20260106-000000-other-version": "broken",
        "20260107-000000-just-made": "broken",
    }
    text = Page(page).text
    assert "no answer: cut off after" in text
    assert "it has no readable run.json" in text
    assert "Traceback" not in text


def test_hostile_words_and_names_stay_words(run: Make, tmp_path: Path) -> None:
    for i, name in enumerate(("<b onmouseover=x>", "javascript:alert(1)", "'\"&", os.fsdecode(b"\xff\xfe"))):
        words = {key: HOSTILE for key in ("question", "target", "unit", "description")}
        run(name, words | {"labels": [HOSTILE]} if i else None)
    run("lone", None, about={"question": "\ud800"})
    page = Page(write_index(tmp_path / "runs"))
    assert page.text.count("<script>alert(1)</script>") >= 9
    assert sum(tag == "script" for tag, _ in page.elements) == 1
    assert not [a for _, a in page.elements if any(key.startswith("on") for key in a)]
    assert not [a for a in page.all("a") if ":" in (a["href"] or "")]
    policy = next(a["content"] or "" for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_the_list_of_many_runs_stays_small(run: Make, tmp_path: Path) -> None:
    """400 runs of long answers: fewer exemplars each, and every run is still named."""
    first = run("20260101-000000-r0", {"description": "long " * 2000})
    (first / "report.html").unlink()
    for i in range(1, 400):
        shutil.copytree(first, first.with_name(f"20260101-000000-r{i}"), copy_function=os.link)
    page = write_index(tmp_path / "runs", cache_folder())
    assert page.stat().st_size <= MOST_BYTES
    assert len(rows(page)) == 400


def test_what_can_be_read_in_a_row_can_be_found_by_the_filter(run: Make, tmp_path: Path) -> None:
    run("20260101-000000-r", {"unit": "0:9", "description": "Fires for Purple SNAILS", "labels": ["purple snail"]})
    (row,) = rows(write_index(tmp_path / "runs"))
    assert {"0:9", "purple", "snails", "no-concept"} <= set((row["data-words"] or "").split())


# ---- lettvin show -------------------------------------------------------------------------------------------------


def shown(capsys: pytest.CaptureFixture[str], path: Path) -> tuple[Path, str]:
    assert main(["show", "--no-open", str(path)]) == 0
    told = capsys.readouterr()
    return Path(told.out.strip()), told.err


def test_show_opens_a_run_its_folder_of_runs_and_the_runs_folder_of_this_directory(
    run: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = run("20260101-000000-r")
    before = (one / "report.html").stat().st_mtime_ns
    assert shown(capsys, one) == (one / "report.html", "")
    assert (one / "report.html").stat().st_mtime_ns == before, "a page that is whole is not written again"
    assert shown(capsys, tmp_path / "runs") == (tmp_path / "runs" / "index.html", "")
    monkeypatch.chdir(tmp_path)
    assert main(["show", "--no-open"]) == 0
    assert Path(capsys.readouterr().out.strip()) == tmp_path / "runs" / "index.html"


def test_show_writes_the_page_of_a_run_that_was_killed_and_says_that_it_has_no_answer(
    run: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = run("20260101-000000-r", None)
    for name in ("report.html", "maps.npz"):
        (cut / name).unlink()
    page, said = shown(capsys, cut)
    assert "The run did not end" in Page(page).text
    assert "no answer yet" in said


def test_show_opens_the_page_of_a_run_whose_events_it_cannot_read(run: Make, capsys: pytest.CaptureFixture[str]) -> None:
    other = run("20260101-000000-r")
    (other / "events.jsonl").write_text('{"kind":"of another version"}\n{}\n')
    assert shown(capsys, other) == (other / "report.html", "")
    (other / "report.html").unlink()
    assert main(["show", "--no-open", str(other)]) == 2
    assert re.search(r"events\.jsonl, line 1 is no event", capsys.readouterr().err)


def test_what_is_no_run_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "nowhere", tmp_path / "file"):
        assert main(["show", "--no-open", str(path)]) == 2
        told = capsys.readouterr().err
        assert repr(str(path)) in told
        assert told.count("\n") == 1
    with pytest.raises(BadInput, match="holds no run"):
        write_index(tmp_path)
