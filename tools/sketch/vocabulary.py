"""The words of the drawn world: what can be asked for, painted, captioned, edited and measured.

Covered: nouns with their plural, category, shape and parts; colours, patterns, backgrounds, sizes, stimuli and their
attributes, relations, lights, treatments. Not covered: how any of them looks (`paint` and the files beside it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...targets.errors import BadInput, nearest

Stance = Literal["stands", "flies", "loose"]
RGB = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Noun:
    """A kind of object. `aspect`: width over height. `stance`: stands on the ground, flies, or lies about at any tilt.

    `parts`: names of the parts that can be told apart in its painting, beside its body.
    """

    name: str
    plural: str
    category: str
    aspect: float = 1.0
    stance: Stance = "stands"
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stimulus:
    """A figure of early vision. `oriented`: takes an orientation; `periodic`: takes a frequency."""

    name: str
    plural: str
    oriented: bool = False
    periodic: bool = False


# name | plural (only where not name + s) | aspect | stance | parts
_TABLE: dict[str, str] = {
    "animal": """
        dog | | 1.3 | stands | tail, legs, head, eye
        cat | | 0.75 | stands | tail, head, eye
        horse | | 0.99 | stands | tail, legs, head, eye
        elephant | | 1.44 | stands | tail, legs, tusk, trunk, head, eye
        rabbit | | 0.63 | stands | tail, ears, eye
        fish | fish | 1.84 | flies | fin, tail, eye
        bird | | 1.39 | flies | tail, legs, wing, beak, eye
        butterfly | butterflies | 1.13 | flies | wings
        snail | | 1.56 | stands | shell
        turtle | | 1.63 | stands | legs, head, shell, eye
        duck | | 1.8 | stands | beak, head, wing, eye
        owl | | 0.63 | stands | ears, wings, eye, beak, feet
        penguin | | 0.7 | stands | feet, wings, belly, beak, eye
        snake | | 1.85 | stands | tongue, head, eye
        whale | | 1.53 | stands | spout, tail, belly, fin, eye
        crab | | 1.26 | stands | legs, claws, eye
        giraffe | | 0.65 | stands | tail, legs, head, eye
        pig | | 1.6 | stands | tail, legs, head, snout, eye
    """,
    "vehicle": """
        car | | 1.98 | stands | windows, light, wheels
        bus | buses | 1.9 | stands | windows, light, wheels
        airplane | | 1.95 | flies | tail, wing, windows
        boat | | 1.05 | stands | mast, sail
        rocket | | 0.58 | flies | flame, fins, window
        bicycle | | 1.82 | stands | wheels, frame, saddle
        truck | | 1.74 | stands | cab, windows, light, wheels
        train | | 1.32 | stands | smoke, chimney, windows, wheels, light
        helicopter | | 1.93 | flies | rotor, tail, windows, skids
    """,
    "plant": """
        tree | | 0.77 | stands | trunk
        flower | | 0.59 | stands | stem, leaves, centre
        mushroom | | 1.0 | stands | stem
        cactus | cactuses | 0.67 | stands | pot, spines
    """,
    "food": """
        apple | | 0.96 | loose | stem, leaf
        banana | | 1.24 | loose | stem
        carrot | | 2.43 | loose | leaves
        cherry | cherries | 0.89 | loose | stem, leaf
        cake | | 1.09 | stands | candles, icing, plate
        pumpkin | | 1.18 | stands | stem
    """,
    "clothing": """
        hat | | 1.62 | loose | band
        shirt | | 1.18 | loose | buttons
        shoe | | 2.13 | loose | laces, sole
        sock | | 0.7 | loose | cuff
        crown | | 1.45 | loose | jewels
    """,
    "furniture": """
        chair | | 0.6 | stands | legs, seat
        table | | 1.75 | stands | legs
        lamp | | 0.62 | stands | foot, shade
        bed | | 1.61 | stands | mattress, pillow
    """,
    "tool": """
        key | | 2.69 | loose | teeth
        umbrella | | 1.03 | loose | handle
        hammer | | 0.58 | loose | handle
        cup | | 1.25 | stands | handle
        bottle | | 0.38 | stands | label, cap
        scissors | scissors | 1.88 | loose | blades
        book | | 0.88 | loose | pages, label
        candle | | 0.62 | stands | flame, holder
        clock | | 0.87 | stands | legs, bells, face, hands
        camera | | 1.51 | loose | button, lens, flash
    """,
    "building": """
        house | | 1.13 | stands | chimney, roof, door, windows
        castle | | 1.09 | stands | flag, windows, door
        tent | | 1.43 | stands | door, ropes
        lighthouse | | 0.58 | stands | rock, bands, lantern, roof, door
    """,
    "body part": """
        hand | | 0.67 | loose | fingers
        eye | | 1.87 | loose | iris, pupil
    """,
    "instrument": """
        guitar | | 0.41 | loose | neck, strings
        drum | | 1.12 | stands | ropes, rims, skin, sticks
        trumpet | | 2.22 | loose | mouthpiece, valves
        piano | | 1.1 | stands | legs, keys
    """,
    "toy": """
        ball | | 1.03 | stands | band
        star | | 1.05 | loose |
        kite | | 0.58 | flies | tail, sticks
        balloon | | 0.56 | flies | string
    """,
}


def _nouns() -> dict[str, Noun]:
    nouns: dict[str, Noun] = {}
    for category, table in _TABLE.items():
        for line in table.strip().splitlines():
            name, plural, aspect, stance, parts = (cell.strip() for cell in line.split("|"))
            assert stance in ("stands", "flies", "loose")
            named = tuple(part.strip() for part in parts.split(",") if part.strip())
            nouns[name] = Noun(name, plural or name + "s", category, float(aspect), stance, named)  # type: ignore[arg-type]
    return nouns


NOUNS: dict[str, Noun] = _nouns()

COLOURS: dict[str, RGB] = {
    "black": (30, 30, 32),
    "white": (243, 242, 239),
    "grey": (132, 132, 133),
    "red": (208, 26, 32),
    "orange": (248, 132, 14),
    "yellow": (250, 216, 28),
    "green": (44, 152, 58),
    "blue": (32, 86, 206),
    "purple": (122, 44, 168),
    "pink": (249, 146, 186),
    "brown": (116, 69, 34),
}

NATURAL: dict[str, tuple[str, ...]] = {
    "dog": ("brown", "black", "white"), "cat": ("orange", "grey", "black"), "horse": ("brown", "black", "white"),
    "elephant": ("grey",), "rabbit": ("brown", "grey", "white"), "fish": ("orange", "grey", "blue"),
    "bird": ("brown", "blue", "red"), "butterfly": ("orange", "yellow", "blue"), "snail": ("brown",),
    "turtle": ("brown", "green"), "duck": ("brown", "white", "grey"), "owl": ("brown", "grey"), "penguin": ("black",),
    "snake": ("green", "brown"), "whale": ("grey", "black"), "crab": ("red", "orange"), "giraffe": ("orange", "brown"),
    "pig": ("pink",), "airplane": ("white", "grey"), "rocket": ("white", "red"), "tree": ("green",),
    "mushroom": ("brown", "red", "white"), "cactus": ("green",), "apple": ("red", "green"), "banana": ("yellow",),
    "carrot": ("orange",), "cherry": ("red",), "cake": ("brown", "white", "pink"), "pumpkin": ("orange",),
    "crown": ("yellow",), "table": ("brown",), "key": ("grey", "yellow"), "hammer": ("grey", "black"),
    "candle": ("white", "red"), "camera": ("black",), "castle": ("grey",), "lighthouse": ("white", "red"),
    "hand": ("brown", "pink"), "eye": ("brown", "blue", "green"), "guitar": ("brown", "black"),
    "trumpet": ("yellow",), "piano": ("black", "brown"), "star": ("yellow",),
}  # fmt: skip
"""The colours that a thing has as a rule; a prompt that names none gets one of them. Of any other noun: any colour."""

PATTERNS: tuple[str, ...] = (
    "striped",
    "spotted",
    "checkered",
    "zigzag",
    "wavy",
    "plaid",
    "netted",
    "speckled",
    "scaly",
    "ringed",
    "starry",
)
"""Beside these there is "plain", the absence of a pattern, which no prompt need say."""

BACKGROUNDS: tuple[str, ...] = ("grass", "sand", "snow", "water", "sky", "city", "forest", "room", "plain")
"""`plain` is neutral grey. A colour word is true of things only: backgrounds never count for colours."""
PHOTOGRAPH = "photograph"
"""The background of a scene that stands on a photograph; none that a scene at random has."""

SIZES: tuple[str, ...] = ("small", "medium", "large")
SCALES: dict[str, tuple[float, float]] = {"small": (0.19, 0.25), "medium": (0.32, 0.44), "large": (0.58, 0.82)}
"""Longer side of an object as a fraction of the picture's, by size word; `compose` may shrink what is crowded."""
STIMULUS_SCALES: dict[str, tuple[float, float]] = {"small": (0.28, 0.36), "medium": (0.56, 0.7), "large": (1.0, 1.0)}
"""The same for stimuli: a large one fills the frame."""

