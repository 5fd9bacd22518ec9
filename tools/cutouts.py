"""Cut-outs: a folder of labelled RGBA photographs of objects as nouns, and scenes composed of them.

Covered: the layout ``NAME.png`` with ``NAME.txt`` beside it, first line the label (that of Debian's
tuxpaint-stamps-default, some 450 photographs among its drawings); labels reduced to nouns and near-synonyms merged;
mirrored twins, symbols, cartoons and sentences left out; scenes drawn by category, painted with soft edges, a shadow and
the light of their ground, masks from alpha. Not covered: the data source (`sources/cutouts`), edits and prompts of
cut-outs, twins that no name gives away. The pictures stay where they are: none is copied.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from ..targets.errors import BadInput
from .sketch.backgrounds import backdrop
from .sketch.caption import NUMBERS, PLACES, article, listed
from .sketch.scenes import stream
from .sketch.vocabulary import BACKGROUNDS, NOUNS

DEFAULT_FOLDER = Path("/usr/share/tuxpaint/stamps")
CODE_VERSION = "1"
LEFT_OUT = frozenset({"symbols", "cartoon", "roadsigns", "flags", "alphabets", "money", "shapes", "math", "chess", "faces"})
"""Folders of drawings and signs, at any depth."""
SYNONYMS: dict[str, str] = {
    "hen": "chicken", "drake": "duck", "gander": "goose", "bunny": "rabbit", "doe": "deer", "wapiti": "deer",
    "lamb": "sheep", "ram": "sheep", "tombstone": "gravestone", "headstone": "gravestone", "grave marker": "gravestone",
    "cemetery marker": "gravestone", "monument stone": "gravestone", "mug": "cup", "dromedary": "camel", "bull": "cow",
    "pliers": "pliers", "cherries": "cherry", "pants": "trousers", "blue jeans": "trousers", "t shirt": "shirt",
    "mushrooms": "mushroom", "cep": "mushroom", "747": "airplane",
}  # fmt: skip
_LEAD = re.compile(
    r"^(?:(?:an?|the|some|two|our|pair of|bunch of|head of|large|small|little|very|baby of an?"
    r"|big|brown|pink|yellow|silver|red|green|blue|white|black|sweet|sleeping|male|female|modern|old-fashioned"
    r"|colou?rful|ripe) )+"
)
_MIRRORED = re.compile(r"[_-](?:mirror(?:ed)?|flip(?:ped)?)$", re.IGNORECASE)
_FEWEST = 5  # nouns that make a category; smaller ones are one category together
_SIDE = 320  # longest side of a cut-out in memory
_SHARE = {1: (0.5, 0.75), 2: (0.36, 0.5), 3: (0.3, 0.42), 4: (0.26, 0.36)}  # longer side by number of things


@dataclass(frozen=True, slots=True)
class Cutout:
    """One cut-out: its noun, its category (the first folder on the way to it) and its file, relative to the folder."""

    noun: str
    category: str
    file: str


@dataclass(frozen=True)
class Library:
    """The usable cut-outs of a folder. `left_out`: how many files were not used, by reason."""

    folder: Path
    cutouts: tuple[Cutout, ...]
    left_out: dict[str, int] = field(hash=False)
    key: str = ""

    @property
    def categories(self) -> dict[str, dict[str, list[Cutout]]]:
        """Cut-outs by category and noun, in the order of their names."""
        found: dict[str, dict[str, list[Cutout]]] = {}
        for cutout in self.cutouts:
            found.setdefault(cutout.category, {}).setdefault(cutout.noun, []).append(cutout)
        return found

    @property
    def nouns(self) -> list[str]:
        """Every noun, sorted."""
        return sorted({cutout.noun for cutout in self.cutouts})


def noun_of(label: str) -> str | None:
    """The noun phrase in a label such as "A red apple."; None where it is a sentence or more than three words."""
    text = re.sub(r"\(.*?\)|[“”\"]", " ", label.strip().lower()).strip()
    text = " ".join(re.split(r"[,;:]| that | with | on ", text.rstrip("."))[0].split())
    text = re.sub(r"(?<=.) (?:fruit|at winter)$", "", _LEAD.sub("", text))
    if not re.fullmatch(r"[a-zà-ÿ0-9]+(?:[ '’-][a-zà-ÿ0-9]+){0,2}", text) or len(text.split()) > 3:
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
    digest = hashlib.sha256(f"cutouts {CODE_VERSION}".encode())
    for path in sorted(root.rglob("*.png")):
        relative = path.relative_to(root)
        reason, noun = _judged(path, relative)
        if noun is None:
            left_out[reason] += 1
            continue
        category = relative.parts[0] if len(relative.parts) > 1 else "things"
        found.append(Cutout(noun, category, relative.as_posix()))
        stat = os.stat(path)
        digest.update(f"\0{relative}\0{noun}\0{stat.st_size}\0{stat.st_mtime_ns}".encode("utf-8", "surrogateescape"))
    if not found:
        reasons = ", ".join(f"{n} {reason}" for reason, n in left_out.items()) or "no PNG files"
        raise BadInput(f"the folder {str(root)!r} holds no cut-outs: NAME.png (RGBA) with NAME.txt beside it ({reasons})")
    known = {cutout.noun for cutout in found} | set(NOUNS)
    merged = []
    for cutout in found:
        words = cutout.noun.split()
        heads = [" ".join(words[i:]) for i in range(1, len(words))]
        head = next((SYNONYMS.get(h, h) for h in reversed(heads) if SYNONYMS.get(h, h) in known), cutout.noun)
        merged.append(Cutout(head, cutout.category, cutout.file))
    nouns = {category: {c.noun for c in merged if c.category == category} for category in {c.category for c in merged}}
    small = {category for category, some in nouns.items() if len(some) < _FEWEST}
    merged = [Cutout(c.noun, "other" if c.category in small else c.category, c.file) for c in merged]
    return Library(root, tuple(merged), dict(left_out), digest.hexdigest())


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


@lru_cache(maxsize=256)
def pixels_of(folder: Path, file: str) -> np.ndarray:
    """The cut-out, cropped to what can be seen of it, at most 320 px: uint8 h x w x 4. `BadInput` where it is broken."""
    try:
        with Image.open(folder / file) as opened:
            image = opened.convert("RGBA")
    except (OSError, ValueError, SyntaxError) as error:
        raise BadInput(f"the cut-out {file!r} cannot be read: {error}") from None
    box = image.getchannel("A").point([0] * 128 + [255] * 128).getbbox()
    if box is None:
        raise BadInput(f"the cut-out {file!r} is wholly transparent")
    image = image.crop(box)
    image.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return np.asarray(image)


@dataclass(frozen=True, slots=True)
class Placed:
    """A cut-out in a scene. `x`, `y`: centre of its box, as fractions of the side; `scale`: its longer side."""

    cutout: Cutout
    x: float
    y: float
    scale: float
    flip: bool


@dataclass(frozen=True, slots=True)
class CutoutScene:
    """What a composed picture holds; `ground` is a background of the drawn world or the path of a photograph."""

    ground: str
    things: tuple[Placed, ...]
    seed: int
    side: int = 224

    @property
    def caption(self) -> str:
        """"a tiger and two apples on grass"."""
        counts = Counter(thing.cutout.noun for thing in self.things)
        told = listed([article(n) if c == 1 else f"{NUMBERS[c]} {n}s" for n, c in counts.items()])
        return f"{told} {PLACES[self.ground]}" if self.ground in BACKGROUNDS else told


def random_cutouts(from_: Library, grounds: Sequence[str], seed: int, index: int, side: int = 224) -> CutoutScene:
    """Scene `index` of the data set `seed`: 1 to 4 cut-outs on one of the grounds.

    Categories take turns, and nouns within each category: with hundreds of nouns no data set of thousands shows every
    pair, so that every noun comes equally often within its category, and every category equally often.
    """
    rng = stream(seed, index, 31)
    categories = from_.categories
    names = sorted(categories)
    count = 1 + int(rng.integers(4))
    things: list[Placed] = []
    columns = rng.permutation(count)
    for place in range(count):
        turn = index * 4 + place
        category = names[int(stream(seed, 32, turn // len(names)).permutation(len(names))[turn % len(names)])]
        nouns = sorted(categories[category])
        deal = turn // len(names)
        deck = stream(seed, 33, names.index(category), deal // len(nouns)).permutation(len(nouns))
        noun = nouns[int(deck[deal % len(nouns)])]
        choices = categories[category][noun]
        low, high = _SHARE[count]
        scale = float(low + rng.random() * (high - low))
        x = (columns[place] + 0.5 + 0.3 * (rng.random() - 0.5)) / count if count > 1 else 0.35 + 0.3 * rng.random()
        x = min(max(float(x), scale / 2 + 0.01), 1 - scale / 2 - 0.01)
        y = min(0.99 - scale / 2, 0.5 + 0.3 * float(rng.random()) + 0.06 * place)
        chosen = choices[int(rng.integers(len(choices)))]
        things.append(Placed(chosen, round(x, 4), round(y, 4), round(scale, 4), bool(rng.random() < 0.5)))
    ground = grounds[int(rng.integers(len(grounds)))]
    ordered = tuple(sorted(things, key=lambda thing: thing.y + thing.scale / 2))
    return CutoutScene(ground, ordered, int(rng.integers(2**31)), side)


def composed(scene: CutoutScene, folder: Path) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """The picture (uint8 side x side x 3) and the mask of every thing (bool): alpha at least half, nothing in front."""
    side = scene.side
    canvas = _ground(scene).astype(np.float32)
    whole = []
    for thing in scene.things:
        colour, alpha, left, top = _laid(thing, folder, side)
        h, w = alpha.shape
        region = canvas[top : top + h, left : left + w]
        # A little of the ground's colour falls on what stands there, and its contact with the ground is dark.
        lit = colour * (0.88 + 0.12 * region.mean(axis=(0, 1)) / max(float(region.mean()), 1.0))
        if scene.ground != "sky":
            _shade(canvas, alpha, left, top)
        region[:] = region * (1 - alpha[..., None]) + np.clip(lit, 0, 255) * alpha[..., None]
        mask = np.zeros((side, side), dtype=bool)
        mask[top : top + h, left : left + w] = alpha >= 0.5
        whole.append(mask)
    masks = []
    hidden = np.zeros((side, side), dtype=bool)
    for mask in reversed(whole):
        masks.append(mask & ~hidden)
        hidden |= mask
    grain = stream(scene.seed, 34).normal(0, 2.0, (side, side, 1))  # one camera saw all of it
    return np.clip(np.rint(canvas + grain), 0, 255).astype(np.uint8), tuple(reversed(masks))


def _ground(scene: CutoutScene) -> np.ndarray:
    if scene.ground in BACKGROUNDS:
        return backdrop(scene.ground, scene.side, scene.seed)
    from .sources.folder import read_pixels

    image = Image.fromarray(read_pixels(Path(scene.ground)))
    short = min(image.size)
    rng = stream(scene.seed, 35)
    left, top = (int(rng.integers(size - short + 1)) for size in image.size)
    square = image.crop((left, top, left + short, top + short))
    return np.array(square.resize((scene.side, scene.side), Image.Resampling.BICUBIC, reducing_gap=3.0))


def _laid(thing: Placed, folder: Path, side: int) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Colour (float32 h x w x 3), soft coverage (0..1) and the place of a cut-out within the frame."""
    source = Image.fromarray(pixels_of(folder, thing.cutout.file))
    if thing.flip:
        source = source.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    longest = max(8, round(thing.scale * side))
    w, h = (max(4, round(size * longest / max(source.size))) for size in source.size)
    small = source.convert("RGBa").resize((w, h), Image.Resampling.LANCZOS, reducing_gap=2.0).convert("RGBA")
    alpha = small.getchannel("A").filter(ImageFilter.GaussianBlur(0.6))
    values = np.asarray(alpha, dtype=np.float32) / 255
    # What lies under a soft rim takes the colour of the nearest inside, not of the paper it was cut from.
    inside = np.asarray(small.getchannel("A")) > 200
    spread = Image.fromarray((np.asarray(small.convert("RGB")) * inside[..., None]).astype(np.uint8))
    solid = Image.fromarray(inside.astype(np.uint8) * np.uint8(255))
    weight = np.asarray(solid.filter(ImageFilter.BoxBlur(2)), dtype=np.float32)
    near = np.asarray(spread.filter(ImageFilter.BoxBlur(2)), dtype=np.float32) * (255 / np.maximum(weight, 1))[..., None]
    own = np.asarray(small.convert("RGB"), dtype=np.float32)
    colour = np.where((inside | (weight < 16))[..., None], own, np.clip(near, 0, 255))
    left = min(max(round(thing.x * side - w / 2), 0), side - w)
    top = min(max(round(thing.y * side - h / 2), 0), side - h)
    return colour, values, left, top


def _shade(canvas: np.ndarray, alpha: np.ndarray, left: int, top: int) -> None:
    """Darken the ground around the foot of what stands there."""
    side = canvas.shape[0]
    rows = np.flatnonzero((alpha > 0.5).any(axis=1))
    columns = np.flatnonzero((alpha > 0.5).any(axis=0))
    if not len(rows):
        return
    x, foot = left + (columns[0] + columns[-1]) / 2, top + rows[-1]
    half = max(3.0, (columns[-1] - columns[0]) * 0.55)
    yy, xx = np.mgrid[0:side, 0:side]
    distance = np.hypot((xx - x) / half, (yy - foot + 0.06 * half) / max(2.5, 0.24 * half))
    canvas *= (1 - 0.5 * np.clip(1 - distance, 0, 1) ** 1.2)[..., None].astype(np.float32)
