"""What a model was asked and answered is on record: whole requests come back, and nothing recorded is asked again."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lettvin.agent.backbones.model import Message, Offered, Reply, Shown, Text, Usage
from lettvin.agent.backbones.model_settings import ModelSettings
from lettvin.agent.backbones.models_of_run import ModelsOfRun, is_model, model_by_name
from lettvin.agent.backbones.prices import Price, price_of, read_prices
from lettvin.agent.backbones.recorded import Recorded, difference, digest, requests
from lettvin.agent.backbones.replay import Replay, UnknownRequest
from lettvin.agent.backbones.scripted import ScriptedModel
from lettvin.agent.backbones.spending import Allowed, Spending
from lettvin.agent.run_folder import Diverged, RunFolder, read_events
from lettvin.agent.transcript import EVENT, Replied, Stopped
from lettvin.targets.errors import BadInput, LimitReached
from lettvin.tools.store import Store


def words(*texts: str) -> list[Message]:
    """A conversation that begins with a user's words, the roles in turn."""
    return [Message(role="assistant" if i % 2 else "user", parts=(Text(text=text),)) for i, text in enumerate(texts)]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


def replies(run: Path) -> list[Replied]:
    """The replies on record in a run."""
    return [event for event in read_events(run) if isinstance(event, Replied)]


def played(run: Path, recorded: Recorded, asked: list[list[Message]], record: tuple = ()) -> tuple[list[str], RunFolder]:
    """Ask one after the other, in the run's folder; the replies."""
    with Store(run.parent / "store") as store:
        folder = RunFolder(run, store, record=record)
        try:
            recorded.keep_in(folder)
            return [recorded.reply(messages).text for messages in asked], folder
        finally:
            folder.close()


GROWING = [words("a"), words("a", "one", "b"), words("a", "one", "b", "two", "c")]


def test_each_reply_is_an_event_with_only_what_is_new(run: Path) -> None:
    played(run, Recorded(ScriptedModel(["one", "two", "three"])), GROWING)
    events = replies(run)
    assert [(event.kept, len(event.appended), event.offered) for event in events] == [(0, 1, None), (1, 2, None), (3, 2, None)]
    assert [event.request for event in events] == [digest(messages) for messages in GROWING]


def test_whole_requests_are_rebuilt_role_by_role(run: Path) -> None:
    tools = (Offered(name="screen", doc="Screens.", schema_={}),)
    with Store(run.parent / "store") as store:
        folder = RunFolder(run, store)
        mind, judge = Recorded(ScriptedModel(["1", "3"])), Recorded(ScriptedModel(["2"]), "judge")
        for recorded in (mind, judge):
            recorded.keep_in(folder)
        mind.reply(words("a"), tools)
        judge.reply(words("x", "y"))
        mind.reply(words("a", "1", "b"))
        folder.close()
    rebuilt = [request for _, request in requests(read_events(run))]
    assert rebuilt == [(tuple(words("a")), tools), (tuple(words("x", "y")), ()), (tuple(words("a", "1", "b")), ())]


texts = st.lists(st.sampled_from(["a", "b", "c"]), max_size=4)


@settings(max_examples=60, deadline=None)
@given(asked=st.lists(texts.map(lambda found: words(*found)), min_size=1, max_size=6))
def test_whatever_is_asked_in_whatever_order_comes_back_from_the_events(asked: list[list[Message]]) -> None:
    class Memory:
        replaying, following = False, None

        def __init__(self) -> None:
            self.events: list = []

        def append(self, event):
            self.events.append(EVENT.validate_json(event.model_dump_json()))
            return event

    memory = Memory()
    recorded = Recorded(ScriptedModel(["x"] * len(asked)))
    recorded.keep_in(memory)
    for messages in asked:
        recorded.reply(messages)
    assert [request[0] for _, request in requests(memory.events)] == [tuple(messages) for messages in asked]


@pytest.mark.parametrize("cut", [0, 1, 2, 3])
def test_a_resumed_run_asks_nothing_that_is_on_record_and_goes_on(run: Path, cut: int) -> None:
    played(run, Recorded(ScriptedModel(["one", "two", "three"])), GROWING)
    whole = (run / "events.jsonl").read_bytes().splitlines(keepends=True)
    (run / "events.jsonl").write_bytes(b"".join(whole[:cut]))
    rest = ScriptedModel(["one", "two", "three"][cut:])
    told, _ = played(run, Recorded(rest), GROWING, tuple(read_events(run)))
    assert told == ["one", "two", "three"]
    rest.assert_complete()
    assert len(rest.calls) == 3 - cut
    assert [event.request for event in replies(run)] == [digest(messages) for messages in GROWING]


