"""Paths as users write them in a name: `~` is a home folder, and anything that cannot be a path is none.

Covered: names of homes that there are not, and names longer than a file's may be, of which `pathlib` raises. Not covered: what
is in a folder (`hub.py`, `user_file.py`).
"""

from __future__ import annotations

from pathlib import Path


def written_path(text: str) -> Path:
    """The path, from the user's home where it begins with `~`; as it is written where there is no such home."""
    try:
        return Path(text).expanduser()
    except RuntimeError:  # nobody of that name
        return Path(text)


def is_folder(text: str) -> bool:
    """Whether that is a folder."""
    try:
        return written_path(text).is_dir()
    except OSError:  # no name that a file can have
        return False


def is_written_file(text: str) -> bool:
    """Whether that is a file."""
    try:
        return written_path(text).is_file()
    except OSError:
        return False
