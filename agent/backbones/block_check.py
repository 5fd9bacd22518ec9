"""What the check of a block found, sorted: what must stop it, and what is only said beside its result.

A type checker finds fault with sound code too. Only a syntax error, a name that nothing defines, and arguments that one of
our functions does not take stop a block; the rest are notes. Not covered: the checker itself, which is `pydantic-monty`'s.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

UNRESOLVED = "unresolved-reference"
SYNTAX, IMPORT = "invalid-syntax", "unresolved-import"
ARGUMENTS = frozenset(
    {
        "unknown-argument",
        "missing-argument",
        "invalid-argument-type",
        "too-many-positional-arguments",
        "parameter-already-assigned",
        "positional-only-parameter-as-kwarg",
    }
)
MISSING = "missing-argument"  # stands where the call begins; the others, where the argument does
NOTES = 5  # of one block
GIVEN = "_given_"
MODULES = "math, random, re, json, collections, itertools, functools, dataclasses, datetime, decimal, bisect, copy"
UNCHECKED = frozenset(
    {"FileExistsError", "FileNotFoundError", "ImportError", "IsADirectoryError", "ModuleNotFoundError"}
    | {"NotADirectoryError", "PermissionError", "UnboundLocalError", "UnicodeDecodeError", "UnicodeEncodeError"}
    | {"filter", "format", "getattr", "hasattr", "map", "open", "setattr"}
)
"""Names that are there when a block runs, though the checker knows nothing of them (pydantic-monty 1.4)."""


@dataclass(frozen=True)
class Found:
    """`stops`: why the block may not run, each with its line; `line`: the first's."""

    stops: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    line: int | None = None


@dataclass(frozen=True)
class Checked:
    """A block as the checker gets it; `lines`: how many stand before it."""

    text: str
    lines: int


def as_checked(code: str, known: Collection[str]) -> Checked:
    """The block so that a session can check it and runs nothing of it. `known`: names that earlier blocks have bound.

    The first thing that happens is a call of `GIVEN`, which fails; so the session stays as it is, and no check is slower
    for the blocks before it.
    """
    names = f"[{', '.join(sorted(known))}] = {GIVEN}()" if known else f"{GIVEN}()"
    lines = [names, f"if {GIVEN}():", " pass"]
    return Checked("\n".join([*lines, *(f" {line}" for line in code.split("\n"))]), len(lines))


def sort_out(diagnostics: Sequence[Mapping[str, Any]], code: str, ours: Collection[str], before: int = 0) -> Found:
    """Sort a checker's diagnostics of a block `as_checked`. `ours`: our functions; `before`: lines before the block."""
    calls = _calls(code)
    stops: list[tuple[int, str]] = []
    notes: list[str] = []
    for one in diagnostics:
        rule, line, column = one["code"], int(one["location"]["row"]) - before, int(one["location"]["column"]) - bool(before)
        if line < 1:
            continue
        said = f"line {line}: {one['message']}"
        if rule == UNRESOLVED:
            name = _name_at(code, line, column)
            if name in ours or name in UNCHECKED:
                continue
            stops.append((line, said))
        elif rule == IMPORT:
            stops.append((line, f"{said}; there are {MODULES}"))
        elif rule == SYNTAX or (rule in ARGUMENTS and _called(calls, line, column, rule == MISSING) in ours):
            stops.append((line, said))
        else:
            notes.append(said)
    stops.sort()
    return Found(
        stops=tuple(dict.fromkeys(said for _, said in stops)),
        notes=tuple(dict.fromkeys(notes))[:NOTES],
        line=stops[0][0] if stops else None,
    )


def bound_names(code: str) -> set[str]:
    """The names that a block binds at its top level."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    return set(_bound(tree.body))


def _bound(nodes: Iterable[ast.AST]) -> Iterable[str]:
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
            continue  # what is bound inside is not bound here
        if isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.alias):
            yield node.asname or node.name.partition(".")[0]
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name
        yield from _bound(ast.iter_child_nodes(node))


@dataclass(frozen=True)
class _Call:
    """A call: where it, its arguments and its end stand (line, column from 1); `name`: what is called, if a bare name."""

    begin: tuple[int, int]
    arguments: tuple[int, int]
    end: tuple[int, int]
    name: str | None


def _calls(code: str) -> list[_Call]:
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    lines = code.split("\n")

    def place(line: int | None, at: int | None) -> tuple[int, int]:
        return line or 1, _column(lines, line or 1, at or 0)

    return [
        _Call(
            place(node.lineno, node.col_offset),
            place(node.func.end_lineno, node.func.end_col_offset),
            place(node.end_lineno, node.end_col_offset),
            node.func.id if isinstance(node.func, ast.Name) else None,
        )
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    ]


def _column(lines: Sequence[str], line: int, at: int) -> int:
    """A place in a line in characters from 1, from one in bytes from 0."""
    return len(lines[line - 1].encode()[:at].decode(errors="ignore")) + 1


def _called(calls: Sequence[_Call], line: int, column: int, whole: bool) -> str | None:
    """The name called by the innermost call among whose arguments a place is; `whole`: or where the call begins."""
    around = [call for call in calls if (call.begin if whole else call.arguments) <= (line, column) < call.end]
    return max(around, key=lambda call: (call.arguments, (-call.end[0], -call.end[1]))).name if around else None


def _name_at(code: str, line: int, column: int) -> str | None:
    lines = code.split("\n")
    if not 1 <= line <= len(lines):
        return None
    rest = lines[line - 1][column - 1 :]
    name = rest[: next((i for i, c in enumerate(rest) if not (c.isalnum() or c == "_")), len(rest))]
    return name or None
