"""Instruments as a backbone meets them: schemas, signatures, mistakes it can act on; and each instrument's own promise."""

from __future__ import annotations

import inspect
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from lettvin import tool
from lettvin.targets.picture import FromData, FromEdit, Picture
from lettvin.tests.labs import CountedNeurons, Pixels, data_pictures, make_lab
from lettvin.tools import instrument as instruments
from lettvin.tools.exemplars import exemplars
from lettvin.tools.experiment import Condition, Measurements, Prediction
from lettvin.tools.instrument import OURS, Result, ToolError, catalogue
from lettvin.tools.lab import Lab
from lettvin.tools.sketch.concept import holds, parse
from lettvin.tools.statistics import benjamini_hochberg, superiority
from lettvin.tools.store import Store


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Store(tmp_path) as store:
        yield make_lab(store)


@pytest.fixture
def seeing(tmp_path: Path) -> Iterator[Lab]:
    """A lab whose target has maps, and reads any pixels."""
    with Store(tmp_path) as store:
        yield make_lab(store, Pixels())


def call(lab: Lab, name: str, **arguments: Any) -> Any:
    return catalogue()[name].call(lab, arguments)


def mistake(lab: Lab, name: str, **arguments: Any) -> str:
    with pytest.raises(ToolError) as refused:
        call(lab, name, **arguments)
    text = str(refused.value)
    assert "\n" not in text
    assert len(text) < 400
    return text


# ---- schemas and signatures --------------------------------------------------------------------------------------


def test_every_instrument_of_ours_is_there_with_schema_signature_and_words() -> None:
    known = catalogue()
    assert set(OURS) <= set(known)
    for name in OURS:
        schema = known[name].schema
        assert schema["additionalProperties"] is False
        assert all(field.get("description") for field in schema["properties"].values()), name
        assert known[name].doc
        assert "Args:" not in known[name].doc
        assert known[name].signature.startswith(f"{name}(")
        assert known[name].signature.endswith(f"-> {known[name].result.__name__}")


def test_the_schema_and_the_signature_say_what_the_function_says() -> None:
    known = catalogue()["exemplars"]
    fields = known.schema["properties"]
    assert fields["which"]["enum"] == ["top", "bottom", "random", "quantile"]
    assert (fields["k"]["type"], fields["k"]["default"]) == ("integer", 15)
    assert known.schema.get("required") is None
    assert catalogue()["describe"].schema["required"] == ["pictures"]
    assert "k: int = 15" in known.signature
    assert "which: Literal['top', 'bottom', 'random', 'quantile'] = 'top'" in known.signature
    ours = inspect.signature(exemplars).parameters
    assert list(fields) == [name for name in ours if name != "lab"]


# ---- mistakes ----------------------------------------------------------------------------------------------------


def test_a_wrong_type_is_named_with_the_value_and_what_it_should_be(lab: Lab) -> None:
    said = mistake(lab, "exemplars", k="many")
    assert "exemplars: k:" in said
    assert "integer" in said
    assert "'many'" in said
    said = mistake(lab, "exemplars", which="best")
    assert "'top', 'bottom', 'random' or 'quantile'" in said
    assert "'best'" in said


def test_an_unknown_argument_is_answered_with_the_nearest_known_one(lab: Lab) -> None:
    assert mistake(lab, "exemplars", whch="top") == "exemplars: no argument 'whch'; nearest: 'which' or 'high'"


def test_a_missing_argument_is_named_and_several_mistakes_are_told_at_once(lab: Lab) -> None:
    assert "pictures: Field required" in mistake(lab, "probe")
    said = mistake(lab, "exemplars", k="many", which="best")
    assert "k:" in said
    assert "which:" in said


def test_what_is_not_an_object_is_a_mistake_too(lab: Lab) -> None:
    with pytest.raises(ToolError, match="probe: arguments"):
        catalogue()["probe"].call(lab, ["ids"])  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["probe", "describe", "screen"])
def test_an_unknown_picture_is_named_and_where_ids_come_from(lab: Lab, name: str) -> None:
    said = mistake(lab, name, pictures=["f" * 64])
    assert "f" * 64 in said
    assert "earlier results" in said


