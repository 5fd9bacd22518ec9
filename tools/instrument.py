"""Instruments: `@tool` makes a typed function one that a backbone can see, call and get wrong safely.

An instrument is a function `f(lab, *, ...) -> pydantic model`. Its signature becomes a JSON schema (for tool calls) and a
`def` line (for code); its docstring becomes the description, `Args:` the parameters'. Not covered: what the instruments
do, one file each beside this one, and who may call them (`agent/loop.py`).
"""

from __future__ import annotations

import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, PydanticUserError, TypeAdapter, ValidationError, create_model

from ..targets.errors import ToolError, nearest

if TYPE_CHECKING:
    from .lab import Lab

__all__ = ["Instrument", "Result", "ToolError", "catalogue", "tool"]

OURS = ("exemplars", "screen", "generate", "edit", "probe", "describe", "summarize", "experiment")


class Result(BaseModel, ABC):
    """What an instrument returns: data, and a short text of it."""

    model_config = ConfigDict(frozen=True)

    @abstractmethod
    def text(self) -> str:
        """The result in a few lines, as a backbone or a person reads it."""


@dataclass(frozen=True)
class Instrument:
    """A callable instrument with what a backbone must know of it."""

    name: str
    doc: str
    signature: str
    arguments: type[BaseModel]
    result: type[Result]
    function: Callable[..., Result]

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments."""
        return self.arguments.model_json_schema()

    def call(self, lab: Lab, arguments: dict[str, Any]) -> Result:
        """Validate and run. Raises `ToolError` with one line a mistake where the arguments do not fit."""
        try:
            checked = self.arguments.model_validate(arguments)
        except ValidationError as error:
            known = list(self.arguments.model_fields)
            raise ToolError(f"{self.name}: " + "; ".join(_mistake(item, known) for item in error.errors())) from None
        return self.function(lab, **{name: getattr(checked, name) for name in self.arguments.model_fields})


def _mistake(item: Any, known: list[str]) -> str:
    place = ".".join(str(part) for part in item["loc"]) or "arguments"
    if item["type"] == "extra_forbidden" and len(item["loc"]) == 1:
        return f"no argument {place!r}; " + (f"nearest: {nearest(place, known)}" if known else "it takes none")
    return f"{place}: {item['msg']}" + ("" if item["type"] == "missing" else f", not {item['input']!r}"[:120])


_catalogue: dict[str, Instrument] = {}


F = TypeVar("F", bound=Callable[..., "Result"])
_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def tool(function: F) -> F:
    """Register a function as an instrument of its own name; it stays an ordinary function.

    Its first parameter is the `Lab`; the others are keyword-only, typed and JSON-like; it returns a `Result`.
    Raises TypeError where it is not so, or where the name is that of an instrument of ours.
    """
    name = function.__name__
    if name in OURS and function.__module__ != f"{__package__}.{name}":
        raise TypeError(f"instrument {name!r} is lettvin's own: give yours another name")
    try:
        hints = get_type_hints(function, include_extras=True)
    except NameError as error:
        raise TypeError(f"instrument {name!r}: {error}: the types it names are needed when it is defined") from None
    parameters = list(inspect.signature(function).parameters.values())
    if not parameters or parameters[0].kind not in _BY_PLACE or not inspect.getdoc(function):
        raise TypeError(f"instrument {name!r} needs the lab as its first parameter, and a docstring")
    summary, described = _docstring(inspect.getdoc(function) or "")
    made: dict[str, Any] = {}
    for parameter in parameters[1:]:
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY or parameter.name not in hints:
            raise TypeError(f"instrument {name!r}: parameter {parameter.name!r} must be keyword-only and typed")
        if parameter.name.startswith("_") or hasattr(BaseModel, parameter.name):
            raise TypeError(f"instrument {name!r}: parameter {parameter.name!r} needs another name: pydantic has this one")
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        made[parameter.name] = (hints[parameter.name], Field(default, description=described.get(parameter.name)))
    result = hints.get("return")
    if not (inspect.isclass(result) and issubclass(result, Result)):
        raise TypeError(f"instrument {name!r} must return a Result")
    try:
        arguments = create_model(f"{name}_arguments", __config__=ConfigDict(extra="forbid"), **made)
        arguments.model_json_schema()
        for parameter in parameters[1:]:
            if parameter.default is not inspect.Parameter.empty:
                TypeAdapter(hints[parameter.name]).validate_python(parameter.default)
    except (PydanticUserError, ValidationError) as error:
        raise TypeError(f"instrument {name!r}: its parameters make no JSON schema: {str(error).splitlines()[0]}") from error
    shown = ", ".join(_parameter(parameter, hints) for parameter in parameters[1:])
    _catalogue[name] = Instrument(name, summary, f"{name}({shown}) -> {result.__name__}", arguments, result, function)
    return function


def _parameter(parameter: inspect.Parameter, hints: dict[str, Any]) -> str:
    annotation = hints[parameter.name]
    shown = (
        annotation.__name__ if inspect.isclass(annotation) and not hasattr(annotation, "__args__") else str(annotation)
    )
    shown = re.sub(r"\b(typing|lettvin(\.\w+)+)\.", "", shown)
    default = "" if parameter.default is inspect.Parameter.empty else f" = {parameter.default!r}"
    return f"{parameter.name}: {shown}{default}"


def _docstring(text: str) -> tuple[str, dict[str, str]]:
    """What stands before `Args:`, and each argument's line after it."""
    summary, _, rest = text.partition("Args:")
    lines = re.findall(r"^\s+(\w+): (.+?)(?=^\s+\w+: |\Z)", rest, flags=re.M | re.S)
    return summary.strip(), {name: " ".join(line.split()) for name, line in lines}


def catalogue() -> dict[str, Instrument]:
    """Every instrument known, by name: ours, and those registered since."""
    for name in OURS:
        import_module(f".{name}", __package__)
    return dict(_catalogue)
