"""Names of models that begin with a home that there is not, or are longer than a file's name: refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from lettvin.agent.known_target import open_target
from lettvin.targets.errors import BadInput
from lettvin.targets.loaders import load_target, plug_in_of
from lettvin.targets.written_path import is_folder, is_written_file, written_path

NOBODY, LONG = "~nobody-of-that-name/x", "x" * 5000


@pytest.mark.parametrize("where", [NOBODY, LONG])
@pytest.mark.parametrize("name", ["hf:{}", "hf:{}+softmax", "hf:{}+compiled", "{}.py:net", "{}.py:net+softmax"])
def test_a_name_that_can_be_no_path_is_refused(name: str, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for opened in (load_target, open_target):
        with pytest.raises(BadInput) as refused:
            opened(name.format(where), "cpu")
        assert "\n" not in str(refused.value)
    assert plug_in_of(name.format(where)) is None


def test_what_is_there_is_found_from_home_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "net.py").touch()
    assert written_path("~/net.py") == tmp_path / "net.py"
    assert (is_folder("~"), is_folder("~/net.py"), is_written_file("~/net.py")) == (True, False, True)
    assert written_path(NOBODY) == Path(NOBODY)
    assert not any(is_folder(name) or is_written_file(name) for name in (NOBODY, LONG))
