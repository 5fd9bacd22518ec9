"""``+compiled``: the forward of a target as torch.compile makes it, for whole batches.

Covered: one compiled forward for each set of layers that is asked, its outputs handed back by name, and a compiler that does
not work here told at loading. What no wanted layer needs is dropped by the compiler. Forward hooks are compiled with the
modules that hold them; later ones would not be seen (torch guards none), so that each set has a copy of the modules, which
shares all weights. Not covered: batches that are not full (each size would compile anew: `module.py` runs them as written),
and gradients.
"""

from __future__ import annotations

import copy
import types
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .errors import BadInput, one_line
from .layout import tensor_of
from .written_path import is_folder

if TYPE_CHECKING:
    import torch
    from torch import nn

    Forward = Callable[[torch.Tensor], dict[str, torch.Tensor]]


COMPILED = "+compiled"


def split_compiled(name: str) -> tuple[str, bool]:
    """A name without ``+compiled`` at its end, and whether it had that; a folder whose name ends so is that folder."""
    asked = name.endswith(COMPILED) and not is_folder(name)
    return (name.removesuffix(COMPILED) if asked else name), asked


def check_compiler(name: str, device: torch.device) -> None:
    """Compile and run one line on the device. Raises `BadInput` where that fails."""
    import torch

    def line(x: torch.Tensor) -> torch.Tensor:
        return torch.sin(x) + x

    made: Callable[[torch.Tensor], torch.Tensor] = torch.compile(_own_code(line), fullgraph=True, dynamic=False)
    try:
        with torch.inference_mode():
            made(torch.ones(16, device=device))
    except Exception as error:  # no compiler, or one that fails: torch has many words for it
        why = one_line(error)[:160]
        raise BadInput(
            f"{name}: {COMPILED!r} needs a C++ compiler that works, such as g++ ({why}): install one, or leave it out"
        ) from None


def compiled_forward(module: nn.Module, inside: Callable[[nn.Module, str], nn.Module], layers: Sequence[str]) -> Forward:
    """What gives the first outputs of `layers` by name, for a batch; compiled when it is first called, for that size alone.

    inside: a module's member of that name.
    """
    import torch

    weights = {id(tensor): tensor for tensor in (*module.parameters(), *module.buffers())}
    twin = copy.deepcopy(module, weights)
    seen: dict[str, torch.Tensor] = {}

    def hook(name: str) -> Callable[..., None]:
        def keep(_module: nn.Module, _inputs: object, output: object) -> None:
            found = tensor_of(output)
            if name not in seen and found is not None:
                seen[name] = found

        return keep

    for name in layers:
        inside(twin, name).register_forward_hook(hook(name))

    def forward(x: torch.Tensor) -> dict[str, torch.Tensor]:
        seen.clear()
        twin(x)
        found = dict(seen)
        seen.clear()  # nothing of a batch is kept
        return found

    made: Forward = torch.compile(_own_code(forward), fullgraph=True, dynamic=False)
    return made


def _own_code(function: Any) -> Any:
    """The function with a code object of its own: torch keeps what it compiled by code, and only so many for each."""
    return types.FunctionType(
        function.__code__.replace(), function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
