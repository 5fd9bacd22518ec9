"""The command line: one application, its exit codes, and the benchmarks' commands.

Covered: parsing, one line on stderr for whatever went wrong, and the exit codes: 0 answered, 2 bad input, 3 stopped by a
limit or a full disk, 130 interrupted. Not covered: the other commands, their options and how things are laid out
(`agent/command_line/`). What is heavy is imported inside the commands, so that `lettvin --help` is quick.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from . import __version__
from .agent.command_line import options, terminal
from .agent.command_line.run_commands import ask, resume, show
from .agent.command_line.separating_commands import bias, compare
from .agent.command_line.sketch_command import sketch
from .agent.command_line.target_commands import cache, dissect, doctor, tools, units
from .targets.errors import BadInput, DiskFull, LimitReached

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
# Typer brings its own copy of click in some versions and uses click itself in others; this is the error of either.
UsageError: type[Exception] = typer.BadParameter.__bases__[0]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (default: the process's own) and return its exit code. Only defects of lettvin raise."""
    try:
        code = _run(sys.argv[1:] if arguments is None else list(arguments))
        sys.stdout.flush()
        return code
    except BadInput as error:
        return _complain(str(error), 2)
    except (LimitReached, DiskFull) as error:
        return _complain(str(error), 3)
    except KeyboardInterrupt:
        return _complain("interrupted", 130)
    except BrokenPipeError:
        # Whoever read our output has gone. Python would complain again when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _run(arguments: list[str]) -> int:
    command = typer.main.get_command(app)
    try:
        with command.make_context("lettvin", arguments) as context:
            code = command.invoke(context)
        return code if isinstance(code, int) else 0
    except typer.Exit as done:
        return done.exit_code
    except UsageError as error:
        raise BadInput(_usage(error, arguments)) from None


def _usage(error: Exception, arguments: list[str]) -> str:
    """What typer found wrong with the command line, in one line that says where help is."""
    told = " ".join(str(error.format_message() if hasattr(error, "format_message") else error).split()).rstrip(".")
    if re.fullmatch(r"No such option:? '?-\d'?", told):
        number = next((word for word in arguments if re.match(r"-\d", word)), "")
        told = f"{number!r} is no unit: write [LAYER:]INDEX with INDEX from 0"
    context = getattr(error, "ctx", None)
    return f"{told}; try '{context.command_path if context is not None else 'lettvin'} --help'"


def _complain(text: str, code: int) -> int:
    print("lettvin: " + " ".join(text.split()), file=sys.stderr)
    return code


@app.callback(invoke_without_command=True)
def lettvin(context: typer.Context, version: options.Version = False) -> None:
    """Asks a vision network what one of its neurons does, and answers with what survived an attempt to refute it."""
    if version:
        print(f"lettvin {__version__}")
    elif context.invoked_subcommand is None:
        print(context.get_help())


for command in (ask, compare, bias, resume, units, dissect, show, tools, sketch, cache, doctor):
    app.command()(command)

benches = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Measure lettvin itself on this machine.")
app.add_typer(benches, name="bench")


@benches.command()
def throughput(as_json: options.Json = False) -> None:
    """How fast dissection, probing, painting and whole questions are.

    Takes about 10 minutes on 2 cores; ratios are medians over interleaved pairs.
    """
    from .benchmarks import throughput as measure

    result = measure.run()
    if as_json:
        print(json.dumps(result))
    else:
        terminal.table((), list(result["figures"].items()))
        print(f"{result['command']} on {result['device']}")


