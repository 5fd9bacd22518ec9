"""A vision-language model as the scientist: it is told what is known, acts by code or by tool calls, and is told what came.

One reply of the model is one turn. Every call in it that changes the run is one act: the turn is suspended, the loop carries
the act out and records it, and with the next transcript the turn goes on where it stood, so that nothing a model writes can
catch a limit or Ctrl-C. Given the same replies it decides the same, which is how a run is resumed: the replies on record are
played again. Covered: the conversation, calls that only look, the review before a conclusion, the last request at a limit.
Not covered: how a model is reached, and what it has cost (`model.py` and the files that implement it).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ValidationError

from ...targets.errors import LimitReached, ToolError
from ...tools.statistics import superiority_effect
from ..acts import Act, Conclude
from ..question import LITERAL
from ..transcript import AnyEvent, Raised, Started
from .acting import Feedback, Mode, Turn
from .bench import Bench
from .call_mode import CallMode, complaint
from .code_mode import CodeMode
from .conversation import AFTER, MOST, Conversation, assistant, user
from .fences import fenced, inline
from .findings import evidence, of_unit
from .formula_words import formula_words
from .model import OVERFLOW, Message, Model, Reply, Shown, ToolCall
from .outcome import act_of, outcome
from .prompt_text import prompt
from .recorded import Recorded
from .review import read_object, review
from .sandbox import HostCall, Mistake, Value
from .tool_api import COMMON, COMPARE, CONCLUDE, RAISE, SHOW, Comparison, Conclusion, Function, as_text, functions

REPLIES = 400  # in one run
MENDINGS = {"nothing": 3, "failed": 12}  # replies in a row that asked for nothing, or for nothing that could be done
REVIEWS = 3
SHOWN = 24  # pictures in one turn
LONGEST = 3_000  # characters of what is said of pictures
Ways = Literal["code", "calls"]
Study = Generator[Act, Sequence[AnyEvent], None]
Answer = Generator[Act, Sequence[AnyEvent], Value | Mistake]


class LastWord(BaseModel):
    """What a model answers when a limit is reached: the hypothesis that it stands by, if any."""

    hypothesis: str | None


class VisionLanguage:
    """One run an instance. `judge`: who reviews a conclusion; `summariser`: who says what pictures have in common.

    Both are the model itself where they are not given, each time in a conversation of its own.
    """

    deterministic = True

    def __init__(
        self,
        model: Model,
        *,
        judge: Model | None = None,
        summariser: Model | None = None,
        mode: Ways = "code",
        in_view: int | None = MOST,
    ) -> None:
        self.name, self.model, self.judge, self.summariser = model.name, model, judge or model, summariser or model
        self._way, self._in_view = mode, in_view
        self._bench: Bench | None = None
        self._known: dict[str, Function] = {}
        self._mode: Mode | None = None
        self._talk: Conversation | None = None
        self._study: Study | None = None
        self._events: Sequence[AnyEvent] = ()
        self._shown: list[Shown] = []  # to be seen with the next message
        self._asides: list[str] = []
        self._reviewed: set[str] = set()

    # ---- what a run asks of it ------------------------------------------------------------------------------------

    def attend(self, bench: Bench) -> None:
        """See what can be called and shown, before the first act."""
        self._bench, self._known = bench, functions(bench.instruments)
        self.model, self.judge = _recorded(self.model, "backbone", bench), _recorded(self.judge, "judge", bench)
        self.summariser = _recorded(self.summariser, "summariser", bench)
        self._mode = CodeMode(self._known, bench.record) if self._way == "code" else CallMode(self._known)

    def act(self, transcript: Sequence[AnyEvent]) -> Act:
        """The next act. Raises `LimitReached` where the model can or will not go on."""
        self._events = transcript
        if self._study is None:
            self._study = self._whole_study()
            return next(self._study)
        return self._study.send(transcript)

    def last_word(self, transcript: Sequence[AnyEvent], limit: str) -> Act | None:
        """One last request, for the answer: the hypothesis to conclude; None where the model names none that was raised."""
        self._events = transcript
        raised = {event.id: event for event in transcript if isinstance(event, Raised)}
        if not raised or self._talk is None:
            return None
        request = prompt("final_request", limit=inline(limit), evidence=evidence(transcript))
        request_ = [*_answered_all(self._talk.messages), user(request)]
        reply = self.model.last_reply(request_) if isinstance(self.model, Recorded) else self.model.reply(request_)
        word = read_object(reply.text, LastWord)
        return Conclude(hypothesis=word.hypothesis) if word is not None and word.hypothesis in raised else None

    def close(self) -> None:
        """End what it keeps running."""
        if self._mode is not None:
            self._mode.close()

    # ---- the study ------------------------------------------------------------------------------------------------

    def _whole_study(self) -> Study:
        if self._bench is None or self._mode is None:
            raise RuntimeError(f"{self.name} was asked to act before it could attend to a run")
        self._talk = Conversation(self._instructions(self._bench), self._in_view, AFTER)
        self._talk.add([user(self._task())])
        row = {"nothing": 0, "failed": 0}
        for _ in range(REPLIES):
            reply = self._asked()
            feedback = yield from self._carried_out(self._mode.turn(reply))
            row = {did: row[did] + 1 if feedback.did == did else 0 for did in row}
            if row["nothing"] > MENDINGS["nothing"]:
                raise LimitReached(f"{row['nothing']} replies in a row in which the model did nothing")
            if row["failed"] > MENDINGS["failed"]:
                raise LimitReached(f"{row['failed']} replies in a row of which nothing could be carried out")
            self._talk.add(self._with_pictures(feedback.messages))
        raise LimitReached(f"{REPLIES} replies of the model")

    def _asked(self) -> Reply:
        assert self._talk is not None
        assert self._mode is not None
        reply = self.model.reply(self._talk.messages, self._mode.offered)
        while reply.finish == OVERFLOW:
            if not self._talk.shorten():
                raise LimitReached("the model's context")
            reply = self.model.reply(self._talk.messages, self._mode.offered)
        calls = _told_apart(reply.calls) if self._mode.offered else ()
        reply = reply.model_copy(update={"calls": calls})
        self._talk.add([assistant(reply.text, calls)])
        return reply

    def _carried_out(self, turn: Turn) -> Generator[Act, Sequence[AnyEvent], Feedback]:
        try:
            call = next(turn)
            while True:
                call = turn.send((yield from self._answer(call)))
        except StopIteration as done:
            feedback: Feedback = done.value
            return feedback

    def _with_pictures(self, messages: Sequence[Message]) -> list[Message]:
        """What is said back, and after it what was to be seen and what others said."""
        shown, asides = self._shown, self._asides
        self._shown, self._asides = [], []
        if not shown and not asides:
            return list(messages)
        text = "\n\n".join([*asides, *(["The pictures you asked to see, each after its id:"] if shown else [])])
        return [*messages, user(text, shown)]

    # ---- calls ----------------------------------------------------------------------------------------------------

    def _answer(self, call: HostCall) -> Answer:
        """What a call gives: at once where it only looks, from the next transcript where it is an act."""
        assert self._bench is not None
        try:
            if call.name in (SHOW, COMPARE, COMMON, RAISE, CONCLUDE):
                self._known[call.name].arguments.model_validate(call.arguments)
            if call.name == SHOW:
                return self._show(**call.arguments)
            if call.name == COMPARE:
                return Value(_compared(**call.arguments))
            if call.name == COMMON:
                return self._in_common(**call.arguments)
            act = act_of(call.name, call.arguments)
        except ValidationError as error:
            return Mistake(f"{call.name}: {complaint(error)}")
        if isinstance(act, Conclude):
            objections = self._objections(act.hypothesis)
            if objections:
                return Value(Conclusion(hypothesis=act.hypothesis, verdict="objections", reasons=objections))
        self._events = yield act
        found = outcome(self._events, act, self._bench.instruments)
        return found if isinstance(found, Mistake) else Value(found)

    def _show(self, pictures: list[str], note: str = "") -> Value | Mistake:
        if len(self._shown) + len(pictures) > SHOWN:
            return Mistake(f"show: {SHOWN} pictures are the most for one message")
        found = self._seen(SHOW, pictures, f": {inline(note)}" if note else "")
        if isinstance(found, Mistake):
            return found
        self._shown += found
        return Value(None)

    def _in_common(self, pictures: list[str]) -> Value | Mistake:
        """What a conversation of its own, which knows of nothing else, says of pictures."""
        found = self._seen(COMMON, pictures)
        if isinstance(found, Mistake):
            return found
        talk = Conversation(prompt("summariser"))
        talk.add([user("The pictures:", found)])
        said = self.summariser.reply(talk.messages).text.strip()
        return Value(said[:LONGEST]) if said else Mistake(f"{COMMON}: nothing was said of them")

    def _seen(self, name: str, pictures: list[str], said: str = "") -> list[Shown] | Mistake:
        """Pictures as a model sees them, each made part of the run's folder."""
        assert self._bench is not None
        try:
            found = [self._bench.find(identity) for identity in pictures]
        except ToolError as error:
            return Mistake(f"{name}: {error}")
        for picture in found:
            self._bench.show(picture)
        return [Shown(picture=picture.id, label=f"picture {picture.id[:12]}{said}") for picture in found]

    def _objections(self, hypothesis: str | None) -> list[str]:
        """What a reviewer says against concluding the hypothesis, asked once of each, and of a few at most."""
        raised = next((e for e in self._events if isinstance(e, Raised) and e.id == hypothesis), None)
        if raised is None or raised.id in self._reviewed or len(self._reviewed) >= REVIEWS:
            return []
        self._reviewed.add(raised.id)
        found = review(self.judge, self._events, raised)
        if found:
            listed = "\n".join(f"{number}. {text}" for number, text in enumerate(found, 1))
            self._asides.append(prompt("objections", hypothesis=raised.id, objections=fenced(listed, "objections")))
        return found

    # ---- what it is told ------------------------------------------------------------------------------------------

    def _instructions(self, bench: Bench) -> str:
        api = as_text(self._known) if self._way == "code" else ""
        how = prompt("code_mode", api=api) if self._way == "code" else prompt("call_mode")
        language = prompt("concept_language", words=formula_words(bench.drawn, bench.nouns))
        return "\n\n".join([prompt("scientist"), how, language])

    def _task(self) -> str:
        started = next(event for event in self._events if isinstance(event, Started))
        about = of_unit(self._events)
        if started.answering == started.question or started.question == LITERAL:
            return prompt("describe_a_unit", **about)
        return prompt("answer_a_question", question=fenced(started.question, "question"), **about)


