"""A user's own network: ``FILE.py:function``, where the function returns ``(module, preprocess)``.

Covered: importing the file, calling the function, and one clear line for whatever goes wrong in either. Not covered:
what the network does (`module.py`). The file is run with the user's rights: it is their own code.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import BadInput, nearest
from .module import ModuleTarget, one_line


def load_user_file(name: str, device: str = "auto") -> ModuleTarget:
    """The target of ``FILE.py:function``.

    The function takes nothing and returns a `torch.nn.Module` and a callable from a PIL RGB image to a float tensor
    3 x H x W. Raises `BadInput` where the file, the function or what it returns is not that.
    """
    path_text, _, function_name = name.rpartition(":")
    path = Path(path_text).expanduser()
    if not path.is_file():
        raise BadInput(f"no file {path_text!r} (in {name!r}: write FILE.py:function)")
    code = path.read_bytes()
    digest = hashlib.sha256(code).hexdigest()
    with _as_its_folder(path), contextlib.redirect_stdout(sys.stderr):
        namespace = _imported(path, digest)
        function = getattr(namespace, function_name, None)
        if not callable(function):
            known = [key for key, value in vars(namespace).items() if callable(value) and not key.startswith("_")]
            hint = f"; nearest: {nearest(function_name, known)}" if known else ""
            raise BadInput(f"{path_text!r} has no function {function_name!r}{hint}")
        try:
            made = function()
        except (Exception, SystemExit) as error:
            raise BadInput(f"{name}: the function raised {one_line(error)}") from error
    module, preprocess = _pair(name, made)
    return ModuleTarget(name, module, preprocess, device=device, identity=f"{digest}:{function_name}")


def _imported(path: Path, digest: str) -> Any:
    # a name by content: two versions of one file in one process are two modules, and neither shadows an installed one
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
