"""Smaller things of work and leisure, more vehicles and buildings, as shapes of the pen."""

from __future__ import annotations

import math

from .pen import CLEAR, COAL, DARK, GLASS, LIGHT, METAL, SILVER, WOOD, Pen, tone

__all__ = ["MORE_BUILDINGS", "MORE_INSTRUMENTS", "MORE_TOOLS", "MORE_TOYS", "MORE_VEHICLES"]


def _wheel(p: Pen, x: float, y: float, r: float) -> None:
    p.part("wheels")
    p.dot(x, y, r, DARK)
    p.dot(x, y, r * 0.5, SILVER)
    p.part()


def truck(p: Pen) -> None:
    p.box(-0.4, -0.6, 1.0, 0.3, tone(), 0.03)
    for x in (-0.12, 0.16, 0.44, 0.72):
        p.line([(x, -0.54), (x, 0.24)], 0.018, tone(-0.25))
    p.box(-0.9, 0.24, 1.0, 0.36, COAL)
    p.part("cab")
    p.smooth([(-0.98, 0.3), (-0.98, 0.0), (-0.9, -0.1), (-0.84, -0.3), (-0.7, -0.36), (-0.48, -0.36),
              (-0.46, 0.3)], tone(-0.2))
    p.part("windows")
    p.poly([(-0.88, -0.06), (-0.8, -0.28), (-0.56, -0.28), (-0.56, -0.06)], GLASS)
    p.part("light")
    p.dot(-0.95, 0.14, 0.05, LIGHT)
    p.part()
    for x in (-0.7, 0.34, 0.72):
        _wheel(p, x, 0.38, 0.18)


def train(p: Pen) -> None:
    puff = p.vary(-0.04, 0.04)
    p.part("smoke")
    for x, y, r in ((-0.62, -0.62, 0.1), (-0.46, -0.72 + puff, 0.14), (-0.22, -0.78, 0.17)):
        p.dot(x, y, r, SILVER)
    p.part("chimney")
    p.poly([(-0.74, -0.16), (-0.76, -0.5), (-0.82, -0.56), (-0.48, -0.56), (-0.54, -0.5), (-0.56, -0.16)], COAL)
    p.part()
    p.box(-0.9, -0.22, 0.34, 0.26, tone(), 0.1)
    p.box(0.24, -0.6, 0.92, 0.3, tone(-0.06))
    p.box(0.14, -0.72, 1.0, -0.58, COAL, 0.03)
    p.dot(-0.2, -0.22, 0.12, tone(-0.3))
    for x in (-0.64, -0.06):
        p.box(x, -0.22, x + 0.06, 0.26, tone(-0.4))
    p.part("windows")
    p.box(0.38, -0.48, 0.76, -0.12, GLASS)
    p.part()
    p.box(-0.92, 0.24, 0.94, 0.36, DARK)
    p.poly([(-0.92, 0.28), (-1.0, 0.58), (-0.8, 0.58), (-0.76, 0.28)], METAL)
    for x, r in ((-0.56, 0.17), (-0.16, 0.17), (0.24, 0.17), (0.66, 0.24)):
        _wheel(p, x, 0.6 - r, r)
    p.line([(-0.56, 0.44), (0.24, 0.44)], 0.05, METAL)
    p.part("light")
    p.dot(-0.92, -0.02, 0.06, LIGHT)


def helicopter(p: Pen) -> None:
    spin = p.vary(-0.08, 0.08)
    p.part("rotor")
    p.line([(-0.2, -0.3), (-0.2, -0.5)], 0.06, COAL)
    p.line([(-0.98, -0.5 + spin), (0.6, -0.5 - spin)], 0.05, COAL)
    p.part("tail")
    p.limb([(0.1, -0.04), (0.6, -0.1), (0.92, -0.14)], [0.3, 0.14, 0.1], tone(-0.15))
    p.poly([(0.82, -0.12), (0.92, -0.42), (1.0, -0.42), (0.98, -0.08)], tone(-0.25))
    p.line([(0.86, -0.36), (1.0, 0.04)], 0.035, COAL)
    p.part()
    p.smooth([(-0.84, 0.1), (-0.72, -0.18), (-0.4, -0.32), (0.04, -0.28), (0.28, -0.06), (0.2, 0.2),
              (-0.1, 0.32), (-0.6, 0.3)],
             tone())
    p.part("windows")
    p.smooth([(-0.8, 0.08), (-0.68, -0.14), (-0.42, -0.24), (-0.38, 0.08)], GLASS)
    p.box(-0.28, -0.16, -0.04, 0.06, GLASS, 0.04)
    p.part("skids")
    for x in (-0.44, 0.0):
        p.line([(x, 0.28), (x, 0.46)], 0.035, COAL)
    p.line([(-0.74, 0.42), (-0.66, 0.48), (0.24, 0.48)], 0.05, COAL)


