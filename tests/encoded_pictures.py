"""Pictures as files of every awkward kind, in memory: what a folder, a shard or a table may hold."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image

RED, BLUE = (200, 30, 10), (10, 30, 200)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The file's bytes."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def flat(colour: tuple[int, int, int] = RED, width: int = 20, height: int = 10) -> Image.Image:
    """A picture of one colour."""
    return Image.new("RGB", (width, height), colour)


def cmyk() -> bytes:
    """A CMYK JPEG of cyan."""
    return encoded(Image.new("CMYK", (20, 10), (255, 0, 0, 0)), "JPEG", quality=95)


def deep_grey() -> bytes:
    """A 16-bit PNG, half of white throughout."""
    return encoded(Image.fromarray(np.full((10, 20), 32768, np.uint16)))


def animated() -> bytes:
    """A GIF whose first frame is red and whose second is blue."""
    return encoded(flat(RED), "GIF", save_all=True, append_images=[flat(BLUE)], duration=50)


def turned() -> bytes:
    """A JPEG of 20 x 10 that its EXIF says to turn by 90 degrees."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(flat(RED), "JPEG", exif=exif.tobytes())


def bomb() -> bytes:
    """A PNG of a few bytes that says it is 40,000 pixels on a side."""
    head = b"IHDR" + struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    return b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))


SOUND = {"cmyk": cmyk, "deep": deep_grey, "animated": animated, "turned": turned, "pixel": lambda: encoded(flat(RED, 1, 1))}
"""Files that are read: by name, what makes the bytes."""
BROKEN = {"empty": lambda: b"", "bomb": bomb, "text": lambda: b"no picture", "cut": lambda: encoded(flat(), "JPEG")[:200]}
"""Files that are not."""
EXPECTED = {"cmyk": ((10, 20), (0, 255, 255)), "deep": ((10, 20), (128, 128, 128)), "animated": ((10, 20), RED),
            "turned": ((20, 10), RED), "pixel": ((1, 1), RED)}  # fmt: skip
"""Height and width, and colour, of what is read of the sound ones."""
REASONS = {"empty": "the file is empty", "bomb": "DecompressionBomb", "text": "cannot identify", "cut": "truncated"}
