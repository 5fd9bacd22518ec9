"""A benchmark's answers with what they are answers to: what figures, pages and maps are made from, fresh or read from disk.

Covered: the record on disk (about.json, and a line an answer in answers.jsonl), and reading a finished folder. Not covered:
asking (`benchmark.py`), figures (`figures.py`).
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from ...synthetic_neurons.suite import Suite
from ...targets.errors import BadInput
from ..answer_lines import ABOUT, ANSWERS, add_line, read_lines
from .outcome import Condition, Outcome

VERSION = 3  # of the record and the score: answers scored otherwise are not gone on from
PAGE = "report.html"
CONDITIONS: tuple[Condition, ...] = get_args(Condition)
Key = tuple[str, Condition, str]  # mind, condition, the neuron's name


@dataclass(frozen=True)
class Result:
    """Answers by mind, in the suite's order; `command` asks for them, `folder` holds the record and the page."""

    suite: Suite
    data: str
    seed: int
    conditions: tuple[Condition, ...]
    answers: dict[str, list[Outcome]]
    folder: Path
    command: str

    @property
    def page(self) -> Path:
        """Where the page is written."""
        return self.folder / PAGE

    @property
    def codes(self) -> dict[str, int]:
        """How many answers are of which version of lettvin's code: one, unless it was changed and then gone on with."""
        return dict(Counter(o.code for outcomes in self.answers.values() for o in outcomes).most_common())


class Record:
    """The answers of one benchmark on disk. A last line that was cut off is asked again."""

    def __init__(self, folder: Path, suite: Suite, data: str, seed: int, named: str) -> None:
        self.suite, self.data, self.seed = suite, data, seed
        digest = hashlib.sha256(suite.as_json().encode()).hexdigest()
        about = {"version": VERSION, "suite": digest, "data": data, "seed": seed}
        self.folder = folder / f"{suite.name}-{hashlib.sha256(json.dumps(about).encode()).hexdigest()[:8]}"
        written = suite.model_dump(mode="json", exclude_defaults=True)
        told = {"version": VERSION, "named": named, "suite": written, "data": data, "seed": seed}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / ABOUT).write_text(json.dumps(told, indent=1) + "\n")
        except OSError as error:
            raise BadInput(f"the folder {str(folder)!r} cannot be written ({error.strerror}): give another") from None
        self.path, self.added = self.folder / ANSWERS, 0
        self.known = _read_answers(self.path)

    def add(self, outcome: Outcome) -> None:
        """Keep one more answer, on disk before anything else is asked."""
        self.known[key_of(outcome)] = outcome
        self.added += 1
        add_line(self.path, outcome)


def key_of(outcome: Outcome) -> Key:
    """What tells an answer from every other of the same benchmark."""
    return outcome.mind, outcome.condition, outcome.name


def command(
    suite: str,
    data: str,
    seed: int,
    minds: Sequence[str],
    conditions: Sequence[str],
    neurons: int | None,
    detector: str | None = None,
) -> str:
    """The command line that asks for all this. `suite`: as the user named it; `neurons`: None for all of them."""
    words = ["lettvin", "bench", "synthetic", "--suite", suite, "--seed", str(seed), "--data", data]
    words += [] if detector is None else ["--detector", detector]
    words += [word for mind in minds for word in ("--backbone", mind)]
    some = () if set(conditions) == set(CONDITIONS) or detector is not None else conditions
    words += [word for condition in some for word in ("--condition", condition)]
    return shlex.join(words + ([] if neurons is None else ["--neurons", str(neurons)]))


def read_result(folder: Path | str) -> Result:
    """All answers on record in a benchmark's folder, or in the only one inside `folder`. Raises `BadInput`."""
    from .asking import minds

    place = _folder(Path(folder))
    try:
        about: dict[str, Any] = json.loads((place / ABOUT).read_text())
        suite = Suite.model_validate(about["suite"])
    except (OSError, ValueError, KeyError) as error:
        raise BadInput(f"{str(place / ABOUT)!r} cannot be read ({error}): name a folder that a benchmark has written") from None
    if about.get("version") != VERSION:
        raise BadInput(f"{str(place)!r} is of version {about.get('version')!r} of the record, not {VERSION}: ask again")
    known = _read_answers(place / ANSWERS)
    order = {mind: place for place, mind in enumerate(minds())}
    names = list(dict.fromkeys(mind for mind, _, _ in known))
    asked = sorted(names, key=lambda mind: order.get(mind, len(order)))
    conditions = tuple(c for c in CONDITIONS if any(key[1] == c for key in known))
    if not known:
        raise BadInput(f"{str(place)!r} holds no answer yet: ask with lettvin bench synthetic")
    count = sum(any((mind, "plain", neuron.name) in known for mind in asked) for neuron in suite.neurons)
    data, seed, neurons = about["data"], about["seed"], None if count == len(suite.neurons) else count
    told = command(about["named"], data, seed, asked, conditions, neurons, suite.detector)
    return Result(suite, data, seed, conditions, in_order(suite, asked, known, conditions), place, told)


def in_order(
    suite: Suite, asked: Sequence[str], known: dict[Key, Outcome], conditions: Sequence[Condition]
) -> dict[str, list[Outcome]]:
    """The answers of each mind: of every condition in turn, in the suite's order."""
    keys = [(condition, neuron.name) for condition in conditions for neuron in suite.neurons]
    return {mind: [known[mind, *key] for key in keys if (mind, *key) in known] for mind in asked}


def _folder(path: Path) -> Path:
    if (path / ABOUT).is_file():
        return path
    inside = sorted(found.parent for found in path.glob(f"*/{ABOUT}"))
    if len(inside) != 1:
        told = "no benchmark" if not inside else f"{len(inside)} benchmarks, such as {str(inside[0])!r}"
        raise BadInput(f"{str(path)!r} holds {told}: name one benchmark's folder")
    return inside[0]


def _read_answers(path: Path) -> dict[Key, Outcome]:
    """The answers in a file, but for lines that were cut off."""
    return {key_of(outcome): outcome for outcome in read_lines(path, Outcome)}
