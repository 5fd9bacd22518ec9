"""The instrument `exceptions`: where a concept fails to say whether the unit fires, on pictures that may be explored."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from lettvin.tests.scene_runs import lab
from lettvin.tools.exceptions import exceptions
from lettvin.tools.instrument import ToolError, catalogue
from lettvin.tools.lab import Lab
from lettvin.tools.sketch.concept import parse
from lettvin.tools.store import Store, cache_folder

BAR = 0.6  # of a neuron that rests at .2 and answers 1.2: half-way and less


@pytest.fixture(scope="module")
def fish() -> Iterator[Lab]:
    """The lab of the unit that fires for "dog or fish"."""
    with Store(cache_folder()) as store:
        yield lab("dog or fish", store)


def test_the_truth_has_no_exceptions(fish: Lab) -> None:
    found = exceptions(fish, bar=BAR, concept="dog or fish")
    assert (found.misses, found.silences, found.missed, found.silent) == (0, 0, [], [])
    assert found.true == int(fish.corpus.truths(parse("dog or fish"))[fish.open].sum())


def test_half_the_truth_misses_what_the_other_half_fires_for(fish: Lab) -> None:
    found = exceptions(fish, bar=BAR, concept="dog", k=50)
    assert found.misses == len(found.missed) > 0
    assert all(any("fish" in thing for thing in one.things) for one in found.missed)
    assert [one.peak for one in found.missed] == sorted((one.peak for one in found.missed), reverse=True)
    assert found.silences == 0


def test_too_wide_a_concept_is_true_of_silent_pictures(fish: Lab) -> None:
    found = exceptions(fish, bar=BAR, concept="dog or fish or on snow", k=50)
    assert found.misses == 0
    assert found.silences == len(found.silent) > 0
    assert all("on snow" in one.others for one in found.silent)


def test_with_nothing_explained_all_that_fires_is_an_exception(fish: Lab) -> None:
    found = exceptions(fish, bar=BAR)
    assert found.true == found.silences == 0
    assert found.misses == int((fish.peaks[fish.open] >= BAR).sum())


def test_no_picture_held_back_is_ever_shown(fish: Lab) -> None:
    found = exceptions(fish, bar=-np.inf, k=50)
    assert found.misses == found.pictures == len(fish.open)
    assert not {one.index for one in found.missed} & {int(i) for i in fish.held_back}


def test_what_a_picture_shows_reads_back_as_true_of_it(fish: Lab) -> None:
    for one in exceptions(fish, bar=BAR).missed:
        about = fish.corpus.abouts[one.index]
        assert all(fish.holds(parse(part), about) for part in (*one.things, *one.others))
        assert about.scene is not None
        assert len(one.things) == len(about.scene.things)


@pytest.mark.parametrize(("arguments", "said"), [({"k": 0}, "k must be 1 to 50"), ({"concept": "dgo"}, "nearest: 'dog'")])
def test_a_mistaken_call_is_told_in_one_line(fish: Lab, arguments: dict[str, object], said: str) -> None:
    with pytest.raises(ToolError, match=said) as error:
        catalogue()["exceptions"].call(fish, {"bar": BAR, **arguments})
    assert "\n" not in str(error.value)
