"""A user's own file: what ``FILE.py:function`` names, and the network that such a function returns.

Covered: importing the file, finding the function, calling one that returns ``(module, preprocess)``, and one clear line
for whatever goes wrong in any of these. Not covered: what the network does (`module.py`), and the other things that a
file may hold (tools, backbones ...: `plug_ins.py`). The file is run with the user's rights: it is their own code.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .compiled import split_compiled
from .errors import BadInput, nearest, one_line
from .written_path import is_written_file, written_path

if TYPE_CHECKING:
    from .module import ModuleTarget


def load_user_file(name: str, device: str = "auto") -> ModuleTarget:
    """The target of ``FILE.py:function[+compiled]``.

    The function takes nothing and returns a `torch.nn.Module` and a callable from a PIL RGB image to a float tensor
    3 x H x W. Raises `BadInput` where the file, the function or what it returns is not that.
    """
    from .module import ModuleTarget

    asked, compiled = split_compiled(name)
    path, function_name = _path(asked)
    function = named_in_file(asked)
    with _as_its_folder(path), contextlib.redirect_stdout(sys.stderr):
        try:
            made = function()
        except (Exception, SystemExit) as error:
            raise BadInput(f"{name}: the function raised {one_line(error)}") from error
    module, preprocess = _pair(name, made)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    identity = f"{digest}:{function_name}"
    return ModuleTarget(name, module, preprocess, device=device, identity=identity, compiled=compiled)


def named_in_file(name: str) -> Any:
    """The function or class that ``FILE.py:function`` names, not called. Raises `BadInput`."""
    path, thing = _path(name)
    with _as_its_folder(path), contextlib.redirect_stdout(sys.stderr):  # what it prints does not mix with answers
        namespace = _imported(path)
    found = getattr(namespace, thing, None)
    if not callable(found):
        known = [key for key, value in vars(namespace).items() if callable(value) and not key.startswith("_")]
        hint = f"; nearest: {nearest(thing, known)}" if known else ""
        raise BadInput(f"{name.rpartition(':')[0]!r} has no function {thing!r}{hint}")
    return found


def _path(name: str) -> tuple[Path, str]:
    text, _, thing = name.rpartition(":")
    if not is_written_file(text):
        raise BadInput(f"no file {text!r} (in {name!r}: write FILE.py:function)")
    return written_path(text), thing


def _imported(path: Path) -> Any:
    # a name by content: two versions of one file in one process are two modules, and neither shadows an installed one
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    module_name = f"lettvin_user_{digest[:16]}_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise BadInput(f"{str(path)!r} is not a Python file")
    namespace = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = namespace
    try:
        spec.loader.exec_module(namespace)
    except (Exception, SystemExit) as error:
        del sys.modules[module_name]
        raise BadInput(f"{str(path)!r} does not import: {one_line(error)}") from error
    return namespace


def _pair(name: str, made: object) -> tuple[Any, Any]:
    from torch import nn

    if not isinstance(made, tuple) or len(made) != 2:
        raise BadInput(f"{name}: the function returned {type(made).__name__}, not (module, preprocess)")
    module, preprocess = made
    if not isinstance(module, nn.Module):
        raise BadInput(f"{name}: the first thing returned is a {type(module).__name__}, not a torch.nn.Module")
    if not callable(preprocess):
        raise BadInput(f"{name}: the second thing returned is a {type(preprocess).__name__}, not a callable preprocess")
    return module, preprocess


@contextlib.contextmanager
def _as_its_folder(path: Path) -> Iterator[None]:
    """The file's own folder first on the path, as `python FILE.py` would have it."""
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(folder)
