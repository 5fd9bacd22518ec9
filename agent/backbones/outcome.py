"""What came of an act, read off the transcript: what the code or the tool call that asked for it gets back.

Covered: calls, hypotheses, experiments, conclusions, and mistakes. Not covered: calls that are no acts (`vision_language.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...tools.instrument import Instrument
from ..acts import Act, Call, Conclude, Raise
from ..transcript import Acted, AnyEvent, Decided, Judged, Raised, Returned
from .sandbox import Mistake
from .tool_api import CONCLUDE, EXPERIMENT, RAISE, Checked, Conclusion, Side, Trial


def act_of(name: str, arguments: Mapping[str, Any]) -> Act:
    """The act that a call stands for. Raises pydantic's ValidationError where its arguments do not fit."""
    if name == RAISE:
        return Raise.model_validate(dict(arguments))
    if name == CONCLUDE:
        return Conclude.model_validate(dict(arguments))
    return Call(tool=name, arguments=dict(arguments))


def outcome(transcript: Sequence[AnyEvent], act: Act, instruments: Mapping[str, Instrument]) -> Any | Mistake:
    """What the last act came to: a result (a pydantic model, or an id), or the mistake in it."""
    since: list[AnyEvent] = []
    for event in reversed(transcript):
        if isinstance(event, Acted):
            break
        since.append(event)
    mistake = next((event for event in since if isinstance(event, Returned) and event.mistake), None)
    if mistake is not None:
        return Mistake(mistake.text)
    for event in since:
        match act, event:
            case Raise(), Raised():
                return event.id
            case Conclude(), Decided():
                checks = [Checked(name=check.name, passed=check.passed, text=check.text) for check in event.checks]
                return Conclusion(
                    hypothesis=act.hypothesis,
                    verdict=event.verdict,
                    reasons=event.reasons,
                    rival=event.rival,
                    checks=checks,
                )
            case Call(tool="experiment"), Judged():
                return _trial(event)
            case Call(), Returned() if act.tool != EXPERIMENT:
                return instruments[act.tool].result.model_validate(event.data)
    return Mistake("nothing came of it")


def _trial(judged: Judged) -> Trial:
    conditions = [
        Side(
            name=measured.name,
            pictures=[reading.picture for reading in measured.readings],
            peaks=[reading.peak for reading in measured.readings],
            percentiles=[reading.percentile for reading in measured.readings],
        )
        for measured in judged.measured
    ]
    told = {name: getattr(judged, name) for name in ("experiment", "hypothesis", "verdict", "effect", "p", "q", "n", "void")}
    return Trial(**told, interval=list(judged.interval), conditions=conditions)
