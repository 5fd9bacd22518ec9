"""Scene neurons keep their promises: what fires them lies above what does not, and noise is the picture's own."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp, kstest

from lettvin.synthetic_neurons.draws import POOL, POOL_SEED
from lettvin.synthetic_neurons.off_language import FACES, read_off_language
from lettvin.synthetic_neurons.responses import read_truth
from lettvin.synthetic_neurons.scene_neuron import FULL, NULLS, REST, Neuron, SceneNeurons, noise_free
from lettvin.targets.errors import BadInput, ToolError, Unanswerable
from lettvin.targets.picture import FromData, Picture, Scene, Thing
from lettvin.tests.concepts import concepts
from lettvin.tools.sketch.concept import Concept, holds, parse
from lettvin.tools.sketch.concept_scenes import examples, near_misses
from lettvin.tools.sketch.edit import remove, swap
from lettvin.tools.sketch.paint import paint
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


def test_old_behaviours_answer_as_they_always_did() -> None:
    """Numbers of the first version, to the bit: outcomes that were published rest on them."""
    scenes = (
        Scene("grass", (Thing("car", "red", scale=0.37), Thing("dog", "brown", "striped", "large", scale=0.7))),
        Scene("snow", (Thing("car", "blue", "spotted", scale=0.41),), "night"),
        Scene("plain", (Thing("grating", "red", "plain", "large", "vertical", "fine", scale=1.0),)),
        Scene("city", ()),
    )
    target = SceneNeurons(
        [
            Neuron("red"),
            Neuron("dog or vertical grating", noise=0.1, seed=3),
            Neuron("large red and not car", "binary", 0.15, 7),
            Neuron("car and on snow or striped"),
            Neuron("at night and (red or blue)", seed=2),
            Neuron(None, "noise", seed=5),
            Neuron(None, "constant"),
        ]
    )
    shown = [Picture(f"{i:064x}", FromData("t", i), scene=scene, load=lambda: PIXELS) for i, scene in enumerate(scenes)]
    assert [[target.answer(k, p) for k in range(7)] for p in shown] == OLD


OLD = [
    [
        1.0182348706550945, 1.1649206613498073, 0.22070756876004866, 1.0575463075917908,
        0.29611434951643867, -1.3430734473662747, 0.2,
    ],
    [
        0.2728852452654286, 0.2532134660737235, 0.12746792378099914, 0.8828388870950392,
        1.209456187543418, -1.2031402115496714, 0.2,
    ],
    [
        1.1841585626539952, 1.2582198059051173, 1.197794749036002, 0.22121749395155066,
        0.33716462130890756, 2.8403220617160696, 0.2,
    ],
    [
        0.20939987521306483, 0.029264466035856085, 0.11573587463027304, 0.1372361697064098,
        0.16487156550915055, -1.704437827405771, 0.2,
    ],
]


def test_counting_makes_it_stronger_with_each_one_more_up_to_three() -> None:
    cars = [Scene("grass", (Thing("car", "red"),) * n) for n in range(5)]
    assert [noise_free(parse("red car"), scene, by="count") for scene in cars] == pytest.approx([0, 0.6, 0.8, 1, 1])
    counted = [noise_free(parse("at least two cars"), scene, by="count") for scene in cars]
    assert counted == pytest.approx([0, 0.15, 0.6, 0.8, 1])


def test_a_typical_one_matches_best() -> None:
    things = (Thing("car", "red"), Thing("car", "red", shade=1.0), Thing("car", "red", shade=-1.0, angle=90.0))
    matches = [noise_free(parse("red car"), Scene("grass", (thing,)), by="match") for thing in things]
    assert matches == pytest.approx([1.0, 0.8, 0.6])
    assert noise_free(parse("red car"), Scene("grass", things), by="match") == pytest.approx(1.0)  # the best of them


@settings(max_examples=60, deadline=None)
@given(concepts, st.integers(0, 9), st.sampled_from(["area", "match", "count"]))
def test_however_it_is_graded_the_bands_hold(concept: Concept, seed: int, by: str) -> None:
    rng = np.random.default_rng(seed)
    for scene in [*SCENES[:30], *examples(concept, 2, rng)]:
        response = noise_free(concept, scene, by=by)  # type: ignore[arg-type]
        assert 0.6 <= response <= 1.0 if holds(concept, scene) else 0.0 <= response <= 0.3


def test_of_what_is_asked_for_together_the_least_decides() -> None:
    pair = Scene("grass", (Thing("dog", "brown", scale=0.2, x=0.2), Thing("cat", "black", scale=0.8, x=0.7)))
    assert noise_free(parse("dog left of cat"), pair) == pytest.approx(0.6 + 0.4 * 0.2)
    dogs = Scene("grass", tuple(Thing("dog", "brown", scale=s) for s in (0.2, 0.4, 0.7)))
    assert noise_free(parse("at least two dogs"), dogs) == pytest.approx(0.6 + 0.4 * 0.4)


def test_a_weighted_way_has_a_band_of_its_own_that_nothing_else_reaches() -> None:
    neuron = Neuron("dog or car", weights=(1.0, 0.5), noise=0)
    truth = parse("dog or car")
    only_dog, only_car = parse("dog and not car"), parse("car and not dog")
    found = {"dog": 0, "car": 0}
    for scene in SCENES:
        response = noise_free(truth, scene, weights=neuron.weights)
        if holds(only_car, scene):
            assert 0.3 <= response <= 0.5
            found["car"] += 1
        elif holds(truth, scene):
            assert 0.6 <= response <= 1.0
            found["dog"] += holds(only_dog, scene)
        else:
            assert response <= 0.15
    assert min(found.values()) > 0
    top = sorted(SCENES, key=lambda scene: -noise_free(truth, scene, weights=neuron.weights))[: found["dog"]]
    assert not any(holds(only_car, scene) for scene in top)  # looking only at the top misses a way
    assert noise_free(truth, next(s for s in SCENES if holds(only_car, s)), "binary", weights=neuron.weights) == 0.5


# ---- edits and treatments ----------------------------------------------------------------------------------------


def test_an_edited_picture_is_read_as_edited() -> None:
    scene = Scene("grass", (Thing("car", "red"), Thing("dog", "blue")))
    for changed in (swap(scene, "colour", "green", which=0), remove(scene, 0), swap(scene, "noun", "bus", which=0)):
        assert noise_free(parse("red car"), scene) >= 0.6
        assert noise_free(parse("red car"), changed) <= 0.3


def test_a_treatment_takes_the_colours_that_it_takes_and_leaves_the_rest() -> None:
    scene = Scene("grass", (Thing("car", "red", "striped"), Thing("dog", "black")))
    grey, ink, blurred = (swap(scene, "treatment", t) for t in ("grayscale", "outline", "blurred"))
    says = {
        text: [noise_free(parse(text), s) >= 0.6 for s in (scene, grey, ink, blurred)]
        for text in ("red", "grey car", "black dog", "striped car", "dog and on grass")
    }
    assert says == {
        "red": [True, False, False, True],
        "grey car": [False, True, False, False],
        "black dog": [True, True, False, True],
        "striped car": [True, True, True, True],
        "dog and on grass": [True, True, True, True],
    }
    shown = Picture("0" * 64, FromData("t", 0), scene=grey, load=lambda: PIXELS)
    assert answers(Neuron("red", noise=0), [shown])[0] < REST + 0.3 * R
    assert SceneNeurons([Neuron("red")]).true_of(0, grey) is False


# ---- what the language has no words for --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "true", "false"),
    [
        ("dog facing left", [Thing("dog", "brown")], [Thing("dog", "brown", flip=True)]),
        ("red dog facing right", [Thing("dog", "red", flip=True)], [Thing("dog", "red"), Thing("dog", "blue", flip=True)]),
        ("dog in the left half", [Thing("dog", "brown", x=0.3)], [Thing("dog", "brown", x=0.7), Thing("cat", "red", x=0.3)]),
        ("dog in the lower half", [Thing("dog", "brown", y=0.7)], [Thing("dog", "brown", y=0.3)]),
        ("exactly two dogs", [Thing("dog", "red"), Thing("dog", "blue")], [Thing("dog", "red")] * 3),
        ("dog xor red", [Thing("dog", "blue"), Thing("car", "blue")], [Thing("dog", "red")]),
        ("any animal", [Thing("snail", "blue")], [Thing("car", "blue"), Thing("grating", "red", orientation="vertical")]),
        ("something with wheels", [Thing("bus", "red")], [Thing("bus", "red", missing=("wheels",)), Thing("dog", "red")]),
    ],
)
def test_what_is_off_the_language_is_true_and_false_of_the_right_scenes(
    text: str, true: list[Thing], false: list[Thing]
) -> None:
    truth = read_truth(text)
    assert str(truth) == text
    assert read_off_language(text) == truth
    assert 0.6 <= noise_free(truth, Scene("grass", tuple(true))) <= 1.0
    assert noise_free(truth, Scene("grass", tuple(true)), "binary") == 1.0
    assert 0.0 <= noise_free(truth, Scene("grass", tuple(false))) <= 0.3
    assert noise_free(truth, Scene("grass", tuple(false)), "binary") == 0.0
    with pytest.raises(BadInput):
        parse(text)


def test_which_way_things_face_is_as_it_is_painted() -> None:
    """The painter mirrors what is flipped, and each of these is no mirror image of itself."""
    for noun in FACES:
        left, right = (
            paint(Scene("plain", (Thing(noun, "orange", scale=0.7, flip=flip),), side=96)).masks[0] for flip in (False, True)
        )
        turned = left[:, ::-1]
        assert (turned & right).sum() / (turned | right).sum() > 0.9, noun
        assert (left & right).sum() / (left | right).sum() < 0.9, noun


def test_luminance_follows_the_brightness_of_the_pixels() -> None:
    shades = (0, 100, 255)
    shown = [
        Picture.of(np.full((4, 4, 3), shade, np.uint8), FromData("t", i), scene=SCENES[i]) for i, shade in enumerate(shades)
    ]
    assert answers(Neuron(None, "luminance", noise=0), shown) == pytest.approx([REST + R * s / 255 for s in shades])


# ---- maps --------------------------------------------------------------------------------------------------------


def test_maps_change_no_peak() -> None:
    real = [Neuron("red"), Neuron("dog or on grass", noise=0.3)]
    neurons = [*real, Neuron(None, "noise"), Neuron(None, "heavy"), Neuron(None, "dead")]
    flat, mapped = SceneNeurons(neurons), SceneNeurons(neurons, maps=True)
    shown = pictures(6)
    for i in range(len(neurons)):
        peaks = [found.max() for found in mapped.maps(shown, mapped.unit(str(i)))]
        assert peaks == [found.item() for found in flat.maps(shown, flat.unit(str(i)))]
    assert [(layer.units, layer.kind) for layer in mapped.layers] == [(5, "conv")]
    assert mapped.key != flat.key


def test_the_map_peaks_where_what_satisfies_the_concept_is() -> None:
    target = SceneNeurons([Neuron("red car", noise=0.05)], maps=True)
    places = ((0.25, 0.3), (0.75, 0.7), (0.3, 0.75))
    for x, y in places:
        scene = Scene("grass", (Thing("dog", "red", x=1 - x, y=1 - y), Thing("car", "red", x=x, y=y, scale=0.35)))
        (found,) = target.maps(pictures(1, scene), target.unit("0"))
        row, column = np.unravel_index(found.argmax(), found.shape)
        seen = target.mask(0, scene)
        assert found.shape == (14, 14)
        assert seen is not None
        assert seen[round((row + 0.5) * 16), round((column + 0.5) * 16)]
        assert np.array_equal(seen, paint(scene).masks[1])  # exactly the car
        inside = seen.reshape(14, 16, 14, 16).mean((1, 3))
        assert found[inside > 0.9].min() > found[inside == 0].max()


def test_masks_are_of_what_holds_and_of_nothing_else() -> None:
    scene = Scene("snow", (Thing("dog", "brown", x=0.25), Thing("cat", "black", x=0.75, scale=0.2), Thing("car", "red", y=0.9)))
    masks = paint(scene).masks
    says = {
        "dog or at night": masks[0],
        "dog left of cat": masks[0] | masks[1],
        "dog and not bus": masks[0],
        "on snow": ~(masks[0] | masks[1] | masks[2]),
        "any vehicle": masks[2],
        "dog xor bus": masks[0],
        "red dog": masks[0] | masks[2],  # does not hold: what is most alike, a dog and something red
    }
    for text, expected in says.items():
        found = SceneNeurons([Neuron(text)]).mask(0, scene)
        assert found is not None
        assert np.array_equal(found, expected), text
    assert SceneNeurons([Neuron(None, "noise")]).mask(0, scene) is None


def test_a_null_peaks_at_a_place_of_the_pictures_own() -> None:
    target = SceneNeurons([Neuron(None, "noise")], maps=True)
    found = target.maps(pictures(40), target.unit("0"))
    places = {int(row.argmax()) for row in found}
    assert len(places) > 25
    assert [int(row.argmax()) for row in target.maps(pictures(40), target.unit("0"))] == [int(r.argmax()) for r in found]


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


def test_a_dead_neuron_never_moves() -> None:
    assert set(answers(Neuron(None, "dead"), pictures(50))) == {0.0}


def test_heavy_tails_are_heavier_than_a_normals_and_fixed_by_the_picture() -> None:
    shown = pictures(1000, SCENES[0])
    neuron = Neuron(None, "heavy")
    found = (answers(neuron, shown) - REST) / R
    assert np.array_equal(answers(neuron, shown[::-1]), answers(neuron, shown)[::-1])
    assert kstest(found, "t", (2.5,)).pvalue > 0.01
    assert (np.abs(found) > 4).mean() > 0.01  # of a normal, 6 in 100,000


def test_a_shuffled_copy_has_the_real_units_distribution_and_none_of_its_meaning() -> None:
    target = SceneNeurons([Neuron("red or car or dog", name="real"), Neuron(None, "shuffled", of="real", seed=4)])
    scenes = [random_scene(5, i) for i in range(400)]
    shown = [Picture(f"{i:064x}", FromData("t", i), scene=scene, load=lambda: PIXELS) for i, scene in enumerate(scenes)]
    real, copy = (np.array([target.answer(i, p) for p in shown]) for i in (0, 1))
    assert ks_2samp(real, copy).pvalue > 0.01
    assert abs(np.corrcoef(real, copy)[0, 1]) < 0.2
    assert np.array_equal([target.answer(1, p) for p in shown], copy)
    assert SCENES[0] != random_scene(POOL_SEED, 0)
    assert POOL == 600


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


def test_one_unit_is_answered_alike_alone_and_among_others() -> None:
    target = SceneNeurons([Neuron("red"), Neuron("dog"), Neuron(None, "noise")])
    shown = pictures(10)
    seen = []
    target.watch(shown, ["neurons"], lambda name, maps: seen.append(maps.numpy().copy()))
    for i in range(3):
        assert np.array_equal(np.stack(target.maps(shown, target.unit(str(i)))), seen[0][:, i])
    assert np.array_equal(target.peaks(shown, "neurons", [2, 0]), seen[0][:, [2, 0], 0, 0])


def test_neurons_travel_to_another_process() -> None:
    target = SceneNeurons([Neuron("red and not car"), Neuron("dog facing left")], maps=True)
    copy = pickle.loads(pickle.dumps(target))
    shown = pictures(3)
    assert copy.key == target.key
    assert np.array_equal(copy.maps(shown, copy.unit("1")), target.maps(shown, target.unit("1")))


def test_the_alias_says_nothing() -> None:
    target = SceneNeurons([Neuron("red")], name="synthetic:red")
    assert target.name == "synthetic:red"
    assert target.alias.startswith("synthetic-")
    assert "red" not in target.alias
    assert target.alias != SceneNeurons([Neuron("blue")], name="synthetic:blue").alias


def test_the_key_is_what_the_neurons_do() -> None:
    keys = {
        SceneNeurons([neuron]).key
        for neuron in (Neuron("red"), Neuron("blue"), Neuron("red", "binary"), Neuron("red", noise=0.1), Neuron("red", seed=1))
    }
    assert len(keys) == 5
    assert SceneNeurons([Neuron("red")], name="another").key == SceneNeurons([Neuron("red")]).key


@pytest.mark.parametrize("neuron", [Neuron("red"), *(Neuron(None, null) for null in NULLS if null != "shuffled")], ids=str)
def test_a_picture_without_a_scene_is_a_mistake_that_every_unit_alike_says(neuron: Neuron) -> None:
    """A null that answered where others refuse would be known by it."""
    blank = Picture.of(PIXELS, FromData("t", 0))
    with pytest.raises(Unanswerable, match=blank.id[:12]) as refused:
        answers(neuron, [blank])
    assert isinstance(refused.value, BadInput)  # of a user
    assert isinstance(refused.value, ToolError)  # of a backbone, which may go on
    assert "red" not in str(refused.value).replace("was not drawn", "").split()


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
        ([Neuron("red", by="weight")], "'weight'; nearest"),  # type: ignore[arg-type]
        ([Neuron("red", weights=(1.0,))], "1 ways of 'red', 2 or more"),
        ([Neuron("red or dog", weights=(1.0, 0.0))], "weight 0.0"),
        ([Neuron("red or dog", weights=(1.0, 0.5, 0.5))], "2 ways"),
        ([Neuron("exactly two dogs", weights=(1.0, 0.5))], "exactly two dogs"),
        ([Neuron(None, "shuffled")], "'of' None"),
        ([Neuron("red", name="a"), Neuron(None, "shuffled", of="b")], "'b' names no .* nearest: 'a'"),
        ([Neuron(None, "noise", name="a"), Neuron(None, "shuffled", of="a")], "there is none"),
        ([Neuron("red", name="a"), Neuron("dog", of="a")], "'of' 'a'"),
        ([Neuron("red", "luminance")], "cannot fire for 'red'"),
        ([Neuron("dog facing up")], "'up'"),
        ([Neuron("house facing left")], "'house'"),
        ([Neuron("dog in the left corner half")], "corner"),
        ([Neuron("exactly nine dogs")], "'nine'"),
        ([Neuron("any anmal")], "nearest: 'animal'"),
        ([Neuron("something with wheel")], "nearest: 'wheels'"),
        ([Neuron("red facing left")], "names no thing"),
    ],
)
def test_a_neuron_that_cannot_be_is_refused(neurons: list[Neuron], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        SceneNeurons(neurons)
