"""`compare`: what separates two units, of one network or of two, said only after experiments on fresh pictures.

Covered: the order of a comparison. Each unit gets its own scale (rest to full response), and both are shown the contents that
fire either most, drawn anew (`levels.py`); the difference of their levels is studied as a unit of its own, once for each
direction (`study.py`); what the studies say becomes claims, which are registered, drawn, measured on both units with controls,
and judged together (`claims.py`). Not covered: the words (`telling.py`), the page (`../report/comparison_page.py`), the run's
folder (`../fixed_protocol.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...targets.difference import Scaled
from ...targets.errors import BadInput
from ...targets.target import Unit
from ...tools.lab import Limits
from ...tools.sketch.concept import normal
from ...tools.sources.open_source import open_source
from ...tools.sources.source import Source
from ...tools.store import Store, cache_folder
from .. import by_name
from ..bias.events import HuntBegun
from ..fixed_protocol import begin, go_on, played, settings_of
from ..known_target import open_target
from ..run_folder import RunFolder, read_events
from ..run_keys import keys, versions
from ..watcher import Silent, Watcher
from .claims import Pair, judged, nested, registered, weighed
from .events import SIDES, Claimed, Compared, ComparisonBegun, Narrowed, Side, Weighed
from .labs import Labs
from .levels import agree, level
from .study import study
from .telling import Comparison, Known, exemplars, told_of, unit_names


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
    watcher = watcher or Silent()

    def make(told: dict[str, Any]) -> Comparing:
        settings = told["settings"]
        device = settings["device"] or "auto"
        first = one or open_target(told["target"], device).unit(told["unit"])
        alike = told["other_target"] == told["target"]
        second = other or (first.target if alike else open_target(told["other_target"], device)).unit(told["other_unit"])
        limits = Limits(settings["max_images"], settings["max_seconds"])
        return Comparing.of(
            first, second, data or told["data"], told["backbone"], told["seed"], limits, bool(settings["page"])
        )

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
    _labs: Labs | None = None

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
    def labs(self) -> Labs:
        """The labs, while it is opened."""
        assert self._labs is not None
        return self._labs

    @property
    def _units(self) -> dict[Side, Unit]:
        return {"one": self.one, "other": self.other}

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
        self.limits = limits
        with Store(cache_folder()) as store:
            self._labs = labs = Labs(self.source, store, self.begun.seed, limits, watcher, path)
            labs.open(self._units, began)
            try:
                yield store
            finally:
                labs.close()

    def limit_to(self, limits: Limits) -> None:
        """What all labs may spend from now on."""
        self.limits = limits
        self.labs.limit_to(limits)

    def write_page(self, path: Path, kept: Path) -> None:
        """The run's pages, with the maps of both units on the pictures shown."""
        from ..report.comparison_page import MAPS, write_comparison
        from ..report.maps import keep_maps, sights

        compared = next(event for event in reversed(read_events(path)) if isinstance(event, Compared))
        with suppress(KeyboardInterrupt):
            for side in SIDES:
                lab = self.labs.of[side]
                shown = [lab.find(one.picture) for one in compared.shown]
                found = lab.activations(shown, lab.unit, maps=True)
                maps = {identity: a.map for identity, a in found.items() if a.map is not None}
                keep_maps(path, maps, lab.profile.threshold, lab.profile.patch, sights(lab, shown), MAPS[side])
            write_comparison(path, kept)

    # ---- the order --------------------------------------------------------------------------------------------------------

    def play(self, folder: RunFolder) -> Compared:
        """The whole comparison; a limit or Ctrl-C leads to what can be said by then."""
        labs, known = self.labs, Known()
        labs.keep_readings()
        claims: list[Claimed] = []
        found: list[Weighed] = []
        narrow: list[Narrowed] = []

        def steps() -> Compared:
            folder.append(self.begun)
            level(folder, labs, self.names, known)
            scaled = {s: Scaled(unit, known.levelled[s].rest, known.levelled[s].full) for s, unit in self._units.items()}
            pair = Pair(labs.of, scaled)
            agree(folder, labs, pair, known)
            if any(known.levelled[side].driven for side in SIDES):
                said = {s: study(folder, labs, pair, s, self.names, self.begun.backbone, known) for s in SIDES}
                for side in SIDES:
                    narrow.extend(said[side])
                self._register(folder, narrow, claims)
                for claimed in claims:
                    weight = weighed(pair, labs.apart[claimed.side], claimed)
                    for picture in [r.picture for some in (weight.shown, weight.near) for r in some["one"]]:
                        folder.show(labs.of["one"].find(picture))
                    folder.append(weight)
                    found.append(weight)
            return end(None)

        def end(limit: str | None) -> Compared:
            told = nested(judged(claims, found, self.names), labs.of["one"].corpus)
            shared = list(dict.fromkeys(t.shared for one in narrow for t in one.tried if t.shared is not None))
            verdict, text = told_of(self.names, told, shared, known, limit)
            shown = exemplars(known.levelled, labs.of)
            for one in shown:
                folder.show(labs.of["one"].find(one.picture))
            compared = Compared(
                verdict=verdict,
                text=text,
                claims=told,
                shared=shared,
                images=len(labs.of["one"].spent),
                limit=limit,
                shown=shown,
            )
            folder.append(compared)
            return compared

        return played(folder, steps, end)

    def _register(self, folder: RunFolder, narrow: list[Narrowed], claims: list[Claimed]) -> None:
        """All claims, before any picture of theirs is made; what two accounts come to is claimed once."""
        seen: set[tuple[Side, str]] = set()
        for one in narrow:
            key = (one.side, str(normal(self.labs.apart[one.side].corpus.read(one.narrowed))))
            if key not in seen:
                seen.add(key)
                claimed = registered(f"D{len(claims) + 1}", one.side, one.narrowed)
                folder.append(claimed)
                claims.append(claimed)
