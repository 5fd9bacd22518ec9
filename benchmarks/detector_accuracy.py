"""How often a detector is right about what a scene of cut-outs shows, which the scene says exactly.

    python -m lettvin.benchmarks.detector_accuracy [--detector NAME] [--data cutouts:N@SEED] [--write]

Covered: over all pairs of a scene and a noun that some cut-out shows and the detector knows: how many of the things that are
there it sees (score of .5 and above), and how many of those that it sees are there, with Wilson intervals; the mean over nouns
of the average precision, whatever the threshold, beside chance; the nouns it finds best and worst; and what windows of other
sizes would see (cam). Not covered: where in the picture, and photographs without a scene.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..synthetic_neurons.cam_detector import WINDOW, CamDetector
from ..synthetic_neurons.detector import Detector, open_detector
from ..synthetic_neurons.detector_neuron import FIRES
from ..targets.errors import BadInput
from ..tools.sources.cutouts import CutoutSource
from ..tools.statistics import auprc, share_effect
from .exit_code import exit_code
from .marked_page import MarkedPage
from .throughput import device_name

RESULTS = Path(__file__).parent / "results" / "detector_accuracy.json"
DATA = "cutouts:400@77"
PAGE = Path(__file__).resolve().parent.parent / "docs" / "detectors.md"
BEGINS, ENDS = "<!-- accuracy -->", "<!-- end of accuracy -->"
FEWEST = 3  # scenes that show a noun, to tell how well it is found
BATCH, SHOWN = 16, 8
OTHER_WINDOWS = (1, 5, 7)  # cells on a side; 7 is the whole picture


def scores(
    detector: Detector, source: CutoutSource, nouns: Sequence[str], windows: Sequence[int] = ()
) -> tuple[dict[int, np.ndarray], np.ndarray]:
    """The detector's score of every noun in every scene, and whether it is there: float64 and bool, scenes x nouns.

    `windows`: sizes of windows that `cam` is tried with beside its own, whose scores stand under 0.
    """
    rows: dict[int, list[list[float]]] = {size: [] for size in (0, *windows)}
    for start in range(0, len(source), BATCH):
        shown = [source.picture(i) for i in range(start, min(start + BATCH, len(source)))]
        if not isinstance(detector, CamDetector):
            rows[0] += [[float(seen[noun].max()) for noun in nouns] for seen in detector.look(shown, nouns)]
            continue
        for maps in detector.class_maps(shown):
            for size in rows:
                detector.window = size or WINDOW
                seen = detector.seen_in(maps, nouns)
                rows[size].append([float(seen[noun].max()) for noun in nouns])
            detector.window = WINDOW
    there = [{thing.noun for thing in scene.things} for i in range(len(source)) if (scene := source.about(i).scene) is not None]
    shown_in = np.array([[noun in things for noun in nouns] for things in there])
    return {size: np.array(some) for size, some in rows.items()}, shown_in


def figures(found: np.ndarray, there: np.ndarray, nouns: Sequence[str]) -> dict[str, Any]:
    """Precision and recall at the score that counts as firing, average precision, and single nouns."""
    seen = found >= FIRES
    hits = int((seen & there).sum())
    often = [i for i in range(len(nouns)) if there[:, i].sum() >= FEWEST]
    each = {nouns[i]: float(auprc(there[:, i], found[:, i]) or 0.0) for i in often}
    ordered = sorted(each, key=lambda noun: -each[noun])
    return {
        "scenes": len(found),
        "nouns": len(nouns),
        "of what it sees, there": _share(hits, int(seen.sum())),
        "of what is there, seen": _share(hits, int(there.sum())),
        "of all pairs, right": round(float((seen == there).mean()), 4),
        "average precision, mean over nouns": round(float(np.mean(list(each.values()))), 3) if each else None,
        "chance": round(float(np.mean([there[:, i].mean() for i in often])), 3) if often else None,
        "best": {noun: round(each[noun], 2) for noun in ordered[:SHOWN]},
        "worst": {noun: round(each[noun], 2) for noun in ordered[-SHOWN:]},
    }


def _share(hits: int, n: int) -> dict[str, float | int | None]:
    if n == 0:
        return {"share": None, "low": None, "high": None, "n": 0}
    found = share_effect(hits, n)
    return {"share": round(hits / n, 3), "low": round(found.low, 3), "high": round(found.high, 3), "n": n}


def run(write: bool = False, detector: str = "cam", data: str = DATA) -> dict[str, Any]:
    """Measure: ``{name, detector, data, figures, windows, device, command}``; `write` keeps it. Raises `BadInput`."""
    seeing, source = open_detector(detector), CutoutSource(data)
    known = frozenset(source.words.nouns)
    nouns = sorted(known if seeing.nouns is None else known & seeing.nouns)
    if not nouns:
        raise BadInput(f"the detector {detector!r} knows none of the {len(known)} nouns of {data!r}")
    sizes = OTHER_WINDOWS if isinstance(seeing, CamDetector) else ()
    found, there = scores(seeing, source, nouns, sizes)
    told = figures(found[0], there, nouns)
    short = {size: figures(found[size], there, nouns) for size in sizes}
    windows = {str(size): {name: other[name] for name in list(told)[2:6]} for size, other in short.items()}
    command = f"python -m lettvin.benchmarks.detector_accuracy --detector {detector} --data {data} --write"
    result = {
        "name": "detector_accuracy", "detector": detector, "data": source.name, "figures": told, "windows": windows,
        "device": device_name(), "command": command,
    }  # fmt: skip
    if write:
        RESULTS.write_text(json.dumps(result, indent=1) + "\n")
        MarkedPage(PAGE, BEGINS, ENDS).write(f"\n{in_markdown(result)}\n")
    return result


def in_markdown(result: dict[str, Any]) -> str:
    """What was measured, as the documentation tells it."""
    told = result["figures"]

    def share(name: str) -> str:
        found = told[name]
        return f"{found['share']:.2f} [{found['low']:.2f}, {found['high']:.2f}] of {found['n']}"

    rows = [
        ("of the things that it sees (score .5 and above), there", share("of what it sees, there")),
        ("of the things that are there, seen", share("of what is there, seen")),
        ("average precision, mean over nouns (chance)", f"{told['average precision, mean over nouns']} ({told['chance']})"),
        *(
            (f"average precision, windows of {size} x {size} cells", str(other["average precision, mean over nouns"]))
            for size, other in result["windows"].items()
        ),
        ("found best", ", ".join(f"{noun} {value}" for noun, value in told["best"].items())),
        ("found worst", ", ".join(f"{noun} {value}" for noun, value in told["worst"].items())),
    ]
    head = f"`{result['detector']}` on {told['scenes']} scenes of cut-outs, {told['nouns']} nouns that both know:"
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    return f"{head}\n\n| | |\n| :-- | :-- |\n{table}\n\nMeasured by `{result['command']}`."


def main(words: Sequence[str]) -> int:
    """The command line."""

    def work() -> None:
        rest = [word for word in words if word != "--write"]
        if len(rest) % 2 or not set(rest[::2]) <= {"--detector", "--data"}:
            raise BadInput(f"write [--detector NAME] [--data cutouts:N@SEED] [--write], not {' '.join(words)!r}")
        given = {name.removeprefix("--"): value for name, value in zip(rest[::2], rest[1::2], strict=True)}
        print(json.dumps(run("--write" in words, **given), indent=1))

    return exit_code(work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
