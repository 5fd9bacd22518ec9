"""Suites: what lettvin draws, what a user writes, how each is loaded, and that nothing of it reaches a backbone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lettvin.agent.ask import ask
from lettvin.agent.backbones.backbone import Act, Call, Conclude
from lettvin.agent.backbones.empiricist import Empiricist
from lettvin.agent.resume import resume
from lettvin.agent.run_folder import read_about, read_events
from lettvin.agent.transcript import Answered, AnyEvent, Returned, Started
from lettvin.cli import main
from lettvin.synthetic_neurons.drawn_suites import SEEDS, drawn_suite
from lettvin.synthetic_neurons.load import find_suite, load
from lettvin.synthetic_neurons.planted import planted_target, planted_units
from lettvin.synthetic_neurons.scene_neuron import NULLS, Neuron, SceneNeurons
from lettvin.synthetic_neurons.suite import KINDS, Suite, kind_of, read_suite, suite_of
from lettvin.synthetic_neurons.suite_target import SuiteTarget
from lettvin.targets.errors import BadInput
from lettvin.targets.loaders import load_target
from lettvin.targets.picture import FromData, Picture
from lettvin.tools.sketch.concept import Concept, holds, parse
from lettvin.tools.sketch.concept_scenes import examples
from lettvin.tools.sketch.paint import paint
from lettvin.tools.sketch.scenes import random_scene


@cache
def core() -> Suite:
    return drawn_suite("core")


def told(*neurons: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A suite as JSON tells it; neurons without a name get one."""
    named = [{"name": f"n{i}", **neuron} for i, neuron in enumerate(neurons)]
    return {"name": "mine", "seed": 7, "neurons": named, **more}


# ---- the suites that lettvin draws -------------------------------------------------------------------------------


def test_core_has_forty_neurons_a_kind_and_a_hundred_nulls() -> None:
    kinds = Counter(neuron.kind for neuron in core().neurons)
    assert kinds == {kind: 100 if kind == "null" else 40 for kind in KINDS}
    nulls = Counter(n.behaviour for n in core().neurons if n.kind == "null")
    assert nulls == {"noise": 30, "heavy": 30, "shuffled": 20, "constant": 10, "dead": 10}


def test_smoke_has_one_of_each_kind_and_of_each_null() -> None:
    smoke = drawn_suite("smoke")
    assert Counter(n.kind for n in smoke.neurons) == {kind: 5 if kind == "null" else 1 for kind in KINDS}
    assert {n.behaviour for n in smoke.neurons} >= set(NULLS)


@pytest.mark.parametrize("name", SEEDS)
def test_a_drawn_suite_is_its_seeds_in_any_process(name: str) -> None:
    code = f"from lettvin.synthetic_neurons.drawn_suites import drawn_suite; print(drawn_suite({name!r}).as_json())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == drawn_suite(name).as_json().strip()
    assert drawn_suite(name, 5) == drawn_suite(name, 5)
    other = {n.fires_for for n in drawn_suite(name, 5).neurons} - {n.fires_for for n in drawn_suite(name).neurons}
    assert len(other) >= len(drawn_suite(name).neurons) / 4


def test_no_two_neurons_of_a_drawn_kind_are_alike() -> None:
    real = [n for n in core().neurons if n.kind != "null"]
    assert len({n.model_copy(update={"name": ""}) for n in real}) == len(real)
    for kind in ("single object", "OR", "AND", "relation", "count", "size", "coloured object", "OR of ANDs", "weighted OR"):
        assert len({n.fires_for for n in real if n.kind == kind}) == 40


def test_places_and_names_in_a_drawn_suite_tell_no_kind() -> None:
    assert [n.name for n in core().neurons] == [f"neuron-{i:03d}" for i in range(740)]
    runs = sum(a.kind != b.kind for a, b in zip(core().neurons, core().neurons[1:], strict=False))
    assert runs > 600  # in order of kinds there would be 16


def test_every_drawn_concept_can_be_true_and_can_be_false() -> None:
    """Scenes are made in which it holds, and not in every one."""
    rng = np.random.default_rng(0)
    some = [random_scene(9, i) for i in range(40)]
    for neuron in drawn_suite("smoke").neurons + core().neurons[::3]:
        truth = neuron.truth()
        if isinstance(truth, Concept) and neuron.behaviour != "planted":
            made = examples(truth, 1, rng) or examples(truth, 4, rng)
            assert made, neuron.fires_for
            assert all(holds(truth, scene) for scene in made)
            assert not all(holds(truth, scene) for scene in some), neuron.fires_for