def test_a_short_id_is_understood_where_it_is_long_enough_to_be_one_picture(lab: Lab) -> None:
    known = call(lab, "exemplars", k=1).shown[0].picture
    assert call(lab, "probe", pictures=[known[:12]]).readings[0].reading.picture == known
    assert known[:4] in mistake(lab, "probe", pictures=[known[:4]])


def test_an_unknown_word_is_named_with_the_nearest(lab: Lab) -> None:
    for name, arguments in (
        ("generate", {"prompts": ["a red carr"]}),
        ("screen", {"concepts": ["red carr"]}),
        ("experiment", contrast("red carr", "car")),
    ):
        said = mistake(lab, name, **arguments)
        assert "'carr'" in said
        assert "'car'" in said


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("exemplars", {"k": 0}),
        ("exemplars", {"k": 101}),
        ("exemplars", {"low": 0.6, "high": 0.4}),
        ("exemplars", {"low": float("nan")}),
        ("generate", {"prompts": []}),
        ("generate", {"prompts": ["a car"], "n": 65}),
        ("generate", {"prompts": [""]}),
        ("summarize", {"pictures": ["one"]}),
        ("experiment", {}),
    ],
)
def test_what_cannot_be_done_is_a_mistake_and_measures_nothing(lab: Lab, name: str, arguments: dict[str, Any]) -> None:
    assert mistake(lab, name, **arguments).startswith(name)
    assert not lab.used
    assert lab.unit.target.calls == 0  # type: ignore[attr-defined]


# ---- a newcomer's own tool ---------------------------------------------------------------------------------------


class Counted(Result):
    red: int

    def text(self) -> str:
        return f"{self.red} of them are red"


@pytest.fixture
def own() -> Iterator[None]:
    before = dict(instruments._catalogue)
    yield
    instruments._catalogue.clear()
    instruments._catalogue.update(before)


@pytest.mark.usefixtures("own")
def test_a_users_own_tool_is_one_function(lab: Lab) -> None:
    @tool
    def count_red(lab: Lab, *, pictures: list[str], how: Literal["any", "all"] = "any") -> Counted:
        """Count the pictures with something red in them.

        Args:
            pictures: ids of pictures,
                over two lines.
            how: any thing, or all of them.
        """
        return Counted(red=sum(lab.holds(parse("red"), lab.find(p)) for p in pictures))

    mine = catalogue()["count_red"]
    assert mine.doc == "Count the pictures with something red in them."
    assert mine.signature == "count_red(pictures: list[str], how: Literal['any', 'all'] = 'any') -> Counted"
    assert mine.schema["properties"]["pictures"]["description"] == "ids of pictures, over two lines."
    shown = [e.picture for e in call(lab, "exemplars", k=5).shown]
    assert mine.call(lab, {"pictures": shown}).text() == "5 of them are red"
    assert count_red(lab, pictures=shown).red == 5  # it stays an ordinary function
    with pytest.raises(ToolError, match="'pictures'"):
        mine.call(lab, {"picture": shown})


