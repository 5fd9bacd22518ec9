"""The documentation's results, from finished folders: for each a table, plots, and the units predicted best and worst.

    python -m lettvin.benchmarks.predictive.write_docs FOLDER [FOLDER ...]

Covered: what stands between the two marks in docs/predictive.md, plots and pictures beside it, and the figures in
benchmarks/results/, all of the repository that this file lies in. Not covered: asking (`lettvin bench predictive`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...targets.errors import BadInput
from ...targets.loaders import load_target
from ..exit_code import exit_code
from ..marked_page import MarkedPage
from ..synthetic.plots import as_file
from ..unseen_pictures import pictures, whole_of
from . import plots
from .asking import Study
from .benchmark import Result, read_result
from .description import Description
from .figures import as_object, columns, rows
from .outcome import Told

ROOT = Path(__file__).resolve().parents[2]
PAGE, BESIDE, FIGURES = Path("docs/predictive.md"), Path("docs/predictive_results"), Path("benchmarks/results")
BEGINS, ENDS = "<!-- results: written by benchmarks/predictive/write_docs.py -->", "<!-- end of results -->"
SHOWN = 10  # units that are shown of those predicted best, and of those predicted worst
STRIP, SIDE = 8, 64  # pictures of a unit, and their size in pixels
SAID = 120  # letters of a description that are shown


def write_docs(results: Sequence[Result], root: Path = ROOT) -> list[Path]:
    """Write tables, plots, pictures and figures into the repository at `root`; what was written. Raises `BadInput`."""
    marked = MarkedPage(root / PAGE, BEGINS, ENDS)
    for folder in (BESIDE, FIGURES):
        (root / folder).mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    sections = [_section(result, root, written) for result in results]
    marked.write("\n\n" + "\n".join(sections))
    return [*written, marked.path]


def _section(result: Result, root: Path, written: list[Path]) -> str:
    told = as_object(result)
    source = whole_of(result.about["data"][0])
    name = re.sub(r"[^a-z0-9]+", "-", source.partition(":")[0].lower()).strip("-")
    for figure in ("Pearson", "AUPRC"):
        for what, plot in (("by_layer", plots.by_layer), ("differences", plots.differences)):
            written.append(root / BESIDE / f"{name}_{figure.lower()}_{what}.svg")
            written[-1].write_text(as_file(plot(told, figure)), encoding="utf-8")
    written.append(root / FIGURES / f"predictive-{name}.json")
    kept = {key: value for key, value in told.items() if key not in ("units", "folder")}
    written[-1].write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    base = told["differences"]["of"]
    lines = [f"### {source}", "", "```", told["command"], "```", "", *_table(told), ""]
    lines += [f"![Pearson by layer]({BESIDE.name}/{name}_pearson_by_layer.svg) "
              f"![AUPRC by layer]({BESIDE.name}/{name}_auprc_by_layer.svg)", "",
              f"![Pearson: differences]({BESIDE.name}/{name}_pearson_differences.svg) "
              f"![AUPRC: differences]({BESIDE.name}/{name}_auprc_differences.svg)", ""]  # fmt: skip
    own = sorted((t for t in result.answers[base] if t.condition == "network"), key=lambda t: (-t.pearson, t.unit))
    study = _study(result)
    few = min(SHOWN, max(1, len(own) // 2))
    for which, some in (("best", own[:few]), ("worst", own[len(own) - few :][::-1])):
        shown = f"each with its {STRIP} strongest held-out pictures:"
        lines += [f"The {len(some)} units of {len(own)} that {base} predicts {which}, {shown}", ""]
        lines += ["| unit | Pearson | said | pictures |", "| :-- | --: | :-- | :-- |"]
        for place, told_ in enumerate(some):
            written.append(root / BESIDE / f"{name}_{which}_{place + 1}.webp")
            strip(study, told_, written[-1])
            short = _short(told_.said)
            image = f"![{told_.unit}]({BESIDE.name}/{written[-1].name})"
            lines.append(f"| `{told_.unit}` | {told_.pearson:.2f} | {short} | {image} |")
        lines.append("")
    return "\n".join(lines)


def _short(said: Description | None) -> str:
    """What is said, in one cell: of labels that add up the weightiest, else the words."""
    if said is None or not said.text:
        return "nothing"
    weighty = sorted(said.parts, key=lambda part: -abs(part.weight))
    text = said.text if len(weighty) < 2 else " ".join(f"{part.weight:+.3g} {part.concept}" for part in weighty)
    return (text if len(text) <= SAID else text[: SAID - 3] + "...").replace("|", " ")


def _table(told: dict[str, Any]) -> list[str]:
    """The figures as a Markdown table, a row a figure and a column a method."""
    head = columns(told)
    return ["| " + " | ".join(row) + " |" for row in (head, (":--", *("--:" for _ in head[1:])), *rows(told))]


def _study(result: Result) -> Study:
    """The network and the pictures of a finished benchmark."""
    made = re.match(r"^\w+:(\d+)@", result.about["data"][-1])
    shown = pictures(whole_of(result.about["data"][0]), result.about["seed"], *([int(made[1])] if made else []))
    units: dict[str, tuple[int, ...]] = {layer: () for layer in result.about["layers"]}
    return Study(load_target(result.about["target"]), None, shown, units, result.about["seed"], None)


def strip(study: Study, told: Told, to: Path) -> None:
    """Write the unit's strongest held-out pictures, side by side, strongest first."""
    from PIL import Image

    peaks = study.held_out_peaks("network", told.layer)[:, told.index]
    sheet = Image.new("RGB", (STRIP * SIDE, SIDE), "white")
    for place, row in enumerate(np.argsort(-peaks, kind="stable")[:STRIP]):
        picture = study.held_out_picture(int(row)).image
        picture.thumbnail((SIDE, SIDE))
        sheet.paste(picture, (place * SIDE + (SIDE - picture.width) // 2, (SIDE - picture.height) // 2))
    sheet.save(to, quality=72, method=6)


def main(words: Sequence[str]) -> int:
    """The command line: folders that a benchmark has written."""


    def work() -> None:
        if not words:
            raise BadInput("write one FOLDER at least that lettvin bench predictive has written")
        for path in write_docs([read_result(word) for word in words]):
            print(path)

    return exit_code(work)


if __name__ == "__main__":
    import sys

    sys.exit(main(sys.argv[1:]))
