"""The commands that ask, go on with a run, and show one: `ask`, `resume`, `show`.

Covered: from the words of a command line to calls, and what goes to stdout and what to stderr. What is heavy is imported
inside the commands. Not covered: exit codes of errors (`cli.py`), the options (`options.py`).
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ...targets.errors import BadInput
from . import options

if TYPE_CHECKING:
    from ..answer import Answer


def ask(
    target: options.TargetName,
    unit: options.Addresses,
    question: options.Question,
    backbone: options.Backbone = "empiricist",
    data: options.Data = "sketch:2000",
    cutouts: options.Cutouts = None,
    backgrounds: options.Backgrounds = None,
    generator: options.Generator = "sketch",
    editor: options.Editor = None,
    detector: options.RegionFinder = None,
    describer: options.Describer = None,
    judge: options.Judge = None,
    mode: options.Mode = "code",
    tool: options.Tools = None,
    layers: options.Layers = None,
    seed: options.Seed = 0,
    runs: options.Runs = Path("runs"),
    max_images: options.MaxImages = None,
    max_seconds: options.MaxSeconds = None,
    base_url: options.BaseUrl = None,
    dialect: options.DialectName = None,
    key_from: options.KeyFrom = None,
    request_seconds: options.RequestSeconds = 300.0,
    request_pictures: options.RequestPictures = None,
    reply_tokens: options.ReplyTokens = None,
    max_requests: options.MaxRequests = None,
    max_tokens: options.MaxTokens = None,
    max_usd: options.MaxUsd = None,
    prices: options.PricesFile = None,
    among: options.Among = None,
    device: options.Device = "auto",
    as_json: options.Json = False,
) -> int:
    """Ask a unit a question.

    Prints the answer that survived an attempt to refute it, with its evidence and the path of its page.
    Progress, hypotheses, predictions and verdicts go to stderr. Exits with 3 where a limit stopped the run, after the
    best answer so far; 'lettvin resume RUN' goes on.

    Several units (LAYER:3,LAYER:5) are asked one after the other, each with a run and limits of its own. They share one
    chance of error: with N units, a conclusion is tested at a Nth of the usual level. --json then prints one object a line.
    """
    wanted = options.names(layers)
    if not question.strip():
        raise BadInput(f"the question {question!r} is empty: ask something, such as 'What makes this unit fire?'")
    from ...tools.sources.cutouts import with_folders
    from ..answer import together
    from ..ask import ask_each
    from ..backbones.model_settings import ModelSettings
    from ..known_target import open_target
    from ..watcher import TerminalWatcher

    models = ModelSettings(
        base_url=base_url,
        dialect=dialect,
        key_from=key_from,
        request_seconds=request_seconds,
        request_pictures=request_pictures,
        reply_tokens=reply_tokens,
        max_requests=max_requests,
        max_tokens=max_tokens,
        max_usd=max_usd,
        prices=prices,
        mode=mode,
    ).checked()
    data = with_folders(data, cutouts, backgrounds)
    loaded = open_target(target, device)
    asked = [loaded.unit(address) for address in options.addresses(unit)]
    for name in wanted or ():
        loaded.layer(name)  # refused before a run is begun
    answers = ask_each(
        asked,
        question,
        among=among,
        backbone=backbone,
        data=data,
        generator=generator,
        editor=editor,
        detector=detector,
        describer=describer,
        judge=judge,
        models=models,
        tools=tool or (),
        layers=wanted,
        seed=seed,
        runs=runs,
        max_images=max_images,
        max_seconds=max_seconds,
        watcher=TerminalWatcher(),
    )
    if len(asked) == 1:
        return _tell(_next(answers), as_json)
    told: list[Answer] = []
    while (answer := _next(answers)) is not None:
        told.append(answer)
        print(answer.as_json(indent=None) if as_json else f"Unit: {answer.unit}\n{answer.text()}\n", flush=True)
    print(together(told, len(asked), among or len(asked)), file=sys.stderr if as_json else sys.stdout)
    if told[-1].limit == "Ctrl-C" or told[-1].interrupted:
        raise KeyboardInterrupt
    return 3 if any(answer.limit for answer in told) else 0


def resume(
    run: options.RunFolder,
    max_images: options.MaxImages = None,
    max_seconds: options.MaxSeconds = None,
    max_requests: options.MaxRequests = None,
    max_tokens: options.MaxTokens = None,
    max_usd: options.MaxUsd = None,
    as_json: options.Json = False,
) -> int:
    """Go on with a run that was killed or stopped.

    In the same folder, to the same answer as if nothing had come between; nothing is measured twice. A run that a limit
    stopped goes on where a higher one is given; limits count from the run's beginning. A finished run prints its answer.
    """
    from ..fixed_protocol import kind_of
    from ..resume import resume as resume_run
    from ..watcher import TerminalWatcher
    from .separating_commands import resume_separating

    kind = kind_of(run)
    if kind is not None:
        for option, value in (("--max-requests", max_requests), ("--max-tokens", max_tokens), ("--max-usd", max_usd)):
            if value is not None:
                raise BadInput(f"{option} {value!r} limits language models, and 'lettvin {kind}' asks none: leave it out")
        return resume_separating(run, kind, max_images, max_seconds, as_json)

    with contextlib.redirect_stdout(sys.stderr):  # whatever a plug-in prints, stdout holds the answer alone
        answer = resume_run(
            run,
            max_images=max_images,
            max_seconds=max_seconds,
            max_requests=max_requests,
            max_tokens=max_tokens,
            max_usd=max_usd,
            watcher=TerminalWatcher(),
        )
    return _tell(answer, as_json)


def _next(answers: Iterator[Answer]) -> Answer | None:
    """The next answer; whatever a plug-in prints meanwhile, stdout holds the answers alone."""
    with contextlib.redirect_stdout(sys.stderr):
        return next(answers, None)


def _tell(answer: Answer | None, as_json: bool) -> int:
    """Print the one answer; the exit code."""
    assert answer is not None
    print(answer.as_json() if as_json else answer.text())
    if answer.limit == "Ctrl-C" or answer.interrupted:
        raise KeyboardInterrupt
    return 3 if answer.limit else 0


def show(run: options.Shown = Path("runs"), open_it: options.OpenIt = True) -> None:
    """Open a run's page, or the list of a folder of runs.

    Prints its path. A run that was cut off gets a page of what it has; a folder of runs gets an index.html that lists
    them, to sort and to filter.
    """
    from ...tools.store import cache_folder
    from ..report.shown import page_to_show

    kept: Path | None = None
    with contextlib.suppress(BadInput):  # the cache only saves time here
        kept = cache_folder()
    page, ended = page_to_show(run, kept)
    if not ended:
        print(f"lettvin: {str(run)!r} has no answer yet; 'lettvin resume {run}' ends it", file=sys.stderr)
    page = page.resolve()
    print(page)
    screen = sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if open_it and screen:
        import webbrowser

        webbrowser.open(page.as_uri())
