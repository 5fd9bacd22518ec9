"""What a language model may call, whichever way it acts: the instruments, the other acts, and what only looks.

Covered: each function with its arguments and what it returns; the API as text for the prompt, as stubs for the check of a
block, and as tools for call mode. Not covered: carrying a call out (`vision_language.py`, `../loop.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticUndefined

from ...tools.instrument import OURS, Instrument
from .model import Offered
from .named_results import declared, models_in, within, words

RAISE, CONCLUDE, EXPERIMENT, SHOW, COMPARE = "raise_hypothesis", "conclude", "experiment", "show", "compare"
COMMON = "in_common"
RAISE_ALL = "raise_hypotheses"  # in call mode, where a batch is one call


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Hypothesis(_Given):
    """A hypothesis as a model raises it."""

    formula: str = Field(description="the claim in the concept language, true or false of any picture")
    statement: str = Field(description="the claim in words")
    level: str = Field(description="the level of abstraction: colour, pattern, stimulus, object, background, compound ...")
    because: str = Field(description="what in the evidence made you think of it")
    parent: str | None = Field(None, description="id of the hypothesis that it refines")


class _Hypotheses(_Given):
    hypotheses: list[Hypothesis] = Field(min_length=1, max_length=20, description="several at once")


class _Concluded(_Given):
    hypothesis: str | None = Field(description='id of a hypothesis, such as "H2"; null: there is no concept to be had')


class _Shown(_Given):
    pictures: list[str] = Field(min_length=1, max_length=16, description="ids of pictures of this run, 16 at most")
    note: str = Field("", max_length=200, description="what stands before them")


class _Common(_Given):
    pictures: list[str] = Field(min_length=2, max_length=16, description="ids of pictures of this run, 2 to 16")


class _Compared(_Given):
    high: list[float] = Field(min_length=1, max_length=10_000, description="numbers expected to be higher")
    low: list[float] = Field(min_length=1, max_length=10_000, description="numbers expected to be lower")


class Side(BaseModel):
    """One condition of a trial: its pictures with their peaks and percentiles, in the same order."""

    name: str
    pictures: list[str]
    peaks: list[float]
    percentiles: list[float]


class Trial(BaseModel):
    """An experiment's outcome, judged by the ledger. `effect`: P(predicted high > predicted low), `interval` its 95%."""

    experiment: str
    hypothesis: str
    verdict: Literal["supported", "refuted", "inconclusive", "exploratory"]
    effect: float
    interval: list[float]
    p: float | None
    q: float | None
    n: int
    void: str | None
    conditions: list[Side]


class Checked(BaseModel):
    """One condition that a conclusion had to meet; `passed` None: it could not be tried."""

    name: str
    passed: bool | None
    text: str


class Conclusion(BaseModel):
    """What came of a proposed conclusion. Verdict "objections": a reviewer's, to be met before the lab is asked."""

    hypothesis: str | None
    verdict: Literal["supported", "refuted", "inconclusive", "objections"]
    reasons: list[str]
    rival: str | None = None
    checks: list[Checked] = []


class Comparison(BaseModel):
    """How two sets of numbers compare: P(a high one > a low one) with its 95% interval, and both medians."""

    superiority: float
    interval: list[float]
    median_high: float
    median_low: float


@dataclass(frozen=True)
class Function:
    """A function that a model may call. `returns`: a type, in which models stand for named tuples (or JSON objects)."""

    name: str
    doc: str
    arguments: type[BaseModel]
    returns: Any

    def line(self, checked: bool = False) -> str:
        """Its `def` line; `checked`: for the check of a block, which lets a literal be held in a variable."""
        given = []
        for name, field in self.arguments.model_fields.items():
            default = "" if field.is_required() else " = ..." if field.default is PydanticUndefined else f" = {field.default!r}"
            given.append(f"{name}: {words(field.annotation, given=True, checked=checked)}{default}")
        return f"def {self.name}({', '.join(given)}) -> {words(self.returns, checked=checked)}: ..."


