"""The answer: what may be said at the end of a run, computed from the ledger and the lab's decisions.

Covered: the verdict, the formula, held-out figures, the share explained, the words. Not covered: confidence's map
(`confidence.py`), the page (`report/`). `supported` only where the lab admitted a conclusion; `no-concept` only where the
redraw test found nothing to explain, or the unit is constant; everything else is `inconclusive`.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from ..targets.picture import FromData
from ..tools.exemplars import over_range
from ..tools.lab import Lab
from ..tools.sketch.concept import Concept, disjuncts, terms
from ..tools.statistics import auprc, pearson, superiority
from .confidence import confidence
from .ledger import Ledger
from .rivals import designed_readings
from .transcript import Answered, Decided, Evidence, Explained, Heldout, OpenReply, Redrawn, Started, Weighted
from .weighted_labels import weigh

LEAST_RELIABILITY = 0.1
PARTLY = 0.5
SHOWN = 15  # exemplars on the page, evenly over the range


class Answer(BaseModel):
    """What `lettvin ask` answers. The JSON keys are the contract's; null only where the docs say so."""

    model_config = ConfigDict(frozen=True)

    question: str
    target: str
    unit: str
    description: str
    labels: list[str]
    formula: str | None
    verdict: Literal["supported", "inconclusive", "no-concept"]
    confidence: float | None
    evidence: list[Evidence]
    heldout: Heldout | None
    explained: Explained | None
    weighted: Weighted | None = None  # several labels that add up, where no one formula says all
    images: int
    seconds: float
    run: str
    reply: OpenReply | None = None  # to an open question; the rest of the answer is about what makes the unit fire
    limit: str | None = None
    interrupted: bool = False  # Ctrl-C came while the page was written: the answer is whole, the page is not there

    def as_json(self, indent: int | None = 1) -> str:
        """One JSON object with the contract's keys, `weighted` and `reply` where there are; on one line if `indent` is None."""
        left_out: dict[str, bool | dict[str, set[str]]] = {"limit": True, "interrupted": True}
        left_out |= {"evidence": {"__all__": {"experiment"}}} | {
            name: True for name in ("weighted", "reply") if getattr(self, name) is None
        }
        return self.model_dump_json(exclude=left_out, indent=indent)

    def text(self) -> str:
        """The answer in plain words, with labels, verdict, confidence and the path of its page."""
        sure = "" if self.confidence is None else f", confidence {self.confidence:.0%}"
        replied = [] if self.reply is None else [f"Reply: {self.reply.text}", ""]
        lines = [*replied, self.description, ""]
        lines += [f"Labels: {', '.join(self.labels) or 'none'}", f"Verdict: {self.verdict}{sure}"]
        if self.explained is not None and self.explained.overall is not None:
            lines.append(f"Explained: {self.explained.overall:.0%} of what held-back pictures reproducibly decide")
        if self.weighted is not None:
            lines.append(f"Weights: {self.weighted.text()}")
        if self.limit is not None:
            lines.append(f"Stopped by {self.limit}: this is the best admissible answer so far")
        page = f"not written; `lettvin resume {shlex.quote(self.run)}` writes it" if self.interrupted else self.page
        return "\n".join([*lines, f"Page: {page}"])

    @property
    def page(self) -> Path:
        """The run's page."""
        return Path(self.run) / "report.html"

    def show(self) -> Path:
        """Open the page in a browser; its path."""
        import webbrowser

        webbrowser.open(self.page.resolve().as_uri())
        return self.page

    def _repr_html_(self) -> str:
        from .report.notebook import answer_html

        return answer_html(self)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """The answer with its pictures where a notebook can show them, in plain words where it cannot."""
        return {"text/html": self._repr_html_(), "text/plain": self.text()}


def together(answers: Sequence[Answer], units: int, among: int) -> str:
    """What may be said of answers about several units: how many are supported, and how many of those may be wrong.

    `units`: how many were to be asked here; `among`: how many share the chance of error, .05.
    """
    supported = [answer for answer in answers if answer.verdict == "supported"]
    lines = [f"{len(supported)} of {len(answers)} units have a supported answer."]
    if len(answers) < units:
        lines.append(f"{units - len(answers)} were not asked.")
    if supported:
        wrong = sum(1 - answer.confidence for answer in supported if answer.confidence is not None)
        lines.append(
            f"Conclusions shared a chance of error of 5% among {among} units, so that any of the {len(supported)} passed by "
            f"luck with a probability under 5%; by their confidences, {wrong:.1f} of them are expected to be wrong."
        )
    return " ".join(lines)


