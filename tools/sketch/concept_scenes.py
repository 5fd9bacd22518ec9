"""Scenes made for a concept: where it holds, where it just fails to, and where two concepts disagree.

Covered: examples (one way of being true at a time, so that no disjunct hides behind another), near misses (one factor
away from a scene, and false), disagreements, counts and relations among them. Not covered: captions' own words.
Everything is checked with the one evaluator, `concept.holds`; what cannot be made is an empty list, never a wrong scene.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import zip_longest
from typing import Any, TypeVar

import numpy as np

from ...targets.errors import BadInput
from ...targets.picture import Scene, Thing
from . import vocabulary as v
from .concept import (
    MOST,
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
    both,
    conjuncts,
    disjuncts,
    holds,
    terms,
)
from .cutout_nouns import FACTORS, NONE, Cutouts, able
from .edit import add, remove, swap
from .placing import extent
from .relations import Wish, arrange
from .scenes import MIX, random_thing

TRIES = 40
AGAIN = 4  # times that a part is changed until the concept fails
MOVES = 3  # places tried for a thing that is to stand elsewhere
T = TypeVar("T")


def examples(concept: Concept, n: int, rng: np.random.Generator, cutouts: Cutouts = NONE) -> list[Scene]:
    """Up to `n` scenes in which the concept holds; the ways of being true take turns, the rest of each scene is random.

    Which way comes first is drawn too, so that scenes asked for one at a time are not all of the first way.
    """
    ways = disjuncts(concept)
    first = int(rng.integers(len(ways))) if len(ways) > 1 else 0
    made: list[Scene] = []
    for i in range(n):
        scene = _example(concept, ways[(first + i) % len(ways)], rng, cutouts)
        if scene is not None:
            made.append(scene)
    return made


def _example(whole: Concept, way: Concept, rng: np.random.Generator, cutouts: Cutouts) -> Scene | None:
    """A scene for one way; where there are others, one in which they fail, if any of the tries finds it."""
    fallback: Scene | None = None
    for attempt in range(TRIES):
        scene = _attempt(way, rng, cutouts, crowd=attempt < TRIES // 2)
        if scene is None or not holds(whole, scene) or not holds(way, scene):
            continue
        if sum(holds(other, scene) for other in disjuncts(whole)) == 1:
            return scene
        fallback = fallback or scene
    return fallback


def _attempt(way: Concept, rng: np.random.Generator, cutouts: Cutouts, crowd: bool) -> Scene | None:
    """A random scene with what the conjunction asks for in it; the caller checks it. None where there can be none."""
    asked = picked(way, rng)
    if not all(possible(part, cutouts) for part in asked):
        return None
    background, light, placed = pick(v.BACKGROUNDS, rng), "normal", False
    things: list[Thing] = []
    wishes: list[Wish] = []
    for part in asked:
        match part:
            case Phrase():
                things.append(_drawn(part, rng, cutouts))
            case AtLeast(n, phrase):
                more = int(rng.integers(0, 2)) if n < MOST else 0
                things += [_drawn(phrase, rng, cutouts) for _ in range(n + more)]
            case Related(one, relation, other):
                things += [_drawn(phrase, rng, cutouts) for phrase in (one, other)]
                wishes.append((len(things) - 2, relation, len(things) - 1))
            case On(wanted):
                background, placed = wanted, True
            case Light(wanted):
                light = wanted
            case Word():
                return None
    if any(thing.noun in v.STIMULI for thing in things):
        background = background if placed else "plain"  # as in the data: a stimulus brings its own ground
    else:
        for _ in range(int(rng.integers(0, 3)) if crowd else 0):
            things.append(_drawn(Phrase(), rng, cutouts))
        things = things or [_drawn(Phrase(), rng, cutouts)]
    order = [int(i) for i in rng.permutation(len(things))]
    wishes = [(order.index(a), relation, order.index(b)) for a, relation, b in wishes]
    bare = placed or not cutouts.grounds or any(thing.noun in v.STIMULI for thing in things)
    photo = None if bare else cutouts.ground(int(rng.integers(2**31)))
    try:
        scene = arrange([things[i] for i in order], wishes, "grass" if photo else background, rng, light=light)
        return scene if photo is None else dataclasses.replace(scene, background=v.PHOTOGRAPH, photo=photo)
    except BadInput:  # there is no room for all of it
        return None


def picked(way: Concept, rng: np.random.Generator) -> list[Concept]:
    """What must be shown for the conjunction to hold: its terms, one alternative of each `or` within; no vetoes."""
    found: list[Concept] = []
    for part in conjuncts(way):
        match part:
            case Or(parts):
                found += picked(pick(parts, rng), rng)
            case And():
                found += picked(part, rng)
            case Not():
                pass
            case _:
                found.append(part)
    return found


def possible(concept: Concept, cutouts: Cutouts = NONE) -> bool:
    """Whether a thing can have all that a phrase names: no stimulus has a pattern, no object an orientation.

    A noun that has cut-outs can have a size only; one that is neither drawn nor cut out cannot be shown at all.
    """
    if isinstance(concept, AtLeast):
        return possible(concept.phrase, cutouts)
    if isinstance(concept, Related):
        return possible(concept.one, cutouts) and possible(concept.other, cutouts)
    if not isinstance(concept, Phrase):
        return True
    if concept.noun in cutouts:
        return set(concept.named()) <= set(FACTORS)
    if concept.noun is not None and concept.noun not in v.NOUNS and concept.noun not in v.STIMULI:
        return False
    kinds = [v.STIMULI.get(concept.noun)] if concept.noun is not None else [*v.STIMULI.values(), None]
    return any(
        (concept.pattern is None or kind is None)
        and (concept.orientation is None or (kind is not None and kind.oriented))
        and (concept.frequency is None or (kind is not None and kind.periodic))
        for kind in kinds
    )


def _drawn(phrase: Phrase, rng: np.random.Generator, cutouts: Cutouts) -> Thing:
    """A thing that fits the phrase, the rest of it at random."""
    return random_thing(rng, cutouts, **_with_noun(phrase, rng, cutouts))


def _with_noun(phrase: Phrase, rng: np.random.Generator, cutouts: Cutouts) -> dict[str, Any]:
    """The phrase's attributes with a noun that can have them, where it names none."""
    fixed: dict[str, Any] = phrase.named()
    if "noun" not in fixed:
        if "frequency" in fixed:
            fixed["noun"] = pick(tuple(k for k, s in v.STIMULI.items() if s.periodic), rng)
        elif "orientation" in fixed:
            fixed["noun"] = pick(tuple(k for k, s in v.STIMULI.items() if s.oriented), rng)
        else:
            fixed["noun"] = pick(able(cutouts, tuple(fixed)), rng)
    if fixed["noun"] in v.STIMULI and "colour" not in fixed and rng.random() < MIX.black_or_white:
        fixed["colour"] = pick(("black", "white"), rng)
    return fixed


