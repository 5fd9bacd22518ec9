"""`lettvin bench synthetic`: every neuron of a suite asked by every mind, resumable, and the figures.

Covered: the order of asking, workers, the record on disk (a line an answer, so that a benchmark that was cut off goes on
where it was), one object of figures. Not covered: asking one neuron (`asking.py`), the figures (`figures.py`), the page
(`page.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ...synthetic_neurons.load import find_suite
from ...synthetic_neurons.suite import Suite
from ...targets.errors import BadInput
from .asking import ask_one, minds, prepare
from .figures import figures, paired_difference
from .outcome import Outcome

VERSION = 1  # of the record and the score: answers scored otherwise are not gone on from
Watch = Callable[[str, int, int, Outcome | None], None]


def run(
    suite: str = "core",
    asked: Sequence[str] | None = None,
    *,
    neurons: int | None = None,
    workers: int = 2,
    seed: int = 0,
    data: str = "sketch:2000",
    folder: Path | str = "runs/synthetic",
    watch: Watch = lambda what, done, total, last: None,
) -> dict[str, Any]:
    """Ask and score; ``{name, suite, data, seed, figures {mind: ...}, differences {mind: ...}, neurons [...], command}``.

    `asked`: minds (default: all). `neurons`: the first so many of the suite, whose order is drawn. `folder`: where answers
    are kept, line by line; one that holds part of the same benchmark is gone on from. Raises `BadInput`.
    """
    whole, chosen = find_suite(suite), list(asked or minds())
    for mind in chosen:
        if mind not in minds():
            _check_backbone(mind)
    count = len(whole.neurons) if neurons is None else min(neurons, len(whole.neurons))
    source = data if "@" in data else f"{data}@{seed + 1}"
    kept = _Record(Path(folder), whole, source, seed)
    every = product(chosen, range(count))
    tasks = [(mind, index) for mind, index in every if (mind, whole.neurons[index].name) not in kept.known]
    total = len(chosen) * count
    if tasks:
        watch("dissecting", 0, total, None)
        prepare(whole, source)
    for outcome in _answers(whole, tasks, source, seed, kept.folder, workers):
        kept.add(outcome)
        watch(outcome.mind, total - len(tasks) + kept.added, total, outcome)
    names = [neuron.name for neuron in whole.neurons[:count]]
    found = {mind: [kept.known[mind, name] for name in names if (mind, name) in kept.known] for mind in chosen}
    return _told(whole, source, seed, found, count)


def _check_backbone(name: str) -> None:
    from ...agent import by_name

    try:
        by_name.backbone(name)
    except BadInput as error:
        known = ", ".join(repr(mind) for mind in minds())
        raise BadInput(f"no mind {name!r} to compare: {known}, or a backbone ({error})") from None


def _answers(
    suite: Suite, tasks: Sequence[tuple[str, int]], data: str, seed: int, folder: Path, workers: int
) -> Iterator[Outcome]:
    if workers <= 1:
        yield from (_one((suite, mind, index, data, seed, folder)) for mind, index in tasks)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(_one, [(suite, mind, index, data, seed, folder) for mind, index in tasks])


def _one(task: tuple[Suite, str, int, str, int, Path]) -> Outcome:
    import torch

    suite, mind, index, data, seed, folder = task
    torch.set_num_threads(1)
    return ask_one(suite, index, mind, data, seed, folder / "runs" / mind.replace("/", "-"))


class _Record:
    """The answers of one benchmark on disk. A last line that was cut off is asked again."""

    def __init__(self, folder: Path, suite: Suite, data: str, seed: int) -> None:
        digest = hashlib.sha256(suite.as_json().encode()).hexdigest()
        about = {"version": VERSION, "suite": digest, "data": data, "seed": seed}
        self.folder = folder / f"{suite.name}-{hashlib.sha256(json.dumps(about).encode()).hexdigest()[:8]}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"the folder {str(folder)!r} cannot be written ({error.strerror}): give another") from None
        self.path, self.added = self.folder / "answers.jsonl", 0
        self.known: dict[tuple[str, str], Outcome] = {}
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        for line in lines:
            try:
                outcome = Outcome.model_validate_json(line)
            except ValidationError:
                continue
            self.known[outcome.mind, outcome.name] = outcome

    def add(self, outcome: Outcome) -> None:
        self.known[outcome.mind, outcome.name] = outcome
        self.added += 1
        before = self.path.read_bytes()[-1:] if self.path.exists() else b"\n"
        with self.path.open("a") as file:
            file.write(("" if before in (b"\n", b"") else "\n") + outcome.model_dump_json() + "\n")


def _told(suite: Suite, data: str, seed: int, found: dict[str, list[Outcome]], count: int) -> dict[str, Any]:
    first = next(iter(found))
    differences = {
        mind: {
            "recovered": paired_difference(found[first], outcomes, lambda o: float(o.recovered)),
            "f1": paired_difference(found[first], outcomes, lambda o: o.f1 or 0.0),
        }
        for mind, outcomes in found.items()
        if mind != first
    }
    command = f"lettvin bench synthetic --suite {suite.name} --seed {seed} --data {data}"
    command += "".join(f" --backbone {mind}" for mind in found)
    command += "" if count == len(suite.neurons) else f" --neurons {count}"
    return {
        "name": "synthetic",
        "suite": suite.name,
        "data": data,
        "seed": seed,
        "figures": {mind: figures(outcomes) for mind, outcomes in found.items()},
        f"{first} minus": differences,
        "neurons": [o.model_dump() for outcomes in found.values() for o in outcomes],
        "command": command,
    }
