"""`compare`: what it says of neurons that are known, and that it says it only after registered tests on fresh pictures."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lettvin.agent.comparison.claims import Pair, judged, registered, weighed
from lettvin.agent.comparison.comparing import compare, resume_comparison
from lettvin.agent.comparison.events import SIDES, Apart, Claimed, ClaimFound, Compared, Side, Weighed
from lettvin.agent.comparison.telling import Comparison, Known, told_of
from lettvin.agent.report.index_page import runs_of
from lettvin.agent.report.shown import page_to_show
from lettvin.agent.run_folder import read_events
from lettvin.agent.transcript import AnyEvent, Judged, Redrawn, Stopped
from lettvin.cli import main
from lettvin.synthetic_neurons.scene_neuron import FULL, REST
from lettvin.targets.difference import DifferenceTarget, Scaled
from lettvin.targets.errors import BadInput
from lettvin.targets.module import ModuleTarget
from lettvin.targets.target import Unit
from lettvin.tests.small_world import WORLD, paint_small, small_pictures, unit_of, units_of
from lettvin.tools.describer import ExactDescriber
from lettvin.tools.lab import Lab
from lettvin.tools.profile import Profile
from lettvin.tools.sketch.concept import holds, parse
from lettvin.tools.sketch.concept_scenes import examples
from lettvin.tools.sketch_generator import SketchGenerator
from lettvin.tools.statistics import holm
from lettvin.tools.store import Store

__all__ = ["small_pictures"]
pytestmark = pytest.mark.usefixtures("small_pictures")


def compared(one: Unit, other: Unit, runs: Path, **more: object) -> tuple[Comparison, list[AnyEvent]]:
    found = compare(one, other, data=WORLD, runs=runs, **{"page": False, **more})  # type: ignore[arg-type]
    return found, read_events(Path(found.run))


# ---- what it says ---------------------------------------------------------------------------------------------------------


def test_of_a_red_car_and_a_car_it_says_red(tmp_path: Path) -> None:
    one, other = units_of("red car", "car")
    found, events = compared(one, other, tmp_path, page=True)
    assert found.verdict == "different", found.text()
    (claim,) = [c for c in found.claims if c.verdict == "supported" and c.within is None]
    assert (claim.side, "red" in claim.formula) == ("other", True), found.text()
    assert {c.side for c in found.claims if c.verdict == "supported"} == {"other"}
    assert found.shared == ["red car"]
    assert claim.q <= 0.05 < claim.effect
    asked_before_drawn(events)
    page, ended = page_to_show(Path(found.run))
    told = page.read_text()
    assert ended
    assert claim.text in told.replace("&#39;", "'")
    assert told.count('<figure class="exemplar"') == len(next(e for e in events if isinstance(e, Compared)).shown)
    for study in ("one.html", "other.html"):
        assert (page.parent / study).is_file() == (f'href="{study}"' in told)
    (listed,) = runs_of(tmp_path)
    assert (listed.state, listed.answer) == ("different", found.description)


def asked_before_drawn(events: list[AnyEvent]) -> None:
    """Every claim is on record before any is measured, and none of its pictures was seen before."""
    claimed, weights = ([e for e in events if isinstance(e, kind)] for kind in (Claimed, Weighed))
    assert max(e.seq for e in claimed) < min(e.seq for e in weights)
    seen: set[str] = set()
    for event in events:
        if isinstance(event, Judged):
            seen |= {r.picture for c in event.measured for r in c.readings}
        elif isinstance(event, Redrawn):
            seen |= {r.picture for part in (event.top, event.chosen, event.fresh, event.random) for r in part}
        elif isinstance(event, Weighed):
            own = {r.picture for some in (event.shown, event.near) for r in some["one"]}
            assert own
            assert not own & seen
            seen |= own


@pytest.fixture(scope="module")
def dog_or_fish(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Comparison, list[AnyEvent]]]:
    """One comparison across two networks, played once for several tests."""
    with pytest.MonkeyPatch.context() as patch:
        paint_small(patch)
        yield compared(unit_of("dog"), unit_of("dog or fish"), tmp_path_factory.mktemp("compared"))


def test_of_a_dog_and_a_dog_or_fish_it_says_fish_across_networks(dog_or_fish: tuple[Comparison, list[AnyEvent]]) -> None:
    found, events = dog_or_fish
    supported = {c.side: c.formula for c in found.claims if c.verdict == "supported"}
    assert list(supported) == ["other"], found.text()
    assert "fish" in supported["other"]
    assert "dog or fish" in found.description  # of two networks, units are named with them
    assert {e.side: e.studied for e in events if isinstance(e, Apart)} == {"one": False, "other": True}


def test_a_unit_and_itself_do_not_differ(tmp_path: Path) -> None:
    unit = unit_of("red")
    found, _ = compared(unit, unit, tmp_path)
    assert (found.verdict, found.claims) == ("no-difference", [])


def test_two_units_of_the_same_behaviour_do_not_differ(tmp_path: Path) -> None:
    """Their noise does: two draws of it are told from a difference."""
    found, _ = compared(unit_of("dog", seed=1), unit_of("dog", seed=2), tmp_path)
    assert (found.verdict, found.claims) == ("no-difference", []), found.text()


@pytest.mark.parametrize("behaviour", ["noise", "constant"])
def test_of_units_that_nothing_drives_no_difference_is_made_up(behaviour: str, tmp_path: Path) -> None:
    found, _ = compared(unit_of(None, behaviour, 1), unit_of(None, behaviour, 2), tmp_path)
    assert (found.verdict, found.claims) == ("no-difference", [])


# ---- runs ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["agreed", "raised", "claimed"])
def test_cut_off_anywhere_it_ends_as_if_nothing_had_come_between(
    kind: str, dog_or_fish: tuple[Comparison, list[AnyEvent]], tmp_path: Path
) -> None:
    found, events = dog_or_fish
    run = tmp_path / kind
    shutil.copytree(found.run, run)
    lines = (run / "events.jsonl").read_text().splitlines(keepends=True)
    kept = next(i for i, event in enumerate(events) if event.kind == kind) + 1
    (run / "events.jsonl").write_text("".join(lines[:kept]) + '{"torn')
    again = resume_comparison(run, one=unit_of("dog"), other=unit_of("dog or fish"), data=WORLD)
    assert (again.claims, again.description) == (found.claims, found.description)
    assert [e.model_copy(update={"at": 0}) for e in read_events(run)] == [e.model_copy(update={"at": 0}) for e in events]


def test_a_limit_leads_to_an_honest_end_and_a_higher_one_goes_on(
    dog_or_fish: tuple[Comparison, list[AnyEvent]], tmp_path: Path
) -> None:
    one, other = unit_of("dog"), unit_of("dog or fish")
    found, _ = compared(one, other, tmp_path, max_images=260)
    assert (found.verdict, found.limit) == ("inconclusive", "--max-images 260")
    assert found.images <= 260
    assert resume_comparison(found.run, one=one, other=other, data=WORLD).limit == found.limit
    with pytest.raises(BadInput, match="changed"):
        resume_comparison(found.run, one=unit_of("cat"), other=other, data=WORLD, max_images=5000)
    more = resume_comparison(found.run, one=one, other=other, data=WORLD, max_images=5000)
    assert (more.limit, more.claims) == (None, dog_or_fish[0].claims)


def test_a_study_that_takes_all_its_steps_ends_itself_and_not_the_comparison(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stood its tests by then is claimed; and such a run is resumed as any other."""
    monkeypatch.setattr("lettvin.agent.loop.MOST_STEPS", 20)
    one, other = unit_of("dog"), unit_of("dog or fish")
    found, events = compared(one, other, tmp_path)
    assert [e.by for e in events if isinstance(e, Stopped)] == ["20 steps"]
    assert (found.limit, found.verdict) == (None, "different"), found.text()
    assert "fish" in next(c.formula for c in found.claims if c.verdict == "supported")
    kept = next(i for i, event in enumerate(events) if event.kind == "claimed") + 1
    lines = (Path(found.run) / "events.jsonl").read_text().splitlines(keepends=True)
    (Path(found.run) / "events.jsonl").write_text("".join(lines[:kept]))
    again = resume_comparison(found.run, one=one, other=other, data=WORLD)
    assert (again.claims, again.description) == (found.claims, found.description)
    assert resume_comparison(found.run, one=one, other=other, data=WORLD).description == found.description