def near_misses(
    concept: Concept, scene: Scene, rng: np.random.Generator, cutouts: Cutouts = NONE
) -> list[Scene]:
    """Every scene one factor away from this one (in an order drawn from `rng`) in which the concept fails.

    A factor is one the concept names: the noun, colour, pattern, size, orientation or frequency of the things that make
    a phrase true, how many there are, which side they are on, the background, the light; or what is vetoed brought in.
    """
    found: list[Scene] = []
    for part in _named_parts(concept):
        for _ in range(AGAIN):  # of "rising or falling", what falls may have been made to rise
            failing = [s for s in _one_factor_away(part, scene, rng, cutouts) if not holds(concept, s)]
            found += failing
            if failing:
                break
    order = rng.permutation(len(found))
    return [found[i] for i in order]


def near_miss(concept: Concept, scene: Scene, rng: np.random.Generator, cutouts: Cutouts = NONE) -> Scene | None:
    """One scene that is one factor away and in which the concept fails; None where there is none."""
    found = near_misses(concept, scene, rng, cutouts)
    return found[0] if found else None


def _named_parts(concept: Concept) -> Iterator[Concept]:
    match concept:
        case Or(parts) | And(parts):
            for part in parts:
                yield from _named_parts(part)
        case _:
            yield concept


