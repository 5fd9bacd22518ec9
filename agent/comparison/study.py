"""The study of a difference: what fires one unit more than the other, found out by the scientist as of a unit of its own.

Covered: whether there is a difference in a direction that drawings bring back and that could be claimed; where there is, the
study, by the same scientist and under the same rules as any (`../loop.py`), and its accounts, narrowed. Not covered: the claims
that come of them (`claims.py`).
"""

from __future__ import annotations

from ...targets.difference import DifferenceTarget
from ...tools.lab import Lab, Limits
from ..conduct import prepare
from ..deciding_experiment import MARGIN, full_of
from ..fixed_protocol import StoppedWithin
from ..loop import Run
from ..redraw_test import redraw_test
from ..run_folder import PartOfRun, RunFolder
from ..transcript import Redrawn, Stopped
from .claims import OTHER, Pair, accounts, narrowed
from .events import SIDES, Apart, Narrowed, Side
from .labs import Labs
from .levels import pictures_of
from .telling import Known


def study(
    folder: RunFolder, labs: Labs, pair: Pair, side: Side, names: dict[Side, str], backbone: str, known: Known
) -> list[Narrowed]:
    """What one unit fires for more than the other, narrowed: nothing where no difference could be claimed.

    A study that has taken all its steps has its say with what stood its tests until then. Raises `StoppedWithin` where a limit
    or Ctrl-C stopped it.
    """
    unit = DifferenceTarget(pair.scaled["one"], pair.scaled["other"]).unit(str(SIDES.index(side)))
    lab = labs.open_apart(unit, side)
    apart, redrawn = _reproducible(folder, lab, side)
    known.driven[side] = apart.studied
    if not apart.studied:
        return []
    question = f"What fires {names[side]} more than {names[OTHER[side]]}?"
    asked = prepare(
        unit,
        question,
        backbone=backbone,
        data=labs.source,
        generator="sketch",
        describer=None,
        judge=None,
        models=None,
        tools=(),
        layers=None,
        seed=labs.seed,
        limits=Limits(),  # the comparison's own hold; the record must not depend on when they were given
        among=len(SIDES),
        page=False,
    )
    run = Run(lab, asked.backbone, PartOfRun(folder), asked.instruments, redrawn)
    answered = run.play(asked.started.model_copy(update={"answering": question, "read_as": None}))
    if answered.limit is not None and not Stopped(by=answered.limit).of_itself:
        raise StoppedWithin(answered.limit)
    told = []
    for serial, account in enumerate(accounts(run, answered)):
        one = narrowed(pair, lab, side, account, str(serial))
        folder.append(one)
        told.append(one)
    return told


def _reproducible(folder: RunFolder, lab: Lab, side: Side) -> tuple[Apart, Redrawn | None]:
    """Whether there is a difference in this direction that drawings bring back, and that could be claimed."""
    redrawn = None if lab.profile.dead else redraw_test(lab)
    full = 0.0 if redrawn is None else full_of(lab, redrawn)
    driven = redrawn is not None and redrawn.driven
    if redrawn is not None:
        for picture in pictures_of(redrawn, lab):
            folder.show(picture)
    apart = Apart(
        side=side,
        dead=redrawn is None,
        driven=driven,
        full=round(full, 4),
        margin=MARGIN,
        effect=0.5 if redrawn is None else redrawn.effect,
        interval=(0.5, 0.5) if redrawn is None else redrawn.interval,
        p=1.0 if redrawn is None else redrawn.p,
        detectable=0.5 if redrawn is None else redrawn.detectable,
        studied=driven and full >= MARGIN,
    )
    folder.append(apart)
    return apart, redrawn
