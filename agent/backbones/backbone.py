"""The face of a backbone: it gets the transcript and returns an act. What is true is not its to decide.

Covered: the three acts and the protocol. Not covered: the backbones, one file each beside this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from ..transcript import AnyEvent


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
    """Propose a hypothesis as the answer; or, with `hypothesis` None, stop without one. The lab picks its best rival."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    act: Literal["conclude"] = "conclude"
    hypothesis: str | None


Act = Annotated[Raise | Call | Conclude, Field(discriminator="act")]


class Backbone(Protocol):
    """Decides the next act. A deterministic one, given the same transcript, decides the same again."""

    name: str

    def act(self, transcript: Sequence[AnyEvent]) -> Act:
        """The next act, from everything that happened so far."""
        ...
