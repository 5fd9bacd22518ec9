"""Planted networks do from pixels what is said of them: tuning curves, colours, sizes, arcs, combinations, and where.

Stimuli are plain numpy, and the drawn world's own.
"""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from lettvin.synthetic_neurons.planted import (
    PlantedNetwork,
    find_planted,
    planted_target,
    planted_units,
    wanted_units,
)
from lettvin.synthetic_neurons.planted_filters import (
    ARC_RADIUS,
    BANDS,
    ORIENTATIONS,
    ORIENTED,
    RADII,
    gabor_tuning,
)
from lettvin.synthetic_neurons.planted_units import BULGES, CHROMATIC, DIRECTIONS, OPPONENTS
from lettvin.targets.errors import BadInput
from lettvin.targets.module import ModuleTarget
from lettvin.targets.picture import FromData, Picture
from lettvin.tools.dissection import dissect
from lettvin.tools.sketch.concept import Or, holds, parse
from lettvin.tools.sketch.concept_scenes import examples, near_misses
from lettvin.tools.sketch.paint import paint
from lettvin.tools.sketch.scenes import random_scene
from lettvin.tools.sketch.vocabulary import COLOURS
from lettvin.tools.sources.drawn import SketchSource
from lettvin.tools.statistics import superiority

SEED = 3
Y, X = np.mgrid[:224, :224] + 0.5 - 112  # pixels from the middle, y down
RGB = {"red": (208, 26, 32), "green": (44, 152, 58), "blue": (32, 86, 206), "yellow": (250, 216, 28)}
OPPOSITE = {"red over green": "red", "green over red": "green", "blue over yellow": "blue", "yellow over blue": "yellow"}


@cache
def network() -> ModuleTarget:
    return planted_target(SEED, device="cpu")


def picture(values: np.ndarray) -> Picture:
    """A picture of values 0 to 1: h x w of grey, or h x w x 3."""
    levels = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return Picture.of(levels if levels.ndim == 3 else np.repeat(levels[..., None], 3, 2), FromData("t", 0))


def maps(what: str, shown: list[np.ndarray] | list[Picture], seed: int = SEED) -> np.ndarray:
    target = network() if seed == SEED else planted_target(seed, device="cpu")
    unit = target.unit(next(u.address for u in planted_units(seed) if u.what == what))
    return np.stack(target.maps([x if isinstance(x, Picture) else picture(x) for x in shown], unit))


def peaks(what: str, shown: list[np.ndarray] | list[Picture]) -> np.ndarray:
    return np.asarray(maps(what, shown).max((1, 2)))


def grating(angle: float, period: float, phase: float = 0.0, contrast: float = 1.0) -> np.ndarray:
    """Lines at that angle (vertical 90, falling 45), a sine across them."""
    turn = np.radians(angle)
    across = -X * np.sin(turn) + Y * np.cos(turn)
    return np.asarray(0.5 + 0.5 * contrast * np.cos(2 * np.pi * across / period + phase))


def disc(radius: float, x: float = 0.0, y: float = 0.0) -> np.ndarray:
    return np.asarray(np.clip(radius + 0.5 - np.hypot(X - x, Y - y), 0, 1))


def patch(colour: tuple[int, int, int], x: float = 0, y: float = 0, radius: float = 20) -> np.ndarray:
    """A disc of a colour on grey."""
    inside = disc(radius, x, y)[..., None]
    return np.asarray(0.5 * (1 - inside) + inside * np.array(colour) / 255)


def arc(direction: float, radius: float = ARC_RADIUS, x: float = 0.0, y: float = 0.0, half: float = 60) -> np.ndarray:
    """A line 7 pixels wide along an arc that bulges that way; (x, y) is its circle's centre."""
    around = (np.degrees(np.arctan2(Y - y, X - x)) - direction + 180) % 360 - 180
    return np.asarray(np.clip(3.5 - np.abs(np.hypot(X - x, Y - y) - radius), 0, 1) * (np.abs(around) < half))


# ---- oriented energy ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("band", BANDS)
@pytest.mark.parametrize("angle", [90.0, 22.5])
def test_orientation_tuning_has_the_right_peak_and_width(band: str, angle: float) -> None:
    """At the middle cell, against the formula of the filter, which was never looked at to draw the grating."""
    period, _ = BANDS[band]
    around = np.arange(-90, 90, 11.25)
    found = maps(f"energy {band} {angle:g}", [grating(angle + off, period) for off in around])[:, 14, 14]
    expected = [gabor_tuning(angle, period, angle + off, period) for off in around]
    assert around[found.argmax()] == 0
    assert found == pytest.approx(expected, abs=0.03)
    assert 16 < np.abs(around[found > 0.5]).max() * 2 + 11.25 < 40  # full width at half height, in degrees


