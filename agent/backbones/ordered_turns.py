"""A conversation as it can be sent anywhere: turns of text and pictures, in an order that every endpoint takes.

Covered: pictures out of tool results into one user turn after them, user turns that follow each other made one, each
picture shown once, and, where an endpoint takes only so many, contact sheets of the newest. Pure: what is shown is named,
not drawn. Not covered: the pixels (`picture_views.py`), and the form in which a turn is sent (`wire.py`, `local_model.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .model import Message, Shown, ToolCall

CELLS = 16  # pictures on one contact sheet, at most
SHORT = 12  # digits of an id that stand in text: as many as the tools' own texts give
NOTHING = "(nothing was said)"


@dataclass(frozen=True)
class View:
    """What is sent as one picture: a picture of the run, or a contact sheet of several, numbered in this order."""

    pictures: tuple[str, ...]


@dataclass(frozen=True)
class Turn:
    """One turn as it is sent. Only user turns have views."""

    role: Literal["system", "user", "assistant", "tool"]
    pieces: tuple[str | View, ...]
    calls: tuple[ToolCall, ...] = ()
    answers: str | None = None

    @property
    def text(self) -> str:
        """The turn's words alone."""
        return "\n".join(piece for piece in self.pieces if isinstance(piece, str))

    @property
    def views(self) -> tuple[View, ...]:
        return tuple(piece for piece in self.pieces if isinstance(piece, View))


def turns(messages: Sequence[Message], most: int | None = None) -> list[Turn]:
    """The messages as turns. `most`: views that one request may hold; None = any number, 0 = a model that sees nothing."""
    placed = _places(messages, most)
    found: list[Turn] = []
    after_tools: list[str | View] = []
    for number, message in enumerate(messages):
        if message.role != "tool" and after_tools:
            found.append(Turn("user", ("Pictures of the results above:", *after_tools)))
            after_tools = []
        if message.role == "tool":
            found.append(Turn("tool", (_in_words(message),), answers=message.answers))
            after_tools += _pieces(message, number, placed, words=False)
        elif message.role == "user":
            found.append(Turn("user", _pieces(message, number, placed) or (NOTHING,)))
        else:
            said = _in_words(message)
            found.append(Turn(message.role, (said,) if said or message.calls else (NOTHING,), message.calls))
    if after_tools:
        found.append(Turn("user", ("Pictures of the results above:", *after_tools)))
    return _joined(found)


def _joined(found: Sequence[Turn]) -> list[Turn]:
    """User turns that follow each other as one: many chat templates demand that roles alternate."""
    joined: list[Turn] = []
    for turn in found:
        if joined and turn.role == joined[-1].role == "user":
            joined[-1] = Turn("user", (*joined[-1].pieces, *turn.pieces))
        else:
            joined.append(turn)
    return joined


Place = tuple[int, int]  # a message's number and a part's in it


def _places(messages: Sequence[Message], most: int | None) -> dict[Place, View | None]:
    """For the place of every picture that is sent, the view that stands there; None where a later place's sheet has it."""
    at_place: dict[str, Place] = {}
    for number, message in enumerate(messages):
        for at, part in enumerate(message.parts):
            if isinstance(part, Shown) and message.role in ("user", "tool"):
                if most is None:  # where it is shown first, so that what was sent before stays as it was
                    at_place.setdefault(part.picture, (number, at))
                else:
                    at_place.pop(part.picture, None)
                    at_place[part.picture] = (number, at)
    shown = list(at_place)
    if most is not None:
        shown = shown[len(shown) - min(len(shown), most * CELLS) :]
    if not shown:
        return {}
    each = 1 if most is None else -(-len(shown) // most)
    placed: dict[Place, View | None] = {at_place[picture]: None for picture in shown}
    for start in range(0, len(shown), each):
        group = shown[start : start + each]
        placed[at_place[group[-1]]] = View(tuple(group))
    return placed


def _pieces(message: Message, number: int, placed: dict[Place, View | None], words: bool = True) -> tuple[str | View, ...]:
    pieces: list[str | View] = []
    for at, part in enumerate(message.parts):
        if part.kind == "text":
            pieces += [part.text] if words and part.text else []
            continue
        view = placed.get((number, at))
        if words and (view is None or len(view.pictures) > 1):
            pieces.append(named(part))
        if view is not None:
            pieces += [_heading(view, part), view]
    return tuple(pieces)


def _heading(view: View, part: Shown) -> str:
    if len(view.pictures) == 1:
        return named(part)
    cells = ", ".join(f"{i} = {picture[:SHORT]}" for i, picture in enumerate(view.pictures, 1))
    return f"Contact sheet, row by row: {cells}"


def named(part: Shown) -> str:
    """A picture in words: its label, with its id where the label does not have it."""
    return part.label if part.picture[:8] in part.label else f"{part.label} [picture {part.picture[:SHORT]}]".strip()


def _in_words(message: Message) -> str:
    return "\n".join(part.text if part.kind == "text" else named(part) for part in message.parts)
