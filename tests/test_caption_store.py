"""Captions are kept: what a describer said of a picture is not asked again, by whichever process, and never another's."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from lettvin.targets.errors import ToolError
from lettvin.targets.picture import FromData, Picture
from lettvin.tools.cache_report import cache_report
from lettvin.tools.caption_store import SAID, Remembering, remembering
from lettvin.tools.eviction import clear


class Mean:
    """Says how bright a picture or a region of it is, and remembers how many it was shown."""

    def __init__(self, key: str = "mean 1") -> None:
        self.name, self.key = "mean", key
        self.shown: list[int] = []

    def describe(self, picture: Picture, region: np.ndarray | None = None) -> str:
        return self.describe_many([picture], [region])[0]

    def describe_many(self, pictures: Sequence[Picture], regions: Sequence[np.ndarray | None]) -> list[str]:
        self.shown.append(len(pictures))
        if any(picture.pixels.max() == 0 for picture in pictures):
            raise ToolError("mean said nothing of a black picture")
        seen = [p.pixels if r is None else p.pixels[r] for p, r in zip(pictures, regions, strict=True)]
        return [f"“{pixels.mean():.3f}”, by {self.key}" for pixels in seen]


def photograph(seed: int) -> Picture:
    return Picture.of(np.random.default_rng(seed).integers(1, 256, (8, 10, 3), np.uint8), FromData("photographs", seed))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LETTVIN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def corner() -> np.ndarray:
    where = np.zeros((8, 10), bool)
    where[:3, :4] = True
    return where


def said_file(cache: Path) -> Path:
    (file,) = (cache / "captions").glob(f"*/{SAID}")
    return file


def test_a_picture_is_looked_at_once_by_all_who_ask(cache: Path) -> None:
    pictures = [photograph(seed) for seed in range(5)]
    first, later = Mean(), Mean()
    said = Remembering(first).describe_many([*pictures[:3], pictures[0]], [None] * 4)
    assert said == [*Mean().describe_many(pictures[:3], [None] * 3), said[0]]
    assert first.shown == [3], "what is asked twice at once is looked at once"
    again = Remembering(later)
    assert again.describe_many(pictures, [None] * 5) == Mean().describe_many(pictures, [None] * 5)
    assert later.shown == [2]
    assert again.describe(pictures[4]) == Mean().describe(pictures[4])
    assert later.shown == [2]


def test_a_region_is_another_thing_to_describe(cache: Path) -> None:
    inner, picture, other = Mean(), photograph(1), corner()
    other[5, 5] = True
    made = Remembering(inner)
    said = made.describe_many([picture] * 3, [None, corner(), other])
    assert said == Mean().describe_many([picture] * 3, [None, corner(), other])
    assert len(set(said)) == 3
    assert Remembering(inner).describe_many([picture] * 3, [other, None, corner()]) == [said[2], said[0], said[1]]
    assert inner.shown == [3]


def test_another_key_says_its_own_words(cache: Path) -> None:
    one, other = Mean("mean 1"), Mean("mean 2")
    said = [Remembering(mean).describe(photograph(1)) for mean in (one, other)]
    assert said[0] != said[1]
    assert (one.shown, other.shown) == ([1], [1])
    assert cache_report(cache).kinds["captions"].entries == 2


def test_what_is_torn_or_changed_on_disk_is_said_anew(cache: Path) -> None:
    pictures = [photograph(seed) for seed in range(4)]
    expected = Remembering(Mean()).describe_many(pictures, [None] * 4)
    file = said_file(cache)
    lines = file.read_bytes().splitlines()
    rows = [json.loads(line) for line in lines if line]
    rows[1][1] = "a lie"
    torn = json.dumps(rows[3])[:-25]
    file.write_text("\n".join([json.dumps(rows[0]), json.dumps(rows[1]), "[1, 2]", "7", json.dumps(rows[2]), torn]))
    inner = Mean()
    assert Remembering(inner).describe_many(pictures, [None] * 4) == expected
    assert inner.shown == [2]
    last = Mean()
    assert Remembering(last).describe_many(pictures, [None] * 4) == expected
    assert last.shown == [], "what was written after the torn line is whole"


def test_a_describer_that_fails_leaves_nothing_behind(cache: Path) -> None:
    black = Picture.of(np.zeros((4, 4, 3), np.uint8), FromData("photographs", 9))
    made = Remembering(Mean())
    with pytest.raises(ToolError, match="said nothing"):
        made.describe_many([photograph(1), black], [None, None])
    assert made.describe(photograph(1)) == Mean().describe(photograph(1))


def test_one_without_a_key_is_left_as_it_is() -> None:
    class Plain(Mean):
        def __init__(self) -> None:
            super().__init__()
            del self.key

    plain, keyed = Plain(), Mean()
    assert remembering(plain) is plain
    assert isinstance(remembering(keyed), Remembering)


OTHER = """
import sys
from lettvin.tests.test_caption_store import Mean, Remembering, photograph
mean = Mean()
print(Remembering(mean).describe_many([photograph(seed) for seed in range(int(sys.argv[1]))], [None] * int(sys.argv[1])))
print(mean.shown)
"""


def test_another_process_reads_what_this_one_said_and_eviction_leaves_what_is_in_use(cache: Path) -> None:
    made = Remembering(Mean())
    expected = made.describe_many([photograph(seed) for seed in range(3)], [None] * 3)
    done = subprocess.run([sys.executable, "-c", OTHER, "3"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [str(expected), "[]"]
    assert clear(cache).held > 0
    assert said_file(cache).is_file()
    del made
    clear(cache)
    assert not list((cache / "captions").glob(f"*/{SAID}"))
