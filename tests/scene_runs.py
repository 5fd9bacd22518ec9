"""Runs on scene neurons, shared by the tests of the researcher: one target, one dissection, each study asked once.

Covered: the neurons, a lab of one of them, a run under a script, the empiricist's own run. Not covered: any test.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest

from lettvin.agent import admission, redraw_test
from lettvin.agent.answer import Answer
from lettvin.agent.ask import ask, profile_unit
from lettvin.agent.backbones.backbone import Act, Call, Conclude, Raise
from lettvin.agent.backbones.scripted import Scripted
from lettvin.agent.run_folder import read_events
from lettvin.agent.transcript import AnyEvent
from lettvin.synthetic_neurons.scene_neuron import Neuron, SceneNeurons
from lettvin.targets.target import Unit
from lettvin.tools.describer import ExactDescriber
from lettvin.tools.lab import Lab
from lettvin.tools.sketch_generator import SketchGenerator
from lettvin.tools.sources.open_source import open_source
from lettvin.tools.store import Store, cache_folder

DATA = "sketch:400"
FIRING = ("red", "dog", "striped", "on snow", "vertical grating", "red car", "dog or fish")
NEURONS = (*(Neuron(formula) for formula in FIRING), Neuron(None, "noise", seed=3), Neuron(None, "constant"))
TARGET = SceneNeurons(NEURONS, name="hidden")

Step = Act | Callable[[Sequence[AnyEvent]], Act]
T = TypeVar("T")


def unit(behaviour: str) -> Unit:
    """The unit that fires for the formula, or the null of that name."""
    return TARGET.unit(str([n.fires_for or n.behaviour for n in NEURONS].index(behaviour)))


def lab(behaviour: str, store: Store, seed: int = 0) -> Lab:
    """A lab of its own, before anything has happened in it."""
    source = open_source(DATA)
    folder = cache_folder() / "dissections"
    profile = profile_unit(unit(behaviour), source, None, folder, lambda stage, done, total: None)
    return Lab(unit(behaviour), source, profile, store, SketchGenerator(store), ExactDescriber(), seed)


def scripted(
    behaviour: str, script: Sequence[Step], runs: Path, **settings: Any
) -> tuple[Answer, list[AnyEvent]]:
    """The answer and the events of a run in which the script decides; every act of it was played, or a limit stopped it."""
    backbone = Scripted(script)
    answer = ask(unit(behaviour), backbone=backbone, runs=runs, page=False, **{"data": DATA, **settings})
    if answer.limit is None:
        backbone.assert_complete()
    return answer, read_events(Path(answer.run))


@cache
def study(behaviour: str) -> tuple[Answer, list[AnyEvent]]:
    """The empiricist's answer and the events of its run."""
    runs = tempfile.mkdtemp(prefix="lettvin-studies-")
    atexit.register(shutil.rmtree, runs, ignore_errors=True)
    answer = ask(unit(behaviour), data=DATA, runs=runs, page=False)
    return answer, read_events(Path(answer.run))


def short_runs() -> Iterator[None]:
    """While it lasts, the lab's own tests take fewer pictures; for a fixture."""
    patch = pytest.MonkeyPatch()
    for module, name, value in (
        (redraw_test, "TOP", 6),
        (redraw_test, "DRAWS", 2),
        (redraw_test, "EACH_DECILE", 1),
        (admission, "SIZE", 10),
        (admission, "EACH_DECILE", 1),
    ):
        patch.setattr(module, name, value)
    yield
    patch.undo()


def raising(formula: str, parent: str | None = None) -> Act:
    """The act that raises the hypothesis that the unit fires for the formula."""
    return Raise(formula=formula, statement=f"fires for {formula}", level="any", because="a test", parent=parent)


def pairs(hypothesis: str, formula: str, n: int = 12, exploratory: bool = False) -> Act:
    """The experiment of the formula's pictures against the same with one factor changed."""
    conditions = [{"name": "shown", "concept": formula}, {"name": "broken", "edit_of": "shown", "breaks": formula}]
    return experiment(hypothesis, conditions, ["shown"], ["broken"], n, exploratory)


def against(hypothesis: str, high: str, low: str, n: int = 12) -> Act:
    """The experiment of one formula's pictures against another's."""
    return experiment(hypothesis, [{"name": "a", "concept": high}, {"name": "b", "concept": low}], ["a"], ["b"], n)


def experiment(
    hypothesis: str, conditions: list[dict[str, Any]], high: list[str], low: list[str], n: int, exploratory: bool = False
) -> Act:
    prediction = {"high": high, "low": low, "refuted_if": "it is not so"}
    arguments = {"hypothesis": hypothesis, "conditions": conditions, "prediction": prediction, "n": n}
    return Call(tool="experiment", arguments=arguments | {"exploratory": exploratory})


def concluding(hypothesis: str) -> Act:
    return Conclude(hypothesis=hypothesis)


def of(kind: type[T], events: Sequence[AnyEvent]) -> list[T]:
    """The events of one kind, in order."""
    return [event for event in events if isinstance(event, kind)]


def only(kind: type[T], events: Sequence[AnyEvent]) -> T:
    (found,) = of(kind, events)
    return found
