"""How the empiricist's pictures and time grow with the vocabulary: neurons on cut-outs of 20 nouns, of 60, and of all.

Covered: for each vocabulary, neurons of three kinds over its nouns (one noun; either of two; one on a background), each asked
in full over scenes of just these cut-outs; what was recovered, pictures and processor time. A noun is one way in 20 of being
chosen for a scene or one in 450, so with the vocabulary the data also show each noun less often: both are said. Not covered:
attributes and relations, of which the vocabulary stays the same.
Run as `python -m lettvin.benchmarks.vocabulary_growth [--each N] [--write]`; needs Debian's tuxpaint-stamps-default.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..agent.ask import ask
from ..synthetic_neurons.scene_neuron import Neuron, SceneNeurons
from ..tools.cutouts import DEFAULT_FOLDER, Library, library
from ..tools.sketch.concept import parse
from ..tools.sketch.vocabulary import BACKGROUNDS
from ..tools.sources.cutouts import CutoutSource
from .synthetic.figures import share

SIZES = (20, 60, None)
EACH = 8  # neurons of a kind
DATA = "cutouts:2000@1"
SEED = 0
NOISE = 0.05


def main(arguments: Sequence[str]) -> None:
    """Print the figures; write them beside the other results where asked."""
    each = int(arguments[arguments.index("--each") + 1]) if "--each" in arguments else EACH
    whole = library(DEFAULT_FOLDER)
    rows = [measured(whole, size, each) for size in SIZES]
    told = {"command": f"python -m lettvin.benchmarks.vocabulary_growth --each {each}", "data": DATA, "rows": rows}
    print(json.dumps(told, indent=1))
    if "--write" in arguments:
        place = Path(__file__).parent / "results" / "vocabulary_growth.json"
        place.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def measured(whole: Library, size: int | None, each: int) -> dict[str, Any]:
    """The figures of a vocabulary of so many nouns, all where None."""
    rng = np.random.default_rng([SEED, size or 0])
    with tempfile.TemporaryDirectory() as folder:
        every = sorted({cutout.noun for cutout in whole.cutouts})
        nouns = every if size is None else sorted(rng.choice(every, size, replace=False))
        for cutout in whole.cutouts:
            if cutout.noun in nouns:
                link(whole.folder / cutout.file, Path(folder) / cutout.file)
        source = CutoutSource(f"{DATA} from {folder}")
        formulas = drawn_formulas(nouns, each, rng)
        target = SceneNeurons([Neuron(f, noise=NOISE) for f in formulas], name="hidden", nouns=frozenset(nouns))
        answers = []
        for unit in range(len(formulas)):
            began = time.process_time()
            answer = ask(target.unit(str(unit)), data=source, runs=Path(folder) / "runs", page=False)
            answers.append((answer, time.process_time() - began))
        known = frozenset(nouns)
        right = [
            a.verdict == "supported" and a.formula is not None and same(a.formula, f, source, known)
            for f, (a, _) in zip(formulas, answers, strict=True)
        ]
        shown = [sum(noun in (source.about(i).caption or "") for i in range(len(source))) for noun in nouns[:20]]
        return {
            "nouns": len(nouns),
            "neurons": len(formulas),
            "recovered": share(right),
            "wrong": sum(a.verdict == "supported" and not ok for ok, (a, _) in zip(right, answers, strict=True)),
            "median_pictures": float(np.median([a.images for a, _ in answers])),
            "median_processor_seconds": round(float(np.median([s for _, s in answers[1:]])), 2),
            "pictures_of_a_noun": float(np.median(shown)),
        }


def link(file: Path, place: Path) -> None:
    """Put a cut-out and its label into the smaller folder."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(file)
    place.with_suffix(".txt").symlink_to(file.with_suffix(".txt"))


def drawn_formulas(nouns: Sequence[str], each: int, rng: np.random.Generator) -> list[str]:
    """One noun; either of two; one on a background."""
    places = [place for place in BACKGROUNDS if place != "plain"]
    one = [str(noun) for noun in rng.choice(nouns, each, replace=False)]
    two = [" or ".join(rng.choice(nouns, 2, replace=False)) for _ in range(each)]
    return [*one, *two, *(f"{rng.choice(nouns)} and on {rng.choice(places)}" for _ in range(each))]


def same(answer: str, truth: str, source: CutoutSource, nouns: frozenset[str]) -> bool:
    """Whether the two say the same of all scenes of the data."""
    from ..tools.sketch.concept import holds

    a, b = parse(answer, nouns=nouns), parse(truth, nouns=nouns)
    scenes = [about.scene for about in map(source.about, range(len(source))) if about.scene is not None]
    return all(holds(a, scene) == holds(b, scene) for scene in scenes)


if __name__ == "__main__":
    main(sys.argv[1:])
