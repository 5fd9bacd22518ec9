"""Data that are described otherwise than they are: captions partly dropped or false, and nouns that no description has.

Covered: two changes of what is said of a data set's pictures, whose pixels stay, and a suite whose neurons look at the pictures
all the same. `noisy`: of every 100 things that a description tells, 15 are left out or told with one false word, and of
every 100 places 7 or 8 are false. `without_nouns`: some nouns are told nowhere, as if the describer had no word for them;
who asks meets such things only in pictures that it has drawn. What a run draws is what it was asked to be: a generator
that draws from a false description draws that. Not covered: what is asked of whom (`benchmark.py`).
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

import numpy as np

from ...synthetic_neurons.suite import Suite
from ...synthetic_neurons.suite_target import SuiteTarget
from ...targets.errors import BadInput
from ...targets.picture import FromData, Picture, Scene
from ...targets.target import See, Unit
from ...tools.sketch import vocabulary as v
from ...tools.sketch.caption import caption
from ...tools.sketch.concept import AtLeast, Concept, Phrase, Related, terms
from ...tools.sketch.edit import remove, swap
from ...tools.sources.source import About, Source

NOISY = 0.15  # of the things that are told of a picture
NOISE_SEED = 313_131_313
WITHHELD = 12  # nouns that no description has

Change = Callable[[Scene, int], Scene]


class Misdescribed:
    """A drawn source whose pictures are described otherwise: `described(scene, index)` is what is said of picture `index`.

    Its key is that of the pictures, which are the same: one dissection serves all that is told of them. Its name says only that
    they are retold, for a backbone is told it: not how, and not which nouns are missing.
    """

    def __init__(self, inner: Source, how: str, described: Change) -> None:
        self.inner, self.retold, self.described = inner, how, described
        self.name = f"{inner.name} retold {hashlib.sha256(how.encode()).hexdigest()[:8]}"
        self.key = inner.key
        if inner.about(0).scene is None:
            raise BadInput(f"{inner.name!r} is not drawn: what is said of its pictures cannot be made false in a known way")

    def __len__(self) -> int:
        return len(self.inner)

    def picture(self, index: int) -> Picture:
        """The picture as it is."""
        return self.inner.picture(index)

    def about(self, index: int) -> About:
        """What is said of it."""
        return self._abouts(index)

    def truth(self, index: int) -> Scene:
        """What it shows."""
        scene = self.inner.about(index).scene
        assert scene is not None  # a drawn source
        return scene

    @lru_cache(maxsize=20_000)  # noqa: B019  # a source lives as long as its process
    def _abouts(self, index: int) -> About:
        scene = self.described(self.truth(index), index)
        return About(caption(scene), scene)


class SeeingSuite(SuiteTarget):
    """A suite whose neurons see the data's pictures as they are, whatever a run was told of them."""

    def __init__(self, suite: Suite, name: str, source: Misdescribed, device: str = "auto") -> None:
        super().__init__(suite, name, maps=False, device=device)
        self._source = source

    def watch(self, pictures: Sequence[Picture], layers: Sequence[str], see: See) -> None:
        super().watch(self._as_they_are(pictures), layers, see)

    def maps(self, pictures: Sequence[Picture], unit: Unit) -> list[np.ndarray]:
        return super().maps(self._as_they_are(pictures), unit)

    def peaks(self, pictures: Sequence[Picture], layer: str, channels: Sequence[int]) -> np.ndarray:
        return super().peaks(self._as_they_are(pictures), layer, channels)

    def _as_they_are(self, pictures: Sequence[Picture]) -> list[Picture]:
        return [self._as_it_is(picture) for picture in pictures]

    def _as_it_is(self, picture: Picture) -> Picture:
        place = picture.provenance
        if not isinstance(place, FromData) or place.source != self._source.name:
            return picture
        return dataclasses.replace(picture, scene=self._source.truth(place.index))


# ---- captions partly dropped or false ---------------------------------------------------------------------------------


def noisy(source: Source, share: float = NOISY, seed: int = NOISE_SEED) -> Misdescribed:
    """The source with that share of what is told of its pictures left out or false, half and half."""
    return Misdescribed(
        source,
        f"described with {share:.0%} dropped or false",
        lambda scene, index: noisy_scene(scene, share, np.random.default_rng([seed, index])),
    )


def noisy_scene(scene: Scene, share: float, rng: np.random.Generator) -> Scene:
    """What is said of a scene: each thing left out, or false in one word, with half of that chance each; and its place false.

    The last thing is never left out: that would be no description.
    """
    for which in reversed(range(len(scene.things))):
        if rng.random() >= share:
            continue
        gone = rng.random() < 0.5 and len(scene.things) > 1
        scene = remove(scene, which) if gone else _false_in_one_word(scene, which, rng)
    if rng.random() < share / 2:
        scene = swap(scene, "background", _other(v.BACKGROUNDS, scene.background, rng))
    return scene


def _false_in_one_word(scene: Scene, which: int, rng: np.random.Generator) -> Scene:
    thing = scene.things[which]
    stimulus = v.STIMULI.get(thing.noun)
    words: dict[str, Sequence[str]] = {"noun": tuple(v.NOUNS) if stimulus is None else tuple(v.STIMULI)}
    words |= {"colour": tuple(v.COLOURS), "size": v.SIZES}
    words |= {"pattern": ("plain", *v.PATTERNS)} if stimulus is None else {}
    words |= {"orientation": v.ORIENTATIONS} if thing.orientation is not None else {}
    words |= {"frequency": v.FREQUENCIES} if thing.frequency is not None else {}
    factor = list(words)[int(rng.integers(len(words)))]
    return swap(scene, factor, _other(words[factor], getattr(thing, factor), rng), which=which)


def _other(words: Iterable[str], than: str, rng: np.random.Generator) -> str:
    others = [word for word in words if word != than]
    return others[int(rng.integers(len(others)))]


# ---- missing nouns ----------------------------------------------------------------------------------------------------


def without_nouns(source: Source, nouns: Sequence[str]) -> Misdescribed:
    """The source with every thing of these nouns left out of what is told."""
    gone = frozenset(nouns)
    return Misdescribed(
        source,
        f"described without {', '.join(sorted(gone))}",
        lambda scene, index: dataclasses.replace(
            scene, things=tuple(thing for thing in scene.things if thing.noun not in gone)
        ),
    )


def withheld(named: Sequence[Concept]) -> tuple[str, ...]:
    """The nouns to withhold so that some of these concepts name one: of single objects first, at most 12."""
    single = [c.noun for c in named if isinstance(c, Phrase) and c.noun is not None and len(c.named()) == 1]
    every = [noun for concept in named for noun in nouns_of(concept)]
    return tuple(dict.fromkeys(noun for noun in (*single, *every) if noun in v.NOUNS))[:WITHHELD]


def nouns_of(concept: Concept) -> list[str]:
    """Every noun that a concept names."""
    found: list[str | None] = []
    for term in terms(concept):
        match term:
            case Phrase():
                found.append(term.noun)
            case AtLeast(_, phrase):
                found.append(phrase.noun)
            case Related(one, _, other):
                found += [one.noun, other.noun]
    return [noun for noun in found if noun is not None]
