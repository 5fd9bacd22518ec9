"""The whole path over a real wire: a server plays a competent scientist, who says of himself that he is a policy.

What he is told reaches him as the JSON of requests alone, and what he does as text with a block of Python. The run is the
same, event for event, as with the same policy in this process, and solves the unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lettvin.agent.answer import Answer
from lettvin.agent.ask import ask
from lettvin.agent.backbones.model import Message, Text
from lettvin.agent.backbones.model_settings import ModelSettings
from lettvin.agent.backbones.vision_language import VisionLanguage
from lettvin.agent.run_folder import read_events
from lettvin.agent.transcript import AnyEvent, Replied
from lettvin.tests.endpoint_server import Answer as Sent
from lettvin.tests.endpoint_server import EndpointServer, good
from lettvin.tests.policy_scientist import PolicyModel
from lettvin.tests.scene_runs import DATA, of, unit


def heard(request: Mapping[str, Any]) -> list[Message]:
    """A request's messages as one who only reads text has them."""
    messages = []
    for message in request["messages"]:
        content = message["content"]
        parts = content if isinstance(content, list) else [{"type": "text", "text": content or ""}]
        text = "\n".join(part["text"] for part in parts if part["type"] == "text")
        messages.append(Message(role=message["role"], parts=(Text(text=text),)))
    return messages


def played_by(policy: PolicyModel) -> Any:
    def answer(request: Mapping[str, Any]) -> Sent:
        reply = policy.reply(heard(request))
        usage = {"prompt_tokens": reply.usage.input_tokens, "completion_tokens": reply.usage.output_tokens}
        return good(reply.text, model=policy.name, usage=usage)

    return answer


def run(backbone: Any, runs: Path, **more: Any) -> tuple[Answer, list[AnyEvent]]:
    answer = ask(unit("red"), backbone=backbone, data=DATA, describer="exact", runs=runs, page=False, **more)
    return answer, read_events(Path(answer.run))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any, list[dict[str, Any]]]:
    """The run over HTTP, the run in this process, and the requests that were sent."""
    with EndpointServer([played_by(PolicyModel())]) as server:
        over = run("openai:policy", tmp_path_factory.mktemp("over"), models=ModelSettings(base_url=server.url))
        requests = server.requests
    within = run(VisionLanguage(PolicyModel()), tmp_path_factory.mktemp("within"))
    return over, within, requests


def test_it_solves_the_unit(both: Any) -> None:
    (answer, events), _, requests = both
    assert (answer.verdict, answer.formula) == ("supported", "red")
    assert len(of(Replied, events)) == len(requests) > 3


def test_it_is_the_same_run_as_without_the_wire(both: Any) -> None:
    def plain(events: list[AnyEvent]) -> list[dict[str, Any]]:
        told = [event.model_dump(exclude={"at", "seconds"}) for event in events[1:]]
        for event in told:
            event.get("reply", {}).pop("usage", None)  # over the wire the pictures' labels are words too
        return told

    (_, over), (_, within), _ = both
    assert plain(over) == plain(within)


def test_every_request_is_in_an_order_that_any_endpoint_takes(both: Any) -> None:
    for request in both[2]:
        roles = [message["role"] for message in request["messages"]]
        assert roles[0] == "system"
        assert roles[1::2] == ["user"] * len(roles[1::2])
        assert roles[2::2] == ["assistant"] * len(roles[2::2])