@pytest.mark.parametrize("band", BANDS)
def test_frequency_tuning_has_the_right_peak_and_width(band: str) -> None:
    period, _ = BANDS[band]
    factors = np.array([0.5, 0.6, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 2.6])
    found = maps(f"energy {band} 90", [grating(90, period * f) for f in factors])[:, 14, 14]
    expected = [gabor_tuning(90, period, 90, period * f) for f in factors]
    assert factors[found.argmax()] == 1.0
    assert found == pytest.approx(expected, abs=0.04)
    assert found[factors <= 0.5].max() < 0.05
    assert found[factors >= 2.6].max() < 0.1


@pytest.mark.parametrize("band", BANDS)
def test_energy_does_not_know_the_phase_and_grows_with_contrast(band: str) -> None:
    period, _ = BANDS[band]
    by_phase = maps(f"energy {band} 90", [grating(90, period, p) for p in np.arange(0, 6.3, 0.7)])[:, 14, 14]
    assert by_phase == pytest.approx(1.0, abs=0.02)
    by_contrast = maps(f"energy {band} 90", [grating(90, period, 0, c) for c in (0, 0.25, 0.5, 1)])[:, 14, 14]
    assert by_contrast == pytest.approx([0, 0.25, 0.5, 1], abs=0.02)


def test_a_patch_of_grating_is_found_where_it_is() -> None:
    for x, y in ((-60, -50), (55, 10), (0, 70)):
        window = np.exp(-((X - x) ** 2 + (Y - y) ** 2) / (2 * 18**2))
        found = maps("energy fine 0", [0.5 + (grating(0, 12.0) - 0.5) * window])[0]
        row, column = np.unravel_index(found.argmax(), found.shape)
        assert abs((column + 0.5) * 8 - (x + 112)) <= 12
        assert abs((row + 0.5) * 8 - (y + 112)) <= 12


@pytest.mark.parametrize("band", BANDS)
@pytest.mark.parametrize("name", ORIENTED)
def test_a_grating_unit_is_silent_at_every_other_band_and_orientation(band: str, name: str) -> None:
    """Square waves, whose edges hold three times their frequency."""
    square = {
        (b, n): (np.sign(grating(ORIENTATIONS[ORIENTED[n]], BANDS[b][0], 0.3) - 0.5) + 1) / 2 for b in BANDS for n in ORIENTED
    }
    found = dict(zip(square, peaks(f"grating {band} {name}", list(square.values())), strict=True))
    own = found.pop((band, name))
    assert own > 0.7
    assert max(found.values()) < 0.25 * own
    others = [np.full((224, 224), 0.5), disc(30), np.random.default_rng(0).random((224, 224)), disc(30) * 0.2 + 0.4]
    assert peaks(f"grating {band} {name}", others).max() < 0.25 * own


# ---- colour ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("colour", CHROMATIC)
def test_a_colour_unit_answers_its_own_colour_and_no_other(colour: str) -> None:
    found = dict(zip(COLOURS, peaks(f"colour {colour}", [patch(rgb) for rgb in COLOURS.values()]), strict=True))
    assert found.pop(colour) > 0.95
    assert max(found.values()) < 0.1
    dimmed = peaks(f"colour {colour}", [patch(tuple(round(0.85 * c) for c in COLOURS[colour]))])[0]  # type: ignore[arg-type]
    assert dimmed > 0.2  # in a shadow it is the same colour


def test_a_colour_is_found_where_it_is() -> None:
    found = maps("colour red", [patch(RGB["red"], x, y) for x, y in ((-60, 40), (70, -30))])
    places = [np.unravel_index(m.argmax(), m.shape) for m in found]
    for (row, column), (x, y) in zip(places, ((-60, 40), (70, -30)), strict=True):
        assert np.hypot((column + 0.5) * 8 - 112 - x, (row + 0.5) * 8 - 112 - y) < 20


@pytest.mark.parametrize("name", OPPONENTS)
def test_an_opponent_unit_is_driven_by_one_colour_and_silenced_by_the_other(name: str) -> None:
    for sort in ("opponent", "centre"):
        own = OPPOSITE[name]
        other = {"red": "green", "green": "red", "blue": "yellow", "yellow": "blue"}[own]
        what = f"{sort} {name}"
        found = dict(zip(RGB, peaks(what, [patch(rgb, radius=12) for rgb in RGB.values()]), strict=True))
        assert found[own] == max(found.values())
        assert found[own] > 0.2
        assert peaks(what, [np.broadcast_to(np.array(RGB[other]) / 255, (224, 224, 3))])[0] < 0.01
    whole = np.broadcast_to(np.array(RGB[own]) / 255, (224, 224, 3))
    assert peaks(f"opponent {name}", [whole])[0] > 0.2  # a colour that fills the picture ...
    assert peaks(f"centre {name}", [whole])[0] < 0.01  # ... has no surround to stand out from


