"""The commands that say what there is and prepare it: `units`, `dissect`, `tools`, `cache`, `doctor`.

Covered: from the words of a command line to calls, and how what comes back is laid out. What is heavy is imported inside
the commands. Not covered: exit codes of errors (`cli.py`), the options (`options.py`).
"""

from __future__ import annotations

import json
import time

from . import options, terminal


def units(target: options.TargetName, device: options.Device = "auto", as_json: options.Json = False) -> None:
    """List the layers of a target.

    In forward order: name, number of units, kind.
    """
    from ...targets.loaders import load_target

    layers = load_target(target, device).layers
    if as_json:
        print(json.dumps({"layers": [{"name": x.name, "units": x.units, "kind": x.kind} for x in layers]}))
    else:
        terminal.table(("layer", "units", "kind"), [(x.name, x.units, x.kind) for x in layers])


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
    from ...targets.loaders import load_target
    from ...tools.dissection import dissect as dissect_layers
    from ...tools.sources.cutouts import with_folders
    from ...tools.sources.open_source import open_source
    from ...tools.store import Store, cache_folder

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


def tools(tool: options.Tools = None, as_json: options.Json = False) -> None:
    """List the instruments.

    With the signature that a backbone sees; --json gives their schemas. Those of plug-ins say where they come from.
    """
    from ...tools.instrument import instruments

    known = instruments(tool or ()).values()
    if as_json:
        print(json.dumps([{"name": x.name, "doc": x.doc, "schema": x.schema, "from": x.origin} for x in known]))
        return
    for number, instrument in enumerate(known):
        print(("\n" if number else "") + instrument.signature)
        print("\n".join("    " + line.strip() if line.strip() else "" for line in instrument.doc.splitlines()))
        if instrument.plug_in is not None:
            print(f"    (from {instrument.origin})")


def cache(clear: options.Clear = False, limit: options.CacheLimit = None, as_json: options.Json = False) -> None:
    """Say what the cache holds, and make room in it.

    What is taken away is made again where it is asked for; what a running process needs stays. $LETTVIN_CACHE is where
    the cache lies, $LETTVIN_CACHE_LIMIT (20GB if not set) the size it is kept within.
    """
    from ...tools.cache_report import cache_report, make_room
    from ...tools.store import cache_folder

    folder = cache_folder()
    report = cache_report(folder, make_room(folder, clear, limit))
    if as_json:
        print(json.dumps(report.as_values()))
    else:
        terminal.table(report.head, report.rows())
        print("\n".join(report.lines()))


def doctor() -> None:
    """Say what is installed and what is needed.

    Packages, devices, targets, the cache and its size, and whether a network is needed.
    """
    from .doctor import facts

    terminal.table((), list(facts()))
