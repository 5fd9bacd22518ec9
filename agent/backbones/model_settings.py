"""What a run says of its language models, beside their names: where they are, how they are asked, what they may cost.

Covered: the settings as they stand in run.json, so that a resumed run asks the same. No key is ever among them: keys are
taken from the environment when a model is made. Not covered: what becomes of them (`models_of_run.py`).
"""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from ...targets.errors import BadInput
from .dialects import DIALECTS, checked_url, dialect_of
from .spending import Allowed

REQUEST_SECONDS = 300.0
AT_ONCE = 4
MODES = ("code", "calls")


class ModelSettings(BaseModel):
    """Every field as on the command line.

    `base_url`: an endpoint's address, None = OpenAI's own. `dialect`: its kind, None = told by the address. `key_from`: the
    name of the environment's variable that holds its key. `request_seconds`: for a reply with all its retries.
    `request_pictures`: that one request may hold, None = what the kind takes, 0 = none: the model sees nothing.
    `reply_tokens`: that end a reply, None = what the kind sets. `at_once`: requests to one endpoint. `prices`: a file over
    the shipped table. `mode`: how a model that decides acts: "code", by blocks of Python, or "calls", by tool calls.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str | None = None
    dialect: str | None = None
    key_from: str | None = None
    request_seconds: float = REQUEST_SECONDS
    request_pictures: int | None = None
    reply_tokens: int | None = None
    at_once: int = AT_ONCE
    max_requests: int | None = None
    max_tokens: int | None = None
    max_usd: Decimal | None = None
    prices: str | None = None
    mode: str = "code"

    def checked(self) -> ModelSettings:
        """The same settings. Raises `BadInput` where one cannot be used."""
        if self.base_url is not None:
            checked_url(self.base_url)
        if self.dialect is not None and self.dialect not in DIALECTS:
            dialect_of("", self.dialect)  # raises
        if not 0 < self.request_seconds < 1e6:
            raise BadInput(f"--request-seconds {self.request_seconds!r} is no time to answer in: give seconds above 0")
        if self.request_pictures is not None and self.request_pictures < 0:
            raise BadInput(f"--request-pictures {self.request_pictures!r} is no number of pictures: give 0 or more")
        if self.reply_tokens is not None and self.reply_tokens < 1:
            raise BadInput(f"--reply-tokens {self.reply_tokens!r} leaves no room for a word: give 1 or more")
        if self.at_once < 1:
            raise BadInput(f"at_once {self.at_once!r} lets no request through: give 1 or more")
        if self.mode not in MODES:
            raise BadInput(f"--mode {self.mode!r} is no way to act: give code or calls")
        self.allowed()
        return self

    def allowed(self) -> Allowed:
        """The limits on what is spent. Raises `BadInput` where one leaves nothing."""
        return Allowed(self.max_requests, self.max_tokens, self.max_usd)

    def as_options(self) -> list[str]:
        """The words of a command line that say the same."""
        words: list[str] = []
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if value != field.default and name != "at_once":
                told = f"{value:g}" if isinstance(value, float) else str(value)
                words += [f"--{name.replace('_', '-')}", told]
        return words
