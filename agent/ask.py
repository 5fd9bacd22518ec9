"""`ask`: one question about one unit, from the networks and pictures to the answer and its page.

Covered: putting a run together (source, dissection, lab, backbone, folder) and ending it well. Not covered: the steps
(`loop.py`), the command line (`cli.py`).
"""

from __future__ import annotations

import platform
import re
import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..targets.errors import BadInput
from ..targets.loaders import plug_in_of
from ..targets.target import Unit
from ..tools.dissection import dissect, dissect_unit
from ..tools.instrument import instruments
from ..tools.lab import Lab, Limits
from ..tools.profile import Profile
from ..tools.sources.open_source import open_source
from ..tools.sources.source import Source
from ..tools.store import Store, cache_folder
from . import by_name
from .answer import Answer
from .backbones.backbone import Backbone
from .loop import Run
from .run_folder import RunFolder, check_writable, new_run
from .transcript import Answered, Started
from .watcher import Silent, Watcher

if TYPE_CHECKING:
    from ..tools.dissection import Dissection

LITERAL = "What makes this unit fire?"
_UNIT = r"(?:(?:this|the|that) )?(?:it|(?:unit|neuron|channel|feature|direction|group)(?: [\w.:+@-]*\d)?)"
_SHOWN = r"(?:pictures?|images?|things?|concepts?|inputs?|stimul(?:us|i)|contents?)"
_WHAT = rf"(?:what|(?:what|which)(?: kinds? of| sorts? of)? {_SHOWN})"
_LITERAL = re.compile(  # anything more, or less, asks something else: "what colour ...", "... not fire?", "... most?"
    rf"{_WHAT} (?:"
    rf"(?:makes?|causes?|lets?) {_UNIT} (?:to )?(?:fire|activate|respond|react|light up)"
    rf"|(?:fires?|activates?|excites?|drives?|triggers?) {_UNIT}"
    rf"|does {_UNIT} (?:do|fire for|respond to|react to|activate for|activate on|look for|stand for|detect|represent|encode)"
    rf"|is {_UNIT} (?:firing for|responding to|looking for|activated by|driven by|excited by|triggered by)"
    r")",
    re.IGNORECASE,
)


def ask(
    unit: Unit,
    question: str = LITERAL,
    *,
    backbone: str | Backbone = "empiricist",
    data: str | Source = "sketch:2000",
    generator: str = "sketch",
    describer: str = "exact",
    tools: Sequence[str] = (),
    layers: Sequence[str] | None = None,
    seed: int = 0,
    runs: str | Path = "runs",
    max_images: int | None = None,
    max_seconds: float | None = None,
    watcher: Watcher | None = None,
    page: bool = True,
) -> Answer:
    """Ask what a unit does; the answer, with its run folder and page.

    `data`: ``sketch:N[@seed]`` or a folder. `layers`: those dissected in the one pass (default: the target's own).
    `backbone`, `generator`, `describer`: a name, an installed plug-in's, or FILE.py:Class; `tools`: instruments beside
    those known, FILE.py:function each (or an installed plug-in's name, so that the run is refused where it is broken).
    `max_images`: pictures measured beyond the data; `max_seconds`: wall time. `page`: write report.html too. Raises
    `BadInput` on what cannot be used, before anything is run.
    """
    watcher = watcher or Silent()
    if not question.strip():
        raise BadInput("an empty question; ask for example " + repr(LITERAL))
    limits = Limits(max_images, max_seconds)
    make_generator, drawing = by_name.generator(generator)
    make_describer, describing = by_name.describer(describer)
    make_backbone, deciding = by_name.backbone(backbone) if isinstance(backbone, str) else (lambda: backbone, None)
    words, mind = make_describer(), make_backbone()
    known = instruments(tools)
    others = [plug_in_of(unit.target.name), drawing, describing, deciding, *(x.plug_in for x in known.values())]
    settings = {
        "layers": None if layers is None else list(layers),
        "max_images": limits.images,
        "max_seconds": limits.seconds,
        "tools": list(tools),
        "plug_ins": [plug_in.record() for plug_in in others if plug_in is not None],
    }
    players = (backbone if isinstance(backbone, str) else mind.name, generator, describer)
    started = time.monotonic()
    source = open_source(data) if isinstance(data, str) else data
    started_event = _started(unit, question, players, source, seed, settings)
    check_writable(Path(runs))
    with Store(cache_folder()) as store:
        try:
            drawn_by = make_generator(store)
            lab = Lab(
                unit=unit,
                source=source,
                profile=profile_unit(unit, source, layers, cache_folder() / "dissections", watcher.progress),
                store=store,
                generator=drawn_by,
                describer=words,
                seed=seed,
                limits=limits,
                progress=watcher.progress,
                started=started,
            )
            if not len(lab.open) or not len(lab.held_back):
                raise BadInput(
                    f"{source.name} holds {len(lab.open)} readable pictures: too few to explore and to hold back"
                )
            # only here, so that bad input, or Ctrl-C while dissecting, leaves no folder behind
            path = new_run(Path(runs), f"{unit.target.name}-{unit.address}", _about(started_event))
            folder = RunFolder(path, store, watcher.event)
            try:
                answered = Run(lab, mind, folder, known).play(started_event)
                if page:
                    _write_page(lab, answered, path)
            finally:
                folder.close()
        finally:
            watcher.close()
    return _answer(answered, time.monotonic() - started, path)


