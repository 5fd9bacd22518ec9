"""Which questions are taken literally: those that ask what makes the unit fire, in the words that people use for it.

Covered: the question that a run answers, and whether another one asks the same. Not covered: anything else that may be
asked of a unit; such a question is answered as this one, and the answer says so.
"""

from __future__ import annotations

import re

LITERAL = "What makes this unit fire?"
_UNIT = r"(?:(?:this|the|that) )?(?:it|(?:unit|neuron|channel|feature|direction|group)(?: [\w.:+@-]*\d)?)"
_SHOWN = r"(?:pictures?|images?|things?|concepts?|inputs?|stimul(?:us|i)|contents?)"
_WHAT = rf"(?:what|(?:what|which)(?: kinds? of| sorts? of)? {_SHOWN})"
_LITERAL = re.compile(  # anything more, or less, asks something else: "what colour ...", "... not fire?", "... most?"
    rf"{_WHAT} (?:"
    rf"(?:makes?|causes?|lets?) {_UNIT} (?:to )?(?:fire|activate|respond|react|light up)"
    rf"|(?:fires?|activates?|excites?|drives?|triggers?) {_UNIT}"
    rf"|does {_UNIT} (?:do|fire for|respond to|react to|activate for|activate on|look for|stand for|detect|represent|encode)"
    rf"|is {_UNIT} (?:firing for|responding to|looking for|activated by|driven by|excited by|triggered by)"
    r")",
    re.IGNORECASE,
)


def taken_literally(question: str) -> bool:
    """Whether the question is what a run answers, what the unit fires for; any other is answered as that, and told so."""
    return _LITERAL.fullmatch(" ".join(question.split()).rstrip("?!. ")) is not None
