"""``+compiled``: what torch.compile makes of a network of the real class says what the network says, at any layer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lettvin.targets import compiled
from lettvin.targets.errors import BadInput
from lettvin.targets.loaders import load_target
from lettvin.targets.module import ModuleTarget
from lettvin.targets.patch import noise_pictures
from lettvin.targets.picture import Picture
from lettvin.targets.target import Target
from lettvin.tests.tiny_networks import tiny_network


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_network(tmp_path_factory.mktemp("vit"), "vit")


def maps_of(target: Target, layers: Sequence[str], pictures: Sequence[Picture]) -> dict[str, list[np.ndarray]]:
    found: dict[str, list[np.ndarray]] = {}
    target.watch(pictures, layers, lambda name, maps: found.setdefault(name, []).append(maps.numpy().copy()))
    return found


def counted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The sets of layers for which a forward is compiled."""
    calls: list[tuple[str, ...]] = []

    def compiles(module: Any, inside: Any, layers: tuple[str, ...]) -> Any:
        calls.append(layers)
        return compiled.compiled_forward(module, inside, layers)

    monkeypatch.setattr("lettvin.targets.module.compiled_forward", compiles)
    return calls


def test_the_compiled_forward_agrees_with_the_one_as_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a block, inside another and at the logits; the batch that is not full, which is not compiled, too."""
    calls = counted(monkeypatch)
    plain, made = load_target(f"hf:{folder}", "cpu"), load_target(f"hf:{folder}+compiled", "cpu")
    assert isinstance(made, ModuleTarget)
    assert made.key != plain.key
    made.batch = 2
    layers = ("vit.layers.0.mlp.fc1", "vit.layers.1", "classifier")
    pictures = noise_pictures(5, 60, seed=3)
    found = [maps_of(target, layers, pictures) for target in (plain, made)]
    assert calls == [layers]  # once for two batches
    assert list(found[1]) == list(found[0])
    assert [len(rows) for rows in found[1]["vit.layers.1"]] == [2, 2, 1]
    for name in layers:
        np.testing.assert_allclose(np.concatenate(found[1][name]), np.concatenate(found[0][name]), atol=1e-5)


LAST = {"swin": ("swin.encoder.layers.0.blocks.1", "swin.layernorm", "classifier"), "vit": ("vit.layers.1", "classifier")}


@pytest.mark.parametrize(("name", "half", "apart"), [("swin", "", 1e-5), ("vit", "+bfloat16", 0.03)])
def test_windows_and_half_precision_are_compiled_to_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, half: str, apart: float
) -> None:
    """`apart`: of the largest value; in half precision what is compiled is as near to float32 as what is not."""
    where = f"hf:{tiny_network(tmp_path, name)}"
    plain, made, whole = (load_target(f"{where}{options}", "cpu") for options in (half, f"{half}+compiled", ""))
    assert isinstance(made, ModuleTarget)
    made.batch = 2
    calls, shown = counted(monkeypatch), noise_pictures(4, 60, seed=3)
    found = [
        {layer: np.concatenate(rows) for layer, rows in maps_of(target, LAST[name], shown).items()}
        for target in (plain, made, whole)
    ]
    assert calls == [LAST[name]]
    for layer in LAST[name]:
        one, other, exact = (maps[layer] for maps in found)
        most = np.abs(exact).max()
        assert np.abs(one - other).max() < apart * most
        assert np.abs(other - exact).max() < max(2 * np.abs(one - exact).max(), apart * most)


FILE = """
import numpy as np, torch
def net():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.BatchNorm2d(4)), preprocess
def preprocess(image):
    return torch.from_numpy(np.array(image.resize((24, 24)))).permute(2, 0, 1) / 255
"""


def test_a_file_of_the_users_is_compiled_by_the_same_word(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(FILE)
    plain, made = (load_target(f"{tmp_path / 'net.py'}:net{option}", "cpu") for option in ("", "+compiled"))
    assert isinstance(made, ModuleTarget)
    made.batch = 4
    expected, found = (maps_of(target, ["0", "2"], noise_pictures(4, 40)) for target in (plain, made))
    for name in ("0", "2"):
        np.testing.assert_allclose(found[name][0], expected[name][0], atol=1e-5)


def test_without_a_compiler_it_is_refused_in_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import torch._inductor.config as inductor

    torch._dynamo.reset()
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(inductor.cpp, "cxx", ("no-such-compiler",))
    with inductor.patch({"force_disable_caches": True}), pytest.raises(BadInput, match=r"needs a C\+\+ compiler") as caught:
        load_target(f"hf:{folder}+compiled", "cpu")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "rest"), [("net+compiled", ("net", True)), ("net", ("net", False)), ("a+b", ("a+b", False))])
def test_the_option_stands_at_the_end_of_a_name(name: str, rest: tuple[str, bool]) -> None:
    assert compiled.split_compiled(name) == rest
