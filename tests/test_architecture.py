"""The house: imports run downhill, names say what a file holds, and what must not be there is not, by the AST."""

from __future__ import annotations

import ast
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("targets", "tools", "agent", "synthetic_neurons", "benchmarks")
BELOW = {
    "targets": {"targets"},
    "tools": {"targets", "tools"},
    "agent": {"", "targets", "tools", "agent"},
    "synthetic_neurons": {"targets", "tools.sketch", "tools.region", "synthetic_neurons"},
    "benchmarks": {"", "targets", "tools", "agent", "synthetic_neurons", "benchmarks"},
    "tools.sketch": {"targets.picture", "targets.errors", "tools.sketch"},
}
"""What each room may import, by prefix; "" is the package's own root (`__version__`)."""
NETWORK = {"socket", "ssl", "http", "urllib", "ftplib", "smtplib", "asyncio", "requests", "httpx", "aiohttp", "openai"}
PICKLES = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
HEAVY = {"torch", "numpy", "scipy", "PIL", "pydantic", "jinja2", "safetensors", "sqlite3"}


def modules() -> list[Path]:
    """Every Python file of the package, relative to its root."""
    files = [*ROOT.glob("*.py"), *(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))]
    return sorted(path.relative_to(ROOT) for path in files)


def dotted(module: Path) -> str:
    """tools/sketch/paint.py as tools.sketch.paint; a package's __init__.py as the package."""
    return ".".join(module.with_suffix("").parts).removesuffix("__init__").rstrip(".")


