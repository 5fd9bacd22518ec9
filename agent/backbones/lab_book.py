"""The empiricist's lab book: the acts it can take, and what came of them, read off the transcript.

Covered: screening, looking for exceptions, raising a hypothesis once, experiments with their readings, and what was raised
and judged so far. Every method that acts is a generator of acts, to be delegated to with `yield from`. Not covered: which
acts are worth taking (`empiricist.py`, `sufficient.py`, `vetoes.py`).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ...tools.exceptions import Exceptions
from ...tools.lab import Reading
from ...tools.screen import Fit, Screen
from ...tools.sketch.concept import Concept, absorbed, normal, parse
from ..transcript import AnyEvent, Decided, Judged, Raised, Returned
from .backbone import Act, Call, Raise
from .candidates import level

T = TypeVar("T")
Acts = Generator[Act, Sequence[AnyEvent], T]
LONGEST = 80  # letters of a condition's name


@dataclass
class LabBook:
    """What the empiricist has in mind of one run: the transcript so far, and what it raised under which number."""

    events: Sequence[AnyEvent] = ()
    words: frozenset[str] = frozenset()  # of captions
    nouns: frozenset[str] = frozenset()  # of cut-outs
    hypotheses: dict[str, str] = field(default_factory=dict)  # normal formula -> id

    # ---- acts ---------------------------------------------------------------------------------------------------

    def call(self, kind: type[T], tool: str, **arguments: Any) -> Acts[T | None]:
        """Call an instrument; its result, None where it made a mistake of the call."""
        yield Call(tool=tool, arguments={k: x for k, x in arguments.items() if x is not None})
        returned = self.last(Returned)
        if returned is None or returned.data is None:
            return None
        return kind.model_validate(returned.data)  # type: ignore[attr-defined,no-any-return]

    def screen(
        self,
        concepts: Sequence[Concept] | None = None,
        without: Concept | None = None,
        pictures: list[str] | None = None,
    ) -> Acts[list[Fit]]:
        """How concepts (all simple terms, where none are given) go with the peak; best correlation first."""
        asked = None if concepts is None else [str(concept) for concept in concepts]
        left_out = None if without is None else str(without)
        found = yield from self.call(Screen, "screen", concepts=asked, without=left_out, pictures=pictures)
        if found is None:
            return []
        self.nouns |= frozenset(found.nouns)
        return found.fits

    def exceptions(self, bar: float, concept: Concept | None = None, k: int = 8) -> Acts[Exceptions | None]:
        """Where the concept fails to say whether the unit fires, on the open data."""
        name = None if concept is None else str(concept)
        return (yield from self.call(Exceptions, "exceptions", bar=bar, concept=name, k=k))

    def raise_once(self, concept: Concept, because: str, parent: str | None = None) -> Acts[str | None]:
        """Raise a hypothesis, if it is not raised yet; its id, None where it was refused."""
        concept = absorbed(concept)
        formula, key = str(concept), self.key(concept)
        if key not in self.hypotheses:
            statement = f"the unit fires for {formula}"
            yield Raise(formula=formula, statement=statement, level=level(concept), because=because, parent=parent)
            raised = self.last(Raised)
            if raised is None or raised.formula != formula:
                return None
            self.hypotheses[key] = raised.id
        return self.hypotheses[key]

    def experiment(
        self, identity: str, high: Sequence[Concept], low: Sequence[Concept], n: int, exploratory: bool = False
    ) -> Acts[dict[Concept, list[Reading]]]:
        """Fresh pictures of each concept; readings by concept. What cannot be drawn is left out; empty where a side is."""
        sides = [dict.fromkeys(high), dict.fromkeys(low)]
        while all(sides):
            shown = [*sides[0], *sides[1]]
            names = {concept: _name(str(concept), place) for place, concept in enumerate(shown)}
            yield Call(
                tool="experiment",
                arguments={
                    "hypothesis": identity,
                    "conditions": [{"name": names[concept], "concept": str(concept)} for concept in shown],
                    "prediction": {
                        "high": [names[concept] for concept in sides[0]],
                        "low": [names[concept] for concept in sides[1]],
                        "refuted_if": "pictures predicted low fire the unit as those predicted high do",
                    },
                    "n": n,
                    "exploratory": exploratory,
                },
            )
            returned = self.last(Returned)
            if returned is None or not returned.mistake:
                judged = self.last(Judged)
                measured = {} if judged is None else {one.name: one.readings for one in judged.measured}
                return {concept: measured.get(name, []) for concept, name in names.items()}
            undrawn = next((concept for concept in shown if repr(str(concept)) in returned.text), None)
            if undrawn is None:
                return {}
            for side in sides:
                side.pop(undrawn, None)
        return {}

    # ---- what came of them ----------------------------------------------------------------------------------------

    def verdict_on(self, identity: str) -> str | None:
        """The last verdict on a hypothesis by a test that counts."""
        found = [e for e in self.events if isinstance(e, Judged) and e.hypothesis == identity]
        return found[-1].verdict if found else None

    def designed(self) -> list[str]:
        """Pictures of all experiments and of refused conclusions, each once."""
        shown: dict[str, None] = {}
        for event in self.events:
            if isinstance(event, Judged):
                shown |= {r.picture: None for c in event.measured for r in c.readings}
            elif isinstance(event, Decided):
                shown |= {r.picture: None for b in event.blocks if b.name != "held-back" for r in b.readings}
        return list(shown)

    def formula(self, identity: str) -> str:
        """The formula of a hypothesis."""
        return next(e.formula for e in self.events if isinstance(e, Raised) and e.id == identity)

    def read(self, formula: str) -> Concept:
        """The concept of a formula, the data's own words and nouns included."""
        return parse(formula, self.words, self.nouns)

    def key(self, concept: Concept) -> str:
        """What two formulas of the same meaning share."""
        return str(normal(absorbed(concept)))

    def last(self, kind: type[T]) -> T | None:
        """The last event of a kind."""
        return next((event for event in reversed(self.events) if isinstance(event, kind)), None)


def _name(formula: str, place: int) -> str:
    """A condition's name: its formula, numbered where it must be cut."""
    return formula if len(formula) <= LONGEST else f"{place + 1}: {formula}"[:LONGEST]
