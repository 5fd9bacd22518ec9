"""A benchmark's record made by hand: a few neurons, three minds, every condition and verdict; nothing is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from lettvin.benchmarks.synthetic.outcome import Outcome
from lettvin.benchmarks.synthetic.result import Record, Result, read_result
from lettvin.benchmarks.synthetic.scoring import Score, score
from lettvin.synthetic_neurons.suite import Drawn, SuiteNeuron, suite_of
from lettvin.tools.sketch.concept import holds, parse

NEURONS: list[dict[str, Any]] = [
    {"name": "first", "fires_for": "red"},
    {"name": "second", "fires_for": "dog or on snow", "behaviour": "binary"},
    {"name": "third", "fires_for": "at least two owls and not at night", "weights": None},
    {"name": "fourth", "behaviour": "noise", "noise": 0.3},
    {"name": "fifth", "fires_for": "dog facing left"},
    {"name": "sixth", "fires_for": "vertical grating", "behaviour": "planted", "unit": "layer3:4"},
]
ANSWERS = {  # mind: the answer to each neuron, None where it was left open
    "empiricist": ("red", "dog", "at least two owls and not at night", None, "dog", None),
    "random-queries": ("red", "dog or on snow", None, None, None, "vertical"),
    "oracle": ("red", "dog or on snow", "at least two owls and not at night", None, None, "vertical grating"),
}


def made(folder: Path) -> Result:
    """The record written into `folder`, and read back."""
    suite = suite_of({"name": "made", "seed": 5, "neurons": NEURONS})
    record = Record(folder, suite, "sketch:300@1", 0, "made.json")
    for mind, answers in ANSWERS.items():
        for neuron, formula in zip(suite.neurons, answers, strict=True):
            record.add(_outcome(mind, neuron, formula, "plain"))
        record.add(_outcome(mind, suite.neurons[0], "red", "noisy captions"))
        record.add(_outcome(mind, suite.neurons[1], "on snow", "missing nouns"))
    return read_result(folder)


def of_a_detector(result: Result) -> Result:
    """The same as if its neurons saw with a detector, and were drawn for the data: what its page tells besides."""
    why = (("two nouns that are seen together in fewer than 4 pictures", 2539), ("fires for fewer than 4 pictures", 7))
    drawn = (Drawn(kind="nouns", wanted=105, made=38), Drawn(kind="AND NOT", wanted=20, made=0, refused=why))
    return replace(result, suite=result.suite.model_copy(update={"detector": "cam", "drawn": drawn}))


def _outcome(mind: str, neuron: SuiteNeuron, formula: str | None, condition: str) -> Outcome:
    null = neuron.kind == "null"
    verdict = "supported" if formula is not None else "no-concept" if null else "inconclusive"
    confidence = None if mind == "oracle" or verdict == "inconclusive" else 0.93 if formula is not None else 0.75
    scored = Score() if null or neuron.kind == "off-language" else _scored(str(neuron.fires_for), formula, verdict)
    return Outcome(
        mind=mind,
        condition=condition,  # type: ignore[arg-type]
        name=neuron.name,
        kind=neuron.kind,
        behaviour=neuron.behaviour,
        noise=neuron.noise,
        fires_for=neuron.fires_for,
        fires=None if null else 3 if neuron.name == "third" else 40,
        description="no concept found" if formula is None else f"fires for {formula}",
        formula=formula,
        verdict=verdict,  # type: ignore[arg-type]
        confidence=confidence,
        pictures=0 if mind == "oracle" else 240,
        seconds=4.0,
        run=None,
        **scored.model_dump(),
    )


def _scored(truth: str, answer: str | None, verdict: str) -> Score:
    known = parse(truth)
    return score(known, None if answer is None else parse(answer), verdict, lambda s: holds(known, s), scenes=200)
