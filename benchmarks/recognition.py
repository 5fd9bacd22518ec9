"""Is the drawn world recognised? A reader's list of what a numbered sheet shows, against what it shows.

Covered: `score` of a reading, one line a cell ("12 chair"), of the sheet that `blind_sheet` draws from a seed. Not
covered: reading itself, which a person does, without the list of nouns at hand.
Run as `python -m lettvin.benchmarks.recognition READING.txt SEED [SHEET.png]`: prints the score; writes the sheet too.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from ..targets.errors import BadInput
from ..tools.sketch.sheet import blind_sheet


def score(reading: str, shown: list[str]) -> dict[str, Any]:
    """``{cells, right, share, misread: {cell: [shown, read]}}``. Raises `BadInput` where a cell is not read once."""
    read: dict[int, str] = {}
    for line in reading.splitlines():
        match = re.fullmatch(r"\s*(\d+)\s+(\S.*?)\s*", line)
        if line.strip() and match is None:
            raise BadInput(f"{line!r} is no reading of a cell: write its number and a noun, such as '12 chair'")
        if match is not None:
            if int(match[1]) in read or not 1 <= int(match[1]) <= len(shown):
                raise BadInput(f"cell {match[1]!r} is read twice, or is not among the {len(shown)} of the sheet")
            read[int(match[1])] = match[2].lower()
    if len(read) < len(shown):
        missing = next(cell for cell in range(1, len(shown) + 1) if cell not in read)
        raise BadInput(f"cell {missing!r} of {len(shown)} is not read: guess, or write '{missing} ?'")
    misread = {cell: [noun, read[cell]] for cell, noun in enumerate(shown, 1) if read[cell] != noun}
    right = len(shown) - len(misread)
    return {"cells": len(shown), "right": right, "share": round(right / len(shown), 3), "misread": misread}


def main(arguments: list[str]) -> None:
    """Score the reading of the sheet of a seed, and write the sheet where a place is given."""
    reading, seed = Path(arguments[0]).read_text(encoding="utf-8"), int(arguments[1])
    with tempfile.TemporaryDirectory() as folder:
        shown = blind_sheet(arguments[2] if len(arguments) > 2 else Path(folder) / "sheet.png", seed)
    print(json.dumps(score(reading, shown), indent=1))


if __name__ == "__main__":
    main(sys.argv[1:])
