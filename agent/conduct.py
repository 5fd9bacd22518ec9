"""A run put together and carried through, whether it is asked for the first time or resumed.

Covered: names and settings to the things a run is made of, `run.json`, the lab, playing the run and writing its page, and
one clear line where the disk is full. Not covered: where a new run's folder comes from (`ask.py`), what is on record of an
old one (`resume.py`), and the steps (`loop.py`).
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ..targets.errors import BadInput, DiskFull, ModelFailed
from ..targets.loaders import plug_in_of
from ..targets.plug_ins import PlugIn
from ..targets.target import Unit
from ..tools.caption_store import remembering
from ..tools.describer import Describer, DescribesMany
from ..tools.editor import Editor, WithEditor
from ..tools.generator import Generator
from ..tools.instrument import Instrument, instruments
from ..tools.lab import Lab, Limits
from ..tools.region_finder import RegionFinder
from ..tools.sketch_generator import SketchGenerator
from ..tools.sources.cutouts import CutoutSource
from ..tools.sources.described import Described, told_of
from ..tools.sources.open_source import open_source
from ..tools.sources.source import Source
from ..tools.store import Store, cache_folder
from . import by_name
from .answer import Answer
from .backbones.backbone import Backbone
from .backbones.model_settings import ModelSettings
from .backbones.models_of_run import ModelsOfRun, is_model
from .backbones.prompt_text import prompt
from .backbones.vision_language import VisionLanguage, Ways
from .endpoint_pictures import EndpointEditor, EndpointGenerator
from .loop import Run
from .model_describer import ModelDescriber
from .open_question import read_question
from .question import LITERAL, taken_literally
from .readings import Readings
from .run_folder import RECORD, RunFolder, recording
from .run_keys import keys, versions
from .transcript import Answered, AnyEvent, Started
from .unit_profile import profile_unit
from .watcher import Watcher


@dataclass(frozen=True)
class Asked:
    """All that a run is made of, opened and checked; `started` says it in words."""

    unit: Unit
    source: Source
    backbone: Backbone
    generator: Callable[[Store], Generator]
    editor: Callable[[Store], Editor] | None
    describer: Describer
    detector: Callable[[], RegionFinder] | None
    instruments: dict[str, Instrument]
    started: Started
    models: ModelsOfRun


def prepare(
    unit: Unit,
    question: str,
    *,
    backbone: str | Backbone,
    data: str | Source,
    generator: str,
    editor: str | None = None,
    detector: str | None = None,
    describer: str | None,
    judge: str | None,
    models: ModelSettings | None,
    tools: Sequence[str],
    layers: Sequence[str] | None,
    seed: int,
    limits: Limits,
    among: int,
    page: bool,
) -> Asked:
    """Open what was named. Raises `BadInput` on what cannot be used."""
    asking = ModelsOfRun(models)
    make_generator, drawing = _generator(generator, asking)
    make_editor, editing = (None, None) if editor is None else _editor(editor, asking)
    make_finder, finding = (None, None) if detector is None else by_name.detector(detector)
    mind, deciding = _mind(backbone, judge, asking)
    describer = describer_of(backbone) if describer is None else describer
    words, describing = _describer(describer, asking)
    if not asking and (said := asking.settings.as_options()):
        raise BadInput(
            f"{said[0]} {said[1]!r} says how a language model is asked, and none is named: add --backbone openai:MODEL"
        )
    known = instruments(tools)
    others = [plug_in_of(unit.target.name), drawing, editing, finding, describing, deciding]
    others += [instrument.plug_in for instrument in known.values()]
    source = open_source(data) if isinstance(data, str) else data
    if isinstance(words, DescribesMany) and not told_of(source):
        source = Described(source, words)
    if make_generator is SketchGenerator and isinstance(source, CutoutSource):
        make_generator = partial(SketchGenerator, cutouts=source.words)  # it draws what the data show
    device = getattr(unit.target, "device", None)
    settings = {
        "layers": None if layers is None else list(layers),
        "max_images": limits.images,
        "max_seconds": limits.seconds,
        "tools": list(tools),
        "plug_ins": [plug_in.record() for plug_in in others if plug_in is not None],
        "device": None if device is None else str(device),
        "among": among,
        "page": page,
        "judge": judge,
        "editor": editor,
        "detector": detector,
        "models": asking.settings.model_dump(mode="json") if asking else None,
    }
    started = Started(
        question=question,
        answering=question if taken_literally(question) else LITERAL,
        target=unit.target.name,
        unit=unit.address,
        layer=unit.layer.name,
        layer_kind=unit.layer.kind,
        backbone=backbone if isinstance(backbone, str) else mind.name,
        data=source.name,
        generator=generator,
        describer=describer,
        seed=seed,
        versions=versions(),
        settings=settings,
        keys=keys(unit, source),
        read_as=read_question(question),
    )
    return Asked(unit, source, mind, make_generator, make_editor, words, make_finder, known, started, asking)


def describer_of(backbone: str | Backbone) -> str:
    """Who puts pictures into words where nobody was named: the model that decides, else "exact"."""
    return backbone if isinstance(backbone, str) and is_model(backbone) else "exact"


def _mind(backbone: str | Backbone, judge: str | None, models: ModelsOfRun) -> tuple[Backbone, PlugIn | None]:
    """Who decides; a model of its own is put on record with the run's."""
    if isinstance(backbone, str) and is_model(backbone):
        mode: Ways = "calls" if models.settings.mode == "calls" else "code"
        judging, summarising = models.of(judge or backbone, "judge"), models.of(backbone, "summariser")
        return VisionLanguage(models.of(backbone), judge=judging, summariser=summarising, mode=mode), None
    if isinstance(backbone, VisionLanguage):
        backbone.summariser = models.of(backbone.summariser, "summariser")
        backbone.judge = models.of(judge or backbone.judge, "judge")
        backbone.model = models.of(backbone.model)
        return backbone, None
    make, plug_in = by_name.backbone(backbone) if isinstance(backbone, str) else (lambda: backbone, None)
    mind = make()
    if isinstance(mind, VisionLanguage):
        return _mind(mind, judge, models)[0], plug_in
    if judge is not None:
        name = backbone if isinstance(backbone, str) else mind.name
        raise BadInput(f"--judge {judge!r} reviews what a language model concludes, and {name!r} is none: leave it out")
    return mind, plug_in


