"""What a data set's pictures show, as arrays, so that a concept is read off all of them at once.

Covered: vectorised `holds` over scenes, words over captions, and the terms that occur. Exactly `concept.holds` and
`concept.holds_in_words`, row by row (tested). Not covered: pictures with neither scene nor caption, which hold nothing
and are counted in `blind`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from .sketch import vocabulary as v
from .sketch.concept import (
    And,
    AtLeast,
    Concept,
    Light,
    Not,
    On,
    Or,
    Phrase,
    Related,
    caption_words,
    holds,
    holds_in_words,
    parse,
)
from .sources.source import About

_FUNCTION_WORDS = """a an the of on in at to and or not with by for from is are was were it its this that there some into
over under near left right above below inside picture photo image"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
ATTRIBUTES = ("noun", "colour", "pattern", "size", "orientation", "frequency")


class Corpus:
    """The pictures' scenes flattened to one row a thing, and their captions' words."""

    def __init__(self, abouts: Sequence[About]) -> None:
        self.abouts = list(abouts)
        self.drawn = all(about.scene is not None for about in abouts)
        self.blind = sum(about.scene is None and about.caption is None for about in abouts)
        owners: list[int] = []
        columns: dict[str, list[str]] = {name: [] for name in ATTRIBUTES}
        for i, about in enumerate(abouts):
            for thing in about.scene.things if about.scene is not None else ():
                owners.append(i)
                for name in ATTRIBUTES:
                    columns[name].append(getattr(thing, name) or "")
        self._owner = np.array(owners, dtype=np.int64)
        self._things = {name: np.array(values, dtype=object) for name, values in columns.items()}
        self._background = np.array([a.scene.background if a.scene else "" for a in abouts], dtype=object)
        self._light = np.array([a.scene.light if a.scene else "" for a in abouts], dtype=object)
        self._words = [caption_words(a.caption) if a.scene is None and a.caption else frozenset() for a in abouts]
        self._memory: dict[Concept, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self.abouts)

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of the captions of pictures without a scene."""
        return frozenset().union(*self._words) - FUNCTION_WORDS if self._words else frozenset()

    @cached_property
    def nouns(self) -> frozenset[str]:
        """The nouns that cut-outs in this data bring with them."""
        return frozenset(t.noun for a in self.abouts if a.scene is not None for t in a.scene.things if t.photo is not None)

    def read(self, formula: str) -> Concept:
        """The concept of a formula, this data's own words and nouns included. Raises `BadInput`."""
        return parse(formula, self.words, self.nouns)

    def truths(self, concept: Concept) -> np.ndarray:
        """Of which pictures the concept is true: bool, (N,)."""
        if concept not in self._memory:
            self._memory[concept] = self._truths(concept)
        return self._memory[concept]

    def _truths(self, concept: Concept) -> np.ndarray:
        match concept:
            case Not(part):
                return ~self.truths(part)
            case And(parts):
                return np.asarray(np.logical_and.reduce([self.truths(part) for part in parts]))
            case Or(parts):
                return np.asarray(np.logical_or.reduce([self.truths(part) for part in parts]))
        found = np.zeros(len(self), bool)
        match concept:
            case Phrase():
                found |= self._fitting(concept) > 0
            case AtLeast(n, phrase):
                found |= self._fitting(phrase) >= n
            case Related(one, _, other):  # places are not among the columns: asked of each scene that has both
                for i in np.flatnonzero((self._fitting(one) > 0) & (self._fitting(other) > 0)):
                    scene = self.abouts[i].scene
                    found[i] = scene is not None and holds(concept, scene)
            case On(background):
                found |= self._background == background
            case Light(light):
                found |= self._light == light
        if not self.drawn:
            found |= np.array([bool(words) and holds_in_words(concept, words) for words in self._words])
        return found

    def _fitting(self, phrase: Phrase) -> np.ndarray:
        """How many things of each picture have every attribute of the phrase: int, (N,)."""
        fits = np.ones(len(self._owner), bool)
        for name, value in phrase.named().items():
            fits &= self._things[name] == value
        return np.bincount(self._owner[fits], minlength=len(self))

    def terms(self, among: np.ndarray, at_least: int = 5) -> list[Concept]:
        """The simple concepts true of at least that many, and false of at least that many, of the pictures `among`."""
        simple: list[Concept] = []
        if len(self._owner):
            for name in ATTRIBUTES:
                simple += [Phrase(**{name: x}) for x in dict.fromkeys(self._things[name]) if x and x not in ("plain",)]
            simple += [On(x) for x in v.BACKGROUNDS]
            simple += [Light(x) for x in v.LIGHTS if x != "normal"]
            simple += [
                Phrase(noun=s, orientation=o) for s, k in v.STIMULI.items() if k.oriented for o in v.ORIENTATIONS
            ]
            simple += [Phrase(noun=s, frequency=f) for s, k in v.STIMULI.items() if k.periodic for f in v.FREQUENCIES]
        counts = Counter(word for words in self._words for word in words)
        often = [w for w, n in sorted(counts.items()) if n >= at_least and w not in FUNCTION_WORDS and len(w) > 1]
        simple += [parse(word, frozenset(often)) for word in often]
        sums = [(term, int(self.truths(term)[among].sum())) for term in dict.fromkeys(simple)]
        return [term for term, n in sums if at_least <= n <= len(among) - at_least]
