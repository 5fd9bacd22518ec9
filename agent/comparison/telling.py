"""What a comparison comes to: its verdict, its words, the data pictures that show it, and the object that programs get.

Covered: "different" only with a supported claim; "no difference found" only where neither direction of the difference is
reproducible and both units answer what fires either alike, within the margin; everything else is inconclusive, and says why.
Not covered: the claims (`claims.py`), the page.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from ...targets.difference import Scaled
from ...tools.lab import Lab
from ..run_folder import read_about
from ..transcript import Redrawn
from .events import SIDES, Agreed, ClaimFound, Compared, ComparisonBegun, Found, Levelled, Shown, Side

SHOWN = 5  # data pictures from each end of the difference, and where both fire
LEAST = 0.1  # of the way: what is less shows nothing
SAID: dict[str, str] = {"different": "different", "no-difference": "no difference found", "inconclusive": "inconclusive"}


@dataclass
class Known:
    """What a comparison has found out so far. `driven`: whether what fires a unit more than the other was worth a study."""

    levelled: dict[Side, Levelled] = field(default_factory=dict)
    redrawn: dict[Side, Redrawn] = field(default_factory=dict)
    agreed: Agreed | None = None
    driven: dict[Side, bool] = field(default_factory=dict)


class Comparison(BaseModel):
    """What `lettvin compare` answers, and its JSON. `limit`: what stopped it, None where nothing did."""

    model_config = ConfigDict(frozen=True)

    question: str
    target: str
    unit: str
    other_target: str
    other_unit: str
    verdict: Found
    description: str
    claims: list[ClaimFound]
    shared: list[str]
    images: int
    seconds: float
    run: str
    limit: str | None = None

    @classmethod
    def of(cls, begun: ComparisonBegun, ended: Compared, run: str, seconds: float) -> Comparison:
        """What the run's first and last event say."""
        asked = {name: getattr(begun, name) for name in ("question", "target", "unit", "other_target", "other_unit")}
        known = {name: getattr(ended, name) for name in ("verdict", "claims", "shared", "images", "limit")}
        return cls(**asked, **known, description=ended.text, run=run, seconds=round(seconds, 2))

    @classmethod
    def read(cls, path: Path, ended: Compared, run: str, seconds: float) -> Comparison:
        """The same of a run whose beginning is on record."""
        told = read_about(path)
        begun = ComparisonBegun.model_validate({name: told[name] for name in ComparisonBegun.model_fields if name in told})
        return cls.of(begun, ended, run, seconds)

    def as_json(self) -> str:
        """One JSON object."""
        return self.model_dump_json(exclude={"limit"} if self.limit is None else set(), indent=1)

    def text(self) -> str:
        """The answer in plain words, its claims with their numbers, and the path of its page."""
        lines = [self.description, "", f"Verdict: {SAID[self.verdict]}"]
        for claim in self.claims:
            low, high = claim.interval
            lines.append(
                f"{claim.claim} {claim.verdict}: {claim.text}; difference {claim.effect:.2f} [{low:.2f}, {high:.2f}], "
                f"controls {claim.control:.2f}, n {claim.n}, p {claim.q:.2g} corrected"
            )
        if self.limit is not None:
            lines.append(f"Stopped by {self.limit}; `lettvin resume {shlex.quote(self.run)}` goes on")
        return "\n".join([*lines, f"Page: {self.page}"])

    @property
    def page(self) -> Path:
        """The run's page."""
        return Path(self.run) / "report.html"


def unit_names(target: str, unit: str, other_target: str, other_unit: str) -> dict[Side, str]:
    """What two units are called: by address; of two networks with them; one that is compared with itself, numbered."""
    if target != other_target:
        return {"one": f"{target} {unit}", "other": f"{other_target} {other_unit}"}
    if unit == other_unit:
        return {"one": unit, "other": f"{other_unit} (again)"}
    return {"one": unit, "other": other_unit}


def told_of(
    names: Mapping[Side, str],
    claims: Sequence[ClaimFound],
    shared: Sequence[str],
    known: Known,
    limit: str | None,
) -> tuple[Found, str]:
    """The verdict and the words, as far as the run came."""
    supported = [claim for claim in claims if claim.verdict == "supported"]
    levelled, agreed, driven = known.levelled, known.agreed, known.driven
    if supported:
        text = _sentences([claim.text for claim in supported if claim.within is None])
        if shared:
            text += f" Both fire for {' and for '.join(shared)}."
        silent = [side for side in SIDES if not any(claim.side == side for claim in supported)]
        if len(silent) == 1 and limit is None:
            side = silent[0]
            against = names["other" if side == "one" else "one"]
            text += (
                f" Some pictures fire {names[side]} reproducibly more than {against}, but no account of them stood its test."
                if driven.get(side)
                else f" Nothing was found that reproducibly fires {names[side]} more than {against}."
            )
        return "different", text
    if limit is not None:
        return "inconclusive", f"Inconclusive: the comparison was stopped by {limit} before a claim stood its test."
    assert agreed is not None
    if not any(levelled[side].driven for side in SIDES):
        return "no-difference", (
            "No difference found: nothing in pictures reproducibly drives either unit, so that there is nothing to compare."
        )
    apart = ", ".join(f"{mean:+.2f} [{low:+.2f}, {high:+.2f}]" for mean, low, high in agreed.means.values())
    if agreed.alike and not any(driven.values()):
        return "no-difference", (
            f"No difference found: on new drawings of what fires either most, the levels of {names['one']} less those of "
            f"{names['other']} are {apart} of the way from rest to full response, within {agreed.margin:g}; and nothing in "
            "pictures reproducibly fires the one more than the other."
        )
    if any(driven.values()):
        sides = [side for side in SIDES if driven.get(side)]
        more = ", and others ".join(f"{names[side]} more than {names['other' if side == 'one' else 'one']}" for side in sides)
        why = f"some pictures reproducibly fire {more}, but no account of them stood its test."
        tried = _sentences([claim.text for claim in claims])
        return "inconclusive", f"Inconclusive: {why} {tried}".strip()
    return "inconclusive", (
        f"Inconclusive: nothing was found that reproducibly fires the one more than the other, and yet on what fires either "
        f"most their levels differ by {apart}, which reaches beyond {agreed.margin:g}."
    )


def _sentences(texts: Sequence[str]) -> str:
    """Texts that begin with a unit's name, which is written as it is, or with a plain word, as sentences."""
    return " ".join(f"{text[:1].upper()}{text[1:]}." if text.startswith(("it ", "whether ")) else f"{text}." for text in texts)


def exemplars(levelled: Mapping[Side, Levelled], labs: Mapping[Side, Lab]) -> list[Shown]:
    """Open data pictures: where the one lies furthest above the other, where both fire, where the other lies above."""
    if len(levelled) < 2:
        return []
    lab = labs["one"]
    levels = [
        Scaled(labs[side].unit, levelled[side].rest, levelled[side].full).levels(labs[side].peaks[lab.open]) for side in SIDES
    ]
    apart, together = levels[0] - levels[1], np.minimum(levels[0], levels[1])
    chosen: dict[int, None] = {}
    for score in (apart, together, -apart):
        order = np.argsort(-score, kind="stable")[:SHOWN]
        chosen |= {int(i): None for i in order if score[i] > LEAST}
    ids = {i: lab.data_picture(int(lab.open[i])).id for i in chosen}
    return [Shown(picture=ids[i], one=round(float(levels[0][i]), 4), other=round(float(levels[1][i]), 4)) for i in chosen]
