"""A folder of cut-outs made for a test: discs of flat colour, labelled, with what is to be left out among them."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

COLOURS = {"tiger": "orange", "tiger_mirror": "orange", "pig": "pink", "pig2": "red", "teapot": "blue", "wise": "white",
           "letter": "black", "opaque": "green", "apple": "red", "nolabel": "grey", "polarbear": "white",
           "red": "red"}  # fmt: skip
LABELS = {"tiger": "A tiger.\nUn tigre.", "tiger_mirror": "A tiger.", "pig": "A pig.", "pig2": "A Tamworth pig.",
          "teapot": "A teapot.", "wise": "Because a brain is a terrible thing to waste!", "letter": "The letter A.",
          "opaque": "A green wall.", "apple": "A red apple.", "polarbear": "A polar bear.", "red": "Red."}  # fmt: skip
PLACES = {"letter": "symbols/alphabets", "tiger": "animals/cats", "tiger_mirror": "animals/cats", "pig": "animals"}


def folder_of_stamps(at: Path, **labels: str) -> Path:
    """Write the folder: a tiger, two pigs, a teapot, an apple and a polar bear, and six files that are none of these."""
    for name, colour in COLOURS.items():
        where = at / PLACES.get(name, "things")
        where.mkdir(parents=True, exist_ok=True)
        image = Image.new("RGB" if name == "opaque" else "RGBA", (60, 40))
        ImageDraw.Draw(image).ellipse((5, 5, 54, 34), fill=colour)
        image.save(where / f"{name}.png")
        told = labels.get(name, LABELS.get(name))
        if told is not None:
            (where / f"{name}.txt").write_text(told + "\n", encoding="utf-8")
    return at
