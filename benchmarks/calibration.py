"""Calibration: the ledger's rules and the confidence map, tried on drawn neurons whose behaviour is known.

Covered: neurons of the kinds that the empiricist must do today (object, colour, pattern, background, stimulus, coloured
object, either of two), two kinds that it is not promised to do yet (both, but not), and nulls; each asked in full; the
answer's formula held against the truth on scenes from a seed that no run uses; the confidence map fitted on the outcomes
by penalised logistic regression. Not covered: the full synthetic benchmark with its baselines (a later issue).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..synthetic_neurons.scene_neuron import Neuron, SceneNeurons
from ..tools.sketch import vocabulary as v
from ..tools.sketch.concept import Concept, holds, parse
from ..tools.sketch.concept_scenes import examples, near_misses
from ..tools.sketch.scenes import random_scene

UNUSED_SEED = 987_654_321  # of the scenes that score an answer; no run draws from it
SCENES = 400
RECOVERED = 0.005
KINDS = (
    "object",
    "colour",
    "pattern",
    "background",
    "stimulus",
    "coloured object",
    "either",
    "both",
    "but not",
    "noise",
    "constant",
)


@dataclass(frozen=True)
class Outcome:
    """One neuron asked: what it was, what was answered, and how far the two differ on unused scenes."""

    kind: str
    noise: float
    truth: str | None
    formula: str | None
    verdict: str
    confidence: float | None
    features: dict[str, float] | None
    disagreement: float | None
    right: bool
    pictures: int
    seconds: float
    reasons: list[str]


def draw_neuron(kind: str, noise: float, seed: int) -> Neuron:
    """A neuron of the kind, its concept drawn from the whole vocabulary."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    if kind in ("noise", "constant"):
        return Neuron(None, "noise" if kind == "noise" else "constant", noise, seed)
    behaviour = "graded" if rng.random() < 0.5 else "binary"
    return Neuron(_concept(kind, rng), behaviour, noise, seed)  # type: ignore[arg-type]


def _concept(kind: str, rng: np.random.Generator) -> str:
    def pick(words: Sequence[str]) -> str:
        return str(words[int(rng.integers(len(words)))])

    nouns, colours = tuple(v.NOUNS), tuple(v.COLOURS)
    oriented = tuple(name for name, s in v.STIMULI.items() if s.oriented)
    if kind == "either":
        parts: list[str] = []
        while len(set(parts)) < 2:
            parts = [_concept(pick(("object", "colour", "pattern", "background", "stimulus")), rng) for _ in range(2)]
        return " or ".join(parts)
    return {
        "object": lambda: pick(nouns),
        "colour": lambda: pick(colours),
        "pattern": lambda: pick(v.PATTERNS),
        "background": lambda: f"on {pick(v.BACKGROUNDS)}",
        "stimulus": lambda: f"{pick(v.ORIENTATIONS)} {pick(oriented)}",
        "coloured object": lambda: f"{pick(colours)} {pick(nouns)}",
        "both": lambda: " and ".join(rng.choice(nouns, 2, replace=False)),
        "but not": lambda: f"{pick(nouns)} and not {pick(colours)}",
    }[kind]()


