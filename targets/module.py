"""A torch module as a target: pictures to tensors, hooks, batches, and a forward that stops after the last layer.

Covered: evaluation mode, inference mode, float32 as it is written (no TF32), channels-last memory where the module
bears it, hooks that are always removed, and layers found by one dry run. A module that is called several times in a
forward (a shared ReLU) is read at its first call. Not covered: which modules have names of their own in lettvin
(`loaders.py`), and several inputs or modalities. The module is taken over: it is put in evaluation mode and moved.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from .allocator import keep_large_blocks
from .aside import said_aside
from .compiled import check_compiler, compiled_forward
from .dry_run import Finder
from .errors import BadInput, TargetFailed, nearest, one_line
from .fingerprint import callable_fingerprint, module_fingerprint
from .layout import Layout, TokenGrids, layout_of, maps_of, tensor_of
from .patch import effective_patch, noise_pictures
from .picture import Picture, Pixels
from .target import Layer, See, Sight, Target
from .turns import turns_on

if TYPE_CHECKING:
    import torch
    from PIL import Image
    from torch import nn

    from .compiled import Forward

    Preprocess = Callable[[Image.Image], torch.Tensor]
    PreprocessBatch = Callable[[Sequence[Pixels]], torch.Tensor]

Half = Literal["float16", "bfloat16"]

CODE_VERSION = "2"  # raised whenever a change here changes a number


class _SeenAll(BaseException):
    """Raised by a hook when every wanted layer was seen; no `except Exception` of a module can swallow it."""


class ModuleTarget(Target):
    """A torch module with its preprocessing, as a network under study.

    module: maps a float tensor N x 3 x H x W to anything. preprocess: a PIL RGB image to a float tensor 3 x H x W; one that
    crops says so by a method `window(height, width)`: the box (left, top, right, bottom) of the picture that it keeps.
    preprocess_batch: the same arithmetic for many pictures at once (uint8 H x W x 3 each, to N x 3 x H x W), where it
    can be done faster. listed, default: names of the layers listed and dissected (default: every module that gives
    maps; the top-level children, with containers replaced by their children). fast: makes a module that computes the
    same and sooner, called before the first forward and used wherever none of `fast_changes` (names whose output it
    changes) is wanted.
    tokens: what the family knows of its token grids. half: "float16" or "bfloat16", the type to compute in where float32
    is not wanted; maps are handed on as float32. without: modules that are no layers, nor what is in them. identity: what
    else decides the numbers. compiled: batches that are full go through torch.compile. batch: pictures in one forward.
    device: "auto", "cpu" or "cuda[:N]".

    Raises `BadInput` for the device, `TargetFailed` where preprocessing or forward fail on a dry run.
    """

    def __init__(
        self,
        name: str,
        module: nn.Module,
        preprocess: Preprocess,
        *,
        device: str = "auto",
        batch: int = 32,
        identity: str = "",
        preprocess_batch: PreprocessBatch | None = None,
        listed: Sequence[str] | None = None,
        default: Sequence[str] | None = None,
        fast: Callable[[], nn.Module] | None = None,
        fast_changes: frozenset[str] = frozenset(),
        tokens: TokenGrids | None = None,
        half: Half | None = None,
        without: Sequence[str] = (),
        compiled: bool = False,
    ) -> None:
        import torch

        self.name, self.batch = name, batch
        self.device = torch.device(choose_device(device))
        if self.device.type == "cpu":
            keep_large_blocks()
        if compiled:
            check_compiler(name, self.device)
            identity += "\ncompiled"
        self._compiled: dict[tuple[str, ...], Forward] | None = {} if compiled else None
        self.preprocess, self._preprocess_batch = preprocess, preprocess_batch
        identity += f"\n{half}" if half else ""
        self.key = self._digest(module, preprocess_batch or preprocess, identity)
        self._type = torch.float32 if half is None else getattr(torch, half)
        self.module = module.eval().to(self.device) if half is None else module.eval().to(self.device, self._type)
        self._make_fast, self._fast_changes = fast, fast_changes
        self._forwards = threading.Lock()  # hooks belong to the module: two forwards at once would read each other's
        self._patches: dict[str, tuple[int, int] | None] = {}
        self._memory_format = torch.channels_last
        self._tokens = tokens
        self._layouts = {name: layout for name, layout in self._find_layouts().items() if not within(name, without)}
        self._found = {name: Layer(name, x.units, x.kind) for name, x in self._layouts.items()}
        self.layers = tuple(self._found.values()) if listed is None else tuple(self.layer(x) for x in listed)
        self.default_layers = self._top_level() if default is None else tuple(default)
        self._turns = turns_on(str(self.device))
        self._turns.add_resident(self, fixed=compiled)  # what is compiled holds on to the weights' places

    @property
    def every_layer(self) -> tuple[Layer, ...]:
        """Every module inside that gives maps, listed or not, in forward order."""
        return tuple(self._found.values())

    # ---- the face of a target -------------------------------------------------------------------------------------

    def layer(self, name: str) -> Layer:
        """The layer of that name, listed or not: any module inside that gives maps. Raises `BadInput`."""
        if name in self._found:
            return self._found[name]
        if name and name in dict(self.module.named_modules()):
            raise BadInput(
                f"module {name!r} of {self.name} gives no maps (it is not called, or its output is none); "
                f"nearest that do: {nearest(name, self._found)}"
            )
        known = [layer.name for layer in getattr(self, "layers", ())] or list(self._found)
        close = nearest(name, self._found) if "." in name else nearest(name, known)
        raise BadInput(f"{self.name} has no layer {name!r}; nearest: {close}")

    def watch(self, pictures: Sequence[Picture], layers: Sequence[str], see: See) -> None:
        """Show pictures to the module and hand each layer's maps to `see`; see `Target.watch`."""
        for start in range(0, len(pictures), self.batch):
            self.forward(self.prepare(pictures[start : start + self.batch]), layers, see)

    def prepare(self, pictures: Sequence[Picture]) -> torch.Tensor:
        """The module's input for these pictures: float tensor N x 3 x H x W, on the CPU. Raises `TargetFailed`."""
        import torch

        if self._preprocess_batch is not None:
            return self._preprocess_batch([picture.pixels for picture in pictures])
        rows: list[torch.Tensor] = []
        for picture in pictures:
            try:
                with said_aside():
                    row = self.preprocess(picture.image)
            except Exception as error:
                raise TargetFailed(f"{self.name}: preprocessing raised {one_line(error)}") from error
            if not isinstance(row, torch.Tensor) or row.ndim != 3 or row.shape[0] != 3 or not row.is_floating_point():
                raise TargetFailed(f"{self.name}: preprocessing gave {_described(row)}, not a float tensor 3xHxW")
            if rows and row.shape != rows[0].shape:
                raise TargetFailed(
                    f"{self.name}: preprocessing gave {_described(rows[0])} for one picture and {_described(row)} "
                    "for another: all must have one size"
                )
            rows.append(row.detach().float())
        return torch.stack(rows)

    def forward(self, tensor: torch.Tensor, layers: Sequence[str], see: See) -> None:
        """One forward of a prepared batch, N x 3 x H x W, up to the last of `layers`; maps go to `see(name, maps)`.

        Raises `BadInput` for an unknown layer, `TargetFailed` where the module raises or never calls a wanted layer.
        What `see` raises passes through.
        """

        wanted = {name: self.layer(name) for name in layers}
        with self._turns.taken_by(self):
            self._forward(tensor, wanted, see)

    def _forward(self, tensor: torch.Tensor, wanted: dict[str, Layer], see: See) -> None:
        """`forward`, where the weights are on their device."""
        import torch

        module = self.module
        if self._fast is not None and not self._fast_changes & wanted.keys():
            module = self._fast
        tensor = tensor.to(self.device, self._type).contiguous(memory_format=self._memory_format)
        n, size = tensor.shape[0], (tensor.shape[2], tensor.shape[3])
        not_ours: list[BaseException] = []  # what `see` raised, told apart from what the module raises
        left = set(wanted)
        if self._compiled is not None and n == self.batch:
            self._forward_compiled(tensor, tuple(wanted), see)
            return

        def hook(name: str) -> Callable[..., None]:
            def seen(_module: nn.Module, _inputs: object, output: object) -> None:
                if name not in left:
                    return
                left.remove(name)
                maps = self._maps(name, tensor_of(output), n, size)
                try:
                    see(name, maps)
                except BaseException as error:
                    not_ours.append(error)
                    raise
                if not left:
                    raise _SeenAll

            return seen

        with self._forwards, torch.inference_mode(), _exact_float32(), said_aside():
            handles = [_inside(module, name).register_forward_hook(hook(name)) for name in wanted]
            try:
                if module.training:
                    module.eval()
                module(tensor)
            except _SeenAll:
                return
            except TargetFailed:
                raise
            except Exception as error:
                if not_ours:
                    raise
                raise TargetFailed(f"{self.name}: the forward raised {one_line(error)}") from error
            finally:
                for handle in handles:
                    handle.remove()
        if left:
            raise TargetFailed(f"{self.name}: the forward did not reach layer {sorted(left)[0]!r}")

    def _forward_compiled(self, tensor: torch.Tensor, layers: tuple[str, ...], see: See) -> None:
        """A whole batch, compiled for these layers; they are handed on once all are there."""
        import torch

        assert self._compiled is not None
        with self._forwards, torch.inference_mode(), _exact_float32(), said_aside():
            if self.module.training:
                self.module.eval()
            try:
                if layers not in self._compiled:
                    self._compiled[layers] = compiled_forward(self.module, _inside, layers)
                found = self._compiled[layers](tensor)
            except Exception as error:
                raise TargetFailed(f"{self.name}: the compiled forward raised {one_line(error)[:300]}") from error
            for name in [name for name in self._found if name in layers]:
                if name not in found:
                    raise TargetFailed(f"{self.name}: the forward did not reach layer {name!r}")
                see(name, self._maps(name, found.pop(name), tensor.shape[0], (tensor.shape[2], tensor.shape[3])))

    def _maps(self, name: str, found: torch.Tensor | None, n: int, size: tuple[int, int]) -> torch.Tensor:
        """A layer's output as maps, float32 N x units x height x width. Raises `TargetFailed` for another layout."""
        layout = None if found is None else layout_of(found, n, self._layouts[name].form, size, self._tokens)
        known = self._found[name]
        if found is None or layout is None or (layout.kind, layout.units) != (known.kind, known.units):
            raise TargetFailed(f"{self.name}: layer {name!r} changed its layout between pictures")
        return maps_of(found, layout).float()

    def patch(self, layer: str) -> tuple[int, int] | None:
        """Height and width, in pixels of the module's input, of what a unit of `layer` effectively sees.

        The box that holds 95% of the squared gradient of the layer's centre position with respect to the input, on
        noise (Luo et al. 2016, the effective receptive field). None where that is nearly the whole input, where the
        layer is a vector, and where the module has no gradient.
        """
        if layer not in self._patches:
            inner = _inside(self.module, self.layer(layer).name)
            noise = self.prepare(noise_pictures(4))
            with self._turns.taken_by(self), self._forwards:
                tensor = noise.to(self.device, self._type).contiguous(memory_format=self._memory_format)
                self._patches[layer] = effective_patch(self.module, inner, self._layouts[layer], tensor)
        return self._patches[layer]

    def move(self, device: str) -> None:
        """Put the weights on a device; before the next forward they come back (`turns.py`). Raises `TargetFailed`."""
        import torch

        try:
            with torch.inference_mode(False):  # whoever takes the turn may be in it: then no gradient could be taken later
                for module in (self.module, self.__dict__.get("_fast")):
                    if module is not None:
                        module.to(device)
        except Exception as error:  # out of memory, most often
            raise TargetFailed(f"{self.name} cannot be moved to {device}: {one_line(error)[:300]}") from error

    @cached_property
    def _fast(self) -> nn.Module | None:
        """The module that computes the same sooner; an answer that is all in the cache never needs it."""
        import torch

        return None if self._make_fast is None else _laid(self._make_fast().eval().to(self.device), torch.channels_last)

    def sight(self, height: int, width: int) -> Sight:
        """What of a picture reaches the module: what the preprocessing's `window(height, width)` says, where it has one."""
        window = getattr(self.preprocess, "window", None)
        return Sight((0, 0, width, height) if window is None else window(height, width), self._input)

    # ---- how it is found out --------------------------------------------------------------------------------------

    def _digest(self, module: nn.Module, preprocess: Callable[..., object], identity: str) -> str:
        parts = (CODE_VERSION, self.device.type, module_fingerprint(module), callable_fingerprint(preprocess), identity)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def _find_layouts(self) -> dict[str, Layout]:
        """How every module that gives maps lays them out, in forward order, by one dry run on two noise pictures.

        Memory is channels-last unless the module itself cannot bear that (it views its maps as flat).
        """
        import torch

        probe = self.prepare(noise_pictures(2))
        self._input = (probe.shape[2], probe.shape[3])
        try:
            _laid(self.module, torch.channels_last)
            return self._dry_run(probe)
        except TargetFailed:
            _laid(self.module, torch.contiguous_format)
            self._memory_format = torch.contiguous_format
            return self._dry_run(probe)

    def _dry_run(self, probe: torch.Tensor) -> dict[str, Layout]:
        import torch

        names = [name for name, _ in self.module.named_modules() if name] or ["output"]
        finder = Finder(probe.shape[0], self._input, self._tokens)
        tensor = probe.to(self.device, self._type).contiguous(memory_format=self._memory_format)
        with torch.inference_mode(), _exact_float32(), said_aside():
            handles = [_inside(self.module, name).register_forward_hook(finder.hook(name)) for name in names]
            try:
                self.module(tensor)
            except Exception as error:
                raise TargetFailed(f"{self.name}: the forward raised {one_line(error)}") from error
            finally:
                for handle in handles:
                    handle.remove()
        found = finder.layouts()
        if not found:
            raise TargetFailed(f"{self.name}: no module of the network gives maps, tokens or vectors")
        return found

    def _top_level(self) -> tuple[str, ...]:
        """The top-level children, with containers replaced by their children, that give maps."""
        names = [name for name in _uncontained(self.module, "") if name in self._found]
        ordered = [name for name in self._found if name in set(names)]
        return tuple(ordered or self._found)


