"""The predictive protocol: pictures are generated from the description, and the neuron is shown them.

Covered: prompts for what an answer says (a prompt a way, vetoes left out: no prompt asks for an absence), prompts that have
nothing to do with it, the neuron's mean activation on the one and on the other, and the chance that a predicted picture
fires it more than a neutral one. It is MAIA's protocol, with the drawn world for its text-to-image model, and it stands
beside the score by function because it cannot replace it: "dog" does well here for a neuron that fires for red dogs.
Not covered: what a neuron answers (`asking.py`), formulas read from words (`in_words.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from pydantic import BaseModel, ConfigDict

from ...targets.errors import BadInput
from ...targets.picture import Scene
from ...tools.sketch import prompt as prompts
from ...tools.sketch import vocabulary as v
from ...tools.sketch.caption import NUMBERS
from ...tools.sketch.concept import And, AtLeast, Concept, Light, On, Or, Phrase, Related, conjuncts, disjuncts
from ...tools.sketch.cutout_nouns import NONE, Cutouts
from ...tools.statistics import superiority

PICTURES = 10  # predicted, and as many neutral ones
NEUTRAL_SEED = 646_464_646  # of the neutral prompts: the same for all neurons and all minds


class Predicted(BaseModel):
    """Mean activation on predicted and on neutral pictures, in the neuron's own units; `superiority`: in [0, 1]."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    positive: float
    neutral: float
    superiority: float


def predict(concept: Concept, respond: Callable[[Sequence[Scene]], Sequence[float]]) -> Predicted | None:
    """The figures for what an answer says; None where nothing of it can be drawn.

    `respond`: the neuron's activation on the pictures of some scenes.
    """
    shown = predicted_scenes(concept, PICTURES)
    if not shown:
        return None
    high, low = (np.asarray(respond(scenes), dtype=np.float64) for scenes in (shown, neutral_scenes()))
    return Predicted(
        positive=round(float(high.mean()), 4),
        neutral=round(float(low.mean()), 4),
        superiority=round(float(superiority(high, low)), 4),
    )


def predicted_scenes(concept: Concept, n: int, cutouts: Cutouts = NONE) -> list[Scene]:
    """`n` scenes drawn from the prompts of a concept, its ways in turn; none where no prompt can be drawn."""
    return [drawn_from(prompt, seed, cutouts) for prompt, seed in prompts_of(concept, n, cutouts)]


def prompts_of(concept: Concept, n: int, cutouts: Cutouts = NONE) -> list[tuple[str, int]]:
    """`n` prompts for a concept with the seed to draw each by, its ways in turn; none where none of them can be drawn."""
    ways = [way for way in disjuncts(concept) if _drawable(way, 0, cutouts) is not None]
    asked = [(way, 0) for way in ways[:n]] + [(ways[i % len(ways)], i) for i in range(len(ways), n) if ways]
    found = ((_drawable(way, i, cutouts), i) for way, i in asked)
    return [(prompt, i) for prompt, i in found if prompt is not None]


def drawn_from(prompt: str, seed: int, cutouts: Cutouts = NONE) -> Scene:
    """A prompt's scene. Raises `BadInput`."""
    return prompts.imagine(prompts.parse(prompt, cutouts), seed, cutouts=cutouts)


@lru_cache(maxsize=1)
def neutral_scenes() -> tuple[Scene, ...]:
    """The scenes of the neutral prompts."""
    return tuple(drawn_from(prompt, seed) for prompt, seed in neutral_prompts())


@lru_cache(maxsize=4)
def neutral_prompts(cutouts: Cutouts = NONE) -> tuple[tuple[str, int], ...]:
    """Prompts that no answer had a hand in, with the seed to draw each by: a thing, somewhere."""
    rng = np.random.default_rng(NEUTRAL_SEED)
    nouns = [cutouts.subjects[int(i)] for i in rng.choice(len(cutouts.subjects), PICTURES, replace=False)]
    places = [b for b in v.BACKGROUNDS if b != "plain"]
    told = [f"a {noun} on {places[int(rng.integers(len(places)))]}" for noun in nouns]
    return tuple((text, NEUTRAL_SEED + i) for i, text in enumerate(told))


def prompt_for(way: Concept, which: int = 0) -> str:
    """What a generator is asked for, so that the way holds: "a red car and a dog on snow".

    `which`: which alternative of an `or` within is asked for.
    """
    things, places = [], []
    for part in _asked(way, which):
        match part:
            case Phrase():
                things.append(f"a {_with_noun(part)}")
            case AtLeast(n, phrase):
                things.append(f"{NUMBERS[n]} {str(AtLeast(n, phrase)).removeprefix(f'at least {NUMBERS[n]} ')}")
            case Related(one, relation, other):
                things.append(f"a {one} {relation} a {other}")
            case On() | Light():
                places.append(str(part))
    return " ".join([" and ".join(things or ["a thing"]), *places])


def _asked(way: Concept, which: int) -> list[Concept]:
    found: list[Concept] = []
    for part in conjuncts(way):
        match part:
            case Or(parts):
                found += _asked(parts[which % len(parts)], which)
            case And():
                found += _asked(part, which)
            case _:
                found.append(part)
    return found


def _with_noun(phrase: Phrase) -> str:
    """The phrase with a noun that can have what it names: only gratings have a frequency, only stimuli an orientation."""
    if phrase.noun is not None:
        return str(phrase)
    return f"{phrase} {'grating' if phrase.frequency or phrase.orientation else 'thing'}"


def _drawable(way: Concept, which: int, cutouts: Cutouts) -> str | None:
    """The prompt for a way; None where no such picture can be drawn, or it is a word that the drawn world does not know."""
    prompt = prompt_for(way, which)
    try:
        drawn_from(prompt, which, cutouts)
    except BadInput:
        return None
    return prompt
