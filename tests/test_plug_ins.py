"""Plug-ins: found, loaded, named where they are broken, and no more able to mint evidence than our own instruments.

Packages are written into a folder that is put on the path, as an installer would leave them; the example package of the
docs is really installed, into a folder of its own, and used by a run in another process.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lettvin import Call
from lettvin.agent import by_name
from lettvin.agent.command_line.doctor import plug_ins as doctors_rows
from lettvin.agent.run_folder import read_about, read_events
from lettvin.agent.transcript import Called, Judged, Registered, Returned
from lettvin.cli import main
from lettvin.targets import plug_ins
from lettvin.targets.errors import BadInput, LimitReached
from lettvin.targets.loaders import load_target, plug_in_of, target_names
from lettvin.tests.labs import CountedNeurons, make_lab
from lettvin.tests.scene_runs import of, pairs, raising, scripted
from lettvin.tools import instrument
from lettvin.tools.instrument import OURS, ToolError, instruments
from lettvin.tools.lab import Limits
from lettvin.tools.store import Store

QUESTION = "What makes this unit fire?"
NET = """
    import numpy as np
    import torch

    def net():
        conv = torch.nn.Conv2d(3, 2, 1, bias=False)
        with torch.no_grad():
            conv.weight[:] = torch.tensor([[1.0, -0.5, -0.5], [0.0, 0.0, 1.0]])[:, :, None, None]
        return torch.nn.Sequential(conv), preprocess

    def preprocess(image):
        return torch.from_numpy(np.array(image.resize((56, 56)))).permute(2, 0, 1) / 255
"""
TOOL = '''
    import lettvin

    class Answers(lettvin.Result):
        peaks: list[float]

        def text(self):
            return f"{len(self.peaks)} pictures"

    @lettvin.tool
    def answers(lab: lettvin.Lab, *, prompt: str, n: int = 3) -> Answers:
        """How the unit answers a prompt.

        Args:
            prompt: what to draw.
            n: how many pictures.
        """
        print("heard by nobody who reads stdout")
        pictures = [lab.generator.draw(prompt, seed) for seed in range(n)]
        return Answers(peaks=[reading.peak for reading in lab.measure(pictures)])
'''
Install = Callable[..., None]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path, for packages that are there in this test alone."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    plug_ins._entry_points.cache_clear()
    yield folder
    plug_ins._entry_points.cache_clear()
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def install(site: Path) -> Install:
    def install(package: str, source: str | None = None, **points: str) -> None:
        """Leave a package there as an installer would: its one module, and what it says of its entry points."""
        if source is not None:
            (site / f"{package}.py").write_text(textwrap.dedent(source))
        place = site / f"{package}-1.2.dist-info"
        place.mkdir()
        (place / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
        sections = [f"[lettvin.{group}]\n{line}\n" for group, line in points.items()]
        (place / "entry_points.txt").write_text("\n".join(sections))

    return install


@pytest.fixture
def red(tmp_path: Path) -> str:
    """A network of the user's own: unit 0 of its one layer is red minus the other channels."""
    (tmp_path / "net.py").write_text(textwrap.dedent(NET))
    return f"{tmp_path / 'net.py'}:net"


@pytest.fixture
def own_tool(tmp_path: Path) -> str:
    (tmp_path / "mine.py").write_text(textwrap.dedent(TOOL))
    return f"{tmp_path / 'mine.py'}:answers"


def ask(target: str, *words: str) -> int:
    return main(["ask", target, "0", QUESTION, "--data", "sketch:60", *words])


# ---- found --------------------------------------------------------------------------------------------------------


def test_every_kind_is_found_by_its_entry_point_and_knows_who_brings_it(install: Install) -> None:
    install("brings", tools="a = brings:a", targets="a = brings:a", generators="a = brings:a",
            editors="a = brings:a", describers="a = brings:a", detectors="a = brings:a", backbones="a = brings:a")  # fmt: skip
    for kind in plug_ins.KINDS:
        (found,) = [one for one in plug_ins.installed(kind, ()) if one.distribution != "lettvin"]
        assert (found.name, found.distribution, found.version, found.refused) == ("a", "brings", "1.2", None)
        assert str(found) == f"{kind} 'a' of brings 1.2 (brings:a)"


