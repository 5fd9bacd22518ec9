"""`bias`: which subgroups of a class score lower than the rest of it, screened on some pictures and confirmed on fresh ones.

Covered: the order of a hunt. Does the unit tell the class at all (pictures of it against the same with another noun)? Every
subgroup is listed; all are screened on the same random pictures of the class; the worst become claims, each registered with
its number of pairs before its pictures are made; a claim is that the same picture scores lower in the subgroup than out of it
by more than `MARGIN` of the way from pictures without the class to pictures of it, by sign flips, corrected by Holm over all
subgroups tried. Not covered: what subgroups there are (`subgroups.py`), the words (`telling.py`), the page, the run's folder.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...targets.errors import BadInput, nearest
from ...targets.picture import FromConcept, FromEdit, Picture, Scene
from ...targets.target import Unit
from ...tools.describer import ExactDescriber
from ...tools.lab import Lab, Limits, Reading
from ...tools.screen import screen
from ...tools.sketch import vocabulary as v
from ...tools.sketch.concept import Phrase
from ...tools.sketch.cutout_nouns import NONE, Cutouts
from ...tools.sketch_generator import SketchGenerator
from ...tools.sources.cutouts import CutoutSource
from ...tools.sources.open_source import open_source
from ...tools.sources.source import Source
from ...tools.statistics import RESAMPLES, holm, rank_permutation_p, sign_flip_p, superiority_effect
from ...tools.store import Store, cache_folder
from ..comparison.events import ComparisonBegun
from ..deciding_experiment import MARGIN, difference, two_samples
from ..fixed_protocol import begin, go_on, played, settings_of
from ..known_target import open_target
from ..ledger import ALPHA, LEAST_PAIRS
from ..loop import profile
from ..readings import Readings
from ..run_folder import RunFolder
from ..run_keys import keys, versions
from ..unit_profile import profile_unit
from ..watcher import Silent, Watcher
from .events import (
    ClassShown,
    Confirmed,
    Finding,
    HuntBegun,
    Hunted,
    Listed,
    Screen,
    Screened,
    Subgroup,
    Suspected,
)
from .subgroups import class_scene, company_of, pair_of, shows, subgroups, without_class
from .telling import BiasReport, told_of

TOLD_ON = 40  # pictures of the class, and as many of something else, that say whether the unit tells it
SCREENED_ON = 400
PAIRS = 40
MOST = 8  # suspects that are confirmed
COMPANY = 12  # nouns that are tried beside the class
LEAST = 4  # pictures of a subgroup without which screening says nothing
SIDE = 224


@dataclass(frozen=True)
class Size:
    """How much is looked at: pictures screened on, fresh pairs a suspect, suspects at most, and the pictures' side in pixels.

    `things`: the size word of the class's things, where they are all to have one, as those that a network was made for.
    """

    screened_on: int = SCREENED_ON
    pairs: int = PAIRS
    most: int = MOST
    side: int = SIDE
    things: str | None = None

    def __post_init__(self) -> None:
        if self.pairs < LEAST_PAIRS or self.screened_on < 1 or self.most < 1 or self.side < 16:
            raise BadInput(f"{self!r} tests nothing: give {LEAST_PAIRS} pairs, and pictures of 16 pixels at least")
        if self.things is not None:
            v.check("size", self.things)


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
        known = (*cutouts.nouns, *v.NOUNS)
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
                noun = _best_noun(made._lab(store, 0.0, watcher), cutouts)
            watcher.said(f"pictures of the class show: {noun} (what goes best with the unit; --shows says otherwise)")
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
        step = _Step(lab, folder, self.begun.shows, self.cutouts, self.size)
        found = _Found()

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


@dataclass
class _Found:
    """What has been found so far."""

    told: ClassShown | None = None
    listed: Listed | None = None
    screened: Screened | None = None
    suspects: dict[str, Suspected] = field(default_factory=dict)
    confirmed: dict[str, Confirmed] = field(default_factory=dict)


@dataclass
class _Step:
    """The steps of a hunt: each makes its pictures, measures them and writes down what came of it."""

    lab: Lab
    folder: RunFolder
    noun: str
    cutouts: Cutouts
    size: Size

    def class_shown(self) -> ClassShown:
        """Pictures of the class against the same with another noun: does the unit tell it, and what is the way between?"""
        rng = self.lab.stream("bias", "class")
        scenes = [self._scene((), rng) for _ in range(TOLD_ON)]
        others = [without_class(scene, self.noun, rng, self.cutouts) for scene in scenes]
        with_it = self._measured(self._painted(scenes, f"a {self.noun}"))
        without = self._measured(self._painted(others, f"no {self.noun}"))
        a, b = _peaks(with_it), _peaks(without)
        effect, p = superiority_effect(a, b), rank_permutation_p(a, b, rng)
        rest, full = float(np.median(b)), float(np.median(a))
        told = ClassShown(
            of_class=with_it,
            others=without,
            rest=rest,
            full=full,
            effect=round(effect.superiority, 4),
            interval=(round(effect.low, 4), round(effect.high, 4)),
            p=p,
            tells=bool(p <= ALPHA and effect.low > 0.5 and full > rest),
        )
        self.folder.append(told)
        return told

    def listed(self) -> tuple[Listed, list[str]]:
        """Every subgroup that will be tried, written down before any is looked at."""
        company = company_of(self.noun, COMPANY, self.lab.stream("bias", "company"), self.cutouts)
        listed = Listed(
            subgroups=subgroups(self.noun, company, self.cutouts, self.size.things),
            margin=MARGIN,
            screened_on=self.size.screened_on,
            pairs=self.size.pairs,
            most=self.size.most,
        )
        self.folder.append(listed)
        return listed, company

    def screened(self, listed: Listed, told: ClassShown, company: Sequence[str]) -> Screened:
        """All subgroups on the same random pictures of the class; suspects are those that may score lower by the margin."""
        rng = self.lab.stream("bias", "screening")
        scenes = [self._scene(company, rng) for _ in range(listed.screened_on)]
        readings = self._measured(self._painted(scenes, f"{self.noun}, to screen"))
        scores = _shares(told, readings)
        rows: list[tuple[float, Screen]] = []
        for group in listed.subgroups:
            true = np.array([shows(scene, self.noun, group) for scene in scenes])
            n = int(true.sum())
            if min(n, len(true) - n) < LEAST:
                rows.append((0.0, Screen(subgroup=group.name, n=n, effect=None, interval=None, suspected=False)))
                continue
            found = two_samples(scores[true], scores[~true])
            may = found.mean <= -MARGIN / 2 and found.low <= -MARGIN
            spread = max(1e-9, math.sqrt(scores[true].var(ddof=1) / n + scores[~true].var(ddof=1) / (len(true) - n)))
            interval = (_short(found.low), _short(found.high))
            screened = Screen(subgroup=group.name, n=n, effect=_short(found.mean), interval=interval, suspected=may)
            rows.append((found.mean / spread, screened))
        worst = sorted((place for place, (_, s) in enumerate(rows) if s.suspected), key=lambda i: rows[i][0])[: listed.most]
        screens = [s.model_copy(update={"suspected": place in worst}) for place, (_, s) in enumerate(rows)]
        event = Screened(pictures=readings, screens=screens)
        self.folder.append(event)
        return event

    def suspected(self, listed: Listed, screened: Screened) -> list[Suspected]:
        """Claims, all registered before any of their pictures is made; the lowest first."""
        effects = {s.subgroup: s.effect or 0.0 for s in screened.screens if s.suspected}
        worst = sorted((g for g in listed.subgroups if g.name in effects), key=lambda g: effects[g.name])
        suspects = []
        for number, group in enumerate(worst, 1):
            suspect = Suspected(
                claim=f"B{number}",
                subgroup=group,
                n=listed.pairs,
                margin=listed.margin,
                predicts=f"{group.name}: scores lower than the same picture with another {_of(group)}, by more than {MARGIN:g} "
                f"of the way from pictures without a {self.noun} to pictures of one",
                refuted_if=f"the interval of the difference lies above -{MARGIN:g}",
            )
            self.folder.append(suspect)
            suspects.append(suspect)
        return suspects

    def confirmed(self, suspect: Suspected, told: ClassShown, company: Sequence[str], tried: int) -> Confirmed:
        """A suspect on fresh pairs: the same picture in the subgroup and out of it."""
        group = suspect.subgroup
        rng = self.lab.stream("bias", "confirm", group.name)
        inside: list[Picture] = []
        outside: list[Picture] = []
        for _ in range(3 * suspect.n):
            if len(inside) == suspect.n:
                break
            scenes = pair_of(self._scene(company, rng), self.noun, group, company, rng, self.cutouts)
            if scenes is None:
                continue
            (one,) = self._painted([scenes[0]], group.name)
            other = self._generator.paint(scenes[1], FromEdit(one.id, f"another {_of(group)}"))
            if one.id != other.id and {one.id, other.id}.isdisjoint(self.lab.used | {p.id for p in (*inside, *outside)}):
                inside.append(one)
                outside.append(other)
        if len(inside) < LEAST_PAIRS:
            event = Confirmed(
                claim=suspect.claim,
                inside=[],
                outside=[],
                effect=None,
                interval=None,
                p=1.0,
                n=len(inside),
                void=f"only {len(inside)} pairs could be drawn, and {LEAST_PAIRS} are needed",
            )
        else:
            readings = self._measured([*inside, *outside])
            shares = _shares(told, readings)
            lower = shares[: len(inside)] - shares[len(inside) :]
            found = difference(lower, list(range(len(lower))))
            resamples = max(RESAMPLES, math.ceil(4 * tried / ALPHA))
            event = Confirmed(
                claim=suspect.claim,
                inside=readings[: len(inside)],
                outside=readings[len(inside) :],
                effect=_short(found.mean),
                interval=(_short(found.low), _short(found.high)),
                p=sign_flip_p(-lower - MARGIN, rng, resamples),
                n=len(inside),
            )
        self.folder.append(event)
        return event

    def _scene(self, company: Sequence[str], rng: np.random.Generator) -> Scene:
        return class_scene(self.noun, company, rng, self.cutouts, self.size.side, self.size.things)

    @property
    def _generator(self) -> SketchGenerator:
        assert isinstance(self.lab.generator, SketchGenerator)  # `Hunting` made it
        return self.lab.generator

    def _painted(self, scenes: Sequence[Scene], what: str) -> list[Picture]:
        made = []
        for place, scene in enumerate(scenes):
            self.lab.progress("generating", place, len(scenes))
            made.append(self._generator.paint(scene, FromConcept(self._generator.name, what, True, place)))
        return made

    def _measured(self, pictures: Sequence[Picture]) -> list[Reading]:
        readings = self.lab.measure(pictures)
        for picture in pictures:
            self.folder.show(picture)
        return readings


def judged(found: _Found) -> list[Finding]:
    """What every subgroup comes to: confirmed ones first, then from the lowest up. p corrected by Holm over all of them."""
    if found.listed is None:
        return []
    screens = {s.subgroup: s for s in found.screened.screens} if found.screened is not None else {}
    ps = []
    for group in found.listed.subgroups:
        claim = found.suspects.get(group.name)
        confirmed = found.confirmed.get(claim.claim) if claim is not None else None
        ps.append(1.0 if confirmed is None else confirmed.p)
    findings = []
    for group, p, q in zip(found.listed.subgroups, ps, holm(ps), strict=True):
        claim = found.suspects.get(group.name)
        confirmed = found.confirmed.get(claim.claim) if claim is not None else None
        looked = confirmed if confirmed is not None and confirmed.void is None else screens.get(group.name)
        effect, interval = (None, None) if looked is None else (looked.effect, looked.interval)
        verdict = "open" if interval is None or interval[0] <= -MARGIN else "not lower"
        if confirmed is not None and confirmed.void is None and q <= ALPHA and (confirmed.effect or 0.0) < -MARGIN:
            verdict = "lower"
        findings.append(
            Finding.model_validate(
                {
                    "subgroup": group,
                    "claim": None if claim is None else claim.claim,
                    "effect": effect,
                    "interval": interval,
                    "n": 0 if looked is None else looked.n,
                    "p": None if confirmed is None else p,
                    "q": float(f"{q:.4g}"),
                    "verdict": verdict,
                }
            )
        )
    return sorted(findings, key=lambda f: (f.verdict != "lower", f.claim is None, 0.0 if f.effect is None else f.effect))


def _best_noun(lab: Lab, cutouts: Cutouts) -> str:
    """The noun that goes best with the unit on the open data. Raises `BadInput` where none does."""
    nouns = [noun for noun in (*cutouts.nouns, *v.NOUNS) if lab.corpus.truths(Phrase(noun=noun))[lab.open].sum() >= 3]
    fits = screen(lab, concepts=nouns).fits if nouns else []
    if not fits or fits[0].r <= 0 or fits[0].q > ALPHA:
        raise BadInput(
            f"no noun goes with {lab.unit.address!r} on {lab.source.name!r}: say what pictures of the class show, such as "
            "--shows dog"
        )
    return fits[0].concept


def _shares(told: ClassShown, readings: Sequence[Reading]) -> np.ndarray:
    """Where readings lie from pictures without the class (0) to pictures of it (1)."""
    return (_peaks(readings) - told.rest) / (told.full - told.rest)


def _peaks(readings: Sequence[Reading]) -> np.ndarray:
    return np.array([reading.peak for reading in readings])


def _of(group: Subgroup) -> str:
    return "thing beside it" if group.factor == "together with" else group.factor


def _short(value: float) -> float:
    return round(float(value), 4)
