"""The concept language: what can be said, what it is true of, one by one and over whole data sets, and what is refused."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import cache
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lettvin.targets.errors import BadInput
from lettvin.targets.picture import Scene, Thing
from lettvin.tests.concepts import ATTRIBUTES, concepts
from lettvin.tools.corpus import FUNCTION_WORDS, Corpus
from lettvin.tools.sketch import vocabulary as v
from lettvin.tools.sketch.caption import caption
from lettvin.tools.sketch.concept import (
    And,
    AtLeast,
    Concept,
    Light,
    Not,
    On,
    Or,
    Phrase,
    Related,
    Word,
    both,
    caption_words,
    differ,
    either,
    holds,
    holds_in_words,
    normal,
    parse,
)
from lettvin.tools.sketch.concept_scenes import examples
from lettvin.tools.sketch.placing import extent
from lettvin.tools.sketch.scenes import random_scene
from lettvin.tools.sources.source import About


@cache
def scenes() -> tuple[Scene, ...]:
    return tuple(random_scene(11, i) for i in range(200))


def scene(*things: Thing, background: str = "plain", light: str = "normal") -> Scene:
    return Scene(background, things, light)


RED_CAR, BLUE_CAR, RED_DOG = Thing("car", "red"), Thing("car", "blue"), Thing("dog", "red")

# ---- reading and writing -----------------------------------------------------------------------------------------


@settings(max_examples=120)
@given(concepts)
def test_every_concept_is_read_back_from_what_it_is_written_as(concept: Concept) -> None:
    assert parse(str(concept)) == concept


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("at least two striped dogs", AtLeast(2, Phrase(noun="dog", pattern="striped"))),
        ("at least 3 dog", AtLeast(3, Phrase(noun="dog"))),
        ("a dog to the left of the red cats", Related(Phrase(noun="dog"), "left of", Phrase(noun="cat", colour="red"))),
        ("dog on table and on grass", And((Related(Phrase(noun="dog"), "on", Phrase(noun="table")), On("grass")))),
        ("car", Phrase(noun="car")),
        ("A Large  red CAR", Phrase(noun="car", colour="red", size="large")),
        ("the striped cats", Phrase(noun="cat", pattern="striped")),
        ("red car large", Phrase(noun="car", colour="red", size="large")),
        ("fine vertical gratings", Phrase(noun="grating", orientation="vertical", frequency="fine")),
        ("crosses", Phrase(noun="cross")),
        ("orange", Phrase(colour="orange")),
        ("on the snow", On("snow")),
        ("at night", Light("night")),
        ("in dark light", Light("dark")),
        ("in bright", Light("bright")),
        ("car and not (red or blue)", And((Phrase(noun="car"), Not(Or((Phrase(colour="red"), Phrase(colour="blue"))))))),
        ("car or (dog or cat)", Or((Phrase(noun="car"), Phrase(noun="dog"), Phrase(noun="cat")))),
        ("car or car", Phrase(noun="car")),
    ],
)
def test_what_a_text_means(text: str, means: Concept) -> None:
    assert parse(text) == means


def test_and_binds_tighter_than_or() -> None:
    assert parse("dog or red and car") == parse("dog or (red and car)")
    assert parse("dog or red and car") != parse("(dog or red) and car")
    assert parse("red and car or dog") == parse("(red and car) or dog")


def test_every_word_of_the_drawn_world_can_be_said() -> None:
    for slot, words in {"noun": (*v.NOUNS, *v.STIMULI), "colour": v.COLOURS, "pattern": v.PATTERNS, "size": v.SIZES}.items():
        for word in words:
            assert parse(word) == Phrase(**{slot: word})
    for background in v.BACKGROUNDS:
        assert parse(f"on {background}") == On(background)
    for name in (*v.NOUNS, *v.STIMULI):
        assert parse(v.plural(name)) == Phrase(noun=name)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("carr", "unknown word 'carr'; nearest: 'car'"),
        ("red elefant", "'elephant'"),
        ("on snwo", "'snwo' is no background; nearest: 'snow'"),
        ("at noon", "'noon' is no light; nearest: 'night'"),
        ("red blue car", "two of colour: 'red' and 'blue'"),
        ("car on grass", "'car and on snow'"),
        ("car at night", "'car and at night'"),
        ("at least seventeen dogs", "'seventeen' is no number from one to six"),
        ("at least two", "before 'the end'"),
        ("at least two red", "'at least two' wants a noun after it, not 'red'"),
        ("dog left of red", "'dog left of' wants a noun after it, not 'red'"),
        ("dog left of cat left of car", "'left' was not expected"),
        ("red left of car", "unknown word 'left'"),
        ("red car or", "before 'the end'"),
        ("and car", "before 'and'"),
        ("not red", "before 'not'"),
        ("on", "a background is missing"),
        ("in", "a light is missing"),
        ("(red car", "a bracket is not closed"),
        ("red) car", "')' was not expected"),
        ("()", "before ')'"),
        ("", "an empty concept"),
        ("  ", "an empty concept"),
        ("(" * 5000 + "car" + ")" * 5000, "brackets"),
    ],
)
def test_what_cannot_be_read_is_named_in_one_line(text: str, says: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse(text)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300


WORDS = ["at", "least", "two", "left", "of", "table", "red", "car", "on", "snow", "night", "in", "dark", "light"]
WORDS += ["and", "or", "not", "(", ")", "a", "dogs"]


@settings(max_examples=300)
@given(st.text(max_size=40) | st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_any_text_is_a_concept_or_bad_input(text: str) -> None:
    with contextlib.suppress(BadInput):
        assert parse(str(parse(text))) == parse(text)


# ---- truth -------------------------------------------------------------------------------------------------------


def test_a_phrase_binds_its_words_to_one_thing() -> None:
    """A red dog beside a blue car: red and car, but no red car."""
    apart, together = scene(RED_DOG, BLUE_CAR), scene(RED_CAR)
    assert holds(parse("red and car"), apart)
    assert not holds(parse("red car"), apart)
    assert holds(parse("red car"), together)
    assert holds(parse("red and car"), together)


def test_colours_are_things_colours_and_plain_is_a_background_only() -> None:
    assert not holds(parse("green"), scene(RED_CAR, background="grass"))
    assert holds(parse("on plain"), scene(RED_CAR))


def test_light_is_the_scenes() -> None:
    assert holds(parse("at night"), scene(RED_CAR, light="night"))
    assert not holds(parse("in dark light"), scene(RED_CAR, light="night"))


def plainly(concept: Concept, s: Scene) -> bool:
    """Whether the concept is true of the scene, thing by thing and box by box, as the grammar's page says it."""

    def named(phrase: Phrase) -> list[int]:
        words = [(name, getattr(phrase, name)) for name in ATTRIBUTES if getattr(phrase, name) is not None]
        return [i for i in range(len(s.things)) if all(getattr(s.things[i], name) == word for name, word in words)]

    def box(thing: Thing) -> tuple[float, float, float, float]:
        wide, high = extent(thing)
        return thing.x - wide / 2, thing.y - high / 2, thing.x + wide / 2, thing.y + high / 2

    def stands(relation: str, a: Thing, b: Thing) -> bool:
        (left, top, right, bottom), (b_left, b_top, b_right, b_bottom) = box(a), box(b)
        if relation in ("left of", "right of"):
            (a, b), wide = ((a, b) if relation == "left of" else (b, a)), (right - left) + (b_right - b_left)
            return b.x - a.x - wide / 4 >= -1e-12
        if relation in ("above", "below"):
            (a, b), high = ((a, b) if relation == "above" else (b, a)), (bottom - top) + (b_bottom - b_top)
            return b.y - a.y - high / 4 >= -1e-12
        if relation == "on":
            gap, tall = b_top - bottom, bottom - top
            return -0.3 * tall <= gap <= 0.05 * tall and b_left <= a.x <= b_right
        return b_left <= left + 1e-6 and right <= b_right + 1e-6 and b_top <= top + 1e-6 and bottom <= b_bottom + 1e-6

    if isinstance(concept, Phrase):
        return len(named(concept)) > 0
    if isinstance(concept, AtLeast):
        return len(named(concept.phrase)) >= concept.n
    if isinstance(concept, Related):
        pairs = [(i, j) for i in named(concept.one) for j in named(concept.other) if i != j]
        return any(stands(concept.relation, s.things[i], s.things[j]) for i, j in pairs)
    if isinstance(concept, On):
        return concept.background == s.background
    if isinstance(concept, Light):
        return concept.light == s.light
    if isinstance(concept, Not):
        return not plainly(concept.part, s)
    assert isinstance(concept, And | Or)
    truths = [plainly(part, s) for part in concept.parts]
    return all(truths) if isinstance(concept, And) else any(truths)


