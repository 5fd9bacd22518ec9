"""A scientist who is a policy and says so: the empiricist, who here has nothing but text to read and blocks of code to write.

It is a `Model`: it gets a conversation and returns one reply. What it knows of the unit it reads from the task, what it may
call from the API in the prompt, and what came of its blocks from their output; what it does it writes as Python. Nothing of
the run reaches it in any other way, so that the whole path is tried: prompts, blocks, their check, the sandbox, results
and errors in words. It keeps nothing that it could not read again in the conversation, so that a run can be resumed.

Covered: code mode and call mode, the review (it objects to what no test supports), the last request; backbones to be named on
a command line, `tests/policy_scientist.py:InCode` and `:InCalls`. Not covered: looking at pictures, which this policy cannot.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from lettvin.agent.acts import Act, Call, Conclude, Raise
from lettvin.agent.backbones.empiricist import Empiricist
from lettvin.agent.backbones.model import Message, Offered, Reply, ToolCall, Usage
from lettvin.agent.backbones.named_results import models_in
from lettvin.agent.backbones.tool_api import Conclusion, Trial
from lettvin.agent.backbones.vision_language import VisionLanguage
from lettvin.agent.transcript import AnyEvent, Check, Decided, Judged, Profiled, Raised, Redrawn, Returned
from lettvin.tools.experiment import Measured
from lettvin.tools.instrument import catalogue
from lettvin.tools.lab import Reading

PAGE = 5_500  # characters printed at once
PIECE = 60  # concepts screened in one call
KINDS = ("size", "frequency", "orientation", "colour", "pattern", "noun", "stimulus")
_OUTPUT = re.compile(r"^(?:Output|Printed before that):\n(`{3,})output\n(.*?)\n\1$", re.M | re.S)


class PolicyModel:
    """The empiricist in words."""

    name = "a policy, no language model"

    def __init__(self) -> None:
        self._read: tuple[Message, ...] = ()
        self._mind: _Mind | None = None

    def reply(self, messages: Sequence[Message], tools: Sequence[Offered] = ()) -> Reply:
        """The next block, or the next calls where tools are offered; in other conversations, a review or a last word."""
        system, last = _text(messages[0]), _text(messages[-1])
        calls: tuple[ToolCall, ...] = ()
        if tools:
            said, calls = "I am a policy, and go by the method.", self._next_calls(messages, tools)
        elif system.startswith("# You review a conclusion"):
            said = _review(last)
        elif last.startswith("# The run is at its end"):
            said = _last_word(last)
        else:
            said = self._next_block(messages)
        usage = Usage(input_tokens=sum(len(_text(message)) for message in messages) // 4, output_tokens=len(said) // 4)
        return Reply(text=said, calls=calls, finish="tool_calls" if calls else "stop", usage=usage, model=self.name)

    def _next_calls(self, messages: Sequence[Message], tools: Sequence[Offered]) -> tuple[ToolCall, ...]:
        """What the mind does next, by tool calls, after all that the conversation tells."""
        mind = _MindOfCalls(_text(messages[0]), _text(messages[1]), {tool.name for tool in tools})
        if isinstance(self._mind, _MindOfCalls) and tuple(messages[: len(self._read)]) == self._read:
            mind, fresh = self._mind, messages[len(self._read) :]
        else:
            fresh = messages[2:]
        answers: list[str] = []
        for message in fresh:
            if message.role == "tool":
                answers.append(_text(message))
            elif message.role == "assistant" and answers:
                mind.hear_all(answers)
                answers = []
        if answers:
            mind.hear_all(answers)
        self._mind, self._read = mind, tuple(messages)
        named = enumerate(mind.calls)
        return tuple(ToolCall(id=f"{len(messages)}-{n}", name=name, arguments=json.dumps(a)) for n, (name, a) in named)

    def _next_block(self, messages: Sequence[Message]) -> str:
        """What the mind does next, after all that the conversation tells; read on from where it was read to before."""
        told = [message for message in messages[1:] if message.role == "user"]
        if self._mind is None or tuple(messages[: len(self._read)]) != self._read:
            self._mind = _Mind(_text(messages[0]), _text(told[0]))
            for message in told[1:]:
                self._mind.hear(_text(message))
        else:
            for message in messages[len(self._read) :]:
                if message.role == "user":
                    self._mind.hear(_text(message))
        self._read = tuple(messages)
        return self._mind.says


class InCode(VisionLanguage):
    """The policy at the helm of a run, in code mode."""

    def __init__(self) -> None:
        super().__init__(PolicyModel())


class InCalls(VisionLanguage):
    """The policy at the helm of a run, in call mode."""

    def __init__(self) -> None:
        super().__init__(PolicyModel(), mode="calls")


class _Mind:
    """The empiricist, with what it was told so far as the events that it knows. `says`: what it says next."""

    def __init__(self, system: str, task: str) -> None:
        self._may = set(re.findall(r"^def (\w+)\(", system, re.M))
        self._empiricist = Empiricist()
        self._events: list[AnyEvent] = _given(task)
        self._hypotheses: dict[str, str] = {}
        self._out = ""
        self._length = 0
        self.says = ""
        self._act: Act = self._decide()

    def hear(self, text: str) -> None:
        """What came of the last block: a page of a result, all of it, or that there was none."""
        if text.startswith("Before ") and "a reviewer" in text:
            return  # its own: it concludes again
        found = _OUTPUT.search(text)
        if found is None:
            raise AssertionError(f"the policy expected output, and reads: {text[:300]}")
        head, _, page = found[2].partition("\n")
        self._length = int(head)
        self._out += page
        if len(self._out) < self._length:
            self.says = _block(f"print(len(out))\nprint(out[{len(self._out)}:{len(self._out) + PAGE}])")
            return
        value, self._out = json.loads(self._out), ""
        if isinstance(self._act, Conclude) and not isinstance(value, dict) and value[1] == "objections":
            return  # it says the same again
        self._events += _events(self._act, value, self._hypotheses)
        self._act = self._decide()

    def _decide(self) -> Act:
        act = self._empiricist.act(self._events)
        name, arguments = _called(act)
        if name not in self._may:
            raise AssertionError(f"the prompt tells of no {name!r}")
        given = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        plain = "import json\ndef plain(x):\n    return [plain(y) for y in x] if isinstance(x, (list, tuple)) else x\n"
        self.says = _block(
            f"{plain}try:\n    out = json.dumps(plain({name}({given})))\nexcept ValueError as e:\n"
            f"    out = json.dumps({{'mistake': str(e)}})\nprint(len(out))\nprint(out[:{PAGE}])"
        )
        return act


class _MindOfCalls(_Mind):
    """The same by tool calls. `calls`: what it calls next; what would not stand whole in an answer is asked in pieces."""

    def __init__(self, system: str, task: str, tools: set[str]) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._words = [word for line in re.findall(r"^- (.+)$", system, re.M) if (word := line)]
        self._tools = tools
        super().__init__(system, task)

    def hear_all(self, answers: list[str]) -> None:
        """What came of the last calls."""
        mistake = next((text for text in answers if text.startswith(("mistake: ", "not carried out: "))), None)
        if mistake is not None:
            self._events += [Returned(call="", tool="", text=mistake.partition(": ")[2], data=None, mistake=True)]
            self._decide_again()
            return
        values = [json.loads(text) for text in answers]
        value = values[0]
        if isinstance(self._act, Call) and self._act.tool == "screen":
            fits = sorted((fit for one in values for fit in one["fits"]), key=lambda fit: (-fit["r"], fit["concept"]))
            value = {**value, "fits": [fit for fit in fits if fit["n"]] if "concepts" not in self._act.arguments else fits}
        if isinstance(self._act, Conclude) and value["verdict"] == "objections":
            return  # it says the same again
        self._events += _events_by_name(self._act, value, self._hypotheses)
        self._decide_again()

    def _decide_again(self) -> None:
        self._act = self._decide()

    def _decide(self) -> Act:
        act = self._empiricist.act(self._events)
        if isinstance(act, Raise):
            self.calls = [("raise_hypotheses", {"hypotheses": [act.model_dump(exclude={"act"})]})]
        elif isinstance(act, Conclude):
            self.calls = [("conclude", {"hypothesis": act.hypothesis})]
        elif act.tool == "screen":
            asked = act.arguments.get("concepts") or self._vocabulary()
            pieces = [asked[n : n + PIECE] for n in range(0, len(asked), PIECE)]
            self.calls = [("screen", {**act.arguments, "concepts": piece}) for piece in pieces]
        elif act.tool == "exceptions":
            self.calls = [("exceptions", {**act.arguments, "k": min(8, act.arguments["k"])})]
        else:
            self.calls = [(act.tool, act.arguments)]
        if not {name for name, _ in self.calls} <= self._tools:
            raise AssertionError(f"no tool is offered for {act}")
        return act

    def _vocabulary(self) -> list[str]:
        """Every simple term that the prompt's list of words allows."""
        kinds = dict(line.split(": ", 1) for line in self._words if re.match(r"\w+: \w", line))
        terms = [word for kind in KINDS for word in kinds[kind].split(", ")]
        places = [f"on {place}" for place in kinds["background"].split(", ")]
        return [*terms, *places, "at night", "in bright light", "in dark light"]


