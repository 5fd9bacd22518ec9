"""The ledger: what a test must be to count, whoever decides; and that noise is not called a discovery."""

from __future__ import annotations

import numpy as np
import pytest

from lettvin.agent.ledger import ALPHA, LEAST_PAIRS, Ledger
from lettvin.agent.transcript import Judged
from lettvin.tools.experiment import Condition, Measured, Prediction
from lettvin.tools.instrument import ToolError
from lettvin.tools.lab import Reading

RNG = np.random.default_rng(0)
SHOWN, OTHER = Condition(name="shown", concept="red"), Condition(name="other", concept="blue")
BROKEN = Condition(name="broken", edit_of="shown", breaks="red")
HIGHER = np.linspace(5, 6, 12)
LOWER = np.linspace(0, 1, 12)


def ledger(formula: str = "red") -> Ledger:
    made = Ledger()
    made.raise_hypothesis(f"fires for {formula}", formula, "colour", "a test")
    return made


def tried(
    book: Ledger,
    values: dict[str, np.ndarray],
    conditions: tuple[Condition, ...] = (SHOWN, OTHER),
    high: tuple[str, ...] = ("shown",),
    low: tuple[str, ...] = ("other",),
    n: int | None = None,
    exploratory: bool = False,
    seen_before: tuple[str, ...] = (),
    true_of: tuple[str, ...] | None = None,
    rng: np.random.Generator = RNG,
) -> Judged:
    """Register and judge one experiment: `values` are its conditions' peaks; those in `seen_before` are named "shown 3"."""
    prediction = Prediction(high=list(high), low=list(low), refuted_if="it is not so")
    size = n or max(len(v) for v in values.values())
    plan = book.register("H1", list(conditions), prediction, size, exploratory)
    measured = []
    for c in conditions:
        names = [f"{c.name} {i}" for i in range(len(values[c.name]))]
        names = [name if name in seen_before else f"{plan.experiment} {name}" for name in names]
        peaks = zip(names, values[c.name], strict=True)
        readings = [Reading(picture=name, peak=float(peak), mean=0, percentile=50) for name, peak in peaks]
        measured.append(Measured(name=c.name, readings=readings, pairs_with=c.edit_of))
    holding = high if true_of is None else true_of
    true = {r.picture for m in measured if m.name in holding for r in m.readings}
    return book.judge(plan.experiment, measured, set(seen_before), true, rng)




# ---- before a measurement -----------------------------------------------------------------------------------------


def test_hypotheses_are_numbered_and_parents_must_exist() -> None:
    book = ledger()
    assert book.raise_hypothesis("narrower", "red car", "object", "a test", parent="H1").id == "H2"
    with pytest.raises(ToolError, match="'H9'; known: H1, H2"):
        book.raise_hypothesis("an orphan", "blue", "colour", "a test", parent="H9")


def test_nothing_is_registered_for_a_hypothesis_that_was_never_raised() -> None:
    book = Ledger()
    with pytest.raises(ToolError, match="'H1'; known: none: raise one first"):
        tried(book, {"shown": HIGHER, "other": LOWER})
    assert book.registered == {}


# ---- verdicts -----------------------------------------------------------------------------------------------------


def test_a_prediction_that_comes_true_is_supported_and_its_opposite_refuted() -> None:
    found = tried(ledger(), {"shown": HIGHER, "other": LOWER})
    assert (found.verdict, found.effect, found.n) == ("supported", 1.0, 12)
    assert tried(ledger(), {"shown": LOWER, "other": HIGHER}).verdict == "refuted"


def test_no_difference_is_inconclusive() -> None:
    found = tried(ledger(), {"shown": HIGHER, "other": HIGHER[::-1]})
    assert (found.verdict, found.effect) == ("inconclusive", 0.5)
    assert found.interval[0] < 0.5 < found.interval[1]


