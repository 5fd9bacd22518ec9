"""The page on endpoints says what the code does: every kind with its limits, every option, every limit and number."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lettvin.agent.backbones import endpoint, failures, picture_views, spending
from lettvin.agent.backbones.dialects import DIALECTS, HOSTS, PORTS
from lettvin.agent.backbones.model_settings import AT_ONCE, REQUEST_SECONDS, ModelSettings
from lettvin.agent.backbones.models_of_run import MODELS
from lettvin.agent.backbones.ordered_turns import CELLS
from lettvin.agent.backbones.prices import read_prices
from lettvin.cli import main

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "endpoints.md").read_text(encoding="utf-8")


def test_every_kind_of_endpoint_stands_in_the_table_as_it_is() -> None:
    rows = {
        cells[0].strip("`"): cells[1:]
        for line in PAGE.splitlines()
        if (cells := [cell.strip() for cell in line.strip("| ").split(" | ")])[0].strip("`") in DIALECTS and len(cells) == 5
    }
    assert rows.keys() == DIALECTS.keys()
    for name, dialect in DIALECTS.items():
        _, ends, pictures, longest = rows[name]
        parameter, most = dialect.output_limit
        assert ends == f"{'its own limit' if most is None else f'{most} tokens'} (`{parameter}`)"
        assert pictures == ("any number" if dialect.pictures is None else str(dialect.pictures))
        assert longest == str(dialect.longest)
    assert all(host in rows[name][0] for host, name in HOSTS.items())
    assert all(f"port {port}" in rows[name][0] for port, name in PORTS.items())


def test_every_option_and_every_kind_of_name_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    options = {f"--{name.replace('_', '-')}" for name in ModelSettings.model_fields if name != "at_once"}
    assert {option for option in options if option not in PAGE} == set()
    assert {name for name in MODELS if f"{name}:" not in PAGE} == set()
    assert main(["ask", "--help"]) == 0
    told = capsys.readouterr().out
    assert {option for option in options if option not in told} == set()


def test_its_numbers_are_the_codes() -> None:
    text = " ".join(PAGE.split())
    assert f"(up to {failures.TRIES} times), and answers that cannot be read (up to {failures.UNREADABLE_TRIES} times)" in text
    assert f"1, 2, 4 ... {endpoint.MOST_WAIT:.0f} s" in text
    assert f"`--request-seconds` ({REQUEST_SECONDS:.0f})" in text
    assert f"At most {AT_ONCE} requests" in text
    assert f"({spending.CHARACTERS} characters a token, {spending.PICTURE} a picture)" in text
    assert f"(above {picture_views.LARGE // 1000} kB)" in text
    assert f"contact sheets of up to {CELLS}" in text
    assert {str(status) for status in failures.TRANSIENT} <= set(re.findall(r"\b4\d\d\b", text))


def test_its_file_of_prices_is_one(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```json\n(.*?)^```$", PAGE, flags=re.M | re.S)
    (tmp_path / "prices.json").write_text(block)
    assert set(json.loads(block)) == {"api.openai.com", "*"}
    assert "my-model" in read_prices(tmp_path / "prices.json")["*"]
