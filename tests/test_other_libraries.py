"""`timm:` and `torchvision:` names: what is said without them, and the adapters' own steps on packages of the same faces.

The two libraries do not import beside the CPU build of torch, so that small packages stand in for them here, with the
functions that the adapters call and their meanings; everything else (files, weights, layouts, refusals) is real.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lettvin.targets.errors import BadInput
from lettvin.targets.loaders import load_target, target_names
from lettvin.targets.module import ModuleTarget
from lettvin.targets.other_libraries import CentreOf
from lettvin.targets.patch import noise_pictures

NETWORK = """
import enum, math
import numpy as np, torch
from torch import nn


class Tokens(nn.Module):
    '''Patches of 8 px behind a class token.'''

    def __init__(self, num_classes=3):
        super().__init__()
        self.patch_size, self.num_prefix_tokens = 8, 1
        self.patch_embed = nn.Conv2d(3, 6, 8, stride=8)
        self.patch_embed.grid_size = (4, 4)
        self.class_token = nn.Parameter(torch.full((1, 1, 6), 9.0))
        self.norm, self.head = nn.LayerNorm(6), nn.Linear(6, num_classes)

    def forward(self, x):
        x = self.patch_embed(x).flatten(2).transpose(1, 2)
        return self.head(self.norm(torch.cat([self.class_token.expand(len(x), -1, -1), x], 1))[:, 0])


class Transform:
    def __init__(self):
        self.resize_size, self.crop_size = [40], [32]

    def __call__(self, image):
        scale = 40 / min(image.size)
        image = image.resize([round(side * scale) for side in image.size])
        left, top = (image.width - 32) // 2, (image.height - 32) // 2
        return torch.from_numpy(np.array(image.crop((left, top, left + 32, top + 32)))).permute(2, 0, 1) / 255

    def __repr__(self):
        return "Transform(40, 32)"
"""
TORCHVISION = """
import sys, types
from network import *
__version__ = "0.0"


class Weights(enum.Enum):
    FIRST = "https://nowhere.invalid/tokens-00000000.pth"
    DEFAULT = FIRST
    url = property(lambda self: self.value)
    transforms = property(lambda self: Transform)
    meta = property(lambda self: {"categories": ["a", "b", "c"]})


models = types.ModuleType("torchvision.models")
models.list_models = lambda module=None: ["tokens"]
models.get_model_weights = lambda name: Weights
models.get_model = lambda name, weights=None, num_classes=3: Tokens(num_classes)
"""
TIMM = """
import json, pathlib, types
from network import *
from safetensors.torch import load_file
__version__ = "0.0"
is_model = lambda name: name.partition(".")[0] == "tokens"
list_models = lambda: ["tokens"]
list_pretrained = lambda: ["tokens.first"]
get_pretrained_cfg = lambda name: types.SimpleNamespace(hf_hub_id="timm/", architecture="tokens", tag="first")


def create_model(name, pretrained=False):
    assert pretrained and name.startswith("local-dir:")
    folder = pathlib.Path(name.partition(":")[2])
    made = Tokens(json.loads((folder / "config.json").read_text())["num_classes"])
    made.load_state_dict(load_file(folder / "model.safetensors"))
    return made
"""
TIMM_DATA = """
from network import Transform
resolve_model_data_config = lambda model: {"input_size": (3, 32, 32), "crop_pct": 0.8, "crop_mode": "center"}
create_transform = lambda is_training, **settings: Transform()
"""


@pytest.fixture
def stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Packages called timm and torchvision, first on the path; torch's cache in a folder of the test's."""
    site = tmp_path / "site"
    for name, text in (("network.py", NETWORK), ("torchvision/__init__.py", TORCHVISION), ("timm/__init__.py", TIMM),
                       ("timm/data.py", TIMM_DATA)):  # fmt: skip
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text)
    for name in [name for name in sys.modules if name.partition(".")[0] in ("network", "torchvision", "timm")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] in ("network", "torchvision", "timm")]:
        del sys.modules[name]


def weights(classes: int = 3) -> dict[str, torch.Tensor]:
    import network  # type: ignore[import-not-found]

    torch.manual_seed(0)
    found: dict[str, torch.Tensor] = network.Tokens(classes).state_dict()
    return found


