"""What dissection knows of the unit asked about.

Covered: which dissection a unit is read from, made or opened. Not covered: how a dissection is made (`tools/dissection`).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..targets.target import Unit
from ..tools.dissection import dissect, dissect_unit
from ..tools.dissection.contents import contents
from ..tools.dissection.patches import patch_of
from ..tools.profile import Profile
from ..tools.sources.source import Source

if TYPE_CHECKING:
    from ..tools.dissection import Dissection


def profile_unit(
    unit: Unit, source: Source, layers: Sequence[str] | None, folder: Path, progress: Callable[[str, int, int], None]
) -> Profile:
    """The unit's profile, from the dissection of all its target's layers (or of the unit alone, for a group)."""

    def watch(done: int, total: int) -> None:
        progress("dissecting", done, total)

    def waiting(done: int, total: int) -> None:
        progress("waiting for another process that makes the same dissection", done, total)

    dissection: Dissection
    if unit.index is None:
        dissection = dissect_unit(unit.target, source, unit, folder=folder, watch=watch, waiting=waiting)
        layer, index = dissection.layers[0], 0
    else:
        chosen = list(layers) if layers is not None else list(unit.target.default_layers)
        if unit.layer.name not in chosen:
            chosen = [unit.layer.name] if layers is None else [*chosen, unit.layer.name]
        dissection = dissect(unit.target, source, chosen, folder=folder, watch=watch, waiting=waiting)
        layer, index = unit.layer.name, unit.index
    profile = Profile(
        peaks=dissection.column(layer, index),
        threshold=dissection.threshold(layer, index),
        dead=bool(dissection.dead(layer)[index]),
        sparse=bool(dissection.sparse(layer)[index]),
        patch=patch_of(dissection.folder, unit.target, unit.layer.name),
        skipped=tuple(f"{s.name or s.index}: {s.reason}" for s in dissection.skipped),
        contents=lambda: contents(dissection.folder, source),
    )
    # nobody takes the dissection away while a run stands on it: its lease lasts as long as the object
    weakref.finalize(profile, _let_go, dissection)
    return profile


def _let_go(dissection: Dissection) -> None:
    """Nothing: to be called with it is what keeps it."""