def choose_device(device: str) -> str:
    """The device of that name, "auto" being cuda where there is one. Raises `BadInput`."""
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, number = device.partition(":")
    if kind not in ("cpu", "cuda") or (number and not number.isdecimal()) or (kind == "cpu" and number):
        raise BadInput(f"unknown device {device!r}: write 'auto', 'cpu' or 'cuda'")
    if kind == "cuda" and not (torch.cuda.is_available() and int(number or 0) < torch.cuda.device_count()):
        raise BadInput(f"no device {device!r}: this machine has {torch.cuda.device_count()}; use 'auto' or 'cpu'")
    return device


def _laid(module: nn.Module, memory_format: torch.memory_format) -> nn.Module:
    moved: nn.Module = module.to(memory_format=memory_format)  # type: ignore[call-overload]  # torch's stubs lack it
    return moved


def within(name: str, parents: Sequence[str]) -> bool:
    """Whether a module's name is one of these, or that of a module inside one of them."""
    return any(name == parent or name.startswith(f"{parent}.") for parent in parents)


def _inside(module: nn.Module, name: str) -> nn.Module:
    """The module of that name; a module without children is its own layer, called ``output``."""
    return module if name == "output" and not any(True for _ in module.children()) else module.get_submodule(name)


def _uncontained(module: nn.Module, prefix: str) -> Iterator[str]:
    from torch import nn

    for name, child in module.named_children():
        if type(child) in (nn.Sequential, nn.ModuleList, nn.ModuleDict):
            yield from _uncontained(child, f"{prefix}{name}.")
        else:
            yield prefix + name


@contextlib.contextmanager
def _exact_float32() -> Iterator[None]:
    """No TF32 on cuda: what is written as float32 is computed as float32."""
    import torch

    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


def _described(value: object) -> str:
    shape = getattr(value, "shape", None)
    if shape is None:
        return f"a {type(value).__name__}"
    return f"{getattr(value, 'dtype', type(value).__name__)} {'x'.join(map(str, shape)) or 'scalar'}"
