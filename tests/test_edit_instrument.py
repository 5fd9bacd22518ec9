"""The instrument `edit` as a backbone calls it: factors, edits in words of scenes and of pixels, pasting, and refusals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lettvin.targets.errors import ToolError
from lettvin.targets.picture import FromData, FromEdit, Picture
from lettvin.tests.labs import make_lab
from lettvin.tools.instrument import catalogue
from lettvin.tools.lab import Lab
from lettvin.tools.sketch.paint import paint
from lettvin.tools.store import Store


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Store(tmp_path) as store:
        yield make_lab(store)


@pytest.fixture
def dog(lab: Lab) -> Picture:
    """A drawn dog beside a small ball, which the run knows."""
    return lab.know([lab.generator.draw("a medium brown dog to the left of a small red ball on grass", 5)])[0]


@pytest.fixture
def photograph(lab: Lab) -> Picture:
    """A picture of which nobody knows what it holds."""
    pixels = np.random.default_rng(1).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    return lab.know([Picture.of(pixels, FromData("photographs", 0))])[0]


def edit(lab: Lab, *pictures: Picture, **arguments: Any) -> list[Picture]:
    """The pictures that the instrument makes, found by the ids that it returns."""
    result: Any = catalogue()["edit"].call(lab, {"pictures": [p.id for p in pictures], **arguments})
    made = [lab.find(identity) for identity in result.pictures]
    assert result.captions == [p.caption for p in made]
    return made


def refusal(lab: Lab, *pictures: Picture, **arguments: Any) -> str:
    with pytest.raises(ToolError) as refused:
        edit(lab, *pictures, **arguments)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def nouns(picture: Picture) -> list[str]:
    assert picture.scene is not None
    return [thing.noun for thing in picture.scene.things]


@pytest.mark.parametrize(
    ("words", "held"),
    [
        ("replace the dog with a cat", ["ball", "cat"]),
        ("remove the ball", ["dog"]),
        ("add a house; remove the dog", ["ball", "house"]),
        ("three of the balls", ["ball", "ball", "ball", "dog"]),
        ("make the dog blue", ["ball", "dog"]),
    ],
)
def test_words_change_what_they_name_and_nothing_else(lab: Lab, dog: Picture, words: str, held: list[str]) -> None:
    (after,) = edit(lab, dog, words=words)
    assert sorted(nouns(after)) == held
    assert isinstance(after.provenance, FromEdit)
    assert (after.provenance.parent, after.provenance.edit) == (dog.id, words)
    assert dog.scene is not None
    assert after.scene is not None
    a, b = paint(dog.scene), paint(after.scene)
    assert np.array_equal(after.pixels, b.pixels)
    touched = np.zeros(dog.pixels.shape[:2], dtype=bool)
    for one, other, painting in ((dog.scene, after.scene, a), (after.scene, dog.scene, b)):
        for thing, footprint in zip(one.things, painting.footprints, strict=True):
            touched |= footprint & (thing not in other.things)
    assert not ((dog.pixels != after.pixels).any(axis=2) & ~touched).any()


def test_several_pictures_are_edited_in_their_order_by_the_same_words(lab: Lab, dog: Picture) -> None:
    other = lab.know([lab.generator.draw("a small dog on snow", 6)])[0]
    first, second = edit(lab, dog, other, words="make the dog blue")
    assert "blue dog" in str(first.caption)
    assert "red ball" in str(first.caption)
    assert str(second.caption) == "a small blue dog on snow"


def test_a_factor_is_set_of_one_thing_or_of_all(lab: Lab, dog: Picture) -> None:
    assert dog.scene is not None
    at = nouns(dog).index("ball")
    (one,) = edit(lab, dog, factor="colour", value="green", which=at)
    (both,) = edit(lab, dog, factor="colour", value="green")
    assert one.scene is not None
    assert both.scene is not None
    assert {thing.noun: thing.colour for thing in one.scene.things} == {"dog": "brown", "ball": "green"}
    assert {thing.colour for thing in both.scene.things} == {"green"}


def test_a_thing_is_occluded_and_kept_by_name_to_the_pixel(lab: Lab, dog: Picture) -> None:
    assert dog.scene is not None
    mask = paint(dog.scene).masks[nouns(dog).index("dog")]
    (hidden,) = edit(lab, dog, words="occlude the dog")
    (kept,) = edit(lab, dog, words="keep the dog")
    assert np.array_equal((hidden.pixels != dog.pixels).any(axis=2) | ~mask, np.ones_like(mask))
    assert np.array_equal(hidden.pixels[~mask], dog.pixels[~mask])
    assert len(np.unique(hidden.pixels[mask], axis=0)) == 1
    assert np.array_equal(kept.pixels[mask], dog.pixels[mask])
    assert hidden.scene is None  # nobody vouches any longer for what is to be seen
    assert hidden.caption is None


def test_pixels_of_any_picture_are_edited_in_words(lab: Lab, photograph: Picture) -> None:
    (negative,) = edit(lab, photograph, words="invert")
    assert np.array_equal(negative.pixels, 255 - photograph.pixels)
    (piece,) = edit(lab, photograph, words="crop 10 5 40 45; rotate 180")
    assert np.array_equal(piece.pixels, photograph.pixels[5:45, 10:40][::-1, ::-1])
    (again,) = edit(lab, photograph, words="noise 20")
    assert again.id == edit(lab, photograph, words="noise 20")[0].id


def test_another_picture_is_pasted_on(lab: Lab, dog: Picture, photograph: Picture) -> None:
    (laid,) = edit(lab, dog, words="paste 30 40", paste=photograph.id)
    assert np.array_equal(laid.pixels[40:100, 30:110], photograph.pixels)
    outside = np.ones(dog.pixels.shape[:2], dtype=bool)
    outside[40:100, 30:110] = False
    assert np.array_equal(laid.pixels[outside], dog.pixels[outside])


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({}, "either words, or factor and value"),
        ({"words": "invert", "factor": "colour", "value": "red"}, "either words, or factor and value"),
        ({"factor": "colour"}, "either words, or factor and value"),
        ({"words": "make the dog blue", "which": 0}, "either words, or factor and value"),
        ({"factor": "colour", "value": "red", "paste": "0" * 64}, "paste goes with words"),
        ({"words": "paste 0 0", "paste": "0" * 64}, "no picture '0000"),
        ({"words": "paste 0 0"}, "nothing to lay on"),
        ({"words": "paste 200 200", "paste": "itself"}, "does not lie inside"),
        ({"words": "replace the horse with a cat"}, "there is no 'horse'"),
        ({"words": "make the dog transparent"}, "'transparent'"),
        ({"words": "crop 0 0 900 900"}, r"\(0, 0, 900, 900\)"),
        ({"factor": "colour", "value": "crimson"}, "'crimson'"),
        ({"factor": "colour", "value": "red", "which": 9}, "not thing 9"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(
    lab: Lab, dog: Picture, arguments: dict[str, Any], why: str
) -> None:
    if arguments.get("paste") == "itself":
        arguments = {**arguments, "paste": dog.id}
    known = set(lab.pictures)
    text = refusal(lab, dog, **arguments)
    assert text.startswith("edit: ") or "no picture" in text
    assert re.search(why, text), text
    assert set(lab.pictures) == known


def test_a_picture_that_was_not_drawn_takes_no_edit_of_a_scene(lab: Lab, photograph: Picture) -> None:
    assert "was not drawn: it takes only grayscale" in refusal(lab, photograph, words="remove the dog")
    assert "was not drawn: its scene cannot be edited" in refusal(lab, photograph, factor="colour", value="red")
    assert "for a region of it" in refusal(lab, photograph, words="occlude the dog")
    assert "no picture" in refusal(lab, Picture.of(photograph.pixels[:9, :9], FromData("photographs", 1)), words="invert")
