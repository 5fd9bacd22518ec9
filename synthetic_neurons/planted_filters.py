"""The filters of a planted network as numbers: Gabor pairs, colour tents, centre and surround, arcs; no training, no torch.

Covered: each filter's weights from its own formula, normalised so that its own best stimulus at full contrast (0 to 1) is
answered by about 1, and the formula of how it is tuned. Pictures are 224 x 224, values 0 to 1; `pooled` by 2, 4 or 8 before
a filter. Angles in degrees, y down, of the lines: vertical 90, horizontal 0, falling 45, rising 135. Not covered: how they
are put together (`planted.py`), and which units they make (`planted_units.py`).
"""

from __future__ import annotations

import math

import numpy as np

SIDE = 224
CELL = 8  # pixels of the picture to a cell of a map
ORIENTATIONS = tuple(22.5 * i for i in range(8))
ORIENTED = {"horizontal": 0, "falling": 2, "vertical": 4, "rising": 6}
BANDS: dict[str, tuple[float, int]] = {"fine": (12.0, 2), "moderate": (30.0, 4), "coarse": (69.0, 8)}
"""Period of a band in pixels of the picture, the middle of the drawn world's, and how far the picture is pooled for it."""
ENVELOPE = 0.6  # sd of a Gabor's envelope, in periods
AXES = {"luminance": (0.299, 0.587, 0.114), "red-green": (1.0, -1.0, 0.0), "blue-yellow": (-0.5, -0.5, 1.0)}
RADII = {"small": (6.0, 2), "medium": (12.0, 4), "large": (24.0, 8)}
"""Radius in pixels of the disc that a centre-surround filter answers most, and the pooling."""
SURROUND = 1.6  # sd of the surround over that of the centre
TENT = 0.35  # distance from a colour at which its tent is 0
ARC_RADIUS = 40.0  # pixels
ARC = (-45.0, -22.5, 0.0, 22.5, 45.0)  # degrees along an arc at which its tangents are looked for


def attenuation(angle: float, period: float, pooled: int) -> float:
    """What averaging over `pooled` x `pooled` pixels leaves of a grating's amplitude."""
    left = 1.0
    for part in (math.sin(math.radians(angle)), math.cos(math.radians(angle))):  # the wave runs across the lines
        turn = math.pi * part / period
        left *= 1.0 if abs(turn) < 1e-9 else math.sin(pooled * turn) / (pooled * math.sin(turn))
    return left


def gabor_pair(angle: float, period: float, pooled: int) -> np.ndarray:
    """Even and odd Gabor filters for lines at that angle: 2 x k x k; sin and cos of the same wave, neither sees evenness.

    Of a grating 0.5 + 0.5 cos at its own angle and period the root of the summed squares is 1, whatever the phase.
    """
    wave, sd = period / pooled, ENVELOPE * period / pooled
    reach = math.ceil(2.5 * sd)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float64)
    across = -x * math.sin(math.radians(angle)) + y * math.cos(math.radians(angle))
    envelope = np.exp(-(x**2 + y**2) / (2 * sd**2))
    even, odd = (envelope * f(2 * math.pi * across / wave) for f in (np.cos, np.sin))
    even -= envelope * even.sum() / envelope.sum()
    gain = 0.5 * (even * np.cos(2 * math.pi * across / wave)).sum() * attenuation(angle, period, pooled)
    odd_gain = 0.5 * (odd * np.sin(2 * math.pi * across / wave)).sum() * attenuation(angle, period, pooled)
    return np.stack([even / gain, odd / odd_gain])


def gabor_tuning(angle: float, period: float, at_angle: float, at_period: float) -> float:
    """How strongly a pair answers a grating of another angle and period, its own being 1: a Gaussian of wave vectors."""
    own = np.array([-math.sin(math.radians(angle)), math.cos(math.radians(angle))]) / period
    other = np.array([-math.sin(math.radians(at_angle)), math.cos(math.radians(at_angle))]) / at_period
    apart = min(np.linalg.norm(own - other), np.linalg.norm(own + other))  # a wave and its opposite are the same grating
    return float(np.exp(-2 * (math.pi * ENVELOPE * period * apart) ** 2))


def centre_surround(radius: float, pooled: int) -> np.ndarray:
    """Centre minus surround, k x k: of a white disc of that radius on black 1 at its middle, of an even field 0."""
    # the difference of Gaussians changes sign at this radius, and a disc that just fills its middle is answered most
    sd = radius / pooled / math.sqrt(2 * SURROUND**2 * math.log(SURROUND**2) / (SURROUND**2 - 1))
    reach = math.ceil(3 * SURROUND * sd)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float64)
    far = x**2 + y**2
    centre, surround = (np.exp(-far / (2 * s**2)) / s**2 for s in (sd, SURROUND * sd))
    difference = centre / centre.sum() - surround / surround.sum()
    best = 2 * math.log(SURROUND**2) * SURROUND**2 / (SURROUND**2 - 1)  # (radius / sd) squared
    answer = math.exp(-best / (2 * SURROUND**2)) - math.exp(-best / 2)
    return np.asarray(difference / answer)


def colour_point(colour: tuple[int, int, int]) -> np.ndarray:
    """A colour (RGB, 0 to 255) on the axes luminance, red-green, blue-yellow."""
    return np.asarray(np.array(list(AXES.values())) @ (np.array(colour) / 255))


def tent_weights(point: np.ndarray) -> np.ndarray:
    """How much a distance on each axis counts: brightness for half where there is a hue, which shading leaves as it is."""
    return np.array([0.5 if np.abs(point[1:]).sum() > 0.15 else 1.0, 1.0, 1.0])


def arc_weights(direction: float) -> np.ndarray:
    """Where the tangents of an arc are, seen from its centre: orientations x k x k, in cells; one summed weight a tangent.

    `direction`: the way the arc bulges, degrees, y down (0 right, 90 down). A map of tangents is correlated with it.
    """
    reach = math.ceil(ARC_RADIUS / CELL) + 1
    weights = np.zeros((len(ORIENTATIONS), 2 * reach + 1, 2 * reach + 1))
    for offset in ARC:
        turn = direction + offset
        tangent = round(((turn + 90) % 180) / 22.5) % len(ORIENTATIONS)
        x, y = (ARC_RADIUS / CELL * f(math.radians(turn)) + reach for f in (math.cos, math.sin))
        for row in (math.floor(y), math.floor(y) + 1):
            for column in (math.floor(x), math.floor(x) + 1):
                weights[tangent, row, column] += (1 - abs(y - row)) * (1 - abs(x - column))
    return weights
