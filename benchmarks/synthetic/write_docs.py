"""The documentation's results, from a finished folder: a table, plots, and what went wrong.

    python -m lettvin.benchmarks.synthetic.write_docs FOLDER

Covered: what stands between the two marks in docs/synthetic_neurons.md, the plots beside it as SVG, and the figures in
benchmarks/results/, all of the repository that this file lies in. Not covered: asking (`lettvin bench synthetic`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...targets.errors import BadInput
from ..exit_code import exit_code
from ..marked_page import MarkedPage
from . import plots, told
from .outcome import Outcome
from .published import as_object
from .result import Result, read_result

ROOT = Path(__file__).resolve().parents[2]
PAGE, PLOTS, FIGURES = Path("docs/synthetic_neurons.md"), Path("docs/synthetic_results"), Path("benchmarks/results")
BEGINS, ENDS = "<!-- results: written by benchmarks/synthetic/write_docs.py -->", "<!-- end of results -->"
FAILING = 20  # wrong claims that are listed


def write_docs(result: Result, root: Path = ROOT) -> list[Path]:
    """Write table, plots and figures into the repository at `root`; what was written. Raises `BadInput` without the marks."""
    figures = as_object(result)
    base = figures["differences"]["of"]
    page = root / PAGE
    if not page.is_file():
        raise BadInput(f"{str(root)!r} is no checkout of lettvin: it has no {str(PAGE)!r} to write into")
    marked = MarkedPage(page, BEGINS, ENDS)
    drawn = {
        "recovered_by_kind": plots.recovered_by_kind(figures["figures"], base),
        "reliability": plots.reliability(figures["figures"], base),
        "risk_coverage": plots.risk_coverage(figures["figures"], base),
    }
    (root / PLOTS).mkdir(parents=True, exist_ok=True)
    (root / FIGURES).mkdir(parents=True, exist_ok=True)
    written = []
    for name, plot in drawn.items():
        written.append(root / PLOTS / f"{name}.svg")
        written[-1].write_text(plots.as_file(plot), encoding="utf-8")
    written.append(root / FIGURES / f"synthetic-{result.suite.name}.json")
    kept = {name: value for name, value in figures.items() if name not in ("neurons", "page")}
    written[-1].write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    marked.write("\n" + results(result, figures))
    return [*written, page]


def results(result: Result, figures: dict[str, Any]) -> str:
    """The section in Markdown."""
    base = figures["differences"]["of"]
    count = len({o.name for outcomes in result.answers.values() for o in outcomes})
    lines = [
        "",
        "```",
        figures["command"],
        "```",
        "",
        f"{count} neurons, suite seed {result.suite.seed}, {len(result.answers)} minds. Shares with Wilson's 95% interval; "
        "what stands under a name of its own (NAME: ...) is pooled with nothing, but for truths that fire rarely.",
        "",
        *table(figures),
        "",
        f"![Share recovered by kind]({PLOTS.name}/recovered_by_kind.svg)",
        "",
        f"![Reliability of confidence]({PLOTS.name}/reliability.svg) ![Risk against coverage]({PLOTS.name}/risk_coverage.svg)",
        "",
        *failing(result.answers[base], base),
        "",
    ]
    return "\n".join(lines)


def table(figures: dict[str, Any]) -> list[str]:
    """The figures as a Markdown table, a row a figure and a column a mind."""
    head = told.columns(figures)
    sides = (":--", *("--:" for _ in head[1:]))
    rows = [head, sides, *(told.number_once(row) for row in told.rows(figures))]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]


def failing(outcomes: Sequence[Outcome], base: str) -> list[str]:
    """What the mind claimed and is wrong, worst first; and how many of each kind it left open or missed."""
    wrong = [o for o in outcomes if o.verdict == "supported" and not o.recovered]
    wrong.sort(key=lambda o: (-(1.0 if o.disagreement is None else o.disagreement), o.condition, o.name))
    said = f"Of {len(outcomes)} answers of {base}, {len(wrong)} claim what is wrong"
    lines = [f"{said}; the {min(FAILING, len(wrong))} that are furthest off:" if wrong else f"{said}."]
    if wrong:
        lines += ["", "| neuron | kind | told | truth | answer | disagrees | fires in the data |"]
        lines += ["| :-- | :-- | :-- | :-- | :-- | --: | --: |"]
    for o in wrong[:FAILING]:
        truth = o.fires_for or o.behaviour
        apart = "-" if o.disagreement is None else f"{100 * o.disagreement:.1f}%"
        fires = "-" if o.fires is None else str(o.fires)
        lines.append(f"| {o.name} | {o.kind} | {o.condition} | {truth} | {o.formula or o.description} | {apart} | {fires} |")
    still: dict[str, int] = {}
    for o in outcomes:
        if o.main and o.verdict != "supported":
            still[o.kind] = still.get(o.kind, 0) + 1
    told_ = ", ".join(f"{kind} {n}" for kind, n in sorted(still.items(), key=lambda item: -item[1]))
    return [*lines, "", f"Left open or missed, of the kinds that the language says: {told_ or 'none'}."]


def main(words: Sequence[str]) -> int:
    """The command line: one folder that a benchmark has written."""


    def work() -> None:
        if len(words) != 1:
            raise BadInput(f"write one FOLDER that lettvin bench synthetic has written, not {' '.join(words)!r}")
        for path in write_docs(read_result(words[0])):
            print(path)

    return exit_code(work)


if __name__ == "__main__":
    import sys

    sys.exit(main(sys.argv[1:]))
