"""Claims of a comparison: "the one fires for this, where the other does not", registered, drawn, measured and judged.

Covered: which accounts of a difference are worth a claim, narrowing one by what lets both units fire alike (exploration), the
pictures of a claim with their controls, its test, and its verdict after correction over all claims. Not covered: where the
accounts come from (a study of the difference, `comparing.py`) and how it is all told (`telling.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...targets.difference import Scaled
from ...targets.errors import BadInput
from ...targets.picture import Picture
from ...tools.corpus import Corpus
from ...tools.generator import near_misses
from ...tools.lab import Lab, Reading
from ...tools.sketch.concept import AtLeast, Concept, Not, Phrase, absorbed, both, normal, terms
from ...tools.statistics import holm, sign_flip_p
from ..admission import FIRES
from ..backbones.candidates import narrower
from ..deciding_experiment import MARGIN, difference
from ..ledger import ALPHA, LEAST_PAIRS
from ..loop import Run
from ..rivals import designed_readings, fit
from ..transcript import Answered
from .events import SIDES, Claimed, ClaimFound, Narrowed, Side, Taken, Weighed

N = 24  # pictures of a claim, with as many controls
MOST = 3  # claims for one unit, where no account of the difference was admitted
TERMS = 3  # looked at to narrow an account
EACH = 8  # pictures with, and without, each of them
LEAST_ROWS = 3  # data pictures with and without a term
NEARLY_ALL = 0.8  # of a claim's data pictures, of which a wider one is true too: then the wider one is told
OTHER: dict[Side, Side] = {"one": "other", "other": "one"}


@dataclass(frozen=True)
class Pair:
    """The two units' labs and levels, and the lab of their difference for each side."""

    labs: dict[Side, Lab]
    scaled: dict[Side, Scaled]

    def levels(self, side: Side, readings: Sequence[Reading]) -> np.ndarray:
        """Where a unit's readings lie from its rest to its full response."""
        return self.scaled[side].levels(np.array([reading.peak for reading in readings], np.float64))

    def measure(self, pictures: Sequence[Picture]) -> dict[Side, list[Reading]]:
        """Both units' readings of the same pictures. Raises `LimitReached` before a limit would be passed."""
        return {side: self.labs[side].measure(pictures) for side in SIDES}


def accounts(run: Run, answered: Answered) -> list[Concept]:
    """What the study of a difference says of it: the admitted formula; else the best ones that stood their own tests."""
    lab = run.lab
    if answered.verdict == "supported" and answered.formula is not None:
        return [lab.corpus.read(answered.formula)]
    stood = [raised.formula for raised in run.ledger.hypotheses.values() if run.ledger.status(raised.id) == "supported"]
    read = [lab.corpus.read(formula) for formula in ([answered.formula] if answered.formula else []) + stood]
    distinct = {normal(concept): concept for concept in reversed(read)}
    measured = designed_readings(run.ledger.judged.values(), run.decided)
    return sorted(distinct.values(), key=lambda concept: (-fit(lab, concept, measured), str(concept)))[:MOST]


# ---- narrowing ----------------------------------------------------------------------------------------------------------


def narrowed(pair: Pair, apart: Lab, side: Side, account: Concept, serial: str) -> Narrowed:
    """The account less what lets both units fire alike, where drawn pictures show that there is such a thing."""
    rng = apart.stream("narrowing", side, serial)
    tried: list[Taken] = []
    now, because = account, "nothing in the open data takes the difference away"
    for term in _suspects(apart, account):
        with_it = _fresh(apart, both([account, term]), EACH, rng)
        without = _fresh(apart, both([account, Not(term)]), EACH, rng)
        if min(len(with_it), len(without)) < EACH:
            continue
        readings = pair.measure([*with_it, *without])
        mine, its = (pair.levels(s, readings[s]) for s in (side, OTHER[side]))
        lost, kept = float((mine - its)[:EACH].mean()), float((mine - its)[EACH:].mean())
        fires = bool(min(mine[:EACH].mean(), its[:EACH].mean()) >= FIRES)
        shared = str(absorbed(both([account, term]))) if fires else None
        tried.append(Taken(term=str(term), with_it=_short(lost), without=_short(kept), n=EACH, shared=shared))
        because = "nothing that was tried takes the difference away"
        if lost <= kept / 2 and kept - lost >= MARGIN:
            now, because = absorbed(both([account, Not(term)])), f"pictures that show {term} too do not differ so"
            break
    return Narrowed(side=side, formula=str(account), narrowed=str(now), because=because, tried=tried)


