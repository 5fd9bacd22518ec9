"""Plants and food as shapes of the pen. Not covered: colour, pose, shading (`figures`)."""

from __future__ import annotations

import math

from .pen import COAL, LIGHT, SHELL, SILVER, STALK, WOOD, Pen, tone

__all__ = ["FOOD", "PLANTS"]


def tree(p: Pen) -> None:
    lean = p.vary(-0.06, 0.06)
    p.part("trunk")
    p.limb([(0.02, 0.98), (lean, 0.5), (lean, 0.0)], [0.3, 0.18, 0.14], WOOD)
    p.limb([(lean, 0.34), (lean - 0.3, 0.0)], [0.1, 0.05], WOOD)
    p.limb([(lean, 0.24), (lean + 0.3, -0.05)], [0.1, 0.05], WOOD)
    p.part()
    for x, y, r, light in ((0.4, 0.0, 0.36, -0.25), (-0.42, 0.02, 0.35, -0.2), (0.0, 0.06, 0.34, -0.3),
                           (0.34, -0.38, 0.38, -0.05), (-0.36, -0.36, 0.38, 0.0), (0.0, -0.58, 0.4, 0.1),
                           (-0.08, -0.22, 0.36, 0.0), (-0.2, -0.56, 0.22, 0.2)):
        x, y, r = x + lean + p.vary(-0.04, 0.04), y + p.vary(-0.04, 0.04), r
        ring = [(x + r * (1 + 0.1 * (i % 2)) * math.cos(i * math.pi / 7),
                 y + r * (1 + 0.1 * (i % 2)) * math.sin(i * math.pi / 7))
                for i in range(14)]
        p.smooth(ring, tone(light))


def flower(p: Pen) -> None:
    lean = p.vary(-0.12, 0.12)
    p.part("stem")
    p.curve([(0.0, -0.4), (lean, 0.3), (0.0, 1.0)], 0.07, STALK)
    p.part("leaves")
    p.smooth([(lean, 0.66), (0.24, 0.3), (0.54, 0.24), (0.42, 0.54)], STALK)
    p.smooth([(lean, 0.82), (-0.22, 0.5), (-0.5, 0.44), (-0.4, 0.72)], STALK)
    p.part()
    turn = p.vary(0, 0.7)
    for i in range(7):
        t = turn + i * 2 * math.pi / 7
        p.oval(0.36 * math.cos(t), -0.42 + 0.36 * math.sin(t), 0.26, 0.165, tone(-0.12 if i % 2 else 0.08),
               math.degrees(t))
    p.part("centre")
    p.dot(0, -0.42, 0.19, COAL)
    p.dot(-0.03, -0.45, 0.11, WOOD)


def mushroom(p: Pen) -> None:
    p.part("stem")
    p.smooth([(-0.2, 0.0), (0.2, 0.0), (0.22, 0.5), (0.32, 0.94), (-0.32, 0.94), (-0.22, 0.5)], SHELL)
    p.smooth([(-0.34, 0.2), (0.34, 0.2), (0.26, 0.36), (-0.26, 0.36)], LIGHT)
    p.part()
    p.smooth([(-0.94, 0.12), (-0.8, -0.44), (-0.36, -0.86), (0.0, -0.94), (0.36, -0.86), (0.8, -0.44),
              (0.94, 0.12), (0.5, 0.2),
              (0.0, 0.12), (-0.5, 0.2)], tone())
    p.smooth([(-0.92, 0.12), (-0.4, 0.05), (0.4, 0.05), (0.92, 0.12), (0.4, 0.2), (-0.4, 0.2)], tone(-0.4))


def apple(p: Pen) -> None:
    p.smooth([(0.0, -0.56), (0.3, -0.7), (0.72, -0.58), (0.9, -0.1), (0.7, 0.56), (0.34, 0.9), (0.0, 0.82),
              (-0.34, 0.9),
              (-0.7, 0.56), (-0.9, -0.1), (-0.72, -0.58), (-0.3, -0.7)], tone())
    p.smooth([(-0.6, -0.36), (-0.4, -0.5), (-0.36, -0.2), (-0.52, 0.1), (-0.66, -0.06)], tone(0.4))
    p.smooth([(-0.24, -0.56), (0.0, -0.5), (0.24, -0.56), (0.0, -0.44)], tone(-0.5))
    p.part("stem")
    p.limb([(0.0, -0.5), (0.04, -0.74), (0.12, -0.96)], [0.06, 0.06, 0.09], WOOD)
    p.part("leaf")
    p.smooth([(0.06, -0.72), (0.24, -0.96), (0.56, -0.96), (0.42, -0.76)], STALK)


def banana(p: Pen) -> None:
    p.limb([(-0.86, -0.52), (-0.6, 0.16), (0.0, 0.5), (0.84, 0.24)], [0.2, 0.44, 0.5, 0.14], tone())
    p.curve([(-0.76, -0.4), (-0.42, 0.16), (0.06, 0.36), (0.8, 0.22)], 0.06, tone(-0.3))
    p.limb([(-0.92, -0.36), (-0.72, 0.24), (-0.1, 0.64)], [0.06, 0.1, 0.02], tone(0.3))
    p.part("stem")
    p.limb([(-0.86, -0.5), (-0.9, -0.72)], [0.17, 0.15], COAL)
    p.dot(0.86, 0.23, 0.07, COAL)


