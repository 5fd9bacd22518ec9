"""`report.html` of a benchmark: one self-contained page with every figure, and every neuron with what was answered.

Covered: the tables, plots and strata; for each neuron its truth, each mind's answer and verdict, how far it is off, the run's
page, and pictures of scenes on which truth and answer disagree. Pictures are painted for the answers that are not recovered
of minds that ask in runs of their own, at most `PAINTED` of them, wrong claims first and the kinds in turn; the page says
how many were left out. Not covered: figures (`figures.py`), plots (`plots.py`), a run's own page (`agent/report`).
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from markupsafe import Markup

from ...agent.report import page as run_page
from ...agent.report import wording
from ...synthetic_neurons.responses import read_truth, true_of
from ...synthetic_neurons.sightings import FEWEST
from ...synthetic_neurons.suite import SuiteNeuron
from ...targets.picture import Scene
from ...tools.sketch.caption import caption
from ...tools.sketch.paint import paint
from ...tools.store import write_whole
from . import plots, told
from .asking import withheld
from .confidence_map import fitted_on
from .outcome import PLAIN, Outcome
from .published import as_object
from .result import Result

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["PAINTED", "write_page"]

PAINTED = 240  # answers whose disagreements are painted
SIDE = 96  # pixels, of a picture


@dataclass(frozen=True)
class Disagreement:
    """A scene on which truth and answer disagree. `true`: whether it is the truth that holds there. `src`: a data URL."""

    src: str
    caption: str
    true: bool


@dataclass(frozen=True)
class Answered:
    """One mind's answer to a neuron, as the page tells it. `state`: "right", "wrong" (a false claim) or "open"."""

    outcome: Outcome
    state: str
    sign: str
    link: str | None
    pictures: tuple[Disagreement, ...]


@dataclass(frozen=True)
class Row:
    """One neuron with its answers: of data told as they are, by mind; of data told otherwise, by what is told."""

    neuron: SuiteNeuron
    first: Outcome
    plain: dict[str, Answered]
    otherwise: dict[str, list[Answered]]

    @property
    def words(self) -> str:
        """What the filter looks through, in lower case."""
        said = [self.neuron.name, self.neuron.kind, self.neuron.fires_for or self.neuron.behaviour]
        return " ".join([*said, *(a.outcome.formula or "" for a in self.plain.values())]).lower()

    @property
    def states(self) -> str:
        """Each mind's state, for the filter: "empiricist:right oracle:right"."""
        return " ".join(f"{mind}:{answer.state}" for mind, answer in self.plain.items())


def write_page(result: Result) -> Path:
    """Write the benchmark's report.html; the same record gives the same bytes."""
    chosen = to_paint([o for outcomes in result.answers.values() for o in outcomes])
    left_out = sum(bool(o.differing) for outcomes in result.answers.values() for o in outcomes) - len(chosen)
    painted = {id(o): _disagreements(o) for o in chosen}
    figures = as_object(result)
    base = figures["differences"]["of"]
    style, script = run_page.part("page.css") + _part("report.css"), _part("report.js")
    page = _template().render(
        result=result,
        sees=result.suite.detector,
        drawn=told.refusals(result.suite.drawn),
        fewest=FEWEST,
        told=figures,
        base=base,
        head=told.columns(figures),
        groups=_groups(figures),
        rows=_rows(result, painted),
        left_out=left_out,
        painted=len(chosen),
        withheld=withheld(result.suite),
        fitted_on=fitted_on(),
        by_kind=plots.recovered_by_kind(figures["figures"], base),
        reliability=plots.reliability(figures["figures"], base),
        risk_coverage=plots.risk_coverage(figures["figures"], base),
        states=(("right", "right"), ("wrong", "a false claim"), ("open", "left open, or missed")),
        style=Markup(style),
        script=Markup(script),
        policy=run_page.policy(script),
    )
    write_whole(result.page, page.encode("utf-8", "replace"))
    return result.page


