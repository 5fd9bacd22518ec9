"""Names to generators, describers and backbones: the built-in ones, those of other packages, and FILE.py:Class.

Covered: who makes what a name stands for, checked for the methods that its face asks for. A plug-in is a class, or a
function that makes one: a generator is given the picture store, the others nothing, and ``NAME:REST`` hands REST on as
the last argument. Not covered: how plug-ins are found (`targets/plug_ins.py`), and the faces (`tools/generator.py`,
`tools/describer.py`, `backbones/backbone.py`).
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

from ..targets import plug_ins
from ..targets.errors import BadInput, one_line
from ..targets.plug_ins import Kind, PlugIn
from ..tools.describer import Describer, ExactDescriber
from ..tools.generator import Generator
from ..tools.sketch_generator import SketchGenerator
from ..tools.store import Store
from .backbones.backbone import Backbone
from .backbones.empiricist import Empiricist
from .backbones.models_of_run import is_model, model_by_name

__all__ = ["backbone", "describer", "generator", "is_model", "model_by_name"]

GENERATORS: dict[str, Callable[[Store], Generator]] = {"sketch": SketchGenerator}
DESCRIBERS: dict[str, Callable[[], Describer]] = {"exact": ExactDescriber}
BACKBONES: dict[str, Callable[[], Backbone]] = {"empiricist": Empiricist}


def generator(name: str) -> tuple[Callable[[Store], Generator], PlugIn | None]:
    """What makes the generator of that name of a store, and the plug-in that it comes from. Raises `BadInput`."""
    return _maker("generator", name, GENERATORS, Generator)


def describer(name: str) -> tuple[Callable[[], Describer], PlugIn | None]:
    """What makes the describer of that name, and the plug-in that it comes from. Raises `BadInput`."""
    return _maker("describer", name, DESCRIBERS, Describer)


def backbone(name: str) -> tuple[Callable[[], Backbone], PlugIn | None]:
    """What makes the backbone of that name, and the plug-in that it comes from. Raises `BadInput`."""
    return _maker("backbone", name, BACKBONES, Backbone)


def _maker(
    kind: Kind, name: str, ours: Mapping[str, Callable[..., Any]], face: type
) -> tuple[Callable[..., Any], PlugIn | None]:
    plugged = plug_ins.usable(kind, ours)  # says which it leaves out, whatever is asked for
    if name in ours:
        return ours[name], None
    family, _, rest = (name, "", "") if plug_ins.is_file(name) else name.partition(":")
    plug_in = plugged[family] if family in plugged else plug_ins.asked_for(kind, name, ours)
    make = plug_ins.load(plug_in)

    def made(*arguments: object) -> Any:
        try:
            with contextlib.redirect_stdout(sys.stderr):
                thing = make(*arguments, rest) if rest else make(*arguments)
        except BadInput:
            raise
        except (Exception, SystemExit) as error:
            raise BadInput(f"{plug_in} could not be made: {one_line(error)}") from error
        lacking = [asked for asked in _asked_of(face) if not hasattr(thing, asked)]
        if lacking or isinstance(thing, type):
            what = f"has no {', '.join(lacking)}" if lacking else "is still a class"
            raise BadInput(f"{plug_in} is no {kind}: the {type(thing).__name__} that it makes {what}")
        return thing

    return made, plug_in


def _asked_of(face: type) -> list[str]:
    """The attributes and methods that a protocol asks for, in the order in which it names them."""
    return [*face.__annotations__, *(name for name in vars(face) if not name.startswith("_"))]