def saved(stand_ins: Path, library: str) -> str:
    """Weights where the library has them; the target's name."""
    if library == "torchvision":
        (stand_ins / "hub" / "checkpoints").mkdir(parents=True)
        torch.save(weights(), stand_ins / "hub" / "checkpoints" / "tokens-00000000.pth")
        return "torchvision:tokens"
    folder = stand_ins / "my_net"
    folder.mkdir()
    save_file(weights(), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"architecture": "tokens", "num_classes": 3}))
    return f"timm:{folder}"


def refused(name: str) -> str:
    with pytest.raises(BadInput) as caught:
        load_target(name, "cpu")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("library", ["timm", "torchvision"])
def test_without_the_library_the_extra_is_named(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    assert library in target_names()
    assert refused(f"{library}:resnet50") == f"'{library}:resnet50' needs {library}: pip install 'lettvin[{library}]'"


def test_a_library_that_does_not_import_beside_this_torch_is_one_line(stand_ins: Path) -> None:
    (stand_ins / "site" / "torchvision" / "__init__.py").write_text("raise RuntimeError('operator nms does not exist')")
    assert "is installed and does not import beside this torch (RuntimeError: operator nms" in refused("torchvision:tokens")


@pytest.mark.parametrize("library", ["timm", "torchvision"])
def test_the_network_its_transform_and_its_grid_are_the_library_s(library: str, stand_ins: Path) -> None:
    target = load_target(saved(stand_ins, library), "cpu")
    assert isinstance(target, ModuleTarget)
    import network

    pictures = noise_pictures(3, 50, seed=2)
    plain, shown = network.Tokens(3).eval(), torch.stack([network.Transform()(picture.image) for picture in pictures])
    plain.load_state_dict(weights())
    with torch.no_grad():
        tokens = plain.norm(plain.patch_embed(shown).flatten(2).transpose(1, 2)).transpose(1, 2).reshape(3, 6, 4, 4)
        logits = plain(shown)
    np.testing.assert_allclose(np.stack(target.maps(pictures, target.unit("norm:4"))), tokens[:, 4].numpy(), atol=1e-5)
    np.testing.assert_allclose(target.peaks(pictures, "head", range(3)), logits.numpy(), atol=1e-5)
    assert target.sight(50, 100).box == (30, 5, 70, 45)  # 32 of 40, in pixels of 50


def test_weights_that_are_a_pickle_with_code_are_refused(stand_ins: Path) -> None:
    name = saved(stand_ins, "torchvision")

    class Runs:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(stand_ins / "ran"),)

    torch.save({"norm.weight": Runs()}, stand_ins / "hub" / "checkpoints" / "tokens-00000000.pth")
    assert "its weights are a pickle with code in it, which is not run" in refused(name)
    assert not (stand_ins / "ran").exists()


@pytest.mark.parametrize(("name", "says"), [
    ("timm:", "names no network: write timm:DIR, or timm:NAME"),
    ("timm:tokenz", "has no network 'tokenz'; nearest: 'tokens'"),
    ("timm:tokens", "'timm/tokens.first' is neither a folder nor in the hub's cache (HF_HUB_OFFLINE is set)"),
    ("timm:./nowhere", "no folder './nowhere' with a model"),
    ("torchvision:", "names no network: write torchvision:NAME"),
    ("torchvision:tokenz", "has no network 'tokenz'; nearest: 'tokens'"),
    ("torchvision:tokens@SECOND", "no weights 'SECOND'; nearest: 'FIRST'"),
])  # fmt: skip
def test_a_name_that_names_nothing_here_is_one_line(name: str, says: str, stand_ins: Path) -> None:
    assert says in refused(name)


def test_weights_that_cannot_be_fetched_are_named_with_their_place(stand_ins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*given: object, **named: object) -> None:
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", fails)
    said = refused("torchvision:tokens")
    assert "'https://nowhere.invalid/tokens-00000000.pth' did not come (URLError" in said
    assert f"put it into '{stand_ins / 'hub' / 'checkpoints'}'" in said


@pytest.mark.parametrize(("height", "width", "box"), [
    (100, 100, (10, 10, 90, 90)), (100, 200, (60, 10, 140, 90)), (200, 100, (10, 60, 90, 140)),
])  # fmt: skip
def test_the_box_that_is_kept_is_the_middle(height: int, width: int, box: tuple[int, int, int, int]) -> None:
    assert CentreOf(lambda image: image, 40, (32, 32)).window(height, width) == box
