"""Instruments: `@tool` makes a typed function one that a backbone can see, call and get wrong safely.

An instrument is a function `f(lab, *, ...) -> pydantic model`. Its signature becomes a JSON schema (for tool calls) and a
`def` line (for code); its docstring becomes the description, `Args:` the parameters'. Ours, those registered in this
process by `@tool`, and those of plug-ins are one catalogue. Not covered: what the instruments do, one file each beside
this one, who may call them (`agent/loop.py`), and how plug-ins are found (`targets/plug_ins.py`).
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, PydanticUserError, TypeAdapter, ValidationError, create_model

from ..targets import plug_ins
from ..targets.errors import BadInput, DiskFull, LimitReached, ModelFailed, TargetFailed, ToolError, nearest, one_line
from ..targets.plug_ins import PlugIn

if TYPE_CHECKING:
    from .lab import Lab

__all__ = ["Instrument", "Result", "ToolError", "catalogue", "instruments", "tool"]

OURS = ("exemplars", "screen", "exceptions", "generate", "edit", "probe", "describe", "summarize", "experiment")
ACTS = ("raise", "call", "conclude")  # what a transcript calls a backbone's other acts


class Result(BaseModel, ABC):
    """What an instrument returns: data, and a short text of it."""

    model_config = ConfigDict(frozen=True)

    @abstractmethod
    def text(self) -> str:
        """The result in a few lines, as a backbone or a person reads it."""


@dataclass(frozen=True)
class Instrument:
    """A callable instrument with what a backbone must know of it. `plug_in`: where it comes from; None for ours."""

    name: str
    doc: str
    signature: str
    arguments: type[BaseModel]
    result: type[Result]
    function: Callable[..., Result]
    plug_in: PlugIn | None = None

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments."""
        return self.arguments.model_json_schema()

    @property
    def origin(self) -> str:
        """Who brings it: "lettvin", a package with its version, or a file."""
        return "lettvin" if self.plug_in is None else self.plug_in.origin

    def call(self, lab: Lab, arguments: dict[str, Any]) -> Result:
        """Validate and run. Raises `ToolError` with one line a mistake where the arguments do not fit.

        What goes wrong inside a tool that is not ours is a `ToolError` too: the run goes on, and the backbone is told.
        """
        try:
            checked = self.arguments.model_validate(arguments)
        except ValidationError as error:
            known = list(self.arguments.model_fields)
            raise ToolError(f"{self.name}: " + "; ".join(_mistake(item, known) for item in error.errors())) from None
        values = {name: getattr(checked, name) for name in self.arguments.model_fields}
        return self.function(lab, **values) if self.plug_in is None else self._guarded(lab, values)

    def _guarded(self, lab: Lab, values: dict[str, Any]) -> Result:
        try:
            result = self.function(lab, **values)
            if not isinstance(result, self.result):
                raise TypeError(f"it returned a {type(result).__name__}, not a {self.result.__name__}")
            result.text()
            result.model_dump_json()
            return result
        except (ToolError, LimitReached, TargetFailed, ModelFailed, DiskFull):
            raise
        except BadInput as error:
            raise ToolError(f"{self.name}: {error}") from error
        except (Exception, SystemExit) as error:
            said = f"{self.name}: a defect in the tool itself: {one_line(error)}{_place(error, self.function)}"
            print(f"lettvin: {said}", file=sys.stderr)  # its author can mend it; the backbone cannot
            raise ToolError(said) from error


