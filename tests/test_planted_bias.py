"""The planted-bias benchmark: what is planted and what is not, the same weights from a seed, the record, the page's table."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lettvin.agent.bias.steps import Size
from lettvin.agent.bias.subgroups import class_scene
from lettvin.benchmarks.answer_lines import ANSWERS
from lettvin.benchmarks.planted_bias import networks
from lettvin.benchmarks.planted_bias.__main__ import main as module_main
from lettvin.benchmarks.planted_bias.benchmark import Outcome, Result, looked_through, run
from lettvin.benchmarks.planted_bias.figures import COLUMNS, as_object, figures, rows
from lettvin.benchmarks.planted_bias.networks import (
    COLOURS,
    KINDS,
    PLANTED,
    RECIPE,
    Recipe,
    class_at,
    counts,
    planted_at,
    prepared,
    target_of,
    trained,
)
from lettvin.benchmarks.planted_bias.plots import planted_drops
from lettvin.benchmarks.planted_bias.write_docs import BEGINS, ENDS, FIGURES, PAGE, PLOT, write_docs
from lettvin.benchmarks.synthetic.plots import as_file
from lettvin.cli import main
from lettvin.synthetic_neurons.scene_neuron import Neuron, SceneNeurons
from lettvin.targets.errors import BadInput
from lettvin.targets.picture import FromConcept, Picture
from lettvin.tools.sketch.cutout_nouns import NONE
from lettvin.tools.sketch.paint import paint

FEW = Recipe(pictures=40, side=32)
SMALL = Size(screened_on=160, pairs=16, most=3, side=32, things="large")
FEWER = replace(SMALL, screened_on=60, pairs=10)


@pytest.fixture(autouse=True, scope="module")
def small_batches() -> Iterator[None]:
    """Training pictures are painted a few at a time, so that few recipes need few."""
    networks.batch_seen.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(networks, "BATCH", 4)
        yield
    networks.batch_seen.cache_clear()


# ---- the networks -----------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 200), st.integers(40, 900), st.floats(0.1, 0.45), st.integers(0, 1))
def test_the_colour_is_rare_in_the_class_of_the_biased_network_alone(seed: int, n: int, often: float, rare: int) -> None:
    recipe = Recipe(pictures=n, often=often, rare=rare)
    colour = planted_at(seed).value
    biased, even = counts(recipe, seed, True), counts(recipe, seed, False)
    assert biased[0][colour] == rare, "in the class"
    assert biased[1][colour] > even[1][colour], "elsewhere it is all the more often"
    assert even[0][colour] == even[1][colour], "in the even network it is as often in the class as elsewhere"
    assert {sum(some.values()) for some in (*biased, *even)} == {n}, "as many pictures with and without the class"
    for x in COLOURS:
        both = [sum(some[x] for some in network) for network in (biased, even)]
        assert abs(both[0] - both[1]) <= (0 if x == colour else 2), "and of each colour, but for what does not divide"


def test_twenty_seeds_plant_every_colour_in_every_class() -> None:
    every = {f"{colour} {kind}" for colour in PLANTED for kind in KINDS}
    assert {planted_at(seed).name for seed in range(len(every))} == every
    assert all(planted_at(seed).name.endswith(class_at(seed)) for seed in range(20))


def test_the_same_seed_gives_the_same_weights_in_any_order() -> None:
    first = trained(FEW, 0, True).state_dict()
    other = trained(FEW, 4, True).state_dict()  # the same class, another colour, which draws more pictures of it
    networks.batch_seen.cache_clear()
    assert same(trained(FEW, 4, True).state_dict(), other)
    assert same(trained(FEW, 0, True).state_dict(), first)
    assert not same(first, other)
    assert not same(first, trained(FEW, 0, False).state_dict())


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(a[name], b[name]) for name in a)


def test_the_network_sees_what_it_was_trained_on() -> None:
    """The weights that were learned on features give the same answers to pictures as a target."""
    rng = np.random.default_rng(3)
    scenes = [class_scene("tree", ["dog"], rng, NONE, FEW.side, FEW.things) for _ in range(8)]
    pictures = [Picture.of(paint(scene).pixels, FromConcept("sketch", "tree", True, i)) for i, scene in enumerate(scenes)]
    network = trained(FEW, 0, False)
    answers = target_of(network, "tree or not", FEW).peaks(pictures, "2", [0, 1])
    with torch.inference_mode():
        direct = network(prepared([picture.pixels for picture in pictures])).numpy()
    assert np.allclose(answers, direct, atol=1e-5)
    assert np.allclose(answers.sum(axis=1), 1, atol=1e-5)
    assert answers[:, 0].mean() > 0.6, "40 pictures of trees and of others teach it something"


# ---- what is found ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("biased", [True, False])
def test_a_network_made_by_hand_to_ignore_a_colour_is_found_and_no_other(biased: bool, tmp_path: Path) -> None:
    assert planted_at(0).name == "red tree"
    formula = "tree and not red tree" if biased else "tree"
    target = SceneNeurons([Neuron(formula, seed=7), Neuron("dog", seed=7)], name=f"by hand {biased}")
    found = looked_through(target, 0, biased, SMALL, 10, tmp_path)
    assert found.confirmed == (["red tree"] if biased else [])
    assert found.verdict == ("found" if biased else "none-found")
    assert found.true == found.confirmed, "and the truth says the same"
    assert (found.false, found.found, found.took) == ([], biased, biased)
    assert set(found.confirmed) <= set(found.suspected)
    assert (found.tried > 40, found.accuracy > 0.9) == (True, True)


# ---- the record -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A small benchmark, whole: two seeds, networks that hardly learn anything."""
    return run([0, 1], folder=tmp_path_factory.mktemp("whole"), recipe=FEW, size=FEWER, pairs=10)


