"""A formula read from a description: what a backbone that answers only in words is scored by.

Covered: the grammar's own words wherever they stand in English sentences; "without", "no", "except" and "but not" as vetoes;
commas, and the "and" that ends a list of commas, as "or"; any other word between two phrases as "and" ("a dog wearing a
hat"). Elsewhere "and" stays what the grammar takes it for. What holds no word of the grammar reads as nothing. Not covered:
meaning beyond that: a description is read by its words.
"""

from __future__ import annotations

import re

from ...targets.errors import BadInput
from ...tools.sketch import vocabulary as v
from ...tools.sketch.caption import NUMBERS
from ...tools.sketch.concept import Concept, parse
from ...tools.sketch.concept_words import plurals
from ...tools.sketch.prompt import SAME

VETO = ("without", "no", "except", "excluding", "unless")
SEVERAL = {"several": "at least two", "multiple": "at least two", "many": "at least three"}
GLUE = ("left of", "right of", "above", "below", "on", "inside", "at night", "in bright light", "in dark light")
PLACES = ("on ", "at night", "in ")
JOINS = ("or", "and", "and not")


def formula_in(description: str) -> Concept | None:
    """The concept that a description says in the grammar's words; None where it says none."""
    pieces = _joined(_pieces(description))
    while pieces:
        try:
            return parse(" ".join(pieces))
        except BadInput:
            pieces = _shortened(pieces)
    return None


def _pieces(description: str) -> list[str]:
    """Known words and phrases in order; "," for what separates ways, "~" for words that are not known."""
    text = re.sub(r"\bto the (left|right) of\b", r"\1 of", description.lower())
    text = re.sub(r"\b(but not|and not|not)\b", "without", text)
    text = re.sub(r"(,[^,;.]*?)\band\b", r"\1or", text)
    known = _known()
    found: list[str] = []
    words = re.findall(r"[a-z]+|,|;", text)
    at = 0
    while at < len(words):
        for length in (3, 2, 1):
            told = " ".join(words[at : at + length])
            if told in known:
                found.append(known[told])
                at += length
                break
        else:
            found.append("~")
            at += 1
    return found


def _known() -> dict[str, str]:
    """Each word or phrase that is read, and what it is read as."""
    nouns = (*v.NOUNS, *v.STIMULI)
    words = (*nouns, *plurals(), *v.COLOURS, *v.PATTERNS, *v.SIZES, *v.ORIENTATIONS, *v.FREQUENCIES)
    known = {word: word for word in (*words, *GLUE)}
    known |= {f"on {article}{b}": f"on {b}" for b in v.BACKGROUNDS for article in ("", "the ", "a ")}
    known |= {f"in {article}{b}": f"on {b}" for b in v.BACKGROUNDS for article in ("", "the ", "a ")}
    known |= {word: meant for word, meant in SAME.items() if meant in known}
    known |= {f"at least {number}": f"at least {number}" for number in NUMBERS[1:7]}
    known |= {number: f"at least {number}" for number in NUMBERS[2:7]} | SEVERAL
    known |= {word: "and not" for word in VETO}
    known |= {"a": "", "an": "", "the": "", "and": "and", "or": "or", ",": "or", ";": "or"}
    return known


def _joined(pieces: list[str]) -> list[str]:
    """The pieces with one join between any two phrases, and none before the first or after the last."""
    found: list[str] = []
    waiting = ""  # the join that the next phrase is joined by
    for piece in pieces:
        if piece == "":
            continue
        if piece == "~":
            waiting = waiting or "~"
        elif piece in JOINS:
            waiting = _stronger(waiting, piece)
        else:
            waiting = waiting or ("~" if piece.startswith(PLACES) else "")  # "dogs on the snow" are dogs, and on snow
            if found and waiting:
                found.append("and" if waiting == "~" else waiting)
            waiting = ""
            found.append(piece)
    return found


def _stronger(one: str, other: str) -> str:
    """Of two joins in a row the one that says more: a veto, then "or", then "and"."""
    order = ("", "~", "and", "or", "and not")
    return max(one, other, key=order.index)


def _shortened(pieces: list[str]) -> list[str]:
    """Without the last phrase and the join before it."""
    cut = max((i for i, piece in enumerate(pieces) if piece in JOINS), default=0)
    return pieces[:cut]