def test_what_is_on_record_counts_against_the_limits(run: Path) -> None:
    reply = Reply(text="one", usage=Usage(input_tokens=1000, output_tokens=100), requests=3)
    played(run, Recorded(ScriptedModel([reply])), GROWING[:1])
    spending = Spending(Allowed(requests=3))
    played(run, Recorded(ScriptedModel([]), spending=spending), GROWING[:1], tuple(read_events(run)))
    assert (spending.requests, spending.input_tokens, spending.output_tokens) == (3, 1000, 100)
    with pytest.raises(LimitReached, match="--max-requests 3"):
        spending.before_request()


def test_limits_hold_for_a_model_that_counts_nothing_itself(run: Path) -> None:
    model = ScriptedModel(["one", "two", "three"])
    with pytest.raises(LimitReached, match="--max-requests 2"):
        played(run, Recorded(model, spending=Spending(Allowed(requests=2))), GROWING)
    assert len(model.calls) == 2


def test_a_request_that_is_not_the_one_on_record_is_told_with_the_message(run: Path) -> None:
    played(run, Recorded(ScriptedModel(["one", "two"])), GROWING[:2])
    with pytest.raises(Diverged, match=r"request 2 of the backbone: message 3 .user. was 'b' on record, and is 'B' now"):
        played(run, Recorded(ScriptedModel([])), [words("a"), words("a", "one", "B")], tuple(read_events(run)))


def test_a_request_where_another_event_is_on_record_is_told(run: Path) -> None:
    with Store(run.parent / "store") as store:
        folder = RunFolder(run, store)
        folder.append(Stopped(by="Ctrl-C"))
        folder.close()
    with pytest.raises(Diverged, match="an event 'stopped' follows, and now the backbone asks scripted"):
        played(run, Recorded(ScriptedModel([])), GROWING, tuple(read_events(run)))


def test_a_reply_is_on_record_before_it_is_given(run: Path) -> None:
    """Killed at any moment after, the run has it."""
    with Store(run.parent / "store") as store:
        folder = RunFolder(run, store)
        recorded = Recorded(ScriptedModel(["one"]))
        recorded.keep_in(folder)
        recorded.reply(words("a"))
        assert isinstance(read_events(run)[0], Replied)  # before the folder is closed
        folder.close()


# ---- replay -----------------------------------------------------------------------------------------------------------


def test_a_run_is_played_again_from_its_record(run: Path, tmp_path: Path) -> None:
    played(run, Recorded(ScriptedModel(["one", "two", "three"])), GROWING)
    again = tmp_path / "again"
    again.mkdir()
    played(again, Recorded(model_by_name(f"replay:{run}")), GROWING)
    one, other = ([event.model_dump(exclude={"at", "seconds"}) for event in read_events(path)] for path in (run, again))
    assert one == other


def test_the_same_request_gets_its_replies_in_order_then_the_last(run: Path) -> None:
    played(run, Recorded(ScriptedModel(["one", "two"])), [words("a"), words("a")])
    replay = Replay(run)
    assert [replay.reply(words("a")).text for _ in range(3)] == ["one", "two", "two"]


def test_a_request_that_differs_prints_the_difference(run: Path, caplog: pytest.LogCaptureFixture) -> None:
    played(run, Recorded(ScriptedModel(["one", "two"])), GROWING[:2])
    with pytest.raises(UnknownRequest, match=r"message 3 .user. was 'b' on record, and is 'see this' now"):
        Replay(run).reply(words("a", "one", "see this"))
    assert "[user]\n-b\n+see this" in caplog.text


def test_the_difference_shows_pictures_calls_and_tools() -> None:
    before = (tuple(words("a")), ())
    picture = Message(role="user", parts=(Text(text="a"), Shown(picture="f" * 64, label="top 1")))
    told = difference(before, ((picture,), (Offered(name="screen", doc="", schema_={}),)))
    assert f"+picture {'f' * 64}: top 1" in told
    assert '+tool {"doc":"","name":"screen","schema_":{}}' in told


def test_a_run_without_replies_cannot_be_replayed(run: Path) -> None:
    (run / "events.jsonl").write_text("")
    with pytest.raises(BadInput, match="holds no model's replies"):
        Replay(run)
    with pytest.raises(BadInput, match="is not a run folder"):
        Replay(run / "nowhere")


# ---- what is spent ----------------------------------------------------------------------------------------------------


