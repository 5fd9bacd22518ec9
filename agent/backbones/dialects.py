"""What each kind of OpenAI-compatible endpoint takes: a small table, and how an endpoint's kind is told.

Covered: the parameters, the pictures and the key of each kind. What is not known to be taken is left out. Not covered: the
messages (`wire.py`) and the requests (`endpoint.py`).
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ...targets.errors import BadInput, nearest

OWN_KEY = "LETTVIN_API_KEY"


@dataclass(frozen=True)
class Dialect:
    """One kind of endpoint.

    `key`: the environment's name for its key. `output_limit`: the parameter that ends a reply after so many tokens, and how
    many unless told; None where the kind refuses a request whose prompt and limit together pass its context. `pictures`:
    how many one request may hold, None where that is not limited. `longest`: the pixels of a picture's longer side, at most.
    `tools`: whether it knows tool calls. `mends`: what to do where it takes no pictures.
    """

    name: str
    key: str = OWN_KEY
    output_limit: tuple[str, int | None] = ("max_tokens", None)
    pictures: int | None = None
    longest: int = 512
    tools: bool = True
    mends: str = "name a model that sees"


DIALECTS = {
    dialect.name: dialect
    for dialect in (
        Dialect("openai", "OPENAI_API_KEY", ("max_completion_tokens", 16_384)),
        Dialect("anthropic", "ANTHROPIC_API_KEY", ("max_tokens", 8_192), pictures=100, longest=768),
        Dialect("vllm", mends="serve a model that sees, and raise --limit-mm-per-prompt if it is 0"),
        Dialect("ollama", output_limit=("max_tokens", 4_096), mends="pull a model that Ollama's list marks with 'vision'"),
        Dialect("llama.cpp", output_limit=("max_tokens", 4_096), mends="start the server with the model's --mmproj file"),
        Dialect("generic"),
    )
}
HOSTS = {"api.openai.com": "openai", "api.anthropic.com": "anthropic"}
PORTS = {11434: "ollama"}


def dialect_of(base_url: str, named: str | None = None) -> Dialect:
    """The kind that was named, else the one that the address tells, else "generic". Raises `BadInput` on an unknown name."""
    if named is not None:
        if named not in DIALECTS:
            raise BadInput(f"unknown dialect {named!r}; nearest: {nearest(named, DIALECTS)}")
        return DIALECTS[named]
    host, port = host_of(base_url), urlsplit(base_url).port
    return DIALECTS[HOSTS.get(host, PORTS.get(port or 0, "generic"))]


def checked_url(base_url: str) -> str:
    """The address as it is used. Raises `BadInput` where it is none."""
    try:
        parts = urlsplit(base_url)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        whole &= parts.username is None and not parts.query and not parts.fragment
    except ValueError:
        whole = False
    if not whole or not base_url.isascii() or not base_url.isprintable() or " " in base_url:
        raise BadInput(f"--base-url {base_url!r} is no address of an endpoint: write http://HOST:PORT/v1")
    return base_url.rstrip("/")


def host_of(base_url: str) -> str:
    """The address's host, in small letters."""
    return (urlsplit(base_url).hostname or "").lower()


def is_local(base_url: str) -> bool:
    """Whether the endpoint is on this machine or in a private network, where a key is seldom asked for."""
    host = host_of(base_url)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith((".local", ".internal", ".localhost")) or "." not in host
    return address.is_loopback or address.is_private


def key_of(base_url: str, dialect: Dialect, key_from: str | None, environment: Mapping[str, str] = os.environ) -> str | None:
    """The key for an endpoint, from the environment: of the name given, else LETTVIN_API_KEY, else the kind's own.

    A vendor's own key goes to that vendor's host alone. None where a local endpoint needs none. Raises `BadInput`.
    """
    theirs = HOSTS.get(host_of(base_url)) == dialect.name
    names = [key_from] if key_from is not None else [OWN_KEY, *([dialect.key] if theirs else [])]
    for name in names:
        key = environment.get(name, "").strip()
        if key:
            if not key.isascii() or not key.isprintable():
                raise BadInput(f"the key in {name} holds what no key can: set it again")
            return key
    if is_local(base_url) and key_from is None:
        return None
    raise BadInput(f"no key for {host_of(base_url)!r}: set {names[-1]} in the environment")
