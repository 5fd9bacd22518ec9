"""The ledger: hypotheses, predictions, verdicts, and what may be said in the end. No backbone can bend its rules.

Rules kept here: a prediction is registered before its experiment is measured, with its n fixed and no topping up; a test
that counts follows from its hypothesis (the formula true of all that is predicted high, of nothing predicted low) and
uses pictures that the run has not seen; a picture and its edits on one side count once; pairs are tested by sign flips and
need at least 10 of them; every registered test enters the Benjamini-Hochberg correction, abandoned ones as p = 1;
exploration has an effect and an interval but never a verdict. Not covered: the lab's own check of a conclusion
(`admission.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ..tools.experiment import Condition, Measured, Prediction
from ..tools.instrument import ToolError
from ..tools.statistics import (
    Effect,
    benjamini_hochberg,
    paired_effect,
    rank_permutation_p,
    sign_flip_p,
    superiority_effect,
)
from .transcript import Evidence, Judged, Raised, Registered

ALPHA = 0.05
LEAST_PAIRS = 10
Verdict = Literal["supported", "refuted", "inconclusive"]


@dataclass
class Ledger:
    """Everything raised, registered and judged in one run."""

    hypotheses: dict[str, Raised] = field(default_factory=dict)
    registered: dict[str, Registered] = field(default_factory=dict)
    judged: dict[str, Judged] = field(default_factory=dict)

    def raise_hypothesis(
        self, statement: str, formula: str, level: str, because: str, parent: str | None = None
    ) -> Raised:
        """Enter a hypothesis; its id is H1, H2 ... Raises `ToolError` where the parent is unknown."""
        if parent is not None and parent not in self.hypotheses:
            raise ToolError(f"no hypothesis {parent!r}; known: {', '.join(self.hypotheses) or 'none'}")
        raised = Raised(
            id=f"H{len(self.hypotheses) + 1}",
            statement=statement,
            formula=formula,
            level=level,
            because=because,
            parent=parent,
        )
        self.hypotheses[raised.id] = raised
        return raised

    def register(
        self, hypothesis: str, conditions: list[Condition], prediction: Prediction, n: int, exploratory: bool
    ) -> Registered:
        """Enter a prediction before its experiment is measured. Raises `ToolError` where the hypothesis is unknown."""
        if hypothesis not in self.hypotheses:
            raise ToolError(
                f"no hypothesis {hypothesis!r}; known: {', '.join(self.hypotheses) or 'none: raise one first'}"
            )
        registered = Registered(
            experiment=f"E{len(self.registered) + 1}",
            hypothesis=hypothesis,
            conditions=conditions,
            prediction=prediction,
            n=n,
            paired=_paired(conditions, prediction),
            exploratory=exploratory,
        )
        self.registered[registered.experiment] = registered
        return registered

    def judge(
        self,
        experiment: str,
        measured: list[Measured],
        seen_before: set[str],
        true_of: set[str],
        rng: np.random.Generator,
    ) -> Judged:
        """The verdict on a registered experiment, computed from its measurements, once.

        `seen_before`: pictures measured earlier in the run; where a test uses one of them it cannot count. `true_of`: those
        of the measured pictures of which the hypothesis's formula is true. Raises ValueError where the experiment was
        judged before, or more was measured than was registered.
        """
        plan = self.registered[experiment]
        if experiment in self.judged or any(len(condition.readings) > plan.n for condition in measured):
            raise ValueError(f"{experiment} is judged once, on at most {plan.n} pictures a condition")
        high, low = _sides(plan, measured)
        effect: Effect
        if plan.paired:
            effect, p = paired_effect(high, low), sign_flip_p(high - low, rng)
        else:
            effect, p = superiority_effect(high, low), rank_permutation_p(high, low, rng)
        void = None if plan.exploratory else _void(plan, measured, len(high), seen_before, true_of)
        judged = Judged(
            experiment=experiment,
            hypothesis=plan.hypothesis,
            measured=measured,
            n=len(high),
            effect=round(effect.superiority, 4),
            interval=(round(effect.low, 4), round(effect.high, 4)),
            p=None if plan.exploratory else (p if void is None else 1.0),
            q=None,
            verdict="exploratory" if plan.exploratory else "inconclusive",
            void=void,
        )
        self.judged[experiment] = judged
        if not plan.exploratory:
            q = self.corrected()[experiment]
            judged = judged.model_copy(update={"q": float(f"{q:.4g}"), "verdict": self._verdict(judged, q)})
            self.judged[experiment] = judged
        return judged

    def corrected(self) -> dict[str, float]:
        """q of every registered test that counts; one registered but never measured counts as p = 1."""
        counting = [name for name, plan in self.registered.items() if not plan.exploratory]
        ps = [self.judged[name].p if name in self.judged else 1.0 for name in counting]
        return dict(zip(counting, benjamini_hochberg([1.0 if p is None else p for p in ps]), strict=True))

    @staticmethod
    def _verdict(judged: Judged, q: float) -> Verdict:
        if judged.void is not None:  # what could not count at the time cannot count later
            return "inconclusive"
        if q <= ALPHA and judged.interval[0] > 0.5:
            return "supported"
        return "refuted" if judged.interval[1] < 0.5 else "inconclusive"

    def status(self, hypothesis: str) -> Verdict | Literal["untested"]:
        """What the tests of a hypothesis say together: refuted if any is, supported if any is and none refuted."""
        q = self.corrected()
        verdicts = [
            self._verdict(judged, q[judged.experiment])
            for judged in self.judged.values()
            if judged.hypothesis == hypothesis and judged.verdict != "exploratory"
        ]
        if not verdicts:
            return "untested"
        return "refuted" if "refuted" in verdicts else "supported" if "supported" in verdicts else "inconclusive"

    def evidence(self) -> list[Evidence]:
        """Every experiment as a line of evidence, verdicts corrected over the whole run; abandoned tests are named too."""
        q = self.corrected()
        lines = []
        for name, plan in self.registered.items():
            claim = self.hypotheses[plan.hypothesis].statement
            sides = {"high": list(plan.prediction.high), "low": list(plan.prediction.low)}
            if name not in self.judged:
                lines.append(
                    Evidence(
                        claim=claim,
                        conditions=sides,
                        n=0,
                        effect=0.5,
                        interval=(0, 1),
                        p=None,
                        verdict="abandoned",
                        experiment=name,
                    )
                )
                continue
            judged = self.judged[name]
            final = judged.verdict if plan.exploratory else self._verdict(judged, q[name])
            lines.append(
                Evidence(
                    claim=claim,
                    conditions=sides,
                    n=judged.n,
                    effect=judged.effect,
                    interval=judged.interval,
                    p=judged.p,
                    verdict=final,
                    experiment=name,
                )
            )
        return lines


def _roots(conditions: list[Condition]) -> dict[str, str]:
    """For each condition the one that it is, in the end, an edit of: itself, where its pictures are no edits."""
    roots: dict[str, str] = {}
    for condition in conditions:  # what is edited stands before its edits
        roots[condition.name] = roots[condition.edit_of] if condition.edit_of is not None else condition.name
    return roots


def _paired(conditions: list[Condition], prediction: Prediction) -> bool:
    """Whether both sides show the same pictures but for edits."""
    roots = _roots(conditions)
    return {roots[name] for name in prediction.high} == {roots[name] for name in prediction.low}


def _sides(plan: Registered, measured: list[Measured]) -> tuple[np.ndarray, np.ndarray]:
    """Peaks of both sides, in the same order where they are paired.

    One value a picture: it and its edits on the same side are no independent pictures, and count as their mean.
    """
    roots = _roots(plan.conditions)
    peaks = {condition.name: condition.peaks for condition in measured}

    def side(names: list[str]) -> np.ndarray:
        families = {roots[name]: [peaks[n] for n in dict.fromkeys(names) if roots[n] == roots[name]] for name in names}
        return np.concatenate([np.mean(families[root], axis=0) for root in sorted(families)])

    return side(plan.prediction.high), side(plan.prediction.low)


def _void(plan: Registered, measured: list[Measured], n: int, seen_before: set[str], true_of: set[str]) -> str | None:
    """Why a test cannot count; None where it can."""
    shown = {condition.name: {reading.picture for reading in condition.readings} for condition in measured}
    high = set().union(*(shown[name] for name in plan.prediction.high))
    low = set().union(*(shown[name] for name in plan.prediction.low))
    if set().union(*shown.values()) & seen_before:
        return "it used pictures that the run had measured before"
    if plan.paired and n < LEAST_PAIRS:
        return f"only {n} pairs could be made, and {LEAST_PAIRS} are needed"
    if high - true_of or low & true_of:
        return (
            f"its prediction does not follow from {plan.hypothesis}, which is not true of {len(high - true_of)} pictures "
            f"predicted high and true of {len(low & true_of)} predicted low"
        )
    return None
