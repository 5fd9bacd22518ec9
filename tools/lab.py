"""The Lab: everything that an instrument may touch in one run, and nothing else.

Covered: the unit, the data with its split (exploration; held back for the conclusion), the stores, the generator and the
describer, the run's random streams, its limits, and the one way to measure. Every (picture, unit) activation is computed
once, in batches. Not covered: what is done with it (the instruments), and what counts as evidence (`agent/ledger.py`).
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
from pydantic import BaseModel

from ..targets.errors import BadInput, LimitReached, ToolError
from ..targets.picture import FromData, Picture
from ..targets.target import Unit
from .corpus import Corpus
from .describer import Describer
from .generator import Generator
from .profile import Profile
from .region_finder import RegionFinder
from .sketch.concept import Concept, holds, holds_in_words
from .sketch.concept import caption_words as words_of
from .sources.source import About, MayRepeat, Source, Unreadable
from .store import Activation, Store

HELD_BACK = 0.4  # share of the data that exploration never sees; conclusions are checked on it


class Reading(BaseModel):
    """One picture's activation: spatial maximum and mean of the unit's map; percentile of the peak among the data's."""

    picture: str
    peak: float
    mean: float
    percentile: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may spend. `images`: pictures measured beyond the data set's; `seconds`: wall time; None = no limit."""

    images: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        for name, value in self._named():
            if value is not None and not value > 0:
                raise BadInput(f"{name} {value!r} leaves nothing to work with: give a number above 0")

    def as_options(self) -> list[str]:
        """The words of a command line that set the same."""
        return [word for name, value in self._named() if value is not None for word in (name, plainly(value))]

    def _named(self) -> tuple[tuple[str, float | None], ...]:
        return ("--max-images", self.images), ("--max-seconds", self.seconds)


