"""`lettvin bench logits`: output units of a real classifier asked by every mind, resumable, the class names unsaid.

Covered: which classes are asked, and in which order; every one of them in the network, as a shuffled unit and with random
weights; going on where it was cut off. Not covered: asking one unit (`asking.py`), figures (`figures.py`).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...targets.errors import BadInput
from ...tools.sources.cutouts import CutoutSource
from ..synthetic.asking import FURTHER_SEED
from ..synthetic.benchmark import check_mind
from ..synthetic.scoring import UNUSED_SEED
from ..unseen_pictures import like
from .asking import Setting, ask_one, cutouts, minds
from .class_nouns import class_nouns
from .outcome import CONTROLS, Asked, Control, kept_in

NETWORK = "efficientnet-lite0"
Watch = Callable[[str, int, int, Callable[[], Sequence[Asked]]], None]  # what is done, how much of how much, all answers so far


@dataclass(frozen=True)
class Result:
    """Answers by mind, in the order of asking; `command` asks for them, `folder` holds them."""

    network: str
    data: str
    seed: int
    answers: dict[str, list[Asked]]
    folder: Path
    command: str


def run(
    asked: Sequence[str] | None = None,
    *,
    units: int = 20,
    seed: int = 0,
    data: str = "cutouts:2000",
    folder: Path | str = "runs/logits",
    watch: Watch = lambda what, done, total, known: None,
) -> Result:
    """Ask and score; what was asked for, of all that is on record.

    `asked`: minds (default: all). `units`: how many classes, of those that the stamps show, in an order drawn by `seed`.
    `folder`: where answers are kept, line by line; one that holds part of the same benchmark is gone on from. Raises
    `BadInput`, also where no stamps are installed.
    """
    chosen = list(dict.fromkeys(asked or minds()))
    for mind in chosen:
        check_mind(mind, minds())
    source = opened(data, seed)
    classes = in_turn(source.words.nouns, seed)[:units]
    kept = kept_in(Path(folder), {"network": NETWORK, "data": source.name, "stamps": source.library.key, "seed": seed})
    runs = kept.folder / "runs"
    runs.mkdir(exist_ok=True)
    setting = Setting(NETWORK, source.name, seed, runs)
    every: list[tuple[str, Control, int]] = [(m, c, index) for index in classes for c in CONTROLS for m in chosen]
    tasks = [task for task in every if task not in kept.known]

    def known() -> list[Asked]:
        return [kept.known[task] for task in every if task in kept.known]

    for done, (mind, condition, index) in enumerate(tasks):
        watch("asking", len(every) - len(tasks) + done, len(every), known)
        kept.add(ask_one(setting, mind, index, condition))
    words = ["lettvin", "bench", "logits", "--units", str(units), "--seed", str(seed), "--data", source.name]
    words += [word for mind in chosen for word in ("--backbone", mind)]
    answers = {mind: [answer for answer in known() if answer.mind == mind] for mind in chosen}
    return Result(NETWORK, source.name, seed, answers, kept.folder, shlex.join(words))


def opened(data: str, seed: int) -> CutoutSource:
    """The source of cut-outs that is explored, by default that of the seed after `seed`. Raises `BadInput`."""
    if not data.strip().startswith("cutouts:"):
        raise BadInput(f"--data {data!r} shows no stamps: write cutouts:N, such as 'cutouts:2000'")
    source = cutouts(data.strip())
    if not re.match(r"cutouts:\d+@", data.strip()):
        source = cutouts(like(data.strip(), source.count, seed + 1))
    if source.seed in (UNUSED_SEED, FURTHER_SEED + seed):
        kept = f"the seed {source.seed} is that of scenes that no run explores"
        raise BadInput(f"--data {data!r}: {kept}; nearest: {source.seed + 1}")
    return source


def in_turn(nouns: Sequence[str], seed: int) -> list[int]:
    """The classes that these nouns say something about, dealt by noun: the 118 dogs are one noun's, and come last.

    Every noun in an order drawn by the seed gives one of its classes, then again, until all classes are out.
    """
    rng = np.random.default_rng([seed, 7])
    facts = class_nouns().nouns
    shown = [noun for noun in sorted(nouns) if noun in facts]
    if not shown:
        raise BadInput(f"none of the {len(nouns)} nouns, such as {(*nouns, '')[0]!r}, is in the table of facts")
    decks = [rng.permutation(facts[noun].classes).tolist() for noun in rng.permutation(shown)]
    longest = max(map(len, decks))
    return list(dict.fromkeys(deck[turn] for turn in range(longest) for deck in decks if turn < len(deck)))