def _recorded(model: Model, role: str, bench: Bench) -> Recorded:
    """The model with its replies in the run's record, and the run's pictures before it; as it is where it has them."""
    if isinstance(model, Recorded):
        return model
    views = getattr(model, "views", None)
    if views is not None and getattr(views, "look", None) is None:
        views.look = lambda identity: bench.find(identity).pixels
    recorded = Recorded(model, role)
    recorded.keep_in(bench.record)
    return recorded


def _compared(high: list[float], low: list[float]) -> Comparison:
    a, b = np.array(high, float), np.array(low, float)
    found = superiority_effect(a, b)
    return Comparison(
        superiority=round(found.superiority, 4),
        interval=[round(found.low, 4), round(found.high, 4)],
        median_high=float(np.median(a)),
        median_low=float(np.median(b)),
    )


def _told_apart(calls: Sequence[ToolCall]) -> tuple[ToolCall, ...]:
    """The calls with ids of their own, so that each answer says which it answers."""
    ids = [call.id for call in calls]
    sound = all(ids) and len(set(ids)) == len(ids)
    return tuple(calls if sound else (c.model_copy(update={"id": f"call-{n}"}) for n, c in enumerate(calls, 1)))


def _answered_all(messages: Sequence[Message]) -> list[Message]:
    """The messages, with an answer to each call that a limit left without one: endpoints refuse what lacks one."""
    found = list(messages)
    if found and found[-1].role == "assistant" and found[-1].calls:
        said: Mapping[str, Any] = {"role": "tool", "parts": ({"kind": "text", "text": "not carried out: a limit was reached"},)}
        found += [Message.model_validate({**said, "answers": call.id}) for call in found[-1].calls]
    return found