def _one_factor_away(part: Concept, scene: Scene, rng: np.random.Generator, cutouts: Cutouts) -> Iterator[Scene]:
    match part:
        case Phrase():
            yield from _without(part, scene, len(part.fitting(scene.things)), rng, cutouts)
        case AtLeast(n, phrase):
            yield from _without(phrase, scene, len(phrase.fitting(scene.things)) - n + 1, rng, cutouts)
        case Related(one, relation, other):
            yield from _apart(one, relation, other, scene, rng)
            for phrase in (one, other):
                yield from _without(phrase, scene, len(phrase.fitting(scene.things)), rng, cutouts)
        case On(background) if scene.background == background:
            yield swap(scene, "background", pick(tuple(b for b in v.BACKGROUNDS if b != background), rng))
        case Light(light) if scene.light == light:
            yield swap(scene, "light", "normal" if light != "normal" else "dark")
        case Not(vetoed):
            yield from _brought_in(vetoed, scene, rng, cutouts)
        case On() | Light() | Word() | And() | Or():
            return


def _without(
    phrase: Phrase, scene: Scene, n: int, rng: np.random.Generator, cutouts: Cutouts
) -> Iterator[Scene]:
    """The scene in which `n` of the things that fit the phrase no longer do: by each attribute named, or by their absence."""
    fitting = phrase.fitting(scene.things)
    if not 1 <= n <= len(fitting):
        return
    chosen = sorted(int(i) for i in rng.choice(fitting, n, replace=False)) if n < len(fitting) else fitting
    for factor in phrase.named():
        changed: Scene | None = scene
        for i in chosen:
            other = _other(factor, changed.things[i] if changed else scene.things[i], rng, cutouts)
            changed = swap(changed, factor, other, which=i, cutouts=cutouts) if changed is not None and other else None
        if changed is not None:
            yield changed
    if "noun" in phrase.named() and len(scene.things) > len(chosen):
        without = scene
        for i in reversed(chosen):
            without = remove(without, i)
        yield without


def _apart(one: Phrase, relation: str, other: Phrase, scene: Scene, rng: np.random.Generator) -> Iterator[Scene]:
    """The scene with the first kind of thing and the second in each other's places; and with the first moved away."""
    ones, others = one.fitting(scene.things), other.fitting(scene.things)
    if len(ones) == len(others) == 1 and ones != others:
        a, b = scene.things[ones[0]], scene.things[others[0]]
        yield _moved(scene, {ones[0]: (b.x, b.y), others[0]: (a.x, a.y)})
    for _ in range(MOVES):
        yield _moved(scene, {i: _place(scene.things[i], rng) for i in ones})


def _place(thing: Thing, rng: np.random.Generator) -> tuple[float, float]:
    """A place in the picture where all of the thing is in the frame."""
    half = [min(0.5, side / 2) for side in extent(thing)]
    x, y = (float(rng.uniform(h, 1 - h)) for h in half)
    return round(x, 4), round(y, 4)


def _moved(scene: Scene, places: dict[int, tuple[float, float]]) -> Scene:
    things = list(scene.things)
    for i, (x, y) in places.items():
        things[i] = dataclasses.replace(things[i], x=x, y=y)
    return dataclasses.replace(scene, things=tuple(things))


