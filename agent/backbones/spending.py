"""What a run's language models have cost, and the limits on it: requests, tokens, dollars, and the run's own time.

Covered: counting (every attempt is a request), the limits, checked before each request, one request more at the end, and
a line that says what was spent. Where an endpoint does not tell its tokens they are estimated, and the line says so. Not
covered: pictures measured (`tools/lab.py`), and what a model costs (`prices.py`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ...targets.errors import BadInput, LimitReached
from .model import Message, Reply, Usage
from .prices import Price

CHARACTERS = 4  # a token of English text, about
PICTURE = 300  # tokens of a picture of 224 to 512 pixels, about: endpoints count 85 to 800
LAST_SECONDS = 60.0  # that the one request more may take where the run's time is over


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a run's models may spend; None = no limit. `dollars` hold only where the price of every model is known."""

    requests: int | None = None
    tokens: int | None = None
    dollars: Decimal | None = None

    def __post_init__(self) -> None:
        limits = (("--max-requests", self.requests), ("--max-tokens", self.tokens), ("--max-usd", self.dollars))
        for name, value in limits:
            if value is not None and not value > 0:
                raise BadInput(f"{name} {value!s} leaves nothing to ask with: give a number above 0")


@dataclass
class Spending:
    """What was spent so far. `run_ends`: when the run's time is over, by `clock`, and that limit in words."""

    allowed: Allowed = field(default_factory=Allowed)
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    dollars: Decimal | None = Decimal(0)
    estimated: bool = False
    run_ends: Callable[[], tuple[float, str]] = lambda: (math.inf, "")
    clock: Callable[[], float] = time.monotonic
    _more: int = 0
    _had_more: bool = False

    def before_request(self) -> None:
        """Count a request that is about to be sent. Raises `LimitReached` where none may be."""
        if self._more:
            self._more -= 1
        elif (limit := self._reached()) is not None:
            raise LimitReached(limit)
        elif self._had_more:
            raise LimitReached("the run's end")
        self.requests += 1

    def one_more(self) -> None:
        """Let one request be sent whatever the limits say, and none after it. Raises `LimitReached` the second time."""
        if self._had_more:
            raise LimitReached(self._reached() or "the run's end")
        self._more, self._had_more = 1, True

    @property
    def is_last(self) -> bool:
        """Whether the request now under way is the one more: it is not tried twice."""
        return self._had_more

    def seconds_left(self) -> float:
        """How long a request may take at most by the run's own limit."""
        left = self.run_ends()[0] - self.clock()
        return max(left, LAST_SECONDS) if self._had_more else left

    def charge(self, price: Price | None, messages: Sequence[Message], reply: Reply) -> None:
        """Add what a reply cost."""
        told = reply.usage
        used = told if None not in (told.input_tokens, told.output_tokens) else guessed(messages, reply)
        self.estimated |= used is not told
        tokens_in, tokens_out = used.input_tokens or 0, used.output_tokens or 0
        self.input_tokens += tokens_in
        self.output_tokens += tokens_out
        if price is None or self.dollars is None:
            self.dollars = None
        else:
            self.dollars += price.of(tokens_in, tokens_out)

    def told(self) -> str:
        """What was spent, in one line."""
        about = "about " if self.estimated else ""
        cost = "at a price that is not known" if self.dollars is None else f"for {about}${self.dollars:.4f}"
        return f"{self.requests} requests, {about}{self.input_tokens} tokens in and {self.output_tokens} out, {cost}"

    def _reached(self) -> str | None:
        may = self.allowed
        if may.requests is not None and self.requests >= may.requests:
            return f"--max-requests {may.requests}"
        if may.tokens is not None and self.input_tokens + self.output_tokens >= may.tokens:
            return f"--max-tokens {may.tokens}"
        if may.dollars is not None and self.dollars is not None and self.dollars >= may.dollars:
            return f"--max-usd {may.dollars}"
        return self.run_ends()[1] if self.seconds_left() <= 0 else None


def guessed(messages: Sequence[Message], reply: Reply) -> Usage:
    """About how many tokens a request and its reply were, where the endpoint does not say."""
    texts = [part.text if part.kind == "text" else part.label for message in messages for part in message.parts]
    texts += [call.arguments for message in messages for call in message.calls]
    pictures = sum(part.kind == "picture" for message in messages for part in message.parts)
    written = len(reply.text) + sum(len(call.arguments) for call in reply.calls)
    return Usage(
        input_tokens=sum(map(len, texts)) // CHARACTERS + 4 * len(messages) + PICTURE * pictures,
        output_tokens=written // CHARACTERS + 1,
    )
