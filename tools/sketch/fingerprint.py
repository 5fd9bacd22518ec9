"""The version of the drawn world: a digest that changes whenever a scene might be mixed or painted otherwise."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import PIL

# No pixel depends on these, by the beginnings of their names.
_WORDS_ONLY = ("caption", "concept", "coverage", "cutout", "edit", "fingerprint", "prompt", "sheet", "wanted")


def _digest() -> str:
    digest = hashlib.sha256(f"numpy {np.__version__} pillow {PIL.__version__}".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if not path.stem.startswith(_WORDS_ONLY):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


KEY: str = _digest()
"""sha256, in hex, of what decides what a random scene holds and how it is painted: source files, numpy and Pillow."""