def test_a_tool_of_a_package_is_in_all_as_if_it_were_ours(install: Install, own_tool: str) -> None:
    """The same function registered here by `@tool`, and brought by a package or a file: the same instrument."""
    install("brings", TOOL, tools="answers = brings:answers")
    of_package = instruments()["answers"]
    of_file = instruments([own_tool])["answers"]
    for made in (of_package, of_file):
        assert made.signature == "answers(prompt: str, n: int = 3) -> Answers"
        assert made.doc == "How the unit answers a prompt."
        assert made.schema["required"] == ["prompt"]
        assert made.schema["properties"]["n"]["description"] == "how many pictures."
        assert made.schema["additionalProperties"] is False
    assert of_package.origin == "brings 1.2"
    assert of_file.origin == own_tool.removesuffix(":answers")


def test_of_a_plug_in_that_is_known_which_it_names(own_tool: str) -> None:
    """A file asked for once is no part of the next run, nor is anything else that it decorates."""
    before = instruments()
    assert set(instruments([own_tool])) == {*before, "answers"}
    assert instruments() == before


def test_the_tools_command_lists_it_with_its_origin(
    install: Install, own_tool: str, capsys: pytest.CaptureFixture[str]
) -> None:
    install("brings", TOOL.replace("def answers", "def other"), tools="other = brings:other")
    assert main(["tools", "--tool", own_tool]) == 0
    told = capsys.readouterr().out
    assert "\nanswers(prompt: str, n: int = 3) -> Answers\n    How the unit answers a prompt.\n" in told
    assert f"(from {own_tool.removesuffix(':answers')})" in told
    assert "(from brings 1.2)" in told
    assert main(["tools", "--json", "--tool", own_tool]) == 0
    known = {row["name"]: row["from"] for row in json.loads(capsys.readouterr().out)}
    assert {known[name] for name in OURS} == {"lettvin"}
    assert known["other"] == "brings 1.2"


def test_a_target_of_a_package_is_loaded_by_its_family(install: Install, red: str) -> None:
    source = f"""
        import lettvin
        def load(name, device):
            inner = lettvin.load_target({red!r}, device)
            return lettvin.ModuleTarget(name, inner.module, inner.preprocess, device=device)
    """
    install("brings", source, targets="reds = brings:load")
    assert "reds" in target_names()
    assert load_target("reds:7", "cpu").name == "reds:7"
    brought = plug_in_of("reds:7")
    assert brought is not None
    assert brought.origin == "brings 1.2"
    assert plug_in_of("efficientnet-lite0") is None


# ---- broken, and asked for or not -----------------------------------------------------------------------------------

