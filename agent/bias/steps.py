"""The steps of a hunt for bias: each makes its pictures, measures them, and writes down what came of it.

Covered: whether the unit tells the class; the list of subgroups; their screening, all on the same random pictures; suspects,
registered; each suspect on fresh pairs; and how much is looked at. Not covered: their order (`hunting.py`), what the subgroups
come to (`judging.py`), what subgroups there are (`subgroups.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...targets.errors import BadInput
from ...targets.picture import FromConcept, FromEdit, Picture, Scene
from ...tools.lab import Lab, Reading
from ...tools.sketch import vocabulary as v
from ...tools.sketch.cutout_nouns import Cutouts
from ...tools.sketch_generator import SketchGenerator
from ...tools.statistics import RESAMPLES, rank_permutation_p, sign_flip_p, superiority_effect
from ..deciding_experiment import MARGIN, difference, two_samples
from ..ledger import ALPHA, LEAST_PAIRS
from ..run_folder import RunFolder
from .events import ClassShown, Confirmed, Listed, Screen, Screened, Subgroup, Suspected
from .subgroups import a, class_scene, company_of, pair_of, shows, subgroups, without_class

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


@dataclass
class Steps:
    """The steps, over one lab. `noun`: what pictures of the class show."""

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
        with_it = self._measured(self._painted(scenes, a(self.noun)))
        without = self._measured(self._painted(others, f"no {self.noun}"))
        of_class, of_others = _peaks(with_it), _peaks(without)
        effect, p = superiority_effect(of_class, of_others), rank_permutation_p(of_class, of_others, rng)
        rest, full = float(np.median(of_others)), float(np.median(of_class))
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
                f"of the way from pictures without {a(self.noun)} to pictures of one",
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


def _shares(told: ClassShown, readings: Sequence[Reading]) -> np.ndarray:
    """Where readings lie from pictures without the class (0) to pictures of it (1)."""
    return (_peaks(readings) - told.rest) / (told.full - told.rest)


def _peaks(readings: Sequence[Reading]) -> np.ndarray:
    return np.array([reading.peak for reading in readings])


def _of(group: Subgroup) -> str:
    return "thing beside it" if group.factor == "together with" else group.factor


def _short(value: float) -> float:
    return round(float(value), 4)
