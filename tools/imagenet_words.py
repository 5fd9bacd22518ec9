"""The classes of ImageNet-1k in words, and other words for what a photograph may show.

Covered: each class's name and gloss, from the tables that the package `timm` carries (its code is not imported, and what it
requires is not needed); nouns of general use. Not covered: any network.
"""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path

from ..targets.errors import BadInput
from .sentence_embedding import INSTALL
from .sketch.vocabulary import NOUNS

CLASSES = 1000
_GENERAL = """
animal mammal dog puppy cat wildcat wolf fox bear monkey ape bird parrot eagle chicken duck fish shark reptile lizard snake
turtle frog insect beetle butterfly spider crab shell horse cow sheep pig deer elephant mouse
person face hand clothing dress hat shoe glasses jewellery bag
vehicle car truck bus train bicycle motorcycle boat ship airplane wheel
building house church castle tower bridge shop street wall fence door window roof stairs
furniture chair table sofa bed shelf lamp clock curtain
food fruit apple banana orange lemon strawberry vegetable mushroom bread cake pizza soup meat drink coffee bottle cup plate
tool hammer knife scissors screw machine engine weapon gun
instrument guitar violin piano drum trumpet ball toy game sport
computer keyboard screen telephone camera television book paper pen sign text
plant tree flower grass leaf forest mountain beach sea lake sky snow rock sand fire
pattern stripes spots net fabric
"""


@lru_cache(maxsize=1)
def class_words() -> tuple[tuple[str, str], ...]:
    """The 1,000 classes in the usual order as (name, gloss); the name is the first of its words. Raises `BadInput`."""
    spec = importlib.util.find_spec("timm")  # found, not imported
    if spec is None or spec.origin is None:
        raise BadInput(f"the names of ImageNet's classes need the package timm: {INSTALL}")
    folder = Path(spec.origin).parent / "data" / "_info"
    try:
        order = (folder / "imagenet_synsets.txt").read_text(encoding="utf-8").split()
        names, glosses = (_table(folder / f"imagenet_synset_to_{what}.txt") for what in ("lemma", "definition"))
        found = tuple((names[synset].partition(",")[0].strip(), glosses[synset]) for synset in order)
    except (OSError, KeyError) as error:
        raise BadInput(f"the tables of classes in {str(folder)!r} cannot be read ({error}): {INSTALL}") from None
    if len(found) != CLASSES:
        raise BadInput(f"{str(folder)!r} names {len(found)} classes, not {CLASSES}: {INSTALL}")
    return found


def general_nouns() -> tuple[str, ...]:
    """Nouns for what is seen in photographs, each once: the drawn world's, and wider ones."""
    return tuple(dict.fromkeys([*_GENERAL.split(), *NOUNS]))


def _table(path: Path) -> dict[str, str]:
    rows = (line.split("\t", 1) for line in path.read_text(encoding="utf-8").splitlines() if "\t" in line)
    return {synset: words for synset, words in rows}
