"""`lettvin bench synthetic`: every neuron of a suite asked by every mind, resumable, and the page.

Covered: the order of asking, who is asked what of data that are described otherwise, workers. Not covered: the record on disk
(`result.py`), asking one neuron (`asking.py`), figures (`figures.py`), the page (`page.py`).
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ...synthetic_neurons.drawn_suites import SEEDS
from ...synthetic_neurons.load import find_suite
from ...synthetic_neurons.off_language import OffLanguage
from ...synthetic_neurons.suite import Suite, SuiteNeuron
from ...targets.errors import BadInput, DiskFull, nearest
from . import detector_asking
from .asking import ask_one, in_full_runs, minds, prepare, withheld
from .descriptions import nouns_of
from .outcome import NULL, OFF_LANGUAGE, PLAIN, PLANTED, Condition, Outcome
from .result import CONDITIONS, Record, Result, command, in_order, key_of, read_result

DATA = "sketch:2000"
APART = 60  # neurons asked in each of the other conditions, at most
Known = Callable[[], Sequence[Outcome]]  # all answers so far
Watch = Callable[[str, int, int, Known], None]  # what is done, and how much of how much
Task = tuple[str, Condition, int]  # mind, condition, the neuron's index


@dataclass(frozen=True)
class Failed:
    """A defect that asking one neuron came upon: which, and the traceback. The others are asked all the same."""

    what: str
    how: str


def run(
    suite: str = "core",
    asked: Sequence[str] | None = None,
    *,
    neurons: int | None = None,
    workers: int = 2,
    seed: int = 0,
    data: str = DATA,
    folder: Path | str = "runs/synthetic",
    conditions: Sequence[str] | None = None,
    detector: str | None = None,
    watch: Watch = lambda what, done, total, known: None,
) -> Result:
    """Ask, score, and write the page; what was asked for, of all that is on record.

    `asked`: minds (default: all). `neurons`: the first so many of the suite, whose order is drawn. `folder`: where answers
    are kept, line by line; one that holds part of the same benchmark is gone on from. `conditions`: what is said of the
    data's pictures: "plain", "noisy captions", "missing nouns" (default: all three; at most 60 neurons of the kinds that the
    language says are asked in the latter two). `detector`: whose eyes the neurons see with, "cam" or "grounding-dino[@...]";
    then the data are cut-outs, or pictures with captions, told as they are. Raises `BadInput`, and RuntimeError after all is
    asked where some could not be.
    """
    whole, data = _asked_about(suite, detector, data, seed, lambda done, total: watch("looking", done, total, tuple))
    able = minds() if whole.detector is None else detector_asking.minds()
    chosen = list(dict.fromkeys(asked or able))
    for mind in chosen:
        check_mind(mind, able)
    told = _checked(conditions if whole.detector is None else conditions or (PLAIN,))
    if whole.detector is not None and told != (PLAIN,):
        raise BadInput(f"a detector's neurons are asked of data told as they are, not under {told[-1]!r}")
    count = len(whole.neurons) if neurons is None else min(neurons, len(whole.neurons))
    source = data if whole.detector is not None or "@" in data else f"{data}@{seed + 1}"
    kept = Record(Path(folder), whole, source, seed, suite)
    every = [(mind, condition, i) for condition in told for mind in chosen for i in to_ask(whole, condition, count)]
    shown = {(m, c, whole.neurons[i].name) for m, c, i in every}

    def answered() -> list[Outcome]:
        return [outcome for key, outcome in kept.known.items() if key in shown]

    tasks = [(m, c, i) for m, c, i in every if (m, c, whole.neurons[i].name) not in kept.known]
    for condition in dict.fromkeys(condition for _, condition, _ in tasks):
        watch("dissecting", len(every) - len(tasks), len(every), answered)
        if whole.detector is None:
            prepare(whole, source, condition)
        else:
            detector_asking.prepare(whole, source)
    for mind in {mind for mind, _, _ in tasks if in_full_runs(mind)}:
        _runs(kept.folder, mind).mkdir(parents=True, exist_ok=True)  # here, so that no two workers make it at once
    failed: list[Failed] = []
    for outcome in _answers(kept, tasks, workers):
        if isinstance(outcome, Failed):
            failed.append(outcome)
            continue
        kept.add(outcome)
        watch("asking", len(every) - len(tasks) + kept.added, len(every), answered)
    if kept.known:
        _write_page(kept.folder)
    if failed:
        what = f"{len(failed)} of {len(tasks)} could not be asked, and all others were; the first was {failed[0].what}"
        raise RuntimeError(f"{what}:\n{failed[0].how}")
    known = {key_of(outcome): outcome for outcome in answered()}
    some = None if count == len(whole.neurons) else count
    line = command(suite, source, seed, chosen, told, some, whole.detector)
    return Result(whole, source, seed, told, in_order(whole, chosen, known, told), kept.folder, line)


def _asked_about(
    suite: str, detector: str | None, data: str, seed: int, looking: Callable[[int, int], None]
) -> tuple[Suite, str]:
    """The suite, and the data: of a detector's neurons cut-outs by default. Raises `BadInput`."""
    if detector is None:
        found = find_suite(suite)
        if found.detector is None:
            return found, data
        detector = found.detector
    if data.startswith("sketch:"):
        if data != DATA:
            raise BadInput(f"--data {data!r}: no detector was made for drawings; write cutouts:N, or pictures with captions")
        data = detector_asking.DATA
    if data.startswith("cutouts:") and "@" not in data:
        data = re.sub(r"^cutouts:\d+", lambda told: f"{told[0]}@{seed + 1}", data)
    if suite in SEEDS:
        return detector_asking.suite_for(suite, detector, data, looking), data
    found = find_suite(suite)
    if found.detector != detector:
        raise BadInput(f"the suite {suite!r} is of the detector {found.detector!r}, not of {detector!r}: write it in its file")
    return found, data


