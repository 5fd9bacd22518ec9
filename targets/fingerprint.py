"""Fingerprints of networks and preprocessings: what decides their numbers, as a digest.

Covered: parameters and buffers (also those no state dict holds), plain attributes, the structure, and the source of
every class that is not torch's own; of a function its source, defaults and captured values, of a method those and
its object's class and state. Not covered: globals that
a function reads and code that its code calls (`user_file.py` adds the digest of the whole file for that reason).
"""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import nn

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_DEEPEST = 12


def module_fingerprint(module: nn.Module, inside: tuple[int, ...] = ()) -> str:
    """sha256, in hex, of a torch module: weights by name and shape, attributes, structure and code."""
    import torch
    from torch import nn

    digest = hashlib.sha256(_ADDRESS.sub("", repr(module)).encode())
    for kind, named in (("parameter", module.named_parameters()), ("buffer", module.named_buffers())):
        for name, tensor in sorted(named, key=lambda pair: pair[0]):
            digest.update(f"\0{kind} {name} {tuple(tensor.shape)} {tensor.dtype}\0".encode())
            digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    every_module_has = set(vars(nn.Module()))
    sources: set[str] = set()
    for name, inner in module.named_modules():
        for attribute in sorted(set(vars(inner)) - every_module_has):
            digest.update(f"\0{name}.{attribute}={value_fingerprint(vars(inner)[attribute], inside)}".encode())
        if not type(inner).__module__.startswith("torch."):
            sources.add(_source(type(inner)))
    for source in sorted(sources):
        digest.update(source.encode())
    return digest.hexdigest()


def callable_fingerprint(function: Callable[..., object], inside: tuple[int, ...] = ()) -> str:
    """sha256, in hex, of a function (source, defaults, captured values) or of a callable object (class and state)."""
    digest = hashlib.sha256()
    if inspect.ismethod(function):
        owner = function.__self__
        parts = (callable_fingerprint(function.__func__, inside), _source(type(owner)), value_fingerprint(owner, inside))
        digest.update("\n".join(parts).encode())
    elif inspect.isfunction(function):
        digest.update(_source(function).encode())
        captured = [_cell(cell) for cell in function.__closure__ or ()]
        for value in (function.__defaults__, function.__kwdefaults__, captured):
            digest.update(value_fingerprint(value, inside).encode())
    else:
        digest.update(_source(type(function)).encode() + value_fingerprint(function, inside).encode())
    return digest.hexdigest()


def value_fingerprint(value: object, inside: tuple[int, ...] = ()) -> str:
    """A text that is the same for the same value: arrays and tensors by their bytes, objects by class and state.

    `inside`: ids of the values on the way to this one, so that what holds itself ends.
    """
    import torch

    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        return repr(value)
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray):
        return f"array {value.dtype} {value.shape} {hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()}"
    if isinstance(value, ModuleType):
        return f"module {value.__name__} {getattr(value, '__version__', '')}"
    if isinstance(value, type):
        return _source(value)
    if id(value) in inside or len(inside) > _DEEPEST:
        return f"again {type(value).__qualname__}"
    deeper = (*inside, id(value))
    if isinstance(value, torch.nn.Module):
        return module_fingerprint(value, deeper)
    if inspect.isfunction(value) or inspect.ismethod(value):
        return callable_fingerprint(value, deeper)
    if isinstance(value, Mapping):
        items = [f"{value_fingerprint(k, deeper)}: {value_fingerprint(item, deeper)}" for k, item in value.items()]
        return "{" + ", ".join(sorted(items)) + "}"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__}(" + ", ".join(value_fingerprint(item, deeper) for item in value) + ")"
    if isinstance(value, set | frozenset):
        return "set(" + ", ".join(sorted(value_fingerprint(item, deeper) for item in value)) + ")"
    text = f"{type(value).__module__}.{type(value).__qualname__} {_ADDRESS.sub('', repr(value))}"
    state = getattr(value, "__dict__", None)
    return text if not state else f"{text} {value_fingerprint(dict(state), deeper)}"


def _cell(cell: object) -> object:
    try:
        return getattr(cell, "cell_contents", None)
    except ValueError:  # a cell that is not filled yet
        return None


def _source(thing: Any) -> str:
    """The source of a class or function, or its name where there is none (a notebook, a C extension)."""
    return _read_source(thing)


@cache  # finding a class in its file parses the file, and a network has few classes and many modules of each
def _read_source(thing: Any) -> str:
    name = f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', '')}"
    code = getattr(thing, "__code__", None)
    # two lambdas of one line have the same source: what the code names and holds tells them apart
    name += "" if code is None else _ADDRESS.sub("", f" {code.co_names} {code.co_freevars} {code.co_consts}")
    try:
        return f"{name}\n{inspect.getsource(thing)}"
    except (OSError, TypeError):
        return name if code is None else f"{name} {hashlib.sha256(code.co_code).hexdigest()}"