STIMULI: dict[str, Stimulus] = {
    "bar": Stimulus("bar", "bars", oriented=True),
    "edge": Stimulus("edge", "edges", oriented=True),
    "grating": Stimulus("grating", "gratings", oriented=True, periodic=True),
    "spot": Stimulus("spot", "spots"),
    "ring": Stimulus("ring", "rings"),
    "curve": Stimulus("curve", "curves"),
    "corner": Stimulus("corner", "corners"),
    "cross": Stimulus("cross", "crosses"),
}
ORIENTATIONS: tuple[str, ...] = ("vertical", "horizontal", "rising", "falling")
"""`rising` runs from bottom left to top right, `falling` from top left to bottom right."""
FREQUENCIES: tuple[str, ...] = ("coarse", "moderate", "fine")

RELATIONS: tuple[str, ...] = ("left of", "right of", "above", "below", "on", "inside")
LIGHTS: tuple[str, ...] = ("normal", "bright", "dark", "night")
TREATMENTS: tuple[str, ...] = ("none", "outline", "grayscale", "blurred")

FACTORS: tuple[str, ...] = (
    "noun", "colour", "pattern", "size", "orientation", "frequency", "background", "light", "treatment",
)  # fmt: skip


def vocabulary() -> dict[str, list[str]]:
    """Every word of the drawn world by kind, in the order in which it is listed here."""
    return {
        "nouns": list(NOUNS),
        "colours": list(COLOURS),
        "patterns": list(PATTERNS),
        "backgrounds": list(BACKGROUNDS),
        "sizes": list(SIZES),
        "relations": list(RELATIONS),
        "lights": list(LIGHTS),
        "treatments": list(TREATMENTS),
        "stimuli": list(STIMULI),
    }


