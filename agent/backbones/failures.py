"""What can go wrong at a model's endpoint, told apart: what is worth another try and when, and what a person can do.

Covered: every exception of the `openai` package and every unreadable answer as one `Failure`; how long to wait; the words.
Not covered: trying again (`endpoint.py`), and what a good answer is (`completion.py`).
"""

from __future__ import annotations

import email.utils
import math
import re
import time
from dataclasses import dataclass, replace
from typing import Any

from ...targets.errors import ModelFailed, one_line

OVERFLOW = re.compile(
    r"context[ _]length|context size|context window|exceed_context|maximum context|prompt is too long|too many (input )?tokens"
    r"|input is too long|exceeds? (the )?(model'?s )?(max(imum)? )?context",
    re.I,
)
BLIND = re.compile(
    r"image input is not supported|does not support (image|vision|multimodal)|not a multimodal model|no (vision|image) support"
    r"|images? (inputs? )?(is|are) not supported|model does not accept images|mmproj",
    re.I,
)
FEWER = re.compile(r"at most (\d+) (?:image|picture)|set image=(\d+)|(?:max|limit)\w* (?:of )?(\d+) images?", re.I)
SPENT = re.compile(r"insufficient_quota|billing_hard_limit|exceeded your current quota|credit balance is too low", re.I)
TRANSIENT = frozenset({408, 409, 425, 429})
HOPELESS = frozenset({501, 505})
UNREADABLE_TRIES = 3  # an answer that cannot be read may be a proxy's hiccup, or a wrong address
TRIES = 6
LONGEST = 300  # characters of an endpoint's own words that are told


class EndpointFailed(ModelFailed):
    """A model's endpoint did not answer, or not in a way that can be used; the run can be gone on with later."""


class ContextOverflow(ModelFailed):
    """The conversation is longer than the model's context; a shorter one can be asked."""


@dataclass(frozen=True)
class Failure:
    """One attempt that brought no reply. `what`: in words. `again`: whether to try again, `tries` in all at most.

    `wait`: seconds that the endpoint asked for. `overflow`: the context is too long. `fewer`: pictures that it takes at
    most, where that is what it refused.
    """

    what: str
    again: bool = False
    wait: float | None = None
    tries: int = TRIES
    overflow: bool = False
    fewer: int | None = None


class Failed(Exception):
    """An attempt failed; never leaves the client."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.what)
        self.failure = failure


def failure_of(error: Exception, now: float | None = None) -> Failure:
    """What an exception of a request means. `now`: seconds since the epoch, for dates in Retry-After."""
    import openai

    if isinstance(error, Failed):
        return error.failure
    if isinstance(error, openai.APITimeoutError):
        return Failure("it did not answer in time", again=True)
    if isinstance(error, openai.APIStatusError):
        return of_status(error.status_code, error.body or error.message, error.response.headers, now)
    if isinstance(error, openai.APIConnectionError):
        return Failure(f"no connection ({_cause(error)})", again=True)
    return unreadable(one_line(error))


def of_status(status: int, body: object, headers: Any, now: float | None = None) -> Failure:
    """What an answer with that status means."""
    said = words(body)
    what = f"status {status}" + (f": {said}" if said else "")
    everything = f"{said} {body!r}"
    again = (status in TRANSIENT or status >= 500) and status not in HOPELESS
    failure = Failure(what, again=again, wait=asked_to_wait(headers, now))
    if SPENT.search(everything):
        return replace(failure, again=False, what=f"{what} (the account's quota is used up)")
    if OVERFLOW.search(everything) and status != 429:
        return replace(failure, again=False, overflow=True)
    if (few := FEWER.search(everything)) is not None and status in (400, 413, 422, 500):
        return replace(failure, again=False, fewer=int(next(filter(None, few.groups()))))
    if BLIND.search(everything):
        return replace(failure, again=False, fewer=0)
    advice = {
        401: "the key is not accepted",
        403: "the key may not use this model",
        404: "no such model, or no such address: does --base-url end in /v1?",
        413: "the request is too large: show fewer pictures by --request-pictures",
    }.get(status)
    return failure if advice is None else replace(failure, what=f"{what} ({advice})")


def unreadable(why: str) -> Failure:
    """An answer that is none."""
    return Failure(f"its answer cannot be read ({why})", again=True, tries=UNREADABLE_TRIES)


def words(body: object) -> str:
    """What an endpoint's error says, in one short line, whatever form it has."""
    for _ in range(4):
        if not isinstance(body, dict):
            break
        body = next((body[name] for name in ("error", "message", "detail", "error_description") if body.get(name)), "")
    text = body if isinstance(body, str) else "" if body is None else repr(body)
    if "<html" in text.lower() or text.lstrip().lower().startswith("<!doctype"):
        text = "an HTML page"
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def asked_to_wait(headers: Any, now: float | None = None) -> float | None:
    """The seconds that Retry-After or retry-after-ms name, as a number, or as a date; None where they say nothing usable."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = str(headers.get(name) or "").strip()
        if not value:
            continue
        try:
            seconds = float(value) * unit
        except ValueError:
            try:
                date = email.utils.parsedate_to_datetime(value).timestamp()
            except (ValueError, TypeError, OverflowError):
                continue
            seconds = date - (time.time() if now is None else now)
        if math.isfinite(seconds):
            return max(0.0, seconds)
    return None


def _cause(error: BaseException) -> str:
    """The innermost reason that an exception gives."""
    while error.__cause__ is not None:
        error = error.__cause__
    return words(str(error)) or type(error).__name__
