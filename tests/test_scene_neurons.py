"""Scene neurons keep their promises: what fires them lies above what does not, and noise is the picture's own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from lettvin.synthetic_neurons.scene_neuron import FULL, REST, Neuron, SceneNeurons, noise_free
from lettvin.targets.errors import BadInput, TargetFailed
from lettvin.targets.picture import FromData, Picture, Scene, Thing
from lettvin.tests.concepts import concepts
from lettvin.tools.sketch.concept import Concept, holds, parse
from lettvin.tools.sketch.concept_scenes import examples, near_misses
from lettvin.tools.sketch.scenes import random_scene

PIXELS = np.zeros((2, 2, 3), np.uint8)
SCENES = [random_scene(4, i) for i in range(200)]
R = FULL - REST


def pictures(n: int, scene: Scene | None = None) -> list[Picture]:
    """Pictures that differ in their id alone (a neuron reads scene and id, not pixels)."""
    return [Picture(f"{i:064x}", FromData("t", i), scene=scene or SCENES[i], load=lambda: PIXELS) for i in range(n)]


def answers(neuron: Neuron, shown: list[Picture]) -> np.ndarray:
    target = SceneNeurons([neuron])
    return np.array([found.item() for found in target.maps(shown, target.unit("0"))])


# ---- bands -------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(concepts, st.integers(0, 9))
def test_for_any_concept_what_satisfies_it_lies_above_what_does_not(concept: Concept, seed: int) -> None:
    rng = np.random.default_rng(seed)
    true = examples(concept, 2, rng)
    missed = [near for scene in true for near in near_misses(concept, scene, rng)]
    for scene in [*SCENES[:40], *true, *missed]:
        response = noise_free(concept, scene)
        assert 0.6 <= response <= 1.0 if holds(concept, scene) else 0.0 <= response <= 0.3
        assert noise_free(concept, scene, "binary") == float(holds(concept, scene))


def test_activations_are_rest_and_a_share_of_r() -> None:
    shown = pictures(200)
    found = answers(Neuron("red", noise=0), shown)
    true = np.array([holds(parse("red"), scene) for scene in SCENES])
    assert 20 < true.sum() < 180
    assert (found[true] >= REST + 0.6 * R - 1e-6).all()
    assert (found[true] <= FULL + 1e-6).all()
    assert (found[~true] >= REST - 1e-6).all()
    assert (found[~true] <= REST + 0.3 * R + 1e-6).all()


def test_the_larger_it_is_drawn_the_stronger() -> None:
    responses = [noise_free(parse("red car"), Scene("grass", (Thing("car", "red", scale=s),))) for s in (0.1, 0.4, 0.8, 1.0)]
    assert responses == pytest.approx([0.64, 0.76, 0.92, 1.0])
    small_beside_large = Scene("grass", (Thing("car", "red", scale=0.2), Thing("dog", "blue", scale=0.8)))
    assert noise_free(parse("red car"), small_beside_large) == pytest.approx(0.68)  # the large thing is another


def test_the_more_of_it_shows_the_stronger_the_near_miss() -> None:
    nothing, some, most = (
        noise_free(parse("large red car"), Scene("grass", (thing,)))
        for thing in (Thing("dog", "blue"), Thing("dog", "red"), Thing("car", "red"))
    )
    assert (nothing, some, most) == pytest.approx((0, 0.1, 0.2))
    both = noise_free(parse("car and on snow"), Scene("snow", ()))
    assert both == pytest.approx(0.15)


# ---- noise -------------------------------------------------------------------------------------------------------


def test_noise_is_the_pictures_own_so_that_asking_again_tells_nothing() -> None:
    shown = pictures(30)
    neuron = Neuron("red", noise=0.2)
    first = answers(neuron, shown)
    assert np.array_equal(answers(neuron, shown), first)
    assert np.array_equal(answers(neuron, shown[::-1]), first[::-1])
    assert np.array_equal([answers(neuron, [p])[0] for p in shown], first)
    assert not np.isclose(answers(Neuron("red", noise=0.2, seed=1), shown), first).any()


def test_another_picture_of_the_same_scene_has_other_noise_of_the_promised_size() -> None:
    scene = Scene("grass", (Thing("car", "red", scale=0.5),))
    found = answers(Neuron("red car", noise=0.1, seed=3), pictures(400, scene))
    assert kstest((found - (REST + 0.8 * R)) / (0.1 * R), "norm").pvalue > 0.01


def test_neurons_of_a_layer_have_noise_of_their_own() -> None:
    target = SceneNeurons([Neuron("red", noise=0.2)] * 2)
    shown = pictures(200)
    one, two = (np.array([target.answer(i, p) for p in shown]) - target_free(shown) for i in (0, 1))
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.25


def target_free(shown: list[Picture]) -> np.ndarray:
    return answers(Neuron("red", noise=0), shown)


# ---- nulls -------------------------------------------------------------------------------------------------------


def test_a_constant_neuron_is_constant_and_a_hash_goes_with_nothing() -> None:
    shown = pictures(200)
    assert set(answers(Neuron(None, "constant"), shown).round(6)) == {REST}
    noise = answers(Neuron(None, "noise"), shown)
    assert kstest((noise - REST) / R, "norm").pvalue > 0.01
    for formula in ("red", "on snow", "car", "vertical grating"):
        true = np.array([holds(parse(formula), scene) for scene in SCENES])
        assert abs(noise[true].mean() - noise[~true].mean()) < 3.5 * R * np.sqrt(1 / true.sum() + 1 / (~true).sum())


# ---- as a target -------------------------------------------------------------------------------------------------


def test_neurons_are_a_layer_like_any_other() -> None:
    neurons = [Neuron("red", noise=0), Neuron("dog", noise=0), Neuron(None, "constant")]
    target = SceneNeurons(neurons)
    assert [(layer.name, layer.units, layer.kind) for layer in target.layers] == [("neurons", 3, "vector")]
    shown = pictures(10)
    group = np.array([m.item() for m in target.maps(shown, target.unit("neurons:0+1"))])
    assert group.tolist() == pytest.approx([(target.answer(0, p) + target.answer(1, p)) / 2 for p in shown], abs=1e-6)
    with pytest.raises(BadInput, match="0 to 2, not 3"):
        target.unit("3")


def test_the_key_is_what_the_neurons_do() -> None:
    keys = {
        SceneNeurons([neuron]).key
        for neuron in (Neuron("red"), Neuron("blue"), Neuron("red", "binary"), Neuron("red", noise=0.1), Neuron("red", seed=1))
    }
    assert len(keys) == 5
    assert SceneNeurons([Neuron("red")], name="another").key == SceneNeurons([Neuron("red")]).key


def test_a_picture_without_a_scene_is_named() -> None:
    blank = Picture.of(PIXELS, FromData("t", 0))
    with pytest.raises(TargetFailed, match=blank.id[:12]):
        answers(Neuron("red"), [blank])
    assert answers(Neuron(None, "noise"), [blank]).shape == (1,)  # which reads no scene


@pytest.mark.parametrize(
    ("neurons", "says"),
    [
        ([Neuron(None)], "'graded' neuron cannot fire for None"),
        ([Neuron("red", "noise")], "cannot fire for 'red'"),
        ([Neuron("carr")], "'carr'"),
        ([Neuron("red", "gradd")], "'gradd'; nearest: 'graded'"),  # type: ignore[arg-type]
        ([Neuron("red", noise=-0.1)], "-0.1"),
        ([Neuron("red", noise=float("nan"))], "nan"),
        ([], "no scene neurons"),
    ],
)
def test_a_neuron_that_cannot_be_is_refused(neurons: list[Neuron], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        SceneNeurons(neurons)
