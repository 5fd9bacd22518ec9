"""A language model that plays a part in a run, here the describer's: what it is told, what is kept, what a failure costs.

A real server on loopback gives the replies; the backbone is a script that asks for descriptions.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lettvin.agent.acts import Call
from lettvin.agent.answer import Answer
from lettvin.agent.ask import ask
from lettvin.agent.backbones.model_settings import ModelSettings
from lettvin.agent.backbones.scripted import Scripted, ScriptedModel
from lettvin.agent.model_describer import ModelDescriber
from lettvin.agent.resume import resume
from lettvin.agent.run_folder import read_about, read_events
from lettvin.agent.transcript import AnyEvent, Called, Redrawn, Replied, Returned, Started, Stopped
from lettvin.agent.watcher import Silent
from lettvin.benchmarks.synthetic.asking import minds
from lettvin.benchmarks.synthetic.benchmark import check_mind
from lettvin.cli import main
from lettvin.targets.errors import BadInput, ModelFailed
from lettvin.targets.picture import FromData, Picture
from lettvin.tests.endpoint_server import EndpointServer, good, refused
from lettvin.tests.scene_runs import of, only, raising, unit

RED = "red"


def describing(events: Any) -> Call:
    """Have the two strongest pictures described, whole and where the unit fires."""
    region = bool(of(Called, events))
    return Call(tool="describe", arguments={"pictures": [r.picture for r in only(Redrawn, events).top[:2]], "region": region})


SCRIPT = [raising("red"), describing, describing]


@pytest.fixture(scope="module")
def server() -> Iterator[EndpointServer]:
    with EndpointServer([good()]) as running:
        yield running


class Lines(Silent):
    """Keeps what a person is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def said(self, text: str) -> None:
        self.lines.append(text)


def run(
    server: EndpointServer,
    folder: Path,
    describer: str = "openai:m",
    watcher: Any = None,
    page: bool = False,
    **settings: Any,
) -> Answer:
    models = ModelSettings(base_url=server.url, **settings)
    return ask(
        unit(RED),
        backbone=Scripted(SCRIPT),
        data="sketch:80",
        describer=describer,
        models=models,
        runs=folder,
        page=page,
        watcher=watcher,
    )


def again(folder: Path, **limits: Any) -> Answer:
    (path,) = folder.iterdir()
    return resume(path, unit=unit(RED), backbone=Scripted(SCRIPT), **limits)


def events_of(folder: Path) -> list[AnyEvent]:
    (path,) = folder.iterdir()
    return read_events(path)


def plain(events: list[AnyEvent]) -> list[dict[str, Any]]:
    """Events but for times, and for the first, which names what the run was made with."""
    return [event.model_dump(exclude={"at", "seconds"}) for event in events[1:]]


def numbered(request: Any) -> Any:
    return good(f"A red thing, {len(json.dumps(request))} bytes of it.")


def test_a_model_describes_and_is_told_of_no_hypothesis(server: EndpointServer, tmp_path: Path) -> None:
    server.again([good("A red car\non snow."), good("A red door.")])
    watcher = Lines()
    run(server, tmp_path, watcher=watcher)
    events = events_of(tmp_path)
    first = of(Returned, events)[0]
    assert first.data is not None
    assert first.data["descriptions"] == ["A red car on snow.", "A red door."]
    for request in server.requests:
        system, user = request["messages"]
        assert system["content"].startswith("# You describe pictures")
        assert [part["type"] for part in user["content"]] == ["text", "image_url"]
        assert RED not in json.dumps([system, user["content"][0]])
    n = len(server.requests)
    assert f"models: {n} requests, {n}00 tokens in and {n}0 out, at a price that is not known" in watcher.lines
    assert [event.role for event in of(Replied, events)] == ["describer"] * n


def test_the_page_tells_what_was_said_and_what_it_took(server: EndpointServer, tmp_path: Path) -> None:
    said = good("<script>alert(1)</script> A red car.")
    server.again([refused(500, "oops", retry_after_ms="1"), said, good("A door.", usage=None)])
    answer = run(server, tmp_path, page=True)
    page = (Path(answer.run) / "report.html").read_text(encoding="utf-8")
    n = len(server.requests)
    assert f"{n} requests were sent for {n - 1} replies." in page, "not all tokens were told"
    assert f"What was said: {n - 1} replies, in order" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; A red car." in page
    assert "<script>alert(1)" not in page
    assert "The same seed and the same replies give the same events" in page


def test_a_region_is_shown_by_darkening_the_rest_and_that_picture_is_the_runs() -> None:
    model, kept = ScriptedModel(["A red car."]), list[Picture]()
    picture = Picture.of(np.full((20, 30, 3), 200, np.uint8), FromData("x", 0))
    region = np.zeros((20, 30), bool)
    region[5:10, 5:15] = True
    describer = ModelDescriber(model, "Describe.", kept.append)
    assert describer.describe(picture, region) == "A red car."
    (shown,) = kept
    assert shown.pixels[7, 7].tolist() == [200] * 3
    assert shown.pixels[0, 0].tolist() == [60] * 3
    ((messages, _),) = model.calls
    assert [part.picture for part in messages[1].parts if part.kind == "picture"] == [shown.id]
    assert describer.describe(picture, ~region & region).startswith("nothing"), "nobody is asked about no region"


