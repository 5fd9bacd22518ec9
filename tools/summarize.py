"""The instrument `summarize`: what a set of pictures shares, beyond what the data at large shows.

Covered: the simple terms true of more of the pictures than of the open data, by log odds (MILAN's idea of scoring by how
much likelier a word is here than anywhere). Not covered: whether the unit cares; that takes an experiment.
"""

from __future__ import annotations

import math

from pydantic import BaseModel

from .instrument import Result, ToolError, tool
from .lab import Lab


class Shared(BaseModel):
    """A term: the share of the pictures of which it is true, the share of the open data, and the log odds between."""

    term: str
    here: float
    anywhere: float
    log_odds: float


class Summary(Result):
    """What the pictures share, most telling first."""

    pictures: int
    shared: list[Shared]

    def text(self) -> str:
        if not self.shared:
            return "nothing that the data at large does not show as often"
        return "\n".join(f"{s.term}: {s.here:.0%} here, {s.anywhere:.0%} anywhere" for s in self.shared)


@tool
def summarize(lab: Lab, *, pictures: list[str], most: int = 8) -> Summary:
    """What these pictures have in common that pictures of the data at large do not.

    Args:
        pictures: ids of pictures of this run, 2 at least.
        most: how many terms to name at most, 1 or more.
    """
    if len(pictures) < 2 or most < 1:
        raise ToolError(f"summarize: wants at least 2 pictures and 1 term, not {len(pictures)} and {most}")
    shown = [lab.find(identity) for identity in pictures]
    for picture in shown:
        if picture.scene is None and picture.caption is None:
            raise ToolError(f"summarize: nothing is known of picture {picture.id[:12]!r}: it has neither scene nor caption")
    rows = []
    for term in lab.corpus.terms(lab.open):
        anywhere = (lab.corpus.truths(term)[lab.open].sum() + 1) / (len(lab.open) + 2)
        here = (sum(lab.holds(term, p) for p in shown) + 1) / (len(shown) + 2)
        odds = math.log(here / (1 - here)) - math.log(anywhere / (1 - anywhere))
        rows.append(Shared(term=str(term), here=round(here, 4), anywhere=round(anywhere, 4), log_odds=round(odds, 3)))
    telling = sorted((r for r in rows if r.log_odds > math.log(2)), key=lambda r: (-r.log_odds, r.term))
    return Summary(pictures=len(shown), shared=telling[:most])