def test_an_and_is_enough_only_whole_and_an_or_by_each_part() -> None:
    rng = np.random.default_rng(1)
    for neuron in [n for n in core().neurons if n.kind in ("AND", "OR")][::8]:
        parts = re.split(" and | or ", neuron.fires_for or "")
        truth = parse(neuron.fires_for or "")
        lone = [[s for s in examples(parse(p), 12, rng) if sum(holds(parse(q), s) for q in parts) == 1] for p in parts]
        assert all(lone), neuron.fires_for
        assert {holds(truth, scene) for scenes in lone for scene in scenes} == {neuron.kind == "OR"}


def test_weights_are_a_whole_and_a_half() -> None:
    weights = [n.weights for n in core().neurons if n.kind == "weighted OR"]
    assert set(weights) == {(1.0, 0.5), (0.5, 1.0)}
    assert all(n.weights is None for n in core().neurons if n.kind != "weighted OR")


@pytest.mark.parametrize(
    ("formula", "kind"),
    [
        ("dog", "single object"),
        ("dog or car", "OR"),
        ("dog or car or red", "three-way OR"),
        ("dog and red or car", "OR of ANDs"),
        ("dog and car", "AND"),
        ("dog and not car", "AND NOT"),
        ("red dog", "coloured object"),
        ("red", "colour"),
        ("striped", "pattern"),
        ("on snow", "background"),
        ("large dog", "size"),
        ("at least two dogs", "count"),
        ("dog left of cat", "relation"),
        ("vertical grating", "stimulus"),
        ("at night", "light"),
        ("large red dog", "other"),
    ],
)
def test_the_kind_is_read_off_the_formula(formula: str, kind: str) -> None:
    assert kind_of(parse(formula)) == kind


# ---- a user's own ------------------------------------------------------------------------------------------------


def test_a_suite_of_ones_own_round_trips(tmp_path: Path) -> None:
    given = told(
        {"fires_for": "dog and not car", "noise": 0.1, "by": "match"},
        {"fires_for": "dog or car", "behaviour": "binary", "weights": [1.0, 0.5]},
        {"fires_for": "exactly two dogs", "seed": 3},
        {"behaviour": "shuffled", "of": "n0"},
        {"behaviour": "luminance"},
        {"behaviour": "planted", "unit": "layer3:4"},
    )
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(given))
    made = read_suite(path)
    kinds = ["AND NOT", "weighted OR", "off-language", "null", "off-language", "planted filters"]
    assert [n.kind for n in made.neurons] == kinds
    path.write_text(made.as_json())
    assert read_suite(path) == made
    assert made.scene_neurons()[0] == Neuron("dog and not car", "graded", 0.1, 7, "n0", None, "match")
    assert made.scene_neurons()[2].seed == 3


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (told({"behaviour": "gradd", "fires_for": "dog"}), r"neurons\[0\] 'n0': no behaviour 'gradd'; nearest: 'graded'"),
        (told({"fires_for": "dog"}, {"fires_for": "red carr"}), r"neurons\[1\] 'n1'.*character 5.*'carr'"),
        (told({"fires_for": "dog and (cat"}), r"n0.*character 13.*bracket"),
        (told({"fires_for": "dog facing up"}), r"n0.*character 12.*'up'"),
        (told({"fires_for": "dog", "behavior": "binary"}), r"n0.*no field 'behavior'; nearest: 'behaviour'"),
        (told({"fires_for": "dog"}, neurns=[]), "no field 'neurns'; nearest: 'neurons'"),
        (told({"fires_for": "dog"}, {"behaviour": "shuffled", "of": "n00"}), "n1.*'n00' names no neuron.*nearest: 'n0'"),
        (told({"behaviour": "noise"}, {"behaviour": "shuffled", "of": "n0"}), "n1.*'n0'"),
        (told({"behaviour": "shuffled"}), "n0.*'of' None"),
        (told({"fires_for": "dog", "name": "a"}, {"fires_for": "cat", "name": "a"}), r"neurons\[1\].*'a'.*neurons\[0\]"),
        (told({"fires_for": "dog", "noise": -1}), "n0.*noise -1"),
        (told({"fires_for": "dog", "noise": "loud"}), "n0.*noise.*'loud'"),
        (told({"fires_for": "dog", "by": "weight"}), "n0.*'weight'; nearest"),
        (told({"fires_for": "dog", "weights": [1.0]}), "n0.*1 ways"),
        (told({"fires_for": "dog", "unit": "layer3:4"}), "n0.*'layer3:4'"),
        (told({"behaviour": "noise", "fires_for": "dog"}), "n0.*'noise'.*'dog'"),
        (told({"behaviour": "graded"}), "n0.*'graded'.*None"),
        (told({"behaviour": "planted"}), "n0.*None"),
        (told({"behaviour": "planted", "unit": "layer3:99"}), "n0.*'layer3:99'.*0 to 31"),
        (told({"behaviour": "planted", "unit": "layer3:1", "of": "n0"}), "n0.*'of'"),
        (told(), "neurons"),
        (told({"fires_for": "dog"}, seed=-1), "seed.*-1"),
        (told({"fires_for": "dog"}, seed="x"), "seed.*'x'"),
        ({"name": "mine", "seed": 1}, "'neurons' is missing"),
        (told({"fires_for": 3}), "n0.*fires_for.*3"),
        ({"name": "mine", "seed": 1, "neurons": [3]}, r"neurons\[0\].*3"),
        ([], "a suite is an object"),
    ],
    ids=str,
)
def test_a_suite_that_cannot_be_is_refused_in_one_line(given: Any, says: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(given))
    with pytest.raises(BadInput, match=says) as refused:
        read_suite(path)
    assert "\n" not in str(refused.value)
    assert repr(str(path)) in str(refused.value)
    with pytest.raises(BadInput, match=says):
        suite_of(given)


