"""The commands that set things apart: `compare`, two units; `bias`, the subgroups of a class.

Covered: from the words of a command line to calls, and what goes to stdout; going on with such a run. What is heavy is
imported inside the commands. Not covered: exit codes of errors (`cli.py`), the options (`options.py`).
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from . import options

if TYPE_CHECKING:
    from ..bias.telling import BiasReport
    from ..comparison.telling import Comparison


def compare(
    target: options.TargetName,
    unit: options.OneAddress,
    other: options.OtherAddress,
    other_target: options.OtherTarget = None,
    data: options.Data = "sketch:2000",
    cutouts: options.Cutouts = None,
    backgrounds: options.Backgrounds = None,
    seed: options.Seed = 0,
    runs: options.Runs = Path("runs"),
    max_images: options.MaxImages = None,
    max_seconds: options.MaxSeconds = None,
    device: options.Device = "auto",
    as_json: options.Json = False,
) -> int:
    """Say what separates two units, with the experiments.

    Both units are held against each other on pictures drawn anew; what fires the one more than the other is studied as a unit
    of its own; what is found becomes claims, tested on fresh pictures with controls. The same unit before and after
    fine-tuning: give the second network by --other-target. Exits with 3 where a limit stopped it; 'lettvin resume RUN' goes on.
    """
    from ...tools.sources.cutouts import with_folders
    from ..comparison.comparing import compare as compare_units
    from ..known_target import open_target
    from ..watcher import TerminalWatcher

    data = with_folders(data, cutouts, backgrounds)
    first = open_target(target, device)
    second = first if other_target is None else open_target(other_target, device)
    one, two = first.unit(unit), second.unit(other)
    return _tell(
        lambda: compare_units(
            one,
            two,
            data=data,
            seed=seed,
            runs=runs,
            max_images=max_images,
            max_seconds=max_seconds,
            watcher=TerminalWatcher(),
        ),
        as_json,
    )


def bias(
    target: options.TargetName,
    unit: options.ClassAddress,
    shows: options.Shows = None,
    data: options.Data = "sketch:2000",
    cutouts: options.Cutouts = None,
    backgrounds: options.Backgrounds = None,
    seed: options.Seed = 0,
    runs: options.Runs = Path("runs"),
    max_images: options.MaxImages = None,
    max_seconds: options.MaxSeconds = None,
    device: options.Device = "auto",
    as_json: options.Json = False,
) -> int:
    """Hunt for subgroups of a class with lower scores.

    Colours, patterns, sizes, backgrounds, lights, places and company of the class are screened on some pictures, and the worst
    tested on fresh pairs that differ in nothing else, corrected over all that were tried. Exits with 3 where a limit stopped
    it; 'lettvin resume RUN' goes on.
    """
    from ...tools.sources.cutouts import with_folders
    from ..bias.hunting import hunt
    from ..known_target import open_target
    from ..watcher import TerminalWatcher

    data = with_folders(data, cutouts, backgrounds)
    found = open_target(target, device).unit(unit)
    return _tell(
        lambda: hunt(
            found,
            shows,
            data=data,
            seed=seed,
            runs=runs,
            max_images=max_images,
            max_seconds=max_seconds,
            watcher=TerminalWatcher(),
        ),
        as_json,
    )


def resume_separating(run: Path, kind: str, max_images: int | None, max_seconds: float | None, as_json: bool) -> int:
    """Go on with a comparison ("compare") or a hunt for bias ("bias")."""
    from ..bias.hunting import resume_hunt
    from ..comparison.comparing import resume_comparison
    from ..watcher import TerminalWatcher

    go_on = resume_comparison if kind == "compare" else resume_hunt
    return _tell(
        lambda: go_on(run, max_images=max_images, max_seconds=max_seconds, watcher=TerminalWatcher()), as_json
    )


def _tell(found: Callable[[], Comparison | BiasReport], as_json: bool) -> int:
    """Print what was found; the exit code."""
    with contextlib.redirect_stdout(sys.stderr):  # whatever a plug-in prints, stdout holds the answer alone
        answer = found()
    print(answer.as_json() if as_json else answer.text())
    if answer.limit == "Ctrl-C":
        raise KeyboardInterrupt
    return 3 if answer.limit else 0
