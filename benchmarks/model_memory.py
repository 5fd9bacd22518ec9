"""How much memory the weights of generators, editors and describers need, and on which cards they run.

Counted, not measured: the parameters of each model's networks, made on the meta device from their sizes
(`diffusion_sizes.py`). A card is taken to hold weights up to `SHARE` of its memory; the rest is for what is computed. Not
covered: targets, whose weights are seldom above 1 GB, and the memory that many pictures at once need: a batch is halved
where it does not fit. `python -m lettvin.benchmarks.model_memory` prints the table of the docs.
"""

from __future__ import annotations

from functools import cache

from .diffusion_sizes import MODELS

CARDS = (4, 6, 8, 12, 16, 24, 32, 40, 48, 80)  # GB
SHARE = 0.7
GB = 1e9


@cache
def parameters(model: str) -> dict[str, int]:
    """Parameters of each network of a model."""
    import torch

    with torch.device("meta"):
        return {name: sum(p.numel() for p in made().parameters()) for name, made in MODELS[model][1].items()}


def gigabytes(model: str, bytes_each: int = 2) -> float:
    """What the weights need: 2 bytes each in half precision, 4 in single."""
    return sum(parameters(model).values()) * bytes_each / GB


def card_for(model: str) -> int | None:
    """The smallest usual card that holds it in half precision, in GB; None where none does."""
    return next((card for card in CARDS if gigabytes(model) <= SHARE * card), None)


def table() -> str:
    """The table, as Markdown."""
    rows = ["| model | for | parameters, M | half precision, GB | single, GB | a card of |"]
    rows.append("| --- | --- | --- | --- | --- | --- |")
    for model, (what, _) in MODELS.items():
        count = sum(parameters(model).values()) / 1e6
        card = card_for(model)
        told = f"{card} GB" if card is not None else "none"
        rows.append(f"| `{model}` | {what} | {count:.0f} | {gigabytes(model):.1f} | {gigabytes(model, 4):.1f} | {told} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
