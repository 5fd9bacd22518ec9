"""A model's endpoint, whatever it does: a reply, or one clear error in one line; never a hang, a traceback or a silent loss.

A real HTTP server on loopback plays each dialect and each fault; the waits between two tries are taken down, not waited.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lettvin.agent.backbones.dialects import DIALECTS, checked_url, dialect_of, key_of
from lettvin.agent.backbones.endpoint import Endpoint
from lettvin.agent.backbones.failures import ContextOverflow, EndpointFailed, asked_to_wait
from lettvin.agent.backbones.model import Message, Offered, Reply, Shown, Text, ToolCall
from lettvin.agent.backbones.model_settings import ModelSettings
from lettvin.agent.backbones.spending import Allowed, Spending
from lettvin.targets.errors import BadInput, LimitReached
from lettvin.tests.endpoint_server import (
    Answer,
    EndpointServer,
    completion,
    good,
    like_anthropic,
    like_llama_cpp,
    like_ollama,
    like_openai,
    like_vllm,
    refused,
    said,
)

HELLO = [Message(role="user", parts=(Text(text="Hello."),))]
WHOLE = good().body
HTML = b"<!doctype html><html><body>Welcome to nginx</body></html>"


@pytest.fixture(scope="module")
def server() -> Iterator[EndpointServer]:
    with EndpointServer([good()]) as running:
        yield running


class Asking:
    """An endpoint under test: what it waited, and what it would have counted."""

    def __init__(self, url: str, allowed: Allowed | None = None, key: str | None = None, **fields: Any) -> None:
        self.waits: list[float] = []
        self.spending = Spending(allowed or Allowed())
        fields = {"request_seconds": 100.0, **fields}
        environment = {} if key is None else {"LETTVIN_API_KEY": key}
        self.endpoint = Endpoint(
            "m",
            ModelSettings(base_url=url, **fields),
            self.spending,
            environment=environment,
            sleep=self.waits.append,
        )
        self.endpoint.views.look = lambda identity: np.full((40, 60, 3), int(identity[:2], 16), np.uint8)

    def reply(self, messages: list[Message] = HELLO, tools: tuple[Offered, ...] = ()) -> Reply:
        return self.endpoint.reply(messages, tools)

    def fails(self, kind: type[BaseException] = EndpointFailed) -> str:
        with pytest.raises(kind) as caught:
            self.reply()
        assert type(caught.value) is kind
        text = str(caught.value)
        assert "\n" not in text
        assert len(text) < 700
        return text


def conversation(pictures: int = 5) -> list[Message]:
    """A call of two tools, answered with pictures, and a word more."""
    shown = tuple(Shown(picture=f"{i:02x}" * 32, label=f"picture {i}") for i in range(pictures))
    calls = (ToolCall(id="a", name="exemplars", arguments="{}"), ToolCall(id="b", name="screen", arguments='{"n": 2}'))
    return [
        Message(role="system", parts=(Text(text="You study a unit."),)),
        Message(role="user", parts=(Text(text="Begin."),)),
        Message(role="assistant", calls=calls),
        Message(role="tool", parts=(Text(text="They are:"), *shown), answers="a"),
        Message(role="tool", parts=(Text(text="red: 0.5"),), answers="b"),
        Message(role="user", parts=(Text(text="Go on."),)),
    ]


# ---- what each dialect takes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dialect", "plays", "pictures"),
    [
        ("openai", like_openai, 5),
        ("anthropic", like_anthropic, 120),
        ("vllm", like_vllm(8), 5),
        ("ollama", like_ollama, 5),
        ("generic", like_vllm(8), 5),
    ],
)
def test_a_conversation_with_tools_and_pictures_is_taken_by(
    dialect: str, plays: Any, pictures: int, server: EndpointServer
) -> None:
    server.again([plays])
    tool = Offered(name="screen", doc="Screens.", schema_={"type": "object", "properties": {}})
    reply = Asking(server.url, dialect=dialect, key="k").reply(conversation(pictures), (tool,))
    assert reply.text.startswith("as ")
    assert reply.requests == len(server.requests) == 1
    sent = server.requests[0]
    assert {"seed", "strict", "detail", "tool_choice", "temperature", "response_format"} & set(sent) == set()
    assert [message["role"] for message in sent["messages"]] == ["system", "user", "assistant", "tool", "tool", "user"]


def test_an_endpoint_that_takes_fewer_pictures_gets_them_on_a_contact_sheet(server: EndpointServer) -> None:
    server.again([like_vllm(2)])
    asking = Asking(server.url)
    assert asking.reply(conversation(5)).requests == 2
    parts = server.requests[1]["messages"][-1]["content"]
    assert sum(part["type"] == "image_url" for part in parts) == 2
    assert asking.waits == []
    assert asking.reply(conversation(5)).requests == 1, "it has learned"


def test_a_server_without_eyes_says_what_to_do_and_can_be_asked_in_words(server: EndpointServer) -> None:
    server.again([like_llama_cpp])
    with pytest.raises(EndpointFailed, match="--mmproj file, or show it none by --request-pictures 0"):
        Asking(server.url, dialect="llama.cpp").reply(conversation())
    assert len(server.requests) == 1
    assert Asking(server.url, dialect="llama.cpp", request_pictures=0).reply(conversation()).text == "as llama.cpp"
    assert "picture 4 [picture 040404040404]" in str(server.requests[-1]["messages"])


def test_a_parameter_that_is_not_known_is_left_out_from_then_on(server: EndpointServer) -> None:
    def picky(request: Mapping[str, Any]) -> Answer:
        return refused(400, "Unsupported parameter: 'max_tokens'") if "max_tokens" in request else good()

    server.again([picky])
    asking = Asking(server.url, dialect="ollama")
    assert (asking.reply().requests, asking.reply().requests) == (2, 1)


@pytest.mark.parametrize(
    ("dialect", "sent"),
    [
        ("openai", {"max_completion_tokens": 16384}),
        ("anthropic", {"max_tokens": 8192}),
        ("ollama", {"max_tokens": 4096}),
        ("vllm", {}),
        ("generic", {}),
    ],
)
def test_a_reply_is_ended_by_the_parameter_that_the_kind_knows(
    dialect: str, sent: dict[str, int], server: EndpointServer
) -> None:
    server.again([good()])
    Asking(server.url, dialect=dialect, key="k").reply()
    Asking(server.url, dialect=dialect, key="k", reply_tokens=7).reply()
    whole = [{name: value for name, value in request.items() if "tokens" in name} for request in server.requests]
    assert whole == [sent, dict.fromkeys(sent or {"max_tokens": 0}, 7)]


# ---- failures that pass -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "least", "most"),
    [
        (refused(429, "slow down", retry_after="7"), 7, 8),
        (refused(429, "slow down", retry_after_ms="2500"), 2.5, 3.5),
        (refused(429, "slow down"), 1, 3),
        (refused(503, "overloaded", retry_after="0"), 0, 1),
        (refused(500, "oops"), 1, 3),
        (refused(529, "overloaded"), 1, 3),
        (refused(408, "timeout"), 1, 3),
        (refused(409, "conflict"), 1, 3),
        (Answer(WHOLE, way="drop"), 1, 3),
        (Answer(way="hang up"), 1, 3),
        (Answer(WHOLE[:60]), 1, 3),
        (Answer(b""), 1, 3),
        (Answer(HTML, form="text/html"), 1, 3),
        (said([1, 2]), 1, 3),
        (said({"error": {"message": "upstream", "code": 502}}), 1, 3),
        (said(completion(choices=None)), 1, 3),
    ],
)
def test_what_passes_is_tried_again_after_a_wait(
    fault: Answer, least: float, most: float, server: EndpointServer
) -> None:
    server.again([fault, good()])
    asking = Asking(server.url)
    reply = asking.reply()
    assert (reply.text, reply.requests, asking.spending.requests) == ("Fine.", 2, 2)
    assert len(asking.waits) == 1
    assert least <= asking.waits[0] <= most


def test_waits_grow_up_to_a_cap_and_end(server: EndpointServer) -> None:
    server.again([refused(500, "oops")])
    asking = Asking(server.url, request_seconds=10_000.0)
    assert "status 500: oops, after 6 requests in 0 s" in asking.fails()
    assert len(server.requests) == 6, "the package's own retries are off"
    assert asking.waits == sorted(asking.waits)
    assert all(2**i <= wait <= 2**i + 1 for i, wait in enumerate(asking.waits))


def test_an_answer_that_cannot_be_read_is_not_asked_for_for_ever(server: EndpointServer) -> None:
    server.again([Answer(HTML, form="text/html")])
    assert "it is text, not JSON: 'an HTML page'), after 3 requests" in Asking(server.url).fails()


def test_a_wait_longer_than_there_is_time_for_is_not_begun(server: EndpointServer) -> None:
    server.again([refused(429, "daily limit", retry_after="86400")])
    asking = Asking(server.url)
    assert "it asks to wait 86400 s, and --request-seconds is 100" in asking.fails()
    assert asking.waits == []
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"}, 7.0),
        ({"retry-after": "Sun, 06 Nov 1994 08:49:00 GMT"}, 0.0),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after-ms": "x", "retry-after": "2"}, 2.0),
        ({}, None),
    ],
)
def test_the_wait_that_an_endpoint_asks_for_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_to_wait(headers, now=784111770.0) == (None if seconds is None else pytest.approx(seconds))


# ---- failures that last -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (refused(429, "You exceeded your current quota", "insufficient_quota"), "the account's quota is used up"),
        (refused(401, "Incorrect API key provided"), "the key is not accepted"),
        (refused(403, "no access"), "the key may not use this model"),
        (refused(404, "The model 'm' does not exist"), r"no such model, or no such address: does --base-url end in /v1\?"),
        (refused(400, "Image URLs are only allowed for messages with role 'user'"), "status 400: Image URLs are only"),
        (refused(422, "bad field"), "status 422: bad field"),
        (Answer(HTML, 404, form="text/html"), "status 404: an HTML page"),
        (refused(501, "not here"), "status 501: not here"),
        (said({"error": {"message": "bad key", "code": 401}}), "status 401: bad key"),
        (said({"detail": [{"loc": ["body"], "msg": "field required"}]}, 400), "field required"),
        (Answer(b"\x00\xff" * 5000, 400), "status 400"),
    ],
)
def test_what_lasts_is_told_at_once(fault: Answer, told: str, server: EndpointServer) -> None:
    import re

    server.again([fault])
    asking = Asking(server.url)
    assert re.search(told, asking.fails())
    assert len(server.requests) == 1
    assert asking.waits == []


@pytest.mark.parametrize(
    "fault",
    [
        refused(400, "This model's maximum context length is 8192 tokens.", "context_length_exceeded"),
        refused(400, "request (4390 tokens) exceeds the available context size (4096 tokens)"),
        refused(500, "Context size has been exceeded."),
        refused(400, "prompt is too long: 210000 tokens > 200000 maximum"),
        said({"error": {"code": 400, "message": "the request exceeds the available context size"}}),
    ],
)
def test_a_conversation_that_is_too_long_is_told_apart(fault: Answer, server: EndpointServer) -> None:
    server.again([fault])
    Asking(server.url).fails(ContextOverflow)
    assert len(server.requests) == 1


def test_a_refusal_an_empty_reply_and_a_filter_are_replies(server: EndpointServer) -> None:
    refusal = good(message={"role": "assistant", "content": None, "refusal": "I cannot help with that."})
    server.again([refusal, good("", finish="length"), good(None, finish="content_filter")])
    asking = Asking(server.url)
    replies = [asking.reply() for _ in range(3)]
    assert [(reply.text, reply.finish) for reply in replies] == [
        ("I cannot help with that.", "refusal"),
        ("", "length"),
        ("", "content_filter"),
    ]


def test_a_server_that_is_not_there_is_told(server: EndpointServer) -> None:
    with EndpointServer([good()]) as gone:
        url = gone.url
    assert "no connection" in Asking(url).fails()


def test_a_key_that_comes_back_is_not_told(server: EndpointServer) -> None:
    server.again([lambda request: refused(401, f"bad key {server.headers[-1]['authorization']}")])
    told = Asking(server.url, key="sk-verysecret").fails()
    assert "verysecret" not in told
    assert "***" in told


# ---- time -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["drip", "silent"])
def test_a_body_that_never_ends_is_broken_off_and_leaves_nothing_running(way: str, server: EndpointServer) -> None:
    server.again([Answer(way=way)])
    began = time.monotonic()
    assert "no whole answer within 0.5 s" in Asking(server.url, request_seconds=0.5).fails()
    assert time.monotonic() - began < 3
    ended = time.monotonic() + 5
    while any(thread.name == "lettvin request" for thread in threading.enumerate()):
        assert time.monotonic() < ended, "the request goes on"
        time.sleep(0.02)
    server.again([good()])
    assert Asking(server.url).reply().text == "Fine."


def test_a_slow_answer_within_the_time_is_an_answer(server: EndpointServer) -> None:
    server.again([Answer(WHOLE, way="slow", seconds=0.3)])
    assert Asking(server.url, request_seconds=5.0).reply().text == "Fine."


def test_no_request_outlasts_the_runs_own_time(server: EndpointServer) -> None:
    server.again([Answer(way="silent")])
    asking = Asking(server.url)
    ends = time.monotonic() + 0.3
    asking.spending.run_ends = lambda: (ends, "--max-seconds 9")
    assert asking.fails(LimitReached) == "stopped by --max-seconds 9"


def test_only_so_many_requests_are_under_way_at_once() -> None:
    with EndpointServer([Answer(WHOLE, way="slow", seconds=0.1)]) as own:
        asking = Asking(own.url, at_once=2)
        with ThreadPoolExecutor(6) as pool:
            replies = list(pool.map(lambda _: asking.endpoint.reply(HELLO), range(6)))
        assert [reply.text for reply in replies] == ["Fine."] * 6
        assert own.most_at_once == 2


# ---- limits -----------------------------------------------------------------------------------------------------------


def test_retries_count_as_requests_and_stop_at_the_limit(server: EndpointServer) -> None:
    server.again([refused(500, "oops")])
    asking = Asking(server.url, Allowed(requests=3))
    assert asking.fails(LimitReached) == "stopped by --max-requests 3"
    assert len(server.requests) == asking.spending.requests == 3


def test_one_request_more_is_let_through_and_no_second_one(server: EndpointServer) -> None:
    server.again([good()])
    asking = Asking(server.url, Allowed(requests=1))
    asking.reply()
    asking.fails(LimitReached)
    asking.spending.one_more()
    assert asking.reply().text == "Fine."
    asking.fails(LimitReached)
    with pytest.raises(LimitReached):
        asking.spending.one_more()
    assert len(server.requests) == 2


def test_the_one_request_more_is_not_tried_twice(server: EndpointServer) -> None:
    server.again([good(), refused(500, "oops")])
    asking = Asking(server.url, Allowed(requests=1))
    asking.reply()
    asking.spending.one_more()
    assert "status 500" in asking.fails()
    assert len(server.requests) == 2


# ---- what comes back --------------------------------------------------------------------------------------------------


def test_tool_calls_come_back_whole_with_ids_of_their_own(server: EndpointServer) -> None:
    calls = [
        {"id": "x", "type": "function", "function": {"name": "screen", "arguments": '{"n": 1'}},
        {"id": "x", "type": "function", "function": {"name": "screen", "arguments": {"n": 2}}},
        {"id": None, "type": "function", "function": {"name": "probe", "arguments": None}},
    ]
    server.again([good(message={"role": "assistant", "content": None, "tool_calls": calls}, finish="tool_calls")])
    reply = Asking(server.url).reply()
    assert [(call.id, call.name, call.arguments) for call in reply.calls] == [
        ("x", "screen", '{"n": 1'),
        ("x_2", "screen", '{"n": 2}'),
        ("call_3", "probe", "{}"),
    ]


@pytest.mark.parametrize(
    ("usage", "read"),
    [
        (None, (None, None)),
        ({}, (None, None)),
        ({"prompt_tokens": "12", "completion_tokens": -3}, (None, None)),
        ({"prompt_tokens": 5.0, "completion_tokens": True}, (5, None)),
        ([1, 2], (None, None)),
    ],
)
def test_tokens_are_taken_only_where_they_are_told(
    usage: object, read: tuple[int | None, int | None], server: EndpointServer
) -> None:
    server.again([good(usage=usage)])
    told = Asking(server.url).reply().usage
    assert (told.input_tokens, told.output_tokens) == read


def test_text_in_parts_is_joined_and_half_characters_are_made_whole(server: EndpointServer) -> None:
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "Re"}, {"type": "text", "text": "d."}]
    half = rb'{"choices":[{"message":{"content":"a\ud800b"}}]}'
    server.again([good(message={"role": "assistant", "content": parts}), Answer(half)])
    asking = Asking(server.url)
    assert asking.reply().text == "Red."
    assert asking.reply().text == "a?b"


# ---- a thousand faulty exchanges --------------------------------------------------------------------------------------

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
fields = st.sampled_from(["choices", "usage", "model", "id", "error", "object", "created", "service_tier"])
message_fields = st.sampled_from(["content", "tool_calls", "refusal", "role", "function_call", "annotations"])
bodies = st.one_of(
    values.map(lambda value: said(value)),
    st.dictionaries(fields, values, max_size=3).map(lambda over: said(completion() | over)),
    st.dictionaries(message_fields, values, max_size=3).map(lambda over: good(message={"content": "x"} | over)),
    st.lists(values, max_size=2).map(lambda calls: good(message={"role": "assistant", "tool_calls": calls})),
    st.dictionaries(st.sampled_from(["id", "function", "type"]), values, max_size=3).map(
        lambda call: good(message={"role": "assistant", "tool_calls": [call]})
    ),
    st.integers(0, len(WHOLE)).map(lambda end: Answer(WHOLE[:end])),
    st.binary(max_size=40).map(Answer),
    st.binary(max_size=40).map(lambda body: Answer(body, form="text/html")),
    st.binary(max_size=40).map(lambda body: Answer(body, headers={"Content-Encoding": "gzip"})),
    st.tuples(st.sampled_from([400, 401, 404, 408, 409, 413, 418, 429, 500, 502, 503, 529]), values).map(
        lambda pair: said(pair[1], pair[0])
    ),
    st.tuples(st.sampled_from([429, 500, 503]), st.text("0123456789.-eE+ adfimnst", max_size=6)).map(
        lambda pair: refused(pair[0], "later", retry_after=pair[1].strip())
    ),
    st.sampled_from([Answer(WHOLE, way="drop"), Answer(way="hang up"), good()]),
)


@cache
def shared(url: str) -> Asking:
    """One client for all exchanges: nothing that came back may spoil it for the next."""
    return Asking(url)


@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
@given(plan=st.lists(bodies, min_size=1, max_size=4), requests=st.integers(1, 8))
def test_whatever_comes_back_there_is_a_reply_or_one_clear_error(
    plan: list[Answer], requests: int, server: EndpointServer
) -> None:
    server.again(plan)
    asking = shared(server.url)
    asking.spending.allowed, asking.spending.requests = Allowed(requests=requests), 0
    told, reply = "", None
    try:
        reply = asking.reply()
    except (EndpointFailed, LimitReached) as error:
        told = str(error)
    assert told.isprintable(), "one line"
    if reply is not None:
        assert Reply.model_validate_json(reply.model_dump_json()) == reply, "it can be kept"
        asking.spending.charge(None, HELLO, reply)
        assert asking.spending.told()
    assert 1 <= asking.spending.requests <= requests


# ---- addresses and keys -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://api.openai.com/v1", "openai"),
        ("https://api.anthropic.com/v1/", "anthropic"),
        ("http://localhost:11434/v1", "ollama"),
        ("http://10.0.0.4:8000/v1", "generic"),
    ],
)
def test_the_address_tells_the_dialect(url: str, name: str) -> None:
    assert dialect_of(checked_url(url)).name == name


@pytest.mark.parametrize(
    "url",
    ["", "localhost:8000", "ftp://x/v1", "http://", "http://u:p@x/v1", "http://x:99999/v1", "http://[::1", "http://a b/v1"],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="is no address of an endpoint: write http://HOST:PORT/v1"):
        checked_url(url)


def test_a_vendors_key_goes_to_no_other_host() -> None:
    environment = {"OPENAI_API_KEY": "theirs"}
    assert key_of("https://api.openai.com/v1", DIALECTS["openai"], None, environment) == "theirs"
    assert key_of("http://localhost:8000/v1", DIALECTS["openai"], None, environment) is None
    with pytest.raises(BadInput, match=r"no key for 'example\.org': set LETTVIN_API_KEY in the environment"):
        key_of("https://example.org/v1", DIALECTS["openai"], None, environment)
    assert key_of("https://example.org/v1", DIALECTS["generic"], "OPENAI_API_KEY", environment) == "theirs"
    with pytest.raises(BadInput, match="set OPENAI_API_KEY in the environment"):
        key_of("https://api.openai.com/v1", DIALECTS["openai"], None, {})


@pytest.mark.parametrize(
    ("url", "key", "warned"),
    [
        ("http://example.org/v1", "k", True),
        ("https://example.org/v1", "k", False),
        ("http://10.1.2.3:8000/v1", "k", False),
        ("http://localhost/v1", None, False),
    ],
)
def test_a_key_that_goes_out_in_the_clear_is_told(
    url: str, key: str | None, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    Asking(url, key=key)
    assert ("in the clear" in caplog.text) == warned


def test_an_unknown_dialect_is_refused_with_the_nearest() -> None:
    with pytest.raises(BadInput, match=r"unknown dialect 'lama\.cpp'; nearest: 'llama\.cpp'"):
        ModelSettings(dialect="lama.cpp").checked()
