"""Admission: the lab's own attempt to refute a conclusion, on pictures that the run has not used."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest

from lettvin.agent.admission import ATTEMPTS, LEAST_SUPERIORITY, SIZE, _check_high_against_near, admit, alpha_of
from lettvin.agent.redraw_test import redraw_test
from lettvin.agent.transcript import Block, Decided
from lettvin.targets.picture import FromData
from lettvin.tests.scene_runs import lab
from lettvin.tools.lab import Lab
from lettvin.tools.sketch.concept import holds, parse
from lettvin.tools.store import Store, cache_folder


@cache
def decided(behaviour: str, answer: str, rival: str, attempt: int = 1) -> tuple[Decided, Lab, frozenset[str]]:
    """The decision, the lab, and the pictures that were used before it."""
    here = lab(behaviour, Store(cache_folder()))
    control = redraw_test(here)
    used = frozenset(here.used)
    found = admit(here, parse(answer), parse(rival), attempt, control)
    here.store.close()
    return found, here, used


def block(found: Decided, name: str) -> Block:
    return next(b for b in found.blocks if b.name == name)


# ---- verdicts -----------------------------------------------------------------------------------------------------


def test_the_truth_is_supported_against_a_rival() -> None:
    found, _, _ = decided("red", "red", "on snow")
    assert found.verdict == "supported"
    assert [check.passed for check in found.checks] == [True] * len(found.checks)
    against = found.checks[0]
    assert against.interval is not None
    assert against.p is not None
    assert against.interval[0] >= LEAST_SUPERIORITY
    assert against.p <= alpha_of(1)


def test_the_opposite_of_the_truth_is_refuted() -> None:
    """The rival's pictures fire the unit where the answer's do not."""
    found, _, _ = decided("red", "dog and not red", "red")
    assert found.verdict == "refuted"
    assert found.checks[1].interval is not None
    assert found.checks[1].interval[1] < 0.5


@pytest.mark.parametrize(
    ("behaviour", "answer", "rival"),
    [
        ("red", "red car", "on snow"),  # too narrow
        ("red car", "car", "red"),  # too broad
        ("dog or fish", "dog", "fish"),  # one way of two
        ("red", "red or on snow", "dog"),  # one way too many, wherever it stands
        ("red", "on snow or red", "dog"),
        ("red", "dog", "car"),  # neither
        ("noise", "red", "dog"),
    ],
)
def test_what_is_not_the_truth_is_not_supported(behaviour: str, answer: str, rival: str) -> None:
    found, _, _ = decided(behaviour, answer, rival)
    assert found.verdict != "supported"
    assert found.reasons


def test_a_rival_that_cannot_be_told_apart_admits_nothing() -> None:
    """Its name differs and its meaning does not: no picture parts them, and the check cannot be tried."""
    found, _, _ = decided("red", "red", "red or (red and car)")
    assert found.checks[1].passed is None
    assert found.verdict == "inconclusive"


# ---- the blocks ---------------------------------------------------------------------------------------------------


def test_the_four_blocks_are_what_they_are_said_to_be() -> None:
    found, here, _ = decided("red", "red", "dog")
    assert [(b.name, len(b.readings)) for b in found.blocks] == [
        ("high", 16), ("near-miss", 16), ("rival", 16), ("held-back", 40),
    ]  # fmt: skip
    for b in found.blocks:
        scenes = [here.find(reading.picture).scene for reading in b.readings]
        assert b.answer_says == [scene is not None and holds(parse("red"), scene) for scene in scenes]
        assert b.rival_says == [scene is not None and holds(parse("dog"), scene) for scene in scenes]
    assert all(block(found, "high").answer_says)
    assert not any(block(found, "near-miss").answer_says)
    apart = block(found, "rival")
    assert all(a != b for a, b in zip(apart.answer_says, apart.rival_says, strict=True))
    assert 4 <= sum(apart.answer_says) <= 12, "both ways to disagree"


def test_a_wider_answer_is_measured_beside_pictures_where_the_narrower_rival_holds_too() -> None:
    found, _, _ = decided("red", "red", "red car")
    apart = block(found, "rival")
    kinds = sorted(zip(apart.answer_says, apart.rival_says, strict=True))
    assert kinds == [(True, False)] * 16 + [(True, True)] * 8
    assert found.verdict == "supported"
    high = block(found, "high")
    apart_in_high = sum(mine and not its for mine, its in zip(high.answer_says, high.rival_says, strict=True))
    assert found.checks[1].n == 16 + apart_in_high, "every picture on which they disagree counts; what both say is none"


def test_a_wider_answer_loses_where_only_the_narrower_rival_fires_wholly() -> None:
    """What is red and no car pleases a red-car unit a little; a little is silence beside what red cars do."""
    found, _, _ = decided("red car", "red", "red car")
    check = found.checks[1]
    assert check.interval is not None
    assert check.interval[1] < 0.5
    assert found.verdict == "refuted"


def test_every_way_of_a_disjunction_is_tried() -> None:
    """As many pictures of one way as of the other, but for chance: none may hide behind its neighbour."""
    found, here, _ = decided("dog or fish", "dog or fish", "red")
    assert found.verdict == "supported"
    scenes = [here.find(reading.picture).scene for reading in block(found, "high").readings]
    ways = [sum(scene is not None and holds(parse(way), scene) for scene in scenes) for way in ("dog", "fish")]
    assert min(ways) >= 3


def test_near_misses_are_the_same_pictures_with_one_factor_changed() -> None:
    found, here, _ = decided("red", "red", "dog")
    for shown, missed in zip(block(found, "high").readings, block(found, "near-miss").readings, strict=True):
        one, other = here.find(shown.picture).scene, here.find(missed.picture).scene
        assert one is not None
        assert other is not None
        assert (one.background, one.light, one.seed) == (other.background, other.light, other.seed)
        if len(one.things) != len(other.things):  # what was red is gone, all else stays
            assert set(other.things) < set(one.things)
            continue
        for a, b in zip(one.things, other.things, strict=True):
            assert dataclasses.replace(a, colour=b.colour) == b


def test_held_back_pictures_are_four_of_each_decile_of_what_exploration_never_saw() -> None:
    found, here, _ = decided("red", "red", "dog")
    indices = []
    for reading in block(found, "held-back").readings:
        provenance = here.find(reading.picture).provenance
        assert isinstance(provenance, FromData)
        indices.append(provenance.index)
    assert set(indices) <= set(here.held_back.tolist())
    assert not set(indices) & set(here.open.tolist())
    ranked = here.held_back[np.argsort(here.peaks[here.held_back], kind="stable")]
    deciles = [len(set(indices) & set(tenth.tolist())) for tenth in np.array_split(ranked, 10)]
    assert deciles == [4] * 10


def test_no_picture_of_a_block_was_used_before_and_none_is_used_again() -> None:
    here = lab("dog", Store(cache_folder()))
    control = redraw_test(here)
    for attempt in range(1, ATTEMPTS + 1):
        used = set(here.used)
        found = admit(here, parse("dog"), parse("red"), attempt, control)
        shown = [reading.picture for b in found.blocks for reading in b.readings]
        assert len(shown) == len(set(shown)) == 88
        assert not used & set(shown)
    here.store.close()


def test_data_that_runs_out_cannot_carry_a_conclusion() -> None:
    """Four attempts' worth of the 160 held back: at the end fewer than 40 are left, and the check cannot be tried."""
    here = lab("striped", Store(cache_folder()))
    control = redraw_test(here)
    here.measure([here.data_picture(int(i)) for i in here.held_back[:130]])
    found = admit(here, parse("striped"), parse("red"), 1, control)
    here.store.close()
    assert len(block(found, "held-back").readings) <= 30
    assert found.checks[2].passed is None
    assert found.verdict == "inconclusive"


