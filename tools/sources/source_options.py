"""What may follow a data source's name: `hf:DIR:train caption=text first=500`.

Covered: words of the form option=value at the end of a name, each option once, and numbers. Not covered: what an option means
(the sources).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...targets.errors import BadInput, nearest


def with_options(text: str, known: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The name and what its options are set to. Raises `BadInput` on an option that is not `known`, or is there twice."""
    match = re.fullmatch(r"(.*?)((?:\s+\w+=\S+)*)", text.strip(), flags=re.S)
    assert match is not None  # anything matches
    options: dict[str, str] = {}
    for word in match[2].split():
        name, _, value = word.partition("=")
        if name not in known:
            raise BadInput(f"data source {text!r} has no option {name!r}; nearest: {nearest(name, known)}")
        if name in options:
            raise BadInput(f"data source {text!r} sets {name!r} twice: {options[name]!r} and {value!r}")
        options[name] = value
    return match[1], options


def count_of(options: dict[str, str], text: str) -> int | None:
    """How many pictures `first=N` asks for; None where it is not there. Raises `BadInput`."""
    told = options.get("first")
    if told is not None and (not re.fullmatch(r"\d{1,9}", told) or int(told) < 1):
        raise BadInput(f"data source {text!r}: first={told!r} is not a whole number from 1 up")
    return None if told is None else int(told)
