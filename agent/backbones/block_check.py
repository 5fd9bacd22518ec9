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
STOPPING = frozenset({"invalid-syntax", "unresolved-import"})
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
NOTES = 5  # of one block
GIVEN = "_given_"
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
        elif rule in STOPPING or (rule in ARGUMENTS and _innermost(calls, line, column) in ours):
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


def _calls(code: str) -> list[tuple[tuple[int, int], tuple[int, int], str | None]]:
    """Every call: where it begins and ends (line, column from 1), and the name that is called, where it is a bare one."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    lines = code.split("\n")
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.end_lineno is not None and node.end_col_offset is not None:
            begin = (node.lineno, _column(lines, node.lineno, node.col_offset))
            end = (node.end_lineno, _column(lines, node.end_lineno, node.end_col_offset))
            found.append((begin, end, node.func.id if isinstance(node.func, ast.Name) else None))
    return found


def _column(lines: Sequence[str], line: int, at: int) -> int:
    """A place in a line in characters from 1, from one in bytes from 0."""
    return len(lines[line - 1].encode()[:at].decode(errors="ignore")) + 1


def _innermost(calls: list[tuple[tuple[int, int], tuple[int, int], str | None]], line: int, column: int) -> str | None:
    """The name called by the innermost call around a place."""
    around = [(begin, end, name) for begin, end, name in calls if begin <= (line, column) < end]
    return max(around, key=lambda call: (call[0], (-call[1][0], -call[1][1])))[2] if around else None


def _name_at(code: str, line: int, column: int) -> str | None:
    lines = code.split("\n")
    if not 1 <= line <= len(lines):
        return None
    rest = lines[line - 1][column - 1 :]
    name = rest[: next((i for i, c in enumerate(rest) if not (c.isalnum() or c == "_")), len(rest))]
    return name or None
