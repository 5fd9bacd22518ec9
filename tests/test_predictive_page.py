"""The page on prediction is true: its commands are commands, its methods the methods, its tables the figures on record."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import typer

from lettvin.benchmarks.predictive.benchmark import METHODS
from lettvin.benchmarks.predictive.figures import columns, rows
from lettvin.benchmarks.predictive.write_docs import BEGINS, BESIDE, ENDS, PAGE
from lettvin.cli import app

RECORDS = ("cutouts", "sketch")


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / PAGE).read_text(encoding="utf-8")


def test_every_command_is_one(page: str) -> None:
    lines = [line for block in re.findall(r"^```\n(.*?)^```$", page, flags=re.M | re.S) for line in block.splitlines()]
    group = typer.main.get_command(app)
    assert sum(line.startswith("lettvin bench predictive") for line in lines) >= 6
    for line in lines:
        words = shlex.split(line.partition("   #")[0])
        assert words[:3] == ["lettvin", "bench", "predictive"]
        with group.make_context("lettvin", words[1:], resilient_parsing=False) as context:
            _, bench, rest = group.resolve_command(context, words[1:])  # type: ignore[attr-defined]
            with bench.make_context("bench", rest) as inner:
                _, command, rest = bench.resolve_command(inner, rest)
                with command.make_context("predictive", rest) as told:
                    assert told.params["target"] == words[3]


def test_every_method_has_its_line(page: str) -> None:
    table = page.partition("## Who describes")[2].partition("## How it is scored")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)} == set(METHODS)


@pytest.mark.parametrize("record", RECORDS)
def test_the_tables_are_the_figures_on_record(page: str, repository: Path, record: str) -> None:
    told = json.loads((repository / "benchmarks" / "results" / f"predictive-{record}.json").read_text())
    results = page.partition(BEGINS)[2].partition(ENDS)[0]
    section = results.partition(f"### {told['about']['data'][0]}\n")[2].partition("\n### ")[0]
    lines = set(section.splitlines())
    assert told["command"] in lines
    assert "| " + " | ".join(columns(told)) + " |" in lines
    assert [row[0] for row in rows(told) if "| " + " | ".join(row) + " |" not in lines] == []


def test_every_picture_of_the_page_is_there_and_no_other(page: str, repository: Path) -> None:
    shown = set(re.findall(rf"\({BESIDE.name}/([^)]+)\)", page))
    assert shown == {path.name for path in (repository / BESIDE).iterdir()}


def test_the_speed_told_is_the_speed_measured(page: str, repository: Path) -> None:
    found = json.loads((repository / "benchmarks" / "results" / "softwpmi.json").read_text())["figures"]
    assert f"takes {found['milliseconds_a_unit']:.1f} ms a unit" in page
    assert f"the plain way {found['plainly']:.1f} ms" in page
    assert found["milliseconds_a_unit"] <= found["goal"] == 23