BROKEN = {
    "an import that fails": ("import no_such_package_at_all", "does not load: ModuleNotFoundError"),
    "no Python": ("def answers(:", "does not load: SyntaxError"),
    "a module that leaves": ("raise SystemExit(3)", "does not load: SystemExit: 3"),
    "a name that is not there": ("", "does not load: AttributeError"),
    "no function": ("answers = 3", "is no instrument: an instrument is a function, not a int"),
    "no types": ("def answers(lab, *, n): 'Words.'", "is no instrument: instrument 'answers': parameter 'n' must be"),
    "decorated and no types": (
        "import lettvin\n@lettvin.tool\ndef answers(lab, *, n): 'Words.'",
        "does not load: TypeError: instrument 'answers': parameter 'n' must be keyword-only and typed",
    ),
    "another name": (TOOL.replace("def answers", "def ansers") + "\n    answers = ansers", "its function is called 'ansers'"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_tool_is_named_in_one_line_and_left_out(
    case: str, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    source, says = BROKEN[case]
    install("broken", source, tools="answers = broken:answers")
    install("sound", TOOL.replace("def answers", "def other"), tools="other = sound:other")
    known = instruments()
    assert set(known) >= {*OURS, "other"}
    assert "answers" not in known
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("lettvin: left out tool 'answers' of broken 1.2 (broken:answers): ")
    assert says in told.err
    assert told.err.count("\n") == 1


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_tool_that_was_asked_for_is_bad_input(
    case: str, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    source, says = BROKEN[case]
    install("broken", source, tools="answers = broken:answers")
    assert main(["tools", "--tool", "answers"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("lettvin: tool 'answers' of broken 1.2 (broken:answers) ")
    assert says in told.err
    assert told.err.count("\n") == 1


@pytest.mark.parametrize("kind", ["tool", "generator", "describer", "backbone"])
def test_what_is_asked_for_and_broken_ends_with_2_in_one_line(
    kind: str, install: Install, red: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install("broken", "raise ImportError('no wheels')", **{f"{kind}s": "shaky = broken:Shaky"})
    assert ask(red, f"--{kind}", "shaky", "--runs", str(tmp_path / "runs")) == 2
    told = capsys.readouterr()
    assert told.err == f"lettvin: {kind} 'shaky' of broken 1.2 (broken:Shaky) does not load: ImportError: no wheels\n"
    assert told.out == ""
    assert not (tmp_path / "runs").exists(), "what cannot be asked leaves no run behind"


def test_a_broken_target_ends_with_2_where_it_is_asked_for_and_is_not_touched_where_not(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("broken", "raise ImportError('no wheels')", targets="shaky = broken:load")
    assert main(["units", "shaky:2"]) == 2
    line = "lettvin: target 'shaky' of broken 1.2 (broken:load) does not load: ImportError: no wheels\n"
    assert capsys.readouterr().err == line
    assert main(["units", "efficientnet-lite0"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("raise OSError('no weights')", "target 'shaky' of broken 1.2 (broken:load) raised OSError: no weights"),
        ("return 3", "gave a int, not a Target"),
        ("import lettvin; return lettvin.load_target('efficientnet-lite0')", "calls itself 'efficientnet-lite0'"),
    ],
)
def test_a_target_that_is_none_is_one_line(
    body: str, says: str, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("broken", f"def load(name, device):\n    {body}", targets="shaky = broken:load")
    assert main(["units", "shaky"]) == 2
    told = capsys.readouterr().err
    assert says in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("kind", ["tool", "generator", "describer", "backbone"])
def test_a_name_that_nothing_brings_is_answered_with_the_nearest(
    kind: str, install: Install, red: str, capsys: pytest.CaptureFixture[str]
) -> None:
    install("brings", **{f"{kind}s": "watercolour = brings:thing"})
    assert ask(red, f"--{kind}", "watercolor") == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert f"unknown {kind} 'watercolor'; nearest: 'watercolour'" in told if kind != "tool" else "'watercolor'" in told
    assert "FILE.py:" in told


@pytest.mark.parametrize(("name", "says"), [
    ("nowhere.py:f", "no file 'nowhere.py'"),
    ("mine.py", "write FILE.py:function"),
    ("mine.py:", "write FILE.py:function"),
    ("mine.py:anwsers", "has no function 'anwsers'; nearest: 'answers'"),
    ("mine.py:Answers", "an instrument is a function, not a"),
    ("torn.py:f", "does not import: SyntaxError"),
])  # fmt: skip
def test_whatever_is_wrong_with_a_file_is_one_line(
    name: str, says: str, own_tool: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(own_tool.rpartition(":")[0]).parent)
    Path("torn.py").write_text("def f(:")
    assert main(["tools", "--tool", name]) == 2
    told = capsys.readouterr()
    assert says in told.err
    assert told.err.count("\n") == 1


# ---- names that clash -----------------------------------------------------------------------------------------------


def test_names_of_ours_are_refused_with_a_line_and_ours_are_used(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("greedy", "raise ImportError('never imported')", tools="probe = greedy:a",
            targets="efficientnet-lite0 = greedy:a", generators="sketch = greedy:a", describers="exact = greedy:a",
            backbones="empiricist = greedy:a")  # fmt: skip
    uses: dict[str, Callable[[], Any]] = {
        "tool 'probe'": lambda: instruments(["probe"])["probe"].plug_in,
        "target 'efficientnet-lite0'": lambda: plug_in_of(load_target("efficientnet-lite0", "cpu").name),
        "generator 'sketch'": lambda: by_name.generator("sketch")[1],
        "describer 'exact'": lambda: by_name.describer("exact")[1],
        "backbone 'empiricist'": lambda: by_name.backbone("empiricist")[1],
    }
    for what, use in uses.items():
        assert use() is None
        why = f"the name {what.split()[1]} is lettvin's own"
        assert capsys.readouterr().err == f"lettvin: left out {what} of greedy 1.2 (greedy:a): {why}\n"


def test_what_lettvin_itself_brings_by_an_entry_point_is_ours(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rooms that targets may not import come in that way; nobody can push them out."""
    install("lettvin", targets="family = lettvin.targets.loaders:load_target")
    install("greedy", "raise ImportError('never imported')", targets="family = greedy:a")
    usable = plug_ins.usable("target", ())
    assert usable["family"].distribution == "lettvin"
    why = "the name 'family' is lettvin's own"
    assert capsys.readouterr().err == f"lettvin: left out target 'family' of greedy 1.2 (greedy:a): {why}\n"
    assert plug_in_of("family:3") is None
    assert not [fact for _, fact in doctors_rows() if fact.startswith("family, of lettvin ")]


def test_a_name_that_two_packages_claim_is_neithers(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install("one", TOOL, tools="answers = one:answers")
    install("two", TOOL, tools="answers = two:answers")
    assert "answers" not in instruments()
    lines = capsys.readouterr().err.splitlines()
    assert [line.rpartition("): ")[2] for line in lines] == [
        "two 1.2 brings one of that name too: uninstall one of them",
        "one 1.2 brings one of that name too: uninstall one of them",
    ]
    with pytest.raises(BadInput, match=r"tool 'answers' of one 1.2 .* cannot be used: two 1.2 brings one"):
        instruments(["answers"])


def test_a_file_that_was_asked_for_stands_in_for_a_package(
    install: Install, own_tool: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As its author wants it who mends an installed tool; and it is said."""
    install("brings", TOOL, tools="answers = brings:answers")
    assert instruments([own_tool])["answers"].origin.endswith("mine.py")
    assert "left out tool 'answers' of brings 1.2" in capsys.readouterr().err


def test_two_files_cannot_bring_one_name(own_tool: str, tmp_path: Path) -> None:
    (tmp_path / "copy.py").write_text(textwrap.dedent(TOOL))
    with pytest.raises(BadInput, match=r"'.*mine\.py:answers' and '.*copy\.py:answers' are both called 'answers'"):
        instruments([own_tool, f"{tmp_path / 'copy.py'}:answers"])
    assert "answers" in instruments([own_tool, own_tool])


@pytest.mark.parametrize("name", ["experiment", "conclude"])
def test_a_file_cannot_take_the_name_of_an_instrument_or_an_act_of_ours(name: str, tmp_path: Path) -> None:
    (tmp_path / "forger.py").write_text(textwrap.dedent(TOOL.replace("def answers", f"def {name}")))
    with pytest.raises(BadInput, match=f"instrument '{name}' is lettvin's own"):
        instruments([f"{tmp_path / 'forger.py'}:{name}"])


def test_a_module_cannot_redefine_anothers_instrument_but_may_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instrument, "_catalogue", dict(instrument.catalogue()))
    made = []
    for module in ("first", "first", "second"):
        space: dict[str, Any] = {"__name__": module}
        exec(compile(textwrap.dedent(TOOL.replace("@lettvin.tool", "")), f"{module}.py", "exec"), space)
        made.append(space["answers"])
    for function in made[:2]:
        instrument.tool(function)
    with pytest.raises(TypeError, match="instrument 'answers' is known already, from first"):
        instrument.tool(made[2])


# ---- what a tool of somebody else's may do --------------------------------------------------------------------------


def test_what_it_measures_is_measured_once_and_counts(own_tool: str, tmp_path: Path) -> None:
    with Store(tmp_path / "store") as store:
        target = CountedNeurons()
        first = make_lab(store, target)
        mine = instruments([own_tool])["answers"]
        peaks = mine.call(first, {"prompt": "a red car", "n": 4}).model_dump()["peaks"]
        assert len(first.spent) == len(first.used) == 4
        again = make_lab(store, target)
        assert mine.call(again, {"prompt": "a red car", "n": 4}).model_dump()["peaks"] == peaks
        assert sum(target.shown.values()) == 4, "the second run finds the numbers of the first"


@pytest.mark.parametrize("way", ["lab.measure(pictures)", "lab.activations(pictures, lab.unit)", "lab.others(pictures, [1])"])
def test_no_way_of_measuring_escapes_the_limit(way: str, tmp_path: Path) -> None:
    source = TOOL.replace("[reading.peak for reading in lab.measure(pictures)]", f"[len({way}) * 1.0]")
    (tmp_path / "mine.py").write_text(textwrap.dedent(source))
    mine = instruments([f"{tmp_path / 'mine.py'}:answers"])["answers"]
    with Store(tmp_path / "store") as store:
        lab = make_lab(store, limits=Limits(images=5))
        mine.call(lab, {"prompt": "a red car", "n": 5})
        assert len(lab.used) == 5, "and what was seen can confirm nothing any more"
        with pytest.raises(LimitReached, match="--max-images 5"):
            mine.call(lab, {"prompt": "a dog", "n": 1})


def test_its_arguments_are_checked_like_ours(own_tool: str, tmp_path: Path) -> None:
    with Store(tmp_path / "store") as store:
        lab = make_lab(store)
        mine = instruments([own_tool])["answers"]
        with pytest.raises(ToolError, match="answers: prompt: Field required; no argument 'promt'; nearest: 'prompt'"):
            mine.call(lab, {"promt": "a dog"})
        with pytest.raises(ToolError, match=r"answers: .*'carr'"):
            mine.call(lab, {"prompt": "a red carr"})


@pytest.mark.parametrize(("body", "says"), [
    ("[][1]", r"IndexError: list index out of range \(mine\.py, line \d+\)"),
    ("lab.unit.target.no_such_thing", r"AttributeError: .*no_such_thing.*\(mine\.py, line \d+\)"),
    ("raise SystemExit(4)", "SystemExit: 4"),
    ("return 3", "TypeError: it returned a int, not a Answers"),
    ("return Answers(peaks=3)", "ValidationError: 1 validation error"),
])  # fmt: skip
def test_a_defect_in_it_goes_back_to_the_backbone_and_is_told(
    body: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.py").write_text(textwrap.dedent(TOOL.replace('print("heard', f'{body}\n        print("heard')))
    mine = instruments([f"{tmp_path / 'mine.py'}:answers"])["answers"]
    with Store(tmp_path / "store") as store, pytest.raises(ToolError, match=says) as refused:
        mine.call(make_lab(store), {"prompt": "a dog"})
    assert "\n" not in str(refused.value)
    assert capsys.readouterr().err == f"lettvin: {refused.value}\n"


FORGER = '''
    import lettvin
    from lettvin.tools.experiment import Measurements, experiment

    @lettvin.tool
    def forge(lab: lettvin.Lab) -> Measurements:
        """Run an experiment behind the ledger's back."""
        conditions = [{"name": "a", "concept": "red"}, {"name": "b", "edit_of": "a", "breaks": "red"}]
        asked = {"conditions": conditions, "prediction": {"high": ["a"], "low": ["b"], "refuted_if": "not so"}}
        from lettvin.tools.instrument import instruments
        return instruments()["experiment"].call(lab, asked | {"hypothesis": "H1", "n": 12})
'''


def test_it_cannot_mint_evidence(tmp_path: Path) -> None:
    """It may make and measure pictures as an experiment does: nothing is registered, judged or put into the answer."""
    (tmp_path / "forger.py").write_text(textwrap.dedent(FORGER))
    script = [raising("red"), Call(tool="forge", arguments={}), pairs("H1", "red")]
    answer, events = scripted("red", script, tmp_path / "runs", tools=[f"{tmp_path / 'forger.py'}:forge"])
    forged = of(Returned, events)[0]
    assert forged.data is not None, forged.text
    sides = [{row["picture"] for row in side["readings"]} for side in forged.data["conditions"]]
    assert all(sides), "it has measured both sides"
    (registered,), (judged,) = of(Registered, events), of(Judged, events)
    assert registered.seq > forged.seq, "the one experiment on record is the one that the backbone asked for"
    assert len(answer.evidence) == 1
    assert judged.verdict == "supported"
    assert not set().union(*sides) & {row.picture for side in judged.measured for row in side.readings}


# ---- generators, describers, backbones ------------------------------------------------------------------------------

FACES = """
    import lettvin

    class Half:
        name = "half"

        def __init__(self, *given):
            pass

    class Fussy:
        def __init__(self, *given):
            raise OSError("no weights")

    class Words(lettvin.ExactDescriber):
        def __init__(self, words="nothing"):
            self.words = words

        def describe(self, picture, region=None):
            print("loud")
            return self.words

    class Numbered(lettvin.SketchGenerator):
        name = "numbered"

        def draw(self, prompt, seed):
            return super().draw(prompt, 7)

    def counting():
        return CallsOnce()

    class CallsOnce:
        name = "calls-once"

        def act(self, transcript):
            results = {event.tool: event.data for event in transcript if event.kind == "returned"}
            plan = {"answers": {"prompt": "a red car"}, "exemplars": {"k": 1}, "generate": {"prompts": ["a dog"]}}
            for tool, arguments in plan.items():
                if tool not in results:
                    return lettvin.Call(tool=tool, arguments=arguments)
            if "describe" not in results:
                shown = results["exemplars"]["shown"][0]["picture"]
                return lettvin.Call(tool="describe", arguments={"pictures": [shown]})
            return lettvin.Conclude(hypothesis=None)
"""


@pytest.mark.parametrize(("kind", "thing", "says"), [
    ("generator", "Half", "no generator: the Half that it makes has no draw, examples"),
    ("generator", "Fussy", "could not be made: OSError: no weights"),
    ("describer", "Half", "no describer: the Half that it makes has no describe"),
    ("describer", "Fussy", "could not be made: OSError: no weights"),
    ("backbone", "Half", "no backbone: the Half that it makes has no act"),
    ("backbone", "CallsOnce:more", "could not be made: TypeError"),
])  # fmt: skip
def test_a_thing_without_the_face_of_its_kind_is_one_line(
    kind: str, thing: str, says: str, install: Install, red: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install("faces", FACES, **{f"{kind}s": f"odd = faces:{thing.partition(':')[0]}"})
    name = "odd" + thing[len(thing.partition(":")[0]) :]
    assert ask(red, f"--{kind}", name, "--runs", str(tmp_path / "runs")) == 2
    told = capsys.readouterr()
    assert says in told.err
    assert told.err.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_what_stands_after_the_name_is_handed_on(install: Install) -> None:
    install("faces", FACES, describers="words = faces:Words")
    from lettvin.tests.labs import data_pictures

    assert by_name.describer("words")[0]().describe(data_pictures()[0]) == "nothing"
    assert by_name.describer("words:so it is")[0]().describe(data_pictures()[0]) == "so it is"


def test_a_run_uses_all_of_them_records_them_and_says_how_to_ask_again(
    install: Install, red: str, own_tool: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install("faces", FACES, generators="numbered = faces:Numbered", backbones="once = faces:counting")
    install("broken", "raise ImportError('no wheels')", tools="shaky = broken:shaky")  # of no interest to this run
    (tmp_path / "words.py").write_text(textwrap.dedent(FACES))
    words = ["--tool", own_tool, "--generator", "numbered", "--backbone", "once"]
    words += ["--describer", f"{tmp_path / 'words.py'}:Words"]
    assert ask(red, *words, "--runs", str(tmp_path / "runs"), "--json") == 0
    told = capsys.readouterr()
    answer = json.loads(told.out)  # though the tool and the describer print: stdout holds the answer alone
    assert "heard by nobody" in told.err
    assert "lettvin: left out tool 'shaky' of broken 1.2 (broken:shaky): does not load: ImportError: no wheels\n" in told.err
    events = read_events(Path(answer["run"]))
    assert [event.tool for event in of(Called, events)] == ["answers", "exemplars", "generate", "describe"]
    measured, _, drawn, described = of(Returned, events)
    assert measured.text == "3 pictures"
    assert answer["images"] >= 3
    assert described.text.endswith(": nothing")
    assert drawn.data is not None
    about = read_about(Path(answer["run"]))
    recorded = {(row["kind"], row["name"]): row for row in about["settings"]["plug_ins"]}
    assert {(kind, row["distribution"], row["version"]) for (kind, _), row in recorded.items()} == {
        ("target", None, None), ("generator", "faces", "1.2"), ("describer", None, None), ("backbone", "faces", "1.2"),
        ("tool", None, None),
    }  # fmt: skip
    assert all(len(row["sha256"]) == 64 for row in recorded.values() if row["distribution"] is None)
    command = about["command"]
    for option, value in zip(words[::2], words[1::2], strict=True):
        assert command[command.index(option) + 1] == value
    again = main([*command[1:], "--runs", str(tmp_path / "runs"), "--json"])
    assert again == 0
    repeated = read_events(Path(json.loads(capsys.readouterr().out)["run"]))
    assert [event.model_copy(update={"at": 0.0}) for event in repeated] == [e.model_copy(update={"at": 0.0}) for e in events]


# ---- the doctor -----------------------------------------------------------------------------------------------------


def test_the_doctor_knows_every_plug_in_and_what_is_wrong_with_it(install: Install) -> None:
    install("sound", TOOL, tools="answers = sound:answers")
    install("broken", "raise ImportError('no wheels')", backbones="shaky = broken:A", generators="sketch = broken:B")
    rows = doctors_rows()
    assert ("tool", "answers, of sound 1.2 (sound:answers)") in rows
    assert ("backbone", "shaky, of broken 1.2 (broken:A): LEFT OUT: does not load: ImportError: no wheels") in rows
    assert ("generator", "sketch, of broken 1.2 (broken:B): LEFT OUT: the name 'sketch' is lettvin's own") in rows


@pytest.mark.usefixtures("site")
def test_the_doctor_says_where_there_is_none() -> None:
    assert doctors_rows() == [("plug-ins", "none is installed")]


# ---- the example of the docs ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def environment(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment into which the example package was installed, offline; the one that runs the tests has none of it."""
    folder = tmp_path_factory.mktemp("example")
    shutil.copytree(repository / "docs" / "example_plugin", folder / "source")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-build-isolation"]
    command = [*pip, "--target", str(folder / "site"), str(folder / "source")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    path = os.pathsep.join(part for part in (str(folder / "site"), os.environ.get("PYTHONPATH", "")) if part)
    return {**os.environ, "PYTHONPATH": path, "LETTVIN_CACHE": str(folder / "cache")}


def lettvin_there(environment: dict[str, str], *words: str, ends_with: int = 0) -> str:
    done = subprocess.run([sys.executable, "-m", "lettvin", *words], capture_output=True, text=True, env=environment)
    assert done.returncode == ends_with, done.stderr
    return done.stdout


def test_the_example_package_is_installed_and_used_by_a_run(environment: dict[str, str], red: str, tmp_path: Path) -> None:
    words = ["--backbone", "colours-first", "--describer", "palette", "--data", "sketch:200", "--json"]
    words += ["--max-images", "160", "--runs", str(tmp_path / "runs")]  # 44 of them are the tool's
    told = lettvin_there(environment, "ask", red, "0", QUESTION, *words, ends_with=3)
    run = Path(json.loads(told)["run"])
    events = read_events(run)
    first = of(Called, events)[0]
    assert (first.tool, first.arguments) == ("colours", {"noun": "ball"})
    returned = of(Returned, events)[0]
    assert returned.data is not None
    found = returned.data["percentiles"]
    assert max(found, key=found.get) == "red", "the unit is red minus the other channels"
    recorded = read_about(run)["settings"]["plug_ins"]
    ours = {(row["kind"], row["name"]) for row in recorded if row["distribution"] == "lettvin-example"}
    assert ours == {("tool", "colours"), ("describer", "palette"), ("backbone", "colours-first")}
    assert {row["version"] for row in recorded if row["distribution"]} == {"0.1.0"}
    assert {event.tool for event in of(Called, events)} > {"colours", "screen"}, "the empiricist went on from there"


def test_the_doctor_finds_the_example_package_whole(environment: dict[str, str]) -> None:
    told = lettvin_there(environment, "doctor")
    for name in ("colours", "gabors", "palette", "colours-first"):
        assert f"{name}, of lettvin-example 0.1.0" in told
    assert not [line for line in told.splitlines() if "lettvin-example" in line and "LEFT OUT" in line]


def test_the_example_is_not_there_without_it() -> None:
    assert [p for kind in plug_ins.KINDS for p in plug_ins.installed(kind, ()) if p.distribution == "lettvin-example"] == []
    with pytest.raises(BadInput, match="unknown target 'gabors'"):
        load_target("gabors")


def test_the_examples_filters_answer_the_gratings_they_stand_for(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unit 0 stripes from side to side, unit 2 of 4 the same turned by a quarter, whatever else lies between."""
    import numpy as np
    import torch
    from PIL import Image

    monkeypatch.syspath_prepend(str(repository / "docs" / "example_plugin"))
    example = importlib.import_module("lettvin_example")

    wave = np.cos(2 * np.pi * np.arange(112) / 10)
    upright = np.repeat(((wave + 1) * 127)[None], 112, axis=0).astype(np.uint8)
    target = example.gabors("gabors:4", "cpu")
    assert [(layer.name, layer.units) for layer in target.layers] == [("filters", 4), ("fires", 4)]
    answers = []
    for pixels in (upright, upright.T):
        image = Image.fromarray(np.repeat(pixels[:, :, None], 3, axis=2))
        rows: list[torch.Tensor] = []
        target.forward(target.preprocess(image)[None], ["fires"], lambda _, maps, rows=rows: rows.append(maps.amax((2, 3))[0]))
        answers.append(rows[0].argmax().item())
    assert answers == [0, 2]
