"""What a backbone can do: raise a hypothesis, call an instrument, propose a conclusion.

Covered: the three acts, as they are decided (`backbones/backbone.py`) and recorded (`transcript.py`). Not covered: how
they are carried out (`loop.py`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Raise(BaseModel):
    """Raise a hypothesis: what the unit fires for (a formula), in words, at which level, and why it is worth a test."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    act: Literal["raise"] = "raise"
    formula: str
    statement: str
    level: str
    because: str
    parent: str | None = None


class Call(BaseModel):
    """Call an instrument."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    act: Literal["call"] = "call"
    tool: str
    arguments: dict[str, Any] = {}


class Conclude(BaseModel):
    """Propose a hypothesis as the answer; or, with `hypothesis` None, stop without one. The lab picks its best rival.

    `n`: pictures in each of the lab's first three blocks (None: 16), more for a unit whose answers scatter.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    act: Literal["conclude"] = "conclude"
    hypothesis: str | None
    n: int | None = Field(default=None, ge=16, le=48)


Act = Annotated[Raise | Call | Conclude, Field(discriminator="act")]
