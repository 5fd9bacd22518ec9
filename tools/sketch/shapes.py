"""Every object's drawing by its noun: the one table that joins the files `shapes_*.py`."""

from __future__ import annotations

from collections.abc import Callable

from .pen import Pen
from .shapes_animals import ANIMALS
from .shapes_household import CLOTHING, FURNITURE, TOOLS
from .shapes_nature import FOOD, PLANTS
from .shapes_things import MORE_BUILDINGS, MORE_INSTRUMENTS, MORE_TOOLS, MORE_TOYS, MORE_VEHICLES
from .shapes_town import BODY, BUILDINGS, INSTRUMENTS, TOYS
from .shapes_vehicles import VEHICLES
from .shapes_wildlife import WILDLIFE

SHAPES: dict[str, Callable[[Pen], None]] = {
    **ANIMALS,
    **WILDLIFE,
    **VEHICLES,
    **MORE_VEHICLES,
    **PLANTS,
    **FOOD,
    **CLOTHING,
    **FURNITURE,
    **TOOLS,
    **MORE_TOOLS,
    **BUILDINGS,
    **MORE_BUILDINGS,
    **BODY,
    **INSTRUMENTS,
    **MORE_INSTRUMENTS,
    **TOYS,
    **MORE_TOYS,
}
