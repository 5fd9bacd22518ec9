"""`openai:MODEL` for pictures: an endpoint's images API, which makes a picture of a prompt and edits one as it is told.

Covered: what is sent, pictures read from base64, an endpoint that knows no `response_format`, a moderation's refusals, and what
the pictures cost. Not covered: tries, deadlines and errors (`attempts.py`), pictures behind a URL, which are not fetched,
and what a run makes of them (`../endpoint_pictures.py`).
"""

from __future__ import annotations

import base64
import io
import os
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...targets.errors import BadInput
from ...targets.picture import Pixels
from .attempts import Attempts
from .completion import count, plain
from .failures import EndpointFailed, Failed, Failure, unreadable, words
from .model import Reply, Usage
from .model_settings import ModelSettings
from .prices import Price
from .spending import Spending

REFUSED = re.compile(r"moderation_blocked|content.policy|safety system|image_generation_user_error", re.I)
SETTINGS = {"size": r"auto|\d{2,4}x\d{2,4}", "quality": r"[a-z]{2,12}"}
MOST_PIXELS = 40_000_000


class RefusedByEndpoint(Exception):
    """The endpoint will not make this picture; the text says in its words why."""


class ImageEndpoint:
    """A model that makes pictures, at an address; ``MODEL,size=1024x1024,quality=low`` sends these along. Raises `BadInput`."""

    def __init__(
        self,
        rest: str,
        settings: ModelSettings,
        spending: Spending,
        *,
        price: Price | None = None,
        environment: Mapping[str, str] = os.environ,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model, _, more = rest.partition(",")
        if not self.model.strip():
            raise BadInput("'openai:' names no model: write openai:MODEL, such as 'openai:gpt-image-1'")
        self.name, self.price = f"openai:{rest}", price
        self._sent = _settings(rest, more)
        self._spending, self._limit = spending, settings.max_usd
        self._attempts = Attempts(self.name, settings, spending, environment=environment, sleep=sleep, clock=clock)
        self.base_url, self.at_once = self._attempts.base_url, settings.at_once
        # OpenAI's newer models give base64 and refuse to be asked for it; what else there is must be asked
        self._form = {} if self.model.startswith(("gpt-image", "chatgpt-image")) else {"response_format": "b64_json"}

    @property
    def kept_by(self) -> str:
        """What decides its pictures beside the prompt, as far as that can be known from here."""
        return f"openai images {self.base_url} {self.model} {sorted(self._sent.items())}"

    def make(self, prompt: str) -> Pixels:
        """A picture of what the prompt says: uint8, H x W x 3. Raises `RefusedByEndpoint`, `EndpointFailed`, `LimitReached`."""
        return self._asked(lambda client, seconds: client.images.generate(**self._request(prompt), timeout=seconds))

    def edit(self, pixels: Pixels, words: str, where: np.ndarray | None = None) -> Pixels:
        """The picture after an edit, of whatever size the endpoint gives; `where` (bool, H x W) is what it may change."""
        files: dict[str, Any] = {"image": ("picture.png", _png(pixels), "image/png")}
        if where is not None:  # transparent is what may be changed
            alpha = np.where(where, 0, 255).astype(np.uint8)
            files["mask"] = ("mask.png", _png(np.dstack([pixels, alpha])), "image/png")
        return self._asked(lambda client, seconds: client.images.edit(**self._request(words), **files, timeout=seconds))

    def _request(self, prompt: str) -> dict[str, Any]:
        return {"model": self.model, "prompt": prompt, **self._sent, **self._form}

    def _asked(self, send: Callable[[Any, float], object]) -> Pixels:
        def read(client: Any, seconds: float) -> tuple[Pixels, Usage]:
            return _read(plain(send(client, seconds)))

        refusal: list[str] = []

        def adapted(failure: Failure) -> bool:
            if REFUSED.search(failure.what):
                refusal.append(failure.what)
            elif self._form and "response_format" in failure.what:
                self._form = {}
                return True
            return False

        try:
            pixels, usage = self._attempts.got(read, adapted)
        except EndpointFailed as error:
            if refusal:
                raise RefusedByEndpoint(refusal[-1]) from None
            raise error from None
        self._charge(usage)
        return pixels

    def _charge(self, usage: Usage) -> None:
        """Add what a picture cost; where the endpoint does not tell, the cost is not known any more."""
        told = None not in (usage.input_tokens, usage.output_tokens)
        if not told and self._limit is not None:
            raise EndpointFailed(f"{self.name} does not say what a picture costs: --max-usd cannot be kept, leave it out")
        counted = usage if told else Usage(input_tokens=0, output_tokens=0)
        self._spending.charge(self.price if told else None, [], Reply(text="", usage=counted))


def _settings(rest: str, more: str) -> dict[str, str]:
    sent: dict[str, str] = {}
    for word in more.split(",") if more else ():
        name, _, value = word.strip().partition("=")
        if name not in SETTINGS or not re.fullmatch(SETTINGS[name], value):
            raise BadInput(f"{word!r} in 'openai:{rest}' is no setting of pictures: write size=1024x1024 or quality=low")
        sent[name] = value
    return sent


def _read(answer: object) -> tuple[Pixels, Usage]:
    """The one picture of an answer. Raises `Failed`, which says why there is none."""
    from PIL import Image

    data = answer.get("data") if isinstance(answer, Mapping) else None
    first = data[0] if isinstance(data, list) and data else None
    if not isinstance(answer, Mapping) or not isinstance(first, Mapping):
        raise Failed(unreadable(f"it holds no picture, but {words(repr(answer))[:80]!r}"))
    if not isinstance(first.get("b64_json"), str):
        if first.get("url"):
            raise Failed(Failure("it gives an address in place of the picture, and none is fetched: serve base64"))
        raise Failed(unreadable(f"its picture is {words(repr(dict(first)))[:80]!r}"))
    try:
        opened = Image.open(io.BytesIO(base64.b64decode(first["b64_json"], validate=True)))
        if opened.width * opened.height > MOST_PIXELS:
            raise Failed(unreadable(f"its picture has {opened.width} x {opened.height} pixels"))
        with opened as image:
            pixels = np.array(image.convert("RGB"))
    except Failed:
        raise
    except Exception as error:  # whatever broken bytes make a decoder do
        raise Failed(unreadable(f"its picture cannot be decoded: {type(error).__name__}")) from None
    told = answer.get("usage")
    told = told if isinstance(told, Mapping) else {}
    return pixels, Usage(input_tokens=count(told.get("input_tokens")), output_tokens=count(told.get("output_tokens")))


def _png(pixels: np.ndarray) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
