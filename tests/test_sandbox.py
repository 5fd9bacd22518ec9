"""A block of a model's code: what it is given, what its check stops, and that it happens whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lettvin.agent.backbones.block_check import MODULES, UNCHECKED, bound_names, sort_out
from lettvin.tests.sandboxes import Bench, bench


@pytest.fixture(scope="module")
def here() -> Iterator[Bench]:
    """A sandbox for blocks that leave nothing that another test would mind."""
    with bench() as made:
        yield made


# ---- what crosses ---------------------------------------------------------------------------------------------------


def test_results_are_named_tuples(here: Bench) -> None:
    ended = here.run("s = screen()\nprint(s.pictures, s.fits[0].concept, s.fits[0].r, s.fits[0])")
    assert ended.how == "done"
    assert ended.output.startswith("100 red 0.9 Fit(concept='red', n=9, r=0.9,")


def test_arguments_come_by_place_or_by_name(here: Bench) -> None:
    here.calls.clear()
    here.run("screen(['red'], without='dog')\nexemplars('bottom', k=2)")
    assert [(c.name, c.arguments) for c in here.calls] == [
        ("screen", {"concepts": ["red"], "without": "dog"}),
        ("exemplars", {"which": "bottom", "k": 2}),
    ]


def test_results_go_back_as_arguments(here: Bench) -> None:
    here.calls.clear()
    here.run("t = exemplars()\nshow([e.picture for e in t.shown])\ngenerate([f.concept for f in screen().fits], len(t.shown))")
    assert here.calls[1].arguments == {"pictures": [f"{n:064x}" for n in range(3)]}
    assert here.calls[3].arguments == {"prompts": ["red", "dog"], "n": 3}


def test_a_mistake_is_an_error_that_code_may_catch(here: Bench) -> None:
    code = "try:\n    probe(['0123'])\nexcept ValueError as e:\n    print('caught', e)"
    assert here.run(code).output.startswith("caught no picture '0123' in this run")
    ended = here.run("a = 1\nprobe(['0123'])")
    assert (ended.how, ended.line) == ("failed", 2)
    assert "ValueError: no picture '0123'" in ended.error


def test_our_functions_are_values_too(here: Bench) -> None:
    assert here.run("f = screen\nprint(len(f().fits), [len(g().fits) for g in [f]])").output == "2 [2]\n"


NEVER = ["screen", "lambda: 1", "float('nan')", "float('inf')", "10**400", "object", "b'x'", "'a' * 300_000"]


@pytest.mark.parametrize("argument", [*NEVER, "[" * 50 + "1" + "]" * 50])
def test_what_cannot_be_written_down_is_no_argument(argument: str) -> None:
    with bench() as made:
        made.run(f"try:\n    screen(concepts=[{argument}])\nexcept ValueError as e:\n    print('no:', e)")
        assert not [call for call in made.calls if not isinstance(call.arguments["concepts"], list)]
        assert all(isinstance(c.arguments["concepts"][0], str) and len(c.arguments["concepts"][0]) < 100 for c in made.calls)


# ---- the check ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "line", "named"),
    [
        ("a = 1\nprint(undefined)", 2, "undefined"),
        ("import numpy", 1, "numpy"),
        ("screen(conepts=['red'])", 1, "conepts"),
        ("x = 1\n\nscreen(concepts='red')", 3, "list[str]"),
        ("experiment([{'name': 'a'}])", 1, "prediction"),
        ("exemplars('top', 5, 0.0, 1.0, 'plain', 3)", 1, "Too many positional"),
        ("exemplars(k='five')", 1, "int"),
        ("def f(:\n    pass", 1, "Expected"),
    ],
)
def test_unresolved_names_and_wrong_arguments_stop_a_block_before_it_runs(
    here: Bench, code: str, line: int, named: str
) -> None:
    here.calls.clear()
    ended = here.run("print('ran')\n" + code)
    assert (ended.how, ended.output, ended.line) == ("refused", "", line + 1)
    assert named in ended.error
    assert here.calls == []


@pytest.mark.parametrize("module", MODULES.split(", "))
def test_the_modules_that_are_told_of_are_there(here: Bench, module: str) -> None:
    assert here.run(f"import {module}").how == "done"


def test_what_is_not_there_to_import_is_told_with_what_is(here: Bench) -> None:
    assert f"there are {MODULES}" in here.run("import statistics\nprint(statistics.mean([1]))").error


SOUND = [
    "d = {'a': 1, 'b': 2}\nprint(max(d, key=lambda k: d[k]))",
    "c = [{'name': 'a', 'concept': 'red'}]\nc.append({'name': 'b', 'concept': 'dog'})\n"
    "experiment(c, {'high': ['a'], 'low': ['b'], 'refuted_if': 'x'}, 'H1')\nprint(1)",
    "for w in ['top', 'bottom']:\n    exemplars(which=w)\nprint(1)",
    "best = None\nfor f in screen().fits:\n    if best is None or f.r > best.r:\n        best = f\nprint(best.concept)",
    "show([e.view for e in exemplars(view='cropped').shown if e.view] or ['0' * 64])\nprint(1)",
    "show([e.view for e in exemplars(view='cropped').shown])\nprint(1)",
    "t = experiment([{'name': 'a'}, {'name': 'b'}], {'high': ['a'], 'low': ['b'], 'refuted_if': 'x'}, 'H1')\nprint(t)",
    "r = {}\nfor w in ['red', 'dog']:\n    r[w] = raise_hypothesis(w, w, 'any', 'x')\nprint(r)",
    "def test(h, words):\n    return [screen(concepts=[w]).fits[0].r for w in words]\nprint(test('H1', ['red']))",
    "print(sorted(screen().fits, key=lambda f: -f.r)[0].concept, list(map(str, [1])))",
    "x: int = 'text'\nprint(x)",
    "try:\n    print(open('a'))\nexcept (PermissionError, FileNotFoundError):\n    print('no')",
]


@pytest.mark.parametrize("code", SOUND)
def test_sound_code_is_not_stopped_by_its_check(here: Bench, code: str) -> None:
    ended = here.run(code)
    assert (ended.how, ended.error) == ("done", "")
    assert ended.output


def test_what_else_the_check_notes_is_said_beside_the_result(here: Bench) -> None:
    ended = here.run("x: int = 'text'\nprint(x)")
    assert ended.output == "text\n"
    assert ended.notes == ("line 1: Object of type `Literal[\"text\"]` is not assignable to `int`",)


def test_names_of_earlier_blocks_are_known(here: Bench) -> None:
    here.run("y: int = 'text'\nfor z in [1, 2]:\n    w = z\ndef double(n):\n    inner = n\n    return 2 * n\nimport math as m")
    assert here.run("print(y, z, w, double(4), m.pi)").output == "text 2 2 8 3.141592653589793\n"
    assert here.run("print(inner)").how == "refused"


def test_a_hundredth_block_is_checked_as_the_first_and_the_checker_does_not_grow() -> None:
    with bench() as made:
        made.run("a = 1")
        for n in range(100):
            assert made.run(f"def f{n}(x):\n    return x + {n}\nb{n} = f{n}(a)").how == "done"
        ended = made.run("def g():\n    global a\n    a += 1\ng()\nprint(a, b99, f99(1))")
        assert (ended.how, ended.output) == ("done", "2 100 100\n")
        kept = made.sandbox._checker
        assert kept is not None
        assert len(kept.dump()) < 20_000


@pytest.mark.parametrize("code", ["# nothing", "", "pass", "'''\ntext\n  more\n'''", "if True:\n\tx = 1", "x = (1 +\n2)"])
def test_the_check_changes_nothing_of_what_a_block_may_look_like(here: Bench, code: str) -> None:
    assert here.run(code).how == "done"


def test_the_names_that_the_check_does_not_know_are_there(here: Bench) -> None:
    for name in sorted(UNCHECKED):
        assert here.run(f"_ = {name}").how == "done", name


def test_names_bound_at_the_top_of_a_block() -> None:
    code = "a = b = 1\n(c, *d), e = f()\nfor g in h: pass\nwith i as j: pass\nimport k.l, m as n\nfrom o import p\n"
    code += "def q(r): s = 1\nclass t: u = 1\nv = [w for w in x]\nif (y := 1): z = 2\ntry: pass\nexcept E as err: pass"
    assert bound_names(code) == {*"acdegjknpqtvyz", "b", "err"} - {"l"}
    assert bound_names("def (") == set()


def test_wrong_arguments_of_other_functions_are_no_more_than_a_note() -> None:
    found = {"code": "invalid-argument-type", "message": "wrong", "location": {"row": 1, "column": 25}}
    assert sort_out([found], "screen(concepts=[round(None)])", {"screen"}).stops == ()
    assert sort_out([found], "abc(concepts=[1, screen(None)])", {"screen"}).stops == ("line 1: wrong",)
    beside = {**found, "location": {"row": 1, "column": 1}}
    assert sort_out([beside], "screen(['red']).fits[0]['r']", {"screen"}).notes == ("line 1: wrong",)


# ---- a block is a transaction ------------------------------------------------------------------------------------------

ENDS = {
    "failed": "1 / 0",
    "refused": "print(nowhere)",
    "time": "while True:\n    pass",
    "memory": "x = [0] * 10\nwhile True:\n    x = x + x",
    "calls": "while True:\n    screen()",
}


@pytest.mark.parametrize("how", ENDS)
def test_after_an_error_the_session_is_what_it_was_before(how: str) -> None:
    with bench(seconds=0.5, calls=20) as made:
        assert made.run("kept = [1]\nimport random\na = random.random()").how == "done"
        ended = made.run(f"kept.append(2)\nkept = 'other'\nlost = 3\nrandom.random()\n{ENDS[how]}")
        assert ended.how == how
        assert made.run("print(kept)").output == "[1]\n"
        assert made.run("print(lost)").how == "refused"
        after = made.run("print(random.random())").output
    with bench() as other:
        other.run("import random\na = random.random()")
        assert other.run("print(random.random())").output == after


def test_the_line_of_an_error_is_that_of_this_block(here: Bench) -> None:
    here.run("def f(n):\n    return 1 / n")
    assert here.run("a = 1\nb = 2\nprint(a)\nf(0)").line in (2, 4)
    assert here.run("a = 1\n\n\nraise ValueError('mine')").line == 4


# ---- the same again ---------------------------------------------------------------------------------------------------


def test_the_same_blocks_do_the_same_in_another_process() -> None:
    code = "import random, time, datetime\nprint(random.random(), random.choice('abc'), time.time(), datetime.datetime.now())"
    seen = []
    for _ in range(2):
        with bench() as made:
            seen.append((made.run(code).output, made.run("print(random.random(), {'b', 'a', 'c'}, hash('x') != 0)").output))
    assert seen[0] == seen[1]
    assert "2000-01-01" in seen[0][0]


def test_sleeping_takes_no_time(here: Bench) -> None:
    import time

    began = time.monotonic()
    assert here.run("import time\ntime.sleep(60)\nprint('slept')").output == "slept\n"
    assert time.monotonic() - began < 5
