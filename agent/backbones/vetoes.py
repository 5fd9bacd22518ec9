"""What silences a way of firing: contents that keep the unit from firing although the way is there.

Covered: of the open pictures of which a way is true, what those show that stay silent; each suspect is tested by pictures of
the way with it and without it. Not covered: how ways are found (`sufficient.py`).
"""

from __future__ import annotations

import numpy as np

from ...tools.screen import Fit
from ...tools.sketch.concept import Concept, Not, absorbed, both, normal
from .lab_book import Acts, LabBook
from .levels import BAR, Levels
from .sufficient import N, Ways

MOST = 2  # vetoes of one way
SUSPECTS = 2  # tested for one veto
SUSPICIOUS = 0.35  # two silent pictures, and none that fires


def find_vetoes(book: LabBook, ways: Ways) -> Acts[None]:
    """Give each way its vetoes, in place."""
    for place in range(len(ways.found)):
        for _ in range(MOST):
            way = ways.found[place]
            veto = yield from _veto(book, ways, place)
            if veto is None:
                break
            ways.found[place] = both([way, Not(veto)])


def _veto(book: LabBook, ways: Ways, place: int) -> Acts[Concept | None]:
    way, levels = ways.found[place], ways.levels
    left = yield from book.exceptions(levels.bar, way, k=1)
    if left is None or not left.silences or left.true == left.silences:
        return None
    terms = [book.read(fit.concept) for fit in (yield from book.screen())]
    options = {str(both([way, term])): term for term in terms if _says_anew(way, term)}
    fits = yield from book.screen([book.read(formula) for formula in options])
    ranked = sorted(fits, key=lambda fit: (-_suspicion(fit, levels), fit.concept))
    for fit in ranked[:SUSPECTS]:
        if _suspicion(fit, levels) < SUSPICIOUS:
            break
        suspect = options[fit.concept]
        vetoed = both([way, Not(suspect)])
        identity = yield from book.raise_once(vetoed, f"{suspect} goes with silence where {way} is there")
        if identity is None:
            continue
        readings = yield from book.experiment(identity, [vetoed], [both([way, suspect])], 2 * N)
        peaks = [[reading.peak for reading in some] for some in readings.values()]
        if len(peaks) == 2 and levels.read(peaks[0]) == "fires" and levels.share(float(np.mean(peaks[1]))) < BAR:
            return suspect
    return None


def _says_anew(way: Concept, term: Concept) -> bool:
    whole = both([way, term])
    return absorbed(whole) == whole and normal(whole) not in (normal(way), normal(term))


def _suspicion(fit: Fit, levels: Levels) -> float:
    """How silent the pictures are that show both, discounted where they are few; 0 where they fire."""
    share = levels.share(fit.high)
    return 0.0 if share >= BAR or fit.n == 0 else (1 - share) * fit.n / (fit.n + 2)


