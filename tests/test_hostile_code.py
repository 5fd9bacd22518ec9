"""Hostile code and hostile calls: whatever a model writes, the host stays as it was, and the run goes on. One property a test.

In code mode a block runs in a process of its own; in call mode nothing of a model's runs at all.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lettvin.agent.backbones.call_mode import CALLS as CALLS_IN_A_REPLY
from lettvin.agent.backbones.call_mode import CallMode
from lettvin.agent.backbones.fences import written_block
from lettvin.agent.backbones.model import Reply, ToolCall
from lettvin.agent.backbones.sandbox import LARGEST, OUTPUT, HostCall, Mistake, Sandbox, Value
from lettvin.agent.backbones.tool_api import functions
from lettvin.tests.sandboxes import Bench, bench
from lettvin.tests.scripted_model import calling, words
from lettvin.tools.instrument import catalogue

# Where the check would refuse a block, it is hidden from it in text that the block runs.
HIDDEN = "exec({code!r})"


@pytest.fixture
def here() -> Iterator[Bench]:
    with bench(seconds=0.3) as made:
        assert made.run("kept = 7").how == "done"
        yield made
        assert made.run("print(kept, len(screen().fits))").output == "7 2\n", "the session goes on as it was"


def both_ways(here: Bench, code: str) -> None:
    """Run it plainly and hidden; it may end in any way but well."""
    for written in (code, HIDDEN.format(code=code)):
        assert here.run(written).how != "done", written


# ---- files, network, processes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "print(open('{file}').read())",
        "from pathlib import Path\nprint(Path('{file}').read_text())",
        "import os\nprint(os.listdir('{folder}'))",
        "from pathlib import Path\nprint(list(Path('{folder}').iterdir()))",
        "print(open('/proc/self/environ').read())",
        "print(open('../../../../../etc/passwd').read())",
        "import os\nprint(os.environ)",
        "import os\nprint(os.getenv('LETTVIN_CACHE'))",
    ],
)
def test_no_file_and_no_setting_of_the_host_can_be_read(here: Bench, tmp_path: Path, code: str) -> None:
    secret = tmp_path / "key.txt"
    secret.write_text("SECRET-KEY")
    written = code.format(file=secret, folder=tmp_path)
    for block in (written, HIDDEN.format(code=written)):
        ended = here.run(block)
        assert "SECRET-KEY" not in ended.output + ended.error
        assert "key.txt" not in ended.output
        assert "root:" not in ended.output
        assert os.environ["LETTVIN_CACHE"] not in ended.output + ended.error
        assert ended.output.strip() in ("", "None")


@pytest.mark.parametrize(
    "code",
    [
        "open('{file}', 'w').write('x')",
        "open('{file}', 'a').write('x')",
        "from pathlib import Path\nPath('{file}').write_text('x')",
        "import os\nos.remove('{file}')",
        "import os\nos.rename('{file}', '{file}2')",
        "import os\nos.mkdir('{file}d')",
        "from pathlib import Path\nPath('{file}').unlink()",
        "from pathlib import Path\nPath('{file}l').symlink_to('{file}')",
    ],
)
def test_no_file_of_the_host_can_be_written_or_removed(here: Bench, tmp_path: Path, code: str) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text("as it was")
    both_ways(here, code.format(file=kept))
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]
    assert kept.read_text() == "as it was"


@pytest.mark.parametrize(
    "code",
    [
        "import socket\nsocket.create_connection(('127.0.0.1', {port}))",
        "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:{port}/')",
        "import http.client\nhttp.client.HTTPConnection('127.0.0.1', {port}).request('GET', '/')",
        "import asyncio\nasyncio.run(asyncio.open_connection('127.0.0.1', {port}))",
        "import requests\nrequests.get('http://127.0.0.1:{port}/')",
    ],
)
def test_nothing_can_be_reached_over_a_network(here: Bench, code: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        both_ways(here, code.format(port=server.getsockname()[1]))
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos.system('touch {file}')",
        "import os\nos.popen('touch {file}')",
        "import subprocess\nsubprocess.run(['touch', '{file}'])",
        "import os\nos.fork()",
        "import os\nos.execv('/bin/touch', ['touch', '{file}'])",
        "import os\nos.kill({pid}, 15)",
        "import multiprocessing\nmultiprocessing.Process().start()",
        "import ctypes\nctypes.CDLL(None).system(b'touch {file}')",
        "__import__('os').system('touch {file}')",
        "import importlib\nimportlib.import_module('os').system('touch {file}')",
        "().__class__.__base__.__subclasses__()[0]",
        "print.__self__.eval('1')",
        "(lambda: 0).__globals__['__builtins__']",
        "screen.__globals__",
    ],
)
def test_no_process_can_be_begun_or_ended(here: Bench, tmp_path: Path, code: str) -> None:
    both_ways(here, code.format(file=tmp_path / "made", pid=os.getpid()))
    assert list(tmp_path.iterdir()) == []
    assert len(children(os.getpid())) <= 2, "the interpreter and its checker, and no more"


def workers(here: Bench) -> int | None:
    return None if here.sandbox._session is None else here.sandbox._session.worker_pid


def children(pid: int) -> list[int]:
    """The process's children, but for the one that lists them."""
    found = subprocess.run(["ps", "-o", "pid=,comm=", "--ppid", str(pid)], capture_output=True, text=True).stdout
    return [int(line.split()[0]) for line in found.splitlines() if line.split()[1] != "ps"]