@settings(max_examples=150, deadline=None)
@given(concepts, st.integers(0, 199))
def test_a_concept_is_true_of_a_scene_where_a_plain_reading_says_so(concept: Concept, first: int) -> None:
    """On random scenes, and on ones made so that it holds."""
    made = examples(concept, 2, np.random.default_rng(first))
    for s in [*scenes()[first : first + 20], *made]:
        assert holds(concept, s) == plainly(concept, s)


def test_and_or_and_not_are_those_of_logic() -> None:
    for s in scenes()[:100]:
        red, car = holds(parse("red"), s), holds(parse("car"), s)
        assert holds(parse("red or car"), s) == (red or car)
        assert holds(parse("red and car"), s) == (red and car)
        assert holds(parse("red and not car"), s) == (red and not car)
        assert holds(parse("red and not (car or on snow)"), s) == (red and not (car or s.background == "snow"))


@settings(max_examples=100)
@given(concepts)
def test_the_normal_form_means_the_same_and_is_its_own_normal_form(concept: Concept) -> None:
    form = normal(concept)
    assert normal(form) == form
    assert all(holds(form, s) == holds(concept, s) for s in scenes()[:60])


@settings(max_examples=60)
@given(concepts, st.randoms())
def test_what_logic_makes_equal_has_one_normal_form(concept: Concept, random: Random) -> None:
    """Parts in another order, a part said twice, a part absorbed by another, and spread over the ways."""
    if isinstance(concept, And | Or):
        shuffled = list(concept.parts)
        random.shuffle(shuffled)
        assert normal((both if isinstance(concept, And) else either)(shuffled)) == normal(concept)
    dog, snow = Phrase(noun="dog"), On("snow")
    assert normal(either([concept, both([concept, dog])])) == normal(concept)
    spread = either([both([dog, concept]), both([snow, concept])])
    assert normal(both([either([dog, snow]), concept])) == normal(spread)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("red car and red", "red car"),
        ("red or red car", "red"),
        ("at least three dogs and at least two dogs", "at least three dogs"),
        ("at least two red dogs or dog", "dog"),
        ("dog right of cat", "cat left of dog"),
        ("dog below cat or cat above dog", "cat above dog"),
        ("red dog left of cat and dog and cat", "red dog left of cat"),
        ("dog left of dog and at least two dogs", "dog left of dog"),
        ("on snow and not on grass", "on snow"),
        ("dog and on snow and on grass or cat", "cat"),
        ("dog and not red dog and red dog or cat", "cat"),
        ("on snow and on grass", "dog and not dog"),
        ("car and not (red and dog)", "car and not red or car and not dog"),
        ("(dog or cat) and red", "red and dog or red and cat"),
        ("at least one dog", "dog"),
    ],
)
def test_what_says_the_same_is_the_same(one: str, other: str) -> None:
    assert normal(parse(one)) == normal(parse(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("dog left of cat", "cat left of dog"),
        ("dog on cat", "dog above cat"),
        ("at least two dogs", "dog"),
        ("dog or cat", "dog"),
    ],
)
def test_what_says_something_else_is_not(one: str, other: str) -> None:
    assert normal(parse(one)) != normal(parse(other))


