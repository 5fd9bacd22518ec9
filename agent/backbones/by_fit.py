"""Study by fit: the concept that goes best with the unit's activation, where no way of firing could be singled out.

Terms that go with activation are joined greedily (`candidates.py`); the best is raised with rivals at other levels, each
tested by minimal pairs in which one factor changes; leaders are pitted against each other where they disagree; other ways
to fire are looked for; after a refusal, what it missed is learnt. For graded units, whose responses have no two levels.
Not covered: counts, relations, place in the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ...tools.screen import Fit
from ...tools.sketch.concept import disjuncts, either
from ..transcript import Decided
from .backbone import Call, Conclude
from .candidates import Found, as_strong, broader, level, one_thing, parts_of, search
from .lab_book import Acts, LabBook

PAIRS = 12
RIVALS = 4
FDR = 0.05
OTHER_WAYS = 2  # disjuncts that may be added to a leader
ATTEMPTS = 3  # the lab allows no more


@dataclass
class Fits:
    """How well raised formulas do on all that was measured, and which were refused as a conclusion (normal formulas)."""

    scores: dict[str, float] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)


def study_by_fit(book: LabBook, terms: list[Fit], refused: set[str]) -> Acts[None]:
    """The whole study: candidates, tests, duels, conclusions, until one is supported or none is left."""
    study = Fits(refused=refused)
    fitting = [fit for fit in terms if fit.q <= FDR] or terms[:3]
    found = yield from candidates_for(book, fitting)
    if not found.candidates:
        return
    for identity in (yield from raise_with_rivals(book, found, terms)):
        yield from try_minimal_pairs(book, identity)
    for _ in range(ATTEMPTS):
        best = yield from pit_leaders_against_each_other(book, study)
        if best is None:
            return
        best = yield from keep_ways_that_suffice(book, study, best)
        best = yield from look_for_other_ways(book, study, best)
        before = book.last(Decided)
        yield Conclude(hypothesis=best)
        decided = book.last(Decided)
        if decided is None or decided is before:
            return
        study.refused.add(_key(book, decided.formula))
        yield from learn_from(book, study, decided, best)


def candidates_for(book: LabBook, fitting: list[Fit]) -> Acts[Found]:
    """Candidates by the greedy search, its screenings carried out as acts."""
    hunt = search(fitting, book.words, book.nouns)
    try:
        asked = next(hunt)
        while True:
            asked = hunt.send((yield from screened(book, asked)))
    except StopIteration as ended:
        return Found(ended.value.candidates, ended.value.levels)


def raise_with_rivals(book: LabBook, found: Found, terms: list[Fit]) -> Acts[list[str]]:
    """Raise the best candidate, then rivals: its parts, its parts bound to one thing, the best of every other level."""
    first = found.candidates[0]
    lead = yield from raised(book, first.concept, f"best fit to the open data: r {first.r:+.2f} on {first.n} pictures")
    if lead is None:
        return []
    answer = book.read(first.concept)
    rivals: list[tuple[str, str, str | None]] = [
        (str(bound), "what binds the leading concept's parts to one thing", lead) for bound in one_thing(answer)
    ]
    bound = found.levels.get("attributed object")
    others = [fit for here, fit in found.levels.items() if here != level(answer) and fit.r > 0]
    for fit in ([bound] if bound in others else []) + sorted(others, key=lambda fit: -fit.r)[:2]:
        rivals.append((fit.concept, f"best of its level: r {fit.r:+.2f} on {fit.n} pictures", None))
    rivals += [
        (str(part), "a part of the leading concept, which may be all that matters", lead) for part in broader(answer)
    ]
    rivals += [
        (fit.concept, f"next best fit: r {fit.r:+.2f}", None) for fit in [*found.candidates[1:], *terms] if fit.r > 0
    ]
    leaders = [lead]
    for formula, because, parent in rivals:
        if len(leaders) > RIVALS:
            break
        identity = yield from raised(book, formula, because, parent)
        if identity is not None and identity not in leaders:
            leaders.append(identity)
    return leaders


def try_minimal_pairs(book: LabBook, identity: str) -> Acts[None]:
    """Pictures of the concept against the same with one factor changed so that it no longer holds."""
    formula = book.formula(identity)
    yield Call(
        tool="experiment",
        arguments={
            "hypothesis": identity,
            "conditions": [
                {"name": formula, "concept": formula},
                {"name": "one factor changed", "edit_of": formula, "breaks": formula},
            ],
            "prediction": {
                "high": [formula],
                "low": ["one factor changed"],
                "refuted_if": "changing the factor leaves the activation, or raises it",
            },
            "n": PAIRS,
        },
    )


def pit_leaders_against_each_other(book: LabBook, study: Fits) -> Acts[str | None]:
    """The hypothesis that predicts all measured pictures best, after up to two duels of the two best."""
    dueled: set[frozenset[str]] = set()
    ranked: list[str] = []
    for _ in range(3):
        ranked = yield from rank(book, study)
        if len(ranked) < 2:
            break
        pair = frozenset(ranked[:2])
        if pair in dueled or study.scores[ranked[0]] - study.scores[ranked[1]] > 0.15:
            break
        dueled.add(pair)
        yield from duel(book, book.hypotheses[ranked[0]], book.hypotheses[ranked[1]])
    return book.hypotheses[ranked[0]] if ranked else None


def duel(book: LabBook, one: str, other: str) -> Acts[None]:
    """Pictures where only one of the two concepts holds, against pictures where only the other does.

    Where one holds wherever the other does, the narrower one's pictures stand against the rest of the wider one's.
    """
    a, b = book.formula(one), book.formula(other)
    only_a, only_b = f"({a}) and not ({b})", f"({b}) and not ({a})"
    seen = {fit.concept: fit.n for fit in (yield from screened(book, [only_a, only_b]))}
    sizes = [seen.get(str(book.read(formula)), 0) for formula in (only_a, only_b)]
    if sizes[0] == 0 and sizes[1] == 0:
        return
    if sizes[0] == 0:  # `one` is the narrower
        sides = ((a, a), (f"{b}, not {a}", only_b))
    elif sizes[1] == 0:
        one, sides = other, ((b, b), (f"{a}, not {b}", only_a))
    else:
        sides = ((f"{a}, not {b}", only_a), (f"{b}, not {a}", only_b))
    high, low = ({"name": name[:80], "concept": formula} for name, formula in sides)
    yield Call(
        tool="experiment",
        arguments={
            "hypothesis": one,
            "conditions": [high, low],
            "prediction": {
                "high": [high["name"]],
                "low": [low["name"]],
                "refuted_if": f"pictures of {low['name']} fire the unit more",
            },
            "n": PAIRS,
        },
    )


def rank(book: LabBook, study: Fits) -> Acts[list[str]]:
    """Raised formulas that may still be concluded, best first: fit to designed pictures and to the open data, alike.

    A designed picture weighs more than one of the data: there the factors that go together by chance are apart.
    """
    open_to = [key for key in book.hypotheses if key not in study.refused]
    formulas = [book.formula(book.hypotheses[key]) for key in open_to]
    if not formulas:
        return []
    pictures = book.designed()
    on_data = yield from screened(book, formulas)
    on_designed = (yield from screened(book, formulas, pictures=pictures)) if pictures else []
    data = {_key(book, fit.concept): fit.r for fit in on_data}
    designed = {_key(book, fit.concept): fit.r for fit in on_designed}
    for key in open_to:
        price = 0.01 * parts_of(book.read(key))
        study.scores[key] = (data.get(key, 0.0) + 2 * designed.get(key, 0.0)) / 3 - price
    return sorted(open_to, key=lambda key: (-study.scores[key], key))


def keep_ways_that_suffice(book: LabBook, study: Fits, best: str) -> Acts[str]:
    """Of ways joined by `or`, those that pass a test alone; the leader stays whole where none or all of them do."""
    concept = book.read(book.formula(best))
    kept = []
    for way in disjuncts(concept):
        alone = yield from raised(book, str(way), "one way of the leading concept, tested alone", best)
        if alone is not None and book.verdict_on(alone) is None:
            yield from try_minimal_pairs(book, alone)
        if alone is not None and book.verdict_on(alone) == "supported":
            kept.append(way)
    if len(kept) in (0, len(disjuncts(concept))) or _key(book, str(either(kept))) in study.refused:
        return best
    smaller = yield from raised(book, str(either(kept)), "the ways that suffice alone", best)
    if smaller is not None and book.verdict_on(smaller) is None:
        yield from try_minimal_pairs(book, smaller)
    return smaller or best


def look_for_other_ways(book: LabBook, study: Fits, best: str) -> Acts[str]:
    """What else fires the unit, among pictures of which the leader is not true; each way is tested before it is added."""
    for _ in range(OTHER_WAYS):
        formula = book.formula(best)
        concept = book.read(formula)
        (mine,) = yield from screened(book, [formula])
        rest = yield from screened(book, without=formula)
        ways = [f for f in rest if f.q <= FDR and as_strong(f, mine) and f.n >= 4 and f.superiority >= 0.7]
        ways = [f for f in ways if _key(book, str(either([concept, book.read(f.concept)]))) not in study.refused]
        if not ways:
            return best
        way = ways[0]
        grown = str(either([concept, book.read(way.concept)]))
        alone = yield from raised(book, way.concept, f"drives the unit where {formula} is absent: r {way.r:+.2f}", best)
        if alone is None:
            return best
        if book.verdict_on(alone) is None:
            yield from try_minimal_pairs(book, alone)
        if book.verdict_on(alone) != "supported":
            return best
        whole = yield from raised(book, grown, "each of its ways fires the unit by itself", best)
        if whole is None:
            return best
        if book.verdict_on(whole) is None:
            yield from try_minimal_pairs(book, whole)
        best = whole
    return best


def learn_from(book: LabBook, study: Fits, decided: Decided, best: str) -> Acts[None]:
    """After a refusal: what the refused answer missed, or what else fits the pictures now measured, becomes a candidate."""
    formula = decided.formula
    missed = next((c for c in decided.checks if c.name == "top decile missed"), None)
    concept = book.read(formula)
    if missed is not None and not missed.passed:
        rest = yield from screened(book, without=formula)
        for fit in [f for f in rest if f.r > 0 and f.q <= FDR][:2]:
            grown = str(either([concept, book.read(fit.concept)]))
            alone = yield from raised(book, fit.concept, f"what the refused answer missed: r {fit.r:+.2f}", best)
            if alone is not None and book.verdict_on(alone) is None:
                yield from try_minimal_pairs(book, alone)
            if alone is not None and book.verdict_on(alone) == "supported":
                yield from raised(book, grown, "the refused answer and what it missed", best)
                break
    else:
        for part in [*one_thing(concept), *broader(concept)]:
            identity = yield from raised(book, 
                str(part), "a part of the refused answer, or its parts bound to one thing", best
            )
            if identity is not None and book.verdict_on(identity) is None:
                yield from try_minimal_pairs(book, identity)


# ---- by formula --------------------------------------------------------------------------------------------------------


def screened(
    book: LabBook, formulas: Sequence[str] | None = None, without: str | None = None, pictures: list[str] | None = None
) -> Acts[list[Fit]]:
    """How these formulas go with the peak."""
    asked = None if formulas is None else [book.read(formula) for formula in formulas]
    return (yield from book.screen(asked, None if without is None else book.read(without), pictures))


def raised(book: LabBook, formula: str, because: str, parent: str | None = None) -> Acts[str | None]:
    """Raise a formula once; its id."""
    return (yield from book.raise_once(book.read(formula), because, parent))


def _key(book: LabBook, formula: str) -> str:
    return book.key(book.read(formula))