def test_pairs_are_tested_by_sign_flips() -> None:
    """Twelve differences of one sign: of the 2^12 ways to flip them, one is as extreme."""
    found = tried(ledger(), {"shown": HIGHER, "broken": HIGHER - 0.01}, (SHOWN, BROKEN), low=("broken",))
    assert found.p == pytest.approx(2**-12)
    assert found.verdict == "supported"
    unpaired = tried(ledger(), {"shown": HIGHER, "other": HIGHER - 0.01})
    assert unpaired.verdict == "inconclusive", "the same numbers, not known to be pairs"


@pytest.mark.parametrize(("pairs", "verdict"), [(LEAST_PAIRS - 1, "inconclusive"), (LEAST_PAIRS, "supported")])
def test_pairs_count_from_ten_on(pairs: int, verdict: str) -> None:
    values = {"shown": np.ones(pairs), "broken": np.zeros(pairs)}
    found = tried(ledger(), values, (SHOWN, BROKEN), low=("broken",), n=12)
    assert found.verdict == verdict
    assert (found.p == 1.0) == (pairs < LEAST_PAIRS) == (found.void is not None)


def test_exploration_has_an_effect_and_an_interval_but_never_a_verdict() -> None:
    book = ledger()
    for _ in range(3):
        found = tried(book, {"shown": HIGHER, "other": LOWER}, exploratory=True)
        assert (found.verdict, found.p, found.q, found.effect) == ("exploratory", None, None, 1.0)
    assert book.corrected() == {}
    assert book.status("H1") == "untested"
    assert {line.verdict for line in book.evidence()} == {"exploratory"}


# ---- what cannot count --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("picture", ["shown 3", "other 11"])
@pytest.mark.parametrize(("high", "low"), [(HIGHER, LOWER), (LOWER, HIGHER)])
def test_one_picture_seen_before_and_the_test_cannot_count(picture: str, high: np.ndarray, low: np.ndarray) -> None:
    book = ledger()
    found = tried(book, {"shown": high, "other": low}, seen_before=(picture,))
    assert (found.p, found.verdict, book.status("H1")) == (1.0, "inconclusive", "inconclusive")
    assert found.void == "it used pictures that the run had measured before"
    for _ in range(40):  # sure successes, which make the correction milder, do not revive it
        tried(book, {"shown": HIGHER, "other": LOWER})
    assert book.evidence()[0].verdict == "inconclusive"


@pytest.mark.parametrize("true_of", [(), ("other",), ("shown", "other")])
def test_a_test_of_something_else_does_not_count_for_the_hypothesis(true_of: tuple[str, ...]) -> None:
    """Red against blue says nothing for "dog": it holds of the high side no more than of the low one."""
    found = tried(ledger("dog"), {"shown": HIGHER, "other": LOWER}, true_of=true_of)
    assert (found.p, found.verdict) == (1.0, "inconclusive")
    assert found.void is not None
    assert "does not follow from H1" in found.void


def test_naming_a_condition_twice_does_not_double_its_pictures() -> None:
    few = {"shown": np.array([3.0, 4, 5, 6]), "other": np.array([0.0, 1, 2, 3.5])}
    once = tried(ledger(), few, rng=np.random.default_rng(1))
    often = tried(ledger(), few, high=("shown",) * 9, low=("other",) * 9, rng=np.random.default_rng(1))
    assert (often.n, often.p, often.interval) == (once.n, once.p, once.interval)


def test_edits_on_the_same_side_are_no_new_pictures() -> None:
    """Four scenes and three edits of each are four pictures a side: their luck is one luck."""
    rng = np.random.default_rng(5)
    sides = {"shown": "other", "other": "shown"}
    edits = {f"{side} {i}": side for side in sides for i in range(3)}
    conditions = (SHOWN, OTHER, *(Condition(name=e, edit_of=s, factor="light", value="dark") for e, s in edits.items()))
    high, low = (tuple([side, *(e for e, s in edits.items() if s == side)]) for side in sides)
    called = 0
    for _ in range(200):
        luck = {side: rng.normal(size=4) for side in sides}
        values = {c.name: luck[edits.get(c.name, c.name)] + 0.3 * rng.normal(size=4) for c in conditions}
        found = tried(ledger(), values, conditions, high, low, rng=rng)
        assert found.n == 4
        called += found.verdict == "supported"
    assert called / 200 <= ALPHA


