"""Subgroups of a class in the drawn world: which there are, scenes of the class at random, and pairs that differ in one factor.

Covered: colour, pattern, size, background, light, the half of the picture the thing stands in, and what stands beside it. A
scene of the class holds one thing of the class, and in half of them one more thing. A pair is one scene twice, with the factor
at the subgroup's value and at another one; beside that nothing changes. Not covered: what is measured on them (`hunting.py`).
Nouns that are cut out of photographs have their own colours: of these, size, background, light, place and company.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from ...targets.picture import Scene, Thing
from ...tools.sketch import vocabulary as v
from ...tools.sketch.caption import PLACES
from ...tools.sketch.cutout_nouns import Cutouts
from ...tools.sketch.edit import swap
from ...tools.sketch.edit_places import inside_frame
from ...tools.sketch.mixing import MIX
from ...tools.sketch.placing import compose
from ...tools.sketch.scenes import chosen, random_thing
from .events import Subgroup

HALVES = {"left half": ("x", False), "right half": ("x", True), "upper half": ("y", False), "lower half": ("y", True)}
MIDDLE = 0.06  # closer to the middle than that, a thing stands in neither half


def subgroups(noun: str, company: Sequence[str], cutouts: Cutouts, size: str | None = None) -> list[Subgroup]:
    """Every subgroup of a class that is tried. `company`: the nouns that stand beside it; `size`: of all, where it is one."""
    found: list[Subgroup] = []
    if noun not in cutouts:
        found += [Subgroup(factor="colour", value=x, name=f"{x} {noun}") for x in v.COLOURS]
        found += [Subgroup(factor="pattern", value=x, name=f"{x} {noun}") for x in ("plain", *v.PATTERNS)]
    found += [Subgroup(factor="size", value=x, name=f"{x} {noun}") for x in v.SIZES if size is None]
    found += [Subgroup(factor="background", value=x, name=f"{noun} {PLACES[x]}") for x in v.BACKGROUNDS]
    lights = {"normal": "in normal light", "bright": "in bright light", "dark": "in dark light", "night": "at night"}
    found += [Subgroup(factor="light", value=x, name=f"{noun} {lights[x]}") for x in v.LIGHTS]
    found += [Subgroup(factor="place", value=x, name=f"{noun} in the {x}") for x in HALVES]
    found += [Subgroup(factor="together with", value=x, name=f"{noun} beside {a(x)}") for x in company]
    return found


def company_of(noun: str, n: int, rng: np.random.Generator, cutouts: Cutouts) -> list[str]:
    """Nouns to stand beside the class, drawn at random."""
    others = [other for other in cutouts.subjects if other != noun]
    return sorted(others[int(i)] for i in rng.choice(len(others), min(n, len(others)), replace=False))


def class_scene(
    noun: str, company: Sequence[str], rng: np.random.Generator, cutouts: Cutouts, side: int, size: str | None = None
) -> Scene:
    """A scene at random with one thing of the noun, in half of them with one of `company`: every factor drawn by itself.

    `size`: the thing's, where it is to be the same in all.
    """
    things = [random_thing(rng, cutouts, noun=noun, size=size)]
    if company and rng.random() < 0.5:
        things.append(_beside(company[int(rng.integers(len(company)))], rng, cutouts))
    background = v.BACKGROUNDS[int(rng.integers(len(v.BACKGROUNDS)))]
    order = rng.permutation(len(things))
    light = chosen(float(rng.random()), MIX.lights)
    return compose([things[int(i)] for i in order], background, rng, light, side=side)


def without_class(scene: Scene, noun: str, rng: np.random.Generator, cutouts: Cutouts) -> Scene:
    """The scene with another noun in the place of the class's."""
    there = {thing.noun for thing in scene.things}
    others = [other for other in cutouts.subjects if other not in there]
    return swap(scene, "noun", others[int(rng.integers(len(others)))], which=which(scene, noun), cutouts=cutouts)


def which(scene: Scene, noun: str) -> int:
    """The index of the thing of the class."""
    return next(i for i, thing in enumerate(scene.things) if thing.noun == noun)


def shows(scene: Scene, noun: str, group: Subgroup) -> bool:
    """Whether a scene of the class is in the subgroup."""
    thing = scene.things[which(scene, noun)]
    match group.factor:
        case "background" | "light":
            return bool(getattr(scene, group.factor) == group.value)
        case "place":
            axis, beyond = HALVES[group.value]
            at = getattr(thing, axis) - 0.5
            return bool(at > MIDDLE if beyond else at < -MIDDLE)
        case "together with":
            return any(other.noun == group.value for other in scene.things)
    return bool(getattr(thing, group.factor) == group.value)


def pair_of(
    scene: Scene, noun: str, group: Subgroup, company: Sequence[str], rng: np.random.Generator, cutouts: Cutouts
) -> tuple[Scene, Scene] | None:
    """The scene in the subgroup, and out of it by another value of its factor; None where the scene cannot be both."""
    at = which(scene, noun)
    match group.factor:
        case "place":
            return _in_either_half(scene, at, group.value)
        case "together with":
            return _with_either(scene, noun, group.value, company, rng, cutouts)
        case "background" | "light":
            spot = None
        case _:
            spot = at
    values = [x for x in v.values(group.factor) if x != group.value]
    other = values[int(rng.integers(len(values)))]
    inside = swap(scene, group.factor, group.value, which=spot, cutouts=cutouts)
    return inside, swap(scene, group.factor, other, which=spot, cutouts=cutouts)


def _in_either_half(scene: Scene, at: int, half: str) -> tuple[Scene, Scene] | None:
    """The thing where it is and mirrored; None where it is too large to stand in one half."""
    axis, beyond = HALVES[half]
    thing = scene.things[at]
    far = max(abs(getattr(thing, axis) - 0.5), 0.2)
    placed = []
    for side in (1 if beyond else -1, -1 if beyond else 1):
        moved = inside_frame(dataclasses.replace(thing, **{axis: 0.5 + side * far}))
        if not (getattr(moved, axis) - 0.5) * side > MIDDLE:
            return None
        placed.append(_put(scene, at, moved))
    return placed[0], placed[1]


def _with_either(
    scene: Scene, noun: str, mate: str, company: Sequence[str], rng: np.random.Generator, cutouts: Cutouts
) -> tuple[Scene, Scene] | None:
    """The scene with the one beside the class, and with another in its place."""
    others = [other for other in company if other not in (mate, noun)]
    if not others:
        return None
    own = scene.things[which(scene, noun)]
    beside = _beside(mate, rng, cutouts)
    things = [own, beside] if rng.random() < 0.5 else [beside, own]
    inside = compose(things, scene.background, rng, scene.light, side=scene.side)
    other = others[int(rng.integers(len(others)))]
    return inside, swap(inside, "noun", other, which=which(inside, mate), cutouts=cutouts)


def _beside(noun: str, rng: np.random.Generator, cutouts: Cutouts) -> Thing:
    """Something to stand beside the class, never larger than it may be without hiding it."""
    return random_thing(rng, cutouts, noun=noun, size=("small", "medium")[int(rng.integers(2))])


def _put(scene: Scene, at: int, thing: Thing) -> Scene:
    return dataclasses.replace(scene, things=(*scene.things[:at], thing, *scene.things[at + 1 :]))


def a(noun: str) -> str:
    """The noun with its article, where it takes one."""
    return noun if noun == v.plural(noun) else f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