def bad_tools() -> list[tuple[Callable[..., Any], str]]:
    def without_lab() -> Counted:
        """Words."""
        return Counted(red=0)

    def keyword_lab(*, lab: Lab) -> Counted:
        """Words."""
        return Counted(red=0)

    def wordless(lab: Lab) -> Counted:
        return Counted(red=0)

    def positional(lab: Lab, pictures: list[str]) -> Counted:
        """Words."""
        return Counted(red=0)

    def untyped(lab: Lab, *, pictures) -> Counted:
        """Words."""
        return Counted(red=0)

    def open_ended(lab: Lab, **more: int) -> Counted:
        """Words."""
        return Counted(red=0)

    def a_dict(lab: Lab) -> dict[str, int]:
        """Words."""
        return {}

    def an_array(lab: Lab, *, values: np.ndarray) -> Counted:
        """Words."""
        return Counted(red=0)

    def a_callback(lab: Lab, *, then: Callable[[int], int]) -> Counted:
        """Words."""
        return Counted(red=0)

    def bad_default(lab: Lab, *, n: int = "ten") -> Counted:  # type: ignore[assignment]
        """Words."""
        return Counted(red=0)

    def underscored(lab: Lab, *, _n: int = 1) -> Counted:
        """Words."""
        return Counted(red=0)

    def taken(lab: Lab, *, model_config: int = 1) -> Counted:
        """Words."""
        return Counted(red=0)

    def probe(lab: Lab) -> Counted:
        """Words."""
        return Counted(red=0)

    def unresolved(lab: Lab, *, n: Nowhere) -> Counted:  # type: ignore[name-defined]  # noqa: F821
        """Words."""
        return Counted(red=0)

    return [
        (without_lab, "lab"), (keyword_lab, "lab"), (wordless, "docstring"), (positional, "'pictures'"),
        (untyped, "'pictures'"), (open_ended, "'more'"), (a_dict, "Result"), (an_array, "JSON schema"),
        (a_callback, "JSON schema"), (bad_default, "'bad_default'"), (underscored, "'_n'"), (taken, "'model_config'"),
        (probe, "own"), (unresolved, "Nowhere"),
    ]  # fmt: skip


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(("function", "named"), bad_tools(), ids=lambda x: getattr(x, "__name__", ""))
def test_a_bad_tool_is_refused_when_it_is_defined(function: Callable[..., Any], named: str) -> None:
    before = dict(catalogue())
    with pytest.raises(TypeError, match=named):
        tool(function)
    assert catalogue() == before


# ---- exemplars ---------------------------------------------------------------------------------------------------


def test_exemplars_never_show_what_is_held_back(lab: Lab) -> None:
    held = {data_pictures()[i].id for i in lab.held_back}
    asked = [*itertools.product(("top", "bottom", "random", "quantile"), (1, 15)), ("top", 48), ("quantile", 48)]
    for which, k in asked:
        shown = call(lab, "exemplars", which=which, k=k).shown
        assert len(shown) == k
        assert not held & {e.picture for e in shown}
        assert not {e.index for e in shown} & set(lab.held_back.tolist())
    assert set(lab.held_back).isdisjoint(lab.open)
    assert len(call(lab, "exemplars", k=100).shown) == 48  # all that is open, and no more
    assert len(lab.held_back) == 32  # 40% of 80


def test_top_and_bottom_are_the_ends_of_the_open_data_strongest_first(lab: Lab) -> None:
    peaks = np.sort(lab.peaks[lab.open])
    top, bottom = ([e.peak for e in call(lab, "exemplars", which=w, k=10).shown] for w in ("top", "bottom"))
    assert top == pytest.approx(peaks[::-1][:10].tolist())
    assert bottom == pytest.approx(peaks[:10][::-1].tolist())


def test_quantile_exemplars_span_the_range_and_keep_to_their_band(lab: Lab) -> None:
    peaks = np.sort(lab.peaks[lab.open])
    whole = call(lab, "exemplars", which="quantile", k=11).shown
    wanted = peaks[[round(place) for place in np.linspace(len(peaks) - 1, 0, 11)]]
    assert [whole[0].peak, whole[-1].peak] == pytest.approx([peaks[-1], peaks[0]])
    assert [e.peak for e in whole] == pytest.approx(wanted.tolist())
    band = call(lab, "exemplars", which="quantile", k=8, low=0.4, high=0.6).shown
    assert all(np.quantile(peaks, 0.39) <= e.peak <= np.quantile(peaks, 0.61) for e in band)
    assert len({e.index for e in band}) == 8


def test_random_exemplars_are_of_no_end(lab: Lab) -> None:
    found = [e.percentile for e in call(lab, "exemplars", which="random", k=32).shown]
    assert 40 < np.mean(found) < 60
    assert min(found) < 15
    assert max(found) > 85


def test_views_are_pictures_of_their_own_and_the_measured_one_is_undarkened(seeing: Lab) -> None:
    shown = call(seeing, "exemplars", k=3, view="highlighted").shown
    for e in shown:
        picture, view = seeing.find(e.picture), seeing.find(e.view or "")
        assert isinstance(view.provenance, FromEdit)
        assert view.provenance.parent == picture.id
        same = (view.pixels == picture.pixels).all(axis=2)
        darker = view.pixels[~same].astype(float) <= 0.3 * picture.pixels[~same]
        assert 0.005 < same.mean() < 0.99
        assert darker.all()
        assert e.peak == pytest.approx(float(seeing.peaks[e.index]))
    for e in call(seeing, "exemplars", k=3, view="cropped").shown:
        assert seeing.find(e.view or "").pixels.shape == (32, 32, 3)


