"""`lettvin bench logits`: the table of facts, the score by the class's name, the units without names, and the whole command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lettvin.agent.run_folder import read_events
from lettvin.benchmarks.logits import asking, output_units
from lettvin.benchmarks.logits.asking import ask_one, fit
from lettvin.benchmarks.logits.benchmark import in_turn, opened, run
from lettvin.benchmarks.logits.class_nouns import class_nouns
from lettvin.benchmarks.logits.figures import as_object, columns, figures, rows
from lettvin.benchmarks.logits.outcome import CONTROLS, Asked, Control, Fit
from lettvin.benchmarks.logits.output_units import OutputUnits
from lettvin.benchmarks.unseen_pictures import like
from lettvin.cli import main
from lettvin.targets import loaders
from lettvin.targets.errors import BadInput
from lettvin.targets.loaders import load_target
from lettvin.tests.stamps import folder_of_stamps
from lettvin.tools import cutouts
from lettvin.tools.cutouts import DEFAULT_FOLDER, library
from lettvin.tools.sketch.concept import parse
from lettvin.tools.sources.open_source import open_source

needs_stamps = pytest.mark.skipif(not DEFAULT_FOLDER.is_dir(), reason="tuxpaint-stamps-default is not installed")
LION, TIGER, HEN, COCK, FISH, HAMMER = 291, 292, 8, 7, 390, 587
NOUNS = frozenset(class_nouns().nouns) | {"rose"}
LOOKS = ["milan", "random", "class name"]


# ---- the table of facts -----------------------------------------------------------------------------------------------


def test_every_class_of_a_fact_has_a_name_and_every_name_a_fact() -> None:
    table = class_nouns()
    told = {index for facts in table.nouns.values() for index in facts.classes}
    assert told == table.classes.keys()
    assert all(0 <= index < 1000 and name for index, name in table.classes.items())


def test_no_noun_says_two_things_of_a_class() -> None:
    twice = [noun for noun, facts in class_nouns().nouns.items() if len(set(facts.classes)) < len(facts.classes)]
    assert twice == []
    assert all(facts.classes for facts in class_nouns().nouns.values())


@needs_stamps
def test_every_noun_is_among_the_stamps() -> None:
    assert class_nouns().nouns.keys() - {cutout.noun for cutout in library().cutouts} == set()


# ---- the score by name ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "answer", "named"),
    [
        (LION, "lion", "exact"),
        (LION, "large lion", "exact"),
        (LION, "lion and on grass", "exact"),
        (LION, "lion and not tiger", "exact"),
        (LION, "at least two lions", "exact"),
        (COCK, "rooster", "exact"),
        (COCK, "chicken", "hypernym"),
        (COCK, "chicken or rooster", "hypernym"),
        (HAMMER, "mallet", "hypernym"),
        (HEN, "rooster", "wrong"),
        (LION, "lion or tiger", "among others"),
        (LION, "(lion or tiger) and on grass", "among others"),
        (LION, "lion or on grass", "among others"),
        (LION, "lion and tiger", "wrong"),
        (LION, "tiger and not lion", "wrong"),
        (LION, "tiger", "wrong"),
        (LION, "rose", "wrong"),
        (LION, "on grass", "wrong"),
        (LION, "large", "wrong"),
    ],
)
def test_an_answer_is_scored_by_the_nouns_that_it_wants(index: int, answer: str, named: str) -> None:
    assert class_nouns().named(index, parse(answer, nouns=NOUNS)) == named


def test_the_own_name_of_every_class_is_right_and_exact_where_a_noun_is() -> None:
    table = class_nouns()
    for index in table.classes:
        exact = "exactly" in table.nouns_for(index).values()
        assert table.named(index, table.own_name(index)) == ("exact" if exact else "hypernym")


# ---- which classes are asked ------------------------------------------------------------------------------------------


def test_classes_are_dealt_by_noun_so_that_dogs_do_not_crowd_out_the_rest() -> None:
    nouns = sorted(class_nouns().nouns)
    order = in_turn(nouns, 0)
    assert sorted(order) == sorted(class_nouns().classes)
    dogs = set(class_nouns().nouns["dog"].classes)
    assert len(dogs & set(order[:60])) <= 1
    assert order != in_turn(nouns, 1)


def test_only_what_the_nouns_show_is_asked() -> None:
    assert sorted(in_turn(["lion", "rose", "chicken"], 0)) == [COCK, HEN, LION]
    with pytest.raises(BadInput, match="'rose'"):
        in_turn(["rose"], 0)


# ---- figures ----------------------------------------------------------------------------------------------------------


def answered(index: int, formula: str | None, verdict: str, condition: Control = "network") -> Asked:
    table = class_nouns()
    own = Fit(auprc=0.5, pearson=0.5, base=0.1)
    return Asked.model_validate(
        {
            "mind": "m",
            "condition": condition,
            "index": index,
            "name": table.classes[index],
            "told_exactly": "exactly" in table.nouns_for(index).values(),
            "unit": "outputs:0",
            "description": "",
            "formula": formula,
            "verdict": verdict,
            "confidence": None,
            "named": None if formula is None else table.named(index, parse(formula, nouns=NOUNS)),
            "fit": None if formula is None else own,
            "own_name": own,
            "pictures": 0,
            "seconds": 0.0,
            "run": None,
            "code": "",
        }
    )


def test_a_name_counts_only_where_it_is_claimed() -> None:
    found = figures([answered(LION, "lion", "inconclusive"), answered(TIGER, "tiger", "supported")])
    assert found["exact"]["share"] == 0.5
    assert found["best_account"]["share"] == 1
    assert found["supported"]["share"] == 0.5


def test_exact_names_are_counted_where_a_noun_is_the_class_name() -> None:
    found = figures([answered(HEN, "chicken", "supported"), answered(LION, "lion", "supported")])
    assert (found["exact"]["n"], found["right"]["n"]) == (1, 2)
    assert (found["exact"]["share"], found["right"]["share"]) == (1, 1)


def test_units_that_their_own_stamps_do_not_drive_are_told_apart() -> None:
    silent = answered(TIGER, "lion", "supported").model_copy(update={"own_name": Fit(auprc=0.12, pearson=0.0, base=0.1)})
    found = figures([answered(LION, "lion", "supported"), silent])
    assert (found["right"]["n"], found["right_where_shown"]["n"], found["right_where_shown"]["share"]) == (2, 1, 1)


def test_a_false_discovery_names_the_class_in_no_way() -> None:
    some = [("lion", "supported"), ("lion or tiger", "supported"), ("tiger", "supported"), ("tiger", "inconclusive")]
    found = figures([answered(LION, formula, verdict) for formula, verdict in some])["false_discovery"]
    assert (found["share"], found["n"]) == (0.3333, 3)


def test_controls_are_never_pooled_with_the_network() -> None:
    controls = [answered(LION, "lion", "supported", control) for control in CONTROLS[1:]]
    found = figures([answered(LION, None, "inconclusive"), *controls])
    assert (found["right"]["share"], found["shuffled_supported"]["share"], found["random_right"]["share"]) == (0, 1, 1)
    assert found["predicted"]["network"] == {"auprc_above_chance": 0, "pearson": 0, "answered": 0, "units": 1}


def test_auprc_is_told_above_what_chance_gives() -> None:
    found = figures([answered(LION, "lion", "supported")])["predicted"]["network"]
    assert found["auprc_above_chance"] == pytest.approx((0.5 - 0.1) / (1 - 0.1), abs=1e-4)


# ---- without stamps ---------------------------------------------------------------------------------------------------


def test_without_stamps_there_is_one_line_and_code_2(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cutouts, "DEFAULT_FOLDER", tmp_path / "nowhere")
    asking.cutouts.cache_clear()
    assert main(["bench", "logits", "--folder", str(tmp_path / "answers")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "tuxpaint-stamps-default" in said.err
    assert not (tmp_path / "answers").exists()


@pytest.mark.parametrize(
    ("options", "named"),
    [(["--data", "sketch:20"], "'sketch:20'"), (["--backbone", "empirist"], "'empirist'"), (["--units", "0"], "'0'")],
)
def test_bad_input_is_named(options: list[str], named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "logits", "--folder", str(tmp_path), *options]) == 2
    assert named in capsys.readouterr().err


# ---- units and the whole command, on a folder of stamps made here ------------------------------------------------------


@pytest.fixture(scope="module")
def stamps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of_stamps(tmp_path_factory.mktemp("stamps"))


@pytest.fixture(scope="module", autouse=True)
def small(stamps: Path) -> Any:
    """Few scenes, of the stamps made here: what is tested does not hang on how many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(output_units, "POOL", f"cutouts:16@9 from {stamps}")
        patch.setattr(asking, "HELD_OUT", 24)
        patch.setattr(asking, "MOST_PICTURES", 8)
        yield


