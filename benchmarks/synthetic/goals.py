"""The empiricist's goals against what it reached: each met, missed or undecided, read on the Wilson interval.

    python -m lettvin.benchmarks.synthetic.goals FOLDER [FOLDER_AT_NOISE_.30]

Covered: recovery by kind and pooled at noise .05 and .15, null error, false discoveries, overclaiming off the language, the
pictures and seconds a neuron takes, and what would be recovered with fewer pictures, or twice as many (`more_pictures.py`);
of a second folder (suite `core~0.3`) false discoveries and abstention; written into docs/empiricist.md.
Recovered with at most N pictures is read off full runs: a run that is cut at N acts the same until then, and has concluded
or has not. Not covered: asking, and other minds (`write_docs.py`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...targets.errors import BadInput
from ...tools.statistics import share_effect
from ..exit_code import exit_code
from ..marked_page import MarkedPage
from .asking import MOST_PICTURES
from .more_pictures import MOST, asked_again
from .outcome import OFF_LANGUAGE, PLAIN, PLANTED, Outcome
from .result import Result, read_result
from .write_docs import ROOT

PAGE = Path("docs/empiricist.md")
BEGINS, ENDS = "<!-- goals: written by benchmarks/synthetic/goals.py -->", "<!-- end of goals -->"
MIND, LOW_NOISE, HIGH_NOISE = "empiricist", 0.05, 0.15
GOALS = {
    **dict.fromkeys(("single object", "colour", "pattern", "background", "coloured object", "size", "OR"), 0.95),
    **dict.fromkeys(("AND", "AND NOT", "three-way OR", "count", "weighted OR"), 0.9),
    **dict.fromkeys(("relation", "OR of ANDs"), 0.85),
}
FORETELLS = 0.9  # superiority of pictures drawn for a claim over neutral ones
CURVE = (100, 140, 160, 200, 300, 400)


@dataclass(frozen=True)
class Reached:
    """A share with its goal: at least it, or (`most`) at most it."""

    name: str
    hits: int
    n: int
    goal: float
    most: bool = False

    def row(self) -> str:
        """A line of the table; undecided where the interval holds the goal."""
        if self.n == 0:
            return f"| {self.name} | - | 0 | {self._wanted} | not asked |"
        found = share_effect(self.hits, self.n)
        inside = found.low <= self.goal <= found.high
        good = found.high < self.goal if self.most else found.low > self.goal
        read = "undecided" if inside else "met" if good else "missed"
        share = f"{self.hits / self.n:.2f} [{found.low:.2f}, {found.high:.2f}]"
        return f"| {self.name} | {share} | {self.n} | {self._wanted} | {read} |"

    @property
    def _wanted(self) -> str:
        return f"{'at most' if self.most else 'at least'} {self.goal:g}"


def goals(outcomes: Sequence[Outcome], more: Sequence[Outcome] = (), loudest: Sequence[Outcome] = ()) -> str:
    """The tables in Markdown, of one mind's answers to data described as they are.

    `more`: what those not recovered were answered with more pictures; `loudest`: answers of the suite at noise .30.
    """
    plain = [o for o in outcomes if o.condition == PLAIN]
    real, nulls = [o for o in plain if o.main], [o for o in plain if o.null]
    quiet, loud = ([o for o in real if o.noise == noise] for noise in (LOW_NOISE, HIGH_NOISE))
    claimed = [o for o in plain if o.counted and o.verdict == "supported"]
    off = [o for o in plain if o.kind == OFF_LANGUAGE]
    rows = [
        Reached(kind, sum(o.recovered for o in quiet if o.kind == kind), sum(o.kind == kind for o in quiet), goal)
        for kind, goal in GOALS.items()
    ]
    rows.append(Reached("pooled, noise .05", sum(o.recovered for o in quiet), len(quiet), 0.95))
    rows.append(Reached("pooled, noise .15", sum(o.recovered for o in loud), len(loud), 0.9))
    rows.append(Reached("null error", sum(o.verdict == "supported" for o in nulls), len(nulls), 0.05, most=True))
    rows.append(Reached("false discoveries", sum(not o.recovered for o in claimed), len(claimed), 0.05, most=True))
    over = sum(o.verdict == "supported" and not o.recovered for o in off)
    rows.append(Reached("overclaimed off the language", over, len(off), 0.1, most=True))
    planted = [o for o in plain if o.kind == PLANTED and o.verdict == "supported"]
    foretold = sum(o.predicted is not None and o.predicted.superiority >= FORETELLS for o in planted)
    rows.append(Reached(f"planted filters: claims that foretell the unit ({FORETELLS:g})", foretold, len(planted), 0.85))
    rows += _very_loud([o for o in loudest if o.condition == PLAIN and o.main])
    table = ["| recovered (noise .05, by kind) | share | n | goal | read |", "| :-- | :-- | --: | :-- | :-- |"]
    shares = {most: sum(o.recovered and o.pictures <= most for o in real) / max(1, len(real)) for most in CURVE}
    if more:
        shares[MOST] = shares[CURVE[-1]] + sum(o.recovered for o in more) / max(1, len(real))
    return "\n".join(
        [
            *table,
            *(row.row() for row in rows),
            "",
            f"At noise .05 a median of {_median(o.pictures for o in quiet):.0f} pictures and "
            f"{_median(o.seconds for o in quiet):.1f} s a neuron (goal: 200 and 10; the cap is {MOST_PICTURES}); "
            f"{_median(o.pictures for o in plain):.0f} pictures over all neurons.",
            "",
            f"Recovered of the {len(real)} neurons of all kinds and noises, with at most so many pictures:",
            "",
            f"| {' | '.join(str(most) for most in shares)} |",
            f"| {' | '.join('--:' for _ in shares)} |",
            f"| {' | '.join(f'{share:.2f}' for share in shares.values())} |",
            "",
            *_failing(real),
        ]
    )


def _very_loud(asked: Sequence[Outcome]) -> list[Reached]:
    """At noise .30 only what is claimed has a goal; how many abstain is told with the share recovered."""
    if not asked:
        return []
    claimed = [o for o in asked if o.verdict == "supported"]
    silent = f"{1 - len(claimed) / len(asked):.2f} abstain, {sum(o.recovered for o in asked) / len(asked):.2f} recovered"
    wrong = sum(not o.recovered for o in claimed)
    return [Reached(f"false discoveries, noise .30 ({silent})", wrong, len(claimed), 0.1, most=True)]


def _median(values: Iterable[float]) -> float:
    found = list(values)
    return float(np.median(found)) if found else float("nan")


def _failing(real: Sequence[Outcome]) -> list[str]:
    lost = sorted((o for o in real if not o.recovered), key=lambda o: (o.kind, o.noise, o.name))
    if not lost:
        return ["Every one of them was recovered."]
    lines = ["What was not recovered:", "", "| kind | noise | truth | fires in the data | best account | verdict | pictures |"]
    lines.append("| :-- | --: | :-- | --: | :-- | :-- | --: |")
    for o in lost:
        truth = f"{o.fires_for} ({o.behaviour})"
        told = (o.kind, f"{o.noise:g}", truth, str(o.fires), o.formula or "-", o.verdict, str(o.pictures))
        lines.append(f"| {' | '.join(told)} |")
    return lines


def write_goals(result: Result, loud: Result | None = None, root: Path = ROOT) -> Path:
    """Write the tables between the page's marks. Raises `BadInput` where the folder has no answers of the empiricist."""
    if not result.answers.get(MIND):
        raise BadInput(f"{str(result.folder)!r} has no answers of {MIND!r}: ask with --backbone {MIND}")
    marked = MarkedPage(root / PAGE, BEGINS, ENDS, "goals")
    louder = [] if loud is None else loud.answers.get(MIND, [])
    commands = [result.command, *([] if loud is None else [loud.command])]
    tables = goals(result.answers[MIND], asked_again(result.folder), louder)
    said = ", ".join(f"`{line}`" for line in commands)
    told = f"{said}, then `python -m lettvin.benchmarks.synthetic.goals FOLDER{' FOLDER' * len(commands[1:])}`:\n\n{tables}"
    marked.write(f"\n{told}\n")
    return marked.path


def main(words: Sequence[str]) -> int:
    """The command line: a folder that a benchmark has written, and perhaps that of the suite at noise .30."""


    def work() -> None:
        if len(words) not in (1, 2):
            raise BadInput(f"write one FOLDER that lettvin bench synthetic has written, or two, not {' '.join(words)!r}")
        print(write_goals(read_result(words[0]), read_result(words[1]) if len(words) == 2 else None))

    return exit_code(work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