def functions(instruments: Mapping[str, Instrument]) -> dict[str, Function]:
    """Everything that a model's code may call, by name. An instrument of a plug-in never stands for one of ours."""
    ordered = [*(name for name in OURS if name in instruments), *sorted(name for name in instruments if name not in OURS)]
    known = [instruments[name] for name in ordered]
    found = {x.name: Function(x.name, x.doc, x.arguments, x.result) for x in known}
    if EXPERIMENT in found:
        found[EXPERIMENT] = Function(EXPERIMENT, found[EXPERIMENT].doc, found[EXPERIMENT].arguments, Trial)
    return found | {
        RAISE: Function(RAISE, "Enter a hypothesis in the ledger; returns its id, such as 'H1'.", Hypothesis, str),
        CONCLUDE: Function(
            CONCLUDE,
            "Propose a hypothesis as the answer. A reviewer sees the evidence first and may object; then the lab tries to "
            "refute it on pictures that nobody has used. With None: stop, there is no concept to be had.",
            _Concluded,
            Conclusion,
        ),
        SHOW: Function(SHOW, "Look at pictures: they come with the next message, each after its id.", _Shown, type(None)),
        COMMON: Function(
            COMMON,
            "What pictures have in common, in the words of someone who sees them and knows no hypothesis.",
            _Common,
            str,
        ),
        COMPARE: Function(COMPARE, "Hold one set of numbers against another.", _Compared, Comparison),
    }


def result_models(known: Iterable[Function]) -> list[type[BaseModel]]:
    """The models in what the functions return, inner ones first."""
    found: dict[type[BaseModel], None] = {}
    for function in known:
        for model in models_in(function.returns):
            found |= dict.fromkeys(within(model))
    return list(found)


def argument_models(known: Iterable[Function]) -> list[type[BaseModel]]:
    """The models among the functions' arguments, which code gives as dicts."""
    found: dict[type[BaseModel], None] = {}
    for function in known:
        for model in within(function.arguments):
            found |= {model: None} if model is not function.arguments else {}
    return list(found)


def stubs(known: Mapping[str, Function]) -> str:
    """What the check of a block knows of the functions."""
    lines = ["from typing import Any, NamedTuple", declared(result_models(known.values()), checked=True)]
    return "\n\n".join([*lines, *(function.line(checked=True) for function in known.values())]) + "\n"


def as_text(known: Mapping[str, Function]) -> str:
    """The API as a model reads it: what results are made of, what is given as a dict, and every function with its doc."""
    parts = [declared(result_models(known.values()))]
    for model in argument_models(known.values()):
        fields = [f'    "{name}": {words(f.annotation, given=True)}' for name, f in model.model_fields.items()]
        optional = [name for name, f in model.model_fields.items() if not f.is_required()]
        note = f"; may be left out: {', '.join(optional)}" if optional else ""
        doc = " ".join((model.__doc__ or "").split())
        parts.append("\n".join([f"# {model.__name__}: a dict with these keys{note}", f"# {doc}", *("#" + f for f in fields)]))
    for function in known.values():
        described = [
            f"    {name}: {field.description}" for name, field in function.arguments.model_fields.items() if field.description
        ]
        doc = "\n".join(f"    {line}".rstrip() for line in ["", *function.doc.splitlines(), *described]).strip()
        parts.append(f'{function.line().removesuffix(" ...")}\n    """{doc}"""')
    return "\n\n".join(parts)


def offered(known: Mapping[str, Function]) -> tuple[Offered, ...]:
    """The functions as tools for call mode; hypotheses are raised several at once."""
    found = []
    for function in known.values():
        if function.name == RAISE:
            function = Function(RAISE_ALL, "Enter hypotheses in the ledger; returns their ids in order.", _Hypotheses, list)
        schema = function.arguments.model_json_schema()
        found.append(Offered(name=function.name, doc=function.doc, schema_=_without_titles(schema)))
    return tuple(found)


def batch() -> type[BaseModel]:
    """The arguments of raising several hypotheses at once."""
    return _Hypotheses


def _without_titles(schema: Any) -> Any:
    """A schema less the titles that pydantic makes of the names, which say nothing more."""
    if isinstance(schema, dict):
        return {
            key: _without_titles(value)
            for key, value in schema.items()
            if not (key == "title" and isinstance(value, str))
        }
    return [_without_titles(item) for item in schema] if isinstance(schema, list) else schema
