"""Vehicles, each heading left, as shapes of the pen. Not covered: colour, pose, shading (`figures`)."""

from __future__ import annotations

from .pen import COAL, DARK, GLASS, LIGHT, METAL, SILVER, WOOD, Pen, tone

__all__ = ["VEHICLES"]


def _wheel(p: Pen, x: float, y: float, r: float) -> None:
    p.part("wheels")
    p.dot(x, y, r, DARK)
    p.dot(x, y, r * 0.58, SILVER)
    p.dot(x, y, r * 0.22, COAL)
    p.part()


def car(p: Pen) -> None:
    roof = p.vary(-0.06, 0.04)
    p.smooth([(-0.98, 0.2), (-0.97, -0.02), (-0.82, -0.1), (-0.5, -0.14), (-0.28, -0.42 + roof), (0.0, -0.48 + roof),
              (0.34, -0.44 + roof), (0.64, -0.14), (0.9, -0.08), (0.98, 0.06), (0.96, 0.26), (0.6, 0.3), (-0.8, 0.3)],
             tone())
    p.box(-0.94, 0.16, 0.94, 0.31, tone(-0.25), 0.05)
    p.part("windows")
    p.poly([(-0.4, -0.13), (-0.22, -0.36 + roof), (0.02, -0.39 + roof), (0.02, -0.12)], GLASS)
    p.poly([(0.09, -0.12), (0.09, -0.39 + roof), (0.3, -0.36 + roof), (0.5, -0.12)], GLASS)
    p.poly([(-0.3, -0.13), (-0.16, -0.33 + roof), (-0.08, -0.34 + roof), (-0.2, -0.13)], LIGHT)
    p.part()
    p.line([(0.055, -0.1), (0.055, 0.16)], 0.018, tone(-0.4))
    p.line([(0.14, -0.03), (0.24, -0.03)], 0.03, tone(-0.4))
    p.part("light")
    p.oval(-0.91, 0.02, 0.06, 0.05, LIGHT)
    p.oval(0.94, 0.04, 0.035, 0.05, METAL)
    p.part()
    for x in (-0.58, 0.6):
        p.part("wheels")  # with its arch: without wheels, a body of one piece
        p.dot(x, 0.28, 0.235, tone(-0.5))
        _wheel(p, x, 0.3, 0.2)


def bus(p: Pen) -> None:
    p.box(-1.0, -0.5, 1.0, 0.36, tone(), 0.1)
    p.box(-0.99, 0.12, 0.99, 0.2, tone(0.35))
    p.box(-0.96, 0.28, 0.96, 0.36, tone(-0.3))
    p.part("windows")
    for i in range(5):
        x = -0.6 + i * 0.32
        p.box(x, -0.38, x + 0.26, -0.04, GLASS, 0.03)
    p.box(-0.97, -0.38, -0.68, 0.0, GLASS, 0.03)
    p.poly([(-0.9, -0.06), (-0.8, -0.34), (-0.74, -0.34), (-0.84, -0.06)], LIGHT)
    p.part("light")
    p.dot(-0.93, 0.22, 0.045, LIGHT)
    p.part()
    for x in (-0.6, 0.58):
        p.part("wheels")  # with its arch: without wheels, a body of one piece
        p.dot(x, 0.36, 0.2, tone(-0.5))
        _wheel(p, x, 0.38, 0.165)


def airplane(p: Pen) -> None:
    p.part("tail")
    p.poly([(0.6, -0.06), (0.82, -0.5), (0.98, -0.5), (0.9, 0.0)], tone(-0.1))
    p.part("wing")
    p.poly([(-0.1, -0.1), (0.28, -0.42), (0.42, -0.42), (0.22, -0.08)], tone(-0.35))
    p.part()
    p.smooth([(-1.0, 0.04), (-0.9, -0.1), (-0.6, -0.18), (0.2, -0.18), (0.7, -0.1), (1.0, -0.04),
              (0.92, 0.04), (0.5, 0.14),
              (-0.3, 0.2), (-0.8, 0.17)], tone())
    p.smooth([(-0.9, 0.1), (-0.4, 0.12), (0.5, 0.06), (0.3, 0.17), (-0.3, 0.2), (-0.76, 0.17)], tone(-0.2))
    p.part("windows")
    p.poly([(-0.9, -0.07), (-0.76, -0.13), (-0.7, -0.04), (-0.86, -0.02)], COAL)
    for i in range(8):
        p.dot(-0.56 + i * 0.13, -0.05, 0.032, COAL)
    p.part("wing")
    p.poly([(-0.26, 0.06), (0.14, 0.06), (0.62, 0.5), (0.44, 0.52)], tone(0.2))
    p.poly([(0.66, 0.0), (0.84, 0.0), (1.0, 0.2), (0.9, 0.2)], tone(0.15))
    p.box(-0.06, 0.22, 0.16, 0.32, METAL, 0.04)
    p.part()


