"""The field's methods that only look: each is given the data and further pictures, and says something of a unit.

Covered:
exemplars, milan, one-shot, random   the baselines of the synthetic benchmark
clip-dissect   the concept with the largest softWPMI (`softwpmi.py`), beside all units of the layer. Concept scores are what
               the pictures are known to show, for no image-text model comes with lettvin; of ``clip-dissect:conse`` and
               ``clip-dissect:ID_OR_DIR`` they are the cosines of `tools/image_text.py`, as in the paper
invert         the formula with the largest AUC (`invert.py`)
linear         a sum of weighted concepts (`linear.py`)
weighed        what the empiricist says at its end, its weighted labels, without any experiment before: of the simple concepts,
               by these pictures alone
constant       the same of every unit: the concept that goes best with all units of all layers, on the mean
Not covered: minds that ask (`asking.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...agent.weighted_labels import added, leading
from ...tools.corpus import Corpus
from ...tools.sketch.concept import Concept, Phrase
from ..synthetic.baselines import BASELINES, Seen
from .description import Description, of_concept, of_weights
from .invert import search
from .linear import explain
from .softwpmi import concept_shares, softwpmi

CONSTANT, DISSECT = "constant", "clip-dissect"
APART = 0.1
"""How far apart softWPMI's concept scores are for pictures that show a concept and those that do not: about as far as CLIP's
cosines. Chosen on units of other layers than those reported: at 1, every unit that is best at anything scores alike."""


@dataclass(frozen=True)
class Look:
    """What a method may look at: the pictures with the unit's peaks, and what is worked out once for many units.

    `dissected`: the concept that softWPMI gives the unit; `constant`: that of all units.
    """

    seen: Seen
    dissected: Callable[[], Concept | None]
    constant: Callable[[], Concept | None]


def _invert(look: Look) -> tuple[Description | None, bool]:
    found = search(look.seen)
    return of_concept(None if found is None else found.concept), found is not None and found.significant


def _weighed(look: Look) -> tuple[Description | None, bool]:
    seen, terms = look.seen, look.seen.terms
    ways = leading(seen.corpus, np.arange(len(seen.corpus)), seen.peaks, terms)
    if not ways or np.ptp(seen.peaks) == 0:
        return None, False
    columns = np.array([seen.corpus.truths(way) for way in ways], dtype=float).T
    joined, weights, _ = added(columns, seen.peaks, len(terms), seen.rng)
    return _claimed(of_weights([(ways[place], float(weight)) for place, weight in zip(joined, weights[1:], strict=True)]))


def _baseline(name: str) -> Callable[[Look], tuple[Description | None, bool]]:
    return lambda look: _claimed(of_concept(BASELINES[name](look.seen)))


def _claimed(found: Description | None) -> tuple[Description | None, bool]:
    return found, found is not None


LOOKS: dict[str, Callable[[Look], tuple[Description | None, bool]]] = {
    "linear": lambda look: _claimed(of_weights(explain(look.seen))),
    "weighed": _weighed,
    "invert": _invert,
    DISSECT: lambda look: _claimed(of_concept(look.dissected())),
    **{name: _baseline(name) for name in ("milan", "exemplars", "one-shot", "random")},
    CONSTANT: lambda look: _claimed(of_concept(look.constant())),
}
"""What each says of a unit, and whether it claims that: only `invert` has a test that it may fail."""


def look_of(method: str) -> tuple[str, str]:
    """The name in `LOOKS` of a method, and the image-text model that it is told to go by ('' for none); '' where it is none."""
    name, colon, model = method.partition(":")
    return (name, model) if name in LOOKS and (not colon or (model and name == DISSECT)) else ("", "")


def dissected(corpus: Corpus, peaks: np.ndarray, cosines: np.ndarray | None = None) -> list[Concept | None]:
    """Each unit's concept by softWPMI; None where the pictures show no simple concept often enough.

    `peaks`: of all units that are scored beside each other, pictures x units. `cosines`: of the pictures with `terms_of`
    the corpus, pictures x terms; where None, what the pictures are known to show, `APART` apart.
    """
    terms = terms_of(corpus)
    if not terms:
        return [None] * peaks.shape[1]
    if cosines is None:
        cosines = APART * np.array([corpus.truths(term) for term in terms], dtype=np.float32).T
    return [terms[int(place)] for place in softwpmi(concept_shares(cosines), peaks).argmax(axis=1)]


def terms_of(corpus: Corpus) -> list[Concept]:
    """The concepts that units are named by: all simple ones that the pictures show."""
    return corpus.terms(np.arange(len(corpus)))


def line_of(term: Concept) -> str:
    """A simple concept as a line that an image-text model can hold a picture against."""
    return f"a photo of a {term}" if isinstance(term, Phrase) and term.noun else f"a photo of something {term}"


def goes_with_all(corpus: Corpus, layers: list[np.ndarray]) -> Concept | None:
    """The concept whose correlation with a unit's peaks is largest on the mean over units, each layer counting alike.

    `layers`: peaks of all units of each, pictures x units.
    """
    terms = terms_of(corpus)
    if not terms:
        return None
    shown = _standard(np.array([corpus.truths(term) for term in terms], dtype=np.float64).T)
    means = [(shown.T @ _standard(peaks.astype(np.float64)) / len(peaks)).mean(axis=1) for peaks in layers]
    return terms[int(np.mean(means, axis=0).argmax())]


def _standard(columns: np.ndarray) -> np.ndarray:
    """Columns of mean 0 and variance 1; constant ones are 0."""
    spread = columns.std(axis=0)
    found: np.ndarray = (columns - columns.mean(axis=0)) / np.where(spread == 0, 1, spread)
    return found
