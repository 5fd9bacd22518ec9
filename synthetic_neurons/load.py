"""Names to synthetic neurons: `synthetic:CONCEPT`, `synthetic:cam:FORMULA`, a suite (`:core`, `:FILE.json`), a network.

Covered: what each name loads. lettvin brings this family as any other package would, by an entry point in the group
`lettvin.targets`. A seed may follow what lettvin draws itself, and then the noise of all its neurons: `synthetic:core@7~0.3`,
`synthetic:planted@7`. A concept's
neuron is unit 0, among distractors that serve as controls. Not covered: what the neurons do.
"""

from __future__ import annotations

import re

from ..targets.errors import BadInput, nearest
from ..targets.target import Target
from .detector import KNOWN, open_detector
from .detector_neuron import DetectorNeurons, checked, labels_of
from .drawn_suites import SEEDS, distractors, drawn_suite
from .responses import read_truth
from .scene_neuron import Neuron, SceneNeurons
from .suite import Suite, read_suite
from .suite_target import SuiteTarget

DISTRACTORS = 15
PLANTED_SEED = 0


def load(name: str, device: str = "auto") -> Target:
    """The target of that name. Raises `BadInput`."""
    family, _, what = (part.strip() for part in name.partition(":"))
    if family != "synthetic" or not what:
        known = ", ".join(f"synthetic:{x}" for x in (*SEEDS, "planted", "FILE.json"))
        raise BadInput(f"{name!r} names no neurons: write {known} or a concept, such as 'synthetic:dog and not cat'")
    planted = re.fullmatch(r"planted(?:@(\d{1,9}))?", what)
    if planted:
        from .planted import planted_target

        return planted_target(int(planted[1] or PLANTED_SEED), name, device)
    detector, colon, formula = what.partition(":")
    if colon and detector.partition("@")[0] in KNOWN:
        return _seen_by(detector, formula, name, device)
    if re.split("[@~]", what)[0] in SEEDS or what.lower().endswith(".json"):
        return SuiteTarget(find_suite(what), name, device=device)
    return _one(what, name)


def find_suite(name: str) -> Suite:
    """`core` or `smoke`, drawn from its own seed or from one after "@", or the suite in a file. Raises `BadInput`.

    A noise may follow what is drawn, for all neurons that answer to scenes: "core~0.3", "core@7~0.3".
    """
    drawn = re.fullmatch(r"(\w+)(?:@(\w+))?(?:~(.*))?", name)
    if drawn and drawn[1] in SEEDS:
        if drawn[2] is not None and not re.fullmatch(r"\d{1,9}", drawn[2]):
            raise BadInput(f"{name!r}: the seed {drawn[2]!r} is not a whole number from 0 up")
        suite = drawn_suite(drawn[1], None if drawn[2] is None else int(drawn[2]))
        return suite if drawn[3] is None else suite.at_noise(_noise(name, drawn[3]))
    if name.lower().endswith(".json"):
        return read_suite(name)
    raise BadInput(f"unknown suite {name!r}; nearest: {nearest(name, SEEDS)}, or FILE.json")


def _noise(name: str, text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise BadInput(f"{name!r}: the noise {text!r} is no share of full response; write 0 or above, such as 'core~0.3'")
    return float(text)


def _seen_by(detector: str, formula: str, name: str, device: str) -> DetectorNeurons:
    """The neuron of a formula as a detector sees it, and its nouns' own neurons after it, as controls."""
    seeing = open_detector(detector, device)
    read = checked(Neuron(formula), [], seeing, seeing.nouns or frozenset())
    assert read is not None  # a graded neuron has a formula
    others = [label for label in labels_of(read) if label != str(read)]
    more = [noun for noun in sorted(seeing.nouns or ()) if noun not in labels_of(read)][: DISTRACTORS - len(others)]
    return DetectorNeurons([Neuron(text) for text in (str(read), *others, *more)], seeing, name=name)


def _one(concept: str, name: str) -> SceneNeurons:
    try:
        text = str(read_truth(concept))
    except BadInput as error:
        raise BadInput(f"target {name!r} is no suite ({', '.join(SEEDS)}), and no concept: {error}") from None
    return SceneNeurons([Neuron(text), *distractors(DISTRACTORS, 0, besides=text)], name, maps=True)
