"""Pictures side by side, each with the unit's answer: what experiments, conclusions and controls show alike.

Covered: a picture in one place of the page, lines of them in aligned stacks, the same readings as a row of a plot.
Not covered: which belong together (`story.py`, `attempts.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from ...tools.lab import Reading
from .happenings import Happenings
from .plots import Row
from .wording import number, shortened

MOST_CAPTION = 400  # characters; events.jsonl has all of it


@dataclass(frozen=True)
class Shot:
    """A picture in one place of the page: its id, caption, and the unit's answer."""

    id: str
    caption: str
    peak: float
    percentile: float

    @property
    def note(self) -> str:
        return f"peak {number(self.peak)} · percentile {number(self.percentile)}"


@dataclass(frozen=True)
class Line:
    """A line of pictures: its name, how they were made, and what was predicted of it ("high", "low" or "")."""

    name: str
    made: str
    kind: str


@dataclass(frozen=True)
class Group:
    """Pictures side by side in stacks; a stack holds one picture of each line, so that pairs stand aligned.

    `left_out`: stacks that are not shown, because the run did not keep them or to keep the page small; every number is
    in `readings`.
    """

    lines: tuple[Line, ...]
    stacks: tuple[tuple[Shot, ...], ...]
    left_out: int
    readings: tuple[tuple[str, Shot], ...]


@dataclass(frozen=True)
class Teller:
    """What every part of the story needs: the events, and how many pictures a line may show.

    `shown`: the ids of all pictures that were put somewhere, once for each place. `plots`: the experiments' plots, which
    are the same however many pictures a line may show.
    """

    seen: Happenings
    most: int
    plots: dict[str, Markup] = field(default_factory=dict)
    shown: list[str] = field(default_factory=list)

    def shot(self, reading: Reading) -> Shot:
        kept = self.seen.pictures.get(reading.picture)
        caption = kept.caption if kept is not None else None
        if caption is None:
            caption = f"picture {reading.picture[:12]}, without a caption" if reading.picture else "a data picture"
        return Shot(reading.picture, shortened(caption, MOST_CAPTION), reading.peak, reading.percentile)

    def references(self) -> list[tuple[float, str]]:
        """Where the data's median and its top percentile lie on the peaks' scale."""
        known = dict(self.seen.profiled.quantiles) if self.seen.profiled else {}
        return [(known[q], name) for q, name in ((0.5, "data median"), (0.99, "data 99%")) if q in known]

    def group(self, lines: Sequence[tuple[Line, Sequence[Reading]]]) -> Group:
        """Lines of equally many readings as stacks, strongest first by the first line."""
        order = sorted(range(len(lines[0][1])), key=lambda i: -lines[0][1][i].peak)
        shown = [i for i in order if lines[0][1][i].picture in self.seen.pictures][: self.most]
        stacks = tuple(tuple(self.shot(readings[i]) for _, readings in lines) for i in shown)
        self.shown.extend(shot.id for stack in stacks for shot in stack)
        every = tuple((line.name, self.shot(readings[i])) for line, readings in lines for i in order)
        return Group(tuple(line for line, _ in lines), stacks, len(order) - len(shown), every)

    def row(self, name: str, kind: str, readings: Sequence[Reading], pairs: int | None = None) -> Row:
        """A line of readings for a strip plot; a point's tip is its picture's caption."""
        tips = [(kept.caption or "") if (kept := self.seen.pictures.get(r.picture)) else "" for r in readings]
        return Row(name, [r.peak for r in readings], kind, tips, pairs)
