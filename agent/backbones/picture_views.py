"""What a model is shown, drawn: pictures scaled down, and contact sheets with a number and an id under each picture.

Covered: one view to a PIL image and to the bytes of a file, made once for all requests in a row. Not covered: which
pictures are shown (`ordered_turns.py`).
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ...targets.errors import BadInput
from .ordered_turns import SHORT, View

if TYPE_CHECKING:
    from PIL import Image

CELL, LABEL, GAP = 224, 18, 6
KEPT = 128  # data URLs that are kept for the next request
LARGE = 96_000  # bytes of a PNG above which a JPEG is sent: photographs
Look = Callable[[str], np.ndarray]  # a picture's id to its pixels: uint8, height x width x 3


class PictureViews:
    """Views as images, for one endpoint. `look`: where the pixels are; set when the run has pictures.

    `longest`: the pixels of a picture's longer side, at most; larger pictures are scaled down, smaller ones stay.
    """

    def __init__(self, longest: int = 512, look: Look | None = None) -> None:
        self.longest, self.look = longest, look
        self._urls: dict[View, str] = {}  # least lately used first

    def image(self, view: View) -> Image.Image:
        """The view as an image. Raises `BadInput` where a picture is not there."""
        if len(view.pictures) == 1:
            return _fitted(self._picture(view.pictures[0]), self.longest)
        return self._sheet(view)

    def url(self, view: View) -> str:
        """The view as a data URL: PNG, or JPEG where that would be large. The same view gives the same URL."""
        found = self._urls.pop(view, None)
        if found is None:
            image, file, kind = self.image(view), io.BytesIO(), "png"
            image.save(file, "PNG")
            if file.tell() > LARGE:
                file, kind = io.BytesIO(), "jpeg"
                image.save(file, "JPEG", quality=90, subsampling=0)
            found = f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"
        self._urls[view] = found
        if len(self._urls) > KEPT:
            del self._urls[next(iter(self._urls))]
        return found

    def _picture(self, identity: str) -> Image.Image:
        from PIL import Image

        if self.look is None:
            raise BadInput(f"picture {identity[:SHORT]!r} was shown to a model that has no run to take it from")
        return Image.fromarray(np.ascontiguousarray(self.look(identity), np.uint8))

    def _sheet(self, view: View) -> Image.Image:
        from PIL import Image, ImageDraw, ImageFont

        columns = math.ceil(math.sqrt(len(view.pictures)))
        rows = -(-len(view.pictures) // columns)
        page = Image.new("RGB", (columns * (CELL + GAP) + GAP, rows * (CELL + LABEL + GAP) + GAP), "white")
        draw, font = ImageDraw.Draw(page), ImageFont.load_default(13)
        for at, identity in enumerate(view.pictures):
            row, column = divmod(at, columns)
            x, y = GAP + column * (CELL + GAP), GAP + row * (CELL + LABEL + GAP)
            page.paste(_fitted(self._picture(identity), CELL), (x, y))
            draw.text((x + 2, y + CELL + 1), f"{at + 1}  {identity[:SHORT]}", "black", font)
        return page


def _fitted(image: Image.Image, longest: int) -> Image.Image:
    from PIL import Image

    image = image.convert("RGB")
    if max(image.size) > longest:
        image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return image
