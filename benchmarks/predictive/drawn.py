"""MAIA's and CoSy's protocols: pictures are drawn from a description, and the unit is shown them.

Covered: prompts for what a description says and neutral ones, drawn by the drawn world or from cut-outs; the mean activation of
each (MAIA); the AUC of what was drawn over the held-out pictures, and how far its mean lies above theirs (CoSy). A picture is
shown once for all units. They stand here for comparability: neither falls when a description tells only part of what fires a
unit. Not covered: the fit over the whole range (`fit.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from ...targets.picture import FromPrompt, Picture
from ...targets.target import Target, Unit
from ...tools.sketch.caption import caption
from ...tools.sketch.concept import Concept
from ...tools.sketch.cutout_nouns import NONE, Cutouts
from ...tools.sketch.paint import paint
from ...tools.statistics import superiority
from ..synthetic.predictive import drawn_from, neutral_prompts, prompts_of

PICTURES = 10  # drawn for a description, and as many neutral ones
Prompt = tuple[str, int]  # what is asked for, and the seed


class Drawn(BaseModel):
    """`positive`, `neutral`: mean activation on drawn and on neutral pictures, in the unit's own size.

    `superiority`: the chance that a drawn one fires it more than a neutral one; `auc`: more than a held-out one. `mad`: how far
    the mean of the drawn ones lies above that of the held-out ones, in their standard deviations; None where the unit is
    constant there. `apart`: how far positive lies above neutral, in the same.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    positive: float
    neutral: float
    superiority: float
    auc: float
    mad: float | None
    apart: float | None


class Shown:
    """What the units of some layers give to drawn pictures, each shown once to the target for all of them."""

    def __init__(self, target: Target, units: Sequence[Unit], cutouts: Cutouts = NONE) -> None:
        self.target, self.cutouts = target, cutouts
        self._channels: dict[str, list[int]] = {}
        self._place: dict[str, tuple[str, int]] = {}
        for unit in units:
            channels = self._channels.setdefault(unit.layer.name, [])
            self._place[unit.address] = (unit.layer.name, len(channels))
            channels.append(unit.channels[0])
        self._known: dict[Prompt, dict[str, np.ndarray]] = {}

    def peaks(self, unit: Unit, prompts: Sequence[Prompt]) -> np.ndarray:
        """The unit's peaks on the pictures of some prompts: float64."""
        self._show([prompt for prompt in prompts if prompt not in self._known])
        layer, place = self._place[unit.address]
        return np.array([self._known[prompt][layer][place] for prompt in prompts], dtype=np.float64)

    def _show(self, prompts: Sequence[Prompt]) -> None:
        if not prompts:
            return
        found: dict[str, list[np.ndarray]] = {layer: [] for layer in self._channels}
        pictures = [_painted(*prompt, self.cutouts) for prompt in prompts]
        self.target.watch(
            pictures,
            list(self._channels),
            lambda layer, maps: found[layer].extend(
                maps[:, self._channels[layer]].amax(dim=(2, 3)).float().cpu().numpy().copy()
            ),
        )
        for i, prompt in enumerate(prompts):
            self._known[prompt] = {layer: rows[i] for layer, rows in found.items()}


def _painted(prompt: str, seed: int, cutouts: Cutouts) -> Picture:
    scene = drawn_from(prompt, seed, cutouts)
    return Picture.of(paint(scene).pixels, FromPrompt("sketch", prompt, seed), caption(scene), scene)


def drawn(concept: Concept, unit: Unit, shown: Shown, held_out: np.ndarray) -> Drawn | None:
    """The figures for what a description says; None where nothing of it can be drawn.

    `held_out`: the unit's peaks on pictures that were not drawn for anybody.
    """
    prompts = prompts_of(concept, PICTURES, shown.cutouts)
    if not prompts:
        return None
    high, low = shown.peaks(unit, prompts), shown.peaks(unit, neutral_prompts(shown.cutouts))
    spread = float(held_out.std())
    return Drawn(
        positive=float(f"{high.mean():.6g}"),
        neutral=float(f"{low.mean():.6g}"),
        superiority=round(superiority(high, low), 4),
        auc=round(superiority(high, held_out), 4),
        mad=None if spread == 0 else round(float(high.mean() - held_out.mean()) / spread, 4),
        apart=None if spread == 0 else round(float(high.mean() - low.mean()) / spread, 4),
    )
