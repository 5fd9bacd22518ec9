"""What a person reads on a terminal: columns on stdout, and a bar or a table on stderr while something long is done.

Covered: layout. Not covered: what is told (`cli.py`), and a run's own lines (`agent/watcher.py`).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

A = TypeVar("A")


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


@contextmanager
def live_table(head: Sequence[str]) -> Iterator[Callable[[Callable[[], Sequence[Sequence[str]]], str], None]]:
    """A table on stderr, with a line below it, that is made and drawn anew at most twice a second; none without a terminal."""
    from rich.console import Console, Group
    from rich.live import Live
    from rich.table import Table

    console = Console(stderr=True)

    def drawn(rows: Sequence[Sequence[str]], below: str) -> Group:
        shown = Table(box=None, padding=(0, 2, 0, 0))
        for i, name in enumerate(head):
            shown.add_column(name, justify="left" if i == 0 else "right")
        for row in rows:
            shown.add_row(*row)
        return Group(shown, below)

    if not console.is_terminal:
        yield lambda make, below: None
        return
    before = 0.0

    def show(make: Callable[[], Sequence[Sequence[str]]], below: str) -> None:
        nonlocal before
        if time.monotonic() - before > 0.5:
            live.update(drawn(make(), below))
            before = time.monotonic()

    with Live(console=console, transient=True, refresh_per_second=2) as live:
        yield show


Known = Callable[[], Sequence[A]]  # all answers so far


@contextmanager
def benchmark(
    head: Sequence[str], rows: Callable[[Sequence[A]], Sequence[Sequence[str]]]
) -> Iterator[Callable[[str, int, int, Known[A]], None]]:
    """A live table of a benchmark's answers so far: a watch that is told (what is done, how much, of how much, the answers).

    `rows`: what is shown under `head` of some answers.
    """
    with live_table(head) as show:
        yield lambda what, done, total, known: show(lambda: rows(known()), f"{what}: {done} of {total}")


def measured(told: Mapping[str, Any], rows: Sequence[Sequence[str]], where: str) -> None:
    """A benchmark's result: the rows (the head first), its command and where it is kept; without rows, the JSON object."""
    if not rows:
        print(json.dumps(told))
        return
    table(rows[0], rows[1:])
    print(told["command"])
    print(where)


def said(line: str, then: Callable[[int, int], None]) -> Callable[[int, int], None]:
    """A watch that says a line on stderr when it is first told something, and hands on what it is told."""
    told: list[str] = []

    def watch(done: int, total: int) -> None:
        if not told:
            told.append(line)
            print(line, file=sys.stderr)
        then(done, total)

    return watch
