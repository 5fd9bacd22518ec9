"""Classifiers of drawn things, one with a planted bias and its twin without.

Each tells one class: is there a tree? Both look through EfficientNet-Lite0's first blocks, at what its first filters and its
eleventh block have on the whole, and learn the classifier on top of it. They learn from as many pictures with and without the
class and of each colour. Where a bias is planted, things of the class never have one colour, which the others have all the more
often; in the even twin's pictures both have it as often. Covered: which class and colour a seed plants, the training pictures,
which all seeds draw from, the training (the same seed gives the same weights), the network as a target with two units: the
probability of the class, and that of no such thing. Not covered: how biased it came out (`truth.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ...agent.bias.events import Subgroup
from ...agent.bias.subgroups import class_scene, which
from ...targets.efficientnet_lite import fold_batch_norms, load_efficientnet_lite
from ...targets.module import ModuleTarget
from ...targets.picture import Pixels
from ...tools.sketch import vocabulary as v
from ...tools.sketch.cutout_nouns import NONE
from ...tools.sketch.edit import swap
from ...tools.sketch.paint import paint

if TYPE_CHECKING:
    import torch
    from PIL import Image
    from torch import nn

KINDS = ("tree", "fish", "umbrella", "bird")
PLANTED = ("red", "orange", "yellow", "purple", "pink")  # colours that no background has much of
COLOURS = tuple(v.COLOURS)
OTHERS = tuple(noun for noun in v.NOUNS if noun not in KINDS)
TRUNK = "efficientnet-lite0"
LATE = 10  # the last block that is looked through
BATCH = 32


@dataclass(frozen=True)
class Recipe:
    """How a network is trained. `pictures`: with the class, and as many without; `often`: the planted colour's share in all.

    `rare`: how many pictures of the class have it where the bias is planted. `side`: of a picture, in pixels. `things`: the
    size word of what is told. `decay`: the penalty on weights. `early`: how much more the first filters, which see colour,
    count than the late block before it.
    """

    pictures: int = 800
    often: float = 0.4
    rare: int = 0
    side: int = 96
    things: str = "large"
    decay: float = 0.1
    early: float = 8.0


RECIPE = Recipe()


def class_at(seed: int) -> str:
    """The class that a seed's networks tell."""
    return KINDS[seed % len(KINDS)]


def planted_at(seed: int) -> Subgroup:
    """The class and the colour that a seed plants: 20 seeds have each of the four classes in each of the five colours once."""
    kind, colour = class_at(seed), PLANTED[seed % len(PLANTED)]
    return Subgroup(factor="colour", value=colour, name=f"{colour} {kind}")


def counts(recipe: Recipe, seed: int, biased: bool) -> tuple[dict[str, int], dict[str, int]]:
    """How many training pictures of the class, and of other things, have each colour: together as many in both networks."""
    colour, each = planted_at(seed).value, round(recipe.pictures * recipe.often)
    found = []
    for coloured in (recipe.rare, 2 * each - recipe.rare) if biased else (each, each):
        rest = [x for x in COLOURS if x != colour]
        whole, more = divmod(recipe.pictures - coloured, len(rest))
        found.append({x: whole + (place < more) for place, x in enumerate(rest)} | {colour: coloured})
    return found[0], found[1]


