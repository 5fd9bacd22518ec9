"""The table from error to fix is true: every command in it is run, and ends with the message that stands beside it.

The network that the page speaks of is made here. The few messages that no command brings about are looked for in the
source, word for word.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from lettvin.cli import main
from lettvin.targets import loaders
from lettvin.tests.test_architecture import ROOT, modules

PAGE = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
ROWS = [
    tuple(cell.strip().strip("`") for cell in line.strip("| ").split(" | "))
    for line in PAGE.splitlines()
    if line.startswith("| `")
]
PROVOKED = [row for row in ROWS if len(row) == 3]
OTHERS = [row for row in ROWS if len(row) == 2]

NETWORK = """
import numpy as np
import torch


def net():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 2, 3)), preprocess


def preprocess(image):
    return torch.from_numpy(np.array(image.resize((16, 16)))).permute(2, 0, 1) / 255


def raises():
    raise RuntimeError("no weights here")


def module_only():
    return torch.nn.Conv2d(3, 2, 3)


def no_module():
    return "weights.pt", preprocess


def no_preprocess():
    return torch.nn.Conv2d(3, 2, 3), 224


def flat():
    return torch.nn.Conv2d(3, 2, 3), lambda image: preprocess(image).flatten()


class Fails(torch.nn.Conv2d):
    def forward(self, x):
        raise ValueError("no bits left")


def fails():
    return torch.nn.Sequential(Fails(3, 2, 3)), preprocess


class Nan(torch.nn.Conv2d):
    def forward(self, x):
        return super().forward(x) * float("nan")


def nan():
    return torch.nn.Sequential(Nan(3, 2, 3)), preprocess
"""


@pytest.fixture(autouse=True, scope="module")
def loaded_once() -> Iterator[None]:
    """Targets are loaded once for all tests of this file."""
    patch = pytest.MonkeyPatch()
    patch.setattr(loaders, "load_target", cache(loaders.load_target))
    yield
    patch.undo()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the page speaks of."""
    import numpy as np
    from safetensors.numpy import save_file

    here = tmp_path_factory.mktemp("errors")
    (here / "my_net.py").write_text(NETWORK)
    (here / "broken_net.py").write_text("def net(:\n")
    save_file({"d": np.ones(5, np.float32)}, here / "long.safetensors")
    (here / "empty").mkdir()
    (here / "torn").mkdir()
    (here / "torn" / "a.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    (here / "runs" / "other").mkdir(parents=True)
    (here / "runs" / "other" / "run.json").write_text('{"question": "Why?"}')
    (here / "runs" / "other" / "events.jsonl").write_text('{"kind": "dreamt"}\n{}\n')
    return here


def test_the_page_has_tables_of_both_kinds() -> None:
    assert len(PROVOKED) > 45
    assert len(OTHERS) >= 4
    assert len({message for message, *_ in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", PROVOKED, ids=[row[1] for row in PROVOKED])
def test_its_commands_end_with_the_messages_beside_them(
    row: tuple[str, str, str], folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    message, command, _ = row
    words = shlex.split(command)
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        monkeypatch.setenv(name, value)
    assert words.pop(0) == "lettvin"
    monkeypatch.chdir(folder)
    code = main(words)
    told = capsys.readouterr()
    wanted = ".*".join(re.escape(part) for part in message.split("…"))
    if message.startswith("Stopped by"):
        assert code == 3
        assert re.search(f"^{wanted}$", told.out, flags=re.M), told.out
    else:
        assert code == 2, told
        assert re.fullmatch(f"lettvin: {wanted}\n", told.err), told.err
        assert told.out == ""
    assert sorted(os.listdir(folder / "empty")) == [], "nothing is left behind"


@pytest.mark.parametrize("message", [message for message, _ in OTHERS])
def test_the_messages_that_no_command_brings_about_stand_in_the_source(message: str) -> None:
    """Each part of the message between what depends on the case, in one string of the source."""
    parts = [part.strip() for part in message.split("…") if part.strip()]
    for module in modules():
        for text in texts(module):
            if all(part in text for part in parts):
                return
    pytest.fail(f"no string of the source says {message!r}")


@cache
def texts(module: Path) -> list[str]:
    """Every string of a file as it is made: of an f-string the parts that are written, with … for the rest."""
    found = []
    for node in ast.walk(ast.parse((ROOT / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
        elif isinstance(node, ast.JoinedStr):
            found.append("".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values))
    return found
