"""Cut-outs as nouns: prompts, edits in words, concepts and a whole run, on a folder made for the test."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lettvin.agent.ask import ask
from lettvin.targets.errors import BadInput
from lettvin.targets.picture import FromPrompt, Picture, Scene
from lettvin.targets.target import Layer, See, Target
from lettvin.tests.stamps import folder_of_stamps
from lettvin.tools.corpus import Corpus
from lettvin.tools.sketch.caption import caption
from lettvin.tools.sketch.concept import Phrase, holds
from lettvin.tools.sketch.concept import parse as read
from lettvin.tools.sketch.concept_scenes import disagreements, examples, near_misses
from lettvin.tools.sketch.cutout_nouns import Cutouts
from lettvin.tools.sketch.edit_words import edited
from lettvin.tools.sketch.paint import paint
from lettvin.tools.sketch.prompt import explain, imagine, parse
from lettvin.tools.sketch.scenes import redraw, stream
from lettvin.tools.sketch.vocabulary import NOUNS
from lettvin.tools.sketch_generator import SketchGenerator
from lettvin.tools.sources.cutouts import CutoutSource, words_of
from lettvin.tools.sources.source import About
from lettvin.tools.store import Store

CUT_OUT = ("apple", "pig", "polar bear", "teapot", "tiger")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of_stamps(tmp_path_factory.mktemp("cutouts") / "stamps")


@pytest.fixture(scope="module")
def words(folder: Path) -> Cutouts:
    return words_of(folder, None)


def scene(text: str, words: Cutouts, seed: int = 0) -> Scene:
    return imagine(parse(text, words), seed, cutouts=words)


# ---- prompts ---------------------------------------------------------------------------------------------------------


def test_a_prompt_is_drawn_from_photographs_where_there_are_some(words: Cutouts) -> None:
    made = scene("a large pig to the left of two small polar bears and a red car on snow at night", words)
    shown = {thing.noun: thing.photo is not None for thing in made.things}
    assert shown == {"pig": True, "polar bear": True, "car": False}
    assert (made.background, made.light) == ("snow", "night")
    assert scene("a pig", words).things[0].photo is not None
    assert imagine(parse("a pig"), 0).things[0].photo is None  # the same words without the folder: the drawn one
    files = {str(scene("a pig", words, seed).things[0].photo) for seed in range(12)}
    assert len(files) == 2  # seeds vary among the photographs of one noun


def test_what_was_understood_is_told(words: Cutouts) -> None:
    told = explain(parse("a large pig to the left of two polar bears and a car", words), words)
    assert told == (
        "1 pig: large, cut out of a photograph; 2 polar bears: any size, cut out of a photograph; "
        "1 car: any size, plain, any colour; pig left of polar bears; any background"
    )


@given(
    things=st.lists(st.tuples(st.sampled_from((*CUT_OUT, "dog", "car")), st.integers(1, 2)), min_size=1, max_size=3),
    background=st.sampled_from(("snow", "room", "water")),
    light=st.sampled_from(("normal", "night")),
    seed=st.integers(0, 10**6),
)
@settings(max_examples=40, deadline=None)
def test_captions_of_scenes_with_photographs_are_read_back(
    words: Cutouts, things: list[tuple[str, int]], background: str, light: str, seed: int
) -> None:
    told = " and ".join(f"{count} {noun}{'s' if count > 1 else ''}" for noun, count in dict(things).items())
    asked = parse(told, words)
    made = imagine(dataclasses.replace(asked, background=background, light=light), seed, cutouts=words)
    first = parse(caption(made), words)
    again = imagine(first, seed + 1, cutouts=words)
    assert parse(caption(again), words) == first
    painting = paint(made)
    assert all(mask.any() for mask in painting.masks)
    assert np.sum(painting.masks, axis=0).max() <= 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a red pig", "a pig is a photograph here"),
        ("a striped teapot", "cannot be made 'striped'"),
        ("a pig without a tail", "parts cannot be told apart"),
        ("the tail of a pig", "parts cannot be told apart"),
        ("a pollar bear", "'polar'"),
        ("a pig on a photograph", "--backgrounds"),
    ],
)
def test_what_a_photograph_cannot_show_is_refused_with_the_reason(words: Cutouts, text: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        parse(text, words)


def test_photographs_to_stand_on_come_with_their_folder(folder: Path, tmp_path: Path) -> None:
    from PIL import Image

    for name, colour in {"a": (10, 200, 30), "b": (12, 190, 40)}.items():
        Image.new("RGB", (90, 70), colour).save(tmp_path / f"{name}.png")
    words = words_of(folder, tmp_path)
    for text in ("a pig", "a pig on a photograph"):
        made = scene(text, words)
        assert made.background == "photograph"
        assert np.median(paint(made).pixels.reshape(-1, 3), axis=0)[1] > 150
    assert parse(caption(made), words).background == "photograph"
    snowy = edited(made, "change the background to snow", 0, words)
    assert (snowy.background, snowy.photo) == ("snow", None)
    back = edited(snowy, "change the background to a photograph", 0, words)
    assert back.photo is not None
    fresh = redraw(made, 5, words)
    assert (fresh.photo, fresh.background) == (made.photo, "photograph")
    drawn = [s.photo is not None for s in examples(Phrase(noun="pig"), 5, stream(3), words)]
    assert all(drawn)


# ---- edits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "held"),
    [
        ("replace the pig with a tiger", ["tiger", "polar bear", "polar bear"]),
        ("replace the pig with a red car", ["car", "polar bear", "polar bear"]),
        ("replace both polar bears with teapots", ["pig", "teapot", "teapot"]),
        ("remove the pig", ["polar bear", "polar bear"]),
        ("remove the polar bears", ["pig"]),
        ("add a tiger to the right of the pig", ["pig", "polar bear", "polar bear", "tiger"]),
        ("move the pig to the right", ["pig", "polar bear", "polar bear"]),
        ("make the polar bears larger", ["pig", "polar bear", "polar bear"]),
        ("three of the polar bears", ["pig", "polar bear", "polar bear", "polar bear"]),
        ("show only the pig", ["pig"]),
    ],
)
def test_an_edit_of_photographs_changes_no_pixel_outside_what_it_edits(words: Cutouts, edit: str, held: list[str]) -> None:
    before = scene("a medium pig to the left of two small polar bears on snow", words, seed=4)
    after = edited(before, edit, 1, words)
    assert sorted(thing.noun for thing in after.things) == sorted(held)
    assert all((thing.photo is not None) == (thing.noun in words) for thing in after.things)
    a, b = paint(before), paint(after)
    touched = np.zeros(a.pixels.shape[:2], dtype=bool)
    for one, others, painting in ((before, after, a), (after, before, b)):
        for thing, footprint in zip(one.things, painting.footprints, strict=True):
            if thing not in others.things:
                touched |= footprint
    assert touched.any()
    assert not ((a.pixels != b.pixels).any(axis=2) & ~touched).any()


def test_light_and_background_change_around_the_same_photographs(words: Cutouts) -> None:
    before = scene("a medium pig and a small tiger on snow", words)
    for edit in ("make it night", "change the background to grass"):
        after = edited(before, edit, 0, words)
        assert after.things == before.things
        for old, new in zip(paint(before).masks, paint(after).masks, strict=True):
            assert np.array_equal(old, new)


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        ("make the pig blue", "a photograph and has its own colours"),
        ("make the pig striped", "has no pattern to change"),
        ("take the tail off the pig", "parts cannot be told apart"),
        ("replace the pig with a blue tiger", "a tiger is a photograph here"),
        ("add a walrus", "'walrus'"),
        ("remove the teapot", "holds a medium pig and a small tiger"),
    ],
)
def test_an_edit_that_no_photograph_can_follow_says_why(words: Cutouts, edit: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        edited(scene("a medium pig and a small tiger on snow", words), edit, 0, words)


def test_the_generator_edits_redraws_and_keeps_photographs(words: Cutouts, tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        generator = SketchGenerator(store, words)
        drawn = generator.draw("a medium teapot and a small pig on snow", 3)
        kept = generator.edit_words(drawn, "keep the teapot")
        assert drawn.scene is not None
        mask = paint(drawn.scene).masks[[t.noun for t in drawn.scene.things].index("teapot")]
        assert np.array_equal(kept.pixels[mask], drawn.pixels[mask])
        assert len(np.unique(kept.pixels[~mask], axis=0)) == 1
        assert generator.edit(drawn, "noun", "tiger", which=0).scene != drawn.scene
        again = generator.redraw(drawn, 9)
        assert again is not None
        assert again.scene is not None
        assert again.id != drawn.id
        assert sorted((t.noun, t.size) for t in again.scene.things) == sorted((t.noun, t.size) for t in drawn.scene.things)
        with pytest.raises(BadInput, match="--cutouts"):
            SketchGenerator(store).redraw(drawn, 9)


# ---- concepts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("formula", ["tiger", "large polar bear", "teapot and not on snow", "at least two pigs",
                                     "tiger left of polar bear", "tiger or teapot"])  # fmt: skip
def test_scenes_are_made_where_a_concept_of_cut_outs_holds_and_where_it_just_fails(words: Cutouts, formula: str) -> None:
    concept = read(formula, nouns=frozenset(words.nouns))
    assert read(str(concept), nouns=frozenset(words.nouns)) == concept
    rng = stream(7)
    made = examples(concept, 6, rng, words)
    assert len(made) == 6
    for one in made:
        assert holds(concept, one)
        assert all(thing.photo is not None for thing in one.things)
        missed = near_misses(concept, one, rng, words)
        assert missed
        for other in missed:
            assert not holds(concept, other)
            assert all(thing.photo is not None for thing in other.things)


def test_concepts_that_disagree_and_those_that_no_photograph_can_show(words: Cutouts) -> None:
    nouns = frozenset(words.nouns)
    tiger, large = read("tiger", nouns=nouns), read("large tiger", nouns=nouns)
    apart = disagreements(tiger, large, 6, stream(2), words)
    assert len(apart) == 6
    assert all(holds(tiger, s) != holds(large, s) for s in apart)
    assert examples(read("red tiger", nouns=nouns), 3, stream(1), words) == []
    assert examples(tiger, 3, stream(1)) == []  # without the folder there is no tiger to draw
    red = examples(Phrase(colour="red"), 4, stream(1), words)
    assert all(t.noun in NOUNS and t.noun not in words for s in red for t in s.things if t.photo is None)
    with pytest.raises(BadInput, match="'tiger'"):
        read("tiger")


def test_a_data_set_of_cut_outs_is_read_exactly(folder: Path) -> None:
    source = CutoutSource(f"cutouts:120@2 from {folder}")
    abouts = [source.about(i) for i in range(len(source))]
    corpus = Corpus(abouts)
    assert corpus.drawn
    assert corpus.nouns == frozenset(CUT_OUT)
    for formula in ("polar bear", "small tiger", "on snow", "at least two pigs", "tiger and not pig"):
        concept = corpus.read(formula)
        assert corpus.truths(concept).tolist() == [holds(concept, a.scene) for a in abouts if a.scene is not None]
    terms = {str(term) for term in corpus.terms(np.arange(120))}
    assert {"polar bear", "tiger", "large"} <= terms
    assert not terms & {"", "plain"}
    assert Corpus([About("a tiger on snow")]).nouns == frozenset()


# ---- a run -----------------------------------------------------------------------------------------------------------


class Sees(Target):
    """One unit that fires for things of a noun, more for larger ones, with a little noise."""

    def __init__(self, noun: str) -> None:
        self.noun, self.name, self.key = noun, "sees", hashlib.sha256(noun.encode()).hexdigest()
        self.layers, self.default_layers = (Layer("nouns", 1, "vector"),), ("nouns",)

    def watch(self, pictures: Sequence[Picture], layers: Sequence[str], see: See) -> None:
        values = []
        for picture in pictures:
            assert picture.scene is not None
            scales = [thing.scale for thing in picture.scene.things if thing.noun == self.noun]
            values.append((2 + max(scales) if scales else 0) + int(picture.id[:6], 16) / 2**26)
        see("nouns", torch.tensor(values, dtype=torch.float32).reshape(-1, 1, 1, 1))


def test_an_answer_about_a_cut_out_noun_is_tested_with_fresh_pictures(folder: Path, tmp_path: Path) -> None:
    found = ask(Sees("polar bear").unit("0"), data=f"cutouts:160@1 from {folder}", runs=tmp_path, page=False)
    assert (found.verdict, found.formula) == ("supported", "polar bear")
    events = [json.loads(line) for line in (Path(found.run) / "events.jsonl").read_text().splitlines()]
    fresh = [e for e in events if e["kind"] == "picture" and e["provenance"]["kind"] in ("concept", "edit") and e["scene"]]
    assert len(fresh) > 40
    assert all(thing["photo"]["sha256"] for e in fresh for thing in e["scene"]["things"])
    record = json.loads((Path(found.run) / "run.json").read_text())
    assert record["keys"]["cutouts"] == words_of(folder, None).key
    assert str(folder) in " ".join(record["command"])


def test_a_scene_tells_its_recipe_the_contents_of_its_photographs(words: Cutouts, tmp_path: Path) -> None:
    one = scene("a teapot on snow", words)
    (thing,) = one.things
    assert thing.photo is not None
    other = dataclasses.replace(one, things=(dataclasses.replace(thing, photo=words.photo("tiger", 0)),))
    with Store(tmp_path) as store:
        generator = SketchGenerator(store, words)
        told = FromPrompt("sketch", "x", 0)
        assert generator.paint(one, told).id != generator.paint(other, told).id
        assert thing.photo.sha256 in repr(one)
