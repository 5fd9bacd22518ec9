"""lettvin asks a vision network what one of its neurons does, and answers with what survived an attempt to refute it.

Covered: the public names, each imported when it is first used, so that `import lettvin` and `lettvin --help` are quick:
those for asking (`ask`, `ask_each`, `resume`, `exemplars`, `load_target`, `Answer`), and those for plug-ins: what a tool
needs (`tool`, `Lab`, `Result`, `ToolError`, `Picture`), a target (`Target`, `ModuleTarget`, `Layer`, `Unit`), a generator
(`Generator`, `SketchGenerator`), a describer (`Describer`, `ExactDescriber`) and a backbone (`Backbone`, its acts `Raise`,
`Call` and `Conclude`, `Empiricist`), and the error for what a user gave (`BadInput`). Not covered: everything else, in the
rooms below.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .agent.acts import Call, Conclude, Raise
    from .agent.answer import Answer
    from .agent.ask import ask, ask_each
    from .agent.backbones.backbone import Backbone
    from .agent.backbones.empiricist import Empiricist
    from .agent.resume import resume
    from .agent.unit_exemplars import exemplars
    from .targets.errors import BadInput, ToolError
    from .targets.loaders import load_target
    from .targets.module import ModuleTarget
    from .targets.picture import Picture
    from .targets.target import Layer, Target, Unit
    from .tools.describer import Describer, ExactDescriber
    from .tools.generator import Generator
    from .tools.instrument import Result, tool
    from .tools.lab import Lab
    from .tools.sketch_generator import SketchGenerator

__all__ = [
    "Answer",
    "Backbone",
    "BadInput",
    "Call",
    "Conclude",
    "Describer",
    "Empiricist",
    "ExactDescriber",
    "Generator",
    "Lab",
    "Layer",
    "ModuleTarget",
    "Picture",
    "Raise",
    "Result",
    "SketchGenerator",
    "Target",
    "ToolError",
    "Unit",
    "__version__",
    "ask",
    "ask_each",
    "exemplars",
    "load_target",
    "resume",
    "tool",
]

__version__ = "0.1.0"

_HOMES = {
    name: home
    for home, names in {
        ".agent.answer": ("Answer",),
        ".agent.ask": ("ask", "ask_each"),
        ".agent.acts": ("Call", "Conclude", "Raise"),
        ".agent.backbones.backbone": ("Backbone",),
        ".agent.backbones.empiricist": ("Empiricist",),
        ".agent.resume": ("resume",),
        ".agent.unit_exemplars": ("exemplars",),
        ".targets.errors": ("BadInput", "ToolError"),
        ".targets.loaders": ("load_target",),
        ".targets.module": ("ModuleTarget",),
        ".targets.picture": ("Picture",),
        ".targets.target": ("Layer", "Target", "Unit"),
        ".tools.describer": ("Describer", "ExactDescriber"),
        ".tools.generator": ("Generator",),
        ".tools.instrument": ("Result", "tool"),
        ".tools.lab": ("Lab",),
        ".tools.sketch_generator": ("SketchGenerator",),
    }.items()
    for name in names
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
