"""Pictures that a benchmark explores, those it lets baselines see beside them, and those that only a score sees.

Covered: other scenes of the same kind for the drawn world and for cut-outs, each by a seed that nobody else draws from; a part
of a folder of pictures, copies of a picture on one side. Not covered: what is measured on them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..targets.errors import BadInput
from ..targets.picture import FromData, Picture
from ..tools.sources.open_source import open_source
from ..tools.sources.source import About, MayRepeat, Source
from .synthetic.asking import FURTHER_SEED, MOST_PICTURES
from .synthetic.scoring import UNUSED_SEED

HELD_OUT = 2000
SHARE = 0.4  # of a folder that is held out
PART = re.compile(r", (held out|explored) by seed \d+$")
MADE = re.compile(r"^(sketch|cutouts):(\d+)(?:@(\d+))?")


@dataclass(frozen=True)
class Pictures:
    """`explored`: shown to whoever asks. `further`: shown to those who only look, None where none can be made. `held_out`:
    shown to nobody."""

    explored: Source
    further: Source | None
    held_out: Source


def pictures(data: str, seed: int, held_out: int = HELD_OUT) -> Pictures:
    """The pictures of a benchmark over a source, by default scenes of the seed after `seed`.

    `held_out`: how many scenes, of a source that can make any number. Raises `BadInput` where the source cannot be opened, or
    its seed is one that no run may explore.
    """
    text = data.strip()
    made = MADE.match(text)
    if made is None:
        whole = open_source(text)
        explored, kept = (Part(whole, seed, side) for side in (False, True))
        if not len(explored) or not len(kept):
            raise BadInput(f"--data {data!r} holds too few pictures ({len(whole)}) to hold some of them out")
        return Pictures(explored, None, kept)
    name = text if made[3] is not None else like(text, int(made[2]), seed + 1)
    if int(MADE.match(name)[3]) in (UNUSED_SEED, FURTHER_SEED + seed):  # type: ignore[index]
        kept_back = f"the seed {made[3]} is that of scenes that no run explores"
        raise BadInput(f"--data {data!r}: {kept_back}; nearest: {int(made[3]) + 1}")
    further = open_source(like(name, MOST_PICTURES, FURTHER_SEED + seed))
    return Pictures(open_source(name), further, open_source(like(name, held_out, UNUSED_SEED)))


def like(data: str, count: int, seed: int) -> str:
    """The name of other scenes of the same kind: of the drawn world, or of the same cut-outs and backgrounds."""
    return MADE.sub(rf"\g<1>:{count}@{seed}", data)


def whole_of(name: str) -> str:
    """The source that a part is of, by its name; the name of a source that is no part."""
    return PART.sub("", name)


class Part:
    """The pictures of a source that a drawn lot keeps back, or the others; pictures that are the same lie on one side."""

    def __init__(self, source: Source, seed: int, kept_back: bool) -> None:
        firsts = np.asarray(source.firsts() if isinstance(source, MayRepeat) else range(len(source)))
        order = np.random.default_rng([seed, len(source)]).permutation(len(source))
        back = np.isin(firsts, order[: round(len(source) * SHARE)])
        self.source, self.indices = source, np.flatnonzero(back if kept_back else ~back)
        self.name = f"{source.name}, {'held out' if kept_back else 'explored'} by seed {seed}"  # see PART
        self.key = hashlib.sha256(f"{source.key} {seed} {kept_back} {SHARE}".encode()).hexdigest()
        self._firsts = firsts

    def __len__(self) -> int:
        return len(self.indices)

    def picture(self, index: int) -> Picture:
        """Picture `index` of the part. Raises `Unreadable`."""
        found = self.source.picture(int(self.indices[index]))
        return Picture.of(found.pixels, FromData(self.name, index), found.caption, found.scene)

    def about(self, index: int) -> About:
        """Caption and scene of picture `index` of the part."""
        return self.source.about(int(self.indices[index]))

    def firsts(self) -> Sequence[int]:
        """For each picture of the part the index of the first one that is the same."""
        places: dict[int, int] = {}
        return [places.setdefault(int(self._firsts[whole]), place) for place, whole in enumerate(self.indices)]