def scissors(p: Pen) -> None:
    open_ = p.vary(0.14, 0.32)
    c, s = math.cos(open_), math.sin(open_)
    for side in (1, -1):
        p.part("blades")
        p.poly([(0.0, 0.06 * side), (-0.98 * c, -0.98 * s * side), (-0.2 * c, -0.2 * s * side - 0.1 * side)], SILVER)
        p.part()
        x, y = 0.62 * c, 0.62 * s * side + 0.1 * side
        p.line([(0.0, 0.0), (x * 0.7, y * 0.7)], 0.13, tone(-0.1))
        p.oval(x, y, 0.36, 0.24, tone(0.02), 20 * side)
        p.oval(x, y, 0.22, 0.12, CLEAR, 20 * side)
    p.part("blades")
    p.dot(0, 0, 0.06, COAL)


def book(p: Pen) -> None:
    p.poly([(-0.58, -0.82), (0.62, -0.96), (0.86, -0.82), (0.86, 0.56), (-0.34, 0.86), (-0.58, 0.62)], tone(-0.35))
    p.part("pages")
    p.poly([(0.5, -0.9), (0.78, -0.78), (0.8, 0.5), (-0.3, 0.76), (-0.5, 0.6)], LIGHT)
    for d in (0.05, 0.11, 0.17):
        p.line([(-0.5 + d, 0.6 + d * 0.9), (0.5 + d, 0.36 + d * 0.8)], 0.014, METAL)
        p.line([(0.5 + d, 0.36 + d * 0.8), (0.5 + d * 1.4, -0.86 + d * 0.5)], 0.014, METAL)
    p.part()
    p.poly([(-0.72, -0.74), (0.48, -0.92), (0.52, 0.38), (-0.64, 0.62)], tone())
    p.poly([(-0.72, -0.74), (-0.54, -0.77), (-0.46, 0.59), (-0.64, 0.62)], tone(-0.3))
    p.part("label")
    p.poly([(-0.32, -0.46), (0.3, -0.56), (0.32, -0.2), (-0.3, -0.1)], LIGHT)
    p.line([(-0.2, -0.3), (0.2, -0.36)], 0.06, COAL)


def candle(p: Pen) -> None:
    p.part("flame")
    lean = p.vary(-0.06, 0.06)
    p.smooth([(lean, -1.0), (0.1, -0.74), (0.06, -0.6), (-0.06, -0.6), (-0.1, -0.74)], LIGHT)
    p.line([(0.0, -0.62), (0.0, -0.48)], 0.03, DARK)
    p.part()
    p.box(-0.2, -0.5, 0.2, 0.78, tone())
    p.oval(0, -0.5, 0.2, 0.06, tone(0.35))
    p.limb([(-0.14, -0.48), (-0.15, -0.3), (-0.14, -0.12)], [0.1, 0.1, 0.12], tone(0.3))
    p.limb([(0.1, -0.48), (0.11, -0.34), (0.1, -0.26)], [0.08, 0.08, 0.1], tone(0.3))
    p.part("holder")
    p.oval(0, 0.84, 0.5, 0.13, METAL)
    p.oval(0, 0.79, 0.32, 0.07, SILVER)
    p.oval(0.54, 0.78, 0.13, 0.12, METAL)
    p.oval(0.54, 0.78, 0.07, 0.065, CLEAR)
    p.part()
    p.box(-0.2, 0.6, 0.2, 0.78, tone(-0.12))


def clock(p: Pen) -> None:
    p.part("legs")
    p.line([(-0.5, 0.7), (-0.66, 0.94)], 0.12, COAL)
    p.line([(0.5, 0.7), (0.66, 0.94)], 0.12, COAL)
    p.part("bells")
    for s in (-1, 1):
        p.oval(0.5 * s, -0.76, 0.3, 0.2, METAL, 38 * s)
    p.part()
    p.dot(0, 0.06, 0.86, tone())
    p.part("face")
    p.dot(0, 0.06, 0.66, LIGHT)
    for i in range(12):
        t = i * math.pi / 6
        r = 0.54 if i % 3 else 0.5
        p.line([(r * math.sin(t), 0.06 - r * math.cos(t)), (0.6 * math.sin(t), 0.06 - 0.6 * math.cos(t))], 0.05, COAL)
    p.part("hands")
    h, m = p.vary(0, 6.28), p.vary(0, 6.28)
    p.line([(0, 0.06), (0.3 * math.sin(h), 0.06 - 0.3 * math.cos(h))], 0.08, DARK)
    p.line([(0, 0.06), (0.46 * math.sin(m), 0.06 - 0.46 * math.cos(m))], 0.055, DARK)
    p.dot(0, 0.06, 0.06, DARK)


