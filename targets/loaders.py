"""Names to targets: the built-in networks, a user's own file, and families that other packages bring.

Covered: which loader a name belongs to. Not covered: the loaders themselves, one file a family beside this one.
A family NAME answers for ``NAME``, ``NAME:anything`` and ``NAME@anything``. Others come from the entry-point group
``lettvin.targets`` (entry ``NAME = "package.module:load"``) or, in the same process, from `register`; a loader is
called with the whole name as the user wrote it and the device. Importing this file imports no torch.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from .errors import BadInput, nearest
from .target import Target

Loader = Callable[[str, str], Target]
GROUP = "lettvin.targets"

_registered: dict[str, Loader] = {}


def load_target(name: str, device: str = "auto") -> Target:
    """The target of that name, on that device ("auto", "cpu" or "cuda"). Raises `BadInput` naming the nearest known."""
    wanted = name.strip()
    if re.search(r"\.py(:|$)", wanted):
        if not re.search(r"\.py:[^:/\\]+$", wanted):
            raise BadInput(f"target {name!r} names no function: write FILE.py:function")
        from .user_file import load_user_file

        return load_user_file(wanted, device)
    families = _families()
    family = re.split(r"[:@]", wanted, maxsplit=1)[0]
    if family not in families:
        raise BadInput(f"unknown target {name!r}; nearest: {nearest(wanted, families)}, or FILE.py:function")
    return families[family](wanted, device)


def target_names() -> tuple[str, ...]:
    """The families that can be loaded here, built-in ones first."""
    return tuple(_families())


def register(family: str, loader: Loader) -> None:
    """Let `loader` answer for a family of names in this process. Raises ValueError where the name is taken."""
    if _registered.get(family, loader) is not loader or family in _built_in():
        raise ValueError(f"the target family {family!r} is already registered")
    _registered[family] = loader


def _families() -> dict[str, Loader]:
    """Built-in families win over registered ones, and those over entry points, whatever a package calls its own."""
    plugged = {point.name: _of_entry_point(point) for point in _entry_points()}
    built_in = _built_in()
    rest = {name: loader for name, loader in {**plugged, **_registered}.items() if name not in built_in}
    return {**built_in, **rest}


@cache
def _entry_points() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=GROUP))


def _built_in() -> dict[str, Loader]:
    names = [f"efficientnet-lite{size}" for size in (0, 1, 2)]
    return dict.fromkeys([*names, *(f"{name}-random" for name in names)], _efficientnet_lite)


def _efficientnet_lite(name: str, device: str) -> Target:
    from .efficientnet_lite import load_efficientnet_lite

    return load_efficientnet_lite(name, device)


def _of_entry_point(point: EntryPoint) -> Loader:
    def load(name: str, device: str) -> Target:
        try:
            loader = point.load()
        except Exception as error:
            raise BadInput(f"target {name!r}: its plug-in {point.value!r} does not load: {error}") from error
        target = loader(name, device)
        if not isinstance(target, Target):
            raise BadInput(f"target {name!r}: its plug-in {point.value!r} gave a {type(target).__name__}, not a Target")
        return target

    return load
