"""The experiment that decides an open question: fresh pictures that differ in what is asked about, measured once, judged.

Covered: which pictures (those that fire the unit against the same with what is asked about changed; for "more like", the one
against the other beside neither), the verdict by intervals, and why none can be given. "No" and "both alike" are said only
where the interval lies within `MARGIN`, never for want of significance. Not covered: reading the question
(`open_question.py`), the answer to what makes the unit fire. Values of a factor take turns: a change is their mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from ..targets.errors import BadInput
from ..targets.picture import Picture
from ..tools.experiment import Measured
from ..tools.generator import near_misses
from ..tools.lab import Lab
from ..tools.sketch import vocabulary as v
from ..tools.sketch.concept import Concept, Light, Not, On, Phrase, both, either
from .open_question import Cares, MoreLike, nouns_with
from .transcript import OpenReply, Posed, Redrawn, Settled

EXPERIMENT = "Q1"
N = 40  # families of pictures: where none changes, at most 9% of them would, unseen
LEAST = 10
MARGIN = 0.25  # of the way from rest to full: what is less does not matter
FIRES = 0.5  # of the way: pictures under that cannot show that a change does nothing
Changed = Callable[[Picture], list[Picture]]


@dataclass
class Designed:
    """Pictures by condition, a family (or, unpaired, a picture) a row; `contents`: which rows show the same contents."""

    shown: str
    made: dict[str, list[Picture]]
    paired: bool = True
    contents: list[int] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)  # the value that each row was changed to


@dataclass(frozen=True)
class Difference:
    """A mean difference and its 95% interval, in shares of the way from rest to full."""

    mean: float
    low: float
    high: float


def without_experiment(why: str, answer: str = "cannot tell") -> OpenReply:
    """The reply where no experiment could be made."""
    return OpenReply(answer=answer, text=f"{answer}: {why}", experiment=None, effect=None, interval=None, n=0)


def design(lab: Lab, asked: Cares | MoreLike, formula: str | None, redrawn: Redrawn, full: float) -> Designed:
    """The pictures of the experiment, made and not measured. Raises `BadInput` with why they cannot be made."""
    rng = lab.stream("open question")
    rest = rest_of(lab)
    if isinstance(asked, MoreLike):
        return _two_sides(lab, asked, formula, redrawn, rest + FIRES * (full - rest), rng)
    within = either([Phrase(noun=n) for n in nouns_with(asked.what)]) if asked.of == "part" else None
    concept = lab.corpus.read(asked.what) if asked.of == "concept" else within
    made, contents, shown = _firing(lab, formula, redrawn, rest + FIRES * (full - rest), concept, rng)
    if len(made) < LEAST and concept is not None:
        made, shown = _fresh(lab, concept, N, rng), f"pictures of {asked.what}"
        contents = list(range(len(made)))
    changed: Changed
    if asked.of == "factor":
        turns = _turns(lab, asked.what, rng)
        changed = lambda picture: [next(turns)(picture)]  # noqa: E731
    elif asked.of == "part":
        changed = lambda picture: [lab.generator.edit_words(picture, f"take the {asked.what} off")]  # noqa: E731
    else:
        assert concept is not None
        missed = iter(near_misses(lab.generator, concept, made, rng))
        changed = lambda _: [p for p in [next(missed)] if p]  # noqa: E731  # asked of each picture once, in order
    said = {"factor": f"with another {asked.what}", "part": f"without its {asked.what}"}.get(asked.of, f"not {asked.what}")
    return _families(shown, made, contents, changed, ("as they are", said), asked.what if asked.of == "factor" else None)


def posed(asked: Cares | MoreLike, designed: Designed, lab: Lab, full: float) -> Posed:
    """The experiment as it is registered, before anything is measured."""
    if isinstance(asked, Cares):
        rules = {
            "yes": f"the change alters the answer by {MARGIN} of the way from rest to full or more, its interval beside 0",
            "no": f"what is unchanged fires, and the interval of the difference lies within {MARGIN} of that way",
        }
    else:
        rules = {
            f"more like {asked.one}": f"it lies {MARGIN} of the way or more above {asked.other} and neither, both beside 0",
            f"more like {asked.other}": "the same the other way round",
            "both alike": f"their difference lies within {MARGIN}, and both lie above neither",
            "neither": f"neither lies {MARGIN} above pictures that show neither",
        }
    return Posed(
        experiment=EXPERIMENT,
        asked=asked,
        shown=designed.shown,
        conditions={name: [p.id for p in pictures] for name, pictures in designed.made.items()},
        paired=designed.paired,
        predictions=rules,
        margin=MARGIN,
        rest=rest_of(lab),
        full=full,
    )


def settle(lab: Lab, asked: Cares | MoreLike, designed: Designed, full: float) -> Settled:
    """Measure and judge. Raises `LimitReached` before a limit would be passed."""
    readings = lab.measure([p for pictures in designed.made.values() for p in pictures])
    measured, at = [], 0
    for name, pictures in designed.made.items():
        measured.append(Measured(name=name, readings=readings[at : at + len(pictures)]))
        at += len(pictures)
    rest = rest_of(lab)
    levels = [(m.peaks - rest) / (full - rest) for m in measured]
    n = min(map(len, levels))
    reply = _cares(asked, designed, levels) if isinstance(asked, Cares) else _more(asked, designed, levels)
    answer, effect, seen = reply
    told = (
        f"{answer}: {seen} {effect.mean:.2f} [{effect.low:.2f}, {effect.high:.2f}] of the way from rest to full "
        f"({EXPERIMENT}, n {n}, {designed.shown})"
    )
    interval = (round(effect.low, 4), round(effect.high, 4))
    said = OpenReply(answer=answer, text=told, experiment=EXPERIMENT, effect=round(effect.mean, 4), interval=interval, n=n)
    return Settled(experiment=EXPERIMENT, measured=measured, reply=said)


def rest_of(lab: Lab) -> float:
    """The unit's answer to most pictures: the data's lower quartile, as over half may fire."""
    return float(np.nanquantile(lab.peaks, 0.25))


def full_of(lab: Lab, redrawn: Redrawn) -> float:
    """The unit's answer to the strongest contents that can be had again; of data that cannot be redrawn, the top hundredth."""
    if redrawn.way == "redraw" and redrawn.fresh:
        return float(np.quantile([reading.peak for reading in redrawn.fresh], 0.75))
    return float(np.nanquantile(lab.peaks, 0.99))


