"""What is sent to a model: the order of messages, where pictures go, contact sheets, and nothing that was not said."""

from __future__ import annotations

import base64
import io
import itertools
import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lettvin.agent.backbones.model import Message, Offered, Shown, Text, ToolCall
from lettvin.agent.backbones.ordered_turns import CELLS, View, turns
from lettvin.agent.backbones.picture_views import CELL, KEPT, LABEL, PictureViews
from lettvin.agent.backbones.wire import wire, wire_tools


def picture(number: int, label: str | None = None) -> Shown:
    return Shown(picture=f"{number:02x}" * 32, label=f"picture {number}" if label is None else label)


def user(*parts: str | Shown) -> Message:
    return Message(role="user", parts=tuple(Text(text=part) if isinstance(part, str) else part for part in parts))


def called(*names: str) -> Message:
    return Message(role="assistant", calls=tuple(ToolCall(id=name, name="tool", arguments="{}") for name in names))


def tool(name: str, *parts: str | Shown) -> Message:
    return Message(role="tool", parts=user(*parts).parts, answers=name)


def name_of(view: View) -> str:
    return "data:" + "+".join(picture[:2] for picture in view.pictures)


def test_pictures_of_results_come_in_one_user_message_after_the_tool_messages() -> None:
    said = [user("Begin."), called("a", "b"), tool("a", "Two:", picture(1), picture(2)), tool("b", picture(3)), user("Go on.")]
    sent = wire(said, name_of)
    assert [message["role"] for message in sent] == ["user", "assistant", "tool", "tool", "user"]
    assert sent[1]["content"] is None
    assert sent[2] == {
        "role": "tool",
        "content": "Two:\npicture 1 [picture 010101010101]\npicture 2 [picture 020202020202]",
        "tool_call_id": "a",
    }
    assert sent[3]["content"] == "picture 3 [picture 030303030303]"
    assert sent[4]["content"] == [
        {"type": "text", "text": "Pictures of the results above:\npicture 1 [picture 010101010101]"},
        {"type": "image_url", "image_url": {"url": "data:01"}},
        {"type": "text", "text": "picture 2 [picture 020202020202]"},
        {"type": "image_url", "image_url": {"url": "data:02"}},
        {"type": "text", "text": "picture 3 [picture 030303030303]"},
        {"type": "image_url", "image_url": {"url": "data:03"}},
        {"type": "text", "text": "Go on."},
    ]


def test_a_message_of_words_is_a_plain_string() -> None:
    assert wire([user("One.", "Two.")], name_of) == [{"role": "user", "content": "One.\nTwo."}]


def test_a_picture_is_sent_once_and_named_wherever_it_is_shown() -> None:
    sent = wire([user(picture(7, "first")), user("Look again:", picture(7, "again"))], name_of)
    assert str(sent).count("data:07") == 1
    assert sent[0]["content"][-1]["text"] == "Look again:\nagain [picture 070707070707]"


def test_an_id_in_the_label_is_not_said_twice() -> None:
    assert wire([user(picture(7, "H1: 0707070707070"))], name_of)[0]["content"][0]["text"] == "H1: 0707070707070"


def test_what_was_sent_before_stays_as_it_was_when_the_conversation_goes_on() -> None:
    """Endpoints keep the beginning of a request from one to the next."""
    said = [user("Begin.", picture(1))]
    before = wire(said, name_of)
    said += [called("a"), tool("a", picture(1), picture(2)), user("Go on.")]
    assert wire(said, name_of)[: len(before)] == before


def test_few_pictures_go_as_they_are_where_the_number_is_limited() -> None:
    assert [v for turn in turns([user(picture(1), picture(2))], most=2) for v in turn.views] == [
        View(("01" * 32,)),
        View(("02" * 32,)),
    ]


def test_more_pictures_than_an_endpoint_takes_go_on_sheets_whose_cells_are_named() -> None:
    sent = wire([user(*(picture(i) for i in range(1, 6)))], name_of, most=2)
    urls = [part["image_url"]["url"] for part in sent[0]["content"] if part["type"] == "image_url"]
    assert urls == ["data:01+02+03", "data:04+05"]
    texts = "\n".join(part["text"] for part in sent[0]["content"] if part["type"] == "text")
    assert "Contact sheet, row by row: 1 = 040404040404, 2 = 050505050505" in texts
    assert all(f"picture {i} [picture" in texts for i in range(1, 6))


