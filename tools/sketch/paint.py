"""From a scene to its picture: background, then every thing in order with its shadow, then light and treatment.

Covered: `paint`, of drawn things and cut-outs, with the exact mask and the footprint of every thing. Not covered: how each
is drawn (`backgrounds`, `figures`, `photographs`, `stimuli`, `light`). The same scene gives the same bytes: everything
random comes from the scene's seeds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from ...targets.errors import BadInput, nearest
from ...targets.picture import Scene, Thing
from .backgrounds import backdrop
from .figures import Layer, figure, shadow
from .fingerprint import KEY
from .light import REACH, seen
from .pen import BODY
from .photographs import cut_out, square
from .stimuli import ground, stimulus
from .vocabulary import NOUNS, PHOTOGRAPH, STIMULI, check

__all__ = ["KEY", "Painting", "paint"]

_SHADOWS = {"grass": 0.55, "sand": 0.5, "snow": 0.34, "water": 0.25, "sky": 0.0, "city": 0.55, "forest": 0.6,
            "room": 0.5, "plain": 0.3, PHOTOGRAPH: 0.45}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Painting:
    """A painted scene. `pixels`: uint8 side x side x 3.

    `masks`: one bool side x side a thing, its visible pixels exactly: at least half covered by it and by nothing in
    front. `footprints`: every pixel whose colour the thing may change (its soft edge, its shadow, the ground that a
    first stimulus brings, the reach of a treatment), visible or not: an edit changes no pixel outside the footprints
    of the edited things before and after.
    """

    pixels: np.ndarray
    masks: tuple[np.ndarray, ...]
    footprints: tuple[np.ndarray, ...]


def paint(scene: Scene) -> Painting:
    """The scene's picture, masks and footprints. Raises `BadInput` on a word that is not in the vocabulary."""
    _check(scene)
    side = scene.side
    light_x = -0.8 if scene.seed % 2 else 0.8
    canvas = backdrop(scene.background, side, scene.seed) if scene.photo is None else square(scene.photo, side, scene.seed)
    ground_colour = canvas[4::8, 4::8].mean(axis=(0, 1)) if any(thing.photo for thing in scene.things) else np.ones(3)
    whole: list[np.ndarray] = []  # all pixels a thing covers, hidden ones too
    footprints: list[np.ndarray] = []
    for at, thing in enumerate(scene.things):
        touched = np.zeros((side, side), dtype=bool)
        if thing.photo is None and thing.noun in STIMULI:
            if at == 0 and scene.background == "plain":
                canvas = np.empty((side, side, 3), dtype=np.uint8)
                canvas[:] = np.round(ground(thing)).astype(np.uint8)
                touched[:] = True
            layer = stimulus(thing, side)
        else:
            drawn = thing.photo is None
            layer = figure(thing, side, light_x) if drawn else Layer(*cut_out(thing, side, ground_colour))
            under = shadow(thing, layer, side, _SHADOWS[scene.background])
            if under is not None:
                _lay(canvas, under, touched)
        whole.append(_lay(canvas, layer, touched))
        footprints.append(touched)
    masks: list[np.ndarray] = []
    hidden = np.zeros((side, side), dtype=bool)
    for mask in reversed(whole):
        masks.append(mask & ~hidden)
        hidden |= mask
    reach = REACH[scene.treatment] * side / 224
    if reach:
        footprints = [_grown(footprint, int(np.ceil(reach)) + 2) for footprint in footprints]
    pixels = seen(canvas, scene.light, scene.treatment, scene.seed)
    return Painting(pixels, tuple(reversed(masks)), tuple(footprints))


def _lay(canvas: np.ndarray, layer: Layer, touched: np.ndarray) -> np.ndarray:
    """Lay a layer on the canvas, note the pixels it touches, and return those it covers at least by half."""
    side = canvas.shape[0]
    h, w = layer.cover.shape
    x0, y0 = max(0, layer.left), max(0, layer.top)
    x1, y1 = min(side, layer.left + w), min(side, layer.top + h)
    mask = np.zeros((side, side), dtype=bool)
    if x0 >= x1 or y0 >= y1:
        return mask
    part = (slice(y0 - layer.top, y1 - layer.top), slice(x0 - layer.left, x1 - layer.left))
    cover = layer.cover[part]
    region = canvas[y0:y1, x0:x1]
    mixed = region * (1 - cover)[:, :, None]
    if layer.colour is not None:
        mixed += layer.colour[part]
    mixed += np.float32(0.5)
    region[:] = mixed.astype(np.uint8)  # never over 255: a premultiplied colour is at most 255 times its coverage
    touched[y0:y1, x0:x1] |= cover > 0
    mask[y0:y1, x0:x1] = cover >= 0.5
    return mask


def _grown(mask: np.ndarray, reach: int) -> np.ndarray:
    image = Image.fromarray(mask.astype(np.uint8) * np.uint8(255))
    return np.asarray(image.filter(ImageFilter.MaxFilter(2 * reach + 1))) > 0


def _check(scene: Scene) -> None:
    if (scene.photo is None) == (scene.background == PHOTOGRAPH):
        raise BadInput(f"the background {scene.background!r} and the photograph {scene.photo!r} do not go together")
    if scene.photo is None:
        check("background", scene.background)
    check("light", scene.light)
    check("treatment", scene.treatment)
    if not 16 <= scene.side <= 4096:
        raise BadInput(f"a picture is 16 to 4096 pixels wide, not {scene.side!r}")
    for thing in scene.things:
        _check_thing(thing)


def _check_thing(thing: Thing) -> None:
    if thing.photo is not None:
        check("size", thing.size)
        if thing.colour or thing.pattern != "plain" or thing.missing or thing.angle:
            raise BadInput(f"the {thing.noun} is a photograph, which has no colour word, pattern, parts or angle: {thing!r}")
        return
    for factor in ("noun", "colour", "pattern", "size"):
        check(factor, getattr(thing, factor))
    known = (BODY, *NOUNS[thing.noun].parts) if thing.noun in NOUNS else ()
    for part in thing.missing:
        if part not in known:
            raise BadInput(f"a {thing.noun} has no part {part!r} to leave out; nearest: {nearest(part, known or ('none',))}")
    stimulus = STIMULI.get(thing.noun)
    if stimulus is not None and stimulus.oriented:
        check("orientation", thing.orientation or "none")
    if stimulus is not None and stimulus.periodic:
        check("frequency", thing.frequency or "none")