def values(factor: str) -> tuple[str, ...]:
    """Every value a factor can take, the absences ("plain", "normal", "none") and stimuli among nouns included.

    Raises `BadInput` on an unknown factor.
    """
    known: dict[str, tuple[str, ...]] = {
        "noun": (*NOUNS, *STIMULI),
        "colour": tuple(COLOURS),
        "pattern": ("plain", *PATTERNS),
        "size": SIZES,
        "orientation": ORIENTATIONS,
        "frequency": FREQUENCIES,
        "background": BACKGROUNDS,
        "light": LIGHTS,
        "treatment": TREATMENTS,
    }
    if factor not in known:
        raise BadInput(f"{factor!r} is no factor of a scene; nearest: {nearest(factor, known)}")
    return known[factor]


def check(factor: str, value: str) -> str:
    """`value`, if the factor can take it. Raises `BadInput` naming the nearest values."""
    if value not in values(factor):
        raise BadInput(f"{value!r} is no {factor} of the drawn world; nearest: {nearest(str(value), values(factor))}")
    return value


def part_of(noun: str, word: str) -> str:
    """The part of a noun that a word names, in the singular or the plural. Raises `BadInput` naming the parts it has."""
    parts = NOUNS[noun].parts if noun in NOUNS else ()
    for part in parts:
        if word in (part, *_one_or_many(part)):
            return part
    has = f"its parts are {', '.join(parts)}" if parts else "it has no parts that can be told apart"
    raise BadInput(f"a {noun} has no {word!r}: {has}")


def part_words() -> set[str]:
    """Every word that `part_of` knows for some noun."""
    return {word for noun in NOUNS.values() for part in noun.parts for word in (part, *_one_or_many(part))}


def _one_or_many(part: str) -> tuple[str, ...]:
    odd = {"leaves": "leaf", "leaf": "leaves", "feet": "foot", "foot": "feet", "teeth": "tooth"}
    if part in odd:
        return (odd[part],)
    return (part[:-1],) if part.endswith("s") and not part.endswith("ss") else (part + "s",)


def scale_range(noun: str, size: str) -> tuple[float, float]:
    """The least and the greatest `Thing.scale` that a size word stands for."""
    return (STIMULUS_SCALES if noun in STIMULI else SCALES)[size]


_ODD = {
    "sheep": "sheep", "deer": "deer", "bison": "bison", "shrimp": "shrimp", "goose": "geese", "mouse": "mice",
    "tooth": "teeth", "foot": "feet", "ox": "oxen", "child": "children", "wolf": "wolves", "calf": "calves",
    "loaf": "loaves", "leaf": "leaves", "knife": "knives", "shelf": "shelves", "potato": "potatoes", "tomato": "tomatoes",
    "mango": "mangoes", "mosquito": "mosquitoes",
    **{noun: noun for noun in ("confetti", "corn", "lettuce", "caribou", "garlic")},
}  # fmt: skip


def plural(noun: str) -> str:
    """The plural of a noun or stimulus, or of "thing"; of a noun that is not in the vocabulary by the rules of English."""
    if noun in NOUNS:
        return NOUNS[noun].plural
    if noun in STIMULI:
        return STIMULI[noun].plural
    *first, last = noun.split()
    if last in _ODD or last.endswith("fish"):
        last = _ODD.get(last, last)
    elif last.endswith("man"):
        last = last[:-2] + "en"
    elif last.endswith("s") and not last.endswith(("ss", "us", "is", "as")):
        pass  # plural in form, as trousers are
    elif last.endswith(("s", "x", "z", "ch", "sh")):
        last += "es"
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        last = last[:-1] + "ies"
    else:
        last += "s"
    return " ".join([*first, last])
