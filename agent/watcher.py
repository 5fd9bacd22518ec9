"""What a person sees while a run goes: on stderr, a bar for what is being done now, and a line for what was decided.

Covered: the protocol, the silent watcher and the terminal's. Not covered: the page (`report/`), and stdout, which holds
only the answer.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

from .bias.events import Confirmed, Listed, Suspected
from .comparison.events import Apart, Claimed, Levelled, Narrowed, Side, Weighed
from .transcript import AnyEvent, Decided, Judged, Proposed, Raised, Redrawn, Registered, Stopped

if TYPE_CHECKING:
    from rich.progress import Progress


class Watcher(Protocol):
    """Is told of every event, of progress within a stage, and, in a line, of what else is to be known."""

    def event(self, event: AnyEvent) -> None: ...

    def said(self, text: str) -> None: ...

    def progress(self, stage: str, done: int, total: int) -> None: ...

    def close(self) -> None: ...


class Silent:
    """Watches without a word."""

    def event(self, event: AnyEvent) -> None: ...

    def said(self, text: str) -> None: ...

    def progress(self, stage: str, done: int, total: int) -> None: ...

    def close(self) -> None: ...


class TerminalWatcher:
    """Lines for hypotheses, predictions and verdicts on stderr, above a bar that says what is being done now.

    Where stderr is no terminal there is no bar, but a line when a stage begins.
    """

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bar: Progress | None = None
        self._task: int | None = None
        self._stage = ""

    def event(self, event: AnyEvent) -> None:
        for line in said_of(event):
            self._console.print(line, markup=False)

    def said(self, text: str) -> None:
        self._console.print(text, markup=False)

    def progress(self, stage: str, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            if stage != self._stage and stage not in ("generating", "measuring"):
                self._console.print(f"{stage} ...", markup=False)
            self._stage = stage
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

        if self._bar is None:
            columns = (TextColumn("{task.description:>11}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bar = Progress(*columns, console=self._console, transient=True)
            self._bar.start()
        if self._task is None:
            self._task = int(self._bar.add_task(stage, total=total))
        reset = stage != self._stage
        self._stage = stage
        if reset:
            self._bar.reset(TaskID(self._task), total=total, description=stage)
        self._bar.update(TaskID(self._task), completed=done, total=total, description=stage)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


CALLED: dict[Side, str] = {"one": "the first unit", "other": "the second unit"}


def said_of(event: AnyEvent) -> list[str]:
    """The lines that a person is told of an event; none of most."""
    match event:
        case Redrawn():
            found = (
                "something in its pictures drives the unit" if event.driven else "nothing reproducible drives the unit"
            )
            return [f"  redraw test: {found} (superiority {event.effect:.2f}, p {event.p:.2g})"]
        case Raised():
            return [f"{event.id} raised: {event.statement} [{event.level}]"]
        case Registered():
            high, low = ", ".join(event.prediction.high), ", ".join(event.prediction.low)
            return [f"  {event.experiment} predicted for {event.hypothesis}: {high} > {low} (n {event.n})"]
        case Judged():
            low_, high_ = event.interval
            q = "" if event.q is None else f", q {event.q:.2g}"
            return [
                f"  {event.experiment} {event.verdict}: superiority {event.effect:.2f} [{low_:.2f}, {high_:.2f}]{q}"
            ]
        case Proposed():
            return [f"conclusion {event.attempt} proposed: {event.formula} (rival: {event.rival})"]
        case Decided():
            marks = {True: "passed", False: "failed", None: "could not be tried"}
            rows = [f"  {check.name}: {marks[check.passed]}: {check.text}" for check in event.checks]
            return [*rows, f"  {event.verdict}"]
        case Levelled():
            return [f"{event.unit}: rest {event.rest:.3g}, full response {event.full:.3g}"]
        case Apart():
            other = CALLED["other" if event.side == "one" else "one"]
            found = "nothing that drawings bring back"
            if event.driven:
                then = "; studied now" if event.studied else ", too little to claim"
                found = f"by up to {event.full:.2f} of the way{then}"
            return [f"{CALLED[event.side]} above {other}: {found}"]
        case Narrowed():
            return [f"  narrowed: {event.formula} to {event.narrowed}"] if event.narrowed != event.formula else []
        case Claimed():
            return [f"{event.claim} claimed of {CALLED[event.side]}: {event.formula} (n {event.n})"]
        case Weighed():
            return [f"  {event.claim}: difference {event.effect:.2f}, controls {event.control:.2f}, p {event.p:.2g}"]
        case Listed():
            return [f"{len(event.subgroups)} subgroups listed"]
        case Suspected():
            return [f"{event.claim} suspected: {event.subgroup.name} (n {event.n})"]
        case Confirmed():
            effect = "could not be tried" if event.effect is None else f"difference {event.effect:+.2f}, p {event.p:.2g}"
            return [f"  {event.claim}: {effect}"]
        case Stopped():
            return [f"ended after {event.by}, the most that are taken" if event.of_itself else f"stopped by {event.by}"]
        case _:
            return []
