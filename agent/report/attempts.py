"""The attempts at a conclusion, and the redraw test that comes before them: what the lab itself drew and decided.

Covered: the four blocks with their pictures and plots, reasons, other units as controls. Not covered: how it was
decided (`agent/admission.py`, `agent/redraw_test.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from ...targets.picture import FromEdit
from ...tools.lab import Reading
from ...tools.statistics import superiority
from ..transcript import Block, Decided, Proposed, Redrawn
from .groups import Group, Line, Teller
from .plots import Row, controls, strips
from .wording import BLOCKS, CHECKS

_REDRAWN = {"top": "", "chosen": "", "fresh": "high", "ordinary": "", "random": "low"}


@dataclass(frozen=True)
class Attempt:
    """One attempt at a conclusion: what was frozen, its blocks, and what the lab decided (None: it was cut off)."""

    proposed: Proposed
    decided: Decided | None
    blocks: tuple[tuple[str, str, tuple[Group, ...]], ...]
    plot: Markup | None
    controls: Markup | None
    reasons: tuple[str, ...] = ()


def attempts(teller: Teller) -> list[Attempt]:
    """Every attempt at a conclusion, in order."""
    told = []
    for proposed in teller.seen.proposed:
        decided = teller.seen.decided.get(proposed.attempt)
        if decided is None:
            told.append(Attempt(proposed, None, (), None, None))
            continue
        blocks: dict[str, Block] = {block.name: block for block in decided.blocks}
        own, plot = _own(blocks), _blocks_plot(teller, decided)
        shown = tuple((*BLOCKS[name], groups) for name, groups in _block_groups(teller, blocks))
        others = controls(decided.controls, own) if decided.controls else None
        told.append(Attempt(proposed, decided, shown, plot, others, _reasons(decided)))
    return told


def _reasons(decided: Decided) -> tuple[str, ...]:
    """Why a conclusion was not admitted: the checks it failed, by name (the table tells the rest), and what else."""
    failed = [f"the check “{check.name}” {CHECKS[check.passed]}" for check in decided.checks if not check.passed]
    told = {check.text for check in decided.checks}
    return (
        (*failed, *(reason for reason in decided.reasons if reason not in told))
        if decided.verdict != "supported"
        else ()
    )


def _own(blocks: Mapping[str, Block]) -> float | None:
    high, near = (
        np.array([r.peak for r in blocks[n].readings]) if n in blocks else np.array([]) for n in ("high", "near-miss")
    )
    return superiority(high, near) if len(high) and len(near) else None


def _block_groups(teller: Teller, blocks: Mapping[str, Block]) -> list[tuple[str, tuple[Group, ...]]]:
    """The pictures of the blocks: near misses below what they miss, the others split by what the answer says."""
    told: list[tuple[str, tuple[Group, ...]]] = []
    high, near = blocks.get("high"), blocks.get("near-miss")
    if high is not None and near is not None and _are_pairs(teller, high, near):
        lines = [
            (Line("predicted high", "", "high"), high.readings),
            (Line("its near miss, below it", "", "low"), near.readings),
        ]
        told.append(("pairs", (teller.group(lines),)))
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
    """The block's pictures by what the answer predicts for them and, in the rival's block, what the rival does."""
    told: dict[Line, list[Reading]] = {}
    for reading, says, rival in sorted(
        zip(block.readings, block.answer_says, block.rival_says, strict=True), key=lambda row: (not row[1], row[2])
    ):
        kind, other = ("high" if said else "low" for said in (says, rival))
        name = f"answer says {kind}"
        if block.name == "rival":
            name = f"answer and rival say {kind}" if says == rival else f"answer says {kind}, rival says {other}"
        told.setdefault(Line(name, "", kind), []).append(reading)
    return list(told.items())


def _blocks_plot(teller: Teller, decided: Decided) -> Markup | None:
    rows: list[Row] = []
    for block in decided.blocks:
        if block.name in ("high", "near-miss"):
            rows.append(teller.row(BLOCKS[block.name][0], "high" if block.name == "high" else "low", block.readings))
            continue
        short = "rival" if block.name == "rival" else "held back"
        rows += [teller.row(f"{short}: {line.name}", line.kind, mine) for line, mine in _split(block)]
    check = next(
        (c for c in decided.checks if c.effect is not None and c.interval is not None and c.p is not None), None
    )
    effect, interval = (check.effect, check.interval) if check is not None else (None, None)
    rows = [row for row in rows if row.values]
    return strips(rows, teller.references(), effect, interval, "P(high > near miss)") if rows else None


def redraw(teller: Teller, redrawn: Redrawn) -> tuple[Markup | None, tuple[Group, ...]]:
    """The redraw test's readings as strips, and the pictures of it that the run kept."""
    names = {
        "top": "top data pictures",
        "chosen": "the same, drawn anew",
        "fresh": "best quarter of them, drawn afresh",
        "ordinary": "data pictures of the whole range",
        "random": "the same, drawn anew",
    }
    if redrawn.way == "held-out half":
        names = {"fresh": "held back, with the term found", "random": "held back, without it"}
    parts = [(name, list(getattr(redrawn, part)), _REDRAWN[part]) for part, name in names.items()]
    parts = [(name, readings, kind) for name, readings, kind in parts if readings]
    groups = [teller.group([(Line(name, "", kind), readings)]) for name, readings, kind in parts]
    rows = [teller.row(name, kind, readings) for name, readings, kind in parts]
    of = "P(best quarter > whole range), drawn afresh" if redrawn.way == "redraw" else "P(with the term > without it)"
    plot = strips(rows, teller.references(), redrawn.effect, redrawn.interval, of) if rows else None
    return plot, tuple(group for group in groups if len(group.stacks) > group.left_out)
