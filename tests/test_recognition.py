"""The numbered sheet and its score: the reading that the docs show is of the sheet that the docs show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lettvin.benchmarks.recognition import score
from lettvin.targets.errors import BadInput
from lettvin.tools.sketch.sheet import blind_sheet
from lettvin.tools.sketch.vocabulary import NOUNS

DOCS = Path(__file__).resolve().parent.parent / "docs" / "drawn_world"


def test_the_sheet_of_the_docs_can_be_drawn_again_and_its_reading_is_nine_tenths_right(tmp_path: Path) -> None:
    shown = blind_sheet(tmp_path / "sheet.png", 41207)
    assert sorted(shown) == sorted(NOUNS)
    assert shown != list(NOUNS)
    assert score((DOCS / "reading.txt").read_text(), shown)["share"] >= 0.9
    with Image.open(tmp_path / "sheet.png") as anew, Image.open(DOCS / "nouns.png") as kept:
        assert anew.size == kept.size
        change = np.abs(np.asarray(anew.convert("L"), dtype=float) - np.asarray(kept.convert("L"), dtype=float))
    assert change.mean() < 12  # the docs show what is drawn today, but for small changes of painting
    assert (DOCS / "nouns.png").stat().st_size < 600_000


def test_other_seeds_shuffle_otherwise(tmp_path: Path) -> None:
    assert blind_sheet(tmp_path / "a.png", 1, ["dog", "cat", "car", "bus"] * 2) != blind_sheet(
        tmp_path / "a.png", 2, ["dog", "cat", "car", "bus"] * 2
    )


def test_a_misreading_counts() -> None:
    assert score("1 dog\n2 Axe\n", ["dog", "hammer"]) == {
        "cells": 2, "right": 1, "share": 0.5, "misread": {2: ["hammer", "axe"]},
    }  # fmt: skip


@pytest.mark.parametrize("reading", ["1 dog", "1 dog\n1 cat", "1 dog\n2 cat\n3 bus", "dog\ncat"])
def test_a_reading_that_is_not_one_of_every_cell_is_refused(reading: str) -> None:
    with pytest.raises(BadInput):
        score(reading, ["dog", "cat"])
