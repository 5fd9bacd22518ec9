"""What nouns say of ImageNet's classes: a table of facts, made by looking at every noun that Debian's stamps offer.

Covered: a class's index and name; for a noun the classes that it names exactly, those that are a kind of it, and those of
which it is a kind. A noun that is no class's name or kind is not in it. Facts are about words, whatever a picture looks like.
Not covered: what an answer's nouns are worth (`benchmarks/logits/class_nouns.py`).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

TABLE = Path(__file__).with_suffix(".json")


class Facts(BaseModel):
    """Which classes a noun names `exactly`, which are a kind of it (`wider`), and of which it is a kind (`narrower`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    exactly: tuple[int, ...] = ()
    wider: tuple[int, ...] = ()
    narrower: tuple[int, ...] = ()

    @property
    def classes(self) -> tuple[int, ...]:
        """All classes that the noun says something about."""
        return self.exactly + self.wider + self.narrower


class ImageNetNouns(BaseModel):
    """The table: ImageNet's index and name of every class in it, and the facts of every noun."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    classes: dict[int, str]
    nouns: dict[str, Facts]

    def shown_by(self) -> dict[str, tuple[int, ...]]:
        """For each noun that some class shows, the classes that are it: those it names exactly, and their kinds."""
        found = {noun: facts.exactly + facts.wider for noun, facts in self.nouns.items()}
        return {noun: classes for noun, classes in found.items() if classes}


@cache
def imagenet_nouns() -> ImageNetNouns:
    """The table, read once."""
    return ImageNetNouns.model_validate(json.loads(TABLE.read_text(encoding="utf-8")))
