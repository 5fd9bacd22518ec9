"""The commands: parse, call, print; nothing else.

Covered: the commands, what goes to stdout and what to stderr, and the exit codes: 0 answered, 2 bad input (one line on
stderr), 3 stopped by a limit or a full disk, 130 interrupted. Not covered: the options (`options.py`), how things are laid out
(`terminal.py`), and what the commands do, which the rooms below know. What is heavy is imported inside the commands, so
that `lettvin --help` is quick.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from . import __version__, options, terminal
from .targets.errors import BadInput, DiskFull, LimitReached, nearest

if TYPE_CHECKING:
    from .agent.answer import Answer
    from .tools.sketch.cutout_nouns import Cutouts

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


@app.command()
def ask(
    target: options.TargetName,
    unit: options.Addresses,
    question: options.Question,
    backbone: options.Backbone = "empiricist",
    data: options.Data = "sketch:2000",
    cutouts: options.Cutouts = None,
    backgrounds: options.Backgrounds = None,
    generator: options.Generator = "sketch",
    describer: options.Describer = "exact",
    tool: options.Tools = None,
    layers: options.Layers = None,
    seed: options.Seed = 0,
    runs: options.Runs = Path("runs"),
    max_images: options.MaxImages = None,
    max_seconds: options.MaxSeconds = None,
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
    from .agent.answer import together
    from .agent.ask import ask_each
    from .agent.watcher import TerminalWatcher
    from .targets.loaders import load_target
    from .tools.sources.cutouts import with_folders

    data = with_folders(data, cutouts, backgrounds)
    loaded = load_target(target, device)
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
        describer=describer,
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


@app.command()
def resume(
    run: options.RunFolder,
    max_images: options.MaxImages = None,
    max_seconds: options.MaxSeconds = None,
    as_json: options.Json = False,
) -> int:
    """Go on with a run that was killed or stopped.

    In the same folder, to the same answer as if nothing had come between; nothing is measured twice. A run that a limit
    stopped goes on where a higher one is given; limits count from the run's beginning. A finished run prints its answer.
    """
    from .agent.resume import resume as resume_run
    from .agent.watcher import TerminalWatcher

    with contextlib.redirect_stdout(sys.stderr):  # whatever a plug-in prints, stdout holds the answer alone
        answer = resume_run(run, max_images=max_images, max_seconds=max_seconds, watcher=TerminalWatcher())
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


@app.command()
def units(target: options.TargetName, device: options.Device = "auto", as_json: options.Json = False) -> None:
    """List the layers of a target.

    In forward order: name, number of units, kind.
    """
    from .targets.loaders import load_target

    layers = load_target(target, device).layers
    if as_json:
        print(json.dumps({"layers": [{"name": x.name, "units": x.units, "kind": x.kind} for x in layers]}))
    else:
        terminal.table(("layer", "units", "kind"), [(x.name, x.units, x.kind) for x in layers])


@app.command()
def dissect(
    target: options.TargetName,
    layers: options.Layers = None,
    data: options.Data = "sketch:2000",
    cutouts: options.Cutouts = None,
    backgrounds: options.Backgrounds = None,
    device: options.Device = "auto",
) -> None:
    """Measure every unit over the data, once.

    What is found is kept for every later question; an interrupted pass goes on where it was.
    """
    wanted = options.names(layers)
    from .targets.loaders import load_target
    from .tools.dissection import dissect as dissect_layers
    from .tools.sources.cutouts import with_folders
    from .tools.sources.open_source import open_source
    from .tools.store import Store, cache_folder

    source = open_source(with_folders(data, cutouts, backgrounds))
    loaded = load_target(target, device)
    began = time.perf_counter()
    with Store(cache_folder()) as store, terminal.progress("dissecting") as watch:  # the store keeps the cache in its limit
        waiting = terminal.said("waiting for another process that makes the same dissection", watch)
        place = store.folder / "dissections"
        found = dissect_layers(loaded, source, wanted, folder=place, watch=watch, waiting=waiting)
    seconds = time.perf_counter() - began
    rows = [(x, found.layer(x).units, found.dead(x).sum(), found.sparse(x).sum()) for x in found.layers]
    terminal.table(("layer", "units", "dead", "sparse"), rows)
    print(f"{found.n - len(found.skipped)} pictures in {seconds:.1f} s, {len(found.skipped)} skipped")
    for skipped in found.skipped:
        print(f"skipped {skipped.name or skipped.index}: {skipped.reason}")
    print(found.folder)


@app.command()
def show(run: options.Shown = Path("runs"), open_it: options.OpenIt = True) -> None:
    """Open a run's page, or the list of a folder of runs.

    Prints its path. A run that was cut off gets a page of what it has; a folder of runs gets an index.html that lists
    them, to sort and to filter.
    """
    from .agent.report.shown import page_to_show
    from .tools.store import cache_folder

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


@app.command()
def tools(tool: options.Tools = None, as_json: options.Json = False) -> None:
    """List the instruments.

    With the signature that a backbone sees; --json gives their schemas. Those of plug-ins say where they come from.
    """
    from .tools.instrument import instruments

    known = instruments(tool or ()).values()
    if as_json:
        print(json.dumps([{"name": x.name, "doc": x.doc, "schema": x.schema, "from": x.origin} for x in known]))
        return
    for number, instrument in enumerate(known):
        print(("\n" if number else "") + instrument.signature)
        print("\n".join("    " + line.strip() if line.strip() else "" for line in instrument.doc.splitlines()))
        if instrument.plug_in is not None:
            print(f"    (from {instrument.origin})")


@app.command()
def sketch(
    prompt: options.Prompt = None,
    n: options.Draws = 8,
    out: options.Out = None,
    seed: options.Seed = 0,
    sheet: options.Sheet = None,
    vocabulary: options.Vocabulary = False,
    coverage: options.CoverageOf = None,
    cutouts: options.Cutouts = None,
    backgrounds: options.Backgrounds = None,
    as_json: options.Json = False,
) -> None:
    """Draw a prompt, or show what can be drawn.

    Draws PROMPT N times, with seeds one apart, side by side in one picture, and prints what was understood. With --cutouts
    DIR, nouns that DIR has photographs of are shown by them.
    """
    if [prompt is not None, sheet is not None, vocabulary, coverage is not None].count(True) != 1:
        raise BadInput("sketch takes one of: a PROMPT with -o FILE, --sheet FILE, --vocabulary, --coverage N")
    from .tools.sources.cutouts import words_of

    if backgrounds is not None and cutouts is None:
        raise BadInput(f"--backgrounds {str(backgrounds)!r} goes with --cutouts DIR")
    if cutouts is not None and prompt is None and not vocabulary:
        raise BadInput(f"--cutouts {str(cutouts)!r} goes with a PROMPT or --vocabulary")
    if vocabulary:
        from .tools.sketch.vocabulary import vocabulary as words

        known_words = words()
        if cutouts is not None:
            known_words["cut-outs"] = list(words_of(cutouts, None).nouns)
        if as_json:
            print(json.dumps(known_words))
        else:
            terminal.table((), [(kind, ", ".join(known)) for kind, known in known_words.items()])
    elif coverage is not None:
        _cover(seed, coverage, as_json)
    elif sheet is not None:
        from .tools.sketch.sheet import sheet as write_sheet

        write_sheet(sheet, seed=seed)
        print(json.dumps({"file": str(sheet)}) if as_json else sheet)
    elif prompt is not None:
        if out is None:
            raise BadInput("sketch has nowhere to draw to: add -o FILE, such as -o sketch.png")
        _draw(prompt, n, out, seed, as_json, None if cutouts is None else words_of(cutouts, backgrounds))


def _draw(prompt: str, n: int, out: Path, seed: int, as_json: bool, cutouts: Cutouts | None) -> None:
    from PIL import Image

    from .tools.sketch.caption import caption
    from .tools.sketch.cutout_nouns import NONE
    from .tools.sketch.paint import paint
    from .tools.sketch.prompt import explain, imagine, parse
    from .tools.sketch.sheet import tiles

    words = cutouts or NONE
    wanted = parse(prompt, words)
    scenes = [imagine(wanted, seed + i, cutouts=words) for i in range(n)]
    page = Image.fromarray(tiles([paint(scene).pixels for scene in scenes], min(n, 8)))
    try:
        page.save(out)
    except (OSError, ValueError) as error:
        raise BadInput(f"the picture {str(out)!r} cannot be written: {error}") from None
    if as_json:
        print(json.dumps({"understood": explain(wanted, words), "captions": [caption(x) for x in scenes], "file": str(out)}))
    else:
        drawn = [(f"seed {seed + i}", caption(scene)) for i, scene in enumerate(scenes)]
        terminal.table((), [("understood", explain(wanted, words)), *drawn])
        print(out)


def _cover(seed: int, n: int, as_json: bool) -> None:
    import dataclasses

    from .tools.sketch.coverage import coverage

    found = coverage(seed, n)
    if as_json:
        print(json.dumps(dataclasses.asdict(found)))
        return
    told = [("scenes", f"{n}, {found.stimulus_scenes} of them with a stimulus")]
    told.append(("objects", ", ".join(f"{count}: {scenes}" for count, scenes in found.counts.items())))
    told.append(("groups", ", ".join(f"of {size}: {groups}" for size, groups in found.groups.items())))
    terminal.table((), [*told, ("group scenes", str(found.group_scenes))])
    rows = [(c.kind, c.kinds, c.met, c.least, c.rarest, f"{c.median:g}", c.promised or "") for c in found.covered]
    terminal.table(("kind", "known", "met", "scenes of the rarest", "which is", "median", "promised"), rows)


@app.command()
def cache(clear: options.Clear = False, limit: options.CacheLimit = None, as_json: options.Json = False) -> None:
    """Say what the cache holds, and make room in it.

    What is taken away is made again where it is asked for; what a running process needs stays. $LETTVIN_CACHE is where
    the cache lies, $LETTVIN_CACHE_LIMIT (20GB if not set) the size it is kept within.
    """
    from .tools.cache_report import cache_report, make_room
    from .tools.store import cache_folder

    folder = cache_folder()
    report = cache_report(folder, make_room(folder, clear, limit))
    if as_json:
        print(json.dumps(report.as_values()))
    else:
        terminal.table(report.head, report.rows())
        print("\n".join(report.lines()))


@app.command()
def doctor() -> None:
    """Say what is installed and what is needed.

    Packages, devices, targets, the cache and its size, and whether a network is needed.
    """
    from .doctor import facts

    terminal.table((), list(facts()))


@app.command()
def bench(name: options.Benchmark, as_json: options.Json = False) -> None:
    """Measure lettvin itself on this machine."""
    known = ("throughput",)
    if name not in known:
        raise BadInput(f"unknown benchmark {name!r}; nearest: {nearest(name, known)}")
    from .benchmarks import throughput

    result = throughput.run()
    if as_json:
        print(json.dumps(result))
    else:
        terminal.table((), list(result["figures"].items()))
        print(f"{result['command']} on {result['device']}")
