"""lettvin asks a vision network what one of its neurons does, and answers with what survived an attempt to refute it.

Covered: the public names, `load_target`, `ask`, `Answer` and `tool`, each imported when it is first used, so that
`import lettvin` and `lettvin --help` are quick. Not covered: everything else, which lives in the rooms below.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .agent.answer import Answer
    from .agent.ask import ask
    from .targets.loaders import load_target
    from .tools.instrument import tool

__all__ = ["Answer", "__version__", "ask", "load_target", "tool"]

__version__ = "0.1.0"

_HOMES = {
    "Answer": ".agent.answer",
    "ask": ".agent.ask",
    "load_target": ".targets.loaders",
    "tool": ".tools.instrument",
}


def __getattr__(name: str) -> object:
    """The public name, from its home (PEP 562). Raises AttributeError for any other."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
    value: object = getattr(import_module(_HOMES[name], __name__), name)
    globals()[name] = value  # the next use finds it without coming here
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
