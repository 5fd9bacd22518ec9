"""`openai:MODEL` as a generator and as an editor: pictures of a model behind an endpoint, behind the faces that all show.

An endpoint takes no seed: a seed only tells pictures of one prompt apart, and the first that comes for it is the one, kept
by address, model, prompt and seed. Covered: several requests at once; refusals; edits given back at the picture's own size,
and outside a region its own pixels. Not covered: how the endpoint is asked (`backbones/image_endpoint.py`), prompts for
concepts (`tools/prompted_generator.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..targets.errors import BadInput
from ..targets.picture import FromEdit, Picture, Pixels
from ..tools.editor import Edit, given_back
from ..tools.generator import Wanted
from ..tools.prompted_generator import PromptedGenerator, Refused
from ..tools.store import Store
from .backbones.image_endpoint import ImageEndpoint, RefusedByEndpoint


class EndpointGenerator(PromptedGenerator):
    """Draws by asking an endpoint."""

    def __init__(self, store: Store, model: ImageEndpoint) -> None:
        super().__init__(store, model.name)
        self.model = model

    def recipe(self, wanted: Wanted) -> str:
        return f"{self.model.kept_by} {wanted.prompt!r} {wanted.seed}"

    def batches(self, wanted: Sequence[Wanted]) -> Iterator[list[tuple[Wanted, Pixels | Refused]]]:
        if empty := next((one for one in wanted if not one.prompt.strip()), None):
            raise BadInput(f"the prompt {empty.prompt!r} is empty: say what the picture is to show")
        with ThreadPoolExecutor(self.model.at_once, "lettvin request") as workers:
            for start in range(0, len(wanted), self.model.at_once):
                some = wanted[start : start + self.model.at_once]
                yield list(zip(some, workers.map(self._one, some), strict=True))

    def _one(self, wanted: Wanted) -> Pixels | Refused:
        try:
            return self.model.make(wanted.prompt)
        except RefusedByEndpoint as refused:
            return Refused(wanted.prompt, wanted.seed, str(refused))


class EndpointEditor:
    """Edits by asking an endpoint."""

    def __init__(self, store: Store, model: ImageEndpoint) -> None:
        self.store, self.name, self.model = store, model.name, model

    def edit_many(self, edits: Sequence[Edit]) -> list[Picture]:
        """The edited pictures, in order. Raises `BadInput` where the endpoint refuses one of them."""
        with ThreadPoolExecutor(self.model.at_once, "lettvin request") as workers:
            missing = [edit for edit in edits if not self.store.has(self.recipe(edit))]
            made = dict(zip(map(self.recipe, missing), workers.map(self._made, missing), strict=True))
        return [self._kept(edit, made.get(self.recipe(edit))) for edit in edits]

    def recipe(self, edit: Edit) -> str:
        """What the edited picture is kept by."""
        where = "" if edit.where is None else hashlib.sha256(np.packbits(edit.where).tobytes()).hexdigest()
        return f"edit {self.model.kept_by} {edit.picture.id} {edit.words!r} {edit.seed} {where}"

    def _made(self, edit: Edit) -> Pixels:
        try:
            return given_back(edit, self.model.edit(edit.picture.pixels, edit.words, edit.where))
        except RefusedByEndpoint as refused:
            raise BadInput(f"{self.name} refused {edit.words!r} of picture {edit.picture.id[:12]}: {refused}") from None

    def _kept(self, edit: Edit, pixels: Pixels | None) -> Picture:
        paint = lambda: self._made(edit) if pixels is None else pixels  # noqa: E731
        return self.store.make(self.recipe(edit), paint, FromEdit(edit.picture.id, edit.words))
