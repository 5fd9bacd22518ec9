"""Networks of transformers as targets: for each family, that maps are what and where the network's own code puts them.

Each is the real class with random weights, saved in a folder with its image processor; no network is reached.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lettvin.benchmarks.throughput import InMemory
from lettvin.targets.errors import BadInput
from lettvin.targets.hub import LOOK_UP_SECONDS
from lettvin.targets.loaders import load_target
from lettvin.targets.module import ModuleTarget
from lettvin.targets.patch import noise_pictures
from lettvin.targets.picture import Picture
from lettvin.tests.tiny_networks import NETWORKS, tiny_network
from lettvin.tools.dissection import dissect

FAMILIES = tuple(NETWORKS)
# tokens before the grid, and the grid's height and width, in the last layer
TOKENS = {
    "vit": (1, 4, 4), "wide-vit": (1, 3, 7), "dinov2": (7, 3, 3), "swin": (0, 8, 8), "clip": (1, 4, 4), "siglip": (0, 4, 4),
}  # fmt: skip


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {family: tiny_network(tmp_path_factory.mktemp(family), family) for family in FAMILIES}


@pytest.fixture(scope="module")
def targets(folders: dict[str, Path]) -> dict[str, ModuleTarget]:
    return {family: load(folder) for family, folder in folders.items()}


def load(folder: Path | str) -> ModuleTarget:
    target = load_target(f"hf:{folder}", "cpu")
    assert isinstance(target, ModuleTarget)
    return target


def shown(n: int = 3) -> list[Picture]:
    return noise_pictures(n, 60, seed=3)


def every_map(target: ModuleTarget, pictures: list[Picture]) -> dict[str, np.ndarray]:
    found: dict[str, list[np.ndarray]] = {}
    names = [layer.name for layer in target.every_layer]
    target.watch(pictures, names, lambda name, maps: found.setdefault(name, []).append(maps.numpy().copy()))
    return {name: np.concatenate(rows) for name, rows in found.items()}


# ---- where things are -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", TOKENS)
def test_tokens_are_the_last_hidden_states_without_those_before_the_grid(family: str, targets: dict[str, ModuleTarget]) -> None:
    """Against transformers' own hidden states, cut by what each family is known to put before its grid."""
    target, pictures = targets[family], shown()
    with torch.no_grad():
        hidden = target.module(target.prepare(pictures), output_hidden_states=True).hidden_states[-1]
    prefix, height, width = TOKENS[family]
    assert hidden.shape[1] == prefix + height * width
    expected = hidden[:, prefix:].reshape(3, height, width, -1).permute(0, 3, 1, 2).numpy()
    last = [name for name in target.default_layers if target.layer(name).kind == "tokens" and "norm" not in name][-1]
    np.testing.assert_allclose(every_map(target, pictures)[last], expected, atol=1e-5)


@pytest.mark.parametrize("family", ["resnet", "convnext"])
def test_convolutional_stages_are_the_hidden_states(family: str, targets: dict[str, ModuleTarget]) -> None:
    target, pictures = targets[family], shown()
    with torch.no_grad():
        hidden = target.module(target.prepare(pictures), output_hidden_states=True).hidden_states[-1]
    np.testing.assert_allclose(every_map(target, pictures)[f"{family}.encoder.stages.1"], hidden.numpy(), atol=1e-5)