def test_dollars_are_counted_exactly_and_stop_the_run() -> None:
    spending = Spending(Allowed(dollars=Decimal("0.0003")))
    reply = Reply(text="x", usage=Usage(input_tokens=10, output_tokens=10))
    for _ in range(3):
        spending.before_request()
        spending.charge(Price(Decimal("1"), Decimal("9")), [], reply)
    assert spending.dollars == Decimal("0.0003")
    with pytest.raises(LimitReached, match=r"--max-usd 0\.0003"):
        spending.before_request()


def test_tokens_that_are_not_told_are_estimated_and_stop_the_run() -> None:
    spending = Spending(Allowed(tokens=50))
    spending.charge(None, words("word " * 40), Reply(text="word " * 10))
    assert spending.estimated
    assert "about 54 tokens in and 13 out, at a price that is not known" in spending.told()
    with pytest.raises(LimitReached, match="--max-tokens 50"):
        spending.before_request()


@pytest.mark.parametrize("field", ["max_requests", "max_tokens", "max_usd"])
def test_a_limit_that_leaves_nothing_is_refused(field: str) -> None:
    with pytest.raises(BadInput, match=f"--{field.replace('_', '-')} 0 leaves nothing to ask with"):
        ModelSettings.model_validate({field: 0}).checked()


def test_every_shipped_price_is_a_price_and_a_dated_model_costs_what_its_name_does() -> None:
    table = read_prices()
    assert price_of(table, "api.openai.com", "gpt-4o-2024-08-06") == Price(Decimal("2.50"), Decimal("10.00"))
    assert price_of(table, "api.openai.com", "gpt-4o-audio") is None
    assert price_of(table, "localhost", "gpt-4o") is None, "another host has other prices"


def test_a_file_of_prices_goes_over_the_shipped_one(tmp_path: Path) -> None:
    own = tmp_path / "prices.json"
    own.write_text('{"api.openai.com": {"gpt-4o": {"input": 1, "output": "2.5"}}, "*": {"mine": {"input": 0, "output": 0}}}')
    table = read_prices(own)
    assert price_of(table, "api.openai.com", "gpt-4o") == Price(Decimal(1), Decimal("2.5"))
    assert price_of(table, "api.openai.com", "gpt-4.1") is not None
    assert price_of(table, "anywhere", "mine") == Price(Decimal(0), Decimal(0))


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"h": 3}', '{"h": {"m": {"input": "x", "output": 1}}}', '{"h": {"m": {"input": -1, "output": 1}}}'],
)
def test_a_file_that_holds_no_prices_is_refused(text: str, tmp_path: Path) -> None:
    own = tmp_path / "prices.json"
    own.write_text(text)
    with pytest.raises(BadInput, match=r"--prices '.*prices\.json' .*: write "):
        read_prices(own)


def test_a_cost_limit_that_cannot_be_kept_is_refused() -> None:
    settings_ = ModelSettings(base_url="http://localhost:1/v1", max_usd=Decimal(2))
    with pytest.raises(BadInput, match="--max-usd 2 cannot be kept: no price is known of 'mine' at 'localhost'"):
        model_by_name("openai:mine", settings_)


def test_a_model_without_a_price_is_refused_where_dollars_are_limited_and_what_costs_nothing_is_not(run: Path) -> None:
    models = ModelsOfRun(ModelSettings(max_usd=Decimal(2)))
    with pytest.raises(BadInput, match="no price is known of 'scripted'"):
        models.of(ScriptedModel([]))
    played(run, Recorded(ScriptedModel(["one"])), GROWING[:1])
    models.of(f"replay:{run}")


def test_a_replayed_run_is_stopped_where_its_limit_stopped_it(run: Path) -> None:
    played(run, Recorded(ScriptedModel([Reply(text="one", requests=2), "two"])), GROWING[:2])
    spending = Spending(Allowed(requests=2))
    replay = Replay(run, spending)
    replay.reply(GROWING[0])
    with pytest.raises(LimitReached, match="--max-requests 2"):
        replay.reply(GROWING[1])


# ---- names ------------------------------------------------------------------------------------------------------------


def test_roles_that_name_the_same_model_share_it_and_its_limits(run: Path) -> None:
    models = ModelsOfRun(ModelSettings(base_url="http://localhost:1/v1", max_requests=1))
    mind, judge = models.of("openai:m"), models.of("openai:m", "judge")
    assert mind._model is judge._model
    assert mind.spending is judge.spending is models.spending


@pytest.mark.parametrize("name", ["openai:", "openai", "gpt-4o", "azure:x", ":"])
def test_a_name_that_is_no_model_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="is no language model: write openai:MODEL"):
        model_by_name(name)
    assert is_model("openai:m")
    assert not is_model("empiricist")
