"""One unit put to one method, and what it says scored on pictures that the method has not seen.

Covered: the network and its controls (shuffled units, random weights), the pictures that all methods share, minds in full
runs and methods that look. Not covered: many units (`benchmark.py`), what a look says (`looks.py`), the scores (`fit.py`,
`drawn.py`).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from ...agent.ask import ask
from ...agent.run_keys import code_key
from ...targets.errors import BadInput
from ...targets.picture import Picture
from ...targets.target import Target, Unit
from ...tools.corpus import Corpus
from ...tools.dissection import Dissection, dissect
from ...tools.image_text import image_text
from ...tools.sketch.concept import Concept
from ...tools.sketch.cutout_nouns import NONE, Cutouts
from ...tools.sources.cutouts import CutoutSource
from ...tools.sources.source import Source
from ...tools.store import cache_folder
from ..synthetic.asking import MOST_PICTURES
from ..synthetic.baselines import Seen
from ..unseen_pictures import Pictures
from .description import Description, concept_of, of_answer, predicted, readable
from .drawn import Drawn, Shown, drawn
from .fit import fit
from .looks import LOOKS, Look, dissected, goes_with_all, line_of, look_of, terms_of
from .outcome import Condition, Told
from .shuffled import Shuffled

AT_ONCE = 256  # pictures of which an image-text model is told at once


@dataclass(frozen=True, eq=False)
class Study:
    """A network with its controls, the units drawn in each layer, and the pictures; what is worked out is kept.

    `random`: the network with random weights, None where none is known. `units`: channels by layer.
    """

    target: Target
    random: Target | None
    pictures: Pictures
    units: dict[str, tuple[int, ...]]
    seed: int
    runs: Path | None
    _known: dict[tuple[str, ...], np.ndarray] = field(default_factory=dict, repr=False)
    _dissected: dict[tuple[Condition, str, str], list[Concept | None]] = field(default_factory=dict, repr=False)
    _cosines: dict[str, np.ndarray] = field(default_factory=dict, repr=False)
    _shown: dict[Condition, Shown] = field(default_factory=dict, repr=False)

    @cached_property
    def shuffled(self) -> Shuffled:
        """The shuffled units."""
        return Shuffled(self.target, self.pictures.explored, tuple(self.units), self.seed)

    @cached_property
    def cutouts(self) -> Cutouts:
        """The nouns that the data show as photographs."""
        return self.pictures.explored.words if isinstance(self.pictures.explored, CutoutSource) else NONE

    def of(self, condition: Condition) -> Target:
        """The network, or a control. Raises `BadInput` where random weights are not known."""
        if condition == "random weights":
            if self.random is None:
                raise BadInput(f"no network with random weights is known for {self.target.name!r}: name one with --random")
            return self.random
        return self.shuffled if condition == "shuffled" else self.target

    @cached_property
    def seen(self) -> Corpus:
        """What the pictures show that may be looked at."""
        return self._corpus(self._looked_at)

    @cached_property
    def held_out(self) -> Corpus:
        """What the pictures show that only the score sees."""
        return self._corpus([self.pictures.held_out])

    def seen_peaks(self, condition: Condition, layer: str) -> np.ndarray:
        """All units' peaks on the pictures that may be looked at: float32, pictures x units."""
        return self._peaks(condition, layer, self._looked_at)

    def held_out_peaks(self, condition: Condition, layer: str) -> np.ndarray:
        """All units' peaks on the pictures that only the score sees: float32, pictures x units."""
        return self._peaks(condition, layer, [self.pictures.held_out])

    def held_out_picture(self, row: int) -> Picture:
        """The picture of a row of `held_out_peaks`. Raises `Unreadable` where it is gone since."""
        return self.pictures.held_out.picture(int(self._readable(self.pictures.held_out)[row]))

    @cached_property
    def constant(self) -> Concept | None:
        """The concept that goes best with all units of the layers."""
        return goes_with_all(self.seen, [self.seen_peaks("network", layer) for layer in self.units])

    def dissected(self, condition: Condition, layer: str, index: int, model: str = "") -> Concept | None:
        """What softWPMI calls a unit, beside all units of its layer; by an image-text model's cosines where one is named."""
        key = (condition, layer, model)
        if key not in self._dissected:
            cosines = self.cosines(model) if model else None
            self._dissected[key] = dissected(self.seen, self.seen_peaks(condition, layer), cosines)
        return self._dissected[key][index]

    def cosines(self, model: str) -> np.ndarray:
        """How well each simple concept fits each picture that may be looked at: float32, pictures x concepts."""
        if model not in self._cosines:
            made = image_text(model)
            shown = [
                made.pictures([source.picture(int(i)) for i in rows])
                for source in self._looked_at
                if len(readable := self._readable(source))
                for rows in np.array_split(readable, -(-len(readable) // AT_ONCE))
            ]
            self._cosines[model] = np.concatenate(shown) @ made.texts([line_of(term) for term in terms_of(self.seen)]).T
        return self._cosines[model]

    def shown(self, condition: Condition) -> Shown:
        """What the drawn units give to pictures that are drawn from descriptions."""
        if condition not in self._shown:
            target = self.of(condition)
            units = [target.unit(f"{layer}:{index}") for layer, some in self.units.items() for index in some]
            self._shown[condition] = Shown(target, units, self.cutouts)
        return self._shown[condition]

    @property
    def _looked_at(self) -> list[Source]:
        return [source for source in (self.pictures.explored, self.pictures.further) if source is not None]

    def dissection(self, condition: Condition, layer: str, source: Source) -> Dissection:
        """The dissection that holds a layer, as a run would make it."""
        target = self.of(condition)
        chosen = target.default_layers if layer in target.default_layers else (layer,)
        return dissect(target, source, chosen, folder=cache_folder() / "dissections")

    def _peaks(self, condition: Condition, layer: str, sources: Sequence[Source]) -> np.ndarray:
        key = (condition, layer, *(source.key for source in sources))
        if key not in self._known:
            found = [np.asarray(self.dissection(condition, layer, source).peaks(layer)) for source in sources]
            rows = [peaks[self._readable(source)] for peaks, source in zip(found, sources, strict=True)]
            self._known[key] = np.concatenate(rows)
        return self._known[key]

    def _readable(self, source: Source) -> np.ndarray:
        gone = {row.index for row in self.dissection("network", next(iter(self.units)), source).skipped}
        return np.array([i for i in range(len(source)) if i not in gone], dtype=np.int64)

    def _corpus(self, sources: Sequence[Source]) -> Corpus:
        return Corpus([source.about(int(i)) for source in sources for i in self._readable(source)])


def in_full_runs(method: str) -> bool:
    """Whether a method asks in runs of its own, and does not only look."""
    return not look_of(method)[0]


def ask_one(study: Study, method: str, condition: Condition, layer: str, index: int) -> Told:
    """Let a method say what a unit does, and score what it says."""
    unit = study.of(condition).unit(f"{layer}:{index}")
    began = time.monotonic()
    row = _in_a_run(study, method, unit) if in_full_runs(method) else _at_a_look(study, method, condition, unit)
    seconds = round(time.monotonic() - began, 2)
    said = row["said"]
    assert said is None or isinstance(said, Description)
    peaks = study.held_out_peaks(condition, layer)[:, index].astype(np.float64)
    known = None if said is None else readable(said, study.held_out)
    return Told.model_validate(
        {
            **row,
            "method": method,
            "condition": condition,
            "layer": layer,
            "index": index,
            "unit": unit.address,
            "fit": fit(predicted(known, study.held_out), peaks),
            "drawn": None if known is None else _drawn(study, known, condition, unit, peaks),
            "seconds": seconds,
            "code": code_key()[:8],
        }
    )


def _drawn(study: Study, said: Description, condition: Condition, unit: Unit, peaks: np.ndarray) -> Drawn | None:
    concept = concept_of(said, study.held_out)
    return None if concept is None else drawn(concept, unit, study.shown(condition), peaks)


def _in_a_run(study: Study, method: str, unit: Unit) -> dict[str, object]:
    import tempfile

    with tempfile.TemporaryDirectory() as nowhere:
        answer = ask(
            unit,
            backbone=method,
            data=study.pictures.explored,
            seed=study.seed,
            runs=study.runs or nowhere,
            max_images=MOST_PICTURES,
            page=False,  # `lettvin show` writes it
        )
    return {
        "said": of_answer(answer),
        "verdict": answer.verdict,
        "confidence": answer.confidence,
        "pictures": answer.images,
        "run": None if study.runs is None else Path(answer.run).name,
    }


def _at_a_look(study: Study, method: str, condition: Condition, unit: Unit) -> dict[str, object]:
    layer, index = unit.layer.name, unit.channels[0]
    peaks = study.seen_peaks(condition, layer)[:, index].astype(np.float64)
    name, model = look_of(method)
    luck = hashlib.sha256(f"{study.seed} {method} {condition} {unit.address}".encode()).digest()
    look = Look(
        Seen(study.seen, peaks, np.random.default_rng(int.from_bytes(luck[:8], "big"))),
        dissected=lambda: study.dissected(condition, layer, index, model),
        constant=lambda: study.constant,
    )
    said, claimed = LOOKS[name](look)
    return {
        "said": said,
        "verdict": "supported" if claimed else "inconclusive",
        "confidence": None,
        "pictures": 0 if study.pictures.further is None else len(study.pictures.further),
        "run": None,
    }
