"""Subgroups of a class with lower scores: `lettvin bias`."""