@pytest.mark.parametrize(("family", "layer", "side"), [
    ("vit", "vit.embeddings", 8), ("vit", "vit.embeddings.patch_embeddings", 8), ("wide-vit", "embeddings", 8),
    ("dinov2", "embeddings", 14), ("swin", "swin.embeddings", 4), ("clip", "vision_model.embeddings", 8),
    ("siglip", "embeddings", 8), ("convnext", "convnext.embeddings", 4),
])  # fmt: skip
def test_a_change_in_one_patch_of_the_input_shows_at_its_place_in_the_map(
    family: str, layer: str, side: int, targets: dict[str, ModuleTarget]
) -> None:
    target = targets[family]
    before = target.prepare(shown(1))
    row, column = 2, 1
    after = before.clone()
    after[:, :, row * side : (row + 1) * side, column * side : (column + 1) * side] *= -1
    found: list[np.ndarray] = []
    for tensor in (before, after):
        target.forward(tensor, [layer], lambda _, maps: found.append(maps[0].numpy().copy()))
    changed = np.abs(found[0] - found[1]).max(0) > 1e-6
    assert changed.shape == (before.shape[2] // side, before.shape[3] // side)
    assert np.argwhere(changed).tolist() == [[row, column]]


def test_maps_with_channels_last_are_laid_channels_first(targets: dict[str, ModuleTarget]) -> None:
    """Within a block of ConvNeXt the channels stand last; here the stage has as many channels as rows, 16."""
    target, pictures = targets["convnext"], shown()
    block = "convnext.encoder.stages.0.layers.0"
    for inner, units in (("dwconv", 16), ("layernorm", 16), ("pwconv1", 64), ("act", 64), ("pwconv2", 16), ("drop_path", 16)):
        assert target.layer(f"{block}.{inner}").units == units
    maps = every_map(target, pictures)
    depthwise = torch.from_numpy(maps[f"{block}.dwconv"])
    inside: Any = target.module.get_submodule(block)
    with torch.no_grad():
        wide = inside.pwconv1(inside.layernorm(depthwise.permute(0, 2, 3, 1))).permute(0, 3, 1, 2)
        narrow = inside.pwconv2(inside.act(wide.permute(0, 2, 3, 1))) * inside.layer_scale_parameter
    np.testing.assert_allclose(maps[f"{block}.pwconv1"], wide.numpy(), atol=1e-5)
    np.testing.assert_allclose(maps[f"{block}.drop_path"], narrow.permute(0, 3, 1, 2).numpy(), atol=1e-5)


def test_windows_are_no_layers_and_a_pooled_map_is_a_vector(targets: dict[str, ModuleTarget]) -> None:
    """Swin's attention sees windows as rows of its batch; its pooler gives N x C x 1, SigLIP's N x 1 x C."""
    swin, siglip = targets["swin"], targets["siglip"]
    with pytest.raises(BadInput, match="gives no maps"):
        swin.layer("swin.encoder.layers.0.blocks.1.attention")
    assert (swin.layer("swin.pooler").kind, swin.layer("swin.pooler").units) == ("vector", 16)
    assert (siglip.layer("head.mlp.fc1").kind, siglip.layer("head.mlp.fc1").units) == ("vector", 32)


def test_the_class_logits_are_a_layer(targets: dict[str, ModuleTarget]) -> None:
    for family in ("resnet", "convnext", "vit", "swin"):
        target, pictures = targets[family], shown()
        with torch.no_grad():
            logits = target.module(target.prepare(pictures)).logits.numpy()
        assert "classifier" in target.default_layers
        np.testing.assert_allclose(target.peaks(pictures, "classifier", range(5)), logits, atol=1e-5)


def test_a_folder_with_the_whole_clip_gives_its_vision_tower_with_its_weights(folders: dict[str, Path]) -> None:
    import transformers

    whole, target, pictures = transformers.CLIPModel.from_pretrained(folders["clip"]).eval(), load(folders["clip"]), shown()
    with torch.no_grad():
        seen = whole.vision_model(target.prepare(pictures)).pooler_output
        expected = whole.visual_projection(seen).numpy()
    np.testing.assert_allclose(every_map(target, pictures)["visual_projection"][:, :, 0, 0], expected, atol=1e-5)
    assert not any("text" in layer.name for layer in target.every_layer)


# ---- properties of every family -------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_a_batch_gives_what_its_pictures_give_alone(family: str, targets: dict[str, ModuleTarget]) -> None:
    target, pictures = targets[family], shown()
    together = every_map(target, pictures)
    alone = [every_map(target, [picture]) for picture in pictures]
    for layer in target.every_layer:
        maps = together[layer.name]
        assert maps.dtype == np.float32
        assert maps.shape[:2] == (3, layer.units)
        assert np.isfinite(maps).all()
        np.testing.assert_allclose(maps, np.concatenate([one[layer.name] for one in alone]), atol=2e-5, err_msg=layer.name)


@pytest.mark.parametrize("family", FAMILIES)
def test_dissection_probe_and_map_agree_on_the_same_picture(
    family: str, targets: dict[str, ModuleTarget], tmp_path: Path
) -> None:
    target, pictures = targets[family], shown(5)
    names = [layer.name for layer in target.layers]
    dissected = dissect(target, InMemory(pictures, 5), names, folder=tmp_path)
    for layer in target.layers:
        channels = sorted({0, layer.units // 2, layer.units - 1})
        peaks = target.peaks(pictures, layer.name, channels)
        for column, channel in enumerate(channels):
            maps = target.maps(pictures, target.unit(f"{layer.name}:{channel}"))
            np.testing.assert_allclose([found.max() for found in maps], peaks[:, column], atol=1e-5)
            np.testing.assert_allclose(dissected.peaks(layer.name)[:, channel], peaks[:, column], atol=1e-5)


@pytest.mark.parametrize(("family", "layer", "stride", "reach"), [
    ("resnet", "resnet.embedder.embedder.convolution", 2, 3),  # 7 x 7
    ("resnet", "resnet.encoder.stages.0", 4, 3 + 2 + 2 * 4),  # then the pool's 3 x 3 over steps of 2, and two 3 x 3 of 4
])  # fmt: skip
def test_what_lies_outside_the_receptive_field_changes_nothing(
    family: str, layer: str, stride: int, reach: int, targets: dict[str, ModuleTarget]
) -> None:
    target, (y, x) = targets[family], (7, 9)
    before = target.prepare(shown(1))
    outside = torch.ones(before.shape[2:], dtype=torch.bool)
    outside[max(0, y * stride - reach) : y * stride + reach + 1, max(0, x * stride - reach) : x * stride + reach + 1] = False
    masked, bared = before.clone(), before.clone()
    masked[:, :, outside] = 5.0
    bared[:, :, ~outside] = 5.0
    found: list[np.ndarray] = []
    for tensor in (before, masked, bared):
        target.forward(tensor, [layer], lambda _, maps: found.append(maps[0, :, y, x].numpy().copy()))
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)
    assert np.abs(found[0] - found[2]).max() > 1e-3


@pytest.mark.parametrize("family", ["resnet", "convnext"])
def test_the_effective_patch_of_a_convolution_is_within_its_receptive_field(
    family: str, targets: dict[str, ModuleTarget]
) -> None:
    first = {"resnet": "resnet.embedder.embedder.convolution", "convnext": "convnext.embeddings.patch_embeddings"}[family]
    height, width = targets[family].patch(first) or (999, 999)
    assert 1 < height <= 7
    assert 1 < width <= 7


# ---- keys -----------------------------------------------------------------------------------------------------------


def test_the_key_is_that_of_weights_and_processor_wherever_they_lie(folders: dict[str, Path], tmp_path: Path) -> None:
    own = load(folders["vit"]).key
    assert load(shutil.copytree(folders["vit"], tmp_path / "elsewhere")).key == own
    code = f"from lettvin.targets.loaders import load_target; print(load_target('hf:{folders['vit']}', 'cpu').key)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == own
    others = [
        load(tiny_network(tmp_path / "seed", "vit", seed=1)).key,
        load(tiny_network(tmp_path / "mean", "vit", {"image_mean": [0.4, 0.5, 0.5]})).key,
        load(f"{folders['vit']}+bfloat16").key,
    ]
    assert len({own, *others}) == 4


def test_a_pooler_without_weights_is_no_layer_and_changes_no_key(folders: dict[str, Path]) -> None:
    first, again = load(folders["wide-vit"]), load(folders["wide-vit"])
    assert first.key == again.key
    with pytest.raises(BadInput, match=r"module 'pooler\.dense' .* gives no maps"):
        first.layer("pooler.dense")


def test_half_precision_is_an_option_and_hands_on_float32(folders: dict[str, Path]) -> None:
    full, half, pictures = load(folders["vit"]), load(f"{folders['vit']}+bfloat16"), shown()
    exact, near = every_map(full, pictures), every_map(half, pictures)
    assert half.name.endswith("+bfloat16")
    assert next(half.module.parameters()).dtype == torch.bfloat16
    for name, maps in near.items():
        assert maps.dtype == np.float32
        np.testing.assert_allclose(maps, exact[name], atol=0.05 * float(np.abs(exact[name]).max()) + 1e-3)
    assert not np.array_equal(near["vit.layers.1"], exact["vit.layers.1"])


# ---- what can be wrong ----------------------------------------------------------------------------------------------


def refused(name: str) -> str:
    with pytest.raises(BadInput) as caught:
        load_target(name, "cpu")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("family", ["vit", "clip", "siglip"])
def test_a_processor_that_disagrees_with_the_network_is_told_both_sizes(family: str, tmp_path: Path) -> None:
    wrong = {"size": {"height": 48, "width": 48}, "crop_size": {"height": 48, "width": 48}}
    if family == "clip":
        wrong["size"] = {"shortest_edge": 48}
    said = refused(f"hf:{tiny_network(tmp_path / family, family, wrong)}")
    assert "makes pictures of 48x48, and the network takes 32x32: set 'size'" in said


def test_a_processor_whose_size_depends_on_the_picture_is_refused(tmp_path: Path) -> None:
    said = refused(f"hf:{tiny_network(tmp_path / 'dino', 'dinov2', {'do_center_crop': False})}")
    assert re.search(r"makes pictures of 64x\d+ or 64x\d+, as they come, and a network under study wants one size", said)


class Runs:
    """A pickle that runs a command where it is read."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.place),)


def test_weights_that_are_a_pickle_with_code_are_refused_and_the_code_is_not_run(tmp_path: Path) -> None:
    folder = tiny_network(tmp_path / "vit", "vit")
    weights = folder / "pytorch_model.bin"
    import transformers

    torch.save(transformers.ViTForImageClassification.from_pretrained(folder).state_dict(), weights)
    safe = load(folder)
    (folder / "model.safetensors").unlink()
    assert load(folder).key == safe.key  # numbers alone are read from a pickle too
    torch.save({"vit.layernorm.weight": Runs(tmp_path / "ran")}, weights)
    named = f"it names '{os.mkdir.__module__}.mkdir'"
    assert f"its weights are a pickle with code in it, which is not run: {named}" in refused(f"hf:{folder}")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(("change", "says"), [
    ("no config", "holds no network: it has no config.json"),
    ("no processor", "no preprocessor_config.json in"),
    ("broken processor", "its image processor does not load"),
    ("no weights", "is no vision network that transformers loads: OSError"),
    ("some weights", "holds no weights for 1 of the network's modules, such as 'classifier'"),
    ("other shapes", "have other shapes than its config.json says"),
    ("code of its own", "is no vision network that transformers loads: ValueError"),
    ("text", "takes no pictures alone"),
    ("unknown class", "has no class 'NoSuchNetwork'"),
])  # fmt: skip
def test_whatever_a_folder_lacks_is_one_line(change: str, says: str, folders: dict[str, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(folders["vit"], tmp_path / "vit"))
    config = json.loads((folder / "config.json").read_text())
    if change == "no config":
        (folder / "config.json").unlink()
    elif change == "no processor":
        (folder / "preprocessor_config.json").unlink()
    elif change == "broken processor":
        (folder / "preprocessor_config.json").write_text("{")
    elif change == "no weights":
        (folder / "model.safetensors").unlink()
    elif change == "some weights":
        from safetensors.torch import load_file, save_file

        weights = load_file(folder / "model.safetensors")
        kept = {name: tensor for name, tensor in weights.items() if not name.startswith("classifier")}
        save_file(kept, folder / "model.safetensors", {"format": "pt"})
    elif change == "other shapes":
        config["intermediate_size"] = 48
    elif change == "code of its own":
        config |= {"model_type": "their-own", "auto_map": {"AutoConfig": "theirs.Config"}}
    elif change == "text":
        config |= {"model_type": "bert", "architectures": ["BertModel"]}
    else:
        config |= {"model_type": "clip_text_model", "architectures": ["NoSuchNetwork"]}
    if change != "no config":
        (folder / "config.json").write_text(json.dumps(config))
    assert says in refused(f"hf:{folder}")


@pytest.mark.parametrize(("name", "says"), [
    ("hf:", "names no network: write hf:DIR"),
    ("hf:./nowhere", "no folder './nowhere' with a model: write hf:DIR"),
    ("hf:a/b/c", "no folder 'a/b/c' with a model"),
    ("hf:owner/net+half", "unknown option 'half'; nearest: 'bfloat16', 'float16' or 'compiled'"),
    ("hf:owner/net+float16+bfloat16", "one type of number at most"),
])  # fmt: skip
def test_a_name_that_names_nothing_is_one_line(name: str, says: str) -> None:
    assert says in refused(name)


def test_dinov3_needs_torchvision_and_says_so(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    if "torchvision" in sys.modules:
        pytest.skip("torchvision is here")
    import transformers

    config = transformers.DINOv3ViTConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, image_size=32, patch_size=8
    )
    transformers.DINOv3ViTModel(config).save_pretrained(tmp_path)
    settings = {"image_processor_type": "DINOv3ViTImageProcessorFast", "size": {"height": 32, "width": 32}}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings))
    assert refused(f"hf:{tmp_path}") == (
        f"hf:{tmp_path}: its image processor needs torchvision: pip install 'lettvin[torchvision]'"
    )


def test_a_folder_wins_over_a_hub_id(folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(folders["vit"], tmp_path / "google" / "vit-base-patch16-224")
    monkeypatch.chdir(tmp_path)
    assert load("google/vit-base-patch16-224").key == load(folders["vit"]).key


ASKING = """
import socket, sys, threading, time
from lettvin.cli import main
import huggingface_hub
def hang(*given, **named): threading.Event().wait(60)
def unknown(*given, **named): raise socket.gaierror(-3, "Temporary failure in name resolution")
socket.getaddrinfo = hang if sys.argv[1] == "hangs" else unknown
slept = []
time.sleep = slept.append  # between one attempt and the next: counted, not waited for
began = time.process_time()
code = main(["units", "hf:nobody/no-such-network"])
print(code, time.process_time() - began + sum(slept))
"""


@pytest.mark.parametrize(
    ("network", "offline", "waits", "why"),
    [
        ("fails", "0", 0.0, "the hub did not give it"),
        ("hangs", "0", LOOK_UP_SECONDS, "no answer of the hub within 3 s"),
        ("fails", "1", 0.0, "HF_HUB_OFFLINE is set"),
    ],
)
def test_without_a_network_a_hub_id_fails_soon_in_one_line(
    network: str, offline: str, waits: float, why: str, tmp_path: Path
) -> None:
    """In under 5 s of work and waiting; what else the machine does meanwhile is not counted."""
    env = {**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": offline}
    done = subprocess.run([sys.executable, "-c", ASKING, network], env=env, capture_output=True, text=True, timeout=250)
    code, seconds = done.stdout.split()
    assert (code, done.stderr.count("\n")) == ("2", 1), done.stderr
    assert float(seconds) + waits < 5
    assert why in done.stderr
    assert "hf download nobody/no-such-network --local-dir DIR" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_transformers_the_extra_is_named(folders: dict[str, Path]) -> None:
    code = (
        "import sys; sys.modules['transformers'] = None\n"
        f"from lettvin.cli import main; sys.exit(main(['units', 'hf:{folders['vit']}']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert "needs transformers: pip install 'lettvin[hf]'" in done.stderr
    assert done.stderr.count("\n") == 1
