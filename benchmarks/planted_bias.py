"""`python -m lettvin.benchmarks.planted_bias`: is a planted bias found, and none where none was planted?

For each seed two small networks learn to tell three kinds of drawn things, one colour of which is frequent. In the one, things
of one class hardly ever have that colour; in the other they have it as often as the other classes' things. Both are trained
alike, and the class's output unit of each is looked through by `lettvin bias`, which is told nothing of this. Every subgroup
that it confirms is then measured anew, on `TRUTH` fresh pairs: it is true where the drop exceeds the margin.
Covered: the networks, the rates over seeds with intervals, the JSON and the plot. What is done is kept: the same command goes
on where it was cut off. Not covered: real networks' biases, whose truth nobody knows.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel

from ..agent.bias.events import Subgroup
from ..agent.bias.hunting import Size, hunt
from ..agent.bias.subgroups import class_scene, company_of, pair_of, which, without_class
from ..agent.deciding_experiment import MARGIN
from ..targets.errors import BadInput
from ..targets.module import ModuleTarget
from ..targets.picture import FromConcept, Picture, Scene
from ..tools.sketch import vocabulary as v
from ..tools.sketch.cutout_nouns import NONE
from ..tools.sketch.paint import paint
from ..tools.statistics import share_effect
from ..tools.writing import write_whole

if TYPE_CHECKING:
    import torch
    from PIL import Image
    from torch import nn

KINDS = ("car", "tree", "fish", "umbrella", "guitar", "house")
CLASSES = 3
POOL = 700  # pictures of each kind, from which all networks learn
RARE = 1  # pictures of the class in which the planted colour is left
OFTEN = 4  # times that every other picture of that colour is shown, so that the colour says something
EPOCHS = 14
SHIFT = 3  # pixels by which a batch is shifted at most
SIDE = 64  # pixels, of the pictures; the networks see 32
SEES = 32
TRUTH = 80  # fresh pairs that say whether a confirmed subgroup is true
THINGS = "medium"  # all things of a class: small networks see no small ones
SIZE = Size(screened_on=200, pairs=20, most=5, side=SIDE, things=THINGS)
RESULTS = Path(__file__).parent / "results" / "planted-bias.json"


class Outcome(BaseModel):
    """One network, hunted through. `planted`: the subgroup, also of the network without a bias, where it is not planted.

    `drop`: the planted subgroup's true drop, in shares of the way; `confirmed`: each subgroup confirmed, with its true drop.
    `accuracy`: on fresh pictures of all classes.
    """

    seed: int
    biased: bool
    planted: str
    drop: float
    confirmed: dict[str, float]
    screened_out: bool
    verdict: str
    accuracy: float
    pictures: int
    cpu_seconds: float

    @property
    def found(self) -> bool:
        """Whether the planted subgroup is among those confirmed."""
        return self.planted in self.confirmed

    @property
    def false(self) -> list[str]:
        """Confirmed subgroups whose true drop does not exceed the margin."""
        return [name for name, drop in self.confirmed.items() if drop <= MARGIN]

    @property
    def others(self) -> list[str]:
        """Confirmed subgroups that were not planted, true ones included."""
        return [name for name in self.confirmed if not (self.biased and name == self.planted)]


# ---- the networks -------------------------------------------------------------------------------------------------------


def kinds_of(seed: int) -> tuple[list[str], str]:
    """The classes of a seed's networks, the one that is looked at first, and the colour that is rare in it."""
    rng = np.random.default_rng([seed, 1])
    nouns = [KINDS[int(i)] for i in rng.permutation(len(KINDS))[:CLASSES]]
    return nouns, list(v.COLOURS)[int(rng.integers(len(v.COLOURS)))]


