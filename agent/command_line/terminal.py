"""What a person reads on a terminal: columns on stdout, and a bar on stderr while something long is done.

Covered: layout. Not covered: what is told (`cli.py`), and a run's own lines (`agent/watcher.py`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns, numbers to the right; the last column is not padded."""
    cells = [[str(cell) for cell in row] for row in ([head, *rows] if head else rows)]
    if not cells:
        return
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    right = [bool(rows) and not isinstance(rows[0][i], str) for i in range(len(widths))]
    for row in cells:
        fields = [cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(row, widths, right, strict=True)]
        print("  ".join(fields).rstrip())


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr while a pass runs; nothing where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def said(line: str, then: Callable[[int, int], None]) -> Callable[[int, int], None]:
    """A watch that says a line on stderr when it is first told something, and hands on what it is told."""
    told: list[str] = []

    def watch(done: int, total: int) -> None:
        if not told:
            told.append(line)
            print(line, file=sys.stderr)
        then(done, total)

    return watch
