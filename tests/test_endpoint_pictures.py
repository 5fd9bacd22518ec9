"""`openai:MODEL` as a generator and an editor: pictures by HTTP, each asked for once, and one line for whatever goes wrong.

A real HTTP server on loopback plays the images API; no vendor's own was asked.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lettvin.agent.backbones.failures import EndpointFailed
from lettvin.agent.backbones.image_endpoint import ImageEndpoint
from lettvin.agent.backbones.model_settings import ModelSettings
from lettvin.agent.backbones.prices import Price
from lettvin.agent.backbones.spending import Allowed, Spending
from lettvin.agent.endpoint_pictures import EndpointEditor, EndpointGenerator
from lettvin.agent.run_folder import read_about
from lettvin.cli import main
from lettvin.targets.errors import BadInput, LimitReached
from lettvin.targets.picture import FromData, FromEdit, FromPrompt, Picture
from lettvin.tests.endpoint_server import Answer, EndpointServer, refused, said
from lettvin.tests.labs import make_lab
from lettvin.tools.editor import Edit
from lettvin.tools.generator import Wanted
from lettvin.tools.sketch.concept import parse
from lettvin.tools.store import Store

BLOCKED = refused(400, "Your request was rejected by the safety system.", "moderation_blocked")


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def drawn(prompt: str, side: int = 32) -> np.ndarray:
    """The picture that the server draws for a prompt."""
    return np.random.default_rng(list(prompt.encode())).integers(0, 256, (side, side, 3), np.uint8)


def picture_of(pixels: np.ndarray, usage: Any = None) -> Answer:
    return said({"created": 1, "data": [{"b64_json": base64.b64encode(png(pixels)).decode()}], "usage": usage})


def draws(request: Mapping[str, Any]) -> Answer:
    return picture_of(drawn(request["prompt"]), {"input_tokens": 10, "output_tokens": 1000, "total_tokens": 1010})


@pytest.fixture(scope="module")
def server() -> Iterator[EndpointServer]:
    with EndpointServer([draws]) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store") as opened:
        yield opened


def endpoint(server: EndpointServer, rest: str = "gpt-image-1", allowed: Allowed | None = None, **more: Any) -> ImageEndpoint:
    price = more.pop("price", None)
    settings = ModelSettings(base_url=server.url, **more)
    return ImageEndpoint(rest, settings, Spending(allowed or Allowed()), price=price, environment={}, sleep=lambda s: None)


def photograph() -> Picture:
    return Picture.of(np.random.default_rng(1).integers(0, 256, (24, 40, 3), np.uint8), FromData("photographs", 0))


def test_a_picture_is_what_the_endpoint_drew_for_the_prompt(server: EndpointServer, store: Store) -> None:
    server.again([draws])
    made = EndpointGenerator(store, endpoint(server))
    picture = made.draw("a red car", 4)
    assert np.array_equal(picture.pixels, drawn("a red car"))
    assert picture.provenance == FromPrompt("openai:gpt-image-1", "a red car", 4)
    assert (server.paths, server.requests) == (["/v1/images/generations"], [{"model": "gpt-image-1", "prompt": "a red car"}])


def test_each_is_asked_for_once_and_several_at_a_time(server: EndpointServer, store: Store) -> None:
    server.again([lambda request: Answer(draws(request).body, way="slow", seconds=0.1)])
    wanted = [Wanted(f"a {colour} car", seed) for colour in ("red", "blue", "pink") for seed in (1, 2)]
    first = EndpointGenerator(store, endpoint(server, at_once=3)).draw_many(wanted)
    assert len(server.requests) == 6
    assert 1 < server.most_at_once <= 3
    again = EndpointGenerator(store, endpoint(server)).draw_many(wanted[::-1])
    assert len(server.requests) == 6
    assert [p.id for p in again] == [p.id for p in first[::-1]]
    assert [p.caption for p in first] == [one.prompt for one in wanted]


def test_settings_are_sent_and_other_models_are_asked_for_base64(server: EndpointServer, store: Store) -> None:
    server.again([draws])
    EndpointGenerator(store, endpoint(server, "sdxl,size=512x512,quality=low")).draw("a car", 0)
    assert server.requests[0] == {
        "model": "sdxl", "prompt": "a car", "size": "512x512", "quality": "low", "response_format": "b64_json",
    }  # fmt: skip


def test_an_endpoint_that_knows_no_response_format_is_asked_without(server: EndpointServer, store: Store) -> None:
    server.again([refused(400, "Unknown parameter: 'response_format'."), draws])
    EndpointGenerator(store, endpoint(server, "sdxl")).draw("a car", 0)
    assert ["response_format" in request for request in server.requests] == [True, False]


def test_an_edit_sends_the_picture_the_words_and_what_may_change(server: EndpointServer, store: Store) -> None:
    server.again([draws])
    picture, where = photograph(), np.zeros((24, 40), bool)
    where[4:12, 10:30] = True
    made = EndpointEditor(store, endpoint(server))
    [changed] = made.edit_many([Edit(picture, "a cat", 0, where)])
    [sent] = server.requests
    assert server.paths == ["/v1/images/edits"]
    assert (sent["model"], sent["prompt"]) == ("gpt-image-1", "a cat")
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(sent["image"]))), picture.pixels)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(sent["mask"])))[..., 3] == 0, where)
    assert changed.pixels.shape == (24, 40, 3)
    assert changed.provenance == FromEdit(picture.id, "a cat")
    differs = (changed.pixels != picture.pixels).any(axis=2)
    assert not differs[~where].any()
    assert differs[where].mean() > 0.9
    made.edit_many([Edit(picture, "a cat", 0, where)] * 2)
    assert len(server.requests) == 1
    made.edit_many([Edit(picture, "a cat", 0, ~where), Edit(picture, "a cat")])
    assert sorted("mask" in request for request in server.requests) == [False, True, True]


def test_refusals_are_told_and_no_end_of_a_run(
    server: EndpointServer, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    server.again([lambda request: BLOCKED if "red" in request["prompt"] else draws(request)])
    made = EndpointGenerator(store, endpoint(server))
    with pytest.raises(BadInput, match=r"refused 1 of 2 pictures, such as 'a red car' with seed 0: .*safety system") as error:
        made.draw_many([Wanted("a red car", 0), Wanted("a blue car", 0)])
    assert not isinstance(error.value, EndpointFailed)
    assert len(server.requests) == 2, "a refusal is not asked for again"
    kept = made._given([Wanted("a red car", 0), Wanted("a blue car", 0), Wanted("a red dog", 0)])
    assert [p.caption for p in kept] == ["a blue car"]
    assert "1 of 3 pictures refused, such as 'a red dog'" in capsys.readouterr().err
    with pytest.raises(BadInput, match="refused 'red' of picture"):
        EndpointEditor(store, endpoint(server)).edit_many([Edit(photograph(), "red")])


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (said({"data": []}), "it holds no picture"),
        (said({"data": [{"url": "http://10.0.0.1/x.png"}]}), "it gives an address in place of the picture"),
        (said({"data": [{"b64_json": "no base64!"}]}), "its picture cannot be decoded"),
        (said({"data": [{"b64_json": base64.b64encode(b"GIF89a").decode()}]}), "its picture cannot be decoded"),
        (Answer(b"<html>nginx</html>", form="text/html"), "cannot be read"),
        (Answer(b'{"data": [', form="application/json"), "cannot be read"),
        (refused(404, "no such model"), "no such model, or no such address"),
        (Answer(way="hang up"), "no connection"),
    ],
)
def test_an_answer_without_a_picture_is_one_line(server: EndpointServer, store: Store, answer: Answer, text: str) -> None:
    server.again([answer])
    with pytest.raises(EndpointFailed, match=text) as error:
        EndpointGenerator(store, endpoint(server)).draw("a car", 0)
    assert "\n" not in str(error.value)
    assert len(server.requests) <= 6


def test_what_passes_is_tried_again(server: EndpointServer, store: Store) -> None:
    server.again([refused(429, "slow down", retry_after="1"), refused(503, "busy"), draws])
    model = endpoint(server)
    assert np.array_equal(EndpointGenerator(store, model).draw("a car", 0).pixels, drawn("a car"))
    assert model._spending.requests == 3


def test_limits_hold_and_costs_are_counted(server: EndpointServer, store: Store) -> None:
    server.again([draws])
    priced = endpoint(server, price=Price(Decimal(10), Decimal(40)))
    EndpointGenerator(store, priced).draw("a car", 0)
    assert priced._spending.dollars == (10 * Decimal(10) + 1000 * Decimal(40)) / 1_000_000
    unknown = endpoint(server)
    EndpointGenerator(store, unknown).draw("a car", 1)
    assert "at a price that is not known" in unknown._spending.told()
    limited = EndpointGenerator(store, endpoint(server, allowed=Allowed(requests=2)))
    with pytest.raises(LimitReached, match="--max-requests 2"):
        limited.draw_many([Wanted("a dog", seed) for seed in range(3)])
    silent = endpoint(server, price=Price(Decimal(10), Decimal(40)), max_usd=Decimal(1))
    server.again([picture_of(drawn("x"))])
    with pytest.raises(EndpointFailed, match="does not say what a picture costs: --max-usd cannot be kept"):
        EndpointGenerator(store, silent).draw("a car", 2)


@pytest.mark.parametrize("rest", ["", " ", "m,size=huge", "m,colour=red"])
def test_a_name_that_cannot_be_is_told(server: EndpointServer, rest: str) -> None:
    with pytest.raises(BadInput, match=r"names no model|is no setting of pictures"):
        endpoint(server, rest)


def test_concepts_are_drawn_by_their_prompts(server: EndpointServer, store: Store) -> None:
    server.again([draws])
    made, lab, concept = EndpointGenerator(store, endpoint(server)), make_lab(store), parse("red car")
    pictures = made.examples(concept, 3, np.random.default_rng(0))
    assert [lab.holds(concept, picture) for picture in pictures] == [True] * 3
    missed = made.near_miss(concept, pictures[0], np.random.default_rng(0))
    assert missed is not None
    assert not lab.holds(concept, missed)


def test_a_run_with_it_is_limited_recorded_and_resumed(
    server: EndpointServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.again([draws])
    (tmp_path / "red.py").write_text(
        "import numpy as np, torch\n"
        "def net():\n    torch.manual_seed(0)\n    return torch.nn.Conv2d(3, 1, 1), prepare\n"
        "def prepare(image):\n    return torch.from_numpy(np.array(image.resize((8, 8)))).permute(2, 0, 1) / 255\n"
    )
    words = ["--data", "sketch:60", "--generator", "openai:gpt-image-1", "--editor", "openai:gpt-image-1,quality=low"]
    words += ["--base-url", server.url, "--runs", str(tmp_path / "runs"), "--max-requests", "20", "--json"]
    assert main(["ask", f"{tmp_path / 'red.py'}:net", "0", "What makes this unit fire?", *words]) == 3
    answer = json.loads(capsys.readouterr().out)
    assert len(server.requests) == 20
    told = read_about(Path(answer["run"]))
    assert (told["generator"], told["settings"]["editor"]) == ("openai:gpt-image-1", "openai:gpt-image-1,quality=low")
    assert "--editor openai:gpt-image-1,quality=low" in " ".join(told["command"])
    assert main(["resume", answer["run"], "--max-requests", "25", "--json"]) == 3
    assert len(server.requests) <= 20 + 25
    again = json.loads(capsys.readouterr().out)
    assert again["run"] == answer["run"]
