"""Trains the networks, hunts through each with `lettvin bias`, and holds what it says against the truth; resumable.

For each seed two networks: one biased, one even. The hunt is told the class's unit and noun, nothing else. Covered: the order,
the record of one network, the folder of records that the same command goes on from. Not covered: training (`networks.py`), the
truth (`truth.py`), rates (`figures.py`).
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from ...agent.bias.hunting import hunt
from ...agent.bias.steps import Size
from ...agent.deciding_experiment import MARGIN
from ...targets.target import Target
from ..answer_lines import KeptAnswers
from .networks import KINDS, PLANTED, RECIPE, Recipe, class_at, planted_at, target_of, trained
from .truth import truth_of

VERSION = 1  # of the record: outcomes recorded otherwise are not gone on from
SIZE = Size(screened_on=320, pairs=30, most=4, side=RECIPE.side, things=RECIPE.things)
TRUTH = 40  # fresh pairs of a subgroup that say what is true of it
DATA = "sketch:12"  # for the unit's profile alone: the class is named
Watch = Callable[[str, int, int, Callable[[], Sequence["Outcome"]]], None]


class Outcome(BaseModel):
    """One network, hunted through. `planted`: the subgroup; in the even network it is the same, and not planted.

    `tried`: how many subgroups were; `suspected`, `confirmed`: which of them. `drops`: the true drops of the planted one and of
    all suspects, in shares of the way, where enough pairs could be drawn. `accuracy`, `rest`, `full`: as in `truth.Truth`.
    `verdict`: the hunt's. `pictures`: what it looked at.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int
    biased: bool
    planted: str
    verdict: str
    tried: int
    suspected: list[str]
    confirmed: list[str]
    drops: dict[str, float]
    accuracy: float
    rest: float
    full: float
    pictures: int
    cpu_seconds: float

    @property
    def drop(self) -> float:
        """The planted subgroup's true drop."""
        return self.drops[self.planted]

    @property
    def took(self) -> bool:
        """Whether the planted subgroup truly scores lower by more than the margin."""
        return self.drop > MARGIN

    @property
    def found(self) -> bool:
        """Whether the planted subgroup was confirmed."""
        return self.planted in self.confirmed

    @property
    def true(self) -> list[str]:
        """Of the planted subgroup and all suspects, those whose true drop exceeds the margin."""
        return [name for name, drop in self.drops.items() if drop > MARGIN]

    @property
    def false(self) -> list[str]:
        """Confirmed subgroups whose true drop does not exceed the margin, or is not known."""
        return [name for name in self.confirmed if name not in self.true]


@dataclass(frozen=True)
class Result:
    """Outcomes by seed, the biased network's first; `command` asks for them, `folder` holds them."""

    outcomes: list[Outcome]
    folder: Path
    command: str


def run(
    seeds: int | Sequence[int] = 20,
    *,
    folder: Path | str = "runs/planted-bias",
    recipe: Recipe = RECIPE,
    size: Size = SIZE,
    pairs: int = TRUTH,
    watch: Watch = lambda what, done, total, known: None,
) -> Result:
    """Both networks of every seed (of 0 to `seeds` - 1, where that is a number): those on record as they are, the others made.

    `pairs`: fresh ones, of each subgroup, that say what is true. Raises `BadInput` where the folder cannot be written.
    """
    import torch

    chosen = range(seeds) if isinstance(seeds, int) else seeds
    size = replace(size, side=recipe.side, things=recipe.things)
    about = {"version": VERSION, "kinds": KINDS, "colours": PLANTED, "recipe": asdict(recipe), "size": asdict(size)}
    about |= {"truth": pairs, "data": DATA}
    kept = KeptAnswers(Path(folder), "planted-bias", about, Outcome, lambda o: (o.seed, o.biased))
    every = [(seed, biased) for seed in chosen for biased in (True, False)]
    tasks = [task for task in every if task not in kept.known]

    def known() -> list[Outcome]:
        return [kept.known[task] for task in every if task in kept.known]

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # another number of threads adds in another order, and trains other weights
    try:
        for done, (seed, biased) in enumerate(tasks):
            watch("networks", len(every) - len(tasks) + done, len(every), known)
            kept.add(outcome(seed, biased, recipe, size, pairs, kept.folder / "runs"))
    finally:
        torch.set_num_threads(threads)
    words = ["lettvin", "bench", "bias", "--seeds", str(len(chosen))]
    return Result(known(), kept.folder, shlex.join(words))


def outcome(seed: int, biased: bool, recipe: Recipe, size: Size, pairs: int, runs: Path) -> Outcome:
    """Train one network, and look through it."""
    began = time.process_time()
    target = target_of(trained(recipe, seed, biased), f"planted-bias-{seed}-{'biased' if biased else 'even'}", recipe)
    found = looked_through(target, seed, biased, size, pairs, runs)
    return found.model_copy(update={"cpu_seconds": round(time.process_time() - began, 1)})


def looked_through(target: Target, seed: int, biased: bool, size: Size, pairs: int, runs: Path) -> Outcome:
    """Hunt through the class, unit 0 of the target's only layer, and measure the planted subgroup and all suspects anew."""
    began = time.process_time()
    noun, planted = class_at(seed), planted_at(seed)
    report = hunt(target.unit(f"{target.layers[0].name}:0"), noun, data=DATA, size=size, seed=seed, runs=runs, page=False)
    company = sorted(f.subgroup.value for f in report.findings if f.subgroup.factor == "together with")
    asked = [planted, *(f.subgroup for f in report.findings if f.claim is not None and f.subgroup != planted)]
    truth = truth_of(target, noun, asked, company, seed, size, pairs)
    return Outcome(
        seed=seed,
        biased=biased,
        planted=planted.name,
        verdict=report.verdict,
        tried=len(report.findings),
        suspected=[f.subgroup.name for f in report.findings if f.claim is not None],
        confirmed=[f.subgroup.name for f in report.lower],
        drops=truth.drops,
        accuracy=truth.accuracy,
        rest=truth.rest,
        full=truth.full,
        pictures=report.images,
        cpu_seconds=round(time.process_time() - began, 1),
    )