# ---- centre and surround, arcs -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", RADII)
def test_a_centre_surround_unit_prefers_its_size_and_its_sign(size: str) -> None:
    radius, _ = RADII[size]
    factors = (0.3, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0)
    on = peaks(f"on-centre {size}", [disc(radius * f) for f in factors])
    off = peaks(f"off-centre {size}", [1 - disc(radius * f) for f in factors])
    assert factors[int(on.argmax())] == 1.0
    assert on == pytest.approx(off, abs=0.01)
    assert on[3] == pytest.approx(1.0, abs=0.1)
    assert on[0] < 0.3
    assert on[-1] < 0.6
    even = peaks(f"on-centre {size}", [np.full((224, 224), v) for v in (0.0, 0.5, 1.0)])
    assert even == pytest.approx(0, abs=0.01)
    middle = maps(f"off-centre {size}", [disc(radius)])[0, 13:15, 13:15]
    assert middle.max() < 0.2  # light in the middle silences it there


@pytest.mark.parametrize(("direction", "bulge"), list(zip(DIRECTIONS, BULGES, strict=True)))
def test_an_arc_unit_answers_arcs_that_bulge_its_way_and_nothing_straight(direction: float, bulge: str) -> None:
    found = peaks(f"arc bulging {bulge}", [arc(d) for d in DIRECTIONS])
    assert DIRECTIONS[int(found.argmax())] == direction
    assert found.max() > 0.8
    assert np.delete(found, found.argmax()).max() < 0.1
    lines = [np.clip(3.5 - np.abs(X * np.cos(t) + Y * np.sin(t) - ARC_RADIUS), 0, 1) for t in np.radians(DIRECTIONS)]
    busy = [*(grating(a, 12.0) for a in ORIENTATIONS), np.random.default_rng(1).random((224, 224))]
    assert peaks(f"arc bulging {bulge}", [*lines, *busy]).max() < 0.1


def test_an_arc_unit_wants_the_curvature_and_finds_the_place() -> None:
    by_radius = peaks("arc bulging up", [arc(270, r) for r in (12, 20, ARC_RADIUS)])
    assert by_radius[2] > 0.8
    assert by_radius[:2].max() < 0.2
    for x, y in ((-40, 20), (45, 0)):
        found = maps("arc bulging up", [arc(270, x=x, y=y)])[0]
        row, column = np.unravel_index(found.argmax(), found.shape)
        assert np.hypot((column + 0.5) * 8 - 112 - x, (row + 0.5) * 8 - 112 - y) < 14  # the centre of its circle


# ---- combinations ------------------------------------------------------------------------------------------------


def combination(rule: str, seed: int = SEED) -> str:
    return next(u.what for u in wanted_units(seed) if u.rule == rule and u.fires_for and u.parts[0].startswith("colour"))


def fitting(what: str) -> tuple[str, str, list[str]]:
    unit = next(u for u in planted_units(SEED) if u.what == what)
    colours = [part.removeprefix("colour ") for part in unit.parts if part.startswith("colour")]
    return unit.fires_for or "", colours[0], colours


def beside(*colours: str) -> np.ndarray:
    """Discs of colours side by side on grey."""
    made = np.full((224, 224, 3), 0.5)
    for i, colour in enumerate(colours):
        inside = disc(20, -50 + 100 * i, 0)[..., None]
        made = made * (1 - inside) + inside * np.array(COLOURS[colour]) / 255
    return made


def test_or_is_driven_by_either_and_no_more_by_both() -> None:
    _, _, (one, other) = fitting(combination("or"))
    third = next(c for c in CHROMATIC if c not in (one, other))
    found = peaks(combination("or"), [beside(one), beside(other), beside(one, other), beside(third), beside()])
    assert found.tolist() == pytest.approx([1, 1, 1, 0, 0], abs=0.05)


def test_and_is_driven_by_neither_alone() -> None:
    formula, colour, _ = fitting(combination("and any"))
    name = next(word for word in ORIENTED if word in formula.split())
    across = next(n for n in ORIENTED if n != name)
    lines = {n: np.repeat(grating(ORIENTATIONS[ORIENTED[n]], 12.0)[..., None], 3, 2) for n in (name, across)}

    def with_colour(base: np.ndarray) -> np.ndarray:
        corner = disc(24, -80, -80)[..., None]
        return np.asarray(base * (1 - corner) + corner * np.array(COLOURS[colour]) / 255)

    shown = [with_colour(lines[name]), lines[name], with_colour(lines[across]), beside(colour), beside()]
    assert peaks(combination("and any"), shown).tolist() == pytest.approx([1, 0, 0, 0, 0], abs=0.1)


