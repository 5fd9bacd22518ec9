"""`compare`: what separates two units, of one network or of two, said only after experiments on fresh pictures.

Covered: the order of a comparison. Each unit gets its own scale (rest to full response) from its profile and redraw test; both
are shown the contents that fire either most, drawn anew; the difference of their levels is studied as a unit of its own, once
for each direction, by the same scientist and under the same rules as any unit (`../loop.py`); what the studies say becomes
claims, which are registered, drawn, measured on both units with controls, and judged together (`claims.py`). Not covered: the
words (`telling.py`), the page (`../report/comparison_page.py`), the run's folder (`../fixed_protocol.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...targets.difference import DifferenceTarget, Scaled
from ...targets.errors import BadInput
from ...targets.target import Unit
from ...tools.describer import ExactDescriber
from ...tools.generator import Generator
from ...tools.lab import Lab, Limits
from ...tools.profile import Profile
from ...tools.sketch.concept import normal
from ...tools.sketch_generator import SketchGenerator
from ...tools.sources.cutouts import CutoutSource
from ...tools.sources.open_source import open_source
from ...tools.sources.source import Source
from ...tools.statistics import pearson
from ...tools.store import Store, cache_folder
from .. import by_name
from ..bias.events import HuntBegun
from ..conduct import prepare
from ..deciding_experiment import MARGIN, difference, full_of, rest_of
from ..fixed_protocol import StoppedWithin, begin, go_on, played, settings_of
from ..known_target import open_target
from ..loop import Run, profile
from ..readings import Readings
from ..redraw_test import KEPT, redraw_test
from ..run_folder import PartOfRun, RunFolder, read_events
from ..run_keys import keys, versions
from ..transcript import Redrawn
from ..unit_profile import profile_unit
from ..watcher import Silent, Watcher
from .claims import OTHER, Pair, accounts, judged, narrowed, nested, registered, weighed
from .events import SIDES, Agreed, Apart, Claimed, Compared, ComparisonBegun, Levelled, Narrowed, Side, Weighed
from .telling import Comparison, exemplars, told_of, unit_names

STRONGEST = 16  # data pictures of those kept back on which units are held against each other that cannot be drawn anew


def compare(
    one: Unit,
    other: Unit,
    *,
    data: str | Source = "sketch:2000",
    backbone: str = "empiricist",
    seed: int = 0,
    runs: str | Path = "runs",
    max_images: int | None = None,
    max_seconds: float | None = None,
    watcher: Watcher | None = None,
    page: bool = True,
) -> Comparison:
    """What separates two units; the units may be of two networks, such as one before and after fine-tuning.

    `data`: as of `ask`. `backbone`: who studies the difference, by name; no language model. `max_images`: pictures measured
    beyond the data, each once however many units see it; `max_seconds`: wall time. `page`: write report.html too. Raises
    `BadInput` on what cannot be used, before anything is run, and `DiskFull` where nothing more can be written.
    """
    watcher, limits = watcher or Silent(), Limits(max_images, max_seconds)
    try:
        asked = Comparing.of(one, other, data, backbone, seed, limits, page)
        name = f"compare-{one.target.name}-{one.address}-{other.address}"
        ended, run, seconds = begin(asked, name, Path(runs), limits, watcher, page)
        assert isinstance(ended, Compared)
        return Comparison.of(asked.begun, ended, run, seconds)
    finally:
        watcher.close()


def resume_comparison(
    run: str | Path,
    *,
    one: Unit | None = None,
    other: Unit | None = None,
    data: Source | None = None,
    max_images: int | None = None,
    max_seconds: float | None = None,
    watcher: Watcher | None = None,
) -> Comparison:
    """Go on with a comparison that was cut off or stopped; a finished one only says what it came to.

    `one`, `other`, `data`: where these were made in Python. Raises `BadInput` where it cannot be gone on with.
    """
    watcher, begun = watcher or Silent(), []

    def make(told: dict[str, Any]) -> Comparing:
        settings = told["settings"]
        device = settings["device"] or "auto"
        first = one or open_target(told["target"], device).unit(told["unit"])
        alike = told["other_target"] == told["target"]
        second = other or (first.target if alike else open_target(told["other_target"], device)).unit(told["other_unit"])
        limits = Limits(settings["max_images"], settings["max_seconds"])
        made = Comparing.of(
            first, second, data or told["data"], told["backbone"], told["seed"], limits, bool(settings["page"])
        )
        begun.append(made.begun)
        return made

    try:
        ended, shown_as, seconds = go_on(Path(run), make, watcher, max_images, max_seconds)
        if not isinstance(ended, Compared):
            raise BadInput(f"the run in {str(run)!r} is no comparison")
        return Comparison.read(Path(run), ended, shown_as, seconds)
    finally:
        watcher.close()


@dataclass
class Comparing:
    """A comparison, put together; `opened` makes its labs, `play` plays it."""

    one: Unit
    other: Unit
    source: Source
    begun: ComparisonBegun
    limits: Limits
    labs: dict[str, Lab] = field(default_factory=dict)
    watcher: Watcher = field(default_factory=Silent)
    _path: Callable[[], Path] = Path
    _store: Store | None = None

    @classmethod
    def of(
        cls, one: Unit, other: Unit, data: str | Source, backbone: str, seed: int, limits: Limits, page: bool
    ) -> Comparing:
        """Open what was named. Raises `BadInput`."""
        if by_name.is_model(backbone):
            raise BadInput(f"a comparison is not decided by a language model, as {backbone!r} is: leave the backbone out")
        by_name.backbone(backbone)
        source = open_source(data) if isinstance(data, str) else data
        names = unit_names(one.target.name, one.address, other.target.name, other.address)
        known = keys(one, source) | {"other target": other.target.key}
        begun = ComparisonBegun(
            question=f"What separates {names['one']} and {names['other']}?",
            target=one.target.name,
            unit=one.address,
            other_target=other.target.name,
            other_unit=other.address,
            backbone=backbone,
            data=source.name,
            seed=seed,
            versions=versions(),
            settings=settings_of(one, limits, page),
            keys=known,
        )
        return cls(one, other, source, begun, limits)

    @property
    def names(self) -> dict[Side, str]:
        """What the units are called."""
        return unit_names(self.begun.target, self.begun.unit, self.begun.other_target, self.begun.other_unit)

    def begin_as(self, begun: ComparisonBegun | HuntBegun) -> None:
        """Take the beginning that is on record for its own."""
        assert isinstance(begun, ComparisonBegun)
        self.begun = begun

    def command(self) -> list[str]:
        """The command line that asks this again."""
        begun = self.begun
        words = ["lettvin", "compare", begun.target, begun.unit, begun.other_unit]
        words += [] if begun.other_target == begun.target else ["--other-target", begun.other_target]
        words += ["--data", begun.data, "--seed", str(begun.seed)]
        return words + self.limits.as_options()

    @contextmanager
    def opened(self, path: Callable[[], Path], limits: Limits, began: float, watcher: Watcher) -> Iterator[Store]:
        """The labs of both units, which share what the run has measured. Raises `BadInput` where the data are too few."""
        self.watcher, self._path, self.limits = watcher, path, limits
        with Store(cache_folder()) as store:
            self._store = store
            profiles = {
                side: profile_unit(unit, self.source, None, cache_folder() / "dissections", watcher.progress)
                for side, unit in zip(SIDES, (self.one, self.other), strict=True)
            }
            first = self._lab(self.one, profiles["one"], began)
            if len(first.open) < 10 or not len(first.held_back):
                raise BadInput(f"{self.source.name} holds {len(first.open)} readable pictures: too few to compare units on")
            self.labs = {"one": first, "other": self._lab(self.other, profiles["other"], began, first)}
            try:
                yield store
            finally:
                for lab in self.labs.values():
                    if isinstance(lab.readings, Readings):
                        lab.readings.close()

    def limit_to(self, limits: Limits) -> None:
        """What all labs may spend from now on."""
        self.limits = limits
        for lab in self.labs.values():
            lab.limits = limits

    def write_page(self, path: Path, kept: Path) -> None:
        """The run's pages, with the maps of both units on the pictures shown."""
        from ..report.comparison_page import MAPS, write_comparison
        from ..report.maps import keep_maps, sights

        compared = next(event for event in reversed(read_events(path)) if isinstance(event, Compared))
        with suppress(KeyboardInterrupt):
            for side in SIDES:
                lab = self.labs[side]
                shown = [lab.find(one.picture) for one in compared.shown]
                found = lab.activations(shown, lab.unit, maps=True)
                maps = {identity: a.map for identity, a in found.items() if a.map is not None}
                keep_maps(path, maps, lab.profile.threshold, lab.profile.patch, sights(lab, shown), MAPS[side])
            write_comparison(path, kept)

    # ---- the order --------------------------------------------------------------------------------------------------------

    def play(self, folder: RunFolder) -> Compared:
        """The whole comparison; a limit or Ctrl-C leads to what can be said by then."""
        for side in SIDES:  # only now, as the run has a folder
            file = "readings.jsonl" if side == "one" else f"readings-{side}.jsonl"
            self.labs[side].readings = Readings(self._path(), file)
        claims: list[Claimed] = []
        found: list[Weighed] = []
        narrow: list[Narrowed] = []
        known: dict[str, Any] = {"levelled": {}, "agreed": None, "driven": {}}

        def steps() -> Compared:
            folder.append(self.begun)
            self._level(folder, known)
            pair = Pair(
                {side: self.labs[side] for side in SIDES},
                {s: Scaled(u, known["levelled"][s].rest, known["levelled"][s].full)
                 for s, u in zip(SIDES, (self.one, self.other), strict=True)},
            )  # fmt: skip
            self._agree(folder, pair, known)
            if any(known["levelled"][side].driven for side in SIDES):
                said = {side: self._study(folder, pair, side, known) for side in SIDES}
                for side in SIDES:
                    narrow.extend(said[side])
                self._register(folder, narrow, claims)
                for claimed in claims:
                    weight = weighed(pair, self.labs[f"apart {claimed.side}"], claimed)
                    for picture in [r.picture for some in (weight.shown, weight.near) for r in some["one"]]:
                        folder.show(self.labs["one"].find(picture))
                    folder.append(weight)
                    found.append(weight)
            return end(None)

        def end(limit: str | None) -> Compared:
            told = nested(judged(claims, found, self.names), self.labs["one"].corpus)
            shared = list(dict.fromkeys(t.shared for one in narrow for t in one.tried if t.shared is not None))
            verdict, text = told_of(self.names, told, shared, known, limit)
            shown = exemplars(known["levelled"], self.labs)
            for one in shown:
                folder.show(self.labs["one"].find(one.picture))
            compared = Compared(
                verdict=verdict,
                text=text,
                claims=told,
                shared=shared,
                images=len(self.labs["one"].spent),
                limit=limit,
                shown=shown,
            )
            folder.append(compared)
            return compared

        return played(folder, steps, end)

    def _level(self, folder: RunFolder, known: dict[str, Any]) -> None:
        """Each unit's own scale."""
        for side in SIDES:
            lab = self.labs[side]
            told = profile(lab)
            folder.append(told)
            full, driven, rest = float("-inf"), False, rest_of(lab)
            if not told.dead:
                redrawn = redraw_test(lab)
                for part in ("top", "chosen", "fresh", "ordinary", "random"):
                    for reading in getattr(redrawn, part):
                        if reading.picture:
                            folder.show(lab.find(reading.picture))
                folder.append(redrawn)
                known[f"redrawn {side}"] = redrawn
                full, driven = full_of(lab, redrawn), redrawn.driven
            level = Levelled(
                side=side, unit=self.names[side], rest=rest, full=max(rest, full), driven=driven and full > rest, dead=told.dead
            )
            folder.append(level)
            known["levelled"][side] = level

    def _agree(self, folder: RunFolder, pair: Pair, known: dict[str, Any]) -> None:
        """Both units on fresh drawings of what fires either most; the margin is that of every "no" that lettvin says."""
        means: dict[Side, tuple[float, float, float]] = {}
        n: dict[Side, int] = {}
        for side in SIDES:
            redrawn: Redrawn | None = known.get(f"redrawn {side}")
            if redrawn is None:
                continue
            apart, contents = self._held_against(pair, side, redrawn)
            mean = difference(apart if side == "one" else -apart, contents)  # always the one less the other
            means[side] = (round(mean.mean, 4), round(mean.low, 4), round(mean.high, 4))
            n[side] = len(dict.fromkeys(contents))
        levels = [pair.scaled[s].levels(self.labs[s].peaks) for s in SIDES]
        there = np.isfinite(levels[0]) & np.isfinite(levels[1])
        r = pearson(levels[0][there], levels[1][there])
        agreed = Agreed(
            margin=MARGIN,
            means=means,
            n=n,
            alike=bool(means) and all(low > -MARGIN and high < MARGIN for _, low, high in means.values()),
            correlation=None if r is None else round(r, 4),
        )
        folder.append(agreed)
        known["agreed"] = agreed

    def _held_against(self, pair: Pair, side: Side, redrawn: Redrawn) -> tuple[np.ndarray, list[int]]:
        """Levels of a unit less those of the other on contents that fire it, and which pictures show the same contents."""
        mine, its = self.labs[side], self.labs[OTHER[side]]
        if redrawn.way != "redraw":
            rows = mine.held_back[np.argsort(-mine.peaks[mine.held_back], kind="stable")][:STRONGEST]
            apart = pair.scaled[side].levels(mine.peaks[rows]) - pair.scaled[OTHER[side]].levels(its.peaks[rows])
            return apart, list(range(len(rows)))
        readings = [*redrawn.chosen, *redrawn.fresh]
        best = sorted(range(len(redrawn.chosen)), key=lambda i: -redrawn.chosen[i].peak)[:KEPT]
        contents = [*range(len(redrawn.chosen)), *(best[k % len(best)] for k in range(len(redrawn.fresh)))]
        others = its.measure([mine.find(reading.picture) for reading in readings])
        return pair.levels(side, readings) - pair.levels(OTHER[side], others), contents

    def _study(self, folder: RunFolder, pair: Pair, side: Side, known: dict[str, Any]) -> list[Narrowed]:
        """What one unit fires for more than the other, by the scientist: a study of the difference as a unit of its own."""
        target = DifferenceTarget(pair.scaled["one"], pair.scaled["other"])
        place = SIDES.index(side)
        unit = target.unit(str(place))
        lab = self._apart(unit, place, side)
        apart, redrawn = self._reproducible(folder, lab, side)
        known["driven"][side] = apart.studied
        if not apart.studied:
            return []
        question = f"What fires {self.names[side]} more than {self.names[OTHER[side]]}?"
        asked = prepare(
            unit,
            question,
            backbone=self.begun.backbone,
            data=self.source,
            generator="sketch",
            describer=None,
            judge=None,
            models=None,
            tools=(),
            layers=None,
            seed=self.begun.seed,
            limits=Limits(),  # the comparison's own hold; the record must not depend on when they were given
            among=len(SIDES),
            page=False,
        )
        run = Run(lab, asked.backbone, PartOfRun(folder), asked.instruments, redrawn)
        answered = run.play(asked.started.model_copy(update={"answering": question, "read_as": None}))
        if answered.limit is not None:
            raise StoppedWithin(answered.limit)
        told = []
        for serial, account in enumerate(accounts(run, answered)):
            one = narrowed(pair, lab, side, account, str(serial))
            folder.append(one)
            told.append(one)
        return told

    def _reproducible(self, folder: RunFolder, lab: Lab, side: Side) -> tuple[Apart, Redrawn | None]:
        """Whether there is a difference in this direction that drawings bring back, and that could be claimed."""
        redrawn = None if lab.profile.dead else redraw_test(lab)
        full = 0.0 if redrawn is None else full_of(lab, redrawn)
        driven = redrawn is not None and redrawn.driven
        if redrawn is not None:
            for part in ("top", "chosen", "fresh", "ordinary", "random"):
                for reading in getattr(redrawn, part):
                    if reading.picture:
                        folder.show(lab.find(reading.picture))
        apart = Apart(
            side=side,
            dead=redrawn is None,
            driven=driven,
            full=round(full, 4),
            margin=MARGIN,
            effect=0.5 if redrawn is None else redrawn.effect,
            interval=(0.5, 0.5) if redrawn is None else redrawn.interval,
            p=1.0 if redrawn is None else redrawn.p,
            detectable=0.5 if redrawn is None else redrawn.detectable,
            studied=driven and full >= MARGIN,
        )
        folder.append(apart)
        return apart, redrawn

    def _register(self, folder: RunFolder, narrow: list[Narrowed], claims: list[Claimed]) -> None:
        """All claims, before any picture of theirs is made; what two accounts come to is claimed once."""
        seen: set[tuple[Side, str]] = set()
        for one in narrow:
            key = (one.side, str(normal(self.labs[f"apart {one.side}"].corpus.read(one.narrowed))))
            if key not in seen:
                seen.add(key)
                claimed = registered(f"D{len(claims) + 1}", one.side, one.narrowed)
                folder.append(claimed)
                claims.append(claimed)

    # ---- labs -------------------------------------------------------------------------------------------------------------

    def _apart(self, unit: Unit, place: int, side: Side) -> Lab:
        """The lab of the difference, whose data are known from both units': nothing is dissected anew."""
        target = unit.target
        assert isinstance(target, DifferenceTarget)
        one, other = self.labs["one"].profile, self.labs["other"].profile
        peaks = target.between(one.peaks, other.peaks)[:, place].astype(np.float32)
        seen = peaks[np.isfinite(peaks)]
        both = Profile(
            peaks=peaks,
            threshold=float(np.quantile(seen, 0.99)),
            dead=bool(np.ptp(seen) == 0),
            sparse=bool((seen > 0).mean() < 0.01),
            skipped=one.skipped,
            contents=one.contents,
        )
        lab = self._lab(unit, both, self.labs["one"].started, self.labs["one"])
        lab.readings = Readings(self._path(), f"readings-apart-{side}.jsonl")
        self.labs[f"apart {side}"] = lab
        return lab

    def _lab(self, unit: Unit, known: Profile, began: float, like: Lab | None = None) -> Lab:
        assert self._store is not None
        drawn: Callable[[Store], Generator] = SketchGenerator
        if isinstance(self.source, CutoutSource):
            drawn = partial(SketchGenerator, cutouts=self.source.words)
        lab = Lab(
            unit=unit,
            source=self.source,
            profile=known,
            store=self._store,
            generator=drawn(self._store) if like is None else like.generator,
            describer=ExactDescriber(),
            seed=self.begun.seed,
            limits=self.limits,
            progress=self.watcher.progress,
            started=began,
        )
        if like is not None:  # what one of them has measured is new to none
            lab.pictures, lab.used, lab.used_data, lab.spent = like.pictures, like.used, like.used_data, like.spent
            lab.__dict__["corpus"] = like.corpus
        return lab
