"""The story of a run as the page tells it: hypotheses as a tree, experiments, attempts at a conclusion, controls.

Covered: from events to small frozen views that the template lays out; plots are drawn here (`plots.py`) because they
belong to what they show. Not covered: exemplars and distribution (`exemplar_strip.py`), the layout (`page.html.j2`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from markupsafe import Markup

from ...targets.picture import FromEdit
from ...tools.experiment import Condition, Measured
from ...tools.lab import Reading
from ...tools.statistics import superiority
from ..transcript import Block, Decided, Judged, Proposed, Raised, Redrawn, Registered
from .happenings import Happenings
from .pictures import Pictures
from .plots import Row, controls, strips
from .wording import BLOCKS, number


_REDRAWN = {"top": "", "chosen": "", "fresh": "high", "ordinary": "", "random": "low"}


@dataclass(frozen=True)
class Shot:
    """A picture in one place of the page: its data URL (None: the file is missing), caption, and the unit's answer."""

    id: str
    src: str | None
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
class Trial:
    """One experiment: what was registered, what came out, and the final verdict."""

    plan: Registered
    judged: Judged | None
    verdict: str
    statement: str
    groups: tuple[Group, ...]
    plot: Markup | None


@dataclass(frozen=True)
class Node:
    """A hypothesis with what became of it and those that were refined from it."""

    raised: Raised
    status: str
    trials: tuple[Trial, ...]
    attempts: tuple[Attempt, ...]
    children: tuple[Node, ...]


@dataclass(frozen=True)
class Attempt:
    """One attempt at a conclusion: what was frozen, its blocks, and what the lab decided (None: it was cut off)."""

    proposed: Proposed
    decided: Decided | None
    blocks: tuple[tuple[str, str, tuple[Group, ...]], ...]
    plot: Markup | None
    controls: Markup | None


@dataclass(frozen=True)
class Teller:
    """What every part of the story needs: the events, the pictures, and how many of them a group may show."""

    seen: Happenings
    pictures: Pictures
    most: int

    def shot(self, reading: Reading) -> Shot:
        kept = self.seen.pictures.get(reading.picture)
        caption = kept.caption if kept is not None else None
        if caption is None:
            caption = f"picture {reading.picture[:12]}, without a caption" if reading.picture else "a data picture"
        return Shot(reading.picture, self.pictures.thumbnail(reading.picture), caption, reading.peak, reading.percentile)

    def references(self) -> list[tuple[float, str]]:
        """Where the data's median and its top percentile lie on the peaks' scale."""
        known = dict(self.seen.profiled.quantiles) if self.seen.profiled else {}
        return [(known[q], name) for q, name in ((0.5, "data median"), (0.99, "data 99%")) if q in known]

    def group(self, lines: Sequence[tuple[Line, Sequence[Reading]]]) -> Group:
        """Lines of equally many readings as stacks, strongest first by the first line."""
        order = sorted(range(len(lines[0][1])), key=lambda i: -lines[0][1][i].peak)
        shown = [i for i in order if lines[0][1][i].picture in self.seen.pictures][: self.most]
        stacks = tuple(tuple(self.shot(readings[i]) for _, readings in lines) for i in shown)
        every = tuple((line.name, replace(self.shot(readings[i]), src=None)) for line, readings in lines for i in order)
        return Group(tuple(line for line, _ in lines), stacks, len(order) - len(shown), every)


def trials(teller: Teller) -> list[Trial]:
    """Every experiment that was registered, in order."""
    seen = teller.seen
    statements = {raised.id: raised.statement for raised in seen.raised}
    told = []
    for plan in seen.registered:
        judged = seen.judged.get(plan.experiment)
        groups, plot = _measured(teller, plan, judged) if judged is not None else ((), None)
        told.append(Trial(plan, judged, seen.verdict(plan), statements.get(plan.hypothesis, ""), groups, plot))
    return told


