"""Names to targets: the built-in networks, a user's own file, and families that other packages bring.

Covered: which loader a name belongs to. Not covered: the loaders themselves, one file a family beside this one, and how
plug-ins are found (`plug_ins.py`). A family NAME answers for ``NAME``, ``NAME:anything`` and ``NAME@anything``. Others
come from the entry-point group ``lettvin.targets`` (entry ``NAME = "package.module:load"``) or, in the same process, from
`register`; a loader is called with the whole name as the user wrote it and the device. ``+softmax`` at the end of any name
adds a layer (`softmax.py`). Importing this file imports no torch.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping

from . import plug_ins, softmax
from .errors import BadInput, nearest, one_line
from .plug_ins import PlugIn
from .target import Target

Loader = Callable[[str, str], Target]

_registered: dict[str, Loader] = {}


def load_target(name: str, device: str = "auto") -> Target:
    """The target of that name, on that device ("auto", "cpu" or "cuda"). Raises `BadInput` naming the nearest known."""
    wanted = name.strip()
    with_probabilities = softmax.opened(wanted, device, load_target)
    if with_probabilities is not None:
        return with_probabilities
    if plug_ins.is_file(wanted):
        plug_ins.in_file("target", wanted)  # refused before anything heavy is imported
        from .user_file import load_user_file

        return load_user_file(wanted, device)
    families = _families(plug_ins.usable("target", built_in()))
    family = _family(wanted)
    if family not in families:
        raise BadInput(f"unknown target {name!r}; nearest: {nearest(wanted, families)}, or FILE.py:function")
    return families[family](wanted, device)


def target_names() -> tuple[str, ...]:
    """The families that can be loaded here, built-in ones first."""
    return tuple(_families({p.name: p for p in plug_ins.installed("target", built_in()) if p.refused is None}))


def plug_in_of(target: str) -> PlugIn | None:
    """What brought the target of that name: a package, or a file of the user's; None for ours and for registered ones."""
    target, _ = softmax.split_softmax(target)
    if plug_ins.is_file(target):
        with contextlib.suppress(BadInput):  # a name that only looks so, given to a target made in Python
            return plug_ins.in_file("target", target)
    family = _family(target)
    if family in built_in() or family in _registered:
        return None
    known = plug_ins.installed("target", built_in())
    brought = next((p for p in known if p.name == family and p.refused is None), None)
    return None if brought is None or brought.distribution == plug_ins.OWN else brought


def register(family: str, loader: Loader) -> None:
    """Let `loader` answer for a family of names in this process. Raises ValueError where the name is taken."""
    if _registered.get(family, loader) is not loader or family in built_in():
        raise ValueError(f"the target family {family!r} is already registered")
    _registered[family] = loader


def _family(name: str) -> str:
    return re.split(r"[:@]", name, maxsplit=1)[0]


def _families(plugged: Mapping[str, PlugIn]) -> dict[str, Loader]:
    """Built-in families win over registered ones, and those over plug-ins, whatever a package calls its own."""
    ours = built_in()
    others = {name: _of_plug_in(plug_in) for name, plug_in in plugged.items()} | _registered
    return ours | {name: loader for name, loader in others.items() if name not in ours}


def built_in() -> dict[str, Loader]:
    """The families that lettvin brings."""
    names = [f"efficientnet-lite{size}" for size in (0, 1, 2)]
    lite: Loader = _efficientnet_lite
    libraries: dict[str, Loader] = {"hf": _hugging_face, "timm": _timm, "torchvision": _torchvision}
    return dict.fromkeys([*names, *(f"{name}-random" for name in names)], lite) | libraries


def _efficientnet_lite(name: str, device: str) -> Target:
    from .efficientnet_lite import load_efficientnet_lite

    return load_efficientnet_lite(name, device)


def _hugging_face(name: str, device: str) -> Target:
    from .hugging_face import load_hugging_face

    return load_hugging_face(name, device)


def _timm(name: str, device: str) -> Target:
    from .other_libraries import load_timm

    return load_timm(name, device)


def _torchvision(name: str, device: str) -> Target:
    from .other_libraries import load_torchvision

    return load_torchvision(name, device)


def _of_plug_in(plug_in: PlugIn) -> Loader:
    def load(name: str, device: str) -> Target:
        loader = plug_ins.load(plug_in)
        try:
            target = loader(name, device)
        except BadInput:
            raise
        except Exception as error:
            raise BadInput(f"target {name!r}: {plug_in} raised {one_line(error)}") from error
        if not isinstance(target, Target):
            raise BadInput(f"target {name!r}: {plug_in} gave a {type(target).__name__}, not a Target")
        called = getattr(target, "name", None)
        if called != name:  # the name is what a run records, and what asks it again
            raise BadInput(f"target {name!r}: {plug_in} gave a target that calls itself {called!r}")
        return target

    return load
