"""What the empiricist would recover with twice the pictures: those that it did not are asked again with 800.

    python -m lettvin.benchmarks.synthetic.more_pictures FOLDER

Covered: the neurons of a finished benchmark that the language can say and that were not recovered; all others act the same
with more pictures, since no act depends on how many are left, and have concluded. Resumable; the answers lie beside the
others as `more_pictures.jsonl`, where `goals.py` reads them. Not covered: fewer pictures, which are read off full runs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from ...targets.errors import BadInput
from ..answer_lines import add_line, read_lines
from .asking import ask_one
from .outcome import PLAIN, Outcome
from .result import Result, read_result

MIND, MOST = "empiricist", 800
ANSWERS = "more_pictures.jsonl"


def again(result: Result) -> list[str]:
    """The names of the neurons that are asked again."""
    return [o.name for o in result.answers.get(MIND, []) if o.condition == PLAIN and o.main and not o.recovered]


def asked_again(folder: Path) -> list[Outcome]:
    """What they were answered with more pictures; none where they were not asked."""
    place = folder / ANSWERS
    return list(read_lines(place, Outcome)) if place.exists() else []


def main(words: Sequence[str]) -> int:
    """The command line: one folder that a benchmark has written."""
    try:
        if len(words) != 1:
            raise BadInput(f"write one FOLDER that lettvin bench synthetic has written, not {' '.join(words)!r}")
        result = read_result(words[0])
    except BadInput as error:
        print(f"lettvin: {error}", file=sys.stderr)
        return 2
    known = {o.name for o in asked_again(result.folder)}
    places = {neuron.name: i for i, neuron in enumerate(result.suite.neurons)}
    for name in again(result):
        if name not in known:
            told = ask_one(result.suite, places[name], MIND, result.data, result.seed, None, most=MOST)
            add_line(result.folder / ANSWERS, told)
            print(f"{name}: {told.fires_for!r} -> {told.formula!r} {told.verdict}, {told.pictures} pictures", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
