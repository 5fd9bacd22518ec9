"""Suites: many neurons of known behaviour in one file, checked, and the kinds they are reported by.

    {"name": "mine", "seed": 7, "neurons": [
        {"name": "a", "fires_for": "dog and not car", "behaviour": "graded", "noise": 0.05},
        {"name": "b", "fires_for": "dog or car", "weights": [1.0, 0.5]},
        {"name": "c", "behaviour": "shuffled", "of": "a"},
        {"name": "d", "behaviour": "planted", "unit": "layer3:4"}]}

Covered: the form, with one clear line for whatever is wrong in it, and each neuron's kind. Not covered: the suites that
lettvin draws itself (`drawn_suites.py`), and a suite as a target (`suite_target.py`).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from ..targets.errors import BadInput, nearest
from ..tools.sketch.concept import And, AtLeast, Concept, Not, On, Or, Phrase, Related, conjuncts, disjuncts
from ..tools.sketch.vocabulary import STIMULI
from .off_language import OffLanguage
from .responses import Graded, Truth, read_truth
from .scene_neuron import NULLS, Behaviour, Neuron, checked

KINDS = (
    *("single object", "OR", "AND", "AND NOT", "coloured object", "colour", "pattern", "background", "size", "count"),
    *("relation", "three-way OR", "OR of ANDs", "weighted OR", "planted filters", "off-language", "null"),
)
BEHAVIOURS = (*get_args(Behaviour), "planted")


class SuiteNeuron(BaseModel):
    """One neuron of a suite. `seed`: of its noise; the suite's where left out. `unit`: of a planted one, LAYER:INDEX in the
    network of the suite's seed; its `fires_for` is what comes nearest to it in words. All else as in `Neuron`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    fires_for: str | None = None
    behaviour: str = "graded"
    noise: float = 0.05
    seed: int | None = None
    of: str | None = None
    by: str = "area"
    weights: tuple[float, ...] | None = None
    unit: str | None = None
    _nouns: frozenset[str] = PrivateAttr(default=frozenset())

    def truth(self) -> Truth | None:
        """What it fires for, read; None for nulls, luminance, and planted ones that no words fit."""
        return None if self.fires_for is None else read_truth(self.fires_for, self._nouns)

    @property
    def kind(self) -> str:
        """What it is reported by: one of `KINDS`, or "stimulus", "light" or "other"."""
        if self.behaviour in NULLS:
            return "null"
        if self.behaviour == "planted":
            return "planted filters"
        truth = self.truth()
        if truth is None or isinstance(truth, OffLanguage):
            return "off-language"
        return "weighted OR" if self.weights is not None else kind_of(truth)


class Drawn(BaseModel):
    """How the neurons of a kind came about: how many were wanted and made, and why others were refused, with numbers.

    Of the kind "nouns": how many nouns a detector was asked for, and how many of them were taken.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    wanted: int = Field(ge=0)
    made: int = Field(ge=0)
    refused: tuple[tuple[str, int], ...] = ()


class Suite(BaseModel):
    """A name, a seed, and neurons, each of another name.

    `detector`: whose eyes the neurons see with; None: they read scenes. `nouns`: those of their formulas that are not drawn.
    `drawn`: how they were drawn for a data set; empty where somebody wrote them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    seed: int = Field(ge=0)
    neurons: tuple[SuiteNeuron, ...] = Field(min_length=1)
    detector: str | None = None
    nouns: tuple[str, ...] = ()
    drawn: tuple[Drawn, ...] = ()

    @model_validator(mode="after")
    def _share_nouns(self) -> Self:
        for neuron in self.neurons if self.nouns else ():
            neuron._nouns = frozenset(self.nouns)
        return self

    def scene_neurons(self) -> list[Neuron]:
        """All but the planted ones, in order: the layer that they make."""
        return [_as_neuron(n, self.seed) for n in self.neurons if n.behaviour != "planted"]

    def at_noise(self, noise: float) -> Suite:
        """The same neurons with another noise, which stands in the name; nulls and planted ones stay as they are."""
        neurons = (n.model_copy(update={"noise": noise}) if n.behaviour in ("graded", "binary") else n for n in self.neurons)
        return self.model_copy(update={"name": f"{self.name}~{noise:g}", "neurons": tuple(neurons)})

    def as_json(self) -> str:
        """The suite as it is written in a file: what is left at its default is left out."""
        return json.dumps(self.model_dump(mode="json", exclude_defaults=True), indent=1) + "\n"


def kind_of(concept: Concept) -> str:
    """The kind of neuron that fires for a concept."""
    ways = disjuncts(concept)
    if isinstance(concept, Or):
        if any(isinstance(way, And) for way in ways):
            return "OR of ANDs"
        return "OR" if len(ways) == 2 else "three-way OR" if len(ways) == 3 else "other"
    if isinstance(concept, And):
        return "AND NOT" if any(isinstance(part, Not) for part in conjuncts(concept)) else "AND"
    if isinstance(concept, Phrase):
        return _kind_of_phrase(concept)
    return {On: "background", AtLeast: "count", Related: "relation"}.get(type(concept), "light")


def _kind_of_phrase(phrase: Phrase) -> str:
    named = set(phrase.named())
    if phrase.noun in STIMULI or named & {"orientation", "frequency"}:
        return "stimulus"
    kinds = {
        frozenset({"noun"}): "single object",
        frozenset({"noun", "colour"}): "coloured object",
        frozenset({"colour"}): "colour",
        frozenset({"pattern"}): "pattern",
        frozenset({"pattern", "noun"}): "pattern",
        frozenset({"size"}): "size",
        frozenset({"size", "noun"}): "size",
    }
    return kinds.get(frozenset(named), "other")