@pytest.mark.parametrize("text", ["", "{", '{"name": }', "\x00"])
def test_a_file_that_is_no_json_is_refused_with_the_place(text: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(BadInput, match=r"no JSON: .*line 1, column \d"):
        read_suite(path)


# ---- loading -----------------------------------------------------------------------------------------------------


def test_a_concept_is_unit_0_among_distractors_that_do_something_else() -> None:
    target = load_target("synthetic:dog and not cat")
    assert isinstance(target, SceneNeurons)
    assert target.name == "synthetic:dog and not cat"
    assert target.neurons[0].fires_for == "dog and not cat"
    others = [n.fires_for for n in target.neurons[1:]]
    assert len(set(others)) == len(others) == 15
    assert "dog and not cat" not in others
    assert target.key == load_target("synthetic:dog and not cat").key


def test_a_suites_units_are_its_neurons(tmp_path: Path) -> None:
    planted = {"behaviour": "planted", "unit": "layer2:4"}
    made = told({"behaviour": "noise"}, planted, {"fires_for": "red", "noise": 0}, {"behaviour": "dead"})
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(made))
    target = load_target(f"synthetic:{path}", "cpu")
    scene = random_scene(4, 1)
    shown = [Picture.of(paint(scene).pixels, FromData("t", 0), scene=scene)]
    assert [target.unit(str(i)).address for i in range(4)] == ["neurons:0", "layer2:4", "neurons:1", "neurons:2"]
    network = planted_target(7, device="cpu")
    assert np.array_equal(target.maps(shown, target.unit("1"))[0], network.maps(shown, network.unit("layer2:4"))[0])
    assert target.maps(shown, target.unit("2"))[0].max() >= 0.2
    assert (target.maps(shown, target.unit("3"))[0] == 0).all()
    seen: dict[str, tuple[int, ...]] = {}
    target.watch(shown, ["neurons", "layer2", "layer4"], lambda name, maps: seen.update({name: tuple(maps.shape)}))
    assert seen == {"neurons": (1, 3, 14, 14), "layer2": (1, 61, 28, 28), "layer4": (1, 33, 1, 1)}
    assert np.array_equal(target.peaks(shown, "layer2", [4]), network.peaks(shown, "layer2", [4]))
    assert target.peaks(shown, "neurons", [2, 1]).tolist() == [[0.0, target.maps(shown, target.unit("2"))[0].max()]]
    assert target.patch("neurons") is None
    assert target.patch("layer3") == network.patch("layer3")
    with pytest.raises(BadInput, match="neurons 0 to 3, not 4"):
        target.unit("4")
    with pytest.raises(BadInput, match="layer2"):
        target.unit("layer22:1")


def test_core_loads_with_its_740_neurons() -> None:
    target = load("synthetic:core", "cpu")
    assert isinstance(target, SuiteTarget)
    assert target.suite == core()
    of_kind = {n.behaviour: target.unit(str(i)).layer.name for i, n in enumerate(core().neurons)}
    assert of_kind["planted"].startswith("layer")
    assert {of_kind[b] for b in ("graded", "binary", *NULLS)} == {"neurons"}
    known = {unit.address for unit in planted_units(core().seed)}
    assert {target.unit(str(i)).address for i, n in enumerate(core().neurons) if n.behaviour == "planted"} <= known


def test_a_seed_may_follow_what_lettvin_draws() -> None:
    assert find_suite("smoke@5") == drawn_suite("smoke", 5)
    assert load("synthetic:planted@5", "cpu").key == planted_target(5, device="cpu").key