# ---- probe, describe, summarize, screen, edit, generate ----------------------------------------------------------


def test_probe_tells_where_on_the_picture_the_peak_is(seeing: Lab) -> None:
    pixels = np.full((70, 140, 3), 90, np.uint8)
    pixels[52:58, 24:36] = (250, 0, 0)
    picture = seeing.know([Picture.of(pixels, FromData("tests", 0), caption="a red patch")])[0]
    found = call(seeing, "probe", pictures=[picture.id]).readings[0]
    assert found.at == (pytest.approx(1.5 / 7, abs=1e-3), pytest.approx(5.5 / 7, abs=1e-3))
    assert found.reading.peak > found.reading.mean


def test_describe_reads_the_scene_exactly_and_a_region_by_its_mask(seeing: Lab) -> None:
    made = call(seeing, "generate", prompts=["one large red car on snow"])
    whole = call(seeing, "describe", pictures=made.pictures).descriptions[0]
    assert whole == "a large red car on snow"
    region = call(seeing, "describe", pictures=made.pictures, region=True).descriptions[0]
    assert "red car" in region
    assert region.index("red car") < region.index("background") if "background" in region else True


def test_summarize_names_what_pictures_share_beyond_the_data(lab: Lab) -> None:
    # The background that the open data show most often but for the plain one: a term must occur there to be named.
    shown = Counter(a.scene.background for i in lab.open if (a := lab.corpus.abouts[i]).scene is not None)
    del shown["plain"]
    ground = shown.most_common(1)[0][0]
    made = call(lab, "generate", prompts=[f"a purple owl on a {ground} background"], n=12).pictures
    shared = [s.term for s in call(lab, "summarize", pictures=made).shared]
    assert set(shared[:2]) == {"purple", f"on {ground}"}
    assert len(call(lab, "summarize", pictures=made, most=1).shared) == 1
    assert "1 term" in mistake(lab, "summarize", pictures=made, most=-1)


def test_views_of_which_nothing_is_known_are_a_mistake_not_the_end_of_a_run(seeing: Lab) -> None:
    views = [e.view for e in call(seeing, "exemplars", k=2, view="highlighted").shown]
    assert views[0][:12] in mistake(seeing, "summarize", pictures=views)
    assert views[0][:12] in mistake(seeing, "screen", pictures=views)


def test_screen_reads_open_pictures_only_and_corrects_over_the_call(lab: Lab) -> None:
    from scipy.stats import mannwhitneyu

    found = call(lab, "screen", concepts=["red", "on snow", "large"])
    by_name = {fit.concept: fit for fit in found.fits}
    assert found.pictures == len(lab.open)
    assert found.fits[0].concept == "red"
    peaks = lab.peaks[lab.open].astype(float)
    ps = []
    for name, fit in by_name.items():
        true = np.array([holds(parse(name), lab.source.about(int(i)).scene) for i in lab.open])  # type: ignore[arg-type]
        assert fit.n == true.sum()
        assert fit.superiority == pytest.approx(superiority(peaks[true], peaks[~true]), abs=1e-4)
        ps.append(mannwhitneyu(peaks[true], peaks[~true], method="asymptotic", use_continuity=False).pvalue)
    for fit, q in zip(by_name.values(), benjamini_hochberg(ps), strict=True):
        assert fit.q == pytest.approx(q, rel=0.01)
    without = call(lab, "screen", concepts=["dog"], without="red")
    assert without.pictures == len(lab.open) - by_name["red"].n


def test_the_same_picture_twice_is_no_more_evidence(lab: Lab) -> None:
    shown = [e.picture for e in call(lab, "exemplars", which="quantile", k=20).shown]
    once, often = (call(lab, "screen", concepts=["red"], pictures=shown * times) for times in (1, 5))
    assert once == often