def camera(p: Pen) -> None:
    p.box(-0.34, -0.66, 0.3, -0.3, tone(-0.15), 0.08)
    p.part("button")
    p.box(0.56, -0.56, 0.82, -0.42, METAL, 0.03)
    p.part()
    p.box(-0.98, -0.44, 0.98, 0.66, tone(), 0.12)
    p.box(-0.98, -0.14, 0.98, 0.36, tone(-0.3))
    p.part("lens")
    p.dot(0, 0.1, 0.5, SILVER)
    p.dot(0, 0.1, 0.42, DARK)
    p.dot(0, 0.1, 0.27, COAL)
    p.dot(0, 0.1, 0.15, DARK)
    p.dot(-0.12, -0.03, 0.07, LIGHT)
    p.part("flash")
    p.box(-0.86, -0.36, -0.56, -0.2, LIGHT, 0.03)


def tent(p: Pen) -> None:
    p.poly([(-0.14, -0.6), (0.56, -0.7), (1.0, 0.5), (0.42, 0.62)], tone(-0.3))
    p.poly([(-0.14, -0.6), (-0.92, 0.56), (0.42, 0.62)], tone())
    p.part("door")
    p.smooth([(-0.16, -0.34), (-0.34, 0.58), (0.02, 0.6)], DARK)
    p.part()
    p.poly([(-0.14, -0.6), (-0.16, -0.34), (0.02, 0.6), (0.2, 0.61)], tone(0.25))
    p.part("ropes")
    p.line([(-0.5, -0.06), (-1.0, 0.56)], 0.02, COAL)
    p.line([(-0.14, -0.6), (-0.14, -0.74)], 0.04, COAL)


def lighthouse(p: Pen) -> None:
    p.part("rock")
    p.smooth([(-0.5, 0.98), (-0.4, 0.82), (0.0, 0.76), (0.4, 0.84), (0.5, 0.98)], METAL)
    p.part()
    p.poly([(-0.22, -0.5), (0.22, -0.5), (0.34, 0.88), (-0.34, 0.88)], tone())
    p.part("bands")
    for y in (-0.22, 0.32):
        a, b = 0.22 + 0.087 * (y + 0.5), 0.22 + 0.087 * (y + 0.76)
        p.poly([(-a, y), (a, y), (b, y + 0.26), (-b, y + 0.26)], LIGHT)
    p.part("lantern")
    p.box(-0.3, -0.58, 0.3, -0.5, COAL)
    p.box(-0.17, -0.8, 0.17, -0.58, GLASS)
    for x in (-0.17, 0.0, 0.17):
        p.line([(x, -0.8), (x, -0.58)], 0.03, COAL)
    p.part("roof")
    p.poly([(-0.24, -0.78), (0.0, -1.0), (0.24, -0.78)], tone(-0.3))
    p.part("door")
    p.box(-0.08, 0.66, 0.08, 0.88, DARK, 0.05)


def drum(p: Pen) -> None:
    p.poly([(-0.8, -0.3), (0.8, -0.3), (0.8, 0.5), (-0.8, 0.5)], tone())
    p.oval(0, 0.5, 0.8, 0.26, tone())
    p.part("ropes")
    for i in range(5):
        x = -0.8 + i * 0.32
        p.line([(x, -0.2), (x + 0.16, 0.62), (x + 0.32, -0.2)], 0.035, LIGHT)
    p.part("rims")
    p.curve([(-0.8, 0.5), (-0.5, 0.71), (0.0, 0.77), (0.5, 0.71), (0.8, 0.5)], 0.09, METAL)
    p.oval(0, -0.3, 0.84, 0.29, METAL)
    p.part("skin")
    p.oval(0, -0.33, 0.78, 0.25, LIGHT)
    p.part("sticks")
    for a, b in (((-0.1, -0.34), (-0.86, -0.76)), ((0.2, -0.3), (0.92, -0.78))):
        p.line([a, b], 0.06, WOOD)
        p.dot(a[0], a[1], 0.075, WOOD)


