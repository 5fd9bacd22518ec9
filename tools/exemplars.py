"""The instrument `exemplars`: data pictures chosen for their activation, over the whole range.

Covered: top, bottom, random and by quantile; plain (undarkened, the default), highlighted or cropped. Only pictures that
may be explored are shown; those held back for the conclusion are not. Not covered: how peaks are found (`dissection/`).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import BaseModel

from ..targets.picture import Picture
from .instrument import Result, ToolError, tool
from .lab import Lab
from .region import cropped, highlighted, mask, patch_box

Which = Literal["top", "bottom", "random", "quantile"]


class Exemplar(BaseModel):
    """A data picture and the unit's answer to it; `view` is the id of the highlighted or cropped view, if asked for."""

    picture: str
    index: int
    peak: float
    percentile: float
    caption: str | None
    view: str | None = None


class Exemplars(Result):
    """Exemplars, strongest first."""

    which: str
    shown: list[Exemplar]

    def text(self) -> str:
        rows = [f"{e.picture[:12]}: peak {e.peak:.4g}, percentile {e.percentile:g}: {e.caption}" for e in self.shown]
        return "\n".join(rows)


@tool
def exemplars(
    lab: Lab,
    *,
    which: Which = "top",
    k: int = 15,
    low: float = 0.0,
    high: float = 1.0,
    view: Literal["plain", "highlighted", "cropped"] = "plain",
) -> Exemplars:
    """Data pictures chosen for the unit's activation: the strongest, the weakest, at random, or from a quantile band.

    Args:
        which: top, bottom, random, or quantile (k pictures spread evenly over the band low..high of the peaks).
        k: how many, 1 to 100.
        low: lower end of the quantile band, 0 to 1.
        high: upper end of the quantile band, 0 to 1.
        view: also make a view of each: darkened outside where the unit fires, or cropped to the patch it sees.
    """
    if not 1 <= k <= 100 or not 0 <= low < high <= 1:
        raise ToolError(f"exemplars: wants k from 1 to 100 and 0 <= low < high <= 1, not k={k}, low={low:g}, high={high:g}")
    chosen = _choose(lab, which, k, low, high)
    pictures = [lab.data_picture(i) for i in chosen]
    readings = lab.measure(pictures)
    views = [None] * len(pictures) if view == "plain" else [v.id for v in _views(lab, pictures, view)]
    shown = [
        Exemplar(picture=p.id, index=i, peak=r.peak, percentile=r.percentile, caption=p.caption, view=v)
        for p, i, r, v in zip(pictures, chosen, readings, views, strict=True)
    ]
    return Exemplars(which=which, shown=sorted(shown, key=lambda e: -e.peak))


def over_range(lab: Lab, k: int) -> list[int]:
    """Indices of `k` open data pictures over the unit's whole range, strongest first: 4 in 10 the strongest of all."""
    ranked = lab.open[np.argsort(-lab.peaks[lab.open], kind="stable")]
    if not len(ranked):
        return []
    strongest = list(range(min(max(1, round(0.4 * k)), len(ranked))))
    rest = np.linspace(len(strongest), len(ranked) - 1, k - len(strongest)).round().astype(int)
    places = dict.fromkeys([*strongest, *(int(i) for i in rest if i < len(ranked))])
    return [int(ranked[i]) for i in places]


def _choose(lab: Lab, which: Which, k: int, low: float, high: float) -> list[int]:
    """Indices of the data: ranks among the pictures open to exploration."""
    ranked = lab.open[np.argsort(lab.peaks[lab.open], kind="stable")]
    k = min(k, len(ranked))
    if which == "top":
        chosen = ranked[::-1][:k]
    elif which == "bottom":
        chosen = ranked[:k]
    elif which == "random":
        chosen = lab.stream("exemplars", "random", str(k)).choice(ranked, k, replace=False)
    else:
        first, last = low * (len(ranked) - 1), high * (len(ranked) - 1)
        chosen = ranked[np.unique(np.linspace(first, last, k).round().astype(int))]
    return [int(index) for index in chosen]


def _views(lab: Lab, pictures: list[Picture], view: str) -> list[Picture]:
    maps = lab.activations(pictures, lab.unit, maps=True)
    made = []
    for picture in pictures:
        found = maps[picture.id].map
        assert found is not None  # asked for above
        h, w = picture.pixels.shape[:2]
        sight = lab.unit.target.sight(h, w)
        if view == "highlighted":
            made.append(highlighted(picture, mask(found, lab.profile.threshold, h, w, sight)))
        else:
            made.append(cropped(picture, patch_box(found, lab.profile.patch, h, w, sight)))
    for picture in made:
        lab.store.keep(picture)
    return lab.know(made)
