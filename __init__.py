"""lettvin asks a vision network what one of its neurons does, and answers with what survived an attempt to refute it."""

from __future__ import annotations

__version__ = "0.1.0"