def test_of_too_many_pictures_the_newest_are_sent_and_the_others_named() -> None:
    sent = wire([user(*(picture(i) for i in range(CELLS + 3)))], name_of, most=1)
    (url,) = re.findall(r"data:[0-9a-f+]+", str(sent))
    assert url == "data:" + "+".join(f"{i:02x}" for i in range(3, CELLS + 3))
    assert "picture 0 [picture 000000000000]" in str(sent)


def test_a_model_that_sees_nothing_gets_words_alone() -> None:
    sent = wire([called("a"), tool("a", picture(1)), user(picture(2))], name_of, most=0)
    assert [message["content"] for message in sent] == [
        None,
        "picture 1 [picture 010101010101]",
        "picture 2 [picture 020202020202]",
    ]


def test_an_assistant_that_said_nothing_is_not_sent_as_an_empty_text() -> None:
    assert wire([Message(role="assistant")], name_of) == [{"role": "assistant", "content": "(nothing was said)"}]


def test_tools_go_with_their_schemas() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    assert wire_tools([Offered(name="screen", doc="Screens.", schema_=schema)]) == [
        {"type": "function", "function": {"name": "screen", "description": "Screens.", "parameters": schema}}
    ]


parts = st.lists(st.one_of(st.sampled_from(["x", ""]), st.integers(0, 40).map(picture)), max_size=8)
messages = st.lists(
    st.one_of(
        parts.map(lambda found: user(*found)),
        parts.map(lambda found: tool("a", *found)),
        st.just(called("a")),
        st.just(Message(role="assistant", parts=(Text(text="I see."),))),
    ),
    max_size=8,
)


@settings(max_examples=300, deadline=None)
@given(said=messages, most=st.none() | st.integers(0, 5))
def test_every_picture_is_named_none_is_sent_twice_and_never_more_than_may_be(said: list[Message], most: int | None) -> None:
    found = turns(said, most)
    views = [view for turn in found for view in turn.views]
    sent = [picture for view in views for picture in view.pictures]
    assert len(sent) == len(set(sent))
    assert most is None or len(views) <= most
    shown = {part.picture for message in said for part in message.parts if isinstance(part, Shown)}
    assert set(sent) == shown if most is None else len(sent) == min(len(shown), most * CELLS)
    assert all(f"[picture {picture[:12]}]" in "\n".join(turn.text for turn in found) for picture in shown)
    assert not any(one.role == other.role == "user" for one, other in itertools.pairwise(found))
    assert all(turn.role == "user" for turn in found if turn.views)
    assert all(turn.text.strip() or turn.calls or turn.views or turn.role in ("tool", "user") for turn in found)


def test_pictures_are_scaled_down_never_up_and_their_bytes_are_the_same_again() -> None:
    rng = np.random.default_rng(0)
    pixels = {"aa" * 32: rng.integers(0, 255, (900, 600, 3), np.uint8), "bb" * 32: np.full((30, 40, 3), 9, np.uint8)}
    one, two = (PictureViews(512, pixels.__getitem__) for _ in range(2))
    sizes = {}
    for identity in pixels:
        view = View((identity,))
        assert one.url(view) == two.url(view)
        head, _, data = one.url(view).partition(";base64,")
        image = Image.open(io.BytesIO(base64.b64decode(data)))
        sizes[identity[0]] = (image.size, head)
    assert sizes == {"a": ((341, 512), "data:image/jpeg"), "b": ((40, 30), "data:image/png")}


def test_only_so_many_are_kept_in_memory() -> None:
    views = PictureViews(512, lambda identity: np.full((8, 8, 3), int(identity[:2], 16), np.uint8))
    urls = {i: views.url(View((f"{i:02x}" * 32,))) for i in range(KEPT + 5)}
    assert len(views._urls) == KEPT
    assert views.url(View(("00" * 32,))) == urls[0]


def test_a_contact_sheet_shows_each_picture_in_its_cell_with_its_number() -> None:
    pixels = {f"{i:02x}" * 32: np.full((CELL, CELL, 3), 40 * i, np.uint8) for i in range(1, 6)}
    image = np.asarray(PictureViews(512, pixels.__getitem__).image(View(tuple(pixels))))
    step = CELL + 6
    for at in range(5):
        row, column = divmod(at, 3)
        middle = image[row * (step + LABEL) + CELL // 2, column * step + CELL // 2]
        assert middle.tolist() == [40 * (at + 1)] * 3
        label = image[row * (step + LABEL) + 6 + CELL : (row + 1) * (step + LABEL), column * step + 6 : (column + 1) * step]
        assert label.min() < 128, "the label is there"
