"""`lettvin bench predictive`: units of a network put to every method, resumable, and what is said of them scored.

Covered: which units are drawn and in which order, which of them are put as controls too, going on where it was cut off, and
reading a finished folder. Not covered: one unit (`asking.py`), figures (`figures.py`).
"""

from __future__ import annotations

import json
import shlex
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...targets.errors import BadInput, nearest
from ...targets.loaders import load_target, target_names
from ...targets.target import Target
from ...tools.image_text import image_text
from ..answer_lines import ABOUT, ANSWERS, read_lines
from ..synthetic.benchmark import check_mind
from ..unseen_pictures import HELD_OUT, pictures, whole_of
from .asking import Study, ask_one
from .looks import LOOKS, look_of
from .outcome import CONDITIONS, VERSION, Condition, Key, Told, kept_in, key_of

METHODS = ("empiricist", *LOOKS)
LAYERS = 5  # that are asked where none are named: evenly over the network's, the last among them
MODELS = "models.json"  # beside the answers: the keys of image-text models, by name
Watch = Callable[[str, int, int, Callable[[], Sequence[Told]]], None]  # what is done, how much of how much, all answers so far


@dataclass(frozen=True)
class Result:
    """Answers by method, in the order of asking; `about`: what was asked; `command` asks it, `folder` holds the answers."""

    about: dict[str, Any]
    answers: dict[str, list[Told]]
    folder: Path
    command: str


def run(
    target: str,
    methods: Sequence[str] | None = None,
    *,
    layers: Sequence[str] | None = None,
    units: int = 50,
    controls: int = 10,
    seed: int = 0,
    data: str = "cutouts:2000",
    random: str | None = None,
    held_out: int | None = None,
    folder: Path | str = "runs/predictive",
    watch: Watch = lambda what, done, total, known: None,
) -> Result:
    """Ask and score; what was asked for, of all that is on record.

    `methods`: default all that lettvin brings; a backbone by name is one too. `layers`: default five, evenly spread.
    `units`: of each layer, in an order drawn by `seed`, constant ones left out; the first `controls` are also asked as shuffled
    units and in the network with random weights, `random` (default: the target's own untrained twin, where there is one).
    `held_out`: scenes that only the score sees (2,000 if not given). `folder`: where answers are kept, line by line; one that
    holds part of the same benchmark is gone on from. Raises `BadInput`.
    """
    chosen = list(dict.fromkeys(methods or METHODS))
    models: dict[str, str] = {}
    for method in chosen:
        name, model = look_of(method)
        if model:
            models[model] = image_text(model).key  # refused now, not after the dissections
        check_mind(name or method, METHODS)
    network = load_target(target)
    names = list(layers) if layers is not None else evenly(network)
    for name in names:
        network.layer(name)
    twin = _twin(network, random, seed, names)
    shown = pictures(data, seed, HELD_OUT if held_out is None else held_out)
    told: dict[str, Any] = {
        "target": network.name,
        "key": network.key,
        "random": None if twin is None else twin.name,
        "data": [source.name for source in (shown.explored, shown.further, shown.held_out) if source is not None],
        "keys": [source.key for source in (shown.explored, shown.held_out)],
        "layers": names,
        "seed": seed,
    }
    kept = kept_in(Path(folder), told)
    _same_models(kept.folder, models)
    runs = kept.folder / "runs"
    runs.mkdir(exist_ok=True)
    study = Study(network, twin, shown, {}, seed, runs)
    watch("dissecting", 0, 0, list)
    order = {name: in_turn(study, name) for name in names}
    study.units.update({name: tuple(some[:units]) for name, some in order.items()})
    conditions = [c for c in CONDITIONS if c != "random weights" or twin is not None]
    every: list[Key] = [
        (method, condition, f"{name}:{order[name][i]}")
        for i in range(units)
        for condition in conditions
        if condition == "network" or i < controls
        for name in names
        if i < len(order[name])
        for method in chosen
    ]
    tasks = [task for task in every if task not in kept.known]

    def known() -> list[Told]:
        return [kept.known[task] for task in every if task in kept.known]

    for done, (method, condition, address) in enumerate(tasks):
        watch("asking", len(every) - len(tasks) + done, len(every), known)
        layer, _, index = address.rpartition(":")
        kept.add(ask_one(study, method, condition, layer, int(index)))
    answers = {method: [answer for answer in known() if answer.method == method] for method in chosen}
    return Result(told, answers, kept.folder, command(told, chosen, units, controls))