def test_two_concepts_differ_on_the_scenes_where_one_of_them_is_true() -> None:
    found = differ(parse("red"), parse("red car"), scenes())
    assert found == [s for s in scenes() if holds(parse("red and not red car"), s)]
    assert found


def test_order_makes_no_other_concept() -> None:
    assert normal(parse("dog or red and car")) == normal(parse("car and red or dog"))
    assert normal(parse("car and not red")) == normal(parse("car and not red and car"))
    assert normal(parse("red car")) != normal(parse("red and car"))


# ---- captions ----------------------------------------------------------------------------------------------------


def test_a_caption_is_read_word_by_word_in_any_case_number_and_language() -> None:
    words = caption_words("Two BUTTERFLIES, three boxes_and the dog's café ‘by’ the buses, 'no' scissors; 海 glass")
    assert {"butterflies", "butterfly", "boxes", "box", "dog", "café", "buses", "bus", "no", "scissors", "海", "glass"} <= words
    assert not {"boxe", "caf", "'no'", "glas"} & words


def test_in_a_caption_a_phrase_holds_where_all_its_words_are() -> None:
    words = caption_words("Two red cars on a beach at night")
    for formula in ("red car", "red and car", "car and at night", "dog or red", "car and not blue"):
        assert holds_in_words(parse(formula), words), formula
    for formula in ("blue car", "car and on snow", "red and not car", "in dark light"):
        assert not holds_in_words(parse(formula), words), formula