def test_a_noise_may_follow_and_is_all_that_changes() -> None:
    loud, quiet = find_suite("smoke@5~0.3"), find_suite("smoke@5")
    answering = ("graded", "binary")
    assert {n.noise for n in loud.neurons if n.behaviour in answering} == {0.3}
    for a, b in zip(loud.neurons, quiet.neurons, strict=True):
        assert a == (b.model_copy(update={"noise": 0.3}) if b.behaviour in answering else b)
    assert loud.name == "smoke~0.3"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("synthetic:", "'synthetic:'.*synthetic:core"),
        ("synthetic", "'synthetic'.*synthetic:core"),
        ("synthetic:dog and not leash", "'leash'; nearest"),
        ("synthetic:nothing.json", "'nothing.json' cannot be read"),
        ("synthetic:core@x", "'x'"),
        ("synthetic:planted@x", "planted@x"),
        ("synthetic:core~loud", "'loud' is no share"),
    ],
)
def test_a_name_that_names_no_neurons_is_refused(name: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["units", name]) == 2
    err = capsys.readouterr().err
    assert re.search(says, err)
    assert err.count("\n") == 1


# ---- no leaks ----------------------------------------------------------------------------------------------------


class Spy(Empiricist):
    """The empiricist, keeping all that it is shown; first it makes mistakes, and shows a picture that has no scene."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []
        self.steps = 0

    def act(self, transcript: Sequence[AnyEvent]) -> Act:
        self.shown = [event.model_dump_json() for event in transcript]
        self.steps += 1
        if self.steps == 1:
            return Call(tool="exemplars", arguments={"k": 1, "view": "highlighted"})
        if self.steps == 2:
            view = [event for event in transcript if isinstance(event, Returned)][-1]
            assert view.data is not None
            return Call(tool="probe", arguments={"pictures": [view.data["shown"][0]["view"]]})
        if self.steps == 3:
            return Call(tool="probe", arguments={"pictures": ["0" * 64]})
        if self.steps == 4:
            return Conclude(hypothesis="H99")
        return super().act(transcript)


def test_nothing_that_a_backbone_is_shown_tells_what_the_neuron_does(tmp_path: Path) -> None:
    """A definition that nobody would come upon by experiment: where its words stand, they were leaked."""
    formula = "striped purple umbrella and not at night"
    target = load_target(f"synthetic:{formula}")
    assert isinstance(target, SceneNeurons)
    spy = Spy()
    answer = ask(target.unit("0"), backbone=spy, data="sketch:60", runs=tmp_path, page=False, max_images=150)
    assert spy.steps > 3
    everything = "\n".join(spy.shown)
    for secret in (formula, target.name, target.key, "purple umbrella and not", "fires_for", *map(repr, target.neurons[:1])):
        assert secret not in everything
    started = json.loads(spy.shown[0])
    assert started["target"] == target.alias
    events = read_events(Path(answer.run))
    mistakes = [event.text for event in events if isinstance(event, Returned) and event.mistake]
    assert "has none" in mistakes[0]  # the view that was made for eyes: told, and the run went on
    assert isinstance(events[-1], Answered)
    # the record, which is for people and for going on, tells the truth
    assert read_about(Path(answer.run))["target"] == target.name
    assert next(event.target for event in events if isinstance(event, Started)) == target.name


def test_a_run_of_a_hidden_target_can_be_gone_on_with(tmp_path: Path) -> None:
    target = load_target("synthetic:red or dog")
    cut = ask(target.unit("0"), data="sketch:60", runs=tmp_path, page=False, max_images=30)
    assert cut.limit == "--max-images 30"
    whole = resume(cut.run, max_images=120)
    assert whole.images > cut.images
    assert whole.target == cut.target == "synthetic:red or dog"


def test_the_command_line_asks_a_neuron_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["ask", "synthetic:striped", "0", "What makes this unit fire?", "--data", "sketch:60", "--json"]
    assert main([*words, "--max-images", "60", "--runs", str(tmp_path)]) in (0, 3)
    answer = json.loads(capsys.readouterr().out)
    assert (answer["target"], answer["unit"]) == ("synthetic:striped", "neurons:0")


@pytest.mark.parametrize("name", ["synthetic:red", "synthetic:smoke", "synthetic:planted"])
def test_aliases_layers_and_units_tell_nothing(name: str) -> None:
    target = load(name, "cpu")
    unit = target.unit("0" if name != "synthetic:planted" else "layer2:0")
    said = f"{target.alias} {unit.address} {' '.join(layer.name for layer in target.layers)}"
    assert re.fullmatch(r"synthetic-[0-9a-f]{8} \w+:\d+( neurons| layer\d)+", said)
    assert not set(re.findall(r"[a-z]+", said)) & {"red", "smoke", "planted", "core", "suite"}
