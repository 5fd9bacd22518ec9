"""A model's own image processor: the same numbers to the bit, by whichever way, and the part of a picture that it keeps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

from lettvin.targets.errors import BadInput
from lettvin.targets.image_processor import ProcessorPreprocess

library: Any = transformers
SQUARE, EDGE = {"height": 40, "width": 48}, {"shortest_edge": 40}
PROCESSORS: dict[str, Any] = {
    "vit": library.ViTImageProcessorPil(size=SQUARE),
    "siglip": library.SiglipImageProcessorPil(size=SQUARE),
    "clip": library.CLIPImageProcessorPil(size=EDGE, crop_size={"height": 32, "width": 32}),
    "dinov2": library.BitImageProcessorPil(size={"shortest_edge": 51}, crop_size={"height": 42, "width": 42}),
    "convnext": library.ConvNextImageProcessorPil(size=EDGE, crop_pct=0.875),
    "convnext large": library.ConvNextImageProcessorPil(size={"shortest_edge": 384}),
    "unscaled": library.ViTImageProcessorPil(size=SQUARE, do_rescale=False, do_normalize=False),
    "uncropped": library.CLIPImageProcessorPil(do_resize=False, crop_size={"height": 20, "width": 24}),
}
PREPROCESSES = {name: ProcessorPreprocess(processor) for name, processor in PROCESSORS.items()}
sides = st.integers(30, 120)


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def own(processor: Any, pixels: np.ndarray) -> np.ndarray:
    from PIL import Image

    made: np.ndarray = processor(images=Image.fromarray(pixels), return_tensors="np")["pixel_values"][0].astype(np.float32)
    return made


@pytest.mark.parametrize("name", PROCESSORS)
@settings(max_examples=12, deadline=None)
@given(height=sides, width=sides, seed=st.integers(0, 99))
def test_the_quick_way_gives_the_processor_s_numbers_to_the_bit(name: str, height: int, width: int, seed: int) -> None:
    preprocess, pixels = PREPROCESSES[name], noise(height, width, seed)
    assert preprocess.steps is not None
    made = preprocess.batch([pixels, pixels[::-1]])
    np.testing.assert_array_equal(made[0].numpy(), own(PROCESSORS[name], pixels))
    np.testing.assert_array_equal(made[1].numpy(), own(PROCESSORS[name], pixels[::-1]))


@pytest.mark.parametrize("name", ["clip", "dinov2", "convnext", "uncropped", "vit"])
@settings(max_examples=12, deadline=None)
@given(height=sides, width=sides)
def test_what_lies_outside_the_window_changes_nothing_and_its_edges_do(name: str, height: int, width: int) -> None:
    preprocess, pixels = PREPROCESSES[name], noise(height, width)
    left, top, right, bottom = preprocess.window(height, width)
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    reach = 4  # bicubic filters read a little beyond the box that is kept
    inside = np.zeros((height, width), bool)
    inside[max(0, top - reach) : bottom + reach, max(0, left - reach) : right + reach] = True
    before = preprocess.batch([pixels]).numpy()
    np.testing.assert_array_equal(preprocess.batch([np.where(inside[..., None], pixels, 255 - pixels)]).numpy(), before)
    for rows, columns in ((slice(top, top + 2), slice(left, right)), (slice(top, bottom), slice(right - 2, right))):
        edge = pixels.copy()
        edge[rows, columns] = 255 - edge[rows, columns]
        assert not np.array_equal(preprocess.batch([edge]).numpy(), before)


class Mirrored(library.ViTImageProcessorPil):  # type: ignore[misc]
    """A processor with a step of its own."""

    def _preprocess(self, images: Any, **kwargs: Any) -> Any:
        return super()._preprocess([image[:, :, ::-1] for image in images], **kwargs)


def test_a_processor_with_steps_of_its_own_is_called_itself() -> None:
    processor, pixels = Mirrored(size=SQUARE), noise(50, 70)
    preprocess = ProcessorPreprocess(processor)
    assert preprocess.steps is None
    assert preprocess.window(50, 70) == (0, 0, 70, 50)
    np.testing.assert_array_equal(preprocess.batch([pixels])[0].numpy(), own(processor, pixels))


def test_pictures_that_come_out_at_two_sizes_are_named() -> None:
    preprocess = ProcessorPreprocess(library.CLIPImageProcessorPil(size=EDGE, do_center_crop=False))
    preprocess.steps = None
    with pytest.raises(BadInput, match="makes pictures of 40x40 and of 40x80"):
        preprocess.batch([noise(40, 40), noise(40, 80)])
