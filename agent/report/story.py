"""The story of a run as the page tells it: hypotheses as a tree, and experiments with their predictions.

Covered: from events to small frozen views that the template lays out; plots are drawn here (`plots.py`) because they
belong to what they show. Not covered: conclusions and controls (`attempts.py`), exemplars (`exemplar_strip.py`), the
layout (`page.html.j2`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ...tools.experiment import Condition, Measured
from ..ledger import LEAST_PAIRS
from ..transcript import Judged, Raised, Registered
from .attempts import Attempt
from .groups import Group, Line, Teller
from .happenings import Happenings
from .plots import strips
from .wording import shortened

DEEPEST = 7  # levels of the tree


@dataclass(frozen=True)
class Trial:
    """One experiment: what was registered, what came out, and the final verdict.

    `told`: whether it has a part of the page of its own, with its pictures and plot; else only its outcome is named.
    """

    plan: Registered
    judged: Judged | None
    verdict: str
    statement: str
    lines: tuple[Line, ...]
    groups: tuple[Group, ...]
    plot: Markup | None
    told: bool = True

    @property
    def void(self) -> str | None:
        """Why the test could not count, where the ledger set its p to 1 although the effect went the predicted way."""
        judged = self.judged
        if judged is not None and judged.void is not None:
            return judged.void
        if judged is None or judged.p != 1.0 or judged.effect <= 0.5:
            return None
        if self.plan.paired and judged.n < LEAST_PAIRS:
            return f"only {judged.n} pairs could be made, and {LEAST_PAIRS} are needed"
        return "it used pictures that the run had measured before"


@dataclass(frozen=True)
class Node:
    """A hypothesis with what became of it and those that were refined from it."""

    raised: Raised
    status: str
    trials: tuple[Trial, ...]
    attempts: tuple[Attempt, ...]
    children: tuple[Node, ...]


def trials(teller: Teller, full: int | None = None, listed: int | None = None) -> list[Trial]:
    """The experiments that were registered, in order; at most `listed` of them, `full` of those with pictures and plot.

    Where not all can be, those on what was concluded come first, then those that decided something.
    """
    seen = teller.seen
    statements = {raised.id: raised.statement for raised in seen.raised}
    concluded = {proposed.hypothesis for proposed in seen.proposed}

    def weight(plan: Registered) -> tuple[bool, bool]:
        return plan.hypothesis not in concluded, seen.verdict(plan) not in ("supported", "refuted")

    foremost = [plan.experiment for plan in sorted(seen.registered, key=weight)]
    named, in_full = set(foremost[:listed]), set(foremost[:full])
    told = []
    for plan in (plan for plan in seen.registered if plan.experiment in named):
        judged, whole = seen.judged.get(plan.experiment), plan.experiment in in_full
        groups, plot = _measured(teller, plan, judged) if judged is not None and whole else ((), None)
        lines = tuple(Line(c.name, shortened(made_by(c), 400), _kind(plan, c.name)) for c in plan.conditions)
        statement = statements.get(plan.hypothesis, "")
        told.append(Trial(plan, judged, seen.verdict(plan), statement, lines, groups, plot, whole))
    return told


def _measured(teller: Teller, plan: Registered, judged: Judged) -> tuple[tuple[Group, ...], Markup]:
    all_measured = [measured for measured in judged.measured if measured.readings]
    places = {measured.name: i for i, measured in enumerate(all_measured)}

    def root(measured: Measured) -> str:
        while measured.pairs_with in places:
            measured = all_measured[places[measured.pairs_with]]
        return measured.name

    families: dict[tuple[str, int], list[Measured]] = {}
    for measured in all_measured:
        families.setdefault((root(measured), len(measured.readings)), []).append(measured)
    groups = tuple(
        teller.group([(Line(m.name, "", _kind(plan, m.name)), m.readings) for m in family])
        for family in families.values()
    )
    if plan.experiment not in teller.plots:
        rows = [
            teller.row(m.name, _kind(plan, m.name), m.readings, places.get(m.pairs_with) if m.pairs_with else None)
            for m in all_measured
        ]
        of = "P(predicted high > predicted low)"
        teller.plots[plan.experiment] = strips(rows, teller.references(), judged.effect, judged.interval, of)
    return groups, teller.plots[plan.experiment]


def _kind(plan: Registered, name: str) -> str:
    return "high" if name in plan.prediction.high else "low" if name in plan.prediction.low else ""


def made_by(condition: Condition) -> str:
    """How a condition's pictures were made, in words."""
    if condition.concept is not None:
        return (
            "drawn so that it holds"
            if condition.concept == condition.name
            else f"drawn so that “{condition.concept}” holds"
        )
    if condition.prompts is not None:
        return "drawn for " + ", ".join(f"“{prompt}”" for prompt in condition.prompts)
    if condition.breaks is not None:
        return f"the same pictures as “{condition.edit_of}” but for one factor, “{condition.breaks}” no longer holding"
    return f"the same pictures as “{condition.edit_of}” but for {condition.factor} = {condition.value}"


def tree(
    seen: Happenings, tried: Sequence[Trial], attempted: Sequence[Attempt], listed: int | None = None
) -> list[Node]:
    """The hypotheses that were raised on their own, each with those refined from it below it; at most `listed` in all.

    Where not all can be named, those that were concluded come first, then those raised first. Below `DEEPEST` levels the
    rest of a line stands side by side, so that a long one can be read (each names what it refines).
    """
    concluded = {attempt.proposed.hypothesis for attempt in attempted}
    foremost = sorted(seen.raised, key=lambda raised: raised.id not in concluded)[:listed]
    known = {raised.id for raised in foremost}
    below: dict[str | None, list[Raised]] = {}
    for raised in (raised for raised in seen.raised if raised.id in known):
        parent = raised.parent if raised.parent in known and raised.parent != raised.id else None
        below.setdefault(parent, []).append(raised)

    def nodes(first: Sequence[Raised], depth: int) -> tuple[Node, ...]:
        told, waiting = [], list(reversed(first))
        while waiting:
            raised = waiting.pop()
            mine = tuple(trial for trial in tried if trial.plan.hypothesis == raised.id)
            ends = tuple(attempt for attempt in attempted if attempt.proposed.hypothesis == raised.id)
            refined = below.get(raised.id, [])
            if depth == DEEPEST:
                waiting += reversed(refined)
                refined = []
            told.append(Node(raised, _status(mine, ends), mine, ends, nodes(refined, depth + 1)))
        return tuple(told)

    return list(nodes(below.get(None, []), 1))


def _status(tried: Sequence[Trial], ends: Sequence[Attempt]) -> str:
    """What became of a hypothesis: the last attempt to conclude it, else its last test that counts."""
    decided = [attempt.decided.verdict for attempt in ends if attempt.decided is not None]
    counted = [trial.verdict for trial in tried if not trial.plan.exploratory and trial.judged is not None]
    if decided:
        return decided[-1]
    return counted[-1] if counted else "exploratory" if any(trial.judged for trial in tried) else "untested"