def boat(p: Pen) -> None:
    lean = p.vary(-0.05, 0.05)
    p.part("mast")
    p.line([(0.0, 0.44), (lean, -0.96)], 0.05, WOOD)
    p.part("sail")
    p.smooth([(0.04 + lean, -0.92), (0.36, -0.4), (0.74, 0.26), (0.72, 0.34), (0.06, 0.34), (0.05, -0.2)], LIGHT)
    p.smooth([(-0.06 + lean, -0.8), (-0.1, -0.2), (-0.08, 0.34), (-0.62, 0.3), (-0.56, 0.2), (-0.28, -0.2)], LIGHT)
    p.line([(0.08, 0.1), (0.6, 0.08)], 0.016, SILVER)
    p.line([(0.08, -0.24), (0.4, -0.26)], 0.016, SILVER)
    p.part()
    p.smooth([(-0.98, 0.44), (-0.5, 0.5), (0.4, 0.5), (0.98, 0.42), (0.84, 0.78), (0.6, 0.94), (-0.5, 0.94),
              (-0.8, 0.76)], tone())
    p.smooth([(-0.86, 0.72), (0.0, 0.76), (0.86, 0.7), (0.6, 0.94), (-0.5, 0.94)], tone(-0.25))
    p.curve([(-0.96, 0.46), (-0.3, 0.53), (0.4, 0.52), (0.96, 0.44)], 0.05, tone(0.3))


def rocket(p: Pen) -> None:
    flame = p.vary(0.0, 0.12)
    p.part("flame")
    p.smooth([(-0.14, 0.6), (0.14, 0.6), (0.18, 0.74), (0.0, 0.9 + flame), (-0.18, 0.74)], SILVER)
    p.smooth([(-0.08, 0.6), (0.08, 0.6), (0.09, 0.7), (0.0, 0.8 + flame), (-0.09, 0.7)], LIGHT)
    p.part("fins")
    for s in (-1, 1):
        p.smooth([(0.18 * s, 0.18), (0.42 * s, 0.36), (0.54 * s, 0.72), (0.36 * s, 0.6), (0.18 * s, 0.56)], tone(-0.3))
    p.part()
    p.smooth([(0.0, -1.0), (0.16, -0.78), (0.29, -0.4), (0.3, 0.1), (0.2, 0.56), (-0.2, 0.56), (-0.3, 0.1),
              (-0.29, -0.4),
              (-0.16, -0.78)], tone())
    p.smooth([(0.0, -1.0), (0.14, -0.8), (0.22, -0.62), (0.0, -0.56), (-0.22, -0.62), (-0.14, -0.8)], tone(-0.3))
    p.box(-0.2, 0.52, 0.2, 0.64, COAL, 0.03)
    p.part("window")
    p.dot(0, -0.24, 0.16, SILVER)
    p.dot(0, -0.24, 0.115, GLASS)
    p.dot(-0.03, -0.28, 0.035, LIGHT)
    p.part("fins")
    p.limb([(0, 0.2), (0, 0.7)], [0.05, 0.09], tone(-0.3))
    p.part()


def bicycle(p: Pen) -> None:
    p.part("wheels")
    for x in (-0.6, 0.6):
        p.dot(x, 0.2, 0.4, DARK)
        p.dot(x, 0.2, 0.32, 0)
        for dx, dy in ((0.34, 0.0), (0.17, 0.29), (-0.17, 0.29)):
            p.line([(x - dx, 0.2 - dy), (x + dx, 0.2 + dy)], 0.016, METAL)
        p.dot(x, 0.2, 0.06, METAL)
    p.part("frame")
    frame = [(-0.6, 0.2), (-0.42, -0.26), (0.26, -0.24), (0.6, 0.2), (0.06, 0.24), (-0.42, -0.26)]
    p.line(frame, 0.085, tone())
    p.line([(0.06, 0.24), (0.26, -0.3)], 0.085, tone(-0.1))
    p.line([(-0.42, -0.26), (-0.48, -0.46)], 0.07, tone())
    p.part("saddle")
    p.curve([(-0.66, -0.38), (-0.6, -0.5), (-0.4, -0.5)], 0.06, DARK)
    p.smooth([(0.1, -0.36), (0.3, -0.42), (0.46, -0.42), (0.42, -0.32), (0.24, -0.3)], DARK)
    p.part()
    p.dot(0.06, 0.24, 0.1, METAL)
    p.line([(0.0, 0.3), (0.14, 0.4)], 0.04, COAL)


VEHICLES = {"car": car, "bus": bus, "airplane": airplane, "boat": boat, "rocket": rocket, "bicycle": bicycle}