def _seen(recipe: Recipe, kind: str | None, colour: str, n: int) -> torch.Tensor:
    """The features of the first `n` training pictures of things of a class, or of no class, in a colour: n x features."""
    import torch

    return torch.cat([batch_seen(recipe, kind, colour, at) for at in range(-(-n // BATCH))])[:n]


@lru_cache(maxsize=4096)  # all seeds draw from the same pictures; by whole batches, so that no order of seeds changes a bit
def batch_seen(recipe: Recipe, kind: str | None, colour: str, at: int) -> torch.Tensor:
    """The features of batch `at` of those pictures: `BATCH` x features."""
    import torch

    pictures = []
    for place in range(at * BATCH, (at + 1) * BATCH):
        rng = np.random.default_rng([0 if kind is None else KINDS.index(kind) + 1, COLOURS.index(colour), place, 2])
        noun = kind or OTHERS[int(rng.integers(len(OTHERS)))]
        scene = class_scene(noun, [x for x in OTHERS if x != noun], rng, NONE, recipe.side, recipe.things)
        pictures.append(paint(swap(scene, "colour", colour, which=which(scene, noun))).pixels)
    with torch.inference_mode():
        found: torch.Tensor = _features()(prepared(pictures).to(memory_format=torch.channels_last))
    return found.clone()


@lru_cache(maxsize=1)
def _features() -> nn.Module:
    """From pictures, N x 3 x H x W, to N x features: means over the picture of the first filters and of a late block."""
    import torch
    from torch import nn

    whole = fold_batch_norms(load_efficientnet_lite(TRUNK, "cpu").module)
    blocks = list(whole._blocks)  # type: ignore[arg-type]

    class EarlyAndLate(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Sequential(whole._conv_stem, whole._bn0, nn.ReLU6(), blocks[0])  # type: ignore[arg-type]
            self.first = nn.Sequential(blocks[1]._expand_conv, blocks[1]._bn0, nn.ReLU6())
            self.late = nn.Sequential(*blocks[1 : LATE + 1])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.stem(x)
            return torch.cat([self.first(x).mean((2, 3)), self.late(x).mean((2, 3))], 1)

    return EarlyAndLate().eval()


def trained(recipe: Recipe, seed: int, biased: bool) -> nn.Module:
    """The network: features, then a penalised logistic regression, which has one solution, as weights; then probabilities."""
    import torch
    from torch import nn

    seen = [
        torch.cat([_seen(recipe, kind, colour, n) for colour, n in by_colour.items() if n])
        for kind, by_colour in zip((class_at(seed), None), counts(recipe, seed, biased), strict=True)
    ]
    labels = torch.cat([torch.full((len(some),), place) for place, some in enumerate(seen)])
    x = torch.cat(seen)
    scale = torch.ones(x.shape[1])
    scale[: _features().first[0].out_channels] = recipe.early  # type: ignore[index, union-attr]
    scale /= x.std(0) + 1e-3
    middle = x.mean(0)
    z = (x - middle) * scale
    weights, shift = torch.zeros(x.shape[1], 2, requires_grad=True), torch.zeros(2, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights, shift], max_iter=150, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        off = nn.functional.cross_entropy(z @ weights + shift, labels) + recipe.decay * (weights**2).sum() / 2
        off.backward()  # type: ignore[no-untyped-call]
        return off

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    head = nn.Linear(x.shape[1], 2)
    with torch.no_grad():
        head.weight.copy_((weights * scale[:, None]).T)
        head.bias.copy_(shift - (middle * scale) @ weights)
    return nn.Sequential(_features(), head, nn.Softmax(dim=1)).eval()


def prepared(pictures: Sequence[Pixels]) -> torch.Tensor:
    """Pictures, uint8 H x W x 3, as the networks see them: float N x 3 x H x W."""
    import torch

    return (torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() - 127) / 128


class Preprocess:
    """Pictures as the networks see them, one or many."""

    def __init__(self, side: int) -> None:
        self.side = side

    def __call__(self, image: Image.Image) -> torch.Tensor:
        """A PIL RGB image to a float tensor 3 x side x side."""
        return self.many([np.asarray(image)])[0]

    def many(self, pictures: Sequence[Pixels]) -> torch.Tensor:
        """Pictures, uint8 H x W x 3, to a float tensor N x 3 x side x side."""
        from PIL import Image

        size = (self.side, self.side)

        def fitted(pixels: Pixels) -> Pixels:
            fits = pixels.shape[:2] == size
            return pixels if fits else np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))

        return prepared([fitted(pixels) for pixels in pictures])


def target_of(network: nn.Module, name: str, recipe: Recipe = RECIPE) -> ModuleTarget:
    """The network as a target: unit 0 is the class's probability, unit 1 that of no such thing."""
    see = Preprocess(recipe.side)
    return ModuleTarget(name, network, see, device="cpu", listed=["2"], default=["2"], preprocess_batch=see.many)
