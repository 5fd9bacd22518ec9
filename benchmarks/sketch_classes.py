"""Does EfficientNet-Lite0 see what is drawn? How its top-5 classes agree with the nouns, drawn and cut out.

Covered: for every noun that ImageNet has classes for (`CLASSES`, by index, 0 to 999), the share of pictures of it alone
that have one of them among the five highest logits: drawn on the plain and on its usual ground, each in several seeds;
and cut-outs of the same nouns, where a folder of them is there. Not covered: nouns that ImageNet lacks (giraffe, scissors,
cactus and the like), and scenes of several things.
Run as `python -m lettvin.benchmarks.sketch_classes [--write]`; about a minute on one core.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..targets.loaders import load_target
from ..targets.picture import FromPrompt, Picture
from ..tools.sketch.paint import paint
from ..tools.sketch.scenes import compose, random_thing, stream
from ..tools.sketch.vocabulary import NOUNS

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
GROUNDS = {"whale": "water", "fish": "water", "boat": "water", "airplane": "sky", "bird": "sky", "balloon": "sky"}


def classes(noun: str) -> frozenset[int]:
    """The acceptable classes of a noun, as indices; empty where ImageNet has none."""
    return frozenset(i for part in CLASSES.get(noun, ()) for i in (part if isinstance(part, range) else (part,)))


def drawn(noun: str, background: str, seeds: Iterable[int]) -> list[Picture]:
    """The noun alone, large, without a pattern, in a colour that the seed draws."""
    pictures = []
    for seed in seeds:
        rng = stream(seed, 41)
        scene = compose([random_thing(rng, noun=noun, size="large", pattern="plain")], background, rng)
        pictures.append(Picture.of(paint(scene).pixels, FromPrompt("sketch", f"a {noun} on {background}", seed)))
    return pictures


def cut_out(noun: str, seeds: Sequence[int]) -> list[Picture]:
    """Cut-outs of the noun alone; empty where no folder of them is installed, or none of the noun."""
    from ..tools.cutouts import DEFAULT_FOLDER, CutoutScene, Placed, composed, library

    if not DEFAULT_FOLDER.is_dir():
        return []
    found = library()
    some = [cutout for cutout in found.cutouts if cutout.noun == noun]
    pictures = []
    for seed in seeds if some else ():
        scene = CutoutScene("grass", (Placed(some[seed % len(some)], 0.5, 0.55, 0.75, seed % 2 == 1),), seed)
        pictures.append(Picture.of(composed(scene, found.folder)[0], FromPrompt("cutouts", noun, seed)))
    return pictures


def agreement(target: Any, pictures: Sequence[Picture], wanted: frozenset[int]) -> float | None:
    """Share of the pictures with a wanted class among the five highest; None where there are no pictures."""
    if not pictures:
        return None
    layer = target.layers[-1].name
    rows: list[np.ndarray] = []
    target.watch(list(pictures), [layer], lambda name, maps: rows.extend(maps.reshape(len(maps), -1).cpu().numpy()))
    return float(np.mean([bool(wanted & set(np.argsort(-row)[:5].tolist())) for row in rows]))


def run(write: bool = False, each: int = 4) -> dict[str, Any]:
    """Measure: ``{name, figures, nouns, command}``; `write` keeps it under benchmarks/results."""
    target = load_target(NETWORK)
    nouns: dict[str, dict[str, float | None]] = {}
    for noun in NOUNS:
        wanted = classes(noun)
        if wanted:
            indoors = NOUNS[noun].category in ("furniture", "instrument", "tool", "food")
            ground = GROUNDS.get(noun, "room" if indoors else "grass")
            nouns[noun] = {
                "plain": agreement(target, drawn(noun, "plain", range(each)), wanted),
                "ground": agreement(target, drawn(noun, ground, range(each)), wanted),
                "cutout": agreement(target, cut_out(noun, range(each)), wanted),
            }
    figures: dict[str, float | int | None] = {"nouns_with_classes": len(nouns), "pictures_each": each}
    for kind in ("plain", "ground", "cutout"):
        shares = [row[kind] for row in nouns.values() if row[kind] is not None]
        figures[f"{kind}_nouns"] = len(shares)
        figures[f"{kind}_top5_agreement"] = round(float(np.mean(shares)), 3) if shares else None  # type: ignore[arg-type]
        figures[f"{kind}_nouns_ever_seen"] = sum(bool(share) for share in shares)
    result = {"name": "sketch_classes", "figures": figures, "nouns": nouns, "command": COMMAND}
    if write:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "sketch_classes.json").write_text(json.dumps(result, indent=1) + "\n")
    return result


if __name__ == "__main__":
    print(json.dumps(run(write="--write" in sys.argv), indent=1))