def _measured(teller: Teller, plan: Registered, judged: Judged) -> tuple[tuple[Group, ...], Markup]:
    made = {condition.name: made_by(condition) for condition in plan.conditions}
    all_measured = [measured for measured in judged.measured if measured.readings]
    places = {measured.name: i for i, measured in enumerate(all_measured)}

    def kind(name: str) -> str:
        return "high" if name in plan.prediction.high else "low" if name in plan.prediction.low else ""

    def root(measured: Measured) -> str:
        while measured.pairs_with in places:
            measured = all_measured[places[measured.pairs_with]]
        return measured.name

    families: dict[tuple[str, int], list[Measured]] = {}
    for measured in all_measured:
        families.setdefault((root(measured), len(measured.readings)), []).append(measured)
    groups = tuple(
        teller.group([(Line(m.name, made.get(m.name, ""), kind(m.name)), m.readings) for m in family])
        for family in families.values()
    )
    rows = [
        _row(teller, m.name, kind(m.name), m.readings, places.get(m.pairs_with) if m.pairs_with else None)
        for m in all_measured
    ]
    return groups, strips(rows, teller.references(), judged.effect, judged.interval, "P(predicted high > predicted low)")


def made_by(condition: Condition) -> str:
    """How a condition's pictures were made, in words."""
    if condition.concept is not None:
        return f"drawn so that “{condition.concept}” holds"
    if condition.prompts is not None:
        return "drawn for " + ", ".join(f"“{prompt}”" for prompt in condition.prompts)
    if condition.breaks is not None:
        return f"the same pictures as “{condition.edit_of}” but for one factor, so that “{condition.breaks}” no longer holds"
    return f"the same pictures as “{condition.edit_of}” but for {condition.factor} = {condition.value}"


def tree(seen: Happenings, tried: Sequence[Trial], attempted: Sequence[Attempt]) -> list[Node]:
    """The hypotheses that were raised on their own, each with those refined from it below it."""
    known = {raised.id for raised in seen.raised}

    def node(raised: Raised) -> Node:
        mine = tuple(trial for trial in tried if trial.plan.hypothesis == raised.id)
        ends = tuple(attempt for attempt in attempted if attempt.proposed.hypothesis == raised.id)
        children = tuple(node(child) for child in seen.raised if child.parent == raised.id and child.id != raised.id)
        return Node(raised, _status(mine, ends), mine, ends, children)

    return [node(raised) for raised in seen.raised if raised.parent not in known or raised.parent == raised.id]


def _status(tried: Sequence[Trial], ends: Sequence[Attempt]) -> str:
    """What became of a hypothesis: the last attempt to conclude it, else its last test that counts."""
    decided = [attempt.decided.verdict for attempt in ends if attempt.decided is not None]
    counted = [trial.verdict for trial in tried if not trial.plan.exploratory and trial.judged is not None]
    if decided:
        return decided[-1]
    return counted[-1] if counted else "exploratory" if any(trial.judged for trial in tried) else "untested"


def attempts(teller: Teller) -> list[Attempt]:
    """Every attempt at a conclusion, in order."""
    told = []
    for proposed in teller.seen.proposed:
        decided = teller.seen.decided.get(proposed.attempt)
        if decided is None:
            told.append(Attempt(proposed, None, (), None, None))
            continue
        blocks = {block.name: block for block in decided.blocks}
        own, plot = _own(blocks), _blocks_plot(teller, decided)
        shown = tuple((*BLOCKS[name], groups) for name, groups in _block_groups(teller, blocks))
        told.append(Attempt(proposed, decided, shown, plot, controls(decided.controls, own) if decided.controls else None))
    return told


def _own(blocks: dict[str, Block]) -> float | None:
    high, near = (np.array([r.peak for r in blocks[n].readings]) if n in blocks else np.array([]) for n in ("high", "near-miss"))
    return superiority(high, near) if len(high) and len(near) else None