def _generator(name: str, models: ModelsOfRun) -> tuple[Callable[[Store], Generator], PlugIn | None]:
    family, _, rest = name.partition(":")
    if family == "openai":
        return partial(EndpointGenerator, model=models.pictures_by(rest)), None
    return by_name.generator(name)


def _editor(name: str, models: ModelsOfRun) -> tuple[Callable[[Store], Editor], PlugIn | None]:
    family, _, rest = name.partition(":")
    if family == "openai":
        return partial(EndpointEditor, model=models.pictures_by(rest)), None
    return by_name.editor(name)


def _describer(name: str, models: ModelsOfRun) -> tuple[Describer, PlugIn | None]:
    if is_model(name):
        return ModelDescriber(models.of(name, "describer"), prompt("describer"), models.show), None
    make, plug_in = by_name.describer(name)
    return remembering(make()), plug_in


def about(started: Started) -> dict[str, Any]:
    """run.json: what is needed to ask again, or to resume; `folder` is where relative names start from."""
    told = started.model_dump(mode="json", exclude={"seq", "at", "kind"})
    return told | {"command": command(started), "record": RECORD, "folder": str(Path.cwd())}


def command(started: Started) -> list[str]:
    """The command line that asks this again."""
    settings = started.settings
    words = ["lettvin", "ask", started.target, started.unit, started.question]
    words += ["--backbone", started.backbone, "--data", started.data, "--seed", str(started.seed)]
    words += [] if started.generator == "sketch" else ["--generator", started.generator]
    words += [] if settings.get("editor") is None else ["--editor", settings["editor"]]
    words += [] if settings.get("detector") is None else ["--detector", settings["detector"]]
    words += [] if started.describer == describer_of(started.backbone) else ["--describer", started.describer]
    words += [word for name in settings["tools"] for word in ("--tool", name)]
    words += [] if settings["among"] == 1 else ["--among", str(settings["among"])]
    words += Limits(settings["max_images"], settings["max_seconds"]).as_options()
    if settings["layers"] is not None:
        words += ["--layers", ",".join(settings["layers"])]
    words += [] if settings.get("judge") is None else ["--judge", settings["judge"]]
    return words + ModelSettings.model_validate(settings.get("models") or {}).as_options()


