"""A benchmark's answers on disk, one JSON line each, kept before anything else is asked.

Covered: appending a line after one that was cut off, reading those that are whole, and the folder of a benchmark's answers,
which is another for every setting. Not covered: what an answer is (`synthetic/outcome.py`, `logits/outcome.py`,
`predictive/outcome.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from ..targets.errors import BadInput

ABOUT, ANSWERS = "about.json", "answers.jsonl"
Answer = TypeVar("Answer", bound=BaseModel)
K = TypeVar("K")


class KeptAnswers(Generic[K, Answer]):
    """The answers of one benchmark on disk, in a folder of their own under `folder`. Raises `BadInput` where none can be.

    `about`: all that decides what an answer is and how it is scored: the folder's name holds its digest. `key_of`: what tells
    an answer from every other of the same benchmark.
    """

    def __init__(
        self, folder: Path, name: str, about: dict[str, Any], of: type[Answer], key_of: Callable[[Answer], K]
    ) -> None:
        self.folder = folder / f"{name}-{hashlib.sha256(json.dumps(about).encode()).hexdigest()[:8]}"
        self._key_of = key_of
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / ABOUT).write_text(json.dumps(about, indent=1) + "\n")
        except OSError as error:
            raise BadInput(f"the folder {str(folder)!r} cannot be written ({error.strerror}): give another") from None
        self.known: dict[K, Answer] = {key_of(answer): answer for answer in read_lines(self.folder / ANSWERS, of)}

    def add(self, answer: Answer) -> None:
        """Keep one more answer, on disk before anything else is asked."""
        self.known[self._key_of(answer)] = answer
        add_line(self.folder / ANSWERS, answer)


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
