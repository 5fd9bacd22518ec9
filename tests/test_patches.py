"""What a layer's units see, kept beside the dissection: the network's own word, asked for once."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from lettvin.targets.module import ModuleTarget
from lettvin.tools.dissection.patches import NAME, patch_of


class Counted(ModuleTarget):
    asked = 0

    def patch(self, layer: str) -> tuple[int, int] | None:
        self.asked += 1
        return super().patch(layer)


def network(seed: int = 0) -> Counted:
    torch.manual_seed(seed)
    layers = nn.Sequential(nn.Conv2d(3, 4, 5), nn.Conv2d(4, 2, 3), nn.Flatten(), nn.LazyLinear(2))
    layers(torch.zeros(1, 3, 32, 32))
    return Counted("net", layers, lambda image: torch.zeros(3, 32, 32), device="cpu")


@pytest.mark.parametrize("layer", ["0", "1", "3"])
def test_what_is_kept_is_what_the_network_says(tmp_path: Path, layer: str) -> None:
    first, again = network(), network()
    found = patch_of(tmp_path, first, layer)
    assert found == network().patch(layer)
    assert patch_of(tmp_path, again, layer) == found
    assert (first.asked, again.asked) == (1, 0)


def test_layers_are_kept_beside_each_other(tmp_path: Path) -> None:
    target = network()
    both = [patch_of(tmp_path, target, layer) for layer in ("0", "1", "0", "1")]
    assert both == [(5, 5), (7, 7)] * 2
    assert target.asked == 2


def test_another_network_and_a_broken_file_are_asked_again(tmp_path: Path) -> None:
    patch_of(tmp_path, network(), "0")
    other = network(1)
    assert patch_of(tmp_path, other, "0") == (5, 5)
    assert other.asked == 1
    (tmp_path / NAME).write_text((tmp_path / NAME).read_text().replace("5", "6"))
    assert patch_of(tmp_path, other, "0") == (5, 5)
    assert other.asked == 2
