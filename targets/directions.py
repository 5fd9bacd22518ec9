"""Units that are directions in a layer's activations, out of safetensors files: single vectors, dictionaries, SAE latents.

Covered: a file with one vector; several vectors by name; a dictionary (a matrix with one direction a row or a column) by
index; the latents of a sparse autoencoder with ReLU or JumpReLU, under the names that SAELens and torch modules give their
tensors, with `cfg.json` beside them read where there is one. Only the one row that is asked for is read. Not covered: top-k
autoencoders, whose latents depend on all the others, and those that scale activations by what they saw in training.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import BadInput, nearest, one_line

if TYPE_CHECKING:
    from .target import Layer

# names of one part of an autoencoder: SAELens', and those of torch modules
ENCODERS = {"W_enc": "columns", "encoder.weight": "rows", "enc.weight": "rows"}
ENCODER_BIASES = ("b_enc", "encoder.bias", "enc.bias")
DECODER_BIASES = ("b_dec", "decoder.bias", "dec.bias", "pre_bias")
THRESHOLD = "threshold"


@dataclass(frozen=True, slots=True)
class Direction:
    """``weights . x + offset`` at each position, `x` the layer's units; 0 where that is not above `threshold`, if any."""

    weights: tuple[float, ...]
    offset: float = 0.0
    threshold: float | None = None


def read_direction(which: str, layer: Layer) -> Direction:
    """The direction that ``FILE.safetensors[#INDEX_OR_NAME]`` names in a layer; vectors and rows scaled to length 1.

    Raises `BadInput` where the file, the name or the sizes are not that.
    """
    from safetensors import SafetensorError, safe_open

    path, hash_, name = Path(which), "", ""
    if not path.is_file() and "#" in which:
        text, hash_, name = which.rpartition("#")
        path = Path(text)
    if not path.expanduser().is_file():
        raise BadInput(f"no direction file {str(path)!r}")
    try:
        with safe_open(path.expanduser(), framework="pt") as file:
            return _found(file, path, name if hash_ else None, layer)
    except (SafetensorError, OSError) as error:
        raise BadInput(f"{str(path)!r} is not a safetensors file: {one_line(error)}") from None


def _found(file: Any, path: Path, name: str | None, layer: Layer) -> Direction:
    shapes = {key: tuple(file.get_slice(key).get_shape()) for key in sorted(file.keys())}
    encoder = next((key for key in ENCODERS if len(shapes.get(key, ())) == 2), None)
    matrices = [key for key, shape in shapes.items() if len(shape) == 2 and min(shape) > 1]
    if name in shapes and name != encoder and name not in matrices:
        return _unit(file.get_tensor(name), path, layer)
    if name is None and len(shapes) == 1 and not matrices:
        return _unit(file.get_tensor(next(iter(shapes))), path, layer)
    if encoder is None and len(matrices) != 1:
        hint = f"nearest: {nearest(name or '', shapes)}" if shapes else "it is empty"
        asked = f"no vector {name!r}" if name is not None else f"{len(shapes)} tensors"
        raise BadInput(f"{str(path)!r} holds {asked}: write {path.name}#NAME with the name of one vector; {hint}")
    table = encoder or matrices[0]
    rows = _along_rows(shapes[table], ENCODERS.get(table, "rows"), path, table, layer)
    count = shapes[table][0 if rows else 1]
    if name is None or not name.isdecimal() or int(name) >= count:
        asked = "all of them" if name is None else repr(name)
        what = "latents" if encoder else "directions"
        raise BadInput(f"{str(path)!r} holds {what} 0 to {count - 1}, and {asked} is none: write {path.name}#INDEX")
    index = int(name)
    part = file.get_slice(table)
    weights = (part[index] if rows else part[:, index]).double().numpy()
    if encoder is None:
        return _scaled(weights, path, layer)
    return _latent(file, shapes, path, weights, index, count, layer)


def _latent(
    file: Any, shapes: dict[str, tuple[int, ...]], path: Path, weights: np.ndarray, index: int, count: int, layer: Layer
) -> Direction:
    """Latent `index` of an autoencoder: its encoder's row, with the biases of encoder and decoder in one offset."""
    settings = _settings(path)
    kind = str(settings.get("architecture") or settings.get("activation_fn") or settings.get("activation_fn_str") or "")
    if "topk" in kind.replace("-", "").replace("_", "").lower() or "k" in shapes:
        raise BadInput(f"{str(path)!r} is a top-k autoencoder: its latents depend on all others, which is not read here")
    if str(settings.get("normalize_activations") or "none") != "none":
        raise BadInput(
            f"{str(path)!r} scales activations ({settings['normalize_activations']!r}): fold that into its weights first"
        )
    offset = 0.0
    for key in ENCODER_BIASES:
        if shapes.get(key) == (count,):
            offset += float(file.get_tensor(key)[index])
    if settings.get("apply_b_dec_to_input", True):
        for key in DECODER_BIASES:
            if shapes.get(key) == (layer.units,):
                offset -= float(weights @ file.get_tensor(key).double().numpy())
    threshold = max(0.0, float(file.get_tensor(THRESHOLD)[index])) if shapes.get(THRESHOLD) == (count,) else 0.0
    if not np.isfinite([*weights, offset, threshold]).all() or not weights.any():
        raise BadInput(f"latent {index} of {str(path)!r} is NaN, infinite or all 0")
    return Direction(tuple(float(value) for value in weights), offset, threshold)


def _settings(path: Path) -> dict[str, Any]:
    """What `cfg.json` beside an autoencoder's weights says of it; nothing where there is none."""
    file = path.expanduser().parent / "cfg.json"
    if not file.is_file():
        return {}
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
        return dict(settings) | dict(settings.get("metadata") or {})
    except (ValueError, TypeError, AttributeError) as error:
        raise BadInput(f"{str(file)!r}, beside an autoencoder's weights, cannot be read: {one_line(error)}") from None


def _along_rows(shape: tuple[int, ...], usual: str, path: Path, table: str, layer: Layer) -> bool:
    """Whether a direction is a row of a table of that shape (else a column). Raises `BadInput` where it is neither."""
    if layer.units not in shape:
        size = "x".join(map(str, shape))
        raise BadInput(f"{table!r} in {str(path)!r} is {size}; layer {layer.name!r} wants {layer.units} numbers a direction")
    return usual == "rows" if shape[0] == shape[1] else shape[1] == layer.units


def _unit(tensor: Any, path: Path, layer: Layer) -> Direction:
    return _scaled(tensor.double().numpy().ravel(), path, layer)


def _scaled(vector: np.ndarray, path: Path, layer: Layer) -> Direction:
    norm = float(np.linalg.norm(vector))
    if vector.size != layer.units or not np.isfinite(norm) or norm == 0:
        raise BadInput(
            f"{str(path)!r} holds {vector.size} numbers of length {norm:g}; layer {layer.name!r} wants {layer.units}, not all 0"
        )
    return Direction(tuple(float(value) for value in vector / norm))
