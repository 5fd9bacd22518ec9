"""Captions of drawn scenes: one English phrase that says everything the prompt language can say of a scene.

Covered: every thing with size, pattern, colour, count, orientation and frequency; background, light and treatment.
Not covered: places and relations, which a caption leaves open. `prompt.parse` reads every caption back.
"""

from __future__ import annotations

from collections import Counter

from ...targets.picture import Scene, Thing
from .pen import BODY
from .vocabulary import NOUNS, PHOTOGRAPH, plural

NUMBERS: tuple[str, ...] = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip

PLACES: dict[str, str] = {
    "grass": "on grass",
    "sand": "on sand",
    "snow": "on snow",
    "water": "on water",
    "sky": "in the sky",
    "city": "in a city",
    "forest": "in a forest",
    "room": "in a room",
    "plain": "on a plain background",
    PHOTOGRAPH: "on a photograph",
}
HOURS: dict[str, str] = {"normal": "", "bright": " in bright light", "dark": " in the dark", "night": " at night"}
MANNERS: dict[str, str] = {
    "none": "",
    "outline": "an outline drawing of ",
    "grayscale": "a grayscale picture of ",
    "blurred": "a blurred picture of ",
}

Kind = tuple[str, str, str, str, str | None, str | None, tuple[str, ...]]


def kind(thing: Thing) -> Kind:
    """What a caption tells of a thing: noun, colour, pattern, size, orientation, frequency, missing parts."""
    return thing.noun, thing.colour, thing.pattern, thing.size, thing.orientation, thing.frequency, thing.missing


def article(phrase: str) -> str:
    """The phrase with "a" or "an" before it."""
    return ("an " if phrase[0] in "aeiou" else "a ") + phrase


def phrase(of: Kind, count: int = 1) -> str:
    """A noun phrase such as "a large striped red car", "two small fine vertical black gratings" or "the wheels of a car"."""
    noun, colour, pattern, size, orientation, frequency, missing = of
    words = [size, None if pattern == "plain" else pattern, frequency, orientation, colour]
    words.append(noun if count == 1 else plural(noun))
    told = " ".join(word for word in words if word)
    whole = article(told) if count == 1 else f"{NUMBERS[count]} {told}"
    if BODY in missing:
        shown = [part for part in NOUNS[noun].parts if part not in missing]
        return f"the {listed(shown)} of {whole}" if shown else f"nothing of {whole}"
    return f"{whole} without {listed([part for part in NOUNS[noun].parts if part in missing])}" if missing else whole


def listed(parts: list[str]) -> str:
    """"a", "a and b", "a, b and c"."""
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def caption(scene: Scene) -> str:
    """One English phrase that mentions every thing, in painting order with equal ones counted, and the surroundings."""
    groups = Counter(kind(thing) for thing in scene.things)
    things = listed([phrase(of, count) for of, count in groups.items()]) if groups else "nothing"
    return f"{MANNERS[scene.treatment]}{things} {PLACES[scene.background]}{HOURS[scene.light]}"