def test_an_edit_changes_one_factor_and_leaves_the_parent_as_it_is(lab: Lab) -> None:
    made = call(lab, "generate", prompts=["a red car on snow"]).pictures
    changed = call(lab, "edit", pictures=made, factor="colour", value="blue")
    before, after = lab.find(made[0]).scene, lab.find(changed.pictures[0]).scene
    assert before is not None
    assert after is not None
    assert (before.things[0].colour, after.things[0].colour) == ("red", "blue")
    assert {f: getattr(after, f) for f in ("background", "light", "seed")} == {
        f: getattr(before, f) for f in ("background", "light", "seed")
    }
    said = mistake(lab, "edit", pictures=made, factor="colour", value="blu")
    assert "'blu'" in said
    assert "'blue'" in said
    assert "'color'" in mistake(lab, "edit", pictures=made, factor="color", value="blue")
    assert "9" in mistake(lab, "edit", pictures=made, factor="colour", value="blue", which=9)


def test_generating_twice_gives_fresh_pictures_and_the_same_seed_the_same(tmp_path: Path) -> None:
    runs = []
    for name in ("one", "two"):
        with Store(tmp_path / name) as store:
            lab = make_lab(store, seed=5)
            runs.append([call(lab, "generate", prompts=["a dog", "a red car"], n=2).pictures for _ in range(2)])
    first, again = runs[0]
    assert len({*first, *again}) == 8
    assert runs[0] == runs[1]


# ---- experiment --------------------------------------------------------------------------------------------------


def contrast(high: str, low: str, **more: Any) -> dict[str, Any]:
    return {
        "conditions": [{"name": "A", "concept": high}, {"name": "B", "concept": low}],
        "prediction": {"high": ["A"], "low": ["B"], "refuted_if": "B is not below A"},
        "hypothesis": "H1",
    } | more


PAIRS: dict[str, Any] = {"conditions": [{"name": "A", "concept": "red"}, {"name": "B", "edit_of": "A", "breaks": "red"}]}


def test_an_experiment_measures_each_condition_and_pairs_edits_one_for_one(lab: Lab) -> None:
    found: Measurements = call(lab, "experiment", **contrast("red", "car", n=10) | PAIRS)
    a, b = found.conditions
    assert (len(a.readings), len(b.readings), a.pairs_with, b.pairs_with) == (10, 10, None, "A")
    assert (a.peaks > b.peaks).all()
    for one, other in zip(a.readings, b.readings, strict=True):
        parent = lab.find(other.picture).provenance
        assert isinstance(parent, FromEdit)
        assert parent.parent == one.picture


def test_every_experiment_draws_pictures_that_the_run_has_not_seen(lab: Lab) -> None:
    seen: set[str] = set()
    for _ in range(3):
        before = set(lab.used)
        found: Measurements = call(lab, "experiment", **contrast("red", "dog", n=6))
        fresh = {r.picture for c in found.conditions for r in c.readings}
        assert len(fresh) == 12
        assert not fresh & before
        assert not fresh & seen
        seen |= fresh


def test_conditions_hold_what_they_say(lab: Lab) -> None:
    found: Measurements = call(lab, "experiment", **contrast("red car and on snow", "dog or vertical grating", n=8))
    for condition, concept in zip(found.conditions, ("red car and on snow", "dog or vertical grating"), strict=True):
        assert all(lab.holds(parse(concept), lab.find(r.picture)) for r in condition.readings)


def predicting(high: list[str], low: list[str], refuted_if: str = "it does not") -> dict[str, Any]:
    return {"prediction": {"high": high, "low": low, "refuted_if": refuted_if}}


