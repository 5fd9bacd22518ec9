"""Cut-outs: a folder of labelled RGBA photographs of objects as nouns of the drawn world, and scenes composed of them.

Covered: the layout ``NAME.png`` with ``NAME.txt`` beside it, first line the label (that of Debian's
tuxpaint-stamps-default, some 450 photographs among its drawings); labels reduced to nouns and near-synonyms merged; twins
(the same picture again, mirrored or not), symbols, cartoons, sentences and several things on one picture left out; the
nouns as a value (`Cutouts`) and scenes drawn by category. Not covered: painting (`sketch/photographs`), prompts and edits
(`sketch/`), the data source (`sources/cutouts`), twins that were retouched. The pictures stay where they are: none is
copied.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from ..targets.errors import BadInput
from ..targets.picture import Scene, Thing
from .sketch.cutout_nouns import Cutouts
from .sketch.prompt import RESERVED
from .sketch.scenes import MIX, chosen, compose, random_thing, stream
from .sketch.vocabulary import BACKGROUNDS, NOUNS, PHOTOGRAPH, SIZES

DEFAULT_FOLDER = Path("/usr/share/tuxpaint/stamps")
CODE_VERSION = "3"
LEFT_OUT = frozenset({"symbols", "cartoon", "roadsigns", "flags", "alphabets", "money", "shapes", "math", "chess", "faces"})
"""Folders of drawings and signs, at any depth."""
SYNONYMS: dict[str, str] = {
    "hen": "chicken", "drake": "duck", "gander": "goose", "bunny": "rabbit", "doe": "deer", "wapiti": "deer",
    "lamb": "sheep", "ram": "sheep", "tombstone": "gravestone", "headstone": "gravestone", "grave marker": "gravestone",
    "cemetery marker": "gravestone", "monument stone": "gravestone", "mug": "cup", "dromedary": "camel", "bull": "cow",
    "pliers": "pliers", "cherries": "cherry", "pants": "trousers", "blue jeans": "trousers", "t shirt": "shirt",
    "mushrooms": "mushroom", "cep": "mushroom", "747": "airplane", "f 22 raptor": "airplane", "vw beetle": "car",
    "metal mallet": "mallet", "garlic bulb": "garlic", "string of garlic": "garlic", "quarter of pizza": "pizza",
    "glass of water": "glass", "sliced lime": "lime", "orange": "orange fruit", "mountaingoat": "mountain goat",
    "dry erase marker": "marker", "highlighting pen": "marker",
}  # fmt: skip
_LEAD = re.compile(
    r"^(?:(?:an?|the|some|two|our|pair of|bunch of|head of|large|small|little|very|baby of an?"
    r"|big|brown|pink|yellow|silver|red|green|blue|white|black|sweet|sleeping|male|female|modern|old-fashioned"
    r"|colou?rful|ripe) )+"
)
_MIRRORED = re.compile(r"[_-](?:mirror(?:ed)?|flip(?:ped)?)$", re.IGNORECASE)
_SEVERAL = re.compile(r"^(?:two|three|some) .*s$")
_FEWEST = 5  # nouns that make a category; smaller ones are one category together
_GROUPS = 5  # of so many scenes, one shows several of one noun


@dataclass(frozen=True, slots=True)
class Cutout:
    """One cut-out: its noun, its category (the first folder on the way to it) and its file, relative to the folder."""

    noun: str
    category: str
    file: str


@dataclass(frozen=True)
class Library:
    """The usable cut-outs of a folder. `left_out`: how many files were not used, by reason. `key`: of their contents."""

    folder: Path
    cutouts: tuple[Cutout, ...]
    left_out: dict[str, int] = field(hash=False)
    key: str = ""

    @cached_property
    def categories(self) -> dict[str, list[str]]:
        """The nouns of every category, sorted."""
        found: dict[str, set[str]] = {}
        for cutout in self.cutouts:
            found.setdefault(cutout.category, set()).add(cutout.noun)
        return {category: sorted(nouns) for category, nouns in sorted(found.items())}

    def words(self, grounds: Sequence[Path] = ()) -> Cutouts:
        """The nouns as a value for prompts, edits and concepts, with photographs that all may stand on."""
        files: dict[str, list[str]] = {}
        for cutout in self.cutouts:
            files.setdefault(cutout.noun, []).append(cutout.file)
        return Cutouts(self.folder, {noun: tuple(some) for noun, some in files.items()}, tuple(grounds), self.key)


def noun_of(label: str) -> str | None:
    """The noun phrase in a label such as "A red apple."; None for a sentence, several things, or more than three words."""
    text = re.sub(r"\(.*?\)|[“”\"]", " ", label.strip().lower()).strip()
    text = re.sub(r"\b(ripe|large|big|small), ", r"\1 ", re.sub(r"(?<!!)!$", "", text))
    text = " ".join(re.split(r"[,;:]| that | with | on ", text.rstrip("."))[0].replace("’", "'").replace("-", " ").split())
    if _SEVERAL.match(text):
        return None
    text = re.sub(r"(?<=.) (?:fruit|at winter)$", "", _LEAD.sub("", text))
    if not re.fullmatch(r"[a-zà-ÿ0-9]+(?:[ '][a-zà-ÿ0-9]+){0,2}", text) or len(text.split()) > 3:
        return None
    return SYNONYMS.get(text, text)


def library(folder: Path | str | None = None) -> Library:
    """The usable cut-outs below a folder (default: where Debian puts its stamps).

    A label that ends in another label, or in a noun of the drawn world, is merged with it ("Tamworth pig" is "pig").
    Raises `BadInput` where the folder is missing or holds none.
    """
    root = Path(folder).expanduser() if folder is not None else DEFAULT_FOLDER
    if not root.is_dir():
        hint = "; install tuxpaint-stamps-default, or name a folder with --cutouts" if folder is None else ""
        raise BadInput(f"the folder of cut-outs {str(root)!r} is not there{hint}")
    return _library(root.resolve())


@lru_cache(maxsize=8)
def _library(root: Path) -> Library:
    left_out: Counter[str] = Counter()
    found: list[Cutout] = []
    for path in sorted(root.rglob("*.png")):
        relative = path.relative_to(root)
        reason, noun = _judged(path, relative)
        if noun is None:
            left_out[reason] += 1
            continue
        category = relative.parts[0] if len(relative.parts) > 1 else "things"
        found.append(Cutout(noun, category, relative.as_posix()))
    known = {cutout.noun for cutout in found} | set(NOUNS)
    merged = [replace(cutout, noun=_head(cutout.noun, known)) for cutout in found]
    usable = [cutout for cutout in merged if cutout.noun not in RESERVED]
    left_out["words that mean something else"] += len(merged) - len(usable)
    alone = _without_twins(root, usable)
    left_out["twins"] += len(usable) - len(alone)
    left_out = Counter({reason: n for reason, n in left_out.items() if n})
    if not alone:
        reasons = ", ".join(f"{n} {reason}" for reason, n in left_out.items()) or "no PNG files"
        raise BadInput(f"the folder {str(root)!r} holds no cut-outs: NAME.png (RGBA) with NAME.txt beside it ({reasons})")
    nouns = {category: {c.noun for c in alone if c.category == category} for category in {c.category for c in alone}}
    small = {category for category, some in nouns.items() if len(some) < _FEWEST}
    alone = [replace(c, category="other") if c.category in small else c for c in alone]
    digest = hashlib.sha256(f"cutouts {CODE_VERSION}".encode())
    for cutout in alone:
        content = hashlib.sha256((root / cutout.file).read_bytes()).hexdigest()
        digest.update(f"\0{cutout.file}\0{cutout.noun}\0{content}".encode("utf-8", "surrogateescape"))
    return Library(root, tuple(alone), dict(left_out), digest.hexdigest())


def _head(noun: str, known: set[str]) -> str:
    """The shortest known noun that ends this one: "tamworth pig" is a pig."""
    words = noun.split()
    heads = [" ".join(words[i:]) for i in range(1, len(words))]
    return next((SYNONYMS.get(h, h) for h in reversed(heads) if SYNONYMS.get(h, h) in known), noun)


def _without_twins(root: Path, cutouts: Sequence[Cutout]) -> list[Cutout]:
    """The cut-outs without those that show what an earlier one of their noun shows, as it is or mirrored.

    Told by the pixels; only files of one noun and one size are decoded, because a twin has both.
    """
    alike: dict[tuple[str, tuple[int, int]], list[Cutout]] = {}
    for cutout in cutouts:
        with Image.open(root / cutout.file) as image:  # opened before, when it was judged
            alike.setdefault((cutout.noun, image.size), []).append(cutout)
    twins: set[str] = set()
    for some in alike.values():
        seen: set[bytes] = set()
        for cutout in some if len(some) > 1 else ():
            try:
                with Image.open(root / cutout.file) as image:
                    shown = np.asarray(image.convert("RGBA")).copy()
            except (OSError, ValueError, SyntaxError):
                continue  # broken: whoever draws it says so
            shown[shown[:, :, 3] == 0] = 0  # what lies under clear pixels is not seen
            if seen & {shown.tobytes(), shown[:, ::-1].tobytes()}:
                twins.add(cutout.file)
            seen.add(shown.tobytes())
    return [cutout for cutout in cutouts if cutout.file not in twins]


def _judged(path: Path, relative: Path) -> tuple[str, str | None]:
    """Why the file is left out and None, or its noun."""
    if LEFT_OUT & {part.lower() for part in relative.parts[:-1]}:
        return "symbols and drawings", None
    if _MIRRORED.search(path.stem):
        return "mirrored twins", None
    try:
        text = path.with_suffix(".txt").read_text(encoding="utf-8-sig", errors="replace")
        with Image.open(path) as image:
            clear = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    except OSError:
        return "without a label or broken", None
    if not clear:
        return "without transparency", None
    noun = noun_of(next(iter(text.splitlines()), ""))
    return "labels that are no noun", noun


def random_cutouts(from_: Library, words: Cutouts, seed: int, index: int, side: int = 224) -> Scene:
    """Scene `index` of the data set `seed`: 1 to 4 cut-outs on a drawn background, or on one of the photographs to stand on.

    With hundreds of nouns no data set of thousands shows every pair. So half of the turns are dealt from all nouns, each as
    often as any other, and half by category, each category as often, and each noun within it: a noun of a large category
    still comes often enough to be measured. One scene in five shows its first noun two or three times. Raises `BadInput`
    where a file is broken.
    """
    rng = stream(seed, index, 31)
    count = 1 + int(rng.integers(4))
    sizes = dict(zip(SIZES, MIX.sizes_few if count <= 2 else MIX.sizes_many, strict=True))
    things: list[Thing] = []
    for place in range(count):
        size = chosen(float(rng.random()), sizes)
        noun = _dealt(from_.categories, seed, index * 4 + place)
        again = 1 + int(rng.integers(2)) if place == 0 and index % _GROUPS == 0 else 0
        things += [random_thing(rng, words, noun=noun, size=size if not again else "medium") for _ in range(1 + again)]
    light = chosen(float(rng.random()), MIX.lights)
    photo = words.ground(int(rng.integers(2**31)))
    ground = BACKGROUNDS[int(rng.integers(len(BACKGROUNDS)))]
    order = rng.permutation(len(things))
    scene = compose([things[i] for i in order], "grass" if photo else ground, rng, light, side=side)
    return replace(scene, background=PHOTOGRAPH, photo=photo) if photo else scene


def _dealt(categories: Mapping[str, Sequence[str]], seed: int, turn: int) -> str:
    """The noun whose turn it is: every second one is dealt from all nouns, the others by category, like cards."""
    turn, by_category = divmod(turn, 2)
    if not by_category:
        every = sorted({noun for nouns in categories.values() for noun in nouns})
        return every[int(stream(seed, 36, turn // len(every)).permutation(len(every))[turn % len(every)])]
    names = list(categories)
    at = int(stream(seed, 32, turn // len(names)).permutation(len(names))[turn % len(names)])
    nouns, deal = categories[names[at]], turn // len(names)
    deck = stream(seed, 33, at, deal // len(nouns)).permutation(len(nouns))
    return nouns[int(deck[deal % len(nouns)])]
