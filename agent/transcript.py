"""The typed events of a run: what happened, in order, and enough to replay it, judge it and draw its page.

Covered: the events and their JSON lines. The same seed gives the same events but for `at`, the seconds since the start.
Not covered: where they are written (`run_folder.py`), and how they come about (`loop.py`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from ..targets.picture import FromConcept, FromData, FromEdit, FromPrompt, Scene
from ..tools.experiment import Condition, Measured, Prediction
from ..tools.lab import Reading
from .acts import Act
from .backbones.model import Message, Offered, Reply
from .bias.events import AnyOfBias
from .comparison.events import AnyOfComparison
from .event import Event
from .open_question import Open


class Started(Event):
    """The run begins: the question as asked, and the question that is answered.

    `keys`: digests of what decides the run's numbers (target, data, lettvin's own code), held against when it is resumed.
    """

    kind: Literal["started"] = "started"
    question: str
    answering: str
    target: str
    unit: str
    layer: str
    layer_kind: str
    backbone: str
    data: str
    generator: str
    describer: str
    seed: int
    versions: dict[str, str]
    settings: dict[str, Any]
    keys: dict[str, str] = Field(default_factory=dict)
    read_as: Open | None = None  # an open question that an experiment is to decide, beside what makes the unit fire


class Profiled(Event):
    """What dissection knows of the unit. `quantiles`: (q, peak) pairs; `counts` over `edges`: histogram of the peaks."""

    kind: Literal["profiled"] = "profiled"
    pictures: int
    skipped: list[str]
    held_back: int
    quantiles: list[tuple[float, float]]
    edges: list[float]
    counts: list[int]
    threshold: float
    dead: bool
    sparse: bool
    patch: tuple[int, int] | None


class PictureKept(Event):
    """A picture that the run looked at; its file is images/ID.png. `view` is set for views made for eyes only."""

    kind: Literal["picture"] = "picture"
    id: str
    caption: str | None
    provenance: Annotated[FromData | FromPrompt | FromConcept | FromEdit, Field(discriminator="kind")]
    scene: Scene | None = None
    file: bool = True


class Acted(Event):
    """What the backbone decided, written down before it is carried out: a resumed run does not ask for it again."""

    kind: Literal["acted"] = "acted"
    act: Act


class Raised(Event):
    """A hypothesis is raised: a statement about the unit that can be false. `level`: colour, object, pattern ..."""

    kind: Literal["raised"] = "raised"
    id: str
    statement: str
    formula: str
    level: str
    because: str
    parent: str | None = None


class Called(Event):
    """The backbone calls an instrument."""

    kind: Literal["called"] = "called"
    call: str
    tool: str
    arguments: dict[str, Any]


class Returned(Event):
    """The instrument answers: data, and the short text; or the mistake that goes back to the backbone."""

    kind: Literal["returned"] = "returned"
    call: str
    tool: str
    text: str
    data: dict[str, Any] | None
    mistake: bool = False


class Registered(Event):
    """A prediction, written down before anything of its experiment is measured."""

    kind: Literal["registered"] = "registered"
    experiment: str
    hypothesis: str
    conditions: list[Condition]
    prediction: Prediction
    n: int
    paired: bool
    exploratory: bool


class Judged(Event):
    """An experiment's measurements and the verdict that the ledger computed from them.

    `effect`: probability that the conditions predicted high exceed those predicted low, with its interval. `p`: one-sided;
    `q`: corrected over all tests registered so far. Exploratory experiments have no p and no verdict but "exploratory".
    `void`: why a test could not count (its p is then 1); None where it could.
    """

    kind: Literal["judged"] = "judged"
    experiment: str
    hypothesis: str
    measured: list[Measured]
    n: int
    effect: float
    interval: tuple[float, float]
    p: float | None
    q: float | None
    verdict: Literal["supported", "refuted", "inconclusive", "exploratory"]
    void: str | None = None


class Redrawn(Event):
    """The redraw test: does anything in a picture reproducibly drive the unit? Part of every run, as its first control.

    `top`, `chosen`, `fresh`: readings of the top pictures, their redraws, and fresh draws of the best quarter. `ordinary`:
    pictures evenly from the whole range; `random`: their redraws, in the same order. `reliability`: correlation of the
    unit's answers to two draws of the same contents, over the whole range and below the top decile (None: unknown).
    """

    kind: Literal["redrawn"] = "redrawn"
    way: Literal["redraw", "held-out half"]
    top: list[Reading]
    chosen: list[Reading]
    fresh: list[Reading]
    ordinary: list[Reading]
    random: list[Reading]
    effect: float
    interval: tuple[float, float]
    p: float
    driven: bool
    detectable: float
    reliability: tuple[float | None, float | None]


class Proposed(Event):
    """The backbone proposes a conclusion; the answer, and the best rival that the lab found for it, are frozen here."""

    kind: Literal["proposed"] = "proposed"
    attempt: int
    formula: str
    rival: str
    hypothesis: str
    alpha: float


class Block(BaseModel):
    """One block of unused pictures: readings, and for each whether the answer (and the rival) predicts it high."""

    name: Literal["high", "near-miss", "rival", "held-back"]
    readings: list[Reading]
    answer_says: list[bool]
    rival_says: list[bool]


class Check(BaseModel):
    """One condition that a conclusion must meet. `passed` None: it could not be tried, and `text` says why."""

    name: str
    passed: bool | None
    text: str
    effect: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None
    n: int = 0


class Decided(Event):
    """What the lab decided about a proposed conclusion, with every block and check. `controls`: other units, same pictures."""

    kind: Literal["decided"] = "decided"
    attempt: int
    formula: str
    rival: str
    blocks: list[Block]
    checks: list[Check]
    controls: list[float]
    verdict: Literal["supported", "refuted", "inconclusive"]
    reasons: list[str]


class Evidence(BaseModel):
    """One line of evidence in an answer. `verdict` is the final one, after correction over the whole run.

    `experiment`: the test that it tells of ("E1"), None for a conclusion; kept in the record, not among the answer's keys.
    """

    claim: str
    conditions: dict[str, list[str]]
    n: int
    effect: float
    interval: tuple[float, float]
    p: float | None
    verdict: str
    experiment: str | None = None


class Heldout(BaseModel):
    """How the formula does on held-back data; None where no, or every, held-back picture satisfies it."""

    n: int
    auroc: float | None
    auprc: float | None
    pearson: float | None


class Explained(BaseModel):
    """Held-out r2 over the unit's own reliability, over the whole range and below the top decile; None where unknown."""

    overall: float | None
    below_top_decile: float | None