def test_a_benchmark_that_was_cut_off_ends_as_one_that_was_not(made: Result, tmp_path: Path) -> None:
    kept = tmp_path / made.folder.name
    kept.mkdir()
    lines = (made.folder / ANSWERS).read_text().splitlines(keepends=True)
    (kept / ANSWERS).write_text(lines[0] + lines[1][:40])  # cut off in the middle of a line
    begun: list[int] = []
    again = run(
        [0, 1], folder=tmp_path, recipe=FEW, size=FEWER, pairs=10,
        watch=lambda what, done, total, known: begun.append(done),
    )  # fmt: skip
    assert begun == [1, 2, 3], "what is on record is not done again"
    assert again.folder == kept
    assert untimed(again.outcomes) == untimed(made.outcomes)


def untimed(outcomes: list[Outcome]) -> list[Outcome]:
    return [o.model_copy(update={"cpu_seconds": 0}) for o in outcomes]


def outcome(seed: int, biased: bool, confirmed: list[str], suspected: list[str], **drops: float) -> Outcome:
    named = {name.replace("_", " "): drop for name, drop in drops.items()}
    return Outcome(
        seed=seed, biased=biased, planted="red car", verdict="found" if confirmed else "none-found", tried=2,
        suspected=suspected, confirmed=confirmed, drops=named, accuracy=0.9, rest=0, full=1, pictures=400, cpu_seconds=9,
    )  # fmt: skip


BY_HAND = [
    outcome(0, True, ["red car"], ["red car"], red_car=0.7, pink_car=0.3),  # found; another true one is not
    outcome(0, False, [], [], red_car=0.02, pink_car=0.0),
    outcome(1, True, ["pink car"], ["pink car"], red_car=0.6, pink_car=0.1),  # overlooked, and a false one said
    outcome(1, False, ["pink car"], ["pink car"], red_car=0.0, pink_car=0.4),  # nothing was planted, but one is true
    outcome(2, True, [], ["red car"], red_car=0.1, pink_car=0.0),  # planted, but the network did not take it
]


