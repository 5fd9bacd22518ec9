"""The empiricist finds structure, not only a word: each kind by its own run on neurons whose behaviour is known."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from lettvin.agent.answer import Answer
from lettvin.agent.ask import ask
from lettvin.agent.run_folder import read_events
from lettvin.agent.transcript import AnyEvent, Judged, Registered
from lettvin.synthetic_neurons.scene_neuron import Neuron, SceneNeurons
from lettvin.tools.sketch.concept import normal, parse

DATA = "sketch:600"
TRUTHS = {
    "needs both": Neuron("red and on snow"),
    "a veto": Neuron("blue and not on grass"),
    "ways that are conjunctions": Neuron("dog or red and on snow"),
    "more than one": Neuron("at least two dogs"),
    "one thing that has both": Neuron("striped dog"),
    "a way of half strength": Neuron("checkered or cat", weights=(0.5, 1.0)),
    "over half of the data": Neuron("large", "binary"),
}
TARGET = SceneNeurons(tuple(TRUTHS.values()), name="structures")


@cache
def asked(kind: str, runs: Path) -> tuple[Answer, list[AnyEvent]]:
    unit = TARGET.unit(str(list(TRUTHS).index(kind)))
    answer = ask(unit, data=DATA, runs=runs, max_images=400, page=False)
    return answer, read_events(Path(answer.run))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.mark.parametrize("kind", TRUTHS)
def test_the_structure_is_found_and_survives(kind: str, runs: Path) -> None:
    answer, _ = asked(kind, runs)
    truth = TRUTHS[kind].fires_for
    assert truth is not None
    assert answer.formula is not None
    assert normal(parse(answer.formula)) == normal(parse(truth))
    assert answer.verdict == "supported"


def test_every_part_of_a_conjunction_was_left_out_and_seen_to_matter(runs: Path) -> None:
    _, events = asked("needs both", runs)
    plans = {e.experiment: e for e in events if isinstance(e, Registered) and not e.exploratory}
    shown = {c.concept for plan in plans.values() for c in plan.conditions if c.name in plan.prediction.low}
    left_out = {str(normal(parse(str(formula)))) for formula in shown}
    assert {str(normal(parse(f))) for f in ("red and not on snow", "on snow and not red")} <= left_out
    assert any(isinstance(e, Judged) and e.verdict == "supported" for e in events)


def test_it_spends_few_pictures(runs: Path) -> None:
    spent = sorted(asked(kind, runs)[0].images for kind in TRUTHS)
    assert spent[-1] <= 400
    assert spent[len(spent) // 2] <= 200
