"""What random scenes really hold, counted: does a data set of N scenes show every word, pair, group and relation?

Covered: `coverage` of the first `n` scenes of a seed: for each kind of content, how many there are to be seen, in how
many scenes the rarest is, which that is, and what is promised (`PROMISED`, for 2,000 scenes). Not covered: the plan that
brings it about (`mixing`).
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, permutations

from ...targets.errors import BadInput
from ...targets.picture import Scene
from .mixing import MIX
from .relations import holds
from .scenes import random_scene
from .vocabulary import BACKGROUNDS, COLOURS, LIGHTS, NOUNS, ORIENTATIONS, PATTERNS, RELATIONS, SIZES, STIMULI

Content = tuple[str, ...]

_KINDS: dict[str, tuple[list[Content], int]] = {
    "noun": ([(noun,) for noun in NOUNS], 40),
    "colour": ([(colour,) for colour in COLOURS], 40),
    "pattern": ([(pattern,) for pattern in PATTERNS], 40),
    "size": ([(size,) for size in SIZES], 40),
    "background": ([(ground,) for ground in BACKGROUNDS], 100),
    "light": ([(light,) for light in LIGHTS], 100),
    "stimulus": ([(s.name, o) for s in STIMULI.values() for o in (ORIENTATIONS if s.oriented else ("",))], 12),
    "noun and colour": ([(noun, colour) for noun in NOUNS for colour in COLOURS], 3),
    "pair of nouns": (list(combinations(sorted(NOUNS), 2)), MIX.each_pair),
    "noun and group size": ([(noun, str(size)) for noun in NOUNS for size in MIX.groups], MIX.each_group),
    "relation": ([(relation,) for relation in RELATIONS], 100),
    "noun in relation": ([(noun, relation) for noun in NOUNS for relation in RELATIONS], 1),
    "noun under relation": ([(relation, noun) for relation in RELATIONS for noun in NOUNS], 1),
}
PROMISED: dict[str, int] = {kind: least for kind, (_, least) in _KINDS.items()}
"""In how many of 2,000 scenes (`MIX.epoch`) each content of a kind is found at least."""


@dataclass(frozen=True, slots=True)
class Covered:
    """How often the contents of one kind are met: `least` and `median` are numbers of scenes.

    `kinds`: how many different contents there are; `met`: how many of them any scene holds. `rarest`: one that comes
    least often. `promised`: the least number of scenes for data sets of `MIX.epoch` scenes, else None.
    """

    kind: str
    kinds: int
    met: int
    least: int
    rarest: str
    median: float
    promised: int | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """What `n` scenes of a seed hold. `counts`: scenes by number of things; `groups`: groups by size."""

    seed: int
    n: int
    stimulus_scenes: int
    counts: dict[int, int]
    group_scenes: int
    groups: dict[int, int]
    covered: tuple[Covered, ...]


def contents(scene: Scene) -> Iterator[tuple[str, Content]]:
    """Everything that counts as content of a scene, by kind; relations hold between things of different nouns."""
    yield "background", (scene.background,)
    yield "light", (scene.light,)
    for thing in scene.things:
        if thing.noun in STIMULI:
            yield "stimulus", (thing.noun, thing.orientation or "")
            continue
        yield "noun", (thing.noun,)
        yield "colour", (thing.colour,)
        yield "pattern", (thing.pattern,)
        yield "size", (thing.size,)
        yield "noun and colour", (thing.noun, thing.colour)
    nouns = Counter(thing.noun for thing in scene.things if thing.noun in NOUNS)
    for pair in combinations(sorted(nouns), 2):
        yield "pair of nouns", pair
    for noun, count in nouns.items():
        if count > 1:
            yield "noun and group size", (noun, str(count))
    for a, b in permutations([thing for thing in scene.things if thing.noun in NOUNS], 2):
        for relation in RELATIONS if a.noun != b.noun else ():
            if holds(relation, a, b):
                yield "relation", (relation,)
                yield "noun in relation", (a.noun, relation)
                yield "noun under relation", (relation, b.noun)


def counted(scenes: Iterable[Scene]) -> Counter[tuple[str, Content]]:
    """In how many of the scenes each content is."""
    return Counter(content for scene in scenes for content in set(contents(scene)))


def coverage(seed: int, n: int) -> Coverage:
    """What the first `n` random scenes of `seed` hold; nothing is painted. Raises `BadInput` where `n` is below 1."""
    if n < 1:
        raise BadInput(f"coverage of {n!r} scenes: at least 1 is needed, such as 2000")
    scenes = [random_scene(seed, index) for index in range(n)]
    found = counted(scenes)
    whole = n >= MIX.epoch
    covered = []
    for kind, (known, least) in _KINDS.items():
        numbers = {content: found[kind, content] for content in known}
        rarest = min(known, key=numbers.__getitem__)
        told = " ".join(word for word in rarest if word)
        met = sum(number > 0 for number in numbers.values())
        median = float(statistics.median(numbers.values()))
        covered.append(Covered(kind, len(known), met, numbers[rarest], told, median, least if whole else None))
    objects = [scene for scene in scenes if not any(thing.noun in STIMULI for thing in scene.things)]
    groups = [
        [count for count in Counter(thing.noun for thing in scene.things).values() if count > 1] for scene in objects
    ]
    return Coverage(
        seed,
        n,
        n - len(objects),
        dict(sorted(Counter(len(scene.things) for scene in objects).items())),
        sum(map(bool, groups)),
        dict(sorted(Counter(size for sizes in groups for size in sizes).items())),
        tuple(covered),
    )
