"""`openai:MODEL`: a model behind an OpenAI-compatible endpoint, asked over Chat Completions.

Covered: what a conversation is sent as; an endpoint that takes fewer pictures than were sent gets contact sheets, and one
that knows no limit of a reply's length is sent none. Not covered: tries, deadlines and errors (`attempts.py`), the messages
(`wire.py`), what comes back (`completion.py`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...targets.errors import BadInput
from .attempts import MOST_WAIT, Attempts, base_url_of, host_asked
from .completion import read_completion
from .failures import Failure
from .model import Message, Offered, Reply
from .model_settings import ModelSettings
from .picture_views import PictureViews
from .prices import Price
from .spending import Spending
from .wire import wire, wire_tools

__all__ = ["MOST_WAIT", "Endpoint", "base_url_of", "host_asked"]

REFUSES = ("unsupported", "unrecognized", "unknown", "not supported", "not permitted", "extra inputs")


class Endpoint:
    """A model at an address. `spending`: counts its requests, and says when there may be no more."""

    counts_requests = True

    def __init__(
        self,
        model: str,
        settings: ModelSettings,
        spending: Spending,
        *,
        price: Price | None = None,
        views: PictureViews | None = None,
        environment: Mapping[str, str] = os.environ,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not model.strip():
            raise BadInput("'openai:' names no model: write openai:MODEL, such as 'openai:gpt-4.1'")
        self.name, self.model, self.price = f"openai:{model}", model, price
        self._spending = spending
        self._attempts = Attempts(self.name, settings, spending, environment=environment, sleep=sleep, clock=clock)
        self.base_url, self.dialect = self._attempts.base_url, self._attempts.dialect
        self.views = PictureViews(self.dialect.longest) if views is None else views
        given = settings.request_pictures
        self._pictures = self.dialect.pictures if given is None else given
        name, most = self.dialect.output_limit
        most = most if settings.reply_tokens is None else settings.reply_tokens
        self._output_limit = {} if most is None else {name: most}

    def reply(self, messages: Sequence[Message], tools: Sequence[Offered] = ()) -> Reply:
        """The model's reply. Raises `EndpointFailed`, `ContextOverflow`, or `LimitReached`."""
        before = self._spending.requests

        def send(client: Any, seconds: float) -> Reply:
            return read_completion(client.chat.completions.create(**self._request(messages, tools), timeout=seconds))

        reply = self._attempts.got(send, self._adapted)
        return reply.model_copy(update={"requests": self._spending.requests - before})

    def _request(self, messages: Sequence[Message], tools: Sequence[Offered]) -> dict[str, Any]:
        request: dict[str, Any] = {"model": self.model, "messages": wire(messages, self.views.url, self._pictures)}
        if tools:
            request["tools"] = wire_tools(tools)
        return request | self._output_limit

    def _adapted(self, failure: Failure) -> bool:
        """Whether the endpoint has said what it does not take, and is now sent otherwise."""
        if failure.fewer is not None and 0 < failure.fewer < (self._pictures or failure.fewer + 1):
            self._pictures = failure.fewer
            return True
        said = failure.what.lower()
        if any(name in said for name in self._output_limit) and any(word in said for word in REFUSES):
            self._output_limit = {}
            return True
        return False
