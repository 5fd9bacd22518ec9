"""The instrument `edit`: pictures with one thing changed, all else as it was.

Covered: one factor of drawn scenes, edits of drawn scenes in words, edits of pixels, and those of an editor, of any picture
or a region of it. Not covered: how each is done (`sketch/edit.py`, `sketch/edit_words.py`, `pixel_edits.py`, `editor.py`).
"""

from __future__ import annotations

from ..targets.errors import BadInput, ModelFailed
from .editor import Edit, edit_many
from .generate import Made, made
from .generator import edits as set_factor
from .instrument import ToolError, tool
from .lab import Lab
from .named_regions import regions
from .pixel_edits import is_pixel_edit


@tool
def edit(
    lab: Lab,
    *,
    pictures: list[str],
    factor: str | None = None,
    value: str | None = None,
    which: int | None = None,
    words: str | None = None,
    paste: str | None = None,
    where: str | None = None,
) -> Made:
    """Change one thing in pictures and nothing else; the edited pictures are new ones.

    Either one factor of drawn pictures, or an edit in words. Of drawn pictures: "replace the dog with a cat", "remove the
    dog", "add a ball on the table", "make the car blue", "change the background to snow", "move the dog to the left",
    "three of the dogs", "take the wheels off the car", "occlude the dog". Of the pixels of any picture: "grayscale",
    "blur 4", "crop 0 0 99 99", "occlude 10 10 60 60", "keep 10 10 60 60", "hue 90", "invert", "shuffle 4", "rotate 90",
    "noise 20", "paste 0 0". Edits are divided by ";". Where the run has an editor, anything else of any picture: "make it
    snow", or, with where, what is to be there.

    Args:
        pictures: ids of the pictures to edit.
        factor: noun, colour, pattern, size, orientation, frequency, background or light.
        value: what the factor is to become.
        which: index of the thing whose factor to change; left out: every thing that has the factor.
        words: the edit in words, in place of factor and value.
        paste: id of the picture that "paste LEFT TOP" lays on.
        where: the region that an editor may change: "unit", where the unit fires; "LEFT TOP RIGHT BOTTOM"; or a thing.
    """
    if (words is None) == (factor is None) or (factor is None) != (value is None) or (words and which is not None):
        raise ToolError("edit: wants either words, or factor and value (and perhaps which)")
    if paste is not None and words is None:
        raise ToolError("edit: paste goes with words such as 'paste 0 0'")
    if where is not None and (words is None or is_pixel_edit(words)):
        raise ToolError(f"edit: where={where!r} goes with words for an editor; pixel edits name their own box")
    other = lab.find(paste) if paste is not None else None
    try:
        shown = [lab.find(identity) for identity in pictures]
        if factor is not None and value is not None:
            return made(lab.know(set_factor(lab.generator, shown, factor, value, which)))
        places = [None] * len(shown) if where is None else regions(lab, shown, where)
        edits = [Edit(p, words or "", lab.seed, place) for p, place in zip(shown, places, strict=True)]
        return made(lab.know(edit_many(lab.generator, edits, other)))
    except ModelFailed:
        raise
    except BadInput as error:
        raise ToolError(f"edit: {error}") from None
