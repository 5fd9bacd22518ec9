"""`ask`: one question about one unit, from the networks and pictures to the answer and its page; or about many units.

Covered: a new run, in a folder of its own, and several of them that share one chance to be wrong. Not covered: how a run
is put together and carried through (`conduct.py`), its steps (`loop.py`), the command line (`cli.py`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..targets.errors import BadInput
from ..targets.target import Unit
from ..tools.lab import Limits
from ..tools.sources.source import Source
from .answer import Answer
from .backbones.backbone import Backbone
from .backbones.model_settings import ModelSettings
from .conduct import about, carry_through, opened, prepare
from .question import LITERAL, taken_literally
from .run_folder import check_writable, new_run, owned
from .unit_profile import profile_unit
from .watcher import Silent, Watcher

MOST_AMONG = 10_000  # units that share one chance of error: beyond that the blocks of a conclusion are out of reach
__all__ = ["LITERAL", "ask", "ask_each", "profile_unit", "taken_literally"]


def ask(
    unit: Unit,
    question: str = LITERAL,
    *,
    backbone: str | Backbone = "empiricist",
    data: str | Source = "sketch:2000",
    generator: str = "sketch",
    editor: str | None = None,
    detector: str | None = None,
    describer: str | None = None,
    judge: str | None = None,
    models: ModelSettings | None = None,
    tools: Sequence[str] = (),
    layers: Sequence[str] | None = None,
    seed: int = 0,
    runs: str | Path = "runs",
    max_images: int | None = None,
    max_seconds: float | None = None,
    among: int = 1,
    watcher: Watcher | None = None,
    page: bool = True,
) -> Answer:
    """Ask what a unit does; the answer, with its run folder and page.

    `data`: ``sketch:N[@seed]`` or a folder. `layers`: those dissected in the one pass (default: the target's own).
    `backbone`, `generator`, `editor`, `detector` (it finds what is to be edited), `describer`: a name, an installed
    plug-in's, or FILE.py:Class; `tools`: instruments beside those known, FILE.py:function each (or an installed
    plug-in's name, so that the run is refused where it is broken).
    A backbone, describer or `judge` may be a language model (``openai:MODEL``), reached as `models` says; where the backbone
    is one, it plays the other parts too unless they are named.
    `max_images`: pictures measured beyond the data; `max_seconds`: wall time. `among`: how many units are asked together,
    this one included; conclusions share their chance of error. `page`: write report.html too. Raises `BadInput` on what
    cannot be used, before anything is run, and `DiskFull` where nothing more can be written.
    """
    watcher = watcher or Silent()
    if not question.strip():
        raise BadInput("an empty question; ask for example " + repr(LITERAL))
    if not 1 <= among <= MOST_AMONG:
        raise BadInput(f"--among {among!r} counts this unit too: give a number from 1 to {MOST_AMONG}")
    limits = Limits(max_images, max_seconds)
    began = time.monotonic()
    asked = prepare(
        unit,
        question,
        backbone=backbone,
        data=data,
        generator=generator,
        editor=editor,
        detector=detector,
        describer=describer,
        judge=judge,
        models=models,
        tools=tools,
        layers=layers,
        seed=seed,
        limits=limits,
        among=among,
        page=page,
    )
    check_writable(Path(runs))
    try:
        with opened(asked, limits, began, watcher) as lab:
            # only here, so that bad input, or Ctrl-C while dissecting, leaves no folder behind
            path = new_run(Path(runs), f"{unit.target.name}-{unit.address}", about(asked.started))
            with owned(path):
                return carry_through(asked, lab, path, watcher)
    finally:
        watcher.close()


def ask_each(units: Sequence[Unit], question: str = LITERAL, *, among: int | None = None, **settings: Any) -> Iterator[Answer]:
    """Ask several units the same, one after the other; each answer as it comes, each with a run of its own.

    `among`: how many are asked together; as many as there are units, unless more. `settings`: as of `ask`, limits for each
    unit. Ends early where Ctrl-C stopped a run. Raises `BadInput` where a unit is named twice, or none is.
    """
    if not units:
        raise BadInput(f"no unit to ask {question!r}: name one at least")
    addresses = [unit.address for unit in units]
    twice = next((address for address in addresses if addresses.count(address) > 1), None)
    if twice is not None:
        raise BadInput(f"unit {twice!r} is asked twice: name each once")
    if among is not None and among < len(units):
        raise BadInput(f"--among {among!r} is less than the {len(units)} units asked")
    if len(units) > 1 and not isinstance(settings.get("backbone", ""), str):
        raise BadInput("a backbone decides in one run: give its name, or ask the units one by one with among=...")
    for unit in units:
        answer = ask(unit, question, among=among or len(units), **settings)
        yield answer
        if answer.interrupted or answer.limit == "Ctrl-C":
            return
