"""The lab: what a run may touch, measured once, within its limits, the same for the same seed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import percentileofscore

from lettvin.targets.errors import BadInput, LimitReached
from lettvin.targets.picture import FromData, Picture
from lettvin.tests.labs import SOURCE, CountedNeurons, Pixels, data_pictures, make_lab
from lettvin.tools.instrument import ToolError, catalogue
from lettvin.tools.lab import Lab, Limits
from lettvin.tools.sketch.concept import parse
from lettvin.tools.sources.drawn import SketchSource
from lettvin.tools.sources.source import Unreadable
from lettvin.tools.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as opened:
        yield opened


def call(lab: Lab, name: str, **arguments: Any) -> Any:
    return catalogue()[name].call(lab, arguments)


# ---- the data and its split --------------------------------------------------------------------------------------


def test_open_and_held_back_share_nothing_and_leave_nothing_out(store: Store) -> None:
    lab = make_lab(store)
    assert sorted([*lab.open, *lab.held_back]) == list(range(len(SOURCE)))
    assert len(lab.held_back) == 0.4 * len(SOURCE)


def test_the_split_is_the_seeds_own(store: Store) -> None:
    same, again, other = (make_lab(store, seed=seed).held_back for seed in (0, 0, 1))
    assert np.array_equal(same, again)
    assert not np.array_equal(same, other)


def test_unreadable_pictures_are_on_neither_side(store: Store) -> None:
    lab = make_lab(store)
    peaks = lab.profile.peaks.copy()
    peaks[:20] = np.nan
    lab.profile = type(lab.profile)(peaks, lab.profile.threshold, False, False)
    assert sorted([*lab.open, *lab.held_back]) == list(range(20, len(SOURCE)))
    assert np.isfinite([lab.percentile(x) for x in (-1e9, 0.5, 1e9)]).all()


class Repeating(SketchSource):
    """Every picture of the source occurs twice."""

    def firsts(self) -> list[int]:
        return [index % 40 for index in range(80)]


def test_copies_of_a_picture_are_on_the_same_side(store: Store) -> None:
    """What exploration saw of one copy is no surprise in the other."""
    lab = make_lab(store)
    lab.source = Repeating("sketch:80@3")
    sides = [{int(i) % 40 for i in side} for side in (lab.open, lab.held_back)]
    assert not sides[0] & sides[1]
    assert len(lab.open) + len(lab.held_back) == 80
    assert 20 <= len(lab.held_back) <= 44


def test_a_data_picture_that_has_gone_since_dissection_is_said_in_one_line(store: Store) -> None:
    lab = make_lab(store)

    class Gone(SketchSource):
        def picture(self, index: int) -> Picture:
            raise Unreadable("no such file", "dog/7.jpg")

    lab.source = Gone("sketch:80@99")
    with pytest.raises(BadInput, match=r"'dog/7\.jpg'.*no longer can be \(no such file\)"):
        lab.data_picture(7)


def test_percentile_is_the_peaks_place_among_the_data_ties_half(store: Store) -> None:
    lab = make_lab(store)
    peaks = lab.peaks.astype(float)
    for peak in (*peaks[:20], peaks.min() - 1, peaks.max() + 1, 0.7):
        assert lab.percentile(float(peak)) == pytest.approx(percentileofscore(peaks, peak, "mean"), abs=0.006)


def test_what_a_data_picture_reads_is_what_the_profile_says(store: Store) -> None:
    lab = make_lab(store)
    readings = lab.measure([lab.data_picture(i) for i in range(12)])
    assert [r.peak for r in readings] == pytest.approx(lab.peaks[:12].tolist())


# ---- measuring once ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [CountedNeurons, Pixels])
def test_every_picture_is_shown_to_the_unit_once_whatever_is_asked_of_it(store: Store, kind: Any) -> None:
    target = kind()
    lab = make_lab(store, target)
    shown = [e.picture for e in call(lab, "exemplars", k=8).shown]
    made = call(lab, "generate", prompts=["a red car on snow"], n=4).pictures
    for _ in range(2):
        call(lab, "probe", pictures=shown + made + shown)
        call(lab, "describe", pictures=shown + made, region=True)
        call(lab, "screen", concepts=["red"], pictures=shown + made)
        call(lab, "exemplars", k=8, view="cropped")
        call(lab, "exemplars", k=8, view="highlighted")
    assert set(target.shown) == {*shown, *made}
    assert set(target.shown.values()) == {1}


def test_another_run_and_another_process_compute_nothing_again(store: Store) -> None:
    first, second = CountedNeurons(), CountedNeurons()
    one = call(make_lab(store, first), "exemplars", which="quantile", k=20)
    two = call(make_lab(store, second), "exemplars", which="quantile", k=20)
    assert one == two
    assert first.calls >= 1
    assert second.calls == 0


def test_measuring_is_done_in_batches(store: Store) -> None:
    target = CountedNeurons()
    lab = make_lab(store, target)
    lab.measure([lab.data_picture(i) for i in range(40)])
    assert target.calls == 1


def test_another_unit_and_another_target_share_no_numbers(store: Store) -> None:
    picture = data_pictures()[0]
    readings = {
        (kind.__name__, address): make_lab(store, kind(), address).measure([picture])[0].peak
        for kind, address in ((CountedNeurons, "0"), (CountedNeurons, "1"), (Pixels, "0"), (Pixels, "1"))
    }
    assert len(set(readings.values())) == 4


def test_a_control_never_stands_in_for_a_units_own_answer(store: Store) -> None:
    """In a layer of two units the only control is the other unit; what is kept of it is a peak, not its map."""
    pictures = list(data_pictures()[:6])
    controls = make_lab(store, Pixels(), "0").others(pictures, [1])
    asked = make_lab(store, Pixels(), "1")
    readings = asked.measure(pictures)
    fresh = Pixels()
    maps = fresh.maps(pictures, fresh.unit("1"))
    assert [r.mean for r in readings] == pytest.approx([float(m.mean()) for m in maps], abs=1e-6)
    kept = asked.activations(pictures, asked.unit, maps=True)
    assert all(np.array_equal(np.asarray(kept[p.id].map), m) for p, m in zip(pictures, maps, strict=True))
    assert controls[:, 0].tolist() == pytest.approx([r.peak for r in readings])


def test_controls_are_read_once_and_in_the_order_asked(store: Store) -> None:
    target = CountedNeurons()
    lab = make_lab(store, target)
    pictures = list(data_pictures()[:5])
    found = lab.others(pictures, [2, 1])
    assert np.array_equal(lab.others(pictures[::-1], [2, 1]), found[::-1])
    assert target.calls == 1
    assert found[:, 1].tolist() == pytest.approx([target.answer(1, p) for p in pictures])


def test_maps_are_the_units_own_and_hold_no_other_units_memory() -> None:
    target = Pixels()
    for found in target.maps(list(data_pictures()[:3]), target.unit("0")):
        assert found.shape == (7, 7)
        assert found.base is None or found.base.size <= 3 * 49  # a batch of one unit's maps, not the layer's


# ---- limits ------------------------------------------------------------------------------------------------------


def test_a_limit_on_pictures_stops_before_it_is_passed(store: Store) -> None:
    target = CountedNeurons()
    lab = make_lab(store, target, limits=Limits(images=10))
    made = call(lab, "generate", prompts=["a red car"], n=11).pictures
    with pytest.raises(LimitReached, match="--max-images 10"):
        call(lab, "probe", pictures=made)
    assert target.calls == 0
    assert not lab.spent
    call(lab, "probe", pictures=made[:10])
    call(lab, "probe", pictures=made[:10])  # asked again is not spent again
    assert len(lab.spent) == 10
    with pytest.raises(LimitReached):
        call(lab, "probe", pictures=made[10:])
    assert set(target.shown) == set(made[:10])


def test_asking_where_the_unit_fires_is_measuring_and_counts(store: Store) -> None:
    lab = make_lab(store, Pixels(), limits=Limits(images=2))
    made = call(lab, "generate", prompts=["a red car"], n=3).pictures
    with pytest.raises(LimitReached):
        call(lab, "describe", pictures=made, region=True)
    call(lab, "describe", pictures=made)  # reading a caption is not measuring
    assert not lab.used
    call(lab, "describe", pictures=made[:2], region=True)
    assert lab.used == set(made[:2])


def test_the_datas_own_pictures_are_not_counted(store: Store) -> None:
    lab = make_lab(store, limits=Limits(images=1))
    call(lab, "exemplars", k=20)
    assert not lab.spent
    assert len(lab.used) == len(lab.used_data) == 20


def test_a_limit_on_time_stops_measuring_and_making(store: Store) -> None:
    target = CountedNeurons()
    lab = make_lab(store, target, limits=Limits(seconds=0.05), started=time.monotonic() - 1)
    for name, arguments in (
        ("exemplars", {}),
        ("generate", {"prompts": ["a car"]}),
        ("experiment", {
            "conditions": [{"name": "A", "concept": "red"}, {"name": "B", "concept": "car"}],
            "prediction": {"high": ["A"], "low": ["B"], "refuted_if": "not"}, "hypothesis": "H1",
        }),
    ):  # fmt: skip
        with pytest.raises(LimitReached, match=r"--max-seconds 0\.05"):
            call(lab, name, **arguments)
    assert target.calls == 0


@pytest.mark.parametrize("limits", [{"images": 0}, {"images": -1}, {"seconds": 0}, {"seconds": float("nan")}])
def test_a_limit_that_leaves_nothing_is_bad_input(limits: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="--max-"):
        Limits(**limits)


@given(st.integers(1, 10**12), st.floats(1e-9, 1e9, allow_nan=False))
def test_limits_as_they_are_written_are_the_same_limits(images: int, seconds: float) -> None:
    words = Limits(images, seconds).as_options()
    assert words[::2] == ["--max-images", "--max-seconds"]
    assert (int(words[1]), float(words[3])) == (images, seconds)


# ---- seeds and names ---------------------------------------------------------------------------------------------


def story(lab: Lab) -> list[Any]:
    arguments: dict[str, Any] = {
        "conditions": [{"name": "A", "concept": "red or dog"}, {"name": "B", "edit_of": "A", "breaks": "red or dog"}],
        "prediction": {"high": ["A"], "low": ["B"], "refuted_if": "not"},
        "hypothesis": "H1",
    }
    return [
        call(lab, "exemplars", which="random", k=5),
        call(lab, "generate", prompts=["two dogs"], n=2),
        call(lab, "experiment", **arguments),
        call(lab, "experiment", **arguments),
    ]


def test_the_same_seed_gives_the_same_pictures_and_numbers_and_another_seed_others(tmp_path: Path) -> None:
    told = []
    for name, seed in (("one", 1), ("two", 1), ("three", 2)):
        with Store(tmp_path / name) as store:
            told.append(story(make_lab(store, seed=seed)))
    assert told[0] == told[1]
    assert all(a != b for a, b in zip(told[0], told[2], strict=True))
    assert told[0][2] != told[0][3]  # asked twice within a run: fresh pictures


def test_streams_are_apart_by_name_and_order_of_use_does_not_matter(store: Store) -> None:
    lab = make_lab(store)
    first = lab.stream("a", "b").random(4)
    lab.stream("c").random(100)
    assert np.array_equal(lab.stream("a", "b").random(4), first)
    names = [("a", "b"), ("ab",), ("b", "a"), ("a", "b", ""), ("a,b",)]
    assert len({lab.stream(*name).random() for name in names}) == len(names)


def test_an_id_is_found_whole_or_by_its_beginning_and_never_guessed(store: Store) -> None:
    lab = make_lab(store)
    pixels = np.zeros((2, 2, 3), np.uint8)
    alike = [Picture("abcdef12" + rest * 56, FromData("t", 0), load=lambda: pixels) for rest in ("0", "1")]
    lab.know(alike)
    assert lab.find(alike[1].id) is alike[1]
    assert lab.find("abcdef120") is alike[0]
    for vague in ("abcdef12", "abcdef1", "", "red car.png"):
        with pytest.raises(ToolError):
            lab.find(vague)


def test_a_concept_is_read_from_the_scene_else_from_the_words_else_not_at_all(store: Store) -> None:
    lab = make_lab(store)
    pixels = np.zeros((2, 2, 3), np.uint8)
    drawn = lab.generator.draw("a red car on snow", 0)
    said = Picture.of(pixels, FromData("t", 0), caption="Two red cars in the snow")
    assert lab.holds(parse("red car and on snow"), drawn)
    assert lab.holds(parse("red car and on snow"), said)
    assert not lab.holds(parse("dog"), drawn)
    with pytest.raises(BadInput, match="neither scene nor caption"):
        lab.holds(parse("dog"), Picture.of(pixels, FromData("t", 0)))
