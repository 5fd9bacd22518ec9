"""Buildings, body parts, instruments and toys as shapes of the pen."""

from __future__ import annotations

import math

from .pen import COAL, DARK, GLASS, LIGHT, METAL, SILVER, WOOD, Pen, tone

__all__ = ["BODY", "BUILDINGS", "INSTRUMENTS", "TOYS"]


def house(p: Pen) -> None:
    p.part("chimney")
    p.box(0.42, -0.84, 0.62, -0.3, METAL)
    p.part()
    p.box(-0.82, -0.14, 0.82, 0.88, tone())
    p.box(0.5, -0.14, 0.82, 0.88, tone(-0.12))
    p.part("roof")
    p.poly([(-1.0, -0.1), (-0.56, -0.8), (0.56, -0.8), (1.0, -0.1)], COAL)
    p.poly([(-1.0, -0.1), (-0.96, -0.17), (0.96, -0.17), (1.0, -0.1)], DARK)
    p.part("door")
    p.box(-0.16, 0.3, 0.18, 0.88, WOOD)
    p.dot(0.1, 0.6, 0.035, LIGHT)
    p.part("windows")
    for x in (-0.66, 0.34):
        p.box(x - 0.03, 0.1, x + 0.33, 0.5, LIGHT)
        p.box(x, 0.13, x + 0.3, 0.47, GLASS)
        p.line([(x + 0.15, 0.13), (x + 0.15, 0.47)], 0.03, LIGHT)
        p.line([(x, 0.3), (x + 0.3, 0.3)], 0.03, LIGHT)


def castle(p: Pen) -> None:
    p.part("flag")
    p.line([(0.0, -0.5), (0.0, -1.0)], 0.03, DARK)
    p.poly([(0.0, -1.0), (0.3, -0.92), (0.0, -0.82)], LIGHT)
    p.part()
    p.box(-0.3, -0.5, 0.3, 0.5, tone(-0.15))
    for x in (-0.3, -0.06, 0.18):
        p.box(x, -0.62, x + 0.12, -0.5, tone(-0.15))
    p.box(-0.7, 0.0, 0.7, 0.92, tone(0.02))
    for i in range(6):
        p.box(-0.56 + i * 0.2, -0.1, -0.46 + i * 0.2, 0.0, tone(0.02))
    for s in (-1, 1):
        x0, x1 = sorted((0.56 * s, 1.0 * s))
        p.box(x0, -0.4, x1, 0.92, tone(0.08 if s < 0 else -0.06))
        p.box(x0 - 0.03, -0.46, x1 + 0.03, -0.3, tone(0.08 if s < 0 else -0.06))
        for dx in (0.0, 0.17, 0.34):
            p.box(x0 - 0.03 + dx, -0.58, x0 + 0.13 + dx, -0.44, tone(0.08 if s < 0 else -0.06))
    p.part("windows")
    for x, y in ((-0.78, -0.1), (0.78, -0.1), (-0.12, -0.3), (0.12, -0.3)):
        p.box(x - 0.05, y, x + 0.05, y + 0.22, DARK, 0.04)
    p.part("door")
    p.smooth([(-0.22, 0.92), (-0.22, 0.5), (0.0, 0.26), (0.22, 0.5), (0.22, 0.92)], DARK)
    p.box(-0.22, 0.8, 0.22, 0.92, DARK)


def hand(p: Pen) -> None:
    spread = p.vary(0.8, 1.15)
    p.part("fingers")
    for x, tip, reach in ((-0.3, -0.44, -0.72), (-0.1, -0.14, -0.94), (0.1, 0.14, -0.96), (0.28, 0.42, -0.76)):
        p.limb([(x, 0.1), ((x + tip) / 2, (reach - 0.1) / 2), (tip * spread, reach)], [0.21, 0.19, 0.15], tone(0.02))
    p.limb([(0.3, 0.5), (0.56, 0.24), (0.76, -0.08)], [0.3, 0.2, 0.15], tone(0.0))
    p.part()
    p.smooth([(-0.42, 0.0), (-0.1, -0.1), (0.36, -0.02), (0.46, 0.36), (0.28, 0.7), (0.26, 1.0), (-0.24, 1.0),
              (-0.26, 0.72),
              (-0.44, 0.4)], tone())
    p.curve([(0.3, 0.16), (0.06, 0.3), (-0.02, 0.64)], 0.03, tone(-0.3))
    p.curve([(-0.36, 0.26), (-0.1, 0.16), (0.14, 0.1)], 0.03, tone(-0.3))