def test_two_families_of_pairs_are_one_paired_test() -> None:
    unbroken = Condition(name="unbroken", edit_of="other", factor="colour", value="red")
    conditions = (SHOWN, OTHER, BROKEN, unbroken)
    values = {"shown": HIGHER, "broken": HIGHER - 0.01, "other": LOWER, "unbroken": LOWER + 0.01}
    found = tried(ledger(), values, conditions, high=("shown", "unbroken"), low=("other", "broken"))
    assert (found.n, found.effect, found.verdict) == (24, 1.0, "supported")


def test_there_is_no_topping_up_and_no_second_verdict() -> None:
    book = ledger()
    with pytest.raises(ValueError, match="at most 6 pictures"):
        tried(book, {"shown": HIGHER, "other": LOWER}, n=6)
    found = tried(book, {"shown": HIGHER, "other": HIGHER})
    with pytest.raises(ValueError, match="judged once"):
        book.judge(found.experiment, found.measured, set(), set(), RNG)


# ---- the correction -----------------------------------------------------------------------------------------------


def test_abandoned_tests_count_as_p_1() -> None:
    """One of p = 1/210 alone is a discovery; beside 19 that were registered and never measured it is not."""
    values = {"shown": np.array([6.0, 7, 8, 9]), "other": np.array([0.0, 1, 2, 3, 4, 5])}
    alone = tried(ledger(), values)
    assert alone.p is not None
    assert alone.p < 0.01
    assert alone.verdict == "supported"
    book = ledger()
    for _ in range(19):
        book.register("H1", [SHOWN, OTHER], Prediction(high=["shown"], low=["other"], refuted_if="-"), 12, False)
    late = tried(book, values)
    assert late.q == pytest.approx(min(1, 20 * (late.p or 0)), rel=1e-3)
    assert late.verdict == "inconclusive"
    assert [line.verdict for line in book.evidence()] == ["abandoned"] * 19 + ["inconclusive"]
    assert {line.p for line in book.evidence()[:19]} == {None}


def test_q_is_benjamini_and_hochbergs_over_every_registered_test() -> None:
    book, rng = ledger(), np.random.default_rng(2)
    for shift in (0, 0.5, 1, 2, 0, 1.5):
        tried(book, {"shown": rng.normal(shift, size=12), "other": rng.normal(size=12)}, rng=rng)
    ps = sorted((judged.p or 0.0, name) for name, judged in book.judged.items())
    for rank, (_, name) in enumerate(ps):  # by the definition: the least of m p_(k) / k over all k from its own rank on
        assert book.corrected()[name] == pytest.approx(min(len(ps) * p / (k + 1) for k, (p, _) in enumerate(ps) if k >= rank))


def test_a_later_failure_takes_an_early_success_back() -> None:
    book, rng = ledger(), np.random.default_rng(3)
    first = tried(book, {"shown": np.array([4.0, 5, 6, 7]), "other": np.array([0.0, 1, 2, 4.5])}, rng=rng)
    assert first.verdict == "supported"
    for _ in range(12):
        tried(book, {"shown": HIGHER, "other": HIGHER}, rng=rng)
    assert book.evidence()[0].verdict == "inconclusive"
    assert book.status("H1") == "inconclusive"


def test_pure_noise_is_called_supported_in_no_more_than_one_run_in_twenty() -> None:
    """480 tests of nothing, paired and not, eight a run: of tests under .05, and of runs what .05 allows (99%: 7 of 60)."""
    rng = np.random.default_rng(4)
    supported, refuted, runs = 0, 0, 0
    for _ in range(60):
        book = ledger()
        for turn in range(8):
            kind, low = ((SHOWN, OTHER), "other") if turn % 2 else ((SHOWN, BROKEN), "broken")
            tried(book, {c.name: rng.normal(size=12) for c in kind}, kind, low=(low,), rng=rng)
        verdicts = [line.verdict for line in book.evidence()]
        supported += verdicts.count("supported")
        refuted += verdicts.count("refuted")
        runs += "supported" in verdicts
    assert supported <= 0.05 * 480
    assert refuted <= 0.05 * 480
    assert runs <= 7
