"""How often `conse` says the general noun that a stamp's label names: a check of a describer on real photographs.

Covered: every third of Debian's tuxpaint stamps of animals, food, vehicles and household things (cut-outs, mostly
photographs, laid on white); a label counts where it names one of the general nouns, and is said where the describer's words
hold one of those. Not covered: labels in other words (synonyms count as misses), and photographs of whole scenes.
`python -m lettvin.benchmarks.stamp_words` prints one JSON object.
"""

from __future__ import annotations

import json
from pathlib import Path

from ..targets.errors import BadInput
from ..targets.picture import FromData, Picture
from ..tools.conse import Conse
from ..tools.imagenet_words import general_nouns
from ..tools.sketch.concept import caption_words
from ..tools.sources.folder import read_pixels
from ..tools.sources.source import Unreadable

STAMPS = Path("/usr/share/tuxpaint/stamps")
TREES = ("animals", "food", "household", "vehicles")


def labelled(every: int = 3) -> list[tuple[str, Picture]]:
    """Stamps with their labels, every so many of them in the order of their paths. Raises `BadInput` where there are none."""
    files = [path for path in sorted(STAMPS.rglob("*.png")) if path.with_suffix(".txt").is_file()]
    files = [path for path in files if path.relative_to(STAMPS).parts[0] in TREES][::every]
    found: list[tuple[str, Picture]] = []
    for path in files:
        lines = path.with_suffix(".txt").read_text(encoding="utf-8", errors="replace").splitlines()
        try:
            pixels = read_pixels(path)
        except Unreadable:
            continue
        if lines:
            found.append((lines[0], Picture.of(pixels, FromData("stamps", len(found)))))
    if not found:
        raise BadInput(f"no stamps in {str(STAMPS)!r}: apt install tuxpaint-stamps-default")
    return found


def run() -> dict[str, int | str]:
    """How many stamps were shown, how many labels name a general noun, and of how many of these it was said."""
    pairs, known = labelled(), set(general_nouns())
    said = Conse().describe_many([picture for _, picture in pairs], [None] * len(pairs))
    named = [(words, line) for (label, _), line in zip(pairs, said, strict=True) if (words := caption_words(label) & known)]
    hits = sum(bool(words & caption_words(line)) for words, line in named)
    command = "python -m lettvin.benchmarks.stamp_words"
    return {"name": "stamp words", "stamps": len(pairs), "labels": len(named), "said": hits, "command": command}


if __name__ == "__main__":
    print(json.dumps(run()))
