"""The language models of one run, by role: made from their names, under one set of limits, with one record.

Covered: what `openai:`, `local:` and `replay:` stand for, a model shared by the roles that name the same, the pictures and
the record they get once the run has them, and what they cost together. Not covered: what is said to them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from ...targets.errors import BadInput
from ...targets.picture import Picture
from .dialects import host_of
from .model import Model
from .model_settings import ModelSettings
from .prices import price_of, read_prices
from .recorded import Record, Recorded
from .spending import Spending

if TYPE_CHECKING:
    from .image_endpoint import ImageEndpoint

Maker = Callable[[str, ModelSettings, Spending], Model]


def _openai(rest: str, settings: ModelSettings, spending: Spending) -> Model:
    from .endpoint import Endpoint, host_asked

    price = price_of(read_prices(settings.prices), host_asked(settings), rest)
    return Endpoint(rest, settings, spending, price=price)


def _local(rest: str, settings: ModelSettings, spending: Spending) -> Model:
    from .local_model import LocalModel

    return LocalModel(rest, settings, spending)


def _replay(rest: str, settings: ModelSettings, spending: Spending) -> Model:
    from .replay import Replay

    return Replay(rest, spending)


MODELS: Mapping[str, Maker] = {"openai": _openai, "local": _local, "replay": _replay}


def is_model(name: str) -> bool:
    """Whether a name stands for a language model."""
    return name.partition(":")[0] in MODELS and ":" in name


def model_by_name(name: str, settings: ModelSettings | None = None, spending: Spending | None = None) -> Model:
    """The model that a name stands for: ``openai:MODEL``, ``local:MODEL_OR_DIR`` or ``replay:RUN``. Raises `BadInput`."""
    family, colon, rest = name.partition(":")
    if not colon or family not in MODELS or not rest:
        raise BadInput(f"{name!r} is no language model: write openai:MODEL, local:MODEL_OR_DIR or replay:RUN")
    settings = (ModelSettings() if settings is None else settings).checked()
    made = MODELS[family](rest, settings, Spending(settings.allowed()) if spending is None else spending)
    _check_price(made, settings)
    return made


def _check_price(model: Model | ImageEndpoint, settings: ModelSettings) -> None:
    if settings.max_usd is not None and getattr(model, "price", None) is None:
        at = f" at {host_of(url)!r}" if (url := getattr(model, "base_url", None)) else ""
        raise BadInput(
            f"--max-usd {settings.max_usd} cannot be kept: no price is known of {getattr(model, 'model', model.name)!r}{at}; "
            "name it in a file by --prices, or leave --max-usd out"
        )


def _nowhere(identity: str) -> Picture:
    raise RuntimeError(f"picture {identity!r} was looked for before the run had any")


class ModelsOfRun:
    """Makes the models of a run as they are named, and gives them the run's pictures and record when there are any."""

    def __init__(self, settings: ModelSettings | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.settings = (ModelSettings() if settings is None else settings).checked()
        self.spending = Spending(self.settings.allowed(), clock=clock)
        self._made: dict[str, Model] = {}
        self._roles: list[Recorded] = []
        self._pictures = False  # whether one of them makes pictures
        self._made_views: dict[str, Picture] = {}
        self._find: Callable[[str], Picture] = _nowhere
        self._show: Callable[[Picture], None] = lambda picture: None

    def of(self, name: str | Model, role: str = "backbone") -> Recorded:
        """The model of that name in that role; one given as it is, too. Raises `BadInput` on a name that is none."""
        if isinstance(name, Recorded):
            name.spending = self.spending
            self._roles.append(name)
            return name
        if isinstance(name, str):
            if name not in self._made:
                self._made[name] = model_by_name(name, self.settings, self.spending)
            model = self._made[name]
        else:
            _check_price(name, self.settings)
            model = self._made.setdefault(f"{name.name} at {id(name)}", name)
        self._roles.append(Recorded(model, role, self.spending))
        return self._roles[-1]

    def pictures_by(self, rest: str) -> ImageEndpoint:
        """The model at an endpoint that makes or edits pictures, ``openai:REST``. Raises `BadInput`."""
        from .endpoint import host_asked
        from .image_endpoint import ImageEndpoint

        model = rest.partition(",")[0]
        price = price_of(read_prices(self.settings.prices), host_asked(self.settings), model)
        made = ImageEndpoint(rest, self.settings, self.spending, price=price)
        _check_price(made, self.settings)
        self._pictures = True
        return made

    def __bool__(self) -> bool:
        return bool(self._roles) or self._pictures

    def begin(
        self,
        record: Record,
        find: Callable[[str], Picture],
        show: Callable[[Picture], None],
        run_ends: Callable[[], tuple[float, str]],
    ) -> None:
        """The run begins: where its record and its pictures are, and when its time is over (`Spending.run_ends`).

        `find`: a picture of the run by its id; `show`: makes one part of the run's folder.
        """
        self.spending.run_ends = run_ends
        self._find, self._show = find, show
        for recorded in self._roles:
            recorded.keep_in(record)
        for model in self._made.values():
            views = getattr(model, "views", None)
            if views is not None:
                views.look = self._pixels

    def show(self, picture: Picture) -> None:
        """Let models see a picture that the run did not have, such as one with a region highlighted."""
        self._show(picture)
        self._made_views[picture.id] = picture

    def _pixels(self, identity: str) -> np.ndarray:
        return (self._made_views[identity] if identity in self._made_views else self._find(identity)).pixels