def compose(
    lab: Lab, started: Started, ledger: Ledger, redrawn: Redrawn | None, decided: list[Decided], limit: str | None,
    reply: OpenReply | None = None,
) -> Answered:
    """The answer that the ledger and the lab's decisions allow."""
    admitted = next((d for d in decided if d.verdict == "supported"), None)
    best = admitted or (max(decided, key=_merit) if decided else None)
    formula = best.formula if best is not None else _leading(ledger)
    verdict: Literal["supported", "inconclusive", "no-concept"] = "supported" if admitted else "inconclusive"
    if admitted is None and (lab.profile.dead or (redrawn is not None and not redrawn.driven)):
        verdict, formula = "no-concept", None
    concept = None if formula is None else lab.corpus.read(formula)
    heldout = None if concept is None else _heldout(lab, concept, decided)
    explained = None if concept is None else _explained(lab, concept, redrawn, decided)
    weighted = None if verdict == "no-concept" else _weighted(lab, ledger, redrawn, decided, formula if admitted else None)
    description = _describe(lab, verdict, formula, explained, redrawn, best, limit)
    if started.answering != started.question and reply is None:
        description += f" (The question answered is: {started.answering})"
    return Answered(
        question=started.question,
        answering=started.answering,
        target=started.target,
        unit=started.unit,
        description=description,
        labels=_labels(lab, concept) if concept is not None and admitted else [],
        formula=formula,
        verdict=verdict,
        confidence=confidence(verdict, admitted, redrawn, lab.profile.dead),
        evidence=ledger.evidence() + [_as_evidence(d) for d in decided],
        heldout=heldout,
        explained=explained,
        weighted=weighted,
        images=len(lab.spent),
        limit=limit,
        exemplars=_exemplars(lab),
        untested=_untested(ledger, redrawn, lab, decided),
        reply=reply,
    )


def _labels(lab: Lab, concept: Concept) -> list[str]:
    """The ways of firing, strongest first: by the median peak of the open pictures that show the way."""
    peaks = lab.peaks[lab.open]

    def strength(way: Concept) -> float:
        shown = peaks[lab.corpus.truths(way)[lab.open]]
        return float(np.median(shown)) if len(shown) else -np.inf

    return [str(way) for way in sorted(disjuncts(concept), key=strength, reverse=True)]


def _merit(decided: Decided) -> tuple[int, float]:
    return sum(bool(c.passed) for c in decided.checks), decided.checks[0].effect or 0.0


def _leading(ledger: Ledger) -> str | None:
    """Without a conclusion: the formula of the hypothesis whose own tests stand best, if any is supported."""
    stood = [
        (j.effect, ledger.hypotheses[j.hypothesis].formula)
        for j in ledger.judged.values()
        if ledger.status(j.hypothesis) == "supported"
    ]
    return max(stood)[1] if stood else None


def _as_evidence(decided: Decided) -> Evidence:
    check = decided.checks[0]
    return Evidence(
        claim=f"fires for {decided.formula} (conclusion, attempt {decided.attempt})",
        conditions={"high": [decided.formula], "low": ["one factor away"]},
        n=check.n,
        effect=0.5 if check.effect is None else check.effect,
        interval=check.interval or (0.0, 1.0),
        p=check.p,
        verdict=decided.verdict,
    )


def _rows(lab: Lab, decided: list[Decided]) -> np.ndarray:
    """Held-back pictures that no earlier attempt's block (d) has shown to the backbone."""
    seen = {r.picture for d in decided[:-1] for block in d.blocks if block.name == "held-back" for r in block.readings}
    shown = (lab.pictures[p].provenance for p in seen if p in lab.pictures)
    gone = {provenance.index for provenance in shown if isinstance(provenance, FromData)}
    return np.array([i for i in lab.held_back if int(i) not in gone], dtype=np.int64)


def _heldout(lab: Lab, concept: Concept, decided: list[Decided]) -> Heldout:
    rows = _rows(lab, decided)
    true, peaks = lab.corpus.truths(concept)[rows], lab.peaks[rows].astype(float)
    both = bool(true.any() and not true.all())
    return Heldout(
        n=len(rows),
        auroc=round(superiority(peaks[true], peaks[~true]), 4) if both else None,
        auprc=_rounded(auprc(true, peaks)),
        pearson=_rounded(pearson(true.astype(float), peaks)),
    )


def _explained(lab: Lab, concept: Concept, redrawn: Redrawn | None, decided: list[Decided]) -> Explained:
    """r2 on held-back pictures of levels fitted on the open ones (one a disjunct), over the unit's reliability."""
    rows = _rows(lab, decided)
    design = np.column_stack([np.ones(len(lab.peaks)), *(lab.corpus.truths(part) for part in disjuncts(concept))]).astype(float)
    levels = np.linalg.lstsq(design[lab.open], lab.peaks[lab.open].astype(float), rcond=None)[0]
    peaks, predicted = lab.peaks[rows].astype(float), design[rows] @ levels
    reliability, below_reliability = _reliabilities(redrawn)
    below = peaks < np.quantile(peaks, 0.9) if len(peaks) else np.zeros(0, bool)
    return Explained(
        overall=_share(peaks, predicted, reliability),
        below_top_decile=_share(peaks[below], predicted[below], below_reliability),
    )


