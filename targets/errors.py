"""The errors a person can act on: each is one line that names the offending value and what would be right.

`BadInput` ends a command with exit code 2. `LimitReached` ends it with 3, after the best admissible answer, and so does
`DiskFull`, without one: what is done is kept, and can be gone on with.
Anything else that escapes is a defect of lettvin and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class BadInput(ValueError):
    """What the user gave cannot be used; the text says what was wrong and what would be right."""


class TargetFailed(BadInput):
    """The network under study raised, or answered with something that is not a finite number."""


class ModelFailed(BadInput):
    """A language model could not be asked, or gave no answer that can be used: no mistake of what asked it, and nothing that
    a run goes on without. What is done is kept, and can be gone on with."""


class LimitReached(Exception):
    """A limit the user set has been met; `limit` names it in the words of the command line."""

    def __init__(self, limit: str) -> None:
        super().__init__(f"stopped by {limit}")
        self.limit = limit


class DiskFull(Exception):
    """Nothing more can be written; the text names the place and what would make room. No mistake of a backbone's or a
    tool's, so that nothing on the way takes it for one."""


class ToolError(Exception):
    """A call that cannot be carried out; the text goes back to the backbone, which can act on it. Nothing else does."""


class Unanswerable(BadInput, ToolError):
    """The target can say nothing of this picture: a user's bad input, and within a run a mistake that goes back to the
    backbone, which can show another."""


def nearest(word: str, known: Iterable[str], n: int = 3) -> str:
    """The known names most like `word`, as ``'a', 'b' or 'c'``; all of them where nothing is alike and they are few."""
    names = list(known)
    like = difflib.get_close_matches(word, names, n=n, cutoff=0.5) or names[: max(n, 6)]
    quoted = [repr(name) for name in like]
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + " or " + quoted[-1]


def one_line(error: BaseException) -> str:
    """The error's class and the first line of what it says."""
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
