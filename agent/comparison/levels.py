"""Each unit's own scale, from its rest to its full response, and how both answer what fires either: where they agree.

Covered: the levels, by profile and redraw test; both units on fresh drawings of the contents that fire either most (where
these cannot be drawn anew, on the strongest pictures kept back). Not covered: where they differ (`study.py`, `claims.py`).
"""

from __future__ import annotations

import numpy as np

from ...targets.picture import Picture
from ...tools.lab import Lab
from ...tools.statistics import pearson
from ..deciding_experiment import MARGIN, difference, full_of, rest_of
from ..loop import profile
from ..redraw_test import KEPT, redraw_test
from ..run_folder import RunFolder
from ..transcript import Redrawn
from .claims import OTHER, Pair
from .events import SIDES, Agreed, Levelled, Side
from .labs import Labs
from .telling import Known

STRONGEST = 16  # data pictures of those kept back on which units are held against each other that cannot be drawn anew


def level(folder: RunFolder, labs: Labs, names: dict[Side, str], known: Known) -> None:
    """Write down each unit's own scale."""
    for side in SIDES:
        lab = labs.of[side]
        told = profile(lab)
        folder.append(told)
        full, driven, rest = float("-inf"), False, rest_of(lab)
        if not told.dead:
            redrawn = redraw_test(lab)
            for picture in pictures_of(redrawn, lab):
                folder.show(picture)
            folder.append(redrawn)
            known.redrawn[side] = redrawn
            full, driven = full_of(lab, redrawn), redrawn.driven
        levelled = Levelled(
            side=side, unit=names[side], rest=rest, full=max(rest, full), driven=driven and full > rest, dead=told.dead
        )
        folder.append(levelled)
        known.levelled[side] = levelled


def pictures_of(redrawn: Redrawn, lab: Lab) -> list[Picture]:
    """The pictures of a redraw test, in the order in which they are shown."""
    parts = (redrawn.top, redrawn.chosen, redrawn.fresh, redrawn.ordinary, redrawn.random)
    return [lab.find(reading.picture) for part in parts for reading in part if reading.picture]


def agree(folder: RunFolder, labs: Labs, pair: Pair, known: Known) -> None:
    """Both units on fresh drawings of what fires either most; the margin is that of every "no" that lettvin says."""
    means: dict[Side, tuple[float, float, float]] = {}
    n: dict[Side, int] = {}
    for side, redrawn in known.redrawn.items():
        apart, contents = _held_against(labs, pair, side, redrawn)
        mean = difference(apart if side == "one" else -apart, contents)  # always the one less the other
        means[side] = (round(mean.mean, 4), round(mean.low, 4), round(mean.high, 4))
        n[side] = len(dict.fromkeys(contents))
    levels = [pair.scaled[s].levels(labs.of[s].peaks) for s in SIDES]
    there = np.isfinite(levels[0]) & np.isfinite(levels[1])
    r = pearson(levels[0][there], levels[1][there])
    agreed = Agreed(
        margin=MARGIN,
        means=means,
        n=n,
        alike=bool(means) and all(low > -MARGIN and high < MARGIN for _, low, high in means.values()),
        correlation=None if r is None else round(r, 4),
    )
    folder.append(agreed)
    known.agreed = agreed


def _held_against(labs: Labs, pair: Pair, side: Side, redrawn: Redrawn) -> tuple[np.ndarray, list[int]]:
    """Levels of a unit less those of the other on contents that fire it, and which pictures show the same contents."""
    mine, its = labs.of[side], labs.of[OTHER[side]]
    if redrawn.way != "redraw":
        rows = mine.held_back[np.argsort(-mine.peaks[mine.held_back], kind="stable")][:STRONGEST]
        apart = pair.scaled[side].levels(mine.peaks[rows]) - pair.scaled[OTHER[side]].levels(its.peaks[rows])
        return apart, list(range(len(rows)))
    readings = [*redrawn.chosen, *redrawn.fresh]
    best = sorted(range(len(redrawn.chosen)), key=lambda i: -redrawn.chosen[i].peak)[:KEPT]
    contents = [*range(len(redrawn.chosen)), *(best[k % len(best)] for k in range(len(redrawn.fresh)))]
    others = its.measure([mine.find(reading.picture) for reading in readings])
    return pair.levels(side, readings) - pair.levels(OTHER[side], others), contents
