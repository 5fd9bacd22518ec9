"""`replay:RUN`: a model that answers from the record of an earlier run, so that it can be played again without an endpoint.

Covered: replies by the hash of the whole request, in the order in which they came; where a request differs from all on
record, the difference to the nearest one, to be read, and one clear error. Not covered: going on where the record ends;
that is `lettvin resume`.
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Sequence
from pathlib import Path

from ...targets.errors import BadInput
from ..run_folder import EVENTS, read_events
from .model import Message, Offered, Reply
from .prices import FREE
from .recorded import Request, difference, digest, first_difference, requests
from .spending import Spending

LOG = logging.getLogger("lettvin")


class UnknownRequest(BadInput):
    """A replayed run asks what was never asked."""


class Replay:
    """Answers from the run in that folder. The last reply to a request is given again where it is asked more often.

    `spending`: counts the requests as they were counted then, so that the same limits stop the run where they did. Raises
    `BadInput` where the folder is no run, or holds no replies.
    """

    price = FREE
    counts_requests = True

    def __init__(self, run: str | Path, spending: Spending | None = None) -> None:
        self.name = f"replay:{run}"
        self._spending = Spending() if spending is None else spending
        self._run = Path(run)
        self._known: dict[str, list[Reply]] = {}
        self._requests: list[Request] = []
        self.asked = 0
        for event, request in requests(read_events(self._run)):
            self._known.setdefault(event.request, []).append(event.reply)
            self._requests.append(request)
        if not self._requests:
            raise BadInput(f"{str(run)!r} holds no model's replies: its backbone was no language model, or it was cut off")

    def reply(self, messages: Sequence[Message], tools: Sequence[Offered] = ()) -> Reply:
        """The reply on record. Raises `UnknownRequest`, and logs the whole difference, where there is none; `LimitReached`."""
        now: Request = (tuple(messages), tuple(tools))
        self._spending.before_request()
        self.asked += 1
        found = self._known.get(digest(*now))
        if found is None:
            before = self._nearest(now)
            LOG.warning("%s", difference(before, now))
            raise UnknownRequest(
                f"{self.name}: request {self.asked} is on record nowhere in {EVENTS}: {first_difference(before, now)}"
            )
        reply = found.pop(0) if len(found) > 1 else found[0]
        self._spending.requests += reply.requests - 1
        return reply

    def _nearest(self, now: Request) -> Request:
        """The request on record that begins most like this one; of those, the one of the likest length."""

        def alike(request: Request) -> tuple[int, float, int]:
            same = 0
            for one, other in zip(request[0], now[0], strict=False):
                if one != other:
                    break
                same += 1
            old, new = (str(side[0][same : same + 1])[:2000] for side in (request, now))
            likeness = difflib.SequenceMatcher(None, old, new, autojunk=False).quick_ratio()
            return same, likeness, -abs(len(request[0]) - len(now[0]))

        return max(self._requests, key=alike)
