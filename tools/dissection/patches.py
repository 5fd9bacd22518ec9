"""What a layer's units see of the input, kept beside the dissection: finding it takes a backward pass, reading it none.

Covered: one small file a dissection, sealed with its hash; what is broken or of another network is found anew. Not covered:
how the patch is found (`targets/patch.py`).
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from ...targets.errors import DiskFull
from ...targets.target import Target
from ..broken_entries import Broken
from ..writing import write_whole
from .digests import sealed, unsealed

NAME = "patches.json"


def patch_of(folder: Path, target: Target, layer: str) -> tuple[int, int] | None:
    """`target.patch(layer)`, read from `folder` where it was written there for this network."""
    known = _read(folder, target)
    if layer not in known:
        found = target.patch(layer)
        known[layer] = None if found is None else [int(side) for side in found]
        about = sealed({"target": target.key, "patches": known})
        with suppress(OSError, DiskFull):  # the next run finds it again
            write_whole(folder / NAME, json.dumps(about).encode())
    kept = known[layer]
    return None if kept is None else (kept[0], kept[1])


def _read(folder: Path, target: Target) -> dict[str, list[int] | None]:
    try:
        about = unsealed((folder / NAME).read_text(errors="replace"), NAME)
    except (OSError, Broken):
        return {}
    return dict(about["patches"]) if about["target"] == target.key else {}