@pytest.fixture(scope="module")
def target(small: None) -> OutputUnits:
    return OutputUnits("efficientnet-lite0", 0)


def shown(stamps: Path, n: int) -> list[Any]:
    source = open_source(f"cutouts:{n}@3 from {stamps}")
    return [source.picture(i) for i in range(n)]


def test_a_unit_answers_as_the_output_unit_of_its_class(target: OutputUnits, stamps: Path) -> None:
    pictures = shown(stamps, 5)
    unit = target.unit_of(LION)
    mine = [float(found.max()) for found in target.maps(pictures, unit)]
    network = load_target("efficientnet-lite0")
    theirs = [float(found.max()) for found in network.maps(pictures, network.unit(f"_fc:{LION}"))]
    assert mine == pytest.approx(theirs, rel=1e-5)


def test_a_shuffled_unit_answers_what_its_unit_gave_to_other_scenes_and_the_same_twice(
    target: OutputUnits, stamps: Path
) -> None:
    unit, pictures = target.unit_of(TIGER, shuffled=True), shown(stamps, 12)
    first = [float(found.max()) for found in target.maps(pictures, unit)]
    again = [float(found.max()) for found in target.maps(pictures[::-1], unit)][::-1]
    assert first == again, "by the picture, whatever stands beside it"
    pool_source = open_source(output_units.POOL)
    pool = target.maps([pool_source.picture(i) for i in range(len(pool_source))], target.unit_of(TIGER))
    values = np.array([float(found.max()) for found in pool])
    assert all(np.isclose(values, value, rtol=1e-4).any() for value in first)
    assert len(set(first)) > 1


