"""Units that are directions: single vectors, dictionaries and sparse autoencoders' latents, against plain arithmetic."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from lettvin.targets.errors import BadInput
from lettvin.targets.module import ModuleTarget
from lettvin.targets.patch import noise_pictures

UNITS, LATENTS = 6, 9


@pytest.fixture(scope="module")
def target() -> ModuleTarget:
    torch.manual_seed(0)

    def to_tensor(image: object) -> torch.Tensor:
        return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255

    return ModuleTarget("net", nn.Sequential(nn.Conv2d(3, UNITS, 3, stride=3)), to_tensor, device="cpu")


def numbers(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def shown(target: ModuleTarget, address: str) -> tuple[np.ndarray, np.ndarray]:
    """The unit's maps, and its layer's: n x h x w, and n x units x h x w."""
    pictures, layers = noise_pictures(3, 24, seed=5), []
    target.watch(pictures, ["0"], lambda _, maps: layers.append(maps.numpy().copy()))
    return np.stack(target.maps(pictures, target.unit(address))), np.concatenate(layers)


def projected(maps: np.ndarray, weights: torch.Tensor) -> np.ndarray:
    found: np.ndarray = np.einsum("nchw,c->nhw", maps.astype(np.float64), weights.double().numpy())
    return found


@pytest.mark.parametrize("rows", [True, False])
def test_a_row_or_column_of_a_dictionary_is_a_direction_of_length_one(rows: bool, target: ModuleTarget, tmp_path: Path) -> None:
    table = numbers(LATENTS, UNITS)
    save_file({"atoms": (table if rows else table.T).contiguous()}, tmp_path / "atoms.safetensors")
    found, layer = shown(target, f"0:@{tmp_path / 'atoms.safetensors'}#7")
    np.testing.assert_allclose(found, projected(layer, table[7] / table[7].norm()), atol=1e-5)


def test_vectors_are_found_by_name_and_a_single_one_without(target: ModuleTarget, tmp_path: Path) -> None:
    stripes, dots = numbers(UNITS, seed=2), numbers(UNITS, seed=3)
    save_file({"stripes": stripes, "dots": dots}, tmp_path / "both.safetensors")
    save_file({"only": dots.half()}, tmp_path / "one.safetensors")
    by_name, layer = shown(target, f"0:@{tmp_path / 'both.safetensors'}#dots")
    np.testing.assert_allclose(by_name, projected(layer, dots / dots.norm()), atol=1e-5)
    alone, _ = shown(target, f"0:@{tmp_path / 'one.safetensors'}")
    np.testing.assert_allclose(alone, by_name, atol=5e-3)


@pytest.mark.parametrize("names", [("W_enc", "b_enc", "b_dec"), ("encoder.weight", "encoder.bias", "decoder.bias")])
@pytest.mark.parametrize("square", [False, True])
def test_a_latent_is_the_rectified_encoder_with_both_biases(
    names: tuple[str, str, str], square: bool, target: ModuleTarget, tmp_path: Path
) -> None:
    """Also where there are as many latents as units: then the names say which axis is which."""
    latents = UNITS if square else LATENTS
    encoder, bias, decoder_bias = numbers(latents, UNITS), numbers(latents, seed=2), numbers(UNITS, seed=3)
    stored = encoder.T.contiguous() if names[0] == "W_enc" else encoder
    decoder = numbers(latents, UNITS, seed=4)
    parts = {names[0]: stored, names[1]: bias, names[2]: decoder_bias, "W_dec": decoder}
    save_file(parts, tmp_path / "sae.safetensors")
    for index in (0, latents - 1):
        found, layer = shown(target, f"0:@{tmp_path / 'sae.safetensors'}#{index}")
        centred = layer - decoder_bias.numpy()[None, :, None, None]
        before = projected(centred, encoder[index]) + float(bias[index])
        np.testing.assert_allclose(found, np.maximum(before, 0), atol=1e-5)
    assert (found >= 0).all()


def test_a_threshold_and_the_settings_beside_the_weights_count(target: ModuleTarget, tmp_path: Path) -> None:
    encoder, bias, decoder_bias = numbers(LATENTS, UNITS), numbers(LATENTS, seed=2), numbers(UNITS, seed=3)
    parts = {"W_enc": encoder.T.contiguous(), "b_enc": bias, "b_dec": decoder_bias, "threshold": torch.full((LATENTS,), 1.1)}
    save_file(parts, tmp_path / "sae_weights.safetensors")
    (tmp_path / "cfg.json").write_text(json.dumps({"architecture": "jumprelu", "apply_b_dec_to_input": False}))
    found, layer = shown(target, f"0:@{tmp_path / 'sae_weights.safetensors'}#4")
    before = projected(layer, encoder[4]) + float(bias[4])
    np.testing.assert_allclose(found, np.where(before > 1.1, before, 0), atol=1e-5)
    assert 0 < (found == 0).mean() < 1


def test_what_a_unit_is_kept_under_changes_with_every_number(target: ModuleTarget, tmp_path: Path) -> None:
    encoder = numbers(UNITS, LATENTS)
    keys = set()
    for number, change in enumerate(({}, {"b_enc": torch.ones(LATENTS)}, {"threshold": torch.ones(LATENTS)})):
        save_file({"W_enc": encoder, **change}, tmp_path / f"{number}.safetensors")
        keys |= {target.unit(f"0:@{tmp_path / f'{number}.safetensors'}#{index}").key for index in (0, 1)}
        (tmp_path / "copy.safetensors").write_bytes((tmp_path / f"{number}.safetensors").read_bytes())
        assert target.unit(f"0:@{tmp_path / 'copy.safetensors'}#1").key in keys  # by its numbers, wherever they lie
    assert len(keys) == 6


@pytest.mark.parametrize(("tensors", "which", "says"), [
    ({"a": (LATENTS, UNITS)}, "", r"holds directions 0 to 8, and all of them is none: write it\.safetensors#INDEX"),
    ({"a": (LATENTS, UNITS)}, "#9", r"holds directions 0 to 8, and '9' is none"),
    ({"W_enc": (UNITS, LATENTS)}, "#x", r"holds latents 0 to 8, and 'x' is none"),
    ({"a": (LATENTS, 5)}, "#0", r"'a' in .* is 9x5; layer '0' wants 6 numbers a direction"),
    ({"a": (UNITS,), "b": (UNITS,)}, "#c", r"holds no vector 'c': .*nearest: 'a' or 'b'"),
    ({"a": (UNITS,), "b": (UNITS,)}, "", r"holds 2 tensors: write it\.safetensors#NAME"),
    ({"a": (5,)}, "", r"holds 5 numbers of length 2.*; layer '0' wants 6"),
    ({"W_enc": (UNITS, LATENTS), "k": (1,)}, "#0", "is a top-k autoencoder"),
])  # fmt: skip
def test_a_file_or_name_that_does_not_fit_is_one_line(
    tensors: dict[str, tuple[int, ...]], which: str, says: str, target: ModuleTarget, tmp_path: Path
) -> None:
    save_file({name: torch.ones(shape) for name, shape in tensors.items()}, tmp_path / "it.safetensors")
    with pytest.raises(BadInput, match=says) as caught:
        target.unit(f"0:@{tmp_path / 'it.safetensors'}{which}")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_one_is_one_line(target: ModuleTarget, tmp_path: Path) -> None:
    (tmp_path / "it.safetensors").write_bytes(b"not safetensors")
    with pytest.raises(BadInput, match="is not a safetensors file"):
        target.unit(f"0:@{tmp_path / 'it.safetensors'}#3")
    with pytest.raises(BadInput, match=r"no direction file 'nowhere\.safetensors'"):
        target.unit("0:@nowhere.safetensors#3")
    save_file({"W_enc": torch.ones(UNITS, LATENTS)}, tmp_path / "sae.safetensors")
    (tmp_path / "cfg.json").write_text('{"normalize_activations": "layer_norm"}')
    with pytest.raises(BadInput, match=r"scales activations \('layer_norm'\)"):
        target.unit(f"0:@{tmp_path / 'sae.safetensors'}#3")