def _suspects(apart: Lab, account: Concept) -> list[Concept]:
    """Terms with which, among open pictures of the account, the difference is least; those that show it most clearly first."""
    rows = apart.open[apart.corpus.truths(account)[apart.open]]
    peaks = apart.peaks[rows].astype(float)
    found: list[tuple[float, str, Concept]] = []
    for term in dict.fromkeys([*_finer(account), *apart.corpus.terms(apart.open)]):
        true = apart.corpus.truths(term)[rows]
        if min(int(true.sum()), int((~true).sum())) < LEAST_ROWS or term in terms(account):
            continue
        lost = float(peaks[~true].mean() - peaks[true].mean())
        if lost >= MARGIN and peaks[true].mean() <= peaks[~true].mean() / 2:
            r = float(np.corrcoef(true, peaks)[0, 1])
            found.append((r, str(term), term))
    return [term for _, _, term in sorted(found, key=lambda one: one[:2])][:TERMS]


def _finer(account: Concept) -> list[Concept]:
    """Narrower kinds of what the account names: with one more attribute, or more than one of it."""
    phrases = [term for term in terms(account) if isinstance(term, Phrase)]
    several: list[Concept] = [AtLeast(n, phrase) for phrase in phrases if phrase.noun is not None for n in (2, 3)]
    return [option for phrase in phrases for option in narrower(phrase)] + several


# ---- one claim ------------------------------------------------------------------------------------------------------------


def registered(claim: str, side: Side, formula: str) -> Claimed:
    """A claim, written down before any of its pictures is made."""
    return Claimed(
        claim=claim,
        side=side,
        formula=formula,
        n=N,
        margin=MARGIN,
        predicts=(
            f"on pictures of {formula} the {side} unit lies {MARGIN} of the way or more above the {OTHER[side]}, "
            "and further above it than on the same pictures with one factor changed so that it is none"
        ),
        refuted_if=f"the interval of the difference lies below {MARGIN}",
    )


def weighed(pair: Pair, lab: Lab, claimed: Claimed) -> Weighed:
    """Draw a claim's pictures and their controls, and measure both units on them. `lab`: whose streams and words are used."""
    rng = lab.stream("claim", claimed.claim)
    try:
        shown, near = _pairs(lab, lab.corpus.read(claimed.formula), claimed.n, rng)
    except BadInput as why:
        return _void(claimed, str(why), 0)
    if len(shown) < LEAST_PAIRS:
        return _void(claimed, f"only {len(shown)} pairs could be drawn, and {LEAST_PAIRS} are needed", len(shown))
    n, side, against = len(shown), claimed.side, OTHER[claimed.side]
    readings = pair.measure([*shown, *near])
    levels = {s: pair.levels(s, readings[s]) for s in SIDES}
    apart = levels[side] - levels[against]
    ids = list(range(n))
    effect, control = difference(apart[:n], ids), difference(apart[n:], ids)
    ps = [sign_flip_p(apart[:n], rng), sign_flip_p(apart[:n] - apart[n:], rng)]
    told = {}
    for s in SIDES:
        for what, some in (("shown", levels[s][:n]), ("near", levels[s][n:])):
            found = difference(some, ids)
            told[f"{s} {what}"] = (_short(found.mean), _short(found.low), _short(found.high))
    return Weighed.model_validate(
        {
            "claim": claimed.claim,
            "shown": {s: readings[s][:n] for s in SIDES},
            "near": {s: readings[s][n:] for s in SIDES},
            "levels": told,
            "effect": _short(effect.mean),
            "interval": (_short(effect.low), _short(effect.high)),
            "control": _short(control.mean),
            "control_interval": (_short(control.low), _short(control.high)),
            "p": max(ps),
            "n": n,
        }
    )


def _void(claimed: Claimed, why: str, n: int) -> Weighed:
    nothing: dict[Side, list[Reading]] = {"one": [], "other": []}
    return Weighed(
        claim=claimed.claim,
        shown=nothing,
        near=nothing,
        levels={},
        effect=0.0,
        interval=(-1.0, 1.0),
        control=0.0,
        control_interval=(-1.0, 1.0),
        p=1.0,
        n=n,
        void=why,
    )