def _block_groups(teller: Teller, blocks: dict[str, Block]) -> list[tuple[str, tuple[Group, ...]]]:
    """The pictures of the blocks: near misses below what they miss, the others split by what the answer says."""
    told: list[tuple[str, tuple[Group, ...]]] = []
    high, near = blocks.get("high"), blocks.get("near-miss")
    if high is not None and near is not None and _are_pairs(teller, high, near):
        lines = [(Line("predicted high", "", "high"), high.readings), (Line("its near miss, below it", "", "low"), near.readings)]
        told.append(("high", (teller.group(lines),)))
    else:
        for block, kind in ((high, "high"), (near, "low")):
            if block is not None and block.readings:
                told.append((block.name, (teller.group([(Line(f"predicted {kind}", "", kind), block.readings)]),)))
    for name in ("rival", "held-back"):
        if (rest := blocks.get(name)) is not None and rest.readings:
            told.append((name, tuple(teller.group([(line, readings)]) for line, readings in _split(rest))))
    return told


def _are_pairs(teller: Teller, high: Block, near: Block) -> bool:
    """Whether each near miss was made from the picture that stands in its place among the high ones."""
    if not high.readings or len(high.readings) != len(near.readings):
        return False
    made = [teller.seen.pictures.get(reading.picture) for reading in near.readings]
    parents = [m.provenance.parent if m and isinstance(m.provenance, FromEdit) else None for m in made]
    return parents == [reading.picture for reading in high.readings]


def _split(block: Block) -> list[tuple[Line, list[Reading]]]:
    told = []
    for says, kind in ((True, "high"), (False, "low")):
        other = "low" if says else "high"
        name = f"answer says {kind}, rival says {other}" if block.name == "rival" else f"answer says {kind}"
        mine = [r for r, said in zip(block.readings, block.answer_says, strict=True) if said == says]
        if mine:
            told.append((Line(name, "", kind), mine))
    return told


def _blocks_plot(teller: Teller, decided: Decided) -> Markup | None:
    rows: list[Row] = []
    for block in decided.blocks:
        if block.name in ("high", "near-miss"):
            rows.append(_row(teller, BLOCKS[block.name][0], "high" if block.name == "high" else "low", block.readings))
            continue
        short = "rival" if block.name == "rival" else "held back"
        rows += [_row(teller, f"{short}: answer says {line.kind}", line.kind, mine) for line, mine in _split(block)]
    check = next((c for c in decided.checks if c.effect is not None and c.interval is not None and c.p is not None), None)
    effect, interval = (check.effect, check.interval) if check is not None else (None, None)
    rows = [row for row in rows if row.values]
    return strips(rows, teller.references(), effect, interval, "P(high > near miss)") if rows else None


def redraw(teller: Teller, redrawn: Redrawn) -> tuple[Markup | None, tuple[Group, ...]]:
    """The redraw test's readings as strips, and the pictures of it that the run kept."""
    names = {
        "top": "top data pictures",
        "chosen": "the same, drawn anew",
        "fresh": "better half of them, drawn afresh",
        "ordinary": "data pictures of the whole range",
        "random": "the same, drawn anew",
    }
    if redrawn.way == "held-out half":
        names = {"fresh": "held back, with the term found", "random": "held back, without it"}
    parts = [(name, list(getattr(redrawn, part)), _REDRAWN[part]) for part, name in names.items()]
    parts = [(name, readings, kind) for name, readings, kind in parts if readings]
    groups = [teller.group([(Line(name, "", kind), readings)]) for name, readings, kind in parts]
    rows = [_row(teller, name, kind, readings) for name, readings, kind in parts]
    of = "P(better half > whole range), drawn afresh" if redrawn.way == "redraw" else "P(with the term > without it)"
    plot = strips(rows, teller.references(), redrawn.effect, redrawn.interval, of) if rows else None
    return plot, tuple(group for group in groups if group.stacks)


def _row(teller: Teller, name: str, kind: str, readings: Sequence[Reading], pairs: int | None = None) -> Row:
    tips = [(kept.caption or "") if (kept := teller.seen.pictures.get(r.picture)) else "" for r in readings]
    return Row(name, [r.peak for r in readings], kind, tips, pairs)
