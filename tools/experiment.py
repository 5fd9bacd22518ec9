"""The instrument `experiment`: conditions against conditions, on fresh pictures.

Covered: making each condition's pictures (from prompts, for a concept, or as one-factor edits of another condition's) and
measuring them, with the prediction that the call must carry. Not covered: registering the prediction and judging it,
which `agent/ledger.py` does before and after; an experiment without that is exploration.
"""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..targets.errors import BadInput, ModelFailed
from ..targets.picture import Picture
from .generate import drawn
from .generator import Wanted, edits, near_misses
from .instrument import Result, ToolError, tool
from .lab import Lab, Reading


class Condition(BaseModel):
    """What one set of pictures shows: exactly one of a concept, prompts, or an edit of an earlier condition's pictures.

    An edit either breaks a concept (`breaks`: one factor changes so that it no longer holds) or sets `factor` to `value`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=80)
    concept: str | None = None
    prompts: list[str] | None = None
    edit_of: str | None = None
    breaks: str | None = None
    factor: str | None = None
    value: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Condition:
        if sum(x is not None for x in (self.concept, self.prompts, self.edit_of)) != 1:
            raise ValueError(f"condition {self.name!r} needs exactly one of concept, prompts and edit_of")
        if self.edit_of is not None and (self.breaks is None) == (self.factor is None or self.value is None):
            raise ValueError(f"condition {self.name!r} edits {self.edit_of!r}: give either breaks, or factor and value")
        useless = {"factor": self.factor, "value": self.value} if self.edit_of is None or self.breaks is not None else {}
        useless |= {"breaks": self.breaks} if self.edit_of is None else {}
        for field, value in useless.items():
            if value is not None:
                raise ValueError(f"condition {self.name!r} has no use for {field} {value!r}")
        return self


class Prediction(BaseModel):
    """What is expected, written before measuring: which conditions are high, which low, and what would refute it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    high: list[str] = Field(min_length=1)
    low: list[str] = Field(min_length=1)
    refuted_if: str = Field(min_length=1)


class Measured(BaseModel):
    """One condition's readings, in order; `pairs_with` names the condition of which these are edits, one for one."""

    name: str
    readings: list[Reading]
    pairs_with: str | None = None

    @property
    def peaks(self) -> np.ndarray:
        return np.array([reading.peak for reading in self.readings])


class Measurements(Result):
    """All conditions of one experiment."""

    conditions: list[Measured]

    def text(self) -> str:
        rows = ((c.name, c.peaks, [r.percentile for r in c.readings]) for c in self.conditions)
        return "\n".join(
            f"{n}: median peak {np.median(p):.4g} (percentile {np.median(q):.0f}), n {len(p)}" for n, p, q in rows
        )


@tool
def experiment(
    lab: Lab,
    *,
    conditions: list[Condition],
    prediction: Prediction,
    hypothesis: str,
    n: int = 12,
    exploratory: bool = False,
) -> Measurements:
    """Make n fresh pictures for each condition and show them to the unit; the prediction is registered first.

    A test that counts has its n fixed here; there is no topping up. Edits are paired with what they are edits of, and
    pairs need n >= 10.

    Args:
        conditions: two or more conditions.
        prediction: which conditions will be high, which low, and what would refute the hypothesis.
        hypothesis: id of the hypothesis that the prediction follows from, such as "H1".
        n: fresh pictures a condition, 4 to 64.
        exploratory: true for a look around that never counts as a test.
    """
    check(conditions, prediction, n, exploratory)
    serial = lab.next_serial("experiment")
    made: dict[str, list[Picture]] = {}
    for condition in conditions:
        lab.check_time()
        rng = lab.stream("experiment", str(serial), condition.name)
        try:
            made[condition.name] = _pictures(lab, condition, made, n, rng)
        except ModelFailed:
            raise
        except BadInput as error:
            raise ToolError(f"experiment: {error}") from None
    _drop_unmade_pairs(conditions, made)
    measured = []
    readings = lab.measure([p for condition in conditions for p in made[condition.name]])
    for condition in conditions:
        mine, readings = readings[: len(made[condition.name])], readings[len(made[condition.name]) :]
        measured.append(Measured(name=condition.name, readings=mine, pairs_with=condition.edit_of))
    return Measurements(conditions=measured)


