"""The labs of a comparison: one a unit, and one for each direction of their difference; what one measured is new to none.

Covered: making them over the data that both units share, and the profile of a difference, which is known from both units'.
Not covered: what is asked of them (`levels.py`, `study.py`, `claims.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...targets.difference import DifferenceTarget
from ...targets.errors import BadInput
from ...targets.target import Unit
from ...tools.describer import ExactDescriber
from ...tools.lab import Lab, Limits
from ...tools.profile import Profile
from ...tools.sketch.cutout_nouns import NONE
from ...tools.sketch_generator import SketchGenerator
from ...tools.sources.cutouts import CutoutSource
from ...tools.sources.source import Source
from ...tools.store import Store, cache_folder
from ..readings import Readings
from ..unit_profile import profile_unit
from ..watcher import Watcher
from .events import SIDES, Side


@dataclass
class Labs:
    """A comparison's labs, made as they are needed. `path`: where the run lies, once it does; `limits`: of all together."""

    source: Source
    store: Store
    seed: int
    limits: Limits
    watcher: Watcher
    path: Callable[[], Path]
    of: dict[Side, Lab] = field(default_factory=dict)
    apart: dict[Side, Lab] = field(default_factory=dict)

    def open(self, units: dict[Side, Unit], began: float) -> None:
        """The labs of both units. Raises `BadInput` where the data are too few."""
        folder = cache_folder() / "dissections"
        profiles = {side: profile_unit(units[side], self.source, None, folder, self.watcher.progress) for side in SIDES}
        first = self._lab(units["one"], profiles["one"], began)
        if len(first.open) < 10 or not len(first.held_back):
            raise BadInput(f"{self.source.name} holds {len(first.open)} readable pictures: too few to compare units on")
        self.of = {"one": first, "other": self._lab(units["other"], profiles["other"], began, first)}

    def open_apart(self, unit: Unit, side: Side) -> Lab:
        """The lab of the difference in one direction, whose data are known from both units': nothing is dissected anew."""
        target = unit.target
        assert isinstance(target, DifferenceTarget)
        one, other = self.of["one"].profile, self.of["other"].profile
        peaks = target.between(one.peaks, other.peaks)[:, SIDES.index(side)].astype(np.float32)
        seen = peaks[np.isfinite(peaks)]
        both = Profile(
            peaks=peaks,
            threshold=float(np.quantile(seen, 0.99)),
            dead=bool(np.ptp(seen) == 0),
            sparse=bool((seen > 0).mean() < 0.01),
            skipped=one.skipped,
            contents=one.contents,
        )
        self.apart[side] = self._lab(unit, both, self.of["one"].started, self.of["one"])
        self.apart[side].readings = Readings(self.path(), f"readings-apart-{side}.jsonl")
        return self.apart[side]

    def keep_readings(self) -> None:
        """Keep what both units answer in the run's folder, now that it has one."""
        for side, lab in self.of.items():
            lab.readings = Readings(self.path(), "readings.jsonl" if side == "one" else f"readings-{side}.jsonl")

    def limit_to(self, limits: Limits) -> None:
        """What all labs may spend from now on."""
        self.limits = limits
        for lab in self._every():
            lab.limits = limits

    def close(self) -> None:
        """Close the files of readings."""
        for lab in self._every():
            if isinstance(lab.readings, Readings):
                lab.readings.close()

    def _every(self) -> list[Lab]:
        return [*self.of.values(), *self.apart.values()]

    def _lab(self, unit: Unit, known: Profile, began: float, like: Lab | None = None) -> Lab:
        cutouts = self.source.words if isinstance(self.source, CutoutSource) else NONE
        lab = Lab(
            unit=unit,
            source=self.source,
            profile=known,
            store=self.store,
            generator=SketchGenerator(self.store, cutouts) if like is None else like.generator,
            describer=ExactDescriber(),
            seed=self.seed,
            limits=self.limits,
            progress=self.watcher.progress,
            started=began,
        )
        if like is not None:  # what one of them has measured is new to none
            lab.pictures, lab.used, lab.used_data, lab.spent = like.pictures, like.used, like.used_data, like.spent
            lab.__dict__["corpus"] = like.corpus
        return lab