@benches.command()
def synthetic(
    suite: options.SuiteName = "core",
    backbone: options.Minds = None,
    neurons: options.Neurons = None,
    workers: options.Workers = 2,
    seed: options.Seed = 0,
    data: options.Data = "sketch:2000",
    folder: options.Answers = Path("runs/synthetic"),
    condition: options.Conditions = None,
    detector: options.Detector = None,
    as_json: options.Json = False,
) -> None:
    """Ask neurons whose behaviour is known, and score the answers by what they say of scenes.

    Compares the empiricist with baselines, and any backbone beside them. What was asked is kept: the same command goes on
    where it was cut off. Writes report.html beside the answers.
    """
    from .benchmarks.synthetic.benchmark import run
    from .benchmarks.synthetic.published import as_object
    from .benchmarks.synthetic.told import PROGRESS, columns, progress, refusals, rows

    with terminal.benchmark(PROGRESS, progress) as watch:
        result = run(
            suite,
            backbone,
            neurons=neurons,
            workers=workers,
            seed=seed,
            data=data,
            folder=folder,
            conditions=condition,
            detector=detector,
            watch=watch,
        )
    told = as_object(result)
    terminal.measured(told, () if as_json else (columns(told), *rows(told)), told["page"])
    if result.suite.drawn and not as_json:
        drawn = ", ".join(f"{kind} {made}" for kind, made, _ in refusals(result.suite.drawn))
        print(f"drawn of what the data make a question: {drawn}; the page says what was refused, and why")


@benches.command()
def logits(
    backbone: options.Minds = None,
    units: options.OutputUnits = 20,
    seed: options.Seed = 0,
    data: options.Data = "cutouts:2000",
    folder: options.Answers = Path("runs/logits"),
    as_json: options.Json = False,
) -> None:
    """Ask output units of EfficientNet-Lite0, class names hidden, and score the answers by the names.

    Beside each unit a shuffled one and that of random weights are asked. Needs Debian's tuxpaint stamps. What was asked is
    kept: the same command goes on where it was cut off.
    """
    from .benchmarks.logits.benchmark import run
    from .benchmarks.logits.figures import PROGRESS, as_object, columns, progress, rows
    from .benchmarks.synthetic.told import number_once

    with terminal.benchmark(PROGRESS, progress) as watch:
        result = run(backbone, units=units, seed=seed, data=data, folder=folder, watch=watch)
    told = as_object(result)
    terminal.measured(told, () if as_json else (columns(told), *map(number_once, rows(told))), told["folder"])


@benches.command()
def predictive(
    target: options.TargetName,
    method: options.Methods = None,
    layers: options.FewLayers = None,
    units: options.UnitsALayer = 50,
    controls: options.Controls = 10,
    seed: options.Seed = 0,
    data: options.Data = "cutouts:2000",
    random: options.RandomTwin = None,
    folder: options.Answers = Path("runs/predictive"),
    as_json: options.Json = False,
) -> None:
    """Does a description predict the unit? The field's methods side by side on the same units and pictures.

    Scored on pictures that none of them has seen, beside shuffled units and random weights. What was asked is kept: the same
    command goes on where it was cut off.
    """
    from .benchmarks.predictive.benchmark import run
    from .benchmarks.predictive.figures import PROGRESS, as_object, columns, progress, rows

    with terminal.benchmark(PROGRESS, progress) as watch:
        result = run(
            target,
            method,
            layers=options.names(layers),
            units=units,
            controls=controls,
            seed=seed,
            data=data,
            random=random,
            folder=folder,
            watch=watch,
        )
    told = as_object(result)
    terminal.measured(told, () if as_json else (columns(told), *rows(told)), told["folder"])


@benches.command(name="bias")
def planted_bias(
    seeds: options.Seeds = 20, folder: options.Answers = Path("runs/planted-bias"), as_json: options.Json = False
) -> None:
    """Is a planted bias found, and none where none was planted?

    Trains two small networks a seed, one with a bias planted, and hunts through both. What was done is kept: the same command
    goes on where it was cut off.
    """
    from .benchmarks.planted_bias.benchmark import run
    from .benchmarks.planted_bias.figures import COLUMNS, PROGRESS, as_object, progress, rows

    with terminal.benchmark(PROGRESS, progress) as watch:
        result = run(seeds, folder=folder, watch=watch)
    told = as_object(result)
    terminal.measured(told, () if as_json else (COLUMNS, *rows(told)), told["folder"])
