"""Names to targets: built-in, a user's own file with all that can be wrong in it, and plug-in families."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from lettvin.targets import loaders, plug_ins
from lettvin.targets.errors import BadInput, TargetFailed
from lettvin.targets.loaders import load_target, register, target_names

GOOD = """
import numpy as np, torch
from torch import nn

def preprocess(image):
    return torch.from_numpy(np.array(image.resize((16, 16)))).permute(2, 0, 1).float() / 255

def red():
    print("loading")
    conv = nn.Conv2d(3, 1, 1, bias=False)
    conv.weight.data = torch.tensor([[[[1.0]], [[-0.5]], [[-0.5]]]])
    return conv, preprocess

def deaf():
    class Deaf(nn.Module):
        def forward(self, x):
            raise RuntimeError("cannot hear")
    return Deaf(), preprocess

def pair_of_nothing(): return None
def no_module(): return 3, preprocess
def no_preprocess(): return nn.Conv2d(3, 1, 1), 3
def raises(): raise OSError("weights are gone\\nand more")
def leaves(): raise SystemExit(3)
def wants(argument): return None
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(GOOD)
    return path


def test_a_users_own_file_is_a_target_under_the_name_it_was_given(file, capsys):
    target = load_target(f"{file}:red", "cpu")
    assert target.name == f"{file}:red"
    assert [x.name for x in target.layers] == ["output"]
    assert target.unit("0").address == "output:0"
    assert capsys.readouterr().out == ""  # what the file prints does not mix with answers


def test_the_key_of_a_users_file_changes_with_the_file_and_the_function(file):
    first = load_target(f"{file}:red", "cpu").key
    assert load_target(f"{file}:red", "cpu").key == first
    file.write_text(GOOD.replace("/ 255", "/ 128"))
    assert load_target(f"{file}:red", "cpu").key != first


def test_a_file_may_import_its_neighbours(file):
    (file.parent / "neighbour_of_net.py").write_text("from torch import nn\nLAYER = nn.Conv2d(3, 2, 1)\n")
    file.write_text(GOOD + "\ndef near():\n    from neighbour_of_net import LAYER\n    return LAYER, preprocess\n")
    before = list(sys.path)
    assert load_target(f"{file}:near", "cpu").layers[0].units == 2
    assert sys.path == before


@pytest.mark.parametrize(("function", "says"), [
    ("rde", "has no function 'rde'; nearest: 'red'"),
    ("pair_of_nothing", r"returned NoneType, not \(module, preprocess\)"),
    ("no_module", "the first thing returned is a int, not a torch.nn.Module"),
    ("no_preprocess", "the second thing returned is a int, not a callable"),
    ("raises", "the function raised OSError: weights are gone"),
    ("leaves", "the function raised SystemExit: 3"),
    ("wants", "the function raised TypeError"),
])  # fmt: skip
def test_whatever_is_wrong_with_the_function_is_one_line(file, function, says):
    with pytest.raises(BadInput, match=says) as caught:
        load_target(f"{file}:{function}", "cpu")
    assert "\n" not in str(caught.value)


def test_a_forward_that_raises_is_a_failed_target(file):
    with pytest.raises(TargetFailed, match="the forward raised RuntimeError: cannot hear"):
        load_target(f"{file}:deaf", "cpu")


@pytest.mark.parametrize(("code", "says"), [
    ("def f(:", "does not import: SyntaxError"),
    ("import no_such_package_at_all", "does not import: ModuleNotFoundError"),
    ("raise SystemExit", "does not import: SystemExit"),
])  # fmt: skip
def test_a_file_that_does_not_import_is_one_line(tmp_path, code, says):
    path = tmp_path / "broken.py"
    path.write_text(code)
    with pytest.raises(BadInput, match=says) as caught:
        load_target(f"{path}:f", "cpu")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "says"), [
    ("nowhere.py:f", "no file 'nowhere.py'"),
    ("nowhere.py", "write FILE.py:function"),
    ("nowhere.py:", "write FILE.py:function"),
    ("efficientnet-lite", "unknown target 'efficientnet-lite'; nearest: 'efficientnet-lite"),
    ("", "unknown target ''"),
])  # fmt: skip
def test_unknown_names_are_answered_with_the_nearest(name, says):
    with pytest.raises(BadInput, match=says):
        load_target(name, "cpu")


def test_a_registered_family_answers_for_all_its_names(file, monkeypatch):
    monkeypatch.setattr(loaders, "_registered", {})
    asked = []

    def load(name, device):
        asked.append((name, device))
        return load_target(f"{file}:red", device)

    register("made-up", load)
    for name in ("made-up", "made-up:red", "made-up@3"):
        load_target(name, "cpu")
    assert asked == [("made-up", "cpu"), ("made-up:red", "cpu"), ("made-up@3", "cpu")]
    assert "made-up" in target_names()
    with pytest.raises(ValueError, match="already registered"):
        register("made-up", lambda name, device: None)
    with pytest.raises(ValueError, match="already registered"):
        register("efficientnet-lite0", load)


def test_plug_ins_are_found_by_entry_point_and_never_replace_what_is_built_in(monkeypatch):
    points = tuple(
        EntryPoint(name, value, "lettvin.targets")
        for name, value in (("broken", "no_such_package_at_all:load"), ("wrong", "builtins:max"),
                            ("efficientnet-lite0", "no_such_package_at_all:load"))
    )  # fmt: skip
    monkeypatch.setattr(plug_ins, "_entry_points", lambda: points)
    with pytest.raises(BadInput, match=r"\(no_such_package_at_all:load\) does not load: ModuleNotFoundError"):
        load_target("broken:3", "cpu")
    with pytest.raises(BadInput, match="gave a str, not a Target"):
        load_target("wrong", "cpu")
    assert load_target("efficientnet-lite0", "cpu").name == "efficientnet-lite0"


def test_importing_the_loaders_imports_no_torch():
    code = "import sys, lettvin.targets.loaders as l; l.target_names(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