def _block(code: str) -> str:
    return f"I am a policy, and go by the method.\n\n```python\n{code}\n```"


def _called(act: Act) -> tuple[str, dict[str, Any]]:
    """An act as a call of the functions in the prompt."""
    if isinstance(act, Raise):
        return "raise_hypothesis", act.model_dump(exclude={"act"})
    if isinstance(act, Conclude):
        return "conclude", {"hypothesis": act.hypothesis}
    return act.tool, act.arguments


# ---- what it reads ----------------------------------------------------------------------------------------------------


def _given(task: str) -> list[AnyEvent]:
    """What the task says of the unit's range and its control, as far as the empiricist asks for it."""
    over = re.search(r"quantiles of the unit's peak: ([^;\n]+)", task)
    quantiles = [(float(q), float(peak)) for q, peak in re.findall(r"([\d.]+): (\S+?)(?:,|$)", over[1] if over else "")]
    full = re.search(r"upper quartile ([^)\s]+)\)", task)
    fresh = [Reading(picture="", peak=float(full[1]), mean=0, percentile=100)] if full else []
    apart = re.search(r"the same contents differ by (\S+) \(median\)", task)
    pair = [[Reading(picture="", peak=peak, mean=0, percentile=0)] for peak in (0.0, float(apart[1]) if apart else 0.0)]
    told = {"way": "redraw", "top": [], "chosen": [], "effect": 0.5, "interval": (0, 1), "p": 1}
    told |= {"ordinary": pair[0] if apart else [], "random": pair[1] if apart else []}
    told |= {"detectable": 1, "reliability": (None, None), "driven": "something in pictures drives the unit" in task}
    profile = {"pictures": 0, "skipped": [], "held_back": 0, "edges": [], "counts": [], "threshold": 0, "patch": None}
    return [
        Profiled.model_validate({**profile, "quantiles": quantiles, "dead": False, "sparse": "silent on most" in task}),
        Redrawn.model_validate({**told, "fresh": fresh}),
    ]


