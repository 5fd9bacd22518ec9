"""Edits of a scene in plain English: "replace the dog with a cat", "make the car blue", "take the wheels off".

Covered: replace, remove, add (with a relation), make (any attribute, larger, smaller, night, grayscale), change the
background, move (a direction, or to stand in a relation), "three of them", parts off, back on and alone. Several edits
are divided by ";" or "then". Things are named as in a prompt; "the" must mean one thing, "all the" or a plural means all
that fit. What is not named stays as it is, so that the picture changes in the edited footprints only; an edit of the
background, the light or the treatment changes the whole picture, but no thing. What cannot be done is `BadInput`, with
the reason. Not covered: what each edit does (`edit_things`, `edit_places`, `edit_parts`), edits of pixels
(`tools/pixel_edits`).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ...targets.errors import BadInput, nearest
from ...targets.picture import Scene
from .caption import NUMBERS
from .cutout_nouns import NONE, Cutouts
from .edit_named import Means, find
from .edit_parts import only, parts_off, parts_on
from .edit_places import move_named
from .edit_things import add_named, count_of, make_named, new_background, remove_named, replace_named
from .scenes import stream

__all__ = ["edited", "find"]

_NUMBER = "|".join([*NUMBERS[1:], r"\d+"])
_WHERE = "to|on|onto|in|into|inside|left|right|up|down|above|below|over|under"


def edited(scene: Scene, words: str, seed: int = 0, cutouts: Cutouts = NONE) -> Scene:
    """The scene after the edits that the words ask for, done in order; `seed` decides what they leave open.

    Raises `BadInput` where they ask for nothing known, for what is not there, or for what cannot be done.
    """
    steps = [step.strip(" .,") for step in re.split(r";|\bthen\b", " ".join(words.lower().split()))]
    steps = [re.sub(r"^and ", "", step) for step in steps if step]
    if not steps:
        raise BadInput(f"the edit {words!r} is empty: say what to change, such as 'make the car blue'")
    for number, step in enumerate(steps):
        scene = _step(scene, step, Means(stream(seed, scene.seed, 21, number), cutouts))
    return scene


def _step(scene: Scene, step: str, means: Means) -> Scene:
    for pattern, act in _VERBS:
        if match := re.fullmatch(pattern, step):
            changed = act(scene, means, *match.groups())
            if changed == scene:
                raise BadInput(f"{step!r} changes nothing: it is so already")
            return changed
    first = step.split()[0]
    verbs = ("replace", "remove", "add", "make", "change", "move", "take", "put", "show")
    if first in verbs:
        shape = _SHAPES.get(first, first + " …")
        raise BadInput(f"{step!r} cannot be read as an edit: write such as {shape!r}")
    raise BadInput(f"{step!r} is no edit; it begins with {', '.join(verbs)}, or says 'three of them'; nearest: "
                   f"{nearest(first, verbs)}")  # fmt: skip


_SHAPES: dict[str, str] = {
    "replace": "replace the dog with a cat",
    "remove": "remove the dog",
    "add": "add a red ball on the table",
    "make": "make the car blue",
    "change": "change the background to snow",
    "move": "move the dog to the left",
    "take": "take the wheels off the car",
    "put": "put the wheels back on the car",
    "show": "show only the wheels of the car",
}

Act = Callable[..., Scene]
_VERBS: list[tuple[str, Act]] = [
    (r"(?:replace|swap|exchange) (.+?) (?:with|for|by) (.+)", replace_named),
    (r"(?:change|turn|set|make) the background(?: of .+?)?(?: to| into)? (.+)", new_background),
    (r"(?:change|turn|set) (.+?) (?:in)?to (.+)", replace_named),
    (r"(?:take|cut|pull) (.+?) off(?: of)?(?: (.+))?", parts_off),
    (r"(?:take|cut) off (.+?)(?: of (.+))?", parts_off),
    (r"(?:remove|delete|erase|take away|take out) (.+)", remove_named),
    (r"(?:put|set) (.+?) back(?: on(?: (.+))?)?", parts_on),
    (r"(?:show|keep|leave) only (.+)", only),
    (r"show (.+) alone", only),
    (rf"(?:move|shift|put) (.+?) ((?:a (?:little|bit) )?(?:{_WHERE})\b.*)", move_named),
    (r"(?:add|draw|put|place) (.+)", add_named),
    (r"(?:make|turn) (.+?) into (.+)", replace_named),
    (rf"make (?:it|them|that) ({_NUMBER})(?: (.+))?", lambda scene, means, n, what: count_of(scene, means, n, what or "them")),
    (rf"(?:make |draw )?({_NUMBER}) of (?:the )?(.+)", count_of),
    (r"(?:make|paint|colour|color) (.+) (\w+ and \w+)", make_named),
    (r"(?:make|paint|colour|color) (.+) ((?:in |at |into )?(?:an? )?[\w]+(?: light| picture| drawing)?)", make_named),
]