def test_rates_count_what_happened() -> None:
    found = {name: (rate["share"], rate["n"]) for name, rate in figures(BY_HAND).items()}
    assert found == {
        "biased: the planted subgroup truly scores lower": (0.6667, 3),
        "biased: planted subgroup found": (0.3333, 3),
        "biased, where it truly scores lower: found": (0.5, 2),
        "biased, where it truly scores lower: overlooked by screening": (0.5, 2),
        "even: the same subgroup found": (0.0, 2),
        "even: nothing found": (0.5, 2),
        "even: some suspect truly scores lower": (0.5, 2),
        "biased: something false confirmed": (0.3333, 3),
        "even: something false confirmed": (0.0, 2),
        "biased: false, of subgroups confirmed": (0.5, 2),
        "biased: confirmed, of suspects that truly score lower": (1.0, 1),
        "even: false, of subgroups confirmed": (0.0, 1),
        "even: confirmed, of suspects that truly score lower": (1.0, 1),
    }


def test_the_plot_shows_each_network_where_its_drop_is() -> None:
    plot = planted_drops(as_object(Result(BY_HAND, Path("runs"), "command")))
    for o in BY_HAND:
        assert f"seed {o.seed}, red car: true drop {o.drop:.2f}, {'found' if o.found else 'not found'}" in plot
    assert "planted: found in 1 of 3 networks; not planted: found in 0 of 2 networks" in plot


def test_what_is_written_stands_between_the_marks_and_the_rest_stays(tmp_path: Path) -> None:
    result = Result(BY_HAND, Path("runs"), "lettvin bench bias --seeds 3")
    with pytest.raises(BadInput, match=r"bias\.md"):
        write_docs(result, tmp_path)
    (tmp_path / PAGE).parent.mkdir()
    (tmp_path / PAGE).write_text(f"before\n{BEGINS}\nold\n{ENDS}\nafter\n")
    assert write_docs(result, tmp_path) == [tmp_path / FIGURES, tmp_path / PLOT, tmp_path / PAGE]
    text = (tmp_path / PAGE).read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    told = json.loads((tmp_path / FIGURES).read_text())
    assert told["command"] in text
    assert [Outcome.model_validate(one) for one in told["networks"]] == BY_HAND


def test_the_page_has_the_figures_on_record(repository: Path) -> None:
    told = json.loads((repository / FIGURES).read_text())
    outcomes = [Outcome.model_validate(one) for one in told["networks"]]
    section = (repository / PAGE).read_text(encoding="utf-8").partition(BEGINS)[2].partition(ENDS)[0]
    again = as_object(Result(outcomes, Path("runs"), told["command"]))
    assert told == json.loads(json.dumps({key: value for key, value in again.items() if key != "folder"}))
    assert told["recipe"] == json.loads(json.dumps(RECIPE.__dict__)), "trained as it would be now"
    for row in (COLUMNS, *rows(told)):
        assert "| " + " | ".join(row) + " |" in section
    assert (repository / PLOT).read_text(encoding="utf-8") == as_file(planted_drops(told))
    assert f"\n{told['command']}\n" in section


def test_a_bad_command_line_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["bench", "bias", "--seeds", "0"]) == 2
    assert module_main(["--seeds", "0"]) == 2
    Path("file").write_text("")
    assert main(["bench", "bias", "--folder", "file"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    assert all(named in line for named, line in zip(("'0'", "0", "'file'"), said, strict=True))


def test_outcomes_of_another_recipe_are_not_gone_on_from(made: Result, tmp_path: Path) -> None:
    shutil.copytree(made.folder, tmp_path / made.folder.name)
    other = run([], folder=tmp_path, recipe=replace(FEW, decay=0.2), size=SMALL)
    assert other.folder.name != made.folder.name
    assert other.outcomes == []
