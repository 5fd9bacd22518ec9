"""A real HTTP server on loopback that plays an endpoint's part: dialects, and every way in which one can go wrong.

`EndpointServer(plan)` answers each request with the next step of the plan, the last one again and again; a step is an
`Answer`, or a function of the request's JSON that returns one. What was sent is in `.requests`, in order.
"""

from __future__ import annotations

import itertools
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Answer:
    """`way`: "whole"; "drip", a byte at a time and never the last; "drop", half the body and then a reset; "silent", nothing
    at all; "hang up", the connection closed before a word; "slow", the body after `seconds`."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    way: str = "whole"
    seconds: float = 0.0
    form: str = "application/json"


Step = Answer | Callable[[Mapping[str, Any]], Answer]


def completion(text: str | None = "Fine.", **fields: Any) -> dict[str, Any]:
    """A sound answer, with fields of its own over it; `message` replaces the whole message."""
    message = fields.pop("message", {"role": "assistant", "content": text})
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "played",
        "choices": [{"index": 0, "message": message, "finish_reason": fields.pop("finish", "stop")}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
        **fields,
    }


def said(data: Any, status: int = 200, **rest: Any) -> Answer:
    """JSON as an answer."""
    return Answer(json.dumps(data).encode(), status, **rest)


def good(text: str | None = "Fine.", **fields: Any) -> Answer:
    return said(completion(text, **fields))


def refused(status: int, message: str, code: str | None = None, **headers: str) -> Answer:
    """An error in OpenAI's form."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return said({"error": {"message": message, "type": "error", "code": code}}, status, headers=names)


def like_openai(request: Mapping[str, Any]) -> Answer:
    """Takes what OpenAI takes: a picture in a tool message is a 400, and so is a tool message out of place."""
    awaited: set[str] = set()
    for message in request["messages"]:
        parts = message["content"] if isinstance(message["content"], list) else []
        if message["role"] != "user" and any(part["type"] == "image_url" for part in parts):
            return refused(400, "Image URLs are only allowed for messages with role 'user'", "invalid_value")
        if awaited and message["role"] != "tool":
            return refused(400, f"tool_call_ids did not have response messages: {sorted(awaited)}")
        if message["role"] == "tool":
            if message["tool_call_id"] not in awaited:
                return refused(400, "messages with role 'tool' must be a response to a preceding message with 'tool_calls'")
            awaited.remove(message["tool_call_id"])
        awaited |= {call["id"] for call in message.get("tool_calls") or ()}
    if unknown := set(request) - {"model", "messages", "tools", "max_completion_tokens"}:
        return refused(400, f"Unrecognized request argument supplied: {sorted(unknown)[0]}")
    return good("as OpenAI")


def like_anthropic(request: Mapping[str, Any]) -> Answer:
    """Empty texts are refused, as are more than 100 pictures."""
    for message in request["messages"]:
        parts = message["content"] if isinstance(message["content"], list) else [{"type": "text", "text": message["content"]}]
        texts = [part["text"] for part in parts if part["type"] == "text" and part["text"] is not None]
        if "" in texts:
            return refused(400, "messages: text content blocks must be non-empty")
    if _pictures(request) > 100:
        return refused(400, "too many images")
    return good("as Anthropic")


def like_vllm(pictures: int = 1) -> Step:
    """Strings alone in tool messages, only so many pictures, roles that alternate, nothing that it does not know."""

    def answer(request: Mapping[str, Any]) -> Answer:
        roles = [message["role"] for message in request["messages"] if message["role"] != "system"]
        if any(one == other == "user" for one, other in itertools.pairwise(roles)):
            return said({"object": "error", "message": "Conversation roles must alternate user/assistant", "code": 400}, 400)
        if any(m["role"] == "tool" and not isinstance(m["content"], str) for m in request["messages"]):
            return said({"object": "error", "message": "can only concatenate str (not 'list') to str", "code": 400}, 400)
        if _pictures(request) > pictures:
            text = f"At most {pictures} image(s) may be provided in one request."
            return said({"object": "error", "message": text, "type": "BadRequestError", "param": None, "code": 400}, 400)
        return good("as vLLM")

    return answer


