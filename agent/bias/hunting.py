"""`bias`: which subgroups of a class score lower than the rest of it, screened on some pictures and confirmed on fresh ones.

Covered: the order of a hunt, and its lab. Does the unit tell the class at all (pictures of it against the same with another
noun)? Every subgroup is listed; all are screened on the same random pictures of the class; the worst become claims, each
registered with its number of pairs before its pictures are made; a claim is that the same picture scores lower in the subgroup
than out of it by more than `MARGIN` of the way from pictures without the class to pictures of it, by sign flips, corrected by
Holm over all subgroups tried. Not covered: each step (`steps.py`), the verdicts (`judging.py`), what subgroups there are
(`subgroups.py`), the words (`telling.py`), the page, the run's folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ...targets.errors import BadInput, nearest
from ...targets.target import Unit
from ...tools.describer import ExactDescriber
from ...tools.lab import Lab, Limits
from ...tools.screen import screen
from ...tools.sketch import vocabulary as v
from ...tools.sketch.concept import Phrase
from ...tools.sketch.cutout_nouns import NONE, Cutouts
from ...tools.sketch_generator import SketchGenerator
from ...tools.sources.cutouts import CutoutSource
from ...tools.sources.open_source import open_source
from ...tools.sources.source import Source
from ...tools.store import Store, cache_folder
from ..comparison.events import ComparisonBegun
from ..deciding_experiment import MARGIN
from ..fixed_protocol import begin, go_on, played, settings_of
from ..known_target import open_target
from ..ledger import ALPHA
from ..loop import profile
from ..readings import Readings
from ..run_folder import RunFolder
from ..run_keys import keys, versions
from ..unit_profile import profile_unit
from ..watcher import Silent, Watcher
from .events import HuntBegun, Hunted
from .judging import Found, judged
from .steps import Size, Steps
from .telling import BiasReport, told_of


def hunt(
    unit: Unit,
    shows_: str | None = None,
    *,
    data: str | Source = "sketch:2000",
    size: Size | None = None,
    seed: int = 0,
    runs: str | Path = "runs",
    max_images: int | None = None,
    max_seconds: float | None = None,
    watcher: Watcher | None = None,
    page: bool = True,
) -> BiasReport:
    """Which subgroups of a class score lower than the rest of it; `unit`: the class's, such as a logit.

    `shows_`: the noun of the drawn world (or of the data's cut-outs) that pictures of the class show; where None, the one that
    goes best with the unit on the data. Raises `BadInput` on what cannot be used, and `DiskFull` where nothing more can be
    written.
    """
    watcher, limits = watcher or Silent(), Limits(max_images, max_seconds)
    try:
        asked = Hunting.of(unit, shows_, data, size or Size(), seed, limits, page, watcher)
        ended, run, seconds = begin(asked, f"bias-{unit.target.name}-{unit.address}", Path(runs), limits, watcher, page)
        assert isinstance(ended, Hunted)
        return BiasReport.of(asked.begun, ended, run, seconds)
    finally:
        watcher.close()


def resume_hunt(
    run: str | Path,
    *,
    unit: Unit | None = None,
    data: Source | None = None,
    max_images: int | None = None,
    max_seconds: float | None = None,
    watcher: Watcher | None = None,
) -> BiasReport:
    """Go on with a hunt that was cut off or stopped; a finished one only says what it came to. Raises `BadInput`."""
    watcher = watcher or Silent()

    def make(told: dict[str, Any]) -> Hunting:
        settings = told["settings"]
        found = unit or open_target(told["target"], settings["device"] or "auto").unit(told["unit"])
        limits = Limits(settings["max_images"], settings["max_seconds"])
        size = Size(**settings["size"])
        made = Hunting.of(
            found, told["shows"], data or told["data"], size, told["seed"], limits, bool(settings["page"]), watcher
        )
        made.begun = made.begun.model_copy(update={"chosen": told["chosen"]})
        return made

    try:
        ended, shown_as, seconds = go_on(Path(run), make, watcher, max_images, max_seconds)
        if not isinstance(ended, Hunted):
            raise BadInput(f"the run in {str(run)!r} is no hunt for bias")
        return BiasReport.read(Path(run), ended, shown_as, seconds)
    finally:
        watcher.close()


@dataclass
class Hunting:
    """A hunt, put together; `opened` makes its lab, `play` plays it."""

    unit: Unit
    source: Source
    cutouts: Cutouts
    size: Size
    begun: HuntBegun
    limits: Limits
    labs: list[Lab] = field(default_factory=list)
    _path: Callable[[], Path] = Path

    @classmethod
    def of(
        cls,
        unit: Unit,
        noun: str | None,
        data: str | Source,
        size: Size,
        seed: int,
        limits: Limits,
        page: bool,
        watcher: Watcher,
    ) -> Hunting:
        """Open what was named, and find the noun where none was. Raises `BadInput`."""
        source = open_source(data) if isinstance(data, str) else data
        cutouts = source.words if isinstance(source, CutoutSource) else NONE
        known = tuple(dict.fromkeys((*cutouts.nouns, *v.NOUNS)))
        if noun is not None and noun not in known:
            raise BadInput(f"{noun!r} is no noun that can be drawn here; nearest: {nearest(noun, known)}")
        begun = HuntBegun(
            question="",
            target=unit.target.name,
            unit=unit.address,
            shows=noun or "",
            chosen=noun is None,
            data=source.name,
            seed=seed,
            versions=versions(),
            settings=settings_of(unit, limits, page) | {"size": asdict(size)},
            keys=keys(unit, source),
        )
        made = cls(unit, source, cutouts, size, begun, limits)
        if noun is None:
            with Store(cache_folder()) as store:
                noun, *others = _best_nouns(made._lab(store, 0.0, watcher), cutouts)
            then = f"; then {', '.join(others)}" if others else ""
            watcher.said(f"pictures of the class show: {noun} (what goes best with the unit{then}; --shows says otherwise)")
        question = f"Which {v.plural(noun)} score lower at {unit.address} than the rest of them?"
        made.begun = begun.model_copy(update={"shows": noun, "question": question})
        return made

    def begin_as(self, begun: ComparisonBegun | HuntBegun) -> None:
        """Take the beginning that is on record for its own."""
        assert isinstance(begun, HuntBegun)
        self.begun = begun

    def command(self) -> list[str]:
        """The command line that asks this again."""
        begun = self.begun
        words = ["lettvin", "bias", begun.target, begun.unit, "--shows", begun.shows]
        words += ["--data", begun.data, "--seed", str(begun.seed)]
        return words + self.limits.as_options()

    @contextmanager
    def opened(self, path: Callable[[], Path], limits: Limits, began: float, watcher: Watcher) -> Iterator[Store]:
        """The lab."""
        self._path, self.limits = path, limits
        with Store(cache_folder()) as store:
            self.labs = [self._lab(store, began, watcher)]
            try:
                yield store
            finally:
                if isinstance(self.labs[0].readings, Readings):
                    self.labs[0].readings.close()

    def limit_to(self, limits: Limits) -> None:
        """What the lab may spend from now on."""
        self.limits = limits
        for lab in self.labs:
            lab.limits = limits

    def write_page(self, path: Path, kept: Path) -> None:
        """The run's page, from its folder alone."""
        from ..report.bias_page import write_bias

        with suppress(KeyboardInterrupt):
            write_bias(path, kept)

    def _lab(self, store: Store, began: float, watcher: Watcher) -> Lab:
        return Lab(
            unit=self.unit,
            source=self.source,
            profile=profile_unit(self.unit, self.source, None, cache_folder() / "dissections", watcher.progress),
            store=store,
            generator=SketchGenerator(store, self.cutouts),
            describer=ExactDescriber(),
            seed=self.begun.seed,
            limits=self.limits,
            progress=watcher.progress,
            started=began,
        )

    # ---- the order --------------------------------------------------------------------------------------------------------

    def play(self, folder: RunFolder) -> Hunted:
        """The whole hunt; a limit or Ctrl-C leads to what can be said by then."""
        lab = self.labs[0]
        lab.readings = Readings(self._path())
        step = Steps(lab, folder, self.begun.shows, self.cutouts, self.size)
        found = Found()

        def steps() -> Hunted:
            folder.append(self.begun)
            folder.append(profile(lab))
            found.told = step.class_shown()
            if found.told.tells:
                found.listed, company = step.listed()
                found.screened = step.screened(found.listed, found.told, company)
                suspects = step.suspected(found.listed, found.screened)
                for suspect in suspects:
                    found.suspects[suspect.subgroup.name] = suspect
                for suspect in suspects:
                    found.confirmed[suspect.claim] = step.confirmed(suspect, found.told, company, len(found.listed.subgroups))
            return end(None)

        def end(limit: str | None) -> Hunted:
            findings = judged(found)
            verdict, text = told_of(self.begun, found.told, findings, MARGIN, limit)
            hunted = Hunted(
                verdict=verdict,
                text=text,
                findings=findings,
                images=len(lab.spent),
                limit=limit,
                exemplars=[r.picture for r in (found.told.of_class[:6] if found.told is not None else [])],
            )
            folder.append(hunted)
            return hunted

        return played(folder, steps, end)


def _best_nouns(lab: Lab, cutouts: Cutouts) -> list[str]:
    """The nouns that go best with the unit on the open data, three at most. Raises `BadInput` where none does."""
    nouns = [noun for noun in (*cutouts.nouns, *v.NOUNS) if lab.corpus.truths(Phrase(noun=noun))[lab.open].sum() >= 3]
    fits = screen(lab, concepts=nouns).fits if nouns else []
    if not fits or fits[0].r <= 0 or fits[0].q > ALPHA:
        raise BadInput(
            f"no noun goes with {lab.unit.address!r} on {lab.source.name!r}: say what pictures of the class show, such as "
            "--shows dog"
        )
    return [fit.concept for fit in fits[:3] if fit.r > 0 and fit.q <= ALPHA]
