"""`python -m lettvin.benchmarks.planted_bias [--seeds 20] [--write]`: the whole benchmark, a line a network.

Covered: the options; `--write` puts table, plot and figures into the repository. Not covered: `lettvin bench bias`, which does
the same without writing (`cli.py`).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ...targets.errors import BadInput
from ..exit_code import exit_code
from .benchmark import Outcome, run
from .figures import COLUMNS, as_object, rows
from .write_docs import write_docs


def main(words: Sequence[str] | None = None) -> int:
    """Run it and print the table; 2 where the input is bad."""
    parser = argparse.ArgumentParser(prog="python -m lettvin.benchmarks.planted_bias", description="Is a planted bias found?")
    parser.add_argument("--seeds", type=int, default=20, metavar="N", help="two networks of each seed from 0 to N - 1")
    parser.add_argument("--folder", type=Path, default=Path("runs/planted-bias"), help="where outcomes are kept")
    parser.add_argument("--write", action="store_true", help="put table, plot and figures into the repository")
    given = parser.parse_args(words)

    def watch(what: str, done: int, total: int, known: Callable[[], Sequence[Outcome]]) -> None:
        print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)

    def work() -> None:
        if given.seeds < 1:
            raise BadInput(f"--seeds {given.seeds!r} is not a whole number from 1 up")
        result = run(given.seeds, folder=given.folder, watch=watch)
        for row in (COLUMNS, *rows(as_object(result))):
            print(" | ".join(row))
        for path in write_docs(result) if given.write else ():
            print(path)

    return exit_code(work)


if __name__ == "__main__":
    sys.exit(main())
