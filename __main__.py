"""`python -m lettvin`: the same commands as `lettvin`."""

from __future__ import annotations

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