def plainly(value: float) -> str:
    """A number as a command line takes it back: whole ones without a point or exponent, no digit left out."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


class Readings(Protocol):
    """What the run has measured, kept with the run: activations by unit key and picture id."""

    def known(self, unit: str, pictures: Iterable[str]) -> dict[str, Activation]: ...

    def note(self, unit: str, found: Mapping[str, Activation], maps: bool) -> None: ...


@dataclass
class Lab:
    """One run's instruments' world. `progress(stage, done, total)` is told what is being done now.

    `readings`: where the run keeps what it measured, beside the store that all runs share; it is asked first.
    `finder`: who says where a thing is in a picture that was not drawn, for edits of a region; None: nobody.
    """

    unit: Unit
    source: Source
    profile: Profile
    store: Store
    generator: Generator
    describer: Describer
    seed: int = 0
    limits: Limits = field(default_factory=Limits)
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None
    started: float = field(default_factory=time.monotonic)
    readings: Readings | None = None
    finder: RegionFinder | None = None
    pictures: dict[str, Picture] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)  # ids measured in this run
    used_data: set[int] = field(default_factory=set)  # indices of the data pictures among them
    spent: set[str] = field(default_factory=set)  # the ones that are not the data's
    _serials: dict[str, int] = field(default_factory=dict)

    # Randomness

    def stream(self, *names: str) -> np.random.Generator:
        """The random stream of that name: the same in every run of the same seed."""
        digest = hashlib.sha256(json.dumps([self.seed, *names]).encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:16], "big"))

    def next_serial(self, kind: str) -> int:
        """1, 2, 3 ...: so that asking for the same thing twice gives fresh pictures."""
        self._serials[kind] = self._serials.get(kind, 0) + 1
        return self._serials[kind]

    # The data

    @property
    def peaks(self) -> np.ndarray:
        """The unit's peak on every data picture, NaN where the picture cannot be read: float32, (N,)."""
        return self.profile.peaks

    @cached_property
    def _sorted_peaks(self) -> np.ndarray:
        return np.sort(self.peaks[np.isfinite(self.peaks)])

    @cached_property
    def held_back(self) -> np.ndarray:
        """Indices of the data pictures that only conclusions are checked on. Copies of a picture are on the same side."""
        readable = np.flatnonzero(np.isfinite(self.peaks))
        order = self.stream("held back", self.source.key).permutation(readable)
        kept = order[: int(len(readable) * HELD_BACK)]
        if isinstance(self.source, MayRepeat):
            firsts = np.asarray(self.source.firsts())
            kept = readable[np.isin(firsts[readable], kept)]  # where the first of the copies went
        return np.sort(kept)

    @cached_property
    def open(self) -> np.ndarray:
        """Indices of the data pictures that may be explored."""
        readable = np.flatnonzero(np.isfinite(self.peaks))
        return np.setdiff1d(readable, self.held_back)

    @cached_property
    def corpus(self) -> Corpus:
        """What all data pictures show, as arrays, so that a concept is read off all of them at once."""
        kept = self.profile.contents
        return Corpus(kept() if kept is not None else [self.source.about(i) for i in range(len(self.source))])

    def data_picture(self, index: int) -> Picture:
        """Picture `index` of the data, known to the run and kept in the store. Raises `BadInput` where it has gone since."""
        about = self.source.about(int(index))
        try:
            picture = self.store.make(
                f"data {self.source.key} {int(index)}",
                lambda: self.source.picture(int(index)).pixels,
                FromData(self.source.name, int(index)),
                about.caption,
                about.scene,
            )
        except Unreadable as error:
            raise BadInput(
                f"picture {error.name or int(index)!r} of {self.source.name} could be read when it was dissected, and no "
                f"longer can be ({error}): leave the data as it is during a run, and ask again"
            ) from None
        return self.know([picture])[0]

    def percentile(self, peak: float) -> float:
        """Where a peak stands among the data's peaks: 0 to 100, ties counting half."""
        below = np.searchsorted(self._sorted_peaks, np.float32(peak), "left")
        upto = np.searchsorted(self._sorted_peaks, np.float32(peak), "right")
        return round(float(50.0 * (below + upto) / max(1, len(self._sorted_peaks))), 2)

    # Pictures

    def know(self, pictures: Iterable[Picture]) -> list[Picture]:
        """Let the run refer to these pictures by id."""
        known = list(pictures)
        for picture in known:
            self.pictures.setdefault(picture.id, picture)
        return known

    def find(self, identity: str) -> Picture:
        """The picture of that id, or the only one whose id begins so (8 digits at least). Raises `ToolError`."""
        if identity in self.pictures:
            return self.pictures[identity]
        alike = [p for p in self.pictures if p.startswith(identity)] if len(identity) >= 8 else []
        if len(alike) != 1:
            raise ToolError(f"no picture {identity!r} in this run: ids come from earlier results")
        return self.pictures[alike[0]]

    def holds(self, concept: Concept, picture: Picture | About) -> bool:
        """Whether the concept is true of the picture: exactly from its scene, else by the words of its caption."""
        if picture.scene is not None:
            return holds(concept, picture.scene)
        if picture.caption is None:
            raise BadInput("this picture has neither scene nor caption, so that no concept can be read off it")
        return holds_in_words(concept, words_of(picture.caption))

    # Measuring

    def check_time(self) -> None:
        """Raises `LimitReached` where the run has lasted as long as it may."""
        ends, limit = self.ends()
        if time.monotonic() > ends:
            raise LimitReached(limit)

    def ends(self) -> tuple[float, str]:
        """When the run's time is over, by `time.monotonic` (infinity where it has no end), and what limits it, in words."""
        seconds = self.limits.seconds
        return (math.inf, "") if seconds is None else (self.started + seconds, f"--max-seconds {plainly(seconds)}")

    def measure(self, pictures: Sequence[Picture]) -> list[Reading]:
        """The unit's answer to each picture, in order. Raises `LimitReached` before a limit would be passed."""
        self.check_time()
        answers = self.activations(pictures, self.unit)
        self.know(pictures)
        return [
            Reading(picture=p.id, peak=a.peak, mean=a.mean, percentile=self.percentile(a.peak))
            for p, a in ((p, answers[p.id]) for p in pictures)
        ]

    def _afford(self, pictures: Sequence[Picture]) -> None:
        """Raises `LimitReached` where to measure these pictures would pass the limit; the data's own are free."""
        spent = self.spent | {p.id for p in pictures if not isinstance(p.provenance, FromData)}
        if self.limits.images is not None and len(spent) > self.limits.images:
            raise LimitReached(f"--max-images {self.limits.images}")

    def _spend(self, pictures: Sequence[Picture]) -> None:
        """Write down that these pictures were measured, by whichever way: they count, and can confirm nothing any more."""
        self.spent |= {p.id for p in pictures if not isinstance(p.provenance, FromData)}
        self.used |= {p.id for p in pictures}
        self.used_data |= {p.provenance.index for p in pictures if isinstance(p.provenance, FromData)}

    def activations(self, pictures: Sequence[Picture], unit: Unit, maps: bool = False) -> dict[str, Activation]:
        """Activations by picture id, computed only where the store has none (or, of an older store, no map).

        What is computed is kept whole, map included, so that no later question needs another forward. Raises `LimitReached`
        before more pictures would be measured than the run may.
        """
        self._afford(pictures)
        key = unit.key
        known = self._known(unit.target.key, key, [p.id for p in pictures], maps)
        missing = list({p.id: p for p in pictures if p.id not in known or (maps and known[p.id].map is None)}.values())
        step = 64
        for start in range(0, len(missing), step):
            self.progress("measuring", start, len(missing))
            batch = missing[start : start + step]
            rows = []
            for picture, found in zip(batch, unit.target.maps(batch, unit), strict=True):
                before = known.get(picture.id)
                peak = before.peak if before else float(found.max())
                mean = before.mean if before else float(found.mean(dtype=np.float64))
                rows.append((picture.id, Activation(peak, mean, found)))
            self.store.remember(unit.target.key, key, rows)
            self._note(key, dict(rows), maps)
            known |= dict(rows)
        self._note(key, known, maps)
        self._spend(pictures)
        return known

    def _known(self, target: str, key: str, pictures: Sequence[str], maps: bool) -> dict[str, Activation]:
        """What is known of these pictures: the run's own numbers, else the store's; a map from either."""
        mine = {} if self.readings is None else self.readings.known(key, pictures)
        rest = [p for p in dict.fromkeys(pictures) if p not in mine or (maps and mine[p].map is None)]
        known = self.store.activations(target, key, rest)
        for picture, own in mine.items():
            found = known.get(picture)
            known[picture] = Activation(own.peak, own.mean, found.map) if found is not None and own.map is None else own
        return known

    def _note(self, key: str, found: Mapping[str, Activation], maps: bool) -> None:
        if self.readings is not None:
            self.readings.note(key, found, maps)

    def others(self, pictures: Sequence[Picture], channels: Sequence[int]) -> np.ndarray:
        """Peaks of other channels of the unit's layer on the pictures: float32, pictures x channels. Controls only."""
        self._afford(pictures)
        wanted = list({p.id: p for p in pictures}.values())
        key = f"{self.unit.layer.name}:peaks of " + "|".join(str(c) for c in channels)  # never a unit's own key
        known = self._known(self.unit.target.key, key, [p.id for p in wanted], maps=True)
        missing = [p for p in wanted if p.id not in known]
        if missing:
            rows = self.unit.target.peaks(missing, self.unit.layer.name, channels)
            found = [
                (p.id, Activation(float(r.max()), float(r.mean()), r[None])) for p, r in zip(missing, rows, strict=True)
            ]
            self.store.remember(self.unit.target.key, key, found)
            known |= dict(found)
        self._note(key, known, maps=True)
        self._spend(pictures)
        return np.stack([np.asarray(known[p.id].map)[0] for p in pictures])
