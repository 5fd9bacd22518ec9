"""The words of the drawn world: the vocabulary, prompts, captions, and how one becomes the other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lettvin.targets.errors import BadInput
from lettvin.targets.picture import Scene
from lettvin.tools.sketch.caption import caption
from lettvin.tools.sketch.prompt import MOST, WantedThing, explain, imagine, parse
from lettvin.tools.sketch.relations import holds
from lettvin.tools.sketch.scenes import compose, random_scene, random_thing, stream
from lettvin.tools.sketch.shapes import SHAPES
from lettvin.tools.sketch.vocabulary import (
    BACKGROUNDS,
    COLOURS,
    LIGHTS,
    NOUNS,
    PATTERNS,
    RELATIONS,
    SIZES,
    STIMULI,
    TREATMENTS,
    vocabulary,
)

seeds = st.integers(0, 2**31)


def test_the_vocabulary_is_as_rich_as_promised() -> None:
    words = vocabulary()
    assert list(words) == [
        "nouns", "colours", "patterns", "backgrounds", "sizes", "relations", "lights", "treatments", "stimuli",
    ]  # fmt: skip
    assert len(words["nouns"]) >= 60
    assert len(words["colours"]) == 11
    assert len(words["patterns"]) >= 10
    assert "plain" not in words["patterns"]
    assert len(words["backgrounds"]) >= 9
    assert {"bar", "edge", "grating", "spot"} <= set(words["stimuli"])


def test_no_word_means_two_things() -> None:
    heads = [w for noun in NOUNS.values() for w in {noun.name, noun.plural}]
    heads += [w for stimulus in STIMULI.values() for w in {stimulus.name, stimulus.plural}]
    others = [*COLOURS, *PATTERNS, *SIZES, *BACKGROUNDS, *LIGHTS, *TREATMENTS]
    assert len(heads) == len(set(heads))
    assert not set(heads) & set(others)
    assert not set(COLOURS) & set(PATTERNS)


def test_every_noun_has_a_drawing_and_every_drawing_a_noun() -> None:
    assert set(SHAPES) == set(NOUNS)


@pytest.mark.parametrize(
    ("text", "things", "background", "light"),
    [
        ("a large striped red car on grass", [("car", "red", "striped", "large", 1)], "grass", "normal"),
        ("two small dogs", [("dog", None, "plain", "small", 2)], None, "normal"),
        ("three blue spots", [("spot", "blue", "plain", None, 3)], None, "normal"),
        ("a red thing", [(None, "red", "plain", None, 1)], None, "normal"),
        ("a striped object", [(None, None, "striped", None, 1)], None, "normal"),
        ("dogs", [("dog", None, "plain", None, None)], None, "normal"),
        ("two fish in the sky", [("fish", None, "plain", None, 2)], "sky", "normal"),
        ("a gray cat, at night", [("cat", "grey", "plain", None, 1)], None, "night"),
        ("a dog, a key on snow", [("dog", None, "plain", None, 1), ("key", None, "plain", None, 1)], "snow", "normal"),
        ("A Plain Red Car, on a plain background.", [("car", "red", "plain", None, 1)], "plain", "normal"),
        ("in a forest: 4 horses in the dark", [("horse", None, "plain", None, 4)], "forest", "dark"),
        ("nothing on snow", [], "snow", "normal"),
        ("a city", [], "city", "normal"),
    ],
)
def test_prompts_say_what_an_english_reader_would_take_them_to_say(
    text: str, things: list[tuple], background: str | None, light: str
) -> None:
    wanted = parse(text)
    assert [(t.noun, t.colour, t.pattern, t.size, t.count) for t in wanted.things] == things
    assert (wanted.background, wanted.light) == (background, light)


def test_a_stimulus_takes_orientation_and_frequency() -> None:
    assert parse("a fine vertical grating").things == (
        WantedThing("grating", orientation="vertical", frequency="fine"),
    )


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "empty"),
        (" , .", "empty"),
        ("an empty beach", "'empty'"),
        ("a purle dog", "'purple'"),
        ("a red", "noun is missing"),
        ("a striped grating", "'striped'"),
        ("a vertical dog", "'vertical'"),
        ("a fine bar", "'fine'"),
        ("a red blue dog", "two colours"),
        ("a dog on grass on snow", "'grass' and 'snow'"),
        ("on a dog", "'on a dog'"),
        ("nothing and a dog", "nothing and"),
        ("0 dogs", "'0'"),
        ("99 dogs", "'99'"),
        ("twelve dogs and a cat", "13"),
        ("two dogs on a cat", "'on'"),
        ("a blurred dog", "'blurred'"),
        ("a dog 日本", "'日本'"),
    ],
)
def test_a_prompt_that_cannot_be_drawn_is_bad_input_in_one_line_that_names_the_trouble(text: str, named: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(text)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


@given(seed=seeds, index=st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_every_caption_is_read_back_to_the_same_caption(seed: int, index: int) -> None:
    said = caption(random_scene(seed, index))
    for other in (0, seed):
        assert caption(imagine(parse(said), other)) == said


@given(
    things=st.lists(
        st.tuples(st.sampled_from([*NOUNS, *STIMULI]), st.sampled_from([*COLOURS, ""]), st.integers(1, 3)), max_size=4
    ),
    background=st.sampled_from(BACKGROUNDS),
    light=st.sampled_from(LIGHTS),
    treatment=st.sampled_from(TREATMENTS),
    seed=seeds,
)
@settings(max_examples=50, deadline=None)
def test_parse_imagine_caption_parse_is_a_fixed_point(
    things: list[tuple[str, str, int]], background: str, light: str, treatment: str, seed: int
) -> None:
    rng = stream(seed)
    made = [random_thing(rng, noun=n, colour=c or None) for n, c, k in things for _ in range(k)]
    scene = compose(made, background, rng, light, treatment)
    first = parse(caption(scene))
    again = parse(caption(imagine(first, seed)))
    assert again == first
    assert (again.background, again.light, again.treatment) == (background, light, treatment)
    assert sum(t.count or 0 for t in again.things) == len(made) <= MOST


def test_a_caption_is_good_english() -> None:
    rng = stream(1)
    car = random_thing(rng, noun="car", colour="orange", pattern="striped", size="large")
    dogs = [random_thing(rng, noun="dog", colour="grey", pattern="plain", size="small") for _ in range(2)]
    bar = random_thing(rng, noun="bar", colour="black", size="small", orientation="rising")
    scene = compose([car, *dogs, bar], "city", rng, "night")
    told = "a large striped orange car, two small grey dogs and a small rising black bar in a city at night"
    assert caption(scene) == told
    assert caption(Scene("sand")) == "nothing on sand"


def test_what_is_open_differs_with_the_seed_and_what_is_said_does_not() -> None:
    scenes = [imagine(parse("a striped car and two cats"), seed) for seed in range(40)]
    for scene in scenes:
        assert [t.noun for t in scene.things] == ["car", "cat", "cat"]
        assert [t.pattern for t in scene.things] == ["striped", "plain", "plain"]
    assert len({t.colour for s in scenes for t in s.things}) == 11
    assert len({s.background for s in scenes}) >= 7
    assert {t.size for s in scenes for t in s.things} == set(SIZES)
    assert scenes == [imagine(parse("a striped car and two cats"), seed) for seed in range(40)]


@pytest.mark.parametrize("relation", RELATIONS)
def test_relations_that_are_asked_for_hold(relation: str) -> None:
    said = {"left of": "to the left of", "right of": "to the right of"}.get(relation, relation)
    for seed in range(25):
        scene = imagine(parse(f"a large ball {said} a dog on sand"), seed)
        ball, dog = (next(t for t in scene.things if t.noun == noun) for noun in ("ball", "dog"))
        assert holds(relation, ball, dog)


def test_relations_that_contradict_each_other_are_bad_input() -> None:
    wanted = parse("a dog to the left of a cat")
    both = replace(wanted, relations=((0, "left of", 1), (1, "left of", 0)))
    with pytest.raises(BadInput, match="dog left of cat"):
        imagine(both, 0)


def test_explain_says_what_was_understood() -> None:
    told = explain(parse("a large red car to the left of two small fish on sand at night"))
    assert told == "1 car: large, plain, red; 2 fish: small, plain, a natural colour; car left of fish; on sand; night light"
