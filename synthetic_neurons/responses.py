"""How strongly a neuron responds to a scene, noise left out: the bands of what it fires for and of everything else.

With R = full response - rest: scenes of which the truth holds lie in [.6, 1]R, graded by area, match or count, or at R
(binary); all others at most at .3R, the more of the truth they show. With weights (one for each way of an `or`), a way's
band is multiplied by its weight, and what satisfies none lies at most at .3 of the least weight.
A truth is a concept, or something that the language has no words for (`off_language.py`). A treated picture is taken as it
is seen: without its colours in grayscale, and without any in outline. Not covered: noise and nulls (`draws.py`), maps.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from ..targets.picture import Scene, Thing
from ..tools.sketch.concept import (
    And,
    AtLeast,
    Concept,
    Light,
    On,
    Or,
    Phrase,
    Related,
    conjuncts,
    disjuncts,
    holds,
    pairs,
    parse,
)
from .off_language import OffLanguage, OneOf, half_true, is_true, read_off_language, things_that_make_it_true

Truth = Concept | OffLanguage
Graded = Literal["area", "match", "count"]
LEAN = 30.0  # degrees off its usual stand at which a thing matches no better than at any other


def read_truth(text: str, nouns: frozenset[str] = frozenset()) -> Truth:
    """What a neuron's `fires_for` names; `nouns`: those of things that are not drawn. Raises `BadInput` as `concept.parse`."""
    return read_off_language(text) or parse(text, nouns=nouns)


def true_of(truth: Truth, scene: Scene) -> bool:
    """Whether the truth holds in the scene, as the scene is (a treatment is not looked at)."""
    return is_true(truth, scene) if isinstance(truth, OffLanguage) else holds(truth, scene)


def as_seen(scene: Scene) -> Scene:
    """The scene with the colours that its treatment leaves: grey in grayscale (black and white stay), none in outline."""
    if scene.treatment not in ("grayscale", "outline"):
        return scene
    things = [dataclasses.replace(thing, colour=_left(scene.treatment, thing.colour)) for thing in scene.things]
    return dataclasses.replace(scene, things=tuple(things))


def _left(treatment: str, colour: str) -> str:
    if treatment == "outline":
        return ""  # no colour word: neither paper nor ink is the thing's
    return colour if colour in ("black", "white", "grey") else "grey"


def noise_free(
    truth: Truth,
    scene: Scene,
    behaviour: str = "graded",
    by: Graded = "area",
    weights: Sequence[float] | None = None,
) -> float:
    """The response above rest as a share of R: [.6, 1] where the truth holds, [0, .3] where it does not.

    `behaviour`: "graded" or "binary". `weights`: one for each way of the outermost `or`, above 0 and at most 1.
    """
    scene = as_seen(scene)
    if isinstance(truth, OffLanguage):
        return _off(truth, scene, behaviour, by)
    ways = disjuncts(truth)
    worth = dict(zip(ways, weights, strict=True)) if weights is not None else dict.fromkeys(ways, 1.0)
    if holds(truth, scene):
        true = [way for way in ways if holds(way, scene)]
        if behaviour == "binary":
            return max(worth[way] for way in true)
        if weights is None:
            return 0.6 + 0.4 * max(_extent(way, scene, by) for way in true)
        return max(worth[way] * (0.6 + 0.4 * _extent(way, scene, by)) for way in true)
    if behaviour == "binary":
        return 0.0
    alike = 0.3 * max(_shown(way, scene) for way in ways)
    return alike if weights is None else alike * min(worth.values())


def _off(truth: OffLanguage, scene: Scene, behaviour: str, by: Graded) -> float:
    if not is_true(truth, scene):
        return 0.0 if behaviour == "binary" else 0.3 * half_true(truth, scene)
    if behaviour == "binary":
        return 1.0
    if isinstance(truth, OneOf):
        return 0.6 + 0.4 * max(_extent(c, scene, by) for c in (truth.one, truth.other) if holds(c, scene))
    things = [scene.things[i] for i in things_that_make_it_true(truth, scene)]
    return 0.6 + 0.4 * min(1.0, _graded(things, 1, by))


# ---- what satisfies it ------------------------------------------------------------------------------------------------


def _extent(way: Concept, scene: Scene, by: Graded = "area") -> float:
    """In [0, 1]: how large, how typical or how many the things are that satisfy the way; 1 where it names no thing.

    Of several things asked for together, as in a count or a relation, the one that is least so decides.
    """
    grades = []
    for part in conjuncts(way):
        match part:
            case Phrase():
                grades += [_graded(things, 1, by)] if (things := _things(part, scene)) else []
            case AtLeast(n, phrase):
                grades.append(_graded(_things(phrase, scene), n, by))
            case Related():
                standing = ([scene.things[i] for i in pair] for pair in pairs(part, scene))
                grades.append(max((min(_graded([thing], 1, by) for thing in pair) for pair in standing), default=0.0))
    return min(1.0, max(grades)) if grades else 1.0


