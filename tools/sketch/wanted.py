"""What a prompt asks for, as data; the scenes that fulfil it; and what was understood, in words.

Covered: `Wanted`, `imagine`, `explain`. Factors that are left open (None) are drawn from the seed. Not covered: reading
prompts (`prompt`).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from ...targets.picture import Scene, Thing
from .caption import PLACES, listed
from .cutout_nouns import NONE, Cutouts
from .pen import BODY
from .relations import Wish, arrange
from .scenes import random_thing, stream
from .vocabulary import BACKGROUNDS, NATURAL, NOUNS, PHOTOGRAPH, STIMULI, plural

MOST = 12
"""The most things a prompt may ask for."""


@dataclass(frozen=True, slots=True)
class WantedThing:
    """Some equal things. None: any, drawn from the seed (`noun`: any object; `count`: two to four)."""

    noun: str | None = None
    colour: str | None = None
    pattern: str | None = "plain"
    size: str | None = None
    orientation: str | None = None
    frequency: str | None = None
    count: int | None = 1
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a prompt asks for. `relations`: (i, relation, j) between the groups `things[i]` and `things[j]`."""

    things: tuple[WantedThing, ...] = ()
    background: str | None = None
    light: str = "normal"
    treatment: str = "none"
    relations: tuple[Wish, ...] = ()


def imagine(wanted: Wanted, seed: int, side: int = 224, cutouts: Cutouts = NONE) -> Scene:
    """A scene of what is wanted; everything left open is decided by the seed, and by nothing else.

    Where no colour is wanted, a noun that has colours of its own (`NATURAL`) gets one of them. Nouns that have cut-outs are
    shown by them, and where no background is wanted all stand on one of their photographs, if there are any.

    The same seed gives prompts that differ in one word scenes that differ in little else. Where no background is
    wanted, stimuli alone stand on the plain one. Raises `BadInput` where relations cannot be fulfilled together.
    """
    rng = stream(seed, 11)
    luck = rng.random(2)
    background = wanted.background
    if background is None:
        only_stimuli = bool(wanted.things) and all(thing.noun in STIMULI for thing in wanted.things)
        background = "plain" if only_stimuli else BACKGROUNDS[int(luck[0] * len(BACKGROUNDS))]
        if cutouts.grounds and not only_stimuli:
            background = PHOTOGRAPH
    photo = cutouts.ground(int(luck[1] * 2**31)) if background == PHOTOGRAPH else None
    things: list[Thing] = []
    members: list[list[int]] = []
    for group, some in enumerate(wanted.things):
        luck_here = stream(seed, 12, group)
        count = some.count if some.count is not None else 2 + int(luck_here.integers(3))
        fixed: dict[str, Any] = {
            name: getattr(some, name)
            for name in ("noun", "colour", "pattern", "size", "orientation", "frequency")
            if getattr(some, name) is not None
        }
        if some.noun in cutouts or (some.noun is None and cutouts.nouns and some.pattern == "plain" and not some.colour):
            fixed.pop("pattern", None)  # a cut-out has none to ask for
        if some.missing:
            fixed["missing"] = some.missing
        if count > 1 and some.noun in STIMULI and "size" not in fixed:
            fixed["size"] = "small"  # a large stimulus would fill the frame alone
        members.append(list(range(len(things), len(things) + count)))
        for member in range(count):
            thing = random_thing(luck_here, cutouts, **fixed)
            if some.noun in NATURAL and some.colour is None and thing.photo is None:
                natural = NATURAL[some.noun]
                chosen = natural[int(stream(seed, 15, group, member).integers(len(natural)))]
                thing = dataclasses.replace(thing, colour=chosen)
            things.append(thing)
    wishes = [(a, relation, b) for i, relation, j in wanted.relations for a in members[i] for b in members[j]]
    # What stands on, inside or lower than another is painted after it.
    order = list(range(len(things)))
    for a, relation, b in wishes:
        behind, front = (a, b) if relation == "above" else (b, a)
        if relation not in ("left of", "right of") and order.index(front) < order.index(behind):
            order.remove(front)
            order.insert(order.index(behind) + 1, front)
    turned = [(order.index(a), relation, order.index(b)) for a, relation, b in wishes]
    ground = "grass" if photo else background  # things stand on a photograph as on grass
    scene = arrange([things[i] for i in order], turned, ground, rng, wanted.light, wanted.treatment, side)
    return dataclasses.replace(scene, background=background, photo=photo)


def explain(wanted: Wanted, cutouts: Cutouts = NONE) -> str:
    """What was understood, in one line: "1 car: large, striped, red; 2 dogs: any colour, any size; on snow"."""
    told = [_explained(some, cutouts) for some in wanted.things] or ["nothing"]
    for a, relation, b in wanted.relations:
        told.append(f"{_name(wanted.things[a])} {relation} {_name(wanted.things[b])}")
    anywhere = "on any photograph" if cutouts.grounds else "any background"
    told.append(PLACES[wanted.background] if wanted.background else anywhere)
    if wanted.light != "normal":
        told.append(f"{wanted.light} light")
    if wanted.treatment != "none":
        told.append(wanted.treatment)
    return "; ".join(told)


def _name(some: WantedThing) -> str:
    noun = some.noun or "thing"
    return noun if some.count == 1 else plural(noun)


def _explained(some: WantedThing, cutouts: Cutouts) -> str:
    if some.noun in cutouts:
        several = "2 to 4" if some.count is None else str(some.count)
        return f"{several} {_name(some)}: {some.size or 'any size'}, cut out of a photograph"
    stimulus = STIMULI.get(some.noun or "")
    of = [some.size or "any size"]
    if stimulus is None:
        of.append(some.pattern or "any pattern")
    if stimulus is not None and stimulus.oriented:
        of.append(some.orientation or "any orientation")
    if stimulus is not None and stimulus.periodic:
        of.append(some.frequency or "any frequency")
    of.append(some.colour or ("a natural colour" if some.noun in NATURAL else "any colour"))
    count = "2 to 4" if some.count is None else str(some.count)
    if BODY in some.missing:
        of.append("only the " + listed([part for part in NOUNS[some.noun or ""].parts if part not in some.missing]))
    elif some.missing:
        of.append("without " + listed(list(some.missing)))
    return f"{count} {_name(some)}: {', '.join(of)}"


