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


def predicted_scenes(concept: Concept, n: int) -> list[Scene]:
    """`n` scenes drawn from the prompts of a concept, its ways in turn; none where no prompt can be drawn."""
    found = [scene for scene in (_drawn(way, 0) for way in disjuncts(concept)) if scene is not None]
    ways = [way for way in disjuncts(concept) if _drawn(way, 0) is not None]
    return found[:n] + [scene for i in range(len(found), n) if ways and (scene := _drawn(ways[i % len(ways)], i)) is not None]


@lru_cache(maxsize=1)
def neutral_scenes() -> tuple[Scene, ...]:
    """Scenes of prompts that no answer had a hand in: a thing, somewhere."""
    rng = np.random.default_rng(NEUTRAL_SEED)
    nouns = [list(v.NOUNS)[int(i)] for i in rng.choice(len(v.NOUNS), PICTURES, replace=False)]
    places = [b for b in v.BACKGROUNDS if b != "plain"]
    told = [f"a {noun} on {places[int(rng.integers(len(places)))]}" for noun in nouns]
    return tuple(prompts.imagine(prompts.parse(text), NEUTRAL_SEED + i) for i, text in enumerate(told))


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


def _drawn(way: Concept, which: int) -> Scene | None:
    try:
        return prompts.imagine(prompts.parse(prompt_for(way, which)), which)
    except BadInput:  # no such picture can be drawn, or it is a word that the drawn world does not know
        return None
