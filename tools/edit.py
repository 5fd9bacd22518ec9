"""The instrument `edit`: pictures with one factor set to a value, all else as it was.

Covered: edits of drawn scenes by factor. Not covered: edits in words and pixel edits (a later issue).
"""

from __future__ import annotations

from ..targets.errors import BadInput
from .generate import Made, made
from .instrument import ToolError, tool
from .lab import Lab


@tool
def edit(lab: Lab, *, pictures: list[str], factor: str, value: str, which: int | None = None) -> Made:
    """Change one factor of drawn pictures and nothing else; the edited pictures are new ones.

    Args:
        pictures: ids of the pictures to edit.
        factor: noun, colour, pattern, size, orientation, frequency, background or light.
        value: what it is to become.
        which: index of the thing to change; left out: every thing that has the factor.
    """
    changed = []
    for identity in pictures:
        try:
            changed.append(lab.generator.edit(lab.find(identity), factor, value, which))
        except BadInput as error:
            raise ToolError(f"edit: {error}") from None
    return made(lab.know(changed))
