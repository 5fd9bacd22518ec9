"""The empiricist: no language model, but the method.

It looks at the unit's whole range, then looks for ways of firing, one at a time (`sufficient.py`): what in a picture that
fires is enough, and of which no part can be left out; for what silences them (`vetoes.py`); and proposes them, which the
lab tries to refute. Where no way can be singled out, or the lab refuses it, it goes by fit (`by_fit.py`).
Everything it knows came back from an instrument. Not covered: place in the picture.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...tools.exemplars import Exemplars
from ...tools.sketch.concept import Concept
from ..redraw_test import KEPT
from ..transcript import AnyEvent, Decided, Profiled, Redrawn
from .backbone import Act, Call, Conclude
from .by_fit import study_by_fit
from .candidates import broader
from .graded import study_graded
from .lab_book import Acts, LabBook
from .levels import BAR, Levels
from .sufficient import Ways, find_ways, without_needless
from .vetoes import find_vetoes

SD_OF_MEDIAN_DIFFERENCE = 1.0484  # of a normal: the median of |x - y| is .9539 standard deviations
PLAINLY = 0.75  # of full response: plainly fires; as far from full: plainly silent
ALIKE, WEAK = 0.4, 0.7  # of full response: the most that look-alikes give, the least that what fires does
REACH = 4.0  # standard deviations of noise that one picture among a thousand may lie off
QUIET = 0.085  # of full response: the most noise at which pictures half-way up are a property of the unit
MANY, BETWEEN = 20, 4  # graded: so many pictures fire, and so many times as many as come near full response,
BELOW, NO_GAP = 0.3, 1.3  # and so many times as many again reach this share of the way
RIVALS = 3  # raised beside a conclusion; the lab picks the best of all that were


class Empiricist:
    """The embedded scientist. One run an instance; deterministic in what it is shown."""

    name = "empiricist"
    deterministic = True

    def __init__(self) -> None:
        self._study: Acts[None] | None = None
        self._book = LabBook()

    def act(self, transcript: Sequence[AnyEvent]) -> Act:
        """The next act of the study."""
        self._book.events = transcript
        try:
            if self._study is None:
                self._study = _study(self._book)
                return next(self._study)
            return self._study.send(transcript)
        except StopIteration:
            return Conclude(hypothesis=None)


def _study(book: LabBook) -> Acts[None]:
    """The whole study, in order."""
    redrawn = book.last(Redrawn)
    yield from _look_over_the_range(book)
    if redrawn is None or not redrawn.driven:
        return
    terms = yield from book.screen()
    if not terms:
        return
    book.words = frozenset(word for fit in terms for word in fit.concept.split())
    profiled = book.last(Profiled)
    levels = _levels(redrawn, profiled)
    refused: set[str] = set()
    if levels is not None and profiled is not None and (yield from _is_graded(book, levels)):
        yield from study_graded(book, dict(profiled.quantiles)[0.5], terms)
        return
    if levels is not None:
        ways = Ways(levels)
        yield from find_ways(book, ways)
        yield from without_needless(book, ways)
        yield from find_vetoes(book, ways)
        denied = ways.levels.clear and (yield from _plain_exceptions(book, ways)) > 0
        if ways.formula is not None and not denied:  # else it would be wrong of pictures that are known
            yield from _conclude(book, ways.formula, [fit.concept for fit in terms if fit.r > 0])
            decided = book.last(Decided)
            if decided is not None:
                refused.add(book.key(book.read(decided.formula)))
    yield from study_by_fit(book, terms, refused)


def _is_graded(book: LabBook, levels: Levels) -> Acts[bool]:
    """Whether responses have no two levels: no gap below the bar, and few of the pictures above it come near full response.

    Not to be seen where noise alone lifts many pictures half-way.
    """
    if levels.noise > QUIET * (levels.full - levels.rest):
        return False
    above = []
    for share in (BELOW, BAR, PLAINLY):
        found = yield from book.exceptions(levels.at(share), None, k=1)
        above.append(0 if found is None else found.misses)
    below, fire, fully = above
    return fire >= max(MANY, BETWEEN * fully) and below >= NO_GAP * fire


def _plain_exceptions(book: LabBook, ways: Ways) -> Acts[int]:
    """How many open pictures plainly fire without the ways found, or are plainly silent with one of them.

    Plainly: three quarters of the way, and further from look-alikes and from weak pictures than noise reaches.
    """
    levels, gap = ways.levels, ways.levels.full - ways.levels.rest
    high = max(PLAINLY * gap, ALIKE * gap + REACH * levels.noise)
    low = min((1 - PLAINLY) * gap, WEAK * gap - REACH * levels.noise)
    missed = yield from book.exceptions(levels.rest + high, ways.formula, k=1)
    silent = yield from book.exceptions(levels.rest + low, ways.formula, k=1)
    return (missed.misses if missed is not None else 0) + (silent.silences if silent is not None else 0)


def _look_over_the_range(book: LabBook) -> Acts[None]:
    top = yield from book.call(Exemplars, "exemplars", which="top", k=15, view="highlighted")
    yield from book.call(Exemplars, "exemplars", which="quantile", k=10)
    yield from book.call(Exemplars, "exemplars", which="bottom", k=5)
    yield from book.call(Exemplars, "exemplars", which="random", k=10)
    if top is not None:
        shown = [e.picture for e in top.shown]
        yield Call(tool="describe", arguments={"pictures": shown, "region": True})
        yield Call(tool="summarize", arguments={"pictures": shown})


def _levels(redrawn: Redrawn, profiled: Profiled | None) -> Levels | None:
    """Rest: the data's lower quartile (over half may fire). Full: fresh draws of the strongest contents, or the best."""
    if profiled is None or not redrawn.fresh:
        return None
    rest = dict(profiled.quantiles)[0.25]
    peaks = np.array([reading.peak for reading in redrawn.fresh])
    best = peaks[::KEPT] if redrawn.way == "redraw" else peaks
    full = float(max(np.quantile(peaks, 0.75), np.median(best)))
    pairs = zip(redrawn.ordinary, redrawn.random, strict=False)  # the same contents, drawn twice
    apart = [abs(one.peak - other.peak) for one, other in pairs]
    noise = float(np.median(apart)) * SD_OF_MEDIAN_DIFFERENCE if apart else 0.0
    return Levels(rest, full, noise) if full > rest else None


def _conclude(book: LabBook, answer: Concept, terms: Sequence[str]) -> Acts[None]:
    """Propose the answer, with rivals beside those that were tested on the way: what is left without a part, other terms."""
    identity = yield from book.raise_once(answer, "each way is enough, and none of its parts can be left out")
    if identity is None:
        return
    for part in [*broader(answer), *(book.read(term) for term in terms[:RIVALS])][: 2 * RIVALS]:
        if len(book.hypotheses) > RIVALS:
            break
        yield from book.raise_once(part, "what may be all that matters", identity)
    yield Conclude(hypothesis=identity)
