"""The normal form of a concept, so that equal ones compare equal, and concepts without what says nothing.

Covered: disjunctive form with negation at the terms, what one term implies of another ("red car" implies "red", three
dogs imply two, "dog left of cat" implies both), what cannot be (two backgrounds at once; a caption may well name both),
absorption, order. Two concepts of one normal form are true of the same scenes; not all that are true of the same scenes
have one normal form ("on sand or on snow or ..." through all backgrounds is true of every scene). Not covered: concepts
whose form would have over `MOST` clauses: they are only sorted.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

from .concept_terms import And, AtLeast, Concept, Light, Not, On, Or, Phrase, Related, both, either

MOST = 128
_MIRRORED = {"right of": "left of", "below": "above"}
NEVER = both([Phrase(colour="red"), Not(Phrase(colour="red"))])  # the form of whatever is true of no scene
Clause = frozenset[Concept]  # terms and negated terms, all of which hold


def absorbed(concept: Concept) -> Concept:
    """The same concept without terms that say nothing: in "red or red car" the car, in "red and red car" the red."""
    match concept:
        case Or(parts):
            return either([p for p in map(absorbed, parts) if not any(p != q and _says_more(p, q) for q in parts)])
        case And(parts):
            return both([p for p in map(absorbed, parts) if not any(p != q and _says_more(q, p) for q in parts)])
        case _:
            return concept


def _says_more(narrow: Concept, wide: Concept) -> bool:
    """Whether a term implies another, neither of them negated or compound."""
    simple = not isinstance(narrow, Not | And | Or) and not isinstance(wide, Not | And | Or)
    return simple and implies(narrow, wide)


@lru_cache(maxsize=65536)
def normal(concept: Concept) -> Concept:
    """The concept's normal form; it means the same, and is its own normal form."""
    clauses = _clauses(concept, True)
    if clauses is None:
        return _sorted(concept)
    found = {clause for clause in map(_without_implied, clauses) if not _impossible(clause)}
    kept = [c for c in found if not any(c != other and _follows(c, other) for other in found)]
    if not kept:
        return NEVER
    return either(sorted((both(sorted(clause, key=_place)) for clause in kept), key=str))


def _place(part: Concept) -> tuple[bool, str]:
    return isinstance(part, Not), str(part)


def _sorted(concept: Concept) -> Concept:
    """The concept as it stands, with its parts in order."""
    match concept:
        case Not(part):
            return Not(_sorted(part))
        case And(parts):
            return both(sorted(map(_sorted, parts), key=_place))
        case Or(parts):
            return either(sorted(map(_sorted, parts), key=str))
        case _:
            return _turned(concept)


def _turned(term: Concept) -> Concept:
    """A relation in the one of its two directions that is kept: what is right of a thing has it at its left."""
    if isinstance(term, Related) and term.relation in _MIRRORED:
        return Related(term.other, _MIRRORED[term.relation], term.one)
    return term


def _clauses(concept: Concept, wanted: bool) -> set[Clause] | None:
    """The ways in which the concept is true (or, `wanted` False, false); None where they are more than `MOST`."""
    match concept:
        case Not(part):
            return _clauses(part, not wanted)
        case And(parts) | Or(parts):
            ways = [_clauses(part, wanted) for part in parts]
            if isinstance(concept, Or) == wanted:
                found = {clause for way in ways if way is not None for clause in way}
                return None if None in ways or len(found) > MOST else found
            together: set[Clause] = {frozenset()}
            for way in ways:
                if way is None or len(together) * len(way) > MOST:
                    return None
                together = {one | other for one, other in product(together, way)}
            return together
        case _:
            term = _turned(concept)
            return {frozenset([term if wanted else Not(term)])}


def _without_implied(clause: Clause) -> Clause:
    kept = set(clause)
    for part in sorted(clause, key=_place):
        if any(other != part and implies(other, part) for other in kept):
            kept.discard(part)
    return frozenset(kept)


def _impossible(clause: Clause) -> bool:
    """Whether two parts of the clause exclude each other."""
    if any(isinstance(part, Not) and implies(other, part.part) for part in clause for other in clause):
        return True
    return any(sum(isinstance(part, kind) for part in clause) > 1 for kind in (On, Light))


def _follows(clause: Clause, other: Clause) -> bool:
    """Whether wherever the clause holds, the other does."""
    return all(any(implies(part, wanted) for part in clause) for wanted in other)


def implies(one: Concept, other: Concept) -> bool:
    """Whether of any scene of which the first term (or negated term) is true, the second is true."""
    if one == other:
        return True
    if isinstance(one, Not) and isinstance(other, Not):
        return implies(other.part, one.part)
    match one, other:
        case Phrase(), Phrase():
            return _within(one, other)
        case AtLeast(n, phrase), AtLeast(m, wanted):
            return n >= m and _within(phrase, wanted)
        case AtLeast(_, phrase), Phrase():
            return _within(phrase, other)
        case Related(a, _, b), Phrase():
            return _within(a, other) or _within(b, other)
        case Related(a, _, b), AtLeast(2, phrase):
            return _within(a, phrase) and _within(b, phrase)
        case Related(a, relation, b), Related(c, same, d):
            return relation == same and _within(a, c) and _within(b, d)
        case (On() | Light()), Not(On() | Light() as excluded):
            return type(one) is type(excluded) and one != excluded
        case _:
            return False


def _within(narrow: Phrase, wide: Phrase) -> bool:
    """Whether one phrase names all that the other names."""
    return wide.named().items() <= narrow.named().items()