def judged(claims: Sequence[Claimed], found: Sequence[Weighed], names: dict[Side, str]) -> list[ClaimFound]:
    """The verdicts, each p corrected by Holm over all claims registered; one that was never measured counts as p = 1."""
    by_claim = {weight.claim: weight for weight in found}
    corrected = holm([by_claim[c.claim].p if c.claim in by_claim else 1.0 for c in claims])
    told = []
    for claimed, q in zip(claims, corrected, strict=True):
        weight = by_claim.get(claimed.claim) or _void(claimed, "the run was stopped before it was measured", 0)
        told.append(_judged(claimed, weight, q, names))
    return told


def nested(found: Sequence[ClaimFound], corpus: Corpus) -> list[ClaimFound]:
    """The same, each supported claim with the widest other one of its side that holds nearly wherever it does in the data."""
    truths = {one.claim: corpus.truths(corpus.read(one.formula)) for one in found if one.verdict == "supported"}
    told = []
    for one in found:
        wider = [
            other
            for other in found
            if {one.claim, other.claim} <= truths.keys()
            and other.side == one.side
            and truths[other.claim].sum() > truths[one.claim].sum()
            and (truths[one.claim] & truths[other.claim]).sum() >= NEARLY_ALL * truths[one.claim].sum()
        ]
        widest = max(wider, key=lambda other: int(truths[other.claim].sum()), default=None)
        told.append(one.model_copy(update={"within": None if widest is None else widest.claim}))
    return told


def _judged(claimed: Claimed, weight: Weighed, q: float, names: dict[Side, str]) -> ClaimFound:
    verdict = "inconclusive"
    if weight.void is None and q <= ALPHA and weight.effect >= MARGIN and weight.interval[0] > 0:
        verdict = "supported"
    elif weight.void is None and weight.interval[1] < MARGIN:
        verdict = "refuted"
    return ClaimFound.model_validate(
        {
            "claim": claimed.claim,
            "side": claimed.side,
            "formula": claimed.formula,
            "text": _said(claimed, weight, verdict, names),
            "effect": weight.effect,
            "interval": weight.interval,
            "control": weight.control,
            "p": weight.p,
            "q": float(f"{q:.4g}"),
            "n": weight.n,
            "verdict": verdict,
        }
    )


def _said(claimed: Claimed, weight: Weighed, verdict: str, names: dict[Side, str]) -> str:
    side, against = claimed.side, OTHER[claimed.side]
    mine, its = names[side], names[against]
    if weight.void is not None:
        return f"whether {mine} fires for {claimed.formula} where {its} does not could not be tried: {weight.void}"
    high, low = weight.levels[f"{side} shown"][0], weight.levels[f"{against} shown"][0]  # type: ignore[index]
    if verdict == "supported" and low < FIRES:
        return f"{mine} fires for {claimed.formula} ({high:.2f} of its full response), where {its} does not ({low:.2f})"
    if verdict == "supported":
        return f"{mine} fires more for {claimed.formula} ({high:.2f} of its full response) than {its} does ({low:.2f})"
    if verdict == "refuted":
        return f"{mine} does not fire {MARGIN:g} of the way more for {claimed.formula} ({high:.2f}) than {its} does ({low:.2f})"
    return f"it stays open whether {mine} fires more for {claimed.formula} ({high:.2f}) than {its} does ({low:.2f})"


def _pairs(lab: Lab, concept: Concept, n: int, rng: np.random.Generator) -> tuple[list[Picture], list[Picture]]:
    """Up to n pictures that the run has not measured of which the concept is true, and each with one factor changed."""
    shown: dict[str, Picture] = {}
    near: dict[str, Picture] = {}
    for _ in range(4):
        lab.progress("generating", len(shown), n)
        fresh = lab.generator.examples(concept, n - len(shown), rng)
        for picture, missed in zip(fresh, near_misses(lab.generator, concept, fresh, rng), strict=True):
            new = missed is not None and {picture.id, missed.id}.isdisjoint(lab.used | shown.keys() | near.keys())
            if missed is not None and new and lab.holds(concept, picture) and not lab.holds(concept, missed):
                shown[picture.id], near[missed.id] = picture, missed
        if len(shown) >= n:
            break
    return list(shown.values()), list(near.values())


def _fresh(lab: Lab, concept: Concept, n: int, rng: np.random.Generator) -> list[Picture]:
    made: dict[str, Picture] = {}
    for _ in range(2):
        made |= {p.id: p for p in lab.generator.examples(concept, n - len(made), rng) if p.id not in lab.used}
        if len(made) >= n:
            break
    return list(made.values())[:n]


def _short(value: float) -> float:
    return round(float(value), 4)
