"""Where a unit fires, on pictures of any size and shape: mask and patch lie where the network's input came from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from lettvin.targets.efficientnet_lite import LitePreprocess
from lettvin.targets.module import ModuleTarget
from lettvin.targets.picture import FromData, Picture
from lettvin.targets.target import Sight
from lettvin.tools.region import mask, patch_box, upsample

SIDE = 64


class CentreSquare:
    """The centred square at 64 px, as networks for ImageNet take it; the same arithmetic as the built-in ones."""

    def __init__(self) -> None:
        self._like = LitePreprocess(SIDE)

    def __call__(self, image: Image.Image) -> torch.Tensor:
        return self._like(image)

    def window(self, height: int, width: int) -> tuple[int, int, int, int]:
        return self._like.window(height, width)


def redness() -> ModuleTarget:
    conv = nn.Conv2d(3, 1, 8, stride=8, bias=False)
    with torch.no_grad():
        conv.weight.copy_(torch.tensor([1.0, -0.5, -0.5])[None, :, None, None].expand(1, 3, 8, 8) / 64)
    return ModuleTarget("redness", nn.Sequential(conv), CentreSquare(), device="cpu")


def spotted(height: int, width: int, row: int, column: int, radius: int) -> Picture:
    pixels = np.full((height, width, 3), 90, np.uint8)
    pixels[row - radius : row + radius, column - radius : column + radius] = (230, 20, 20)
    return Picture.of(pixels, FromData("spots", 0))


@pytest.mark.parametrize(
    ("height", "width", "row", "column"),
    [(64, 64, 20, 44), (200, 600, 60, 380), (600, 200, 380, 60), (32, 48, 8, 30), (1000, 1000, 300, 700)],
)
def test_mask_and_patch_lie_on_what_fires_the_unit(height: int, width: int, row: int, column: int) -> None:
    target, small = redness(), min(height, width)
    picture = spotted(height, width, row, column, small // 8)
    (found,) = target.maps([picture], target.unit("0:0"))
    sight = target.sight(height, width)
    where = mask(found, float(found.max()) * 0.6, height, width, sight)
    rows, columns = np.nonzero(where)
    assert abs(rows.mean() - row) < small * 0.07
    assert abs(columns.mean() - column) < small * 0.07
    left, top, right, bottom = patch_box(found, target.patch("0"), height, width, sight)
    assert left <= column <= right
    assert top <= row <= bottom
    assert (bottom - top) == pytest.approx(small * 8 / SIDE, abs=1)
    assert (right - left) == pytest.approx(small * 8 / SIDE, abs=1)


def test_what_the_network_does_not_see_is_in_no_mask_and_no_patch() -> None:
    target = redness()
    picture = spotted(100, 300, 50, 40, 12)  # outside the centred square
    (found,) = target.maps([picture], target.unit("0:0"))
    sight = target.sight(100, 300)
    assert sight == Sight((100, 0, 200, 100), (SIDE, SIDE))
    where = mask(found, -1.0, 100, 300, sight)
    assert where[:, 100:200].all()
    assert not where[:, :100].any()
    assert not where[:, 200:].any()
    assert (upsample(found, 100, 300, sight)[:, :100] == found.min()).all()
    assert patch_box(found, None, 100, 300, sight) == (100, 0, 200, 100)


def test_without_a_word_on_cropping_the_whole_picture_is_seen() -> None:
    found = np.zeros((4, 4), np.float32)
    found[1, 2] = 1
    assert patch_box(found, (16, 16), 64, 64) == (32, 16, 48, 32)
    assert mask(found, 0.5, 64, 64).any()
    assert patch_box(found, None, 64, 64) == (0, 0, 64, 64)


@pytest.mark.parametrize(
    ("rows", "columns", "height", "width"), [(7, 7, 224, 224), (14, 9, 60, 200), (1, 5, 20, 30), (3, 1, 8, 8)]
)
def test_a_map_is_upsampled_as_torch_does_with_corners_aligned(rows: int, columns: int, height: int, width: int) -> None:
    found = np.random.default_rng(0).normal(size=(rows, columns)).astype(np.float32)
    grid = torch.from_numpy(found)[None, None]
    expected = torch.nn.functional.interpolate(grid, (height, width), mode="bilinear", align_corners=True)[0, 0].numpy()
    np.testing.assert_allclose(upsample(found, height, width), expected, atol=1e-5)
