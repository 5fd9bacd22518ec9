"""The field's methods, each on units whose behaviour is known: it finds what it can find, and no more is credited to it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from lettvin.benchmarks.predictive import invert
from lettvin.benchmarks.predictive.linear import MOST, elastic_net, explain
from lettvin.benchmarks.predictive.looks import LOOKS, Look, dissected, goes_with_all
from lettvin.benchmarks.predictive.shuffled import Shuffled
from lettvin.benchmarks.synthetic.baselines import Seen
from lettvin.benchmarks.unseen_pictures import Part, like, pictures
from lettvin.synthetic_neurons.scene_neuron import Neuron, SceneNeurons
from lettvin.targets.errors import BadInput
from lettvin.tools.corpus import Corpus
from lettvin.tools.sketch.caption import caption
from lettvin.tools.sketch.concept import normal, parse
from lettvin.tools.sketch.scenes import random_scene
from lettvin.tools.sources.drawn import SketchSource
from lettvin.tools.sources.source import About
from lettvin.tools.statistics import superiority

N = 1200


@cache
def corpus() -> Corpus:
    return Corpus([About(caption(scene), scene) for scene in (random_scene(78, i) for i in range(N))])


def seen(weights: dict[str, float], noise: float = 0.1, seed: int = 3) -> Seen:
    rng = np.random.default_rng(seed)
    peaks = rng.normal(0, noise, N)
    for formula, weight in weights.items():
        peaks += weight * corpus().truths(parse(formula))
    return Seen(corpus(), peaks, rng)


# ---- INVERT -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("truth", ["large and small", "on snow or on sand", "medium and not small"])
def test_invert_finds_the_formula_that_tells_the_unit_apart(truth: str) -> None:
    found = invert.search(seen({truth: 1.0}))
    assert found is not None
    assert normal(found.concept) == normal(parse(truth))
    assert found.significant
    assert found.auc > 0.99


def test_its_area_is_the_probability_of_superiority() -> None:
    rng = np.random.default_rng(0)
    truths, peaks = rng.random((9, 300)) < 0.3, np.round(rng.normal(size=300), 1)
    from scipy.stats import rankdata

    found = invert.areas(truths, rankdata(peaks))
    assert found == pytest.approx([superiority(peaks[row], peaks[~row]) for row in truths])


def test_invert_tries_nothing_rarer_or_more_common_than_it_says() -> None:
    rare, common = np.zeros(1000, bool), np.ones(1000, bool)
    rare[:99], common[:499] = True, False  # the least is a tenth, the most half
    assert invert.areas(np.array([rare, common]), np.arange(1000.0)).tolist() == [0, 0]


def test_what_chance_gives_the_best_of_thousands_is_not_significant() -> None:
    found = [invert.search(seen({}, noise=1.0, seed=seed)) for seed in range(8)]
    assert all(f is not None and f.auc > 0.55 for f in found)
    assert [f.significant for f in found if f is not None] == [False] * 8
    assert min(f.p for f in found if f is not None) < 1e-4  # as if one formula had been tried


# ---- linear explanations ----------------------------------------------------------------------------------------------


def test_a_sum_of_concepts_is_found_with_its_weights() -> None:
    found = {str(concept): weight for concept, weight in explain(seen({"on snow": 1.0, "red": 0.6, "large": 0.4}))}
    assert found.keys() == {"on snow", "red", "large"}
    assert found["on snow"] == pytest.approx(1.0, abs=0.08)
    assert found["red"] == pytest.approx(0.6, abs=0.08)
    assert found["large"] == pytest.approx(0.4, abs=0.08)


def test_no_weight_is_negative_and_no_more_than_ten_are_told() -> None:
    nouns = ("dog", "cat", "car", "boat", "tree", "house", "cup", "fish", "bird", "horse", "star", "crab")
    many = dict.fromkeys(nouns, 1.0)
    for unit in (seen(many), seen({"on snow": -1.0, "red": 0.5})):
        found = explain(unit)
        assert len(found) <= MOST
        assert all(weight > 0 for _, weight in found)
    assert "on snow" not in {str(concept) for concept, _ in explain(seen({"on snow": -1.0, "red": 0.5}))}


def test_what_lifts_nothing_on_pictures_apart_is_not_told() -> None:
    assert len(explain(seen({"on snow": 1.0}))) == 1
    assert sum(len(explain(seen({}, noise=1.0, seed=seed))) for seed in range(4)) <= 8
    assert explain(Seen(corpus(), np.ones(N), np.random.default_rng(0))) == []


def test_the_net_solves_its_own_problem() -> None:
    """At the minimum every weight above 0 has slope 0, and the slope at 0 is not downhill."""
    rng = np.random.default_rng(5)
    shown = (rng.random((400, 12)) < 0.3).astype(float)
    peaks = shown[:, 0] + 0.5 * shown[:, 3] - shown[:, 7] + rng.normal(0, 0.3, 400)
    weights = elastic_net(shown, peaks)
    columns, aim = (shown - shown.mean(0)) / shown.std(0), (peaks - peaks.mean()) / peaks.std()
    slope = columns.T @ (columns @ weights - aim) / 400 + 0.02 + 0.02 * weights
    assert np.abs(slope[weights > 0]).max() < 2e-3
    assert (slope[weights == 0] > -2e-3).all()
    assert {0, 3} <= set(np.flatnonzero(weights > 0).tolist())
    assert weights[7] == 0


# ---- CLIP-Dissect, and the same of all --------------------------------------------------------------------------------


def test_each_unit_of_a_layer_is_dissected_beside_the_others() -> None:
    wanted = ["on snow", "dog", "cat", "on sand"]
    layer = np.column_stack([seen({formula: 1.0}).peaks for formula in wanted])
    assert [str(concept) for concept in dissected(corpus(), layer)] == wanted


def test_the_constant_description_is_what_goes_with_all_units() -> None:
    first = np.column_stack([seen({"red": 0.3, "dog": 1.0}).peaks, seen({"red": 0.3, "on snow": 1.0}).peaks])
    second = np.column_stack([seen({"red": 0.6, "cat": 0.5}).peaks])
    assert str(goes_with_all(corpus(), [first, second])) == "red"


@pytest.mark.parametrize("name", LOOKS)
def test_every_method_says_something_of_a_plain_unit(name: str) -> None:
    unit = seen({"on snow": 1.0}, noise=0.02)
    look = Look(unit, dissected=lambda: parse("on snow"), constant=lambda: parse("red"))
    said, claimed = LOOKS[name](look)
    assert said is not None
    assert claimed
    if name not in ("random", "constant", "invert"):  # the last may not name what is true of so few
        assert "on snow" in said.text


# ---- controls, and pictures -------------------------------------------------------------------------------------------


def neurons() -> SceneNeurons:
    return SceneNeurons([Neuron("on snow", "graded", 0.05, 1), Neuron("red", "graded", 0.05, 2)], name="hidden")


def test_shuffled_units_answer_as_the_real_ones_do_and_to_nothing() -> None:
    real, source = neurons(), SketchSource("sketch:90@5")
    twin = Shuffled(real, source, [real.layers[0].name])
    shown = [SketchSource("sketch:80@6").picture(i) for i in range(80)]
    mine, theirs = twin.peaks(shown, twin.layers[0].name, [0, 1]), real.peaks(shown, real.layers[0].name, [0, 1])
    assert (mine == twin.peaks(shown, twin.layers[0].name, [0, 1])).all()
    pool = real.peaks([source.picture(i) for i in range(90)], real.layers[0].name, [0, 1])
    assert set(mine[:, 0].tolist()) <= set(pool[:, 0].tolist())
    snow = np.array([p.scene is not None and p.scene.background == "snow" for p in shown])
    assert superiority(theirs[snow, 0], theirs[~snow, 0]) > 0.95
    assert 0.1 < superiority(mine[snow, 0], mine[~snow, 0]) < 0.9
    assert abs(np.corrcoef(mine.T)[0, 1]) < 0.4
    assert "hidden" not in twin.alias


def test_no_picture_is_on_two_sides() -> None:
    class Copies(SketchSource):
        def firsts(self) -> list[int]:
            return [i - i % 3 for i in range(len(self))]

    source = Copies("sketch:90@4")
    explored, kept = Part(source, 0, False), Part(source, 0, True)
    assert sorted([*explored.indices, *kept.indices]) == list(range(90))
    assert {i // 3 for i in explored.indices}.isdisjoint({i // 3 for i in kept.indices})
    assert 20 <= len(kept) <= 52
    assert kept.picture(3).id == source.picture(int(kept.indices[3])).id
    assert list(kept.firsts())[:4] == [0, 0, 0, 3]
    assert explored.key != kept.key != Part(source, 1, True).key


def test_made_scenes_are_other_scenes_of_the_same_kind() -> None:
    found = pictures("sketch:30", 4, held_out=20)
    assert found.further is not None
    assert (found.explored.name, len(found.further), len(found.held_out)) == ("sketch:30@5", 400, 20)
    assert len({found.explored.key, found.further.key, found.held_out.key}) == 3
    assert like("cutouts:20@1 from a on b", 7, 3) == "cutouts:7@3 from a on b"


@pytest.mark.parametrize("data", ["sketch:30@987654321", "sketch:30@515151515"])
def test_scenes_that_only_the_score_sees_are_not_explored(data: str) -> None:
    with pytest.raises(BadInput, match="that of scenes that no run explores"):
        pictures(data, 0)