# ---- time, memory, depth --------------------------------------------------------------------------------------------

ENDLESS = {
    "a loop": "while True:\n    pass",
    "a loop that prints": "while True:\n    print('a' * 1000)",
    "a loop of names that are nowhere": "while True:\n    try:\n        nowhere\n    except NameError:\n        pass",
    "a loop of forbidden files": "while True:\n    try:\n        open('/etc/passwd')\n    except Exception:\n        pass",
    "one long call": "sum(range(10**12))",
    "sleeping": "import time\nwhile True:\n    time.sleep(1000)",
    "waiting": "import asyncio\nasync def f():\n    while True:\n        await asyncio.sleep(1)\nasyncio.run(f())",
    "a generator of its own": "x = [i for i in range(10**10) if i < 0]",
}


@pytest.mark.parametrize("what", ENDLESS)
def test_what_never_ends_is_ended(here: Bench, what: str) -> None:
    began = time.monotonic()
    both_ways(here, ENDLESS[what])
    assert time.monotonic() - began < 20


LARGE = {
    "a list": "x = [0] * 10\nwhile True:\n    x = x + x",
    "text": "x = 'a' * 10**12",
    "a number": "10 ** 10 ** 9",
    "a dict": "d = {}\ni = 0\nwhile True:\n    d[i] = 'a' * 1000\n    i += 1",
    "sorting": "sorted(range(10**8))",
    "printing at once": "print('a' * 10**9)",
    "joining": "','.join(['a' * 10**6] * 10**6)",
}


