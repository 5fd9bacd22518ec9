"""What the subgroups of a hunt come to, from what was screened and confirmed.

Covered: the p of every subgroup tried, corrected by Holm over all of them, and its verdict. Not covered: how it was measured
(`steps.py`), the words (`telling.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ...tools.statistics import holm
from ..deciding_experiment import MARGIN
from ..ledger import ALPHA
from .events import ClassShown, Confirmed, Finding, Listed, Screened, Suspected


@dataclass
class Found:
    """What a hunt has found so far: suspects by subgroup, what came of them by claim."""

    told: ClassShown | None = None
    listed: Listed | None = None
    screened: Screened | None = None
    suspects: dict[str, Suspected] = field(default_factory=dict)
    confirmed: dict[str, Confirmed] = field(default_factory=dict)


def judged(found: Found) -> list[Finding]:
    """What every subgroup comes to: confirmed ones first, then from the lowest up. p corrected by Holm over all of them."""
    if found.listed is None:
        return []
    screens = {s.subgroup: s for s in found.screened.screens} if found.screened is not None else {}
    ps = []
    for group in found.listed.subgroups:
        claim = found.suspects.get(group.name)
        confirmed = found.confirmed.get(claim.claim) if claim is not None else None
        ps.append(1.0 if confirmed is None else confirmed.p)
    findings = []
    for group, p, q in zip(found.listed.subgroups, ps, holm(ps), strict=True):
        claim = found.suspects.get(group.name)
        confirmed = found.confirmed.get(claim.claim) if claim is not None else None
        looked = confirmed if confirmed is not None and confirmed.void is None else screens.get(group.name)
        effect, interval = (None, None) if looked is None else (looked.effect, looked.interval)
        verdict = "open" if interval is None or interval[0] <= -MARGIN else "not lower"
        if confirmed is not None and confirmed.void is None and q <= ALPHA and (confirmed.effect or 0.0) < -MARGIN:
            verdict = "lower"
        findings.append(
            Finding.model_validate(
                {
                    "subgroup": group,
                    "claim": None if claim is None else claim.claim,
                    "effect": effect,
                    "interval": interval,
                    "n": 0 if looked is None else looked.n,
                    "p": None if confirmed is None else p,
                    "q": float(f"{q:.4g}"),
                    "verdict": verdict,
                }
            )
        )
    return sorted(findings, key=lambda f: (f.verdict != "lower", f.claim is None, 0.0 if f.effect is None else f.effect))