# ---- reading ----------------------------------------------------------------------------------------------------------


def read_suite(path: Path | str) -> Suite:
    """The suite in a file. Raises `BadInput`, one line: the file, the neuron, the value, and what would be right."""
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise BadInput(f"the suite {str(path)!r} cannot be read: {why}") from None
    try:
        return suite_of(json.loads(text))
    except json.JSONDecodeError as error:
        raise BadInput(f"{str(path)!r} is no JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except BadInput as error:
        raise BadInput(f"suite {str(path)!r}: {error}") from None


def suite_of(told: Any) -> Suite:
    """The suite that a JSON value tells. Raises `BadInput`."""
    if not isinstance(told, dict):
        raise BadInput(f"a suite is an object with 'name', 'seed' and 'neurons', not a {type(told).__name__}")
    try:
        made = Suite.model_validate(told)
    except ValidationError as error:
        raise BadInput(_mistake(error.errors()[0], told)) from None
    places: dict[str, int] = {}
    for place, neuron in enumerate(made.neurons):
        if neuron.name in places:
            raise BadInput(f"neurons[{place}]: the name {neuron.name!r} is that of neurons[{places[neuron.name]}] too")
        places[neuron.name] = place
    for place, neuron in enumerate(made.neurons):
        where = f"neurons[{place}] {neuron.name!r}"
        if neuron.behaviour not in BEHAVIOURS:
            raise BadInput(f"{where}: no behaviour {neuron.behaviour!r}; nearest: {nearest(neuron.behaviour, BEHAVIOURS)}")
        _check_words(neuron, where)
        _check_of(neuron, made, where)
    layer = made.scene_neurons()
    named = {neuron.name: neuron for neuron in layer}
    for place, neuron in enumerate(made.neurons):
        try:
            if neuron.behaviour == "planted":
                _check_planted(neuron, made.seed)
            elif made.detector is None:  # what a detector can be asked for is known when it is opened
                checked(named[neuron.name], layer)
        except BadInput as error:
            raise BadInput(f"neurons[{place}] {neuron.name!r}: {error}") from None
    return made


def _as_neuron(told: SuiteNeuron, seed: int) -> Neuron:
    behaviour: Behaviour = told.behaviour  # type: ignore[assignment]  # `checked` refuses what it is not
    by: Graded = told.by  # type: ignore[assignment]
    own = seed if told.seed is None else told.seed
    return Neuron(told.fires_for, behaviour, told.noise, own, told.name, told.of, by, told.weights)


def _check_words(neuron: SuiteNeuron, where: str) -> None:
    """That `fires_for` can be read; where not, at which character."""
    if neuron.fires_for is None:
        return
    try:
        neuron.truth()
    except BadInput as error:
        raise BadInput(f"{where}: fires_for, {_character(neuron.fires_for, str(error))}: {error}") from None


def _character(text: str, complaint: str) -> str:
    """Where in the text the word stands that the complaint is about."""
    quoted = re.findall(r"['\"]([^'\"]+)['\"]", complaint.replace(repr(text), ""))
    for word in quoted:
        found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text.lower())
        if found:
            return f"character {found.start() + 1}"
    return f"character {len(text) + 1}"


def _check_of(neuron: SuiteNeuron, made: Suite, where: str) -> None:
    known = [other.name for other in made.neurons]
    if neuron.of is not None and neuron.of not in known:
        raise BadInput(f"{where}: 'of' {neuron.of!r} names no neuron of the suite; nearest: {nearest(neuron.of, known)}")
    if neuron.unit is not None and neuron.behaviour != "planted":
        raise BadInput(f"{where}: 'unit' {neuron.unit!r} belongs to planted neurons, and this one is {neuron.behaviour!r}")


def _check_planted(neuron: SuiteNeuron, seed: int) -> None:
    from .planted_units import find_planted

    for name, default in (("of", None), ("weights", None), ("by", "area")):
        if getattr(neuron, name) != default:
            raise BadInput(f"{name!r} {getattr(neuron, name)!r} says nothing of a planted neuron: leave it out")
    if neuron.unit is None:
        raise BadInput(f"a planted neuron names its 'unit', such as 'layer3:4', not {neuron.unit!r}")
    find_planted(seed, neuron.unit)


def _mistake(item: Any, told: dict[str, Any]) -> str:
    """pydantic's first complaint in one line, with the neuron that it is about."""
    location = list(item["loc"])
    where = ""
    if location[:1] == ["neurons"] and len(location) > 1 and isinstance(location[1], int):
        one = told["neurons"][location[1]]
        name = one.get("name") if isinstance(one, dict) else None
        where = f"neurons[{location[1]}]" + (f" {name!r}" if isinstance(name, str) else "") + ": "
        location = location[2:]
    field = ".".join(str(part) for part in location)
    known = SuiteNeuron.model_fields if where else Suite.model_fields
    if item["type"] == "extra_forbidden":
        return f"{where}no field {field!r}; nearest: {nearest(field, known)}"
    if item["type"] == "missing":
        return f"{where}the field {field!r} is missing"
    return f"{where}{field or 'it'}: {item['msg'][:1].lower() + item['msg'][1:]}, not {item['input']!r}"[:300]
