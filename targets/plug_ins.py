"""Plug-ins: targets, tools, generators, editors, describers, detectors, backbones of another package or a user's file.

Covered: the entry-point groups (``lettvin.targets``, ``.tools``, ``.generators``, ``.editors``, ``.describers``,
``.detectors``, ``.backbones``) and ``FILE.py:function``, which names may be used, loading with one clear line for
whatever goes wrong, and what a run records of a plug-in. Not covered: what each kind must be, which those say who use them
(`loaders.py` beside this file, `tools/instrument.py`, `agent/by_name.py`). Nothing
heavy is imported here, and no plug-in before it is needed.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import sys
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from .errors import BadInput, nearest, one_line
from .written_path import is_written_file, written_path

Kind = Literal["target", "tool", "generator", "editor", "describer", "detector", "backbone"]
KINDS: tuple[Kind, ...] = ("target", "tool", "generator", "editor", "describer", "detector", "backbone")
OWN = "lettvin"  # the distribution whose entry points are ours: what a room downhill may not import, it brings by one


@dataclass(frozen=True, slots=True)
class PlugIn:
    """Something that lettvin did not bring: what it is asked for by, and where it comes from.

    `value`: "package.module:thing", or "FILE.py:thing". `distribution`, `version`: of the package that brings it.
    `sha256`: of the file, where it comes from a file. `refused`: why it may not be used; None where it may.
    """

    kind: Kind
    name: str
    value: str
    distribution: str | None = None
    version: str | None = None
    sha256: str | None = None
    refused: str | None = None

    @property
    def origin(self) -> str:
        """Who brings it, as "package 1.0", or the file or module it stands in."""
        if self.distribution is not None:
            return f"{self.distribution} {self.version or '(no version)'}"
        return self.value.rpartition(":")[0]

    def __str__(self) -> str:
        where = "" if self.value == self.name else f" of {self.origin} ({self.value})"
        return f"{self.kind} {self.name!r}{where}"

    def record(self) -> dict[str, str | None]:
        """What run.json keeps of it."""
        return {key: value for key, value in asdict(self).items() if key != "refused"}


def installed(kind: Kind, ours: Collection[str]) -> list[PlugIn]:
    """Every installed plug-in of a kind, by name. Refused: a name of `ours`, and a name that two packages claim."""
    found = sorted((_of(kind, point) for point in _entry_points() if point.group == f"lettvin.{kind}s"), key=str)
    return [replace(one, refused=_clash(one, found, ours)) for one in found]


def usable(kind: Kind, ours: Collection[str]) -> dict[str, PlugIn]:
    """The installed plug-ins of a kind that may be used, by name; every other one is named on stderr."""
    known = installed(kind, ours)
    for plug_in in known:
        if plug_in.refused is not None:
            leave_out(plug_in, plug_in.refused)
    return {plug_in.name: plug_in for plug_in in known if plug_in.refused is None}


def asked_for(kind: Kind, name: str, ours: Collection[str]) -> PlugIn:
    """The plug-in that a user names: an installed one, or FILE.py:thing. Raises `BadInput` naming the nearest."""
    if is_file(name):
        return in_file(kind, name)
    known = installed(kind, ours)
    for plug_in in known:
        if plug_in.name == name and name not in ours:
            if plug_in.refused is not None:
                raise BadInput(f"{plug_in} cannot be used: {plug_in.refused}")
            return plug_in
    names = [*ours, *(plug_in.name for plug_in in known if plug_in.refused is None)]
    hint = f"nearest: {nearest(name, names)}, or" if names else "write"
    raise BadInput(f"unknown {kind} {name!r}; {hint} FILE.py:{'function' if kind in ('target', 'tool') else 'Class'}")


def is_file(name: str) -> bool:
    """Whether the name is meant as FILE.py:thing."""
    return re.search(r"\.py(:|$)", name) is not None


def in_file(kind: Kind, name: str) -> PlugIn:
    """The plug-in FILE.py:thing. Raises `BadInput` where the name has another form or there is no such file."""
    path, _, thing = name.rpartition(":")
    if not path.endswith(".py") or not thing or re.search(r"[/\\]", thing):
        raise BadInput(f"{kind} {name!r} names nothing in the file: write FILE.py:function")
    if not is_written_file(path):
        raise BadInput(f"no file {path!r} (in {kind} {name!r}: write FILE.py:function)")
    return PlugIn(kind, name, name, sha256=hashlib.sha256(written_path(path).read_bytes()).hexdigest())


def load(plug_in: PlugIn) -> Any:
    """What a plug-in's name stands for, imported. Raises `BadInput`, one line, whatever goes wrong in the import."""
    if plug_in.distribution is None and is_file(plug_in.value):
        from .user_file import named_in_file

        return named_in_file(plug_in.value)
    try:
        with contextlib.redirect_stdout(sys.stderr):  # what it prints does not mix with answers
            return EntryPoint(plug_in.name, plug_in.value, f"lettvin.{plug_in.kind}s").load()
    except (Exception, SystemExit) as error:
        raise BadInput(f"{plug_in} does not load: {one_line(error)}") from error


def leave_out(plug_in: PlugIn, why: str) -> None:
    """Say on stderr, in one line, that the run goes on without a plug-in, and why."""
    print(f"lettvin: left out {plug_in}: {' '.join(why.split())}", file=sys.stderr)


@cache
def _entry_points() -> tuple[EntryPoint, ...]:
    """Every entry point for lettvin, read once a process: a scan of all that is installed."""
    every = entry_points()
    return tuple(point for kind in KINDS for point in every.select(group=f"lettvin.{kind}s"))


def _of(kind: Kind, point: EntryPoint) -> PlugIn:
    distribution = version = None
    if point.dist is not None:
        with contextlib.suppress(Exception):  # a package may have lost its metadata; its entry points still count
            distribution, version = point.dist.metadata["Name"], point.dist.version
    return PlugIn(kind, point.name, point.value, distribution or "an unknown package", version)


def _clash(one: PlugIn, found: Iterable[PlugIn], ours: Collection[str]) -> str | None:
    if one.distribution == OWN:
        return None
    twins = [other for other in found if other.name == one.name and other is not one]
    if one.name in ours or any(twin.distribution == OWN for twin in twins):
        return f"the name {one.name!r} is lettvin's own"
    return f"{twins[0].origin} brings one of that name too: uninstall one of them" if twins else None
