"""Entries of the cache that are not what they were: how they are told of.

An entry is verified when it is read; a broken one is dropped and made again, with one line on stderr (by `logging`, as
"lettvin"), and never believed. Not covered: how each kind is verified, which the file that reads it knows.
"""

from __future__ import annotations

import logging

LOG = logging.getLogger("lettvin")


class Broken(Exception):
    """A file of the cache is cut off, gone or not what was written; the text says which."""


def tell_broken(what: str, told: set[str], kind: str) -> None:
    """Say that an entry was broken: one line for each kind in `told`, however many entries turn out to be."""
    if kind not in told:
        told.add(kind)
        LOG.warning("lettvin: the cache held %s; it is made again, and so is any other like it", what)
