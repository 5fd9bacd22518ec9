"""Does EfficientNet-Lite0 see what is drawn? How its top-5 classes agree with the nouns, drawn and cut out.

Covered: for every noun that ImageNet has classes for (`CLASSES`, by index, 0 to 999), the share of pictures of it alone
that have one of them among the five highest logits: drawn on the plain and on its usual ground, in colours at random and
in natural ones, each in several seeds; and cut-outs of the same nouns, where a folder of them is there. What agreement
means is measured too: each kind's pictures against the classes of every other noun (`chance`). Not covered: nouns that
ImageNet lacks (giraffe, scissors, cactus and the like), and scenes of several things.
Run as `python -m lettvin.benchmarks.sketch_classes [--write]`; about two minutes on one core.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..targets.loaders import load_target
from ..targets.picture import FromPrompt, Picture, Scene, Thing
from ..tools.sketch.cutout_nouns import NONE
from ..tools.sketch.paint import paint
from ..tools.sketch.scenes import compose, random_thing, stream
from ..tools.sketch.vocabulary import COLOURS, NATURAL, NOUNS

NETWORK = "efficientnet-lite0"
COMMAND = "python -m lettvin.benchmarks.sketch_classes --write"
RESULTS = Path(__file__).parent / "results"

CLASSES: dict[str, tuple[range | int, ...]] = {
    "dog": (range(151, 269),), "cat": (range(281, 286),), "horse": (339,), "elephant": (101, 385, 386),
    "rabbit": (330, 331, 332), "fish": (range(0, 7), range(389, 398)), "bird": (range(7, 25), range(80, 101), range(127, 147)),
    "butterfly": (range(321, 327),), "snail": (113,), "turtle": (range(33, 38),), "duck": (97, 98, 99), "owl": (24,),
    "penguin": (145,), "snake": (range(52, 69),), "whale": (147, 148), "crab": (range(118, 122),), "pig": (341, 342, 343),
    "car": (407, 436, 468, 511, 609, 627, 656, 661, 751, 817), "bus": (654, 779, 874), "airplane": (404, 895),
    "boat": (472, 484, 554, 576, 625, 724, 780, 814, 871, 914), "rocket": (657, 744, 812), "bicycle": (444, 671),
    "truck": (555, 569, 675, 717, 864, 867), "train": (466, 547, 820, 829), "flower": (985, 986),
    "mushroom": (range(991, 998), 947), "apple": (948,), "banana": (954,), "hat": (439, 515, 808),
    "shirt": (610,), "shoe": (514, 630, 770, 774, 788), "sock": (806, 496), "chair": (423, 559, 765, 857),
    "table": (526, 532, 736), "lamp": (619, 846), "bed": (520, 564, 831), "umbrella": (879,), "hammer": (587,),
    "cup": (504, 647, 967, 968), "bottle": (440, 720, 737, 898, 901, 907), "book": (917, 921),
    "candle": (470,), "clock": (409, 530, 531, 892), "camera": (732, 759), "house": (425, 449, 500, 663, 660),
    "castle": (483, 698), "tent": (672,), "lighthouse": (437,), "guitar": (402, 546), "drum": (541,),
    "trumpet": (513, 566, 875), "piano": (579, 881), "ball": (429, 430, 522, 574, 722, 768, 805, 852, 890),
    "balloon": (417,), "pumpkin": (607, 942),
}  # fmt: skip
"""Acceptable ImageNet classes: the noun's own, its kinds, or what differs by use alone. Namesakes do not count."""
KINDS = ("plain", "ground", "natural_plain", "natural_ground", "cutout")
GROUNDS = {"whale": "water", "fish": "water", "boat": "water", "airplane": "sky", "bird": "sky", "balloon": "sky"}


def classes(noun: str) -> frozenset[int]:
    """The acceptable classes of a noun, as indices; empty where ImageNet has none."""
    return frozenset(i for part in CLASSES.get(noun, ()) for i in (part if isinstance(part, range) else (part,)))


def drawn(noun: str, background: str, seeds: Iterable[int], natural: bool = False) -> list[Picture]:
    """The noun alone, large, without a pattern, in a colour that the seed draws: any, or one that is natural to it."""
    pictures = []
    for seed in seeds:
        rng = stream(seed, 41)
        own = NATURAL.get(noun, tuple(COLOURS))
        fixed: dict[str, Any] = {"colour": own[seed % len(own)]} if natural else {}
        scene = compose([random_thing(rng, noun=noun, size="large", pattern="plain", **fixed)], background, rng)
        pictures.append(Picture.of(paint(scene).pixels, FromPrompt("sketch", f"a {noun} on {background}", seed)))
    return pictures