def check(conditions: list[Condition], prediction: Prediction, n: int, exploratory: bool) -> None:
    """Whether such an experiment can be registered at all. Raises `ToolError` naming what is wrong."""
    names = [condition.name for condition in conditions]
    if len(set(names)) != len(names) or len(names) < 2:
        raise ToolError(f"experiment: wants two or more conditions of different names, not {names!r}")
    for side in (*prediction.high, *prediction.low):
        if side not in names:
            raise ToolError(f"experiment: the prediction names {side!r}, which is no condition of {names!r}")
    if set(prediction.high) & set(prediction.low):
        raise ToolError("experiment: a condition is predicted both high and low")
    for sides in (prediction.high, prediction.low):
        if len(set(sides)) < len(sides):
            raise ToolError(f"experiment: the prediction names a condition twice in {sides!r}: its pictures count once")
    for place, condition in enumerate(conditions):
        if condition.edit_of is not None and condition.edit_of not in names[:place]:
            raise ToolError(
                f"experiment: {condition.name!r} edits {condition.edit_of!r}, which does not stand before it"
            )
    paired = any(condition.edit_of is not None for condition in conditions)
    least = 10 if paired and not exploratory else 4
    if not least <= n <= 64:
        raise ToolError(f"experiment: n must be {least} to 64 here, not {n}")


def _pictures(
    lab: Lab, condition: Condition, made: dict[str, list[Picture]], n: int, rng: np.random.Generator
) -> list[Picture]:
    generator = lab.generator
    if condition.concept is not None:
        concept = lab.corpus.read(condition.concept)
        fresh: dict[str, Picture] = {}
        asked = 0
        while len(fresh) < n and asked < 3 * n:  # what was seen before is replaced; ways of being true take turns
            lab.progress("generating", len(fresh), n)
            missing = n - len(fresh)
            fresh |= {p.id: p for p in generator.examples(concept, missing, rng) if p.id not in lab.used}
            asked += missing
        if len(fresh) < n:
            raise BadInput(f"{generator.name} made {len(fresh)} of {n} pictures where {condition.concept!r} holds")
        return list(fresh.values())
    if condition.prompts is not None:
        if not condition.prompts:
            raise BadInput(f"condition {condition.name!r} has no prompts")
        prompts = [condition.prompts[i % len(condition.prompts)] for i in range(n)]
        return drawn(lab, [Wanted(prompt, int(rng.integers(2**31))) for prompt in prompts])
    assert condition.edit_of is not None  # by Condition's own check
    before = made[condition.edit_of]
    if condition.breaks is None:
        assert condition.factor is not None
        assert condition.value is not None
        return edits(generator, before, condition.factor, condition.value)
    missed = near_misses(generator, lab.corpus.read(condition.breaks), before, rng)
    # an unchanged picture marks a pair that cannot be made; dropped below
    return [after or picture for picture, after in zip(before, missed, strict=True)]


def _drop_unmade_pairs(conditions: list[Condition], made: dict[str, list[Picture]]) -> None:
    """Leave out pairs whose edit could not be made. Raises `ToolError` where over a quarter of them could not.

    A picture goes with all that was edited from it, edits of edits too, so that a family stays one row a picture.
    """
    family: dict[str, str] = {}
    for condition in conditions:
        family[condition.name] = family[condition.edit_of] if condition.edit_of is not None else condition.name
    rows = {name: set(range(len(pictures))) for name, pictures in made.items()}
    for condition in conditions:
        if condition.edit_of is None:
            continue
        before, after = made[condition.edit_of], made[condition.name]
        rows[family[condition.name]] -= {i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a.id == b.id}
        kept = len(rows[family[condition.name]])
        if kept < max(4, 0.75 * len(before)):
            raise ToolError(f"experiment: only {kept} of {len(before)} edits of {condition.edit_of!r} could be made")
    for name in made:
        made[name] = [made[name][i] for i in sorted(rows[family[name]])]
