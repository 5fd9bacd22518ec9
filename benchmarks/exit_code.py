"""The end of a benchmark's command line: 0 when it is done, 2 and one line where its input is bad."""

from __future__ import annotations

import sys
from collections.abc import Callable

from ..targets.errors import BadInput


def exit_code(work: Callable[[], object]) -> int:
    """Do the work; `BadInput` is one line on stderr."""
    try:
        work()
    except BadInput as error:
        print(f"lettvin: {error}", file=sys.stderr)
        return 2
    return 0
