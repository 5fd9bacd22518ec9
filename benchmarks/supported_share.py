"""How often an answer is supported on a trained network, and on one of random weights: 30 units each.

Covered: two units of each of blocks 0 to 14 of EfficientNet-Lite0, drawn by a seed, asked in full with both sets of
weights; verdicts, formulas and what they explain. A random network's units do answer colours and orientations, so that
its share is a baseline and no error rate. Not covered: whether an answer is right, which nobody knows here (see
`calibration.py` for neurons whose behaviour is known).
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from ..tools.statistics import share_effect

NETWORKS = ("efficientnet-lite0", "efficientnet-lite0-random")
BLOCKS, EACH = range(15), 2


def units(seed: int, widths: Sequence[int]) -> list[str]:
    """Addresses of `EACH` units of every block, drawn without replacement; `widths`: channels of each block."""
    rng = np.random.default_rng(seed)
    return [f"_blocks.{b}:{int(i)}" for b in BLOCKS for i in sorted(rng.choice(widths[b], EACH, replace=False))]


def _ask(task: tuple[str, str, str]) -> dict[str, Any]:
    import torch

    from ..agent.ask import ask
    from ..targets.loaders import load_target

    torch.set_num_threads(1)
    network, address, data = task
    with tempfile.TemporaryDirectory() as runs:
        answer = ask(load_target(network).unit(address), data=data, runs=runs, page=False)
    return {
        "network": network,
        "unit": address,
        "verdict": answer.verdict,
        "formula": answer.formula,
        "labels": answer.labels,
        "explained": None if answer.explained is None else answer.explained.overall,
        "pearson": None if answer.heldout is None else answer.heldout.pearson,
        "images": answer.images,
        "seconds": answer.seconds,
    }


def run(seed: int = 0, data: str = "sketch:2000", workers: int = 2) -> dict[str, Any]:
    """Ask all units of both networks: {name, figures, answers, command}."""
    from ..targets.loaders import load_target

    target = load_target(NETWORKS[0])
    addresses = units(seed, [target.layer(f"_blocks.{b}").units for b in BLOCKS])
    for network in NETWORKS:
        _ask((network, addresses[0], data))  # dissects, so that the workers need not wait for each other
    with ProcessPoolExecutor(workers) as pool:
        answers = list(pool.map(_ask, [(network, a, data) for network in NETWORKS for a in addresses]))
    figures: dict[str, Any] = {}
    for network in NETWORKS:
        verdicts = Counter(a["verdict"] for a in answers if a["network"] == network)
        share = share_effect(verdicts["supported"], len(addresses))
        figures[network] = {
            "supported": round(share.superiority, 3),
            "interval": [round(share.low, 3), round(share.high, 3)],
            "verdicts": dict(verdicts),
        }
    return {
        "name": "supported-share",
        "figures": figures,
        "answers": answers,
        "command": f"python -m lettvin.benchmarks.supported_share {seed} FILE",
    }


if __name__ == "__main__":
    import sys

    found = run(int(sys.argv[1]))
    Path(sys.argv[2]).write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found["figures"], indent=1))
