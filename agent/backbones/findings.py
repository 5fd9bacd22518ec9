"""What a run has found, in words for a model: the unit's profile and control, and the evidence without the reasoning.

Covered: events to text, with formulas, conditions and numbers. Texts that came from elsewhere (captions, prompts, names) are
quoted or fenced: they are data. Not covered: why a hypothesis was raised, which a reviewer is not told.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...tools.experiment import Condition, Measured
from ..transcript import AnyEvent, Decided, Judged, Profiled, Raised, Redrawn, Registered, Returned, Started
from .fences import fenced, inline
from .model import Shown

PICTURES = 8  # strongest, and as many ordinary ones, that a reviewer sees
SCREENS = 2  # of the last screenings, that a reviewer sees


def of_unit(events: Sequence[AnyEvent]) -> dict[str, str]:
    """The blanks that every task has: the unit, its place, its range and what the redraw test said."""
    started = next(event for event in events if isinstance(event, Started))
    profiled = next((event for event in events if isinstance(event, Profiled)), None)
    redrawn = next((event for event in events if isinstance(event, Redrawn)), None)
    return {
        "unit": inline(f"{started.unit} of {started.target}"),
        "layer": f"{inline(started.layer)} ({started.layer_kind})",
        "data": "unknown" if profiled is None else _profile(profiled),
        "control": "not done" if redrawn is None else _control(redrawn),
    }


def evidence(events: Sequence[AnyEvent]) -> str:
    """Everything raised, screened, measured and decided, in order, without a word of why."""
    unit = of_unit(events)
    parts = [f"Unit: {unit['unit']}, layer {unit['layer']}", f"Data: {unit['data']}", f"Control: {unit['control']}"]
    raised = [event for event in events if isinstance(event, Raised)]
    parts.append("Hypotheses:\n" + ("\n".join(f"- {h.id}: {h.formula} [{h.level[:40]}]" for h in raised) or "- none"))
    screens = [e for e in events if isinstance(e, Returned) and e.tool == "screen" and not e.mistake][-SCREENS:]
    parts += ["Screening of the open data (exploratory):\n" + fenced(screen.text) for screen in screens]
    plans = {event.experiment: event for event in events if isinstance(event, Registered)}
    for event in events:
        if isinstance(event, Judged):
            parts.append(trial(plans[event.experiment], event))
        elif isinstance(event, Decided):
            reasons = "; ".join(event.reasons) or "every check passed"
            parts.append(f"Conclusion {event.attempt}, {event.formula} against {event.rival}: {event.verdict} ({reasons})")
    return "\n\n".join(parts)


def pictures(events: Sequence[AnyEvent]) -> list[Shown]:
    """The unit's strongest pictures and ordinary ones, each with its percentile."""
    redrawn = next((event for event in events if isinstance(event, Redrawn)), None)
    if redrawn is None:
        return []
    step = max(1, len(redrawn.ordinary) // PICTURES)
    shown = [("strongest", r) for r in redrawn.top[:PICTURES]]
    shown += [("ordinary", r) for r in redrawn.ordinary[::step][:PICTURES]]
    found = {r.picture: Shown(picture=r.picture, label=f"{name}, percentile {r.percentile:g}") for name, r in shown}
    return list(found.values())


def trial(plan: Registered, judged: Judged) -> str:
    """One experiment: its conditions with what they measured, its prediction and its verdict."""
    made = {condition.name: condition for condition in plan.conditions}
    lines = [f"{judged.experiment}, for {judged.hypothesis}: {judged.verdict}, superiority {judged.effect:.2f} "]
    lines[0] += f"[{judged.interval[0]:.2f}, {judged.interval[1]:.2f}]" + ("" if judged.q is None else f", q {judged.q:.2g}")
    lines[0] += "" if judged.void is None else f"; could not count: {judged.void}"
    for measured in judged.measured:
        side = "high" if measured.name in plan.prediction.high else "low" if measured.name in plan.prediction.low else "-"
        lines.append(f"- {_made(made[measured.name])}: predicted {side}; {_numbers(measured)}")
    return "\n".join(lines)


def _made(condition: Condition) -> str:
    """What a condition's pictures show, after its name."""
    return f"{inline(condition.name, 80)}: {_contents(condition)}"


def _contents(condition: Condition) -> str:
    if condition.concept is not None:
        return inline(condition.concept)
    if condition.prompts is not None:
        return f"prompts {inline('; '.join(condition.prompts))}"
    set_to = f"{condition.factor} to {inline(condition.value or '')}"
    change = set_to if condition.breaks is None else f"one factor changed so that {inline(condition.breaks)} is false"
    return f"edit of {inline(condition.edit_of or '')} with {change}"


def _numbers(measured: Measured) -> str:
    percentiles = [reading.percentile for reading in measured.readings]
    return f"median percentile {np.median(percentiles):.0f}, median peak {np.median(measured.peaks):.4g}, n {len(percentiles)}"


def _profile(profiled: Profiled) -> str:
    over = ", ".join(f"{q:g}: {peak:.6g}" for q, peak in profiled.quantiles)
    held = f"{profiled.pictures} pictures, {profiled.held_back} of them held back for the conclusion"
    return f"{held}; quantiles of the unit's peak: {over}" + ("; the unit is silent on most" if profiled.sparse else "")


def _control(redrawn: Redrawn) -> str:
    low, high = redrawn.interval
    found = "something in pictures drives the unit" if redrawn.driven else "nothing reproducible was found to drive the unit"
    told = f"{found} (redraw test: superiority {redrawn.effect:.2f} [{low:.2f}, {high:.2f}], p {redrawn.p:.2g})"
    if redrawn.fresh and redrawn.random:
        full, middle = np.quantile([reading.peak for reading in redrawn.fresh], (0.75, 0.5))
        usual = np.median([reading.peak for reading in redrawn.random])
        told += f"; what drives it most peaks, drawn afresh, at {middle:.6g} (upper quartile {full:.6g}), ordinary contents "
        told += f"at {usual:.6g}"
        apart = [abs(a.peak - b.peak) for a, b in zip(redrawn.ordinary, redrawn.random, strict=False)]
        told += f"; two drawings of the same contents differ by {np.median(apart):.6g} (median)" if apart else ""
    return told
