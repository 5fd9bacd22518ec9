"""Edits in words of whole things and of the picture: replace, remove, add, make, how many, background, light.

Covered: what each does to a scene; what is not named stays as it is. Not covered: reading which edit is meant
(`edit_words`), moving (`edit_places`), parts (`edit_parts`).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from ...targets.errors import BadInput, nearest
from ...targets.picture import Scene, Thing
from .caption import NUMBERS, listed
from .edit import add, remove, swap
from .edit_named import Means, find, fits, matches, named_thing, the_one
from .edit_parts import parts_named, parts_off
from .edit_places import inside_frame, placed, plain_words, with_thing
from .prompt import SAME, parse
from .scenes import random_thing
from .vocabulary import BACKGROUNDS, LIGHTS, PHOTOGRAPH, SIZES, TREATMENTS, plural, values
from .wanted import MOST, WantedThing

_PICTURE = r"(?:it|everything|the (?:picture|scene|image|light))"


def _new(scene: Scene, wanted: WantedThing, means: Means) -> Thing:
    fixed = {f: getattr(wanted, f) for f in ("noun", "colour", "pattern", "size", "orientation", "frequency")}
    given = {name: value for name, value in fixed.items() if value is not None}
    if "size" not in given and scene.things:
        given["size"] = "small" if len(scene.things) > 2 else "medium"
    if wanted.noun in means.cutouts:
        given.pop("pattern", None)
    return random_thing(means.rng, means.cutouts, **given, **({"missing": wanted.missing} if wanted.missing else {}))


def replace_named(scene: Scene, means: Means, old: str, new: str) -> Scene:
    """ "replace the dog with a cat", and "turn … into …" of attributes, background and light too."""
    if re.fullmatch(r"the background(?: .*)?", old):
        return new_background(scene, means, new)
    if old in ("the light", "the treatment"):
        return make_named(scene, means, "the picture", new)
    attribute = _attributes(new)
    if attribute:
        return make_named(scene, means, old, new)
    which = find(scene, old, means.cutouts)
    wanted, words = named_thing(new, means.cutouts)
    if wanted.count not in (1, None, len(which)):
        raise BadInput(f"{old!r} means {len(which)}, {new!r} {wanted.count}: name as many")
    if wanted.noun is None:
        raise BadInput(f"{new!r} could be anything: say what is to come in the place of {old!r}")
    for i in which:
        scene = swap(scene, "noun", wanted.noun, which=i, cutouts=means.cutouts)
        for factor in ("colour", "pattern", "size", "orientation", "frequency"):
            value = getattr(wanted, factor)
            if value is not None and not (factor == "pattern" and "plain" not in words and value == "plain"):
                scene = swap(scene, factor, value, which=i)
        thing = dataclasses.replace(inside_frame(scene.things[i]), missing=wanted.missing)
        scene = with_thing(scene, i, thing)
    return scene


def remove_named(scene: Scene, means: Means, what: str) -> Scene:
    """ "remove the dog", "remove the wheels of the car"."""
    if owner := re.fullmatch(r"(.+?) (?:of|from) (.+)", what):
        parts = parts_named(owner[1])
        if parts is not None:
            return parts_off(scene, means, owner[1], owner[2])
    if parts_named(what) is not None and not matches(scene, what, means.cutouts):
        return parts_off(scene, means, what, None)
    for i in sorted(find(scene, what, means.cutouts), reverse=True):
        scene = remove(scene, i)
    return scene


def add_named(scene: Scene, means: Means, what: str) -> Scene:
    """ "add a red ball on the table"."""
    asked = parse(plain_words(what), means.cutouts)
    if len(asked.things) not in (1, 2) or asked.background or (len(asked.things) == 2 and len(asked.relations) != 1):
        raise BadInput(f"'add {what}' is not one addition: write such as 'add a red ball on the table'")
    wanted = asked.things[0]
    count = wanted.count or 2
    if len(scene.things) + count > MOST:
        raise BadInput(f"{len(scene.things)} things are there, and {count} more would be over {MOST}")
    words = plain_words(what).split()
    if len(asked.things) == 1:
        relation, to = None, None
    else:
        _, relation, _ = asked.relations[0]
        where = next(i for i, word in enumerate(words) if word in ("the", "it", "all") and i > 0 and _place_at(words, i))
        to = scene.things[the_one(scene, " ".join(words[where:]), means.cutouts)]
    for _ in range(count):
        thing = placed(_new(scene, wanted, means), scene.things, means.rng, relation, to)
        scene = add(scene, thing)
    return scene


def _place_at(words: Sequence[str], at: int) -> bool:
    """Whether the thing that a relation is to begins at this word: "to the left of the car" has two that look so."""
    return words[at - 1] in ("of", "on", "in", "inside", "above", "over", "below", "under", "beneath", "onto", "into")


def _attributes(text: str) -> dict[str, str]:
    """The attributes that these adjectives name, or none where they are no adjectives."""
    found: dict[str, str] = {}
    for word in re.sub(r"^(?:a|an|the|much|very|of) ", "", text).replace(" and ", " ").split():
        word = SAME.get(word, word)
        factors = ("colour", "pattern", "size", "orientation", "frequency")
        factor = next((f for f in factors if word in values(f)), None)
        if factor is None:
            return {}
        found[factor] = word
    return found


def make_named(scene: Scene, means: Means, what: str, how: str) -> Scene:
    """ "make the car blue", "make the dog larger", "make it night"."""
    how = re.sub(r"^(?:a|an|into|in|at|to) ", "", how.strip())
    how = re.sub(r" (?:light|picture|drawing)$", "", how)
    if re.fullmatch(_PICTURE, what):
        lit = {"day": "normal", "the dark": "dark", **{light: light for light in LIGHTS}}
        treated = {"greyscale": "grayscale", "blurry": "blurred", "an outline": "outline", "outlined": "outline"}
        treated |= {treatment: treatment for treatment in TREATMENTS}
        if how in lit:
            return swap(scene, "light", lit[how])
        if how in treated:
            return swap(scene, "treatment", treated[how])
        if what not in ("it", "everything"):
            known = sorted({*lit, *treated})
            raise BadInput(f"{how!r} is no light and no treatment of a picture; nearest: {nearest(how, known)}")
    which = find(scene, what, means.cutouts)
    step = {"larger": 1, "bigger": 1, "smaller": -1}.get(how)
    if step is not None:
        for i in which:
            thing = scene.things[i]
            at = SIZES.index(thing.size) + step
            if not 0 <= at < len(SIZES):
                raise BadInput(f"the {thing.noun} is {thing.size} already, and cannot be {how}")
            scene = swap(scene, "size", SIZES[at], which=i)
            scene = with_thing(scene, i, inside_frame(scene.things[i]))
        return scene
    named = _attributes(how)
    if not named:
        known = [value for f in ("colour", "pattern", "size", "orientation", "frequency") for value in values(f)]
        raise BadInput(f"{how!r} is nothing that {what!r} can be made; nearest: {nearest(how, [*known, 'larger', 'smaller'])}")
    for i in which:
        for factor, value in named.items():
            scene = swap(scene, factor, value, which=i)
        if "size" in named:
            scene = with_thing(scene, i, inside_frame(scene.things[i]))
    return scene


def new_background(scene: Scene, means: Means, value: str) -> Scene:
    """ "change the background to snow"."""
    word = re.sub(r"^(?:on |in |a |an |the )+", "", value).removesuffix(" background")
    if word == PHOTOGRAPH and means.cutouts.grounds:
        photo = means.cutouts.ground(int(means.rng.integers(2**31)))
        return dataclasses.replace(scene, background=PHOTOGRAPH, photo=photo)
    if word not in BACKGROUNDS:
        raise BadInput(f"{word!r} is no background; nearest: {nearest(word, BACKGROUNDS)}")
    return swap(scene, "background", word)


def count_of(scene: Scene, means: Means, number: str, what: str = "them") -> Scene:
    """ "three of the dogs"."""
    count = int(number) if number.isdigit() else NUMBERS.index(number)
    nouns = {thing.noun for thing in scene.things}
    if what in ("them", "it", "those"):
        if len(nouns) != 1:
            held = listed(sorted(plural(noun) for noun in nouns)) if nouns else "nothing"
            raise BadInput(f"'{number} of {what}' could mean {held}: write such as 'make {number} of the dogs'")
        which = list(range(len(scene.things)))
    else:
        wanted, words = named_thing(re.sub(r"^(?:of )?the ", "", what), means.cutouts)
        which = [i for i, thing in enumerate(scene.things) if fits(thing, wanted, words)]
        if not which:
            raise BadInput(f"there is no {what!r} in the scene to make {number} of")
    if not 1 <= count <= MOST or len(scene.things) + count - len(which) > MOST:
        raise BadInput(f"{number!r} things cannot be drawn here: at most {MOST} fit a picture")
    for i in sorted(which, reverse=True)[: max(0, len(which) - count)]:
        scene = remove(scene, i)
    like = scene.things[which[0]]
    for _ in range(count - len(which)):
        fresh = random_thing(means.rng, means.cutouts, noun=like.noun, orientation=like.orientation, frequency=like.frequency)
        keep = ("colour", "pattern", "size", "missing", "scale")
        twin = dataclasses.replace(fresh, **{name: getattr(like, name) for name in keep})
        scene = add(scene, placed(twin, scene.things, means.rng))
    return scene
