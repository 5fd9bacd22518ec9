"""Names to generators, editors, describers, detectors and backbones: built in, of other packages, and FILE.py:Class.

Covered: who makes what a name stands for, checked for the methods that its face asks for. A plug-in is a class, or a
function that makes one: a generator and an editor are given the picture store, the others nothing, and ``NAME:REST`` hands
REST on as the last argument. Not covered: how plug-ins are found (`targets/plug_ins.py`), and the faces (`tools/generator.py`,
`tools/editor.py`, `tools/describer.py`, `tools/region_finder.py`, `backbones/backbone.py`), and models at an endpoint
(`endpoint_pictures.py`).
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
from ..tools.editor import Editor
from ..tools.generator import Generator
from ..tools.region_finder import RegionFinder
from ..tools.sketch_generator import SketchGenerator
from ..tools.store import Store
from .backbones.backbone import Backbone
from .backbones.empiricist import Empiricist
from .backbones.models_of_run import is_model, model_by_name

__all__ = ["backbone", "describer", "detector", "editor", "generator", "is_model", "model_by_name"]


def _diffusers(store: Store, rest: str = "") -> Generator:
    from ..tools.diffusion.generator import DiffusersGenerator

    return DiffusersGenerator(store, rest)


def _diffusers_editor(store: Store, rest: str = "") -> Editor:
    from ..tools.diffusion.editor import DiffusersEditor

    return DiffusersEditor(store, rest)


def _captioner(rest: str = "") -> Describer:
    from ..tools.captioner import Captioner

    return Captioner(rest)


def _conse() -> Describer:
    from ..tools.conse import Conse

    return Conse()


GENERATORS: dict[str, Callable[..., Generator]] = {"sketch": SketchGenerator, "diffusers": _diffusers}
EDITORS: dict[str, Callable[..., Editor]] = {"diffusers": _diffusers_editor}
DESCRIBERS: dict[str, Callable[..., Describer]] = {"exact": ExactDescriber, "conse": _conse, "captioner": _captioner}
BACKBONES: dict[str, Callable[[], Backbone]] = {"empiricist": Empiricist}
TAKE_REST = frozenset({"diffusers", "captioner"})  # those of ours that are told what stands after the colon


def generator(name: str) -> tuple[Callable[[Store], Generator], PlugIn | None]:
    """What makes the generator of that name of a store, and the plug-in that it comes from. Raises `BadInput`."""
    return _maker("generator", name, GENERATORS, Generator)


def editor(name: str) -> tuple[Callable[[Store], Editor], PlugIn | None]:
    """What makes the editor of that name of a store, and the plug-in that it comes from. Raises `BadInput`."""
    return _maker("editor", name, EDITORS, Editor)


def describer(name: str) -> tuple[Callable[[], Describer], PlugIn | None]:
    """What makes the describer of that name, and the plug-in that it comes from. Raises `BadInput`."""
    return _maker("describer", name, DESCRIBERS, Describer)


def detector(name: str) -> tuple[Callable[[], RegionFinder], PlugIn | None]:
    """What makes the region finder of that name (``NAME`` or ``NAME@REST``), and whose it is. Raises `BadInput`."""
    return _maker("detector", name, {}, RegionFinder, "@")


def backbone(name: str) -> tuple[Callable[[], Backbone], PlugIn | None]:
    """What makes the backbone of that name, and the plug-in that it comes from. Raises `BadInput`."""
    return _maker("backbone", name, BACKBONES, Backbone)


def _maker(
    kind: Kind, name: str, ours: Mapping[str, Callable[..., Any]], face: type, before_rest: str = ":"
) -> tuple[Callable[..., Any], PlugIn | None]:
    plugged = plug_ins.usable(kind, ours)  # says which it leaves out, whatever is asked for
    if name in ours:
        return ours[name], None
    family, _, rest = (name, "", "") if plug_ins.is_file(name) else name.partition(before_rest)
    if family in ours and family in TAKE_REST:
        return lambda *arguments: ours[family](*arguments, rest), None
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
