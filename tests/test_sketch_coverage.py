"""What random scenes hold, against what is promised of them; and that the counting is right."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from lettvin.cli import main
from lettvin.targets.errors import BadInput
from lettvin.targets.picture import Scene, Thing
from lettvin.tools.sketch.coverage import PROMISED, contents, coverage
from lettvin.tools.sketch.mixing import MIX, plan
from lettvin.tools.sketch.relations import holds
from lettvin.tools.sketch.scenes import random_scene
from lettvin.tools.sketch.vocabulary import NOUNS


@pytest.mark.parametrize("seed", [0, 1, 17])
def test_two_thousand_scenes_hold_what_is_promised(seed: int) -> None:
    found = coverage(seed, MIX.epoch)
    short = {c.kind: (c.rarest, c.least, c.promised) for c in found.covered if c.least < (c.promised or 0)}
    assert short == {}
    assert {c.kind: c.promised for c in found.covered} == PROMISED
    assert all(c.met == c.kinds for c in found.covered)
    assert found.stimulus_scenes + sum(found.counts.values()) == MIX.epoch
    assert found.group_scenes == round(MIX.group * sum(found.counts.values()))


def test_every_noun_forms_a_group_of_every_size_twice_in_every_epoch() -> None:
    for epoch in (0, 3):
        groups: Counter[tuple[str, int]] = Counter()
        for planned in plan(5, epoch):
            sizes = Counter(noun for noun, _ in planned.things)
            assert sorted(planned.groups) == sorted(size for size in sizes.values() if size > 1)
            groups.update((noun, size) for noun, size in sizes.items() if size > 1)
        assert groups == {(noun, size): MIX.each_group for noun in NOUNS for size in MIX.groups}


def test_what_is_planned_inside_lies_inside_and_in_front() -> None:
    planned = plan(2, 0)
    inner: Counter[str] = Counter()
    outer: Counter[str] = Counter()
    for index in (i for i, p in enumerate(planned) if p.inside):
        *_, around, within = random_scene(2, index).things
        assert holds("inside", within, around)
        inner[within.noun] += 1
        outer[around.noun] += 1
    assert inner == outer == dict.fromkeys(NOUNS, MIX.each_inside)


def test_contents_are_counted_as_a_person_would() -> None:
    things = (
        Thing("dog", "red", x=0.2, y=0.7, scale=0.2),
        Thing("dog", "blue", "striped", x=0.8, y=0.7, scale=0.2),
        Thing("house", "red", size="large", x=0.2, y=0.7, scale=0.5),
    )
    found = Counter(contents(Scene("snow", things, light="night")))
    assert found["noun and group size", ("dog", "2")] == 1
    assert found["pair of nouns", ("dog", "house")] == 1
    assert found["noun and colour", ("dog", "red")] == 1
    assert found["noun in relation", ("dog", "inside")] == 1  # the red one
    assert found["noun in relation", ("dog", "right of")] == 1  # the blue one
    assert found["noun under relation", ("left of", "dog")] == 1
    assert {content for kind, content in found if kind == "background"} == {("snow",)}
    assert not [content for kind, content in found if kind == "pair of nouns" and content == ("dog", "dog")]


def test_few_scenes_promise_nothing() -> None:
    found = coverage(0, 20)
    assert all(c.promised is None for c in found.covered)
    assert next(c.met for c in found.covered if c.kind == "pair of nouns") < 2415
    with pytest.raises(BadInput, match="0 scenes"):
        coverage(0, 0)


def test_the_command_prints_it(capsys: pytest.CaptureFixture) -> None:
    assert main(["sketch", "--coverage", "30", "--seed", "4"]) == 0
    told = capsys.readouterr().out
    assert "noun and group size" in told
    assert main(["sketch", "--coverage", "30", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 30
    assert main(["sketch", "--coverage", "0"]) == 2
    assert "'0'" in capsys.readouterr().err
    assert main(["sketch", "a dog", "--coverage", "5"]) == 2