def test_killed_at_any_event_the_run_ends_the_same_and_asks_nothing_twice(server: EndpointServer, tmp_path: Path) -> None:
    server.again([numbered])
    whole = run(server, tmp_path / "whole")
    events = events_of(tmp_path / "whole")
    (path,) = (tmp_path / "whole").iterdir()
    lines = (path / "events.jsonl").read_bytes().splitlines(keepends=True)
    places = [i for i, event in enumerate(events) if isinstance(event, Replied | Called | Returned)]
    for cut in sorted({0, 1, *places, *(place + 1 for place in places)}):
        folder = tmp_path / f"cut-{cut}"
        shutil.copytree(path, folder / path.name)
        (folder / path.name / "events.jsonl").write_bytes(b"".join(lines[:cut]))
        server.again([numbered])
        assert again(folder).description == whole.description
        assert plain(events_of(folder)) == plain(events)
        assert len(server.requests) == len(of(Replied, events[cut:]))


def test_a_limit_stops_the_run_and_a_higher_one_goes_on(server: EndpointServer, tmp_path: Path) -> None:
    server.again([numbered])
    assert run(server, tmp_path, max_requests=2).limit == "--max-requests 2"
    assert only(Stopped, events_of(tmp_path)).by == "--max-requests 2"
    assert again(tmp_path, max_requests=2).limit == "--max-requests 2", "not without a higher one"
    assert again(tmp_path, max_requests=10).limit is None
    assert len(server.requests) == len(of(Replied, events_of(tmp_path))) == 3
    about = read_about(next(tmp_path.iterdir()))
    assert about["settings"]["models"]["max_requests"] == 10
    assert "--max-requests 10" in " ".join(about["command"])


def test_an_endpoint_that_fails_loses_nothing(server: EndpointServer, tmp_path: Path) -> None:
    server.again([numbered, numbered, refused(401, "bad key")])
    with pytest.raises(ModelFailed, match=r"the key is not accepted\); `lettvin resume .*` goes on"):
        run(server, tmp_path)
    assert len(of(Replied, events_of(tmp_path))) == 2
    server.again([numbered])
    again(tmp_path)
    assert len(server.requests) == 1


def test_a_model_that_will_not_describe_is_a_mistake_that_goes_back(server: EndpointServer, tmp_path: Path) -> None:
    server.again([good(message={"role": "assistant", "content": None, "refusal": "No."}), good("")])
    run(server, tmp_path)
    first, second = of(Returned, events_of(tmp_path))
    assert (first.mistake, second.mistake) == (True, True)
    assert "would not describe picture" in first.text
    assert "said nothing of picture" in second.text


def test_a_recorded_run_is_played_again_without_an_endpoint(server: EndpointServer, tmp_path: Path) -> None:
    server.again([numbered])
    run(server, tmp_path / "one")
    (path,) = (tmp_path / "one").iterdir()
    server.again([refused(500, "nobody is to be asked")])
    run(server, tmp_path / "two", describer=f"replay:{path}")
    assert plain(events_of(tmp_path / "two")) == plain(events_of(tmp_path / "one"))
    assert server.requests == []


def test_a_key_is_never_written_down(server: EndpointServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LETTVIN_API_KEY", "sk-neverwritten")
    server.again([numbered])
    run(server, tmp_path)
    assert server.headers[0]["authorization"] == "Bearer sk-neverwritten"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not any(b"neverwritten" in path.read_bytes() for path in files)


def test_the_settings_are_written_down_so_that_the_run_can_be_asked_again(server: EndpointServer, tmp_path: Path) -> None:
    server.again([numbered])
    run(server, tmp_path, request_pictures=2, dialect="vllm", request_seconds=50.0)
    started = only(Started, events_of(tmp_path))
    assert ModelSettings.model_validate(started.settings["models"]).base_url == server.url
    words = " ".join(read_about(next(tmp_path.iterdir()))["command"])
    assert f"--base-url {server.url} --dialect vllm --request-seconds 50 --request-pictures 2" in words
    assert "--describer openai:m" in words


def test_runs_without_a_model_say_nothing_of_models(tmp_path: Path) -> None:
    watcher = Lines()
    ask(unit(RED), backbone=Scripted([]), data="sketch:80", runs=tmp_path, page=False, watcher=watcher)
    assert only(Started, events_of(tmp_path)).settings["models"] is None
    assert not any("models" in line for line in watcher.lines)


def test_limits_for_models_are_refused_where_a_run_has_none(tmp_path: Path) -> None:
    ask(unit(RED), backbone=Scripted([]), data="sketch:80", runs=tmp_path, page=True)
    (path,) = tmp_path.iterdir()
    (path / "report.html").unlink()  # so that something is left to do
    with pytest.raises(BadInput, match="--max-requests '3' says how a language model is asked, and none is named"):
        resume(path, unit=unit(RED), backbone=Scripted([]), max_requests=3)


def test_a_model_name_that_is_none_is_refused_before_anything_is_begun(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not a run folder"):
        ask(unit(RED), describer=f"replay:{tmp_path / 'no'}", data="sketch:80", runs=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_the_benchmark_takes_models_too_and_refuses_what_cannot_be_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    check_mind("openai:m", minds())
    monkeypatch.setenv("OPENAI_BASE_URL", "nowhere")
    assert main(["bench", "synthetic", "--suite", "smoke", "--backbone", "openai:m", "--folder", str(tmp_path)]) == 2
    assert "is no address of an endpoint" in capsys.readouterr().err
