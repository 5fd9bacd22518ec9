"""What holds for every test: a cache of the session's own, and no network beyond this machine."""

from __future__ import annotations

import ipaddress
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_CACHE = pytest.StashKey[str]()


class NetworkBanned(RuntimeError):
    """A test tried to reach a machine other than this one."""


def pytest_configure(config: pytest.Config) -> None:
    """One cache for the session (for each worker of it), in place before any test module is imported; children inherit it."""
    config.stash[_CACHE] = tempfile.mkdtemp(prefix="lettvin-tests-")
    os.environ["LETTVIN_CACHE"] = config.stash[_CACHE]
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell leaves it for what it starts in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if "PYTEST_XDIST_WORKER" in os.environ:  # as many processes as cores: no threads beside them
        os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[_CACHE], ignore_errors=True)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository, which is also the package's folder."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Nothing outside loopback can be connected to, sent to or looked up."""
    patch = pytest.MonkeyPatch()
    for name in ("connect", "connect_ex"):
        patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
    for name in ("getaddrinfo", "gethostbyname", "create_connection"):
        patch.setattr(socket, name, _guarded_lookup(getattr(socket, name)))
    yield
    patch.undo()


def _guarded(method: Any) -> Any:
    def guarded(self: socket.socket, address: Any, *rest: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _refuse_unless_loopback(address[0])
        return method(self, address, *rest)

    return guarded


def _guarded_lookup(function: Any) -> Any:
    def guarded(host: Any, *rest: Any, **named: Any) -> Any:
        _refuse_unless_loopback(host[0] if isinstance(host, tuple) else host)
        return function(host, *rest, **named)

    return guarded


def _refuse_unless_loopback(host: Any) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    try:
        local = name in (None, "", "localhost") or ipaddress.ip_address(name).is_loopback
    except ValueError:
        local = False
    if not local:
        raise NetworkBanned(f"tests reach no network, and {name!r} is not this machine")


@pytest.fixture(autouse=True)
def tools_of_one_test_stay_its_own() -> Iterator[None]:
    """What a test registers by `@tool` is known to no other: prompts list every instrument that is known."""
    from lettvin.tools import instrument

    before = dict(instrument.catalogue())
    yield
    instrument._catalogue.clear()
    instrument._catalogue.update(before)
