"""What is sent to a model, whole, as it was when somebody last read it; and that no prompt is idle, blank or grown unseen.

The snapshots in `what_is_sent/` are written anew by `LETTVIN_WRITE_SNAPSHOTS=1 pytest tests/test_prompts.py`: read the
difference before it is committed. Numbers and ids of pictures stand in them as # and ID.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from lettvin.agent.ask import ask
from lettvin.agent.backbones.conversation import AFTER, MOST, Conversation, user
from lettvin.agent.backbones.model import Message, Shown
from lettvin.agent.backbones.prompt_text import prompt, raw
from lettvin.agent.backbones.vision_language import MENDINGS, VisionLanguage, Ways
from lettvin.agent.question import LITERAL
from lettvin.benchmarks.prompt_tokens import names, run, tokens
from lettvin.tests.scene_runs import unit
from lettvin.tests.scripted_model import Line, ScriptedModel, block, calling, words
from lettvin.tests.test_vision_language import RAISING

ROOT = Path(__file__).resolve().parent.parent
SNAPSHOTS = ROOT / "tests" / "what_is_sent"
WRITE = bool(os.environ.get("LETTVIN_WRITE_SNAPSHOTS"))


def as_sent(messages: Sequence[Message]) -> str:
    """Messages as text, less what differs from run to run."""
    parts = []
    for message in messages:
        parts.append(f"======== {message.role}")
        parts += [part.text if part.kind == "text" else f"<picture: {part.label}>" for part in message.parts]
        parts += [f"<call {call.name} {call.arguments}>" for call in message.calls]
    text = re.sub(r"\bsynthetic-[0-9a-f]{8}\b", "synthetic-ID", "\n".join(parts))
    text = re.sub(r"\b[0-9a-f]{64}\b|\b(?=[0-9a-f]*\d)[0-9a-f]{12}\b", "ID", text)
    return re.sub(r"-?\d+\.\d+(e-?\d+)?|(?<=percentile )\d+", "#", text) + "\n"


def held(name: str, text: str) -> None:
    """Hold a text against its snapshot, or write that."""
    path = SNAPSHOTS / f"{name}.txt"
    if WRITE:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text, f"{name} is sent otherwise than when it was last read: see the docstring"


def sent(
    script: Sequence[Line], tmp_path: Path, mode: Ways = "code", question: str = LITERAL
) -> tuple[ScriptedModel, ScriptedModel]:
    """A run of the script, and what it and the reviewer were sent."""
    model, judge = ScriptedModel(script), ScriptedModel([], last='{"objections": []}')
    backbone = VisionLanguage(model, judge=judge, mode=mode)
    ask(unit("red"), question, data="sketch:80", backbone=backbone, runs=tmp_path, page=False)
    return model, judge


def test_the_first_request_in_code_mode(tmp_path: Path) -> None:
    model, _ = sent([block("conclude(None)")], tmp_path)
    held("code_mode", as_sent(model.requests[0]))


def test_the_first_request_in_call_mode_and_its_tools(tmp_path: Path) -> None:
    model, _ = sent([calling(("conclude", {"hypothesis": None}))], tmp_path, "calls")
    tools = json.dumps([tool.model_dump(mode="json") for tool in model.offered[0]], indent=1)
    held("call_mode", as_sent(model.requests[0]) + f"======== tools\n{tools}\n")


def test_a_question_of_ones_own(tmp_path: Path) -> None:
    model, _ = sent([block("conclude(None)")], tmp_path, question="Is it more about ```wheels``` or about cars?")
    held("question", as_sent(model.requests[0][1:]))


def test_what_comes_back(tmp_path: Path) -> None:
    looking = "top = exemplars(k=2)\nshow([e.picture for e in top.shown], 'the top')\nx: int = 'a'\nprint('seen')"
    script: list[Line] = ["Hm.", block(looking), block("print(1)\n1 / 0"), block("screen(conepts=[])"), block("conclude(None)")]
    model, _ = sent(script, tmp_path)
    held("what_comes_back", as_sent(model.requests[-1][3:]))


def test_the_review_and_the_last_request(tmp_path: Path) -> None:
    script: list[Line] = [block("screen()" + RAISING), block("conclude('H1')"), *["No."] * (MENDINGS["nothing"] + 1), "{}"]
    model, judge = sent(script, tmp_path)
    held("review", as_sent(judge.requests[0]))
    held("final_request", as_sent(model.requests[-1][-1:]))


# ---- the files ------------------------------------------------------------------------------------------------------


def test_every_prompt_is_sent_by_something_and_every_one_that_is_sent_is_there() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "agent").rglob("*.py"))
    assert set(re.findall(r'prompt\(\s*"(\w+)"', code)) == set(names())


@pytest.mark.parametrize("name", names())
def test_a_prompt_is_read_with_exactly_its_blanks(name: str) -> None:
    blanks = {blank: f"<{blank}>" for blank in re.findall(r"\$\{(\w+)\}", raw(name))}
    assert "${" not in prompt(name, **blanks)
    assert all(f"<{blank}>" in prompt(name, **blanks) for blank in blanks)
    with pytest.raises(KeyError):
        prompt(name, **blanks, one_more="x")
    assert raw(name).startswith("# ") or name in ("objections",)
    assert max(map(len, raw(name).split("\n"))) <= 130


def test_what_is_filled_in_is_not_filled_in_again() -> None:
    assert "${evidence}" in prompt("review_request", hypothesis="${evidence}", evidence="x")


@pytest.mark.parametrize("name", ["describer", "summariser"])
def test_who_sees_for_others_is_told_of_no_unit_and_no_hypothesis(name: str) -> None:
    assert not re.findall(r"\bunit|hypothes|neuron|network|activat|fires?\b", raw(name))


def test_the_docs_tell_how_long_prompts_are() -> None:
    """Within a tenth, so that a word may be mended without a table."""
    page = (ROOT / "docs" / "language_models.md").read_text(encoding="utf-8")
    found = run()
    told = {name: int(count) for name, count in re.findall(r"^\| `(\w+)` \|.*\| (\d+) \|$", page, flags=re.M)}
    assert told.keys() == set(names())
    for name, count in told.items():
        assert count == pytest.approx(found["prompts"][name], rel=0.1, abs=5), name
    keys = {"instructions in code mode": "code", "instructions in call mode": "calls", "its tools": "tools of calls"}
    for what, key in keys.items():
        (count,) = re.findall(rf"^\| {what}.* \| (\d+) \|$", page, flags=re.M)
        assert int(count) == pytest.approx(found["instructions"][key], rel=0.1), what
    assert tokens("a" * 400) == 100


# ---- what stays in view ------------------------------------------------------------------------------------------------


def shows(*numbers: int) -> Message:
    return user("look", [Shown(picture=f"{n:064x}", label=f"picture {n}") for n in numbers])


def in_view(talk: Conversation) -> list[int]:
    return [int(part.picture, 16) for message in talk.messages for part in message.parts if isinstance(part, Shown)]


def test_the_oldest_pictures_fall_out_of_view_many_at_once_and_their_ids_stay() -> None:
    talk = Conversation("system")
    for n in range(0, 24, 4):
        talk.add([shows(n, n + 1, n + 2, n + 3)])
    assert in_view(talk) == list(range(24))
    before = talk.messages
    talk.add([shows(24)])
    assert in_view(talk) == list(range(25 - AFTER, 25))
    faded = "\n".join(words(message) for message in talk.messages)
    assert all(f"[picture {n:064x}"[:21] + f": picture {n}]" in faded for n in range(25 - AFTER))
    assert [message.role for message in talk.messages[:-1]] == [message.role for message in before]
    assert len(talk.messages[1].parts) == len(before[1].parts), "each place holds what stood there"


def test_a_request_mostly_begins_as_the_one_before() -> None:
    """So that endpoints need not read it anew."""
    talk, changed = Conversation("system"), 0
    for n in range(100):
        before = talk.messages
        talk.add([shows(n)])
        changed += talk.messages[: len(before)] != before
        assert len(in_view(talk)) <= MOST
    assert changed <= 100 / (MOST - AFTER) + 1


def test_all_pictures_may_stay() -> None:
    talk = Conversation("system", most=None)
    talk.add([shows(*range(16)) for _ in range(10)])
    assert len(in_view(talk)) == 160
