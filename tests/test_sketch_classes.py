"""The table of ImageNet classes for drawn nouns, and its kept result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lettvin.benchmarks.sketch_classes import CLASSES, RESULTS, agreement, classes, cut_out, drawn
from lettvin.targets.loaders import load_target
from lettvin.tools.sketch.vocabulary import NOUNS


def test_classes_are_of_drawn_nouns_and_exist() -> None:
    assert set(CLASSES) <= set(NOUNS)
    for noun in CLASSES:
        assert classes(noun)
        assert all(0 <= index < 1000 for index in classes(noun))
    assert classes("giraffe") == frozenset()


def test_agreement_is_the_share_with_a_wanted_class_among_the_top_five() -> None:
    target = load_target("efficientnet-lite0")
    pictures = drawn("umbrella", "plain", range(2))
    assert agreement(target, pictures, frozenset(range(1000))) == 1
    assert agreement(target, pictures, frozenset()) == 0
    assert agreement(target, [], classes("umbrella")) is None
    assert cut_out("no such noun", [0]) == []


def test_the_kept_result_is_of_this_table() -> None:
    kept = json.loads((Path(RESULTS) / "sketch_classes.json").read_text())
    assert set(kept["nouns"]) == set(CLASSES)
    shares = [row["plain"] for row in kept["nouns"].values()]
    assert kept["figures"]["plain_top5_agreement"] == pytest.approx(sum(shares) / len(shares), abs=1e-3)
