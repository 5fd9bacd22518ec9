"""A describer that is a language model: it sees one picture in a conversation of its own, and no hypothesis.

Covered: a picture whole, or with all but a region darkened; a model that says nothing of it is a mistake that goes back to
who asked, never a sentence. Not covered: the prompt's words (`prompts/describer.md`), and how the model is reached.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..targets.errors import ToolError
from ..targets.picture import Picture
from ..tools.region import highlighted
from .backbones.model import OVERFLOW, Message, Model, Shown, Text

MOST = 600  # characters of a description


class ModelDescriber:
    """`prompt`: what the model is told to do. `show`: lets it see a picture that the run did not have."""

    def __init__(self, model: Model, prompt: str, show: Callable[[Picture], None]) -> None:
        self.name, self._model, self._prompt, self._show = model.name, model, prompt, show

    def describe(self, picture: Picture, region: np.ndarray | None = None) -> str:
        """What the model says of the picture, in one line; with a region (bool, height x width), of what is inside it.

        Raises `ToolError` where it says nothing of it.
        """
        if region is not None:
            if not region.any():
                return "nothing: the unit fires nowhere above its threshold"
            picture = highlighted(picture, region)
        self._show(picture)
        shown = Shown(picture=picture.id, label="The picture:")
        reply = self._model.reply(
            [Message(role="system", parts=(Text(text=self._prompt),)), Message(role="user", parts=(shown,))]
        )
        said = " ".join(reply.text.split())
        if reply.finish == OVERFLOW:
            raise ToolError(f"{self.name} has too short a context for picture {picture.id[:12]!r}")
        if reply.finish in ("refusal", "content_filter"):
            raise ToolError(f"{self.name} would not describe picture {picture.id[:12]!r}: {said or reply.finish}")
        if not said:
            raise ToolError(f"{self.name} said nothing of picture {picture.id[:12]!r}; it ended by {reply.finish!r}")
        return said if len(said) <= MOST else f"{said[: MOST - 3]}..."