def test_and_not_is_silenced_by_the_veto() -> None:
    _, _, (wanted, veto) = fitting(combination("and not"))
    found = peaks(combination("and not"), [beside(wanted), beside(wanted, veto), beside(veto), beside()])
    assert found[0] > 0.6
    assert found[1:].max() < 0.05


def test_the_words_of_a_unit_come_near_what_it_does_to_drawn_pictures() -> None:
    """Scenes of the formula drive the unit more than data pictures of which it is false, and than the same with one
    factor changed. Nobody tuned the network to them."""
    rng = np.random.default_rng(5)
    some = [u for u in wanted_units(SEED) if u.fires_for][::5]
    data = [random_scene(77, i) for i in range(16)]
    painted = [Picture.of(paint(scene).pixels, FromData("t", i)) for i, scene in enumerate(data)]
    for unit in some:
        concept = parse(unit.fires_for or "")
        true = examples(concept, 4, rng)
        missed = [] if isinstance(concept, Or) else [near_misses(concept, scene, rng)[0] for scene in true]
        made = [Picture.of(paint(scene).pixels, FromData("t", i)) for i, scene in enumerate([*true, *missed])]
        found = peaks(unit.what, made)
        low = peaks(unit.what, [p for p, scene in zip(painted, data, strict=True) if not holds(concept, scene)])
        assert superiority(found[: len(true)], low) > 0.85, unit.what
        if missed:
            assert superiority(found[: len(true)], found[len(true) :]) > 0.8, unit.what


# ---- the network -------------------------------------------------------------------------------------------------


def test_it_is_an_ordinary_module_target_and_dissection_is_the_real_one(tmp_path: Path) -> None:
    target = network()
    assert isinstance(target, ModuleTarget)
    assert isinstance(target.module, torch.nn.Module)
    assert [(x.name, x.units, x.kind) for x in target.layers] == [
        ("layer1", 5, "conv"),
        ("layer2", 61, "conv"),
        ("layer3", 32, "conv"),
        ("layer4", 33, "vector"),
    ]
    source = SketchSource("sketch:8@3")
    found = dissect(target, source, ["layer2", "layer4"], folder=tmp_path)
    unit = next(u for u in planted_units(SEED) if u.what == "colour red")
    direct = target.maps([source.picture(i) for i in range(8)], target.unit(unit.address))
    assert found.column("layer2", unit.index) == pytest.approx([m.max() for m in direct], abs=1e-5)
    height, width = target.patch("layer3") or (0, 0)
    assert 16 <= height < 224
    assert 16 <= width < 224


def test_wanted_units_stand_among_distractors_in_an_order_of_the_seeds() -> None:
    units, others = planted_units(SEED), planted_units(SEED + 1)
    assert sorted(u.address for u in units) == sorted({u.address for u in units})
    assert len(wanted_units(SEED)) >= 40
    assert sum(not u.wanted for u in units) >= 40
    assert [u.what for u in units] != [u.what for u in others]
    assert {u.what for u in units if u.layer == "layer3"} == {u.what for u in others if u.layer == "layer3"}
    for layer, name in (("layer2", "colour red"), ("layer3", "arc bulging up")):
        assert next(u.index for u in units if u.what == name and u.layer == layer) < 61


def test_a_unit_does_the_same_wherever_the_seed_puts_it() -> None:
    shown = [arc(270), grating(90, 12.0), patch(RGB["red"])]
    for what in ("arc bulging up", "energy fine 90", "colour red"):
        assert np.array_equal(maps(what, shown), maps(what, shown, seed=8))


def test_layers_and_the_alias_tell_nothing() -> None:
    told = " ".join([network().alias, *(layer.name for layer in network().layers)])
    for word in ("planted", "arc", "colour", "energy", "grating"):
        assert word not in told


def test_the_same_seed_gives_the_same_weights_in_another_process() -> None:
    code = (
        "from lettvin.synthetic_neurons.planted import planted_target, wanted_units; "
        f"print(planted_target({SEED}, device='cpu').key, [u.address for u in wanted_units({SEED})])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{network().key} {[u.address for u in wanted_units(SEED)]}"
    assert planted_target(SEED + 1, device="cpu").key != network().key


def test_nothing_in_it_is_trained_or_random_beyond_its_seed() -> None:
    one, other = PlantedNetwork(SEED).state_dict(), PlantedNetwork(SEED).state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_picture_of_another_size_is_seen_alike() -> None:
    small = picture(patch(RGB["red"]))
    large = Picture.of(np.asarray(small.image.resize((448, 300))), FromData("t", 0))
    assert peaks("colour red", [large]) == pytest.approx(peaks("colour red", [small]), abs=0.1)


@pytest.mark.parametrize(
    ("address", "says"), [("layer3:99", "'layer3' has 0 to 31"), ("layer9:0", "layer1:0 to"), ("3", "layer1:0 to")]
)
def test_a_unit_that_is_not_there_is_named(address: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        find_planted(SEED, address)
