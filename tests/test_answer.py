"""The answer: the contract's keys, and no word that the run does not bear out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lettvin.agent.answer import Answer
from lettvin.agent.ask import taken_literally
from lettvin.agent.backbones.backbone import Conclude
from lettvin.agent.transcript import Answered, Decided, Judged, Raised, Redrawn, Registered
from lettvin.tests.scene_runs import FIRING, Step, against, concluding, lab, of, only, pairs, raising, scripted, study
from lettvin.tools.sketch.concept import parse
from lettvin.tools.statistics import auprc, pearson, superiority
from lettvin.tools.store import Store, cache_folder

KEYS = ["question", "target", "unit", "description", "labels", "formula", "verdict", "confidence", "evidence", "heldout"]
KEYS += ["explained", "images", "seconds", "run"]
EVIDENCE = ["claim", "conditions", "n", "effect", "interval", "p", "verdict"]


@pytest.mark.parametrize("behaviour", ["red", "noise", "constant"])
def test_json_is_one_object_with_exactly_the_contracts_keys(behaviour: str) -> None:
    answer, _ = study(behaviour)
    found = json.loads(answer.as_json())
    assert list(found) == KEYS
    assert found["verdict"] in ("supported", "inconclusive", "no-concept")
    assert all(list(line) == EVIDENCE for line in found["evidence"])
    assert all(len(line["interval"]) == 2 and line["conditions"].keys() == {"high", "low"} for line in found["evidence"])
    if found["formula"] is None:
        assert found["heldout"] is found["explained"] is None
    else:
        assert list(found["heldout"]) == ["n", "auroc", "auprc", "pearson"]
        assert list(found["explained"]) == ["overall", "below_top_decile"]
        assert str(parse(found["formula"])) == found["formula"]


def test_a_supported_answer_says_what_the_lab_admitted() -> None:
    answer, events = study("red")
    admitted = of(Decided, events)[-1]
    assert (answer.verdict, answer.formula, admitted.verdict) == ("supported", admitted.formula, "supported")
    assert answer.labels == ["red"]
    assert answer.confidence is not None
    assert 0 < answer.confidence < 1
    assert "red" in answer.description
    assert answer.images == only(Answered, events).images


def test_every_registered_test_and_every_attempt_is_a_line_of_evidence() -> None:
    answer, events = study("red")
    assert len(answer.evidence) == len(of(Registered, events)) + len(of(Decided, events))
    judged = of(Judged, events)
    assert [line.p for line in answer.evidence[: len(judged)]] == [trial.p for trial in judged]
    claims = {raised.id: raised.statement for raised in of(Raised, events)}
    assert [line.claim for line in answer.evidence[: len(judged)]] == [claims[trial.hypothesis] for trial in judged]
    assert answer.evidence[-1].verdict == "supported"


def test_heldout_is_measured_on_all_that_was_kept_back_and_on_nothing_else() -> None:
    answer, _ = study("dog")
    assert answer.formula == "dog"
    with Store(cache_folder()) as store:
        here = lab("dog", store)
        peaks = here.peaks[here.held_back].astype(float)
        true = np.array([here.holds(parse("dog"), here.source.about(int(i))) for i in here.held_back])
    assert answer.heldout is not None
    assert answer.heldout.n == len(peaks) == 160
    assert answer.heldout.auroc == pytest.approx(superiority(peaks[true], peaks[~true]), abs=1e-4)
    assert answer.heldout.auprc == pytest.approx(auprc(true, peaks) or 0, abs=1e-4)
    assert answer.heldout.pearson == pytest.approx(pearson(true.astype(float), peaks) or 0, abs=1e-4)


@pytest.mark.parametrize("behaviour", FIRING)
def test_an_answer_that_explains_under_half_begins_with_partly_and_no_other(behaviour: str) -> None:
    answer, _ = study(behaviour)
    if answer.verdict != "supported":
        pytest.skip("said of supported answers")
    assert answer.explained is not None
    weak = answer.explained.overall is not None and answer.explained.overall < 0.5
    assert answer.description.startswith("partly") == weak


def test_what_is_right_explains_what_the_units_noise_leaves() -> None:
    answer, _ = study("red")
    assert answer.explained is not None
    assert answer.explained.overall is not None
    assert 0.7 < answer.explained.overall <= 1


# ---- nothing to explain -------------------------------------------------------------------------------------------


def test_noise_is_no_concept_and_the_answer_says_what_would_have_been_seen() -> None:
    answer, events = study("noise")
    control = only(Redrawn, events)
    assert not control.driven
    assert (answer.verdict, answer.formula, answer.labels) == ("no-concept", None, [])
    assert f"a superiority of {control.detectable:.2f} would have been seen" in answer.description
    assert 0.5 < control.detectable < 0.9


def test_a_constant_unit_is_said_to_be_that() -> None:
    answer, events = study("constant")
    assert (answer.verdict, answer.formula, answer.images) == ("no-concept", None, 0)
    assert "constant" in answer.description
    assert not of(Redrawn, events)


# ---- without a conclusion -----------------------------------------------------------------------------------------


def test_without_a_conclusion_the_best_tested_hypothesis_is_named_and_not_more(tmp_path: Path) -> None:
    script: list[Step] = [raising("red"), raising("on snow"), pairs("H1", "red"), Conclude(hypothesis=None)]
    answer, _ = scripted("red", script, tmp_path)
    assert (answer.verdict, answer.formula, answer.labels, answer.confidence) == ("inconclusive", "red", [], None)
    assert "no conclusion" in answer.description


def test_a_refused_conclusion_says_why(tmp_path: Path) -> None:
    script: list[Step] = [raising("dog"), raising("red"), raising("on snow"), concluding("H1")]
    answer, events = scripted("red", script, tmp_path)
    decided = only(Decided, events)
    assert decided.verdict != "supported"
    assert decided.reasons
    assert answer.description.startswith("Inconclusive")
    assert "dog" in answer.description
    assert (answer.verdict, answer.labels) == ("inconclusive", [])


def test_a_refuted_hypothesis_is_never_the_answer(tmp_path: Path) -> None:
    """What is not red drives the red unit less than what is: refuted by its own test."""
    script: list[Step] = [raising("dog and not red"), against("H1", "dog and not red", "red and not dog")]
    answer, events = scripted("red", script, tmp_path)
    assert only(Judged, events).verdict == "refuted"
    assert (answer.formula, answer.evidence[0].verdict) == (None, "refuted")


# ---- the question -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", ["Which colour does this unit fire for?", "Is it a dog detector?", "Why?"])
def test_a_question_that_is_not_what_makes_it_fire_is_answered_as_that_and_told_so(question: str, tmp_path: Path) -> None:
    answer, _ = scripted("constant", [], tmp_path, question=question)
    assert answer.question == question
    assert answer.description.endswith("(The question answered is: What makes this unit fire?)")


@pytest.mark.parametrize(
    ("question", "literal"),
    {
        "What makes this unit fire?": True,
        "what does the neuron respond to": True,
        "Which pictures make it fire?": True,
        "What  does unit 3 detect?": True,
        "What drives this channel?": True,
        "What does this unit not respond to?": False,
        "What makes this unit fire least?": False,
        "What colour does this unit fire for?": False,
        "What makes this unit fire, and is it biased?": False,
        "What do you think a unit does?": False,
        "Does what fires it matter?": False,
    }.items(),
)
def test_only_the_plain_question_is_taken_literally(question: str, literal: bool) -> None:
    assert taken_literally(question) is literal


# ---- how it is shown ----------------------------------------------------------------------------------------------


def test_the_text_holds_the_answer_its_verdict_its_confidence_its_page_and_its_limit() -> None:
    answer, _ = study("red")
    text = answer.text()
    assert text.startswith(answer.description)
    assert "Labels: red" in text
    assert f"Verdict: supported, confidence {answer.confidence:.0%}" in text
    assert text.endswith(str(Path(answer.run) / "report.html"))
    assert "Stopped by --max-seconds 1" in answer.model_copy(update={"limit": "--max-seconds 1"}).text()


def test_a_notebook_shows_it_without_letting_its_words_be_markup() -> None:
    answer: Answer = study("red")[0].model_copy(update={"description": "<script>alert(1)</script>"})
    shown = answer._repr_html_()
    assert "<script>" not in shown
    assert "supported" in shown