# ---- verdicts ---------------------------------------------------------------------------------------------------------


def _cares(asked: Cares, designed: Designed, levels: list[np.ndarray]) -> tuple[str, Difference, str]:
    lost = levels[0] - levels[1]
    effect = difference(lost, designed.contents)
    seen = f"to change it ({asked.what}) takes"
    if abs(effect.mean) >= MARGIN and effect.low * effect.high > 0:
        return "yes", effect, seen
    by_kind = {kind: [float(d) for d, k in zip(lost, designed.kinds, strict=True) if k == kind] for kind in designed.kinds}
    even = all(abs(float(np.mean(some))) < 2 * MARGIN for some in by_kind.values())  # no one value matters
    if levels[0].mean() >= FIRES and effect.low > -MARGIN and effect.high < MARGIN and even:
        return "no", effect, seen
    return "cannot tell", effect, seen


def _more(asked: MoreLike, designed: Designed, levels: list[np.ndarray]) -> tuple[str, Difference, str]:
    one, other, neither = levels

    def apart(a: np.ndarray, b: np.ndarray) -> Difference:
        return difference(a - b, designed.contents) if designed.paired else two_samples(a, b)

    effect, over, beyond = apart(one, other), apart(one, neither), apart(other, neither)
    seen = f"{asked.one} above {asked.other} by"

    def above(d: Difference) -> bool:
        return d.mean >= MARGIN and d.low > 0

    if over.high < MARGIN and beyond.high < MARGIN:
        return "neither", effect, seen
    if above(effect) and above(over):
        return f"more like {asked.one}", effect, seen
    if above(Difference(-effect.mean, -effect.high, -effect.low)) and above(beyond):
        return f"more like {asked.other}", effect, seen
    if effect.low > -MARGIN and effect.high < MARGIN and above(over) and above(beyond):
        return "both alike", effect, seen
    return "cannot tell", effect, seen


