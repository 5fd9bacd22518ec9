"""The commands: parse, call, print; nothing else.

Covered: every command's options, what goes to stdout and what to stderr, and the exit codes: 0 answered, 2 bad input
(one line on stderr), 3 stopped by a limit, 130 interrupted. Not covered: what the commands do, which the rooms below
know. What is heavy is imported inside the commands, so that `lettvin --help` is quick.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Optional

import typer

from . import __version__
from .targets.errors import BadInput, LimitReached, nearest

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
# Typer brings its own copy of click in some versions and uses click itself in others: this finds the error of either.
UsageError: type[Exception] = typer.BadParameter.__bases__[0]


def _count(text: str) -> int:
    if not re.fullmatch(r"\d+", text) or int(text) < 1:
        raise typer.BadParameter(f"{text!r} is not a whole number from 1 up")
    return int(text)


def _from_0(text: object) -> int:
    if not re.fullmatch(r"\d{1,18}", str(text)):
        raise typer.BadParameter(f"{text!r} is not a whole number from 0 up")
    return int(str(text))


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d*)?|\.\d+", text) or not float(text) > 0:
        raise typer.BadParameter(f"{text!r} is not a number of seconds above 0")
    return float(text)


TargetName = Annotated[str, typer.Argument(metavar="TARGET", help="A network's name, or FILE.py:function.")]
Data = Annotated[str, typer.Option(metavar="SOURCE", help="sketch:N[@seed], or a folder of pictures.")]
Device = Annotated[str, typer.Option(metavar="DEVICE", help="auto, cpu or cuda.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]
# Optional[...] and not X | None: typer before 0.13 cannot read the latter from a string annotation.
Layers = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(metavar="A,B", help="Layers to dissect, by name; all blocks and the classifier if not given."),
]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (default: the process's own) and return its exit code. Only defects of lettvin raise."""
    try:
        code = _run(sys.argv[1:] if arguments is None else list(arguments))
        sys.stdout.flush()
        return code
    except BadInput as error:
        return _complain(str(error), 2)
    except LimitReached as error:
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
def lettvin(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Asks a vision network what one of its neurons does, and answers with what survived an attempt to refute it."""
    if version:
        print(f"lettvin {__version__}")
    elif context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
def ask(
    target: TargetName,
    unit: Annotated[str, typer.Argument(metavar="UNIT", help="[LAYER:]INDEX, LAYER:3+17 or LAYER:@file.safetensors.")],
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="In words, such as 'What makes this unit fire?'")],
    backbone: Annotated[str, typer.Option(metavar="NAME", help="Who decides what to try.")] = "empiricist",
    data: Data = "sketch:2000",
    generator: Annotated[str, typer.Option(metavar="NAME", help="Who makes new pictures.")] = "sketch",
    layers: Layers = None,
    seed: Annotated[
        int, typer.Option(parser=_from_0, metavar="N", help="The same seed gives the same run.")
    ] = 0,
    runs: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the run's folder goes.")] = Path("runs"),
    max_images: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(parser=_count, metavar="N", help="Stop after measuring so many pictures beyond the data."),
    ] = None,
    max_seconds: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(parser=_seconds, metavar="S", help="Stop after so many seconds."),
    ] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> int:
    """Ask a unit a question.

    Prints the answer that survived an attempt to refute it, with its evidence and the path of its page.
    Progress, hypotheses, predictions and verdicts go to stderr. Exits with 3 where a limit stopped the run, after the
    best answer so far.
    """
    wanted = _names(layers)
    if not question.strip():
        raise BadInput(f"the question {question!r} is empty: ask something, such as 'What makes this unit fire?'")
    from .agent.ask import ask as ask_unit
    from .agent.watcher import TerminalWatcher
    from .targets.loaders import load_target

    answer = ask_unit(
        load_target(target, device).unit(unit),
        question,
        backbone=backbone,
        data=data,
        generator=generator,
        layers=wanted,
        seed=seed,
        runs=runs,
        max_images=max_images,
        max_seconds=max_seconds,
        watcher=TerminalWatcher(),
    )
    print(answer.as_json() if as_json else answer.text())
    return 3 if answer.limit else 0


@app.command()
def units(target: TargetName, device: Device = "auto", as_json: Json = False) -> None:
    """List the layers of a target.

    In forward order: name, number of units, kind.
    """
    from .targets.loaders import load_target

    layers = load_target(target, device).layers
    if as_json:
        print(json.dumps({"layers": [{"name": x.name, "units": x.units, "kind": x.kind} for x in layers]}))
    else:
        _table(("layer", "units", "kind"), [(x.name, x.units, x.kind) for x in layers])


@app.command()
def dissect(target: TargetName, layers: Layers = None, data: Data = "sketch:2000", device: Device = "auto") -> None:
    """Measure every unit over the data, once.

    What is found is kept for every later question; an interrupted pass goes on where it was.
    """
    wanted = _names(layers)
    from .targets.loaders import load_target
    from .tools.dissection import dissect as dissect_layers
    from .tools.sources.open_source import open_source
    from .tools.store import cache_folder

    source = open_source(data)
    loaded = load_target(target, device)
    began = time.perf_counter()
    with _progress("dissecting") as watch:
        found = dissect_layers(loaded, source, wanted, folder=cache_folder() / "dissections", watch=watch)
    seconds = time.perf_counter() - began
    rows = [(x, found.layer(x).units, found.dead(x).sum(), found.sparse(x).sum()) for x in found.layers]
    _table(("layer", "units", "dead", "sparse"), rows)
    print(f"{found.n - len(found.skipped)} pictures in {seconds:.1f} s, {len(found.skipped)} skipped")
    for skipped in found.skipped:
        print(f"skipped {skipped.name or skipped.index}: {skipped.reason}")
    print(found.folder)


@app.command()
def show(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    open_it: Annotated[bool, typer.Option("--open/--no-open", help="Open the page where there is a screen.")] = True,
) -> None:
    """Print the path of a run's page, and open it."""
    from .agent.run_folder import page_of

    page = page_of(run).resolve()
    print(page)
    screen = sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if open_it and screen:
        import webbrowser

        webbrowser.open(page.as_uri())


@app.command()
def tools(as_json: Json = False) -> None:
    """List the instruments.

    With the signature that a backbone sees; --json gives their schemas.
    """
    from .tools.instrument import catalogue

    known = catalogue().values()
    if as_json:
        print(json.dumps([{"name": x.name, "doc": x.doc, "schema": x.schema} for x in known]))
        return
    for number, instrument in enumerate(known):
        print(("\n" if number else "") + instrument.signature)
        print("\n".join("    " + line.strip() if line.strip() else "" for line in instrument.doc.splitlines()))


@app.command()
def doctor() -> None:
    """Say what is installed and what is needed.

    Packages, devices, targets, the cache and its size, and whether a network is needed.
    """
    from .doctor import facts

    _table((), list(facts()))


@app.command()
def bench(
    name: Annotated[str, typer.Argument(metavar="NAME", help="throughput.")],
    as_json: Json = False,
) -> None:
    """Measure lettvin itself on this machine."""
    known = ("throughput",)
    if name not in known:
        raise BadInput(f"unknown benchmark {name!r}; nearest: {nearest(name, known)}")
    from .benchmarks import throughput

    result = throughput.run()
    if as_json:
        print(json.dumps(result))
    else:
        _table((), list(result["figures"].items()))
        print(f"{result['command']} on {result['device']}")


def _names(layers: str | None) -> list[str] | None:
    if layers is None:
        return None
    names = [name.strip() for name in layers.split(",")]
    if not all(names):
        raise BadInput(f"--layers {layers!r} has an empty name: write names with commas between, such as 'a,b'")
    return names


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns, numbers to the right; the last column is not padded."""
    cells = [[str(cell) for cell in row] for row in ([head, *rows] if head else rows)]
    if not cells:
        return
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    right = [bool(rows) and not isinstance(rows[0][i], str) for i in range(len(widths))]
    for row in cells:
        fields = [cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(row, widths, right, strict=True)]
        print("  ".join(fields).rstrip())


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr while a pass runs; nothing where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
