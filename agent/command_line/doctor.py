"""What is installed here, which device computes, what is cached, and that no network is needed: for `lettvin doctor`.

Covered: facts, one a line, each found out and none assumed; a fact that cannot be found out says why. Not covered:
repairing anything.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Callable, Collection, Iterator
from importlib import metadata
from pathlib import Path

from ... import __version__
from ...targets.errors import BadInput, DiskFull


def facts() -> Iterator[tuple[str, str]]:
    """(name, fact) pairs in reading order. Never raises for what is missing or broken: the fact says so."""
    yield "lettvin", f"{__version__}, {Path(__file__).resolve().parents[2]}"
    yield "python", f"{platform.python_version()}, {sys.executable}"
    yield "system", f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    yield from packages()
    yield "devices", _or_why(devices)
    yield "targets", _or_why(lambda: ", ".join(_target_names()) + ", and any FILE.py:function")
    yield from plug_ins()
    yield "cache", _or_why(_cache)
    yield "fonts", _or_why(_fonts)
    yield "models", _or_why(models)
    yield "keys", _or_why(keys)
    yield "network", "not needed but by models elsewhere: weights come with a package, pictures are drawn here"


def packages() -> list[tuple[str, str]]:
    """Each package that lettvin requires, and those of its extras that are here, with the installed version."""
    try:
        requirements = metadata.requires("lettvin") or []
    except metadata.PackageNotFoundError:
        return [("packages", "unknown: lettvin is not installed here, only imported")]
    rows: list[tuple[str, str]] = []
    for requirement in requirements:
        match = re.match(r"[A-Za-z0-9._-]+", requirement)
        name = match[0] if match else requirement
        optional = "extra ==" in requirement
        try:
            rows.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            if not optional:
                rows.append((name, "MISSING: run 'make ask', or pip install it"))
    return list(dict.fromkeys(rows))


def devices() -> str:
    """What torch can compute on here, the one that `--device auto` takes first."""
    import torch

    cards = [f"cuda:{i} {torch.cuda.get_device_name(i)}" for i in range(torch.cuda.device_count())]
    return ", ".join([*cards, f"cpu, {torch.get_num_threads()} threads"])


def models() -> str:
    """Which language models can be reached: by what is installed, and by the address that is set."""
    from ..backbones.endpoint import base_url_of
    from ..backbones.model_settings import ModelSettings

    endpoint = f"openai:MODEL at {base_url_of(ModelSettings())} unless --base-url says otherwise"
    try:
        local = f"local:MODEL_OR_DIR by transformers {metadata.version('transformers')}"
    except metadata.PackageNotFoundError:
        local = "local:MODEL_OR_DIR not: pip install 'lettvin[local]'"
    return f"{endpoint}; {local}; replay:RUN"


def keys() -> str:
    """Which keys of endpoints are in the environment; never the keys."""
    from ..backbones.dialects import DIALECTS

    names = dict.fromkeys(dialect.key for dialect in DIALECTS.values())
    return ", ".join(f"{name} is {'set' if os.environ.get(name, '').strip() else 'not set'}" for name in names)


def plug_ins() -> list[tuple[str, str]]:
    """Every installed plug-in: who brings it, and whether it loads. Its code is imported to find that out."""
    from ...targets import loaders, plug_ins
    from ...tools import instrument
    from .. import by_name

    ours: dict[plug_ins.Kind, Collection[str]] = {
        "target": loaders.built_in(),
        "tool": instrument.OURS,
        "generator": by_name.GENERATORS,
        "editor": by_name.EDITORS,
        "describer": by_name.DESCRIBERS,
        "detector": (),
        "backbone": by_name.BACKBONES,
    }
    rows: list[tuple[str, str]] = []
    for kind, names in ours.items():
        for plug_in in plug_ins.installed(kind, names):
            trouble = plug_in.refused
            if trouble is None:
                try:
                    (instrument.loaded if kind == "tool" else plug_ins.load)(plug_in)
                except BadInput as error:
                    trouble = str(error).removeprefix(f"{plug_in} ")
            if plug_in.distribution == plug_ins.OWN and trouble is None:
                continue
            fact = f"{plug_in.name}, of {plug_in.origin} ({plug_in.value})"
            rows.append((kind, fact if trouble is None else f"{fact}: LEFT OUT: {trouble}"))
    return rows or [("plug-ins", "none is installed")]


def _target_names() -> tuple[str, ...]:
    from ...targets.loaders import target_names

    return target_names()


def _fonts() -> str:
    from PIL import features

    if not features.check("freetype2"):
        return "MISSING: this Pillow was built without FreeType, and contact sheets need it"
    return f"Pillow's own, by FreeType {features.version('freetype2')}; no installed font is needed"


def _cache() -> str:
    from ...tools.cache_report import cache_line
    from ...tools.store import cache_folder

    return cache_line(cache_folder())


def _or_why(find: Callable[[], str]) -> str:
    try:
        return find()
    except (BadInput, DiskFull, ImportError, OSError, RuntimeError) as error:
        return f"unknown: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
