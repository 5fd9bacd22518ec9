"""Every object's drawing by its noun: the one table that joins the files `shapes_*.py`."""

from __future__ import annotations

from collections.abc import Callable

from .pen import Pen
from .shapes_animals import ANIMALS
from .shapes_household import CLOTHING, FURNITURE, TOOLS
from .shapes_nature import FOOD, PLANTS
from .shapes_town import BODY, BUILDINGS, INSTRUMENTS, TOYS
from .shapes_vehicles import VEHICLES

SHAPES: dict[str, Callable[[Pen], None]] = {
    **ANIMALS, **VEHICLES, **PLANTS, **FOOD, **CLOTHING, **FURNITURE, **TOOLS, **BUILDINGS, **BODY, **INSTRUMENTS,
        **TOYS,
}  # fmt: skip
