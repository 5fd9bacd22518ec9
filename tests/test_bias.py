"""`bias`: a subgroup that scores lower is found where there is one and not where there is none, on fresh pairs, corrected."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lettvin.agent.bias.events import Confirmed, HuntBegun, Hunted, Listed, Screened, Suspected
from lettvin.agent.bias.hunting import hunt, resume_hunt
from lettvin.agent.bias.steps import Size
from lettvin.agent.bias.subgroups import class_scene, pair_of, shows, subgroups, which, without_class
from lettvin.agent.bias.telling import BiasReport, told_of
from lettvin.agent.deciding_experiment import MARGIN
from lettvin.agent.report.index_page import runs_of
from lettvin.agent.report.shown import page_to_show
from lettvin.agent.run_folder import read_events
from lettvin.agent.transcript import AnyEvent
from lettvin.cli import main
from lettvin.targets.errors import BadInput
from lettvin.targets.target import Unit
from lettvin.tests.small_world import SIDE, WORLD, small_pictures, unit_of
from lettvin.tests.stamps import folder_of_stamps
from lettvin.tools.sketch import vocabulary as v
from lettvin.tools.sketch.cutout_nouns import NONE
from lettvin.tools.sources.cutouts import CutoutSource
from lettvin.tools.sources.open_source import open_source

__all__ = ["small_pictures"]
pytestmark = pytest.mark.usefixtures("small_pictures")
SMALL = Size(screened_on=200, pairs=20, most=4, side=SIDE)


def hunted(unit: Unit, noun: str | None, runs: Path, **more: object) -> tuple[BiasReport, list[AnyEvent]]:
    found = hunt(unit, noun, data=WORLD, runs=runs, **{"page": False, "size": SMALL, **more})  # type: ignore[arg-type]
    return found, read_events(Path(found.run))


# ---- what it says ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "lower"),
    [
        ("car and not red car", "red car"),
        ("car and not on snow", "car on snow"),
        ("car and not at night", "car at night"),
        ("car", None),
    ],
)
def test_a_subgroup_that_scores_lower_is_found_and_no_other(formula: str, lower: str | None, tmp_path: Path) -> None:
    found, events = hunted(unit_of(formula), "car", tmp_path, page=True)
    assert [finding.subgroup.name for finding in found.lower] == ([] if lower is None else [lower]), found.text()
    assert found.verdict == ("none-found" if lower is None else "found")
    (listed,) = [e for e in events if isinstance(e, Listed)]
    assert len(found.findings) == len(listed.subgroups), "every subgroup tried is told of"
    for finding in found.lower:
        assert finding.interval is not None
        assert finding.interval[1] < -MARGIN / 2
        assert finding.p is not None
        assert finding.q >= min(1.0, finding.p * len(listed.subgroups)) - 1e-9, "corrected over all subgroups tried"
    asked_before_drawn(events)
    page, _ = page_to_show(Path(found.run))
    assert all(finding.subgroup.name in page.read_text() for finding in found.findings)
    bars = re.findall(r'<svg class="bar-line".*?</svg>', page.read_text())
    assert len(bars) == sum(finding.effect is not None for finding in found.findings)
    assert all(0 <= float(x) <= 100 for bar in bars for x in re.findall(r' (?:x1|x2|cx)="([^"]+)"', bar)), "no bar is cut off"
    (listed_run,) = runs_of(tmp_path)
    assert (listed_run.state, listed_run.answer) == (found.verdict, found.description)


def asked_before_drawn(events: list[AnyEvent]) -> None:
    """Subgroups are listed before any is looked at, claims registered before any is tested, on pictures not screened on."""
    order = [e.kind for e in events if isinstance(e, Listed | Screened | Suspected | Confirmed | Hunted)]
    assert order == sorted(order, key=["listed", "screened", "suspected", "confirmed", "hunted"].index)
    screened = {r.picture for e in events if isinstance(e, Screened) for r in e.pictures}
    tested = [r.picture for e in events if isinstance(e, Confirmed) for r in (*e.inside, *e.outside)]
    assert len(set(tested)) == len(tested)
    assert not screened & set(tested)


def test_a_unit_that_does_not_tell_the_class_has_no_subgroups(tmp_path: Path) -> None:
    found, _ = hunted(unit_of("dog"), "car", tmp_path)
    assert (found.verdict, found.findings) == ("inconclusive", [])
    assert "does not tell" in found.description


def test_classes_are_told_of_in_words() -> None:
    rest = {"question": "", "data": "", "seed": 0, "versions": {}, "settings": {}}
    begun = HuntBegun.model_validate({"target": "t", "unit": "u:1", "shows": "umbrella", "chosen": False, **rest})
    assert "without an umbrella to pictures of one" in told_of(begun, None, [], MARGIN, None)[1]
    trousers = begun.model_copy(update={"shows": "trousers"})
    assert "without trousers to pictures of them" in told_of(trousers, None, [], MARGIN, None)[1]


def test_what_the_class_shows_is_read_off_the_data_where_nobody_says_it(tmp_path: Path) -> None:
    found, _ = hunted(unit_of("dog"), None, tmp_path, max_images=100)
    assert found.shows == "dog"
    assert "Nobody said what the class shows: dog" in found.description
    with pytest.raises(BadInput, match="--shows"):
        hunted(unit_of(None, "noise"), None, tmp_path)
    with pytest.raises(BadInput, match=r"'cra'.*'crab'"):
        hunted(unit_of("dog"), "cra", tmp_path)


def test_a_noun_that_is_cut_out_and_drawn_is_offered_once(tmp_path: Path) -> None:
    """In the line that names what can be drawn."""
    source = open_source(f"cutouts:10 from {folder_of_stamps(tmp_path)}")
    assert isinstance(source, CutoutSource)
    both = next(noun for noun in source.words.nouns if noun in v.NOUNS)
    with pytest.raises(BadInput, match=f"nearest: '{both}'") as caught:
        hunt(unit_of("dog"), f"{both}x", data=source, runs=tmp_path)
    assert str(caught.value).count(f"'{both}'") == 1


# ---- runs ------------------------------------------------------------------------------------------------------------------


def test_cut_off_anywhere_it_ends_as_if_nothing_had_come_between(tmp_path: Path) -> None:
    unit = unit_of("car and not red car")
    found, events = hunted(unit, "car", tmp_path)
    for kind in ("class-shown", "screened", "suspected"):
        run = tmp_path / kind
        shutil.copytree(found.run, run)
        lines = (run / "events.jsonl").read_text().splitlines(keepends=True)
        kept = next(i for i, event in enumerate(events) if event.kind == kind) + 1
        (run / "events.jsonl").write_text("".join(lines[:kept]))
        again = resume_hunt(run, unit=unit, data=WORLD)
        assert again.findings == found.findings
        assert [e.model_copy(update={"at": 0}) for e in read_events(run)] == [e.model_copy(update={"at": 0}) for e in events]


def test_a_limit_leads_to_an_honest_end_and_a_higher_one_goes_on(tmp_path: Path) -> None:
    unit = unit_of("car and not red car")
    found, _ = hunted(unit, "car", tmp_path, max_images=150)
    assert (found.verdict, found.limit) == ("inconclusive", "--max-images 150")
    part, _ = hunted(unit, "car", tmp_path, max_images=330)
    assert (part.verdict, [f.subgroup.name for f in part.lower]) == ("found", ["red car"]), part.text()
    assert "stopped by --max-images 330 before it had tested all suspects" in part.description
    assert "not tested yet" in part.text()
    more = resume_hunt(found.run, unit=unit, data=WORLD, max_images=2000)
    assert ([f.subgroup.name for f in more.lower], more.limit) == (["red car"], None)


def test_on_the_command_line_it_prints_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["bias", "synthetic:car", "0", "--shows", "car", "--data", "sketch:40", "--runs", str(tmp_path)]
    assert main([*words, "--max-images", "100", "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["shows"], told["limit"]) == ("inconclusive", "car", "--max-images 100")
    assert main(["bias", "synthetic:car", "0", "--shows", "kar"]) == 2
    assert "'kar'" in capsys.readouterr().err


# ---- subgroups --------------------------------------------------------------------------------------------------------------

COMPANY = ["dog", "fish", "tree"]
GROUPS = subgroups("car", COMPANY, NONE)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(GROUPS), st.integers(0, 10_000))
def test_a_pair_is_in_the_subgroup_and_out_of_it_and_else_the_same(group: object, seed: int) -> None:
    assert isinstance(group, type(GROUPS[0]))
    rng = np.random.default_rng(seed)
    pair = pair_of(class_scene("car", COMPANY, rng, NONE, SIDE), "car", group, COMPANY, rng, NONE)
    if pair is None:
        assert group.factor == "place"
        return
    assert [shows(scene, "car", group) for scene in pair] == [True, False]
    for other in GROUPS:
        if other.factor not in (group.factor, "place", "size"):  # to be mirrored, a thing may have to be shrunk
            assert len({shows(scene, "car", other) for scene in pair}) == 1, other


@given(st.integers(0, 10_000))
def test_a_control_shows_the_same_but_for_the_class(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scene = class_scene("car", COMPANY, rng, NONE, SIDE)
    other = without_class(scene, "car", rng, NONE)
    assert "car" not in {thing.noun for thing in other.things}
    at = which(scene, "car")
    assert [t for i, t in enumerate(other.things) if i != at] == [t for i, t in enumerate(scene.things) if i != at]
    assert (other.background, other.light) == (scene.background, scene.light)


def test_things_of_one_size_have_no_subgroups_by_size() -> None:
    assert "size" not in {group.factor for group in subgroups("car", COMPANY, NONE, "large")}
    rng = np.random.default_rng(0)
    scenes = [class_scene("car", COMPANY, rng, NONE, SIDE, "large") for _ in range(20)]
    assert {scene.things[which(scene, "car")].size for scene in scenes} == {"large"}
    with pytest.raises(BadInput, match="'huge'"):
        Size(things="huge")
