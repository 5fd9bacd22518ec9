"""Edits of a scene in plain English: "replace the dog with a cat", "make the car blue", "take the wheels off".

Covered: replace, remove, add (with a relation), make (any attribute, larger, smaller, night, grayscale), change the
background, move (a direction, or to stand in a relation), "three of them", parts off, back on and alone. Several edits
are divided by ";" or "then". Things are named as in a prompt; "the" must mean one thing, "all the" or a plural means all
that fit. What is not named stays as it is, so that the picture changes in the edited footprints only; an edit of the
background, the light or the treatment changes the whole picture, but no thing. What cannot be done is `BadInput`, with
the reason. Not covered: edits of pixels (`tools/pixel_edits`).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence

import numpy as np

from ...targets.errors import BadInput, nearest
from ...targets.picture import Scene, Thing
from .caption import NUMBERS, kind, listed, phrase
from .edit import add, remove, swap
from .pen import BODY
from .placing import extent
from .prompt import SAME, Reader, known_words, parse, read_thing
from .relations import holds
from .scenes import random_thing, stream
from .vocabulary import BACKGROUNDS, LIGHTS, NOUNS, RELATIONS, SIZES, TREATMENTS, part_of, part_words, plural, values
from .wanted import MOST, WantedThing

_PICTURE = r"(?:it|everything|the (?:picture|scene|image|light))"
_DIRECTIONS = {"left": (-0.25, 0.0), "right": (0.25, 0.0), "up": (0.0, -0.25), "down": (0.0, 0.25)}
_NUMBER = "|".join([*NUMBERS[1:], r"\d+"])
_WHERE = "to|on|onto|in|into|inside|left|right|up|down|above|below|over|under"
_TRIES = 400
_ROOM = 0.35  # share of a thing that a new or moved one may cover


def edited(scene: Scene, words: str, seed: int = 0) -> Scene:
    """The scene after the edits that the words ask for, done in order; `seed` decides what they leave open.

    Raises `BadInput` where they ask for nothing known, for what is not there, or for what cannot be done.
    """
    steps = [step.strip(" .,") for step in re.split(r";|\bthen\b", " ".join(words.lower().split()))]
    steps = [re.sub(r"^and ", "", step) for step in steps if step]
    if not steps:
        raise BadInput(f"the edit {words!r} is empty: say what to change, such as 'make the car blue'")
    for number, step in enumerate(steps):
        scene = _step(scene, step, stream(seed, scene.seed, 21, number))
    return scene


def _step(scene: Scene, step: str, rng: np.random.Generator) -> Scene:
    for pattern, act in _VERBS:
        if match := re.fullmatch(pattern, step):
            changed = act(scene, rng, *match.groups())
            if changed == scene:
                raise BadInput(f"{step!r} changes nothing: it is so already")
            return changed
    first = step.split()[0]
    verbs = ("replace", "remove", "add", "make", "change", "move", "take", "put", "show")
    if first in verbs:
        shape = _SHAPES.get(first, first + " …")
        raise BadInput(f"{step!r} cannot be read as an edit: write such as {shape!r}")
    raise BadInput(f"{step!r} is no edit; it begins with {', '.join(verbs)}, or says 'three of them'; nearest: "
                   f"{nearest(first, verbs)}")  # fmt: skip


# ---- what is meant ---------------------------------------------------------------------------------------------------


def _reader(text: str) -> Reader:
    words = re.findall(r"[^\W_]+(?:'[^\W_]+)?|,", text)
    known = known_words() | {"all", "every", "both", "one"}
    for word in words:
        if word not in known and not word.isdigit():
            raise BadInput(f"unknown word {word!r} in the edit; nearest: {nearest(word, sorted(known - {','}))}")
    return Reader([SAME.get(word, word) for word in words])


def _named(text: str) -> tuple[WantedThing, list[str]]:
    """The thing a phrase names, and the words it was named with."""
    reader = _reader(text)
    wanted = read_thing(reader)
    if reader.peek():
        raise BadInput(f"{' '.join(reader.words[reader.at :])!r} is too much after {text!r}: name one thing")
    return wanted, reader.words


def _fits(thing: Thing, wanted: WantedThing, words: Sequence[str]) -> bool:
    for factor in ("noun", "colour", "pattern", "size", "orientation", "frequency"):
        asked = getattr(wanted, factor)
        if factor == "pattern" and "plain" not in words and asked == "plain":
            continue  # only where it was said
        if asked is not None and getattr(thing, factor) != asked:
            return False
    return True


def find(scene: Scene, text: str) -> list[int]:
    """Which things a phrase means: "the red car" (it must be the only one), "all cars", "the cars", "two cars".

    Raises `BadInput` where there is none, or where "the" could mean several.
    """
    text = text.strip()
    every = re.match(r"(?:all|every|both)(?: of)?(?: the)? ", text + " ")
    one = re.match(r"(?:one|any) of the ", text)
    bare = text[every.end() :] if every else text[one.end() :] if one else text
    if not bare.strip() or bare.strip() in ("them", "things", "objects") or text == "everything":
        if not scene.things:
            raise BadInput(f"{text!r}: the scene holds nothing")
        return list(range(len(scene.things)))
    if text == "it":
        if len(scene.things) != 1:
            raise BadInput(f"'it' could be any of {len(scene.things)} things: name it")
        return [0]
    wanted, words = _named(bare)
    found = [i for i, thing in enumerate(scene.things) if _fits(thing, wanted, words)]
    if not found:
        there = listed([phrase(kind(thing)) for thing in scene.things]) if scene.things else "nothing"
        raise BadInput(f"there is no {bare.removeprefix('the ')!r} in the scene, which holds {there}")
    if one:
        return found[-1:]
    head = words[-1]
    many = bool(every) or (head in (plural(wanted.noun or "thing"), "objects") and head not in NOUNS)
    if many and wanted.count not in (None, 1) and wanted.count != len(found):
        raise BadInput(f"{text!r}: there are {len(found)}, not {wanted.count}")
    if len(found) > 1 and not many:
        raise BadInput(f"{text!r} could be any of {len(found)}: add what tells it apart, or write 'all the …'")
    return found


def _one(scene: Scene, text: str) -> int:
    found = find(scene, text)
    if len(found) != 1:
        raise BadInput(f"{text!r} means {len(found)} things: name one")
    return found[0]


# ---- where it goes ---------------------------------------------------------------------------------------------------


def _inside_frame(thing: Thing) -> Thing:
    """The thing moved, and shrunk where it must be, so that all of it lies in the picture."""
    width, height = extent(thing)
    if max(width, height) > 0.98:
        thing = dataclasses.replace(thing, scale=round(thing.scale * 0.98 / max(width, height), 4))
        width, height = extent(thing)
    x = min(max(thing.x, width / 2 + 0.005), 1 - width / 2 - 0.005)
    y = min(max(thing.y, height / 2 + 0.005), 1 - height / 2 - 0.005)
    return dataclasses.replace(thing, x=round(x, 4), y=round(y, 4))


def _covering(thing: Thing, others: Sequence[Thing]) -> float:
    """The largest share of another's box that the thing's would hide."""
    width, height = extent(thing)
    worst = 0.0
    for other in others:
        wide, high = extent(other)
        across = min(thing.x + width / 2, other.x + wide / 2) - max(thing.x - width / 2, other.x - wide / 2)
        down = min(thing.y + height / 2, other.y + high / 2) - max(thing.y - height / 2, other.y - high / 2)
        if across > 0 and down > 0:
            worst = max(worst, across * down / (wide * high))
    return worst


def _placed(
    thing: Thing, others: Sequence[Thing], rng: np.random.Generator, relation: str | None = None, to: Thing | None = None
) -> Thing:
    """The thing where it stands in the relation and hides no other by much; smaller where there is no room as it is."""
    beside = [other for other in others if other is not to or relation not in ("on", "inside")]
    best: tuple[float, Thing] | None = None
    for attempt in range(_TRIES):
        shrunk = round(thing.scale * 0.8 ** (attempt // 80), 4)
        if relation in ("on", "inside") and to is not None:
            there = _joined(dataclasses.replace(thing, scale=shrunk), relation, to, rng)
        else:
            x, y = rng.random(2)
            if thing.noun in NOUNS and relation is None:
                y = 0.45 + 0.55 * y  # on the ground, as other things
            there = _inside_frame(dataclasses.replace(thing, scale=shrunk, x=float(x), y=float(y)))
        if relation is not None and to is not None and not holds(relation, there, to):
            continue
        covering = _covering(there, beside)
        if best is None or covering < best[0]:
            best = (covering, there)
        if covering <= _ROOM * 0.3 or (attempt % 80 == 79 and best[0] <= _ROOM):
            break
    if best is None or best[0] > 2 * _ROOM:
        told = f" {relation} the {to.noun}" if relation and to else ""
        raise BadInput(f"there is no room for the {thing.noun}{told}: remove something, or make something smaller")
    return best[1]


def _joined(thing: Thing, relation: str, to: Thing, rng: np.random.Generator) -> Thing:
    """The thing put on or into another, and small enough for it."""
    (wide, high), (width, height) = extent(to), extent(thing)
    if relation == "inside":
        fit = min(1.0, 0.6 * wide / width, 0.6 * high / height)
        thing = dataclasses.replace(thing, scale=round(thing.scale * fit, 4))
        width, height = extent(thing)
        x = to.x + (float(rng.random()) - 0.5) * (wide - width) * 0.5
        return dataclasses.replace(thing, x=round(x, 4), y=to.y)
    above = to.y - high / 2
    fit = min(1.0, 0.9 * wide / width, max(above, 0.0) / (0.9 * height))
    thing = dataclasses.replace(thing, scale=round(max(thing.scale * fit, 0.01), 4))
    width, height = extent(thing)
    x = to.x + (float(rng.random()) - 0.5) * max(0.0, wide - width) * 0.6
    return dataclasses.replace(thing, x=round(x, 4), y=round(above - 0.38 * height, 4))


# ---- the edits -------------------------------------------------------------------------------------------------------


def _new(scene: Scene, wanted: WantedThing, words: Sequence[str], rng: np.random.Generator) -> Thing:
    fixed = {f: getattr(wanted, f) for f in ("noun", "colour", "pattern", "size", "orientation", "frequency")}
    given = {name: value for name, value in fixed.items() if value is not None}
    if "size" not in given and scene.things:
        given["size"] = "small" if len(scene.things) > 2 else "medium"
    return random_thing(rng, **given, **({"missing": wanted.missing} if wanted.missing else {}))


def _replace(scene: Scene, rng: np.random.Generator, old: str, new: str) -> Scene:
    if re.fullmatch(r"the background(?: .*)?", old):
        return _background(scene, rng, new)
    if old in ("the light", "the treatment"):
        return _make(scene, rng, "the picture", new)
    attribute = _attributes(new)
    if attribute:
        return _make(scene, rng, old, new)
    which = find(scene, old)
    wanted, words = _named(new)
    if wanted.count not in (1, None, len(which)):
        raise BadInput(f"{old!r} means {len(which)}, {new!r} {wanted.count}: name as many")
    if wanted.noun is None:
        raise BadInput(f"{new!r} could be anything: say what is to come in the place of {old!r}")
    for i in which:
        scene = swap(scene, "noun", wanted.noun, which=i)
        for factor in ("colour", "pattern", "size", "orientation", "frequency"):
            value = getattr(wanted, factor)
            if value is not None and not (factor == "pattern" and "plain" not in words and value == "plain"):
                scene = swap(scene, factor, value, which=i)
        thing = dataclasses.replace(_inside_frame(scene.things[i]), missing=wanted.missing)
        scene = _with(scene, i, thing)
    return scene


def _with(scene: Scene, which: int, thing: Thing) -> Scene:
    return dataclasses.replace(scene, things=(*scene.things[:which], thing, *scene.things[which + 1 :]))


def _remove(scene: Scene, rng: np.random.Generator, what: str) -> Scene:
    if owner := re.fullmatch(r"(.+?) (?:of|from) (.+)", what):
        parts = _parts(owner[1])
        if parts is not None:
            return _parts_off(scene, rng, owner[1], owner[2])
    if _parts(what) is not None and not any(_matches(scene, what)):
        return _parts_off(scene, rng, what, None)
    for i in sorted(find(scene, what), reverse=True):
        scene = remove(scene, i)
    return scene


def _matches(scene: Scene, text: str) -> list[int]:
    try:
        return find(scene, text)
    except BadInput:
        return []


def _add(scene: Scene, rng: np.random.Generator, what: str) -> Scene:
    asked = parse(_kept(what))
    if len(asked.things) not in (1, 2) or asked.background or (len(asked.things) == 2 and len(asked.relations) != 1):
        raise BadInput(f"'add {what}' is not one addition: write such as 'add a red ball on the table'")
    wanted = asked.things[0]
    count = wanted.count or 2
    if len(scene.things) + count > MOST:
        raise BadInput(f"{len(scene.things)} things are there, and {count} more would be over {MOST}")
    words = _kept(what).split()
    if len(asked.things) == 1:
        relation, to = None, None
    else:
        _, relation, _ = asked.relations[0]
        where = next(i for i, word in enumerate(words) if word in ("the", "it", "all") and i > 0 and _place_at(words, i))
        to = scene.things[_one(scene, " ".join(words[where:]))]
    for _ in range(count):
        thing = _placed(_new(scene, wanted, words, rng), scene.things, rng, relation, to)
        scene = add(scene, thing)
    return scene


def _place_at(words: Sequence[str], at: int) -> bool:
    """Whether the thing that a relation is to begins at this word: "to the left of the car" has two that look so."""
    return words[at - 1] in ("of", "on", "in", "inside", "above", "over", "below", "under", "beneath", "onto", "into")


def _kept(text: str) -> str:
    return re.sub(r"\binto\b", "inside", re.sub(r"\bonto\b", "on", text))


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


def _make(scene: Scene, rng: np.random.Generator, what: str, how: str) -> Scene:
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
    which = find(scene, what)
    step = {"larger": 1, "bigger": 1, "smaller": -1}.get(how)
    if step is not None:
        for i in which:
            thing = scene.things[i]
            at = SIZES.index(thing.size) + step
            if not 0 <= at < len(SIZES):
                raise BadInput(f"the {thing.noun} is {thing.size} already, and cannot be {how}")
            scene = swap(scene, "size", SIZES[at], which=i)
            scene = _with(scene, i, _inside_frame(scene.things[i]))
        return scene
    named = _attributes(how)
    if not named:
        known = [value for f in ("colour", "pattern", "size", "orientation", "frequency") for value in values(f)]
        raise BadInput(f"{how!r} is nothing that {what!r} can be made; nearest: {nearest(how, [*known, 'larger', 'smaller'])}")
    for i in which:
        for factor, value in named.items():
            scene = swap(scene, factor, value, which=i)
        if "size" in named:
            scene = _with(scene, i, _inside_frame(scene.things[i]))
    return scene


def _background(scene: Scene, rng: np.random.Generator, value: str) -> Scene:
    word = re.sub(r"^(?:on |in |a |an |the )+", "", value).removesuffix(" background")
    if word not in BACKGROUNDS:
        raise BadInput(f"{word!r} is no background; nearest: {nearest(word, BACKGROUNDS)}")
    return swap(scene, "background", word)


def _move(scene: Scene, rng: np.random.Generator, what: str, where: str) -> Scene:
    which = find(scene, what)
    where = _kept(where)
    ways = "left|right|up|down|top|bottom|middle|centre|front|back"
    simple = re.fullmatch(rf"(?:a (?:little|bit) )?(?:to )?(?:the )?({ways})", where)
    if simple:
        return _moved(scene, which, simple[1], 0.4 if where.startswith("a ") else 1.0)
    beside = re.fullmatch(rf"(?:to |on )?(?:the )?({'|'.join(RELATIONS)}|in|on top of|over|under) (.+)", where)
    if beside is None:
        raise BadInput(f"{where!r} is no place: write such as 'to the left', 'on the table' or 'to the right of the car'")
    relation = {"in": "inside", "on top of": "on", "over": "above", "under": "below"}.get(beside[1], beside[1])
    to = _one(scene, beside[2])
    for i in which:
        if i == to:
            raise BadInput(f"the {scene.things[i].noun} cannot be {relation} itself")
        others = [thing for j, thing in enumerate(scene.things) if j != i]
        thing = scene.things[i]
        if holds(relation, thing, scene.things[to]):
            continue
        scene = _with(scene, i, _placed(thing, others, rng, relation, scene.things[to]))
        if relation in ("on", "inside") and i < to:  # what lies on a thing is painted after it
            order = [*(j for j in range(to + 1) if j != i), i, *range(to + 1, len(scene.things))]
            scene = dataclasses.replace(scene, things=tuple(scene.things[j] for j in order))
            to, which = to - 1, [order.index(j) for j in which]
    return scene


def _moved(scene: Scene, which: Sequence[int], where: str, far: float) -> Scene:
    if where in ("front", "back"):
        rest = [thing for i, thing in enumerate(scene.things) if i not in which]
        those = [scene.things[i] for i in which]
        return dataclasses.replace(scene, things=tuple(rest + those if where == "front" else those + rest))
    for i in which:
        thing = scene.things[i]
        if where in _DIRECTIONS:
            dx, dy = _DIRECTIONS[where]
            there = dataclasses.replace(thing, x=thing.x + dx * far, y=thing.y + dy * far)
        else:
            y = {"top": 0.0, "bottom": 1.0}.get(where, 0.5)
            there = dataclasses.replace(thing, x=0.5 if where in ("middle", "centre") else thing.x, y=y)
        there = _inside_frame(there)
        if abs(there.x - thing.x) + abs(there.y - thing.y) < 0.02:
            raise BadInput(f"the {thing.noun} cannot go further {where}: it is at the edge of the picture")
        scene = _with(scene, i, there)
    return scene


def _count(scene: Scene, rng: np.random.Generator, number: str, what: str = "them") -> Scene:
    count = int(number) if number.isdigit() else NUMBERS.index(number)
    nouns = {thing.noun for thing in scene.things}
    if what in ("them", "it", "those"):
        if len(nouns) != 1:
            held = listed(sorted(plural(noun) for noun in nouns)) if nouns else "nothing"
            raise BadInput(f"'{number} of {what}' could mean {held}: write such as 'make {number} of the dogs'")
        which = list(range(len(scene.things)))
    else:
        wanted, words = _named(re.sub(r"^(?:of )?the ", "", what))
        which = [i for i, thing in enumerate(scene.things) if _fits(thing, wanted, words)]
        if not which:
            raise BadInput(f"there is no {what!r} in the scene to make {number} of")
    if not 1 <= count <= MOST or len(scene.things) + count - len(which) > MOST:
        raise BadInput(f"{number!r} things cannot be drawn here: at most {MOST} fit a picture")
    for i in sorted(which, reverse=True)[: max(0, len(which) - count)]:
        scene = remove(scene, i)
    like = scene.things[which[0]]
    for _ in range(count - len(which)):
        fresh = random_thing(rng, noun=like.noun, orientation=like.orientation, frequency=like.frequency)
        keep = ("colour", "pattern", "size", "missing", "scale")
        twin = dataclasses.replace(fresh, **{name: getattr(like, name) for name in keep})
        scene = add(scene, _placed(twin, scene.things, rng))
    return scene


def _parts(text: str) -> list[str] | None:
    """The part words of "the wheels and windows"; None where it names anything else."""
    words = [word for word in re.findall(r"\w+", text) if word not in ("the", "its", "and", "all", "a")]
    return words if words and all(word in part_words() for word in words) else None


def _owners(scene: Scene, parts: Sequence[str], owner: str | None) -> list[int]:
    if owner is not None and owner not in ("it", "them"):
        return find(scene, owner)

    def has(thing: Thing) -> bool:
        try:
            return thing.noun in NOUNS and bool([part_of(thing.noun, part) for part in parts])
        except BadInput:
            return False

    found = [i for i, thing in enumerate(scene.things) if has(thing)]
    if not found:
        raise BadInput(f"nothing in the scene has {listed(list(parts))!r} that could be told apart")
    return found


def _parts_off(scene: Scene, rng: np.random.Generator, what: str, owner: str | None = None) -> Scene:
    parts = _parts(what)
    if parts is None:
        raise BadInput(f"{what!r} is no part of a thing; nearest: {nearest(what.removeprefix('the '), sorted(part_words()))}")
    for i in _owners(scene, parts, owner):
        thing = scene.things[i]
        gone = {part_of(thing.noun, word) for word in parts}
        gone |= {inner for part in gone for inner in _CARRIED.get(part, ()) if inner in NOUNS[thing.noun].parts}
        scene = _missing(scene, i, {*thing.missing, *gone})
    return scene


def _parts_on(scene: Scene, rng: np.random.Generator, what: str, owner: str | None = None) -> Scene:
    parts = _parts(what)
    if parts is None:
        raise BadInput(f"{what!r} is no part of a thing; nearest: {nearest(what.removeprefix('the '), sorted(part_words()))}")
    for i in _owners(scene, parts, owner):
        thing = scene.things[i]
        back = {part_of(thing.noun, word) for word in parts}
        back |= {inner for part in back for inner in _CARRIED.get(part, ())}
        scene = _missing(scene, i, {*thing.missing} - back)
    return scene


def _only(scene: Scene, rng: np.random.Generator, what: str) -> Scene:
    if owner := re.fullmatch(r"(.+?) of (.+)", what):
        parts, who = _parts(owner[1]), owner[2]
    else:
        parts, who = (None, None) if _matches(scene, what) else (_parts(what), None)
    if parts is None:
        kept = find(scene, what)
        return dataclasses.replace(scene, things=tuple(scene.things[i] for i in kept))
    for i in _owners(scene, parts, who):
        thing = scene.things[i]
        shown = {part_of(thing.noun, word) for word in parts}
        scene = _missing(scene, i, {BODY, *NOUNS[thing.noun].parts} - shown)
    return scene


def _missing(scene: Scene, which: int, gone: set[str]) -> Scene:
    thing = scene.things[which]
    ordered = tuple(part for part in (BODY, *NOUNS[thing.noun].parts) if part in gone)
    return _with(scene, which, dataclasses.replace(thing, missing=ordered))


_CARRIED: dict[str, tuple[str, ...]] = {
    "head": ("eye", "snout", "beak", "trunk", "tusk", "ears", "tongue"),
    "face": ("hands",),
    "cab": ("light",),
    "mast": ("sail",),
}
"""Parts that hang on another one, and go where it goes."""

_SHAPES: dict[str, str] = {
    "replace": "replace the dog with a cat",
    "remove": "remove the dog",
    "add": "add a red ball on the table",
    "make": "make the car blue",
    "change": "change the background to snow",
    "move": "move the dog to the left",
    "take": "take the wheels off the car",
    "put": "put the wheels back on the car",
    "show": "show only the wheels of the car",
}

Act = Callable[..., Scene]
_VERBS: list[tuple[str, Act]] = [
    (r"(?:replace|swap|exchange) (.+?) (?:with|for|by) (.+)", _replace),
    (r"(?:change|turn|set|make) the background(?: of .+?)?(?: to| into)? (.+)", _background),
    (r"(?:change|turn|set) (.+?) (?:in)?to (.+)", _replace),
    (r"(?:take|cut|pull) (.+?) off(?: of)?(?: (.+))?", _parts_off),
    (r"(?:take|cut) off (.+?)(?: of (.+))?", _parts_off),
    (r"(?:remove|delete|erase|take away|take out) (.+)", _remove),
    (r"(?:put|set) (.+?) back(?: on(?: (.+))?)?", _parts_on),
    (r"(?:show|keep|leave) only (.+)", _only),
    (r"show (.+) alone", _only),
    (rf"(?:move|shift|put) (.+?) ((?:a (?:little|bit) )?(?:{_WHERE})\b.*)", _move),
    (r"(?:add|draw|put|place) (.+)", _add),
    (r"(?:make|turn) (.+?) into (.+)", _replace),
    (rf"make (?:it|them|that) ({_NUMBER})(?: (.+))?", lambda scene, rng, n, what: _count(scene, rng, n, what or "them")),
    (rf"(?:make |draw )?({_NUMBER}) of (?:the )?(.+)", _count),
    (r"(?:make|paint|colour|color) (.+) (\w+ and \w+)", _make),
    (r"(?:make|paint|colour|color) (.+) ((?:in |at |into )?(?:an? )?[\w]+(?: light| picture| drawing)?)", _make),
]
