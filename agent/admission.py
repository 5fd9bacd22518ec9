"""Admission: the lab's own attempt to refute a conclusion before it is said.

Answer and rival are frozen; four blocks of pictures that the run has not used are measured: 16 predicted high, 16 near
misses (one factor away, predicted low), 16 where answer and rival disagree (with 8 where both hold, should the rival be
the narrower), 40 data pictures kept back (4 from each activation decile). Attempt j spends alpha = .05/2^j, which
units that are asked together share; the first three blocks grow with them. Where the generator cannot draw the concept,
held-back pictures stand in for those blocks. Not covered: which conclusions are proposed (the backbone), which rival is
the best (`rivals.py`), what was said before.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np

from ..targets.picture import Picture
from ..tools.generator import near_misses
from ..tools.lab import Lab, Reading
from ..tools.sketch.concept import Concept, both, caption_words
from ..tools.statistics import (
    RESAMPLES,
    Effect,
    rank_permutation_p,
    share_effect,
    sign_flip_p,
    superiority,
    superiority_effect,
)
from .redraw_test import evenly
from .transcript import Block, Check, Decided, Redrawn

ATTEMPTS = 3
SIZE = 16
BOTH = 8  # pictures where both hold, beside those where the wider answer holds alone
LEAST_SIDE = 4  # pictures of either kind that a comparison of two kinds needs
LEAST = 10  # a block smaller than this cannot carry a test
LEAST_SUPERIORITY = 0.75
FIRES = 0.38  # of the way from near misses to what fires for sure: half as strong still fires, a look-alike does not
BOOTSTRAPS = 4000
THROUGHOUT = 0.8  # share of the answer's own pictures that must fire
EACH_DECILE = 4
OTHERS = 20  # units of the same layer shown the same pictures, as a control


def alpha_of(attempt: int, family: int = 1) -> float:
    """What attempt j (1, 2, 3) may spend: .05/2^j, so that all attempts together spend under .05.

    `family`: how many units are asked together; they share the .05 equally (Bonferroni), so that the chance that any of
    them passes by luck stays under it.
    """
    return 0.05 / float(2**attempt) / family


def block_size(family: int, alone: int | None = None) -> int:
    """Pictures in each of the first three blocks: `alone` (16), and more where units share alpha, so that the power stays.

    What a test can see at a level goes with its normal quantile over the root of its size.
    """
    from scipy.stats import norm

    one, shared = (float(norm.ppf(1 - alpha_of(1, units) / 2)) for units in (1, family))
    return math.ceil((alone or SIZE) * (shared / one) ** 2)


def admit(
    lab: Lab, answer: Concept, rival: Concept, attempt: int, redrawn: Redrawn, family: int = 1, alone: int | None = None
) -> Decided:
    """Draw the four blocks, measure them and decide. Raises `LimitReached` before a limit would be passed.

    `alone`: pictures in each of the first three blocks were the unit asked alone (None: 16); said before any is measured.
    """
    rng = lab.stream("admission", str(attempt))
    alpha, size = alpha_of(attempt, family), block_size(family, alone)
    high, near, paired = _high_and_near(lab, answer, rng, size)
    apart = disagreements(lab, answer, rival, rng, size)
    apart += _both_hold(lab, answer, rival, apart, rng)
    kept = _held_back(lab, rng)
    readings = lab.measure([*high, *near, *apart, *kept])
    blocks: dict[str, Block] = {}
    for name, pictures in (("high", high), ("near-miss", near), ("rival", apart), ("held-back", kept)):
        mine, readings = readings[: len(pictures)], readings[len(pictures) :]
        says = [lab.holds(answer, picture) for picture in pictures]
        other = [lab.holds(rival, picture) for picture in pictures]
        blocks[name] = Block.model_validate({"name": name, "readings": mine, "answer_says": says, "rival_says": other})
    a, b = _peaks(blocks["high"].readings), _peaks(blocks["near-miss"].readings)
    checks = [
        _check_high_against_near(a, b, paired, alpha, rng, family),
        _check_rival(blocks, alpha, lab.stream("admission", str(attempt), "rival"), family),
        _check_missed(blocks["held-back"], a, b),
        _check_strength(a, redrawn),
        _check_throughout(a, b),
    ]
    reasons = [check.text for check in checks if not check.passed]
    return Decided(
        attempt=attempt,
        formula=str(answer),
        rival=str(rival),
        blocks=list(blocks.values()),
        checks=checks,
        controls=_controls(lab, high, near),
        verdict=_verdict(checks),
        reasons=reasons,
    )


def _verdict(checks: list[Check]) -> Literal["supported", "refuted", "inconclusive"]:
    if all(check.passed for check in checks):
        return "supported"
    against, rival = checks[:2]
    wrong = [c for c in (against, rival) if c.interval is not None and c.interval[1] < 0.5]
    return "refuted" if wrong else "inconclusive"


# ---- the blocks --------------------------------------------------------------------------------------------------


def _high_and_near(
    lab: Lab, answer: Concept, rng: np.random.Generator, size: int
) -> tuple[list[Picture], list[Picture], bool]:
    """Blocks (a) and (b), and whether they are pairs."""
    high: list[Picture] = []
    near: list[Picture] = []
    for _ in range(4):  # all that is missing at once, so that the answer's ways take turns
        lab.progress("generating", len(high), size)
        fresh = lab.generator.examples(answer, size - len(high), rng)
        for picture, missed in zip(fresh, near_misses(lab.generator, answer, fresh, rng), strict=True):
            if missed is not None and picture.id not in lab.used and missed.id not in lab.used:
                high.append(picture)
                near.append(missed)
        if len(high) == size:
            return high, near, True
    if high:
        return high, near, True
    return (*_from_data(lab, answer, rng, size), False)


def _from_data(
    lab: Lab, answer: Concept, rng: np.random.Generator, size: int
) -> tuple[list[Picture], list[Picture]]:
    """Held-back pictures of which the concept is true, and those most alike in words of which it is not."""
    rows = rng.permutation(_unused(lab))
    true = lab.corpus.truths(answer)[rows]
    high = [lab.data_picture(i) for i in rows[true][:size]]
    wanted = set().union(*(caption_words(p.caption or "") for p in high)) if high else set()

    def unlike(index: int) -> float:
        words = caption_words(lab.corpus.abouts[index].caption or "")
        return -len(words & wanted) / max(1, len(words | wanted))

    nearest = sorted((int(i) for i in rows[~true]), key=unlike)[:size]
    return high, [lab.data_picture(i) for i in nearest]


def disagreements(
    lab: Lab, answer: Concept, rival: Concept, rng: np.random.Generator, size: int | None = None
) -> list[Picture]:
    """Block (c): drawn, or else held-back pictures, of which one is true and the other false."""
    size = SIZE if size is None else size
    drawn: dict[str, Picture] = {}
    for _ in range(3):
        fresh = lab.generator.disagreements(answer, rival, size - len(drawn), rng)
        drawn |= {p.id: p for p in fresh if p.id not in lab.used}
        if len(drawn) >= size:
            break
    if len(drawn) >= LEAST:
        return list(drawn.values())[:size]
    rows = rng.permutation(_unused(lab))
    apart = lab.corpus.truths(answer)[rows] != lab.corpus.truths(rival)[rows]
    return list(drawn.values()) + [lab.data_picture(i) for i in rows[apart][: size - len(drawn)]]


def _both_hold(
    lab: Lab, answer: Concept, rival: Concept, apart: list[Picture], rng: np.random.Generator
) -> list[Picture]:
    """Where the rival is the narrower: pictures of which both are true, the level that the answer's own must reach.

    Without them "red" would win against "red car" on a unit that red things half please and red cars please wholly.
    """
    if not apart or not all(lab.holds(answer, picture) for picture in apart):
        return []
    taken = lab.used | {picture.id for picture in apart}
    drawn: dict[str, Picture] = {}
    for _ in range(3):
        fresh = lab.generator.examples(both([answer, rival]), BOTH - len(drawn), rng)
        drawn |= {p.id: p for p in fresh if p.id not in taken and lab.holds(answer, p) and lab.holds(rival, p)}
        if len(drawn) >= BOTH:
            return list(drawn.values())
    rows = rng.permutation(_unused(lab))
    agreed = lab.corpus.truths(answer)[rows] & lab.corpus.truths(rival)[rows]
    return list(drawn.values()) + [lab.data_picture(i) for i in rows[agreed][: BOTH - len(drawn)]]


def _held_back(lab: Lab, rng: np.random.Generator) -> list[Picture]:
    """Block (d): four pictures from each activation decile of the data that this run has held back and not used."""
    rows = _unused(lab)
    ranked = rows[np.argsort(lab.peaks[rows], kind="stable")]
    return [lab.data_picture(i) for i in evenly(ranked, EACH_DECILE, rng)]


def _unused(lab: Lab) -> np.ndarray:
    return np.array([i for i in lab.held_back if int(i) not in lab.used_data], dtype=np.int64)


# ---- the checks --------------------------------------------------------------------------------------------------


def _check_high_against_near(
    a: np.ndarray, b: np.ndarray, paired: bool, alpha: float, rng: np.random.Generator, family: int = 1
) -> Check:
    name = "high against near misses"
    if min(len(a), len(b)) < LEAST:
        return Check(
            name=name,
            passed=None,
            n=len(a),
            text=f"only {len(a)} pictures predicted high and {len(b)} near misses could be had",
        )
    found = superiority_effect(a, b)  # the test spends alpha; the size of the effect has the usual 95% interval
    resamples = max(RESAMPLES, math.ceil(4 / alpha))  # so that p can come to lie below alpha
    p = sign_flip_p(a - b, rng, resamples) if paired else rank_permutation_p(a, b, rng, resamples)
    passed = p <= alpha and found.low >= LEAST_SUPERIORITY
    text = (
        f"pictures predicted high exceed near misses with probability {found.superiority:.2f} "
        f"[{found.low:.2f}, {found.high:.2f}], p {p:.2g}; wanted: at least {LEAST_SUPERIORITY} at the lower end, p <= {alpha:g}"
        + _shared(family)
    )
    return _check(name, passed, text, found, p, len(a))


def _shared(family: int) -> str:
    return "" if family == 1 else f" (alpha is shared among {family} units)"


def _check_rival(blocks: Mapping[str, Block], alpha: float, rng: np.random.Generator, family: int = 1) -> Check:
    """Whether the unit goes with the answer where answer and rival disagree.

    Where there are pictures of both kinds in block (c): superiority of those that only the answer predicts high over those
    that only the rival does. Where one concept holds wherever the other does: how far from the near misses (0) to what fires
    for sure (1) the mean of the pictures lies on which they disagree, with a bootstrap interval, against the bar `FIRES`; for
    sure fire pictures of which both are true where the rival is the narrower, else block (a). That place is read off all
    pictures of the blocks (a) and (c); near misses of which the rival is true are no measure of rest.
    """
    name = "answer against rival"
    apart = [r.peak for r, mine, its in _said(blocks["rival"]) if mine != its]
    a, b = _peaks(blocks["high"].readings), _peaks(blocks["near-miss"].readings)
    n = len(apart)
    if n < LEAST or min(len(a), len(b)) < LEAST:
        text = f"only {n} pictures could be had on which answer and rival disagree"
        return Check(name=name, passed=None, n=n, text=text)
    peaks = np.array(apart)
    says = np.array([mine for _, mine, its in _said(blocks["rival"]) if mine != its])
    if min(says.sum(), (~says).sum()) >= LEAST_SIDE:
        found = superiority_effect(peaks[says], peaks[~says], alpha)
        interval = f"[{found.low:.2f}, {found.high:.2f}]"
        how = f"the answer's pictures exceed the rival's with probability {found.superiority:.2f} {interval}"
        return _check(
            name,
            found.low > 0.5,
            f"where answer and rival disagree, {how}; wanted: an interval above 0.5{_shared(family)}",
            found,
            None,
            n,
        )
    fires = bool(says.sum() > n / 2)
    drawn = [*_said(blocks["high"]), *_said(blocks["rival"])]
    disputed = np.array([r.peak for r, mine, its in drawn if mine == fires and its != fires])
    both_say = [r.peak for r, mine, its in drawn if mine and its]
    sure = np.array(both_say) if len(both_say) >= LEAST_SIDE else a
    silent = [r.peak for r, mine, its in _said(blocks["near-miss"]) if not its]
    rest = np.array(silent) if len(silent) >= LEAST_SIDE else b
    place, low, high = _place_between(rest, sure, disputed, alpha, rng)
    found = Effect(*_agreement(fires, place, low, high))
    text = (
        f"where answer and rival disagree, pictures {'fire' if fires else 'should stay silent'}: they lie at {_told(place)} "
        f"[{_told(low)}, {_told(high)}] of the way from near misses to what fires for sure; wanted: an interval "
        f"{'above' if fires else 'below'} {FIRES}{_shared(family)}"
    )
    return _check(name, low > FIRES if fires else high < FIRES, text, found, None, len(disputed))


def _told(place: float) -> str:
    """A place between rest and full response; where the two are hardly apart it may be any number."""
    return f"{place:.2f}" if abs(place) < 100 else "over 100" if place > 0 else "under -100"


def _said(block: Block) -> list[tuple[Reading, bool, bool]]:
    """Each reading of a block, with what the answer and what the rival says of its picture."""
    return list(zip(block.readings, block.answer_says, block.rival_says, strict=True))


def _place_between(
    rest: np.ndarray, full: np.ndarray, peaks: np.ndarray, alpha: float, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Where the mean of `peaks` lies between those of `rest` (0) and `full` (1), with a bootstrap 1 - alpha interval."""

    def means(values: np.ndarray) -> np.ndarray:
        drawn: np.ndarray = rng.choice(values, (BOOTSTRAPS, len(values))).mean(axis=1)
        return drawn

    low, high, mine = means(rest), means(full), means(peaks)
    places = (mine - low) / np.maximum(high - low, 1e-9)
    bounds = np.quantile(places, [alpha / 2, 1 - alpha / 2])
    place = (peaks.mean() - rest.mean()) / max(full.mean() - rest.mean(), 1e-9)
    return float(place), float(bounds[0]), float(bounds[1])