def carrot(p: Pen) -> None:
    p.part("leaves")
    for dy, reach in ((-0.3, 0.96), (0.0, 1.02), (0.3, 0.94), (-0.16, 0.9), (0.17, 0.88)):
        p.limb([(0.46, dy * 0.2), (0.7, dy * 0.6), (reach, dy * 1.3)], [0.05, 0.12, 0.05], STALK)
    p.part()
    p.smooth([(-1.0, 0.04), (-0.5, -0.14), (0.0, -0.24), (0.42, -0.3), (0.56, -0.14), (0.56, 0.14),
              (0.42, 0.3), (0.0, 0.26),
              (-0.5, 0.18)], tone())
    for x, y0, y1 in ((-0.46, -0.1, 0.02), (-0.1, 0.06, 0.2), (0.12, -0.22, -0.06), (0.34, 0.04, 0.22),
                      (-0.26, -0.16, -0.08)):
        p.line([(x, y0), (x + 0.02, y1)], 0.028, tone(-0.35))


def cactus(p: Pen) -> None:
    p.part("pot")
    p.poly([(-0.4, 0.56), (0.4, 0.56), (0.3, 0.98), (-0.3, 0.98)], SHELL)
    p.box(-0.46, 0.48, 0.46, 0.62, SHELL, 0.03)
    p.line([(-0.4, 0.64), (0.4, 0.64)], 0.03, WOOD)
    p.part()
    p.limb([(-0.1, 0.16), (-0.5, 0.1), (-0.52, -0.36)], [0.2, 0.22, 0.2], tone(-0.1))
    p.limb([(0.1, -0.02), (0.48, -0.1), (0.5, -0.54)], [0.2, 0.22, 0.2], tone(-0.16))
    p.limb([(0.0, 0.54), (0.0, -0.2), (0.0, -0.8)], [0.4, 0.42, 0.32], tone())
    for x in (-0.1, 0.0, 0.1):
        p.curve([(x, 0.48), (x * 1.1, -0.2), (x * 0.6, -0.8)], 0.022, tone(-0.3))
    p.part("spines")
    for i in range(9):
        y = 0.4 - i * 0.15
        for x in (-0.2, -0.05, 0.06, 0.2):
            p.line([(x - 0.03, y - 0.03), (x + 0.03, y + 0.01)], 0.014, LIGHT)


def cherry(p: Pen) -> None:
    sway = p.vary(-0.06, 0.06)
    p.part("stem")
    p.curve([(-0.46, 0.26), (-0.3, -0.3), (0.16 + sway, -0.86)], 0.05, STALK)
    p.curve([(0.46, 0.38), (0.4, -0.2), (0.16 + sway, -0.86)], 0.05, STALK)
    p.part("leaf")
    p.smooth([(0.16 + sway, -0.86), (0.42, -0.98), (0.82, -0.8), (0.5, -0.64)], STALK)
    p.part()
    for x, y in ((-0.46, 0.5), (0.46, 0.6)):
        p.dot(x, y, 0.4, tone())
        p.smooth([(x - 0.12, y - 0.36), (x, y - 0.3), (x + 0.12, y - 0.36), (x, y - 0.26)], tone(-0.45))
        p.oval(x - 0.16, y - 0.12, 0.07, 0.11, tone(0.5), 30)


def cake(p: Pen) -> None:
    p.part("candles")
    for x in (-0.4, 0.0, 0.4):
        p.line([(x, -0.3), (x, -0.66)], 0.09, LIGHT)
        p.smooth([(x, -0.98), (x + 0.06, -0.82), (x, -0.72), (x - 0.06, -0.82)], SHELL)
    p.part()
    p.box(-0.86, -0.24, 0.86, 0.66, tone())
    p.oval(0, 0.66, 0.86, 0.2, tone())
    p.box(-0.86, 0.3, 0.86, 0.36, tone(-0.3))
    p.part("icing")
    p.oval(0, -0.24, 0.88, 0.2, LIGHT)
    drops = [(-0.88, -0.22), (-0.86, 0.06), (-0.68, 0.12), (-0.56, -0.02), (-0.36, 0.2), (-0.14, 0.04),
             (0.06, 0.24), (0.24, 0.04),
             (0.46, 0.18), (0.62, 0.0), (0.78, 0.1), (0.88, -0.22)]
    p.smooth(drops, LIGHT)
    p.oval(0, -0.24, 0.72, 0.13, SHELL)
    p.part("candles")
    for x in (-0.4, 0.0, 0.4):
        p.line([(x, -0.26), (x, -0.6)], 0.09, LIGHT)
    p.part("plate")
    p.curve([(-0.98, 0.7), (-0.6, 0.86), (0.0, 0.92), (0.6, 0.86), (0.98, 0.7)], 0.07, SILVER)


def pumpkin(p: Pen) -> None:
    p.part("stem")
    p.limb([(0.0, -0.5), (0.02, -0.7), (0.14, -0.84)], [0.2, 0.14, 0.16], STALK)
    p.part()
    for x, r, light in ((-0.58, 0.4, -0.2), (0.58, 0.4, -0.25), (-0.3, 0.44, -0.06), (0.3, 0.44, -0.1),
                        (0.0, 0.36, 0.1)):
        p.oval(x, 0.12, r, 0.66 if abs(x) < 0.5 else 0.56, tone(light))
    for x in (-0.32, 0.32):
        p.curve([(x * 0.5, -0.46), (x * 1.1, 0.1), (x * 0.6, 0.72)], 0.035, tone(-0.4))


PLANTS = {"tree": tree, "flower": flower, "mushroom": mushroom, "cactus": cactus}
FOOD = {"apple": apple, "banana": banana, "carrot": carrot, "cherry": cherry, "cake": cake,
        "pumpkin": pumpkin}