# ---- what it may cost ---------------------------------------------------------------------------------------------


def test_three_attempts_together_spend_under_one_in_twenty() -> None:
    assert [alpha_of(attempt) for attempt in (1, 2, 3)] == [0.05 / 2, 0.05 / 4, 0.05 / 8]
    assert sum(alpha_of(attempt) for attempt in range(1, ATTEMPTS + 1)) < 0.05


@pytest.mark.parametrize("paired", [True, False])
def test_pure_noise_passes_the_first_check_no_more_often_than_alpha(paired: bool) -> None:
    rng = np.random.default_rng(6)
    passed, low_p = 0, 0
    for _ in range(300):
        a, b = rng.normal(size=(2, SIZE))
        check = _check_high_against_near(a, b, paired, alpha_of(1), rng)
        passed += bool(check.passed)
        low_p += check.p is not None and check.p <= 0.05
    assert passed <= alpha_of(1) * 300
    assert 3 <= low_p <= 27, "its p is a p: 15 of 300 expected under .05"


@pytest.mark.parametrize("attempt", [1, 2, 3])
def test_perfect_separation_passes_at_every_attempt(attempt: int) -> None:
    check = _check_high_against_near(np.arange(16) + 99.0, np.arange(16.0), True, alpha_of(attempt), np.random.default_rng(0))
    assert check.passed
