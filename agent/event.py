"""What every event of a run has, whatever the run is about.

Covered: the base of the typed events. Not covered: the events (`transcript.py`, `comparison/events.py`, `bias/events.py`).
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """What every event has: its place in the run, and the seconds since the run began."""

    model_config = ConfigDict(frozen=True)

    seq: int = 0
    at: float = 0.0
