"""A unit's exemplars without a run: the data pictures that it answers to, over its whole range, with heat maps and patches.

Covered: `exemplars`, and how a notebook or a terminal shows what it returns. Only pictures that a run of the same seed
may explore are shown, so that looking here spoils no conclusion. Not covered: asking (`ask.py`), the instrument of the same
name that a run calls (`tools/exemplars.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from ..targets.errors import BadInput, nearest
from ..targets.target import Unit
from ..tools.describer import ExactDescriber
from ..tools.exemplars import exemplars as choose
from ..tools.exemplars import over_range
from ..tools.lab import Lab
from ..tools.sketch_generator import SketchGenerator
from ..tools.sources.open_source import open_source
from ..tools.sources.source import Source
from ..tools.store import Store, cache_folder
from .unit_profile import profile_unit

if TYPE_CHECKING:
    from .report.exemplar_strip import Exemplar

Which = Literal["range", "top", "bottom", "random"]
SIDE = 160  # pixels, of a picture as it is shown


@dataclass(frozen=True)
class UnitExemplars:
    """Exemplars of a unit, strongest first; a notebook shows the pictures, `print` a line for each.

    `pictures`: how many data pictures they were chosen from; `median`, `high`: the 0.5 and 0.99 quantiles of all peaks.
    """

    target: str
    unit: str
    data: str
    which: Which
    pictures: int
    median: float
    high: float
    shown: tuple[Exemplar, ...] = field(repr=False)

    def text(self) -> str:
        """The exemplars in a few lines."""
        from .report.wording import number

        head = (
            f"{self.unit} of {self.target}: {len(self.shown)} of {self.pictures:,} pictures of {self.data}, by their peak "
            f"(median {number(self.median)}, 99% below {number(self.high)})"
        )
        rows = [f"{e.number:>3}  peak {number(e.peak)}, percentile {number(e.percentile)}: {e.caption}" for e in self.shown]
        return "\n".join([head, *rows])

    def __len__(self) -> int:
        return len(self.shown)

    def __iter__(self) -> Iterator[Exemplar]:
        return iter(self.shown)

    def __getitem__(self, place: int) -> Exemplar:
        return self.shown[place]

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        from .report.notebook import exemplars_html

        return exemplars_html(self)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """Pictures where a notebook can show them, the few lines where it cannot."""
        return {"text/html": self._repr_html_(), "text/plain": self.text()}


def exemplars(
    unit: Unit,
    *,
    data: str | Source = "sketch:2000",
    which: Which = "range",
    k: int = 10,
    layers: list[str] | None = None,
    seed: int = 0,
) -> UnitExemplars:
    """What a unit answers to: `k` data pictures with the unit's peak on each, its heat map and the patch it sees.

    `data`: ``sketch:N[@seed]`` or a folder. `which`: "range" (the strongest, then evenly down to the weakest), "top",
    "bottom" or "random". `k`: 1 to 100. `layers`: those dissected in the one pass (default: the target's own). `seed`: the
    run's whose held-back pictures are left out. The first time a target is shown the data it is dissected, which takes
    about as long as it takes a run. Raises `BadInput` on what cannot be used.
    """
    from .report.exemplar_strip import drawn
    from .report.kept_pictures import KeptPictures
    from .report.maps import Maps, sights
    from .report.pictures import Pictures

    if which not in get_args(Which):
        raise BadInput(f"unknown choice of exemplars {which!r}; nearest: {nearest(str(which), get_args(Which))}")
    if not 1 <= k <= 100:
        raise BadInput(f"{k!r} exemplars cannot be shown: give k from 1 to 100")
    source = open_source(data) if isinstance(data, str) else data
    with Store(cache_folder()) as store:
        lab = _lab(unit, source, layers, store, seed)
        if not len(lab.open):
            raise BadInput(f"{source.name} holds no readable picture that may be explored")
        if which == "range":
            chosen = [lab.data_picture(index) for index in over_range(lab, k)]
        else:
            chosen = [lab.pictures[shown.picture] for shown in choose(lab, which=which, k=k).shown]
        readings = {reading.picture: reading for reading in lab.measure(chosen)}
        found = lab.activations(chosen, unit, maps=True)
        for picture in chosen:
            store.keep(picture)
        maps = {identity: a.map for identity, a in found.items() if a.map is not None}
        kept = Maps(maps, lab.profile.threshold, lab.profile.patch, sights(lab, chosen))
        pictures = Pictures(store.path, kept, KeptPictures(Path(store.folder)), large=SIDE)
        pictures.prepare_exemplars(readings)
        ranked = sorted({p.id: p for p in chosen}.values(), key=lambda p: (-readings[p.id].peak, p.id))
        shown = tuple(
            drawn(place, p.id, p.caption, readings[p.id].peak, readings[p.id].percentile, pictures)
            for place, p in enumerate(ranked, 1)
        )
        pictures.keep()
        peaks = lab.peaks[np.isfinite(lab.peaks)]
        median, high = (float(x) for x in np.quantile(peaks, [0.5, 0.99]))
    return UnitExemplars(unit.target.name, unit.address, source.name, which, len(lab.open), median, high, shown)


def _lab(unit: Unit, source: Source, layers: list[str] | None, store: Store, seed: int) -> Lab:
    folder = cache_folder() / "dissections"
    profile = profile_unit(unit, source, layers, folder, lambda stage, done, total: None)
    return Lab(unit, source, profile, store, SketchGenerator(store), ExactDescriber(), seed)