def test_what_no_account_of_a_difference_was_found_for_is_told_as_open() -> None:
    """A direction with a reproducible difference is never told as one in which nothing was found."""
    names: dict[Side, str] = {"one": "a:1", "other": "a:2"}
    claim = ClaimFound(
        claim="D1", side="one", formula="dog", text="a:1 fires for dog", effect=0.9, interval=(0.8, 1.0), control=0.0,
        p=0.0, q=0.0, n=24, verdict="supported",
    )  # fmt: skip
    texts = [told_of(names, [claim], [], Known(driven={"one": True, "other": driven}), None)[1] for driven in (False, True)]
    assert ["Nothing was found" in text for text in texts] == [True, False]
    assert "no account of them stood its test" in texts[1]


def test_on_the_command_line_two_networks_give_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["compare", "synthetic:constant things", "0", "0", "--data", "sketch:40", "--runs", str(tmp_path)]
    assert main(words) == 2
    assert "'synthetic:constant things'" in capsys.readouterr().err
    words = ["compare", "synthetic:dog", "0", "0", "--other-target", "synthetic:fish", "--data", "sketch:40"]
    assert main([*words, "--max-images", "40", "--runs", str(tmp_path), "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["limit"]) == ("inconclusive", "--max-images 40")
    assert (told["target"], told["other_target"]) == ("synthetic:dog", "synthetic:fish")
    assert main(["resume", told["run"]]) == 3
    assert "--max-images 40" in capsys.readouterr().out
    assert main(["resume", told["run"], "--max-usd", "3"]) == 2


# ---- claims about drawn neurons --------------------------------------------------------------------------------------------

FORMULAS = ("car", "red", "red car", "dog or fish", "dog", "on snow", "blue and not fish")


def pair_of(one: Unit, other: Unit, store: Store) -> Pair:
    """Two labs as a comparison has them, without one: levels are the neurons' own."""
    peaks = np.linspace(REST, FULL, len(WORLD)).astype(np.float32)
    labs = {}
    for side, unit in zip(SIDES, (one, other), strict=True):
        known = Profile(peaks, FULL, False, False)
        labs[side] = Lab(unit, WORLD, known, store, SketchGenerator(store), ExactDescriber())
    return Pair(labs, {side: Scaled(labs[side].unit, REST, FULL) for side in SIDES})


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(*(st.sampled_from(FORMULAS) for _ in range(3)), st.sampled_from(SIDES))
def test_no_claim_stands_that_is_not_so(
    tmp_path: Path, one: str, other: str, about: str, side: str
) -> None:
    """Whatever two neurons fire for and whatever is claimed: a supported claim is true of most of its scenes, and a claim that
    is true of all of them is supported."""
    with Store(tmp_path / "store") as store:
        pair = pair_of(unit_of(one), unit_of(other, seed=2), store)
        claimed = registered("D1", side, about)  # type: ignore[arg-type]
        (found,) = judged([claimed], [weighed(pair, pair.labs["one"], claimed)], {"one": "a:1", "other": "b:2"})
    scenes = examples(parse(about), 40, np.random.default_rng(5))
    mine, its = (one, other) if side == "one" else (other, one)
    so = [holds(parse(mine), scene) and not holds(parse(its), scene) for scene in scenes]
    reverse = [holds(parse(its), scene) and not holds(parse(mine), scene) for scene in scenes]
    if found.verdict == "supported":
        assert np.mean(so) > np.mean(reverse) + 0.1, found
    if all(so):
        assert found.verdict == "supported", found
    if one == other:
        assert found.verdict == "refuted", found


def test_two_units_of_one_network_are_read_in_one_forward() -> None:
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.Conv2d(4, 2, 3))
    shown: list[int] = []
    module.register_forward_pre_hook(lambda _, inputs: shown.append(len(inputs[0])))
    target = ModuleTarget("two convolutions", module, lambda image: torch.from_numpy(np.array(image)).permute(2, 0, 1) / 255)
    one, other = target.unit("0:1"), target.unit("2:0+1")
    pictures = [WORLD.picture(index) for index in range(6)]
    peaks = [[float(m.max()) for m in target.maps(pictures, unit)] for unit in (one, other)]
    shown.clear()
    scaled = [Scaled(unit, min(some), max(some)) for unit, some in zip((one, other), peaks, strict=True)]
    difference = DifferenceTarget(*scaled)
    found = difference.peaks(pictures, "difference", [0, 1])
    assert shown == [6]
    levels = [side.levels(np.array(some)) for side, some in zip(scaled, peaks, strict=True)]
    assert np.allclose(found[:, 0] - found[:, 1], levels[0] - levels[1], atol=1e-6)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.sampled_from([0.01, 0.05, 0.2]))
