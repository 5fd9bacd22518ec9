"""SoftWPMI is what its formula says, to float32's last digits, and the concept it names is the formula's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lettvin.benchmarks import softwpmi_speed
from lettvin.benchmarks.predictive.softwpmi import COLUMNS, concept_shares, likelihood, softwpmi


def by_the_formula(scores: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    """Units x concepts in float64, one step of the definition a line."""
    exponents = np.exp(10.0 * scores)
    shares = exponents / exponents.sum(axis=1, keepdims=True)
    rows = []
    for unit in peaks.T:
        top = np.argsort(-unit, kind="stable")[:100]
        p = np.array([0.998 - i / len(top) * (0.998 - 0.97) for i in range(len(top))])
        rows.append(sum(np.log(1 + p[i] * (shares[top[i]] - 1) + 1e-7) for i in range(len(top))))
    given_unit = np.array(rows)
    prior = np.log(np.exp(given_unit - given_unit.max(axis=0)).sum(axis=0)) + given_unit.max(axis=0) - np.log(len(rows))
    scores_of: np.ndarray = given_unit - prior
    return scores_of


@pytest.mark.parametrize(
    ("pictures", "concepts", "units"), [(300, 40, 7), (100, COLUMNS + 3, 2), (37, 5, 3), (130, 1, 1), (13, 2, 4)]
)
def test_the_scores_are_the_formula_s(pictures: int, concepts: int, units: int) -> None:
    rng = np.random.default_rng([pictures, concepts])
    scores, peaks = rng.normal(0.2, 0.08, (pictures, concepts)), rng.normal(size=(pictures, units))
    found, wanted = softwpmi(concept_shares(scores), peaks), by_the_formula(scores, peaks)
    np.testing.assert_allclose(found, wanted, atol=2e-3)
    assert (found.argmax(axis=1) == wanted.argmax(axis=1)).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 160), st.integers(2, 12), st.sampled_from([0.01, 1.0, 30.0]))
def test_no_score_leaves_the_reach_of_float32(seed: int, pictures: int, concepts: int, size: float) -> None:
    """Twelve factors are multiplied before a logarithm is taken; concept scores of any size leave them above nothing."""
    rng = np.random.default_rng(seed)
    scores, peaks = rng.normal(size=(pictures, concepts)) * size, rng.normal(size=(pictures, 2))
    found = likelihood(concept_shares(scores), peaks[:, 0])
    assert np.isfinite(found).all()
    assert (found <= 1e-4).all()


def test_a_unit_is_given_the_concept_of_its_strongest_pictures() -> None:
    rng = np.random.default_rng(0)
    owner = rng.integers(0, 6, 2000)
    scores = np.where(owner[:, None] == np.arange(6), 1.0, 0.0)
    peaks = (owner[:, None] == np.array([4, 2])) + rng.normal(0, 0.1, (2000, 2))
    assert softwpmi(concept_shares(scores), peaks).argmax(axis=1).tolist() == [4, 2]


def test_what_every_unit_likes_is_said_of_none() -> None:
    """A concept that all units answer to loses to one that this unit answers to: that is what the prior is for."""
    rng = np.random.default_rng(1)
    own = rng.integers(0, 3, 1500)
    scores = np.column_stack([np.full(1500, 0.9), *(np.where(own == k, 0.8, 0.0) for k in range(3))])
    peaks = np.column_stack([(own == k) + rng.normal(0, 0.1, 1500) for k in range(3)])
    assert softwpmi(concept_shares(scores), peaks).argmax(axis=1).tolist() == [1, 2, 3]


def test_pictures_without_a_partner_are_refused() -> None:
    with pytest.raises(ValueError, match="5 pictures have concept scores and 4 have activations"):
        softwpmi(concept_shares(np.zeros((5, 2))), np.zeros((4, 1)))


def test_the_speed_script_measures_what_it_says() -> None:
    found = softwpmi_speed.measure(pictures=400, concepts=300, units=2, turns=2)
    assert found["same_concepts"]
    assert found["milliseconds_a_unit"] > 0
    assert found["times_faster"] == pytest.approx(found["plainly"] / found["milliseconds_a_unit"], rel=0.5)
