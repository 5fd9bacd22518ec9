"""One run, and one step of it: look, act, measure, judge, record.

Covered: the order of a run (profile, redraw test, steps, answer), how each act is carried out, what stops a run.
Not covered: what is decided (`backbones/`), what counts (`ledger.py`, `admission.py`), how the answer is worded
(`answer.py`). Everything is appended to the run folder and flushed before the next step.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import numpy as np
from pydantic import ValidationError

from ..targets.errors import BadInput, LimitReached, ModelFailed, TargetFailed
from ..tools.experiment import Measurements, check
from ..tools.instrument import Instrument, ToolError, catalogue
from ..tools.lab import Lab
from .acts import Act, Call, Conclude, Raise
from .admission import ATTEMPTS, admit, alpha_of
from .answer import compose
from .as_told import as_told
from .backbones.backbone import Backbone, decides_again
from .backbones.bench import Bench
from .deciding_experiment import EXPERIMENT, design, full_of, posed, rest_of, settle, without_experiment
from .interruption import uninterrupted
from .ledger import Ledger
from .open_question import Cares, MoreLike
from .redraw_test import redraw_test
from .rivals import best_rival, designed_readings, others
from .run_folder import Diverged, PartOfRun, RunFolder
from .transcript import (
    Acted,
    Answered,
    Called,
    Decided,
    Judged,
    OpenReply,
    Profiled,
    Proposed,
    Raised,
    Redrawn,
    Returned,
    Started,
    Stopped,
)

MOST_STEPS = 200
LEAST_RIVALS = 2
_NOTHING = {"cares": "no", "more-like": "neither"}  # what is true of a unit that answers every picture alike


class Run:
    """A run under way: the lab, the ledger, the folder, and the backbone that decides."""

    def __init__(
        self,
        lab: Lab,
        backbone: Backbone,
        folder: RunFolder | PartOfRun,
        instruments: dict[str, Instrument] | None = None,
        redrawn: Redrawn | None = None,  # the redraw test, where it was run before
    ) -> None:
        self.lab, self.backbone, self.folder = lab, backbone, folder
        self.ledger = Ledger()
        self.instruments = catalogue() if instruments is None else instruments
        self.redrawn = redrawn
        self.decided: list[Decided] = []
        self.family = 1
        self._calls = 0
        attend = getattr(backbone, "attend", None)
        if attend is not None:
            nouns = tuple(sorted(lab.corpus.nouns))
            attend(Bench(folder, self.instruments, lab.find, folder.show, lab.corpus.drawn, nouns))

    def play(self, started: Started) -> Answered:
        """The whole run, from its first event to its answer; a limit or Ctrl-C leads to the best admissible answer.

        Where a run is resumed, what is on record happens again first, in the same order; Ctrl-C then leaves it as it was.
        """
        self.folder.append(started)
        self.family = int(started.settings.get("among", 1))
        stopped: str | None = None
        try:
            self.folder.append(profile(self.lab))
            if not self.lab.profile.dead:
                self.redrawn = redraw_test(self.lab) if self.redrawn is None else self.redrawn
                parts = ("top", "chosen", "fresh", "ordinary", "random")
                self._show([r.picture for part in parts for r in getattr(self.redrawn, part)])
                self.folder.append(self.redrawn)
                for _ in range(MOST_STEPS):
                    if self.step():
                        break
                else:
                    stopped = f"{MOST_STEPS} steps"  # no limit that was set: on record, it happens again wherever it stands
        except (LimitReached, KeyboardInterrupt) as stop:
            if self.folder.replaying:
                raise
            stopped = stop.limit if isinstance(stop, LimitReached) else "Ctrl-C"
        if stopped is not None:
            self.folder.append(Stopped(by=stopped))
            if stopped != "Ctrl-C":
                self._last_word(stopped)
        reply: OpenReply | None = None
        if started.read_as is not None:
            reply, stopped = self._reply(started.read_as, stopped)
        answered = compose(self.lab, started, self.ledger, self.redrawn, self.decided, stopped, reply)
        for identity in answered.exemplars:
            self.folder.show(self.lab.find(identity))
        self.folder.append(answered)
        return answered

    def step(self) -> bool:
        """One act of the backbone, carried out and recorded; True when the run is over."""
        self.lab.check_time()
        act = self._decide()
        self.folder.append(Acted(act=act))
        match act:
            case Raise():
                self._guarded("raise", act.model_dump(exclude={"act"}), lambda: self._raise(act))
            case Call():
                self._call(act)
            case Conclude(hypothesis=None):
                return True
            case Conclude():
                self._guarded("conclude", act.model_dump(exclude={"act"}), lambda: self._conclude(act))
                return bool(self.decided) and (self.decided[-1].verdict == "supported" or len(self.decided) == ATTEMPTS)
        return False

    def _decide(self) -> Act:
        """The next act: the one on record where it was decided before, unless the backbone decides the same again."""
        following = self.folder.following
        if isinstance(following, Acted) and not decides_again(self.backbone):
            return following.act
        return self.backbone.act(as_told(self.folder.events, self.lab.unit.target))

    def _last_word(self, limit: str) -> None:
        """What a backbone that has a last word concludes at a limit, carried out where the other limits let it be."""
        last_word = getattr(self.backbone, "last_word", None)
        if last_word is None or self.redrawn is None or len(self.decided) == ATTEMPTS:
            return
        with contextlib.suppress(LimitReached, ModelFailed, KeyboardInterrupt):  # the answer stands without it
            act = last_word(as_told(self.folder.events, self.lab.unit.target), limit)
            if isinstance(act, Conclude) and act.hypothesis is not None:
                self.folder.append(Acted(act=act))
                self._guarded("conclude", act.model_dump(exclude={"act"}), lambda: self._conclude(act))

    def _reply(self, asked: Cares | MoreLike, stopped: str | None) -> tuple[OpenReply, str | None]:
        """What the open question is answered, and what stopped the run; registered, then measured, then judged."""
        if stopped is not None:
            return without_experiment(f"the run was stopped by {stopped} before its experiment"), stopped
        if self.lab.profile.dead:
            return without_experiment("the unit answers every picture alike", _NOTHING[asked.asks]), None
        assert self.redrawn is not None  # it precedes every act
        full = full_of(self.lab, self.redrawn)
        if not self.redrawn.driven or full <= rest_of(self.lab):
            return without_experiment("nothing was found in pictures that reproducibly drives the unit"), None
        admitted = next((d.formula for d in self.decided if d.verdict == "supported"), None)
        try:
            designed = design(self.lab, asked, admitted, self.redrawn, full)
            self.folder.append(posed(asked, designed, self.lab, full))
            settled = settle(self.lab, asked, designed, full)
            self._show([reading.picture for measured in settled.measured for reading in measured.readings])
            self.folder.append(settled)
            return settled.reply, None
        except (TargetFailed, ModelFailed, Diverged):
            raise
        except BadInput as why:
            return without_experiment(str(why)), None
        except (LimitReached, KeyboardInterrupt) as stop:
            if self.folder.replaying:
                raise
            stopped = stop.limit if isinstance(stop, LimitReached) else "Ctrl-C"
            self.folder.append(Stopped(by=stopped))
            return without_experiment(f"the run was stopped by {stopped} before {EXPERIMENT} was measured"), stopped

    # ---- acts -----------------------------------------------------------------------------------------------------

    def _raise(self, act: Raise) -> None:
        self.lab.corpus.read(act.formula)  # a formula that cannot be read is the backbone's mistake
        with uninterrupted():
            self.folder.append(
                self.ledger.raise_hypothesis(act.statement, act.formula, act.level, act.because, act.parent)
            )

    def _call(self, act: Call) -> None:
        self._calls += 1
        call = f"C{self._calls}"
        self.folder.append(Called(call=call, tool=act.tool, arguments=act.arguments))
        try:
            if act.tool not in self.instruments:
                raise ToolError(f"no instrument {act.tool!r}; known: {', '.join(self.instruments)}")
            instrument = self.instruments[act.tool]
            if act.tool == "experiment":
                judged = self._experiment(instrument, act)
                text, data = f"{judged.experiment}: {judged.verdict}, superiority {judged.effect:.2f}", None
                text += "" if judged.void is None else f"; the test could not count: {judged.void}"
            else:
                result = instrument.call(self.lab, act.arguments)
                text, data = result.text(), result.model_dump(mode="json")
        except ToolError as mistake:
            self.folder.append(Returned(call=call, tool=act.tool, text=str(mistake), data=None, mistake=True))
            return
        self.folder.append(Returned(call=call, tool=act.tool, text=text, data=data))

    def _experiment(self, instrument: Instrument, act: Call) -> Judged:
        """Register, then measure, then judge: in this order, whatever the backbone says."""
        try:
            asked = instrument.arguments.model_validate(act.arguments)
        except ValidationError:
            instrument.call(self.lab, act.arguments)  # raises the ToolError that says what is wrong
            raise
        values = {name: getattr(asked, name) for name in type(asked).model_fields}
        check(values["conditions"], values["prediction"], values["n"], values["exploratory"])
        with uninterrupted():
            plan = self.ledger.register(
                values["hypothesis"], values["conditions"], values["prediction"], values["n"], values["exploratory"]
            )
            self.folder.append(plan)
        seen_before = set(self.lab.used)
        result = instrument.call(self.lab, act.arguments)
        assert isinstance(result, Measurements)
        self._show([r.picture for condition in result.conditions for r in condition.readings])
        formula = self.lab.corpus.read(self.ledger.hypotheses[plan.hypothesis].formula)
        shown = {reading.picture for condition in result.conditions for reading in condition.readings}
        true_of = {identity for identity in shown if self.lab.holds(formula, self.lab.find(identity))}
        rng = self.lab.stream("judge", plan.experiment)
        with uninterrupted():
            judged = self.ledger.judge(plan.experiment, result.conditions, seen_before, true_of, rng)
            self.folder.append(judged)
        return judged

    def _conclude(self, act: Conclude) -> None:
        answer = self._hypothesis(act.hypothesis)
        frozen = self.lab.corpus.read(answer.formula)
        rivals = others(frozen, (self.lab.corpus.read(h.formula) for h in self.ledger.hypotheses.values()))
        if len(rivals) < LEAST_RIVALS:
            raise ToolError(f"a conclusion needs at least {LEAST_RIVALS} rivals raised, not {len(rivals)}")
        attempt = len(self.decided) + 1
        measured = designed_readings(self.ledger.judged.values(), self.decided)
        against = best_rival(self.lab, frozen, rivals, measured, attempt)
        self.folder.append(
            Proposed(
                attempt=attempt,
                formula=str(frozen),
                rival=str(against),
                hypothesis=answer.id,
                alpha=alpha_of(attempt, self.family),
            )
        )
        assert self.redrawn is not None  # it precedes every act
        decided = admit(self.lab, frozen, against, attempt, self.redrawn, self.family, act.n)
        self._show([r.picture for block in decided.blocks for r in block.readings])
        with uninterrupted():
            self.decided.append(decided)
            self.folder.append(decided)

    def _hypothesis(self, identity: str | None) -> Raised:
        if identity is None or identity not in self.ledger.hypotheses:
            raise ToolError(f"no hypothesis {identity!r}; known: {', '.join(self.ledger.hypotheses) or 'none'}")
        return self.ledger.hypotheses[identity]

    # ---- recording ------------------------------------------------------------------------------------------------

    def _guarded(self, name: str, arguments: dict[str, object], carry_out: Callable[[], None]) -> None:
        """Carry an act out; a mistake in it goes back to the backbone, as an instrument's would."""
        try:
            carry_out()
        except (TargetFailed, ModelFailed, Diverged):  # no mistake of the backbone's, and nothing that it could mend
            raise
        except (ToolError, BadInput) as mistake:
            self._calls += 1
            call = f"C{self._calls}"
            self.folder.append(Called(call=call, tool=name, arguments=dict(arguments)))
            self.folder.append(Returned(call=call, tool=name, text=str(mistake), data=None, mistake=True))

    def _show(self, identities: list[str]) -> None:
        for identity in identities:
            if identity:
                self.folder.show(self.lab.find(identity))


def profile(lab: Lab) -> Profiled:
    """The event that says what dissection knows of the unit."""
    peaks = lab.peaks[np.isfinite(lab.peaks)]
    counts, edges = np.histogram(peaks, bins=40)
    return Profiled(
        pictures=len(peaks),
        skipped=list(lab.profile.skipped),
        held_back=len(lab.held_back),
        quantiles=[(q, float(np.quantile(peaks, q))) for q in (0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1)],
        edges=[float(e) for e in edges],
        counts=[int(c) for c in counts],
        threshold=lab.profile.threshold,
        dead=lab.profile.dead,
        sparse=lab.profile.sparse,
        patch=lab.profile.patch,
    )