def _same_models(folder: Path, models: dict[str, str]) -> None:
    """Note the keys of the image-text models; `BadInput` where what is known in the folder is another model's by that name."""
    path = folder / MODELS
    known: dict[str, str] = json.loads(path.read_text()) if path.is_file() else {}
    for name, key in models.items():
        if known.get(name, key) != key:
            raise BadInput(f"{str(folder)!r} holds answers by another model than lies in {name!r} now: name another --folder")
    if models:
        path.write_text(json.dumps(known | models, indent=1) + "\n")


def evenly(network: Target) -> list[str]:
    """Five layers of a network, evenly over those that are dissected by default, the last among them."""
    names = network.default_layers
    places = np.linspace(len(names) - 1, 0, min(LAYERS + 1, len(names)))[:LAYERS]
    return [names[round(place)] for place in reversed(places)]


def in_turn(study: Study, layer: str) -> list[int]:
    """The layer's units in an order drawn by the seed, without those that are constant over the explored pictures."""
    dead = study.dissection("network", layer, study.pictures.explored).dead(layer)
    order = np.random.default_rng([study.seed, zlib.crc32(layer.encode())]).permutation(len(dead))
    return [int(index) for index in order if not dead[index]]


def command(about: dict[str, Any], methods: Sequence[str], units: int, controls: int) -> str:
    """The command line that asks for all this."""
    words = ["lettvin", "bench", "predictive", about["target"], "--layers", ",".join(about["layers"])]
    words += ["--units", str(units), "--controls", str(controls), "--seed", str(about["seed"])]
    words += ["--data", whole_of(about["data"][0])]
    return shlex.join(words + [word for method in methods for word in ("--method", method)])


def read_result(folder: Path | str) -> Result:
    """All answers on record in a benchmark's folder. Raises `BadInput`."""
    place = Path(folder)
    try:
        about: dict[str, Any] = json.loads((place / ABOUT).read_text())
    except (OSError, ValueError) as error:
        raise BadInput(f"{str(place / ABOUT)!r} cannot be read ({error}): name a folder that a benchmark has written") from None
    if about.get("version") != VERSION or "layers" not in about:
        raise BadInput(f"{str(place)!r} is of version {about.get('version')!r} of the record, not {VERSION}: ask again")
    known = {key_of(told): told for told in read_lines(place / ANSWERS, Told)}
    if not known:
        raise BadInput(f"{str(place)!r} holds no answer yet: ask with lettvin bench predictive")
    names = list(dict.fromkeys(told.method for told in known.values()))
    methods = [*(m for m in METHODS if m in names), *(m for m in names if m not in METHODS)]
    answers = {method: [told for told in known.values() if told.method == method] for method in methods}

    def most(conditions: Sequence[Condition]) -> int:
        counts = [
            sum(t.layer == layer and t.condition == c for t in some)
            for some in answers.values() for layer in about["layers"] for c in conditions
        ]  # fmt: skip
        return max(counts, default=0)

    return Result(about, answers, place, command(about, methods, most(["network"]), most(["shuffled", "random weights"])))


def _twin(network: Target, random: str | None, seed: int, layers: Sequence[str]) -> Target | None:
    """The network with random weights, checked to have the same layers; None where none is known."""
    name = random if random is not None else f"{network.name}-random@{seed}"
    if random is None and f"{network.name}-random" not in target_names():
        return None
    twin = load_target(name)
    for layer in layers:
        if twin.layer(layer).units != network.layer(layer).units:
            widths = f"{twin.layer(layer).units} units in {layer!r}, not {network.layer(layer).units}"
            raise BadInput(f"--random {name!r} has {widths}; nearest: {nearest(network.name, target_names())}-random")
    return twin
