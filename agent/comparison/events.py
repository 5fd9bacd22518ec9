"""The events of a comparison of two units, beside those of the two studies within it.

Covered: what is on record, in order: `ComparisonBegun`; for each unit its profile and redraw test, and `Levelled`; `Agreed`;
for each direction `Apart` and, where it is worth one, a study from its `Started` to its `Answered`, with `Narrowed` for each
account looked at; every `Claimed`, before any of their pictures is made; every `Weighed`; `Compared`. Not covered: how they
come about (`comparing.py`).
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from ...tools.lab import Reading
from ..event import Event

Side = Literal["one", "other"]
SIDES: tuple[Side, Side] = ("one", "other")
Found = Literal["different", "no-difference", "inconclusive"]


class ComparisonBegun(Event):
    """Two units are to be compared. `keys`: as of `Started`, with the other network's under "other target"."""

    kind: Literal["comparison-begun"] = "comparison-begun"
    question: str
    target: str
    unit: str
    other_target: str
    other_unit: str
    backbone: str
    data: str
    seed: int
    versions: dict[str, str]
    settings: dict[str, Any]
    keys: dict[str, str] = Field(default_factory=dict)


class Levelled(Event):
    """A unit's own scale, from its profile and its redraw test: `rest` is 0 and `full` is 1 (where it is above rest)."""

    kind: Literal["levelled"] = "levelled"
    side: Side
    unit: str
    rest: float
    full: float
    driven: bool
    dead: bool


class Agreed(Event):
    """Both units on the contents that fire either most, drawn anew: levels of the one less those of the other.

    `means`: mean difference with its 95% interval over the contents, on what fires the one and on what fires the other;
    `alike`: whether both intervals lie within `margin`, which was fixed beforehand. `correlation`: Pearson's, of the levels
    over all data pictures.
    """

    kind: Literal["agreed"] = "agreed"
    margin: float
    means: dict[Side, tuple[float, float, float]]
    n: dict[Side, int]
    alike: bool
    correlation: float | None


class Apart(Event):
    """Whether pictures reproducibly fire one unit (`side`) more than the other, by the redraw test of the difference.

    `full`: what drawings of the contents that do most reach, in levels; under `margin` nothing could be claimed of it.
    `effect`, `interval`, `p`, `detectable`: as of `Redrawn`. `studied`: whether a study follows.
    """

    kind: Literal["apart"] = "apart"
    side: Side
    dead: bool
    driven: bool
    full: float
    margin: float
    effect: float
    interval: tuple[float, float]
    p: float
    detectable: float
    studied: bool


class Taken(BaseModel):
    """What may take a difference away: its mean on `n` drawn pictures with the term, and on as many without it.

    `shared`: the account with the term, in words, where both units fire for that; None where they do not.
    """

    term: str
    with_it: float
    without: float
    n: int
    shared: str | None


class Narrowed(Event):
    """An account of what one unit fires for more than the other, narrowed by what lets both fire alike; exploration."""

    kind: Literal["narrowed"] = "narrowed"
    side: Side
    formula: str
    narrowed: str
    because: str
    tried: list[Taken]


class Claimed(Event):
    """A claim is registered, before any picture of it is made: `side` fires for `formula`, where the other does not."""

    kind: Literal["claimed"] = "claimed"
    claim: str
    side: Side
    formula: str
    n: int
    margin: float
    predicts: str
    refuted_if: str


class Weighed(Event):
    """A claim's pictures, measured. Readings of the one and the other unit, in the same order as the pictures.

    `shown`: pictures of which the formula is true, `near` the same with one factor changed so that it is not. `levels`: mean
    level with its 95% interval of each unit on `shown` and on `near`. `effect`: mean difference on `shown`, claimed unit less
    the other. `control`: the same on `near`. `p`: the larger of two one-sided sign-flip p: that the difference on `shown`
    exceeds 0, and that it exceeds the one on `near`. `void`: why the claim could not be tried (then p is 1).
    """

    kind: Literal["weighed"] = "weighed"
    claim: str
    shown: dict[Side, list[Reading]]
    near: dict[Side, list[Reading]]
    levels: dict[Literal["one shown", "other shown", "one near", "other near"], tuple[float, float, float]]
    effect: float
    interval: tuple[float, float]
    control: float
    control_interval: tuple[float, float]
    p: float
    n: int
    void: str | None = None


class ClaimFound(BaseModel):
    """A claim's end: `q` is its p corrected by Holm over all claims of the comparison.

    `within`: another supported claim, true of more data pictures and of nearly all of which this one is; None where none is.
    """

    claim: str
    side: Side
    formula: str
    text: str
    effect: float
    interval: tuple[float, float]
    control: float
    p: float
    q: float
    n: int
    verdict: Literal["supported", "refuted", "inconclusive"]
    within: str | None = None


class Shown(BaseModel):
    """A data picture with both units' levels, from rest (0) to full response (1)."""

    picture: str
    one: float
    other: float


class Compared(Event):
    """What the comparison comes to. `shown`: data pictures from where the one fires more to where the other does."""

    kind: Literal["compared"] = "compared"
    verdict: Found
    text: str
    claims: list[ClaimFound]
    shared: list[str]
    images: int
    limit: str | None
    shown: list[Shown]

    @property
    def exemplars(self) -> list[str]:
        """The ids of the data pictures shown."""
        return [one.picture for one in self.shown]


AnyOfComparison = ComparisonBegun | Levelled | Agreed | Apart | Narrowed | Claimed | Weighed | Compared