@pytest.mark.parametrize("what", LARGE)
def test_what_takes_all_memory_is_ended_and_the_host_grows_little(here: Bench, what: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    both_ways(here, LARGE[what])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kilobytes


DEEP = {
    "a function": "def f(n):\n    return f(n + 1)\nf(0)",
    "brackets": "eval('(' * 100_000 + ')' * 100_000)",
    "json": "import json\njson.loads('[' * 100_000)",
    "a list in itself, as an argument": "a = []\na.append(a)\nfor _ in range(10_000):\n    a = [a]\nscreen(concepts=a)",
}


@pytest.mark.parametrize("what", DEEP)
def test_what_calls_itself_for_ever_is_ended(here: Bench, what: str) -> None:
    both_ways(here, DEEP[what])
    assert all(len(json.dumps(call.arguments)) < 1000 for call in here.calls)


def test_of_a_giant_output_the_head_is_kept(here: Bench) -> None:
    ended = here.run("print('the beginning')\nfor i in range(100_000):\n    print(i)")
    assert ended.how == "done"
    assert ended.output.startswith("the beginning\n0\n1\n2\n")
    assert len(ended.output) < OUTPUT + 100
    assert ended.output.endswith("more characters are cut off]")


def test_a_giant_argument_is_refused(here: Bench) -> None:
    ended = here.run("try:\n    screen(concepts=['a' * 5_000_000])\nexcept ValueError as e:\n    print(e)")
    assert f"{LARGEST} are the most" in ended.output
    assert here.calls == []


# ---- exceptions -----------------------------------------------------------------------------------------------------

SWALLOWING = "while True:\n    try:\n        {inside}\n    except BaseException:\n        pass\n    finally:\n        pass"


INSIDE = ["while True: pass", "x = [0] * 10**9", "screen()", "probe(['forged'])", "1 / 0", "raise KeyboardInterrupt"]


@pytest.mark.parametrize("inside", INSIDE)
def test_no_limit_can_be_caught(here: Bench, inside: str) -> None:
    ended = here.run(SWALLOWING.format(inside=inside))
    assert ended.how in ("time", "memory", "calls")


class LimitForTest(BaseException):
    """As the loop's own limits and Ctrl-C come: between two steps of the block."""


@pytest.mark.parametrize("stop", [LimitForTest(), KeyboardInterrupt()])
def test_what_the_host_raises_during_a_call_never_reaches_the_block(stop: BaseException) -> None:
    def host(call: HostCall) -> Value | Mistake:
        raise stop

    with bench(host) as made:
        made.run("kept = 7")
        with pytest.raises(type(stop)):
            made.run("try:\n    screen()\nexcept BaseException as e:\n    print('caught', e)\nkept = 8")
        assert made.run("print(kept)").output == "7\n"


def test_ctrl_c_during_a_block_ends_it() -> None:
    with bench(seconds=1.0) as made:
        made.run("kept = 7")
        threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            made.run("while True:\n    try:\n        pass\n    except BaseException:\n        pass")
        assert time.monotonic() - began < 3
        assert made.run("print(kept)").output == "7\n"


def test_a_worker_that_dies_costs_a_block_and_no_more() -> None:
    with bench(seconds=5.0) as made:
        made.run("kept = 7")
        pid = workers(made)
        assert pid is not None
        threading.Timer(0.2, lambda: os.kill(pid, signal.SIGKILL)).start()
        assert made.run("kept = 8\nwhile True:\n    pass").how == "crashed"
        assert made.run("print(kept)").output == "7\n"


@given(st.text() | st.text("()[]{}'\"\\:=.,\n\t #@*%screenlambdafoif0", max_size=60))
@settings(max_examples=150, deadline=None)
def test_whatever_stands_in_a_block_it_ends(code: str) -> None:
    assert ANY.run(written_block(f"```python\n{code}\n```").code or "a = 1").how


ANY = Bench(Sandbox({"screen": ("concepts",)}, "def screen(concepts: list[str] | None = None) -> None: ...\n", seconds=0.3))


@pytest.fixture(scope="module", autouse=True)
def close_any() -> Iterator[None]:
    yield
    ANY.sandbox.close()


# ---- calls ----------------------------------------------------------------------------------------------------------


def test_a_million_calls_end_at_the_limit(here: Bench) -> None:
    ended = here.run("for i in range(10**6):\n    screen()")
    assert (ended.how, ended.line, ended.calls) == ("calls", 2, here.sandbox.calls)
    assert len(here.calls) == here.sandbox.calls


def test_calls_of_what_there_is_not_are_counted_too(here: Bench) -> None:
    ended = here.run("exec('for i in range(10**6):\\n  try:\\n    nowhere(i)\\n  except NameError:\\n    pass')")
    assert ended.how == "calls"
    assert here.calls == []


@pytest.mark.parametrize("name", ["lab", "ledger", "admit", "Call", "self", "os_system", "_call", "__class__", "loop"])
def test_only_our_functions_can_be_called(here: Bench, name: str) -> None:
    both_ways(here, f"{name}()")
    assert here.calls == []


def test_our_functions_can_be_shadowed_for_the_block_alone(here: Bench) -> None:
    here.run("exec('def screen():\\n    return None')\nraise ValueError('undone')")
    assert here.run("print(len(screen().fits))").output == "2\n"


def test_no_process_is_left_behind() -> None:
    with bench(seconds=0.5) as made:
        made.run("a = 1")
        made.run("while True: pass")
        made.run("a = 1")
        pid = workers(made)
        assert pid is not None
    for _ in range(50):
        if pid not in children(os.getpid()):
            break
        time.sleep(0.05)
    assert pid not in children(os.getpid())


# ---- call mode ------------------------------------------------------------------------------------------------------


def turn(reply: Reply) -> tuple[list[HostCall], list[str]]:
    """The calls that a reply makes in call mode, and what is answered."""
    mode = CallMode(functions(catalogue()))
    steps, calls = mode.turn(reply), []
    try:
        call = next(steps)
        while True:
            calls.append(call)
            call = steps.send(Value(None))
    except StopIteration as done:
        return calls, [words(message) for message in done.value.messages]


HOSTILE_ARGUMENTS = {
    "no JSON": "{'concepts': [",
    "code": "__import__('os').system('true')",
    "a list": "[1, 2]",
    "a number": "7",
    "null": "null",
    "deep": "[" * 100_000,
    "deep in an object": '{"concepts": ' + "[" * 90 + "1" + "]" * 90 + "}",
    "giant": json.dumps({"concepts": ["a" * (LARGEST + 1)]}),
    "not finite": '{"n": NaN}',
    "too large a number": '{"n": 1' + "0" * 5000 + "}",
    "half a character": '{"concepts": ["\\ud800"]}',
}


@pytest.mark.parametrize("what", HOSTILE_ARGUMENTS)
def test_arguments_that_cannot_be_are_answered_and_nothing_is_called(what: str) -> None:
    calls, answers = turn(calling(("screen", HOSTILE_ARGUMENTS[what])))
    assert calls == []
    assert len(answers) == 1
    assert answers[0].startswith("not carried out: ")
    assert len(answers[0]) < 400


@pytest.mark.parametrize("name", ["os.system", "exec", "", "screen ", "../screen", "raise_hypothesis", "Screen", "x" * 10_000])
def test_a_tool_that_there_is_not_is_answered_with_the_nearest(name: str) -> None:
    calls, answers = turn(calling((name, {})))
    assert calls == []
    assert answers[0].startswith("not carried out: no tool ")
    assert len(answers[0]) < 400


def test_of_a_million_tool_calls_the_first_are_carried_out() -> None:
    reply = Reply(text="", calls=tuple(ToolCall(id=str(n), name="screen", arguments="{}") for n in range(10**4)))
    calls, answers = turn(reply)
    assert len(calls) == CALLS_IN_A_REPLY
    assert len(answers) == 10**4
    assert all("more than" in text for text in answers[CALLS_IN_A_REPLY:])
