"""Writes the planted-bias benchmark's table, plot and figures into the repository, from a finished result.

Covered: what stands between the marks in `docs/bias.md`, `docs/bias/planted.svg` and `benchmarks/results/planted-bias.json`.
Not covered: the rest of the page.
"""

from __future__ import annotations

import json
from pathlib import Path

from ..marked_page import MarkedPage
from ..synthetic.plots import as_file
from .benchmark import Result
from .figures import COLUMNS, as_object, rows
from .plots import planted_drops

ROOT = Path(__file__).resolve().parents[2]
PAGE, PLOT, FIGURES = Path("docs/bias.md"), Path("docs/bias/planted.svg"), Path("benchmarks/results/planted-bias.json")
BEGINS, ENDS = "<!-- results: written by benchmarks/planted_bias/write_docs.py -->", "<!-- end of results -->"


def write_docs(result: Result, root: Path = ROOT) -> list[Path]:
    """Write table, plot and figures into the repository at `root`; what was written. Raises `BadInput`."""
    marked = MarkedPage(root / PAGE, BEGINS, ENDS)
    told = {key: value for key, value in as_object(result).items() if key != "folder"}
    for path in (root / PLOT, root / FIGURES):
        path.parent.mkdir(parents=True, exist_ok=True)
    (root / FIGURES).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    (root / PLOT).write_text(as_file(planted_drops(told)), encoding="utf-8")
    lines = ["```console", told["command"], "```", ""]
    lines += ["| " + " | ".join(row) + " |" for row in (COLUMNS, (":--", "--:", "--:"), *rows(told))]
    lines += ["", f"![The planted subgroup's true drop in every network, found or not](bias/{PLOT.name})", ""]
    marked.write("\n\n" + "\n".join(lines) + "\n")
    return [root / FIGURES, root / PLOT, marked.path]
