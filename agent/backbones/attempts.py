"""Asking an endpoint, whatever is asked: one request and its tries under one deadline, and one clear error in the end.

Covered: one request and its retries under one total deadline, which ends a body that drips for ever too; how many at once;
a request that is put otherwise once the endpoint says what it does not take. tenacity alone retries. Not covered: what is
asked (`endpoint.py`, `image_endpoint.py`), what each failure means (`failures.py`). An answer is read whole into memory: the
deadline bounds it, and nothing else.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from ...targets.errors import LimitReached
from .deadline import TimeOver, within
from .dialects import checked_url, dialect_of, host_of, is_local, key_of
from .failures import ContextOverflow, EndpointFailed, Failed, Failure, failure_of
from .model_settings import ModelSettings
from .spending import Spending

if TYPE_CHECKING:
    from tenacity import RetryCallState

LOG = logging.getLogger("lettvin")
OPENAI = "https://api.openai.com/v1"
MOST_WAIT = 60.0  # seconds between two tries, where the endpoint does not name its own
_slots: dict[str, threading.BoundedSemaphore] = {}
_slots_lock = threading.Lock()
Got = TypeVar("Got")
Send = Callable[[Any, float], Got]  # a client of the `openai` package and a read's time-out, to what was asked for


class Attempts:
    """Asks one address under one name. `spending`: counts the requests, and says when there may be no more."""

    def __init__(
        self,
        name: str,
        settings: ModelSettings,
        spending: Spending,
        *,
        environment: Mapping[str, str] = os.environ,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.base_url = base_url_of(settings, environment)
        self.dialect = dialect_of(self.base_url, settings.dialect)
        self._key = key_of(self.base_url, self.dialect, settings.key_from, environment)
        if self._key is not None and self.base_url.startswith("http:") and not is_local(self.base_url):
            LOG.warning("lettvin: the key goes to %s in the clear: write https:// where it is served", self.base_url)
        self._settings, self._spending, self._sleep, self._clock = settings, spending, sleep, clock
        self._client: Any = None

    def got(self, send: Send[Got], adapted: Callable[[Failure], bool] = lambda failure: False) -> Got:
        """What `send` brings. `adapted`: whether it is sent otherwise now that the endpoint has said what was wrong.

        Raises `EndpointFailed`, `ContextOverflow`, or `LimitReached`.
        """
        began = self._clock()
        before = self._spending.requests
        ends = began + min(self._settings.request_seconds, max(0.0, self._spending.seconds_left()))
        with self._slot():
            while True:
                try:
                    return self._tried(send, ends)
                except Failed as failed:
                    failure = failed.failure
                    if adapted(failure) and self._clock() < ends and not self._spending.is_last:
                        continue
                    self._give_up(failure, self._spending.requests - before, self._clock() - began)

    def _tried(self, send: Send[Got], ends: float) -> Got:
        """What one request brings, tried as often as that is of use. Raises `Failed`."""
        from tenacity import Retrying, retry_if_exception, wait_exponential_jitter

        backing_off = wait_exponential_jitter(initial=1, max=MOST_WAIT, jitter=1)

        def wait(state: RetryCallState) -> float:
            asked = _failure(state).wait
            return backing_off(state) if asked is None else asked + min(1.0, backing_off(state) / 8)

        def stop(state: RetryCallState) -> bool:
            tried_enough = state.attempt_number >= _failure(state).tries or self._spending.is_last
            return tried_enough or self._clock() + state.upcoming_sleep >= ends

        tries = Retrying(
            sleep=self._sleep,
            stop=stop,
            wait=wait,
            retry=retry_if_exception(lambda error: isinstance(error, Failed) and error.failure.again),
            reraise=True,
        )
        got: Got = tries(self._once, send, ends)
        return got

    def _once(self, send: Send[Got], ends: float) -> Got:
        """One attempt. Raises `Failed`, or `LimitReached` before anything is sent."""
        self._spending.before_request()
        left = ends - self._clock()
        client = self._opened()
        try:
            # the package's own time-out is for each read: a little longer, so that it only ends what is left behind
            return within(left, lambda: send(client, max(0.0, left) + 1), self._close)
        except TimeOver:
            raise Failed(Failure(f"no whole answer within {self._settings.request_seconds:g} s")) from None
        except Exception as error:  # whatever the package makes of an answer; all of it is said
            raise Failed(failure_of(error)) from None

    def _give_up(self, failure: Failure, requests: int, seconds: float) -> None:
        if self._spending.seconds_left() <= 0:
            raise LimitReached(self._spending.run_ends()[1])
        what = failure.what
        if failure.fewer == 0:
            what += f" (it takes no pictures: {self.dialect.mends}, or show it none by --request-pictures 0)"
        elif failure.fewer is not None:
            what += " (show it fewer by --request-pictures)"
        if failure.wait is not None and failure.wait > self._settings.request_seconds:
            what += f" (it asks to wait {failure.wait:.0f} s, and --request-seconds is {self._settings.request_seconds:g})"
        tried = "" if requests == 1 else f", after {requests} requests in {seconds:.0f} s"
        kind = ContextOverflow if failure.overflow else EndpointFailed
        raise kind(self._without_key(f"{self.name} at {self.base_url}: {what}{tried}")) from None

    def _without_key(self, text: str) -> str:
        """An endpoint may send back what it was sent."""
        return text if self._key is None else text.replace(self._key, "***")

    @contextmanager
    def _slot(self) -> Iterator[None]:
        """One of the requests that may be under way to this endpoint at once."""
        with _slots_lock:
            slots = _slots.setdefault(self.base_url, threading.BoundedSemaphore(self._settings.at_once))
        if not slots.acquire(timeout=self._settings.request_seconds):
            raise EndpointFailed(f"{self.base_url}: {self._settings.at_once} other requests to it did not end in time")
        try:
            yield
        finally:
            slots.release()

    def _opened(self) -> Any:
        if self._client is None:
            import openai

            self._client = openai.OpenAI(api_key=self._key or "none", base_url=self.base_url, max_retries=0)
        return self._client

    def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()


def base_url_of(settings: ModelSettings, environment: Mapping[str, str] = os.environ) -> str:
    """The address that is asked: the one given, else OPENAI_BASE_URL, else OpenAI's. Raises `BadInput` where it is none."""
    return checked_url(settings.base_url or environment.get("OPENAI_BASE_URL", "").strip() or OPENAI)


def host_asked(settings: ModelSettings, environment: Mapping[str, str] = os.environ) -> str:
    """The host whose prices hold."""
    return host_of(base_url_of(settings, environment))


def _failure(state: RetryCallState) -> Failure:
    assert state.outcome is not None  # a wait or a stop is asked for after an attempt
    error = state.outcome.exception()
    assert isinstance(error, Failed)
    return error.failure
