"""Numbers and verdicts in words, as the page says them.

Covered: short numbers, p-values, intervals, what each verdict means, confidence in words. Not covered: what is
concluded (`agent/admission.py`); nothing is judged anew here.
"""

from __future__ import annotations

import math

MARKS = {"supported": "✓", "refuted": "✗", "inconclusive": "≈", "no-concept": "∅", "exploratory": "◌", "abandoned": "–"}
MARKS |= {"different": "≠", "no-difference": "=", "found": "≠", "none-found": "="}  # of comparisons and hunts for bias
"""A sign for each verdict, so that none is told by colour alone."""

MEANS = {
    "supported": "The answer survived an attempt to refute it on pictures that the run had not used.",
    "inconclusive": "No description survived the attempts to refute it; the best one so far is given.",
    "no-concept": "Nothing in a picture was found to drive the unit reproducibly.",
    "unfinished": "The run did not end: it has no answer. “lettvin resume” with its folder ends it.",
}

CHECKS = {True: "passed", False: "failed", None: "could not be tried"}

BLOCKS = {
    "pairs": (
        "Predicted high, and near misses",
        "fresh pictures in which the answer holds; below each the same but for one factor",
    ),
    "high": ("Predicted high", "fresh pictures in which the answer holds"),
    "near-miss": ("Near misses", "one factor away from those above, so that the answer no longer holds: predicted low"),
    "rival": ("Answer against rival", "pictures on which the two disagree; and some where both hold, if the rival is narrower"),
    "held-back": ("Held back", "data pictures, from every activation decile, that exploration never saw"),
}


def number(value: float | None, digits: int = 3) -> str:
    """A number in at most so many significant digits, with a true minus sign; a dash where it is unknown."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if not -4 <= size < 6:
        return f"{value:.{digits - 1}e}".replace("-", "−")
    text = f"{value:.{max(0, digits - 1 - size)}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", "−")


def share(value: float | None) -> str:
    """A probability, correlation or share with two decimals; a dash where it is unknown."""
    return "–" if value is None or not math.isfinite(value) else f"{value:.2f}".replace("-", "−")


def chance(p: float | None) -> str:
    """A p-value: two significant digits, or "< 0.001"; a dash where no test counts."""
    if p is None:
        return "–"
    return "< 0.001" if p < 0.001 else number(p, 2)


def interval(low_high: tuple[float, float] | None) -> str:
    """An interval in square brackets."""
    return "–" if low_high is None else f"[{share(low_high[0])}, {share(low_high[1])}]"


def confidence(probability: float | None, verdict: str) -> str:
    """How sure the run is of its verdict, in words and as a number."""
    if probability is None:
        return (
            "No confidence is stated: the run did not settle the question."
            if verdict == "inconclusive"
            else ("No confidence is stated.")
        )
    words = "a toss-up"
    for least, said in (
        (0.95, "almost certain"),
        (0.85, "very likely"),
        (0.7, "likely"),
        (0.55, "more likely than not"),
    ):
        if probability >= least:
            words = said
            break
    else:
        if probability < 0.45:
            words = "more likely wrong than right"
    return f"That this verdict is right is {words}: probability {share(probability)}."


def fit(explained: float | None) -> str:
    """How much of what the unit reproducibly does the description accounts for, in words."""
    if explained is None:
        return "unknown"
    for least, said in ((0.8, "nearly all"), (0.5, "most"), (0.25, "part"), (0.05, "little")):
        if explained >= least:
            return said
    return "next to nothing"


def counted(n: int, noun: str, many: str | None = None) -> str:
    """ "1 picture", "2 pictures"."""
    return f"{n:,} {noun if n == 1 else many or noun + 's'}"


def shortened(text: str, most: int) -> str:
    """The text, cut with an ellipsis where it is longer than `most` characters."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
