"""What a language model's steps cost beside the model and the instruments, and what old pictures cost in tokens.

Covered: the time of each act outside the model and the instruments, in code mode and by tool calls (sandbox, check,
conversation, record, ledger), and the size of a long run's requests with and without the context policy. The model is a
script without a thought: its time is left out, and its words are as long as a model's. Not covered: the time of any real
model or instrument, and what an endpoint counts as tokens (estimated as in `agent/backbones/spending.py`).
Run as `python -m lettvin.benchmarks.model_steps [--write]`.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..agent.ask import ask
from ..agent.backbones.conversation import MOST
from ..agent.backbones.model import Message, Offered, Reply, ToolCall
from ..agent.backbones.spending import guessed
from ..agent.backbones.vision_language import VisionLanguage, Ways
from ..agent.loop import Run
from ..synthetic_neurons.scene_neuron import Neuron, SceneNeurons
from ..tools.instrument import Instrument

TURNS = 40
WORDS = "The strongest pictures share a colour more than a thing; I look at what else they share, and at weak ones. " * 3


class Looking:
    """Looks, screens, shows and raises, turn after turn, in blocks or by calls, and then stops.

    `spent`: its own seconds, by the clock and of the processor.
    """

    name = "a script"

    def __init__(self, mode: Ways, turns: int = TURNS, shown: int = 4) -> None:
        self.mode, self.turns, self.shown, self.spent = mode, turns, shown, np.zeros(2)
        self.tokens: list[int] = []
        self.pictures: list[int] = []

    def reply(self, messages: Sequence[Message], tools: Sequence[Offered] = ()) -> Reply:
        began = np.array([time.perf_counter(), time.process_time()])
        place = sum(message.role == "assistant" for message in messages)
        self.tokens.append(guessed(messages, Reply(text="")).input_tokens or 0)
        self.pictures.append(sum(part.kind == "picture" for message in messages for part in message.parts))
        reply = self._code(place) if self.mode == "code" else self._calls(place, messages)
        self.spent = self.spent + np.array([time.perf_counter(), time.process_time()]) - began
        return reply

    def _code(self, place: int) -> Reply:
        if place >= self.turns:
            return Reply(text="```python\nconclude(None)\n```")
        word = ("red", "dog", "striped", "on snow")[place % 4]
        lines = [
            f"top = exemplars(which='quantile', k={self.shown}, low={place / 200}, high=1.0)",
            "for e in top.shown:\n    print(e.picture[:12], e.peak, e.percentile, e.caption)",
            f"show([e.picture for e in top.shown], 'quantile {place}')" if self.shown else "",
            f"fits = screen(['{word}', 'red car', 'dog or fish', 'car and not red']).fits",
            "print([(f.concept, f.r, f.q) for f in fits])",
            f"print(probe([e.picture for e in top.shown[:{max(1, self.shown)}]]))",
            f"print(raise_hypothesis('{word}', 'it fires for {word}', 'any', 'turn {place}'))" if place < 4 else "",
        ]
        return Reply(text=WORDS + "\n```python\n" + "\n".join(lines) + "\n```")

    def _calls(self, place: int, messages: Sequence[Message]) -> Reply:
        if place >= self.turns:
            return Reply(text="", calls=(ToolCall(id="1", name="conclude", arguments='{"hypothesis": null}'),))
        ids = _ids(messages)[: self.shown]
        asked: list[tuple[str, dict[str, Any]]] = [
            ("exemplars", {"which": "quantile", "k": max(1, self.shown), "low": place / 200, "high": 1.0}),
            ("screen", {"concepts": ["red", "red car", "dog or fish", "car and not red"]}),
            *([("probe", {"pictures": ids}), ("show", {"pictures": ids})] if ids else []),
        ]
        calls = [ToolCall(id=str(n), name=name, arguments=json.dumps(given)) for n, (name, given) in enumerate(asked)]
        return Reply(text=WORDS, calls=tuple(calls))


def _ids(messages: Sequence[Message]) -> list[str]:
    """The pictures that the last answers named."""
    for message in reversed(messages):
        text = "".join(part.text for part in message.parts if part.kind == "text") if message.role == "tool" else ""
        if text.startswith('{"which"'):
            return [shown["picture"] for shown in json.loads(text)["shown"]]
    return []


def run(write: bool = False) -> dict[str, Any]:
    """Both tables: milliseconds a step by mode, and tokens a run by policy."""
    found = {
        "name": "model_steps",
        "turns": TURNS,
        "milliseconds a step": {mode: _steps(mode) for mode in ("code", "calls")},
        "tokens": {
            "pictures in view: at most 24": _tokens(MOST),
            "pictures in view: all": _tokens(None),
        },
        "command": "python -m lettvin.benchmarks.model_steps --write",
    }
    if write:
        path = Path(__file__).parent / "results" / "model_steps.json"
        path.write_text(json.dumps(found, indent=1) + "\n")
    return found


def _steps(mode: Ways) -> dict[str, float | None]:
    """Each act's time outside the model and the instruments; the first, which starts the sandbox, apart.

    By the clock, and the processor's time of this process and of the sandbox's, which other work on the machine leaves alone.
    """
    model = Looking(mode)
    backbone = VisionLanguage(model, mode=mode)
    tools, steps, processor, others = np.zeros(2), list[float](), list[float](), list[float]()

    def now() -> np.ndarray:
        return np.array([time.perf_counter(), time.process_time()])

    def step(self: Run) -> bool:
        began, spent = now(), tools + model.spent
        ended = kept_step(self)
        took = now() - began - (tools + model.spent - spent)
        steps.append(float(took[0]))
        processor.append(float(took[1]))
        others.append(_of_sandbox(backbone))
        return ended

    def call(self: Instrument, *given: Any) -> Any:
        began = now()
        try:
            return kept_call(self, *given)
        finally:
            tools[:] += now() - began

    kept_step, kept_call = Run.step, Instrument.call
    with _in_place_of(Run, "step", step), _in_place_of(Instrument, "call", call):
        _ask(backbone)
    rest = 1000 * np.array(steps[1:-1])
    sandbox = (others[-2] - others[0]) / len(rest)
    return {
        "steps": len(steps),
        "processor, mean": round(1000 * (float(np.mean(processor[1:-1])) + sandbox), 2),
        "clock, mean": round(float(rest.mean()), 2),
        "clock, median": round(float(np.median(rest)), 2),
        "clock, 95th percentile": round(float(np.quantile(rest, 0.95)), 2),
        "clock, first": round(1000 * steps[0], 1),
    }


def _of_sandbox(backbone: VisionLanguage) -> float:
    """The processor's seconds of the sandbox's processes so far; 0 where the system does not tell, or there are none."""
    sandbox = getattr(backbone._mode, "sandbox", None)
    pids = [session.worker_pid for session in (sandbox._session, sandbox._checker) if session] if sandbox is not None else []
    told = [Path(f"/proc/{pid}/stat") for pid in pids]
    ticks = [path.read_text().rpartition(")")[2].split()[11:13] for path in told if path.exists()]
    return sum(int(one) + int(other) for one, other in ticks) / os.sysconf("SC_CLK_TCK") if ticks else 0.0


def _tokens(in_view: int | None) -> dict[str, Any]:
    """Tokens of all requests of one run that shows 4 pictures a turn."""
    model = Looking("code")
    _ask(VisionLanguage(model, in_view=in_view))
    return {
        "requests": len(model.tokens),
        "in all": sum(model.tokens),
        "of the last request": model.tokens[-1],
        "most pictures in one request": max(model.pictures),
    }


def _ask(backbone: VisionLanguage) -> None:
    target = SceneNeurons((Neuron("red car"),), name="stepped")
    with tempfile.TemporaryDirectory() as runs:
        ask(target.unit("0"), data="sketch:400", backbone=backbone, runs=runs, page=False)


class _in_place_of:
    """A method replaced for as long as the block lasts."""

    def __init__(self, of: type, name: str, by: Callable[..., Any]) -> None:
        self.of, self.name, self.by, self.kept = of, name, by, getattr(of, name)

    def __enter__(self) -> None:
        setattr(self.of, self.name, self.by)

    def __exit__(self, *_: object) -> None:
        setattr(self.of, self.name, self.kept)


if __name__ == "__main__":
    print(json.dumps(run(write="--write" in sys.argv), indent=1))
