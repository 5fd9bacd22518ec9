"""A page of the documentation of which a benchmark writes one part: what stands between two marks.

Covered: replacing that part, and refusing a page without the marks. Not covered: what is written (each benchmark's own).
"""

from __future__ import annotations

from pathlib import Path

from ..targets.errors import BadInput


class MarkedPage:
    """The page at `path`, whose part between `begins` and `ends` holds `what` (as the refusal says it).

    Raises `BadInput` where the page has not both marks, before anything is written to it.
    """

    def __init__(self, path: Path, begins: str, ends: str, what: str = "results") -> None:
        self.path = path
        before, mark, rest = (path.read_text(encoding="utf-8") if path.is_file() else "").partition(begins)
        _, end, after = rest.partition(ends)
        if not (mark and end):
            raise BadInput(f"{str(path)!r} has not the marks {begins!r} and {ends!r}, between which the {what} stand")
        self._above, self._below = before + mark, end + after

    def write(self, text: str) -> None:
        """Put a text between the marks; the rest stays as it is."""
        self.path.write_text(self._above + text + self._below, encoding="utf-8")
