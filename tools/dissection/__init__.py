"""One pass over a data source for all units of a network, kept on disk and opened lazily."""

from __future__ import annotations

from .make import dissect, dissect_unit, open_dissection
from .record import Dissection, Skipped

__all__ = ["Dissection", "Skipped", "dissect", "dissect_unit", "open_dissection"]