def test_neither_name_nor_address_says_which_class_a_unit_is(target: OutputUnits) -> None:
    assert "efficientnet" not in target.alias
    places = np.array([target.unit_of(index).channels[0] for index in target.classes])
    classes = np.array(target.classes)
    assert len(set(places.tolist())) == len(places)
    assert abs(np.corrcoef(places, classes)[0, 1]) < 0.3
    assert (places == classes).sum() < 10
    assert OutputUnits("efficientnet-lite0", 1).unit_of(LION).index != target.unit_of(LION).index


def test_a_class_that_no_stamp_shows_is_refused(target: OutputUnits) -> None:
    with pytest.raises(BadInput, match="'logits:nothing'"):
        output_units.load("logits:nothing")
    with pytest.raises(BadInput, match="999"):
        target.unit_of(999)


def test_scenes_kept_for_the_score_are_not_explored(stamps: Path) -> None:
    with pytest.raises(BadInput, match="987654321"):
        opened(f"cutouts:20@987654321 from {stamps}", 0)
    assert opened(f"cutouts:20 from {stamps}", 4).seed == 5
    assert like("cutouts:20@1 from a on b", 7, 3) == "cutouts:7@3 from a on b"


@pytest.mark.parametrize("command", ["ask", "compare"])
def test_a_run_about_such_units_is_resumed_by_its_name(
    command: str, stamps: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(loaders._registered, "logits", output_units.load)  # as the package's entry point does
    asked = ["outputs:5", "What makes this unit fire?"] if command == "ask" else ["outputs:5", "outputs:9"]
    words = [command, "logits:efficientnet-lite0/0", *asked, "--data", f"cutouts:40 from {stamps}", "--runs", str(tmp_path)]
    assert main([*words, "--max-images", "30", "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    record = Path(told["run"]) / "events.jsonl"
    events = read_events(record.parent)
    lines = record.read_text().splitlines(keepends=True)
    record.write_text("".join(lines[:2]))  # as if killed there
    (record.parent / "report.html").unlink()
    assert main(["resume", told["run"], "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["description"] == told["description"]
    again = read_events(record.parent)
    assert [e.model_copy(update={"at": 0}) for e in again] == [e.model_copy(update={"at": 0}) for e in events]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("answers")


@pytest.fixture(scope="module")
def told(stamps: Path, folder: Path, small: None) -> dict[str, Any]:
    return as_object(run(LOOKS, units=2, data=f"cutouts:40 from {stamps}", folder=folder))


def test_every_unit_is_asked_of_every_mind_beside_its_controls(told: dict[str, Any]) -> None:
    asked = {(one["mind"], one["condition"], one["index"]) for one in told["units"]}
    indices = {index for _, _, index in asked}
    assert len(indices) == 2
    assert asked == {(mind, control, index) for mind in LOOKS for control in CONTROLS for index in indices}
    for figure in told["figures"].values():
        low, high = figure["intervals"]["right"]
        assert low <= figure["right"] <= high


def test_the_class_name_is_the_ceiling_of_names(told: dict[str, Any]) -> None:
    assert told["figures"]["class name"]["right"] == 1
    for one in told["units"]:
        if one["mind"] == "class name":
            assert one["fit"] == one["own_name"]


def test_the_table_has_a_column_for_each_mind(told: dict[str, Any]) -> None:
    assert columns(told) == ("figure", *LOOKS)
    assert all(len(row) == 1 + len(LOOKS) for row in rows(told))


def test_what_was_asked_is_not_asked_again_and_a_line_cut_off_is(
    told: dict[str, Any], stamps: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (lines,) = folder.glob("*/answers.jsonl")
    whole = lines.read_text()
    lines.write_text(whole[:-40])
    asked: list[str] = []

    def counted(setting: Any, mind: str, index: int, condition: Control) -> Asked:
        asked.append(mind)
        return ask_one(setting, mind, index, condition)

    monkeypatch.setattr("lettvin.benchmarks.logits.benchmark.ask_one", counted)
    again = as_object(run(LOOKS, units=2, data=f"cutouts:40 from {stamps}", folder=folder))
    assert len(asked) == 1
    without = [{k: v for k, v in one.items() if k != "seconds"} for one in again["units"]]
    assert without == [{k: v for k, v in one.items() if k != "seconds"} for one in told["units"]]
    assert json.dumps(again)


def test_the_fit_is_that_of_truth_and_activation(target: OutputUnits, stamps: Path) -> None:
    setting = asking.Setting("efficientnet-lite0", f"cutouts:40@1 from {stamps}", 0, None)
    unit, answer = target.unit_of(TIGER), parse("tiger", nouns=NOUNS)
    found = fit(setting, unit, answer)
    source = open_source(f"cutouts:24@987654321 from {stamps}")
    scenes = [source.about(i).scene for i in range(24)]
    true = np.array([any(t.noun == "tiger" for t in scene.things) for scene in scenes if scene is not None])
    peaks = np.array([float(m.max()) for m in target.maps([source.picture(i) for i in range(24)], unit)])
    assert found.base == pytest.approx(true.mean(), abs=1e-4)
    assert found.pearson == pytest.approx(np.corrcoef(true, peaks)[0, 1], abs=1e-3)