def to_ask(suite: Suite, condition: Condition, count: int) -> list[int]:
    """The indices of the neurons that are asked in a condition, of the first `count` of the suite."""
    if condition == PLAIN:
        return list(range(count))
    main = [i for i in range(count) if suite.neurons[i].kind not in (NULL, OFF_LANGUAGE, PLANTED)]
    if condition == "missing nouns":
        gone = set(withheld(suite))
        main = [i for i in main if gone & set(_nouns(suite.neurons[i]))]
    return main[:APART]


def _nouns(neuron: SuiteNeuron) -> list[str]:
    truth = neuron.truth()
    return [] if truth is None or isinstance(truth, OffLanguage) else nouns_of(truth)


def _checked(conditions: Sequence[str] | None) -> tuple[Condition, ...]:
    for name in conditions or ():
        if name not in CONDITIONS:
            raise BadInput(f"no condition {name!r}; nearest: {nearest(name, CONDITIONS)}")
    return tuple(c for c in CONDITIONS if conditions is None or not conditions or c in conditions)


def check_mind(name: str, known: Sequence[str]) -> None:
    """Refuse, as `BadInput`, a name that is neither among the `known` minds nor a backbone's."""
    from ...agent import by_name

    if name in known:
        return
    try:
        if not by_name.is_model(name):
            by_name.backbone(name)
        elif not name.startswith("local:"):  # which would be loaded here, and again where it is asked
            by_name.model_by_name(name)
    except BadInput as error:
        told = ", ".join(repr(mind) for mind in known)
        raise BadInput(f"no mind {name!r} to compare: {told}, or a backbone ({error})") from None


def _answers(kept: Record, tasks: Sequence[Task], workers: int) -> Iterator[Outcome | Failed]:
    """The answers, as they come: of full runs first, which take longest; of looks neuron by neuron, which share scenes."""
    about = (kept.suite, kept.data, kept.seed, kept.folder)
    long = [task for task in tasks if in_full_runs(task[0])]
    quick = sorted((task for task in tasks if not in_full_runs(task[0])), key=lambda task: (CONDITIONS.index(task[1]), task[2]))
    if workers <= 1 or len(tasks) <= 1:
        yield from (_ask(*about, *task) for task in [*long, *quick])
        return
    with ProcessPoolExecutor(workers, initializer=_begin, initargs=about) as pool:
        yield from pool.map(_asked, long)
        yield from pool.map(_asked, quick, chunksize=8)


_asked_of: list[tuple[Suite, str, int, Path]] = []  # what a worker was begun with: a suite is sent once, and not with each task


def _begin(suite: Suite, data: str, seed: int, folder: Path) -> None:
    import torch

    torch.set_num_threads(1)
    _asked_of[:] = [(suite, data, seed, folder)]


def _asked(task: Task) -> Outcome | Failed:
    return _ask(*_asked_of[0], *task)


def _ask(suite: Suite, data: str, seed: int, folder: Path, mind: str, condition: Condition, index: int) -> Outcome | Failed:
    try:
        if suite.detector is not None:
            return detector_asking.ask_one(suite, index, mind, data, seed, _runs(folder, mind))
        return ask_one(suite, index, mind, data, seed, _runs(folder, mind), condition)
    except (BadInput, DiskFull):  # so it would be with the others
        raise
    except Exception:
        return Failed(f"{suite.neurons[index].name!r} by {mind!r}, {condition}", traceback.format_exc())


def _runs(folder: Path, mind: str) -> Path:
    """Where the runs of a mind are kept."""
    return folder / "runs" / mind.replace("/", "-")


def _write_page(folder: Path) -> None:
    from .page import write_page

    write_page(read_result(folder))
