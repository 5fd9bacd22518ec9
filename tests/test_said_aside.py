"""What a user's code prints goes to stderr, and stdout comes back, however threads come and go."""

from __future__ import annotations

import sys
import threading

import pytest

from lettvin.targets.aside import said_aside


def test_it_goes_to_stderr_and_stdout_comes_back(capsys: pytest.CaptureFixture[str]) -> None:
    with said_aside():
        print("aside")
        with said_aside():
            print("deeper")
        print("aside again")
    print("answer")
    assert capsys.readouterr() == ("answer\n", "aside\ndeeper\naside again\n")


def test_threads_that_overlap_leave_stdout_as_it_was() -> None:
    """The first one in is the first one out: each would give back what it found."""
    before = sys.stdout
    entered, leave = threading.Event(), threading.Event()

    def first() -> None:
        with said_aside():
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=first)
    thread.start()
    entered.wait(10)
    with said_aside():
        leave.set()
        thread.join(10)
        assert sys.stdout is sys.stderr
    assert sys.stdout is before


def test_an_error_gives_it_back_too() -> None:
    before = sys.stdout
    with pytest.raises(KeyError), said_aside():
        raise KeyError
    assert sys.stdout is before