class WeightedLabel(BaseModel):
    """By how much showing a label lifts the peak (below 0: lowers it), with a 95% interval; in units of the peak."""

    model_config = ConfigDict(frozen=True)

    label: str
    weight: float
    interval: tuple[float, float]


class Weighted(BaseModel):
    """Labels that add up, from what lifts most to what lowers most.

    `explained`: their held-out r2 over the unit's own reliability (None where that is unknown).
    """

    model_config = ConfigDict(frozen=True)

    labels: list[WeightedLabel]
    explained: float | None

    def text(self) -> str:
        """In one line: each label with its weight and interval, then what all explain."""
        told = "; ".join(f"{one.label} {one.weight:+.3g} [{one.interval[0]:.3g}, {one.interval[1]:.3g}]" for one in self.labels)
        return told if self.explained is None else f"{told}; together {self.explained:.0%} of what held-back pictures decide"


class Replied(Event):
    """A language model answered a request, written down before anything is done with it: a resumed run does not send it again.

    `role`: whom the model played ("backbone", "describer", "judge"). `request`: sha256 over all that was asked. The request
    is the first `kept` messages of the role's request before this one, then `appended`; `offered`: the tools it was offered,
    None where they are the same as before. `seconds`: how long the reply took, retries included.
    """

    kind: Literal["replied"] = "replied"
    role: str
    request: str
    kept: int
    appended: list[Message]
    offered: list[Offered] | None = None
    reply: Reply
    seconds: float


class Ran(Event):
    """A block of Python that a model wrote came to its end; what is said of it to the model is kept, and said again.

    `how`: "done", or why the session was set back to before it. `output`: the head of what it printed; `line`: where it
    stopped, from 1; `calls`: how many calls it made.
    """

    kind: Literal["ran"] = "ran"
    block: int
    how: Literal["done", "refused", "failed", "time", "memory", "calls", "crashed"]
    output: str
    error: str
    line: int | None
    notes: list[str]
    calls: int


class OpenReply(BaseModel):
    """What an open question is answered: "yes", "no", "more like car" ..., with the experiment that decided, None where none.

    `effect`, `interval`: the difference in shares of the way from rest to full response; `n`: families of pictures.
    """

    answer: str
    text: str
    experiment: str | None
    effect: float | None
    interval: tuple[float, float] | None
    n: int


class Posed(Event):
    """The experiment that decides the open question is registered: its pictures and what each answer predicts of them."""

    kind: Literal["posed"] = "posed"
    experiment: str
    asked: Open
    shown: str
    conditions: dict[str, list[str]]
    paired: bool
    predictions: dict[str, str]
    margin: float
    rest: float
    full: float


class Settled(Event):
    """The experiment that decides the open question is measured and judged."""

    kind: Literal["settled"] = "settled"
    experiment: str
    measured: list[Measured]
    reply: OpenReply


class Answered(Event):
    """The answer, complete but for the run's path and duration."""

    kind: Literal["answered"] = "answered"
    question: str
    answering: str
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
    weighted: Weighted | None = None
    images: int
    limit: str | None
    exemplars: list[str]
    untested: list[str]
    reply: OpenReply | None = None


class Stopped(Event):
    """A limit, or the user, stopped the run; the answer that follows is the best admissible so far."""

    kind: Literal["stopped"] = "stopped"
    by: str

    @property
    def of_itself(self) -> bool:
        """Whether all the steps that any run may take were taken, rather than a limit met that was set."""
        return self.by.endswith(" steps")


AnyEvent = Annotated[
    Started
    | Profiled
    | PictureKept
    | Acted
    | Raised
    | Called
    | Returned
    | Registered
    | Judged
    | Redrawn
    | Proposed
    | Decided
    | Replied
    | Ran
    | Posed
    | Settled
    | Answered
    | Stopped
    | AnyOfComparison
    | AnyOfBias,
    Field(discriminator="kind"),
]
EVENT: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)
