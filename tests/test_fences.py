"""Fenced text: which block of a reply is run, and that data cannot leave its fence."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lettvin.agent.backbones.fences import fenced, inline, written_block


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("```python\na = 1\n```", "a = 1"),
        ("words\n\n```py\na = 1\nb = 2\n```\nmore words", "a = 1\nb = 2"),
        ("```\na = 1\n```", "a = 1"),
        ("~~~python\na = '```'\n~~~", "a = '```'"),
        ("````python\nx = '''\n```\n'''\n````", "x = '''\n```\n'''"),
        ("   ```python\r\na = 1\r\n   ```", "a = 1"),
        ("```text\nnot code\n```\n```python\na = 1\n```", "a = 1"),
        ("```python title='x'\na = 1\n```", "a = 1"),
    ],
)
def test_the_first_python_block_is_the_one(text: str, code: str) -> None:
    assert written_block(text).code == code


@pytest.mark.parametrize(
    "text",
    ["", "no block", "`conclude('H1')`", "```json\n{}\n```", "```output\nconclude('H1')\n```", "```py\n\n```"],
)
def test_what_is_no_python_block_is_none(text: str) -> None:
    assert written_block(text).code is None


def test_a_block_that_was_never_closed_is_not_run() -> None:
    found = written_block("```python\nexperiment(")
    assert found.code is None
    assert found.open


def test_further_blocks_are_counted_and_not_joined() -> None:
    found = written_block("```python\na = 1\n```\nthe output would be 1\n```python\nb = a\n```")
    assert (found.code, found.more) == ("a = 1", 1)


@given(st.text())
@settings(deadline=None)
def test_nothing_in_data_closes_its_fence(text: str) -> None:
    first, *inside, last = fenced(text).split("\n")
    fence = first.removesuffix("data")
    assert set(fence) == {"`"}
    assert last == fence
    assert not [line for line in inside if fence in line]


@given(st.text())
@settings(deadline=None)
def test_data_in_a_line_stays_in_it(text: str) -> None:
    assert "\n" not in inline(text)
    assert "\r" not in inline(text)
    assert len(inline(text)) <= 2 + 2 * 200 * 5


def test_what_cannot_be_seen_is_shown() -> None:
    hidden = "red\x1b[2Jcar\u202egnihton"
    assert "\x1b" not in fenced(hidden)
    assert "\u202e" not in inline(hidden)
