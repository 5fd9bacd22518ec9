"""Contact sheets: the whole vocabulary on one labelled picture, and pictures in a row.

Covered: `sheet` and `blind_sheet` (files), `strip` and `tiles` (arrays). Not covered: plots and pages (`agent/report`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ...targets.errors import BadInput
from ...targets.picture import Scene
from .paint import paint
from .scenes import compose, random_thing, stream
from .vocabulary import (
    BACKGROUNDS,
    COLOURS,
    FREQUENCIES,
    LIGHTS,
    NOUNS,
    ORIENTATIONS,
    PATTERNS,
    RELATIONS,
    SIZES,
    STIMULI,
    TREATMENTS,
)

_CELL, _LABEL, _GAP, _COLUMNS = 128, 17, 6, 12
_CLEAR = [colour for colour in COLOURS if colour not in ("black", "white", "grey")]


def sheet(path: Path | str, seed: int = 0, labels: bool = True) -> None:
    """Write the whole vocabulary as a PNG: a section a kind, a cell a word, the word under it unless `labels` is False.

    Raises `BadInput` where the file cannot be written.
    """
    sections = [(title, _paint_all(cells)) for title, cells in _sections(seed)]
    rows = sum(1 + -(-len(cells) // _COLUMNS) for _, cells in sections)
    wide, high = _COLUMNS * (_CELL + _GAP) + _GAP, rows * (_CELL + _LABEL + _GAP) + _GAP
    page = Image.new("RGB", (wide, high), "white")
    draw = ImageDraw.Draw(page)
    tiny, small, large = (ImageFont.load_default(size) for size in (9, 13, 20))
    top = _GAP
    for title, cells in sections:
        draw.text((_GAP, top + 6), title if labels else "", "black", large)
        top += 36
        for at, (word, pixels) in enumerate(cells):
            row, column = divmod(at, _COLUMNS)
            x, y = _GAP + column * (_CELL + _GAP), top + row * (_CELL + _LABEL + _GAP)
            page.paste(Image.fromarray(pixels), (x, y))
            draw.text((x + 2, y + _CELL), word if labels else str(at + 1), "black", tiny if len(word) > 17 else small)
        top += -(-len(cells) // _COLUMNS) * (_CELL + _LABEL + _GAP)
    try:
        page.crop((0, 0, wide, top)).save(path, format="PNG")
    except OSError as error:
        raise BadInput(f"cannot write {str(path)!r}: {error.strerror or error}") from None


def blind_sheet(path: Path | str, seed: int, nouns: Sequence[str] = tuple(NOUNS)) -> list[str]:
    """Write nouns as a PNG of numbered cells in an order and in colours that tell nothing; which noun each cell shows.

    A reader who has not seen the answer writes down what each cell shows. Raises `BadInput` where it cannot be written.
    """
    rng = stream(seed, 13)
    order = [str(noun) for noun in rng.permutation(list(nouns))]
    columns = 10
    wide, high = columns * (_CELL + 4) + 4, -(-len(order) // columns) * (_CELL + 18) + 4
    page = Image.new("RGB", (wide, high), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    for at, noun in enumerate(order):
        luck = stream(seed, 14, at)
        colour = list(COLOURS)[int(luck.integers(len(COLOURS)))]
        thing = random_thing(luck, noun=noun, colour=colour, size="large", pattern="plain")
        x, y = 4 + at % columns * (_CELL + 4), 4 + at // columns * (_CELL + 18)
        page.paste(Image.fromarray(paint(compose([thing], "plain", luck, side=_CELL)).pixels), (x, y))
        draw.text((x + 2, y + _CELL), str(at + 1), "black", font)
    try:  # 256 colours are enough to read it by, at a third of the size
        page.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(path, format="PNG", optimize=True)
    except OSError as error:
        raise BadInput(f"cannot write {str(path)!r}: {error.strerror or error}") from None
    return order


def _paint_all(cells: list[tuple[str, Scene]]) -> list[tuple[str, np.ndarray]]:
    return [(word, paint(scene).pixels) for word, scene in cells]


def _sections(seed: int) -> list[tuple[str, list[tuple[str, Scene]]]]:
    def alone(
        key: int, background: str = "plain", light: str = "normal", treatment: str = "none", **fixed: Any
    ) -> Scene:
        rng = stream(seed, key)
        thing = random_thing(rng, **({"size": "large", "pattern": "plain"} | fixed))
        return compose([thing], background, rng, light, treatment, _CELL)

    nouns = [(n, alone(i, noun=n, colour=_CLEAR[i * 5 % len(_CLEAR)])) for i, n in enumerate(NOUNS)]
    patterns = [(p, alone(300 + i, noun="shirt", colour=_CLEAR[i % 8], pattern=p)) for i, p in enumerate(PATTERNS)]
    sizes = [(s, alone(900 + i, "grass", noun="dog", colour="brown", size=s)) for i, s in enumerate(SIZES)]
    stimuli: list[tuple[str, Scene]] = []
    for name, kind in STIMULI.items():
        for orientation in ORIENTATIONS if kind.oriented else (None,):
            for frequency in FREQUENCIES if kind.periodic else (None,):
                word = " ".join(w for w in (frequency, orientation, name) if w)
                ink = ("black", "white")[len(stimuli) % 2]
                fixed: dict[str, Any] = {"colour": ink, "orientation": orientation, "frequency": frequency}
                stimuli.append((word, alone(600 + len(stimuli), noun=name, **fixed)))
    return [
        ("nouns", nouns),
        ("colours", [(c, alone(200 + i, noun="ball", colour=c)) for i, c in enumerate(COLOURS)]),
        ("patterns", patterns),
        ("backgrounds", [(b, Scene(b, seed=seed + 31 * i + 5, side=_CELL)) for i, b in enumerate(BACKGROUNDS)]),
        ("sizes", sizes),
        ("stimuli", stimuli),
        ("relations", [(r, _related(r, seed)) for r in RELATIONS]),
        ("lights", [(w, alone(700, "grass", light=w, noun="house", colour="red")) for w in LIGHTS]),
        ("treatments", [(w, alone(701, "grass", treatment=w, noun="car", colour="blue")) for w in TREATMENTS]),
    ]


def _related(relation: str, seed: int) -> Scene:
    from .relations import arrange

    rng = stream(seed, 800)
    box = random_thing(rng, noun="table", colour="brown", pattern="plain", size="medium")
    ball = random_thing(rng, noun="ball", colour="red", pattern="plain", size="small")
    things = [box, ball]
    return arrange(things, [(1, relation, 0)], "room", rng, side=_CELL)


def tiles(pictures: Sequence[np.ndarray], columns: int, gap: int = 4) -> np.ndarray:
    """Pictures of one size (uint8 H x W x 3) in rows of `columns`, on white. Raises `BadInput` where there are none."""
    if not pictures:
        raise BadInput(f"there are {len(pictures)!r} pictures to lay out; at least 1 is needed")
    h, w = pictures[0].shape[:2]
    rows = -(-len(pictures) // columns)
    page = np.full((rows * (h + gap) - gap, columns * (w + gap) - gap, 3), 255, dtype=np.uint8)
    for at, picture in enumerate(pictures):
        row, column = divmod(at, columns)
        page[row * (h + gap) : row * (h + gap) + h, column * (w + gap) : column * (w + gap) + w] = picture
    return page


def strip(pictures: Sequence[np.ndarray], gap: int = 4) -> np.ndarray:
    """Pictures of one size side by side."""
    return tiles(pictures, len(pictures) or 1, gap)
