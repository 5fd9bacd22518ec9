"""SoftWPMI, the score by which CLIP-Dissect names a unit: which concept do the unit's strongest pictures have?

Covered: the score of every concept for every unit, as Oikarinen and Weng (2023) define it, a unit's 20,000 concepts over 5,000
pictures in a few milliseconds. With S the softmax of 10 times the concept scores of a picture, p falling evenly from .998 to
.97 over a unit's 100 strongest pictures, and D the sum over these of log(1 + p (S - 1) + 1e-7), the score is
D - (logsumexp of D over units - log of their number). So a unit's scores depend on which units are scored beside it. Not
covered: where concept scores come from (`looks.py`).

A logarithm of a product is taken in place of a sum of logarithms, twelve pictures at a time: no factor is below .002, so that
twelve of them stay within float32.
"""

from __future__ import annotations

import numpy as np

STRONGEST = 100
SHARPNESS = 10.0
FIRST, LAST = 0.998, 0.97
LEAST = 1e-7
TOGETHER = 12
COLUMNS = 4096  # concepts that are worked on at once: what is touched stays in the processor's cache


def concept_shares(scores: np.ndarray) -> np.ndarray:
    """The softmax over concepts of 10 times the scores, less 1: float32, pictures x concepts.

    `scores`: of every concept for every picture, such as cosines of embeddings. The 1 is taken off here, once for all units.
    """
    shares = np.asarray(scores, np.float32) * np.float32(SHARPNESS)
    shares -= shares.max(axis=1, keepdims=True)
    np.exp(shares, out=shares)
    shares /= shares.sum(axis=1, keepdims=True)
    shares -= np.float32(1)
    return shares


def likelihood(shares: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    """D of one unit: float32, concepts.

    `shares`: as `concept_shares` gives them. `peaks`: the unit's activation on the pictures, all taken where they are few.
    """
    top = np.argsort(-peaks, kind="stable")[:STRONGEST]
    wanted = probabilities(len(top))
    concepts = shares.shape[1]
    found = np.zeros(concepts, np.float32)
    room = np.empty((2, min(COLUMNS, concepts)), np.float32)
    for start in range(0, concepts, COLUMNS):
        stop = min(start + COLUMNS, concepts)
        product, factor = room[0, : stop - start], room[1, : stop - start]
        for first in range(0, len(top), TOGETHER):
            product.fill(1)
            for row, p in zip(top[first : first + TOGETHER], wanted[first : first + TOGETHER], strict=True):
                np.multiply(shares[row, start:stop], p, out=factor)
                factor += np.float32(1 + LEAST)
                product *= factor
            np.log(product, out=product)
            found[start:stop] += product
    return found


def probabilities(n: int) -> np.ndarray:
    """How surely each of the `n` strongest pictures counts as one that the unit answers to: float32, n."""
    return (FIRST - np.arange(n) / n * (FIRST - LAST)).astype(np.float32)


def softwpmi(shares: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    """The scores: float32, units x concepts; the largest of a row is the unit's concept.

    `shares`: as `concept_shares` gives them, pictures x concepts. `peaks`: pictures x units.
    """
    if len(shares) != len(peaks):
        raise ValueError(f"{len(shares)} pictures have concept scores and {len(peaks)} have activations")
    found = np.stack([likelihood(shares, peaks[:, unit]) for unit in range(peaks.shape[1])])
    most = found.max(axis=0)
    prior = most + np.log(np.exp(found - most).sum(axis=0)) - np.float32(np.log(len(found)))
    found -= prior
    return found
