"""A network on record: the same numbers as the network, loaded only to be shown a picture, and never another network's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lettvin.agent import known_target
from lettvin.agent.known_target import KnownTarget, open_target
from lettvin.targets.errors import BadInput, TargetFailed
from lettvin.targets.loaders import load_target
from lettvin.targets.module import ModuleTarget
from lettvin.targets.patch import noise_pictures

NAME = "efficientnet-lite0-random@5"


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KnownTarget:
    """The second opening, in a cache of its own."""
    monkeypatch.setenv("LETTVIN_CACHE", str(tmp_path))
    assert isinstance(open_target(NAME, "cpu"), ModuleTarget)
    found = open_target(NAME, "cpu")
    assert isinstance(found, KnownTarget)
    return found


def test_it_is_the_network_in_every_word_and_number(known: KnownTarget) -> None:
    network = load_target(NAME, "cpu")
    assert isinstance(network, ModuleTarget)
    assert (known.name, known.key, known.layers, known.default_layers, known.device) == (
        network.name, network.key, network.layers, network.default_layers, str(network.device),
    )  # fmt: skip
    assert known.layer("_blocks.3._project_conv") == network.layer("_blocks.3._project_conv")
    assert known.sight(300, 500) == network.sight(300, 500)
    assert known.patch("_blocks.4") == network.patch("_blocks.4")
    pictures = noise_pictures(3, 224, seed=2)
    unit = "_blocks.4:7"
    for mine, theirs in zip(known.maps(pictures, known.unit(unit)), network.maps(pictures, network.unit(unit)), strict=True):
        assert (mine == theirs).all()


def test_an_unknown_layer_or_unit_is_refused_as_ever(known: KnownTarget) -> None:
    with pytest.raises(BadInput, match=r"nearest: '_blocks\.1'"):
        known.unit("_block.1:0")
    with pytest.raises(BadInput, match="units 0 to"):
        known.unit("_fc:1000")


def test_opening_and_naming_a_unit_loads_nothing(known: KnownTarget) -> None:
    code = (
        "import sys; from lettvin.agent.known_target import open_target; "
        f"t = open_target({NAME!r}, 'cpu'); t.unit('_blocks.4:19'); t.sight(224, 224); print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_a_network_that_is_not_the_one_on_record_is_not_shown_a_picture(known: KnownTarget) -> None:
    known.key = "0" * 64
    with pytest.raises(TargetFailed, match="not the network on record"):
        known.maps(noise_pictures(1, 224), known.unit("_blocks.0:0"))


@pytest.mark.parametrize("damage", ["cut", "changed", "empty"])
def test_a_broken_record_is_written_anew(known: KnownTarget, tmp_path: Path, damage: str) -> None:
    (path,) = (tmp_path / "targets").glob("*.json")
    whole = path.read_text()
    path.write_text({"cut": whole[:-9], "changed": whole.replace('"units": 24', '"units": 25'), "empty": ""}[damage])
    assert isinstance(open_target(NAME, "cpu"), ModuleTarget)
    assert path.read_text() == whole
    assert json.loads(whole.partition("\n")[2])["key"] == known.key


def test_what_the_record_rests_on_is_looked_at(known: KnownTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version of a package, another device asked for, other devices there: another record."""
    for change in (
        lambda: monkeypatch.setattr(known_target, "version", lambda package: "0.0"),
        lambda: monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3"),
    ):
        with monkeypatch.context():
            change()
            assert isinstance(open_target(NAME, "cpu"), ModuleTarget)
    assert isinstance(open_target(NAME, "auto"), ModuleTarget)


def test_a_users_own_network_is_loaded_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LETTVIN_CACHE", str(tmp_path))
    with pytest.raises(BadInput, match=r"no file .nowhere\.py."):
        open_target("nowhere.py:net")
    with pytest.raises(BadInput, match="unknown target"):
        open_target("efficientnet-lite7")
