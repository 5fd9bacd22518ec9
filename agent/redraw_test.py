"""The redraw test: does anything in a picture reproducibly drive the unit? The first control of every run.

The scenes of the top pictures are drawn anew and the best quarter kept; fresh draws of that quarter are then held against
fresh draws of ordinary pictures, by permutation: all four contents, and the very best alone (a relation that one picture
shows), each at half the level. Selection and test share no pixels, so luck at the top cannot pass.
Ordinary pictures are taken evenly from the unit's whole range, so that their redraws also give its reliability: the
correlation between its answers to two draws of the same contents. Where pictures cannot be redrawn, a term found in the
open data is tested on the pictures held back. Not covered: what drives the unit.
"""

from __future__ import annotations

import numpy as np

from ..targets.picture import Picture
from ..tools.lab import Lab, Reading
from ..tools.screen import screen
from ..tools.statistics import detectable_superiority, pearson, rank_permutation_p, superiority_effect
from .ledger import ALPHA
from .transcript import Redrawn

TOP = 16  # top pictures redrawn once; the best of them go on: of rare contents the data may show only one or two
KEPT = 4
DRAWS = 6  # fresh draws of each of those
EACH_DECILE = 4  # ordinary pictures a decile of the open data


def redraw_test(lab: Lab) -> Redrawn:
    """Run the test. Raises `LimitReached` where it would pass a limit."""
    ranked = lab.open[np.argsort(-lab.peaks[lab.open], kind="stable")]
    top = [lab.data_picture(i) for i in ranked[:TOP]]
    if all(picture.scene is not None for picture in top):
        return _by_redraws(lab, ranked, top)
    return _by_the_half_held_back(lab)


def _by_redraws(lab: Lab, ranked: np.ndarray, top: list[Picture]) -> Redrawn:
    rng = lab.stream("redraw test")
    first = _redraw(lab, top, rng)
    chosen = lab.measure(first)
    best = sorted(range(len(top)), key=lambda i: -chosen[i].peak)[:KEPT]
    fresh = lab.measure(_redraw(lab, [top[i] for i in best] * DRAWS, rng))
    ordinary = [lab.data_picture(i) for i in evenly(ranked, EACH_DECILE, rng)]
    before, after = lab.measure(ordinary), lab.measure(_redraw(lab, ordinary, rng))
    return _verdict(lab, "redraw", lab.measure(top), chosen, fresh, before, after)


def _by_the_half_held_back(lab: Lab) -> Redrawn:
    fits = [fit for fit in screen(lab).fits if fit.n >= 5]
    rows = lab.held_back
    true = np.zeros(len(rows), bool)
    if fits:
        true = lab.corpus.truths(lab.corpus.read(fits[0].concept))[rows]
    readings = [
        Reading(picture="", peak=float(p), mean=float(p), percentile=lab.percentile(float(p))) for p in lab.peaks[rows]
    ]
    fresh = [r for r, t in zip(readings, true, strict=True) if t]
    rest = [r for r, t in zip(readings, true, strict=True) if not t]
    return _verdict(lab, "held-out half", [], [], fresh, [], rest)


def _verdict(
    lab: Lab,
    way: str,
    top: list[Reading],
    chosen: list[Reading],
    fresh: list[Reading],
    ordinary: list[Reading],
    rest: list[Reading],
) -> Redrawn:
    if not fresh or not rest:
        effect, interval, p, detectable = 0.5, (0.0, 1.0), 1.0, 1.0
    else:
        looks = [fresh, fresh[::KEPT]] if way == "redraw" else [fresh]  # all that was kept; the very best content alone
        rng = lab.stream("redraw test", "permutations")
        ps = [min(1.0, len(looks) * rank_permutation_p(_peaks(look), _peaks(rest), rng)) for look in looks]
        p = min(ps)
        found = superiority_effect(_peaks(looks[ps.index(p)]), _peaks(rest))
        effect, interval = found.superiority, (found.low, found.high)
        detectable = detectable_superiority(len(fresh), len(rest), ALPHA / 2)  # the interval asks for both sides
    return Redrawn.model_validate(
        {
            "way": way,
            "top": top,
            "chosen": chosen,
            "fresh": fresh,
            "ordinary": ordinary,
            "random": rest,
            "effect": round(effect, 4),
            "interval": (round(interval[0], 4), round(interval[1], 4)),
            "p": p,
            "driven": p <= ALPHA and interval[0] > 0.5,
            "detectable": round(detectable, 3),
            "reliability": _reliability(lab, ordinary, rest),
        }
    )


def _reliability(lab: Lab, ordinary: list[Reading], redrawn: list[Reading]) -> tuple[float | None, float | None]:
    """Correlation of two draws of the same contents, over the whole range and below the data's top decile."""
    if not ordinary:
        return None, None
    first, second = _peaks(ordinary), _peaks(redrawn)
    below = first < np.nanquantile(lab.peaks, 0.9)
    found = pearson(first, second), pearson(first[below], second[below])
    return tuple(None if r is None else round(r, 4) for r in found)  # type: ignore[return-value]


def evenly(ranked: np.ndarray, each: int, rng: np.random.Generator) -> list[int]:
    """`each` of every tenth of these indices, drawn at random: a sample of the whole range."""
    tenths = [tenth for tenth in np.array_split(ranked, 10) if len(tenth)]
    return [int(i) for tenth in tenths for i in rng.choice(tenth, min(each, len(tenth)), replace=False)]


def _redraw(lab: Lab, pictures: list[Picture], rng: np.random.Generator) -> list[Picture]:
    drawn = []
    for done, picture in enumerate(pictures):
        lab.progress("generating", done, len(pictures))
        fresh = lab.generator.redraw(picture, int(rng.integers(2**31)))
        assert fresh is not None  # the caller saw that each has a scene
        drawn.append(fresh)
    return drawn


def _peaks(readings: list[Reading]) -> np.ndarray:
    return np.array([reading.peak for reading in readings])