def _agreement(fires: bool, place: float, low: float, high: float) -> tuple[float, float, float]:
    """Places as an effect in [0, 1] with its interval: 0.5 at the bar, 1 where the pictures do wholly as the answer says."""

    def agreement(at: float) -> float:
        at = min(1.0, max(0.0, at))
        up = 0.5 * at / FIRES if at < FIRES else 0.5 + 0.5 * (at - FIRES) / (1 - FIRES)
        return up if fires else 1 - up

    bounds = sorted((agreement(low), agreement(high)))
    return agreement(place), bounds[0], bounds[1]


def _check_missed(block: Block, a: np.ndarray, b: np.ndarray) -> Check:
    """Of the top decile kept back, pictures as strong as the answer's own of which the answer is not true.

    As strong: above the lower quartile of block (a) and the middle between (a) and (b). Noise allows what a binomial of
    the near misses' own rate of such strength (with one added) exceeds with probability under .05.
    """
    from scipy.stats import binom

    name = "top decile missed"
    if len(block.readings) < 10 * EACH_DECILE or min(len(a), len(b)) < LEAST:
        return Check(
            name=name, passed=None, text=f"only {len(block.readings)} pictures were kept back", n=len(block.readings)
        )
    top = sorted(range(len(block.readings)), key=lambda i: -block.readings[i].peak)[:EACH_DECILE]
    bar = max(float(np.quantile(a, 0.25)), middle(a, b))
    missed = sum(block.readings[i].peak > bar and not block.answer_says[i] for i in top)
    allowed = int(binom.ppf(0.95, len(top), (float((b > bar).sum()) + 1) / (len(b) + 2)))
    text = f"{missed} of the {len(top)} strongest pictures kept back fire as strongly without it; noise allows {allowed}"
    return Check(name=name, passed=missed <= allowed, text=text, effect=missed / len(top), n=len(top))


