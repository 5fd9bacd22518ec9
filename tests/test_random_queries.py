"""Random queries: pictures that were not made for the question, each asked once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lettvin.benchmarks.synthetic.random_queries import POOL, RandomQueries
from lettvin.targets.errors import BadInput
from lettvin.targets.picture import Picture
from lettvin.tools.sketch.concept import holds, parse
from lettvin.tools.store import Store


def true(formula: str, picture: Picture) -> bool:
    assert picture.scene is not None
    return holds(parse(formula), picture.scene)


def test_what_is_given_is_what_was_asked_for_and_is_given_once(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    with Store(tmp_path) as store:
        generator = RandomQueries(store)
        dogs = generator.examples(parse("dog"), 5, rng) + generator.examples(parse("dog"), 5, rng)
        none = generator.near_miss(parse("dog"), dogs[0], rng)
        apart = generator.disagreements(parse("red"), parse("striped"), 8, rng)
        assert none is not None
        assert all(true("dog", picture) for picture in dogs)
        assert not true("dog", none)
        assert all(true("red", picture) != true("striped", picture) for picture in apart)
        shown = [picture.id for picture in (*dogs, none, *apart)]
        assert len(shown) == len(set(shown))


def test_the_pool_runs_out(tmp_path: Path) -> None:
    """No rejection until something rare turns up: that would be a design."""
    with Store(tmp_path) as store:
        generator = RandomQueries(store)
        found = generator.examples(parse("red dog left of cat"), 50, np.random.default_rng(0))
        assert len(found) < 10
        assert len(generator._pool) == POOL


def test_nothing_is_made_to_order(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        generator = RandomQueries(store)
        (picture,) = generator.examples(parse("dog"), 1, np.random.default_rng(0))
        for order in (
            lambda: generator.draw("a dog", 0),
            lambda: generator.edit(picture, "colour", "red"),
            lambda: generator.edit_words(picture, "remove the dog"),
        ):
            with pytest.raises(BadInput):
                order()