def to_paint(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The answers whose disagreements are painted: wrong claims before open ones, each mind's and each kind's in turn."""
    lots: dict[tuple[bool, str, str], list[Outcome]] = {}
    for o in outcomes:
        if o.differing:
            lots.setdefault((o.verdict != "supported", o.mind, o.kind), []).append(o)
    claims, others = ([lot for key, lot in lots.items() if key[0] == still] for still in (False, True))
    turns = [o for lots_ in (claims, others) for turn in zip_longest(*lots_) for o in turn if o is not None]
    return turns[:PAINTED]


def _disagreements(outcome: Outcome) -> tuple[Disagreement, ...]:
    assert outcome.fires_for is not None  # nothing differs from no truth
    truth = read_truth(outcome.fires_for)
    return tuple(Disagreement(_picture(s), caption(s), true_of(truth, s)) for s in outcome.differing)


@lru_cache(maxsize=4096)
def _picture(scene: Scene) -> str:
    from PIL import Image

    image = Image.fromarray(paint(scene).pixels).resize((SIDE, SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=76, method=2)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def _rows(result: Result, painted: dict[int, tuple[Disagreement, ...]]) -> list[Row]:
    by_name: dict[str, list[Outcome]] = {}
    for outcomes in result.answers.values():
        for outcome in outcomes:
            by_name.setdefault(outcome.name, []).append(outcome)
    rows = []
    for neuron in result.suite.neurons:
        found = by_name.get(neuron.name, [])
        plain = {o.mind: _answered(o, result, painted) for o in found if o.condition == PLAIN}
        otherwise: dict[str, list[Answered]] = {}
        for o in found:
            if o.condition != PLAIN:
                otherwise.setdefault(o.condition, []).append(_answered(o, result, painted))
        if found:
            rows.append(Row(neuron, found[0], plain, otherwise))
    return rows


def _answered(outcome: Outcome, result: Result, painted: dict[int, tuple[Disagreement, ...]]) -> Answered:
    supported = outcome.verdict == "supported"
    false_claim = supported and not outcome.recovered
    state = "right" if outcome.recovered or (outcome.right and not false_claim) else "wrong" if false_claim else "open"
    sign = "✓" if outcome.recovered else "✗" if supported else wording.MARKS[outcome.verdict]
    link = None
    if outcome.run is not None:
        where = Path("runs") / outcome.mind.replace("/", "-") / outcome.run / run_page.FILE
        link = quote(where.as_posix()) if (result.folder / where).is_file() else None
    return Answered(outcome, state, sign, link, painted.get(id(outcome), ()))


def _groups(figures: dict[str, Any]) -> list[tuple[str, list[tuple[str, ...]]]]:
    """The table's rows under headings. What is apart stands apart."""
    found: dict[str, list[tuple[str, ...]]] = {}
    heading = "All kinds that the language says"
    for row in told.rows(figures):
        name = row[0]
        if name.startswith("recovered, "):
            heading, row = "Recovered, by kind", (name.removeprefix("recovered, "), *row[1:])
        elif name.startswith("null error"):
            heading, row = "Nulls answered with a claim", ({"null error": "all nulls"}.get(name, name[12:]), *row[1:])
        elif ": " in name:
            stratum, _, name = name.partition(": ")
            heading, row = f"Apart: {stratum}", (name, *row[1:])
        elif " minus" in name:
            heading = f"{figures['differences']['of']} minus the mind of the column, neuron by neuron"
            row = ("F1" if name.endswith("F1") else "recovered", *row[1:])
        else:
            heading = "What it cost" if name.startswith("median") else "All kinds that the language says"
        found.setdefault(heading, []).append(told.number_once(row))
    first = ("All kinds that the language says", "Recovered, by kind", "Nulls answered with a claim")
    last = ("What it cost",)
    between = tuple(heading for heading in found if heading not in (*first, *last))
    return [(heading, found[heading]) for heading in (*first, *between, *last) if heading in found]


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    for name in ("number", "share", "interval", "counted", "shortened"):
        environment.filters[name] = getattr(wording, name)
    return environment.from_string(_part("report.html.j2"))


def _part(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