def _check_strength(a: np.ndarray, redrawn: Redrawn) -> Check:
    """Whether the answer's pictures fire the unit as its strongest contents do, not merely more than nothing.

    Firing: above half-way between redraws of ordinary pictures (their lower quartile: over half of the data may fire the
    unit) and of the top ones. Failed where the share of block (a)
    that fires is below a half with its 95% interval: a concept that names only what the unit half responds to.
    """
    name = "full strength"
    if len(a) < LEAST or not redrawn.fresh or not redrawn.random:
        return Check(name=name, passed=None, text=f"only {len(a)} pictures predicted high could be had", n=len(a))
    bar = float(np.median(_peaks(redrawn.fresh)) + np.quantile(_peaks(redrawn.random), 0.25)) / 2
    fires = int((a > bar).sum())
    found = share_effect(fires, len(a))
    interval = f"[{found.low:.2f}, {found.high:.2f}]"
    text = f"{fires} of {len(a)} pictures predicted high fire as the unit's strongest contents do {interval}"
    return _check(name, found.high >= 0.5, text, found, None, len(a))


def _check_throughout(a: np.ndarray, b: np.ndarray) -> Check:
    """Whether nearly all of the answer's pictures fire the unit, not some of them for something else that they show.

    Firing: above `FIRES` of the way from the near misses' median to the mean of the stronger half of block (a). Failed where
    the share of block (a) that fires is below `THROUGHOUT` with its 95% interval: "fish" for fish that face left.
    """
    name = "fires throughout"
    if min(len(a), len(b)) < LEAST:
        return Check(name=name, passed=None, text=f"only {len(a)} pictures predicted high could be had", n=len(a))
    rest, full = float(np.median(b)), float(np.sort(a)[len(a) // 2 :].mean())
    fires = int((a > rest + FIRES * (full - rest)).sum())
    found = share_effect(fires, len(a))
    text = (
        f"{fires} of {len(a)} pictures predicted high fire [{found.low:.2f}, {found.high:.2f}]; wanted: an interval that "
        f"reaches {THROUGHOUT}"
    )
    return _check(name, found.high >= THROUGHOUT, text, found, None, len(a))


def middle(a: np.ndarray, b: np.ndarray) -> float:
    """Half-way between the medians of the pictures predicted high and of the near misses: what counts as firing."""
    return float((np.median(a) + np.median(b)) / 2)


def _check(name: str, passed: bool, text: str, found: Effect, p: float | None, n: int) -> Check:
    return Check(
        name=name,
        passed=bool(passed),
        text=text,
        effect=round(found.superiority, 4),
        interval=(round(found.low, 4), round(found.high, 4)),
        p=p,
        n=n,
    )


def _controls(lab: Lab, high: list[Picture], near: list[Picture]) -> list[float]:
    """How well the same blocks separate for other units of the layer: their superiorities, highest first."""
    units = lab.unit.layer.units
    others = [c for c in range(units) if c not in lab.unit.channels] if lab.unit.direction is None else []
    if not others or min(len(high), len(near)) < LEAST:
        return []
    rng = lab.stream("controls")
    chosen = sorted(int(c) for c in rng.choice(others, min(OTHERS, len(others)), replace=False))
    a, b = lab.others(high, chosen), lab.others(near, chosen)
    sound = np.flatnonzero(np.isfinite(a).all(axis=0) & np.isfinite(b).all(axis=0))  # a neighbour may answer NaN
    return sorted((round(superiority(a[:, i], b[:, i]), 3) for i in sound), reverse=True)


def _peaks(readings: list[Reading]) -> np.ndarray:
    return np.array([reading.peak for reading in readings])
