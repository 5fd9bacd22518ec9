"""Candidate concepts for the empiricist: from simple terms that go with activation to compounds that go with it better.

Covered: what to try next (narrower phrases, and, and not, or), greedily, with a price on every part; what level a concept
is at. It writes formulas only; their fit is measured by the instrument `screen`. Not covered: experiments.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from ...tools.screen import Fit
from ...tools.sketch import vocabulary as v
from ...tools.sketch.concept import And, Concept, Light, Not, On, Or, Phrase, both, either, normal, parse

WORTH = 0.02  # a part must raise the correlation by this much (Linear Explanations' stopping rule)
LEADING = 10  # simple terms that take part in compounds
PARTS = 3


def level(concept: Concept) -> str:
    """What kind of claim the concept makes: object, colour, pattern, stimulus ..., or "compound"."""
    match concept:
        case On():
            return "background"
        case Light():
            return "light"
        case Phrase():
            named = concept.named()
            if len(named) > 1:
                return "stimulus" if concept.noun in v.STIMULI else "attributed object"
            return "stimulus" if concept.noun in v.STIMULI else "object" if concept.noun else next(iter(named))
        case Or() | And() | Not():
            return "compound"
        case _:
            return "word"


def narrower(term: Concept) -> list[Concept]:
    """The phrase with one more attribute named, where it can have it."""
    if not isinstance(term, Phrase):
        return []
    named, found = term.named(), []
    stimulus = v.STIMULI.get(term.noun or "")
    options: dict[str, Sequence[str]] = {"colour": tuple(v.COLOURS)}
    if stimulus is None:
        options |= {"pattern": v.PATTERNS, "size": v.SIZES, "noun": (*v.NOUNS, *v.STIMULI)}
    if stimulus is not None and stimulus.oriented:
        options["orientation"] = v.ORIENTATIONS
    if stimulus is not None and stimulus.periodic:
        options["frequency"] = v.FREQUENCIES
    for attribute, values in options.items():
        if attribute in named:
            continue
        for value in values:
            kind = v.STIMULI.get(value) if attribute == "noun" else None
            misfit = kind is not None and (term.pattern or (term.orientation and not kind.oriented) or (term.frequency and not kind.periodic))
            object_misfit = attribute == "noun" and kind is None and (term.orientation or term.frequency)
            if not misfit and not object_misfit:
                found.append(Phrase(**{**named, attribute: value}))
    return found


def broader(concept: Concept) -> list[Concept]:
    """The concept with one part or attribute left out: what a rival could say is all that matters."""
    match concept:
        case Phrase() if len(concept.named()) > 1:
            return [Phrase(**{k: x for k, x in concept.named().items() if k != left}) for left in concept.named()]
        case And(parts):
            return [both([p for p in parts if p != left]) for left in parts if len(parts) > 1 and _positive(parts, left)]
        case Or(parts):
            return list(parts)
        case _:
            return []


def _positive(parts: tuple[Concept, ...], left: Concept) -> bool:
    return any(not isinstance(p, Not) for p in parts if p != left)


def compounds(base: Concept, helpers: Sequence[Concept], vetoes: Sequence[Concept]) -> list[Concept]:
    """The concept joined with each helper by `or` and `and`, and with each veto by `and not`."""
    found: list[Concept] = []
    for helper in helpers:
        if helper == base or (isinstance(base, Or | And) and helper in base.parts):
            continue
        found.append(either([base, helper]))
        if not isinstance(base, Or):
            found.append(both([base, helper]))
    if not isinstance(base, Or):
        found += [both([base, Not(veto)]) for veto in vetoes if veto != base]
    return found


def search(simple: Sequence[Fit], words: frozenset[str]) -> Generator[list[str], Sequence[Fit], list[Fit]]:
    """Candidates, best first: simple terms and the compounds that beat their own parts by `WORTH` a part.

    Yields formulas to be screened and is sent their fits. Greedy: from each of the leading terms, narrower phrases and
    compounds of two; from the best of those, of three.
    """

    def read(fit: Fit) -> Concept:
        return parse(fit.concept, words)

    leading = [fit for fit in simple if fit.r > 0][:LEADING]
    vetoes = [read(fit) for fit in reversed(simple) if fit.r < 0][:6]
    helpers = [read(fit) for fit in leading]
    best = {str(normal(read(fit))): fit for fit in leading}
    frontier = leading[:6]
    for _ in range(PARTS - 1):
        tried: dict[str, tuple[Concept, float]] = {}
        for fit in frontier:
            base = read(fit)
            options = compounds(base, helpers, vetoes) + narrower(base)
            if isinstance(base, Or):
                options += [either([*(p for p in base.parts if p != part), finer]) for part in base.parts for finer in narrower(part)]
            for option in options:
                key = str(normal(option))
                if key not in best:
                    floor = max(fit.r, tried[key][1] if key in tried else 0.0)
                    tried[key] = (option, floor)
        if not tried:
            break
        fits = yield [str(option) for option, _ in tried.values()]
        found = {fit.concept: fit for fit in fits}
        better = []
        for key, (option, floor) in tried.items():
            fit = found[str(option)]
            if fit.n >= 4 and fit.r >= floor + WORTH:
                best[key] = fit
                better.append(fit)
        frontier = sorted(better, key=lambda fit: -fit.r)[:6]
    return sorted(best.values(), key=lambda fit: (-(fit.r - WORTH * parts_of(read(fit))), fit.concept))


def parts_of(concept: Concept) -> int:
    """How many things the concept names: what it costs."""
    match concept:
        case Phrase():
            return len(concept.named())
        case Not(part):
            return parts_of(part)
        case And(parts) | Or(parts):
            return sum(parts_of(part) for part in parts)
        case _:
            return 1
