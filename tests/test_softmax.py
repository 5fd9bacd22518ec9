"""``NAME+softmax``: the layer holds the probabilities of the logits, and everything else is the network's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from lettvin.agent.known_target import open_target
from lettvin.targets.difference import DifferenceTarget, Scaled
from lettvin.targets.errors import BadInput
from lettvin.targets.loaders import load_target, plug_in_of
from lettvin.targets.softmax import split_softmax, with_softmax
from lettvin.targets.target import Prepares
from lettvin.tests.small_world import WORLD, units_of
from lettvin.tools.dissection import dissect

NETWORK = """
import numpy as np, torch
def net():
    torch.manual_seed(3)
    pool = torch.nn.AdaptiveAvgPool2d(1)
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 6, 5, 4), torch.nn.ReLU(), pool, torch.nn.Flatten(), torch.nn.Linear(6, 4))
    module[4].weight.data *= 9
    return module, lambda image: torch.from_numpy(np.array(image.resize((24, 24)))).permute(2, 0, 1) / 255
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "net.py").write_text(NETWORK)
    return tmp_path / "net.py"


def test_it_adds_the_probabilities_of_the_logits_and_changes_nothing_else(file: Path, tmp_path: Path) -> None:
    plain, made = load_target(f"{file}:net", "cpu"), load_target(f"{file}:net+softmax", "cpu")
    pictures = [WORLD.picture(index) for index in range(40)]  # more than a batch
    logits = torch.from_numpy(plain.peaks(pictures, "4", range(4)))
    assert np.allclose(made.peaks(pictures, "softmax", range(4)), logits.softmax(1), atol=1e-6)
    assert np.array_equal(made.peaks(pictures, "0", range(6)), plain.peaks(pictures, "0", range(6)))
    told: dict[str, list[torch.Tensor]] = {}
    made.watch(pictures, ["4", "softmax"], lambda name, maps: told.setdefault(name, []).append(maps.clone()))
    assert torch.allclose(torch.cat(told["softmax"])[:, :, 0, 0], logits.softmax(1), atol=1e-6)
    assert torch.equal(torch.cat(told["4"])[:, :, 0, 0], logits)
    assert ([x.name for x in made.layers], made.default_layers) == ([*(x.name for x in plain.layers), "softmax"], ("softmax",))
    assert made.key != plain.key
    assert made.name == f"{file}:net+softmax"
    assert isinstance(made, Prepares)
    found = dissect(made, WORLD, ["softmax"], folder=tmp_path / "dissections")
    assert np.allclose(found.column("softmax", 2)[:40], logits.softmax(1)[:, 2], atol=1e-6)


def test_its_units_are_held_against_each_other_in_one_forward(file: Path) -> None:
    made = open_target(f"{file}:net+softmax", "cpu")
    one, other = made.unit("softmax:0"), made.unit("softmax:1")
    pictures = [WORLD.picture(index) for index in range(5)]
    found = DifferenceTarget(Scaled(one, 0, 1), Scaled(other, 0, 1)).peaks(pictures, "difference", [0, 1])
    peaks = made.peaks(pictures, "softmax", [0, 1])
    assert np.allclose(found[:, 0] - found[:, 1], peaks[:, 0] - peaks[:, 1], atol=1e-6)


def test_what_has_no_logits_is_bad_input(file: Path, tmp_path: Path) -> None:
    for network, why in ((units_of("dog")[0].target, "1 unit"), (load_target(f"{file}:net+softmax", "cpu"), "of its own")):
        with pytest.raises(BadInput, match=why):
            with_softmax(network)
    for name, near in (("softmx", "nearest: 'softmax'"), ("44", "nearest: '4'")):
        with pytest.raises(BadInput, match=near):
            load_target(f"{file}:net+softmax", "cpu").layer(name)
    with pytest.raises(BadInput, match="unknown target 'nothing'"):
        load_target("nothing+softmax")
    with pytest.raises(BadInput, match="no file"):
        load_target(f"{tmp_path / 'gone.py'}:net+softmax")


def test_a_file_is_the_plug_in_of_its_network_with_a_softmax_too(file: Path) -> None:
    found = plug_in_of(f"{file}:net+softmax")
    assert found == plug_in_of(f"{file}:net")
    assert found is not None


def test_a_folder_whose_name_ends_so_is_that_folder(tmp_path: Path) -> None:
    (tmp_path / "vit+softmax").mkdir()
    assert split_softmax(f"hf:{tmp_path / 'vit+softmax'}") == (f"hf:{tmp_path / 'vit+softmax'}", False)
    assert split_softmax("hf:owner/vit+softmax") == ("hf:owner/vit", True)
    assert split_softmax("efficientnet-lite0+softmax") == ("efficientnet-lite0", True)
    assert split_softmax("efficientnet-lite0") == ("efficientnet-lite0", False)