def _answer(answered: Answered, seconds: float, run: Path) -> Answer:
    shared = {name: getattr(answered, name) for name in Answer.model_fields if name in Answered.model_fields}
    return Answer(**shared, seconds=round(seconds, 2), run=str(run))


def profile_unit(
    unit: Unit, source: Source, layers: Sequence[str] | None, folder: Path, progress: Callable[[str, int, int], None]
) -> Profile:
    """The unit's profile, from the dissection of all its target's layers (or of the unit alone, for a group)."""

    def watch(done: int, total: int) -> None:
        progress("dissecting", done, total)

    dissection: Dissection
    if unit.index is None:
        dissection = dissect_unit(unit.target, source, unit, folder=folder, watch=watch)
        layer, index = dissection.layers[0], 0
    else:
        chosen = list(layers) if layers is not None else list(unit.target.default_layers)
        if unit.layer.name not in chosen:
            chosen = [unit.layer.name] if layers is None else [*chosen, unit.layer.name]
        dissection = dissect(unit.target, source, chosen, folder=folder, watch=watch)
        layer, index = unit.layer.name, unit.index
    return Profile(
        peaks=dissection.column(layer, index),
        threshold=dissection.threshold(layer, index),
        dead=bool(dissection.dead(layer)[index]),
        sparse=bool(dissection.sparse(layer)[index]),
        patch=unit.target.patch(unit.layer.name),
        skipped=tuple(f"{s.name or s.index}: {s.reason}" for s in dissection.skipped),
    )


def taken_literally(question: str) -> bool:
    """Whether the question is what a run answers, what the unit fires for; any other is answered as that, and told so."""
    return _LITERAL.fullmatch(" ".join(question.split()).rstrip("?!. ")) is not None


def _started(
    unit: Unit, question: str, players: tuple[str, str, str], source: Source, seed: int, settings: dict[str, Any]
) -> Started:
    backbone, generator, describer = players
    return Started(
        question=question,
        answering=question if taken_literally(question) else LITERAL,
        target=unit.target.name,
        unit=unit.address,
        layer=unit.layer.name,
        layer_kind=unit.layer.kind,
        backbone=backbone,
        data=source.name,
        generator=generator,
        describer=describer,
        seed=seed,
        versions={"python": platform.python_version()}
        | {name: _version(name) for name in ("lettvin", "torch", "numpy", "scipy")},
        settings=settings,
    )


def _about(started: Started) -> dict[str, Any]:
    """run.json: what is needed to ask again."""
    about = started.model_dump(mode="json", exclude={"seq", "at", "kind"})
    words = ["lettvin", "ask", started.target, started.unit, started.question]
    words += ["--backbone", started.backbone, "--data", started.data, "--seed", str(started.seed)]
    words += [] if started.generator == "sketch" else ["--generator", started.generator]
    words += [] if started.describer == "exact" else ["--describer", started.describer]
    words += [word for name in started.settings["tools"] for word in ("--tool", name)]
    for option, value in (
        ("--max-images", started.settings["max_images"]),
        ("--max-seconds", started.settings["max_seconds"]),
    ):
        words += [] if value is None else [option, f"{value:g}"]
    if started.settings["layers"] is not None:
        words += ["--layers", ",".join(started.settings["layers"])]
    return about | {"command": words}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _write_page(lab: Lab, answered: Answered, path: Path) -> None:
    from .report.maps import keep_maps
    from .report.page import write_page

    shown = [lab.find(identity) for identity in answered.exemplars]
    found = lab.activations(shown, lab.unit, maps=True)
    maps = {identity: a.map for identity, a in found.items() if a.map is not None}
    keep_maps(path, maps, lab.profile.threshold, lab.profile.patch)
    write_page(path, lab.store.folder)