def _brought_in(vetoed: Concept, scene: Scene, rng: np.random.Generator, cutouts: Cutouts) -> Iterator[Scene]:
    """The scene with what is vetoed brought in."""
    objects_only = not any(thing.noun in v.STIMULI for thing in scene.things)
    match vetoed:
        case Phrase() if possible(vetoed, cutouts) and objects_only:
            yield add(scene, _drawn(vetoed, rng, cutouts))
        case AtLeast(n, phrase) if possible(vetoed, cutouts) and objects_only:
            there = len(phrase.fitting(scene.things))
            for _ in range(n - there):
                new = _drawn(phrase, rng, cutouts)
                x, y = _place(new, rng)
                scene = add(scene, dataclasses.replace(new, x=x, y=y))
            yield scene
        case Related(one, relation, other) if possible(vetoed, cutouts) and objects_only:
            pair = [_drawn(phrase, rng, cutouts) for phrase in (one, other)]
            with suppress(BadInput):
                ground = "grass" if scene.photo is not None else scene.background
                for thing in arrange(pair, [(0, relation, 1)], ground, rng).things:
                    scene = add(scene, thing)
                yield scene
        case On(background):
            yield swap(scene, "background", background)
        case Light(light):
            yield swap(scene, "light", light)
        case And() | Or():
            for piece in _named_parts(vetoed):
                yield from _one_factor_away(Not(piece), scene, rng, cutouts)
        case _:
            return


def _other(factor: str, thing: Thing, rng: np.random.Generator, cutouts: Cutouts) -> str | None:
    """Another value of the factor for such a thing; None where it has no other. A cut-out stays one, of another noun."""
    value: str = getattr(thing, factor)
    if thing.photo is not None and factor == "noun":
        others = tuple(noun for noun in cutouts.nouns if noun != value)
        return pick(others, rng) if others else None
    stimulus = v.STIMULI.get(thing.noun)
    if factor == "noun":
        if stimulus is not None:
            alike = [k for k, s in v.STIMULI.items() if k != value and s.oriented >= stimulus.oriented]
            return pick(tuple(alike), rng) if alike else None
        return pick(tuple(k for k in v.NOUNS if k != value and k not in cutouts), rng)
    known = {
        "colour": tuple(v.COLOURS),
        "pattern": ("plain",) if value != "plain" and rng.random() < 0.5 else v.PATTERNS,
        "size": v.SIZES,
        "orientation": v.ORIENTATIONS,
        "frequency": v.FREQUENCIES,
    }[factor]
    others = tuple(x for x in known if x != value)
    return pick(others, rng) if others else None


def disagreements(
    a: Concept, b: Concept, n: int, rng: np.random.Generator, cutouts: Cutouts = NONE
) -> list[Scene]:
    """Up to `n` scenes of which one concept is true and the other false, half of each kind where both kinds exist.

    Scenes where only `a` holds and where only `b` does take turns; fewer than `n` come back where none can be made.
    """
    only_a = _where(a, b, n, rng, cutouts)
    only_b = _where(b, a, n, rng, cutouts)
    half = n // 2
    take_a = min(len(only_a), max(half, n - len(only_b)))
    take_b = min(len(only_b), n - take_a)
    pairs = zip_longest(*sorted((only_a[:take_a], only_b[:take_b]), key=len, reverse=True))
    return [scene for pair in pairs for scene in pair if scene is not None]


def _where(yes: Concept, no: Concept, n: int, rng: np.random.Generator, cutouts: Cutouts) -> list[Scene]:
    """Scenes in which `yes` holds and `no` does not.

    Drawn for `yes` alone while that finds them, else with a term of `no` in the scene too; as they are, or one factor
    away from `no`.
    """
    found: list[Scene] = []
    with_terms: list[Concept] = [both([way, term]) for way in disjuncts(yes) for term in terms(no) if term != way]
    recipes = [*([yes] * (2 * n)), *(with_terms[i % len(with_terms)] for i in range(4 * n) if with_terms)]
    for recipe in recipes:
        if len(found) == n:
            break
        for scene in examples(recipe, 1, rng, cutouts):
            candidates = [scene] if not holds(no, scene) else near_misses(no, scene, rng, cutouts)
            fit = next((s for s in candidates if holds(yes, s) and not holds(no, s)), None)
            if fit is not None:
                found.append(fit)
    return found


def pick(options: Sequence[T], rng: np.random.Generator) -> T:
    """One of the options, each as likely."""
    return options[int(rng.integers(len(options)))]
