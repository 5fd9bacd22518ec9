"""What random scenes hold, planned so that a data set teaches: every word, and every pair of nouns, often enough.

Covered: the mix as one frozen dataclass, and the plan of an epoch of scenes, in which kinds of scenes come in exact
shares, nouns meet each other as evenly as a greedy choice can make them, and every noun takes every colour, forms a
group of every size, and lies inside another thing, equally often. Not covered: sizes, patterns, lights, places and
poses (`scenes`), which are drawn scene by scene; what comes of it (`coverage`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from .vocabulary import BACKGROUNDS, COLOURS, NOUNS, ORIENTATIONS, STIMULI

Counts = Mapping[int, float]


@dataclass(frozen=True)
class Mix:
    """What random scenes hold: shares in [0, 1], and relative weights.

    `epoch`: scenes planned together; shares are exact in each. `stimulus`: scenes of one stimulus, which fills most of
    the picture, on a plain ground in normal light; the others hold objects. `few`: share of object scenes with
    `few_counts` things; the rest hold `many_counts` (weights by number). `group`: share of object scenes with a group
    of one noun, half of the groups (`alike`) of one colour and pattern; all other nouns of a scene differ.
    `each_group`: how many groups each noun forms of each size in `groups`; as many group scenes as that takes hold two
    groups, of sizes in `couples` (larger first). `each_inside`: how often each noun lies inside another thing, and each
    has another in it, in scenes of few things (the other relations come by themselves). `each_pair`: how often any two
    nouns meet. `plain`: share of things without a pattern. `sizes_*`: weights of small, medium and large. `lights`:
    weights. `black_or_white`: share of stimuli in black or white. Treatments are never drawn: they would hide what the
    captions say.
    """

    epoch: int = 2000
    stimulus: float = 0.2
    few: float = 0.5
    few_counts: Counts = field(default_factory=lambda: {1: 1, 2: 1, 3: 1})
    many_counts: Counts = field(default_factory=lambda: {4: 2, 5: 2, 6: 4, 7: 17})
    group: float = 0.25
    groups: tuple[int, ...] = (2, 3, 4, 5)
    each_group: int = 2
    couples: tuple[tuple[int, int], ...] = ((3, 2), (4, 2), (5, 2), (4, 3))
    each_inside: int = 2
    each_pair: int = 4
    alike: float = 0.5
    plain: float = 0.5
    sizes_few: tuple[float, float, float] = (0.2, 0.4, 0.4)
    sizes_many: tuple[float, float, float] = (0.45, 0.47, 0.08)
    sizes_stimulus: tuple[float, float, float] = (0.0, 0.15, 0.85)
    lights: Mapping[str, float] = field(
        default_factory=lambda: {"normal": 0.64, "bright": 0.12, "dark": 0.12, "night": 0.12}
    )
    black_or_white: float = 0.8


MIX = Mix()


@dataclass(frozen=True, slots=True)
class Plan:
    """What one random scene will hold. A stimulus scene has `stimulus` (noun, orientation) and nothing else.

    `things`: (noun, colour); they begin with the members of the `groups`, whose sizes these are,
    largest first. `inside`: the last thing lies inside the one before it. `crowded`: the sizes of many things apply.
    """

    stimulus: tuple[str, str | None] | None = None
    things: tuple[tuple[str, str], ...] = ()
    groups: tuple[int, ...] = ()
    inside: bool = False
    background: str = "plain"
    crowded: bool = False


def shares(total: int, weights: Counts) -> list[int]:
    """`total` values split by weight (largest remainders first), each value as often as its share, in order."""
    exact = {value: total * weight / sum(weights.values()) for value, weight in weights.items()}
    counts = {value: int(share) for value, share in exact.items()}
    short = total - sum(counts.values())
    for value in sorted(exact, key=lambda value: counts[value] - exact[value])[:short]:
        counts[value] += 1
    return [value for value, count in counts.items() for _ in range(count)]


@lru_cache(maxsize=6)
def plan(seed: int, epoch: int) -> tuple[Plan, ...]:
    """The plans of the scenes of one epoch, decided by `seed` and `epoch` alone."""
    rng = np.random.Generator(np.random.PCG64([seed % 2**64, epoch, 17]))
    stimuli = round(MIX.epoch * MIX.stimulus)
    objects = MIX.epoch - stimuli
    few = round(objects * MIX.few)
    counts = shares(few, MIX.few_counts) + shares(objects - few, MIX.many_counts)
    groups = _groups(counts, round(objects * MIX.group), rng)
    inside = _insides(counts, groups, rng)
    grounds = _dealt(len(BACKGROUNDS), objects, rng)
    casts = _casts(counts, groups, inside, rng)
    plans = [
        Plan(None, cast, sizes, within is not None, BACKGROUNDS[ground], count > max(MIX.few_counts))
        for count, sizes, within, ground, cast in zip(counts, groups, inside, grounds, casts, strict=True)
    ]
    kinds = [(s.name, o) for s in STIMULI.values() for o in (ORIENTATIONS if s.oriented else (None,))]
    plans += [Plan(kinds[kind]) for kind in _dealt(len(kinds), stimuli, rng)]
    return tuple(plans[i] for i in rng.permutation(MIX.epoch))


def _dealt(cards: int, turns: int, rng: np.random.Generator) -> list[int]:
    """`turns` cards from shuffled decks of `cards`, one deck after the other."""
    decks = [rng.permutation(cards) for _ in range(-(-turns // cards))]
    return [int(card) for card in np.concatenate(decks)[:turns]]


def _groups(counts: list[int], wanted: int, rng: np.random.Generator) -> list[tuple[int, ...]]:
    """For each scene the sizes of its groups: `wanted` scenes have some, and no size is rarer than it must be."""
    needed = [size for size in MIX.groups for _ in range(MIX.each_group * len(NOUNS))]
    double = max(0, len(needed) - wanted)
    couples = [MIX.couples[i % len(MIX.couples)] for i in range(double)]
    for size in (size for couple in couples for size in couple):
        needed.remove(size)
    sets: list[tuple[int, ...]] = [*couples, *((size,) for size in needed)]
    groups: list[tuple[int, ...]] = [()] * len(counts)
    free = rng.permutation(len(counts)).tolist()
    for sizes in sorted(sets, key=sum, reverse=True):  # the largest first, each in the first free scene that it fits
        scene = next(i for i in free if counts[i] >= sum(sizes))
        free.remove(scene)
        groups[scene] = sizes
    return groups


def _insides(
    counts: list[int], groups: list[tuple[int, ...]], rng: np.random.Generator
) -> list[tuple[int, int] | None]:
    """For each scene (noun that lies inside, noun that it lies in), or None, in scenes of few things and no group."""
    able = [i for i, count in enumerate(counts) if 2 <= count <= max(MIX.few_counts) and not groups[i]]
    total = MIX.each_inside * len(NOUNS)
    inner, outer = _dealt(len(NOUNS), total, rng), _dealt(len(NOUNS), total, rng)
    outer = _apart(outer, [{noun} for noun in inner])
    found: list[tuple[int, int] | None] = [None] * len(counts)
    for i, pair in zip(rng.permutation(able).tolist(), zip(inner, outer, strict=True), strict=False):
        found[i] = pair
    return found


def _apart(cards: list[int], shunned: list[set[int]]) -> list[int]:
    """The cards in another order, so that none lies where it is shunned."""
    cards = list(cards)
    for i, card in enumerate(cards):
        if card in shunned[i]:
            j = next(j for j, other in enumerate(cards) if other not in shunned[i] and card not in shunned[j])
            cards[i], cards[j] = cards[j], card
    return cards


def _heads(groups: list[tuple[int, ...]], rng: np.random.Generator) -> list[list[int]]:
    """For each scene the nouns of its groups: each noun as often as any other for every size, none twice in a scene."""
    heads: list[list[int]] = [[] for _ in groups]
    for size in sorted({size for sizes in groups for size in sizes}, reverse=True):
        scenes = [i for i, sizes in enumerate(groups) if size in sizes]
        cards = _apart(_dealt(len(NOUNS), len(scenes), rng), [set(heads[i]) for i in scenes])
        for i, card in zip(scenes, cards, strict=True):
            heads[i].append(card)
    return heads


def _casts(
    counts: list[int],
    groups: list[tuple[int, ...]],
    inside: list[tuple[int, int] | None],
    rng: np.random.Generator,
) -> list[tuple[tuple[str, str], ...]]:
    """Nouns and colours for every scene, so that pairs of nouns, and nouns with colours, come evenly."""
    nouns, colours = list(NOUNS), list(COLOURS)
    fixed = [heads or list(within or ()) for heads, within in zip(_heads(groups, rng), inside, strict=True)]
    sizes = [count - sum(some) + len(some) for count, some in zip(counts, groups, strict=True)]
    chosen = _met(_chosen(sizes, fixed, rng), [len(some) for some in fixed])
    worn = rng.random((len(nouns), len(colours))) * 0.5
    casts: list[tuple[tuple[str, str], ...]] = [()] * len(counts)
    for scene in rng.permutation(len(counts)).tolist():
        order = chosen[scene]
        if inside[scene]:  # the other things, then the outer, then the inner
            order = [*order[2:], order[1], order[0]]
        cast: list[tuple[str, str]] = []
        for place, noun in enumerate(order):
            for _ in range(groups[scene][place] if place < len(groups[scene]) else 1):
                colour = int(worn[noun].argmin())
                worn[noun, colour] += 1
                cast.append((nouns[noun], colours[colour]))
        casts[scene] = tuple(cast)
    return casts


def _chosen(sizes: list[int], fixed: list[list[int]], rng: np.random.Generator) -> list[list[int]]:
    """For each scene so many different nouns, beginning with those that are fixed; pairs meet evenly."""
    n = len(NOUNS)
    urge = np.full((n, n), 1.0)  # how much each pair still wants to meet: less with every meeting
    used = rng.random(n) * 0.5
    chosen = [list(some) for some in fixed]
    # The large scenes first: the small ones then bring together, one by one, the pairs that have met least.
    for scene in sorted(rng.permutation(len(sizes)).tolist(), key=lambda i: -sizes[i]):
        some = chosen[scene]
        if not some:
            some.append(int((used if sizes[scene] == 1 else used * 0.002 - urge.max(axis=1)).argmin()))
        pull = urge[some].sum(axis=0)
        while len(some) < sizes[scene]:
            pull[some] = -1.0
            some.append(int((pull - 0.002 * used).argmax()))
            pull += urge[some[-1]]
        urge[np.ix_(some, some)] *= 0.3
        used[some] += 1
    return chosen


def _met(chosen: list[list[int]], fixed: list[int]) -> list[list[int]]:
    """The same, but with single nouns replaced until every pair meets `MIX.each_pair` times, if that can be done.

    A noun is replaced only where no more meetings are wanting afterwards than before. `fixed`: how many nouns of each
    scene must stay.
    """
    n, least = len(NOUNS), MIX.each_pair
    meets = np.zeros((n, n), dtype=int)
    for some in chosen:
        meets[np.ix_(some, some)] += 1
    np.fill_diagonal(meets, least)
    for _ in range(8):
        wanting = np.argwhere(meets < least).tolist()
        if not wanting:
            break
        for one, other in wanting:
            if meets[one, other] < least:
                _bring_together(one, other, meets, chosen, fixed)
    return chosen


def _bring_together(one: int, other: int, meets: np.ndarray, chosen: list[list[int]], fixed: list[int]) -> None:
    """Put noun `other` in place of a third one in a scene that holds `one`, where that costs the least."""
    best: tuple[int, int, int] | None = None
    for scene, some in enumerate(chosen):
        if one not in some or other in some:
            continue
        for place in range(fixed[scene], len(some)):
            if some[place] == one:
                continue
            rest = [noun for noun in some if noun != some[place]]
            cost = int((meets[some[place], rest] <= MIX.each_pair).sum() - (meets[other, rest] < MIX.each_pair).sum())
            if best is None or cost < best[0]:
                best = (cost, scene, place)
    if best is not None and best[0] <= 0:
        _, scene, place = best
        rest = [noun for noun in chosen[scene] if noun != chosen[scene][place]]
        for noun, step in ((chosen[scene][place], -1), (other, 1)):
            meets[noun, rest] += step
            meets[rest, noun] += step
        chosen[scene][place] = other
