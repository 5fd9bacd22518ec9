"""`local:MODEL_OR_DIR`: a transformers image-text-to-text model in this process, on the GPU where there is one.

Covered: a folder, or a model of the hub's cache, or one fetched from the hub; the same conversation as an endpoint gets, put
by the model's own chat template; greedy replies, so that the same request has the same reply. Only safetensors are loaded,
and no code that comes with a model is run. Not covered: where a folder comes from (`targets/hub.py`), tool calls, and several
requests at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...targets.errors import BadInput, ModelFailed, one_line
from ...targets.hub import model_folder
from .failures import ContextOverflow
from .model import Message, Offered, Reply, Usage
from .model_settings import ModelSettings
from .ordered_turns import Turn, View, turns
from .picture_views import PictureViews
from .prices import FREE
from .spending import Spending

REPLY_TOKENS = 1024
FILES = ("*.json", "*.jinja", "*.model", "*.txt", "*.safetensors")
EXTRA = "pip install 'lettvin[local]'"


class LocalModel:
    """A model in memory. Raises `BadInput` where there is none of that name, or it is no such model."""

    counts_requests = True
    price = FREE

    def __init__(
        self,
        where: str,
        settings: ModelSettings,
        spending: Spending,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = f"local:{where}"
        self.folder = model_folder(self.name, where, FILES, EXTRA, pickles=())
        self.views = PictureViews()
        self._settings, self._spending, self._clock = settings, spending, clock
        self._reply_tokens = settings.reply_tokens or REPLY_TOKENS
        self._one_at_a_time = threading.Lock()
        self._processor, self._model = _loaded(self.name, self.folder.resolve())
        self.device = str(self._model.device)

    def reply(self, messages: Sequence[Message], tools: Sequence[Offered] = ()) -> Reply:
        """The model's reply. Raises `ContextOverflow`, `ModelFailed`, `LimitReached`, or `BadInput` where tools are offered."""
        if tools:
            raise BadInput(f"{self.name} takes no tool calls: let it act by code, or reach it at an endpoint")
        with self._one_at_a_time:
            self._spending.before_request()
            seconds = min(self._settings.request_seconds, self._spending.seconds_left())
            try:
                return self._generated(self._put(messages), max(0.1, seconds))
            except ModelFailed:
                raise
            except Exception as error:  # a model's own code raises nearly anything, out of memory too
                raise ModelFailed(f"{self.name} failed on {self.device}: {one_line(error)}") from error

    def _put(self, messages: Sequence[Message]) -> Any:
        """The conversation as the model's tensors."""
        from jinja2 import TemplateError

        found_turns = turns(messages, self._settings.request_pictures)
        try:
            return self._templated(found_turns)
        except TemplateError:  # many templates know no system turn
            return self._templated(_without_system(found_turns))

    def _templated(self, found_turns: Sequence[Turn]) -> Any:
        return self._processor.apply_chat_template(
            [{"role": _role(turn), "content": [self._piece(piece) for piece in turn.pieces]} for turn in found_turns],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        ).to(self.device)

    def _piece(self, piece: str | View) -> dict[str, Any]:
        if isinstance(piece, str):
            return {"type": "text", "text": piece}
        return {"type": "image", "image": self.views.image(piece)}

    def _generated(self, inputs: Any, seconds: float) -> Reply:
        import torch

        asked = int(inputs["input_ids"].shape[1])
        room = _context(self._model) - asked
        if room < 1:
            raise ContextOverflow(f"{self.name}: the conversation is {asked} tokens long, and its context {room + asked}")
        most = min(self._reply_tokens, room)
        began = self._clock()
        with torch.inference_mode():
            written = self._model.generate(**inputs, max_new_tokens=most, do_sample=False, max_time=seconds)[0, asked:]
        text = self._processor.decode(written, skip_special_tokens=True)
        ends = self._model.generation_config.eos_token_id
        ended = len(written) > 0 and int(written[-1]) in (ends if isinstance(ends, list) else [ends])
        finish = "stop" if ended else "length" if len(written) >= most else "time" if self._clock() - began >= seconds else None
        return Reply(
            text=text.strip(),
            finish=finish,
            usage=Usage(input_tokens=asked, output_tokens=len(written)),
            model=self.folder.name,
        )


@lru_cache(maxsize=1)  # several units that are asked one after the other load it once
def _loaded(name: str, folder: Path) -> tuple[Any, Any]:
    """The processor and the model, ready to be asked."""
    if not (folder / "config.json").is_file():
        raise BadInput(f"{name}: {str(folder)!r} holds no model: it has no config.json")
    try:
        import torch
        import transformers
    except ImportError:
        raise BadInput(f"{name} needs transformers: {EXTRA}") from None
    library: Any = transformers  # not typed throughout
    library.utils.logging.disable_progress_bar()
    try:
        processor = library.AutoProcessor.from_pretrained(folder, local_files_only=True)
        model = library.AutoModelForImageTextToText.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype="auto"
        )
        model = model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
    except Exception as error:  # a folder may hold anything
        raise BadInput(f"{name} is no model of pictures and text that transformers loads: {one_line(error)[:300]}") from error
    if getattr(processor, "chat_template", None) is None:
        raise BadInput(f"{name} has no chat template: take a model that was made to converse")
    return processor, model


def _context(model: Any) -> int:
    """How many tokens the model's context holds."""
    text = model.config.get_text_config()
    return int(getattr(text, "max_position_embeddings", None) or 1_000_000)


def _role(turn: Turn) -> str:
    return "user" if turn.role == "tool" else turn.role


def _without_system(found_turns: Sequence[Turn]) -> list[Turn]:
    """The same with what the system says at the head of the first user turn."""
    said = tuple(piece for turn in found_turns if turn.role == "system" for piece in turn.pieces)
    rest = [turn for turn in found_turns if turn.role != "system"]
    if rest and rest[0].role == "user":
        return [Turn("user", (*said, *rest[0].pieces)), *rest[1:]]
    return [Turn("user", said), *rest]