def imports(module: Path, source: str | None = None) -> Iterator[tuple[int, str]]:
    """(level, name) of every import in a file, inside functions too; relative ones resolved against the package."""
    tree = ast.parse(source if source is not None else (ROOT / module).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield 0, node.module or ""
        elif isinstance(node, ast.ImportFrom):
            above = module.parent.parts[: len(module.parent.parts) - (node.level - 1)]
            base = ".".join([*above, *([node.module] if node.module else [])])
            if node.module:
                yield node.level, base
            else:
                yield from (
                    (node.level, f"{base}.{alias.name}" if base else "" if alias.name.startswith("__") else alias.name)
                    for alias in node.names
                )


def within(name: str, prefixes: set[str]) -> bool:
    return any(name == prefix or (prefix and name.startswith(prefix + ".")) for prefix in prefixes)


def uphill(room: str, module: Path, source: str | None = None) -> list[str]:
    """What a file of `room` imports from rooms that it may not."""
    return [name for level, name in imports(module, source) if level and not within(name, BELOW[room])]


def in_room(room: str) -> list[Path]:
    return [module for module in modules() if within(dotted(module), {room})]


@pytest.mark.parametrize("room", BELOW)
def test_imports_run_downhill(room: str) -> None:
    found = {str(module): uphill(room, module) for module in in_room(room)}
    assert found, f"no file in {room}"
    assert {module: names for module, names in found.items() if names} == {}


def test_an_uphill_import_would_be_seen_wherever_it_stands() -> None:
    source = "def f():\n    from ..agent.ledger import Verdict\n    from .. import cli\n    from . import store\n"
    assert uphill("tools", Path("tools/lab.py"), source) == ["agent.ledger", "cli"]
    assert uphill("tools.sketch", Path("tools/sketch/paint.py"), "from ..store import Store") == ["tools.store"]


def test_nothing_imports_the_command_line() -> None:
    importers = [str(module) for module in modules() for level, name in imports(module) if level and name == "cli"]
    assert importers == ["__main__.py"]


def test_inside_the_package_imports_are_relative() -> None:
    """An absolute import of a room would make a second copy of it when run from the repository's root."""
    ours = {"lettvin", *ROOMS}
    absolute = [(str(m), name) for m in modules() for level, name in imports(m) if not level]
    assert [(where, name) for where, name in absolute if name.split(".")[0] in ours] == []


def test_the_drawn_world_knows_no_network() -> None:
    """No socket, and no neural network either: what is drawn cannot depend on what looks at it."""
    known = {name.split(".")[0] for module in in_room("tools.sketch") for level, name in imports(module) if not level}
    assert known & (NETWORK | {"torch"}) == set()


def test_files_are_named_for_what_they_hold() -> None:
    vague = re.compile(r"(^|_)(utils?|common|misc|helpers?|stuff|base|core|manager)$")
    assert [str(module) for module in modules() if vague.search(module.stem)] == []
    assert [path.name for path in (ROOT / "tests").glob("*.py") if vague.search(path.stem)] == []


def test_every_module_says_what_it_is() -> None:
    silent = [str(m) for m in modules() if not ast.get_docstring(ast.parse((ROOT / m).read_text(encoding="utf-8")))]
    assert silent == []


def test_prompts_hold_no_code() -> None:
    assert [path.name for path in (ROOT / "prompts").rglob("*") if path.is_file() and path.suffix != ".md"] == []


def unsafe_loads(source: str) -> list[str]:
    """Calls and imports that would run code from a file: pickle and its kin, and torch.load unless weights only."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found += [name for name in names if name.split(".")[0] in PICKLES]
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            named = {word.arg: ast.unparse(word.value) for word in node.keywords}
            if called in {"torch.load", "load_url", "torch.hub.load"} and named.get("weights_only") != "True":
                found.append(called)
            if named.get("allow_pickle") == "True" or called in {"eval", "exec"}:
                found.append(called)
    return found


def test_no_file_can_bring_code_with_it() -> None:
    assert {str(m): bad for m in modules() if (bad := unsafe_loads((ROOT / m).read_text(encoding="utf-8")))} == {}


@pytest.mark.parametrize(
    "source",
    ["import pickle", "torch.load(p)", "torch.load(p, weights_only=False)", "np.load(p, allow_pickle=True)", "eval(s)"],
)
def test_an_unsafe_load_would_be_seen(source: str) -> None:
    assert unsafe_loads(source)


@pytest.mark.parametrize("line", ["import lettvin", "import lettvin.cli", "import lettvin; dir(lettvin)"])
def test_importing_lettvin_imports_nothing_heavy(line: str) -> None:
    code = f"import sys; {line}; print(' '.join({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & HEAVY == set()


def test_the_public_names_are_there_and_no_others() -> None:
    import lettvin

    homes = {
        "agent.answer": ("Answer",),
        "agent.ask": ("ask", "ask_each"),
        "agent.acts": ("Call", "Conclude", "Raise"),
        "agent.backbones.backbone": ("Backbone",),
        "agent.backbones.empiricist": ("Empiricist",),
        "agent.resume": ("resume",),
        "agent.unit_exemplars": ("exemplars",),
        "targets.errors": ("BadInput", "ToolError"),
        "targets.loaders": ("load_target",),
        "targets.module": ("ModuleTarget",),
        "targets.picture": ("Picture",),
        "targets.target": ("Layer", "Target", "Unit"),
        "tools.describer": ("Describer", "ExactDescriber"),
        "tools.generator": ("Generator",),
        "tools.instrument": ("Result", "tool"),
        "tools.lab": ("Lab",),
        "tools.sketch_generator": ("SketchGenerator",),
    }
    assert sorted(lettvin.__all__) == sorted([*(name for names in homes.values() for name in names), "__version__"])
    assert set(lettvin.__all__) <= set(dir(lettvin))
    for home, names in homes.items():
        assert {getattr(lettvin, name).__module__ for name in names} == {f"lettvin.{home}"}
    with pytest.raises(AttributeError, match="nothing_here"):
        _ = lettvin.nothing_here


def test_tests_reach_no_network() -> None:
    with pytest.raises(RuntimeError, match=r"203\.0\.113\.1"):
        socket.create_connection(("203.0.113.1", 80), timeout=1)
    with socket.socket() as plain, pytest.raises(RuntimeError, match=r"203\.0\.113\.1"):
        plain.connect(("203.0.113.1", 80))
    with pytest.raises(RuntimeError, match=r"example\.org"):
        urllib.request.urlopen("http://example.org/")


def test_tests_reach_this_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