def _place(error: BaseException, function: Callable[..., Any]) -> str:
    """Where in the tool's own file an error came about."""
    file, line, step = function.__code__.co_filename, 0, error.__traceback__
    while step is not None:
        line = step.tb_lineno if step.tb_frame.f_code.co_filename == file else line
        step = step.tb_next
    return f" ({Path(file).name}, line {line})" if line else ""


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
    Raises TypeError where it is not so, or where the name is that of an instrument of ours or of another module's.
    """
    made = instrument_of(function)
    known = _catalogue.get(made.name)
    if known is not None and _home(known.function).isdisjoint(_home(function)):  # its own file may define it anew
        raise TypeError(f"instrument {made.name!r} is known already, from {known.function.__module__}: give yours another name")
    _catalogue[made.name] = made
    return function


def instrument_of(function: Callable[..., Result]) -> Instrument:
    """The instrument that a function is, not registered. Raises TypeError as `tool` does."""
    if not inspect.isfunction(function):
        raise TypeError(f"an instrument is a function, not a {type(function).__name__}")
    name = function.__name__
    ours = function.__module__ == f"{__package__}.{name}"
    if (name in OURS and not ours) or name in ACTS:
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
    signature = f"{name}({shown}) -> {result.__name__}"
    plug_in = None if ours else PlugIn("tool", name, f"{function.__module__}:{name}", sha256=_digest(function))
    return Instrument(name, summary, signature, arguments, result, function, plug_in)


def _home(function: Callable[..., Any]) -> set[str]:
    return {function.__module__, function.__code__.co_filename}


def _digest(function: Callable[..., Any]) -> str | None:
    """sha256 of the file that a function stands in; None where it stands in none (a notebook, the prompt)."""
    try:
        return hashlib.sha256(Path(function.__code__.co_filename).read_bytes()).hexdigest()
    except OSError:
        return None


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
    """Ours, and those registered in this process by `@tool`, by name."""
    for name in OURS:
        import_module(f".{name}", __package__)
    return dict(_catalogue)


def instruments(asked: Sequence[str] = ()) -> dict[str, Instrument]:
    """Every instrument of a run, by name: the catalogue, those of installed plug-ins, and those asked for.

    `asked`: FILE.py:function, or the name of an installed one. An installed plug-in that cannot be used is named on stderr
    and left out; raises `BadInput` where one that was asked for cannot be used.
    """
    known = catalogue()
    plugged = plug_ins.usable("tool", OURS)
    for name in asked:
        if name in plugged:
            known[name] = loaded(plugged.pop(name))
    chosen: dict[str, str] = {}  # instrument -> the FILE.py:function that was asked for
    for name in asked:
        if name in known and not plug_ins.is_file(name):
            continue
        made = loaded(plug_ins.asked_for("tool", name, known))
        if chosen.setdefault(made.name, name) != name:
            raise BadInput(f"tools {chosen[made.name]!r} and {name!r} are both called {made.name!r}: rename one")
        known[made.name] = made
    for name, plug_in in plugged.items():
        if name in chosen:
            plug_ins.leave_out(plug_in, f"{chosen[name]!r} was asked for in its place")
            continue
        try:
            made = loaded(plug_in)
            if name in known and _home(known[name].function).isdisjoint(_home(made.function)):
                raise BadInput(f"{known[name].function.__module__} has registered one of that name")
            known[name] = made
        except BadInput as error:
            plug_ins.leave_out(plug_in, str(error).removeprefix(f"{plug_in} "))
    return known


def loaded(plug_in: PlugIn) -> Instrument:
    """The instrument that a plug-in names. Raises `BadInput`."""
    with _registering_nothing():
        function = plug_ins.load(plug_in)
    try:
        made = instrument_of(function)
    except TypeError as error:
        raise BadInput(f"{plug_in} is no instrument: {error}") from error
    if plug_in.name not in (made.name, plug_in.value):
        raise BadInput(f"{plug_in} is no instrument of that name: its function is called {made.name!r}")
    return replace(made, plug_in=replace(plug_in, name=made.name))


@contextlib.contextmanager
def _registering_nothing() -> Iterator[None]:
    """`@tool` in what is imported here registers nothing: of a plug-in exactly that is known which it names."""
    before = catalogue()  # with ours in it: a plug-in may be the first to import one of them
    try:
        yield
    finally:
        _catalogue.clear()
        _catalogue.update(before)
