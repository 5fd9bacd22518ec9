"""Open questions about a unit that an experiment can decide, read from the words in which people ask them.

Covered: whether it cares about a factor ("does it care about colour?"), a concept ("... about red things?") or a part ("...
about wheels?"), and which of two concepts it is more about, or of a part and a thing that has it ("more about wheels or
about cars?"). Not covered: any other question, and words that the drawn world does not know: these are not read, and the
run answers what makes the unit fire, and says so. The experiment is `deciding_experiment.py`.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..targets.errors import BadInput
from ..tools.sketch import vocabulary as v
from ..tools.sketch.concept import parse
from .question import taken_literally


class Cares(BaseModel):
    """Does the unit care about it? `what`: a factor of a scene, a concept, or a part of things, as `of` says."""

    model_config = ConfigDict(frozen=True)

    asks: Literal["cares"] = "cares"
    of: Literal["factor", "concept", "part"]
    what: str


class MoreLike(BaseModel):
    """Is the unit more about the one or about the other? Concepts; `part`: which of them names a part that the other has."""

    model_config = ConfigDict(frozen=True)

    asks: Literal["more-like"] = "more-like"
    one: str
    other: str
    part: Literal["one", "other"] | None = None


Open = Annotated[Cares | MoreLike, Field(discriminator="asks")]

_IT = r"(?:it|(?:this|the|that) (?:unit|neuron|channel|feature|direction|group))"
_ABOUT = r"(?:about|for|like|on|to|of|sensitive to|selective for|interested in|tuned to)"
_TWO = [  # the first of the two, what stands between, the second
    rf"(?:is {_IT} )?(?:rather|more) {_ABOUT} (?P<one>.+?) (?:or|than)(?: rather| more)?(?: {_ABOUT})? (?P<other>.+)",
    rf"is {_IT} (?:{_ABOUT} )?(?P<one>.+?) or (?:{_ABOUT} )?(?P<other>.+)",
    rf"(?:does|would) {_IT} (?:care|respond|react|fire) more {_ABOUT} (?P<one>.+?) (?:or|than)(?: {_ABOUT})? (?P<other>.+)",
    rf"(?:does|would) {_IT} (?:prefer|favou?r) (?P<one>.+?) (?:or|over|to) (?P<other>.+)",
]
_ONE = [
    rf"(?:does|would) {_IT} (?:really |actually )?(?:care (?:about|for)|depend on|mind) (?P<what>.+?)(?: at all)?",
    rf"is {_IT} (?:all |only |just )?(?:about|sensitive to|selective for|interested in|tuned to) (?P<what>.+)",
    rf"(?:does|do) (?P<what>.+?) (?:matter|make (?:a|any) difference|play a role)(?: (?:to|for) {_IT})?(?: at all)?",
]
_FACTORS = {
    **{word: "colour" for word in ("colour", "colours", "color", "colors", "hue")},
    **{word: "size" for word in ("size", "sizes", "scale")},
    **{word: "background" for word in ("background", "backgrounds", "setting", "surroundings")},
    **{word: "pattern" for word in ("pattern", "patterns", "texture", "textures")},
    **{word: "light" for word in ("light", "lighting", "brightness", "illumination")},
    **{word: "orientation" for word in ("orientation", "orientations")},
    **{word: "frequency" for word in ("frequency", "spatial frequency")},
    **{word: "noun" for word in ("object", "kind of object", "kind of thing", "category", "noun", "what the object is")},
}
_OTHERWISE = {"stripes": "striped", "checks": "checkered", "night": "at night", "darkness": "in dark light"}


def read_question(question: str) -> Cares | MoreLike | None:
    """What the question asks, where it is one that an experiment decides; None where it is literal, or cannot be read."""
    if taken_literally(question):
        return None
    text = " ".join(question.lower().split()).rstrip("?!. ").replace("’", "'")
    for form in _TWO:
        found = re.fullmatch(form, text)
        read = _two(found["one"], found["other"]) if found else None
        if read is not None:
            return read
    for form in _ONE:
        found = re.fullmatch(form, text)
        if found:
            return _one(found["what"])
    return None


def nouns_with(part: str) -> list[str]:
    """The nouns of the drawn world that have the part."""
    having = []
    for noun in v.NOUNS:
        try:
            v.part_of(noun, part)
        except BadInput:
            continue
        having.append(noun)
    return having


def _one(what: str) -> Cares | None:
    words = _bare(what)
    for name in (re.sub(r"^(?:the|its) ", "", what), words):
        if name in _FACTORS:
            return Cares(of="factor", what=_FACTORS[name])
    concept = _concept(words)
    if concept is not None:
        return Cares(of="concept", what=concept)
    return Cares(of="part", what=words) if words in v.part_words() else None


def _two(one: str, other: str) -> MoreLike | None:
    words = [_bare(one), _bare(other)]
    first, second = (_concept(word) for word in words)
    if first is not None and second is not None:
        return MoreLike(one=first, other=second) if first != second else None
    if second is not None and words[0] in v.part_words() and second in nouns_with(words[0]):
        return MoreLike(one=words[0], other=second, part="one")
    if first is not None and words[1] in v.part_words() and first in nouns_with(words[1]):
        return MoreLike(one=first, other=words[1], part="other")
    return None


def _bare(words: str) -> str:
    """The words without articles and without "things", which every concept is about."""
    words = re.sub(r"^(?:the|a|an|any|some|its|their) ", "", words.strip())
    return re.sub(r"^(\S.*) (?:things?|ones?|objects?|pictures?|backgrounds?)$", r"\1", words)


def _concept(words: str) -> str | None:
    for text in (_OTHERWISE.get(words, words), f"on {words}"):
        try:
            return str(parse(text))
        except BadInput:
            continue
    return None
