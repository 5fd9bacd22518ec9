"""The table of ImageNet classes for drawn nouns, and its kept result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lettvin.benchmarks.sketch_classes import CLASSES, RESULTS, agreement, chance, classes, cut_out, drawn, top_five
from lettvin.targets.loaders import load_target
from lettvin.tools.sketch.vocabulary import COLOURS, NATURAL, NOUNS


def test_classes_are_of_drawn_nouns_and_exist() -> None:
    assert set(CLASSES) <= set(NOUNS)
    for noun in CLASSES:
        assert classes(noun)
        assert all(0 <= index < 1000 for index in classes(noun))
    assert classes("giraffe") == frozenset()


def test_agreement_is_the_share_with_a_wanted_class_among_the_top_five() -> None:
    seen = top_five(load_target("efficientnet-lite0"), drawn("umbrella", "plain", range(2)))
    assert [len(five) for five in seen] == [5, 5]
    assert agreement(seen, frozenset(range(1000))) == 1
    assert agreement(seen, frozenset()) == 0
    assert agreement(seen, next(iter(seen)) - seen[1]) in (0.0, 0.5)
    assert agreement([], classes("umbrella")) is None
    assert cut_out("no such noun", [0]) == []


def test_chance_is_the_agreement_with_the_other_nouns() -> None:
    owl, pig = classes("owl"), classes("pig")
    assert chance({"owl": [owl, owl], "pig": [pig, pig]}) == 0
    assert chance({"owl": [pig, pig], "pig": [pig, pig]}) == 0.5
    assert chance({"owl": [owl]}) is None


def test_natural_colours_are_colours_of_drawn_nouns() -> None:
    assert set(NATURAL) <= set(NOUNS)
    assert all(own and set(own) <= set(COLOURS) for own in NATURAL.values())


def test_the_kept_result_is_of_this_table() -> None:
    kept = json.loads((Path(RESULTS) / "sketch_classes.json").read_text())
    assert set(kept["nouns"]) == set(CLASSES)
    shares = [row["plain"] for row in kept["nouns"].values()]
    assert kept["figures"]["plain_top5_agreement"] == pytest.approx(sum(shares) / len(shares), abs=1e-3)
