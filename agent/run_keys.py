"""What a run rests on, so that one that is resumed can tell whether it still stands on the same.

Covered: versions, digests of the target, the data and lettvin's own code, and what has changed between two of them, in
words. Not covered: the events themselves, which are compared one by one as the run happens again (`run_folder.py`).
"""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..targets.errors import BadInput
from ..targets.target import Unit
from ..tools.sources.cutouts import CutoutSource
from ..tools.sources.source import Source
from .transcript import Started

PACKAGES = ("lettvin", "torch", "numpy", "scipy", "pydantic-monty")
ROOMS = ("agent", "synthetic_neurons", "targets", "tools")


def versions() -> dict[str, str]:
    """Python's version, and those of the packages that decide a run's numbers."""
    return {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}


def keys(unit: Unit, source: Source) -> dict[str, str]:
    """Digests, in hex, of the target, the data, and lettvin's code; and of the cut-outs, where the data hold them."""
    cutouts = {"cutouts": source.words.key} if isinstance(source, CutoutSource) else {}
    return {"target": unit.target.key, "data": source.key, "code": code_key()} | cutouts


@cache
def code_key() -> str:
    """sha256, in hex, of lettvin's own source and prompts as they lie on disk."""
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    sources = [path for room in ROOMS for path in (root / room).rglob("*.py")]
    for path in sorted([*sources, *(root / "prompts").glob("*.md")]):
        digest.update(f"\0{path.relative_to(root).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def check_same(begun: Started, now: Started) -> None:
    """Whether the run that was begun can be gone on with. Raises `BadInput` where its network or its data are others now."""
    changed = {name for name in begun.keys | now.keys if begun.keys.get(name) != now.keys.get(name)}
    if "target" in changed:
        raise BadInput(
            f"{begun.target!r} is not the network that this run asked: its weights, its preprocessing or its code have "
            "changed since; ask again"
        )
    if "data" in changed:
        raise BadInput(f"the data {begun.data!r} are not those that this run looked at: they have changed since; ask again")
    for name in sorted(changed - {"code"}):
        raise BadInput(f"the {name} of the data {begun.data!r} are not those that this run drew with; ask again")


def changes(begun: Started, now: Started) -> list[str]:
    """What else is not as it was when the run was begun, one phrase each."""
    found = [
        f"{name} was {before} and is {now.versions.get(name, 'gone')}"
        for name, before in begun.versions.items()
        if now.versions.get(name) != before
    ]
    if begun.keys.get("code") != now.keys.get("code"):
        found.append("lettvin's own code has changed")
    before_, after = begun.settings.get("plug_ins", []), now.settings.get("plug_ins", [])
    names = dict.fromkeys(str(record["name"]) for record in [*before_, *after])
    for name in names:
        one, other = ([record for record in records if record["name"] == name] for records in (before_, after))
        if one != other:
            found.append(f"the plug-in {name!r} has changed" if one and other else f"the plug-in {name!r} was not in both")
    return found


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