def _graded(things: Sequence[Thing], n: int, by: Graded) -> float:
    """The grade of the n-th best of these things; by count, how many there are beyond n: two more are enough for 1."""
    if by == "count":
        return min(1.0, (len(things) - n) / 2)
    grades = sorted((thing.scale if by == "area" else _match(thing) for thing in things), reverse=True)
    return grades[n - 1]


def _match(thing: Thing) -> float:
    """How typical a thing is drawn, in [0, 1]: near its colour's middle shade, and hardly leaning."""
    return 1.0 - (abs(thing.shade) + min(1.0, abs(thing.angle) / LEAN)) / 2


def _things(phrase: Phrase, scene: Scene) -> list[Thing]:
    return [scene.things[i] for i in phrase.fitting(scene.things)]


# ---- what only looks like it ------------------------------------------------------------------------------------------


def _shown(way: Concept, scene: Scene) -> float:
    """The share of the way's attributes and parts that the scene shows, below 1: how alike it looks."""
    shares = []
    for part in conjuncts(way):
        match part:
            case Phrase():
                shares.append(_alike(part, scene))
            case AtLeast(n, phrase):
                there = len(phrase.fitting(scene.things))
                shares.append(min(there, n - 1) / n if there else _alike(phrase, scene) / (2 * n))
            case Related(one, _, other):
                shares.append((_alike(one, scene) + _alike(other, scene)) / 3)
            case _:
                shares.append(float(holds(part, scene)))
    return min(1.0, float(np.mean(shares)))


def _alike(phrase: Phrase, scene: Scene) -> float:
    named = phrase.named().items()
    best = max((sum(getattr(t, k) == x for k, x in named) for t in scene.things), default=0)
    return best / len(named)


# ---- where it is ------------------------------------------------------------------------------------------------------


def concerned(truth: Truth, scene: Scene) -> tuple[list[int], bool, bool]:
    """What of the scene the response comes from: indices of things, whether its background, whether its light.

    Where the truth holds: what satisfies the ways that hold. Where it does not: the things that are most alike.
    """
    scene = as_seen(scene)
    if isinstance(truth, OneOf):
        true = [c for c in (truth.one, truth.other) if holds(c, scene)]
        found = [_concerned(c, scene) for c in true]
        return sorted({i for things, _, _ in found for i in things}), any(b for _, b, _ in found), any(x for *_, x in found)
    if isinstance(truth, OffLanguage):
        things = things_that_make_it_true(truth, scene)
        phrase: Any = getattr(truth, "phrase", None)
        alike = [] if phrase is None else phrase.fitting(scene.things)
        return things or alike, False, False
    return _concerned(truth, scene)


def _concerned(concept: Concept, scene: Scene) -> tuple[list[int], bool, bool]:
    true = [way for way in disjuncts(concept) if holds(way, scene)]
    things: set[int] = set()
    background = light = False
    for way in true or disjuncts(concept):
        for part in _asked(way, scene):
            match part:
                case Phrase():
                    things |= _fitting(part, scene, bool(true))
                case AtLeast(_, phrase):
                    things |= _fitting(phrase, scene, bool(true))
                case Related(one, _, other) if true:
                    things |= {i for pair in pairs(part, scene) for i in pair}
                case Related(one, _, other):
                    things |= _fitting(one, scene, False) | _fitting(other, scene, False)
                case On(wanted):
                    background |= scene.background == wanted
                case Light(wanted):
                    light |= scene.light == wanted
    return sorted(things), background, light


def _asked(way: Concept, scene: Scene) -> list[Concept]:
    """The terms that a way asks for, vetoes left out; of an `or` within, those that hold, or all where none does."""
    found: list[Concept] = []
    for part in conjuncts(way):
        match part:
            case Or(parts):
                true = [p for p in parts if holds(p, scene)] or list(parts)
                found += [term for p in true for term in _asked(p, scene)]
            case And():
                found += _asked(part, scene)
            case _:
                found.append(part)
    return found


def _fitting(phrase: Phrase, scene: Scene, exactly: bool) -> set[int]:
    """The things that fit, or (`exactly` False) those that have most of the phrase's attributes, one at least."""
    if exactly:
        return set(phrase.fitting(scene.things))
    named = phrase.named().items()
    shares = [sum(getattr(t, k) == x for k, x in named) for t in scene.things]
    best = max(shares, default=0)
    return {i for i, share in enumerate(shares) if best and share == best}
