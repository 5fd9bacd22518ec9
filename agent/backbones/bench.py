"""What a run lets a backbone see beside its transcript, where the backbone asks for it by `attend`.

Covered: the instruments' names and types, pictures by id, and the record of the run, so that what cannot be done twice alike
is written down. Not covered: the lab itself, which no backbone may touch (`../loop.py` carries its acts out).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ...targets.picture import Picture
from ...tools.instrument import Instrument
from .recorded import Record


@dataclass(frozen=True)
class Bench:
    """`find`: a picture of this run by its id (raises `ToolError`); `show`: make it part of the run's folder.

    `drawn`: whether every picture of the data has a scene; `nouns`: those of its cut-outs.
    """

    record: Record
    instruments: Mapping[str, Instrument]
    find: Callable[[str], Picture]
    show: Callable[[Picture], None]
    drawn: bool = True
    nouns: tuple[str, ...] = ()


class Attending(Protocol):
    """A backbone that wants to see the bench before its first act."""

    def attend(self, bench: Bench) -> None: ...
