"""Results as named tuples: how what an instrument returns crosses into a model's code, and how that code is told of it.

Covered: any pydantic model as a NamedTuple (fields, lists, models inside), and its types as words, for people ("shown") and
for the check of a block ("checked", where a literal may be held in a variable and a model may be given as a dict). Not
covered: results of call mode, which are JSON; what runs the code (`sandbox.py`).
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

PLAIN = (str, int, float, bool)


@cache
def named(model: type[BaseModel]) -> type[tuple]:
    """The NamedTuple of a model: the same name, the same fields in the same order."""
    made: type[tuple] = NamedTuple(model.__name__, [(field, Any) for field in model.model_fields])  # type: ignore[misc]
    made.__module__ = "__main__"  # so that it prints as its name alone
    return made


def as_named(value: Any) -> Any:
    """A result as plain values and named tuples; what is neither becomes its text."""
    if isinstance(value, BaseModel):
        return named(type(value))(*(as_named(getattr(value, field)) for field in type(value).model_fields))
    if isinstance(value, list | tuple | set | frozenset):
        return [as_named(item) for item in value]
    if isinstance(value, dict):
        return {str(key): as_named(item) for key, item in value.items()}
    if value is None or type(value) in PLAIN:
        return value
    return next((plain(value) for plain in (bool, int, float) if isinstance(value, plain)), str(value))


def within(model: type[BaseModel]) -> list[type[BaseModel]]:
    """The models that a model is made of, itself last, each once."""
    found: dict[type[BaseModel], None] = {}
    for field in model.model_fields.values():
        for other in models_in(field.annotation):
            found |= dict.fromkeys(within(other))
    return [*found, model] if model not in found else list(found)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every pydantic model that an annotation names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif hasattr(annotation, "__value__"):  # a `type` statement's
        yield from models_in(annotation.__value__)
    for part in get_args(annotation):
        yield from models_in(part)


def declared(models: Iterable[type[BaseModel]], checked: bool = False) -> str:
    """The named tuples as class statements, for the prompt, or for the check of a block."""
    classes = []
    for model in models:
        fields = [f"    {name}: {words(field.annotation, checked=checked)}" for name, field in model.model_fields.items()]
        classes.append("\n".join([f"class {model.__name__}(NamedTuple):", *(fields or ["    pass"])]))
    return "\n\n".join(classes)


def words(annotation: Any, *, given: bool = False, checked: bool = False) -> str:
    """A type in Python's words. `given`: of an argument, so that models are dicts; `checked`: a literal is any such value."""
    recur = {"given": given, "checked": checked}
    origin, parts = get_origin(annotation), get_args(annotation)
    if hasattr(annotation, "__value__"):
        return words(annotation.__value__, **recur)
    if origin is Annotated:
        return words(parts[0], **recur)
    if origin is Literal:
        if checked:
            return " | ".join(dict.fromkeys("None" if x is None else type(x).__name__ for x in parts))
        return f"Literal[{', '.join(map(repr, parts))}]"
    if origin in (Union, types.UnionType):
        if checked and not given and type(None) in parts:
            return "Any"  # whoever asked for it knows that it is there; a checker does not
        return " | ".join(dict.fromkeys(words(part, **recur) for part in parts))
    if origin in (list, set, frozenset, tuple) or annotation in (list, set, frozenset, tuple):
        inner = dict.fromkeys(words(part, **recur) for part in parts if part is not Ellipsis)
        return f"list[{' | '.join(inner) or 'Any'}]"
    if origin is dict or annotation is dict:
        return f"dict[str, {words(parts[1], **recur) if len(parts) == 2 else 'Any'}]"
    if annotation in (None, type(None)):
        return "None"
    if annotation in PLAIN:
        return str(annotation.__name__)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if given and checked:
            return "dict[str, Any]"
        return annotation.__name__
    return "Any"
