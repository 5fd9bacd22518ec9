"""Units whose answer is known: a user's own networks through the user's own door, and one scene neuron of every kind."""

from __future__ import annotations

import re

import pytest

import lettvin
from lettvin.agent.answer import Answer
from lettvin.tests.scene_runs import study
from lettvin.tools.sketch.concept import normal, parse

# The networks as a user would write them, in one file: red minus the other channels; the energy of an odd Gabor filter
# (a filter and its negative, rectified and added up); one that answers all alike; one that answers a hash.
NETWORKS = '''
import hashlib
import math

import numpy as np
import torch
from torch import nn


def preprocess(image):
    pixels = np.asarray(image.resize((112, 112)), dtype=np.float32)
    return torch.from_numpy(pixels.transpose(2, 0, 1).copy()) / 255


def red():
    conv = nn.Conv2d(3, 1, 1, bias=False)
    conv.weight.data = torch.tensor([1.0, -1.0, -1.0]).reshape(1, 3, 1, 1)
    return nn.Sequential(conv), preprocess


def edges():
    y, x = torch.meshgrid(torch.arange(7) - 3.0, torch.arange(7) - 3.0, indexing="ij")
    odd = torch.exp(-(x**2 + y**2) / 8) * torch.sin(2 * math.pi * x / 6)
    both, added = nn.Conv2d(3, 2, 7, bias=False), nn.Conv2d(2, 1, 1, bias=False)
    both.weight.data = torch.stack([odd, -odd])[:, None].repeat(1, 3, 1, 1) / odd.abs().sum() / 3
    added.weight.data.fill_(1.0)
    return nn.Sequential(both, nn.ReLU(), added), preprocess


def constant():
    conv = nn.Conv2d(3, 1, 1)
    conv.weight.data.zero_()
    conv.bias.data.fill_(0.5)
    return nn.Sequential(conv), preprocess


class Hash(nn.Module):
    def __init__(self):
        super().__init__()
        self.out = nn.Identity()

    def forward(self, pictures):
        digests = [hashlib.sha256(picture.numpy().tobytes()).digest() for picture in pictures]
        return self.out(torch.tensor([[int.from_bytes(digest[:4], "big") / 2**32] for digest in digests]))


def hashed():
    return Hash(), preprocess
'''


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answer]:
    """Every network of the file asked once."""
    folder = tmp_path_factory.mktemp("networks")
    (folder / "networks.py").write_text(NETWORKS)
    answers = {}
    units = (("red", "0:0", 400), ("edges", "2:0", 400), ("constant", "0:0", 150), ("hashed", "out:0", 200))
    for function, address, n in units:
        unit = lettvin.load_target(f"{folder / 'networks.py'}:{function}", device="cpu").unit(address)
        layers = [unit.layer.name]
        answers[function] = lettvin.ask(unit, data=f"sketch:{n}", layers=layers, runs=folder / "runs", page=False)
    return answers


def test_red_minus_the_other_channels_is_red(asked: dict[str, Answer]) -> None:
    """Dim red lies about where firing begins, so that "red" and "red and not at night" may each stay undecided."""
    answer = asked["red"]
    assert answer.verdict != "no-concept"
    if answer.verdict == "supported":
        assert answer.labels[0].startswith("red")
    else:
        assert answer.weighted is not None
        assert answer.weighted.labels[0].label == "red"
    told = set(re.findall(r"[a-z]+", answer.formula or ""))
    assert told <= {"red", "orange", "or", "and", "not", "at", "night"}  # orange is part red, and what is dim is little of it
    assert answer.heldout is not None
    assert answer.heldout.auroc is not None
    assert answer.heldout.auroc > 0.9


def test_an_oriented_edge_unit_is_answered_by_its_orientation(asked: dict[str, Answer]) -> None:
    answer = asked["edges"]
    assert answer.formula is not None
    assert "vertical" in answer.formula
    assert not {"horizontal", "diagonal"} & set(answer.formula.split())


def test_a_constant_unit_has_no_concept(asked: dict[str, Answer]) -> None:
    answer = asked["constant"]
    assert (answer.verdict, answer.formula, answer.labels) == ("no-concept", None, [])
    assert "constant" in answer.description


def test_a_hash_of_the_picture_has_no_concept(asked: dict[str, Answer]) -> None:
    answer = asked["hashed"]
    assert (answer.verdict, answer.formula, answer.labels) == ("no-concept", None, [])
    assert "would have been seen" in answer.description


KINDS = {
    "object": "dog",
    "colour": "red",
    "pattern": "striped",
    "background": "on snow",
    "stimulus": "vertical grating",
    "coloured object": "red car",
    "either": "dog or fish",
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_neuron_of_each_kind_is_answered_by_what_it_fires_for(kind: str) -> None:
    answer, _ = study(KINDS[kind])
    assert answer.formula is not None
    assert normal(parse(answer.formula)) == normal(parse(KINDS[kind]))
    assert answer.verdict == "supported"
    assert sorted(answer.labels) == sorted(KINDS[kind].split(" or "))


@pytest.mark.parametrize("null", ["noise", "constant"])
def test_a_null_has_no_concept(null: str) -> None:
    answer, _ = study(null)
    assert answer.verdict == "no-concept"
    assert answer.confidence is not None
    assert answer.confidence > 0.5