def test_holms_adjusted_p_reject_what_stepping_down_does(ps: list[float], alpha: float) -> None:
    order = sorted(range(len(ps)), key=lambda i: ps[i])
    rejected = set()
    for step, i in enumerate(order):
        if ps[i] * (len(ps) - step) > alpha:
            break
        rejected.add(i)
    assert {i for i, q in enumerate(holm(ps)) if q <= alpha} == rejected
    assert all(q >= p for p, q in zip(ps, holm(ps), strict=True))


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=1, max_size=20), st.floats(0, 1), st.floats(1.5, 4))
def test_a_difference_is_of_levels_and_of_one_direction(
    peaks: list[tuple[float, float]], rest: float, full: float
) -> None:
    one, other = units_of("dog", "fish")
    target = DifferenceTarget(Scaled(one, rest, full), Scaled(other, rest, full))
    both = np.array(peaks)
    apart = target.between(both[:, 0], both[:, 1])
    assert ((apart >= 0) & (apart <= 1)).all()
    assert (apart.min(axis=1) == 0).all()
    assert np.array_equal(apart[:, ::-1], target.between(both[:, 1], both[:, 0]))
    dead = DifferenceTarget(Scaled(one, 1.0, 1.0), Scaled(other, 1.0, 1.0))
    assert not dead.between(both[:, 0], both[:, 1]).any()
