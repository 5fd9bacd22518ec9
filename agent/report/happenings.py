"""A run's events, sorted by what they are, so that each part of the page finds its own.

Covered: one pass over the events into a frozen record, and every reading by picture. Not covered: how they are shown.
A run that was cut off has gaps here (no answer, tests registered but never judged), which the page states.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ...tools.exemplars import Exemplars
from ...tools.lab import Reading
from ..transcript import (
    Answered,
    AnyEvent,
    Called,
    Decided,
    Evidence,
    Judged,
    PictureKept,
    Profiled,
    Proposed,
    Raised,
    Redrawn,
    Registered,
    Replied,
    Returned,
    Started,
    Stopped,
)


@dataclass
class Happenings:
    """What happened, by kind; `readings`: the unit's answer to every picture that the events tell one of."""

    started: Started | None = None
    profiled: Profiled | None = None
    redrawn: Redrawn | None = None
    answered: Answered | None = None
    stopped: Stopped | None = None
    pictures: dict[str, PictureKept] = field(default_factory=dict)
    raised: list[Raised] = field(default_factory=list)
    registered: list[Registered] = field(default_factory=list)
    judged: dict[str, Judged] = field(default_factory=dict)
    proposed: list[Proposed] = field(default_factory=list)
    decided: dict[int, Decided] = field(default_factory=dict)
    called: list[Called] = field(default_factory=list)
    returned: dict[str, Returned] = field(default_factory=dict)
    replied: list[Replied] = field(default_factory=list)
    readings: dict[str, Reading] = field(default_factory=dict)

    def final(self, trial: Registered) -> Evidence | None:
        """The answer's line of evidence for an experiment, with the verdict corrected over the whole run."""
        if self.answered is None:
            return None
        return next((line for line in self.answered.evidence if line.experiment == trial.experiment), None)

    @property
    def requests(self) -> int:
        """Requests to language models that brought the replies, retries included."""
        return sum(event.reply.requests for event in self.replied)

    @property
    def tokens(self) -> tuple[int, int] | None:
        """Tokens in and out of all replies; None where an endpoint did not tell all of them."""
        told = [(event.reply.usage.input_tokens, event.reply.usage.output_tokens) for event in self.replied]
        known = [(given, written) for given, written in told if given is not None and written is not None]
        return (sum(given for given, _ in known), sum(written for _, written in known)) if len(known) == len(told) else None

    def verdict(self, trial: Registered) -> str:
        """The experiment's verdict: corrected over the run where there is an answer, else as judged at the time."""
        judged, final = self.judged.get(trial.experiment), self.final(trial)
        if judged is None:
            return "abandoned"
        return judged.verdict if final is None else final.verdict


def gather(events: Sequence[AnyEvent]) -> Happenings:
    """Sort the events."""
    seen = Happenings()
    for event in events:
        match event:
            case Started():
                seen.started = event
            case Profiled():
                seen.profiled = event
            case PictureKept():
                seen.pictures[event.id] = event
            case Raised():
                seen.raised.append(event)
            case Called():
                seen.called.append(event)
            case Returned():
                seen.returned[event.call] = event
            case Replied():
                seen.replied.append(event)
            case Registered():
                seen.registered.append(event)
            case Judged():
                seen.judged[event.experiment] = event
            case Redrawn():
                seen.redrawn = event
            case Proposed():
                seen.proposed.append(event)
            case Decided():
                seen.decided[event.attempt] = event
            case Answered():
                seen.answered = event
            case Stopped():
                seen.stopped = event
        for reading in _readings(event):
            if reading.picture:
                seen.readings.setdefault(reading.picture, reading)
    return seen


def _readings(event: AnyEvent) -> Iterator[Reading]:
    match event:
        case Judged():
            for measured in event.measured:
                yield from measured.readings
        case Redrawn():
            yield from (*event.top, *event.chosen, *event.fresh, *event.ordinary, *event.random)
        case Decided():
            for block in event.blocks:
                yield from block.readings
        case Returned(tool="exemplars", data=dict()):
            for shown in Exemplars.model_validate(event.data).shown:
                yield Reading(picture=shown.picture, peak=shown.peak, mean=float("nan"), percentile=shown.percentile)
