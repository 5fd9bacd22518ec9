"""The events of a hunt for subgroups of a class that score lower than the rest of it.

Covered: what is on record, in order: `HuntBegun`; `Profiled`; `ClassShown`, whether the unit tells the class at all; `Listed`,
every subgroup that will be tried, before any is looked at; `Screened`; every `Suspected`, before its pictures are made; every
`Confirmed`; `Hunted`. Not covered: how they come about (`hunting.py`). Effects are in shares of the way from pictures without
the class (0) to pictures of it (1); a subgroup that scores lower has an effect below 0.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ...tools.lab import Reading
from ..event import Event


class Subgroup(BaseModel):
    """Pictures of the class that share one value of one factor. `name`: in words, such as "red car"."""

    model_config = ConfigDict(frozen=True)

    factor: Literal["colour", "pattern", "size", "background", "light", "place", "together with"]
    value: str
    name: str


class HuntBegun(Event):
    """A class is to be looked through. `shows`: the noun that its pictures show; `chosen`: whether lettvin chose it."""

    kind: Literal["hunt-begun"] = "hunt-begun"
    question: str
    target: str
    unit: str
    shows: str
    chosen: bool
    data: str
    seed: int
    versions: dict[str, str]
    settings: dict[str, Any]
    keys: dict[str, str] = Field(default_factory=dict)


class ClassShown(Event):
    """Fresh pictures of the class, and fresh pictures without it.

    `rest`, `full`: medians without and with it, between which effects are told. `tells`: whether the class's pictures lie above
    the others, `effect` being the probability of that (0.5: no difference) with its interval.
    """

    kind: Literal["class-shown"] = "class-shown"
    of_class: list[Reading]
    others: list[Reading]
    rest: float
    full: float
    effect: float
    interval: tuple[float, float]
    p: float
    tells: bool


class Listed(Event):
    """Every subgroup that is tried. `margin`: how much lower one must score to count, in shares of the way; all fixed here.

    `screened_on`: random pictures of the class that all are screened on; `pairs`: fresh pairs for each of `most` suspects.
    """

    kind: Literal["listed"] = "listed"
    subgroups: list[Subgroup]
    margin: float
    screened_on: int
    pairs: int
    most: int


class Screen(BaseModel):
    """A subgroup against the rest of the class on the screening pictures: `n` of them in it. Exploration."""

    subgroup: str
    n: int
    effect: float | None
    interval: tuple[float, float] | None
    suspected: bool


class Screened(Event):
    """All subgroups on the same random pictures of the class."""

    kind: Literal["screened"] = "screened"
    pictures: list[Reading]
    screens: list[Screen]


class Suspected(Event):
    """A claim is registered, before its pictures are made: the subgroup scores lower than the rest by more than the margin."""

    kind: Literal["suspected"] = "suspected"
    claim: str
    subgroup: Subgroup
    n: int
    margin: float
    predicts: str
    refuted_if: str


class Confirmed(Event):
    """A suspect's fresh pairs, measured: the same picture in the subgroup and, for one other value of the factor, out of it.

    `effect`: mean difference with its 95% interval; `p`: one-sided, sign flips, that the drop exceeds the margin. `void`: why
    it could not be tried (then p is 1).
    """

    kind: Literal["confirmed"] = "confirmed"
    claim: str
    inside: list[Reading]
    outside: list[Reading]
    effect: float | None
    interval: tuple[float, float] | None
    p: float
    n: int
    void: str | None = None


class Finding(BaseModel):
    """What a subgroup comes to. `q`: p corrected by Holm over all subgroups tried, those only screened as p = 1.

    `verdict`: "lower", confirmed on fresh pairs; "not lower", its interval above the margin's drop; "open", neither.
    """

    subgroup: Subgroup
    claim: str | None
    effect: float | None
    interval: tuple[float, float] | None
    n: int
    p: float | None
    q: float
    verdict: Literal["lower", "not lower", "open"]


class Hunted(Event):
    """What the hunt comes to: `findings`, one a subgroup, confirmed ones first, then from the lowest up."""

    kind: Literal["hunted"] = "hunted"
    verdict: Literal["found", "none-found", "inconclusive"]
    text: str
    findings: list[Finding]
    images: int
    limit: str | None
    exemplars: list[str]


AnyOfBias = HuntBegun | ClassShown | Listed | Screened | Suspected | Confirmed | Hunted
