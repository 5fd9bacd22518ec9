"""Turns on a device that does not hold all models at once: who computes is there, the others wait elsewhere.

Covered: turns are taken only where a model asked for them (a guest, such as a pipeline of ``idle=cpu``), between it and all
others that are known on its device: when its turn begins they are moved off, and each comes back when it computes next. Who
takes turns is told once, on stderr. Not covered: models that are not known here (captioners, language models, Grounding DINO,
pipelines without ``idle``), which stay where they are.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import weakref
from collections.abc import Iterator
from typing import Protocol


class Movable(Protocol):
    """A model whose weights can be moved. `name`: as the user wrote it."""

    name: str

    def move(self, device: str) -> None:
        """Put the weights on a device."""
        ...


class Turns:
    """The models that are known on one device. Residents are there unless a guest has its turn; a guest waits at `idle`."""

    def __init__(self, device: str) -> None:
        self.device = device
        self._here: weakref.WeakKeyDictionary[Movable, bool] = weakref.WeakKeyDictionary()
        self._guests: weakref.WeakKeyDictionary[Movable, str] = weakref.WeakKeyDictionary()
        self._fixed: weakref.WeakSet[Movable] = weakref.WeakSet()
        self._at_work = threading.RLock()  # one thread's turn at a time: nobody is moved off while it computes
        self._adding = threading.Lock()  # one may be loaded while another has its turn
        self._told: set[str] = set()

    def add_resident(self, model: Movable, fixed: bool = False) -> None:
        """Make a model known that is on the device now. `fixed`: it cannot be moved."""
        with self._adding:
            self._here[model] = True
            if fixed:
                self._fixed.add(model)

    def add_guest(self, model: Movable, idle: str) -> None:
        """Make a model known that waits on the device `idle` while it does not compute, and wants this one for itself."""
        with self._adding:
            self._here[model], self._guests[model] = False, idle

    @contextlib.contextmanager
    def taken_by(self, model: Movable) -> Iterator[None]:
        """The model on the device, alone where guests are concerned, for as long as the block lasts.

        What moving it raises passes through; it is then where it was before.
        """
        if not self._guests or model not in self._here:
            yield
            return
        with self._at_work:
            for other in [other for other, here in self._known() if here and other is not model]:
                if (model in self._guests or other in self._guests) and other not in self._fixed:
                    self._moved_off(other, self._guests.get(other) or self._guests[model])
            if model in self._guests:
                self._tell(model)
            if not self._here[model]:
                try:
                    model.move(self.device)
                except BaseException:
                    with contextlib.suppress(Exception):  # what went wrong is told, not this
                        model.move(self._guests.get(model, "cpu"))
                    raise
                self._here[model] = True
            yield

    def leave(self, guest: Movable) -> None:
        """End a guest's turn: it goes back to where it waits."""
        with self._at_work:
            if guest in self._guests and self._here[guest]:
                self._moved_off(guest, self._guests[guest])

    def _known(self) -> list[tuple[Movable, bool]]:
        """All that are known now, and whether they are here."""
        with self._adding:
            return list(self._here.items())

    def _moved_off(self, model: Movable, place: str) -> None:
        model.move(place)
        self._here[model] = False
        if self.device.startswith("cuda"):
            import torch

            torch.cuda.empty_cache()  # others than torch's allocator may want the room

    def _tell(self, guest: Movable) -> None:
        """One line on stderr about a guest and those that it takes turns with, the first time they are so."""
        known = [model for model, _ in self._known()]
        others = sorted({model.name for model in known if model not in self._guests and model not in self._fixed})
        stays = sorted({model.name for model in known if model in self._fixed})
        idle = self._guests[guest]
        told = f"{guest.name} is on {self.device} while it makes pictures, and waits on the {idle} between"
        if others:
            names = " and ".join([guest.name, *others])
            told = f"{names} take turns on {self.device}: who does not compute waits on the {idle}"
        if stays:
            told += f"; {' and '.join(stays)} stays there: what is compiled is not moved"
        if told not in self._told:
            print(f"lettvin: {told}", file=sys.stderr)
            self._told.add(told)


_BY_DEVICE: dict[str, Turns] = {}


def turns_on(device: str) -> Turns:
    """The turns on a device, by its name; "cuda" is the first GPU."""
    name = "cuda:0" if device == "cuda" else device
    return _BY_DEVICE.setdefault(name, Turns(name))
