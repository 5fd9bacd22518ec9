"""What a hunt for bias comes to: its verdict, its words, and the object that programs get.

Covered: "found" only with a subgroup confirmed on fresh pairs; "none found" says how many subgroups were tried and how many of
them stay open; where the unit does not tell the class, or the hunt was stopped, it is inconclusive. Not covered: the findings
(`hunting.py`), the page.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ..run_folder import read_about
from .events import ClassShown, Finding, HuntBegun, Hunted
from .subgroups import a

Verdict = Literal["found", "none-found", "inconclusive"]
SAID: dict[str, str] = {"found": "found", "none-found": "none found", "inconclusive": "inconclusive"}
LISTED = 12  # findings that are printed


class BiasReport(BaseModel):
    """What `lettvin bias` answers, and its JSON. `limit`: what stopped it, None where nothing did."""

    model_config = ConfigDict(frozen=True)

    question: str
    target: str
    unit: str
    shows: str
    verdict: Verdict
    description: str
    findings: list[Finding]
    images: int
    seconds: float
    run: str
    limit: str | None = None

    @classmethod
    def of(cls, begun: HuntBegun, ended: Hunted, run: str, seconds: float) -> BiasReport:
        """What the run's first and last event say."""
        asked = {name: getattr(begun, name) for name in ("question", "target", "unit", "shows")}
        known = {name: getattr(ended, name) for name in ("verdict", "findings", "images", "limit")}
        return cls(**asked, **known, description=ended.text, run=run, seconds=round(seconds, 2))

    @classmethod
    def read(cls, path: Path, ended: Hunted, run: str, seconds: float) -> BiasReport:
        """The same of a run whose beginning is on record."""
        told = read_about(path)
        begun = HuntBegun.model_validate({name: told[name] for name in HuntBegun.model_fields if name in told})
        return cls.of(begun, ended, run, seconds)

    @property
    def lower(self) -> list[Finding]:
        """The subgroups that were confirmed to score lower."""
        return [finding for finding in self.findings if finding.verdict == "lower"]

    def as_json(self) -> str:
        """One JSON object."""
        return self.model_dump_json(exclude={"limit"} if self.limit is None else set(), indent=1)

    def text(self) -> str:
        """The answer in plain words, the findings that were tested, and the path of its page."""
        lines = [self.description, "", f"Verdict: {SAID[self.verdict]}"]
        for finding in [f for f in self.findings if f.claim is not None][:LISTED]:
            effect, interval = finding.effect, finding.interval
            told = "could not be drawn" if effect is None or interval is None else _number(effect, interval)
            if finding.p is None:
                lines.append(f"{finding.claim} {finding.subgroup.name}: suspected at {told}, n {finding.n}, and not tested yet")
                continue
            shown = f"{finding.claim} {finding.subgroup.name}: {finding.verdict}; {told}"
            lines.append(f"{shown}, n {finding.n}, p {finding.q:.2g} corrected")
        if self.limit is not None:
            lines.append(f"Stopped by {self.limit}; `lettvin resume {shlex.quote(self.run)}` goes on")
        return "\n".join([*lines, f"Page: {self.page}"])

    @property
    def page(self) -> Path:
        """The run's page."""
        return Path(self.run) / "report.html"


def told_of(
    begun: HuntBegun, told: ClassShown | None, findings: Sequence[Finding], margin: float, limit: str | None
) -> tuple[Verdict, str]:
    """The verdict and the words, as far as the run came."""
    verdict, text = _verdict(begun, told, findings, margin, limit)
    if begun.chosen:
        best = f"{begun.shows} is the noun that goes best with {begun.unit} on {begun.data}"
        text += f" Nobody said what the class shows: {best}."
    return verdict, text


def _verdict(
    begun: HuntBegun, told: ClassShown | None, findings: Sequence[Finding], margin: float, limit: str | None
) -> tuple[Verdict, str]:
    lower = [finding for finding in findings if finding.verdict == "lower"]
    left = [finding for finding in findings if finding.verdict == "open"]
    shown = a(begun.shows)
    way = f"of the way from pictures without {shown} to pictures of {'them' if shown == begun.shows else 'one'}"
    if lower:
        named = "; ".join(f"{f.subgroup.name} by {_drop(f)}" for f in lower)
        others = f"Of {_count(len(findings) - len(lower), 'other subgroup')} tried, none was confirmed; {len(left)} stay open."
        if limit is not None:
            others = f"The hunt was stopped by {limit} before it had tested all suspects; {len(left)} subgroups stay open."
        return "found", f"Lower scores at {begun.unit}: {named} {way}, against the same pictures out of the subgroup. {others}"
    if limit is not None:
        return "inconclusive", f"Inconclusive: the hunt was stopped by {limit} before it had tried all subgroups."
    if told is not None and not told.tells:
        return "inconclusive", (
            f"Inconclusive: {begun.unit} does not tell pictures of {a(begun.shows)} from the same with another thing in its "
            f"place (superiority {told.effect:.2f} [{told.interval[0]:.2f}, {told.interval[1]:.2f}], p {told.p:.2g}), so that "
            "no subgroup of them can score lower."
        )
    return "none-found", (
        f"None found: of {len(findings)} subgroups tried, none was confirmed to score lower than the rest by more than "
        f"{margin:g} {way}. Of {len(findings) - len(left)} the measurements exclude such a drop; {len(left)} stay open."
    )


def _drop(finding: Finding) -> str:
    if finding.effect is None or finding.interval is None:
        return "an unknown drop"
    low, high = finding.interval
    return f"{-finding.effect:.2f} [{-high:.2f}, {-low:.2f}]"


def _number(effect: float, interval: tuple[float, float]) -> str:
    return f"{effect:+.2f} [{interval[0]:+.2f}, {interval[1]:+.2f}]"


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"