def difference(values: np.ndarray, contents: list[int]) -> Difference:
    """The mean of paired differences, one value a content, with a t interval no narrower than what n contents can miss."""
    means = np.array([values[np.array(contents) == c].mean() for c in dict.fromkeys(contents)])
    n, mean = len(means), float(means.mean())
    spread = float(means.std(ddof=1)) / math.sqrt(n) if n > 1 else math.inf
    return _interval(mean, spread, n - 1, n)


def two_samples(one: np.ndarray, other: np.ndarray) -> Difference:
    """The difference of two samples' means, by Welch's t, no narrower than what the smaller of them can miss."""
    a, b = one.var(ddof=1) / len(one), other.var(ddof=1) / len(other)
    free = (a + b) ** 2 / (a**2 / (len(one) - 1) + b**2 / (len(other) - 1)) if a + b > 0 else len(one) + len(other) - 2
    return _interval(float(one.mean() - other.mean()), math.sqrt(a + b), free, min(len(one), len(other)))


def _interval(mean: float, spread: float, free: float, n: int) -> Difference:
    from scipy.stats import t

    unseen = 1 - 0.025 ** (1 / n)  # the share of pictures that may do otherwise though none of n did
    half = max(float(t.ppf(0.975, max(1, free))) * spread, unseen)
    return Difference(mean, mean - half, mean + half)


# ---- pictures ---------------------------------------------------------------------------------------------------------


def _two_sides(
    lab: Lab, asked: MoreLike, formula: str | None, redrawn: Redrawn, bar: float, rng: np.random.Generator
) -> Designed:
    names = (asked.one, asked.other, "neither")
    if asked.part is not None:
        return _part_or_noun(lab, asked, rng)
    concepts = [lab.corpus.read(asked.one), lab.corpus.read(asked.other)]
    values = [_value(concept) for concept in concepts]
    if values[0] is not None and values[1] is not None and values[0][0] == values[1][0]:
        factor, one, other = values[0][0], values[0][1], values[1][1]
        made, contents, shown = _firing(lab, formula, redrawn, bar, None, rng)
        turns = _turns(lab, factor, rng, (one, other))

        def changed(picture: Picture) -> list[Picture]:
            return [lab.generator.edit(picture, factor, one), lab.generator.edit(picture, factor, other), next(turns)(picture)]

        if len(made) >= LEAST:
            designed = _families(shown, made, contents, changed, ("as they are", *names), None)
            del designed.made["as they are"]
            return designed
    sides = [both((a, Not(b))) for a, b in (concepts, concepts[::-1])]
    neither = both((Not(concepts[0]), Not(concepts[1])))
    made_of = {name: _fresh(lab, side, N, rng) for name, side in zip(names, (*sides, neither), strict=True)}
    return _unpaired("pictures of each without the other", made_of)


def _part_or_noun(lab: Lab, asked: MoreLike, rng: np.random.Generator) -> Designed:
    """The part on other things, against the thing without the part, beside things that are neither."""
    part, noun = (asked.one, asked.other) if asked.part == "one" else (asked.other, asked.one)
    having, thing = nouns_with(part), Phrase(noun=noun)
    others = either([Phrase(noun=n) for n in having if n != noun]) if len(having) > 1 else None
    if others is None:
        raise BadInput(f"nothing but a {noun} is drawn with {part}")
    with_part = _fresh(lab, both((others, Not(thing))), N, rng)
    bare = both((thing, *(Not(Phrase(noun=n)) for n in having if n != noun)))
    without = [lab.generator.edit_words(p, f"take the {part} off the {noun}") for p in _fresh(lab, bare, N, rng)]
    neither = _fresh(lab, both([Not(Phrase(noun=n)) for n in having]), N, rng)
    sides = {part: with_part, noun: without}
    shown = f"other things with {part}, against {v.plural(noun)} without"
    return _unpaired(shown, {asked.one: sides[asked.one], asked.other: sides[asked.other], "neither": neither})


