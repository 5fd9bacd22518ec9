"""The instrument `screen`: how concepts go with the unit's activation over the data's whole range.

Covered: for every concept asked about, or every simple term, the correlation, probability of superiority, average
precision and a rank test on the open pictures, corrected over all concepts of the call. It is exploration: nothing here
is a verdict. Not covered: pictures held back for the conclusion, which are never read.
"""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel

from ..targets.errors import BadInput
from .corpus import Corpus
from .instrument import Result, ToolError, tool
from .lab import Lab
from .sources.source import About
from .statistics import auprc, benjamini_hochberg, pearson


class Fit(BaseModel):
    """How one concept goes with activation: `n` pictures hold it; `r` is Pearson's; `superiority` in [0, 1].

    `q` is the two-sided rank test's p after Benjamini-Hochberg over the call. `high`, `low`: median peaks where it holds
    and where it does not. `lift`: how much higher the mean peak is where it holds, in standard deviations of all peaks.
    """

    concept: str
    n: int
    r: float
    superiority: float
    auprc: float
    q: float
    high: float
    low: float
    lift: float = 0.0


class Screen(Result):
    """Fits, best correlation first; `pictures` is how many open pictures they are read from.

    `nouns`: those in the data that are cut out of photographs, beside the drawn world's.
    """

    pictures: int
    fits: list[Fit]
    nouns: tuple[str, ...] = ()

    def text(self) -> str:
        shown = [
            f"{f.concept}: r {f.r:+.2f}, superiority {f.superiority:.2f}, n {f.n}, q {f.q:.2g}" for f in self.fits[:12]
        ]
        more = len(self.fits) - len(shown)
        return "\n".join(shown + ([f"(and {more} more)"] if more > 0 else []))


@tool
def screen(
    lab: Lab, *, concepts: list[str] | None = None, without: str | None = None, pictures: list[str] | None = None
) -> Screen:
    """How concepts go with the unit's peak over the whole range of the open data (exploratory, corrected).

    Args:
        concepts: formulas such as "red car or on snow"; left out: every simple term that the data shows.
        without: leave out the pictures of which this concept is true, to see what else drives the unit.
        pictures: read them off these pictures of the run (ids) instead of the open data, as after experiments.
    """
    corpus, shown = lab.corpus, lab.open
    if corpus.blind == len(corpus):
        raise ToolError("screen: no picture of this data has a scene or a caption")
    try:
        asked = corpus.terms(shown) if concepts is None else [corpus.read(concept) for concept in concepts]
        left_out = None if without is None else corpus.read(without)
    except BadInput as error:
        raise ToolError(f"screen: {error}") from None
    if pictures is not None:
        found = list(dict.fromkeys(lab.find(identity) for identity in pictures))  # each once: twice is no more evidence
        for picture in found:
            if picture.scene is None and picture.caption is None:
                raise ToolError(f"screen: nothing is known of picture {picture.id[:12]!r}: it has neither scene nor caption")
        corpus, shown = Corpus([About(p.caption, p.scene) for p in found]), np.arange(len(found))
        peaks = np.array([reading.peak for reading in lab.measure(found)])
    else:
        peaks = lab.peaks[shown].astype(np.float64)
    if left_out is not None:
        stay = ~corpus.truths(left_out)[shown]
        shown, peaks = shown[stay], peaks[stay]
    rows = shown
    ranks = _ranks(peaks)
    fits, ps = [], []
    for concept in asked:
        true = corpus.truths(concept)[rows]
        n = int(true.sum())
        if n == 0 or n == len(rows):
            fits.append(
                Fit(concept=str(concept), n=n, r=0, superiority=0.5, auprc=n / max(1, len(rows)), q=1, high=0, low=0)
            )
            ps.append(1.0)
            continue
        u = ranks[true].sum() - n * (n + 1) / 2
        area = float(u / (n * (len(rows) - n)))
        ps.append(_rank_p(area, n, len(rows) - n))
        r = pearson(true.astype(float), peaks) or 0.0
        fits.append(
            Fit(
                concept=str(concept),
                n=n,
                r=round(r, 4),
                superiority=round(area, 4),
                auprc=round(auprc(true, peaks) or 0.0, 4),
                q=1.0,
                high=float(np.median(peaks[true])),
                low=float(np.median(peaks[~true])),
                lift=round(r / float(true.std()), 4),
            )
        )
    corrected = benjamini_hochberg(ps)
    fits = [fit.model_copy(update={"q": float(f"{q:.3g}")}) for fit, q in zip(fits, corrected, strict=True)]
    nouns = tuple(sorted(lab.corpus.nouns))
    return Screen(pictures=len(rows), fits=sorted(fits, key=lambda fit: (-fit.r, fit.concept)), nouns=nouns)


def _ranks(values: np.ndarray) -> np.ndarray:
    from scipy.stats import rankdata

    return np.asarray(rankdata(values))


def _rank_p(area: float, m: int, n: int) -> float:
    """Two-sided p of the rank-sum test by its normal approximation (exact enough at the data's sizes; exploratory)."""
    from scipy.stats import norm

    z = (area - 0.5) / np.sqrt((m + n + 1) / (12 * m * n))
    return float(2 * norm.sf(abs(z)))
