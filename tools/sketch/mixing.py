"""What random scenes hold, planned so that a data set teaches: every word, and every pair of nouns, often enough.

Covered: the mix as one frozen dataclass, and the plan of an epoch of scenes, in which kinds of scenes come in exact
shares, nouns meet each other as evenly as a greedy choice can make them, and every noun takes every colour equally
often. Not covered: sizes, patterns, lights, places and poses (`scenes`), which are drawn scene by scene.
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
    of one noun, of `groups` members (weights; fewer where the scene is smaller), half of them (`alike`) of one colour
    and pattern; all other nouns of a scene differ. `plain`: things without a pattern. `sizes_*`: weights of small,
    medium and large. `lights`: weights. `black_or_white`: share of stimuli in black or white. Treatments are never
    drawn: they would hide what the captions say.
    """

    epoch: int = 2000
    stimulus: float = 0.2
    few: float = 0.5
    few_counts: Counts = field(default_factory=lambda: {1: 1, 2: 1, 3: 1})
    many_counts: Counts = field(default_factory=lambda: {4: 2, 5: 3, 6: 8, 7: 11})
    group: float = 0.25
    groups: Counts = field(default_factory=lambda: {2: 1, 3: 1, 4: 1, 5: 1})
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

    `things`: (noun, colour); the first `group` of them are of one noun. `crowded`: the sizes of many things apply.
    """

    stimulus: tuple[str, str | None] | None = None
    things: tuple[tuple[str, str], ...] = ()
    group: int = 0
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
    in_group = _groups(counts, round(objects * MIX.group), rng)
    grounds = _dealt(len(BACKGROUNDS), objects, rng)
    casts = _casts(counts, in_group, rng)
    plans = [
        Plan(None, cast, group, BACKGROUNDS[ground], count > max(MIX.few_counts))
        for count, group, ground, cast in zip(counts, in_group, grounds, casts, strict=True)
    ]
    kinds = [(s.name, o) for s in STIMULI.values() for o in (ORIENTATIONS if s.oriented else (None,))]
    plans += [Plan(kinds[kind]) for kind in _dealt(len(kinds), stimuli, rng)]
    return tuple(plans[i] for i in rng.permutation(MIX.epoch))


def _dealt(cards: int, turns: int, rng: np.random.Generator) -> list[int]:
    """`turns` cards from shuffled decks of `cards`, one deck after the other."""
    decks = [rng.permutation(cards) for _ in range(-(-turns // cards))]
    return [int(card) for card in np.concatenate(decks)[:turns]]


def _groups(counts: list[int], wanted: int, rng: np.random.Generator) -> list[int]:
    """For each scene the size of its group, 0 for none: `wanted` groups in scenes that hold two things or more."""
    able = [i for i, count in enumerate(counts) if count >= min(MIX.groups)]
    sizes = sorted(shares(min(wanted, len(able)), MIX.groups), reverse=True)
    groups = [0] * len(counts)
    free = [int(i) for i in rng.permutation(able)]
    for size in sizes:  # the largest first, each in the first free scene that it fits, else cut to what fits
        scene = next((i for i in free if counts[i] >= size), free[0])
        free.remove(scene)
        groups[scene] = min(size, counts[scene])
    return groups


def _casts(counts: list[int], groups: list[int], rng: np.random.Generator) -> list[tuple[tuple[str, str], ...]]:
    """Nouns and colours for every scene, so that pairs of nouns, and nouns with colours, come evenly."""
    nouns, colours = list(NOUNS), list(COLOURS)
    n = len(nouns)
    urge = np.full((n, n), 1.0)  # how much each pair still wants to meet: less with every meeting
    used = rng.random(n) * 0.5
    worn = rng.random((n, len(colours))) * 0.5
    heads = {size: iter(_dealt(n, len(groups), rng)) for size in set(groups)}
    casts: list[tuple[tuple[str, str], ...]] = [()] * len(counts)
    for scene in rng.permutation(len(counts)).tolist():
        count, group = counts[scene], groups[scene]
        # Group scenes take each noun in turn; others begin with the noun that was used least.
        chosen = [next(heads[group]) if group else int(used.argmin())]
        pull = urge[chosen[0]].copy()
        for _ in range(count - max(group, 1)):
            pull[chosen] = -1.0
            chosen.append(int((pull - 0.002 * used).argmax()))
            pull += urge[chosen[-1]]
        pairs = np.ix_(chosen, chosen)
        urge[pairs] *= 0.3
        used[chosen] += 1
        cast: list[tuple[str, str]] = []
        for noun in [chosen[0]] * (group - 1) + chosen:
            colour = int(worn[noun].argmin())
            worn[noun, colour] += 1
            cast.append((nouns[noun], colours[colour]))
        casts[scene] = tuple(cast)
    return casts