def like_ollama(request: Mapping[str, Any]) -> Answer:
    """Pictures as base64 only; a `tool_choice` is not known."""
    for url in _urls(request):
        if not url.startswith("data:image/"):
            return refused(400, "invalid image input")
    if "tool_choice" in request:
        return refused(400, "tool_choice is not supported")
    return said({**completion("as Ollama"), "system_fingerprint": "fp_ollama"})


def like_llama_cpp(request: Mapping[str, Any]) -> Answer:
    """Started without an mmproj file: no pictures."""
    if _pictures(request):
        text = "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"
        return refused(500, text)
    return said({**completion("as llama.cpp"), "timings": {"prompt_n": 1}})


def _urls(request: Mapping[str, Any]) -> list[str]:
    return [
        part["image_url"]["url"]
        for message in request["messages"]
        if isinstance(message["content"], list)
        for part in message["content"]
        if part["type"] == "image_url"
    ]


def _pictures(request: Mapping[str, Any]) -> int:
    return len(_urls(request))


class EndpointServer:
    """Serves a plan on a port of its own until it is closed; `.url` is the base URL."""

    def __init__(self, plan: Sequence[Step]) -> None:
        self.plan: list[Step] = list(plan)
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.most_at_once = 0
        self._now = 0
        self._lock = threading.Lock()
        self._over = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                request = _read(self)
                with server._lock:
                    step = server.plan[min(len(server.requests), len(server.plan) - 1)]
                    server.requests.append(request)
                    server.paths.append(self.path)
                    server.headers.append({name.lower(): value for name, value in self.headers.items()})
                    server._now += 1
                    server.most_at_once = max(server.most_at_once, server._now)
                try:
                    server._play(self, step(request) if callable(step) else step)
                except OSError:  # the client has gone
                    self.close_connection = True
                finally:
                    with server._lock:
                        server._now -= 1

            def log_message(self, *told: Any) -> None: ...

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *told: Any) -> None: ...

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def again(self, plan: Sequence[Step]) -> None:
        """Another plan, from its beginning."""
        with self._lock:
            self.plan, self.requests, self.headers, self.paths, self.most_at_once = list(plan), [], [], [], 0

    def close(self) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> EndpointServer:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _play(self, to: BaseHTTPRequestHandler, answer: Answer) -> None:
        if answer.way == "hang up":
            _reset(to)
            return
        if answer.way == "silent":
            self._over.wait(60)
            to.close_connection = True
            return
        to.send_response(answer.status)
        to.send_header("Content-Type", answer.form)
        for name, value in answer.headers.items():
            to.send_header(name, value)
        to.send_header("Content-Length", str(1_000_000 if answer.way == "drip" else len(answer.body)))
        to.end_headers()
        if answer.way == "slow":
            time.sleep(answer.seconds)
        if answer.way == "drip":
            while not self._over.wait(0.02):
                to.wfile.write(b" ")
                to.wfile.flush()
            to.close_connection = True
        elif answer.way == "drop":
            to.wfile.write(answer.body[: len(answer.body) // 2])
            to.wfile.flush()
            _reset(to)
        else:
            to.wfile.write(answer.body)


def _read(of: BaseHTTPRequestHandler) -> dict[str, Any]:
    """What was sent: JSON, or the fields of a form, texts as texts and files as bytes."""
    body = of.rfile.read(int(of.headers["Content-Length"]))
    form = of.headers["Content-Type"]
    if not form.startswith("multipart/"):
        request: dict[str, Any] = json.loads(body)
        return request
    parts = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + form.encode() + b"\r\n\r\n" + body).iter_parts()
    fields = {part.get_param("name", header="content-disposition"): part for part in parts}
    return {str(name): part.get_content() if part.get_filename() else _text(part) for name, part in fields.items()}


def _text(part: Any) -> str:
    return str(part.get_payload(decode=True).decode())


def _reset(to: BaseHTTPRequestHandler) -> None:
    """Close the connection as a machine that fell over does."""
    to.close_connection = True
    to.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    to.connection.close()
