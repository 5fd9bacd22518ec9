"""`cam`: EfficientNet-Lite0 as a detector that works offline, by its class-activation maps.

Covered: the maps, 7 x 7 and 1,000 classes, of which the mean is the logit, exactly, because nothing but a mean stands between
the last maps and the classifier `_fc`; and scores: in every window of 3 x 3 cells the softmax of the map's mean over it, summed
over the classes that are a noun (by the table `imagenet_nouns.py`). A cell has the largest score of the windows that hold it.
Windows because a scene shows several things and the picture's own softmax names one; of 3 cells because that finds most in
cut-out scenes (`benchmarks/detector_accuracy.py`). Not covered: other networks; nouns that are no class or kind of one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..targets.efficientnet_lite import load_efficientnet_lite
from ..targets.picture import Picture
from ..targets.target import Sight
from .imagenet_nouns import imagenet_nouns

if TYPE_CHECKING:
    import torch

NETWORK, LAST, CLASSIFIER = "efficientnet-lite0", "_bn1", "_fc"
WINDOW = 3  # cells on a side
VERSION = 1


class CamDetector:
    """The detector `cam`; `window`: cells on a side of its windows. Raises `BadInput` where no weights are installed."""

    name = "cam"

    def __init__(self, device: str = "auto", window: int = WINDOW) -> None:
        self.window = window
        self.network = load_efficientnet_lite(NETWORK, device)
        self.device = str(self.network.device)
        self._classes = imagenet_nouns().shown_by()
        self.nouns: frozenset[str] | None = frozenset(self._classes)
        told = f"cam {VERSION} {window} {self.network.key} {sorted(self._classes.items())}"
        self.key = hashlib.sha256(told.encode()).hexdigest()

    def sight(self, height: int, width: int) -> Sight:
        """The centred square, as the network sees it."""
        return self.network.sight(height, width)

    def class_maps(self, pictures: Sequence[Picture]) -> torch.Tensor:
        """The class-activation maps: float32, N x 1000 x 7 x 7, whose means are the logits."""
        import torch

        head = self.network.module.get_submodule(CLASSIFIER)
        weight, bias = head.get_parameter("weight"), head.get_parameter("bias")
        rows: list[torch.Tensor] = []

        def see(_: str, maps: torch.Tensor) -> None:
            seen = maps.clamp(0, 6)  # the ReLU6 after the last batch norm, which is no module of its own
            for one in seen:  # a picture at a time: to the bit the same, whatever is beside it in a batch
                rows.append((weight @ one.flatten(1) + bias[:, None]).unflatten(1, one.shape[1:]))

        self.network.watch(pictures, [LAST], see)
        return torch.stack(rows)

    def look(self, pictures: Sequence[Picture], labels: Sequence[str]) -> list[Mapping[str, np.ndarray]]:
        """By noun, 7 x 7: how likely one of its classes is in the likeliest window that holds the cell."""
        return [self.seen_in(maps, labels) for maps in self.class_maps(pictures)]

    def seen_in(self, class_maps: torch.Tensor, labels: Sequence[str]) -> Mapping[str, np.ndarray]:
        """`look` for one picture, of its class-activation maps, 1000 x 7 x 7."""
        import torch

        with torch.inference_mode():
            windows = torch.nn.functional.avg_pool2d(class_maps[None], self.window, stride=1)
            likely = torch.softmax(windows[0].double(), dim=0)
            by_noun = torch.stack([likely[list(self._classes[label])].sum(0) for label in labels])
            around = torch.nn.functional.pad(by_noun[None], (self.window - 1,) * 4, value=-torch.inf)
            cells = torch.nn.functional.max_pool2d(around, self.window, stride=1)[0]  # of the windows that hold each cell
            found = cells.clamp(0, 1).float().cpu().numpy()
        return dict(zip(labels, found, strict=True))