def _weighted(
    lab: Lab, ledger: Ledger, redrawn: Redrawn | None, decided: list[Decided], admitted: str | None
) -> Weighted | None:
    """Weighted labels; None where none can be told from 0, or where they are the admitted formula and nothing else."""
    rows = _rows(lab, decided)
    raised = [lab.corpus.read(hypothesis.formula) for hypothesis in ledger.hypotheses.values()]
    labels, r2 = weigh(lab, raised, designed_readings(ledger.judged.values(), decided), rows)
    if not labels or (admitted is not None and [label.label for label in labels] == [admitted]):
        return None
    reliability = _reliabilities(redrawn)[0]
    if r2 is None or reliability is None or reliability < LEAST_RELIABILITY:
        return Weighted(labels=labels, explained=None)
    return Weighted(labels=labels, explained=round(min(1.0, max(0.0, r2) / reliability), 4))


def _reliabilities(redrawn: Redrawn | None) -> tuple[float | None, float | None]:
    """The unit's reliability over the whole range and below the top decile; taken as 1 where nothing can be redrawn."""
    if redrawn is None:
        return None, None
    return (1.0, 1.0) if redrawn.way == "held-out half" else redrawn.reliability


def _share(peaks: np.ndarray, predicted: np.ndarray, reliability: float | None) -> float | None:
    spread = float(((peaks - peaks.mean()) ** 2).sum()) if len(peaks) else 0.0
    if spread == 0 or reliability is None or reliability < LEAST_RELIABILITY:
        return None
    r2 = 1 - float(((peaks - predicted) ** 2).sum()) / spread
    return round(min(1.0, max(0.0, r2) / reliability), 4)


def _describe(
    lab: Lab,
    verdict: str,
    formula: str | None,
    explained: Explained | None,
    redrawn: Redrawn | None,
    best: Decided | None,
    limit: str | None,
) -> str:
    if lab.profile.dead:
        return "No concept: the unit is constant; it answers every picture of the data alike."
    if verdict == "no-concept":
        assert redrawn is not None
        return (
            "No concept found: nothing in a picture reproducibly drives the unit. What its strongest pictures show, drawn "
            f"anew, does not fire it more than other pictures do (superiority {redrawn.effect:.2f}, p {redrawn.p:.2g}); "
            f"a superiority of {redrawn.detectable:.2f} would have been seen."
        )
    if formula is None and redrawn is None:
        return f"Inconclusive: nothing was tested; the run was stopped by {limit}."
    if formula is None:
        why = f"the run was stopped by {limit}" if limit else "no hypothesis stood its test"
        return f"Inconclusive: pictures do drive the unit, but {why}."
    if verdict == "inconclusive":
        if best is None:
            stop = f" before the run was stopped by {limit}" if limit else ""
            return f"Inconclusive: the best supported so far is that it fires for {formula}; no conclusion was tried{stop}."
        failed = [_FAILED[check.name].format(rival=best.rival) for check in best.checks if not check.passed]
        return f"Inconclusive: the best account is that it fires for {formula}, but {' and '.join(failed)}."
    assert best is not None
    high, near = (float(np.median([r.percentile for r in block.readings])) for block in best.blocks[:2])
    text = (
        f"ires for {formula}: new pictures of it reach the {_ordinal(high)} percentile of the data (median), "
        f"the same pictures with one factor changed the {_ordinal(near)}."
    )
    if explained is None or explained.overall is None or explained.overall >= PARTLY:
        return f"F{text}"
    return f"partly: f{text} Over the whole range that explains {explained.overall:.0%} of what pictures decide."


_FAILED = {
    "high against near misses": "pictures one factor away fire it nearly as much",
    "answer against rival": "its rival ({rival}) was not beaten",
    "top decile missed": "strong pictures kept back fire it without that",
    "full strength": "pictures of it do not fire it as its strongest pictures do",
    "fires throughout": "some pictures of it leave it silent",
}


def _ordinal(value: float) -> str:
    whole = round(value)
    tail = {1: "st", 2: "nd", 3: "rd"}.get(whole % 10 if whole % 100 not in (11, 12, 13) else 0, "th")
    return f"{whole}{tail}"


def _exemplars(lab: Lab) -> list[str]:
    """Ids of open data pictures evenly over the unit's range, strongest first; they become part of the run."""
    return [lab.data_picture(index).id for index in over_range(lab, SHOWN)]


def _untested(ledger: Ledger, redrawn: Redrawn | None, lab: Lab, decided: list[Decided]) -> list[str]:
    lines = [
        f"{h.id} ({h.formula}) was raised and never tested"
        for h in ledger.hypotheses.values()
        if ledger.status(h.id) == "untested"
    ]
    if redrawn is None and not lab.profile.dead:
        lines.append("whether anything reproducibly drives the unit")
    lines += [f"attempt {d.attempt}: {c.text}" for d in decided for c in d.checks if c.passed is None]
    if decided:
        named = {str(t) for d in decided for t in terms(lab.corpus.read(d.formula))}
        lines.append(
            f"pictures of other worlds than this data's and the generator's ({', '.join(sorted(named))} as they draw it)"
        )
    return [*lines, "counts, relations between things, and place in the picture"]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
