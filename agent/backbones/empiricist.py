"""The empiricist: no language model, but the method.

It looks at the unit's whole range, finds terms that go with activation (corrected), joins them into candidates, raises
the best with rivals at other levels, tests each by minimal pairs in which one factor changes, pits the leaders against
each other where they disagree, looks for other ways to fire, and proposes what is left; the lab tries to refute it.
Everything it knows came back from an instrument. Not covered here: counts, relations, place in the picture.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, TypeVar

from ...tools.exemplars import Exemplars
from ...tools.screen import Fit, Screen
from ...tools.sketch.concept import Concept, absorbed, disjuncts, either, normal, parse
from ..transcript import AnyEvent, Decided, Judged, Raised, Redrawn, Returned
from .backbone import Act, Call, Conclude, Raise
from .candidates import Found, as_strong, broader, level, one_thing, parts_of, search

PAIRS = 12
RIVALS = 4
FDR = 0.05
OTHER_WAYS = 2  # disjuncts that may be added to a leader

Study = Generator[Act, Sequence[AnyEvent], None]
T = TypeVar("T")


class Empiricist:
    """The embedded scientist. One run an instance; deterministic in what it is shown."""

    name = "empiricist"
    deterministic = True

    def __init__(self) -> None:
        self._study: Study | None = None
        self._events: Sequence[AnyEvent] = ()
        self._words: frozenset[str] = frozenset()
        self._nouns: frozenset[str] = frozenset()  # of cut-outs
        self._hypotheses: dict[str, str] = {}  # normal formula -> id
        self._scores: dict[str, float] = {}  # normal formula -> how well it does on all that was measured
        self._refused: set[str] = set()

    def act(self, transcript: Sequence[AnyEvent]) -> Act:
        """The next act of the study."""
        self._events = transcript
        try:
            if self._study is None:
                self._study = self._whole_study()
                return next(self._study)
            return self._study.send(transcript)
        except StopIteration:
            return Conclude(hypothesis=None)

    # ---- the study, in order --------------------------------------------------------------------------------------

    def _whole_study(self) -> Study:
        redrawn = self._last(Redrawn)
        yield from self._look_over_the_range()
        if redrawn is not None and not redrawn.driven:
            return
        terms = yield from self._screen()
        if not terms:
            return
        self._words = frozenset(word for fit in terms for word in fit.concept.split())
        fitting = [fit for fit in terms if fit.q <= FDR] or terms[:3]
        found = yield from self._search(fitting)
        if not found.candidates:
            return
        leaders = yield from self._raise_with_rivals(found, terms)
        for identity in leaders:
            yield from self._test_by_minimal_pairs(identity)
        for _ in range(3):  # attempts; the lab allows no more
            best = yield from self._pit_leaders_against_each_other()
            if best is None:
                return
            best = yield from self._keep_ways_that_suffice(best)
            best = yield from self._look_for_other_ways(best)
            before = self._last(Decided)
            yield Conclude(hypothesis=best)
            decided = self._last(Decided)
            if decided is None or decided is before:
                return
            self._refused.add(self._key(decided.formula))
            yield from self._learn_from(decided, best)

    def _look_over_the_range(self) -> Study:
        top = yield from self._call(Exemplars, "exemplars", which="top", k=15, view="highlighted")
        yield from self._call(Exemplars, "exemplars", which="quantile", k=10)
        yield from self._call(Exemplars, "exemplars", which="bottom", k=5)
        yield from self._call(Exemplars, "exemplars", which="random", k=10)
        if top is not None:
            shown = [e.picture for e in top.shown]
            yield Call(tool="describe", arguments={"pictures": shown, "region": True})
            yield Call(tool="summarize", arguments={"pictures": shown})

    def _search(self, fitting: list[Fit]) -> Generator[Act, Sequence[AnyEvent], Found]:
        """Candidates by the greedy search, its screenings carried out as acts."""
        hunt = search(fitting, self._words, self._nouns)
        try:
            asked = next(hunt)
            while True:
                asked = hunt.send((yield from self._screen(asked)))
        except StopIteration as ended:
            return Found(ended.value.candidates, ended.value.levels)

    def _raise_with_rivals(self, found: Found, terms: list[Fit]) -> Generator[Act, Sequence[AnyEvent], list[str]]:
        """Raise the best candidate, then rivals: its parts, its parts bound to one thing, the best of every other level."""
        first = found.candidates[0]
        lead = yield from self._raise(first.concept, f"best fit to the open data: r {first.r:+.2f} on {first.n} pictures")
        if lead is None:
            return []
        answer = self._read(first.concept)
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
            identity = yield from self._raise(formula, because, parent)
            if identity is not None and identity not in leaders:
                leaders.append(identity)
        return leaders

    def _test_by_minimal_pairs(self, identity: str) -> Study:
        """Pictures of the concept against the same with one factor changed so that it no longer holds."""
        formula = self._formula(identity)
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

    def _pit_leaders_against_each_other(self) -> Generator[Act, Sequence[AnyEvent], str | None]:
        """The hypothesis that predicts all measured pictures best, after up to two duels of the two best."""
        dueled: set[frozenset[str]] = set()
        ranked: list[str] = []
        for _ in range(3):
            ranked = yield from self._rank()
            if len(ranked) < 2:
                break
            pair = frozenset(ranked[:2])
            if pair in dueled or self._scores[ranked[0]] - self._scores[ranked[1]] > 0.15:
                break
            dueled.add(pair)
            yield from self._duel(self._hypotheses[ranked[0]], self._hypotheses[ranked[1]])
        return self._hypotheses[ranked[0]] if ranked else None

    def _duel(self, one: str, other: str) -> Study:
        """Pictures where only one of the two concepts holds, against pictures where only the other does.

        Where one holds wherever the other does, the narrower one's pictures stand against the rest of the wider one's.
        """
        a, b = self._formula(one), self._formula(other)
        only_a, only_b = f"({a}) and not ({b})", f"({b}) and not ({a})"
        seen = {fit.concept: fit.n for fit in (yield from self._screen([only_a, only_b]))}
        sizes = [seen.get(str(self._read(formula)), 0) for formula in (only_a, only_b)]
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

    def _rank(self) -> Generator[Act, Sequence[AnyEvent], list[str]]:
        """Raised formulas that may still be concluded, best first: fit to designed pictures and to the open data, alike.

        A designed picture weighs more than one of the data: there the factors that go together by chance are apart.
        """
        open_to = [key for key in self._hypotheses if key not in self._refused]
        formulas = [self._formula(self._hypotheses[key]) for key in open_to]
        if not formulas:
            return []
        pictures = self._designed()
        on_data = yield from self._screen(formulas)
        on_designed = (yield from self._screen(formulas, pictures=pictures)) if pictures else []
        data = {self._key(fit.concept): fit.r for fit in on_data}
        designed = {self._key(fit.concept): fit.r for fit in on_designed}
        for key in open_to:
            price = 0.01 * parts_of(self._read(key))
            self._scores[key] = (data.get(key, 0.0) + 2 * designed.get(key, 0.0)) / 3 - price
        return sorted(open_to, key=lambda key: (-self._scores[key], key))

    def _keep_ways_that_suffice(self, best: str) -> Generator[Act, Sequence[AnyEvent], str]:
        """Of ways joined by `or`, those that pass a test alone; the leader stays whole where none or all of them do."""
        concept = self._read(self._formula(best))
        kept = []
        for way in disjuncts(concept):
            alone = yield from self._raise(str(way), "one way of the leading concept, tested alone", best)
            if alone is not None and self._verdict_on(alone) is None:
                yield from self._test_by_minimal_pairs(alone)
            if alone is not None and self._verdict_on(alone) == "supported":
                kept.append(way)
        if len(kept) in (0, len(disjuncts(concept))) or self._key(str(either(kept))) in self._refused:
            return best
        smaller = yield from self._raise(str(either(kept)), "the ways that suffice alone", best)
        if smaller is not None and self._verdict_on(smaller) is None:
            yield from self._test_by_minimal_pairs(smaller)
        return smaller or best

    def _look_for_other_ways(self, best: str) -> Generator[Act, Sequence[AnyEvent], str]:
        """What else fires the unit, among pictures of which the leader is not true; each way is tested before it is added."""
        for _ in range(OTHER_WAYS):
            formula = self._formula(best)
            concept = self._read(formula)
            (mine,) = yield from self._screen([formula])
            rest = yield from self._screen(without=formula)
            ways = [f for f in rest if f.q <= FDR and as_strong(f, mine) and f.n >= 4 and f.superiority >= 0.7]
            ways = [f for f in ways if self._key(str(either([concept, self._read(f.concept)]))) not in self._refused]
            if not ways:
                return best
            way = ways[0]
            grown = str(either([concept, self._read(way.concept)]))
            alone = yield from self._raise(way.concept, f"drives the unit where {formula} is absent: r {way.r:+.2f}", best)
            if alone is None:
                return best
            if self._verdict_on(alone) is None:
                yield from self._test_by_minimal_pairs(alone)
            if self._verdict_on(alone) != "supported":
                return best
            whole = yield from self._raise(grown, "each of its ways fires the unit by itself", best)
            if whole is None:
                return best
            if self._verdict_on(whole) is None:
                yield from self._test_by_minimal_pairs(whole)
            best = whole
        return best

    def _learn_from(self, decided: Decided, best: str) -> Study:
        """After a refusal: what the refused answer missed, or what else fits the pictures now measured, becomes a candidate."""
        formula = decided.formula
        missed = next((c for c in decided.checks if c.name == "top decile missed"), None)
        concept = self._read(formula)
        if missed is not None and not missed.passed:
            rest = yield from self._screen(without=formula)
            for fit in [f for f in rest if f.r > 0 and f.q <= FDR][:2]:
                grown = str(either([concept, self._read(fit.concept)]))
                alone = yield from self._raise(fit.concept, f"what the refused answer missed: r {fit.r:+.2f}", best)
                if alone is not None and self._verdict_on(alone) is None:
                    yield from self._test_by_minimal_pairs(alone)
                if alone is not None and self._verdict_on(alone) == "supported":
                    yield from self._raise(grown, "the refused answer and what it missed", best)
                    break
        else:
            for part in [*one_thing(concept), *broader(concept)]:
                identity = yield from self._raise(
                    str(part), "a part of the refused answer, or its parts bound to one thing", best
                )
                if identity is not None and self._verdict_on(identity) is None:
                    yield from self._test_by_minimal_pairs(identity)

    # ---- acts and what came of them ---------------------------------------------------------------------------------

    def _call(self, kind: type[T], tool: str, **arguments: Any) -> Generator[Act, Sequence[AnyEvent], T | None]:
        yield Call(tool=tool, arguments=arguments)
        returned = self._last(Returned)
        if returned is None or returned.data is None:
            return None
        return kind.model_validate(returned.data)  # type: ignore[attr-defined,no-any-return]

    def _screen(
        self, concepts: list[str] | None = None, without: str | None = None, pictures: list[str] | None = None
    ) -> Generator[Act, Sequence[AnyEvent], list[Fit]]:
        arguments = {"concepts": concepts, "without": without, "pictures": pictures}
        found = yield from self._call(Screen, "screen", **{k: x for k, x in arguments.items() if x is not None})
        if found is None:
            return []
        self._nouns |= frozenset(found.nouns)
        return found.fits

    def _raise(self, formula: str, because: str, parent: str | None = None) -> Generator[Act, Sequence[AnyEvent], str | None]:
        """Raise a hypothesis once; its id, None where it was refused."""
        concept = absorbed(self._read(formula))
        formula, key = str(concept), self._key(formula)
        if key not in self._hypotheses:
            statement = f"the unit fires for {formula}"
            yield Raise(formula=formula, statement=statement, level=level(concept), because=because, parent=parent)
            raised = self._last(Raised)
            if raised is None or raised.formula != formula:
                return None
            self._hypotheses[key] = raised.id
        return self._hypotheses[key]

    def _verdict_on(self, identity: str) -> str | None:
        """The last verdict on a hypothesis by a test that counts."""
        found = [e for e in self._events if isinstance(e, Judged) and e.hypothesis == identity]
        return found[-1].verdict if found else None

    def _designed(self) -> list[str]:
        """Pictures of all experiments and of refused conclusions, each once."""
        shown: dict[str, None] = {}
        for event in self._events:
            if isinstance(event, Judged):
                shown |= {r.picture: None for c in event.measured for r in c.readings}
            elif isinstance(event, Decided):
                shown |= {r.picture: None for b in event.blocks if b.name != "held-back" for r in b.readings}
        return list(shown)

    def _formula(self, identity: str) -> str:
        return next(e.formula for e in self._events if isinstance(e, Raised) and e.id == identity)

    def _read(self, formula: str) -> Concept:
        return parse(formula, self._words, self._nouns)

    def _key(self, formula: str) -> str:
        return str(normal(absorbed(self._read(formula))))

    def _last(self, kind: type[T]) -> T | None:
        return next((event for event in reversed(self._events) if isinstance(event, kind)), None)
