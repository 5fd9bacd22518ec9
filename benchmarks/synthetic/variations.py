"""Scenes one factor away from a scene, for the scorer: where a wrong answer shows.

Covered: a part dropped, a look-alike in its place, an attribute changed, sides swapped, a count one up or down, another
background or light, a veto brought in. This is the scorer's own: what the lab draws near misses with
(`tools/sketch/concept_scenes.py`) is not used here, and the empiricist may read neither this nor the look-alike groups.
Not covered: what the scenes are scored for (`scoring.py`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeVar

import numpy as np

from ...targets.errors import BadInput
from ...targets.picture import Scene
from ...tools.sketch import vocabulary as v
from ...tools.sketch.concept import (
    And,
    AtLeast,
    Concept,
    Light,
    Not,
    On,
    Or,
    Phrase,
    Related,
    Word,
    conjuncts,
    holds,
)
from ...tools.sketch.edit import add, remove, swap
from ...tools.sketch.placing import compose
from ...tools.sketch.scenes import random_thing

TRIES = 12
T = TypeVar("T")


def one_factor_away(term: Concept, scene: Scene, rng: np.random.Generator) -> Scene:
    """The scene with one factor of the term changed, so that the term fails if any of a few tries does that."""
    last = scene
    for _ in range(TRIES):
        last = _varied(_pick(conjuncts(term), rng), scene, rng)
        if last != scene and not holds(term, last):
            return last
    return last


def _varied(part: Concept, scene: Scene, rng: np.random.Generator) -> Scene:
    match part:
        case Phrase():
            return _phrase_varied(part, scene, rng)
        case AtLeast(_, phrase):
            change = _pick((_dropped, _added, _phrase_varied), rng)
            return change(phrase, scene, rng)
        case Related(one, _, other):
            return _pick((_sides_swapped, _dropped, _phrase_varied), rng)(_pick((one, other), rng), scene, rng)
        case On():
            return swap(scene, "background", _pick([b for b in v.BACKGROUNDS if b != scene.background], rng))
        case Light():
            return swap(scene, "light", _pick([light for light in v.LIGHTS if light != scene.light], rng))
        case Not(Phrase() as vetoed):
            return _added(vetoed, scene, rng)
        case Not(vetoed):
            return _varied(vetoed, scene, rng)
        case And(parts) | Or(parts):
            return _varied(_pick(parts, rng), scene, rng)
        case Word():
            return scene


def _phrase_varied(phrase: Phrase, scene: Scene, rng: np.random.Generator) -> Scene:
    """A thing that fits, gone, turned into a look-alike, or with an attribute changed; all that fit where they are few."""
    fitting = phrase.fitting(scene.things)
    if not fitting:
        return scene
    factor = _pick(("absence", *phrase.named()), rng)
    if factor == "absence":
        return _dropped(phrase, scene, rng)
    chosen = fitting if rng.random() < 0.7 else [_pick(fitting, rng)]
    value = _other(factor, getattr(scene.things[chosen[0]], factor), scene.things[chosen[0]].noun, rng)
    for which in chosen if value is not None else ():
        try:
            scene = swap(scene, factor, str(value), which=which)
        except BadInput:  # this one has no such factor
            continue
    return scene


def _dropped(phrase: Phrase, scene: Scene, rng: np.random.Generator) -> Scene:
    fitting = phrase.fitting(scene.things)
    chosen = fitting if rng.random() < 0.5 else fitting[:1]
    for which in reversed(chosen if len(chosen) < len(scene.things) else ()):
        scene = remove(scene, which)
    return scene


def _added(phrase: Phrase, scene: Scene, rng: np.random.Generator) -> Scene:
    try:
        thing = random_thing(rng, **phrase.named())
    except BadInput:  # no thing can be that
        return scene
    x, y = round(float(rng.uniform(0.2, 0.8)), 4), round(float(rng.uniform(0.3, 0.8)), 4)
    return add(scene, dataclasses.replace(thing, x=x, y=y))


def _sides_swapped(phrase: Phrase, scene: Scene, rng: np.random.Generator) -> Scene:
    """A thing that fits, and another, in each other's places; or, with nothing else there, all placed anew."""
    fitting = phrase.fitting(scene.things)
    rest = [i for i in range(len(scene.things)) if i not in fitting]
    if not fitting or not rest:
        return compose(scene.things, scene.background, rng, scene.light, scene.treatment, scene.side)
    a, b = _pick(fitting, rng), _pick(rest, rng)
    things = list(scene.things)
    one, other = things[a], things[b]
    things[a], things[b] = dataclasses.replace(one, x=other.x, y=other.y), dataclasses.replace(other, x=one.x, y=one.y)
    return dataclasses.replace(scene, things=tuple(things))


def _other(factor: str, value: str | None, noun: str, rng: np.random.Generator) -> str | None:
    """Another value of a factor; for a noun mostly a look-alike."""
    if factor == "noun":
        alike = look_alikes(noun)
        every = tuple(v.STIMULI) if noun in v.STIMULI else tuple(v.NOUNS)
        options: Sequence[str] = alike if alike and rng.random() < 0.7 else [n for n in every if n != noun]
    else:
        known: dict[str, Callable[[], Sequence[str]]] = {
            "colour": lambda: tuple(v.COLOURS),
            "pattern": lambda: ("plain", *v.PATTERNS),
            "size": lambda: v.SIZES,
            "orientation": lambda: v.ORIENTATIONS,
            "frequency": lambda: v.FREQUENCIES,
        }
        options = [x for x in known[factor]() if x != value]
    return _pick(options, rng) if options else None


@lru_cache(maxsize=1024)
def look_alikes(noun: str) -> tuple[str, ...]:
    """The nouns that a careless reader might take it for: those of its category, or the other stimuli of its kind."""
    if noun in v.STIMULI:
        kind = v.STIMULI[noun]
        return tuple(n for n, s in v.STIMULI.items() if n != noun and s.oriented == kind.oriented)
    return tuple(n for n, known in v.NOUNS.items() if n != noun and known.category == v.NOUNS[noun].category)


def _pick(options: Sequence[T], rng: np.random.Generator) -> T:
    return options[int(rng.integers(len(options)))]