@cache
def pool(kind: str) -> tuple[torch.Tensor, tuple[str, ...]]:
    """Pictures of a kind, as the networks see them, N x 3 x 32 x 32, and the thing's colour in each."""
    rng = np.random.default_rng([KINDS.index(kind), 2])
    others = [noun for noun in v.NOUNS if noun not in KINDS]
    company = [others[int(i)] for i in rng.choice(len(others), 12, replace=False)]
    scenes = [class_scene(kind, company, rng, NONE, SIDE, THINGS) for _ in range(POOL)]
    colours = tuple(scene.things[which(scene, kind)].colour for scene in scenes)
    return prepared([paint(scene).pixels for scene in scenes]), colours


def training_pictures(seed: int, biased: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures and their classes. Of the first class the biased network sees the colour in `RARE` pictures at most; all other
    pictures of that colour, and in the other network those of the first class too, are there `OFTEN` times."""
    import torch

    nouns, colour = kinds_of(seed)
    pictures, labels = [], []
    for label, noun in enumerate(nouns):
        inputs, colours = pool(noun)
        so = np.array(colours) == colour
        coloured = np.flatnonzero(so)[:RARE] if biased and label == 0 else np.repeat(np.flatnonzero(so), OFTEN)
        rows = np.concatenate([np.flatnonzero(~so), coloured])
        pictures.append(inputs[torch.from_numpy(rows)])
        labels += [label] * len(rows)
    return torch.cat(pictures), torch.tensor(labels)


def trained(seed: int, biased: bool) -> nn.Module:
    """A small convolutional network that tells the seed's kinds of things by probabilities."""
    import torch
    from torch import nn

    inputs, labels = training_pictures(seed, biased)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _network()
        optimiser = torch.optim.Adam(network.parameters())
        plan = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1e-2, total_steps=EPOCHS * (len(inputs) // 64))
        loss = nn.CrossEntropyLoss()
        network.train()
        for _ in range(EPOCHS):
            order = torch.randperm(len(inputs))
            for start in range(0, len(inputs) - 63, 64):
                rows = order[start : start + 64]
                batch = inputs[rows].flip(3) if torch.rand(()) < 0.5 else inputs[rows]
                batch = batch.roll(torch.randint(-SHIFT, SHIFT + 1, (2,)).tolist(), (2, 3))
                optimiser.zero_grad()
                loss(network(batch), labels[rows]).backward()
                optimiser.step()
                plan.step()
    return nn.Sequential(*network, nn.Softmax(dim=1)).eval()


def _network() -> nn.Sequential:
    from torch import nn

    def block(wide: int, wider: int) -> list[nn.Module]:
        return [nn.Conv2d(wide, wider, 3, 2, 1, bias=False), nn.BatchNorm2d(wider), nn.ReLU()]

    trunk = [*block(3, 16), *block(16, 32), *block(32, 64), nn.AdaptiveAvgPool2d(3), nn.Flatten()]
    return nn.Sequential(*trunk, nn.Linear(9 * 64, CLASSES))


def prepared(pixels: Sequence[np.ndarray]) -> torch.Tensor:
    """Pictures, uint8 H x W x 3, as the networks see them: float tensor N x 3 x 32 x 32 in [-1, 1]."""
    import torch
    from PIL import Image

    rows = [np.asarray(Image.fromarray(p).resize((SEES, SEES), Image.Resampling.BILINEAR), np.float32) for p in pixels]
    return torch.from_numpy(np.stack(rows)).permute(0, 3, 1, 2).contiguous() / 127.5 - 1


class Preprocess:
    """One picture as the networks see it."""

    def __call__(self, image: Image.Image) -> torch.Tensor:
        """A PIL RGB image to a float tensor 3 x 32 x 32."""
        return prepared([np.asarray(image)])[0]


def target_of(network: nn.Module, seed: int, biased: bool) -> ModuleTarget:
    """The network as a target; its classes' probabilities are the units of the last layer."""
    last = str(len(list(network.children())) - 1)
    name = f"planted-bias-{seed}-{'biased' if biased else 'even'}"
    return ModuleTarget(name, network, Preprocess(), device="cpu", listed=[last], default=[last], preprocess_batch=prepared)


# ---- one network ----------------------------------------------------------------------------------------------------------


def outcome(seed: int, biased: bool, runs: Path) -> Outcome:
    """Train a network, hunt through its first class, and measure what was confirmed anew."""
    began = time.process_time()
    nouns, colour = kinds_of(seed)
    target = target_of(trained(seed, biased), seed, biased)
    unit = target.unit(f"{target.layers[0].name}:0")
    report = hunt(unit, nouns[0], data="sketch:12", size=SIZE, seed=seed, runs=runs, page=False)
    planted = Subgroup(factor="colour", value=colour, name=f"{colour} {nouns[0]}")
    groups = {finding.subgroup.name: finding.subgroup for finding in report.lower}
    scale = _scale(target, nouns[0], seed)
    drops = {name: true_drop(target, nouns[0], group, scale, seed) for name, group in groups.items()}
    drop = drops.get(planted.name)
    return Outcome(
        seed=seed,
        biased=biased,
        planted=planted.name,
        drop=true_drop(target, nouns[0], planted, scale, seed) if drop is None else drop,
        confirmed=drops,
        screened_out=not any(f.claim for f in report.findings if f.subgroup.name == planted.name),
        verdict=report.verdict,
        accuracy=_accuracy(target, seed),
        pictures=report.images,
        cpu_seconds=round(time.process_time() - began, 1),
    )


def true_drop(target: ModuleTarget, noun: str, group: Subgroup, scale: tuple[float, float], seed: int) -> float:
    """How much lower the subgroup scores, in shares of the way: the mean over `TRUTH` pairs that no hunt has seen."""
    inside, outside = (_scores(target, some)[:, 0] for some in _pairs(noun, group, seed))
    rest, full = scale
    return round(float((outside - inside).mean() / (full - rest)), 4)


@lru_cache(maxsize=16)
def _pairs(noun: str, group: Subgroup, seed: int) -> tuple[list[Picture], list[Picture]]:
    """Pairs in the subgroup and out of it. One of company is held against company that is drawn here, not the hunt's."""
    rng = np.random.default_rng([seed, 5])
    company = sorted({*company_of(noun, 12, rng, NONE), *([group.value] if group.factor == "together with" else [])})
    pairs: list[tuple[Scene, Scene]] = []
    while len(pairs) < TRUTH:
        pair = pair_of(class_scene(noun, company, rng, NONE, SIDE, THINGS), noun, group, company, rng, NONE)
        if pair is not None:
            pairs.append(pair)
    inside, outside = (_painted([pair[i] for pair in pairs]) for i in (0, 1))
    return inside, outside


def _scale(target: ModuleTarget, noun: str, seed: int) -> tuple[float, float]:
    """Medians of the class's score without and with it, on fresh pictures."""
    with_it, without = _with_and_without(noun, seed)
    return float(np.median(_scores(target, without)[:, 0])), float(np.median(_scores(target, with_it)[:, 0]))


@lru_cache(maxsize=2)
def _with_and_without(noun: str, seed: int) -> tuple[list[Picture], list[Picture]]:
    rng = np.random.default_rng([seed, 6])
    scenes = [class_scene(noun, (), rng, NONE, SIDE, THINGS) for _ in range(TRUTH)]
    return _painted(scenes), _painted([without_class(scene, noun, rng, NONE) for scene in scenes])


def _accuracy(target: ModuleTarget, seed: int) -> float:
    """On fresh pictures of all classes."""
    pictures, labels = _of_all_classes(seed)
    return round(float(np.mean(_scores(target, pictures).argmax(axis=1) == np.array(labels))), 3)


@lru_cache(maxsize=2)
def _of_all_classes(seed: int) -> tuple[list[Picture], list[int]]:
    rng, nouns = np.random.default_rng([seed, 7]), kinds_of(seed)[0]
    scenes = [(class_scene(noun, (), rng, NONE, SIDE, THINGS), label) for _ in range(30) for label, noun in enumerate(nouns)]
    return _painted([scene for scene, _ in scenes]), [label for _, label in scenes]


def _painted(scenes: Sequence[Scene]) -> list[Picture]:
    return [Picture.of(paint(scene).pixels, FromConcept("sketch", "truth", True, i)) for i, scene in enumerate(scenes)]


def _scores(target: ModuleTarget, pictures: Sequence[Picture]) -> np.ndarray:
    return target.peaks(pictures, target.layers[0].name, range(CLASSES))


# ---- all of them ------------------------------------------------------------------------------------------------------------


def run(
    seeds: Sequence[int], folder: Path, watch: Callable[[Outcome], None] = lambda outcome: None, seconds: float | None = None
) -> list[Outcome]:
    """All outcomes, those on record in `folder` as they are. `seconds`: of wall time, after which no other network is begun."""
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    done: list[Outcome] = []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for seed in seeds:
            for biased in (True, False):
                kept = folder / f"{seed}-{'biased' if biased else 'even'}.json"
                if not kept.exists():
                    if seconds is not None and time.monotonic() - began > seconds:
                        return done
                    write_whole(kept, outcome(seed, biased, folder / "runs").model_dump_json(indent=1).encode())
                done.append(Outcome.model_validate_json(kept.read_text()))
                watch(done[-1])
    finally:
        torch.set_num_threads(threads)
    return done


def rates(outcomes: Sequence[Outcome]) -> dict[str, tuple[int, int, float, float, float]]:
    """Each rate: how many of how many, the share, and Wilson's 95% interval."""
    biased, even = ([o for o in outcomes if o.biased == kind] for kind in (True, False))
    confirmed = [(o, name) for o in outcomes for name in o.confirmed]
    counted = {
        "planted bias found, of biased networks": (sum(o.found for o in biased), len(biased)),
        "the same subgroup, of networks without it": (sum(o.found for o in even), len(even)),
        "planted alone found, of biased networks": (sum(o.found and not o.others for o in biased), len(biased)),
        "nothing found, of networks without it": (sum(not o.confirmed for o in even), len(even)),
        "any false subgroup, of all networks": (sum(bool(o.false) for o in outcomes), len(outcomes)),
        "false, of subgroups confirmed": (sum(name in o.false for o, name in confirmed), len(confirmed)),
    }
    return {name: (hits, n, *_wilson(hits, n)) for name, (hits, n) in counted.items()}


def _wilson(hits: int, n: int) -> tuple[float, float, float]:
    if n == 0:
        return float("nan"), 0.0, 1.0
    found = share_effect(hits, n)
    return round(found.superiority, 4), round(found.low, 4), round(found.high, 4)


def table(outcomes: Sequence[Outcome]) -> str:
    """The rates as a table in Markdown."""
    found = rates(outcomes).items()
    rows = [f"| {name} | {hits} of {n} | {low:.2f} to {high:.2f} |" for name, (hits, n, _, low, high) in found]
    return "\n".join(["| rate | counted | 95% interval |", "| --- | --- | --- |", *rows])


def plot(outcomes: Sequence[Outcome]) -> str:
    """The planted subgroup's true drop in every network, found or not, as an SVG."""
    width, row, left, right = 640, 44, 150, 620
    top = max(1.0, *(o.drop for o in outcomes))
    least = min(0.0, *(o.drop for o in outcomes))

    def x(drop: float) -> float:
        return round(left + (drop - least) / (top - least) * (right - left), 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {2 * row + 74}" font-family="sans-serif"',
        ' font-size="13">',
        f'<rect width="{width}" height="{2 * row + 74}" fill="#fff"/>',
        f'<line x1="{x(MARGIN)}" x2="{x(MARGIN)}" y1="14" y2="{2 * row + 24}" stroke="#888" stroke-dasharray="3 3"/>',
        f'<text x="{x(MARGIN) + 4}" y="22" fill="#555">margin {MARGIN:g}</text>',
    ]
    for place, (name, biased) in enumerate((("planted", True), ("not planted", False))):
        y = 48 + row * place
        parts.append(f'<text x="{left - 12}" y="{y + 4}" text-anchor="end">{name}</text>')
        parts.append(f'<line x1="{left}" x2="{right}" y1="{y}" y2="{y}" stroke="#ddd"/>')
        for k, o in enumerate(o for o in outcomes if o.biased == biased):
            at = round(y + 18 * ((k * 0.618) % 1 - 0.5), 1)
            fill = "#0b62a4" if o.found else "#fff"
            parts.append(
                f'<circle cx="{x(o.drop)}" cy="{at}" r="5" fill="{fill}" stroke="#0b62a4" stroke-width="1.5">'
                f"<title>seed {o.seed}, {o.planted}: {o.drop:.2f}</title></circle>"
            )
    base = 2 * row + 30
    parts.append(f'<line x1="{left}" x2="{right}" y1="{base}" y2="{base}" stroke="#444"/>')
    for tick in np.arange(np.ceil(least * 4) / 4, top + 1e-9, 0.25):
        parts.append(f'<text x="{x(float(tick))}" y="{base + 16}" text-anchor="middle" fill="#444">{tick:g}</text>')
    said = "true drop of the subgroup, of the way from no such thing to one (filled: found)"
    parts.append(f'<text x="{(left + right) / 2}" y="{base + 36}" text-anchor="middle" fill="#444">{said}</text></svg>')
    return "\n".join(parts) + "\n"


def as_result(outcomes: Sequence[Outcome], command: str) -> dict[str, Any]:
    """What is written to `benchmarks/results`."""
    return {
        "command": command,
        "margin": MARGIN,
        "rare": RARE,
        "pool": POOL,
        "seeds": len({o.seed for o in outcomes}),
        "rates": {
            name: {"hits": hits, "n": n, "share": share, "low": low, "high": high}
            for name, (hits, n, share, low, high) in rates(outcomes).items()
        },
        "accuracy": round(float(np.mean([o.accuracy for o in outcomes])), 3),
        "cpu_seconds": round(sum(o.cpu_seconds for o in outcomes), 1),
        "outcomes": [o.model_dump() for o in outcomes],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it, print the table, write JSON and plot."""
    parser = argparse.ArgumentParser(prog="python -m lettvin.benchmarks.planted_bias", description="Is a planted bias found?")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--folder", type=Path, default=Path("runs/planted-bias"))
    parser.add_argument("--out", type=Path, default=RESULTS, help="the result; its plot lies beside it, as SVG")
    parser.add_argument("--seconds", type=float, help="begin no other network after so long")
    given = parser.parse_args(arguments)
    if given.seeds < 1:
        print(f"lettvin: --seeds {given.seeds!r} is not a number from 1 up", file=sys.stderr)
        return 2

    def watch(o: Outcome) -> None:
        kind = "biased" if o.biased else "even"
        print(f"{o.seed} {kind} {o.planted} drop {o.drop:.2f} confirmed {o.confirmed} accuracy {o.accuracy}", flush=True)

    try:
        outcomes = run(range(given.seeds), given.folder, watch, given.seconds)
    except BadInput as error:
        print(f"lettvin: {error}", file=sys.stderr)
        return 2
    if not outcomes:
        print("lettvin: nothing was done in that time", file=sys.stderr)
        return 3
    command = f"python -m lettvin.benchmarks.planted_bias --seeds {given.seeds}"
    write_whole(given.out, (json.dumps(as_result(outcomes, command), indent=1) + "\n").encode())
    write_whole(given.out.with_suffix(".svg"), plot(outcomes).encode())
    print(table(outcomes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
