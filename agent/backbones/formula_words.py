"""The words that formulas of the concept language may use, as a prompt lists them.

Covered: the drawn world's vocabulary, the nouns of cut-outs, the words of captions. Not covered: the grammar
(`tools/sketch/concept.py`, told in `prompts/concept_language.md`).
"""

from __future__ import annotations

from collections.abc import Sequence

from ...tools.sketch import vocabulary as v


def formula_words(drawn: bool, nouns: Sequence[str] = ()) -> str:
    """The words by kind, as lines."""
    kinds = {
        "size": v.SIZES,
        "frequency": v.FREQUENCIES,
        "orientation": v.ORIENTATIONS,
        "colour": v.COLOURS,
        "pattern": v.PATTERNS,
        "noun": [*v.NOUNS, *(noun for noun in nouns if noun not in v.NOUNS)],
        "stimulus": v.STIMULI,
        "background": v.BACKGROUNDS,
    }
    lines = [f"- {kind}: {', '.join(words)}" for kind, words in kinds.items()]
    if not drawn:
        lines.append("- any word of this data's captions (screen() lists those that occur), true where a caption has it")
    return "\n".join(lines)
