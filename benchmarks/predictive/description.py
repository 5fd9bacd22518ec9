"""A description as something that predicts: how strongly a unit should fire for a picture, by what is said of the unit.

Covered: weighted concepts, a formula (one concept of weight 1), words that a formula can be read from, and other words, which
are held against captions; descriptions of the answers that runs give. Not covered: how well a prediction does (`fit.py`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from pydantic import BaseModel, ConfigDict

from ...agent.answer import Answer
from ...targets.errors import BadInput
from ...tools.corpus import FUNCTION_WORDS, Corpus
from ...tools.sketch.caption import caption
from ...tools.sketch.concept import Concept, caption_words, either, singular
from ..synthetic.in_words import formula_in


class Part(BaseModel):
    """A concept in the concept language, and how strongly the unit fires where it holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    concept: str
    weight: float


class Description(BaseModel):
    """What is said of a unit: in words, and (where it can be) as weighted concepts, whose weights add up in a picture."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    parts: tuple[Part, ...] = ()

    @property
    def formula(self) -> str | None:
        """The concept, where it is one alone."""
        return self.parts[0].concept if len(self.parts) == 1 else None


def of_concept(concept: Concept | None) -> Description | None:
    """The description that a unit fires for a concept; None for None."""
    if concept is None:
        return None
    return Description(text=f"fires for {concept}", parts=(Part(concept=str(concept), weight=1.0),))


def of_weights(weights: Sequence[tuple[Concept, float]]) -> Description | None:
    """The description that each concept adds its weight; the strongest is told first; None where there is none."""
    ranked = sorted(weights, key=lambda row: (-row[1], str(row[0])))
    parts = tuple(Part(concept=str(concept), weight=round(weight, 6)) for concept, weight in ranked if weight != 0)
    return Description(text=" + ".join(f"{p.weight:.3g} {p.concept}" for p in parts), parts=parts) if parts else None


def of_answer(answer: Answer) -> Description:
    """What a run answered, whatever its verdict: by its weighted labels, else by its formula, else by its words."""
    if answer.weighted is not None:
        parts = tuple(Part(concept=one.label, weight=one.weight) for one in answer.weighted.labels)
        return Description(text=f"{answer.description} {answer.weighted.text()}", parts=parts)
    if answer.formula is not None:
        return Description(text=answer.description, parts=(Part(concept=answer.formula, weight=1.0),))
    return of_words(answer.description if answer.verdict == "supported" else "")


def of_words(text: str) -> Description:
    """A description in words alone: with the formula that they say, where they say one."""
    found = formula_in(text) if text else None
    return Description(text=text, parts=() if found is None else (Part(concept=str(found), weight=1.0),))


def concept_of(description: Description, read: Corpus, most: int = 5) -> Concept | None:
    """What a generator can be asked for: the concepts of the largest positive weights, as ways. Raises `BadInput`."""
    ranked = sorted((part for part in description.parts if part.weight > 0), key=lambda part: -part.weight)
    return either([read.read(part.concept) for part in ranked[:most]]) if ranked else None


def predicted(description: Description | None, corpus: Corpus) -> np.ndarray | None:
    """What a description predicts on the pictures of a corpus: float64, (N,), in no unit; None where it says nothing.

    Raises `BadInput` where a concept cannot be read.
    """
    if description is None:
        return None
    if description.parts:
        found = np.zeros(len(corpus))
        for part in description.parts:
            found += part.weight * corpus.truths(corpus.read(part.concept))
        return found
    return by_words(description.text, corpus)


def by_words(text: str, corpus: Corpus) -> np.ndarray | None:
    """How much of what a text says each caption says too: float64, (N,), in [0, 1]; None where no caption says any of it.

    Words weigh by how rare they are among the captions, log(N / n); words that every caption holds weigh nothing.
    """
    captions, often = _captions(corpus)
    weights = {word: math.log(len(captions) / often[word]) for word in _content(text) if often[word]}
    total = sum(weights.values())
    if total == 0:
        return None
    return np.array([sum(weight for word, weight in weights.items() if word in words) / total for words in captions])


@lru_cache(maxsize=4)
def _captions(corpus: Corpus) -> tuple[list[frozenset[str]], Counter[str]]:
    told = [about.caption or (caption(about.scene) if about.scene is not None else "") for about in corpus.abouts]
    captions = [caption_words(text) for text in told]
    return captions, Counter(word for words in captions for word in words)


def _content(text: str) -> list[str]:
    """The words that say something, each once, as its singular: which a caption's words have beside the plural."""
    return sorted({singular(word) for word in caption_words(text)} - FUNCTION_WORDS)


def readable(description: Description, corpus: Corpus) -> Description:
    """The description, without parts that the corpus has no words for. What is left out predicts nothing there."""

    def known(part: Part) -> bool:
        try:
            corpus.read(part.concept)
        except BadInput:
            return False
        return True

    return description.model_copy(update={"parts": tuple(part for part in description.parts if known(part))})