def against(**second: Any) -> dict[str, Any]:
    """Condition A, of red things, and a second one."""
    return {"conditions": [{"name": "A", "concept": "red"}, {"name": "B"} | second]}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        (predicting(["A"], ["C"]), "'C'"),
        (predicting(["A"], ["A"]), "both high and low"),
        (predicting(["A", "A"], ["B"]), "twice"),
        (predicting([], ["B"]), "prediction.high"),
        (predicting(["A"], ["B"], refuted_if=""), "refuted_if"),
        ({"conditions": [{"name": "A", "concept": "red"}]}, "two or more"),
        (against(name="A", concept="car"), "different names"),
        (against(), "exactly one"),
        (against(concept="car", prompts=["a car"]), "exactly one"),
        (against(concept="car", breaks="red"), "no use for breaks 'red'"),
        (against(edit_of="A", breaks="red", value="blue"), "no use for value 'blue'"),
        (against(edit_of="A", factor="colour"), "factor and value"),
        ({"conditions": [{"name": "A", "edit_of": "B", "breaks": "red"}, {"name": "B", "concept": "red"}]}, "before it"),
        (against(prompts=[]), "no prompts"),
        (against(concept="striped grating"), "striped grating"),
        ({"n": 3}, "4 to 64"),
        ({"n": 65}, "4 to 64"),
        (PAIRS | {"n": 9}, "10 to 64"),
    ],
)
def test_what_cannot_be_a_test_is_refused_before_anything_is_measured(lab: Lab, changes: dict[str, Any], named: str) -> None:
    assert named in mistake(lab, "experiment", **contrast("red", "car") | changes)
    assert lab.unit.target.calls == 0  # type: ignore[attr-defined]


def test_looking_around_in_pairs_may_be_smaller(lab: Lab) -> None:
    found: Measurements = call(lab, "experiment", **contrast("red", "car", n=4, exploratory=True) | PAIRS)
    assert len(found.conditions[1].readings) == 4


def test_a_concept_that_can_be_true_in_two_ways_is_tested_in_both(lab: Lab) -> None:
    found: Measurements = call(lab, "experiment", **contrast("dog or vertical grating", "car", n=10))
    shown = [lab.find(r.picture) for r in found.conditions[0].readings]
    assert sum(lab.holds(parse("dog"), p) for p in shown) == 5
    assert sum(lab.holds(parse("vertical grating"), p) for p in shown) == 5


def test_edits_of_edits_stay_in_step_where_some_cannot_be_made(lab: Lab) -> None:
    """Every family keeps one row a picture: what is dropped from one condition goes from all that stem from it."""
    conditions = [
        {"name": "A", "concept": " or ".join(f"red and on {b}" for b in ("grass", "sand", "room", "city", "snow"))},
        {"name": "B", "edit_of": "A", "factor": "light", "value": "night"},
        {"name": "C", "edit_of": "B", "factor": "background", "value": "snow"},  # every fifth is on snow already
        {"name": "D", "concept": "dog"},
    ]
    arguments = contrast("red", "car", n=20) | {"conditions": conditions, "exploratory": True}
    found: Measurements = call(lab, "experiment", **arguments | predicting(["A"], ["C"]))
    a, b, c, d = found.conditions
    assert len(a.readings) == len(b.readings) == len(c.readings) == 16
    assert len(d.readings) == 20
    for one, two, three in zip(a.readings, b.readings, c.readings, strict=True):
        assert len({one.picture, two.picture, three.picture}) == 3
        for child, parent in ((two, one), (three, two)):
            came = lab.find(child.picture).provenance
            assert isinstance(came, FromEdit)
            assert came.parent == parent.picture


def test_edits_that_mostly_cannot_be_made_are_refused(lab: Lab) -> None:
    changes = {"conditions": [{"name": "A", "concept": "red"}, {"name": "B", "edit_of": "A", "breaks": "dog"}]}
    assert "of 'A' could be made" in mistake(lab, "experiment", **contrast("red", "car") | changes)


def test_conditions_and_predictions_are_frozen() -> None:
    condition, prediction = Condition(name="A", concept="red"), Prediction(high=["A"], low=["B"], refuted_if="not")
    for thing, name in ((condition, "concept"), (prediction, "high")):
        with pytest.raises(ValueError, match="frozen"):
            setattr(thing, name, "car")


def test_a_picture_that_the_target_cannot_answer_to_is_a_mistake_that_the_backbone_can_mend(lab: Lab) -> None:
    """A picture without a scene, shown to a neuron that reads scenes."""
    blank = Picture.of(np.zeros((8, 8, 3), np.uint8), FromData("tests", 0))
    lab.know([blank])
    assert isinstance(lab.unit.target, CountedNeurons)
    with pytest.raises(ToolError, match="reads scenes"):
        call(lab, "probe", pictures=[blank.id])
