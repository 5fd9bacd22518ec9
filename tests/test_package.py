"""The package: the wheel holds the package and nothing else, the source archive can build it, and it runs alone."""

from __future__ import annotations

import email
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT_MODULES = {"__init__.py", "__main__.py", "cli.py"}
PIP = (sys.executable, "-m", "pip")
OFFLINE = ("-q", "--no-deps", "--no-index")
NOT_SHIPPED = {"tests", "docs", "dist", "build", "runs"}


@pytest.fixture(scope="module")
def project(repository: Path) -> dict[str, Any]:
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def tree(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the working tree, as a clone would have it, in a folder whose name is no identifier."""
    copy = tmp_path_factory.mktemp("package") / "a-clone 1"
    asked = ["git", "-C", str(repository), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if (repository / ".git").exists():
        listed = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split("\0")
    else:
        listed = [str(path.relative_to(repository)) for path in repository.rglob("*") if path.is_file()]
    for name in listed:
        if name and (repository / name).is_file() and not {".venv", "__pycache__"} & set(Path(name).parts):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(repository / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def wheel(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of that copy, built offline with what is installed here."""
    out = tmp_path_factory.mktemp("wheel")
    run([*PIP, "wheel", *OFFLINE, "--no-build-isolation", "-w", str(out), "."], tree)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def archives(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the source archive, and of the wheel built from the archive alone."""
    out = tmp_path_factory.mktemp("archives")
    run([sys.executable, "-m", "build", "--no-isolation", "-o", str(out), "."], tree)
    return out


def run(command: list[str], folder: Path, **environment: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={**os.environ, **environment})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def contents(wheel: Path) -> set[str]:
    """What a wheel installs, without its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def expected(tree: Path, packages: list[str]) -> set[str]:
    """The files that the wheel is to hold: every module of every package, and the data that is read at run time."""
    files = {f"lettvin/{name}" for name in ROOT_MODULES} | {"lettvin/py.typed"}
    for package in packages:
        folder = Path(*package.split(".")[1:])
        if folder != Path():
            files |= {f"lettvin/{path.relative_to(tree)}" for path in (tree / folder).glob("*.py")}
    data = [
        *(tree / "prompts").glob("*.md"),
        *(tree / "agent").glob("*.json"),
        *(tree / "agent" / "backbones").glob("*.json"),
        *(tree / "synthetic_neurons").glob("*.json"),
        *(path for end in ("j2", "css", "js") for path in (tree / "agent" / "report").glob(f"*.{end}")),
        *(path for end in ("j2", "css", "js") for path in (tree / "benchmarks" / "synthetic").glob(f"*.{end}")),
    ]
    return files | {f"lettvin/{path.relative_to(tree)}" for path in data}


def test_every_subpackage_is_listed(repository: Path, project: dict[str, Any]) -> None:
    found = {
        ".".join(("lettvin", *path.parent.relative_to(repository).parts))
        for path in repository.rglob("__init__.py")
        if not any(part.startswith(".") or part in NOT_SHIPPED for part in path.relative_to(repository).parts)
    }
    assert sorted(found) == sorted(project["tool"]["setuptools"]["packages"])


def test_every_folder_with_modules_is_a_package(repository: Path) -> None:
    folders = {
        path.parent.relative_to(repository)
        for path in repository.rglob("*.py")
        if not any(part.startswith(".") or part in NOT_SHIPPED for part in path.relative_to(repository).parts)
    }
    assert [str(folder) for folder in folders if not (repository / folder / "__init__.py").is_file()] == []


def test_the_wheel_holds_the_package_and_nothing_else(tree: Path, wheel: Path, project: dict[str, Any]) -> None:
    assert sorted(contents(wheel)) == sorted(expected(tree, project["tool"]["setuptools"]["packages"]))


def test_an_archive_builds_the_same_wheel(wheel: Path, archives: Path) -> None:
    (built,) = archives.glob("*.whl")
    assert contents(built) == contents(wheel)


def test_the_source_archive_brings_what_a_developer_needs(archives: Path) -> None:
    (archive,) = archives.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    wanted = {"LICENSE", "Makefile", "constraints.txt", ".ci/run", "CHANGELOG.md", "tests/conftest.py", "py.typed"}
    assert wanted - names == set()
    assert [name for name in names if name.startswith((".venv", "runs/", "build/")) or name.endswith(".pyc")] == []


def test_the_metadata_says_licence_version_and_command(wheel: Path) -> None:
    import lettvin

    with zipfile.ZipFile(wheel) as archive:
        (place,) = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        metadata = email.message_from_bytes(archive.read(f"{place}/METADATA"))
        licence = archive.read(f"{place}/licenses/LICENSE").decode()
        commands = archive.read(f"{place}/entry_points.txt").decode()
    assert metadata["Version"] == lettvin.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert "Apache License" in licence
    assert len(licence.splitlines()) == 202, "the licence is the unmodified text"
    assert "lettvin = lettvin.cli:main" in commands


def test_the_installed_wheel_runs_alone(wheel: Path, tmp_path: Path) -> None:
    """Installed elsewhere, it is that copy that runs, and no module of it is missing."""
    place = tmp_path / "site"
    run([*PIP, "install", *OFFLINE, "--target", str(place), str(wheel)], tmp_path)
    code = (
        "import importlib, pkgutil, lettvin\n"
        "for found in pkgutil.walk_packages(lettvin.__path__, 'lettvin.'):\n"
        "    if not found.name.endswith('__main__'): importlib.import_module(found.name)\n"
        "print(lettvin.__file__)"
    )
    assert Path(run([sys.executable, "-c", code], tmp_path, PYTHONPATH=str(place)).strip()).is_relative_to(place)
    told = run([sys.executable, "-m", "lettvin", "--version"], tmp_path, PYTHONPATH=str(place))
    assert re.fullmatch(r"lettvin \d+\.\d+\.\d+\S*\n", told)


def test_the_changelog_knows_this_version(repository: Path) -> None:
    import lettvin

    assert re.search(rf"^## {re.escape(lettvin.__version__)}\b", (repository / "CHANGELOG.md").read_text(), flags=re.M)


def test_setting_up_twice_installs_once(tmp_path: Path, repository: Path) -> None:
    """`make` installs nothing where its stamps are newer than what they depend on, and all of it where they are not."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(repository / name, tmp_path)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").touch()
    for stamp in ("installed", "installed-dev"):
        (tmp_path / ".venv" / stamp).touch()
    assert "pip" not in run(["make", "-n", "ask", "test"], tmp_path)
    later = (tmp_path / ".venv" / "installed-dev").stat().st_mtime + 10
    os.utime(tmp_path / "constraints.txt", (later, later))
    assert run(["make", "-n", "ask", "test"], tmp_path).count("pip install") == 2
