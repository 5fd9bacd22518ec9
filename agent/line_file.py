"""A file of whole lines, appended one write at a time: killed at any moment, or on a full disk, it ends in a whole line.

Covered: appending (a line that could not be written whole is taken back), and mending what a kill left: a torn last line
is cut off. Not covered: what the lines say, and a loss of power, after which more than the last line may be gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path


class LineFile:
    """Lines at the end of a file, which is made where there is none. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self._file = open(path, "ab", buffering=0)  # noqa: SIM115 - open for the run's length
        self._size = self._file.tell()

    def append(self, lines: Iterable[str]) -> None:
        """Write these lines (without ends), all or none; they are with the system when this returns."""
        data = "".join(f"{line}\n" for line in lines).encode()
        left = memoryview(data)
        try:
            while left:
                left = left[self._file.write(left) or 0 :]
        except BaseException:
            self._file.truncate(self._size)
            raise
        self._size += len(data)

    def close(self) -> None:
        self._file.close()


def mend(path: Path) -> bool:
    """Cut off a last line that has no end or is no JSON; whether there was one. A file that is not there is whole."""
    if not path.exists():
        return False
    data = path.read_bytes()
    end = data.rfind(b"\n") + 1
    if end == len(data) and end:
        start = data.rfind(b"\n", 0, end - 1) + 1
        try:
            json.loads(data[start:end])
        except ValueError:
            end = start
    if end == len(data):
        return False
    with path.open("r+b") as file:
        file.truncate(end)
    return True
