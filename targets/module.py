"""A torch module as a target: pictures to tensors, hooks, batches, and a forward that stops where nothing is left to see.

Covered: evaluation mode, inference mode, float32 as it is written (no TF32), channels-last memory where the module
bears it, hooks that are always removed, and layers found by one dry run. A module that is called several times in a
forward (a shared ReLU) is read at its first call. Not covered: which modules have names of their own in lettvin
(`loaders.py`), and several inputs or modalities. The module is taken over: it is put in evaluation mode and moved.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .allocator import keep_large_blocks
from .errors import BadInput, TargetFailed, nearest
from .fingerprint import callable_fingerprint, module_fingerprint
from .layout import kind_of, maps_of, tensor_of, units_of
from .picture import FromPrompt, Picture, Pixels
from .target import Layer, See, Target

if TYPE_CHECKING:
    import torch
    from PIL import Image
    from torch import nn

    Preprocess = Callable[[Image.Image], torch.Tensor]
    PreprocessBatch = Callable[[Sequence[Pixels]], torch.Tensor]

CODE_VERSION = "1"  # raised whenever a change here changes a number


class _SeenAll(BaseException):
    """Raised by a hook when every wanted layer was seen; no `except Exception` of a module can swallow it."""


class ModuleTarget(Target):
    """A torch module with its preprocessing, as a network under study.

    module: maps a float tensor N x 3 x H x W to anything. preprocess: a PIL RGB image to a float tensor 3 x H x W.
    preprocess_batch: the same arithmetic for many pictures at once (uint8 H x W x 3 each, to N x 3 x H x W), where it
    can be done faster. listed, default: names of the layers listed and dissected (default: every module that gives
    maps; the top-level children, with containers replaced by their children). fast: a module that computes the same
    and sooner, used wherever none of `fast_changes` (names whose output it changes) is wanted.
    identity: what else decides the numbers. batch: pictures in one forward. device: "auto", "cpu" or "cuda[:N]".

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
        fast: nn.Module | None = None,
        fast_changes: frozenset[str] = frozenset(),
    ) -> None:
        import torch

        self.name, self.batch = name, batch
        self.device = torch.device(choose_device(device))
        if self.device.type == "cpu":
            keep_large_blocks()
        self.preprocess, self._preprocess_batch = preprocess, preprocess_batch
        self.key = self._digest(module, preprocess_batch or preprocess, identity)
        self.module = module.eval().to(self.device)
        self._fast = None if fast is None else fast.eval().to(self.device, memory_format=torch.channels_last)
        self._fast_changes = fast_changes
        self._forwards = threading.Lock()  # hooks belong to the module: two forwards at once would read each other's
        self._patches: dict[str, tuple[int, int] | None] = {}
        self._memory_format = torch.channels_last
        self._found = self._find_layers()
        self.layers = tuple(self._found.values()) if listed is None else tuple(self.layer(x) for x in listed)
        self.default_layers = self._top_level() if default is None else tuple(default)

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
        rows = []
        for picture in pictures:
            try:
                with _stdout_to_stderr():
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
        import torch

        wanted = {name: self.layer(name) for name in layers}
        module = self.module
        if self._fast is not None and not self._fast_changes & wanted.keys():
            module = self._fast
        tensor = tensor.to(self.device).contiguous(memory_format=self._memory_format)
        n = tensor.shape[0]
        not_ours: list[BaseException] = []  # what `see` raised, told apart from what the module raises
        left = set(wanted)

        def hook(name: str) -> Callable[..., None]:
            def seen(_module: nn.Module, _inputs: object, output: object) -> None:
                if name not in left:
                    return
                left.remove(name)
                found = tensor_of(output)
                if found is None or kind_of(found, n) != wanted[name].kind:
                    raise TargetFailed(f"{self.name}: layer {name!r} changed its layout between pictures")
                try:
                    see(name, maps_of(found, wanted[name].kind))
                except BaseException as error:
                    not_ours.append(error)
                    raise
                if not left:
                    raise _SeenAll

            return seen

        with self._forwards, torch.inference_mode(), _exact_float32(), _stdout_to_stderr():
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

    def patch(self, layer: str) -> tuple[int, int] | None:
        """Height and width, in pixels of the module's input, of what a unit of `layer` effectively sees.

        The box that holds 95% of the squared gradient of the layer's centre position with respect to the input, on
        noise (Luo et al. 2016, the effective receptive field). None where that is nearly the whole input, where the
        layer is a vector, and where the module has no gradient.
        """
        if layer not in self._patches:
            self._patches[layer] = self._effective_patch(self.layer(layer))
        return self._patches[layer]

    # ---- how it is found out --------------------------------------------------------------------------------------

    def _digest(self, module: nn.Module, preprocess: Callable[..., object], identity: str) -> str:
        parts = (CODE_VERSION, self.device.type, module_fingerprint(module), callable_fingerprint(preprocess), identity)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def _find_layers(self) -> dict[str, Layer]:
        """Every module that gives maps, in forward order, by one dry run on two noise pictures.

        Two, because a module whose output does not have one row a picture (windows, tables of positions) shows then.
        Memory is channels-last unless the module itself cannot bear that (it views its maps as flat).
        """
        import torch

        probe = self.prepare(noise_pictures(2))
        try:
            self.module.to(memory_format=torch.channels_last)
            return self._dry_run(probe)
        except TargetFailed:
            self.module.to(memory_format=torch.contiguous_format)
            self._memory_format = torch.contiguous_format
            return self._dry_run(probe)

    def _dry_run(self, probe: torch.Tensor) -> dict[str, Layer]:
        import torch

        names = [name for name, _ in self.module.named_modules() if name] or ["output"]
        found: dict[str, Layer] = {}
        called: set[str] = set()

        def hook(name: str) -> Callable[..., None]:
            def seen(_module: nn.Module, _inputs: object, output: object) -> None:
                tensor = tensor_of(output)
                if name in called or tensor is None:
                    return
                called.add(name)
                kind = kind_of(tensor, probe.shape[0])
                if kind is not None:
                    found[name] = Layer(name, units_of(tensor, kind), kind)

            return seen

        tensor = probe.to(self.device).contiguous(memory_format=self._memory_format)
        with torch.inference_mode(), _exact_float32(), _stdout_to_stderr():
            handles = [_inside(self.module, name).register_forward_hook(hook(name)) for name in names]
            try:
                self.module(tensor)
            except Exception as error:
                raise TargetFailed(f"{self.name}: the forward raised {one_line(error)}") from error
            finally:
                for handle in handles:
                    handle.remove()
        if not found:
            raise TargetFailed(f"{self.name}: no module of the network gives maps, tokens or vectors")
        return found

    def _top_level(self) -> tuple[str, ...]:
        """The top-level children, with containers replaced by their children, that give maps."""
        names = [name for name in _uncontained(self.module, "") if name in self._found]
        ordered = [name for name in self._found if name in set(names)]
        return tuple(ordered or self._found)

    def _effective_patch(self, layer: Layer) -> tuple[int, int] | None:
        import torch

        if layer.kind == "vector":
            return None
        tensor = self.prepare(noise_pictures(4)).to(self.device).contiguous(memory_format=self._memory_format)
        tensor.requires_grad_(True)
        generator = torch.Generator().manual_seed(0)
        signs = (torch.randint(0, 2, (4, layer.units), generator=generator) * 2 - 1).to(self.device).float()
        centres: list[torch.Tensor] = []

        def seen(_module: nn.Module, _inputs: object, output: object) -> None:
            found = tensor_of(output)
            if centres or found is None:
                return
            maps = maps_of(found, layer.kind)
            centres.append((maps[:, :, maps.shape[2] // 2, maps.shape[3] // 2] * signs).sum())
            raise _SeenAll

        with self._forwards, torch.enable_grad(), _stdout_to_stderr():
            handle = _inside(self.module, layer.name).register_forward_hook(seen)
            try:
                self.module(tensor)
            except _SeenAll:
                pass
            finally:
                handle.remove()
            if not centres or not centres[0].requires_grad:
                return None
            (gradient,) = torch.autograd.grad(centres[0], tensor, allow_unused=True)
        if gradient is None:
            return None
        mass = gradient.double().square().sum(1).cpu().numpy()
        totals = mass.sum((1, 2))
        if not np.isfinite(totals).all() or not (totals > 0).any():
            return None
        mean = (mass[totals > 0] / totals[totals > 0][:, None, None]).mean(0)
        height, width = _holding(mean.sum(1)), _holding(mean.sum(0))
        if height >= 0.95 * mean.shape[0] and width >= 0.95 * mean.shape[1]:
            return None
        return height, width


def choose_device(device: str) -> str:
    """The device of that name, "auto" being cuda where there is one. Raises `BadInput`."""
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, number = device.partition(":")
    if kind not in ("cpu", "cuda") or (number and not number.isdecimal()) or (kind == "cpu" and number):
        raise BadInput(f"unknown device {device!r}: write 'auto', 'cpu' or 'cuda'")
    if kind == "cuda" and not (torch.cuda.is_available() and int(number or 0) < torch.cuda.device_count()):
        raise BadInput(f"device {device!r} is not here: this machine has {torch.cuda.device_count()}; use 'auto' or 'cpu'")
    return device


def noise_pictures(n: int, side: int = 224, seed: int = 0) -> list[Picture]:
    """Pictures of coloured noise with power at every scale, the same for the same seed: `side` x `side`, uint8."""
    rng = np.random.Generator(np.random.Philox(key=seed))
    pictures = []
    for index in range(n):
        canvas = np.zeros((side, side, 3))
        scale = side
        while scale >= 1:
            cells = -(-side // scale)
            patch = rng.normal(size=(cells, cells, 3))
            canvas += np.repeat(np.repeat(patch, scale, 0), scale, 1)[:side, :side]
            scale //= 2
        pixels = np.clip(127.5 + 40 * canvas / canvas.std(), 0, 255).astype(np.uint8)
        pictures.append(Picture.of(pixels, FromPrompt("noise", f"noise {side}", seed * 1_000_003 + index)))
    return pictures


def _holding(mass: np.ndarray, share: float = 0.95**0.5) -> int:
    """How many neighbouring cells hold that share of the mass: the middle ones, leaving as much on either side.

    The share is the root of .95, so that height and width together hold about .95 of it.
    """
    below = np.cumsum(mass) / mass.sum()
    first = int(np.searchsorted(below, (1 - share) / 2, side="right"))
    last = int(np.searchsorted(below, (1 + share) / 2, side="left"))
    return min(last, mass.size - 1) - first + 1


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


def _stdout_to_stderr() -> contextlib.AbstractContextManager[object]:
    """What the network's own code prints goes to stderr: stdout belongs to the answer."""
    return contextlib.redirect_stdout(sys.stderr)


def one_line(error: BaseException) -> str:
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _described(value: object) -> str:
    shape = getattr(value, "shape", None)
    if shape is None:
        return f"a {type(value).__name__}"
    return f"{getattr(value, 'dtype', type(value).__name__)} {'x'.join(map(str, shape)) or 'scalar'}"
