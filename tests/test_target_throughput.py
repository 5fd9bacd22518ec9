"""The benchmark of target families measures what it says, on a tiny network."""

from __future__ import annotations

from pathlib import Path

import pytest

from lettvin.benchmarks import target_throughput
from lettvin.benchmarks.throughput import drawn_pictures
from lettvin.targets.hugging_face import load_hugging_face
from lettvin.tests.tiny_networks import tiny_network


def test_a_family_s_figures_are_ratios_within_one_run(tmp_path: Path) -> None:
    folder = tiny_network(tmp_path / "vit", "vit")
    target, pictures = load_hugging_face(f"hf:{folder}", "cpu"), drawn_pictures(8)
    figures = target_throughput.measured(target, target, pictures, pairs=2)
    assert figures["layers"] == len(target.default_layers)
    assert figures["units"] == 16 * 3 + 5
    assert figures["bfloat16_top15"] == 1.0  # a network agrees with itself
    assert 0 < figures["dissect_over_bare"] < 2, "dissecting does all that the bare forward does, and more"
    assert len(figures["dissect_over_bare_each"]) == 2
    half = load_hugging_face(f"hf:{folder}+bfloat16", "cpu")
    assert 0.3 < target_throughput._overlap(target, half, pictures) <= 1


@pytest.mark.parametrize("family", ["resnet-18"])
def test_a_family_is_saved_as_a_user_would_load_it(family: str, tmp_path: Path) -> None:
    target_throughput.save_untrained(family, tmp_path)
    target = load_hugging_face(f"hf:{tmp_path}", "cpu")
    assert target.layer("classifier").units == 1000
    assert target.sight(224, 224).side == (224, 224)