def _unpaired(shown: str, made: dict[str, list[Picture]]) -> Designed:
    for name, pictures in made.items():
        if len(pictures) < LEAST:
            raise BadInput(f"only {len(pictures)} pictures of {name!r} without the other could be drawn")
    return Designed(shown, made, paired=False)


def _firing(
    lab: Lab, formula: str | None, redrawn: Redrawn, bar: float, within: Concept | None, rng: np.random.Generator
) -> tuple[list[Picture], list[int], str]:
    """Fresh pictures of what fires the unit: of the supported formula, else top pictures drawn anew that fired before."""
    if formula is not None:
        parts = [lab.corpus.read(formula), *([] if within is None else [within])]
        made = _fresh(lab, both(parts), N, rng)
        return made, list(range(len(made))), f"pictures of {both(parts)}"
    fired = [i for i, reading in enumerate(redrawn.chosen) if reading.peak >= bar]
    tops = [lab.find(redrawn.top[i].picture) for i in fired]
    tops = [p for p in tops if within is None or lab.holds(within, p)]
    turns = [i % len(tops) for i in range(N if tops else 0)]
    drawn = [(i, lab.generator.redraw(tops[i], int(rng.integers(2**31)))) for i in turns]
    kept = [(content, p) for content, p in drawn if p is not None and p.id not in lab.used]
    return [p for _, p in kept], [content for content, _ in kept], f"{len(tops)} strong pictures drawn anew"


def _fresh(lab: Lab, concept: Concept, n: int, rng: np.random.Generator) -> list[Picture]:
    made = {p.id: p for p in lab.generator.examples(concept, n, rng) if p.id not in lab.used}
    return list(made.values())


def _families(
    shown: str, made: list[Picture], contents: list[int], changed: Changed, names: tuple[str, ...], factor: str | None
) -> Designed:
    """Each picture with its changed ones; a picture of which one cannot be made is left out."""
    found = Designed(shown, {name: [] for name in names})
    why = "there is nothing in them to change"
    for picture, content in zip(made, contents, strict=True):
        try:
            row = [picture, *changed(picture)]
        except BadInput as error:
            why = str(error)
            continue
        if len(row) < len(names) or (len(names) == 2 and row[0].id == row[1].id):
            continue
        for name, one in zip(names, row, strict=True):
            found.made[name].append(one)
        found.contents.append(content)
        found.kinds.append("" if factor is None else ", ".join(sorted(_values_in(row[1], factor))))
    if len(found.contents) < LEAST:
        raise BadInput(f"{len(found.contents)} of {shown} could be changed so, and {LEAST} are needed ({why})"
                       if made else "nothing that fires it could be drawn to be changed")  # fmt: skip
    return found


def _turns(
    lab: Lab, factor: str, rng: np.random.Generator, but: tuple[str, ...] = ()
) -> Iterator[Callable[[Picture], Picture]]:
    """For ever: how to set the factor to the next value that the picture does not show."""
    values = [value for value in v.values(factor) if value not in but]
    order = [values[int(i)] for i in rng.permutation(len(values))]
    at = 0

    def change(picture: Picture) -> Picture:
        why: BadInput | None = None
        for step in range(len(order)):
            value = order[(at + step) % len(order)]
            if value in _values_in(picture, factor):
                continue
            try:
                return lab.generator.edit(picture, factor, value)
            except BadInput as error:
                why = error
        raise why or BadInput(f"it shows every {factor}")

    while True:
        yield change
        at += 1


def _values_in(picture: Picture, factor: str) -> set[str]:
    scene = picture.scene
    if scene is None:
        return set()
    found = {getattr(thing, factor, None) for thing in scene.things} | {getattr(scene, factor, None)}
    return {str(value) for value in found if value is not None}


def _value(concept: Concept) -> tuple[str, str] | None:
    """The factor and value that a concept of one attribute names."""
    match concept:
        case On(background):
            return "background", background
        case Light(light):
            return "light", light
        case Phrase() if len(concept.named()) == 1:
            return next(iter(concept.named().items()))
    return None