def cut_out(noun: str, seeds: Sequence[int]) -> list[Picture]:
    """Cut-outs of the noun alone; empty where no folder of them is installed, or none of the noun."""
    from ..tools.cutouts import DEFAULT_FOLDER, library

    words = library().words() if DEFAULT_FOLDER.is_dir() else NONE
    pictures = []
    for seed in seeds if noun in words else ():
        thing = Thing(noun, "", size="large", y=0.55, scale=0.75, flip=seed % 2 == 1, photo=words.photo(noun, seed))
        pictures.append(Picture.of(paint(Scene("grass", (thing,), seed=seed)).pixels, FromPrompt("cutouts", noun, seed)))
    return pictures


def top_five(target: Any, pictures: Sequence[Picture]) -> list[frozenset[int]]:
    """The five classes of highest logit of each picture, as indices."""
    if not pictures:
        return []
    layer = target.layers[-1].name
    rows: list[np.ndarray] = []
    target.watch(list(pictures), [layer], lambda name, maps: rows.extend(maps.reshape(len(maps), -1).cpu().numpy()))
    return [frozenset(np.argsort(-row)[:5].tolist()) for row in rows]


def agreement(seen: Sequence[frozenset[int]], wanted: frozenset[int]) -> float | None:
    """Share of the pictures with a wanted class among their five; None where there are no pictures."""
    return float(np.mean([bool(wanted & five) for five in seen])) if seen else None


def chance(seen: Mapping[str, Sequence[frozenset[int]]]) -> float | None:
    """Mean agreement of every noun's pictures with the classes of each other noun; None where there are under two."""
    pairs = [agreement(fives, classes(other)) for noun, fives in seen.items() for other in seen if other != noun]
    shares = [share for share in pairs if share is not None]
    return float(np.mean(shares)) if shares else None


def run(write: bool = False, each: int = 8) -> dict[str, Any]:
    """Measure: ``{name, figures, nouns, command}``; `write` keeps it under benchmarks/results."""
    target = load_target(NETWORK)
    seen: dict[str, dict[str, list[frozenset[int]]]] = {kind: {} for kind in KINDS}
    nouns: dict[str, dict[str, float | None]] = {}
    for noun in NOUNS:
        if not classes(noun):
            continue
        indoors = NOUNS[noun].category in ("furniture", "instrument", "tool", "food")
        ground = GROUNDS.get(noun, "room" if indoors else "grass")
        pictures = {
            "plain": drawn(noun, "plain", range(each)),
            "ground": drawn(noun, ground, range(each)),
            "natural_plain": drawn(noun, "plain", range(each), natural=True),
            "natural_ground": drawn(noun, ground, range(each), natural=True),
            "cutout": cut_out(noun, range(each)),
        }
        for kind in KINDS:
            if pictures[kind]:
                seen[kind][noun] = top_five(target, pictures[kind])
        nouns[noun] = {kind: agreement(seen[kind].get(noun, []), classes(noun)) for kind in KINDS}
    figures: dict[str, float | int | None] = {"nouns_with_classes": len(nouns), "pictures_each": each}
    for kind in KINDS:
        shares = [row[kind] for row in nouns.values() if row[kind] is not None]
        figures[f"{kind}_nouns"] = len(shares)
        figures[f"{kind}_top5_agreement"] = round(float(np.mean(shares)), 3) if shares else None  # type: ignore[arg-type]
        figures[f"{kind}_chance"] = None if (luck := chance(seen[kind])) is None else round(luck, 4)
        animals = [row[kind] for noun, row in nouns.items() if NOUNS[noun].category == "animal" and row[kind] is not None]
        figures[f"{kind}_animals_top5_agreement"] = round(float(np.mean(animals)), 3) if animals else None  # type: ignore[arg-type]
        figures[f"{kind}_nouns_ever_seen"] = sum(bool(share) for share in shares)
    result = {"name": "sketch_classes", "figures": figures, "nouns": nouns, "command": COMMAND}
    if write:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "sketch_classes.json").write_text(json.dumps(result, indent=1) + "\n")
    return result


if __name__ == "__main__":
    print(json.dumps(run(write="--write" in sys.argv), indent=1))
