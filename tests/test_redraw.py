"""The redraw test: what drives a unit comes back in new pictures of the same contents, and luck does not."""

from __future__ import annotations

import numpy as np
import pytest

from lettvin.agent.ledger import ALPHA
from lettvin.agent.redraw_test import _verdict, evenly, redraw_test
from lettvin.agent.transcript import Redrawn
from lettvin.targets.picture import FromData, FromEdit
from lettvin.tests.scene_runs import FIRING, lab, only, study
from lettvin.tools.lab import Lab, Reading
from lettvin.tools.statistics import rank_permutation_p, superiority
from lettvin.tools.store import Store, cache_folder


def peaks(readings: list[Reading]) -> np.ndarray:
    return np.array([reading.peak for reading in readings])


@pytest.mark.parametrize("behaviour", FIRING)
def test_whatever_fires_for_its_contents_is_seen_to_be_driven(behaviour: str) -> None:
    _, events = study(behaviour)
    control = only(Redrawn, events)
    assert control.driven
    assert control.p <= ALPHA
    assert control.way == "redraw"


def test_noise_is_not_driven_although_its_top_pictures_are_extreme() -> None:
    """The top of 240 draws of noise lies far out; the same scenes drawn anew do not."""
    _, events = study("noise")
    control = only(Redrawn, events)
    assert superiority(peaks(control.top), peaks(control.random)) > 0.95
    assert superiority(peaks(control.chosen), peaks(control.random)) < 0.8
    assert not control.driven


def test_what_is_tested_was_not_what_was_selected_by() -> None:
    """Redraws choose the best quarter of the top scenes; fresh draws of it are then tested: three sets, no overlap."""
    _, events = study("red")
    control = only(Redrawn, events)
    parts = [control.top, control.chosen, control.fresh, control.ordinary, control.random]
    assert [len(part) for part in parts] == [16, 16, 24, 40, 40]
    drawn = [reading.picture for part in (control.chosen, control.fresh, control.random) for reading in part]
    assert len(set(drawn)) == 16 + 24 + 40
    assert not set(drawn) & {reading.picture for part in (control.top, control.ordinary) for reading in part}


def test_a_redraw_keeps_the_contents_and_only_open_pictures_are_redrawn() -> None:
    with Store(cache_folder()) as store:
        here = lab("red", store)
        control = redraw_test(here)
        open_to = {here.source.picture(int(i)).id for i in here.open}
        tops = {reading.picture for reading in control.top}
        assert {reading.picture for reading in (*control.top, *control.ordinary)} <= open_to
        for reading in (*control.chosen, *control.fresh):
            drawn = here.find(reading.picture)
            assert isinstance(drawn.provenance, FromEdit)
            parent = here.find(drawn.provenance.parent)
            assert parent.id in tops
            assert isinstance(parent.provenance, FromData)
            assert parent.scene is not None
            assert drawn.scene is not None
            assert drawn.scene != parent.scene
            said = [[(t.noun, t.colour, t.pattern, t.size) for t in scene.things] for scene in (parent.scene, drawn.scene)]
            assert sorted(said[0]) == sorted(said[1])
            assert parent.scene.background == drawn.scene.background


def test_its_p_is_a_permutation_tests() -> None:
    _, events = study("dog")
    control = only(Redrawn, events)
    assert control.effect == pytest.approx(superiority(peaks(control.fresh), peaks(control.random)), abs=1e-4)
    again = rank_permutation_p(peaks(control.fresh), peaks(control.random), np.random.default_rng(0))
    assert control.p == pytest.approx(again, abs=0.01)


def test_reliability_is_what_two_draws_of_the_same_contents_share() -> None:
    for behaviour, least, most in (("red", 0.8, 1.0), ("noise", -0.4, 0.4)):
        _, events = study(behaviour)
        overall, below = only(Redrawn, events).reliability
        assert overall is not None
        assert below is not None
        assert least <= overall <= most


def test_pure_noise_is_called_driven_in_no_more_than_one_run_in_twenty() -> None:
    """300 units that answer to nothing, 24 fresh draws against 40: the rule as it stands."""
    rng = np.random.default_rng(7)
    with Store(cache_folder()) as store:
        here: Lab = lab("noise", store)
        driven = 0
        for seed in range(300):
            here.seed = seed
            fresh, rest = (
                [Reading(picture="", peak=float(x), mean=0, percentile=50) for x in rng.normal(size=n)] for n in (24, 40)
            )
            driven += _verdict(here, "redraw", [], [], fresh, [], rest).driven
    assert driven <= ALPHA * 300


def test_a_sample_of_the_whole_range_has_as_many_of_every_tenth() -> None:
    rng = np.random.default_rng(8)
    ranked = rng.permutation(1000)
    chosen = evenly(ranked, 4, rng)
    assert len(chosen) == len(set(chosen)) == 40
    assert [len(set(chosen) & set(tenth.tolist())) for tenth in np.split(ranked, 10)] == [4] * 10
    assert len(evenly(ranked[:7], 4, rng)) == 7, "what is there, where there are fewer"