def eye(p: Pen) -> None:
    look = p.vary(-0.12, 0.12)
    for i in range(7):
        x = -0.66 + i * 0.22
        p.line([(x, -0.3 - 0.14 * (1 - (x / 0.8) ** 2)), (x * 1.2, -0.56)], 0.035, DARK)
    p.smooth([(-1.0, 0.06), (-0.5, -0.4), (0.0, -0.5), (0.5, -0.4), (1.0, 0.02), (0.5, 0.4), (0.0, 0.48),
              (-0.5, 0.38)], DARK)
    p.smooth([(-0.92, 0.06), (-0.46, -0.3), (0.0, -0.4), (0.46, -0.3), (0.92, 0.03), (0.46, 0.34),
              (0.0, 0.42), (-0.46, 0.33)],
             LIGHT)
    p.part("iris")
    p.dot(look, 0.0, 0.38, tone(-0.3))
    p.dot(look, 0.0, 0.34, tone())
    p.part("pupil")
    p.dot(look, 0.0, 0.16, DARK)
    p.dot(look - 0.12, -0.14, 0.07, LIGHT)


def guitar(p: Pen) -> None:
    p.part("neck")
    p.box(-0.06, -0.78, 0.06, 0.0, COAL)
    p.poly([(-0.08, -0.76), (-0.11, -1.0), (0.11, -1.0), (0.08, -0.76)], DARK)
    for y in (-0.95, -0.84):
        p.dot(-0.12, y, 0.03, SILVER)
        p.dot(0.12, y, 0.03, SILVER)
    p.part()
    p.smooth([(0.0, -0.12), (0.2, -0.12), (0.28, 0.06), (0.22, 0.28), (0.36, 0.52), (0.36, 0.8), (0.16, 0.98),
              (-0.16, 0.98),
              (-0.36, 0.8), (-0.36, 0.52), (-0.22, 0.28), (-0.28, 0.06), (-0.2, -0.12)], tone())
    p.dot(0, 0.3, 0.12, DARK)
    p.box(-0.14, 0.66, 0.14, 0.72, DARK)
    p.part("strings")
    for x in (-0.03, 0.0, 0.03):
        p.line([(x, -0.9), (x, 0.68)], 0.011, SILVER)


def ball(p: Pen) -> None:
    p.dot(0, 0, 1.0, tone())
    p.part("band")
    turn = p.vary(-0.5, 0.5)
    c, s = math.cos(turn), math.sin(turn)
    for bow in (0.35, -0.35):
        arc = [(-0.93, bow * 0.9), (-0.5, bow * 0.45), (0.0, bow * 0.3), (0.5, bow * 0.45), (0.93, bow * 0.9)]
        p.curve([(x * c - y * s, x * s + y * c) for x, y in arc], 0.06, LIGHT)
    p.part()
    p.oval(-0.4, -0.45, 0.2, 0.13, tone(0.5), -40)


def star(p: Pen) -> None:
    tips = []
    for i in range(10):
        r = 1.0 if i % 2 == 0 else 0.44
        t = -math.pi / 2 + i * math.pi / 5
        tips.append((r * math.cos(t), r * math.sin(t) + 0.06))
    p.poly(tips, tone())
    for i in range(0, 10, 2):
        p.poly([(0, 0.06), tips[i], tips[(i + 1) % 10]], tone(-0.12))
        p.poly([(0, 0.06), tips[i], tips[i - 1]], tone(0.14))


BUILDINGS = {"house": house, "castle": castle}
BODY = {"hand": hand, "eye": eye}
INSTRUMENTS = {"guitar": guitar}
TOYS = {"ball": ball, "star": star}