def trumpet(p: Pen) -> None:
    p.part("mouthpiece")
    p.box(0.86, -0.16, 1.0, 0.0, SILVER, 0.03)
    p.part()
    p.line([(0.9, -0.08), (-0.4, -0.08)], 0.1, tone())
    p.curve([(0.3, -0.08), (0.56, 0.06), (0.5, 0.3), (0.2, 0.32), (-0.24, 0.32), (-0.44, 0.2),
             (-0.3, -0.06)], 0.09, tone(-0.12))
    p.smooth([(-0.98, -0.5), (-0.86, -0.3), (-0.6, -0.14), (-0.3, -0.12), (-0.3, -0.03), (-0.6, -0.02), (-0.86, 0.14),
              (-0.98, 0.34)], tone(0.05))
    p.oval(-0.97, -0.08, 0.07, 0.42, tone(-0.35))
    p.part("valves")
    for x in (-0.1, 0.08, 0.26):
        p.box(x - 0.06, -0.22, x + 0.06, 0.42, SILVER, 0.03)
        p.line([(x, -0.22), (x, -0.36)], 0.04, METAL)
        p.box(x - 0.07, -0.42, x + 0.07, -0.36, SILVER, 0.02)


def piano(p: Pen) -> None:
    p.part("legs")
    for x in (-0.84, 0.84):
        p.box(x - 0.08, 0.2, x + 0.08, 0.9, tone(-0.35))
    p.part()
    p.box(-0.92, -0.86, 0.92, 0.8, tone())
    p.box(-1.0, -0.94, 1.0, -0.82, tone(0.12), 0.03)
    p.box(-0.7, -0.7, 0.7, -0.16, tone(-0.2))
    p.box(-0.74, 0.36, 0.74, 0.72, tone(-0.25))
    p.part("keys")
    p.box(-0.98, 0.0, 0.98, 0.26, COAL)
    p.box(-0.94, -0.06, 0.94, 0.17, LIGHT)
    for i in range(1, 14):
        x = -0.94 + i * 1.88 / 14
        p.line([(x, -0.04), (x, 0.16)], 0.014, METAL)
        if i % 7 not in (3, 0):
            p.box(x - 0.035, -0.06, x + 0.035, 0.08, DARK)
    p.part()
    p.box(-1.0, 0.2, 1.0, 0.32, tone(-0.1))


def kite(p: Pen) -> None:
    p.part("tail")
    sway = p.vary(-0.12, 0.12)
    p.curve([(0.1, 0.3), (0.24 + sway, 0.5), (0.06, 0.72), (0.2 - sway, 0.98)], 0.03, COAL)
    for x, y in ((0.23 + sway, 0.5), (0.07, 0.7), (0.16 - sway, 0.88)):
        p.poly([(x, y), (x - 0.12, y - 0.08), (x - 0.1, y + 0.08)], SILVER)
        p.poly([(x, y), (x + 0.12, y - 0.08), (x + 0.1, y + 0.08)], SILVER)
    p.part()
    p.poly([(0.0, -0.98), (-0.56, -0.44), (0.0, -0.44)], tone(0.2))
    p.poly([(0.0, -0.98), (0.56, -0.44), (0.0, -0.44)], tone(-0.05))
    p.poly([(-0.56, -0.44), (0.1, 0.36), (0.0, -0.44)], tone(-0.18))
    p.poly([(0.56, -0.44), (0.1, 0.36), (0.0, -0.44)], tone(-0.34))
    p.part("sticks")
    p.line([(0.0, -0.98), (0.02, -0.44), (0.1, 0.36)], 0.03, WOOD)
    p.line([(-0.56, -0.44), (0.56, -0.44)], 0.03, WOOD)


def balloon(p: Pen) -> None:
    p.part("string")
    sway = p.vary(-0.1, 0.1)
    p.curve([(0.0, 0.4), (sway, 0.6), (-sway, 0.8), (0.0, 1.0)], 0.025, COAL)
    p.part()
    p.smooth([(0.0, -1.0), (0.4, -0.88), (0.56, -0.5), (0.46, -0.1), (0.16, 0.28), (0.0, 0.34), (-0.16, 0.28),
              (-0.46, -0.1),
              (-0.56, -0.5), (-0.4, -0.88)], tone())
    p.poly([(0.0, 0.3), (-0.1, 0.44), (0.1, 0.44)], tone(-0.25))
    p.oval(-0.26, -0.6, 0.1, 0.2, tone(0.5), 24)


MORE_VEHICLES = {"truck": truck, "train": train, "helicopter": helicopter}
MORE_TOOLS = {"scissors": scissors, "book": book, "candle": candle, "clock": clock, "camera": camera}
MORE_BUILDINGS = {"tent": tent, "lighthouse": lighthouse}
MORE_INSTRUMENTS = {"drum": drum, "trumpet": trumpet, "piano": piano}
MORE_TOYS = {"kite": kite, "balloon": balloon}
