"""The instrument `exceptions`: the data pictures where a concept fails to say whether the unit fires.

Covered: of the open pictures, those that fire although the concept is false of them, and those that stay silent although it
is true; with what each of them shows. It is exploration: nothing here is a verdict. Not covered: what firing means, which
the caller says (`bar`), and pictures held back for the conclusion, which are never read.
"""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel

from ..targets.errors import BadInput
from .instrument import Result, ToolError, tool
from .lab import Lab
from .sketch import vocabulary as v
from .sketch.concept import Light, On, Phrase, caption_words
from .sources.source import About

PARTS = ("size", "frequency", "orientation", "colour", "pattern", "noun")


class Exception_(BaseModel):
    """A data picture, the unit's answer to it, and what it shows.

    `things`: a phrase each. `others`: its background and its light; of a picture that is known by its caption alone, words.
    """

    index: int
    peak: float
    things: list[str]
    others: list[str]


class Exceptions(Result):
    """`missed`: fire, concept false, strongest first. `silent`: do not fire, concept true, weakest first.

    `true`: how many open pictures the concept is true of; `misses`, `silences`: how many exceptions of either sort there are.
    """

    pictures: int
    true: int
    misses: int
    silences: int
    missed: list[Exception_]
    silent: list[Exception_]

    def text(self) -> str:
        rows = [f"true of {self.true} of {self.pictures} pictures; {self.misses} fire without it, {self.silences} not with it"]
        for name, some in (("fires without it", self.missed), ("silent with it", self.silent)):
            rows += [f"{name}: peak {e.peak:.4g}: {', '.join([*e.things, *e.others])}" for e in some]
        return "\n".join(rows)


@tool
def exceptions(lab: Lab, *, bar: float, concept: str | None = None, k: int = 8) -> Exceptions:
    """Open data pictures that fire though a concept is false of them, and that stay silent though it is true.

    Args:
        bar: the peak from which on a picture counts as firing.
        concept: a formula; left out: nothing is explained yet, and all that fires is an exception.
        k: how many of either sort are shown, 1 to 50.
    """
    if not 1 <= k <= 50:
        raise ToolError(f"exceptions: k must be 1 to 50, not {k}")
    try:
        true = np.zeros(len(lab.open), bool) if concept is None else lab.corpus.truths(lab.corpus.read(concept))[lab.open]
    except BadInput as error:
        raise ToolError(f"exceptions: {error}") from None
    peaks = lab.peaks[lab.open].astype(np.float64)
    missed, silent = np.flatnonzero(~true & (peaks >= bar)), np.flatnonzero(true & (peaks < bar))

    def shown(rows: np.ndarray) -> list[Exception_]:
        return [_exception(int(lab.open[i]), float(peaks[i]), lab.corpus.abouts[int(lab.open[i])]) for i in rows[:k]]

    return Exceptions(
        pictures=len(lab.open),
        true=int(true.sum()),
        misses=len(missed),
        silences=len(silent),
        missed=shown(missed[np.argsort(-peaks[missed], kind="stable")]),
        silent=shown(silent[np.argsort(peaks[silent], kind="stable")]),
    )


def _exception(index: int, peak: float, about: About) -> Exception_:
    scene = about.scene
    if scene is None:
        words = sorted(caption_words(about.caption or ""))
        return Exception_(index=index, peak=peak, things=[], others=words)
    things = [
        str(Phrase(**{name: value for name in PARTS if (value := getattr(thing, name)) and value != "plain"}))
        for thing in scene.things
    ]
    others = [str(On(scene.background))] if scene.background in v.BACKGROUNDS else []
    others += [str(Light(scene.light))] if scene.light != "normal" else []
    return Exception_(index=index, peak=round(peak, 6), things=things, others=others)
