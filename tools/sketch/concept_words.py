"""Concepts read off captions, word by word, for pictures of which no scene is known.

Covered: the words of a caption with their singulars, and when a concept is true of them: a phrase where all its words are
there, a count where a number as large stands beside the phrase's words, a relation where its words and both phrases' are.
Which word belongs to which is not known. Not covered: concepts on scenes, which are exact (`concept.py`).
"""

from __future__ import annotations

import re
from functools import lru_cache

from . import vocabulary as v
from .caption import NUMBERS
from .concept_terms import And, AtLeast, Concept, Not, Or, Related

_FUNCTION = ("on", "at", "in", "light", "of")


def holds_in_words(concept: Concept, words: frozenset[str]) -> bool:
    """Whether the concept is true of a caption given as its words (see `caption_words`)."""
    match concept:
        case Not(part):
            return not holds_in_words(part, words)
        case And(parts):
            return all(holds_in_words(part, words) for part in parts)
        case Or(parts):
            return any(holds_in_words(part, words) for part in parts)
        case AtLeast(n, phrase):
            enough = {*NUMBERS[n:], *(str(number) for number in range(n, len(NUMBERS)))}
            return bool(enough & words) and holds_in_words(phrase, words)
        case Related(one, relation, other):
            there = all(word in words for word in relation.split() if word != "of")
            return there and holds_in_words(one, words) and holds_in_words(other, words)
        case _:
            return all(word in words for word in str(concept).split() if word not in _FUNCTION)


@lru_cache(maxsize=65536)
def caption_words(caption: str) -> frozenset[str]:
    """The words of a caption, lower case, with the singular of each word that has a known or regular one beside it."""
    words = re.findall(r"\w+(?:'\w+)*", caption.lower().replace("_", " ").replace("\u2019", "'"))
    words += [word.removesuffix("'s") for word in words if word.endswith("'s")]
    return frozenset(words) | frozenset(singular(word) for word in words)


def singular(word: str) -> str:
    """The singular of an English noun: known plurals exactly, others by the regular rule."""
    known = plurals().get(word)
    if known:
        return known
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is", "'s")):
        if word.endswith(("sses", "shes", "ches", "xes", "zzes")):
            return word[:-2]
        return word[:-3] + "y" if word.endswith("ies") else word[:-1]
    return word


@lru_cache(maxsize=1)
def plurals() -> dict[str, str]:
    """The singular of each plural that the vocabulary knows."""
    table = {noun.plural: noun.name for noun in v.NOUNS.values()}
    return table | {stimulus.plural: stimulus.name for stimulus in v.STIMULI.values()}
