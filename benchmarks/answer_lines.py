"""A benchmark's answers on disk, one JSON line each, kept before anything else is asked.

Covered: appending a line after one that was cut off, and reading those that are whole. Not covered: what an answer is, and
which folder it belongs to (`synthetic/result.py`, `logits/outcome.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

Answer = TypeVar("Answer", bound=BaseModel)


def add_line(path: Path, answer: BaseModel) -> None:
    """Append one answer; on a line of its own even where the last line was cut off."""
    before = path.read_bytes()[-1:] if path.exists() else b"\n"
    with path.open("a") as file:
        file.write(("" if before in (b"\n", b"") else "\n") + answer.model_dump_json() + "\n")


def read_lines(path: Path, of: type[Answer]) -> Iterator[Answer]:
    """The answers in a file, but for lines that were cut off; none where there is no file."""
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            yield of.model_validate_json(line)
        except ValidationError:
            continue