def disagreement(truth: Concept, answer: Concept) -> float:
    """Share of unused scenes on which two concepts differ: data-like ones, examples of each, near misses of each."""
    rng = np.random.default_rng(UNUSED_SEED)
    scenes = [random_scene(UNUSED_SEED, i) for i in range(SCENES)]
    for concept in (truth, answer):
        drawn = examples(concept, SCENES // 2, rng)
        scenes += drawn + [s for scene in drawn[: SCENES // 8] for s in near_misses(concept, scene, rng)[:3]]
    return float(np.mean([holds(truth, s) != holds(answer, s) for s in scenes]))


def ask_one(target: SceneNeurons, index: int, kind: str, data: str) -> Outcome:
    """Ask one neuron of the target in full, and score the answer."""
    from ..agent.ask import ask
    from ..agent.confidence import features
    from ..agent.run_folder import read_events
    from ..agent.transcript import Decided

    neuron = target.neurons[index]
    with tempfile.TemporaryDirectory() as runs:
        answer = ask(target.unit(str(index)), data=data, seed=neuron.seed, runs=runs, page=False)
        decided = [event for event in read_events(Path(answer.run)) if isinstance(event, Decided)]
    admitted = next((d for d in decided if d.verdict == "supported"), None)
    apart = None
    if neuron.fires_for is not None and answer.formula is not None:
        apart = disagreement(parse(neuron.fires_for), parse(answer.formula))
    null = neuron.fires_for is None
    right = (
        answer.verdict == "no-concept" if null else answer.verdict == "supported" and apart is not None and apart <= RECOVERED
    )
    return Outcome(
        kind=kind,
        noise=neuron.noise,
        truth=neuron.fires_for,
        formula=answer.formula,
        verdict=answer.verdict,
        confidence=answer.confidence,
        features=None if admitted is None else features(admitted),
        disagreement=apart,
        right=right,
        pictures=answer.images,
        seconds=answer.seconds,
        reasons=[reason for d in decided for reason in d.reasons],
    )


def _ask_one(task: tuple[SceneNeurons, int, str, str]) -> Outcome:
    import torch

    torch.set_num_threads(1)
    return ask_one(*task)


def ask_all(each: int, seed: int, noises: Sequence[float] = (0.05, 0.15), workers: int = 2) -> list[Outcome]:
    """`each` neurons of every kind at every noise level, all units of one target, so that one dissection serves them."""
    from ..agent.ask import profile_unit
    from ..tools.sources.open_source import open_source
    from ..tools.store import cache_folder

    kinds = [(kind, noise, seed + i) for kind in KINDS for noise in noises for i in range(each)]
    target = SceneNeurons([draw_neuron(*kind) for kind in kinds], name="hidden")
    data = f"sketch:2000@{seed}"
    profile_unit(target.unit("0"), open_source(data), None, cache_folder() / "dissections", lambda stage, done, total: None)
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(_ask_one, [(target, i, kind, data) for i, (kind, _, _) in enumerate(kinds)]))


def figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Rates by kind and noise, false discoveries, medians."""
    rows = {}
    for kind in KINDS:
        for noise in sorted({o.noise for o in outcomes}):
            mine = [o for o in outcomes if o.kind == kind and o.noise == noise]
            rows[f"{kind} @ {noise:g}"] = f"{sum(o.right for o in mine)}/{len(mine)}"
    supported = [o for o in outcomes if o.verdict == "supported"]
    return {
        "right": rows,
        "supported": len(supported),
        "false_discovery": sum(not o.right for o in supported) / max(1, len(supported)),
        "null_error": _share([o.verdict == "supported" for o in outcomes if o.truth is None]),
        "misses": _share([o.verdict == "no-concept" for o in outcomes if o.truth is not None]),
        "median_pictures": float(np.median([o.pictures for o in outcomes if o.truth is not None])),
        "median_seconds": float(np.median([o.seconds for o in outcomes if o.truth is not None])),
    }


def _share(hits: Sequence[bool]) -> float:
    return float(np.mean(hits)) if hits else float("nan")


def fit_confidence(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The map of `agent/confidence.py`, fitted on these outcomes as `synthetic/confidence_map.py` does."""
    from .synthetic.confidence_map import fit

    return fit(
        [(o.features, o.right) for o in outcomes if o.verdict == "supported" and o.features is not None],
        [o.right for o in outcomes if o.verdict == "no-concept" and o.kind != "constant"],
        [o.right for o in outcomes if o.kind == "constant"],
    )


def main(each: int, seed: int, to: Path) -> dict[str, Any]:
    """Ask, score, fit, write all of it; the figures."""
    outcomes = ask_all(each, seed)
    found = figures(outcomes)
    command = f"python -m lettvin.benchmarks.calibration {each} {seed} FILE"
    about = {"name": "calibration", "command": command, "figures": found, "confidence": fit_confidence(outcomes)}
    to.write_text(json.dumps(about | {"outcomes": [asdict(o) for o in outcomes]}, indent=1) + "\n")
    return about


if __name__ == "__main__":
    import sys

    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])), indent=1))