def test_a_data_sets_own_words_are_words_and_say_so_where_they_are_joined_wrongly() -> None:
    own = frozenset({"retriever", "golden", "beach"})
    assert parse("retriever", own) == Word("retriever")
    assert parse("red and retriever or beach", own) == Or((And((Phrase(colour="red"), Word("retriever"))), Word("beach")))
    assert parse("red", own | {"red"}) == Phrase(colour="red")
    with pytest.raises(BadInput, match="'red and retriever'"):
        parse("red retriever", own)
    with pytest.raises(BadInput, match="join parts"):
        parse("golden retriever", own)
    with pytest.raises(BadInput, match="nearest: 'retriever'"):
        parse("retreiver", own)


def test_the_exact_caption_of_a_scene_has_every_term_that_is_true_of_it() -> None:
    """So that a captioned data set loses no truth: what holds of the scene holds of the words."""
    corpus = Corpus([About(caption(s), s) for s in scenes()])
    simple = corpus.terms(np.arange(len(corpus)), at_least=1)
    for s in scenes()[:100]:
        words = caption_words(caption(s))
        for term in simple:
            if holds(term, s):
                assert holds_in_words(term, words), (str(term), caption(s))


# ---- whole data sets ---------------------------------------------------------------------------------------------


@cache
def corpora() -> tuple[Corpus, Corpus]:
    """Of scenes; and of scenes, captions and pictures of which nothing is known, mixed."""
    drawn = [About(caption(s), s) for s in scenes()]
    mixed = [About(a.caption, a.scene if i % 3 == 0 else None) if i % 3 < 2 else About(None) for i, a in enumerate(drawn)]
    return Corpus(drawn), Corpus([*mixed, About(None, Scene("snow", ()))])


def one_by_one(concept: Concept, about: About) -> bool:
    if about.scene is not None:
        return holds(concept, about.scene)
    return about.caption is not None and holds_in_words(concept, caption_words(about.caption))


@settings(max_examples=100, deadline=None)
@given(concepts)
def test_a_concept_is_read_off_all_scenes_at_once_as_off_each(concept: Concept) -> None:
    drawn, mixed = corpora()
    for corpus in (drawn, mixed):
        truths = corpus.truths(concept)
        assert truths.shape == (len(corpus),)
        expected = [one_by_one(concept, about) for about in corpus.abouts]
        assert truths.tolist() == expected


def test_pictures_of_which_nothing_is_known_hold_nothing_and_are_counted() -> None:
    corpus = Corpus([About(None), About("a red car"), About(None)])
    assert corpus.blind == 2
    assert corpus.truths(parse("car")).tolist() == [False, True, False]
    assert corpus.truths(parse("car and not blue")).tolist() == [False, True, False]
    assert Corpus([]).truths(parse("car")).shape == (0,)


def test_a_corpus_knows_its_own_words_and_terms() -> None:
    captions = ["a golden retriever on the beach", "a red car", "a retriever", "the retriever's red ball", "red sky"]
    corpus = Corpus([About(text) for text in captions])
    assert {"retriever", "beach", "golden"} <= corpus.words
    assert not FUNCTION_WORDS & corpus.words
    assert corpus.truths(corpus.read("retriever and not red")).tolist() == [True, False, True, False, False]
    found = corpus.terms(np.arange(5), at_least=2)
    assert set(found) == {Word("retriever"), Phrase(colour="red")}
    with pytest.raises(BadInput, match="retriever"):
        corpus.read("retreiver")


def test_terms_are_true_and_false_of_enough_pictures_to_learn_from() -> None:
    corpus, _ = corpora()
    among = np.arange(0, 200)
    found = corpus.terms(among, at_least=5)
    assert len(found) == len(set(found)) > 60
    for term in found:
        assert 5 <= sum(holds(term, scenes()[i]) for i in among) <= len(among) - 5
    assert Phrase(colour="red") in found
    assert On("snow") in found
    assert Phrase(noun="grating") in found


def test_a_scene_that_changes_one_word_changes_what_names_it_only() -> None:
    before = scene(RED_CAR, RED_DOG, background="snow")
    after = replace(before, things=(BLUE_CAR, RED_DOG))
    asked = ("red car", "blue car", "red", "blue", "car", "red dog", "on snow")
    changed = {formula for formula in asked if holds(parse(formula), before) != holds(parse(formula), after)}
    assert changed == {"red car", "blue car", "blue"}
