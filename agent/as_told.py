"""The transcript as a backbone is told it: the record, less what names the network under study where that would be the answer.

Covered: the target's name (`Target.alias` in its place), its digest, and the plug-in that brought it. Not covered: pictures,
captions and activations, which are what a backbone is to go by. The record itself keeps the truth, for people and for
`resume`.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..targets.target import Target
from .transcript import AnyEvent, Started


def as_told(events: Sequence[AnyEvent], target: Target) -> Sequence[AnyEvent]:
    """The events with the target's alias for its name; the events themselves where it hides nothing."""
    if target.alias == target.name:
        return events
    return [_hidden(event, target.alias) if isinstance(event, Started) else event for event in events]


def _hidden(started: Started, alias: str) -> Started:
    others = [one for one in started.settings.get("plug_ins", []) if one.get("kind") != "target"]
    return started.model_copy(
        update={
            "target": alias,
            "keys": {name: alias if name == "target" else key for name, key in started.keys.items()},
            "settings": {**started.settings, "plug_ins": others},
        }
    )
