"""The review before a conclusion: a fresh conversation that sees the evidence without the reasoning, and tries to refute it.

Covered: what the reviewer is told, its objections, and an answer of it that is none. Not covered: what the scientist makes of
them (`vision_language.py`), and the lab's own attempt (`../admission.py`), which comes after and decides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..transcript import AnyEvent, Raised
from .conversation import Conversation, assistant, user
from .findings import evidence, pictures
from .model import OVERFLOW, Model
from .prompt_text import prompt

MENDINGS = 1
TOO_LONG = "No review could be made: the evidence is longer than the reviewer's context."
LONGEST = 1_500  # characters of an objection
T = TypeVar("T", bound=BaseModel)


class Objection(BaseModel):
    """Why the evidence does not carry the conclusion, and what would tell."""

    model_config = ConfigDict(extra="ignore")

    why: str = Field(min_length=1)
    experiment: str = ""


class Review(BaseModel):
    """A reviewer's objections; none where it has none."""

    model_config = ConfigDict(extra="ignore")

    objections: list[Objection] = Field(max_length=10)


def review(judge: Model, events: Sequence[AnyEvent], hypothesis: Raised) -> list[str]:
    """The objections of a reviewer to concluding the hypothesis, each in a line or two; none where it has none.

    What cannot be read as an answer, even when asked again, is passed on as one objection: nothing is lost.
    """
    talk = Conversation(prompt("judge"))
    case = prompt("review_request", evidence=evidence(events), hypothesis=f"{hypothesis.id}: {hypothesis.formula}")
    talk.add([user(case, pictures(events))])
    text = ""
    for _ in range(1 + MENDINGS):
        reply = judge.reply(talk.messages)
        while reply.finish == OVERFLOW:
            if not talk.shorten():
                return [TOO_LONG]
            reply = judge.reply(talk.messages)
        text = reply.text.strip()
        found = read_object(text, Review)
        if found is not None:
            return [_line(objection) for objection in found.objections]
        talk.add([assistant(text), user("That could not be read. Answer with the JSON object alone.")])
    return [text[:LONGEST]] if text else []


def read_object(text: str, kind: type[T]) -> T | None:
    """The first JSON object in a text, alone, fenced or among words, that is of the kind; None where none is."""
    decoder = json.JSONDecoder()
    for begin in re.finditer(r"\{", text):
        try:
            value, _ = decoder.raw_decode(text, begin.start())
            return kind.model_validate(value)
        except (ValueError, RecursionError, ValidationError):
            continue
    return None


def _line(objection: Objection) -> str:
    told = f" What would tell: {objection.experiment}" if objection.experiment else ""
    return " ".join(f"{objection.why}{told}".split())[:LONGEST]