def _events(act: Act, value: Any, hypotheses: dict[str, str]) -> list[AnyEvent]:
    """What came of an act in a block, where results are lists."""
    if isinstance(value, dict):
        return [Returned(call="", tool="", text=value["mistake"], data=None, mistake=True)]
    if isinstance(act, Conclude):
        value = _by_name(value, Conclusion)
    elif isinstance(act, Call):
        value = _by_name(value, Trial if act.tool == "experiment" else catalogue()[act.tool].result)
    return _events_by_name(act, value, hypotheses)


def _events_by_name(act: Act, value: Any, hypotheses: dict[str, str]) -> list[AnyEvent]:
    """What came of an act, as the events that tell of it."""
    if isinstance(act, Raise):
        hypotheses[value] = act.formula
        return [Raised(id=value, **act.model_dump(exclude={"act"}))]
    if isinstance(act, Conclude):
        found = Conclusion.model_validate(value)
        checks = [Check(**check.model_dump()) for check in found.checks]
        decided = {"attempt": 0, "formula": hypotheses[found.hypothesis or ""], "rival": found.rival or "", "controls": []}
        decided |= {"blocks": [], "checks": checks, "verdict": found.verdict, "reasons": found.reasons}
        return [Decided.model_validate(decided)]
    assert isinstance(act, Call)
    if act.tool != "experiment":
        return [Returned(call="", tool=act.tool, text="", data=value)]
    trial = Trial.model_validate(value)
    measured = [
        Measured(
            name=side.name,
            readings=[
                Reading(picture=one, peak=peak, mean=peak, percentile=percentile)
                for one, peak, percentile in zip(side.pictures, side.peaks, side.percentiles, strict=True)
            ],
        )
        for side in trial.conditions
    ]
    told = trial.model_dump(exclude={"conditions", "interval"}) | {"interval": tuple(trial.interval), "measured": measured}
    return [Judged.model_validate(told), Returned(call="", tool="experiment", text="", data=None)]


def _by_name(value: Any, model: type[BaseModel]) -> Any:
    """Named tuples as JSON has them, lists, with their fields' names again."""
    named = {}
    for (name, field), item in zip(model.model_fields.items(), value, strict=True):
        inner = next(models_in(field.annotation), None)
        if inner is None or item is None:
            named[name] = item
        elif str(field.annotation).startswith(("list", "tuple")):
            named[name] = [_by_name(one, inner) for one in item]
        else:
            named[name] = _by_name(item, inner)
    return named


def _review(case: str) -> str:
    """An objection where no test supports the hypothesis; else none."""
    named = re.search(r"^(H\d+): ", case, re.M)
    assert named is not None
    if re.search(rf"^E\d+, for {named[1]}: supported", case, re.M):
        return '{"objections": []}'
    why = f"no test of {named[1]} alone was supported"
    return json.dumps({"objections": [{"why": why, "experiment": "minimal pairs"}]})


def _last_word(request: str) -> str:
    """The last hypothesis that a test supported."""
    supported = re.findall(r"^E\d+, for (H\d+): supported", request, re.M)
    return json.dumps({"hypothesis": supported[-1] if supported else None})


def _text(message: Message) -> str:
    return "\n".join(part.text for part in message.parts if part.kind == "text")