@contextmanager
def opened(asked: Asked, limits: Limits, began: float, watcher: Watcher) -> Iterator[Lab]:
    """The lab of a run, with its dissection made or opened. Raises `BadInput` where the data are too few."""
    with Store(cache_folder()) as store:
        drawn_by = asked.generator(store)
        drawn_by = drawn_by if asked.editor is None else WithEditor(drawn_by, asked.editor(store))
        layers, progress = asked.started.settings["layers"], watcher.progress
        lab = Lab(
            unit=asked.unit,
            source=asked.source,
            profile=profile_unit(asked.unit, asked.source, layers, cache_folder() / "dissections", progress),
            store=store,
            generator=drawn_by,
            describer=asked.describer,
            seed=asked.started.seed,
            limits=limits,
            progress=progress,
            started=began,
            finder=None if asked.detector is None else asked.detector(),
        )
        if not len(lab.open) or not len(lab.held_back):
            raise BadInput(
                f"{asked.source.name} holds {len(lab.open)} readable pictures: too few to explore and to hold back"
            )
        yield lab


def carry_through(
    asked: Asked,
    lab: Lab,
    path: Path,
    watcher: Watcher,
    *,
    record: Sequence[AnyEvent] = (),
    live: Callable[[], None] = lambda: None,
    why: str = "",
    shown_as: str | None = None,
    set_aside: Sequence[AnyEvent] = (),
) -> Answer:
    """Play the run in its folder, from its beginning or from the end of its record, and write its page.

    Ctrl-C while the page is written leaves the answer without one. Raises `DiskFull`, with how to go on, where nothing
    more can be written.
    """
    name = shown_as or str(path)
    try:
        readings = Readings(path)
        lab.readings = readings
        try:
            folder = RunFolder(
                path, lab.store, watcher.event, began=lab.started, record=record, live=live, why=why, set_aside=set_aside
            )
            try:
                asked.models.begin(folder, lab.find, folder.show, lab.ends)
                answered = Run(lab, asked.backbone, folder, asked.instruments).play(asked.started)
                if asked.models:
                    watcher.said(f"models: {asked.models.spending.told()}")
                if folder.mended:
                    watcher.said(f"{folder.mended} pictures of the run were missing or broken, and are made again")
                interrupted = bool(asked.started.settings["page"]) and not _page_written(lab, answered, path)
            finally:
                folder.close()
                close = getattr(asked.backbone, "close", None)
                if close is not None:
                    close()
        finally:
            readings.close()
    except DiskFull as full:
        raise DiskFull(f"{full}; then `lettvin resume {shlex.quote(name)}` goes on") from None
    except ModelFailed as failed:
        raise type(failed)(f"{failed}; `lettvin resume {shlex.quote(name)}` goes on") from None
    return answer_of(answered, time.monotonic() - lab.started, name, interrupted)


def answer_of(answered: Answered, seconds: float, run: str, interrupted: bool = False) -> Answer:
    """The answer as it is given: with the run's duration and place."""
    shared = {name: getattr(answered, name) for name in Answer.model_fields if name in Answered.model_fields}
    return Answer(**shared, seconds=round(seconds, 2), run=run, interrupted=interrupted)


def _page_written(lab: Lab, answered: Answered, path: Path) -> bool:
    """Write the page; False where Ctrl-C came in between."""
    from .report.maps import keep_maps, sights
    from .report.page import write_page

    try:
        with recording(path):
            shown = [lab.find(identity) for identity in answered.exemplars]
            found = lab.activations(shown, lab.unit, maps=True)
            maps = {identity: a.map for identity, a in found.items() if a.map is not None}
            keep_maps(path, maps, lab.profile.threshold, lab.profile.patch, sights(lab, shown))
            write_page(path, lab.store.folder)
    except KeyboardInterrupt:
        return False
    return True
